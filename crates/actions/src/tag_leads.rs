//! A tag put on leads, or taken off, by hand: many at a time, or one.
//!
//! A tag that is put on only adds, and a tag that is off is off whatever else happened: neither conflicts (R24). "All
//! that match" still leaves out what changed since it was shown (R22).

use crate::{
    error::{Error, Result},
    selection::{Bulk, Closing, MoreThanShown, Report, Selection, look},
};
use domain::{
    bulk::{Skipped, Work},
    ids::{CompanyId, LeadId, TagId},
    lead_file::{TAG_CHARS_MAX, TAGS_MAX},
    text::clean_within,
    time::Moment,
    viewer::Viewer,
};
use store::{
    Session, Store, boxed, runs,
    selection::{self, Chosen},
    tags::{self, Tagging, Way},
};

/// Who puts which tag on which leads, or takes it off.
#[derive(Debug, Clone)]
pub struct TagLeads {
    /// Who does it.
    pub viewer: Viewer,
    /// Which leads.
    pub selection: Selection,
    /// The tag's name as typed; made if it is new and put on.
    pub tag: String,
    /// On or off.
    pub way: Way,
    /// When.
    pub now: Moment,
}

/// What came of it. A refusal is an answer that a page can show; nothing was done then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeadsTagged {
    /// Done, but for what was skipped.
    Done(Bulk),
    /// More match than the actor was shown: look again, and ask again.
    MoreThanShown(MoreThanShown),
}

/// Tags the leads.
#[boxed]
pub async fn tag_leads(store: &Store, company: CompanyId, order: TagLeads) -> Result<LeadsTagged> {
    order.selection.check()?;
    let name = tag_name(&order.tag)?;
    let selection = order.selection.clone();
    selection
        .write(store, move |session| Box::pin(async move { tag_all(session, company, &order, &name).await }))
        .await
}

async fn tag_all(
    session: &mut Session,
    company: CompanyId,
    order: &TagLeads,
    name: &str,
) -> Result<LeadsTagged> {
    let (leads, mut report) = match look_without_versions(session, company, order).await? {
        Ok(found) => found,
        Err(more) => return Ok(LeadsTagged::MoreThanShown(more)),
    };
    let tag = find(session, company, name, order.way, !leads.is_empty()).await?;
    let run = runs::new_id(session).await?;
    let (tag, name) = if let Some((tag, name)) = tag {
        let (way, actor, at) = (order.way, order.viewer.actor(), order.now);
        let tagging = Tagging { tag, name: &name, way, actor, at, run: Some(run) };
        let done = tags::tag(session, company, &leads, &tagging, TAGS_MAX as i64).await?;
        report.numbers.changed = done.changed;
        report.numbers.unchanged = done.unchanged;
        for lead in done.full {
            report.skip(lead, Skipped::TagsFull);
        }
        (tag, name)
    } else {
        // A tag that nobody has made is on no lead.
        report.numbers.unchanged = leads.len() as u64;
        (TagId(0), name.to_owned())
    };
    let work = match order.way {
        Way::On => Work::Tag { tag, name },
        Way::Off => Work::Untag { tag, name },
    };
    let closing = Closing { work, run, viewer: order.viewer, now: order.now, agents: &[] };
    report.close(session, company, closing).await.map(LeadsTagged::Done)
}

/// As [`look`], but whatever version a ticked lead has by now is right.
async fn look_without_versions(
    session: &mut Session,
    company: CompanyId,
    order: &TagLeads,
) -> Result<Result<(Vec<LeadId>, Report), MoreThanShown>> {
    let named = |(leads, report): (Vec<Chosen>, Report)| {
        (leads.into_iter().map(|chosen| chosen.lead).collect::<Vec<_>>(), report)
    };
    let Selection::Ticked(ticked) = &order.selection else {
        return Ok(look(session, company, &order.selection, order.viewer).await?.map(named));
    };
    let found = selection::chosen(session, company, ticked.iter().map(|(lead, _)| *lead)).await?;
    let now = found.iter().map(|chosen| (chosen.lead, chosen.version));
    let gone = ticked.iter().filter(|(lead, _)| found.binary_search_by_key(lead, |one| one.lead).is_err());
    let all = now.chain(gone.copied()).collect();
    Ok(look(session, company, &Selection::Ticked(all), order.viewer).await?.map(named))
}

/// A tag on one lead, or off it.
#[derive(Debug, Clone)]
pub struct TagLead {
    /// Who does it.
    pub viewer: Viewer,
    /// Which lead.
    pub lead: LeadId,
    /// The tag's name as typed.
    pub tag: String,
    /// When.
    pub now: Moment,
}

/// What came of it. Refusals are answers that a page can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeadTagged {
    /// Done.
    Done,
    /// It was so already: no event.
    Unchanged,
    /// There is no such lead, or the viewer may not see it.
    NotFound,
    /// It has as many tags as a lead may have.
    TagsFull,
}

/// Puts a tag on a lead.
#[boxed]
pub async fn tag_lead(store: &Store, company: CompanyId, order: TagLead) -> Result<LeadTagged> {
    turn(store, company, order, Way::On).await
}

/// Takes a tag off a lead.
#[boxed]
pub async fn untag_lead(store: &Store, company: CompanyId, order: TagLead) -> Result<LeadTagged> {
    turn(store, company, order, Way::Off).await
}

async fn turn(store: &Store, company: CompanyId, order: TagLead, way: Way) -> Result<LeadTagged> {
    let name = tag_name(&order.tag)?;
    store
        .write(move |session| Box::pin(async move { turn_one(session, company, &order, way, &name).await }))
        .await
}

async fn turn_one(
    session: &mut Session,
    company: CompanyId,
    order: &TagLead,
    way: Way,
    name: &str,
) -> Result<LeadTagged> {
    let found = selection::chosen(session, company, std::iter::once(order.lead)).await?;
    if !found.first().is_some_and(|chosen| order.viewer.sight().sees(&chosen.place)) {
        return Ok(LeadTagged::NotFound);
    }
    let Some((tag, name)) = find(session, company, name, way, true).await? else {
        return Ok(LeadTagged::Unchanged);
    };
    let tagging = Tagging { tag, name: &name, way, actor: order.viewer.actor(), at: order.now, run: None };
    let done = tags::tag(session, company, &[order.lead], &tagging, TAGS_MAX as i64).await?;
    Ok(match (done.changed, done.full.is_empty()) {
        (1.., _) => LeadTagged::Done,
        (0, true) => LeadTagged::Unchanged,
        (0, false) => LeadTagged::TagsFull,
    })
}

/// The tag: made if it is new and there is a lead to put it on.
async fn find(
    session: &mut Session,
    company: CompanyId,
    name: &str,
    way: Way,
    is_wanted: bool,
) -> Result<Option<(TagId, String)>> {
    if way == Way::On && is_wanted {
        return Ok(Some(tags::named_or_new(session, company, name).await?));
    }
    Ok(tags::named(session, company, name).await?)
}

fn tag_name(typed: &str) -> Result<String> {
    let name = clean_within(typed, "the tag", TAG_CHARS_MAX).map_err(Error::refused)?;
    if name.is_empty() {
        return Err(Error::refused("the tag needs a name"));
    }
    Ok(name.into_owned())
}
