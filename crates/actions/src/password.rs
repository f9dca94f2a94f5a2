//! Passwords: hashed with Argon2id, off the asynchronous threads because it is slow on purpose.

use crate::error::{Error, Result};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, phc::PasswordHash},
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
