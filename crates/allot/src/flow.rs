//! The plan while it is being made: how many leads of each group go to each agent.

use std::cmp::Ordering;

use crate::groups::Groups;
use crate::{Instance, Strategy};

/// One fallback, in the unit of [`Cost::whole`].
pub(crate) const FALLBACK: i64 = 1;

/// One unassigned lead of a group of the given rank, in the unit of [`Cost::whole`]: above any number of fallbacks
/// that one simple cycle can hold.
pub(crate) fn unassigned(rank: i64) -> i64 {
    rank << 32
}

/// What one more lead adds to level² / weight: `(2 level + 1) / weight`, as a fraction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marginal {
    pub of: u64,
    pub per: u32,
}

impl Marginal {
    pub const NONE: Self = Self { of: 0, per: 1 };
}

impl Ord for Marginal {
    // Levels stay below 2^33 and weights below 2^20, so that the products fit.
    fn cmp(&self, other: &Self) -> Ordering {
        (self.of * u64::from(other.per)).cmp(&(other.of * u64::from(self.per)))
    }
}

impl PartialOrd for Marginal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Marginal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Marginal {}

/// The cost of one step at the border of the network: coverage and fallbacks packed in one number, then fairness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cost {
    pub whole: i64,
    pub marginal: Marginal,
}

impl Cost {
    pub fn whole(whole: i64) -> Self {
        Self { whole, marginal: Marginal::NONE }
    }
}

/// What the solver knows of an agent, and what it has so far.
pub(crate) struct Side {
    /// Room for new and kept leads; `u64::MAX` = no limit. An agent without room for new leads has no limit for kept
    /// ones, and is in no eligible set.
    pub room: u64,
    pub takes_new: bool,
    /// The level without any lead of this batch.
    pub base: u64,
    /// The weight in lowest terms with all others.
    pub weight: u32,
    pub new: u32,
    pub kept: u32,
}

pub(crate) struct Flow<'a> {
    pub groups: &'a Groups,
    pub strategy: Strategy,
    pub sides: Vec<Side>,
    /// Agents as ties are broken: longest waiting, lower base load, lower index.
    pub order: Vec<u32>,
    /// The place of each agent in `order`.
    pub place: Vec<u32>,
    /// Leads per eligible pair.
    amounts: Vec<u32>,
    /// Per group, leads that stay with the fallback.
    pub kept: Vec<u32>,
    /// Per group, leads that go to nobody.
    pub open: Vec<u32>,
    /// Per agent, groups that may have leads with it; it has all that do, some perhaps twice or no longer.
    givers: Vec<Vec<u32>>,
    /// Per agent, the groups that fall back to it.
    pub owned: Vec<Vec<u32>>,
}

impl<'a> Flow<'a> {
    /// Nothing is given out: every lead stays with its fallback or is unassigned.
    pub fn new(instance: &Instance, groups: &'a Groups) -> Self {
        let divisor =
            instance.agents.iter().fold(0, |divisor, agent| gcd(divisor, agent.weight.thousandths()));
        let sides: Vec<Side> = instance
            .agents
            .iter()
            .map(|agent| Side {
                room: agent.room.filter(|&room| room > 0).map_or(u64::MAX, u64::from),
                takes_new: agent.room != Some(0),
                base: if instance.strategy == Strategy::LevelQueues { u64::from(agent.base) } else { 0 },
                weight: agent.weight.thousandths() / divisor,
                new: 0,
                kept: 0,
            })
            .collect();
        let mut order: Vec<u32> = (0..sides.len() as u32).collect();
        order.sort_by_key(|&j| {
            let agent = &instance.agents[j as usize];
            (agent.waiting_since_ms, agent.base, j)
        });
        let mut place = vec![0; order.len()];
        for (at, &j) in order.iter().enumerate() {
            place[j as usize] = at as u32;
        }
        let mut owned = vec![Vec::new(); sides.len()];
        let mut flow = Self {
            strategy: instance.strategy,
            order,
            place,
            amounts: vec![0; groups.pairs],
            kept: vec![0; groups.len()],
            open: vec![0; groups.len()],
            givers: vec![Vec::new(); sides.len()],
            owned: Vec::new(),
            sides,
            groups,
        };
        for (g, group) in groups.list.iter().enumerate() {
            match group.fallback {
                Some(holder) => {
                    owned[holder as usize].push(g as u32);
                    flow.kept[g] = group.leads;
                    flow.sides[holder as usize].kept += group.leads;
                }
                None => flow.open[g] = group.leads,
            }
        }
        flow.owned = owned;
        flow
    }

    pub fn amount(&self, group: usize, agent: u32) -> u32 {
        self.amounts[self.groups.pair(group, agent)]
    }

    /// The agents who have leads of a group, with how many.
    pub fn takers(&self, group: usize) -> impl Iterator<Item = (u32, u32)> + '_ {
        let amounts = |(pair, agent)| (agent, self.amounts[pair]);
        self.groups.pairs_of(group).map(amounts).filter(|&(_, amount)| amount > 0)
    }

    /// Groups that may have leads with an agent; ask [`Flow::amount`] whether they do.
    pub fn givers(&self, agent: u32) -> &[u32] {
        &self.givers[agent as usize]
    }

    /// Adds to a pair, without touching the counts of the agent.
    pub fn put(&mut self, group: usize, agent: u32, leads: u32) {
        self.put_pair(self.groups.pair(group, agent), group, agent, leads);
    }

    /// The same for a pair whose place is known.
    pub fn put_pair(&mut self, pair: usize, group: usize, agent: u32, leads: u32) {
        let amount = &mut self.amounts[pair];
        if *amount == 0 && leads > 0 {
            let givers = &mut self.givers[agent as usize];
            givers.push(group as u32);
            // Entries that went stale are thrown out before they outnumber the groups.
            if givers.len() > 2 * self.groups.len() {
                givers.sort_unstable();
                givers.dedup();
            }
        }
        *amount += leads;
    }

    /// Takes from a pair, without touching the counts of the agent.
    pub fn take(&mut self, group: usize, agent: u32, leads: u32) {
        self.amounts[self.groups.pair(group, agent)] -= leads;
    }

    /// Changes how many leads of a group stay with its fallback.
    pub fn keep(&mut self, group: usize, leads: i64) {
        let Some(owner) = self.groups.list[group].fallback else { return };
        let kept = &mut self.kept[group];
        *kept = (i64::from(*kept) + leads) as u32;
        let side = &mut self.sides[owner as usize];
        side.kept = (i64::from(side.kept) + leads) as u32;
    }

    pub fn free(&self, agent: u32) -> u64 {
        let side = &self.sides[agent as usize];
        side.room.saturating_sub(side.load())
    }

    pub fn level(&self, agent: u32) -> u64 {
        self.sides[agent as usize].level(self.strategy)
    }

    /// What the next lead costs the agent after `further` leads more.
    pub fn up(&self, agent: u32, further: u64) -> Marginal {
        Marginal { of: 2 * (self.level(agent) + further) + 1, per: self.sides[agent as usize].weight }
    }

    /// What the last lead cost the agent, after `fewer` leads less.
    pub fn down(&self, agent: u32, fewer: u64) -> Marginal {
        let level = self.level(agent).saturating_sub(fewer);
        Marginal { of: (2 * level).saturating_sub(1), per: self.sides[agent as usize].weight }
    }
}

impl Side {
    pub fn load(&self) -> u64 {
        u64::from(self.new) + u64::from(self.kept)
    }

    pub fn level(&self, strategy: Strategy) -> u64 {
        match strategy {
            Strategy::EqualShares => u64::from(self.new),
            Strategy::LevelQueues => self.base + self.load(),
        }
    }
}

pub(crate) fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
