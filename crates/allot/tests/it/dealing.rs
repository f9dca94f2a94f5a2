//! Count fair and quality fair.

use std::collections::HashMap;

use allot::{Agent, AgentSet, Class, Instance, NOBODY};

use crate::score::{Numbers, solve};

fn random(numbers: &mut Numbers) -> Instance {
    let agents = 1 + numbers.below(12);
    let leads = 1 + numbers.below(600) as u32;
    let many = numbers.one_in(3);
    let kinds = 1 + numbers.below(if many { 40 } else { 5 });
    let blocks = numbers.one_in(2);
    let strata = (0..leads)
        .map(|lead| {
            let kind = if blocks { u64::from(lead) * kinds / u64::from(leads) } else { numbers.below(kinds) };
            kind as u32 * 3
        })
        .collect();
    let mut avoid = Vec::new();
    for lead in 0..leads {
        if numbers.one_in(3) {
            avoid.push((lead, numbers.below(agents) as u32));
        }
    }
    let room = |numbers: &mut Numbers| (!numbers.one_in(3)).then(|| numbers.below(100) as u32);
    let mut instance = Instance {
        agents: (0..agents).map(|_| Agent { room: room(numbers), ..Agent::default() }).collect(),
        classes: vec![Class {
            eligible: AgentSet::full(agents as u32),
            leads,
            strata,
            avoid,
            ..Class::default()
        }],
        ..Instance::default()
    };
    if numbers.one_in(3) {
        instance.classes[0].eligible.remove(0);
        instance.classes[0].fallback = Some(0);
        instance.agents[0].room = None;
    }
    instance
}

#[test]
fn parts_are_even_mixes_of_strata_and_ranks() {
    let mut numbers = Numbers(3);
    let (mut remaining, mut avoided) = (0, 0);
    for _ in 0..4_000 {
        let mut instance = random(&mut numbers);
        if numbers.one_in(2) {
            instance.classes[0].avoid.clear();
        }
        let plan = solve(&instance);
        let leads = plan.class(0);
        let served = leads.iter().filter(|&&agent| agent != NOBODY).count() as u64;
        assert!(leads[..served as usize].iter().all(|&agent| agent != NOBODY));
        let strata = &instance.classes[0].strata;
        let mut sizes: HashMap<u32, u64> = HashMap::new();
        let mut cells: HashMap<(u32, u32), u64> = HashMap::new();
        let mut parts: HashMap<u32, (u64, u64)> = HashMap::new();
        for (rank, &agent) in leads[..served as usize].iter().enumerate() {
            *sizes.entry(strata[rank]).or_default() += 1;
            *cells.entry((agent, strata[rank])).or_default() += 1;
            let part = parts.entry(agent).or_default();
            *part = (part.0 + 1, part.1 + rank as u64);
        }
        for (&agent, &(part, sum)) in &parts {
            for (&stratum, &size) in &sizes {
                let is = cells.get(&(agent, stratum)).copied().unwrap_or(0) * served;
                assert!(is.abs_diff(part * size) < served, "agent {agent}, stratum {stratum}: {instance:?}");
            }
            if part >= 20 {
                let mean = sum as f64 / part as f64;
                let middle = (served - 1) as f64 / 2.0;
                assert!(
                    (mean - middle).abs() <= 0.25 * middle,
                    "{mean} of {middle}, {part} leads: {instance:?}"
                );
            }
        }
        if parts.len() > 1 {
            remaining += plan.avoided_remaining;
            avoided += instance.classes[0].avoid.len() as u32;
        }
    }
    // Each names one of up to twelve agents: without swaps at least a twelfth would clash.
    assert!(remaining * 100 < avoided, "{remaining} of {avoided}");
}

/// Every lead has had one of the two agents, alternately the wrong way round: all can be helped.
#[test]
fn earlier_owners_are_avoided_as_far_as_possible() {
    let plan = solve(&Instance {
        agents: vec![Agent::default(); 2],
        classes: vec![Class {
            eligible: AgentSet::full(2),
            leads: 40,
            avoid: (0..40).map(|lead| (lead, lead / 20)).collect(),
            ..Class::default()
        }],
        ..Instance::default()
    });
    // To avoid all would give one agent the hot half: the mix comes first, and what remains is told.
    assert_eq!(plan.agents[0].new, 20);
    assert!(plan.avoided_remaining > 0 && plan.avoided_remaining < 20, "{}", plan.avoided_remaining);

    let three = solve(&Instance {
        agents: vec![Agent::default(); 3],
        classes: vec![Class {
            eligible: AgentSet::full(3),
            leads: 3,
            avoid: vec![(0, 0), (0, 1), (1, 1), (1, 2), (2, 0), (2, 2)],
            ..Class::default()
        }],
        ..Instance::default()
    });
    assert_eq!((three.leads, three.avoided_remaining), (vec![2, 0, 1], 0));
}

#[test]
fn urgent_and_patient_leads_of_the_same_agents_are_spread_over_all_of_them() {
    let class = |tier| Class { tier, eligible: AgentSet::full(10), leads: 50, ..Class::default() };
    let instance = Instance {
        agents: vec![Agent::default(); 10],
        classes: vec![class(0), class(1)],
        ..Instance::default()
    };
    let plan = solve(&instance);
    for class in 0..2 {
        for agent in 0..10 {
            assert_eq!(plan.class(class).iter().filter(|&&other| other == agent).count(), 5);
        }
    }
}
