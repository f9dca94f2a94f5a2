//! Passwords: hashed with Argon2id, off the asynchronous threads because it is slow on purpose.

use crate::error::{Error, Result};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};

/// The shortest password.
pub const CHARS_MIN: usize = 8;
/// The longest password; beyond it hashing would only cost time.
pub const BYTES_MAX: usize = 1_024;

/// A PHC string for the password, with a new salt.
pub async fn hash(password: &str) -> Result<String> {
    if password.chars().count() < CHARS_MIN {
        return Err(Error::Refused(format!(
            "a password has at least {CHARS_MIN} characters; this one is shorter"
        )));
    }
    if password.len() > BYTES_MAX {
        return Err(Error::Refused(format!("a password has at most {BYTES_MAX} bytes; this one is longer")));
    }
    let password = password.to_owned();
    let hashed = tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(password.as_bytes()).map(|hash: PasswordHash| hash.to_string())
    })
    .await;
    match hashed {
        Ok(Ok(hash)) => Ok(hash),
        Ok(Err(error)) => Err(Error::Fault(format!("the password could not be hashed: {error}"))),
        Err(error) => Err(Error::Fault(format!("the password could not be hashed: {error}"))),
    }
}

/// Whether the password is the one behind this PHC string. Without one the answer is no, after the same work, so that
/// nobody learns from the time it takes who may sign in.
pub async fn is_right(password: &str, hash: Option<&str>) -> Result<bool> {
    /// Of a password that nobody has: the parameters are those of [`hash`].
    const NOBODYS: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmU$E3wBcQCFzFcTSOTFlBcEyUnfBmBoNBWEzmXQ4LHI8gA";
    if password.len() > BYTES_MAX {
        return Ok(false);
    }
    let known = hash.is_some();
    let hash = hash.unwrap_or(NOBODYS).to_owned();
    let password = password.to_owned();
    let checked = tokio::task::spawn_blocking(move || {
        let hash = PasswordHash::new(&hash).map_err(|error| error.to_string())?;
        Ok::<_, String>(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    })
    .await;
    match checked {
        Ok(Ok(right)) => Ok(right && known),
        Ok(Err(error)) => Err(Error::Fault(format!("a stored password cannot be read: {error}"))),
        Err(error) => Err(Error::Fault(format!("the password could not be checked: {error}"))),
    }
}
