//! The settings of the automatic jobs, and what is allowed in them (R25).

use crate::{
    ids::StatusId,
    status::{Status, StatusKind, StatusMark, Statuses},
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
    #[error(
        "auto lead assignment cannot be enabled without a status to take leads from; choose at least one with --statuses"
    )]
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

    /// The statuses whose leads are dealt. A status that was closed, or got the mark of R5, after the settings were
    /// saved drops out: its leads are not held, or have just been dealt.
    pub fn eligible(&self, statuses: &Statuses) -> Vec<StatusId> {
        let may =
            |status: &Status| status.kind == StatusKind::Open && status.mark != Some(StatusMark::Assigned);
        self.statuses.iter().copied().filter(|id| statuses.get(*id).is_some_and(may)).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::DEFAULTS;

    /// The statuses of a new company, numbered from 1, with changes to kinds and marks.
    fn statuses(change: impl Fn(&mut Status)) -> Statuses {
        let list = (1_i64..)
            .zip(DEFAULTS)
            .map(|(id, (name, kind, mark))| {
                let mut status = Status { id: id.into(), name: name.into(), kind, mark };
                change(&mut status);
                status
            })
            .collect();
        Statuses::new(list).unwrap()
    }

    fn settings(statuses: &Statuses, names: &[&str]) -> AutoAssignment {
        let ids = names.iter().map(|name| statuses.named(name).unwrap().id).collect();
        AutoAssignment { statuses: ids, ..AutoAssignment::new(statuses) }
    }

    #[test]
    fn r25_only_open_statuses_that_assignment_does_not_give() {
        let known = statuses(|_| {});
        for (names, refused) in [
            (&["Unassigned", "Followups", "Interested", "Busy", "Not Picked", "Missed"][..], None),
            (&["Unassigned", "Customer"], Some("Customer is not an open status")),
            (&["Wrong Number"], Some("Wrong Number is not an open status")),
            (&["Assigned"], Some("Assigned is the status that assignment gives")),
            (&[], Some("auto lead assignment cannot be enabled without a status")),
        ] {
            let settings = AutoAssignment { enabled: true, ..settings(&known, names) };
            let said = settings.check(&known).err().map(|why| why.to_string());
            match (&said, refused) {
                (None, None) => {}
                (Some(said), Some(refused)) => assert!(said.starts_with(refused), "{said}"),
                _ => panic!("{names:?}: {said:?}"),
            }
        }
        let off = AutoAssignment { enabled: false, ..settings(&known, &[]) };
        assert_eq!(off.check(&known), Ok(()), "an empty list may wait, switched off");
    }

    #[test]
    fn r25_a_status_that_was_closed_or_marked_afterwards_drops_out() {
        let chosen = ["Unassigned", "Busy", "Missed"];
        let settings = settings(&statuses(|_| {}), &chosen);
        let later = statuses(|status| match status.name.as_str() {
            "Busy" => status.kind = StatusKind::Closed,
            "Missed" => status.mark = Some(StatusMark::Assigned),
            "Assigned" => status.mark = None,
            _ => {}
        });
        let names: Vec<&str> =
            settings.eligible(&later).iter().map(|id| later.get(*id).unwrap().name.as_str()).collect();
        assert_eq!(names, ["Unassigned"]);
    }
}
