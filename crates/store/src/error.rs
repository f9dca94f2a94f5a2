//! What can go wrong between the house and its memory, in words that say what to do next.

use std::time::Duration;

/// An error of the store. Clonable, because one failed commit answers every write that shared it.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The queue for the writer, or for a connection, did not clear in time. Nothing was done.
    #[error("the database is busy: no turn within {} s. Nothing was changed; try again.", waited.as_secs())]
    Busy {
        /// How long the caller waited.
        waited: Duration,
    },
    /// So many writes wait for the writer of the embedded database that no more are taken in. Nothing was done.
    #[error("the database is busy: {waiting} changes are waiting already. Nothing was changed; try again.")]
    QueueFull {
        /// How many wait.
        waiting: usize,
    },
    /// Another process holds the embedded database.
    #[error(
        "the database is locked by another process. Nothing was changed; try again when that process is done."
    )]
    Locked,
    /// The database cannot be reached. What was not acknowledged did not happen, or will be found done.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// What the caller named is not there, or cannot be used.
    #[error("{0}")]
    Missing(String),
    /// The connection broke in the middle of a commit, so that nobody knows yet whether it happened.
    #[error(
        "the connection to the database broke during the commit, so it may or may not have happened; look before you repeat it ({0})"
    )]
    CommitUnknown(String),
    /// The disk is full.
    #[error("the disk that holds the database is full. Nothing was changed; free some space and try again.")]
    DiskFull,
    /// A change failed so badly that the engine gave up the whole commit it shared with this one.
    #[error(
        "the database gave up a commit that this change shared with others; a full disk is the usual reason. Nothing was changed; try again."
    )]
    GivenUp,
    /// The database belongs to a newer version of the program.
    #[error(
        "the database has schema {found}, this program knows schemas up to {known}: use the newer program that upgraded it"
    )]
    NewerSchema {
        /// The schema number found.
        found: i64,
        /// The highest schema number this program knows.
        known: i64,
    },
    /// The file is no database of ours.
    #[error("{0}")]
    NotADatabase(String),
    /// A unique key or a check refused a row. `constraint` names it as well as the engine can.
    #[error("the row conflicts with another one ({constraint})")]
    Conflict {
        /// The name of the constraint, or of the columns on SQLite.
        constraint: String,
    },
    /// A row that another one needs is gone, or a row that goes is still needed: a foreign key says so.
    #[error(
        "something that this needs was deleted meanwhile, or is still in use. Nothing was changed; look again."
    )]
    Gone {
        /// The name of the constraint, as well as the engine can.
        constraint: String,
    },
    /// Two transactions waited for each other and this one was chosen to give way.
    #[error("two changes waited for each other and this one gave way. Nothing was changed; try again.")]
    Deadlock,
    /// A statement took longer than the limit.
    #[error("a statement took longer than its limit of {} s and was stopped", limit.as_secs())]
    Timeout {
        /// The limit.
        limit: Duration,
    },
    /// Somebody wished that a run or an import stop, and it did. Nothing was done.
    #[error("it was cancelled; nothing was changed")]
    Cancelled,
    /// The work inside a transaction panicked; it was rolled back.
    #[error("a fault in the program stopped the change; nothing was changed ({0})")]
    Panicked(String),
    /// A row did not have the shape that the code expects: our fault.
    #[error("column {column} of a row has not the expected type: {why}")]
    Shape {
        /// The column's index, from 0.
        column: usize,
        /// What the driver said.
        why: String,
    },
    /// Anything else the engine said: our fault.
    #[error("the database refused a statement: {0}")]
    Sql(String),
    /// Reading or writing beside the database failed.
    #[error("{0}")]
    Io(String),
}

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        use rusqlite::ErrorCode as Code;
        match &error {
            rusqlite::Error::SqliteFailure(failure, message) => match failure.code {
                Code::DatabaseBusy | Code::DatabaseLocked => Error::Locked,
                Code::DiskFull => Error::DiskFull,
                Code::NotADatabase => {
                    Error::NotADatabase("the file is not an Evenhand database (or is damaged)".into())
                }
                Code::DatabaseCorrupt => Error::NotADatabase(
                    "the database file is damaged: restore the latest backup and keep the damaged file for a repair".into(),
                ),
                Code::OperationInterrupted => Error::Timeout { limit: crate::limits::STATEMENT },
                Code::ConstraintViolation
                    if failure.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY =>
                {
                    Error::Gone { constraint: message.clone().unwrap_or_else(|| error.to_string()) }
                }
                Code::ConstraintViolation => {
                    Error::Conflict { constraint: message.clone().unwrap_or_else(|| error.to_string()) }
                }
                Code::ReadOnly => Error::Unavailable(
                    "this user may not write there; Evenhand has to write in the folder of the database, also to read".into(),
                ),
                Code::CannotOpen | Code::PermissionDenied | Code::SystemIoFailure => {
                    Error::Unavailable(message.clone().unwrap_or_else(|| error.to_string()))
                }
                _ => Error::Sql(error.to_string()),
            },
            _ => Error::Sql(error.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Error {
        use tokio_postgres::error::SqlState;
        let Some(told) = error.as_db_error() else {
            return if error.is_closed()
                || std::error::Error::source(&error)
                    .is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
            {
                Error::Unavailable(chain(&error))
            } else {
                Error::Sql(chain(&error))
            };
        };
        let code = told.code();
        let constraint = || told.constraint().unwrap_or(told.message()).to_owned();
        if *code == SqlState::FOREIGN_KEY_VIOLATION {
            Error::Gone { constraint: constraint() }
        } else if *code == SqlState::UNIQUE_VIOLATION || *code == SqlState::CHECK_VIOLATION {
            Error::Conflict { constraint: constraint() }
        } else if *code == SqlState::INVALID_CATALOG_NAME {
            Error::Missing(format!("{}; make it with `createdb`", told.message()))
        } else if *code == SqlState::INVALID_PASSWORD
            || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
        {
            Error::Missing(format!("the database refuses the user of the URL: {}", told.message()))
        } else if *code == SqlState::T_R_DEADLOCK_DETECTED || *code == SqlState::T_R_SERIALIZATION_FAILURE {
            Error::Deadlock
        } else if *code == SqlState::QUERY_CANCELED {
            Error::Timeout { limit: crate::limits::STATEMENT }
        } else if *code == SqlState::LOCK_NOT_AVAILABLE {
            Error::Busy { waited: crate::limits::TURN }
        } else if *code == SqlState::DISK_FULL {
            Error::DiskFull
        } else if matches!(code.code().get(..2), Some("08" | "57" | "53")) {
            Error::Unavailable(told.message().to_owned())
        } else {
            Error::Sql(format!("{} ({})", told.message(), code.code()))
        }
    }
}

impl From<deadpool_postgres::PoolError> for Error {
    fn from(error: deadpool_postgres::PoolError) -> Error {
        match error {
            // The pool says the right number of seconds; see `Postgres::connection`.
            deadpool_postgres::PoolError::Timeout(_) => Error::Busy { waited: crate::limits::TURN },
            deadpool_postgres::PoolError::Backend(inner) => match Error::from(inner) {
                Error::Sql(text) => Error::Unavailable(text),
                other => other,
            },
            other => Error::Unavailable(other.to_string()),
        }
    }
}

/// An error and what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
