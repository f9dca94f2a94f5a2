//! What a page answers when there is no page. Every answer says what happened and what to do next.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

/// No page, and why.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody is signed in.
    #[error("Sign in to see this page.")]
    NotSignedIn,
    /// The role does not allow it.
    #[error("Your role does not allow this. Somebody who manages roles can change that.")]
    Forbidden,
    /// There is nothing at this address, or the viewer may not see it (R14).
    #[error("There is nothing here, or it is not yours to see.")]
    NotFound,
    /// What was asked cannot be; the sentence says what to do.
    #[error("{0}")]
    Refused(String),
    /// More people want the same than can be served; trying again helps.
    #[error("{0}")]
    Busy(String),
    /// Nobody knows whether it happened: the connection to the database broke at the worst moment.
    #[error(
        "The connection to the database broke while this was being saved. It may have happened or not: look before you repeat it."
    )]
    Unknown,
    /// Our fault. The text is for the log, not for the page.
    #[error("{0}")]
    Fault(String),
}

/// A page, or why there is none.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// More people want the same than can be served.
    pub fn busy() -> Error {
        Error::Busy(
            "Too much is going on at this moment; try again in a few seconds. Nothing was changed.".into(),
        )
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Error::NotSignedIn => StatusCode::UNAUTHORIZED,
            Error::Forbidden => StatusCode::FORBIDDEN,
            Error::NotFound => StatusCode::NOT_FOUND,
            Error::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::Busy(_) | Error::Unknown => StatusCode::SERVICE_UNAVAILABLE,
            Error::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The heading of its page.
    pub fn title(&self) -> &'static str {
        match self {
            Error::NotSignedIn => "Sign in first",
            Error::Forbidden => "Not allowed",
            Error::NotFound => "Not found",
            Error::Refused(_) => "That did not work",
            Error::Busy(_) => "Not now",
            Error::Unknown => "Look first",
            Error::Fault(_) => "Our mistake",
        }
    }

    /// What the page says.
    pub fn sentence(&self) -> String {
        match self {
            Error::Fault(_) => {
                "Something went wrong on our side, and it is in the log. Nothing was changed. Try again; if it happens \
                 again, tell whoever runs this server."
                    .into()
            }
            told => told.to_string(),
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Error {
        match error {
            // Their own sentences say what happened and what to do.
            store::Error::Busy { .. }
            | store::Error::QueueFull { .. }
            | store::Error::Locked
            | store::Error::Deadlock
            | store::Error::GivenUp
            | store::Error::DiskFull => Error::Busy(crate::words::sentence(&error.to_string())),
            store::Error::Gone { .. } => Error::Refused(crate::words::sentence(&error.to_string())),
            store::Error::Unavailable(why) => {
                tracing::error!(why, "the database cannot be reached");
                Error::Busy("The database cannot be reached at this moment; try again soon.".into())
            }
            store::Error::CommitUnknown(why) => {
                tracing::error!(why, "a commit is unknown");
                Error::Unknown
            }
            error => Error::Fault(error.to_string()),
        }
    }
}

impl From<actions::Error> for Error {
    fn from(error: actions::Error) -> Error {
        match error {
            actions::Error::Refused(sentence) => Error::Refused(sentence),
            actions::Error::Store(error) => error.into(),
            actions::Error::Fault(why) => Error::Fault(why),
        }
    }
}

/// The error travels in the response until `router` knows who asked, and how: it becomes a page, a message or a way
/// to the sign-in page there.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(std::sync::Arc::new(self));
        response
    }
}
