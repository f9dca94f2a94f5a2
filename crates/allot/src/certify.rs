//! Writes the certificate of a finished plan.

use crate::cycles::Labels;
use crate::flow::Flow;
use crate::network::Label;
use crate::{Certificate, Instance, Price, TightSet};

pub(crate) fn certify(instance: &Instance, flow: &Flow, labels: &Labels) -> Certificate {
    let mut classes = vec![Price::default(); instance.classes.len()];
    for (group, label) in flow.groups.list.iter().zip(&labels.groups) {
        for &class in &group.members {
            classes[class as usize] = price(label);
        }
    }
    Certificate {
        classes,
        agents: labels.agents.iter().map(price).collect(),
        rooms: labels.rooms.iter().map(price).collect(),
        tight_sets: tight_sets(instance, flow, labels),
    }
}

/// Takes the two whole parts apart: the lower one is small beside 2^32, of either sign.
fn price(label: &Label) -> Price {
    let coverage = (label.whole + (1 << 31)) >> 32;
    Price { coverage, fallbacks: label.whole - (coverage << 32), level: label.level.clone() }
}

/// For a tier with unassigned leads, everything priced at one unassigned lead of that tier or more: what may go to
/// these agents only, and the agents, all of them full.
fn tight_sets(instance: &Instance, flow: &Flow, labels: &Labels) -> Vec<TightSet> {
    let mut ranks: Vec<i64> =
        (0..flow.groups.len()).filter(|&g| flow.open[g] > 0).map(|g| flow.groups.list[g].rank).collect();
    ranks.sort_unstable_by(|a, b| b.cmp(a));
    ranks.dedup();
    ranks.into_iter().map(|rank| tight_set(instance, flow, labels, rank)).collect()
}

fn tight_set(instance: &Instance, flow: &Flow, labels: &Labels, rank: i64) -> TightSet {
    let priced = |g: &usize| price(&labels.groups[*g]).coverage >= rank && flow.groups.list[*g].leads > 0;
    let inside: Vec<usize> = (0..flow.groups.len()).filter(priced).collect();
    let mut set = TightSet::default();
    for &g in &inside {
        let group = &flow.groups.list[g];
        set.classes.extend(&group.members);
        set.demand += u64::from(group.leads);
        set.taken += u64::from(group.leads - flow.kept[g] - flow.open[g]);
        if group.rank == rank && group.fallback.is_none() {
            set.tier = instance.classes[group.members[0] as usize].tier;
        }
    }
    set.classes.sort_unstable();
    let eligible = |&j: &u32| inside.iter().any(|&g| flow.groups.contains(g, j));
    set.agents = (0..flow.sides.len() as u32).filter(eligible).collect();
    set
}
