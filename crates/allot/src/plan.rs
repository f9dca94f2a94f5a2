//! The output: who gets which lead, the counts, and the certificate.

use serde::{Deserialize, Serialize};

use crate::Instance;
use crate::exact::Int;

/// Stands in [`Plan::leads`] where a lead goes to nobody.
pub const NOBODY: u32 = u32::MAX;

/// Who gets what, with the proof that no plan is better.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The agent of every lead, class after class in the order of the instance, or [`NOBODY`]. A lead whose agent is
    /// the fallback of its class is kept.
    pub leads: Vec<u32>,
    /// The counts of every class.
    pub classes: Vec<ClassPlan>,
    /// The counts of every agent.
    pub agents: Vec<Share>,
    /// Leads dealt to an earlier owner because nobody else of the class could take them.
    pub avoided_remaining: u32,
    /// What the verifier checks.
    pub certificate: Certificate,
}

/// The counts of one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassPlan {
    /// Where the leads of the class begin in [`Plan::leads`].
    pub first: u32,
    /// Leads that go to an eligible agent.
    pub new: u32,
    /// Leads that stay with the fallback.
    pub kept: u32,
    /// Leads that go to nobody; they are the least urgent of the class.
    pub unassigned: u32,
}

/// The counts of one agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Leads that come to the agent.
    pub new: u32,
    /// Leads that stay with it.
    pub kept: u32,
    /// What the strategy evens out: `new`, or base + `new` + `kept`.
    pub level: u64,
}

/// A proof of optimality. Prices say what one more lead at a place would cost in the end; when no move of the
/// residual network gains anything at these prices, no cycle of moves does, and so no other plan is better.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Per class: one more lead in it.
    pub classes: Vec<Price>,
    /// Per agent: one more *new* lead for it.
    pub agents: Vec<Price>,
    /// Per agent: one more lead, new or kept, in its room.
    pub rooms: Vec<Price>,
    /// One tight set for every tier that has unassigned leads.
    pub tight_sets: Vec<TightSet>,
}

/// A price, compared from left to right.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Price {
    /// Unassigned leads, each counting the rank of its tier (the least urgent tier counts 1, the next 2 …).
    pub coverage: i64,
    /// Leads that stay with their fallback.
    pub fallbacks: i64,
    /// Σ level² / weight, in units of 1 / (least common multiple of the weights in lowest terms).
    pub level: Int,
}

/// Why leads of a tier stay unassigned (a Hall violator): the leads of these classes can go to these agents only, the
/// agents are full, and nothing else fills them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TightSet {
    /// The tier of the unassigned leads.
    pub tier: u32,
    /// The classes that compete: none less urgent than `tier`, but for owned leads, which nothing can push out.
    pub classes: Vec<u32>,
    /// All agents eligible for them, ascending.
    pub agents: Vec<u32>,
    /// How many leads the classes hold.
    pub demand: u64,
    /// How many of them the agents take as new leads.
    pub taken: u64,
}

impl Plan {
    /// The agents of the leads of one class, most urgent lead first; empty for a class that does not exist.
    pub fn class(&self, class: usize) -> &[u32] {
        let Some(counts) = self.classes.get(class) else { return &[] };
        let first = counts.first as usize;
        let leads = counts.new as usize + counts.kept as usize + counts.unassigned as usize;
        self.leads.get(first..first + leads).unwrap_or_default()
    }

    /// Leads that go to an eligible agent.
    pub fn assigned(&self) -> u64 {
        self.classes.iter().map(|class| u64::from(class.new)).sum()
    }

    /// Leads that stay with their fallback.
    pub fn kept(&self) -> u64 {
        self.classes.iter().map(|class| u64::from(class.kept)).sum()
    }

    /// Leads that go to nobody.
    pub fn unassigned(&self) -> u64 {
        self.classes.iter().map(|class| u64::from(class.unassigned)).sum()
    }

    /// Whether the lead (by its position in [`Plan::leads`]) stays with the fallback of its class.
    pub fn is_kept(&self, instance: &Instance, class: usize, lead: usize) -> bool {
        let owner = instance.classes.get(class).and_then(|class| class.fallback);
        owner.is_some() && self.class(class).get(lead).copied() == owner
    }
}
