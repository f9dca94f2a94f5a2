//! The settings of the automatic jobs, and what is allowed in them (R25).

use crate::{
    ids::StatusId,
    status::{StatusKind, StatusMark, Statuses},
    time::MinuteOfDay,
};
use allot::Strategy;

/// The name of the job *Auto lead assignment* in the database, the command line and run records.
pub const ASSIGNMENT: &str = "assignment";

/// The settings of *Auto lead assignment*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoAssignment {
    /// Whether the schedule runs it. *Run Now* works either way.
    pub enabled: bool,
    /// The statuses whose leads are eligible.
    pub statuses: Vec<StatusId>,
    /// When it runs, company time.
    pub at: MinuteOfDay,
    /// What "evenly" means.
    pub strategy: Strategy,
    /// Among leads of one urgency the oldest first, instead of the newest (R30).
    pub oldest_first: bool,
    /// Hours after an attempt before an owned lead is dealt again (R26).
    pub rest_hours: i64,
}

/// Why settings were not saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsRefused {
    /// Not an open status.
    #[error("{0} is not an open status; only leads that are still work can be dealt out")]
    NotOpen(String),
    /// The status that assignment gives.
    #[error("{0} is the status that assignment gives; leads in it have just been dealt out")]
    GivenOnAssignment(String),
    /// Enabled without a status.
    #[error("auto lead assignment cannot be enabled without a status to take leads from; choose at least one with --statuses")]
    NoStatuses,
    /// A status that does not exist.
    #[error("there is no status {name:?}; the statuses are {known}")]
    UnknownStatus {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
}

impl AutoAssignment {
    /// What a new company has: switched off, from Unassigned, at nine.
    pub fn new(statuses: &Statuses) -> AutoAssignment {
        AutoAssignment {
            enabled: false,
            statuses: vec![statuses.marked(StatusMark::Unassigned).id],
            at: MinuteOfDay::NINE,
            strategy: Strategy::EqualShares,
            oldest_first: false,
            rest_hours: 20,
        }
    }

    /// R25: only open statuses, not that of R5, and not an empty list when enabled.
    pub fn check(&self, statuses: &Statuses) -> Result<(), SettingsRefused> {
        for id in &self.statuses {
            let Some(status) = statuses.get(*id) else {
                return Err(SettingsRefused::UnknownStatus { name: id.to_string(), known: statuses.names() });
            };
            if status.kind != StatusKind::Open {
                return Err(SettingsRefused::NotOpen(status.name.clone()));
            }
            if status.mark == Some(StatusMark::Assigned) {
                return Err(SettingsRefused::GivenOnAssignment(status.name.clone()));
            }
        }
        if self.enabled && self.statuses.is_empty() {
            return Err(SettingsRefused::NoStatuses);
        }
        Ok(())
    }
}
