//! Users and their queues.

use crate::{
    boxed,
    changes::{Change, Topic},
    error::Result,
    ids::Kind,
    params,
    session::Session,
    sql,
    value::Row,
};
use domain::{
    ids::{BranchId, CompanyId, DepartmentId, RoleId, UserId},
    pool::Member,
    text::fold,
    time::Moment,
};

/// A user as lists show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Their e-mail as it was typed.
    pub email: String,
    /// Their role's name.
    pub role: String,
    /// Whether the role may receive leads.
    pub receives: bool,
    /// Their branch's name.
    pub branch: Option<String>,
    /// Their department's name.
    pub department: Option<String>,
    /// The lead cap; none = no limit.
    pub cap: Option<i64>,
    /// Open leads they own.
    pub held: i64,
    /// Since when they are banned.
    pub banned_at: Option<Moment>,
}

/// What a new user is made of.
#[derive(Debug, Clone)]
pub struct NewUser<'a> {
    /// Their name.
    pub name: &'a str,
    /// Their e-mail.
    pub email: &'a str,
    /// Their role.
    pub role: RoleId,
    /// Their branch.
    pub branch: Option<BranchId>,
    /// Their department.
    pub department: Option<DepartmentId>,
    /// The lead cap; none = no limit.
    pub cap: Option<i64>,
    /// A PHC string; without one they cannot sign in yet.
    pub password_hash: Option<&'a str>,
}

sql! {
    INSERT = "INSERT INTO users (company_id, id, role_id, name, name_folded, email, email_folded, branch_id, department_id,
            lead_cap, created_at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    INSERT_QUEUE = "INSERT INTO queues (company_id, user_id, held, last_received_at_ms) VALUES ($1, $2, 0, 0)";
    INSERT_SIGN_IN = "INSERT INTO sign_ins (email_folded, company_id, user_id, password_hash) VALUES ($1, $2, $3, $4)";
    ALL = "SELECT u.id, u.name, u.email, r.name, r.receives_leads, b.name, d.name, u.lead_cap, q.held, u.banned_at_ms
        FROM users u
        JOIN roles r ON r.company_id = u.company_id AND r.id = u.role_id
        JOIN queues q ON q.company_id = u.company_id AND q.user_id = u.id
        LEFT JOIN branches b ON b.company_id = u.company_id AND b.id = u.branch_id
        LEFT JOIN departments d ON d.company_id = u.company_id AND d.id = u.department_id
        WHERE u.company_id = $1 ORDER BY u.id";
    BY_EMAIL = "SELECT id FROM users WHERE company_id = $1 AND email_folded = $2";
    MEMBERS = "SELECT u.id, u.name, u.branch_id, u.department_id, u.lead_cap, q.held, q.last_received_at_ms,
            r.receives_leads, CASE WHEN u.banned_at_ms IS NULL THEN 0 ELSE 1 END
        FROM users u
        JOIN roles r ON r.company_id = u.company_id AND r.id = u.role_id
        JOIN queues q ON q.company_id = u.company_id AND q.user_id = u.id
        WHERE u.company_id = $1 ORDER BY u.id";
    FACTS = "SELECT role_id, name, email, branch_id, department_id, lead_cap, banned_at_ms FROM users
        WHERE company_id = $1 AND id = $2 /*pg FOR UPDATE*/";
    UPDATE = "UPDATE users SET role_id = $3, name = $4, name_folded = $5, email = $6, email_folded = $7, branch_id = $8,
            department_id = $9, lead_cap = $10
        WHERE company_id = $1 AND id = $2";
    MOVE_SIGN_IN = "UPDATE sign_ins SET email_folded = $3 WHERE company_id = $1 AND user_id = $2 AND email_folded <> $3";
    LOCK_ALL = "SELECT id FROM users WHERE company_id = $1 ORDER BY id /*pg FOR UPDATE*/";
    ACTIVE_ROLES = "SELECT id, role_id FROM users WHERE company_id = $1 AND banned_at_ms IS NULL ORDER BY id";
    PASSWORD_HASH = "SELECT s.password_hash FROM users u
        JOIN sign_ins s ON s.company_id = u.company_id AND s.email_folded = u.email_folded AND s.user_id = u.id
        WHERE u.company_id = $1 AND u.id = $2 AND u.banned_at_ms IS NULL";
    SET_PASSWORD = "UPDATE sign_ins SET password_hash = $3
        WHERE company_id = $1 AND user_id = $2
            AND email_folded = (SELECT email_folded FROM users WHERE company_id = $1 AND id = $2)";
    BAN = "UPDATE users SET banned_at_ms = $3, banned_by_id = $4 WHERE company_id = $1 AND id = $2";
    SET_CAP = "UPDATE users SET lead_cap = $3 WHERE company_id = $1 AND id = $2";
}

/// Adds a user with an empty queue. An e-mail that the company has already is a
/// [`Conflict`](crate::Error::Conflict).
#[boxed]
pub async fn insert(
    session: &mut Session,
    company: CompanyId,
    user: &NewUser<'_>,
    now: Moment,
) -> Result<UserId> {
    let id = UserId(session.new_id(Kind::User).await?);
    let (name_folded, folded) = (fold(user.name), fold(user.email));
    let values = params![
        company,
        id,
        user.role,
        user.name,
        &name_folded,
        user.email,
        &folded,
        user.branch,
        user.department,
        user.cap,
        now
    ];
    session.execute(&INSERT, values).await?;
    session.execute(&INSERT_QUEUE, params![company, id]).await?;
    session.execute(&INSERT_SIGN_IN, params![&folded, company, id, user.password_hash]).await?;
    session.tell(Change::of(company, Topic::People));
    Ok(id)
}

/// All users of a company, oldest first. Their number is bounded by the people who work there.
#[boxed]
pub async fn list(session: &mut Session, company: CompanyId) -> Result<Vec<User>> {
    session
        .rows(&ALL, params![company], |row| {
            Ok(User {
                id: row.get(0)?,
                name: row.get(1)?,
                email: row.get(2)?,
                role: row.get(3)?,
                receives: row.get(4)?,
                branch: row.get(5)?,
                department: row.get(6)?,
                cap: row.get(7)?,
                held: row.get(8)?,
                banned_at: row.get(9)?,
            })
        })
        .await
}

/// The user with this e-mail, in any case.
#[boxed]
pub async fn by_email(session: &mut Session, company: CompanyId, email: &str) -> Result<Option<UserId>> {
    session.optional(&BY_EMAIL, params![company, &fold(email)], |row| row.get(0)).await
}

/// Every user as the dealing sees them, in the order of ids.
#[boxed]
pub async fn members(session: &mut Session, company: CompanyId) -> Result<Vec<Member>> {
    session.rows(&MEMBERS, params![company], read_member).await
}

pub(crate) fn read_member(row: &Row<'_>) -> Result<Member> {
    Ok(Member {
        id: row.get(0)?,
        name: row.get(1)?,
        branch: row.get(2)?,
        department: row.get(3)?,
        cap: row.get(4)?,
        held: row.get(5)?,
        last_received_at: row.get(6)?,
        receives: row.get(7)?,
        banned: row.get(8)?,
    })
}

/// What a user is made of, as an edit sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Their role.
    pub role: RoleId,
    /// Their name.
    pub name: String,
    /// Their e-mail as it was typed.
    pub email: String,
    /// Their branch.
    pub branch: Option<BranchId>,
    /// Their department.
    pub department: Option<DepartmentId>,
    /// The lead cap; none = no limit.
    pub cap: Option<i64>,
    /// Since when they are banned.
    pub banned_at: Option<Moment>,
}

/// The user, locked.
#[boxed]
pub async fn facts(session: &mut Session, company: CompanyId, user: UserId) -> Result<Option<Facts>> {
    session
        .optional(&FACTS, params![company, user], |row| {
            Ok(Facts {
                role: row.get(0)?,
                name: row.get(1)?,
                email: row.get(2)?,
                branch: row.get(3)?,
                department: row.get(4)?,
                cap: row.get(5)?,
                banned_at: row.get(6)?,
            })
        })
        .await
}

/// Writes the facts back, except the ban; the sign-in follows the e-mail. An e-mail that the company has already is a
/// [`Conflict`](crate::Error::Conflict).
#[boxed]
pub async fn update(session: &mut Session, company: CompanyId, user: UserId, facts: &Facts) -> Result<()> {
    let (name_folded, folded) = (fold(&facts.name), fold(&facts.email));
    let values = params![
        company,
        user,
        facts.role,
        &facts.name,
        &name_folded,
        &facts.email,
        &folded,
        facts.branch,
        facts.department,
        facts.cap
    ];
    session.execute(&UPDATE, values).await?;
    session.execute(&MOVE_SIGN_IN, params![company, user, &folded]).await?;
    session.tell(Change::of(company, Topic::People).users([user]));
    Ok(())
}

/// Locks everybody, in the order of ids: for what has to look at all of them.
#[boxed]
pub async fn lock_all(session: &mut Session, company: CompanyId) -> Result<()> {
    session.each(&LOCK_ALL, params![company], |_| Ok(())).await
}

/// Who is not banned and has one of these roles, in the order of ids.
#[boxed]
pub async fn active_with_roles(
    session: &mut Session,
    company: CompanyId,
    roles: &[RoleId],
) -> Result<Vec<UserId>> {
    let mut found = Vec::new();
    session
        .each(&ACTIVE_ROLES, params![company], |row| {
            if roles.contains(&row.get(1)?) {
                found.push(row.get(0)?);
            }
            Ok(())
        })
        .await?;
    Ok(found)
}

/// The PHC string of a user's password; none if there is no such user, no password yet, or a ban.
#[boxed]
pub async fn password_hash(
    session: &mut Session,
    company: CompanyId,
    user: UserId,
) -> Result<Option<String>> {
    Ok(session.optional(&PASSWORD_HASH, params![company, user], |row| row.get(0)).await?.flatten())
}

/// Sets the PHC string. False: there is no such user.
#[boxed]
pub async fn set_password_hash(
    session: &mut Session,
    company: CompanyId,
    user: UserId,
    hash: &str,
) -> Result<bool> {
    Ok(session.execute(&SET_PASSWORD, params![company, user, hash]).await? == 1)
}

/// Bans a user, or lifts the ban with `None` (R16).
#[boxed]
pub async fn set_ban(
    session: &mut Session,
    company: CompanyId,
    user: UserId,
    at: Option<Moment>,
    by: Option<UserId>,
) -> Result<bool> {
    session.tell(Change::of(company, Topic::People).users([user]));
    Ok(session.execute(&BAN, params![company, user, at, by]).await? == 1)
}

/// Sets or lifts the lead cap.
#[boxed]
pub async fn set_cap(
    session: &mut Session,
    company: CompanyId,
    user: UserId,
    cap: Option<i64>,
) -> Result<bool> {
    session.tell(Change::of(company, Topic::People).users([user]));
    Ok(session.execute(&SET_CAP, params![company, user, cap]).await? == 1)
}
