//! From the counts of the solver to a plan: groups are split into their classes, and each class is dealt.

use crate::certify::certify;
use crate::cycles::{cancel_cycles, least_prices};
use crate::deal::{Parts, deal};
use crate::flow::Flow;
use crate::groups::Groups;
use crate::paths::cancel_paths;
use crate::pour::pour_all;
use crate::repair::repair;
use crate::ties::rotate;
use crate::{ClassPlan, Error, Instance, NOBODY, Plan, Share};
use crate::{avoid, table};

/// Allots the leads: see the crate's documentation for what is optimal, and how it is found.
pub fn plan(instance: &Instance) -> Result<Plan, Error> {
    instance.check()?;
    let groups = Groups::new(instance)?;
    let mut flow = Flow::new(instance, &groups);
    pour_all(&mut flow);
    cancel_paths(&mut flow);
    repair(&mut flow);
    let prices = cancel_paths(&mut flow);
    let labels = cancel_cycles(&mut flow, &prices);
    rotate(&mut flow, &labels);
    spread(&mut flow);

    let shares = flow
        .sides
        .iter()
        .map(|side| Share { new: side.new, kept: side.kept, level: side.level(instance.strategy) })
        .collect();
    let mut plan = Plan {
        leads: vec![NOBODY; instance.leads()],
        classes: Vec::with_capacity(instance.classes.len()),
        agents: shares,
        avoided_remaining: 0,
        certificate: certify(instance, &flow, &least_prices(&flow)),
    };
    let mut first = 0;
    for class in &instance.classes {
        plan.classes.push(ClassPlan { first, ..ClassPlan::default() });
        first += class.leads;
    }
    for group in 0..groups.len() {
        for (class, served, parts) in split(instance, &flow, group) {
            deal_class(instance, &mut plan, class, served, &parts);
        }
    }
    Ok(plan)
}

/// Groups with the same eligible agents share their takers: the urgent leads of a set of agents are spread over all of
/// them, not given to some while others get the patient ones. No count of an agent changes, and no price.
fn spread(flow: &mut Flow) {
    let groups = flow.groups;
    let mut start = 0;
    while start < groups.len() {
        let mut end = start + 1;
        while end < groups.len() && groups.words(end) == groups.words(start) {
            end += 1;
        }
        let run = start..end;
        start = end;
        if run.len() < 2 {
            continue;
        }
        let alike: Vec<usize> = run.filter(|&g| flow.takers(g).next().is_some()).collect();
        let mut sums: std::collections::BTreeMap<u32, u32> = std::collections::BTreeMap::new();
        let mut rows = Vec::new();
        for &g in &alike {
            let takers: Vec<(u32, u32)> = flow.takers(g).collect();
            rows.push(takers.iter().map(|&(_, leads)| leads).sum());
            for (agent, leads) in takers {
                *sums.entry(agent).or_default() += leads;
                flow.take(g, agent, leads);
            }
        }
        let agents: Vec<u32> = sums.keys().copied().collect();
        let table = table::round(&rows, &sums.values().copied().collect::<Vec<_>>());
        for (row, &g) in alike.iter().enumerate() {
            for &(column, leads) in table.row(row) {
                flow.put(g, agents[column as usize], leads);
            }
        }
    }
}

/// The classes of a group with the number of leads that are served and the parts of everybody.
fn split(instance: &Instance, flow: &Flow, group: usize) -> Vec<(u32, u32, Parts)> {
    let mut parts: Parts = flow.takers(group).collect();
    if let Some(owner) = flow.groups.list[group].fallback
        && flow.kept[group] > 0
    {
        let at = parts.partition_point(|&(agent, _)| agent < owner);
        parts.insert(at, (owner, flow.kept[group]));
    }
    let group_of = &flow.groups.list[group];
    if let [class] = group_of.members[..] {
        return vec![(class, group_of.leads - flow.open[group], parts)];
    }
    // Members in order are served as far as leads are; what they get is proportional.
    let mut left = group_of.leads - flow.open[group];
    let served: Vec<u32> = group_of
        .members
        .iter()
        .map(|&class| {
            let served = instance.classes[class as usize].leads.min(left);
            left -= served;
            served
        })
        .collect();
    let all: usize = served.iter().map(|&served| served as usize).sum();
    // A table of very many small classes would be longer than the list of their leads: these are dealt as one list.
    if served.len() * parts.len() > 16 * all.max(1 << 16) {
        return split_as_list(&group_of.members, &served, &parts, all);
    }
    let table = table::round(&served, &parts.iter().map(|&(_, part)| part).collect::<Vec<_>>());
    let part = |&(column, leads): &(u32, u32)| (parts[column as usize].0, leads);
    group_of
        .members
        .iter()
        .zip(&served)
        .enumerate()
        .map(|(row, (&class, &served))| (class, served, table.row(row).iter().map(part).collect()))
        .collect()
}

fn split_as_list(members: &[u32], served: &[u32], parts: &Parts, all: usize) -> Vec<(u32, u32, Parts)> {
    let mut list = vec![NOBODY; all];
    deal(&mut list, &[], parts, 0);
    let mut rest = &list[..];
    members
        .iter()
        .zip(served)
        .map(|(&class, &served)| {
            let (own, others) = rest.split_at(served as usize);
            rest = others;
            let mut agents = own.to_vec();
            agents.sort_unstable();
            let part = |chunk: &[u32]| (chunk[0], chunk.len() as u32);
            (class, served, agents.chunk_by(|a, b| a == b).map(part).collect())
        })
        .collect()
}

fn deal_class(instance: &Instance, plan: &mut Plan, index: u32, served: u32, parts: &Parts) {
    let class = &instance.classes[index as usize];
    let counts = &mut plan.classes[index as usize];
    counts.unassigned = class.leads - served;
    counts.kept =
        parts.iter().filter(|&&(agent, _)| class.fallback == Some(agent)).map(|&(_, leads)| leads).sum();
    counts.new = served - counts.kept;
    let first = counts.first as usize;
    let leads = &mut plan.leads[first..first + served as usize];
    if served > 0 {
        deal(leads, class.strata.get(..served as usize).unwrap_or_default(), parts, index);
        if !class.avoid.is_empty() {
            plan.avoided_remaining += avoid::avoid(class, leads, parts);
        }
    }
}
