//! An agent's day: the dashboard and the list of tasks. Both renew themselves when a lead arrives or leaves (R19).

use crate::{
    error::{Error, Result},
    frame::{self, Item, Visit},
    links,
    pages::leads::{address::Beside, full_name, shown_status},
    parts::{
        Empty, Icon, Meter,
        agent::{Dashboard, Figure, Task, TaskList, TaskSection, dashboard as dashboard_part, task_list},
        data::heading,
        lead_panel::{LeadPanel, panel},
        shell::split,
    },
    signed_in::{LeadsView, May, SignedIn},
    site::Site,
    words::{at_least, moment, number, up_to},
};
use axum::{extract::State, response::Response};
use domain::{
    ids::StatusId,
    lead_list::{Filter, Owner, Shelf, Sort},
    phone::in_groups,
    status::{StatusKind, StatusMark, Statuses},
};
use maud::{Markup, html};
use std::{collections::HashMap, sync::Arc};
use store::{
    Session, agents,
    lists::{self, LeadLine},
    statuses,
};

/// Leads of one status on the list of tasks; the rest is a list of its own.
const TASKS_SHOWN: i64 = 50;
/// Leads that are counted beside the heading of a part.
const COUNTED_MAX: i64 = 1_000;
/// Leads that just arrived, on the dashboard.
const ARRIVED_SHOWN: i64 = 8;

/// The list of tasks: new leads first, then what was tried, by status.
pub async fn tasks(State(site): State<Arc<Site>>, who: May<LeadsView>, visit: Visit) -> Result<Response> {
    shown_tasks(&site, &who, &visit, None).await
}

/// The list, with a lead beside it if one is open: the agent goes through the list and never leaves it.
pub async fn shown_tasks(
    site: &Site,
    who: &SignedIn,
    visit: &Visit,
    open: Option<&LeadPanel>,
) -> Result<Response> {
    let mut reader = site.store.read().await?;
    let session = reader.session();
    let known = statuses::list(session, who.company.id).await?;
    let meter = queue(session, who).await?;
    let mut sections = Vec::new();
    for status in in_order_of_work(&known) {
        let filter = own(who, Some(status));
        let page =
            lists::page(session, who.company.id, &filter, Sort::Quietest, who.sight(), None, TASKS_SHOWN)
                .await?;
        if page.lines.is_empty() {
            continue;
        }
        let count = if page.next.is_some() {
            let counted =
                lists::count(session, who.company.id, &filter, who.sight(), COUNTED_MAX + 1).await?;
            up_to(counted, COUNTED_MAX)
        } else {
            number(page.lines.len() as i64)
        };
        let status = known.get(status).ok_or(Error::NotFound)?;
        let title = if status.mark == Some(StatusMark::Assigned) { "New" } else { &status.name };
        sections.push(TaskSection {
            title: title.into(),
            count,
            mixed: false,
            tasks: page.lines.iter().map(|line| task(line, &known, who, Beside::Tasks, open)).collect(),
            more: page
                .next
                .map(|_| format!("{}?owner={}&status={}&sort=quietest", links::leads(), who.user, status.id)),
        });
    }
    drop(reader);
    let list = TaskList {
        href: links::tasks().into(),
        meter,
        sections,
        empty: Empty {
            icon: Icon::Done,
            title: "Nothing to do".into(),
            next: "New leads appear here by themselves.".into(),
            actions: Vec::new(),
        },
    };
    let list = html! { (heading("Tasks", None, &html! {})) (task_list(&list)) };
    Ok(beside(visit, who, Item::Tasks, "Tasks", &list, open))
}

fn beside(
    visit: &Visit,
    who: &SignedIn,
    item: Item,
    title: &str,
    list: &Markup,
    open: Option<&LeadPanel>,
) -> Response {
    let title = open.map_or(title, |lead| &lead.name);
    frame::page(visit, who, item, title, &split(list, open.map(panel).as_ref()))
}

/// The dashboard.
pub async fn dashboard(State(site): State<Arc<Site>>, who: May<LeadsView>, visit: Visit) -> Result<Response> {
    shown_dashboard(&site, &who, &visit, None).await
}

/// The dashboard, with a lead beside it if one is open.
pub async fn shown_dashboard(
    site: &Site,
    who: &SignedIn,
    visit: &Visit,
    open: Option<&LeadPanel>,
) -> Result<Response> {
    let mut reader = site.store.read().await?;
    let session = reader.session();
    let known = statuses::list(session, who.company.id).await?;
    let meter = queue(session, who).await?;
    let chips = lists::chips(session, who.company.id, &known, &own(who, None), who.sight()).await?;
    let counts: HashMap<StatusId, i64> = chips.counts.into_iter().collect();
    let new = known.marked(StatusMark::Assigned).id;
    let arrived = lists::page(
        session,
        who.company.id,
        &own(who, Some(new)),
        Sort::LastActivity,
        who.sight(),
        None,
        ARRIVED_SHOWN,
    )
    .await?;
    drop(reader);
    let figures = in_order_of_work(&known)
        .into_iter()
        .filter_map(|id| {
            let (status, leads) = (known.get(id)?, *counts.get(&id)?);
            (leads > 0 || id == new).then(|| Figure {
                label: if id == new { "New".into() } else { status.name.clone() },
                number: at_least(leads, chips.whole),
                href: Some(format!("{}?owner={}&status={id}", links::leads(), who.user)),
                note: None,
                pressing: id == new && leads > 0,
            })
        })
        .collect();
    let hour = who.zone.hour(who.now);
    let greeting = match hour {
        5..12 => "Good morning",
        12..18 => "Good afternoon",
        _ => "Good evening",
    };
    let first_name = who.name.split_whitespace().next().unwrap_or(&who.name);
    let board = Dashboard {
        href: links::dashboard().into(),
        greeting: format!("{greeting}, {first_name}"),
        meter,
        figures,
        arrived: arrived.lines.iter().map(|line| task(line, &known, who, Beside::Dashboard, open)).collect(),
        empty: Empty {
            icon: Icon::Bell,
            title: "Nothing new".into(),
            next: "A lead you are given appears here at once.".into(),
            actions: Vec::new(),
        },
        tasks: links::tasks().into(),
    };
    Ok(beside(visit, who, Item::Dashboard, "Dashboard", &dashboard_part(&board), open))
}

/// The agent's own leads.
fn own(who: &SignedIn, status: Option<StatusId>) -> Filter {
    Filter { shelf: Shelf::Leads, owner: Some(Owner::User(who.user)), status, ..Filter::default() }
}

async fn queue(session: &mut Session, who: &SignedIn) -> Result<Meter> {
    let (held, cap) = agents::queue(session, who.company.id, who.user).await?.unwrap_or((0, None));
    Ok(Meter { held, cap })
}

/// The open statuses that an agent works: callbacks, what is new, the rest in the company's order.
fn in_order_of_work(known: &Statuses) -> Vec<StatusId> {
    let rank = |mark: Option<StatusMark>| match mark {
        Some(StatusMark::Followups) => 0,
        Some(StatusMark::Assigned) => 1,
        _ => 2,
    };
    let mut open: Vec<_> = known
        .iter()
        .filter(|status| status.kind == StatusKind::Open && status.mark != Some(StatusMark::Unassigned))
        .collect();
    open.sort_by_key(|status| rank(status.mark));
    open.into_iter().map(|status| status.id).collect()
}

fn task(line: &LeadLine, known: &Statuses, who: &SignedIn, list: Beside, open: Option<&LeadPanel>) -> Task {
    Task {
        id: line.id.0,
        open: open.is_some_and(|lead| lead.id == line.id.0),
        href: list.href_of(line.id),
        name: full_name(&line.first_name, &line.last_name),
        phone: in_groups(&line.phone),
        phone_link: line.phone.clone(),
        phone_doubtful: line.phone_doubtful,
        status: shown_status(known, line.status_id, &line.status),
        tags: line.tags.iter().map(|(_, name)| name.clone()).collect(),
        source: line.source.clone(),
        at: moment(line.last_activity_at, who.now, &who.zone),
    }
}
