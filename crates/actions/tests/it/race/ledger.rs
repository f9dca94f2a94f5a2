//! What everybody was told: each thing that was acknowledged, and how often each answer was given.

use domain::{
    ids::{ImportId, LeadId, RunId, StatusId, UserId},
    time::Moment,
};
use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    sync::{Mutex, PoisonError},
};
use store::lists::LeadLine;

/// A lead as somebody saw it before they changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub owner: Option<UserId>,
    pub status: StatusId,
}

impl Seen {
    pub fn of(line: &LeadLine) -> Seen {
        Seen { owner: line.owner_id, status: line.status_id }
    }
}

/// Something that was done, as it was acknowledged.
#[derive(Debug, Clone)]
pub enum Deed {
    /// One lead to an agent, who holds so many now.
    Assigned { lead: LeadId, seen: Seen, to: UserId, held: i64, exceed_cap: bool },
    /// One lead to another status.
    StatusSet { lead: LeadId, seen: Seen, to: StatusId },
    /// A note, at this place of the timeline.
    Noted { lead: LeadId, entry: i64 },
    /// A new lead.
    Added { lead: LeadId },
    /// So many new leads.
    Imported { import: ImportId, leads: u64 },
    /// So many of them gone again.
    TakenBack { import: ImportId, leads: u64 },
    /// So many leads by hand or by an undo, under this record.
    Many { run: RunId, leads: u64, seen: HashMap<LeadId, Seen>, cap_binds: bool },
    /// So many by a job.
    Ran { run: RunId, leads: u64 },
}

/// Everything that goes on in the race.
const VERBS: [&str; 18] = [
    "assign all",
    "assign many",
    "assign one",
    "capture",
    "examine",
    "import",
    "note",
    "run the assignment",
    "run the removal",
    "run the top-up",
    "set one status",
    "set statuses of all",
    "set statuses of many",
    "spread all",
    "spread many",
    "tag",
    "take an import back",
    "undo a run",
];

/// The answers, in no order.
#[derive(Default)]
pub struct Ledger(Mutex<Answers>);

#[derive(Default)]
struct Answers {
    deeds: Vec<(Moment, Deed)>,
    counts: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
}

impl Ledger {
    /// Somebody was told this of what they did at that moment.
    pub fn note(&self, verb: &'static str, how: &'static str, at: Moment, deed: Option<Deed>) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.counts.entry(verb).or_default().entry(how).or_default() += 1;
        answers.deeds.extend(deed.map(|deed| (at, deed)));
    }

    /// Everything that was acknowledged.
    pub fn deeds(&self) -> Vec<(Moment, Deed)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).deeds.clone()
    }

    /// How often each answer was given: `  assign one: 88 done, 12 changed by somebody else`.
    pub fn counts(&self) -> String {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for (verb, hows) in &answers.counts {
            let hows: Vec<String> = hows.iter().map(|(how, times)| format!("{times} {how}")).collect();
            let _ = writeln!(text, "  {verb}: {}", hows.join(", "));
        }
        text
    }

    /// Everything was done at least once, and people met: a race in which nobody meets shows nothing. What is done to all
    /// that match is rarer, and refused more often; each of those was at least tried.
    pub fn was_a_race(&self) {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for verb in VERBS {
            let hows = answers.counts.get(verb).unwrap_or_else(|| panic!("nobody tried: {verb}"));
            let is_done = hows.keys().any(|how| how.starts_with("done") || *how == "well");
            assert!(is_done || verb.ends_with(" all"), "{verb}: {hows:?}");
        }
        let met: u64 = answers
            .counts
            .values()
            .flatten()
            .filter(|(how, _)| {
                ["changed by somebody else", "done, but for what was skipped", "all skipped"].contains(how)
            })
            .map(|(_, times)| times)
            .sum();
        assert!(met > 0, "nobody met anybody");
    }
}
