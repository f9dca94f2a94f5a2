//! Notes: entries that only add, and so never conflict (R24).

use crate::{
    boxed,
    changes::{Change, Topic},
    error::Result,
    params,
    session::Session,
    sql,
};
use domain::{
    ids::{CompanyId, LeadId, UserId},
    time::Moment,
};

sql! {
    COUNT_ENTRY = "UPDATE leads SET entries = entries + 1, last_activity_at_ms = $3,
            owner_acted_at_ms = CASE WHEN owner_id = $4 THEN $3 ELSE owner_acted_at_ms END
        WHERE company_id = $1 AND id = $2 RETURNING entries, owner_id";
    ADD = "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, actor_id, detail)
        VALUES ($1, $2, $3, $4, 'note', $5, $6)";
    LOST_AT = "SELECT MAX(at_ms) FROM lead_events WHERE company_id = $1 AND lead_id = $2 AND from_owner_id = $3";
}

/// Adds a note. `None`: there is no such lead. Answers the entry's number.
#[boxed]
pub async fn add(
    session: &mut Session,
    company: CompanyId,
    lead: LeadId,
    actor: Option<UserId>,
    text: &str,
    at: Moment,
) -> Result<Option<i64>> {
    let counted: Option<(i64, Option<UserId>)> = session
        .optional(&COUNT_ENTRY, params![company, lead, at, actor], |row| Ok((row.get(0)?, row.get(1)?)))
        .await?;
    let Some((entry, owner)) = counted else { return Ok(None) };
    session.execute(&ADD, params![company, lead, entry, at, actor, text]).await?;
    session.tell(Change::of(company, Topic::Leads).users(owner).leads([lead]));
    Ok(Some(entry))
}

/// When this user last ceased to own the lead; `None` if they never did.
#[boxed]
pub async fn lost_at(
    session: &mut Session,
    company: CompanyId,
    lead: LeadId,
    user: UserId,
) -> Result<Option<Moment>> {
    let at: Option<i64> = session.one(&LOST_AT, params![company, lead, user], |row| row.get(0)).await?;
    Ok(at.map(Moment))
}
