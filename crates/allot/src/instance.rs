//! The input: agents, classes of leads, and what makes an instance bad.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::AgentSet;

/// The most leads one instance may hold (four bytes each in the plan), so that a wrong number is an error and not
/// an allocation that fails.
pub const LEADS_MAX: u64 = 1 << 27;

/// The most eligible (class, agent) pairs after like classes are taken together.
pub const PAIRS_MAX: u64 = 1 << 28;

/// What "as even as possible" means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// The level of an agent is the number of new leads in this run.
    #[default]
    EqualShares,
    /// The level of an agent is the queue after the run: base load, new leads and kept leads.
    LevelQueues,
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EqualShares => "equal-shares",
            Self::LevelQueues => "level-queues",
        })
    }
}

impl FromStr for Strategy {
    type Err = UnknownStrategy;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "equal-shares" => Ok(Self::EqualShares),
            "level-queues" => Ok(Self::LevelQueues),
            _ => Err(UnknownStrategy(word.to_owned())),
        }
    }
}

/// A word that names no strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownStrategy(pub String);

impl fmt::Display for UnknownStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown strategy \"{}\": use equal-shares or level-queues", self.0)
    }
}

impl std::error::Error for UnknownStrategy {}

/// How much an agent should get beside others, in thousandths: 1 to 1,000,000 (0.001 to 1,000).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Weight(u32);

impl Weight {
    /// A weight in thousandths; `None` outside 1 to 1,000,000.
    pub fn from_thousandths(thousandths: u32) -> Option<Self> {
        (1..=1_000_000).contains(&thousandths).then_some(Self(thousandths))
    }

    /// The weight in thousandths.
    pub fn thousandths(self) -> u32 {
        self.0
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self(1000)
    }
}

impl TryFrom<f64> for Weight {
    type Error = BadWeight;

    /// Takes the nearest thousandth.
    fn try_from(weight: f64) -> Result<Self, BadWeight> {
        let thousandths = (weight * 1000.0).round();
        // A comparison with NaN is false, so that it falls through to the error.
        if weight > 0.0 && (1.0..=1_000_000.0).contains(&thousandths) {
            Ok(Self(thousandths as u32))
        } else {
            Err(BadWeight(weight))
        }
    }
}

impl From<Weight> for f64 {
    fn from(weight: Weight) -> Self {
        Self::from(weight.0) / 1000.0
    }
}

impl Serialize for Weight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64((*self).into())
    }
}

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A number that is no weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BadWeight(pub f64);

impl fmt::Display for BadWeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "weight {} is not between 0.001 and 1000", in_short(self.0))
    }
}

/// A number as people write it: not three hundred digits for 1e300.
pub(crate) fn in_short(number: f64) -> String {
    let magnitude = number.abs();
    if magnitude == 0.0 || (1e-6..1e9).contains(&magnitude) {
        number.to_string()
    } else {
        format!("{number:e}")
    }
}

impl std::error::Error for BadWeight {}

/// Somebody who can get leads. Its index in [`Instance::agents`] is its identity; where ties are broken by the
/// lower id, the lower index counts as the lower id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// How many leads fit, counted as if the pool's leads that the agent holds now were gone; `None` = no limit.
    pub room: Option<u32>,
    /// Leads held outside the pool.
    #[serde(default)]
    pub base: u32,
    /// The share beside other agents.
    #[serde(default)]
    pub weight: Weight,
    /// When the agent last got a lead, in milliseconds of any clock; the lowest has waited longest.
    #[serde(default)]
    pub waiting_since_ms: i64,
}

/// Leads that are alike to the engine: same urgency, same eligible agents, same present owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// Urgency; 0 is the most urgent.
    pub tier: u32,
    /// Who may get leads of this class.
    pub eligible: AgentSet,
    /// The present owner, with whom a lead stays that nobody eligible has room for. Never in `eligible`.
    #[serde(default)]
    pub fallback: Option<u32>,
    /// How many leads; they stand most urgent first and are named by their position.
    pub leads: u32,
    /// The stratum (source, age band …) of each lead, for the dealing; empty when all are the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strata: Vec<u32>,
    /// Earlier owners to avoid in the dealing: (lead, agent), ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub avoid: Vec<(u32, u32)>,
}

/// One batch to be allotted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// What evenness means here.
    #[serde(default)]
    pub strategy: Strategy,
    /// The agents; ids ascend with the index.
    pub agents: Vec<Agent>,
    /// The classes.
    pub classes: Vec<Class>,
}

/// Why an instance cannot be planned. Classes and agents are named by index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// A class names an agent that does not exist.
    UnknownAgent {
        /// The class.
        class: usize,
        /// The index it names.
        agent: u32,
    },
    /// The fallback of a class is also in its eligible set.
    FallbackEligible {
        /// The class.
        class: usize,
        /// The agent.
        agent: u32,
    },
    /// A room above zero that does not hold the leads which could stay with the agent.
    RoomBelowFallbacks {
        /// The agent.
        agent: u32,
        /// Its room.
        room: u32,
        /// How many leads could stay.
        fallbacks: u64,
    },
    /// `strata` is neither empty nor one per lead.
    StrataLength {
        /// The class.
        class: usize,
    },
    /// `avoid` is not strictly ascending or names a lead outside the class.
    AvoidList {
        /// The class.
        class: usize,
    },
    /// More than the engine takes on.
    Overflow {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAgent { class, agent } => {
                write!(f, "class {class} names agent {agent}, which does not exist")
            }
            Self::FallbackEligible { class, agent } => {
                write!(f, "agent {agent} is the fallback of class {class} and also eligible for it")
            }
            Self::RoomBelowFallbacks { agent, room, fallbacks } => write!(
                f,
                "agent {agent} has room for {room}, but {fallbacks} leads could stay with it: give room 0 or at least {fallbacks}"
            ),
            Self::StrataLength { class } => {
                write!(f, "class {class} needs one stratum per lead, or none at all")
            }
            Self::AvoidList { class } => {
                write!(f, "the avoid list of class {class} must ascend and name leads and agents that exist")
            }
            Self::Overflow { what, limit } => write!(f, "too many {what}: the limit is {limit}"),
        }
    }
}

impl std::error::Error for Error {}

impl Instance {
    /// Refuses what breaks the rules in the type documentation.
    pub fn check(&self) -> Result<(), Error> {
        let agents = u32::try_from(self.agents.len())
            .ok()
            .filter(|&agents| agents < 1 << 24)
            .ok_or(Error::Overflow { what: "agents", limit: (1 << 24) - 1 })?;
        if self.classes.len() >= 1 << 28 {
            return Err(Error::Overflow { what: "classes", limit: (1 << 28) - 1 });
        }
        let leads: u64 = self.classes.iter().map(|class| u64::from(class.leads)).sum();
        if leads > LEADS_MAX {
            return Err(Error::Overflow { what: "leads", limit: LEADS_MAX });
        }
        let mut fallbacks = vec![0u64; self.agents.len()];
        for (index, class) in self.classes.iter().enumerate() {
            class.check(index, agents)?;
            if let Some(owner) = class.fallback {
                fallbacks[owner as usize] += u64::from(class.leads);
            }
        }
        for (index, (agent, &fallbacks)) in self.agents.iter().zip(&fallbacks).enumerate() {
            if let Some(room) = agent.room.filter(|&room| room > 0 && u64::from(room) < fallbacks) {
                return Err(Error::RoomBelowFallbacks { agent: index as u32, room, fallbacks });
            }
        }
        Ok(())
    }

    /// How many leads all classes hold.
    pub fn leads(&self) -> usize {
        self.classes.iter().map(|class| class.leads as usize).sum()
    }
}

impl Class {
    fn check(&self, index: usize, agents: u32) -> Result<(), Error> {
        let unknown = |agent| Error::UnknownAgent { class: index, agent };
        if let Some(last) = self.eligible.last().filter(|&last| last >= agents) {
            return Err(unknown(last));
        }
        if let Some(owner) = self.fallback {
            if owner >= agents {
                return Err(unknown(owner));
            }
            if self.eligible.contains(owner) {
                return Err(Error::FallbackEligible { class: index, agent: owner });
            }
        }
        if !self.strata.is_empty() && self.strata.len() != self.leads as usize {
            return Err(Error::StrataLength { class: index });
        }
        let ascending = self.avoid.windows(2).all(|pair| pair[0] < pair[1]);
        let known = self.avoid.iter().all(|&(lead, agent)| lead < self.leads && agent < agents);
        if ascending && known { Ok(()) } else { Err(Error::AvoidList { class: index }) }
    }
}
