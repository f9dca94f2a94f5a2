//! How far a run is, in words and as a part of a bar.

use crate::sentence::count;

/// The steps of a run, in their order. It can be cancelled before each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The pool and the receivers are read.
    Looking,
    /// It is decided who gets what.
    Dealing,
    /// The decision waits for its turn to be written.
    Waiting,
    /// Queues and leads are locked.
    Locking,
    /// The leads change hands.
    Moving,
    /// Their timelines are written, and the counters.
    Noting,
    /// The record is closed; after it comes the commit.
    Closing,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What it does.
    pub step: Step,
    /// With how many leads; 0 while that is not known.
    pub leads: u64,
}

impl Standing {
    /// `Moving 12000 leads`
    pub fn words(&self) -> String {
        let leads = match self.leads {
            0 => "the leads".to_owned(),
            leads => count(leads, "lead", "leads"),
        };
        match self.step {
            Step::Looking => format!("Looking at {leads}"),
            Step::Dealing => format!("Dealing {leads}"),
            Step::Waiting => "Waiting for its turn to write".into(),
            Step::Locking => format!("Locking {leads}"),
            Step::Moving => format!("Moving {leads}"),
            Step::Noting => format!("Writing the timelines of {leads}"),
            Step::Closing => "Writing the record".into(),
        }
    }

    /// From 0 to 100: how much of a long run is about behind it when the step begins. An estimate: the steps that write take
    /// most of the time.
    pub fn percent(&self) -> u64 {
        match self.step {
            Step::Looking => 0,
            Step::Dealing => 15,
            Step::Waiting => 20,
            Step::Locking => 22,
            Step::Moving => 40,
            Step::Noting => 70,
            Step::Closing => 95,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_of_a_run_in_words() {
        for (step, leads, words) in [
            (Step::Looking, 0, "Looking at the leads"),
            (Step::Dealing, 1, "Dealing 1 lead"),
            (Step::Waiting, 7, "Waiting for its turn to write"),
            (Step::Moving, 12_000, "Moving 12000 leads"),
            (Step::Noting, 2, "Writing the timelines of 2 leads"),
        ] {
            assert_eq!(Standing { step, leads }.words(), words);
        }
    }

    #[test]
    fn a_later_step_is_further_on_the_bar() {
        let steps = [
            Step::Looking,
            Step::Dealing,
            Step::Waiting,
            Step::Locking,
            Step::Moving,
            Step::Noting,
            Step::Closing,
        ];
        assert!(steps.is_sorted());
        assert!(steps.map(|step| Standing { step, leads: 1 }.percent()).is_sorted_by(|a, b| a < b));
    }
}
