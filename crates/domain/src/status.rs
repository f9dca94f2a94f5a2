//! Lead statuses: an ordered list per company, each of a kind, four of them with a meaning to the product (R1–R7).

use crate::ids::StatusId;
use serde::{Deserialize, Serialize};

/// What a status says about the work on a lead (R3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusKind {
    /// Still work: counts as held.
    Open,
    /// Finished without a sale.
    Closed,
    /// A customer.
    Won,
}

/// What the product itself does with a status, whatever its name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusMark {
    /// Nobody owns a lead in it (R7). Protected.
    Unassigned,
    /// Given on assignment (R5). The mark can move to another open status.
    Assigned,
    /// Where a scheduled follow-up moves a lead (R48). Protected.
    Followups,
    /// Converted (R51). Protected.
    Customer,
}

/// A status of a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Its identifier.
    pub id: StatusId,
    /// Its name as the company writes it.
    pub name: String,
    /// Its kind.
    pub kind: StatusKind,
    /// Its mark, if it has one.
    pub mark: Option<StatusMark>,
}

/// The statuses a new company starts with (R2, R3, R5), in order.
pub const DEFAULTS: [(&str, StatusKind, Option<StatusMark>); 10] = [
    ("Unassigned", StatusKind::Open, Some(StatusMark::Unassigned)),
    ("Assigned", StatusKind::Open, Some(StatusMark::Assigned)),
    ("Followups", StatusKind::Open, Some(StatusMark::Followups)),
    ("Interested", StatusKind::Open, None),
    ("Not Interested", StatusKind::Closed, None),
    ("Busy", StatusKind::Open, None),
    ("Not Picked", StatusKind::Open, None),
    ("Missed", StatusKind::Open, None),
    ("Wrong Number", StatusKind::Closed, None),
    ("Customer", StatusKind::Won, Some(StatusMark::Customer)),
];

/// The ordered list of a company's statuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statuses(Vec<Status>);

impl Statuses {
    /// Takes a list that has each of the four marks; `None` when one is missing, which a database never has.
    pub fn new(list: Vec<Status>) -> Option<Statuses> {
        use StatusMark::{Assigned, Customer, Followups, Unassigned};
        [Unassigned, Assigned, Followups, Customer]
            .iter()
            .all(|mark| list.iter().any(|status| status.mark == Some(*mark)))
            .then_some(Statuses(list))
    }

    /// All of them, in the company's order.
    pub fn iter(&self) -> impl Iterator<Item = &Status> {
        self.0.iter()
    }

    /// The status with this mark.
    pub fn marked(&self, mark: StatusMark) -> &Status {
        self.0.iter().find(|status| status.mark == Some(mark)).expect("checked when the list was made")
    }

    /// The status with this identifier.
    pub fn get(&self, id: StatusId) -> Option<&Status> {
        self.0.iter().find(|status| status.id == id)
    }

    /// The status with this name, in any case.
    pub fn named(&self, name: &str) -> Option<&Status> {
        let folded = crate::text::fold(name);
        self.0.iter().find(|status| crate::text::fold(&status.name) == folded)
    }

    /// Whether a lead in this status is still work.
    pub fn is_open(&self, id: StatusId) -> bool {
        self.get(id).is_some_and(|status| status.kind == StatusKind::Open)
    }

    /// The names, for messages: "Unassigned, Assigned, …".
    pub fn names(&self) -> String {
        self.0.iter().map(|status| status.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl StatusKind {
    /// Its word in the database.
    pub fn word(self) -> &'static str {
        match self {
            StatusKind::Open => "open",
            StatusKind::Closed => "closed",
            StatusKind::Won => "won",
        }
    }

    /// Reads its word.
    pub fn from_word(word: &str) -> Option<StatusKind> {
        [StatusKind::Open, StatusKind::Closed, StatusKind::Won].into_iter().find(|kind| kind.word() == word)
    }
}

impl StatusMark {
    /// Its word in the database.
    pub fn word(self) -> &'static str {
        match self {
            StatusMark::Unassigned => "unassigned",
            StatusMark::Assigned => "assigned",
            StatusMark::Followups => "followups",
            StatusMark::Customer => "customer",
        }
    }

    /// Reads its word.
    pub fn from_word(word: &str) -> Option<StatusMark> {
        [StatusMark::Unassigned, StatusMark::Assigned, StatusMark::Followups, StatusMark::Customer]
            .into_iter()
            .find(|mark| mark.word() == word)
    }
}
