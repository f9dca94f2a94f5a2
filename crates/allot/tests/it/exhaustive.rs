//! All small instances, up to renaming the agents: every eligible set, every fallback, every tier and every room that
//! makes a difference, against the best of all their plans.
//!
//! All plans of a set of leads are found once, whatever the rooms; then each pattern of rooms takes the best that fits.
//!
//! `ALLOT_EXHAUSTIVE=1 cargo test --release -p allot exhaustive -- --nocapture` goes as far as the specification asks.

use allot::{Agent, AgentSet, Class, Instance, Plan, Strategy, Weight};

/// What a lead can be: who is eligible (as bits), who may keep it, how urgent it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    eligible: u8,
    fallback: Option<u8>,
    tier: u8,
}

/// What the instances are made of.
struct Universe {
    agents: u8,
    leads: u8,
    tiers: u8,
    /// Whether leads may have an owner to stay with.
    owned: bool,
}

/// What makes plans better or worse, beside the leads.
#[derive(Clone, Copy)]
struct Rules {
    strategy: Strategy,
    /// Base loads and weights (all in halves) of up to five agents.
    bases: [u32; 5],
    halves: [u32; 5],
}

const ALIKE: Rules = Rules { strategy: Strategy::EqualShares, bases: [0; 5], halves: [2; 5] };
const QUEUES: Rules = Rules { strategy: Strategy::LevelQueues, bases: [1, 0, 2, 0, 1], halves: [2; 5] };
const WEIGHTED: Rules = Rules { strategy: Strategy::EqualShares, bases: [0; 5], halves: [2, 1, 3, 2, 1] };

/// New and kept leads per agent and unassigned leads per tier, three bits each.
type Outcome = u64;
const UNASSIGNED_AT: u32 = 30;

fn part(outcome: Outcome, at: u32) -> u64 {
    outcome >> at & 7
}

/// Every way to give out the leads, rooms aside.
fn outcomes(kinds: &[Kind], agents: u8) -> Vec<Outcome> {
    let mut all = vec![0];
    for kind in kinds {
        let mut next = Vec::with_capacity(all.len() * usize::from(agents + 1));
        for outcome in all {
            next.extend(
                (0..agents).filter(|j| kind.eligible >> j & 1 == 1).map(|j| outcome + (1 << (3 * j))),
            );
            next.push(match kind.fallback {
                Some(owner) => outcome + (1 << (15 + 3 * owner)),
                None => outcome + (1 << (UNASSIGNED_AT + 3 * u32::from(kind.tier))),
            });
        }
        next.sort_unstable();
        next.dedup();
        all = next;
    }
    all
}

/// Smaller is better: unassigned leads by tier, fallbacks, Σ level² / weight, levels in the order of waiting.
fn worth(outcome: Outcome, agents: u8, rules: &Rules) -> u64 {
    let agents = u32::from(agents);
    let level = |j: u32| match rules.strategy {
        Strategy::EqualShares => part(outcome, 3 * j),
        Strategy::LevelQueues => {
            u64::from(rules.bases[j as usize]) + part(outcome, 3 * j) + part(outcome, 15 + 3 * j)
        }
    };
    let squares: u64 = (0..agents).map(|j| level(j).pow(2) * 6 / u64::from(rules.halves[j as usize])).sum();
    let mut order: Vec<u32> = (0..agents).collect();
    order.sort_by_key(|&j| (rules.bases[j as usize], j));
    let ties = order.iter().fold(0, |ties, &j| ties << 4 | (15 - level(j)));
    let unassigned = part(outcome, UNASSIGNED_AT) << 3 | part(outcome, UNASSIGNED_AT + 3);
    let fallbacks: u64 = (0..agents).map(|j| part(outcome, 15 + 3 * j)).sum();
    ((unassigned << 3 | fallbacks) << 16 | squares) << 20 | ties
}

fn fits(outcome: Outcome, rooms: &[Option<u32>]) -> bool {
    rooms.iter().enumerate().all(|(j, room)| {
        let (new, kept) = (part(outcome, 3 * j as u32), part(outcome, 15 + 3 * j as u32));
        match *room {
            None => true,
            Some(0) => new == 0,
            Some(room) => new + kept <= u64::from(room),
        }
    })
}

fn of_plan(instance: &Instance, plan: &Plan) -> Outcome {
    let mut outcome = 0;
    for (j, share) in plan.agents.iter().enumerate() {
        outcome += u64::from(share.new) << (3 * j) | u64::from(share.kept) << (15 + 3 * j);
    }
    for (class, counts) in instance.classes.iter().zip(&plan.classes) {
        outcome += u64::from(counts.unassigned) << (UNASSIGNED_AT + 3 * class.tier);
    }
    outcome
}

impl Universe {
    fn kinds(&self) -> Vec<Kind> {
        let mut kinds = Vec::new();
        for eligible in 0..1u8 << self.agents {
            for tier in 0..self.tiers {
                kinds.push(Kind { eligible, fallback: None, tier });
                let owners = (0..self.agents).filter(|j| self.owned && eligible >> j & 1 == 0);
                kinds.extend(owners.map(|owner| Kind { eligible, fallback: Some(owner), tier }));
            }
        }
        kinds.sort_unstable();
        kinds
    }

    /// For every renaming of the agents, the number of each kind under its new name.
    fn renamings(&self, kinds: &[Kind]) -> Vec<Vec<u16>> {
        let mut orders: Vec<Vec<u8>> = vec![vec![]];
        for _ in 0..self.agents {
            let longer = |order: &Vec<u8>| {
                let order = order.clone();
                let free = (0..self.agents).filter({
                    let order = order.clone();
                    move |j| !order.contains(j)
                });
                free.map(move |j| [&order[..], &[j]].concat()).collect::<Vec<_>>()
            };
            orders = orders.iter().flat_map(longer).collect();
        }
        let renamed = |order: &[u8], kind: &Kind| {
            let bits = (0..self.agents).filter(|j| kind.eligible >> j & 1 == 1);
            let eligible = bits.map(|j| 1 << order[usize::from(j)]).sum();
            let kind = Kind { eligible, fallback: kind.fallback.map(|j| order[usize::from(j)]), ..*kind };
            kinds.binary_search(&kind).expect("one of them") as u16
        };
        orders.iter().map(|order| kinds.iter().map(|kind| renamed(order, kind)).collect()).collect()
    }

    /// Every instance under the rules; answers how many there were.
    fn check(&self, rules: &[Rules]) -> u64 {
        let kinds = self.kinds();
        let renamings = self.renamings(&kinds);
        let mut checked = 0;
        let mut leads: Vec<u16> = Vec::new();
        self.each(&kinds, &renamings, &mut leads, &mut |leads| {
            let leads: Vec<Kind> = leads.iter().map(|&kind| kinds[usize::from(kind)]).collect();
            for rules in rules {
                checked += self.check_rooms(&leads, rules);
            }
        });
        checked
    }

    /// Every list of leads of which no renaming comes earlier.
    fn each(
        &self,
        kinds: &[Kind],
        renamings: &[Vec<u16>],
        leads: &mut Vec<u16>,
        then: &mut impl FnMut(&[u16]),
    ) {
        let mut renamed = Vec::with_capacity(leads.len());
        let earlier = renamings.iter().any(|renaming| {
            renamed.clear();
            renamed.extend(leads.iter().map(|&kind| renaming[usize::from(kind)]));
            renamed.sort_unstable();
            renamed < *leads
        });
        // A list that comes first without its last lead too: the sorted beginning of a first list is a first list.
        if earlier {
            return;
        }
        then(leads);
        if leads.len() < usize::from(self.leads) {
            for kind in leads.last().copied().unwrap_or(0)..kinds.len() as u16 {
                leads.push(kind);
                self.each(kinds, renamings, leads, then);
                leads.pop();
            }
        }
    }

    fn check_rooms(&self, leads: &[Kind], rules: &Rules) -> u64 {
        let mut ranked: Vec<(u64, Outcome)> = outcomes(leads, self.agents)
            .into_iter()
            .map(|outcome| (worth(outcome, self.agents, rules), outcome))
            .collect();
        ranked.sort_unstable();
        let classes: Vec<Class> = leads.chunk_by(|a, b| a == b).map(class).collect();
        let weight = |halves: u32| Weight::from_thousandths(500 * halves).expect("a weight");
        let agents = (0..usize::from(self.agents)).map(|j| Agent {
            base: rules.bases[j],
            weight: weight(rules.halves[j]),
            ..Agent::default()
        });
        let mut instance = Instance { strategy: rules.strategy, agents: agents.collect(), classes };
        let choices: Vec<Vec<Option<u32>>> = (0..self.agents).map(|j| rooms(leads, j)).collect();
        let mut at = vec![0; choices.len()];
        let mut checked = 0;
        loop {
            let rooms: Vec<Option<u32>> = choices.iter().zip(&at).map(|(choices, &at)| choices[at]).collect();
            for (agent, room) in instance.agents.iter_mut().zip(&rooms) {
                agent.room = *room;
            }
            let plan = crate::score::solve(&instance);
            let (best, _) = ranked.iter().find(|(_, outcome)| fits(*outcome, &rooms)).expect("a plan");
            let is = worth(of_plan(&instance, &plan), self.agents, rules);
            assert_eq!(is, *best, "{instance:?}\n{plan:?}");
            checked += 1;
            // The next pattern, like an odometer.
            let Some(turn) = (0..at.len()).find(|&j| at[j] + 1 < choices[j].len()) else { return checked };
            at[turn] += 1;
            at[..turn].fill(0);
        }
    }
}

fn class(leads: &[Kind]) -> Class {
    let kind = leads[0];
    Class {
        tier: kind.tier.into(),
        eligible: (0..5).filter(|j| kind.eligible >> j & 1 == 1).collect::<AgentSet>(),
        fallback: kind.fallback.map(u32::from),
        leads: leads.len() as u32,
        ..Class::default()
    }
}

/// Every room of an agent that can make a difference: none, no limit, and all between that could bind.
fn rooms(leads: &[Kind], agent: u8) -> Vec<Option<u32>> {
    let stays = leads.iter().filter(|kind| kind.fallback == Some(agent)).count() as u32;
    let eligible = leads.iter().filter(|kind| kind.eligible >> agent & 1 == 1).count() as u32;
    let binding = (stays.max(1)..stays + eligible).map(Some);
    let none = (eligible > 0).then_some(Some(0));
    std::iter::once(None).chain(none).chain(binding).collect()
}

/// `usual` leads at most, or all that the full run asks for.
#[allow(clippy::print_stdout)] // the number of instances is a result
fn check(mut universe: Universe, rules: &[Rules], usual: u8) {
    let full = universe.leads;
    if std::env::var_os("ALLOT_EXHAUSTIVE").is_none() {
        universe.leads = usual;
    }
    let checked = universe.check(rules);
    println!(
        "{checked} instances: {} agents, up to {} of {full} leads, {} tiers, owners {}",
        universe.agents, universe.leads, universe.tiers, universe.owned
    );
}

#[test]
fn exhaustive_two_agents() {
    let universe = Universe { agents: 2, leads: 7, tiers: 2, owned: true };
    check(universe, &[ALIKE, QUEUES, WEIGHTED], 4);
}

#[test]
fn exhaustive_three_agents() {
    check(Universe { agents: 3, leads: 5, tiers: 2, owned: true }, &[ALIKE, QUEUES, WEIGHTED], 3);
}

#[test]
fn exhaustive_three_agents_of_one_tier() {
    check(Universe { agents: 3, leads: 7, tiers: 1, owned: true }, &[ALIKE, QUEUES], 4);
}

#[test]
fn exhaustive_four_agents() {
    check(Universe { agents: 4, leads: 5, tiers: 1, owned: true }, &[ALIKE, QUEUES], 3);
}

#[test]
fn exhaustive_four_agents_of_one_tier_without_owners() {
    check(Universe { agents: 4, leads: 7, tiers: 1, owned: false }, &[ALIKE, QUEUES, WEIGHTED], 5);
}

#[test]
fn exhaustive_five_agents_of_one_tier_without_owners() {
    check(Universe { agents: 5, leads: 7, tiers: 1, owned: false }, &[ALIKE], 4);
}
