//! Many leads that a person gives to many agents in one go (R22).
//!
//! Locks are taken in the order of [`assign`]: the queues by user id, then the leads by id, then the status counters.

use crate::{
    assign::{self, ADD_TO_QUEUES, HandMove, STAGE_QUEUES},
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
    pool::Member,
    time::Moment,
};
use std::collections::{BTreeMap, HashSet};

/// Leads on their way to the agents that a person chose.
pub static STAGE_HAND_MOVES: Stage = Stage {
    name: "stage_hand_moves",
    columns: &[
        ("lead_id", Int),
        ("version", Int),
        ("from_owner_id", Int),
        ("to_owner_id", Int),
        ("from_status_id", Int),
        ("to_status_id", Int),
    ],
    key: "lead_id",
};

sql! {
    LOCK_LEADS = "SELECT l.id FROM stage_hand_moves m
        JOIN leads l ON l.company_id = $1 AND l.id = m.lead_id AND l.version = m.version
        ORDER BY l.id /*pg FOR NO KEY UPDATE OF l*/";
    MOVE_STAGED = "UPDATE leads SET owner_id = m.to_owner_id, status_id = m.to_status_id, version = leads.version + 1,
            entries = leads.entries + 1, owners_before = owners_before + 1, owned_since_ms = $2, owner_chosen_at_ms = $2,
            owner_acted_at_ms = NULL, last_activity_at_ms = $2
        FROM stage_hand_moves m
        WHERE leads.company_id = $1 AND leads.id = m.lead_id";
    EVENTS_OF_MOVES = "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, actor_id,
            from_owner_id, to_owner_id, from_status_id, to_status_id)
        SELECT $1, l.id, l.entries, $2, 'assigned', $3, m.from_owner_id, m.to_owner_id, m.from_status_id, m.to_status_id
        FROM stage_hand_moves m JOIN leads l ON l.company_id = $1 AND l.id = m.lead_id";
}

/// Locks the queues of everybody who may win or lose leads, and says how they are.
pub async fn lock(
    session: &mut Session,
    company: CompanyId,
    users: Vec<UserId>,
) -> Result<BTreeMap<UserId, Member>> {
    assign::lock_queues(session, company, users).await
}

/// Locks the leads and answers those that are still as they were looked at. The queues are locked already.
pub async fn still_as_seen(
    session: &mut Session,
    company: CompanyId,
    moves: &[HandMove],
) -> Result<HashSet<LeadId>> {
    stage(session, moves).await?;
    Ok(session.rows(&LOCK_LEADS, params![company], |row| row.get(0)).await?.into_iter().collect())
}

/// Moves leads that are locked, as are the queues: all by the same person at the same moment.
pub async fn give(
    session: &mut Session,
    company: CompanyId,
    moves: &[HandMove],
    actor: Option<UserId>,
    at: Moment,
) -> Result<()> {
    let Some(first) = moves.first() else { return Ok(()) };
    stage(session, moves).await?;
    session.execute(&MOVE_STAGED, params![company, at]).await?;
    session.execute(&EVENTS_OF_MOVES, params![company, at, actor]).await?;
    let mut queues: BTreeMap<UserId, (i64, bool)> = BTreeMap::new();
    let mut counts: BTreeMap<StatusId, i64> = BTreeMap::new();
    for m in moves {
        if let (Some(from), true) = (m.before.owner, m.open.0) {
            queues.entry(from).or_default().0 -= 1;
        }
        if m.open.1 {
            let to = queues.entry(m.to).or_default();
            *to = (to.0 + 1, true);
        }
        *counts.entry(m.before.status).or_default() -= 1;
        *counts.entry(m.status).or_default() += 1;
    }
    let rows = queues
        .iter()
        .map(|(user, (delta, received))| [Value::from(*user), Value::Int(*delta), (*received).into()]);
    session.stage(&STAGE_QUEUES, rows).await?;
    session.execute(&ADD_TO_QUEUES, params![company, at]).await?;
    session.tell(
        Change::of(company, Topic::Leads)
            .users(moves.iter().flat_map(|m| [Some(m.to), m.before.owner]).flatten())
            .leads(moves.iter().map(|m| m.lead)),
    );
    let counts: Vec<_> = counts.into_iter().collect();
    statuses::add_to_counts(session, company, first.lead.0, &counts).await
}

async fn stage(session: &mut Session, moves: &[HandMove]) -> Result<()> {
    let rows = moves.iter().map(|m| {
        [
            Value::from(m.lead),
            Value::Int(m.before.version),
            m.before.owner.into(),
            m.to.into(),
            m.before.status.into(),
            m.status.into(),
        ]
    });
    session.stage(&STAGE_HAND_MOVES, rows).await?;
    Ok(())
}
