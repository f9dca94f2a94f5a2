//! Changing a company's statuses: adding, editing, and taking one away for good (R3–R6).
//!
//! Whoever changes them holds the company's alarm (`jobs::lock_alarm`), which the settings of the jobs are saved under
//! too: two who edit take turns, and everything here is read after that.

use crate::{
    boxed,
    changes::{Change, Topic, Which},
    dialect::Engine,
    error::{Error, Result},
    ids::Kind,
    limits, params,
    session::Session,
    sql, statuses,
};
use domain::{
    ids::{CompanyId, LeadId, StatusId, UserId},
    status::{StatusKind, StatusMark, Statuses},
    text::fold,
};

sql! {
    SET = "UPDATE statuses SET position = $3, name = $4, name_folded = $5, kind = $6
        WHERE company_id = $1 AND id = $2 AND (position <> $3 OR name <> $4 OR kind <> $6)";
    TAKE_MARK = "UPDATE statuses SET mark = NULL WHERE company_id = $1 AND mark = 'assigned'";
    GIVE_MARK = "UPDATE statuses SET mark = 'assigned' WHERE company_id = $1 AND id = $2";
    HOLD_READERS = "LOCK TABLE statuses IN ACCESS EXCLUSIVE MODE", only Postgres;
    ADD_TO_QUEUES = "UPDATE queues SET held = held + $3 * o.leads
        FROM (SELECT owner_id, COUNT(*) AS leads FROM leads
            WHERE company_id = $1 AND status_id = $2 AND owner_id IS NOT NULL GROUP BY owner_id) o
        WHERE queues.company_id = $1 AND queues.user_id = o.owner_id";
    LEADS = "SELECT COUNT(*) FROM leads WHERE company_id = $1 AND status_id = $2";
    OWNERS = "SELECT DISTINCT owner_id FROM leads WHERE company_id = $1 AND status_id = $2 AND owner_id IS NOT NULL";
    LOCK_LEADS = "SELECT id, version, owner_id FROM leads WHERE company_id = $1 AND status_id = $2
        ORDER BY id /*pg FOR NO KEY UPDATE*/";
    LOCK_IF_IDLE = "SELECT id FROM statuses WHERE company_id = $1 AND id = $2 /*pg FOR UPDATE SKIP LOCKED*/";
    LOCK = "SELECT id FROM statuses WHERE company_id = $1 AND id = $2 /*pg FOR UPDATE*/";
    FORGET_COUNTS = "DELETE FROM status_counts WHERE company_id = $1 AND status_id = $2";
    KEEP_NAME = "INSERT INTO statuses_gone (company_id, id, name) SELECT company_id, id, name FROM statuses
        WHERE company_id = $1 AND id = $2";
    DELETE = "DELETE FROM statuses WHERE company_id = $1 AND id = $2";
}

/// An identifier for a status that is to be added.
#[boxed]
pub async fn new_id(session: &mut Session) -> Result<StatusId> {
    Ok(StatusId(session.new_id(Kind::Status).await?))
}

/// Writes what differs between two states of the list: names, kinds, order, the mark of R5, and a status more. A status
/// less is [`delete`]d. What counts as held has to be settled with [`settle_queues`].
#[boxed]
pub async fn write(
    session: &mut Session,
    company: CompanyId,
    before: &Statuses,
    after: &Statuses,
) -> Result<()> {
    let (marked, to_be_marked) = (before.marked(StatusMark::Assigned), after.marked(StatusMark::Assigned));
    let is_moving = marked.id != to_be_marked.id;
    if is_moving {
        session.execute(&TAKE_MARK, params![company]).await?;
    }
    for (position, status) in (1_i64..).zip(after.iter()) {
        let (folded, kind) = (fold(&status.name), status.kind.word());
        if before.get(status.id).is_some() {
            session.execute(&SET, params![company, status.id, position, &status.name, &folded, kind]).await?;
        } else {
            let mark = status.mark.map(StatusMark::word);
            session
                .execute(
                    &statuses::INSERT,
                    params![company, status.id, position, &status.name, &folded, kind, mark],
                )
                .await?;
        }
    }
    if is_moving {
        session.execute(&GIVE_MARK, params![company, to_be_marked.id]).await?;
    }
    session.tell(Change::of(company, Topic::Settings));
    Ok(())
}

/// Keeps out, to the end of the transaction, everybody who looks at statuses: what is open and what assignment gives
/// does not change under a transaction that has read it. On SQLite there is one writer anyway. On PostgreSQL this waits
/// for those who have read them, for a moment only, since whoever comes later waits behind it.
#[boxed]
pub async fn hold_readers(session: &mut Session) -> Result<()> {
    if session.engine() != Engine::Postgres {
        return Ok(());
    }
    let waits = limits::STATUSES_HELD;
    session.batch(&format!("SET LOCAL lock_timeout = {}", waits.as_millis())).await?;
    session.execute(&HOLD_READERS, &[]).await.map_err(|error| match error {
        Error::Busy { .. } => Error::Busy { waited: waits },
        other => other,
    })?;
    Ok(())
}

/// The leads of a status count as held from now on, or no longer: every owner's queue is settled. Readers are held.
#[boxed]
pub async fn settle_queues(
    session: &mut Session,
    company: CompanyId,
    status: StatusId,
    kind: StatusKind,
) -> Result<()> {
    let sign = if kind == StatusKind::Open { 1_i64 } else { -1 };
    session.execute(&ADD_TO_QUEUES, params![company, status, sign]).await?;
    session.tell(Change { users: Which::All, ..Change::of(company, Topic::Leads).all_leads() });
    Ok(())
}

/// How many leads are in a status: counted, not read from the counters.
#[boxed]
pub async fn leads(session: &mut Session, company: CompanyId, status: StatusId) -> Result<i64> {
    session.one(&LEADS, params![company, status], |row| row.get(0)).await
}

/// Who owns leads in a status; not locked.
#[boxed]
pub async fn owners(session: &mut Session, company: CompanyId, status: StatusId) -> Result<Vec<UserId>> {
    session.rows(&OWNERS, params![company, status], |row| row.get(0)).await
}

/// A lead in a status, locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeadIn {
    /// Which.
    pub lead: LeadId,
    /// Its version.
    pub version: i64,
    /// Its owner.
    pub owner: Option<UserId>,
}

/// Locks the leads in a status, in the order of ids. Their owners' queues are locked already.
#[boxed]
pub async fn lock_leads(session: &mut Session, company: CompanyId, status: StatusId) -> Result<Vec<LeadIn>> {
    session
        .rows(&LOCK_LEADS, params![company, status], |row| {
            Ok(LeadIn { lead: row.get(0)?, version: row.get(1)?, owner: row.get(2)? })
        })
        .await
}

/// Locks a status, unless a transaction under way has put leads into it. It never waits, so it may be asked for with
/// other locks in hand; whoever wants to put a lead into it afterwards waits, and finds it gone.
#[boxed]
pub async fn lock_if_idle(session: &mut Session, company: CompanyId, status: StatusId) -> Result<bool> {
    let locked = session.optional(&LOCK_IF_IDLE, params![company, status], |row| row.get::<i64>(0)).await?;
    Ok(locked.is_some())
}

/// Waits until the transactions are over that have put leads into a status. For a transaction that holds nothing else.
#[boxed]
pub async fn wait_until_idle(session: &mut Session, company: CompanyId, status: StatusId) -> Result<()> {
    session.optional(&LOCK, params![company, status], |row| row.get::<i64>(0)).await?;
    Ok(())
}

/// Deletes a status that nothing uses any more, but for its name. A lead that is in it after all refuses (a foreign key).
#[boxed]
pub async fn delete(session: &mut Session, company: CompanyId, status: StatusId) -> Result<()> {
    session.execute(&FORGET_COUNTS, params![company, status]).await?;
    session.execute(&KEEP_NAME, params![company, status]).await?;
    session.execute(&DELETE, params![company, status]).await?;
    session.tell(Change::of(company, Topic::Settings));
    Ok(())
}
