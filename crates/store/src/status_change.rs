//! Changing statuses by hand: one lead, the ticked ones, or a day of them, in the same few statements.
//!
//! Locks are taken in the order of [`assign`](crate::assign): the queues by user id, then the leads by id, then the
//! status counters. Whoever holds its queue knows that no lead leaves or enters it meanwhile.

use crate::{
    assign::STAGE_QUEUES,
    changes::{Change, Topic},
    error::Result,
    params,
    session::Session,
    sql,
    stage::{Stage, StageType::Int},
    statuses,
    value::Value,
};
use domain::{
    ids::{CompanyId, LeadId, StatusId, UserId},
    time::Moment,
    viewer::LeadPlace,
};
use std::collections::{BTreeMap, HashSet};

/// Leads that somebody has ticked.
pub static STAGE_TICKED: Stage = Stage { name: "stage_ticked", columns: &[("lead_id", Int)], key: "lead_id" };

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
    TICKED = "SELECT l.id, l.version, l.status_id, l.owner_id, l.branch_id, l.department_id, u.branch_id, u.department_id
        FROM stage_ticked t
        JOIN leads l ON l.company_id = $1 AND l.id = t.lead_id
        LEFT JOIN users u ON u.company_id = $1 AND u.id = l.owner_id";
    LOCK_QUEUES = "SELECT q.user_id FROM stage_queues s
        JOIN queues q ON q.company_id = $1 AND q.user_id = s.user_id
        ORDER BY q.user_id /*pg FOR NO KEY UPDATE OF q*/";
    LOCK_LEADS = "SELECT l.id FROM stage_status_changes c
        JOIN leads l ON l.company_id = $1 AND l.id = c.lead_id AND l.version = c.version
        ORDER BY l.id /*pg FOR NO KEY UPDATE OF l*/";
    CHANGE_STAGED = "UPDATE leads SET status_id = c.to_status_id, version = leads.version + 1, entries = leads.entries + 1,
            last_activity_at_ms = c.at_ms,
            owner_id = CASE WHEN c.loser_id IS NULL THEN leads.owner_id END,
            owned_since_ms = CASE WHEN c.loser_id IS NULL THEN leads.owned_since_ms END,
            owner_chosen_at_ms = CASE WHEN c.loser_id IS NULL THEN leads.owner_chosen_at_ms END,
            owner_acted_at_ms = CASE WHEN c.loser_id IS NOT NULL THEN NULL
                WHEN c.actor_id = leads.owner_id THEN c.at_ms ELSE leads.owner_acted_at_ms END
        FROM stage_status_changes c
        WHERE leads.company_id = $1 AND leads.id = c.lead_id";
    EVENTS_OF_CHANGES = "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, actor_id,
            from_owner_id, from_status_id, to_status_id)
        SELECT $1, l.id, l.entries, c.at_ms, 'status', c.actor_id, c.loser_id, c.from_status_id, c.to_status_id
        FROM stage_status_changes c JOIN leads l ON l.company_id = $1 AND l.id = c.lead_id";
    ADD_TO_QUEUES = "UPDATE queues SET held = queues.held + s.delta FROM stage_queues s
        WHERE queues.company_id = $1 AND queues.user_id = s.user_id";
}

/// A ticked lead as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticked {
    /// Which.
    pub lead: LeadId,
    /// Its version.
    pub version: i64,
    /// Its status.
    pub status: StatusId,
    /// Whose it is and where it belongs: what decides who may see it.
    pub place: LeadPlace,
}

/// The leads with these identifiers, each named once, in no particular order; not locked.
pub async fn ticked(session: &mut Session, company: CompanyId, leads: &[LeadId]) -> Result<Vec<Ticked>> {
    session.stage(&STAGE_TICKED, leads.iter().map(|lead| [Value::from(*lead)])).await?;
    session
        .rows(&TICKED, params![company], |row| {
            Ok(Ticked {
                lead: row.get(0)?,
                version: row.get(1)?,
                status: row.get(2)?,
                place: LeadPlace {
                    owner: row.get(3)?,
                    branch: row.get(4)?,
                    department: row.get(5)?,
                    owner_branch: row.get(6)?,
                    owner_department: row.get(7)?,
                },
            })
        })
        .await
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
/// version: they are as they were.
pub async fn change(
    session: &mut Session,
    company: CompanyId,
    changes: &[StatusChange],
) -> Result<HashSet<LeadId>> {
    lock_queues(session, company, changes).await?;
    stage_changes(session, changes).await?;
    let unchanged: HashSet<LeadId> =
        session.rows(&LOCK_LEADS, params![company], |row| row.get(0)).await?.into_iter().collect();
    let (sound, stale): (Vec<StatusChange>, Vec<StatusChange>) =
        changes.iter().partition(|change| unchanged.contains(&change.lead));
    if sound.is_empty() {
        return Ok(stale.iter().map(|change| change.lead).collect());
    }
    if !stale.is_empty() {
        stage_changes(session, &sound).await?;
    }
    session.execute(&CHANGE_STAGED, params![company]).await?;
    session.execute(&EVENTS_OF_CHANGES, params![company]).await?;
    add_to_counters(session, company, &sound).await?;
    session.tell(
        Change::of(company, Topic::Leads)
            .users(sound.iter().filter_map(|change| change.owner))
            .leads(sound.iter().map(|change| change.lead)),
    );
    Ok(stale.iter().map(|change| change.lead).collect())
}

/// One lead needs its owner's queue only if what it holds changes; several could wait for a run lead by lead, so they
/// wait for it here, in its order.
async fn lock_queues(session: &mut Session, company: CompanyId, changes: &[StatusChange]) -> Result<()> {
    let mut owners: Vec<UserId> = changes
        .iter()
        .filter(|change| changes.len() > 1 || change.held_delta() != 0)
        .filter_map(|change| change.owner)
        .collect();
    if owners.is_empty() {
        return Ok(());
    }
    owners.sort_unstable();
    owners.dedup();
    let rows = owners.iter().map(|owner| [Value::from(*owner), Value::Int(0), Value::Int(0)]);
    session.stage(&STAGE_QUEUES, rows).await?;
    session.each(&LOCK_QUEUES, params![company], |_| Ok(())).await
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
    let mut queues: BTreeMap<UserId, i64> = BTreeMap::new();
    let mut counts: BTreeMap<StatusId, i64> = BTreeMap::new();
    for change in changes {
        if let Some(owner) = change.owner {
            *queues.entry(owner).or_default() += change.held_delta();
        }
        *counts.entry(change.from).or_default() -= 1;
        *counts.entry(change.to).or_default() += 1;
    }
    queues.retain(|_, delta| *delta != 0);
    if !queues.is_empty() {
        let rows =
            queues.iter().map(|(owner, delta)| [Value::from(*owner), Value::Int(*delta), Value::Int(0)]);
        session.stage(&STAGE_QUEUES, rows).await?;
        session.execute(&ADD_TO_QUEUES, params![company]).await?;
    }
    let counts: Vec<_> = counts.into_iter().collect();
    statuses::add_to_counts(session, company, changes[0].lead.0, &counts).await
}
