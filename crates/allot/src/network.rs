//! The residual network: every single change that the plan allows, and what it costs.
//!
//! Nodes are the groups, two per agent and the border. A lead goes group → agent (as a new lead) → room → border; a
//! kept lead goes group → room of its owner → border; an unassigned one goes group → border. An arc forward is one
//! lead more there, an arc backward one lead less. Cost stands on group → room (one fallback), on group → border (one
//! unassigned) and on the arc that carries the level: agent → room for equal shares, room → border for level queues.

use crate::Strategy;
use crate::exact::Int;
use crate::flow::{FALLBACK, Flow, gcd, unassigned};

/// A price or a cost: coverage and fallbacks packed, then Σ level² / weight in units of 1 / lcm of the weights.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Label {
    pub whole: i64,
    pub level: Int,
}

impl Label {
    pub fn whole(whole: i64) -> Self {
        Self { whole, level: Int::ZERO }
    }

    pub fn plus(&self, other: &Self) -> Self {
        Self { whole: self.whole + other.whole, level: self.level.plus(&other.level) }
    }

    pub fn minus(&self, other: &Self) -> Self {
        Self { whole: self.whole - other.whole, level: self.level.minus(&other.level) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Group(u32),
    Agent(u32),
    Room(u32),
    Border,
}

/// Per agent, lcm of all weights / its weight: what turns a marginal into whole units.
pub(crate) fn units(flow: &Flow) -> Vec<Int> {
    let mut weights: Vec<u32> = flow.sides.iter().map(|side| side.weight).collect();
    weights.sort_unstable();
    weights.dedup();
    let mut multiple = Int::from(1);
    for &weight in &weights {
        multiple = multiple.times(u64::from(weight / gcd(weight, multiple.modulo(weight))));
    }
    let shares: Vec<Int> = weights.iter().map(|&weight| multiple.divided_by(weight)).collect();
    let share =
        |side: &crate::flow::Side| shares[weights.partition_point(|&weight| weight < side.weight)].clone();
    flow.sides.iter().map(share).collect()
}

/// Cost of the `nth` lead (1 is the first) that takes an arc. The arc must be one of the network.
pub(crate) fn cost(flow: &Flow, units: &[Int], from: Node, to: Node, nth: u64) -> Label {
    let up = |j: u32| Label { whole: 0, level: units[j as usize].times(2 * (flow.level(j) + nth) - 1) };
    let down = |j: u32| {
        let level = (flow.level(j) + 1).saturating_sub(nth);
        Label { whole: 0, level: units[j as usize].times((2 * level).saturating_sub(1)).negated() }
    };
    let carries = |strategy| flow.strategy == strategy;
    match (from, to) {
        (Node::Group(_), Node::Room(_)) => Label::whole(FALLBACK),
        (Node::Room(_), Node::Group(_)) => Label::whole(-FALLBACK),
        (Node::Group(g), Node::Border) => Label::whole(unassigned(flow.groups.list[g as usize].rank)),
        (Node::Border, Node::Group(g)) => Label::whole(-unassigned(flow.groups.list[g as usize].rank)),
        (Node::Agent(j), Node::Room(_)) if carries(Strategy::EqualShares) => up(j),
        (Node::Room(j), Node::Agent(_)) if carries(Strategy::EqualShares) => down(j),
        (Node::Room(j), Node::Border) if carries(Strategy::LevelQueues) => up(j),
        (Node::Border, Node::Room(j)) if carries(Strategy::LevelQueues) => down(j),
        _ => Label::default(),
    }
}

/// How many leads can take an arc.
pub(crate) fn capacity(flow: &Flow, from: Node, to: Node) -> u64 {
    match (from, to) {
        (Node::Agent(j), Node::Group(g)) => u64::from(flow.amount(g as usize, j)),
        (Node::Room(_), Node::Group(g)) => u64::from(flow.kept[g as usize]),
        (Node::Border, Node::Group(g)) => u64::from(flow.open[g as usize]),
        (Node::Room(j), Node::Agent(_)) => u64::from(flow.sides[j as usize].new),
        (Node::Room(j), Node::Border) => flow.free(j),
        (Node::Border, Node::Room(j)) => flow.sides[j as usize].load(),
        _ => u64::MAX,
    }
}

/// Sends leads around a cycle, given as its nodes in order.
pub(crate) fn send(flow: &mut Flow, cycle: &[Node], leads: u32) {
    for (at, &from) in cycle.iter().enumerate() {
        match (from, cycle[(at + 1) % cycle.len()]) {
            (Node::Group(g), Node::Agent(j)) => flow.put(g as usize, j, leads),
            (Node::Agent(j), Node::Group(g)) => flow.take(g as usize, j, leads),
            (Node::Group(g), Node::Room(_)) => flow.keep(g as usize, i64::from(leads)),
            (Node::Room(_), Node::Group(g)) => flow.keep(g as usize, -i64::from(leads)),
            (Node::Group(g), Node::Border) => flow.open[g as usize] += leads,
            (Node::Border, Node::Group(g)) => flow.open[g as usize] -= leads,
            (Node::Agent(j), Node::Room(_)) => flow.sides[j as usize].new += leads,
            (Node::Room(j), Node::Agent(_)) => flow.sides[j as usize].new -= leads,
            // The load of a room is the sum of what comes in.
            _ => {}
        }
    }
}
