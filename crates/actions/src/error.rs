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

    /// What may stand in a record that people read: a refusal in its own words, and of what is broken only that it is.
    /// The rest belongs into the log.
    pub fn for_people(&self) -> String {
        match self {
            Error::Refused(why) => why.clone(),
            Error::Store(
                error @ (store::Error::Busy { .. }
                | store::Error::QueueFull { .. }
                | store::Error::Locked
                | store::Error::DiskFull
                | store::Error::Deadlock
                | store::Error::Gone { .. }
                | store::Error::Timeout { .. }
                | store::Error::Cancelled),
            ) => error.to_string().trim_end_matches('.').to_owned(),
            Error::Store(_) | Error::Fault(_) => {
                "something went wrong on the server, and its log says what; try again, and ask who runs the server if it stays so".into()
            }
        }
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

/// Whether an error of the store is the caller's to mend: the wrong database, or one that is not there; or what somebody
/// wished to stop. A server that does not answer is not.
pub fn is_the_callers(error: &store::Error) -> bool {
    matches!(
        error,
        store::Error::NewerSchema { .. }
            | store::Error::NotADatabase(_)
            | store::Error::Missing(_)
            | store::Error::Cancelled
    )
}
