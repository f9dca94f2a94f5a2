//! Changing owners: a run's moves, and one lead by hand. (Many by hand: `hands`. A status change can only take an owner
//! away: `status_change`.) Locks are taken in the order of [`queues`].

use crate::{
    boxed,
    changes::{Change, Topic},
    dialect::Engine,
    error::{Error, Result},
    params,
    queues::{self, Tally},
    session::Session,
    sql,
    stage::{Stage, StageType::Int},
    value::{Row, Value},
};
use domain::{
    ids::{CompanyId, LeadId, RunId, StatusId, UserId},
    pool::{Move, Outcome},
    progress::Step,
    time::Moment,
    viewer::LeadPlace,
};
use std::collections::HashSet;

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

sql! {
    MOVE_STAGED = "UPDATE leads SET owner_id = m.to_owner_id, status_id = $2, version = version + 1,
            entries = leads.entries + 1, owners_before = owners_before + 1, owned_since_ms = $3, owner_chosen_at_ms = NULL,
            owner_acted_at_ms = NULL, last_activity_at_ms = $3
        FROM stage_moves m WHERE leads.company_id = $1 AND leads.id = m.lead_id AND leads.entries = m.entries", only Postgres;
    MOVE_EACH = "UPDATE leads SET owner_id = $6, status_id = $2, version = version + 1,
            entries = entries + 1, owners_before = owners_before + 1, owned_since_ms = $3, owner_chosen_at_ms = NULL,
            owner_acted_at_ms = NULL, last_activity_at_ms = $3
        WHERE company_id = $1 AND id = $4 AND entries = $5", only Sqlite;
    IS_STATUS_THERE = "SELECT COUNT(*) FROM statuses WHERE company_id = $1 AND id = $2", only Sqlite;
    LOCK_LEADS_AS_SEEN = "SELECT COUNT(*) FROM (
            SELECT l.id FROM stage_moves m CROSS JOIN leads l
            WHERE l.company_id = $1 AND l.id = m.lead_id AND l.entries = m.entries
            ORDER BY m.lead_id /*pg FOR NO KEY UPDATE OF l*/) AS locked";
    CHANGED_SINCE = "SELECT m.lead_id FROM stage_moves m
        LEFT JOIN leads l ON l.company_id = $1 AND l.id = m.lead_id AND l.entries = m.entries
        WHERE l.id IS NULL";
    EVENTS_OF_MOVES = "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, run_id,
            from_owner_id, to_owner_id, from_status_id, to_status_id, detail)
        SELECT $1, m.lead_id, m.entries + 1, $2, 'assigned', $3, m.from_owner_id, m.to_owner_id, m.from_status_id, $4, $5
        FROM stage_moves m", only Postgres;
    EVENT_OF_EACH = "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, run_id,
            from_owner_id, to_owner_id, from_status_id, to_status_id, detail)
        VALUES ($1, $6, $7, $2, 'assigned', $3, $8, $9, $10, $4, $5)", only Sqlite;
    LEAD_BEFORE = "SELECT l.version, l.status_id, l.owner_id, l.branch_id, l.department_id, u.branch_id, u.department_id
        FROM leads l LEFT JOIN users u ON u.company_id = l.company_id AND u.id = l.owner_id
        WHERE l.company_id = $1 AND l.id = $2";
    MOVE_ONE = "UPDATE leads SET owner_id = $4, status_id = $5, version = version + 1, entries = entries + 1,
            owners_before = owners_before + 1, owned_since_ms = $6, owner_chosen_at_ms = $6, owner_acted_at_ms = NULL,
            last_activity_at_ms = $6
        WHERE company_id = $1 AND id = $2 AND version = $3 RETURNING entries";
    EVENT_OF_ONE = "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, actor_id,
            from_owner_id, to_owner_id, from_status_id, to_status_id)
        VALUES ($1, $2, $3, $4, 'assigned', $5, $6, $7, $8, $9)";
}

/// A run's moves, being claimed.
pub struct Claim<'a> {
    /// The company.
    pub company: CompanyId,
    /// The run; none for a lead that is assigned as it comes in.
    pub run: Option<RunId>,
    /// What its entry says beside that.
    pub detail: Option<&'a str>,
    /// Anything that differs between writers, for the counters.
    pub shard: i64,
    /// When.
    pub at: Moment,
    /// The status that assignment gives (R5).
    pub status: StatusId,
    /// Every move; the lead's owner and status are those of the snapshot.
    pub moves: &'a [Move],
}

/// Applies a run's moves inside the transaction: locks the queues and the leads, takes out what a person changed since
/// the snapshot, counts room again, and moves the rest. On SQLite, where there is room for all of them, what was changed
/// shows in the moving.
///
/// Owners and the status are looked for here, and what else is written refers to users and runs, which never go, and to
/// statuses that have leads: so the transaction may be a [checked](crate::Store::write_checked) one.
#[boxed]
pub async fn claim(session: &mut Session, claim: &Claim<'_>) -> Result<Outcome> {
    let users = claim.moves.iter().flat_map(|m| [Some(m.to), m.from]).flatten().collect();
    session.step(Step::Locking, claim.moves.len() as u64).await?;
    let members = queues::lock(session, claim.company, users).await?;
    // The owners are among those that were locked, or get nothing.
    if session.engine() == Engine::Sqlite {
        let values = params![claim.company, claim.status];
        if session.one(&IS_STATUS_THERE, values, |row| row.get::<i64>(0)).await? == 0 {
            return Err(Error::Gone { constraint: "leads: status_id".into() });
        }
    }
    let held = members.values().map(|member| (member.id, member.held)).collect();
    let mut claimed = Outcome { moved: claim.moves.to_vec(), held, ..Outcome::default() };
    // Where there is room for all of them, it shows as they move what a person changed.
    let shows_in_moving = session.engine() == Engine::Sqlite && claimed.has_room_for_any_part(&members);
    if !shows_in_moving {
        let gone = changed_since(session, claim).await?;
        claimed.leave(&gone);
        claimed.drop_surplus(&members);
    }
    session.step(Step::Moving, claimed.moved.len() as u64).await?;
    let gone = match session.engine() {
        Engine::Sqlite => move_each(session, claim, &claimed.moved).await?,
        Engine::Postgres => {
            move_staged(session, claim, &claimed).await?;
            HashSet::new()
        }
    };
    if !gone.is_empty() && !shows_in_moving {
        return Err(could_not_move());
    }
    claimed.leave(&gone);
    session.step(Step::Noting, claimed.moved.len() as u64).await?;
    match session.engine() {
        Engine::Sqlite => note_each(session, claim, &claimed.moved).await?,
        Engine::Postgres => {
            let values = params![claim.company, claim.at, claim.run, claim.status, claim.detail];
            session.execute(&EVENTS_OF_MOVES, values).await?;
        }
    }
    add_to_counters(session, claim, &claimed.moved).await?;
    session.tell(
        Change::of(claim.company, Topic::Leads)
            .users(claimed.moved.iter().flat_map(|m| [Some(m.to), m.from]).flatten())
            .leads(claimed.moved.iter().map(|m| m.lead)),
    );
    Ok(claimed)
}

/// Locks the leads and answers which of them are not as the snapshot saw them.
async fn changed_since(session: &mut Session, claim: &Claim<'_>) -> Result<HashSet<LeadId>> {
    stage_moves(session, claim.moves).await?;
    let as_seen: i64 = session.one(&LOCK_LEADS_AS_SEEN, params![claim.company], |row| row.get(0)).await?;
    if as_seen == claim.moves.len() as i64 {
        return Ok(HashSet::new());
    }
    Ok(session.rows(&CHANGED_SINCE, params![claim.company], |row| row.get(0)).await?.into_iter().collect())
}

/// Moves what is staged, after what does not move has been taken out of the stage.
async fn move_staged(session: &mut Session, claim: &Claim<'_>, claimed: &Outcome) -> Result<()> {
    if claimed.moved.len() < claim.moves.len() {
        stage_moves(session, &claimed.moved).await?;
    }
    let moved = session.execute(&MOVE_STAGED, params![claim.company, claim.status, claim.at]).await?;
    if moved != claimed.moved.len() as u64 {
        return Err(could_not_move());
    }
    Ok(())
}

fn could_not_move() -> Error {
    Error::Sql("leads that were locked could not be moved".into())
}

/// Moves one lead after the other, along the table, and answers which are not as the snapshot saw them: on SQLite that
/// takes a fifth less time than the stage, the look at it and the join with it.
async fn move_each(session: &mut Session, claim: &Claim<'_>, moves: &[Move]) -> Result<HashSet<LeadId>> {
    let moves = by_lead(moves);
    let fixed = [Value::from(claim.company), claim.status.into(), claim.at.into()];
    let rows = moves.iter().map(|m| {
        let [company, status, at] = fixed;
        [company, status, at, m.lead.into(), Value::Int(m.entries), m.to.into()]
    });
    let idle = session.execute_each(&MOVE_EACH, rows).await?;
    Ok(idle.into_iter().map(|place| moves[place].lead).collect())
}

/// The entries of the same leads.
async fn note_each(session: &mut Session, claim: &Claim<'_>, moves: &[Move]) -> Result<()> {
    let moves = by_lead(moves);
    let fixed =
        [claim.company.into(), claim.at.into(), claim.run.into(), claim.status.into(), claim.detail.into()];
    let rows = moves.iter().map(|m| {
        let [company, at, run, status, detail]: [Value<'_>; 5] = fixed;
        let (lead, entry) = (m.lead.into(), Value::Int(m.entries + 1));
        [company, at, run, status, detail, lead, entry, m.from.into(), m.to.into(), m.status.into()]
    });
    session.execute_each(&EVENT_OF_EACH, rows).await?;
    Ok(())
}

fn by_lead(moves: &[Move]) -> Vec<&Move> {
    let mut moves: Vec<&Move> = moves.iter().collect();
    moves.sort_unstable_by_key(|m| m.lead);
    moves
}

async fn stage_moves(session: &mut Session, moves: &[Move]) -> Result<()> {
    let rows = moves.iter().map(|m| {
        [Value::from(m.lead), Value::Int(m.entries), m.from.into(), Value::from(m.to), Value::from(m.status)]
    });
    session.stage(&STAGE_MOVES, rows).await?;
    Ok(())
}

async fn add_to_counters(session: &mut Session, claim: &Claim<'_>, moved: &[Move]) -> Result<()> {
    let mut tally = Tally::default();
    for m in moved {
        tally.receives(m.to);
        if let Some(from) = m.from {
            tally.lets_go(from);
        }
        tally.moves(m.status, claim.status);
    }
    tally.write(session, claim.company, claim.shard, claim.at).await
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

/// The lead as it is now, and what decides who may see it; not locked.
#[boxed]
pub async fn lead_before(
    session: &mut Session,
    company: CompanyId,
    lead: LeadId,
) -> Result<Option<(LeadBefore, LeadPlace)>> {
    session
        .optional(&LEAD_BEFORE, params![company, lead], |row| {
            let place = read_place(row, 2)?;
            Ok((LeadBefore { owner: place.owner, status: row.get(1)?, version: row.get(0)? }, place))
        })
        .await
}

/// Owner, branch, department, and the owner's branch and department, from this column on.
pub(crate) fn read_place(row: &Row<'_>, first: usize) -> Result<LeadPlace> {
    Ok(LeadPlace {
        owner: row.get(first)?,
        branch: row.get(first + 1)?,
        department: row.get(first + 2)?,
        owner_branch: row.get(first + 3)?,
        owner_department: row.get(first + 4)?,
    })
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
#[boxed]
pub async fn move_one(session: &mut Session, company: CompanyId, m: &HandMove) -> Result<bool> {
    let values = params![company, m.lead, m.before.version, m.to, m.status, m.at];
    let Some(entries) = session.optional(&MOVE_ONE, values, |row| row.get::<i64>(0)).await? else {
        return Ok(false);
    };
    let values =
        params![company, m.lead, entries, m.at, m.actor, m.before.owner, m.to, m.before.status, m.status];
    session.execute(&EVENT_OF_ONE, values).await?;
    let mut tally = Tally::default();
    tally.hand_move(m);
    tally.write(session, company, m.lead.0, m.at).await?;
    let users = [Some(m.to), m.before.owner].into_iter().flatten();
    session.tell(Change::of(company, Topic::Leads).users(users).leads([m.lead]));
    Ok(true)
}

impl Tally {
    /// A lead goes from hand to hand.
    pub(crate) fn hand_move(&mut self, m: &HandMove) {
        if let (Some(from), true) = (m.before.owner, m.open.0) {
            self.lets_go(from);
        }
        if m.open.1 {
            self.receives(m.to);
        }
        self.moves(m.before.status, m.status);
    }
}
