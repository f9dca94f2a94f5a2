//! What must hold for every instance.

use allot::{Instance, NOBODY, Plan};
use proptest::prelude::*;

use crate::brute::random;
use crate::score::{Numbers, of_plan, solve};

fn instance(seed: u64) -> Instance {
    let mut numbers = Numbers(seed);
    loop {
        let instance = random(&mut numbers, 9, 60);
        if instance.check().is_ok() {
            return instance;
        }
    }
}

/// Class counts and agent counts; not who got which lead.
fn counts(plan: &Plan) -> Vec<(u32, u32, u64)> {
    plan.agents.iter().map(|agent| (agent.new, agent.kept, agent.level)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_input_gives_the_same_plan(seed: u64) {
        let instance = instance(seed);
        prop_assert_eq!(solve(&instance), solve(&instance));
    }

    #[test]
    fn the_order_of_classes_changes_no_count(seed: u64) {
        let instance = instance(seed);
        let mut other = instance.clone();
        other.classes.reverse();
        let middle = other.classes.len() / 3;
        other.classes.rotate_left(middle);
        let (plan, other_plan) = (solve(&instance), solve(&other));
        prop_assert_eq!(counts(&plan), counts(&other_plan));
        prop_assert_eq!(of_plan(&instance, &plan), of_plan(&other, &other_plan));
    }

    #[test]
    fn a_class_split_in_two_changes_no_count(seed: u64, at: u32, place: usize) {
        let instance = instance(seed);
        let mut split = instance.clone();
        let class = seed as usize % split.classes.len();
        let mut second = split.classes[class].clone();
        let first_part = at % (second.leads + 1);
        split.classes[class].leads = first_part;
        second.leads -= first_part;
        split.classes.insert(place % (split.classes.len() + 1), second);
        let (plan, split_plan) = (solve(&instance), solve(&split));
        prop_assert_eq!(counts(&plan), counts(&split_plan));
        prop_assert_eq!(of_plan(&instance, &plan).unassigned, of_plan(&split, &split_plan).unassigned);
    }

    #[test]
    fn more_room_never_lowers_coverage(seed: u64, agent: usize, more in 1u32..20) {
        let instance = instance(seed);
        let mut roomier = instance.clone();
        let agents = roomier.agents.len();
        let agent = &mut roomier.agents[agent % agents];
        // From nothing to something must still hold what could stay.
        agent.room = agent.room.map(|room| if room == 0 { 60 } else { room + more });
        let (before, after) = (of_plan(&instance, &solve(&instance)), of_plan(&roomier, &solve(&roomier)));
        prop_assert!(after.unassigned <= before.unassigned, "{:?} {:?}", before, after);
        prop_assert!(after.unassigned.iter().sum::<u64>() <= before.unassigned.iter().sum::<u64>());
    }

    #[test]
    fn an_altered_plan_is_refused(seed: u64, what in 0..11usize, at: usize, by in 1u32..4) {
        let instance = instance(seed);
        let mut plan = solve(&instance);
        if alter(&instance, &mut plan, what, at, by) {
            prop_assert!(allot::verify(&instance, &plan).is_err(), "{} {}: {:?}\n{:?}", what, at, instance, plan);
        }
    }

    #[test]
    fn every_lead_agent_and_leftover_is_explained(seed: u64) {
        let instance = instance(seed);
        let plan = solve(&instance);
        for class in 0..instance.classes.len() {
            for lead in 0..instance.classes[class].leads {
                let reasons = allot::explain::lead(&instance, &plan, class, lead).expect("a lead");
                prop_assert_eq!(reasons.candidates.len(), instance.agents.len());
                let unassigned = plan.class(class)[lead as usize] == NOBODY;
                prop_assert_eq!(reasons.leftover.is_some(), unassigned);
            }
        }
        let leftovers = allot::explain::leftovers(&instance, &plan);
        prop_assert_eq!(leftovers.iter().map(|leftover| u64::from(leftover.leads)).sum::<u64>(), plan.unassigned());
        for agent in 0..instance.agents.len() as u32 {
            let reasons = allot::explain::agent(&instance, &plan, agent).expect("an agent");
            prop_assert_eq!(reasons.classes.iter().map(|class| class.1).sum::<u32>(), reasons.new);
        }
    }

    #[test]
    fn plans_survive_being_written_down(seed: u64) {
        let instance = instance(seed);
        let plan = solve(&instance);
        let read: Instance = serde_json::from_str(&serde_json::to_string(&instance).expect("text")).expect("an instance");
        prop_assert_eq!(&read, &instance);
        let read: Plan = serde_json::from_str(&serde_json::to_string(&plan).expect("text")).expect("a plan");
        prop_assert_eq!(read, plan);
    }
}

/// One lead, one count or one price changed; says whether there was anything to change.
fn alter(instance: &Instance, plan: &mut Plan, what: usize, at: usize, by: u32) -> bool {
    fn pick<T>(list: &mut [T], at: usize) -> Option<&mut T> {
        let length = list.len().max(1);
        list.get_mut(at % length)
    }
    let agents = instance.agents.len() as u32;
    let proof = &mut plan.certificate;
    let prices = match what {
        0 | 1 => &mut proof.classes,
        2 | 3 => &mut proof.agents,
        _ => &mut proof.rooms,
    };
    let sign = if by.is_multiple_of(2) { 1 } else { -1 };
    match what {
        0 | 2 | 4 => pick(prices, at).map(|price| price.fallbacks += sign),
        1 | 3 | 5 => {
            pick(prices, at).map(|price| price.level = price.level.plus(&allot::Int::from(i128::from(sign))))
        }
        6 => pick(&mut plan.leads, at)
            .map(|lead| *lead = if *lead == NOBODY { 0 } else { (*lead + by) % (agents + 1) }),
        7 => pick(&mut plan.agents, at).map(|share| share.new += by),
        8 => pick(&mut plan.agents, at).map(|share| share.level += u64::from(by)),
        9 => pick(&mut plan.classes, at).map(|class| class.kept += by),
        _ => pick(&mut proof.tight_sets, at).map(|set| set.demand += u64::from(by)),
    }
    .is_some()
        && (what != 6 || !by.is_multiple_of(agents + 1))
}
