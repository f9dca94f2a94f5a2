//! The automatic jobs: which there are, their settings, and what is allowed in them (R25, R35, R37).

use crate::{
    ids::StatusId,
    schedule::Timing,
    status::{Status, StatusKind, StatusMark, Statuses},
    time::{MinuteOfDay, Moment},
};
use allot::Strategy;

/// A job that the schedule runs. In the order in which jobs run that are due in the same minute (R40).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Job {
    /// *Auto-removal of stale leads* (R37).
    Removal,
    /// *Auto lead assignment* (R25–R34).
    Assignment,
    /// *Daily lead top-up* (R35, R36).
    TopUp,
}

impl Job {
    /// All of them, in the order of R40.
    pub const ALL: [Job; 3] = [Job::Removal, Job::Assignment, Job::TopUp];

    /// Its name in the database, the command line and run records.
    pub fn word(self) -> &'static str {
        match self {
            Job::Removal => "removal",
            Job::Assignment => "assignment",
            Job::TopUp => "top-up",
        }
    }

    /// The job of this name.
    pub fn from_word(word: &str) -> Option<Job> {
        Job::ALL.into_iter().find(|job| job.word() == word)
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Job::Removal => "Auto-removal of stale leads",
            Job::Assignment => "Auto lead assignment",
            Job::TopUp => "Daily lead top-up",
        }
    }
}

/// The name under which the leads of an import that were assigned as they came in stand in the record of runs.
pub const ON_ARRIVAL: &str = "on arrival";

/// The settings of a job. What only one of them has says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSettings {
    /// Whose.
    pub job: Job,
    /// Whether the schedule runs it. *Run Now* works either way.
    pub enabled: bool,
    /// The statuses whose leads it takes.
    pub statuses: Vec<StatusId>,
    /// When it runs, company time.
    pub at: MinuteOfDay,
    /// When that time, or the switch, was last changed: earlier slots do not count (R40).
    pub counts_from: Moment,
    /// Assignment: what "evenly" means.
    pub strategy: Strategy,
    /// Assignment and top-up: among leads of one urgency the oldest first, instead of the newest (R30).
    pub oldest_first: bool,
    /// Assignment: hours after an attempt before an owned lead is dealt again (R26).
    pub rest_hours: i64,
    /// Assignment: whether a lead that is captured is assigned at once.
    pub instant: bool,
    /// Removal: days without a call, note, follow-up or assignment after which a lead is stale (R37).
    pub stale_days: i64,
}

/// The longest rest after an attempt: a month.
pub const REST_HOURS_MAX: i64 = 720;
/// The most days after which a lead is stale: ten years.
pub const STALE_DAYS_MAX: i64 = 3_650;

/// Why settings were not saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsRefused {
    /// Not an open status.
    #[error("{0} is not an open status; only leads that are still work can be dealt out")]
    NotOpen(String),
    /// The status that assignment gives.
    #[error("{0} is the status that assignment gives; leads in it have just been dealt out")]
    GivenOnAssignment(String),
    /// A removal of leads that nobody has.
    #[error("leads in {0} have nobody they could be taken from")]
    HasNoOwners(String),
    /// A removal of customers.
    #[error("leads in {0} are won; a removal leaves them alone")]
    Won(String),
    /// Enabled without a status.
    #[error("{} cannot be enabled without a status to take leads from; choose at least one", .0.title())]
    NoStatuses(Job),
    /// A status that does not exist.
    #[error("there is no status {name:?}; the statuses are {known}")]
    UnknownStatus {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Too many hours, or fewer than none.
    #[error("the hours of rest are a number from 0 to {REST_HOURS_MAX}")]
    RestHours,
    /// Too many days, or none.
    #[error("the days after which a lead is stale are a number from 1 to {STALE_DAYS_MAX}")]
    StaleDays,
}

impl JobSettings {
    /// What a new company has: switched off; dealing from Unassigned at nine, an hour after stale leads came back.
    pub fn new(job: Job, statuses: &Statuses) -> JobSettings {
        let unassigned = statuses.marked(StatusMark::Unassigned).id;
        JobSettings {
            job,
            enabled: false,
            statuses: if job == Job::Removal { Vec::new() } else { vec![unassigned] },
            at: if job == Job::Removal { MinuteOfDay::EIGHT } else { MinuteOfDay::NINE },
            counts_from: Moment(0),
            strategy: if job == Job::TopUp { Strategy::LevelQueues } else { Strategy::EqualShares },
            oldest_first: false,
            rest_hours: 20,
            instant: false,
            stale_days: 30,
        }
    }

    /// Its place in the day, while it is switched on.
    pub fn timing(&self) -> Option<Timing> {
        self.enabled.then_some(Timing { at: self.at, counts_from: self.counts_from })
    }

    /// The statuses whose leads are taken. A status that was closed, won, or got the mark of R5, after the settings were
    /// saved drops out.
    pub fn eligible(&self, statuses: &Statuses) -> Vec<StatusId> {
        let may = |status: &Status| may_take(self.job, status).is_ok();
        self.statuses.iter().copied().filter(|id| statuses.get(*id).is_some_and(may)).collect()
    }

    /// R25, R35, R37: which statuses may be chosen, not an empty list when enabled, and numbers in their bounds.
    pub fn check(&self, statuses: &Statuses) -> Result<(), SettingsRefused> {
        for id in &self.statuses {
            let Some(status) = statuses.get(*id) else {
                return Err(SettingsRefused::UnknownStatus { name: id.to_string(), known: statuses.names() });
            };
            may_take(self.job, status)?;
        }
        if self.enabled && self.statuses.is_empty() {
            return Err(SettingsRefused::NoStatuses(self.job));
        }
        if !(0..=REST_HOURS_MAX).contains(&self.rest_hours) {
            return Err(SettingsRefused::RestHours);
        }
        if !(1..=STALE_DAYS_MAX).contains(&self.stale_days) {
            return Err(SettingsRefused::StaleDays);
        }
        Ok(())
    }

    /// Whether *Auto lead assignment* takes the fresh leads of a top-up before it (R35): both are switched on, share a
    /// status, and the assignment runs earlier or, in the same minute, first (R40).
    pub fn takes_before(&self, top_up: &JobSettings) -> bool {
        self.job == Job::Assignment
            && top_up.job == Job::TopUp
            && self.enabled
            && top_up.enabled
            && self.at <= top_up.at
            && self.statuses.iter().any(|status| top_up.statuses.contains(status))
    }
}

/// What somebody hears who saves a top-up that finds nothing (R35).
pub const TAKEN_BEFORE: &str = "Auto lead assignment takes the same leads first: what it leaves is all that the top-up \
    finds. Give the top-up an earlier time, or take the status from one of them.";

/// Whether a job may take leads in this status.
pub fn may_take(job: Job, status: &Status) -> Result<(), SettingsRefused> {
    let name = || status.name.clone();
    match (job, status.kind, status.mark) {
        (Job::Removal, StatusKind::Won, _) => Err(SettingsRefused::Won(name())),
        (Job::Removal, _, Some(StatusMark::Unassigned)) => Err(SettingsRefused::HasNoOwners(name())),
        (Job::Removal, ..) => Ok(()),
        (_, StatusKind::Open, Some(StatusMark::Assigned)) => Err(SettingsRefused::GivenOnAssignment(name())),
        (_, StatusKind::Open, _) => Ok(()),
        _ => Err(SettingsRefused::NotOpen(name())),
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

    fn settings(job: Job, statuses: &Statuses, names: &[&str]) -> JobSettings {
        let ids = names.iter().map(|name| statuses.named(name).unwrap().id).collect();
        JobSettings { statuses: ids, ..JobSettings::new(job, statuses) }
    }

    #[test]
    fn r25_only_open_statuses_that_assignment_does_not_give() {
        let known = statuses(|_| {});
        for (names, refused) in [
            (&["Unassigned", "Followups", "Interested", "Busy", "Not Picked", "Missed"][..], None),
            (&["Unassigned", "Customer"], Some("Customer is not an open status")),
            (&["Wrong Number"], Some("Wrong Number is not an open status")),
            (&["Assigned"], Some("Assigned is the status that assignment gives")),
            (&[], Some("Auto lead assignment cannot be enabled without a status")),
        ] {
            let settings = JobSettings { enabled: true, ..settings(Job::Assignment, &known, names) };
            let said = settings.check(&known).err().map(|why| why.to_string());
            match (&said, refused) {
                (None, None) => {}
                (Some(said), Some(refused)) => assert!(said.starts_with(refused), "{said}"),
                _ => panic!("{names:?}: {said:?}"),
            }
        }
        let off = JobSettings { enabled: false, ..settings(Job::Assignment, &known, &[]) };
        assert_eq!(off.check(&known), Ok(()), "an empty list may wait, switched off");
    }

    #[test]
    fn r25_a_status_that_was_closed_or_marked_afterwards_drops_out() {
        let chosen = ["Unassigned", "Busy", "Missed"];
        let settings = settings(Job::Assignment, &statuses(|_| {}), &chosen);
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

    #[test]
    fn r37_a_removal_takes_from_everything_but_the_won_and_the_ownerless() {
        let known = statuses(|_| {});
        for (name, refused) in [
            ("Assigned", None),
            ("Not Interested", None),
            ("Customer", Some("leads in Customer are won")),
            ("Unassigned", Some("leads in Unassigned have nobody")),
        ] {
            let said = settings(Job::Removal, &known, &[name]).check(&known).err().map(|why| why.to_string());
            assert_eq!(said.is_some(), refused.is_some(), "{name}: {said:?}");
            assert!(said.unwrap_or_default().starts_with(refused.unwrap_or_default()), "{name}");
        }
        for days in [0, STALE_DAYS_MAX + 1] {
            let settings = JobSettings { stale_days: days, ..settings(Job::Removal, &known, &["Assigned"]) };
            assert_eq!(settings.check(&known), Err(SettingsRefused::StaleDays));
        }
    }

    #[test]
    fn r35_who_takes_the_fresh_leads_first() {
        let known = statuses(|_| {});
        let on = |job, at: &str, names: &[&str]| JobSettings {
            enabled: true,
            at: at.parse().unwrap(),
            ..settings(job, &known, names)
        };
        let top_up = on(Job::TopUp, "09:00", &["Unassigned"]);
        for (assignment, expect) in [
            (on(Job::Assignment, "09:00", &["Unassigned", "Missed"]), true),
            (on(Job::Assignment, "08:30", &["Unassigned"]), true),
            (on(Job::Assignment, "09:01", &["Unassigned"]), false),
            (on(Job::Assignment, "08:30", &["Missed"]), false),
            (settings(Job::Assignment, &known, &["Unassigned"]), false),
        ] {
            assert_eq!(assignment.takes_before(&top_up), expect, "{assignment:?}");
        }
    }

    #[test]
    fn r40_jobs_of_one_minute_stand_in_their_order() {
        let words: Vec<&str> = Job::ALL.iter().map(|job| job.word()).collect();
        assert_eq!(words, ["removal", "assignment", "top-up"]);
        assert!(Job::ALL.is_sorted());
        for job in Job::ALL {
            assert_eq!(Job::from_word(job.word()), Some(job));
        }
    }
}
