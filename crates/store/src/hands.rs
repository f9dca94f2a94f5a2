//! Many leads that a person gives away in one go (R22). Locks are taken in the order of [`queues`](crate::queues).

use crate::{
    assign::HandMove,
    boxed,
    changes::{Change, Topic},
    error::Result,
    params,
    queues::Tally,
    session::Session,
    sql,
    stage::{Stage, StageType::Int},
    value::Value,
};
use domain::{
    ids::{CompanyId, LeadId, RunId, UserId},
    time::Moment,
};

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
    LOCK_LEADS = "SELECT l.id FROM stage_hand_moves m CROSS JOIN leads l
        WHERE l.company_id = $1 AND l.id = m.lead_id AND l.version = m.version
        ORDER BY m.lead_id /*pg FOR NO KEY UPDATE OF l*/";
    MOVE_STAGED = "UPDATE leads SET owner_id = m.to_owner_id, status_id = m.to_status_id, version = leads.version + 1,
            entries = leads.entries + 1, owners_before = owners_before + 1, owned_since_ms = $2, owner_chosen_at_ms = $2,
            owner_acted_at_ms = NULL, last_activity_at_ms = $2
        FROM stage_hand_moves m
        WHERE leads.company_id = $1 AND leads.id = m.lead_id
            /*sqlite AND leads.id IN (SELECT lead_id FROM stage_hand_moves)*/";
    EVENTS_OF_MOVES = "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, actor_id, run_id,
            from_owner_id, to_owner_id, from_status_id, to_status_id)
        SELECT $1, l.id, l.entries, $2, 'assigned', $3, $4, m.from_owner_id, m.to_owner_id, m.from_status_id, m.to_status_id
        FROM stage_hand_moves m CROSS JOIN leads l WHERE l.company_id = $1 AND l.id = m.lead_id";
}

/// Locks the leads and answers those that are still as they were looked at, in the order of ids. The queues are locked
/// already.
#[boxed]
pub async fn still_as_seen(
    session: &mut Session,
    company: CompanyId,
    moves: &[HandMove],
) -> Result<Vec<LeadId>> {
    stage(session, moves).await?;
    session.rows(&LOCK_LEADS, params![company], |row| row.get(0)).await
}

/// Who gives leads away, when, and the record it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Giving {
    /// Who; none for the command line.
    pub actor: Option<UserId>,
    /// When.
    pub at: Moment,
    /// The record.
    pub run: Option<RunId>,
    /// These very moves, with their owners, are staged already.
    pub staged: bool,
}

/// Moves leads that are locked, as are the queues.
#[boxed]
pub async fn give(
    session: &mut Session,
    company: CompanyId,
    moves: &[HandMove],
    giving: Giving,
) -> Result<()> {
    let Some(first) = moves.first() else { return Ok(()) };
    if !giving.staged {
        stage(session, moves).await?;
    }
    session.execute(&MOVE_STAGED, params![company, giving.at]).await?;
    session.execute(&EVENTS_OF_MOVES, params![company, giving.at, giving.actor, giving.run]).await?;
    let mut tally = Tally::default();
    for m in moves {
        tally.hand_move(m);
    }
    tally.write(session, company, first.lead.0, giving.at).await?;
    session.tell(
        Change::of(company, Topic::Leads)
            .users(moves.iter().flat_map(|m| [Some(m.to), m.before.owner]).flatten())
            .leads(moves.iter().map(|m| m.lead)),
    );
    Ok(())
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
