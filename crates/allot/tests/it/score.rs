//! What a plan is worth, said independently of the crate: smaller is better.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use allot::{Instance, Plan, Strategy};

/// Coverage by tier, fallbacks, Σ level² / weight over a common denominator, levels in the order of waiting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score {
    pub unassigned: Vec<u64>,
    pub fallbacks: u64,
    pub squares: i128,
    pub levels: Vec<Reverse<u64>>,
}

/// New leads and kept leads per agent, and unassigned leads per class.
pub fn score(instance: &Instance, new: &[u32], kept: &[u32], unassigned: &[u32]) -> Score {
    let mut tiers: BTreeMap<u32, u64> = instance.classes.iter().map(|class| (class.tier, 0)).collect();
    for (class, &leads) in instance.classes.iter().zip(unassigned) {
        *tiers.entry(class.tier).or_default() += u64::from(leads);
    }
    let level = |j: usize| match instance.strategy {
        Strategy::EqualShares => u64::from(new[j]),
        Strategy::LevelQueues => u64::from(instance.agents[j].base) + u64::from(new[j]) + u64::from(kept[j]),
    };
    let weight = |j: usize| i128::from(instance.agents[j].weight.thousandths());
    let mut weights: Vec<i128> = (0..instance.agents.len()).map(weight).collect();
    weights.sort_unstable();
    weights.dedup();
    let common = weights.iter().fold(1, |common, &weight| common / gcd(common, weight) * weight);
    let squares = |j| i128::from(level(j)) * i128::from(level(j)) * (common / weight(j));
    let mut order: Vec<usize> = (0..instance.agents.len()).collect();
    order.sort_by_key(|&j| (instance.agents[j].waiting_since_ms, instance.agents[j].base, j));
    Score {
        unassigned: tiers.into_values().collect(),
        fallbacks: kept.iter().map(|&leads| u64::from(leads)).sum(),
        squares: (0..instance.agents.len()).map(squares).sum(),
        levels: order.into_iter().map(|j| Reverse(level(j))).collect(),
    }
}

pub fn of_plan(instance: &Instance, plan: &Plan) -> Score {
    let new: Vec<u32> = plan.agents.iter().map(|agent| agent.new).collect();
    let kept: Vec<u32> = plan.agents.iter().map(|agent| agent.kept).collect();
    let unassigned: Vec<u32> = plan.classes.iter().map(|class| class.unassigned).collect();
    score(instance, &new, &kept, &unassigned)
}

/// Plans and verifies, naming the instance where either fails.
pub fn solve(instance: &Instance) -> Plan {
    let plan = allot::plan(instance).unwrap_or_else(|error| panic!("{error}: {instance:?}"));
    if let Err(refusal) = allot::verify(instance, &plan) {
        panic!("{refusal}: {instance:?}\n{plan:?}");
    }
    plan
}

/// Small random numbers that are the same everywhere.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    pub fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { gcd(b, a % b) }
}
