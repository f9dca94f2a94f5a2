//! The outside format.

use allot::exchange::{Error, Problem, Solution, solve};
use proptest::prelude::*;

use crate::score::Numbers;

fn problem(text: &str) -> Problem {
    serde_json::from_str(text).expect("a problem")
}

#[test]
fn the_example_of_the_documentation() {
    let solution = solve(problem(
        r#"{"strategy": "equal-shares",
            "agents": [{"id": 1, "room": 10, "base": 3, "weight": 1.0, "waiting_since_ms": 0}, {"id": 2, "room": null, "base": 0}],
            "classes": [{"id": 7, "tier": 0, "eligible": [1, 2], "fallback": null,
                         "leads": [{"id": 100, "stratum": "web"}, {"id": 101, "stratum": "expo"}]}]}"#,
    ))
    .expect("a solution");
    let mut agents: Vec<i64> = solution.assigned.iter().map(|&(_, agent)| agent).collect();
    agents.sort_unstable();
    assert_eq!(agents, [1, 2]);
    assert_eq!(solution.agents[0].after, 4);
    let text = serde_json::to_value(&solution).expect("text");
    assert_eq!(text["certificate"]["verified"], true);
    assert_eq!(text["agents"][0], serde_json::json!({"id": 1, "new": 1, "kept": 0, "after": 4, "room": 10}));
}

#[test]
fn bad_problems_are_told_in_the_ids_of_the_caller() {
    let error = |agents: &str, classes: &str| {
        let text = format!(r#"{{"agents": [{agents}], "classes": [{classes}]}}"#);
        solve(problem(&text)).expect_err("a bad problem").to_string()
    };
    let one = r#"{"id": 5}"#;
    let class = |rest: &str| format!(r#"{{"id": 9, {rest}}}"#);
    assert_eq!(error(r#"{"id": 5}, {"id": 5}"#, ""), "agent 5 is listed twice");
    let lead = r#""eligible": [5], "leads": [{"id": 1}]"#;
    assert_eq!(error(one, &[class(lead), class(lead)].join(",")), "class 9 is listed twice");
    assert_eq!(
        error(one, &class(r#""eligible": [5], "leads": [{"id": 1}, {"id": 1}]"#)),
        "lead 1 is listed twice"
    );
    assert_eq!(
        error(one, &class(r#""eligible": [6], "leads": []"#)),
        "class 9 names agent 6, which is not listed"
    );
    assert_eq!(
        error(one, &class(r#""eligible": [5], "fallback": 5, "leads": []"#)),
        "agent 5 is the fallback of class 9 and also eligible for it"
    );
    assert_eq!(
        error(
            r#"{"id": 5, "room": 1}"#,
            &class(r#""eligible": [], "fallback": 5, "leads": [{"id": 1}, {"id": 2}]"#)
        ),
        "agent 5 has room for 1, but 2 leads could stay with it: give room 0 or at least 2"
    );
    assert_eq!(
        error(r#"{"id": 5, "weight": 0}"#, ""),
        "agent 5 has weight 0: it must be between 0.001 and 1000"
    );
    assert_eq!(
        error(r#"{"id": 5, "weight": 1e300}"#, ""),
        "agent 5 has weight 1e300: it must be between 0.001 and 1000"
    );
    let mut infinite = problem(r#"{"agents": [{"id": 5}], "classes": []}"#);
    infinite.agents[0].weight = f64::INFINITY;
    assert!(matches!(solve(infinite), Err(Error::Weight { agent: 5, .. })));
}

#[test]
fn leftovers_say_why() {
    let solution = solve(problem(
        r#"{"agents": [{"id": 5, "room": 1}, {"id": 6, "room": 0}], "classes": [
            {"id": 1, "eligible": [5], "leads": [{"id": 10}, {"id": 11}]},
            {"id": 2, "eligible": [], "leads": [{"id": 20}]},
            {"id": 3, "eligible": [6], "leads": [{"id": 30}]}]}"#,
    ))
    .expect("a solution");
    let why: Vec<(i64, &str)> =
        solution.unassigned.iter().map(|left| (left.lead, left.why.as_str())).collect();
    assert_eq!(why[1..], [(20, "no eligible agents"), (30, "no eligible agent takes new leads")]);
    assert_eq!(why[0].0, 11);
    assert!(why[0].1.contains("full"), "{}", why[0].1);
}

/// The same with everything that could matter: tiers, weights, both strategies, earlier owners, full agents.
fn rich(seed: u64) -> Problem {
    let mut numbers = Numbers(seed ^ 0x5eed);
    let mut problem = random(seed);
    if numbers.one_in(2) {
        problem.strategy = allot::Strategy::LevelQueues;
    }
    let ids: Vec<i64> = problem.agents.iter().map(|agent| agent.id).collect();
    for agent in &mut problem.agents {
        if numbers.one_in(4) {
            agent.room = Some(0);
        }
        if seed.is_multiple_of(3) {
            agent.weight = [0.5, 1.0, 1.5][numbers.below(3) as usize];
        }
    }
    for class in &mut problem.classes {
        class.tier = numbers.below(3) as u32;
        for lead in &mut class.leads {
            lead.avoid = ids.iter().copied().filter(|_| numbers.one_in(4)).collect();
        }
    }
    problem
}

/// A problem with scattered ids.
fn random(seed: u64) -> Problem {
    let mut numbers = Numbers(seed);
    let ids: Vec<i64> = (0..2 + numbers.below(6) as i64).map(|j| j * 7919 % 101 - 30).collect();
    let agents = ids.iter().map(|id| {
        let room = if numbers.one_in(3) { "null".into() } else { (12 + numbers.below(9)).to_string() };
        let (base, since) = (numbers.below(3), numbers.below(3));
        format!(r#"{{"id": {id}, "room": {room}, "base": {base}, "waiting_since_ms": {since}}}"#)
    });
    let agents: Vec<String> = agents.collect();
    let mut lead = 0;
    let classes: Vec<String> = (0..=numbers.below(5))
        .map(|class| {
            let owner = ids[numbers.below(ids.len() as u64) as usize];
            let recycled = class < 2 && numbers.one_in(2);
            let eligible: Vec<&i64> = ids.iter().filter(|&&id| (!recycled || id != owner) && numbers.one_in(2)).collect();
            let leads: Vec<String> = (0..numbers.below(6))
                .map(|_| {
                    lead += 1;
                    let stratum = ["web", "expo", "import"][numbers.below(3) as usize];
                    format!(r#"{{"id": {lead}, "stratum": "{stratum}"}}"#)
                })
                .collect();
            let fallback = if recycled { owner.to_string() } else { "null".into() };
            let (id, tier, leads) = (class * 13 % 7, numbers.below(2), leads.join(","));
            format!(r#"{{"id": {id}, "tier": {tier}, "eligible": {eligible:?}, "fallback": {fallback}, "leads": [{leads}]}}"#)
        })
        .collect();
    problem(&format!(r#"{{"agents": [{}], "classes": [{}]}}"#, agents.join(","), classes.join(",")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_agents_classes_and_eligible_lists_changes_nothing(seed: u64, turn in 1usize..5) {
        let given = random(seed);
        let mut other = given.clone();
        other.agents.reverse();
        let by = turn % other.agents.len();
        other.agents.rotate_left(by);
        let by = turn % other.classes.len();
        other.classes.rotate_left(by);
        for class in &mut other.classes {
            class.eligible.reverse();
        }
        let (one, two): (Solution, Solution) = (solve(given).expect("a solution"), solve(other).expect("a solution"));
        prop_assert_eq!(one, two);
    }

    #[test]
    fn nor_does_it_with_weights_tiers_strata_fallbacks_and_earlier_owners(seed: u64) {
        let given = rich(seed);
        let mut other = given.clone();
        let mut numbers = Numbers(!seed);
        for last in (1..other.agents.len()).rev() {
            other.agents.swap(last, numbers.below(last as u64 + 1) as usize);
        }
        for last in (1..other.classes.len()).rev() {
            other.classes.swap(last, numbers.below(last as u64 + 1) as usize);
        }
        for class in &mut other.classes {
            let by = numbers.below(class.eligible.len().max(1) as u64) as usize;
            class.eligible.rotate_left(by);
            class.eligible.extend(class.eligible.first().copied());
            for lead in &mut class.leads {
                lead.avoid.reverse();
            }
        }
        prop_assert_eq!(solve(given), solve(other));
    }
}
