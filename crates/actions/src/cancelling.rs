//! What comes of the wish that a run or an import stop.

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelling {
    /// There is no such run or import, or it is not this person's to cancel.
    NotFound,
    /// It has stopped, and nothing of it happened.
    Cancelled,
    /// It is about to stop, unless its last statement is written already.
    Asked,
    /// It was done already.
    Done,
    /// It had failed already, or somebody else had cancelled it.
    Failed,
}

impl Cancelling {
    pub(crate) fn of_an_ended(state: &str) -> Cancelling {
        match state {
            "failed" | "cancelled" => Cancelling::Failed,
            _ => Cancelling::Done,
        }
    }
}
