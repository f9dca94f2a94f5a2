//! A finished run taken back: of the automatic assignment, or a person's bulk change (R21a, R45).
//!
//! Whatever the run did to a lead is put back; what somebody touched since is left and listed, but for what has been
//! undone in turn: several changes are taken back one after the other, the last first. An undo is a
//! person's doing, so it may lift an agent above the cap: it says whom.

use crate::{
    error::{Error, Result},
    selection::{Report, summary},
};
use domain::{
    arrival::Arrival,
    bulk::{BY_HAND, Skipped, Told, UNDO, Work},
    ids::{CompanyId, LeadId, RunId, TagId, UserId},
    job::ON_ARRIVAL,
    pool::Member,
    status::{StatusKind, StatusMark, Statuses},
    time::Moment,
    viewer::Viewer,
};
use std::collections::BTreeMap;
use store::{
    Session, Store, boxed, queues,
    runs::{self, Record, Undoable},
    statuses,
    tags::Way,
    undo::{self, Back, Done, Undo},
};

/// Who undoes which run.
#[derive(Debug, Clone, Copy)]
pub struct UndoRun {
    /// The run.
    pub run: RunId,
    /// Who does it.
    pub viewer: Viewer,
    /// Whether the role may start runs: then also what others did.
    pub may_undo_all: bool,
    /// Whether they may convert leads: without it no lead becomes a customer again, and no customer anything else.
    pub may_convert: bool,
    /// When.
    pub now: Moment,
}

/// What came of it. Refusals are answers that a page can show; nothing was done then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// Done, but for what was left.
    Done(Undoing),
    /// Nothing could be put back, so nothing was done, and it may be tried again: once what was done to the leads since
    /// has been taken back, say.
    Nothing(Told),
    /// There is no such run.
    NotFound,
    /// Somebody else's, and the role may not start runs.
    NotYours,
    /// It is in progress, or it failed and changed nothing.
    NotFinished,
    /// It is an undo itself.
    IsAnUndo,
    /// It has been undone already.
    Already {
        /// By this run.
        by: RunId,
    },
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undoing {
    /// The undo's own record.
    pub run: RunId,
    /// How many; it has a sentence.
    pub told: Told,
    /// The first [`NAMED_MAX`](crate::selection::NAMED_MAX) of the leads that were left, with the reason.
    pub left: Vec<(LeadId, Skipped)>,
    /// Agents who got leads back and hold more than their cap now.
    pub above_cap: Vec<AboveCap>,
}

/// An agent above the cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AboveCap {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Held now.
    pub held: i64,
    /// The cap.
    pub cap: i64,
}

/// Undoes the run.
#[boxed]
pub async fn undo_run(store: &Store, company: CompanyId, order: UndoRun) -> Result<Undone> {
    let undone =
        store.write_long(move |session| Box::pin(async move { undo(session, company, order).await })).await;
    match undone {
        // Somebody else undid it at the same instant, or deleted a status; now that is there to be found.
        Err(Error::Store(store::Error::Conflict { .. } | store::Error::Gone { .. })) => {
            store
                .write_long(move |session| Box::pin(async move { undo(session, company, order).await }))
                .await
        }
        answer => answer,
    }
}

async fn undo(session: &mut Session, company: CompanyId, order: UndoRun) -> Result<Undone> {
    let Some(Undoable { run, actor, undone_by }) = runs::one(session, company, order.run).await? else {
        return Ok(Undone::NotFound);
    };
    let is_own = order.viewer.actor().is_none_or(|user| actor == Some(user));
    if !is_own && !order.may_undo_all {
        return Ok(Undone::NotYours);
    }
    if let Some(by) = undone_by {
        return Ok(Undone::Already { by });
    }
    if run.job == UNDO {
        return Ok(Undone::IsAnUndo);
    }
    if run.state != "done" {
        return Ok(Undone::NotFinished);
    }
    let known = statuses::list(session, company).await?;
    let tag = if run.job == BY_HAND { tag_of(run.summary.as_deref())? } else { None };

    let done = undo::done(session, company, order.run).await?;
    let owners = done.iter().flat_map(|one| [one.place.owner, one.from_owner]).flatten().collect();
    let members = queues::lock(session, company, owners).await?;
    let mut report = Report::default();
    let mut back: Vec<Back> = Vec::with_capacity(done.len());
    for one in &done {
        // Whoever did it may take it back, even if it is no longer theirs to see.
        let answer = if !is_own && !order.viewer.sight().sees(&one.place) {
            Err(Skipped::NotFound)
        } else {
            way_back(one, &known, &members, order.may_convert)
        };
        match answer {
            Ok(way) => back.push(way),
            Err(why) => report.skip(one.lead, why),
        }
    }
    // Of all that a run moves, only what was assigned as it came in can be gone: it went with its import.
    if run.job == ON_ARRIVAL {
        let found = done.len() as u64;
        report
            .numbers
            .skip(Skipped::NotFound, assigned_on_arrival(run.summary.as_deref())?.saturating_sub(found));
    }
    let sound = undo::untouched(session, company, &back).await?;
    report.skip_stale(&mut back, &sound, |one| one.lead);

    report.numbers.changed = back.len() as u64;
    let told = Told { work: Work::Undo { run: order.run }, numbers: report.numbers };
    if back.is_empty() {
        // Somebody else may have undone it while this waited for the queues.
        let by = runs::one(session, company, order.run).await?.and_then(|now| now.undone_by);
        return Ok(by.map_or(Undone::Nothing(told), |by| Undone::Already { by }));
    }
    let id = runs::new_id(session).await?;
    let (actor, at) = (order.viewer.actor(), order.now);
    undo::put_back(session, company, &back, &Undo { undoes: order.run, run: id, actor, at, tag }).await?;
    let record = Record {
        id,
        job: UNDO,
        actor,
        at,
        assigned: 0,
        summary: &summary(&told)?,
        undoes: Some(order.run),
        agents: &[],
    };
    runs::record(session, company, record).await?;
    let left = report.skipped;
    Ok(Undone::Done(Undoing { run: id, told, left, above_cap: above_cap(&members, &back) }))
}

/// How a lead was before the run, or why it stays.
fn way_back(
    one: &Done,
    known: &Statuses,
    members: &BTreeMap<UserId, Member>,
    may_convert: bool,
) -> Result<Back, Skipped> {
    if one.touched {
        return Err(Skipped::Changed);
    }
    let Some(to) = known.get(one.from_status.unwrap_or(one.status)) else {
        return Err(Skipped::StatusGone);
    };
    let is_won = |kind: StatusKind| kind == StatusKind::Won;
    if !may_convert
        && to.id != one.status
        && (is_won(to.kind) || known.get(one.status).is_some_and(|status| is_won(status.kind)))
    {
        return Err(Skipped::MayNotConvert);
    }
    let was_given = one.kind == "assigned";
    let owner = match (was_given, one.from_owner) {
        (true, before) => before,
        (false, Some(loser)) => Some(loser),
        (false, None) => one.place.owner,
    };
    let to_owner = owner.filter(|_| to.mark != Some(StatusMark::Unassigned)); // R7
    if let Some(owner) = to_owner.filter(|_| to_owner != one.place.owner)
        && members.get(&owner).is_none_or(|member| member.banned)
    {
        return Err(Skipped::OwnerGone);
    }
    Ok(Back {
        lead: one.lead,
        entries: one.entries,
        run_entry: one.entry,
        from_owner: one.place.owner,
        to_owner,
        was_given,
        from_status: one.status,
        to_status: to.id,
        open: (known.is_open(one.status), known.is_open(to.id)),
    })
}

/// How many leads an import's record of them counts.
fn assigned_on_arrival(summary: Option<&str>) -> Result<u64> {
    let arrival: Option<Arrival> = summary.and_then(|summary| serde_json::from_str(summary).ok());
    let arrival = arrival.ok_or_else(|| Error::Fault("the record of the run cannot be read".into()))?;
    Ok(arrival.numbers.assigned)
}

/// The tag of a run that was about one, and the way it goes when the run is undone.
fn tag_of(summary: Option<&str>) -> Result<Option<(TagId, Way)>> {
    let told: Told = summary
        .and_then(|summary| serde_json::from_str(summary).ok())
        .ok_or_else(|| Error::Fault("the record of the run cannot be read".into()))?;
    Ok(match told.work {
        Work::Tag { tag, .. } => Some((tag, Way::Off)),
        Work::Untag { tag, .. } => Some((tag, Way::On)),
        _ => None,
    })
}

fn above_cap(members: &BTreeMap<UserId, Member>, back: &[Back]) -> Vec<AboveCap> {
    let mut balances: BTreeMap<UserId, i64> = BTreeMap::new();
    for one in back {
        if let (Some(from), true) = (one.from_owner, one.open.0) {
            *balances.entry(from).or_default() -= 1;
        }
        if let (Some(to), true) = (one.to_owner, one.open.1) {
            *balances.entry(to).or_default() += 1;
        }
    }
    let lifted = balances.into_iter().filter_map(|(id, balance)| {
        let member = members.get(&id)?;
        let (held, cap) = (member.held + balance, member.cap?);
        let name = member.name.clone();
        (balance > 0 && held > cap).then_some(AboveCap { id, name, held, cap })
    });
    lifted.collect()
}
