//! Companies: the tenants.

use crate::{boxed, error::Result, ids::Kind, params, session::Session, sql, value::Row};
use domain::{
    ids::CompanyId,
    text::fold,
    time::{Moment, WorkingDays},
};

/// A company as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Company {
    /// Its identifier.
    pub id: CompanyId,
    /// Its name.
    pub name: String,
    /// The default country of its phone numbers, ISO 3166 alpha-2.
    pub country: String,
    /// Its IANA time zone.
    pub time_zone: String,
    /// The days it works.
    pub working_days: WorkingDays,
}

sql! {
    INSERT = "INSERT INTO companies (id, name, name_folded, country, time_zone, working_days, created_at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    BY_NAME = "SELECT id, name, country, time_zone, working_days FROM companies WHERE name_folded = $1";
    BY_ID = "SELECT id, name, country, time_zone, working_days FROM companies WHERE id = $1";
    LOCK_FOR_IMPORT = "SELECT id FROM companies WHERE id = $1 /*pg FOR NO KEY UPDATE*/";
    ALL = "SELECT id, name, country, time_zone, working_days FROM companies ORDER BY id LIMIT $1";
}

fn read(row: &Row<'_>) -> Result<Company> {
    Ok(Company {
        id: row.get(0)?,
        name: row.get(1)?,
        country: row.get(2)?,
        time_zone: row.get(3)?,
        working_days: WorkingDays(row.get::<i64>(4)? as u8),
    })
}

/// Adds a company; a name that is taken is a [`Conflict`](crate::Error::Conflict).
#[boxed]
pub async fn insert(
    session: &mut Session,
    name: &str,
    country: &str,
    time_zone: &str,
    now: Moment,
) -> Result<CompanyId> {
    let id = CompanyId(session.new_id(Kind::Company).await?);
    let working_days = i64::from(WorkingDays::MONDAY_TO_FRIDAY.0);
    session.execute(&INSERT, params![id, name, &fold(name), country, time_zone, working_days, now]).await?;
    Ok(id)
}

/// The company with this name, in any case.
#[boxed]
pub async fn by_name(session: &mut Session, name: &str) -> Result<Option<Company>> {
    session.optional(&BY_NAME, params![&fold(name)], read).await
}

/// The company with this number.
#[boxed]
pub async fn by_id(session: &mut Session, company: CompanyId) -> Result<Option<Company>> {
    session.optional(&BY_ID, params![company], read).await
}

/// The first companies, oldest first.
#[boxed]
pub async fn list(session: &mut Session, rows_max: i64) -> Result<Vec<Company>> {
    session.rows(&ALL, params![rows_max], read).await
}

/// Lets the imports of a company go one after the other: two that bring the same numbers in different order would wait
/// for each other.
#[boxed]
pub async fn lock_for_import(session: &mut Session, company: CompanyId) -> Result<()> {
    session.one(&LOCK_FOR_IMPORT, params![company], |row| row.get::<i64>(0)).await?;
    Ok(())
}
