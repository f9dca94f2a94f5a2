//! The leads of a run, for its page: those it changed, and names for those that nobody got.

use crate::{
    boxed,
    error::{Error, Result},
    lists,
    query::Query,
    session::Session,
    value::Row,
};
use domain::{
    ids::{CompanyId, LeadId, RunId},
    viewer::Sight,
};

/// A lead as the page of a run names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Which.
    pub id: LeadId,
    /// Its name.
    pub first_name: String,
    /// Its last name, or nothing.
    pub last_name: String,
}

/// What a run did to a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The lead.
    pub lead: Named,
    /// Whose it was.
    pub from_owner: Option<String>,
    /// Whose it became.
    pub to_owner: Option<String>,
    /// Its status before.
    pub from_status: Option<String>,
    /// Its status after.
    pub to_status: Option<String>,
}

/// Leads that a run changed and the viewer may see, in the order of ids, from behind one of them on.
#[boxed]
pub async fn changed(
    session: &mut Session,
    company: CompanyId,
    run: RunId,
    sight: Sight,
    behind: LeadId,
    rows_max: i64,
) -> Result<Vec<Changed>> {
    let text = changed_text(company, run, sight, behind, rows_max);
    session
        .rows(&text.sql(), text.values(), |row| {
            Ok(Changed {
                lead: named(row)?,
                from_owner: row.get(3)?,
                to_owner: row.get(4)?,
                from_status: row.get(5)?,
                to_status: row.get(6)?,
            })
        })
        .await
}

fn changed_text(
    company: CompanyId,
    run: RunId,
    sight: Sight,
    behind: LeadId,
    rows_max: i64,
) -> Query<'static> {
    let mut text = Query::new(
        company,
        "SELECT e.lead_id, l.first_name, l.last_name, f.name, t.name,
            COALESCE(fs.name, fg.name), COALESCE(ts.name, tg.name)
        FROM lead_events e /*sqlite INDEXED BY lead_events_run*/
        CROSS JOIN leads l
        LEFT JOIN users f ON f.company_id = $1 AND f.id = e.from_owner_id
        LEFT JOIN users t ON t.company_id = $1 AND t.id = e.to_owner_id
        LEFT JOIN statuses fs ON fs.company_id = $1 AND fs.id = e.from_status_id
        LEFT JOIN statuses ts ON ts.company_id = $1 AND ts.id = e.to_status_id
        LEFT JOIN statuses_gone fg ON fg.company_id = $1 AND fg.id = e.from_status_id
        LEFT JOIN statuses_gone tg ON tg.company_id = $1 AND tg.id = e.to_status_id",
    );
    text.with(
        " WHERE e.company_id = $1 AND e.run_id = ?1 AND e.lead_id > ?2 AND l.company_id = $1 AND l.id = e.lead_id",
        [run.into(), behind.into()],
    );
    lists::see(&mut text, sight);
    text.with(" ORDER BY e.lead_id, e.entry LIMIT ?1", [rows_max.into()]);
    text
}

/// The names of those of these leads that the viewer may see, in the order of ids.
#[boxed]
pub async fn names(
    session: &mut Session,
    company: CompanyId,
    leads: &[LeadId],
    sight: Sight,
) -> Result<Vec<Named>> {
    if leads.is_empty() {
        return Ok(Vec::new());
    }
    let list = serde_json::to_string(leads).map_err(|error| Error::Sql(error.to_string()))?;
    let text = names_text(company, &list, sight);
    session.rows(&text.sql(), text.values(), named).await
}

fn names_text(company: CompanyId, list: &str, sight: Sight) -> Query<'_> {
    let mut text = Query::new(company, "SELECT l.id, l.first_name, l.last_name");
    text.with(
        " FROM /*sqlite json_each(?1)*/ /*pg json_array_elements_text(CAST(CAST(?1 AS TEXT) AS JSON)) AS*/ p
        CROSS JOIN leads l /*sqlite INDEXED BY sqlite_autoindex_leads_1*/
        WHERE l.company_id = $1 AND l.id = CAST(p.value AS BIGINT)",
        [list.into()],
    );
    lists::see(&mut text, sight);
    text.add(" ORDER BY l.id");
    text
}

fn named(row: &Row<'_>) -> Result<Named> {
    Ok(Named { id: row.get(0)?, first_name: row.get(1)?, last_name: row.get(2)? })
}

/// Every shape that the statements can have.
#[cfg(test)]
pub(crate) fn variants() -> Vec<String> {
    let company = CompanyId(1);
    let changed = |sight| changed_text(company, RunId(1), sight, LeadId(0), 1).into_text();
    let names = |sight| names_text(company, "[]", sight).into_text();
    lists::sights().into_iter().flat_map(|sight| [changed(sight), names(sight)]).collect()
}
