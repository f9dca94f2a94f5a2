//! Agents as a person chooses among them: whom leads may be given to, with what they hold (R15).

use crate::{
    boxed,
    error::{Error, Result},
    params,
    query::Query,
    session::Session,
    sql,
    users::read_member,
};
use domain::{
    ids::{BranchId, CompanyId, DepartmentId, UserId},
    pool::Member,
    text::fold,
};

sql! {
    // Who may own leads or still does, banned ones too. Mostly the role says enough, and the queue is not looked at.
    pub(crate) NAMES = "SELECT u.id, u.name FROM users u /*sqlite INDEXED BY users_name*/
        WHERE u.company_id = $1
            AND (u.role_id IN (SELECT r.id FROM roles r WHERE r.company_id = $1 AND r.receives_leads = 1)
                OR (SELECT q.held FROM queues q WHERE q.company_id = $1 AND q.user_id = u.id) > 0)
        ORDER BY u.name_folded, u.id LIMIT $2";
    QUEUE = "SELECT q.held, u.lead_cap FROM queues q JOIN users u ON u.company_id = q.company_id AND u.id = q.user_id
        WHERE q.company_id = $1 AND q.user_id = $2";
    NAME = "SELECT name FROM users WHERE company_id = $1 AND id = $2";
}

/// Among whom an actor chooses: those of a branch, and of a department of it, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// Everybody who may receive leads.
    All,
    /// Those of the branch and, if one is named, of the department.
    Branch(BranchId, Option<DepartmentId>),
}

/// The first agents, by name. With `search`, those in whose name a word begins with it. The `chosen` ones come before
/// the others, whatever is searched for.
#[boxed]
pub async fn offered(
    session: &mut Session,
    company: CompanyId,
    among: Among,
    chosen: &[UserId],
    search: Option<&str>,
    rows_max: usize,
) -> Result<Vec<Member>> {
    let search = search.map(fold).filter(|search| !search.is_empty());
    let list = serde_json::to_string(chosen).map_err(|e| Error::Sql(e.to_string()))?;
    let mut agents = match chosen {
        [] => Vec::new(),
        _ => read(session, &text(company, among, Some(&list), None, chosen.len())).await?,
    };
    let others = read(session, &text(company, among, None, search.as_deref(), rows_max)).await?;
    agents.extend(others.into_iter().filter(|agent| !chosen.contains(&agent.id)));
    agents.truncate(rows_max.max(chosen.len()));
    Ok(agents)
}

/// Who may be given leads, by name. It begins with the users in their order, on SQLite too, so that it ends with the
/// last one that is wanted.
fn text<'q>(
    company: CompanyId,
    among: Among,
    chosen: Option<&'q String>,
    search: Option<&'q str>,
    rows_max: usize,
) -> Query<'q> {
    let mut text = Query::new(
        company,
        "SELECT u.id, u.name, u.branch_id, u.department_id, u.lead_cap, q.held, q.last_received_at_ms, r.receives_leads, 0
        FROM users u /*sqlite INDEXED BY users_name*/ CROSS JOIN roles r CROSS JOIN queues q
        WHERE u.company_id = $1 AND u.banned_at_ms IS NULL AND r.company_id = $1 AND r.id = u.role_id
            AND r.receives_leads = 1 AND q.company_id = $1 AND q.user_id = u.id",
    );
    if let Among::Branch(branch, department) = among {
        text.with(" AND u.branch_id = ?1", [branch.into()]);
        if let Some(department) = department {
            text.with(" AND u.department_id = ?1", [department.into()]);
        }
    }
    if let Some(chosen) = chosen {
        text.with(
            " AND u.id IN (SELECT CAST(c.value AS BIGINT)
                FROM /*sqlite json_each(?1)*/ /*pg json_array_elements_text(CAST(CAST(?1 AS TEXT) AS JSON)) AS*/ c)",
            [chosen.into()],
        );
    }
    if let Some(search) = search {
        text.with(
            " AND (u.name_folded >= ?1 AND u.name_folded < ?1 || '\u{10ffff}'
                OR /*sqlite instr*/ /*pg strpos*/ (u.name_folded, ' ' || ?1) > 0)",
            [search.into()],
        );
    }
    text.with(" ORDER BY u.name_folded, u.id LIMIT ?1", [(rows_max as i64).into()]);
    text
}

async fn read(session: &mut Session, text: &Query<'_>) -> Result<Vec<Member>> {
    session.rows(&text.sql(), text.values(), read_member).await
}

/// Every text that [`offered`] builds, for the tests that prepare them and read their plans.
#[cfg(test)]
pub(crate) fn variants() -> Vec<String> {
    let list = "[1]".to_owned();
    let mut all = Vec::new();
    for among in
        [Among::All, Among::Branch(BranchId(1), None), Among::Branch(BranchId(1), Some(DepartmentId(1)))]
    {
        for (chosen, search) in [(None, None), (Some(&list), None), (None, Some("as"))] {
            all.push(text(CompanyId(1), among, chosen, search, 1).into_text());
        }
    }
    all
}

/// A user's name.
#[boxed]
pub async fn name(session: &mut Session, company: CompanyId, user: UserId) -> Result<Option<String>> {
    session.optional(&NAME, params![company, user], |row| row.get(0)).await
}

/// What a user holds, and their cap.
#[boxed]
pub async fn queue(
    session: &mut Session,
    company: CompanyId,
    user: UserId,
) -> Result<Option<(i64, Option<i64>)>> {
    session.optional(&QUEUE, params![company, user], |row| Ok((row.get(0)?, row.get(1)?))).await
}
