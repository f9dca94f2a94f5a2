//! Passwords: hashed with Argon2id, off the asynchronous threads because it is slow on purpose.

use crate::error::{Error, Result};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use store::boxed;
use tokio::sync::Semaphore;

/// The shortest password.
pub const CHARS_MIN: usize = 8;
/// The longest password; beyond it hashing would only cost time.
pub const BYTES_MAX: usize = 1_024;

/// How many passwords are worked on at once: each takes 19 MiB and a core, on purpose, so a crowd at the door waits.
const AT_ONCE_MAX: usize = 4;
static PLACES: Semaphore = Semaphore::const_new(AT_ONCE_MAX);

/// The hash of no password, made with the same cost as a real one: what is compared when there is no user, so that
/// time does not tell who exists.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Refuses a password that is too short or too long.
pub fn check(password: &str) -> Result<()> {
    if password.chars().count() < CHARS_MIN {
        return Err(Error::Refused(format!(
            "a password has at least {CHARS_MIN} characters; this one is shorter"
        )));
    }
    if password.len() > BYTES_MAX {
        return Err(Error::Refused(format!("a password has at most {BYTES_MAX} bytes; this one is longer")));
    }
    Ok(())
}

/// A PHC string for the password, with a new salt.
#[boxed]
pub async fn hash(password: &str) -> Result<String> {
    check(password)?;
    let password = password.to_owned();
    slowly(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash: PasswordHash| hash.to_string())
            .map_err(|error| Error::Fault(format!("the password could not be hashed: {error}")))
    })
    .await?
}

/// Whether the password belongs to the PHC string. Without a string, and with a password that is too long for any, it
/// takes as long and is false.
#[boxed]
pub async fn verify(hash: Option<String>, password: &str) -> Result<bool> {
    let is_possible = hash.is_some() && password.len() <= BYTES_MAX;
    let hash = hash.unwrap_or_else(|| NOBODYS.to_owned());
    let password = if password.len() <= BYTES_MAX { password.to_owned() } else { String::new() };
    slowly(move || {
        let hash = PasswordHash::new(&hash)
            .map_err(|error| Error::Fault(format!("a stored password hash cannot be read: {error}")))?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok() && is_possible)
    })
    .await?
}

/// Off the asynchronous threads, and a few at a time.
async fn slowly<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let place = PLACES.acquire().await.map_err(|error| Error::Fault(error.to_string()))?;
    tokio::task::spawn_blocking(move || {
        let _place = place; // given back when the work is done, also when its caller has gone
        work()
    })
    .await
    .map_err(|error| Error::Fault(format!("the password could not be worked on: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_nobody_costs_the_same() {
        let hash = hash("correct horse").await.expect("hashed");
        let cost = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(cost(&hash), cost(NOBODYS));
        for (hash, password, expect) in [
            (Some(hash.clone()), "correct horse", true),
            (Some(hash.clone()), "Correct horse", false),
            (Some(hash), &*"x".repeat(BYTES_MAX + 1), false),
            (None, "correct horse", false),
        ] {
            assert_eq!(verify(hash, password).await.expect("worked on"), expect);
        }
    }
}
