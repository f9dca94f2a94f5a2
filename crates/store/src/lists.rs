//! Lists of leads: a page, a count, the chips, and all that match.
//!
//! A page is made in two steps. The first finds which leads are on it, by indexes alone where it can; the second reads
//! those few in full, with the names beside them. How the first goes about it is told in
//! docs/decisions/0008: `roads` are the indexes, `ways` chooses among them, `texts` says it in SQL.

mod roads;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod tests;
mod texts;
mod ways;
mod words;

use crate::{
    error::{Error, Result},
    params,
    session::{Ask, Session},
    sql, statuses,
    value::Row,
};
use domain::{
    ids::{CompanyId, LeadId, StatusId, TagId, UserId},
    lead_list::{Cursor, Filter, Shelf, Sort},
    status::{StatusKind, Statuses},
    time::Moment,
    viewer::Sight,
};
use std::collections::HashMap;

pub(crate) use roads::see;

/// A lead as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadLine {
    /// Which.
    pub id: LeadId,
    /// First name.
    pub first_name: String,
    /// Last name, or nothing.
    pub last_name: String,
    /// E.164.
    pub phone: String,
    /// Possible, but not valid.
    pub phone_doubtful: bool,
    /// E-mail as typed.
    pub email: Option<String>,
    /// The e-mail does not parse.
    pub email_doubtful: bool,
    /// Its status.
    pub status_id: StatusId,
    /// Its status's name.
    pub status: String,
    /// Its owner.
    pub owner_id: Option<UserId>,
    /// Its owner's name.
    pub owner: Option<String>,
    /// Its owner's e-mail.
    pub owner_email: Option<String>,
    /// Where it came from.
    pub source: Option<String>,
    /// Its branch.
    pub branch: Option<String>,
    /// Its department.
    pub department: Option<String>,
    /// Its country.
    pub country: Option<String>,
    /// When it was captured.
    pub created_at: Moment,
    /// When something last happened to it.
    pub last_activity_at: Moment,
    /// The version to name when changing it.
    pub version: i64,
    /// Its tags, by name.
    pub tags: Vec<(TagId, String)>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its rows, in order.
    pub lines: Vec<LeadLine>,
    /// Where the next page begins; none on the last.
    pub next: Option<Cursor>,
}

/// Everything that a filter finds, for an action on all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matching {
    /// The leads, oldest first, with the versions to name when changing them.
    pub leads: Vec<(LeadId, i64)>,
    /// Leads that match, but to which something happened since the actor looked (R24).
    pub changed_since: u64,
}

/// Rows of a page at the most.
pub const ROWS_MAX: i64 = 1_000;
/// Leads that the numbers on the chips are counted among, where no counter says them. Each is a row of its own, mostly on
/// a page of its own: at 600 this was the half of a page with a tag.
pub const CHIPS_LOOK_AT: i64 = 300;
/// Entries of an index that they are counted among where the index has the status.
pub const CHIPS_GO_ALONG: i64 = 3_000;
/// A company of so many leads is gone through by the index of last activities where nothing but the viewer's branch
/// narrows: some milliseconds.
pub const CHIPS_GO_THROUGH: i64 = 10_000;

/// The columns of a line.
macro_rules! line {
    () => {
        "SELECT l.id, l.first_name, l.last_name, l.phone, l.phone_doubtful, l.email, l.email_doubtful, l.status_id, s.name,
        l.owner_id, u.name, u.email, so.name, b.name, d.name, l.country, l.created_at_ms, l.last_activity_at_ms, l.version"
    };
}
/// Where the names in a line come from.
macro_rules! names_of_line {
    () => {
        " LEFT JOIN statuses s ON s.company_id = l.company_id AND s.id = l.status_id
        LEFT JOIN users u ON u.company_id = l.company_id AND u.id = l.owner_id
        LEFT JOIN sources so ON so.company_id = l.company_id AND so.id = l.source_id
        LEFT JOIN branches b ON b.company_id = l.company_id AND b.id = l.branch_id
        LEFT JOIN departments d ON d.company_id = l.company_id AND d.id = l.department_id"
    };
}
pub(crate) const LINE: &str = line!();
/// How many columns that are.
pub(crate) const LINE_COLUMNS: usize = 19;
pub(crate) const NAMES_OF_LINE: &str = names_of_line!();

sql! {
    // The list comes as a JSON array, since the number of parameters is part of a statement.
    LINES_OF_PAGE = concat!(line!(), "
        FROM /*sqlite json_each($2)*/ /*pg json_array_elements_text(CAST(CAST($2 AS TEXT) AS JSON)) AS*/ p
        CROSS JOIN leads l /*sqlite INDEXED BY sqlite_autoindex_leads_1*/", names_of_line!(), "
        WHERE l.company_id = $1 AND l.id = CAST(p.value AS BIGINT)");
    TAGS_OF_PAGE = "SELECT lt.lead_id, t.id, t.name
        FROM /*sqlite json_each($2)*/ /*pg json_array_elements_text(CAST(CAST($2 AS TEXT) AS JSON)) AS*/ p
        CROSS JOIN lead_tags lt /*sqlite INDEXED BY lead_tags_lead*/
        CROSS JOIN tags t
        WHERE lt.company_id = $1 AND lt.lead_id = CAST(p.value AS BIGINT) AND t.company_id = $1 AND t.id = lt.tag_id
        ORDER BY t.name_folded";
}

/// A page of leads, behind the last one of the page before (a keyset page: equally fast everywhere).
/// A cursor of another sort is none.
pub async fn page(
    session: &mut Session,
    company: CompanyId,
    filter: &Filter,
    sort: Sort,
    sight: Sight,
    behind: Option<&Cursor>,
    rows_max: i64,
) -> Result<Page> {
    let rows_max = rows_max.clamp(1, ROWS_MAX);
    let filter = &settled(session, company, filter).await?;
    let question = Question { company, filter, sight };
    let behind = behind.filter(|cursor| cursor.sort == sort);
    // One more tells whether there is a next page.
    let mut found = ways::page(session, &question, sort, behind, rows_max + 1, ways::EFFORT).await?;
    let more = found.len() as i64 > rows_max;
    found.truncate(rows_max as usize);
    let next = found.last().filter(|_| more).cloned();
    let leads: Vec<LeadId> = found.iter().map(|cursor| cursor.lead).collect();
    Ok(Page { lines: lines(session, company, &leads).await?, next })
}

/// All leads that match, newest first, one at a time: memory does not grow with them.
pub async fn each(
    session: &mut Session,
    company: CompanyId,
    filter: &Filter,
    sight: Sight,
    mut see: impl FnMut(LeadLine) -> Result<()> + Send,
) -> Result<()> {
    let mut behind = None;
    loop {
        let page = page(session, company, filter, Sort::Newest, sight, behind.as_ref(), ROWS_MAX).await?;
        page.lines.into_iter().try_for_each(&mut see)?;
        behind = page.next;
        if behind.is_none() {
            return Ok(());
        }
    }
}

/// How many leads match; counting stops at `at_most`. Exact at once, from the counters, where nothing but a shelf and
/// a status is asked for and the viewer sees all.
pub async fn count(
    session: &mut Session,
    company: CompanyId,
    filter: &Filter,
    sight: Sight,
    at_most: i64,
) -> Result<i64> {
    if filter.is_plain() && sight == Sight::All {
        let known = statuses::list(session, company).await?;
        let counted = counted(session, company, &known, filter).await?;
        return Ok(counted.iter().map(|(_, leads)| leads).sum::<i64>().min(at_most));
    }
    let filter = &settled(session, company, filter).await?;
    ways::count(session, &Question { company, filter, sight }, at_most).await
}

/// The numbers on the chips.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chips {
    /// How many leads match in each status of the shelf, in the company's order.
    pub counts: Vec<(StatusId, i64)>,
    /// Whether everything was looked at. If not, there are at least so many.
    pub whole: bool,
}

/// How many leads match in each status of the shelf, whatever status the filter names. Exact from the counters where
/// nothing else is asked for; else what is found among the first [`CHIPS_LOOK_AT`] leads along a short way (or
/// [`CHIPS_GO_ALONG`] entries of an index that has the status), so that the numbers cost a page little, however many
/// match. For a viewer who sees a branch they are exact in a company of up to [`CHIPS_GO_THROUGH`] leads.
pub async fn chips(
    session: &mut Session,
    company: CompanyId,
    known: &Statuses,
    filter: &Filter,
    sight: Sight,
) -> Result<Chips> {
    let filter = filter.without_status();
    if filter.is_plain() && sight == Sight::All {
        return Ok(Chips { counts: counted(session, company, known, &filter).await?, whole: true });
    }
    let question = Question { company, filter: &filter, sight };
    let (found, whole) =
        ways::count_per_status(session, &question, CHIPS_LOOK_AT, CHIPS_GO_ALONG, CHIPS_GO_THROUGH).await?;
    let chip = |status: StatusId| (status, found.get(&status).copied().unwrap_or(0));
    Ok(Chips { counts: on_shelf(known, &filter).map(chip).collect(), whole })
}

/// Everything that matches, for "select all that match" (R22). Leads to which something happened after `as_of`, the
/// moment at which the actor saw the list, are left out and counted (R24).
pub async fn matching(
    session: &mut Session,
    company: CompanyId,
    filter: &Filter,
    sight: Sight,
    as_of: Moment,
) -> Result<Matching> {
    let mut matching = Matching { leads: Vec::new(), changed_since: 0 };
    let filter = &settled(session, company, filter).await?;
    ways::each(session, &Question { company, filter, sight }, |lead, version, last_activity_at| {
        if last_activity_at > as_of {
            matching.changed_since += 1;
        } else {
            matching.leads.push((lead, version));
        }
    })
    .await?;
    matching.leads.sort_unstable();
    Ok(matching)
}

/// The same filter without its shelf where the status that it names lies on it anyhow: one index less to ask.
async fn settled(session: &mut Session, company: CompanyId, filter: &Filter) -> Result<Filter> {
    let settled = match filter.status {
        Some(status) if filter.shelf != Shelf::All => {
            let kind = statuses::list(session, company).await?.get(status).map(|status| status.kind);
            kind.is_some_and(|kind| (kind == StatusKind::Won) == (filter.shelf == Shelf::Customers))
        }
        _ => false,
    };
    Ok(Filter { shelf: if settled { Shelf::All } else { filter.shelf }, ..filter.clone() })
}

/// The counters of the statuses on the shelf, in the company's order; of one, if the filter names it.
async fn counted(
    session: &mut Session,
    company: CompanyId,
    known: &Statuses,
    filter: &Filter,
) -> Result<Vec<(StatusId, i64)>> {
    let counts: HashMap<StatusId, i64> = statuses::counts(session, company).await?.into_iter().collect();
    Ok(on_shelf(known, filter)
        .filter(|status| filter.status.is_none_or(|only| only == *status))
        .map(|status| (status, counts.get(&status).copied().unwrap_or(0)))
        .collect())
}

/// The statuses on the shelf, in the company's order.
fn on_shelf(known: &Statuses, filter: &Filter) -> impl Iterator<Item = StatusId> {
    known
        .iter()
        .filter(|status| match filter.shelf {
            Shelf::All => true,
            Shelf::Leads => status.kind != StatusKind::Won,
            Shelf::Customers => status.kind == StatusKind::Won,
        })
        .map(|status| status.id)
}

/// These leads in full, in this order. One that was deleted meanwhile is left out.
async fn lines(session: &mut Session, company: CompanyId, leads: &[LeadId]) -> Result<Vec<LeadLine>> {
    if leads.is_empty() {
        return Ok(Vec::new());
    }
    let list = serde_json::to_string(leads).map_err(|e| Error::Sql(e.to_string()))?;
    let values = params![company, &list];
    let (mut lines, mut tags) = (Vec::with_capacity(leads.len()), HashMap::<LeadId, Vec<_>>::new());
    let mut see_line = |row: &Row<'_>| {
        lines.push(read_line(row)?);
        Ok(())
    };
    let mut see_tag = |row: &Row<'_>| {
        tags.entry(row.get(0)?).or_default().push((row.get(1)?, row.get(2)?));
        Ok(())
    };
    session
        .together(&mut [
            Ask { sql: &LINES_OF_PAGE, params: values, see: &mut see_line },
            Ask { sql: &TAGS_OF_PAGE, params: values, see: &mut see_tag },
        ])
        .await?;
    let places: HashMap<LeadId, usize> = leads.iter().copied().zip(0..).collect();
    lines.sort_unstable_by_key(|line: &LeadLine| places[&line.id]);
    for line in &mut lines {
        line.tags = tags.remove(&line.id).unwrap_or_default();
    }
    Ok(lines)
}

/// Reads a line; its tags are read elsewhere.
pub(crate) fn read_line(row: &Row<'_>) -> Result<LeadLine> {
    Ok(LeadLine {
        id: row.get(0)?,
        first_name: row.get(1)?,
        last_name: row.get(2)?,
        phone: row.get(3)?,
        phone_doubtful: row.get(4)?,
        email: row.get(5)?,
        email_doubtful: row.get(6)?,
        status_id: row.get(7)?,
        status: row.get(8)?,
        owner_id: row.get(9)?,
        owner: row.get(10)?,
        owner_email: row.get(11)?,
        source: row.get(12)?,
        branch: row.get(13)?,
        department: row.get(14)?,
        country: row.get(15)?,
        created_at: row.get(16)?,
        last_activity_at: row.get(17)?,
        version: row.get(18)?,
        tags: Vec::new(),
    })
}

#[cfg(test)]
pub(crate) use {
    roads::sights,
    shapes::{Shape, shapes, variants},
};

/// What a list is asked.
#[derive(Debug, Clone, Copy)]
struct Question<'q> {
    company: CompanyId,
    filter: &'q Filter,
    sight: Sight,
}
