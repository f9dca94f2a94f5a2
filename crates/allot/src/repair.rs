//! Makes room for kept leads.
//!
//! Pouring counts on every owned lead to move. What could not move stays with its owner, who may be full of new leads
//! by then: these are sent back, to their own owners where they have one. Every step takes one new lead back, and
//! with all owned leads kept everything fits, so this ends.

use crate::flow::Flow;

/// Sends new leads back until nobody is above its room.
pub(crate) fn repair(flow: &mut Flow) {
    let mut crowded: Vec<u32> = (0..flow.sides.len() as u32).filter(|&j| excess(flow, j) > 0).collect();
    while let Some(agent) = crowded.pop() {
        let mut givers: Vec<u32> = flow.givers(agent).to_vec();
        givers.sort_unstable();
        givers.dedup();
        givers.retain(|&g| flow.amount(g as usize, agent) > 0);
        // Leads with an owner stay covered, so they go first, those whose owner has room before all; then the least
        // urgent.
        givers.sort_by_key(|&g| {
            let group = &flow.groups.list[g as usize];
            match group.fallback {
                Some(owner) => (0, i64::from(flow.free(owner) == 0), g),
                None => (1, group.rank, g),
            }
        });
        for g in givers {
            let back = excess(flow, agent).min(u64::from(flow.amount(g as usize, agent))) as u32;
            if back == 0 {
                break;
            }
            flow.take(g as usize, agent, back);
            flow.sides[agent as usize].new -= back;
            match flow.groups.list[g as usize].fallback {
                Some(owner) => {
                    flow.keep(g as usize, i64::from(back));
                    if excess(flow, owner) > 0 {
                        crowded.push(owner);
                    }
                }
                None => flow.open[g as usize] += back,
            }
        }
    }
}

fn excess(flow: &Flow, agent: u32) -> u64 {
    let side = &flow.sides[agent as usize];
    side.load().saturating_sub(side.room)
}
