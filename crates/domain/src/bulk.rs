//! What a person does to many leads in one go, and how it is told afterwards (R22).

use crate::{
    ids::{RunId, StatusId, TagId, UserId},
    sentence::count,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The job under which a person's bulk changes stand in the record of runs.
pub const BY_HAND: &str = "by hand";
/// The job under which an undo stands there.
pub const UNDO: &str = "undo";

/// What was done. Names are kept as they were, since a record outlives them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum Work {
    /// All to one agent.
    Assign {
        /// Who.
        to: UserId,
        /// Their name.
        name: String,
    },
    /// Evenly over several.
    Spread {
        /// How many were chosen.
        agents: u64,
    },
    /// Another status.
    SetStatus {
        /// Which.
        status: StatusId,
        /// Its name.
        name: String,
    },
    /// A tag put on.
    Tag {
        /// Which.
        tag: TagId,
        /// Its name.
        name: String,
    },
    /// A tag taken off.
    Untag {
        /// Which.
        tag: TagId,
        /// Its name.
        name: String,
    },
    /// A run undone.
    Undo {
        /// Which.
        run: RunId,
    },
}

/// Why a lead was left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skipped {
    /// There is no such lead, or the viewer may not see it.
    NotFound,
    /// Somebody else changed it since the actor looked (R24).
    Changed,
    /// It was shown, and no longer matches the filter.
    MatchesNoMore,
    /// Every chosen agent is at the cap.
    AtCap,
    /// It takes the permission to convert (R12).
    MayNotConvert,
    /// It has as many tags as a lead may have.
    TagsFull,
    /// An undo: its former owner is banned, and receives nothing (R16), or gone.
    OwnerGone,
    /// An undo: its former status has been deleted.
    StatusGone,
}

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Skipped::NotFound => "not there any more, or not yours to see",
            Skipped::Changed => "changed by somebody else",
            Skipped::MatchesNoMore => "no longer matching",
            Skipped::AtCap => "agents at cap",
            Skipped::MayNotConvert => "your role may not convert",
            Skipped::TagsFull => "no room for another tag",
            Skipped::OwnerGone => "the former owner is banned or gone",
            Skipped::StatusGone => "the former status was deleted",
        })
    }
}

/// How many of each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    /// Leads that changed.
    pub changed: u64,
    /// Leads that were so already (R21).
    pub unchanged: u64,
    /// Leads that were left as they are, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skipped: BTreeMap<Skipped, u64>,
}

impl Numbers {
    /// So many leads were skipped for this reason.
    pub fn skip(&mut self, why: Skipped, leads: u64) {
        if leads > 0 {
            *self.skipped.entry(why).or_default() += leads;
        }
    }

    /// All that were skipped.
    pub fn skipped_in_all(&self) -> u64 {
        self.skipped.values().sum()
    }
}

/// What was done and how many leads it concerned: the summary of its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// What was done.
    #[serde(flatten)]
    pub work: Work,
    /// How many.
    #[serde(flatten)]
    pub numbers: Numbers,
}

impl Told {
    /// `12 leads assigned to Asha Rao; 3 unchanged; 2 skipped (changed by somebody else).`
    pub fn sentence(&self) -> String {
        let Numbers { changed, unchanged, .. } = self.numbers;
        let leads = count(changed, "lead", "leads");
        let mut text = match &self.work {
            Work::Assign { name, .. } => format!("{leads} assigned to {name}"),
            Work::Spread { agents } => format!("{leads} spread over {}", count(*agents, "agent", "agents")),
            Work::SetStatus { name, .. } => format!("{leads} set to {name}"),
            Work::Tag { name, .. } => format!("{leads} tagged {name}"),
            Work::Untag { name, .. } => format!("{name} taken off {leads}"),
            Work::Undo { run } if changed == 0 => format!("Run {run} stands: no lead was put back"),
            Work::Undo { run } => format!("Run {run} undone: {leads} put back"),
        };
        if unchanged > 0 {
            text.push_str(&format!("; {unchanged} unchanged"));
        }
        let skipped = self.numbers.skipped_in_all();
        if skipped > 0 {
            let verb = if matches!(self.work, Work::Undo { .. }) { "left" } else { "skipped" };
            text.push_str(&format!("; {skipped} {verb} ({})", self.reasons()));
        }
        text.push('.');
        text
    }

    /// One reason stands alone; several carry their numbers.
    fn reasons(&self) -> String {
        let skipped = &self.numbers.skipped;
        match skipped.first_key_value() {
            Some((why, _)) if skipped.len() == 1 => why.to_string(),
            _ => skipped.iter().map(|(why, leads)| format!("{why}: {leads}")).collect::<Vec<_>>().join(", "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(work: Work, changed: u64, unchanged: u64, skipped: &[(Skipped, u64)]) -> Told {
        let mut numbers = Numbers { changed, unchanged, ..Numbers::default() };
        for (why, leads) in skipped {
            numbers.skip(*why, *leads);
        }
        Told { work, numbers }
    }

    #[test]
    fn r22_a_bulk_change_is_told_in_a_sentence() {
        use Skipped::{AtCap, Changed, MatchesNoMore, NotFound};
        let asha = || Work::Assign { to: UserId(1), name: "Asha Rao".into() };
        let status = Work::SetStatus { status: StatusId(1), name: "Interested".into() };
        let tag = || (TagId(1), "hot".to_owned());
        for (told, expect) in [
            (told(asha(), 12, 0, &[]), "12 leads assigned to Asha Rao."),
            (
                told(asha(), 12, 0, &[(Changed, 2)]),
                "12 leads assigned to Asha Rao; 2 skipped (changed by somebody else).",
            ),
            (told(asha(), 1, 3, &[(Changed, 0)]), "1 lead assigned to Asha Rao; 3 unchanged."),
            (
                told(asha(), 0, 0, &[(NotFound, 1), (Changed, 2)]),
                "0 leads assigned to Asha Rao; 3 skipped (not there any more, or not yours to see: 1, changed by somebody else: 2).",
            ),
            (
                told(Work::Spread { agents: 3 }, 7, 1, &[(AtCap, 4)]),
                "7 leads spread over 3 agents; 1 unchanged; 4 skipped (agents at cap).",
            ),
            (
                told(status, 5, 0, &[(MatchesNoMore, 1)]),
                "5 leads set to Interested; 1 skipped (no longer matching).",
            ),
            (told(Work::Tag { tag: tag().0, name: tag().1 }, 2, 0, &[]), "2 leads tagged hot."),
            (told(Work::Untag { tag: tag().0, name: tag().1 }, 1, 0, &[]), "hot taken off 1 lead."),
            (
                told(Work::Undo { run: RunId(9) }, 40, 0, &[(Changed, 2)]),
                "Run 9 undone: 40 leads put back; 2 left (changed by somebody else).",
            ),
        ] {
            assert_eq!(told.sentence(), expect);
            let kept = serde_json::to_string(&told).unwrap();
            assert_eq!(serde_json::from_str::<Told>(&kept).unwrap(), told, "{kept}");
        }
    }
}
