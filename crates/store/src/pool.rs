//! The snapshot that a run decides on.

use crate::{boxed, error::Result, params, session::Session, sql, value::Row};
use domain::{
    ids::{CompanyId, ImportId, LeadId, StatusId, UserId},
    pool::PoolLead,
    time::Moment,
};

sql! {
    IN_STATUS = "SELECT id, entries, status_id, owner_id, branch_id, department_id, source_id, created_at_ms,
            last_attempt_at_ms, owner_chosen_at_ms, owner_acted_at_ms, phone_doubtful, owners_before
        FROM leads WHERE company_id = $1 AND status_id = $2";
    IN_RARE_STATUS = "SELECT id, entries, status_id, owner_id, branch_id, department_id, source_id, created_at_ms,
            last_attempt_at_ms, owner_chosen_at_ms, owner_acted_at_ms, phone_doubtful, owners_before
        FROM leads /*sqlite INDEXED BY leads_status*/ WHERE company_id = $1 AND status_id = $2";
    IN_IMPORT = "SELECT id, entries, status_id, owner_id, branch_id, department_id, source_id, created_at_ms,
            last_attempt_at_ms, owner_chosen_at_ms, owner_acted_at_ms, phone_doubtful, owners_before
        FROM leads WHERE company_id = $1 AND import_id = $2 AND owner_id IS NULL";
    ONE = "SELECT id, entries, status_id, owner_id, branch_id, department_id, source_id, created_at_ms,
            last_attempt_at_ms, owner_chosen_at_ms, owner_acted_at_ms, phone_doubtful, owners_before
        FROM leads WHERE company_id = $1 AND id = $2 AND owner_id IS NULL";
    EARLIER_OWNERS = "SELECT DISTINCT e.lead_id, e.from_owner_id
        FROM leads l /*sqlite INDEXED BY leads_status*/ CROSS JOIN lead_events e
        WHERE e.company_id = $1 AND e.lead_id = l.id AND l.company_id = $1 AND l.status_id = $2 AND l.owners_before > 0
            AND e.at_ms >= $3 AND e.from_owner_id IS NOT NULL AND e.kind <> 'undone'";
}

/// Every lead in a status, as the dealing sees it. Where a good part of all leads is in it (`common`), walking through
/// all of them is quicker than an index; otherwise the index is.
#[boxed]
pub async fn in_status(
    session: &mut Session,
    company: CompanyId,
    status: StatusId,
    common: bool,
) -> Result<Vec<PoolLead>> {
    session.rows(if common { &IN_STATUS } else { &IN_RARE_STATUS }, params![company, status], read).await
}

/// The leads of an import that nobody owns.
#[boxed]
pub async fn in_import(session: &mut Session, company: CompanyId, import: ImportId) -> Result<Vec<PoolLead>> {
    session.rows(&IN_IMPORT, params![company, import], read).await
}

/// One lead, if nobody owns it.
#[boxed]
pub async fn one(session: &mut Session, company: CompanyId, lead: LeadId) -> Result<Vec<PoolLead>> {
    session.rows(&ONE, params![company, lead], read).await
}

fn read(row: &Row<'_>) -> Result<PoolLead> {
    let owner: Option<UserId> = row.get(3)?;
    let owners: i64 = row.get(12)?;
    Ok(PoolLead {
        id: row.get(0)?,
        entries: row.get(1)?,
        status: row.get(2)?,
        owner,
        branch: row.get(4)?,
        department: row.get(5)?,
        source: row.get(6)?,
        created_at: row.get(7)?,
        last_attempt_at: row.get(8)?,
        owner_chosen_at: row.get(9)?,
        owner_acted_at: row.get(10)?,
        doubtful: row.get(11)?,
        had_owners: owners > i64::from(owner.is_some()),
    })
}

/// Who owned the leads of a status before and lost them at `since` or later (R29).
#[boxed]
pub async fn earlier_owners(
    session: &mut Session,
    company: CompanyId,
    status: StatusId,
    since: Moment,
) -> Result<Vec<(LeadId, UserId)>> {
    session.rows(&EARLIER_OWNERS, params![company, status, since], |row| Ok((row.get(0)?, row.get(1)?))).await
}
