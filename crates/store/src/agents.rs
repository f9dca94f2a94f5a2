//! Agents as a person chooses among them: whom leads may be given to, with what they hold (R15).

use crate::{error::Result, params, session::Session, sql, users::read_member};
use domain::{
    ids::{BranchId, CompanyId, DepartmentId, UserId},
    pool::Member,
    text::fold,
};

sql! {
    ALL = "SELECT u.id, u.name, u.branch_id, u.department_id, u.lead_cap, q.held, q.last_received_at_ms,
            r.receives_leads, CASE WHEN u.banned_at_ms IS NULL THEN 0 ELSE 1 END
        FROM users u
        JOIN roles r ON r.company_id = u.company_id AND r.id = u.role_id
        JOIN queues q ON q.company_id = u.company_id AND q.user_id = u.id
        WHERE u.company_id = $1 AND r.receives_leads = 1 AND u.banned_at_ms IS NULL
        ORDER BY u.id LIMIT $2";
    OF_BRANCH = "SELECT u.id, u.name, u.branch_id, u.department_id, u.lead_cap, q.held, q.last_received_at_ms,
            r.receives_leads, CASE WHEN u.banned_at_ms IS NULL THEN 0 ELSE 1 END
        FROM users u
        JOIN roles r ON r.company_id = u.company_id AND r.id = u.role_id
        JOIN queues q ON q.company_id = u.company_id AND q.user_id = u.id
        WHERE u.company_id = $1 AND r.receives_leads = 1 AND u.banned_at_ms IS NULL
            AND u.branch_id = $3 AND (u.department_id = $4 OR $5 = 0)
        ORDER BY u.id LIMIT $2";
    NAMES = "SELECT u.id, u.name FROM users u
        JOIN roles r ON r.company_id = u.company_id AND r.id = u.role_id
        JOIN queues q ON q.company_id = u.company_id AND q.user_id = u.id
        WHERE u.company_id = $1 AND (r.receives_leads = 1 OR q.held > 0) ORDER BY u.id LIMIT $2";
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

/// Agents who are looked at; a company has fewer. Their order is that of their folded names, which no database knows.
const LOOKED_AT_MAX: i64 = 10_000;

/// The first agents, by name. With `search`, those in whose name a word begins with it. The `chosen` ones come before
/// the others, whatever is searched for.
pub async fn offered(
    session: &mut Session,
    company: CompanyId,
    among: Among,
    chosen: &[UserId],
    search: Option<&str>,
    rows_max: usize,
) -> Result<Vec<Member>> {
    let mut agents = match among {
        Among::All => session.rows(&ALL, params![company, LOOKED_AT_MAX], read_member).await?,
        Among::Branch(branch, department) => {
            let values = params![company, LOOKED_AT_MAX, branch, department, i64::from(department.is_some())];
            session.rows(&OF_BRANCH, values, read_member).await?
        }
    };
    if let Some(search) = search.map(fold).filter(|search| !search.is_empty()) {
        agents.retain(|agent| {
            let name = fold(&agent.name);
            chosen.contains(&agent.id) || name.starts_with(&search) || name.contains(&format!(" {search}"))
        });
    }
    agents.sort_by_cached_key(|agent| (!chosen.contains(&agent.id), fold(&agent.name)));
    agents.truncate(rows_max.max(chosen.len()));
    Ok(agents)
}

/// Who may own leads or still does, by name: the choices of a filter. Banned ones too, since they keep their leads.
pub async fn names(
    session: &mut Session,
    company: CompanyId,
    rows_max: usize,
) -> Result<Vec<(UserId, String)>> {
    let mut names: Vec<(UserId, String)> =
        session.rows(&NAMES, params![company, LOOKED_AT_MAX], |row| Ok((row.get(0)?, row.get(1)?))).await?;
    names.sort_by_cached_key(|(_, name)| fold(name));
    names.truncate(rows_max);
    Ok(names)
}

/// A user's name.
pub async fn name(session: &mut Session, company: CompanyId, user: UserId) -> Result<Option<String>> {
    session.optional(&NAME, params![company, user], |row| row.get(0)).await
}

/// What a user holds, and their cap.
pub async fn queue(
    session: &mut Session,
    company: CompanyId,
    user: UserId,
) -> Result<Option<(i64, Option<i64>)>> {
    session.optional(&QUEUE, params![company, user], |row| Ok((row.get(0)?, row.get(1)?))).await
}
