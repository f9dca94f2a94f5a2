//! The engine beside what open-source CRMs do: one lead at a time, in the order of arrival, never looking back. The
//! same batches, with the leads in the order of their classes and shuffled.

use serde::Serialize;

use crate::shapes::Numbers;
use crate::{Agent, AgentSet, Class, Error, Instance, plan, verify};

/// One batch dealt in one way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The batch.
    pub batch: &'static str,
    /// The order of the leads: `clustered` (class after class) or `shuffled`.
    pub order: &'static str,
    /// `engine`, `round-robin` or `least-loaded`.
    pub method: &'static str,
    /// Leads that went to nobody.
    pub unassigned: u64,
    /// The most loaded agent's leads minus the least loaded one's.
    pub spread: u32,
    /// Jain's index of the loads: 1 when all are equal, 1/n when one agent has everything.
    pub jain: f64,
}

/// Every batch in both orders with all three methods.
pub fn compare() -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    for (batch, instance) in batches() {
        let plan = plan(&instance)?;
        debug_assert_eq!(verify(&instance, &plan), Ok(()));
        let best: Vec<u32> = plan.agents.iter().map(|agent| agent.new).collect();
        for (order, leads) in [("clustered", clustered(&instance)), ("shuffled", shuffled(&instance))] {
            let mut row = |method, loads: &[u32], unassigned| {
                rows.push(Row { batch, order, method, unassigned, spread: spread(loads), jain: jain(loads) });
            };
            row("engine", &best, plan.unassigned());
            let (loads, unassigned) = online(&instance, &leads, round_robin);
            row("round-robin", &loads, unassigned);
            let (loads, unassigned) = online(&instance, &leads, least_loaded);
            row("least-loaded", &loads, unassigned);
        }
    }
    Ok(rows)
}

/// The batches: anybody can take anything; branches that overlap; rare skills with caps that bind.
pub fn batches() -> Vec<(&'static str, Instance)> {
    let agents =
        |count: u32, room: Option<u32>| (0..count).map(|_| Agent { room, ..Agent::default() }).collect();
    let class = |leads, eligible| Class { eligible, leads, ..Class::default() };
    let open = Instance {
        agents: agents(40, None),
        classes: (0..4).map(|_| class(250, AgentSet::full(40))).collect(),
        ..Instance::default()
    };
    // Leads of a branch go to its people; those of none go to anybody; some people serve two branches.
    let mut branches: Vec<Class> = (0..4u32)
        .map(|branch| {
            let serves =
                |agent: &u32| agent % 4 == branch || (agent.is_multiple_of(5) && (agent + 1) % 4 == branch);
            class(150 + 60 * branch, (0..40).filter(serves).collect())
        })
        .collect();
    branches.insert(0, class(600, AgentSet::full(40)));
    let branches = Instance { agents: agents(40, None), classes: branches, ..Instance::default() };
    // Eight of forty speak the rare language; everybody has room for 25.
    let skills = Instance {
        agents: agents(40, Some(25)),
        classes: vec![class(780, AgentSet::full(40)), class(190, (0..8).collect())],
        ..Instance::default()
    };
    vec![
        ("anybody takes anything", open),
        ("overlapping branches", branches),
        ("rare skill, binding caps", skills),
    ]
}

/// Jain's index: (Σx)² / (n Σx²).
pub fn jain(loads: &[u32]) -> f64 {
    let sum: f64 = loads.iter().map(|&load| f64::from(load)).sum();
    let squares: f64 = loads.iter().map(|&load| f64::from(load) * f64::from(load)).sum();
    if squares == 0.0 { 1.0 } else { sum * sum / (loads.len() as f64 * squares) }
}

fn spread(loads: &[u32]) -> u32 {
    loads.iter().max().unwrap_or(&0) - loads.iter().min().unwrap_or(&0)
}

/// The class of every lead, class after class.
fn clustered(instance: &Instance) -> Vec<usize> {
    let classes = instance.classes.iter().enumerate();
    classes.flat_map(|(index, class)| std::iter::repeat_n(index, class.leads as usize)).collect()
}

fn shuffled(instance: &Instance) -> Vec<usize> {
    let mut leads = clustered(instance);
    let mut numbers = Numbers(11);
    for last in (1..leads.len()).rev() {
        leads.swap(last, numbers.below(last as u32 + 1) as usize);
    }
    leads
}

/// Gives every lead to whom `pick` names among the eligible with room, and never moves one again.
fn online(
    instance: &Instance,
    arrivals: &[usize],
    pick: fn(&[u32], &[u32], &mut u32) -> Option<u32>,
) -> (Vec<u32>, u64) {
    let mut loads = vec![0u32; instance.agents.len()];
    let (mut unassigned, mut last) = (0, u32::MAX);
    for &class in arrivals {
        let room = |&agent: &u32| {
            instance.agents[agent as usize].room.is_none_or(|room| loads[agent as usize] < room)
        };
        let free: Vec<u32> = instance.classes[class].eligible.iter().filter(room).collect();
        match pick(&free, &loads, &mut last) {
            Some(agent) => loads[agent as usize] += 1,
            None => unassigned += 1,
        }
    }
    (loads, unassigned)
}

/// The next in the circle after the last who got one.
fn round_robin(free: &[u32], _: &[u32], last: &mut u32) -> Option<u32> {
    let next =
        free.iter().copied().find(|&agent| *last != u32::MAX && agent > *last).or(free.first().copied())?;
    *last = next;
    Some(next)
}

fn least_loaded(free: &[u32], loads: &[u32], _: &mut u32) -> Option<u32> {
    free.iter().copied().min_by_key(|&agent| loads[agent as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_never_worse_and_the_order_of_leads_does_not_matter_to_it() {
        let rows = compare().expect("the batches are good");
        assert_eq!(rows.len(), 18);
        for group in rows.chunks(3) {
            let [engine, others @ ..] = group else { panic!("three methods each") };
            for other in others {
                assert!(engine.unassigned <= other.unassigned, "{other:?}");
                if engine.unassigned == other.unassigned {
                    assert!(engine.jain >= other.jain - 1e-12, "{other:?}");
                }
            }
        }
        assert!(rows.iter().any(|row| row.method != "engine" && row.unassigned > 0));
    }
}
