//! How an action can end badly.

/// An action that did not happen. Its text says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller asked for something that cannot be.
    #[error("{0}")]
    Refused(String),
    /// The database could not do it.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Our own fault; nothing was changed.
    #[error("{0}")]
    Fault(String),
}

/// The result of an action.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A refusal with this sentence.
    pub fn refused(sentence: impl std::fmt::Display) -> Error {
        Error::Refused(sentence.to_string())
    }

    /// Whether the caller can mend it by asking differently.
    pub fn is_the_callers(&self) -> bool {
        match self {
            Error::Refused(_) => true,
            Error::Store(error) => is_the_callers(error),
            Error::Fault(_) => false,
        }
    }
}

/// Whether an error of the store is the caller's to mend: the wrong database, or one that is not there. A server that
/// does not answer is not.
pub fn is_the_callers(error: &store::Error) -> bool {
    matches!(
        error,
        store::Error::NewerSchema { .. } | store::Error::NotADatabase(_) | store::Error::Missing(_)
    )
}
