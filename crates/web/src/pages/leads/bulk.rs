//! What is done with ticked leads, or with all that match (R22, R24). Every bulk change can be taken back (R21a).

use super::address::Address;
use crate::{
    by_itself::GOES_ON,
    error::{Error, Result},
    frame, links,
    parts::{Toast, Tone},
    signed_in::{LeadsAssign, LeadsEdit, May, SignedIn},
    site::Site,
    words::{number, sentence},
};
use actions::{
    assign_leads::{AssignLeads, BulkAssignment, assign_leads},
    selection::{Bulk, MoreThanShown, Selection},
    set_statuses::{SetStatuses, StatusesSet, set_statuses},
    spread_leads::{SpreadLeads, Spreading, spread_leads},
    tag_leads::{LeadsTagged, TagLeads, tag_leads},
};
use axum::{extract::State, response::Response};
use axum_extra::extract::Form;
use domain::{
    ids::{LeadId, StatusId, UserId},
    lead_list::Shelf,
    role::Permission,
};
use serde::Deserialize;
use std::sync::Arc;
use store::{agents, tags::Way};

/// The form of the table with its bar.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    /// The ticked rows, as `id:version`.
    lead: Vec<String>,
    /// `on`: not the ticked ones, but all that match.
    all: String,
    filter: String,
    shelf: String,
    /// How many match; empty where the list could not say it exactly.
    shown: String,
    as_of: String,
    back: String,
    agent: Option<i64>,
    agents: Vec<i64>,
    exceed_cap: String,
    exceed_caps: String,
    status: Option<i64>,
    tag: String,
}

impl Sent {
    fn selection(&self, who: &SignedIn) -> Result<Selection> {
        if self.all == "on" {
            let shelf = if self.shelf == "customers" { Shelf::Customers } else { Shelf::Leads };
            if shelf == Shelf::Customers && !who.may(Permission::CustomersView) {
                return Err(Error::Forbidden);
            }
            let address = Address::from_query(&self.filter);
            // Of the day on which the list was shown: after midnight *today* would be other leads.
            let as_of = super::as_of(&self.as_of, who.now);
            let filter = address.filter(shelf, as_of, &who.zone, &who.company.country);
            return Ok(Selection::Matching { filter, shown: self.shown.parse().ok(), as_of });
        }
        let ticked = self.lead.iter().map(|row| {
            let (lead, version) = row.split_once(':')?;
            Some((LeadId(lead.parse().ok()?), version.parse().ok()?))
        });
        let ticked: Option<Vec<(LeadId, i64)>> = ticked.collect();
        match ticked {
            Some(ticked) if !ticked.is_empty() => Ok(Selection::Ticked(ticked)),
            Some(_) => Err(Error::Refused("No lead is ticked; tick some, or all that match.".into())),
            None => Err(Error::Refused("The list is from another version of this page; reload it.".into())),
        }
    }

    /// The list that the form came from, made anew: what stands in a form may be anything.
    fn back(&self) -> String {
        let (path, query) = self.back.split_once('?').unwrap_or((&self.back, ""));
        let shelf = if path == links::customers() { Shelf::Customers } else { Shelf::Leads };
        Address::from_query(query).href(shelf)
    }
}

/// To one agent.
pub async fn assign(
    State(site): State<Arc<Site>>,
    who: May<LeadsAssign>,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    let Some(agent) = sent.agent else { return say(&sent, Tone::Warning, "Choose an agent first.") };
    let order = AssignLeads {
        viewer: who.viewer(),
        selection: sent.selection(&who)?,
        to: UserId(agent),
        exceed_cap: sent.exceed_cap == "on",
        now: who.now,
    };
    let company = who.company.id;
    let done = site.by_itself(async move |store| assign_leads(&store, company, order).await).await?;
    let Some(done) = done else { return say(&sent, Tone::Info, GOES_ON) };
    match done {
        BulkAssignment::Done(bulk) => told(&sent, &bulk),
        BulkAssignment::MoreThanShown(more) => say(&sent, Tone::Warning, &look_again(more)),
        BulkAssignment::NotOffered => say(
            &sent,
            Tone::Warning,
            "This agent may not be given leads: banned since, or of another branch.",
        ),
        BulkAssignment::OverCap { held, cap, after } => {
            let name =
                agents::name(site.store.read().await?.session(), who.company.id, UserId(agent)).await?;
            let told = format!(
                "{} holds {}, the cap is {}, and it would be {} after this. Nothing was changed; spread them over several agents, or tick Exceed caps.",
                name.as_deref().unwrap_or("The agent"),
                number(held),
                number(cap),
                number(after)
            );
            say(&sent, Tone::Warning, &told)
        }
    }
}

/// Evenly over several.
pub async fn spread(
    State(site): State<Arc<Site>>,
    who: May<LeadsAssign>,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    if sent.agents.is_empty() {
        return say(&sent, Tone::Warning, "Choose the agents to spread the leads over.");
    }
    let order = SpreadLeads {
        viewer: who.viewer(),
        selection: sent.selection(&who)?,
        over: sent.agents.iter().map(|agent| UserId(*agent)).collect(),
        exceed_caps: sent.exceed_caps == "on",
        now: who.now,
    };
    let company = who.company.id;
    let done = site.by_itself(async move |store| spread_leads(&store, company, order).await).await?;
    let Some(done) = done else { return say(&sent, Tone::Info, GOES_ON) };
    match done {
        Spreading::Done(spread) => told(&sent, &spread.bulk),
        Spreading::MoreThanShown(more) => say(&sent, Tone::Warning, &look_again(more)),
        Spreading::NotOffered(refused) => {
            let told = format!(
                "{} may not be given leads: banned since, or of another branch. Nothing was changed.",
                domain::sentence::count(refused.len() as u64, "of the chosen agents", "of the chosen agents")
            );
            say(&sent, Tone::Warning, &told)
        }
    }
}

/// A status for all of them.
pub async fn set_status(
    State(site): State<Arc<Site>>,
    who: May<LeadsEdit>,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    let Some(status) = sent.status else { return say(&sent, Tone::Warning, "Choose a status first.") };
    let order = SetStatuses {
        viewer: who.viewer(),
        may_convert: who.may(Permission::LeadsConvert),
        selection: sent.selection(&who)?,
        to: StatusId(status),
        now: who.now,
    };
    let company = who.company.id;
    let done = site.by_itself(async move |store| set_statuses(&store, company, order).await).await?;
    let Some(done) = done else { return say(&sent, Tone::Info, GOES_ON) };
    match done {
        StatusesSet::Done(bulk) => told(&sent, &bulk),
        StatusesSet::MoreThanShown(more) => say(&sent, Tone::Warning, &look_again(more)),
        StatusesSet::NoSuchStatus => {
            say(&sent, Tone::Warning, "There is no such status any more; choose another.")
        }
    }
}

/// A tag on all of them.
pub async fn add_tag(
    State(site): State<Arc<Site>>,
    who: May<LeadsEdit>,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    let order = TagLeads {
        viewer: who.viewer(),
        selection: sent.selection(&who)?,
        tag: sent.tag.clone(),
        way: Way::On,
        now: who.now,
    };
    let company = who.company.id;
    match site.by_itself(async move |store| tag_leads(&store, company, order).await).await {
        Ok(Some(LeadsTagged::Done(bulk))) => told(&sent, &bulk),
        Ok(Some(LeadsTagged::MoreThanShown(more))) => say(&sent, Tone::Warning, &look_again(more)),
        Ok(None) => say(&sent, Tone::Info, GOES_ON),
        Err(Error::Refused(why)) => say(&sent, Tone::Warning, &sentence(&why)),
        Err(error) => Err(error),
    }
}

/// What came of it, with the way back.
#[expect(clippy::unnecessary_wraps, reason = "it is the last word of handlers, which may fail before it")]
fn told(sent: &Sent, bulk: &Bulk) -> Result<Response> {
    let tone = match (bulk.changed(), bulk.told.numbers.skipped_in_all()) {
        (0, 0) => Tone::Info,
        (0, _) => Tone::Warning,
        _ => Tone::Success,
    };
    let mut toast = Toast::new(tone, bulk.told.sentence());
    if let Some(run) = bulk.run {
        toast = toast.undo(links::run_undo(run));
    }
    Ok(frame::go_on_saying(&sent.back(), &toast))
}

/// More match than were shown (R24).
fn look_again(more: MoreThanShown) -> String {
    format!(
        "{} were shown, and {} match by now. Nothing was changed; look at the list as it is, and do it again.",
        domain::sentence::count(more.shown.unsigned_abs(), "lead", "leads"),
        number(more.now)
    )
}

#[expect(clippy::unnecessary_wraps, reason = "it is the last word of handlers, which may fail before it")]
fn say(sent: &Sent, tone: Tone, told: &str) -> Result<Response> {
    Ok(frame::go_on_saying(&sent.back(), &Toast::new(tone, told)))
}
