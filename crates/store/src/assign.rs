//! Changing owners. (A status change can only take an owner away: `status_change`.)
//!
//! Everything that changes an owner takes its locks in one order: the queues involved by user id, then the leads, then
//! the status counters. So two changes never wait for each other, and a queue that is locked cannot grow past a cap
//! behind anybody's back (R32).

use crate::{
    changes::{Change, Topic},
    error::{Error, Result},
    params,
    session::Session,
    sql,
    stage::{Stage, StageType::Int},
    statuses,
    users::read_member,
    value::Value,
};
use domain::{
    ids::{CompanyId, LeadId, RunId, StatusId, UserId},
    pool::{Member, Move, Outcome},
    time::Moment,
};
use std::collections::{BTreeMap, HashSet};

/// Leads on their way to another owner.
pub static STAGE_MOVES: Stage = Stage {
    name: "stage_moves",
    columns: &[
        ("lead_id", Int),
        ("entries", Int),
        ("from_owner_id", Int),
        ("to_owner_id", Int),
        ("from_status_id", Int),
    ],
    key: "lead_id",
};

/// Queues that are locked, and what is added to them.
pub static STAGE_QUEUES: Stage = Stage {
    name: "stage_queues",
    columns: &[("user_id", Int), ("delta", Int), ("received", Int)],
    key: "user_id",
};

sql! {
    LOCK_QUEUES = "SELECT u.id, u.name, u.branch_id, u.department_id, u.lead_cap, q.held, q.last_received_at_ms,
            r.receives_leads, CASE WHEN u.banned_at_ms IS NULL THEN 0 ELSE 1 END
        FROM stage_queues s
        JOIN queues q ON q.company_id = $1 AND q.user_id = s.user_id
        JOIN users u ON u.company_id = $1 AND u.id = s.user_id
        JOIN roles r ON r.company_id = $1 AND r.id = u.role_id
        ORDER BY q.user_id /*pg FOR UPDATE OF q FOR SHARE OF u*/";
    LOCK_TWO_QUEUES = "SELECT u.id, u.name, u.branch_id, u.department_id, u.lead_cap, q.held, q.last_received_at_ms,
            r.receives_leads, CASE WHEN u.banned_at_ms IS NULL THEN 0 ELSE 1 END
        FROM queues q
        JOIN users u ON u.company_id = q.company_id AND u.id = q.user_id
        JOIN roles r ON r.company_id = u.company_id AND r.id = u.role_id
        WHERE q.company_id = $1 AND q.user_id IN ($2, $3)
        ORDER BY q.user_id /*pg FOR UPDATE OF q FOR SHARE OF u*/";
    MOVE_STAGED = "UPDATE leads SET owner_id = m.to_owner_id, status_id = $2, version = version + 1, entries = leads.entries + 1,
            owners_before = owners_before + 1, owned_since_ms = $3, owner_chosen_at_ms = NULL, owner_acted_at_ms = NULL,
            last_activity_at_ms = $3
        FROM stage_moves m
        WHERE leads.company_id = $1 AND leads.id = m.lead_id AND leads.entries = m.entries";
    LOCK_LEADS_AS_SEEN = "SELECT COUNT(*) FROM (
            SELECT l.id FROM stage_moves m
            JOIN leads l ON l.company_id = $1 AND l.id = m.lead_id AND l.entries = m.entries
            ORDER BY l.id /*pg FOR NO KEY UPDATE OF l*/) AS locked";
    CHANGED_SINCE = "SELECT m.lead_id FROM stage_moves m
        LEFT JOIN leads l ON l.company_id = $1 AND l.id = m.lead_id AND l.entries = m.entries
        WHERE l.id IS NULL";
    EVENTS_OF_MOVES = "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, run_id,
            from_owner_id, to_owner_id, from_status_id, to_status_id)
        SELECT $1, m.lead_id, m.entries + 1, $2, 'assigned', $3, m.from_owner_id, m.to_owner_id, m.from_status_id, $4
        FROM stage_moves m";
    pub(crate) ADD_TO_QUEUES = "UPDATE queues SET held = held + s.delta,
            last_received_at_ms = CASE WHEN s.received = 1 THEN $2 ELSE last_received_at_ms END
        FROM stage_queues s
        WHERE queues.company_id = $1 AND queues.user_id = s.user_id";
    ADD_TO_QUEUE = "UPDATE queues SET held = held + $3,
            last_received_at_ms = CASE WHEN $3 > 0 THEN $4 ELSE last_received_at_ms END
        WHERE company_id = $1 AND user_id = $2";
    LEAD_BEFORE = "SELECT owner_id, status_id, version, entries FROM leads WHERE company_id = $1 AND id = $2";
    MOVE_ONE = "UPDATE leads SET owner_id = $4, status_id = $5, version = version + 1, entries = entries + 1,
            owners_before = owners_before + 1, owned_since_ms = $6, owner_chosen_at_ms = $6, owner_acted_at_ms = NULL,
            last_activity_at_ms = $6
        WHERE company_id = $1 AND id = $2 AND version = $3 RETURNING entries";
    EVENT_OF_ONE = "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, actor_id,
            from_owner_id, to_owner_id, from_status_id, to_status_id)
        VALUES ($1, $2, $3, $4, 'assigned', $5, $6, $7, $8, $9)";
    LAST_CHANGE = "SELECT e.at_ms, e.kind, a.name FROM lead_events e
        LEFT JOIN users a ON a.company_id = e.company_id AND a.id = e.actor_id
        WHERE e.company_id = $1 AND e.lead_id = $2 ORDER BY e.entry DESC LIMIT 1";
}

/// A run's moves, being claimed.
pub struct Claim<'a> {
    /// The company.
    pub company: CompanyId,
    /// The run.
    pub run: RunId,
    /// When.
    pub at: Moment,
    /// The status that assignment gives (R5).
    pub status: StatusId,
    /// Every move; the lead's owner and status are those of the snapshot.
    pub moves: &'a [Move],
}

/// Applies a run's moves inside the transaction: locks the queues and the leads, takes out what a person changed since
/// the snapshot, counts room again, and moves the rest.
pub async fn claim(session: &mut Session, claim: &Claim<'_>) -> Result<Outcome> {
    let users = claim.moves.iter().flat_map(|m| [Some(m.to), m.from]).flatten().collect();
    let members = lock_queues(session, claim.company, users).await?;
    let held = members.values().map(|member| (member.id, member.held)).collect();
    stage_moves(session, claim.moves).await?;
    let as_seen: i64 = session.one(&LOCK_LEADS_AS_SEEN, params![claim.company], |row| row.get(0)).await?;
    let (changed, moved) = if as_seen == claim.moves.len() as i64 {
        (Vec::new(), claim.moves.to_vec())
    } else {
        let gone: HashSet<LeadId> = session
            .rows(&CHANGED_SINCE, params![claim.company], |row| row.get(0))
            .await?
            .into_iter()
            .collect();
        claim.moves.iter().partition(|m| gone.contains(&m.lead))
    };
    let mut claimed = Outcome { moved, changed, held, ..Outcome::default() };
    claimed.drop_surplus(&members);
    if claimed.moved.len() < claim.moves.len() {
        stage_moves(session, &claimed.moved).await?;
    }
    let moved = session.execute(&MOVE_STAGED, params![claim.company, claim.status, claim.at]).await?;
    if moved != claimed.moved.len() as u64 {
        return Err(Error::Sql("leads that were locked could not be moved".into()));
    }
    session.execute(&EVENTS_OF_MOVES, params![claim.company, claim.at, claim.run, claim.status]).await?;
    add_to_counters(session, claim, &claimed.moved).await?;
    session.tell(
        Change::of(claim.company, Topic::Leads)
            .users(claimed.moved.iter().flat_map(|m| [Some(m.to), m.from]).flatten())
            .leads(claimed.moved.iter().map(|m| m.lead)),
    );
    Ok(claimed)
}

async fn stage_moves(session: &mut Session, moves: &[Move]) -> Result<()> {
    let rows = moves.iter().map(|m| {
        [Value::from(m.lead), Value::Int(m.entries), m.from.into(), Value::from(m.to), Value::from(m.status)]
    });
    session.stage(&STAGE_MOVES, rows).await?;
    Ok(())
}

/// Locks the queues of these users, in the order of ids, and says how they are.
pub(crate) async fn lock_queues(
    session: &mut Session,
    company: CompanyId,
    mut users: Vec<UserId>,
) -> Result<BTreeMap<UserId, Member>> {
    users.sort_unstable();
    users.dedup();
    session
        .stage(&STAGE_QUEUES, users.iter().map(|user| [Value::from(*user), Value::Int(0), Value::Int(0)]))
        .await?;
    let members = session.rows(&LOCK_QUEUES, params![company], read_member).await?;
    Ok(members.into_iter().map(|member| (member.id, member)).collect())
}

async fn add_to_counters(session: &mut Session, claim: &Claim<'_>, moved: &[Move]) -> Result<()> {
    let mut queues: BTreeMap<UserId, (i64, bool)> = BTreeMap::new();
    let mut counts: BTreeMap<StatusId, i64> = BTreeMap::new();
    for m in moved {
        let to = queues.entry(m.to).or_default();
        to.0 += 1;
        to.1 = true;
        if let Some(from) = m.from {
            queues.entry(from).or_default().0 -= 1;
        }
        *counts.entry(m.status).or_default() -= 1;
        *counts.entry(claim.status).or_default() += 1;
    }
    let rows = queues
        .iter()
        .map(|(user, (delta, received))| [Value::from(*user), Value::Int(*delta), (*received).into()]);
    session.stage(&STAGE_QUEUES, rows).await?;
    session.execute(&ADD_TO_QUEUES, params![claim.company, claim.at]).await?;
    let counts: Vec<_> = counts.into_iter().collect();
    statuses::add_to_counts(session, claim.company, claim.run.0, &counts).await
}

/// One lead as a writer needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeadBefore {
    /// Its owner.
    pub owner: Option<UserId>,
    /// Its status.
    pub status: StatusId,
    /// Its version.
    pub version: i64,
}

/// The lead as it is now; not locked.
pub async fn lead_before(
    session: &mut Session,
    company: CompanyId,
    lead: LeadId,
) -> Result<Option<LeadBefore>> {
    session
        .optional(&LEAD_BEFORE, params![company, lead], |row| {
            Ok(LeadBefore { owner: row.get(0)?, status: row.get(1)?, version: row.get(2)? })
        })
        .await
}

/// Locks the queues of the owner-to-be and of the present owner, in the order of ids.
pub async fn lock_two_queues(
    session: &mut Session,
    company: CompanyId,
    to: UserId,
    from: Option<UserId>,
) -> Result<Vec<Member>> {
    session.rows(&LOCK_TWO_QUEUES, params![company, to, from.unwrap_or(to)], read_member).await
}

/// One lead that a person gives to an agent.
#[derive(Debug, Clone, Copy)]
pub struct HandMove {
    /// Which.
    pub lead: LeadId,
    /// How it was.
    pub before: LeadBefore,
    /// Its owner from now on.
    pub to: UserId,
    /// Its status from now on.
    pub status: StatusId,
    /// Whether it counts as held before and after.
    pub open: (bool, bool),
    /// Who does it.
    pub actor: Option<UserId>,
    /// When.
    pub at: Moment,
}

/// Moves one lead whose queues are locked. False: somebody changed it since; nothing was done.
pub async fn move_one(session: &mut Session, company: CompanyId, m: &HandMove) -> Result<bool> {
    let values = params![company, m.lead, m.before.version, m.to, m.status, m.at];
    let Some(entries) = session.optional(&MOVE_ONE, values, |row| row.get::<i64>(0)).await? else {
        return Ok(false);
    };
    let values =
        params![company, m.lead, entries, m.at, m.actor, m.before.owner, m.to, m.before.status, m.status];
    session.execute(&EVENT_OF_ONE, values).await?;
    if let (Some(from), true) = (m.before.owner, m.open.0) {
        session.execute(&ADD_TO_QUEUE, params![company, from, -1_i64, m.at]).await?;
    }
    if m.open.1 {
        session.execute(&ADD_TO_QUEUE, params![company, m.to, 1_i64, m.at]).await?;
    }
    if m.before.status != m.status {
        let deltas = [(m.before.status, -1), (m.status, 1)];
        statuses::add_to_counts(session, company, m.lead.0, &deltas).await?;
    }
    let users = [Some(m.to), m.before.owner].into_iter().flatten();
    session.tell(Change::of(company, Topic::Leads).users(users).leads([m.lead]));
    Ok(true)
}

/// When the lead last changed, how, and by whom: what a conflict tells (R24).
pub async fn last_change(
    session: &mut Session,
    company: CompanyId,
    lead: LeadId,
) -> Result<Option<(Moment, String, Option<String>)>> {
    session
        .optional(&LAST_CHANGE, params![company, lead], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .await
}
