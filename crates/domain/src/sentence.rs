//! The sentences in which a run and an import report themselves (R11, R33).

use crate::{
    job::Job,
    time::{Moment, Zone},
};
use serde::{Deserialize, Serialize};

/// Why a lead of the pool is owned by nobody after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Leftover {
    /// Everybody who may have it is at the lead cap.
    #[serde(rename = "agents at cap")]
    AgentsAtCap,
    /// Nobody may have it (no agent of its branch or department, or no agent at all).
    #[serde(rename = "no eligible agents")]
    NoEligibleAgents,
}

/// Why a lead in an eligible status was not in the pool (R26), in the order in which the exceptions are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Exception {
    /// Its owner is banned.
    #[serde(rename = "banned")]
    OwnerBanned,
    /// Its owner called, noted or edited within the last two hours.
    #[serde(rename = "in work")]
    InWork,
    /// A person chose its owner within the last two working days, and nobody has called since.
    #[serde(rename = "chosen by a person")]
    ChosenByAPerson,
    /// The last attempt is too fresh.
    #[serde(rename = "tried recently")]
    TriedRecently,
}

macro_rules! word {
    ($ty:ty) => {
        impl std::fmt::Display for $ty {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.serialize(f)
            }
        }
    };
}
word!(Leftover);
word!(Exception);

/// What a run did, as its sentences need it. A removal counts the leads it returned as assigned, and the agents it took
/// them from as agents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunNumbers {
    /// Leads given to an agent.
    pub assigned: u64,
    /// Agents who got at least one.
    pub agents: u64,
    /// Owned leads that stayed where they were.
    pub kept: u64,
    /// Leads of the pool that nobody owns afterwards, by reason.
    pub leftovers: Vec<(Leftover, u64)>,
    /// Leads in eligible statuses that were not considered, by reason.
    pub exceptions: Vec<(Exception, u64)>,
    /// Leads that a person changed while the run computed.
    pub changed_meanwhile: u64,
    /// Leads among the kept and the leftovers for whom there was room when the run computed, and none any more when
    /// the queues were locked and counted again (R32).
    #[serde(default)]
    pub surplus: u64,
    /// Top-up: places that are still free under the caps, since leads were short.
    #[serde(default)]
    pub places_left: u64,
}

/// `1 lead`, `2 leads`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `Last run: 2026-05-11 09:00 IST — 42 leads assigned across 6 agents, 3 unassigned (agents at cap).`
pub fn last_run(job: Job, at: Moment, zone: &Zone, numbers: &RunNumbers) -> String {
    format!("Last run: {} — {}", zone.minute(at), done(job, numbers))
}

/// What a run did, without saying when: `42 leads assigned across 6 agents, 3 unassigned (agents at cap).`
pub fn done(job: Job, numbers: &RunNumbers) -> String {
    match job {
        Job::Assignment => told(numbers, "assigned across", ""),
        Job::TopUp => told(numbers, "topped up across", ""),
        Job::Removal => returned(numbers, "returned to Unassigned"),
    }
}

/// The same before it has happened: `Preview: 42 leads would go to 6 agents, 3 would stay unassigned (agents at cap).`
pub fn preview(job: Job, numbers: &RunNumbers) -> String {
    let told = match job {
        Job::Assignment | Job::TopUp => told(numbers, "would go to", "would stay "),
        Job::Removal => returned(numbers, "would return to Unassigned"),
    };
    format!("Preview: {told}")
}

/// `42 stale leads returned to Unassigned from 6 agents.`
fn returned(numbers: &RunNumbers, verb: &str) -> String {
    let mut text = format!("{} {verb}", count(numbers.assigned, "stale lead", "stale leads"));
    if numbers.agents > 0 {
        text.push_str(&format!(" from {}", count(numbers.agents, "agent", "agents")));
    }
    text.push('.');
    text
}

/// `Late: it was due at 09:00.` (R39)
pub fn late(due: Moment, zone: &Zone) -> String {
    format!("Late: it was due at {}.", zone.time_of_day(due))
}

/// When there was no run yet.
pub const NEVER_RUN: &str = "Never run.";

/// While a run is in progress.
pub fn running(since: Moment, zone: &Zone) -> String {
    format!("Running since {}.", zone.minute(since))
}

/// While a run is in progress that somebody wishes to stop.
pub fn stopping(since: Moment, zone: &Zone) -> String {
    format!("Running since {}; it is being cancelled.", zone.minute(since))
}

/// When somebody cancelled the last run; no name: at the command line.
pub fn cancelled(at: Moment, zone: &Zone, by: Option<&str>) -> String {
    format!("Last run: {} — cancelled {}. No lead was changed.", zone.minute(at), by_whom(by))
}

/// `Cancelled by Nora. Nothing was imported.`
pub fn import_cancelled(by: Option<&str>) -> String {
    format!("Cancelled {}. Nothing was imported.", by_whom(by))
}

fn by_whom(by: Option<&str>) -> String {
    by.map_or_else(|| "at the command line".to_owned(), |name| format!("by {name}"))
}

impl RunNumbers {
    /// Leads of the pool that nobody owns after the run.
    pub fn unassigned(&self) -> u64 {
        self.leftovers.iter().map(|(_, leads)| leads).sum()
    }

    fn add_leftover(&mut self, why: Leftover, leads: u64) {
        match self.leftovers.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count += leads,
            None if leads > 0 => self.leftovers.push((why, leads)),
            None => {}
        }
    }

    /// Leads that the agents' room, counted again at the claim, no longer took (R32).
    pub fn add_surplus(&mut self, ownerless: u64, owned: u64) {
        self.add_leftover(Leftover::AgentsAtCap, ownerless);
        self.kept += owned;
    }
}

/// When the last run failed.
pub fn failed(at: Moment, zone: &Zone, why: &str) -> String {
    let why = why.trim_end();
    let stop = if why.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("Last run: {} — failed: {why}{stop} No lead was changed.", zone.minute(at))
}

fn told(numbers: &RunNumbers, verb: &str, stay: &str) -> String {
    let mut text = format!(
        "{} {verb} {}",
        count(numbers.assigned, "lead", "leads"),
        count(numbers.agents, "agent", "agents")
    );
    let unassigned = numbers.unassigned();
    if unassigned > 0 {
        text.push_str(&format!(", {unassigned} {stay}unassigned ({})", reasons(&numbers.leftovers)));
    }
    text.push('.');
    text
}

/// `40 kept (nobody else had room); 75 not considered (60 follow-up, 15 banned).` Empty when there is nothing to say.
pub fn second_line(numbers: &RunNumbers) -> String {
    let mut clauses = Vec::new();
    if numbers.places_left > 0 {
        clauses.push(format!("{} still free", count(numbers.places_left, "place", "places")));
    }
    if numbers.kept > 0 {
        clauses.push(format!("{} kept (nobody else had room)", numbers.kept));
    }
    let not_considered: u64 = numbers.exceptions.iter().map(|(_, leads)| leads).sum();
    if not_considered > 0 {
        let parts: Vec<String> =
            numbers.exceptions.iter().filter(|(_, n)| *n > 0).map(|(why, n)| format!("{n} {why}")).collect();
        clauses.push(format!("{not_considered} not considered ({})", parts.join(", ")));
    }
    if numbers.changed_meanwhile > 0 {
        clauses.push(format!("{} skipped (changed by a person meanwhile)", numbers.changed_meanwhile));
    }
    if numbers.surplus > 0 {
        clauses.push(format!("{} found no room any more (queues changed meanwhile)", numbers.surplus));
    }
    if clauses.is_empty() { String::new() } else { format!("{}.", clauses.join("; ")) }
}

/// One reason stands alone; several carry their numbers.
fn reasons(leftovers: &[(Leftover, u64)]) -> String {
    let some: Vec<_> = leftovers.iter().filter(|(_, leads)| *leads > 0).collect();
    match some.as_slice() {
        [(why, _)] => why.to_string(),
        several => several.iter().map(|(why, n)| format!("{why}: {n}")).collect::<Vec<_>>().join(", "),
    }
}

/// `X leads imported, Y skipped (duplicate), Z errors.` (R11)
pub fn import(imported: u64, skipped: u64, errors: u64) -> String {
    format!(
        "{} imported, {skipped} skipped (duplicate), {}.",
        count(imported, "lead", "leads"),
        count(errors, "error", "errors")
    )
}

/// `12 leads taken back, 3 kept because a run or a person has touched them since.`
pub fn import_undone(taken_back: u64, kept: u64) -> String {
    let taken_back = count(taken_back, "lead", "leads");
    match kept {
        0 => format!("{taken_back} taken back."),
        1 => format!("{taken_back} taken back, 1 kept because a run or a person has touched it since."),
        _ => {
            format!("{taken_back} taken back, {kept} kept because a run or a person has touched them since.")
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn r11_the_sentence_of_an_undo() {
        for (taken_back, kept, expect) in [
            (12, 3, "12 leads taken back, 3 kept because a run or a person has touched them since."),
            (1, 0, "1 lead taken back."),
            (0, 1, "0 leads taken back, 1 kept because a run or a person has touched it since."),
        ] {
            assert_eq!(import_undone(taken_back, kept), expect);
        }
    }

    use super::*;

    fn numbers(assigned: u64, agents: u64, leftovers: &[(Leftover, u64)]) -> RunNumbers {
        RunNumbers { assigned, agents, leftovers: leftovers.to_vec(), ..RunNumbers::default() }
    }

    #[test]
    fn r33_the_sentence_in_all_its_forms() {
        use Leftover::{AgentsAtCap, NoEligibleAgents};
        let zone: Zone = "Asia/Kolkata".parse().unwrap();
        let at = Moment(1_778_470_200_000); // 2026-05-11 09:00 in Kolkata
        for (numbers, expect) in [
            (
                numbers(42, 6, &[(AgentsAtCap, 3)]),
                "42 leads assigned across 6 agents, 3 unassigned (agents at cap).",
            ),
            (numbers(42, 6, &[]), "42 leads assigned across 6 agents."),
            (
                numbers(1, 1, &[(NoEligibleAgents, 1)]),
                "1 lead assigned across 1 agent, 1 unassigned (no eligible agents).",
            ),
            (
                numbers(0, 0, &[(AgentsAtCap, 3), (NoEligibleAgents, 2)]),
                "0 leads assigned across 0 agents, 5 unassigned (agents at cap: 3, no eligible agents: 2).",
            ),
            (numbers(2, 2, &[(AgentsAtCap, 0)]), "2 leads assigned across 2 agents."),
        ] {
            assert_eq!(
                last_run(Job::Assignment, at, &zone, &numbers),
                format!("Last run: 2026-05-11 09:00 IST — {expect}")
            );
        }
    }

    #[test]
    fn r36_r37_a_top_up_and_a_removal_say_what_they_did() {
        for (job, numbers, expect, preview_expect) in [
            (
                Job::TopUp,
                numbers(42, 6, &[(Leftover::AgentsAtCap, 3)]),
                "42 leads topped up across 6 agents, 3 unassigned (agents at cap).",
                "Preview: 42 leads would go to 6 agents, 3 would stay unassigned (agents at cap).",
            ),
            (
                Job::Removal,
                numbers(1, 1, &[]),
                "1 stale lead returned to Unassigned from 1 agent.",
                "Preview: 1 stale lead would return to Unassigned from 1 agent.",
            ),
            (
                Job::Removal,
                numbers(0, 0, &[]),
                "0 stale leads returned to Unassigned.",
                "Preview: 0 stale leads would return to Unassigned.",
            ),
        ] {
            assert_eq!(done(job, &numbers), expect);
            assert_eq!(preview(job, &numbers), preview_expect);
        }
        let short = RunNumbers { places_left: 14, ..RunNumbers::default() };
        assert_eq!(second_line(&short), "14 places still free.");
        let zone: Zone = "Asia/Kolkata".parse().unwrap();
        assert_eq!(late(Moment(1_778_470_200_000), &zone), "Late: it was due at 09:00.");
    }

    #[test]
    fn r33_the_second_line_says_what_the_sentence_leaves_out() {
        let full = RunNumbers {
            kept: 40,
            exceptions: vec![(Exception::InWork, 60), (Exception::OwnerBanned, 15)],
            changed_meanwhile: 2,
            ..RunNumbers::default()
        };
        assert_eq!(
            second_line(&full),
            "40 kept (nobody else had room); 75 not considered (60 in work, 15 banned); 2 skipped (changed by a person meanwhile)."
        );
        assert_eq!(second_line(&RunNumbers::default()), "");
    }

    #[test]
    fn r33_never_running_and_failed_have_sentences_of_their_own() {
        let zone: Zone = "Asia/Kolkata".parse().unwrap();
        let at = Moment(1_778_470_200_000);
        assert_eq!(NEVER_RUN, "Never run.");
        assert_eq!(running(at, &zone), "Running since 2026-05-11 09:00 IST.");
        for (why, expect) in [
            ("the disk is full. Try again.", "the disk is full. Try again. No lead was changed."),
            ("the server went away", "the server went away. No lead was changed."),
        ] {
            assert_eq!(failed(at, &zone, why), format!("Last run: 2026-05-11 09:00 IST — failed: {expect}"));
        }
    }

    #[test]
    fn r32_surplus_joins_the_leftovers_at_cap() {
        use Leftover::{AgentsAtCap, NoEligibleAgents};
        for (before, ownerless, owned, expect) in [
            (vec![], 2, 1, vec![(AgentsAtCap, 2)]),
            (vec![(AgentsAtCap, 3)], 2, 0, vec![(AgentsAtCap, 5)]),
            (vec![(NoEligibleAgents, 3)], 0, 4, vec![(NoEligibleAgents, 3)]),
        ] {
            let mut numbers = numbers(1, 1, &before);
            numbers.add_surplus(ownerless, owned);
            assert_eq!((numbers.leftovers, numbers.kept), (expect, owned));
        }
    }

    #[test]
    fn r11_the_import_sentence() {
        assert_eq!(import(2380, 123, 497), "2380 leads imported, 123 skipped (duplicate), 497 errors.");
        assert_eq!(import(1, 0, 1), "1 lead imported, 0 skipped (duplicate), 1 error.");
    }
}
