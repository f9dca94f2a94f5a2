//! The Leads page, and Customers, which is the same list from the other shelf (R51).

pub mod address;
pub mod bulk;

use crate::{
    error::Result,
    frame::{self, Item, Visit},
    links,
    pages::lead,
    parts::{
        Button, Choice, Empty, Icon, Kind, Meter, Status,
        data::{Pager, heading},
        lead_panel::{LeadPanel, panel},
        leads::{
            AllThatMatch, BulkAgents, BulkBar, FilterField, Filters, LeadList, LeadRow, LeadTable, Pill,
            SortLink, StatusChip, lead_list,
        },
        picker::{AgentOption, AgentPicker, Choose},
        shell::split,
    },
    signed_in::{LeadsAssign, LeadsView, May, SignedIn},
    site::Site,
    words::{at_least, moment},
};
use address::{Address, Period};
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use domain::{
    ids::{StatusId, UserId},
    lead_list::{Filter, Owner, Shelf, Sort, SortKey},
    phone::in_groups,
    pool::Member,
    role::{Permission, Scope},
    status::{self, StatusKind, StatusMark, Statuses},
    time::Moment,
    viewer::{Sight, Viewer},
};
use maud::html;
use std::sync::Arc;
use store::{
    Session,
    agents::{self, Among},
    choices::{Choices, choices},
    labels::{self, Label},
    lists::{self, Chips, LeadLine},
    statuses,
};

/// Leads on a page.
const ROWS: i64 = 50;
/// Choices in a filter; what is not among them is found by its own page or by search.
const CHOICES_MAX: i64 = 200;
/// Agents that a picker shows before anything is typed.
const AGENTS_SHOWN: usize = 30;

/// The list of leads.
pub async fn page(
    State(site): State<Arc<Site>>,
    who: May<LeadsView>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let address = Address::from_query(&query.unwrap_or_default());
    shown(&site, &who, &visit, Shelf::Leads, &address, None).await
}

/// The list of customers.
pub async fn customers(
    State(site): State<Arc<Site>>,
    who: May<crate::signed_in::CustomersView>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let address = Address::from_query(&query.unwrap_or_default());
    shown(&site, &who, &visit, Shelf::Customers, &address, None).await
}

/// The list, with a lead beside it if one is open.
pub async fn shown(
    site: &Site,
    who: &SignedIn,
    visit: &Visit,
    shelf: Shelf,
    address: &Address,
    open: Option<&LeadPanel>,
) -> Result<Response> {
    let mut reader = site.store.read().await?;
    let session = reader.session();
    let list = list(session, who, shelf, address, open.map(|lead| lead.id)).await?;
    drop(reader);
    let (title, item) = match shelf {
        Shelf::Customers => ("Customers", Item::Customers),
        _ => ("Leads", Item::Leads),
    };
    let actions = html! {
        @if shelf == Shelf::Leads && who.may(Permission::RunsStart) {
            (Button::plain("Run Now").icon(Icon::Play).shows(links::run_now(domain::job::Job::Assignment)))
        }
        @if shelf == Shelf::Leads && who.may(Permission::LeadsAdd) {
            (Button::primary("Add leads").icon(Icon::Plus).href(links::add_leads(who.may(Permission::LeadsImport))))
        }
    };
    let main =
        split(&html! { (heading(title, None, &actions)) (lead_list(&list)) }, open.map(panel).as_ref());
    let page_title = open.map_or(title, |lead| &lead.name);
    Ok(frame::page(visit, who, item, page_title, &main))
}

/// The region `#leads`: everything that depends on the address.
async fn list(
    session: &mut Session,
    who: &SignedIn,
    shelf: Shelf,
    address: &Address,
    open: Option<i64>,
) -> Result<LeadList> {
    let company = who.company.id;
    let filter = address.filter(shelf, who.now, &who.zone, &who.company.country);
    let (sort, sight) = (address.sort(), who.sight());
    let known = statuses::list(session, company).await?;
    let page = lists::page(session, company, &filter, sort, sight, address.cursor().as_ref(), ROWS).await?;
    let Chips { counts, whole } = lists::chips(session, company, &known, &filter, sight).await?;
    let matching = match filter.status {
        None => counts.iter().map(|(_, leads)| leads).sum(),
        Some(chosen) => counts.iter().find(|(status, _)| *status == chosen).map_or(0, |(_, leads)| *leads),
    };
    // Where not everything was counted, the page may show more than the count has come across.
    let matching = if whole { matching } else { matching.max(page.lines.len() as i64) };
    // "At least none" says nothing.
    let told = |leads: i64| if whole || leads > 0 { at_least(leads, whole) } else { String::new() };
    let all = told(matching);
    let rows: Vec<LeadRow> =
        page.lines.iter().map(|line| row(line, &known, who, address, open == Some(line.id.0))).collect();
    let is_first = address.after.is_empty();
    let pager = Pager {
        shown: match rows.len() {
            0 => String::new(),
            shown if is_first && page.next.is_none() => {
                domain::sentence::count(shown as u64, "lead", "leads")
            }
            shown => format!("{shown} of {all} leads"),
        },
        first: (!is_first).then(|| address.with(|_| {}).href(shelf)),
        before: None,
        after: page.next.map(|next| Address { after: next.to_string(), ..address.clone() }.href(shelf)),
    };
    let owners = sight != Sight::OwnedBy(who.user);
    let offered = choices(session, company, owners, CHOICES_MAX).await?;
    let filters = filters(session, who, shelf, address, &filter, &offered, owners).await?;
    let empty = empty(who, shelf, address, &filters);
    Ok(LeadList {
        href: address.href(shelf),
        live: "leads".into(),
        chips: chips(&known, &counts, &told, &all, shelf, address),
        filters,
        table: LeadTable {
            by_name: sort_link(address, shelf, sort, SortKey::Name, Sort::Name),
            by_age: sort_link(address, shelf, sort, SortKey::Id, Sort::Newest),
            by_activity: sort_link(address, shelf, sort, SortKey::LastActivity, Sort::LastActivity),
            owners,
            rows,
        },
        bulk: bulk_bar(session, who, &known, &offered.tags, address, shelf, &all, matching, whole).await?,
        pager,
        empty,
    })
}

fn row(line: &LeadLine, known: &Statuses, who: &SignedIn, address: &Address, open: bool) -> LeadRow {
    LeadRow {
        id: line.id.0,
        version: line.version,
        href: address.href_of(line.id),
        name: full_name(&line.first_name, &line.last_name),
        phone: in_groups(&line.phone),
        phone_link: line.phone.clone(),
        phone_doubtful: line.phone_doubtful,
        status: shown_status(known, line.status_id, &line.status),
        tags: line.tags.iter().map(|(_, name)| name.clone()).collect(),
        owner: line.owner.clone(),
        source: line.source.clone(),
        age: moment(line.created_at, who.now, &who.zone),
        activity: moment(line.last_activity_at, who.now, &who.zone),
        open,
    }
}

/// First and last name.
pub fn full_name(first: &str, last: &str) -> String {
    if last.is_empty() { first.to_owned() } else { format!("{first} {last}") }
}

/// A status with its shape and colour.
pub fn shown_status(known: &Statuses, id: StatusId, name: &str) -> Status {
    let found = known.iter().enumerate().find(|(_, status)| status.id == id);
    let (place, kind) = found.map_or((0, Kind::Open), |(place, status)| (place, kind(status)));
    Status { id: id.0, name: name.to_owned(), kind, place }
}

fn kind(status: &status::Status) -> Kind {
    match status.kind {
        _ if status.mark == Some(StatusMark::Unassigned) => Kind::Unassigned,
        StatusKind::Open => Kind::Open,
        StatusKind::Closed => Kind::Closed,
        StatusKind::Won => Kind::Won,
    }
}

fn chips(
    known: &Statuses,
    counts: &[(StatusId, i64)],
    told: &impl Fn(i64) -> String,
    all: &str,
    shelf: Shelf,
    address: &Address,
) -> Vec<StatusChip> {
    let shown = all;
    let all = StatusChip {
        status: None,
        count: if address.status.is_empty() { shown.to_owned() } else { String::new() },
        href: address.with(|to| to.status.clear()).href(shelf),
        current: address.status.is_empty(),
    };
    let each = counts.iter().filter_map(|(id, leads)| {
        let status = known.get(*id)?;
        let current = address.status == id.to_string();
        let href = address.with(|to| to.status = if current { String::new() } else { id.to_string() });
        Some(StatusChip {
            status: Some(shown_status(known, *id, &status.name)),
            count: if current { shown.to_owned() } else { told(*leads) },
            href: href.href(shelf),
            current,
        })
    });
    std::iter::once(all).chain(each).collect()
}

fn sort_link(address: &Address, shelf: Shelf, sort: Sort, key: SortKey, usual: Sort) -> SortLink {
    let is_current = sort.key() == key;
    let next = if is_current { sort.reversed() } else { usual };
    let word = if next == Sort::default() { "" } else { next.word() };
    // Age rises while the moment of capture falls, and so does the time since the last activity.
    let rising = if key == SortKey::Name { !sort.descends() } else { sort.descends() };
    SortLink {
        href: address.with(|to| to.sort = word.into()).href(shelf),
        rising: is_current.then_some(rising),
    }
}

/// The filters: what can be chosen, and what is.
async fn filters(
    session: &mut Session,
    who: &SignedIn,
    shelf: Shelf,
    address: &Address,
    filter: &Filter,
    offered: &Choices,
    owners: bool,
) -> Result<Filters> {
    let company = who.company.id;
    let mut fields = Vec::new();
    let mut pills = Vec::new();
    if owners {
        let mut choices = vec![("nobody".to_owned(), "Nobody".to_owned())];
        choices.extend(offered.owners.iter().map(|(id, name)| (id.to_string(), name.clone())));
        if let Some(Owner::User(user)) = filter.owner
            && !choices.iter().any(|(id, _)| *id == address.owner)
            && let Some(name) = agents::name(session, company, user).await?
        {
            choices.push((address.owner.clone(), name));
        }
        let chosen = filter.owner.map(|_| address.owner.as_str());
        add(
            &mut fields,
            &mut pills,
            "owner",
            "Owner",
            "Anybody",
            choices,
            chosen,
            address.with(|to| to.owner.clear()).href(shelf),
        );
    }
    let Choices { tags, sources, branches, .. } = offered;
    for (label, known, name, title, value, without) in [
        (Label::Tag, tags, "tag", "Tag", &address.tag, address.with(|to| to.tag.clear())),
        (Label::Source, sources, "source", "Source", &address.source, address.with(|to| to.source.clear())),
        (Label::Branch, branches, "branch", "Branch", &address.branch, address.with(|to| to.branch.clear())),
    ] {
        let mut choices: Vec<(String, String)> =
            known.iter().map(|(id, name)| (id.to_string(), name.clone())).collect();
        if let Ok(id) = value.parse()
            && !choices.iter().any(|(known, _)| known == value)
            && let Some(name) = labels::name(session, company, label, id).await?
        {
            choices.push((value.clone(), name));
        }
        if choices.is_empty() && value.is_empty() {
            continue;
        }
        let chosen = Some(value.as_str()).filter(|value| !value.is_empty());
        add(&mut fields, &mut pills, name, title, "Any", choices, chosen, without.href(shelf));
    }
    for (name, title, value, without) in [
        ("created", "Created", &address.created, address.with(|to| to.created.clear())),
        ("active", "Last activity", &address.active, address.with(|to| to.active.clear())),
    ] {
        let choices =
            Period::ALL.iter().map(|(_, word, told)| ((*word).to_owned(), (*told).to_owned())).collect();
        let chosen = Some(value.as_str()).filter(|value| !value.is_empty());
        add(&mut fields, &mut pills, name, title, "Any time", choices, chosen, without.href(shelf));
    }
    if filter.doubtful.is_some() {
        pills.push(Pill {
            label: "Only".into(),
            value: "doubtful".into(),
            without: address.with(|to| to.doubtful.clear()).href(shelf),
        });
    }
    if let Some(import) = filter.import {
        pills.push(Pill {
            label: "Import".into(),
            value: import.to_string(),
            without: address.with(|to| to.import.clear()).href(shelf),
        });
    }
    let hidden = address
        .fields()
        .filter(|(name, _)| matches!(*name, "status" | "sort" | "import"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Ok(Filters {
        action: Address::default().href(shelf),
        search: address.q.clone(),
        hidden,
        fields,
        doubtful: filter.doubtful.is_some(),
        pills,
        clear: Address { sort: address.sort.clone(), status: address.status.clone(), ..Address::default() }
            .href(shelf),
    })
}

/// Adds a filter, and its pill if something is chosen.
#[expect(clippy::too_many_arguments, reason = "they are the parts of one line of a table")]
fn add(
    fields: &mut Vec<FilterField>,
    pills: &mut Vec<Pill>,
    name: &str,
    label: &str,
    any: &str,
    choices: Vec<(String, String)>,
    chosen: Option<&str>,
    without: String,
) {
    if let Some(chosen) = chosen {
        let value = choices.iter().find(|(value, _)| value == chosen).map_or(chosen, |(_, told)| told);
        pills.push(Pill { label: label.into(), value: value.to_owned(), without });
    }
    let any = Choice::new("", any, chosen.is_none());
    let choices = choices.into_iter().map(|(value, told)| {
        let is_chosen = chosen == Some(value.as_str());
        Choice::new(value, told, is_chosen)
    });
    fields.push(FilterField {
        name: name.into(),
        label: label.into(),
        choices: std::iter::once(any).chain(choices).collect(),
    });
}

fn empty(who: &SignedIn, shelf: Shelf, address: &Address, filters: &Filters) -> Empty {
    let narrowed = !filters.pills.is_empty() || !address.q.trim().is_empty() || !address.status.is_empty();
    if !address.q.trim().is_empty() {
        return Empty {
            icon: Icon::Search,
            title: format!("No lead matches “{}”", address.q.trim()),
            next: "Search goes by the beginning of a name or an e-mail, and by either end of a number."
                .into(),
            actions: vec![Button::plain("Clear search and filters").href(Address::default().href(shelf))],
        };
    }
    if narrowed || !address.after.is_empty() {
        return Empty {
            icon: Icon::Filter,
            title: "No lead matches these filters".into(),
            next: "Take one of them away, or all.".into(),
            actions: vec![Button::plain("Clear all").href(Address::default().href(shelf))],
        };
    }
    let (title, next) = match shelf {
        Shelf::Customers => ("No customers yet", "A lead that is converted appears here."),
        _ if who.may(Permission::LeadsImport) => ("No leads yet", "Import a list, or add a lead by hand."),
        _ => ("No leads yet", "Leads appear here as soon as you are given some."),
    };
    let actions = if shelf == Shelf::Leads && who.may(Permission::LeadsAdd) {
        vec![
            Button::primary("Add leads")
                .icon(Icon::Plus)
                .href(links::add_leads(who.may(Permission::LeadsImport))),
        ]
    } else {
        Vec::new()
    };
    Empty { icon: Icon::Leads, title: title.into(), next: next.into(), actions }
}

/// What can be done with ticked leads; none for a role that may do nothing of it.
#[expect(clippy::too_many_arguments, reason = "the bar says what the list around it knows")]
async fn bulk_bar(
    session: &mut Session,
    who: &SignedIn,
    known: &Statuses,
    tags: &[(i64, String)],
    address: &Address,
    shelf: Shelf,
    all: &str,
    matching: i64,
    whole: bool,
) -> Result<Option<BulkBar>> {
    let (assigns, edits) = (who.may(Permission::LeadsAssign), who.may(Permission::LeadsEdit));
    if !assigns && !edits {
        return Ok(None);
    }
    let (mut assign, mut spread) = (None, None);
    if assigns {
        let options = agent_options(session, who, &[], None).await?;
        let bar = |action: &str, id: &str, name: &str, choose| BulkAgents {
            action: action.into(),
            picker: picker(id, name, choose, options.clone()),
        };
        assign = Some(bar(links::leads_assignment(), "bulk-assign", "agent", Choose::One));
        spread = Some(bar(links::leads_spread(), "bulk-spread", "agents", Choose::Several));
    }
    let mut set_status = None;
    let mut add_tag = None;
    if edits {
        let choices = status_choices(known, None, who.may(Permission::LeadsConvert));
        set_status = Some((links::leads_status().to_owned(), choices));
        add_tag = Some((links::leads_tags().to_owned(), tags.iter().map(|(_, name)| name.clone()).collect()));
    }
    let fields = [
        ("filter", address.with(|_| {}).query()),
        ("shelf", if shelf == Shelf::Customers { "customers".into() } else { "leads".into() }),
        ("shown", if whole { matching.to_string() } else { String::new() }),
        ("as_of", who.now.0.to_string()),
        ("back", address.href(shelf)),
    ];
    Ok(Some(BulkBar {
        all: Some(AllThatMatch {
            count: all.to_owned(),
            fields: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }),
        assign,
        spread,
        set_status,
        add_tag,
    }))
}

/// The statuses that may be set, in the company's order.
pub fn status_choices(known: &Statuses, chosen: Option<StatusId>, may_convert: bool) -> Vec<Choice> {
    known
        .iter()
        .filter(|status| may_convert || status.kind != StatusKind::Won || chosen == Some(status.id))
        .map(|status| Choice::new(status.id.to_string(), &*status.name, chosen == Some(status.id)))
        .collect()
}

/// A picker of agents; those it does not show are found by what is typed.
pub fn picker(id: &str, name: &str, choose: Choose, agents: Vec<AgentOption>) -> AgentPicker {
    let search = (agents.len() >= AGENTS_SHOWN).then(|| {
        let choose = if choose == Choose::One { "one" } else { "several" };
        address::with_query(links::agents().into(), &format!("id={id}&name={name}&choose={choose}"))
    });
    AgentPicker { id: id.into(), name: name.into(), choose, agents, search }
}

/// The agents whom an actor may give leads to (R15), by name.
pub async fn agent_options(
    session: &mut Session,
    who: &SignedIn,
    chosen: &[UserId],
    search: Option<&str>,
) -> Result<Vec<AgentOption>> {
    let among = match who.viewer() {
        Viewer::User { scope: Scope::Branch | Scope::Own, branch: Some(branch), department, .. } => {
            Among::Branch(branch, department)
        }
        _ => Among::All,
    };
    let found = agents::offered(session, who.company.id, among, chosen, search, AGENTS_SHOWN).await?;
    Ok(found.iter().map(|agent| option(agent, chosen)).collect())
}

fn option(agent: &Member, chosen: &[UserId]) -> AgentOption {
    AgentOption {
        id: agent.id.0,
        name: agent.name.clone(),
        place: None,
        meter: Meter { held: agent.held, cap: agent.cap },
        chosen: chosen.contains(&agent.id),
    }
}

/// What a picker asks for while somebody types.
#[derive(Debug, PartialEq, Eq)]
struct AgentsAsked {
    q: String,
    id: String,
    name: String,
    choose: Choose,
    /// Who is ticked already, under the name of the picker's field: they stay, whatever is typed.
    chosen: Vec<UserId>,
}

/// Agents whose ticks a picker keeps while it is searched; more than anybody ticks.
const CHOSEN_MAX: usize = 1_000;

impl AgentsAsked {
    fn read(query: &str) -> AgentsAsked {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let first = |name: &str| {
            let found = pairs.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone().into_owned()).unwrap_or_default()
        };
        let name = first("name");
        let ticked = pairs.iter().filter(|(key, _)| *key == *name);
        AgentsAsked {
            q: first("q"),
            id: first("id"),
            choose: if first("choose") == "several" { Choose::Several } else { Choose::One },
            chosen: ticked.filter_map(|(_, id)| id.parse().ok().map(UserId)).take(CHOSEN_MAX).collect(),
            name,
        }
    }
}

/// The agents of a picker, for what was typed.
pub async fn agents(
    State(site): State<Arc<Site>>,
    who: May<LeadsAssign>,
    RawQuery(query): RawQuery,
) -> Result<maud::Markup> {
    let mut reader = site.store.read().await?;
    let asked = AgentsAsked::read(&query.unwrap_or_default());
    let options = agent_options(reader.session(), &who, &asked.chosen, Some(&asked.q)).await?;
    let picker = picker(&asked.id, &asked.name, asked.choose, options);
    Ok(crate::parts::picker::agent_options(&picker))
}

/// When the list was seen, for "all that match" (R24).
pub fn as_of(text: &str, now: Moment) -> Moment {
    text.parse().map_or(now, |at: i64| Moment(at.min(now.0)))
}

/// Opens a lead beside the list, or by itself.
pub use lead::page as one;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r22_a_picker_keeps_who_is_ticked_while_it_is_searched() {
        let asked =
            AgentsAsked::read("id=bulk-spread&name=agents&choose=several&q=be&agents=4&agents=x&agents=7");
        assert_eq!((asked.q.as_str(), asked.choose), ("be", Choose::Several));
        assert_eq!(asked.chosen, [UserId(4), UserId(7)]);
    }
}
