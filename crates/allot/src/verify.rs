//! The verifier: small, and independent of the solver. It trusts nothing in a plan but who gets each lead, counts
//! everything again, and checks the certificate against the residual network.
//!
//! Why prices prove the optimum: let every arc of the residual network cost at least the difference of the prices at
//! its ends. Then around any cycle the differences cancel, so no cycle has negative cost, and a flow without negative
//! residual cycles has least cost. The costs are compared from left to right (coverage, fallbacks, fairness), which
//! sums and differences respect. One number for coverage is enough, although tiers are lexicographic, because the
//! leads that can be covered together form a matroid: any numbers that rise with urgency have the same optimum.
//!
//! Beyond what the proof needs, each price must be the *least* cost of getting rid of one more lead there. So there is
//! one certificate for a plan, and one that was altered is refused even where the alteration would do no harm.

use std::fmt;

use crate::exact::Int;
use crate::{Error, Instance, NOBODY, Plan, Price, Strategy};

/// Why a plan is not accepted. Classes, leads (within their class) and agents are named by index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The instance itself is bad.
    Instance(Error),
    /// A list has not one entry for each of what it lists.
    Length(&'static str),
    /// A lead goes to somebody who may not have it.
    NotEligible {
        /// The class.
        class: usize,
        /// The agent.
        agent: u32,
    },
    /// A lead with a fallback goes to nobody.
    Lost {
        /// The class.
        class: usize,
    },
    /// A lead goes to nobody while a less urgent one of its class is served.
    Order {
        /// The class.
        class: usize,
    },
    /// The counts of a class are not those of its leads.
    ClassCounts {
        /// The class.
        class: usize,
    },
    /// The counts of an agent are not those of its leads.
    AgentCounts {
        /// The agent.
        agent: u32,
    },
    /// An agent has more than its room.
    Room {
        /// The agent.
        agent: u32,
    },
    /// The number of leads with an earlier owner is wrong.
    Avoided,
    /// The price of a class is wrong: a better plan may exist.
    ClassPrice {
        /// The class.
        class: usize,
    },
    /// The price of an agent is wrong: a better plan may exist.
    AgentPrice {
        /// The agent.
        agent: u32,
    },
    /// The price of an agent's room is wrong: a better plan may exist.
    RoomPrice {
        /// The agent.
        agent: u32,
    },
    /// Leads of the class are unassigned or agents loaded at a price below what that costs.
    Border,
    /// The tight set of a tier does not show why its leads are unassigned.
    TightSet {
        /// The tier.
        tier: u32,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance(error) => error.fmt(f),
            Self::Length(list) => write!(f, "the plan's list of {list} has the wrong length"),
            Self::NotEligible { class, agent } => {
                write!(f, "agent {agent} may not have leads of class {class}")
            }
            Self::Lost { class } => {
                write!(f, "class {class} has a fallback, but one of its leads goes to nobody")
            }
            Self::Order { class } => {
                write!(f, "class {class} leaves out a lead more urgent than one it serves")
            }
            Self::ClassCounts { class } => write!(f, "the counts of class {class} are wrong"),
            Self::AgentCounts { agent } => write!(f, "the counts of agent {agent} are wrong"),
            Self::Room { agent } => write!(f, "agent {agent} has more leads than room"),
            Self::Avoided => f.write_str("the number of leads with an earlier owner is wrong"),
            Self::ClassPrice { class } => write!(f, "the price of class {class} proves nothing"),
            Self::AgentPrice { agent } => write!(f, "the price of agent {agent} proves nothing"),
            Self::RoomPrice { agent } => write!(f, "the price of agent {agent}'s room proves nothing"),
            Self::Border => f.write_str("a plan with fewer leads left out, or evener, may exist"),
            Self::TightSet { tier } => write!(f, "the tight set of tier {tier} proves nothing"),
        }
    }
}

impl std::error::Error for Refusal {}

/// Accepts a plan only if it is feasible, its counts are right and its certificate proves it optimal.
pub fn verify(instance: &Instance, plan: &Plan) -> Result<(), Refusal> {
    instance.check().map_err(Refusal::Instance)?;
    let proof = &plan.certificate;
    let lengths = [
        ("leads", plan.leads.len(), instance.leads()),
        ("classes", plan.classes.len(), instance.classes.len()),
        ("agents", plan.agents.len(), instance.agents.len()),
        ("class prices", proof.classes.len(), instance.classes.len()),
        ("agent prices", proof.agents.len(), instance.agents.len()),
        ("room prices", proof.rooms.len(), instance.agents.len()),
    ];
    if let Some((list, ..)) = lengths.into_iter().find(|(_, is, should)| is != should) {
        return Err(Refusal::Length(list));
    }
    let mut check = Check::new(instance, plan);
    check.leads()?;
    check.counts()?;
    check.class_prices()?;
    check.agent_prices()?;
    check.border()?;
    crate::tight::verify(instance, plan)
}

struct Check<'a> {
    instance: &'a Instance,
    plan: &'a Plan,
    new: Vec<u32>,
    kept: Vec<u32>,
    /// Least common multiple of the weights / the weight of the agent.
    units: Vec<Int>,
    /// Rank of the tier of each class, 1 for the least urgent.
    ranks: Vec<i64>,
    /// More than any price: that of a place without a way to the border.
    top: Price,
    /// Prices of classes and agents as small numbers in the same order.
    class_order: Vec<u32>,
    agent_order: Vec<u32>,
    /// Per agent, the class with the lowest price of those whose new leads it has.
    cheapest: Vec<Option<u32>>,
    /// Per agent, the lowest price of the classes that stay with it in part.
    cheapest_kept: Vec<Option<u32>>,
}

impl<'a> Check<'a> {
    fn new(instance: &'a Instance, plan: &'a Plan) -> Self {
        let mut tiers: Vec<u32> = instance.classes.iter().map(|class| class.tier).collect();
        tiers.sort_unstable();
        tiers.dedup();
        let rank = |tier| (tiers.len() - tiers.partition_point(|&other| other < tier)) as i64;
        let proof = &plan.certificate;
        let mut order: Vec<&Price> = proof.classes.iter().chain(&proof.agents).collect();
        order.sort_unstable();
        order.dedup();
        let place = |price: &Price| order.partition_point(|&other| other < price) as u32;
        Self {
            new: vec![0; instance.agents.len()],
            kept: vec![0; instance.agents.len()],
            units: units(instance),
            ranks: instance.classes.iter().map(|class| rank(class.tier)).collect(),
            top: Price { coverage: tiers.len() as i64 + 2, ..Price::default() },
            class_order: proof.classes.iter().map(place).collect(),
            agent_order: proof.agents.iter().map(place).collect(),
            cheapest: vec![None; instance.agents.len()],
            cheapest_kept: vec![None; instance.agents.len()],
            instance,
            plan,
        }
    }

    /// Every lead goes where it may; the counts of classes and of leads with an earlier owner are right.
    fn leads(&mut self) -> Result<(), Refusal> {
        let mut counts = vec![0u32; self.instance.agents.len()];
        let mut seen: Vec<u32> = Vec::new();
        let mut first = 0usize;
        let mut avoided = 0u64;
        for (index, class) in self.instance.classes.iter().enumerate() {
            let leads = &self.plan.leads[first..first + class.leads as usize];
            let served = leads.iter().position(|&agent| agent == NOBODY).unwrap_or(leads.len());
            for &agent in &leads[..served] {
                let Some(count) = counts.get_mut(agent as usize) else {
                    return Err(Refusal::NotEligible { class: index, agent });
                };
                if *count == 0 {
                    seen.push(agent);
                }
                *count += 1;
            }
            if leads[served..].iter().any(|&agent| agent != NOBODY) {
                return Err(Refusal::Order { class: index });
            }
            if served < leads.len() && class.fallback.is_some() {
                return Err(Refusal::Lost { class: index });
            }
            let mut kept = 0;
            for agent in seen.drain(..) {
                let count = std::mem::take(&mut counts[agent as usize]);
                if class.fallback == Some(agent) {
                    kept = count;
                    self.kept[agent as usize] += count;
                    self.note(index, agent, true);
                } else if class.eligible.contains(agent)
                    && self.instance.agents[agent as usize].room != Some(0)
                {
                    self.new[agent as usize] += count;
                    self.note(index, agent, false);
                } else {
                    return Err(Refusal::NotEligible { class: index, agent });
                }
            }
            let is = self.plan.classes[index];
            let new = served as u32 - kept;
            if (is.first as usize, is.new, is.kept, is.unassigned)
                != (first, new, kept, class.leads - served as u32)
            {
                return Err(Refusal::ClassCounts { class: index });
            }
            let clash = |&&(lead, agent): &&(u32, u32)| {
                leads[lead as usize] == agent && class.fallback != Some(agent)
            };
            avoided += class.avoid.iter().filter(clash).count() as u64;
            first += leads.len();
        }
        if avoided == u64::from(self.plan.avoided_remaining) { Ok(()) } else { Err(Refusal::Avoided) }
    }

    fn note(&mut self, class: usize, agent: u32, kept: bool) {
        let slot = if kept { &mut self.cheapest_kept } else { &mut self.cheapest };
        let slot = &mut slot[agent as usize];
        if slot.is_none_or(|other| self.class_order[class] < self.class_order[other as usize]) {
            *slot = Some(class as u32);
        }
    }

    /// Rooms hold, and the counts of agents are right.
    fn counts(&self) -> Result<(), Refusal> {
        for (index, agent) in self.instance.agents.iter().enumerate() {
            let (new, kept) = (self.new[index], self.kept[index]);
            if agent.room.is_some_and(|room| room > 0 && u64::from(new) + u64::from(kept) > u64::from(room)) {
                return Err(Refusal::Room { agent: index as u32 });
            }
            let is = self.plan.agents[index];
            if (is.new, is.kept, is.level) != (new, kept, self.level(index)) {
                return Err(Refusal::AgentCounts { agent: index as u32 });
            }
        }
        Ok(())
    }

    /// A lead of a class goes to an eligible agent, to the room of the fallback, or to nobody: at the least cost.
    fn class_prices(&self) -> Result<(), Refusal> {
        let proof = &self.plan.certificate;
        for (index, class) in self.instance.classes.iter().enumerate() {
            let open = |&agent: &u32| self.instance.agents[agent as usize].room != Some(0);
            let agent =
                class.eligible.iter().filter(open).min_by_key(|&agent| self.agent_order[agent as usize]);
            let mut least = self.top.clone();
            if let Some(agent) = agent {
                least = least.min(proof.agents[agent as usize].clone());
            }
            least = least.min(match class.fallback {
                Some(owner) => sum(&proof.rooms[owner as usize], &FALLBACK),
                None => self.left_out(index),
            });
            if proof.classes[index] != least {
                return Err(Refusal::ClassPrice { class: index });
            }
        }
        Ok(())
    }

    /// A new lead of an agent fills its room, or goes on in exchange for another of its new leads. A lead in a room
    /// stays there if there is space, or takes the place of a new or a kept one.
    fn agent_prices(&self) -> Result<(), Refusal> {
        let proof = &self.plan.certificate;
        let queues = self.instance.strategy == Strategy::LevelQueues;
        for (index, agent) in self.instance.agents.iter().enumerate() {
            let (price, room) = (&proof.agents[index], &proof.rooms[index]);
            let (up, down) = self.marginals(index);
            let zero = Price::default();
            // With equal shares the level is counted on the way into the room, with level queues on the way out.
            let (into, out) = if queues { (&zero, &up) } else { (&up, &zero) };
            let back = if queues { &zero } else { &down };

            let mut least = self.top.clone();
            if agent.room != Some(0) {
                least = least.min(sum(room, into));
            }
            if let Some(class) = self.cheapest[index] {
                least = least.min(proof.classes[class as usize].clone());
            }
            if *price != least {
                return Err(Refusal::AgentPrice { agent: index as u32 });
            }

            let load = u64::from(self.new[index]) + u64::from(self.kept[index]);
            let mut least = self.top.clone();
            if agent.room.is_none_or(|limit| limit == 0 || load < u64::from(limit)) {
                least = least.min(out.clone());
            }
            if self.new[index] > 0 {
                least = least.min(difference(price, back));
            }
            if let Some(class) = self.cheapest_kept[index] {
                least = least.min(difference(&proof.classes[class as usize], &FALLBACK));
            }
            if *room != least {
                return Err(Refusal::RoomPrice { agent: index as u32 });
            }
        }
        Ok(())
    }

    /// Taking a lead back from nobody, or out of a room, gains nothing.
    fn border(&self) -> Result<(), Refusal> {
        let proof = &self.plan.certificate;
        let queues = self.instance.strategy == Strategy::LevelQueues;
        let open = |index: &usize| self.plan.classes[*index].unassigned > 0;
        let left_out = (0..self.instance.classes.len())
            .filter(open)
            .all(|index| proof.classes[index] >= self.left_out(index));
        let loaded = |index: &usize| self.new[*index] > 0 || self.kept[*index] > 0;
        let rooms = (0..self.instance.agents.len()).filter(loaded).all(|index| {
            proof.rooms[index] >= if queues { self.marginals(index).1 } else { Price::default() }
        });
        if left_out && rooms { Ok(()) } else { Err(Refusal::Border) }
    }

    fn left_out(&self, class: usize) -> Price {
        Price { coverage: self.ranks[class], ..Price::default() }
    }

    fn level(&self, agent: usize) -> u64 {
        match self.instance.strategy {
            Strategy::EqualShares => u64::from(self.new[agent]),
            Strategy::LevelQueues => {
                u64::from(self.instance.agents[agent].base)
                    + u64::from(self.new[agent])
                    + u64::from(self.kept[agent])
            }
        }
    }

    /// What the next lead adds to level² / weight, and what the last one added.
    fn marginals(&self, agent: usize) -> (Price, Price) {
        let level = self.level(agent);
        let price = |odd| Price { level: self.units[agent].times(odd), ..Price::default() };
        (price(2 * level + 1), price((2 * level).saturating_sub(1)))
    }
}

const FALLBACK: Price = Price { coverage: 0, fallbacks: 1, level: Int::ZERO };

/// Saturating, so that absurd prices are merely wrong.
fn sum(a: &Price, b: &Price) -> Price {
    Price {
        coverage: a.coverage.saturating_add(b.coverage),
        fallbacks: a.fallbacks.saturating_add(b.fallbacks),
        level: a.level.plus(&b.level),
    }
}

fn difference(a: &Price, b: &Price) -> Price {
    Price {
        coverage: a.coverage.saturating_sub(b.coverage),
        fallbacks: a.fallbacks.saturating_sub(b.fallbacks),
        level: a.level.minus(&b.level),
    }
}

/// Least common multiple of the weights in lowest terms, divided by each.
fn units(instance: &Instance) -> Vec<Int> {
    fn common(a: u32, b: u32) -> u32 {
        if b == 0 { a } else { common(b, a % b) }
    }
    let thousandths = || instance.agents.iter().map(|agent| agent.weight.thousandths());
    let divisor = thousandths().fold(0, common);
    let mut weights: Vec<u32> = thousandths().map(|weight| weight / divisor).collect();
    weights.sort_unstable();
    weights.dedup();
    let multiple = weights.iter().fold(Int::from(1), |multiple, &weight| {
        multiple.times(u64::from(weight / common(weight, multiple.modulo(weight))))
    });
    let parts: Vec<Int> = weights.iter().map(|&weight| multiple.divided_by(weight)).collect();
    let part = |weight: u32| parts[weights.partition_point(|&other| other < weight / divisor)].clone();
    thousandths().map(part).collect()
}
