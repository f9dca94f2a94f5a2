//! Passwords of people: setting one, asking for one's own (R25), ending sessions.

use crate::{
    edit_user::{PersonSaved, Stop, hashed},
    error::Result,
    password,
};
use domain::ids::{CompanyId, UserId};
use store::{
    Store, boxed,
    sessions::{self, TokenHash},
    users,
};

/// Sets the password and ends every session of the user, except the one with this token: that of somebody who
/// changes their own.
#[boxed]
pub async fn set_password(
    store: &Store,
    company: CompanyId,
    user: UserId,
    new: &str,
    except: Option<TokenHash>,
) -> Result<PersonSaved> {
    let hash = match hashed(new).await? {
        Ok(hash) => hash,
        Err(refused) => return Ok(refused),
    };
    let done = store.write(move |session| {
        Box::pin(async move {
            if !users::set_password_hash(session, company, user, &hash).await? {
                return Err(Stop::NotFound);
            }
            sessions::end_all(session, company, user, except.as_ref()).await?;
            Ok(())
        })
    });
    PersonSaved::of(done.await)
}

/// Whether this is the user's password. It takes the same time when there is no such user, when they have no password
/// yet, and when they are banned.
#[boxed]
pub async fn verify_password(
    store: &Store,
    company: CompanyId,
    user: UserId,
    password: &str,
) -> Result<bool> {
    let hash = users::password_hash(store.read().await?.session(), company, user).await?;
    password::verify(hash, password).await
}

/// Ends every session of the user; answers how many there were.
#[boxed]
pub async fn end_sessions(store: &Store, company: CompanyId, user: UserId) -> Result<u64> {
    store
        .write(move |session| {
            Box::pin(async move { Ok(sessions::end_all(session, company, user, None).await?) })
        })
        .await
}
