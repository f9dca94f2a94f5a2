//! One lead: its panel, and everything that a person does to it (R18–R24).

use crate::{
    error::{Error, Result},
    frame::{self, Visit},
    links,
    pages::{
        agent,
        leads::{
            self,
            address::{Address, Beside, with_query},
            full_name, shown_status,
        },
    },
    parts::{
        Icon, Meter, Toast, Tone,
        lead_panel::{Conflict, Entry, LeadPanel, OverCap, PanelTag},
        picker::Choose,
    },
    signed_in::{LeadsAssign, LeadsEdit, LeadsView, May, SignedIn},
    site::Site,
    words::{moment, sentence},
};
use actions::{
    add_note::{AddNote, NoteAdded, add_note},
    assign_lead::{AssignLead, Assignment, assign_lead},
    set_status::{SetStatus, StatusSet, set_status},
    tag_leads::{LeadTagged, TagLead, tag_lead, untag_lead},
};
use axum::{
    Form,
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use domain::{
    ids::{LeadId, StatusId, UserId},
    lead_list::Shelf,
    phone::in_groups,
    role::Permission,
    status::{StatusKind, StatusMark, Statuses},
    timeline::Event,
    viewer::Sight,
};
use http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use store::{
    agents,
    labels::{self, Label},
    leads::LeadInFull,
    statuses,
};

/// Tags that are proposed.
const TAGS_PROPOSED: i64 = 200;

/// What the panel says beside the lead itself.
#[derive(Default)]
struct Said {
    note: Option<(String, String)>,
    conflict: Option<Conflict>,
    over_cap: Option<OverCap>,
}

/// The lead beside its list.
pub async fn page(
    State(site): State<Arc<Site>>,
    who: May<LeadsView>,
    visit: Visit,
    Path(lead): Path<i64>,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let address = Address::from_query(&query.unwrap_or_default());
    shown(&site, &who, &visit, LeadId(lead), &address, Said::default()).await
}

async fn shown(
    site: &Site,
    who: &SignedIn,
    visit: &Visit,
    lead: LeadId,
    address: &Address,
    said: Said,
) -> Result<Response> {
    let is_refused = said.note.is_some() || said.conflict.is_some() || said.over_cap.is_some();
    let panel = panel(site, who, lead, address, said).await?;
    let shelf = if panel.status.kind == crate::parts::Kind::Won { Shelf::Customers } else { Shelf::Leads };
    let page = match address.beside().filter(|_| who.receives) {
        Some(Beside::Tasks) => agent::shown_tasks(site, who, visit, Some(&panel)).await?,
        Some(Beside::Dashboard) => agent::shown_dashboard(site, who, visit, Some(&panel)).await?,
        None => leads::shown(site, who, visit, shelf, address, Some(&panel)).await?,
    };
    Ok(if is_refused { (StatusCode::CONFLICT, page).into_response() } else { page })
}

async fn panel(
    site: &Site,
    who: &SignedIn,
    lead: LeadId,
    address: &Address,
    said: Said,
) -> Result<LeadPanel> {
    let company = who.company.id;
    let mut reader = site.store.read().await?;
    let session = reader.session();
    let full = store::leads::one(session, company, lead, who.sight()).await?.ok_or(Error::NotFound)?;
    let known = statuses::list(session, company).await?;
    let line = &full.line;
    let query = address.query();
    let to = |path: String| with_query(path, &query);
    let (assigns, edits) = (who.may(Permission::LeadsAssign), who.may(Permission::LeadsEdit));
    let mut owner_meter = None;
    if let Some(owner) = line.owner_id {
        owner_meter = agents::queue(session, company, owner).await?.map(|(held, cap)| Meter { held, cap });
    }
    let assign = if assigns {
        let options = leads::agent_options(session, who, line.owner_id.as_slice(), None).await?;
        Some((to(links::lead_assignment(lead)), leads::picker("assign", "agent", Choose::One, options)))
    } else {
        None
    };
    let add_tag = if edits {
        let tags = labels::list(session, company, Label::Tag, TAGS_PROPOSED).await?;
        Some((to(links::lead_tags(lead)), tags.into_iter().map(|(_, name)| name).collect()))
    } else {
        None
    };
    drop(reader);
    let status = shown_status(&known, line.status_id, &line.status);
    // A customer is seen by whom customers may be seen by (R51).
    if status.kind == crate::parts::Kind::Won && !who.may(Permission::CustomersView) {
        return Err(Error::NotFound);
    }
    let shelf = if status.kind == crate::parts::Kind::Won { Shelf::Customers } else { Shelf::Leads };
    let may_convert = who.may(Permission::LeadsConvert);
    let may_set = edits && (may_convert || status.kind != crate::parts::Kind::Won);
    Ok(LeadPanel {
        id: lead.0,
        version: line.version,
        href: address.href_of(lead),
        back: address.back(shelf),
        name: full_name(&line.first_name, &line.last_name),
        phone: in_groups(&line.phone),
        phone_link: line.phone.clone(),
        phone_doubtful: line.phone_doubtful,
        email: line.email.clone(),
        email_doubtful: line.email_doubtful,
        set_status: may_set.then(|| {
            let choices = leads::status_choices(&known, Some(line.status_id), may_convert);
            (to(links::lead_status(lead)), choices)
        }),
        owner: line.owner.clone(),
        owner_meter,
        why_nobody: (line.owner_id.is_none() && is_open(&known, line.status_id))
            .then(|| links::lead_why(lead, None)),
        unassign: (assigns && line.owner_id.is_some() && is_open(&known, line.status_id))
            .then(|| to(links::lead_unassignment(lead))),
        assign,
        tags: full
            .tags
            .iter()
            .map(|name| PanelTag {
                name: name.clone(),
                remove: edits.then(|| {
                    let tag =
                        form_urlencoded::Serializer::new(query.clone()).append_pair("untag", name).finish();
                    with_query(links::lead_untagging(lead), &tag)
                }),
            })
            .collect(),
        add_tag,
        edit: edits.then(|| to(links::lead_fields(lead))),
        fields: fields(&full, who),
        details: details(&full),
        add_note: edits.then(|| to(links::lead_notes(lead))),
        note_refused: said.note,
        conflict: said.conflict,
        over_cap: said.over_cap,
        timeline: full.events.iter().rev().map(|event| entry(event, lead, who)).collect(),
        more: None,
        status,
    })
}

fn is_open(known: &Statuses, status: StatusId) -> bool {
    known.get(status).is_some_and(|status| status.kind == StatusKind::Open)
}

fn fields(full: &LeadInFull, who: &SignedIn) -> Vec<(String, String)> {
    let line = &full.line;
    let country = line.country.as_ref().map(|code| {
        domain::phone::Country::from_code(code)
            .map_or_else(|_| code.clone(), |country| country.name().to_owned())
    });
    let typed = Some(full.phone_typed.clone())
        .filter(|typed| *typed != line.phone && *typed != in_groups(&line.phone));
    [
        ("Source", line.source.clone()),
        ("Branch", line.branch.clone()),
        ("Department", line.department.clone()),
        ("Country", country),
        ("Number as typed", typed),
        ("Came in", Some(who.zone.minute(line.created_at))),
    ]
    .into_iter()
    .filter_map(|(term, what)| Some((term.to_owned(), what?)))
    .collect()
}

fn details(full: &LeadInFull) -> Vec<(String, String)> {
    let object: serde_json::Map<String, serde_json::Value> =
        full.details.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    object
        .into_iter()
        .map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name, text)
        })
        .collect()
}

fn entry(event: &Event, lead: LeadId, who: &SignedIn) -> Entry {
    let is_about_them = event.to_owner.as_deref() == Some(&*who.name);
    let icon = match event.kind.as_str() {
        "imported" | "added" => Icon::Import,
        "assigned" => Icon::Assign,
        "note" => Icon::Note,
        "tagged" | "untagged" => Icon::Tag,
        "edited" => Icon::Edit,
        "undone" => Icon::Undo,
        _ => Icon::Right,
    };
    Entry {
        icon,
        names: [&event.actor, &event.from_owner, &event.to_owner].into_iter().flatten().cloned().collect(),
        what: event.told(&who.zone),
        text: event.text().map(str::to_owned),
        at: moment(event.at, who.now, &who.zone),
        why: event.run.filter(|_| event.kind == "assigned").map(|run| {
            let words = if is_about_them { "Why me?" } else { "Why?" };
            (words.to_owned(), links::lead_why(lead, Some(run.into())))
        }),
        link: event
            .run
            .filter(|_| who.may(Permission::RunsView))
            .map(|run| ("Show the run".to_owned(), links::run(run.into()))),
    }
}

/// Whom to give the lead.
#[derive(Deserialize)]
pub struct Assigning {
    agent: Option<i64>,
    version: i64,
    #[serde(default)]
    exceed_cap: String,
}

/// Gives the lead to an agent (R15, R18, R21, R23, R24).
pub async fn assign(
    State(site): State<Arc<Site>>,
    who: May<LeadsAssign>,
    visit: Visit,
    Path(lead): Path<i64>,
    RawQuery(query): RawQuery,
    Form(sent): Form<Assigning>,
) -> Result<Response> {
    let lead = LeadId(lead);
    let address = Address::from_query(&query.unwrap_or_default());
    let back = address.href_of(lead);
    let Some(agent) = sent.agent else {
        return Ok(frame::go_on_saying(&back, &Toast::new(Tone::Info, "Choose an agent first.")));
    };
    let order = AssignLead {
        company: who.company.id,
        viewer: who.viewer(),
        lead,
        version: sent.version,
        to: UserId(agent),
        exceed_cap: sent.exceed_cap == "on",
        now: who.now,
    };
    let name = agents::name(site.store.read().await?.session(), who.company.id, UserId(agent)).await?;
    let name = name.unwrap_or_else(|| "this agent".into());
    let toast = match assign_lead(&site.store, order).await? {
        Assignment::Done { .. } => Toast::new(Tone::Success, format!("Assigned to {name}.")),
        Assignment::Unchanged => Toast::new(Tone::Info, format!("{name} has it already.")),
        Assignment::NotFound => return Err(Error::NotFound),
        Assignment::NotOffered => Toast::new(
            Tone::Warning,
            format!("{name} may not be given this lead: banned since, or of another branch."),
        ),
        Assignment::OverCap { held, cap, after } => {
            let over_cap = OverCap {
                agent: name,
                agent_id: agent,
                meter: Meter { held, cap: Some(cap) },
                after,
                action: with_query(links::lead_assignment(lead), &address.query()),
            };
            let said = Said { over_cap: Some(over_cap), ..Said::default() };
            return shown(&site, &who, &visit, lead, &address, said).await;
        }
        Assignment::Conflict { at, kind, by } => {
            let refused = format!("The lead was not assigned to {name}.");
            let said =
                Said { conflict: Some(conflict(&who, refused, at, &kind, by.as_deref())), ..Said::default() };
            return shown(&site, &who, &visit, lead, &address, said).await;
        }
    };
    Ok(frame::go_on_saying(&way_back(&site, &who, lead, &address).await?, &toast))
}

/// The version that somebody saw.
#[derive(Deserialize)]
pub struct Seen {
    version: i64,
}

/// Takes the owner away: the lead goes back to Unassigned (R7).
pub async fn unassign(
    State(site): State<Arc<Site>>,
    who: May<LeadsAssign>,
    visit: Visit,
    Path(lead): Path<i64>,
    RawQuery(query): RawQuery,
    Form(seen): Form<Seen>,
) -> Result<Response> {
    let known = statuses::list(site.store.read().await?.session(), who.company.id).await?;
    let to = known.marked(StatusMark::Unassigned).id;
    change_status(&site, &who, &visit, LeadId(lead), query, seen.version, to).await
}

/// Another status.
#[derive(Deserialize)]
pub struct Setting {
    status: i64,
    version: i64,
}

/// Sets the status (R7, R12, R24).
pub async fn set(
    State(site): State<Arc<Site>>,
    who: May<LeadsEdit>,
    visit: Visit,
    Path(lead): Path<i64>,
    RawQuery(query): RawQuery,
    Form(sent): Form<Setting>,
) -> Result<Response> {
    change_status(&site, &who, &visit, LeadId(lead), query, sent.version, StatusId(sent.status)).await
}

async fn change_status(
    site: &Site,
    who: &SignedIn,
    visit: &Visit,
    lead: LeadId,
    query: Option<String>,
    version: i64,
    to: StatusId,
) -> Result<Response> {
    let address = Address::from_query(&query.unwrap_or_default());
    let order = SetStatus {
        viewer: who.viewer(),
        may_convert: who.may(Permission::LeadsConvert),
        lead,
        version,
        to,
        now: who.now,
    };
    let toast = match set_status(&site.store, who.company.id, order).await? {
        StatusSet::Done { .. } => Toast::new(Tone::Success, "Status set."),
        StatusSet::Unchanged => Toast::new(Tone::Info, "It has this status already."),
        StatusSet::NotFound => return Err(Error::NotFound),
        StatusSet::NoSuchStatus => {
            Toast::new(Tone::Warning, "There is no such status any more; choose another.")
        }
        StatusSet::MayNotConvert => {
            Toast::new(Tone::Warning, "Your role may not convert leads, nor change customers.")
        }
        StatusSet::Conflict { at, kind, by } => {
            let refused = "The status was not set.".to_owned();
            let said =
                Said { conflict: Some(conflict(who, refused, at, &kind, by.as_deref())), ..Said::default() };
            return shown(site, who, visit, lead, &address, said).await;
        }
    };
    Ok(frame::go_on_saying(&way_back(site, who, lead, &address).await?, &toast))
}

/// The lead, or its list where the lead is out of sight now: given away, or returned to nobody.
async fn way_back(site: &Site, who: &SignedIn, lead: LeadId, address: &Address) -> Result<String> {
    let sight = who.sight();
    let stays = sight == Sight::All || {
        let mut reader = site.store.read().await?;
        let found = store::assign::lead_before(reader.session(), who.company.id, lead).await?;
        found.is_some_and(|(_, place)| sight.sees(&place))
    };
    Ok(if stays { address.href_of(lead) } else { address.href(Shelf::Leads) })
}

/// Somebody was quicker (R24): who, what and when.
fn conflict(
    who: &SignedIn,
    refused: String,
    at: domain::time::Moment,
    kind: &str,
    by: Option<&str>,
) -> Conflict {
    let event = Event { at, kind: kind.to_owned(), actor: by.map(str::to_owned), ..Event::default() };
    let what = match kind {
        "assigned" => "assigned it".to_owned(),
        "status" => "set its status".into(),
        "edited" => "edited it".into(),
        "undone" => "undid a run".into(),
        "note" => "wrote a note".into(),
        "tagged" | "untagged" => "changed its tags".into(),
        // These sentences say themselves who it was.
        _ => {
            let told = format!("{}, at {}.", event.told(&who.zone), who.zone.minute(at));
            return Conflict { refused, changes: vec![told] };
        }
    };
    let told = format!("{} {what} at {}.", by.unwrap_or("The product itself"), who.zone.minute(at));
    Conflict { refused, changes: vec![told] }
}

/// A note.
#[derive(Deserialize)]
pub struct Note {
    note: String,
}

/// Adds a note (R24: never conflicts).
pub async fn note(
    State(site): State<Arc<Site>>,
    who: May<LeadsEdit>,
    visit: Visit,
    Path(lead): Path<i64>,
    RawQuery(query): RawQuery,
    Form(sent): Form<Note>,
) -> Result<Response> {
    let lead = LeadId(lead);
    let address = Address::from_query(&query.unwrap_or_default());
    let order = AddNote { viewer: who.viewer(), lead, text: sent.note.clone(), now: who.now };
    let refused = match add_note(&site.store, who.company.id, order).await? {
        NoteAdded::Done { .. } => {
            let back = way_back(&site, &who, lead, &address).await?;
            if back == address.href_of(lead) {
                return Ok(frame::go_on(&back));
            }
            // Begun as owner, and kept (R14).
            let told = Toast::new(Tone::Success, "The note is saved. The lead belongs to somebody else now.");
            return Ok(frame::go_on_saying(&back, &told));
        }
        NoteAdded::NotFound => return Err(Error::NotFound),
        NoteAdded::Empty => "Write something first.".to_owned(),
        NoteAdded::TooLong { chars, chars_max } => {
            format!("The note has {chars} characters; at most {chars_max} are kept. Shorten it.")
        }
    };
    let said = Said { note: Some((refused, sent.note)), ..Said::default() };
    shown(&site, &who, &visit, lead, &address, said).await
}

/// A tag.
#[derive(Deserialize)]
pub struct Tag {
    tag: String,
}

/// Puts a tag on.
pub async fn tag(
    State(site): State<Arc<Site>>,
    who: May<LeadsEdit>,
    Path(lead): Path<i64>,
    RawQuery(query): RawQuery,
    Form(sent): Form<Tag>,
) -> Result<Response> {
    let order = TagLead { viewer: who.viewer(), lead: LeadId(lead), tag: sent.tag, now: who.now };
    let back = Address::from_query(&query.unwrap_or_default()).href_of(LeadId(lead));
    match tag_lead(&site.store, who.company.id, order).await {
        Ok(answer) => tagged(answer, &back),
        Err(actions::Error::Refused(why)) => {
            Ok(frame::go_on_saying(&back, &Toast::new(Tone::Warning, sentence(&why))))
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes a tag off; which one stands in the address.
pub async fn untag(
    State(site): State<Arc<Site>>,
    who: May<LeadsEdit>,
    Path(lead): Path<i64>,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let query = query.unwrap_or_default();
    let tag = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "untag")
        .map(|(_, value)| value.into_owned())
        .ok_or(Error::NotFound)?;
    let order = TagLead { viewer: who.viewer(), lead: LeadId(lead), tag, now: who.now };
    let answer = untag_lead(&site.store, who.company.id, order).await?;
    tagged(answer, &Address::from_query(&query).href_of(LeadId(lead)))
}

fn tagged(answer: LeadTagged, back: &str) -> Result<Response> {
    Ok(match answer {
        LeadTagged::Done | LeadTagged::Unchanged => frame::go_on(back),
        LeadTagged::NotFound => return Err(Error::NotFound),
        LeadTagged::TagsFull => frame::go_on_saying(
            back,
            &Toast::new(Tone::Warning, "The lead has as many tags as a lead may have; take one off first."),
        ),
    })
}
