//! Instances that taught something.

use allot::{Agent, AgentSet, Class, Error, Instance, NOBODY, Plan, Strategy, Weight};

use crate::score::{of_plan, solve};

fn agents(rooms: &[Option<u32>]) -> Vec<Agent> {
    rooms.iter().map(|&room| Agent { room, ..Agent::default() }).collect()
}

fn class(leads: u32, eligible: &[u32], fallback: Option<u32>) -> Class {
    Class { eligible: eligible.iter().copied().collect(), fallback, leads, ..Class::default() }
}

fn new(plan: &Plan) -> Vec<u32> {
    plan.agents.iter().map(|agent| agent.new).collect()
}

/// Rooms A 1, B 7, C 1, F and G unlimited. The cheapest exchange moves a lead from F through two kept leads to G: no
/// path between two agents shows it, only a cycle.
#[test]
fn least_sum_168_needs_more_than_paths() {
    let instance = Instance {
        agents: agents(&[Some(1), Some(7), Some(1), None, None]),
        classes: vec![
            // Agents A, B, C, F, G are 0 to 4.
            class(1, &[0], Some(1)),
            class(1, &[0], Some(2)),
            class(15, &[1, 3], None),
            class(8, &[2, 4], None),
        ],
        ..Instance::default()
    };
    let plan = solve(&instance);
    assert_eq!(of_plan(&instance, &plan).squares, 168);
    let mut levels = new(&plan);
    levels.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(levels, [9, 7, 6, 1, 1]);
}

#[test]
fn two_full_agents_swap_their_recycled_lists() {
    let instance = Instance {
        agents: agents(&[Some(4), Some(4)]),
        classes: vec![class(4, &[1], Some(0)), class(4, &[0], Some(1))],
        ..Instance::default()
    };
    let plan = solve(&instance);
    assert_eq!((new(&plan), plan.kept()), (vec![4, 4], 0));
}

#[test]
fn rare_skills_are_kept_for_the_leads_that_need_them() {
    let instance = Instance {
        agents: agents(&[Some(5), Some(5)]),
        classes: vec![class(5, &[0, 1], None), class(5, &[0], None)],
        ..Instance::default()
    };
    let plan = solve(&instance);
    assert_eq!(plan.unassigned(), 0);
    assert!(plan.class(0).iter().all(|&agent| agent == 1));
}

#[test]
fn the_odd_lead_goes_to_who_has_waited_longest_then_the_lower_base_then_the_lower_id() {
    let odd = |waiting: [i64; 3], base: [u32; 3]| {
        let agents = (0..3)
            .map(|j| Agent { waiting_since_ms: waiting[j], base: base[j], ..Agent::default() })
            .collect();
        let instance = Instance { agents, classes: vec![class(4, &[0, 1, 2], None)], ..Instance::default() };
        new(&solve(&instance))
    };
    assert_eq!(odd([5, 4, 3], [0, 0, 0]), [1, 1, 2]);
    assert_eq!(odd([5, 5, 5], [3, 1, 2]), [1, 2, 1]);
    assert_eq!(odd([5, 5, 5], [1, 1, 1]), [2, 1, 1]);
}

#[test]
fn weights_are_webster_apportionment() {
    let agents = [1.0, 2.0, 0.5]
        .map(|weight| Agent { weight: Weight::try_from(weight).expect("a weight"), ..Agent::default() })
        .to_vec();
    let instance = Instance { agents, classes: vec![class(70, &[0, 1, 2], None)], ..Instance::default() };
    assert_eq!(new(&solve(&instance)), [20, 40, 10]);
}

#[test]
fn level_queues_fill_the_short_ones_first() {
    let mut instance = Instance {
        strategy: Strategy::LevelQueues,
        agents: agents(&[None, Some(3), None]),
        classes: vec![class(9, &[0, 1, 2], None)],
    };
    for (agent, base) in instance.agents.iter_mut().zip([10, 2, 4]) {
        agent.base = base;
    }
    assert_eq!(new(&solve(&instance)), [0, 3, 6]);
    assert_eq!(solve(&instance).agents[2].level, 10);
}

#[test]
fn the_most_urgent_of_a_class_are_served_and_the_most_urgent_tier_before_all() {
    let mut patient = class(3, &[0], None);
    patient.tier = 1;
    let instance = Instance {
        agents: agents(&[Some(4)]),
        classes: vec![patient, class(3, &[0], None)],
        ..Instance::default()
    };
    let plan = solve(&instance);
    assert_eq!(plan.leads, [0, NOBODY, NOBODY, 0, 0, 0]);
    let [set] = &plan.certificate.tight_sets[..] else { panic!("one tight set: {plan:?}") };
    assert_eq!(
        (set.tier, &set.classes[..], &set.agents[..], set.demand, set.taken),
        (1, &[0, 1][..], &[0][..], 6, 4)
    );
}

#[test]
fn an_agent_above_its_cap_gets_nothing_and_loses_nothing() {
    let instance = Instance {
        agents: agents(&[Some(0), Some(2)]),
        classes: vec![class(5, &[1], Some(0)), class(5, &[0], None)],
        ..Instance::default()
    };
    let plan = solve(&instance);
    assert_eq!((plan.agents[0].new, plan.agents[0].kept, plan.agents[1].new), (0, 3, 2));
    assert_eq!(plan.unassigned(), 5);
}

#[test]
fn bad_instances_are_errors() {
    let good = Instance {
        agents: agents(&[Some(3), None]),
        classes: vec![class(2, &[1], Some(0))],
        ..Instance::default()
    };
    assert_eq!(good.check(), Ok(()));
    let bad = |change: fn(&mut Instance)| {
        let mut instance = good.clone();
        change(&mut instance);
        allot::plan(&instance).expect_err("a bad instance")
    };
    assert_eq!(bad(|i| i.classes[0].fallback = Some(2)), Error::UnknownAgent { class: 0, agent: 2 });
    assert_eq!(
        bad(|i| i.classes[0].eligible = AgentSet::full(9)),
        Error::UnknownAgent { class: 0, agent: 8 }
    );
    assert_eq!(bad(|i| i.classes[0].fallback = Some(1)), Error::FallbackEligible { class: 0, agent: 1 });
    assert_eq!(
        bad(|i| i.agents[0].room = Some(1)),
        Error::RoomBelowFallbacks { agent: 0, room: 1, fallbacks: 2 }
    );
    assert_eq!(bad(|i| i.classes[0].strata = vec![1]), Error::StrataLength { class: 0 });
    assert_eq!(bad(|i| i.classes[0].avoid = vec![(2, 0)]), Error::AvoidList { class: 0 });
    assert!(matches!(bad(|i| i.classes[0].leads = u32::MAX), Error::Overflow { what: "leads", .. }));
    for weight in [0.0, -1.0, f64::NAN, f64::INFINITY, 1000.1, 0.0004] {
        assert!(Weight::try_from(weight).is_err(), "{weight}");
    }
    assert_eq!(Weight::try_from(0.001).map(Weight::thousandths).ok(), Some(1));
}
