//! A slow solver of another kind: successive shortest paths over one arc per lead and level, all criteria in one
//! number, tiers truly lexicographic. It shares nothing with the crate but the input type.

use allot::{Agent, AgentSet, Class, Instance, Strategy, Weight};

use crate::brute::random;
use crate::score::{Numbers, Score, of_plan, score, solve};

/// Bits for the count of one tier, of fallbacks, and of one agent's level in the tie-breaking.
const COUNT_BITS: u32 = 6;

struct Arc {
    to: usize,
    left: u32,
    cost: i128,
}

struct Oracle {
    arcs: Vec<Arc>,
    of: Vec<Vec<usize>>,
}

impl Oracle {
    fn link(&mut self, from: usize, to: usize, left: u32, cost: i128) -> usize {
        self.of[from].push(self.arcs.len());
        self.arcs.push(Arc { to, left, cost });
        self.of[to].push(self.arcs.len());
        self.arcs.push(Arc { to: from, left: 0, cost: -cost });
        self.arcs.len() - 2
    }

    fn used(&self, arc: usize) -> u32 {
        self.arcs[arc ^ 1].left
    }

    /// Sends one unit along the cheapest way; says whether there was one.
    fn send(&mut self, from: usize, to: usize) -> bool {
        let mut cost = vec![i128::MAX; self.of.len()];
        let mut by = vec![usize::MAX; self.of.len()];
        cost[from] = 0;
        let mut changed = true;
        while changed {
            changed = false;
            for node in 0..self.of.len() {
                if cost[node] == i128::MAX {
                    continue;
                }
                for &arc in &self.of[node] {
                    let Arc { to, left, cost: step } = self.arcs[arc];
                    if left > 0 && cost[node] + step < cost[to] {
                        (cost[to], by[to], changed) = (cost[node] + step, arc, true);
                    }
                }
            }
        }
        if cost[to] == i128::MAX {
            return false;
        }
        let mut node = to;
        while node != from {
            let arc = by[node];
            self.arcs[arc].left -= 1;
            self.arcs[arc ^ 1].left += 1;
            node = self.arcs[arc ^ 1].to;
        }
        true
    }
}

fn best(instance: &Instance) -> Score {
    let (classes, agents) = (instance.classes.len(), instance.agents.len());
    let leads: u32 = instance.classes.iter().map(|class| class.leads).sum();
    assert!(leads < 1 << COUNT_BITS);
    let (source, sink) = (classes + 2 * agents, classes + 2 * agents + 1);
    let (new_node, room_node) = (|j: usize| classes + j, |j: usize| classes + agents + j);
    let mut oracle = Oracle { arcs: Vec::new(), of: (0..=sink).map(|_| Vec::new()).collect() };

    let mut order: Vec<usize> = (0..agents).collect();
    order.sort_by_key(|&j| (instance.agents[j].waiting_since_ms, instance.agents[j].base, j));
    let tie = |j: usize| {
        let place = order.iter().position(|&other| other == j).expect("everybody waits");
        1i128 << (COUNT_BITS as usize * (agents - 1 - place))
    };
    let product: i128 = 420; // a multiple of every weight used here, in units of 100 thousandths
    let part = |j: usize| product * 100 / i128::from(instance.agents[j].weight.thousandths());
    let level_unit = 1i128 << (COUNT_BITS as usize * agents);
    let fallback = level_unit << 24;
    let mut tiers: Vec<u32> = instance.classes.iter().map(|class| class.tier).collect();
    tiers.sort_unstable();
    tiers.dedup();
    let left_out = |tier: u32| {
        let patience = tiers.iter().rev().position(|&other| other == tier).expect("a tier of the instance");
        fallback << (COUNT_BITS as usize * (patience + 1))
    };

    let mut takes = Vec::new();
    for (j, agent) in instance.agents.iter().enumerate() {
        let room = match agent.room {
            None | Some(0) => leads,
            Some(room) => room.min(leads),
        };
        let queues = instance.strategy == Strategy::LevelQueues;
        let base = if queues { agent.base } else { 0 };
        let (plain, level) = if queues {
            ((new_node(j), room_node(j)), (room_node(j), sink))
        } else {
            ((room_node(j), sink), (new_node(j), room_node(j)))
        };
        oracle.link(plain.0, plain.1, room, 0);
        for nth in 0..room {
            let marginal = i128::from(2 * (base + nth) + 1) * part(j);
            oracle.link(level.0, level.1, 1, marginal * level_unit - tie(j));
        }
    }
    for (g, class) in instance.classes.iter().enumerate() {
        let supply = oracle.link(source, g, class.leads, 0);
        let new: Vec<(usize, usize)> = class
            .eligible
            .iter()
            .filter(|&j| instance.agents[j as usize].room != Some(0))
            .map(|j| (j as usize, oracle.link(g, new_node(j as usize), leads, 0)))
            .collect();
        let rest = match class.fallback {
            Some(owner) => oracle.link(g, room_node(owner as usize), leads, fallback),
            None => oracle.link(g, sink, leads, left_out(class.tier)),
        };
        takes.push((supply, new, rest));
    }
    for _ in 0..leads {
        assert!(oracle.send(source, sink), "every lead has a place");
    }
    let (mut new, mut kept, mut unassigned) = (vec![0; agents], vec![0; agents], vec![0; classes]);
    for (g, (_, to, rest)) in takes.iter().enumerate() {
        for &(j, arc) in to {
            new[j] += oracle.used(arc);
        }
        match instance.classes[g].fallback {
            Some(owner) => kept[owner as usize] += oracle.used(*rest),
            None => unassigned[g] = oracle.used(*rest),
        }
    }
    score(instance, &new, &kept, &unassigned)
}

/// Bigger than brute force can do, and crowded, so that owned leads are pushed about.
fn crowded(numbers: &mut Numbers) -> Instance {
    let agents = 3 + numbers.below(5) as u32;
    let weights = [500, 1000, 1500, 700, 2000];
    let alike = numbers.one_in(2);
    let mut instance = Instance {
        strategy: if numbers.one_in(3) { Strategy::LevelQueues } else { Strategy::EqualShares },
        agents: (0..agents)
            .map(|_| Agent {
                room: (!numbers.one_in(6)).then(|| numbers.below(12) as u32),
                base: numbers.below(6) as u32,
                weight: Weight::from_thousandths(if alike {
                    1000
                } else {
                    weights[numbers.below(5) as usize]
                })
                .expect("a weight"),
                waiting_since_ms: numbers.below(4) as i64,
            })
            .collect(),
        classes: (0..2 + numbers.below(7))
            .map(|_| {
                let fallback = (!numbers.one_in(3)).then(|| numbers.below(u64::from(agents)) as u32);
                let few = 2 + numbers.below(3);
                let eligible: AgentSet =
                    (0..agents).filter(|&j| Some(j) != fallback && numbers.one_in(few)).collect();
                let leads = 1 + numbers.below(if fallback.is_some() { 6 } else { 9 }) as u32;
                Class { tier: numbers.below(3) as u32, eligible, fallback, leads, ..Class::default() }
            })
            .collect(),
    };
    for j in 0..instance.agents.len() {
        let stays: u32 = instance
            .classes
            .iter()
            .filter(|class| class.fallback == Some(j as u32))
            .map(|class| class.leads)
            .sum();
        if let Some(room) = instance.agents[j].room.filter(|&room| room > 0) {
            instance.agents[j].room = Some(room.max(stays));
        }
    }
    instance
}

/// How many instances of each kind; `ALLOT_INSTANCES` asks for more.
fn rounds(usual: u64) -> u64 {
    std::env::var("ALLOT_INSTANCES").ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}

#[allow(clippy::print_stdout)] // the number of instances is a result
fn agree(kind: impl Fn(&mut Numbers) -> Instance, count: u64) {
    let mut tried = 0;
    for seed in 0..count {
        let instance = kind(&mut Numbers(seed));
        let leads: u32 = instance.classes.iter().map(|class| class.leads).sum();
        let highest = instance.agents.iter().map(|agent| agent.base).max().unwrap_or(0) + leads;
        if instance.check().is_err() || highest >= 1 << COUNT_BITS {
            continue;
        }
        let plan = solve(&instance);
        assert_eq!(of_plan(&instance, &plan), best(&instance), "seed {seed}: {instance:?}");
        tried += 1;
    }
    println!("{tried} instances compared with the oracle");
}

#[test]
fn the_oracle_agrees_on_crowded_instances() {
    agree(crowded, rounds(6_000));
}

#[test]
fn the_oracle_agrees_on_random_instances() {
    agree(|numbers| random(numbers, 8, 40), rounds(6_000));
}
