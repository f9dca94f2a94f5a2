//! Imports: the record of each file that was brought in.

use crate::{
    changes::{Change, Topic},
    error::Result,
    ids::Kind,
    params,
    session::Session,
    sql,
};
use domain::{
    ids::{CompanyId, ImportId, UserId},
    time::Moment,
};

sql! {
    START = "INSERT INTO imports (company_id, id, file_name, actor_id, at_ms, imported, skipped, errors)
        VALUES ($1, $2, $3, $4, $5, 0, 0, $6)";
    FINISH = "UPDATE imports SET imported = $3, skipped = $4 WHERE company_id = $1 AND id = $2";
}

/// Opens the record, inside the transaction that brings the leads in.
pub async fn start(
    session: &mut Session,
    company: CompanyId,
    file_name: &str,
    actor: Option<UserId>,
    now: Moment,
    errors: i64,
) -> Result<ImportId> {
    let id = ImportId(session.new_id(Kind::Import).await?);
    session.execute(&START, params![company, id, file_name, actor, now, errors]).await?;
    Ok(id)
}

/// Writes the numbers into the record.
pub async fn finish(
    session: &mut Session,
    company: CompanyId,
    import: ImportId,
    imported: i64,
    skipped: i64,
) -> Result<()> {
    session.execute(&FINISH, params![company, import, imported, skipped]).await?;
    session.tell(Change::of(company, Topic::Imports));
    Ok(())
}
