//! Banning somebody, and lifting the ban (R16).

use crate::{
    edit_user::{PersonField, PersonSaved, Stop, is_admin, keep_an_admin},
    error::Result,
};
use domain::{
    ids::{CompanyId, UserId},
    time::Moment,
    viewer::Viewer,
};
use store::{Session, Store, boxed, sessions, users};

/// Bans the user: they cannot sign in any more, every session of theirs ends at once, and they receive nothing. They
/// keep their leads. Who is banned already stays so since then.
#[boxed]
pub async fn ban_user(
    store: &Store,
    company: CompanyId,
    user: UserId,
    viewer: Viewer,
    now: Moment,
) -> Result<PersonSaved> {
    let done =
        store.write(move |session| Box::pin(async move { ban(session, company, user, viewer, now).await }));
    PersonSaved::of(done.await)
}

/// Lifts the ban. Who is not banned stays so.
#[boxed]
pub async fn unban_user(store: &Store, company: CompanyId, user: UserId) -> Result<PersonSaved> {
    let done = store.write(move |session| {
        Box::pin(async move {
            if users::set_ban(session, company, user, None, None).await? {
                Ok(())
            } else {
                Err(Stop::NotFound)
            }
        })
    });
    PersonSaved::of(done.await)
}

async fn ban(
    session: &mut Session,
    company: CompanyId,
    user: UserId,
    viewer: Viewer,
    now: Moment,
) -> Result<(), Stop> {
    let was_admin = is_admin(session, company, user).await?;
    if was_admin {
        users::lock_all(session, company).await?;
    }
    let Some(facts) = users::facts(session, company, user).await? else { return Err(Stop::NotFound) };
    if facts.banned_at.is_none() {
        users::set_ban(session, company, user, Some(now), viewer.actor()).await?;
    }
    sessions::end_all(session, company, user, None).await?;
    if was_admin {
        keep_an_admin(session, company, PersonField::Ban).await?;
    }
    Ok(())
}
