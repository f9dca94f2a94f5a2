//! Changing statuses by hand: one lead, the ticked ones, or a day of them, in the same few statements.
//!
//! Locks are taken in the order of [`queues`]. Whoever holds its queue knows that no lead leaves or enters it meanwhile.

use crate::{
    boxed,
    changes::{Change, Topic},
    error::Result,
    params,
    queues::{self, Tally},
    session::Session,
    sql,
    stage::{Stage, StageType::Int},
    value::Value,
};
use domain::{
    ids::{CompanyId, LeadId, RunId, StatusId, UserId},
    time::Moment,
};
use std::collections::HashSet;

/// Leads on their way to another status; who loses one that goes back to Unassigned.
pub static STAGE_STATUS_CHANGES: Stage = Stage {
    name: "stage_status_changes",
    columns: &[
        ("lead_id", Int),
        ("version", Int),
        ("from_status_id", Int),
        ("to_status_id", Int),
        ("loser_id", Int),
        ("actor_id", Int),
        ("at_ms", Int),
    ],
    key: "lead_id",
};

sql! {
    LOCK_LEADS = "SELECT l.id FROM stage_status_changes c CROSS JOIN leads l
        WHERE l.company_id = $1 AND l.id = c.lead_id AND l.version = c.version
        ORDER BY c.lead_id /*pg FOR NO KEY UPDATE OF l*/";
    CHANGE_STAGED = "UPDATE leads SET status_id = c.to_status_id, version = leads.version + 1, entries = leads.entries + 1,
            last_activity_at_ms = c.at_ms,
            owner_id = CASE WHEN c.loser_id IS NULL THEN leads.owner_id END,
            owned_since_ms = CASE WHEN c.loser_id IS NULL THEN leads.owned_since_ms END,
            owner_chosen_at_ms = CASE WHEN c.loser_id IS NULL THEN leads.owner_chosen_at_ms END,
            owner_acted_at_ms = CASE WHEN c.loser_id IS NOT NULL THEN NULL
                WHEN c.actor_id = leads.owner_id THEN c.at_ms ELSE leads.owner_acted_at_ms END
        FROM stage_status_changes c
        WHERE leads.company_id = $1 AND leads.id = c.lead_id
            /*sqlite AND leads.id IN (SELECT lead_id FROM stage_status_changes)*/";
    EVENTS_OF_CHANGES = "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, actor_id, run_id,
            from_owner_id, from_status_id, to_status_id)
        SELECT $1, l.id, l.entries, c.at_ms, 'status', c.actor_id, $2, c.loser_id, c.from_status_id, c.to_status_id
        FROM stage_status_changes c CROSS JOIN leads l WHERE l.company_id = $1 AND l.id = c.lead_id";
}

/// One lead that gets another status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusChange {
    /// Which; at most once in a batch.
    pub lead: LeadId,
    /// The version that the change was decided on.
    pub version: i64,
    /// Its owner at that version.
    pub owner: Option<UserId>,
    /// Whether the owner loses it (R7).
    pub loses_owner: bool,
    /// Its status at that version.
    pub from: StatusId,
    /// Its status from now on.
    pub to: StatusId,
    /// Whether it counts as held before and after.
    pub open: (bool, bool),
    /// Who does it; none for the command line.
    pub actor: Option<UserId>,
    /// When.
    pub at: Moment,
}

impl StatusChange {
    /// What the owner's queue gains or loses.
    fn held_delta(&self) -> i64 {
        i64::from(self.open.1 && !self.loses_owner) - i64::from(self.open.0)
    }
}

/// Sets the statuses, with timeline, queues and counters. Answers the leads that somebody else changed since their
/// version: they are as they were. `run` is the record that the changes belong to.
#[boxed]
pub async fn change(
    session: &mut Session,
    company: CompanyId,
    changes: &[StatusChange],
    run: Option<RunId>,
) -> Result<HashSet<LeadId>> {
    lock_queues(session, company, changes).await?;
    stage_changes(session, changes).await?;
    let as_seen: Vec<LeadId> = session.rows(&LOCK_LEADS, params![company], |row| row.get(0)).await?;
    if as_seen.len() == changes.len() {
        write(session, company, changes, run).await?;
        return Ok(HashSet::new());
    }
    let as_seen: HashSet<LeadId> = as_seen.into_iter().collect();
    let (sound, stale): (Vec<StatusChange>, Vec<StatusChange>) =
        changes.iter().partition(|change| as_seen.contains(&change.lead));
    if !sound.is_empty() {
        stage_changes(session, &sound).await?;
        write(session, company, &sound, run).await?;
    }
    Ok(stale.iter().map(|change| change.lead).collect())
}

/// Writes what is staged.
async fn write(
    session: &mut Session,
    company: CompanyId,
    changes: &[StatusChange],
    run: Option<RunId>,
) -> Result<()> {
    session.execute(&CHANGE_STAGED, params![company]).await?;
    session.execute(&EVENTS_OF_CHANGES, params![company, run]).await?;
    add_to_counters(session, company, changes).await?;
    session.tell(
        Change::of(company, Topic::Leads)
            .users(changes.iter().filter_map(|change| change.owner))
            .leads(changes.iter().map(|change| change.lead)),
    );
    Ok(())
}

/// One lead needs its owner's queue only if what it holds changes; several could wait for a run lead by lead, so they
/// wait for it here, in its order.
async fn lock_queues(session: &mut Session, company: CompanyId, changes: &[StatusChange]) -> Result<()> {
    let owners = changes
        .iter()
        .filter(|change| changes.len() > 1 || change.held_delta() != 0)
        .filter_map(|change| change.owner)
        .collect();
    queues::lock(session, company, owners).await?;
    Ok(())
}

async fn stage_changes(session: &mut Session, changes: &[StatusChange]) -> Result<()> {
    let rows = changes.iter().map(|change| {
        [
            Value::from(change.lead),
            Value::Int(change.version),
            change.from.into(),
            change.to.into(),
            change.owner.filter(|_| change.loses_owner).into(),
            change.actor.into(),
            change.at.into(),
        ]
    });
    session.stage(&STAGE_STATUS_CHANGES, rows).await?;
    Ok(())
}

async fn add_to_counters(session: &mut Session, company: CompanyId, changes: &[StatusChange]) -> Result<()> {
    let mut tally = Tally::default();
    for change in changes {
        if let Some(owner) = change.owner {
            match change.held_delta() {
                1 => tally.holds(owner),
                -1 => tally.lets_go(owner),
                _ => {}
            }
        }
        tally.moves(change.from, change.to);
    }
    tally.write(session, company, changes[0].lead.0, changes[0].at).await
}
