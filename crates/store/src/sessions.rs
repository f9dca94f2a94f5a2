//! Who is signed in. A session is found by the hash of its token, together with all that a page asks of a user: one
//! statement a request.

use crate::{
    boxed,
    changes::{Change, Topic},
    companies::Company,
    error::Result,
    params,
    session::Session,
    sql,
    value::Row,
};
use domain::{
    ids::{BranchId, CompanyId, DepartmentId, UserId},
    role::{Permission, Permissions, Scope},
    text::fold,
    time::{Moment, WorkingDays},
};
use std::collections::HashMap;

/// The hash of a session's token: SHA-256, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHash(pub String);

/// A session to be opened.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The hash of its token.
    pub token: TokenHash,
    /// The company.
    pub company: CompanyId,
    /// Who.
    pub user: UserId,
    /// Since when.
    pub at: Moment,
    /// Until when, unless it is used.
    pub expires_at: Moment,
    /// What the browser said it was.
    pub browser: String,
}

/// A signed-in user with all that decides what they see and may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The company.
    pub company: Company,
    /// Who.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Their e-mail.
    pub email: String,
    /// Their role's name.
    pub role: String,
    /// What the role sees.
    pub scope: Scope,
    /// Whether leads may be dealt to them.
    pub receives: bool,
    /// What the role may do.
    pub permissions: Permissions,
    /// Their branch.
    pub branch: Option<BranchId>,
    /// Their department.
    pub department: Option<DepartmentId>,
    /// When the session was last used, to the minute.
    pub seen_at: Moment,
}

/// Where an e-mail may sign in.
#[derive(Debug, Clone)]
pub struct Door {
    /// The company.
    pub company: CompanyId,
    /// Its name.
    pub company_name: String,
    /// Who.
    pub user: UserId,
    /// A PHC string; none: no password was set yet.
    pub password_hash: Option<String>,
    /// Whether the user is banned.
    pub banned: bool,
}

/// A session in the list of its user.
#[derive(Debug, Clone)]
pub struct Open {
    /// The hash of its token.
    pub token: TokenHash,
    /// Since when.
    pub created_at: Moment,
    /// When it was last used.
    pub seen_at: Moment,
    /// What the browser said it was.
    pub browser: String,
}

/// Companies that one e-mail may sign in to.
pub const DOORS_MAX: i64 = 20;
/// Sessions of one user; a new one ends the oldest.
pub const SESSIONS_MAX: i64 = 20;

sql! {
    START = "INSERT INTO sessions (token_hash, company_id, user_id, created_at_ms, seen_at_ms, expires_at_ms, browser)
        VALUES ($1, $2, $3, $4, $4, $5, $6)";
    ACTIVE = "SELECT id FROM users WHERE company_id = $1 AND id = $2 AND banned_at_ms IS NULL /*pg FOR SHARE*/";
    KNOWN = "SELECT password_hash FROM sign_ins WHERE company_id = $1 AND user_id = $2 AND email_folded = $3 /*pg FOR SHARE*/";
    FIND = "SELECT c.id, c.name, c.country, c.time_zone, c.working_days, u.id, u.name, u.email, r.name, r.scope,
            r.receives_leads, r.permissions, u.branch_id, u.department_id, s.seen_at_ms
        FROM sessions s
        JOIN companies c ON c.id = s.company_id
        JOIN users u ON u.company_id = s.company_id AND u.id = s.user_id
        JOIN roles r ON r.company_id = u.company_id AND r.id = u.role_id
        WHERE s.token_hash = $1 AND s.expires_at_ms > $2 AND u.banned_at_ms IS NULL";
    SEEN = "UPDATE sessions SET seen_at_ms = $2, expires_at_ms = $3 WHERE token_hash = $1";
    END = "DELETE FROM sessions WHERE token_hash = $1";
    END_ONE_OF_USER = "DELETE FROM sessions WHERE company_id = $1 AND user_id = $2 AND token_hash = $3";
    END_ALL = "DELETE FROM sessions WHERE company_id = $1 AND user_id = $2 AND token_hash <> $3";
    END_OLDEST = "DELETE FROM sessions WHERE company_id = $1 AND user_id = $2 AND token_hash NOT IN
        (SELECT k.token_hash FROM sessions k WHERE k.company_id = $1 AND k.user_id = $2
            ORDER BY k.created_at_ms DESC, k.token_hash LIMIT $3)";
    END_EXPIRED = "DELETE FROM sessions WHERE expires_at_ms <= $1";
    OF_USER = "SELECT token_hash, created_at_ms, seen_at_ms, browser FROM sessions
        WHERE company_id = $1 AND user_id = $2 AND expires_at_ms > $3 ORDER BY seen_at_ms DESC, token_hash LIMIT $4";
    SEEN_OF_ALL = "SELECT user_id, MAX(seen_at_ms) FROM sessions
        WHERE company_id = $1 AND expires_at_ms > $2 GROUP BY user_id";
    DOORS = "SELECT c.id, c.name, i.user_id, i.password_hash, CASE WHEN u.banned_at_ms IS NULL THEN 0 ELSE 1 END
        FROM sign_ins i
        JOIN companies c ON c.id = i.company_id
        JOIN users u ON u.company_id = i.company_id AND u.id = i.user_id
        WHERE i.email_folded = $1 ORDER BY i.company_id LIMIT $2";
}

/// Where this e-mail may sign in, and with which password.
#[boxed]
pub async fn doors(session: &mut Session, email: &str) -> Result<Vec<Door>> {
    session
        .rows(&DOORS, params![&fold(email), DOORS_MAX], |row| {
            Ok(Door {
                company: row.get(0)?,
                company_name: row.get(1)?,
                user: row.get(2)?,
                password_hash: row.get(3)?,
                banned: row.get(4)?,
            })
        })
        .await
}

/// Whether the door is still as it was when its password was checked: the same e-mail with the same password, and no
/// ban. It stays so until the transaction ends; a change after that ends the session that is opened now.
#[boxed]
pub async fn still_opens(session: &mut Session, email: &str, door: &Door) -> Result<bool> {
    let active: Option<UserId> =
        session.optional(&ACTIVE, params![door.company, door.user], |row| row.get(0)).await?;
    let known: Option<Option<String>> =
        session.optional(&KNOWN, params![door.company, door.user, &fold(email)], |row| row.get(0)).await?;
    Ok(active.is_some() && known.is_some_and(|hash| hash == door.password_hash))
}

/// Opens a session, and ends the oldest of a user who has too many.
#[boxed]
pub async fn start(session: &mut Session, new: &NewSession) -> Result<()> {
    let values = params![&new.token.0, new.company, new.user, new.at, new.expires_at, &new.browser];
    session.execute(&START, values).await?;
    session.execute(&END_OLDEST, params![new.company, new.user, SESSIONS_MAX]).await?;
    Ok(())
}

/// The user behind a token, unless the session has ended or the user is banned (R16).
#[boxed]
pub async fn find(session: &mut Session, token: &TokenHash, now: Moment) -> Result<Option<SignedIn>> {
    session.optional(&FIND, params![&token.0, now], read_signed_in).await
}

fn read_signed_in(row: &Row<'_>) -> Result<SignedIn> {
    let scope: String = row.get(9)?;
    let permissions: String = row.get(11)?;
    Ok(SignedIn {
        company: Company {
            id: row.get(0)?,
            name: row.get(1)?,
            country: row.get(2)?,
            time_zone: row.get(3)?,
            working_days: WorkingDays(row.get::<i64>(4)? as u8),
        },
        user: row.get(5)?,
        name: row.get(6)?,
        email: row.get(7)?,
        role: row.get(8)?,
        // What cannot be read sees and may as little as there is.
        scope: Scope::from_word(&scope).unwrap_or(Scope::Own),
        receives: row.get(10)?,
        permissions: serde_json::from_str::<Vec<String>>(&permissions)
            .unwrap_or_default()
            .iter()
            .filter_map(|word| Permission::from_word(word))
            .collect(),
        branch: row.get(12)?,
        department: row.get(13)?,
        seen_at: row.get(14)?,
    })
}

/// Notes that the session is in use.
#[boxed]
pub async fn seen(session: &mut Session, token: &TokenHash, at: Moment, expires_at: Moment) -> Result<()> {
    session.execute(&SEEN, params![&token.0, at, expires_at]).await?;
    Ok(())
}

/// Ends one session.
#[boxed]
pub async fn end(session: &mut Session, token: &TokenHash) -> Result<()> {
    session.execute(&END, params![&token.0]).await?;
    Ok(())
}

/// Ends one session of a user; false when it is not theirs.
#[boxed]
pub async fn end_one(
    session: &mut Session,
    company: CompanyId,
    user: UserId,
    token: &TokenHash,
) -> Result<bool> {
    session.tell(Change::of(company, Topic::People).users([user]));
    Ok(session.execute(&END_ONE_OF_USER, params![company, user, &token.0]).await? == 1)
}

/// Ends every session of a user (R16), or every other than the one that asks; answers how many there were.
#[boxed]
pub async fn end_all(
    session: &mut Session,
    company: CompanyId,
    user: UserId,
    except: Option<&TokenHash>,
) -> Result<u64> {
    // No token's hash is empty.
    let except = except.map_or("", |token| &token.0);
    let ended = session.execute(&END_ALL, params![company, user, except]).await?;
    session.tell(Change::of(company, Topic::People).users([user]));
    Ok(ended)
}

/// Forgets the sessions that have expired.
#[boxed]
pub async fn sweep(session: &mut Session, now: Moment) -> Result<u64> {
    session.execute(&END_EXPIRED, params![now]).await
}

/// When everybody who is signed in was last here. Whoever is signed out is not among them.
#[boxed]
pub async fn seen_of_all(
    session: &mut Session,
    company: CompanyId,
    now: Moment,
) -> Result<HashMap<UserId, Moment>> {
    let seen = session
        .rows(&SEEN_OF_ALL, params![company, now], |row| Ok((row.get::<UserId>(0)?, row.get::<Moment>(1)?)))
        .await?;
    Ok(seen.into_iter().collect())
}

/// The open sessions of a user, the one used last first.
#[boxed]
pub async fn of_user(
    session: &mut Session,
    company: CompanyId,
    user: UserId,
    now: Moment,
) -> Result<Vec<Open>> {
    session
        .rows(&OF_USER, params![company, user, now, SESSIONS_MAX], |row| {
            Ok(Open {
                token: TokenHash(row.get(0)?),
                created_at: row.get(1)?,
                seen_at: row.get(2)?,
                browser: row.get(3)?,
            })
        })
        .await
}
