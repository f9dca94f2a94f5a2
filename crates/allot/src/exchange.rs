//! The outside format: instances and plans with the caller's own ids, as `evenhand plan` reads and prints them.
//!
//! Inside, everything is an index; here agents and classes are put in the order of their ids first, so that the order
//! in which they are listed changes nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::explain::leftovers;
use crate::{Agent, AgentSet, Certificate, Class, Instance, NOBODY, Strategy, Weight, plan, verify};

/// An instance with outside ids.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// What evenness means; equal shares if left out.
    #[serde(default)]
    pub strategy: Strategy,
    /// The agents.
    pub agents: Vec<ProblemAgent>,
    /// The classes.
    pub classes: Vec<ProblemClass>,
}

/// An agent of a [`Problem`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProblemAgent {
    /// The caller's id.
    pub id: i64,
    /// How many leads fit; `null` or left out = no limit.
    #[serde(default)]
    pub room: Option<u32>,
    /// Leads held outside the pool.
    #[serde(default)]
    pub base: u32,
    /// The share beside other agents, 0.001 to 1,000.
    #[serde(default = "one")]
    pub weight: f64,
    /// When it last got a lead, in milliseconds.
    #[serde(default)]
    pub waiting_since_ms: i64,
}

/// A class of a [`Problem`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProblemClass {
    /// The caller's id.
    pub id: i64,
    /// Urgency, 0 first.
    #[serde(default)]
    pub tier: u32,
    /// Ids of the eligible agents; a repeated one counts once.
    pub eligible: Vec<i64>,
    /// Id of the present owner.
    #[serde(default)]
    pub fallback: Option<i64>,
    /// The leads, most urgent first.
    pub leads: Vec<ProblemLead>,
}

/// A lead of a [`Problem`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProblemLead {
    /// The caller's id.
    pub id: i64,
    /// Its stratum for the dealing.
    #[serde(default)]
    pub stratum: Option<String>,
    /// Ids of earlier owners to avoid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub avoid: Vec<i64>,
}

fn one() -> f64 {
    1.0
}

/// A plan with outside ids.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Solution {
    /// (lead, agent) of every lead that moves, classes by id, leads in their order.
    pub assigned: Vec<(i64, i64)>,
    /// (lead, agent) of every lead that stays with its owner.
    pub kept: Vec<(i64, i64)>,
    /// Leads that go to nobody.
    pub unassigned: Vec<LeftOut>,
    /// All agents by id.
    pub agents: Vec<AgentOutcome>,
    /// The proof.
    pub certificate: Proof,
}

/// A lead that goes to nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The lead.
    pub lead: i64,
    /// Why, in words.
    pub why: String,
}

/// What an agent gets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentOutcome {
    /// The agent.
    pub id: i64,
    /// New leads.
    pub new: u32,
    /// Kept leads.
    pub kept: u32,
    /// The queue after the run: base, new and kept.
    pub after: u64,
    /// Its room as given.
    pub room: Option<u32>,
}

/// The certificate and the verdict on it. Its lists follow the ids: agents ascending, classes ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The certificate.
    #[serde(flatten)]
    pub certificate: Certificate,
    /// Always true: a plan that is refused is an error.
    pub verified: bool,
}

/// Why a problem has no solution. Everything is named by the caller's ids.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// An id of an agent, a class or a lead occurs twice.
    Duplicate(&'static str, i64),
    /// A class names an agent that is not listed.
    UnknownAgent {
        /// The class.
        class: i64,
        /// The agent.
        agent: i64,
    },
    /// The fallback of a class is also eligible for it.
    FallbackEligible {
        /// The class.
        class: i64,
        /// The agent.
        agent: i64,
    },
    /// A room above 0 that does not hold the leads which could stay with the agent.
    RoomBelowFallbacks {
        /// The agent.
        agent: i64,
        /// Its room.
        room: u32,
        /// How many leads could stay.
        fallbacks: u64,
    },
    /// A weight outside 0.001 to 1,000, or not a number.
    Weight {
        /// The agent.
        agent: i64,
        /// Its weight.
        weight: f64,
    },
    /// More than the engine takes on.
    Overflow(String),
    /// The verifier refused the plan: a fault of the engine, not of the caller.
    Refused(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate(what, id) => write!(f, "{what} {id} is listed twice"),
            Self::UnknownAgent { class, agent } => {
                write!(f, "class {class} names agent {agent}, which is not listed")
            }
            Self::FallbackEligible { class, agent } => {
                write!(f, "agent {agent} is the fallback of class {class} and also eligible for it")
            }
            Self::RoomBelowFallbacks { agent, room, fallbacks } => write!(
                f,
                "agent {agent} has room for {room}, but {fallbacks} leads could stay with it: give room 0 or at least {fallbacks}"
            ),
            Self::Weight { agent, weight } => {
                let weight = crate::instance::in_short(*weight);
                write!(f, "agent {agent} has weight {weight}: it must be between 0.001 and 1000")
            }
            Self::Overflow(text) => f.write_str(text),
            Self::Refused(text) => {
                write!(f, "the plan did not pass the verifier ({text}); nothing was planned")
            }
        }
    }
}

impl std::error::Error for Error {}

/// Plans, verifies and explains a problem.
pub fn solve(mut input: Problem) -> Result<Solution, Error> {
    input.agents.sort_by_key(|agent| agent.id);
    input.classes.sort_by_key(|class| class.id);
    let instance = instance(&input)?;
    let plan = plan(&instance).map_err(|error| outside(&input, &error))?;
    verify(&instance, &plan).map_err(|refusal| Error::Refused(refusal.to_string()))?;

    let reasons: HashMap<u32, String> = leftovers(&instance, &plan)
        .into_iter()
        .map(|leftover| (leftover.class, leftover.why.to_string()))
        .collect();
    let mut solution = Solution::default();
    for (index, class) in input.classes.iter().enumerate() {
        for (lead, &agent) in class.leads.iter().zip(plan.class(index)) {
            if agent == NOBODY {
                let why = reasons.get(&(index as u32)).cloned().unwrap_or_default();
                solution.unassigned.push(LeftOut { lead: lead.id, why });
                continue;
            }
            let pair = (lead.id, input.agents[agent as usize].id);
            let kept = instance.classes[index].fallback == Some(agent);
            if kept { solution.kept.push(pair) } else { solution.assigned.push(pair) }
        }
    }
    let outcome = |(agent, share): (&ProblemAgent, &crate::Share)| AgentOutcome {
        id: agent.id,
        new: share.new,
        kept: share.kept,
        after: u64::from(agent.base) + u64::from(share.new) + u64::from(share.kept),
        room: agent.room,
    };
    solution.agents = input.agents.iter().zip(&plan.agents).map(outcome).collect();
    solution.certificate = Proof { certificate: plan.certificate, verified: true };
    Ok(solution)
}

/// The instance of a problem whose agents and classes are in the order of their ids.
fn instance(input: &Problem) -> Result<Instance, Error> {
    twice("agent", input.agents.iter().map(|agent| agent.id))?;
    twice("class", input.classes.iter().map(|class| class.id))?;
    twice("lead", input.classes.iter().flat_map(|class| &class.leads).map(|lead| lead.id))?;
    let index: HashMap<i64, u32> =
        input.agents.iter().enumerate().map(|(j, agent)| (agent.id, j as u32)).collect();
    let agent = |agent: &ProblemAgent| {
        let weight = Weight::try_from(agent.weight)
            .map_err(|_| Error::Weight { agent: agent.id, weight: agent.weight })?;
        Ok(Agent { room: agent.room, base: agent.base, weight, waiting_since_ms: agent.waiting_since_ms })
    };
    let class = |class: &ProblemClass| {
        let find =
            |&agent: &i64| index.get(&agent).copied().ok_or(Error::UnknownAgent { class: class.id, agent });
        let eligible: AgentSet = class.eligible.iter().map(find).collect::<Result<_, _>>()?;
        let mut avoid = Vec::new();
        for (lead, of) in (0..).zip(&class.leads) {
            // An earlier owner who is no agent any more needs no avoiding.
            avoid.extend(of.avoid.iter().filter_map(|agent| index.get(agent)).map(|&agent| (lead, agent)));
        }
        avoid.sort_unstable();
        avoid.dedup();
        Ok(Class {
            tier: class.tier,
            eligible,
            fallback: class.fallback.as_ref().map(find).transpose()?,
            leads: u32::try_from(class.leads.len()).map_err(|_| Error::Overflow("too many leads".into()))?,
            strata: strata(&class.leads),
            avoid,
        })
    };
    Ok(Instance {
        strategy: input.strategy,
        agents: input.agents.iter().map(agent).collect::<Result<_, _>>()?,
        classes: input.classes.iter().map(class).collect::<Result<_, _>>()?,
    })
}

/// Numbers for the strata, in the order of their names; a lead without one is of a stratum of its own kind.
fn strata(leads: &[ProblemLead]) -> Vec<u32> {
    let mut names: BTreeMap<Option<&str>, u32> =
        leads.iter().map(|lead| (lead.stratum.as_deref(), 0)).collect();
    if names.len() <= 1 {
        return Vec::new();
    }
    for (number, of) in (0..).zip(names.values_mut()) {
        *of = number;
    }
    leads.iter().map(|lead| names[&lead.stratum.as_deref()]).collect()
}

fn twice(what: &'static str, ids: impl Iterator<Item = i64>) -> Result<(), Error> {
    let mut seen = HashSet::new();
    let mut ids = ids;
    ids.find(|&id| !seen.insert(id)).map_or(Ok(()), |id| Err(Error::Duplicate(what, id)))
}

/// The same error in the caller's ids.
fn outside(input: &Problem, error: &crate::Error) -> Error {
    let class = |index: usize| input.classes[index].id;
    let agent = |index: u32| input.agents[index as usize].id;
    match *error {
        crate::Error::FallbackEligible { class: of, agent: owner } => {
            Error::FallbackEligible { class: class(of), agent: agent(owner) }
        }
        crate::Error::RoomBelowFallbacks { agent: of, room, fallbacks } => {
            Error::RoomBelowFallbacks { agent: agent(of), room, fallbacks }
        }
        ref other => Error::Overflow(other.to_string()),
    }
}
