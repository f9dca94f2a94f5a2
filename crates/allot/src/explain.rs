//! Why a plan is as it is: reasons as values, from the instance and the plan, without solving anything again.
//!
//! The `Display` texts name agents and classes by index. A caller with names of its own (branches, people) words the
//! same values itself.

use std::fmt;

use serde::Serialize;

use crate::{Instance, NOBODY, Plan, TightSet, Weight};

/// Where a lead went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// To an eligible agent.
    New(u32),
    /// It stays with the present owner.
    Kept(u32),
    /// To nobody.
    Unassigned,
}

/// What spoke for or against an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum Reason {
    /// It got the lead.
    Chosen,
    /// The lead stays with it: nobody else could take one more of its class.
    Keeps,
    /// It is the present owner, and the lead goes to somebody else.
    PresentOwner,
    /// It is not among the eligible.
    NotEligible,
    /// It takes nothing new.
    NoRoom,
    /// It is full.
    Full {
        /// Its room.
        room: u32,
    },
    /// It had this lead before.
    EarlierOwner,
    /// Its level, with the weights counted in, is at or above that of who got the lead, so that one more would have
    /// made the whole less even or no evener.
    Level {
        /// Its level after the run.
        level: u64,
        /// The level of who got the lead.
        against: u64,
    },
    /// It takes part in the class like who got the lead; the dealing decided.
    Dealt,
    /// It would have been evener here, but another class needs the place more: one more lead would have to go out of
    /// its way there.
    Reserved,
}

/// One agent beside a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// The agent.
    pub agent: u32,
    /// Its room for this batch; `None` = no limit.
    pub room: Option<u32>,
    /// What it got: new and kept leads.
    pub taken: u32,
    /// Its level after the run.
    pub level: u64,
    /// Its verdict.
    pub reason: Reason,
}

/// Why a lead went where it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeadReasons {
    /// Where it went.
    pub outcome: Outcome,
    /// Every agent of the instance, in order.
    pub candidates: Vec<Candidate>,
    /// For an unassigned lead: why.
    pub leftover: Option<Shortage>,
}

/// Why leads of a class are unassigned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shortage {
    /// The class has no eligible agent.
    NobodyEligible,
    /// None of its eligible agents takes anything new.
    NobodyTakesNew,
    /// Its agents are full, with leads that can go to nobody else.
    Full(TightSet),
}

/// The unassigned leads of a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leftover {
    /// The class.
    pub class: u32,
    /// How many of its leads, the last ones.
    pub leads: u32,
    /// Why.
    pub why: Shortage,
}

/// What decided how many leads an agent got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum Amount {
    /// It takes nothing new.
    NoRoom,
    /// It is in no class with leads.
    NotEligible,
    /// It is full.
    Full {
        /// Its room.
        room: u32,
    },
    /// It has as many as it should beside the others that its classes reach.
    Even {
        /// The lowest and highest level, of others who share a class with it and have room.
        lowest: u64,
        /// The highest of them.
        highest: u64,
    },
}

/// Why an agent got so many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AgentReasons {
    /// New leads.
    pub new: u32,
    /// Kept leads.
    pub kept: u32,
    /// The level after the run.
    pub level: u64,
    /// Its room.
    pub room: Option<u32>,
    /// What decided.
    pub amount: Amount,
    /// The classes its leads are of: (class, new, kept).
    pub classes: Vec<(u32, u32, u32)>,
}

/// Why a lead (by its position in its class) went where it went; `None` if there is no such lead.
pub fn lead(instance: &Instance, plan: &Plan, class: usize, lead: u32) -> Option<LeadReasons> {
    let of = instance.classes.get(class)?;
    let &agent = plan.class(class).get(lead as usize)?;
    let outcome = match agent {
        NOBODY => Outcome::Unassigned,
        agent if of.fallback == Some(agent) => Outcome::Kept(agent),
        agent => Outcome::New(agent),
    };
    let mut takes_part = vec![false; instance.agents.len()];
    for &agent in plan.class(class) {
        if let Some(part) = takes_part.get_mut(agent as usize) {
            *part = true;
        }
    }
    let candidates = instance.agents.iter().zip(&plan.agents).enumerate().map(|(j, (candidate, share))| {
        let reason = judge(instance, plan, (class, lead), outcome, j as u32, takes_part[j]);
        let taken = share.new.saturating_add(share.kept);
        Candidate { agent: j as u32, room: candidate.room, taken, level: share.level, reason }
    });
    let candidates = candidates.collect();
    let leftover = if outcome == Outcome::Unassigned { shortage(instance, plan, class) } else { None };
    Some(LeadReasons { outcome, candidates, leftover })
}

/// How an agent stands after a plan: enough to judge it beside a lead, also long after the plan is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its room for the batch; `None` = no limit.
    pub room: Option<u32>,
    /// What it got: new and kept leads.
    pub taken: u32,
    /// Its level after the run.
    pub level: u64,
    /// Its share beside others.
    pub weight: Weight,
}

impl Standing {
    /// Whether nothing more fits.
    pub fn is_full(&self) -> bool {
        self.room.is_some_and(|room| self.taken >= room)
    }
}

/// What a lead and an agent are to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each with a name")]
pub struct Relation {
    /// The lead stays with this agent if nobody else has room.
    pub is_fallback: bool,
    /// The agent is among the eligible.
    pub is_eligible: bool,
    /// The agent had the lead before.
    pub is_earlier_owner: bool,
    /// The agent got other leads of the same class. Who does not know says no: the levels tell it then.
    pub takes_part: bool,
}

/// What speaks for or against an agent who did not get the lead; `chosen` is who got it as a new one.
pub fn verdict(agent: &Standing, relation: Relation, chosen: Option<&Standing>) -> Reason {
    if relation.is_fallback {
        return Reason::PresentOwner;
    }
    if !relation.is_eligible {
        return Reason::NotEligible;
    }
    if agent.room == Some(0) {
        return Reason::NoRoom;
    }
    if relation.is_earlier_owner {
        return Reason::EarlierOwner;
    }
    if relation.takes_part {
        return Reason::Dealt;
    }
    if let Some(room) = agent.room.filter(|_| agent.is_full()) {
        return Reason::Full { room };
    }
    let Some(chosen) = chosen else { return Reason::Reserved };
    // One more here against the last one there: (2 level + 1) / weight, compared crosswise.
    let next = (2 * u128::from(agent.level) + 1) * u128::from(chosen.weight.thousandths());
    let last = (2 * u128::from(chosen.level)).saturating_sub(1) * u128::from(agent.weight.thousandths());
    if next >= last { Reason::Level { level: agent.level, against: chosen.level } } else { Reason::Reserved }
}

fn judge(
    instance: &Instance,
    plan: &Plan,
    (class, lead): (usize, u32),
    outcome: Outcome,
    agent: u32,
    takes_part: bool,
) -> Reason {
    let of = &instance.classes[class];
    let chosen = match outcome {
        Outcome::New(chosen) if chosen == agent => return Reason::Chosen,
        Outcome::Kept(owner) if owner == agent => return Reason::Keeps,
        Outcome::New(chosen) => standing(instance, plan, chosen),
        Outcome::Kept(_) | Outcome::Unassigned => None,
    };
    let relation = Relation {
        is_fallback: of.fallback == Some(agent),
        is_eligible: of.eligible.contains(agent),
        is_earlier_owner: of.avoid.binary_search(&(lead, agent)).is_ok(),
        takes_part,
    };
    let agent = standing(instance, plan, agent).unwrap_or_default();
    verdict(&agent, relation, chosen.as_ref())
}

fn standing(instance: &Instance, plan: &Plan, agent: u32) -> Option<Standing> {
    let (side, share) = (instance.agents.get(agent as usize)?, plan.agents.get(agent as usize)?);
    let taken = share.new.saturating_add(share.kept);
    Some(Standing { room: side.room, taken, level: share.level, weight: side.weight })
}

/// Why an agent got so many; `None` if there is no such agent.
pub fn agent(instance: &Instance, plan: &Plan, agent: u32) -> Option<AgentReasons> {
    let side = instance.agents.get(agent as usize)?;
    let share = plan.agents.get(agent as usize)?;
    let mut classes = Vec::new();
    let mut rivals = vec![false; instance.agents.len()];
    let mut eligible = false;
    for (index, class) in instance.classes.iter().enumerate() {
        let count = plan.class(index).iter().filter(|&&other| other == agent).count() as u32;
        let kept = if class.fallback == Some(agent) { count } else { 0 };
        if count > 0 {
            classes.push((index as u32, count - kept, kept));
        }
        if class.leads > 0 && class.eligible.contains(agent) {
            eligible = true;
            for rival in class.eligible.iter() {
                if let Some(rival) = rivals.get_mut(rival as usize) {
                    *rival = true;
                }
            }
        }
    }
    let levels = || {
        let reached = |j: &usize| rivals[*j] && *j != agent as usize && instance.agents[*j].room != Some(0);
        let open = |j: &usize| {
            let other = plan.agents[*j];
            instance.agents[*j].room.is_none_or(|room| other.new.saturating_add(other.kept) < room)
        };
        (0..plan.agents.len().min(rivals.len())).filter(reached).filter(open).map(|j| plan.agents[j].level)
    };
    let amount = match side.room {
        Some(0) => Amount::NoRoom,
        _ if !eligible => Amount::NotEligible,
        Some(room) if share.new.saturating_add(share.kept) >= room => Amount::Full { room },
        _ => Amount::Even {
            lowest: levels().min().unwrap_or(share.level),
            highest: levels().max().unwrap_or(share.level),
        },
    };
    Some(AgentReasons {
        new: share.new,
        kept: share.kept,
        level: share.level,
        room: side.room,
        amount,
        classes,
    })
}

/// Every class with unassigned leads, and why.
pub fn leftovers(instance: &Instance, plan: &Plan) -> Vec<Leftover> {
    let short = plan
        .classes
        .iter()
        .take(instance.classes.len())
        .enumerate()
        .filter(|(_, counts)| counts.unassigned > 0);
    short
        .filter_map(|(class, counts)| {
            let why = shortage(instance, plan, class)?;
            Some(Leftover { class: class as u32, leads: counts.unassigned, why })
        })
        .collect()
}

fn shortage(instance: &Instance, plan: &Plan, class: usize) -> Option<Shortage> {
    let of = &instance.classes[class];
    if of.eligible.is_empty() {
        return Some(Shortage::NobodyEligible);
    }
    let takes_new =
        |agent: u32| instance.agents.get(agent as usize).is_some_and(|agent| agent.room != Some(0));
    if !of.eligible.iter().any(takes_new) {
        return Some(Shortage::NobodyTakesNew);
    }
    plan.certificate.tight_sets.iter().find(|set| set.tier == of.tier).cloned().map(Shortage::Full)
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chosen => f.write_str("got the lead"),
            Self::Keeps => f.write_str("keeps the lead: nobody else had room"),
            Self::PresentOwner => f.write_str("is the present owner"),
            Self::NotEligible => f.write_str("is not eligible"),
            Self::NoRoom => f.write_str("takes nothing new"),
            Self::Full { room } => write!(f, "is full at {room}"),
            Self::EarlierOwner => f.write_str("had the lead before"),
            Self::Level { level, against } => write!(f, "level {level} against {against}"),
            Self::Dealt => f.write_str("gets other leads of the class"),
            Self::Reserved => f.write_str("its place is needed for others"),
        }
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NobodyEligible => f.write_str("no eligible agents"),
            Self::NobodyTakesNew => f.write_str("no eligible agent takes new leads"),
            Self::Full(set) => match set.agents[..] {
                [_] => write!(f, "the only agent for {} leads is full", set.demand),
                _ => write!(f, "all {} agents for {} leads are full", set.agents.len(), set.demand),
            },
        }
    }
}
