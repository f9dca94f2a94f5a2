//! Tags on leads: put on and taken off, one lead or a million.
//!
//! A tag is a set's business: putting it on twice is no change, and whatever else happened to the lead meanwhile is not
//! overwritten. So tags raise no version and never conflict (R24).

use crate::{
    boxed,
    changes::{Change, Topic},
    error::Result,
    labels::{self, Label},
    params, selection,
    session::Session,
    sql,
};
use domain::{
    ids::{CompanyId, LeadId, RunId, TagId, UserId},
    text::fold,
    time::Moment,
};
use std::collections::HashSet;

sql! {
    NAMED = "SELECT id, name FROM tags WHERE company_id = $1 AND name_folded = $2";
    pub(crate) LOCK_CHOSEN = "SELECT l.id, l.owner_id FROM stage_chosen t CROSS JOIN leads l
        WHERE l.company_id = $1 AND l.id = t.lead_id
        ORDER BY t.lead_id /*pg FOR NO KEY UPDATE OF l*/";
    HAVING_TAG = "SELECT t.lead_id FROM stage_chosen t CROSS JOIN lead_tags lt
        WHERE lt.company_id = $1 AND lt.tag_id = $2 AND lt.lead_id = t.lead_id";
    FULL_OF_TAGS = "SELECT t.lead_id FROM stage_chosen t CROSS JOIN lead_tags lt
        WHERE lt.company_id = $1 AND lt.lead_id = t.lead_id
        GROUP BY t.lead_id HAVING COUNT(*) >= $2";
    PUT_ON = "INSERT INTO lead_tags (company_id, lead_id, tag_id) SELECT $1, t.lead_id, $2 FROM stage_chosen t";
    TAKE_OFF = "DELETE FROM lead_tags WHERE company_id = $1 AND tag_id = $2
        AND lead_id IN (SELECT t.lead_id FROM stage_chosen t)";
    TOUCH = "UPDATE leads SET entries = leads.entries + 1, last_activity_at_ms = $2, tag_bits = leads.tag_bits | $4,
            owner_acted_at_ms = CASE WHEN leads.owner_id = $3 THEN $2 ELSE leads.owner_acted_at_ms END
        FROM stage_chosen t WHERE leads.company_id = $1 AND leads.id = t.lead_id
            /*sqlite AND leads.id IN (SELECT lead_id FROM stage_chosen)*/";
    ADD_BIT = "UPDATE leads SET tag_bits = leads.tag_bits | $2
        FROM stage_chosen t WHERE leads.company_id = $1 AND leads.id = t.lead_id AND (leads.tag_bits & $2) = 0
            /*sqlite AND leads.id IN (SELECT lead_id FROM stage_chosen)*/";
    EVENTS = "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, actor_id, run_id, detail)
        SELECT $1, l.id, l.entries, $2, $3, $4, $5, $6
        FROM stage_chosen t CROSS JOIN leads l WHERE l.company_id = $1 AND l.id = t.lead_id";
}

/// The bit of `leads.tag_bits` that says that a lead may have this tag (docs/decisions/0019).
pub(crate) fn bit(tag: TagId) -> i64 {
    1 << (tag.0 % 63)
}

/// The bits of several.
pub(crate) fn bits(tags: &[i64]) -> i64 {
    tags.iter().fold(0, |bits, tag| bits | bit(TagId(*tag)))
}

/// Whether a tag is put on or taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Put on.
    On,
    /// Taken off.
    Off,
}

/// One tag for many leads.
#[derive(Debug, Clone, Copy)]
pub struct Tagging<'n> {
    /// Which tag.
    pub tag: TagId,
    /// Its name, for the timeline.
    pub name: &'n str,
    /// On or off.
    pub way: Way,
    /// Who does it; none for the command line.
    pub actor: Option<UserId>,
    /// When.
    pub at: Moment,
    /// The record it belongs to.
    pub run: Option<RunId>,
}

/// What became of the leads.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tagged {
    /// Leads that have the tag now, or have it no more, and had not, or had it, before.
    pub changed: u64,
    /// Leads where it was so already.
    pub unchanged: u64,
    /// Leads that have as many tags as a lead may have.
    pub full: Vec<LeadId>,
}

/// Puts a tag on leads or takes it off, with timelines. Leads that are gone count as unchanged.
#[boxed]
pub async fn tag(
    session: &mut Session,
    company: CompanyId,
    leads: &[LeadId],
    tagging: &Tagging<'_>,
    tags_max: i64,
) -> Result<Tagged> {
    selection::stage(session, leads.iter().copied()).await?;
    let locked: Vec<(LeadId, Option<UserId>)> =
        session.rows(&LOCK_CHOSEN, params![company], |row| Ok((row.get(0)?, row.get(1)?))).await?;
    let having: HashSet<LeadId> =
        set(session.rows(&HAVING_TAG, params![company, tagging.tag], |row| row.get(0)).await?);
    let full: HashSet<LeadId> = match tagging.way {
        Way::On => set(session.rows(&FULL_OF_TAGS, params![company, tags_max], |row| row.get(0)).await?),
        Way::Off => HashSet::new(),
    };
    let mut done = Tagged::default();
    let mut changing = Vec::with_capacity(locked.len());
    let mut owners = Vec::new();
    for (lead, owner) in locked {
        if having.contains(&lead) == (tagging.way == Way::On) {
            continue;
        }
        if full.contains(&lead) {
            done.full.push(lead);
        } else {
            changing.push(lead);
            owners.extend(owner);
        }
    }
    done.changed = changing.len() as u64;
    done.unchanged = leads.len() as u64 - done.changed - done.full.len() as u64;
    if changing.is_empty() {
        return Ok(done);
    }
    if changing.len() < leads.len() {
        selection::stage(session, changing.iter().copied()).await?;
    }
    turn(session, company, tagging.tag, tagging.way).await?;
    // What is taken off leaves its bit: others may share it, and all that it costs is a look.
    let bit = if tagging.way == Way::On { bit(tagging.tag) } else { 0 };
    session.execute(&TOUCH, params![company, tagging.at, tagging.actor, bit]).await?;
    let kind = match tagging.way {
        Way::On => "tagged",
        Way::Off => "untagged",
    };
    let values = params![company, tagging.at, kind, tagging.actor, tagging.run, tagging.name];
    session.execute(&EVENTS, values).await?;
    session.tell(Change::of(company, Topic::Leads).users(owners).leads(changing));
    Ok(done)
}

/// Puts the tag on what is staged, or takes it off; nothing else.
async fn turn(session: &mut Session, company: CompanyId, tag: TagId, way: Way) -> Result<()> {
    let statement = match way {
        Way::On => &PUT_ON,
        Way::Off => &TAKE_OFF,
    };
    session.execute(statement, params![company, tag]).await?;
    Ok(())
}

/// Turns a tag back on leads that are locked and have not changed since: no entry of their timelines.
pub(crate) async fn turn_back(
    session: &mut Session,
    company: CompanyId,
    leads: impl Iterator<Item = LeadId> + Send,
    tag: TagId,
    way: Way,
) -> Result<()> {
    if selection::stage(session, leads).await? == 0 {
        return Ok(());
    }
    if way == Way::On {
        session.execute(&ADD_BIT, params![company, bit(tag)]).await?;
    }
    turn(session, company, tag, way).await
}

/// The tag with this name, in any case, and as it was first written.
#[boxed]
pub async fn named(session: &mut Session, company: CompanyId, name: &str) -> Result<Option<(TagId, String)>> {
    session.optional(&NAMED, params![company, &fold(name)], |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// The same, made if it is new.
#[boxed]
pub async fn named_or_new(session: &mut Session, company: CompanyId, name: &str) -> Result<(TagId, String)> {
    if let Some(found) = named(session, company, name).await? {
        return Ok(found);
    }
    let id = labels::find_or_add(session, company, Label::Tag, name).await?;
    Ok((TagId(id), name.to_owned()))
}

fn set(leads: Vec<LeadId>) -> HashSet<LeadId> {
    leads.into_iter().collect()
}
