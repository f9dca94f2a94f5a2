//! All small instances, up to renaming the agents: every eligible set, every fallback, every tier and every room that
//! makes a difference, against the best of all their plans.
//!
//! All plans of a list of leads are found once, whatever the rooms; the best for each pattern of rooms follows from
//! the best for tighter ones. So nearly all the time is the engine's, which plans and verifies each instance alone.
//!
//! Lists of leads are taken up to renaming the agents; rooms are not, nor are weights and base loads, which stand in
//! one order.
//!
//! `ALLOT_EXHAUSTIVE=1 cargo test --release -p allot exhaustive -- --nocapture` goes as far as each test says: with one
//! tier and no owners to five agents and seven leads, which takes longest. `ALLOT_EXHAUSTIVE=3/8` takes the third of
//! eight parts of every test, so that processors can share the work; the counts of the parts add up to those of
//! the whole. docs/performance-engine.md says how many there are and how long they take.

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
    rooms: Rooms,
}

/// Which patterns of rooms: all, those where everybody has some, or those where somebody who is eligible has none.
///
/// Where nobody owns anything, the last say what others say already. An agent with no room takes nothing; strike it out
/// of every eligible set instead, and the same plans are possible as before, each worth what it was. The others keep
/// their rooms, and every number of leads that they are eligible for, so that what binds is the same too. That is an
/// instance, up to renaming, of as many leads where everybody has room. The engine begins with the same step: its
/// groups (`Groups::new`) know no agents without room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rooms {
    Any,
    Some,
    NoneForSomebody,
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
    let mut order = [0, 1, 2, 3, 4];
    order.sort_by_key(|&j| (rules.bases[j as usize], j));
    let waiting = order.into_iter().filter(|&j| j < agents);
    let ties = waiting.fold(0, |ties, j| ties << 4 | (15 - level(j)));
    let unassigned = part(outcome, UNASSIGNED_AT) << 3 | part(outcome, UNASSIGNED_AT + 3);
    let fallbacks: u64 = (0..agents).map(|j| part(outcome, 15 + 3 * j)).sum();
    ((unassigned << 3 | fallbacks) << 16 | squares) << 20 | ties
}

fn fits(outcome: Outcome, agent: u32, room: Option<u32>) -> bool {
    let (new, kept) = (part(outcome, 3 * agent), part(outcome, 15 + 3 * agent));
    match room {
        None => true,
        Some(0) => new == 0,
        Some(room) => new + kept <= u64::from(room),
    }
}

/// Every pattern of rooms that makes a difference to some leads, numbered: the first agent's room turns fastest.
struct Patterns {
    /// Per agent, from the tightest room to none that binds.
    rooms: Vec<Vec<Option<u32>>>,
    /// Per agent, how far apart two patterns are that differ by one step of its room.
    strides: Vec<usize>,
    count: usize,
}

impl Patterns {
    fn new(leads: &[Kind], agents: u8) -> Self {
        let rooms: Vec<_> = (0..agents).map(|j| rooms(leads, j)).collect();
        let mut count = 1;
        let strides = rooms
            .iter()
            .map(|rooms| {
                let stride = count;
                count *= rooms.len();
                stride
            })
            .collect();
        Self { rooms, strides, count }
    }

    fn room(&self, pattern: usize, agent: usize) -> Option<u32> {
        let rooms = &self.rooms[agent];
        rooms[pattern / self.strides[agent] % rooms.len()]
    }

    /// The worth of the best outcome that fits, for every pattern.
    ///
    /// An outcome fits a pattern if each agent's part fits its room, and what fits one room fits all larger ones (a
    /// room that is not 0 holds whatever could stay with the agent). So each outcome is noted at the tightest pattern
    /// that it fits, and then the best is handed on from each room to the next, one agent after the other.
    fn best(&self, outcomes: &[Outcome], worth: impl Fn(Outcome) -> u64) -> Vec<u64> {
        let mut best = vec![u64::MAX; self.count];
        for &outcome in outcomes {
            let step = |(j, rooms): (usize, &Vec<_>)| {
                let fits = |&room: &Option<u32>| fits(outcome, j as u32, room);
                rooms.iter().position(fits).expect("without a limit it fits") * self.strides[j]
            };
            let tightest: usize = self.rooms.iter().enumerate().map(step).sum();
            best[tightest] = best[tightest].min(worth(outcome));
        }
        for (rooms, &stride) in self.rooms.iter().zip(&self.strides) {
            for pattern in 0..self.count {
                if pattern / stride % rooms.len() > 0 {
                    best[pattern] = best[pattern].min(best[pattern - stride]);
                }
            }
        }
        best
    }
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

    /// Every instance under the rules, or one part of them; answers how many there were.
    fn check(&self, rules: &[Rules], portion: Portion) -> u64 {
        let kinds = self.kinds();
        let renamings = self.renamings(&kinds);
        let (mut lists, mut checked) = (0, 0);
        self.each(&kinds, &renamings, &mut Vec::new(), &mut |leads| {
            lists += 1;
            if lists % portion.of != portion.number % portion.of {
                return;
            }
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

    /// One list of leads with every pattern of rooms; answers how many there are.
    fn check_rooms(&self, leads: &[Kind], rules: &Rules) -> u64 {
        let patterns = Patterns::new(leads, self.agents);
        let best = patterns.best(&outcomes(leads, self.agents), |outcome| worth(outcome, self.agents, rules));
        let classes: Vec<Class> = leads.chunk_by(|a, b| a == b).map(class).collect();
        let weight = |halves: u32| Weight::from_thousandths(500 * halves).expect("a weight");
        let agents = (0..usize::from(self.agents)).map(|j| Agent {
            base: rules.bases[j],
            weight: weight(rules.halves[j]),
            ..Agent::default()
        });
        let mut instance = Instance { strategy: rules.strategy, agents: agents.collect(), classes };
        let mut checked = 0;
        for (pattern, best) in best.iter().enumerate() {
            for (j, agent) in instance.agents.iter_mut().enumerate() {
                agent.room = patterns.room(pattern, j);
            }
            let none_for_somebody = instance.agents.iter().any(|agent| agent.room == Some(0));
            match self.rooms {
                Rooms::Some if none_for_somebody => continue,
                Rooms::NoneForSomebody if !none_for_somebody => continue,
                _ => checked += 1,
            }
            let plan = crate::score::solve(&instance);
            let is = worth(of_plan(&instance, &plan), self.agents, rules);
            assert_eq!(is, *best, "{instance:?}\n{plan:?}");
        }
        checked
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

/// Every room of an agent that can make a difference, from the tightest: none, all that could bind, no limit.
fn rooms(leads: &[Kind], agent: u8) -> Vec<Option<u32>> {
    let stays = leads.iter().filter(|kind| kind.fallback == Some(agent)).count() as u32;
    let eligible = leads.iter().filter(|kind| kind.eligible >> agent & 1 == 1).count() as u32;
    let none = (eligible > 0).then_some(Some(0));
    let binding = (stays.max(1)..stays + eligible).map(Some);
    none.into_iter().chain(binding).chain([None]).collect()
}

/// Some of the lists of leads: the `number`th of every `of`.
#[derive(Clone, Copy)]
struct Portion {
    number: u64,
    of: u64,
}

impl Portion {
    /// What the full run is asked for; `None` where it is not asked for.
    fn asked() -> Option<Self> {
        let asked = std::env::var("ALLOT_EXHAUSTIVE").ok()?;
        let (number, of) = asked.split_once('/').unwrap_or(("1", "1"));
        let whole = |text: &str| text.parse().expect("ALLOT_EXHAUSTIVE is 1 or a part like 3/8");
        let portion = Self { number: whole(number), of: whole(of) };
        assert!((1..=portion.of).contains(&portion.number), "ALLOT_EXHAUSTIVE: there is no part {asked}");
        Some(portion)
    }
}

/// `usual` leads at most, or all that the full run asks for.
#[allow(clippy::print_stdout)] // the number of instances is a result
fn check(mut universe: Universe, rules: &[Rules], usual: u8) {
    let full = universe.leads;
    let portion = Portion::asked().unwrap_or_else(|| {
        universe.leads = usual;
        Portion { number: 1, of: 1 }
    });
    let checked = universe.check(rules, portion);
    println!(
        "{checked} instances: {} agents, up to {} of {full} leads, {} tiers, owners {}, rooms {:?}, part {} of {}",
        universe.agents,
        universe.leads,
        universe.tiers,
        universe.owned,
        universe.rooms,
        portion.number,
        portion.of
    );
}

#[test]
fn exhaustive_two_agents() {
    let universe = Universe { agents: 2, leads: 7, tiers: 2, owned: true, rooms: Rooms::Any };
    check(universe, &[ALIKE, QUEUES, WEIGHTED], 4);
}

#[test]
fn exhaustive_three_agents() {
    let universe = Universe { agents: 3, leads: 5, tiers: 2, owned: true, rooms: Rooms::Any };
    check(universe, &[ALIKE, QUEUES, WEIGHTED], 3);
}

#[test]
fn exhaustive_three_agents_of_one_tier() {
    let universe = Universe { agents: 3, leads: 7, tiers: 1, owned: true, rooms: Rooms::Any };
    check(universe, &[ALIKE, QUEUES], 4);
}

#[test]
fn exhaustive_three_agents_without_owners() {
    let universe = Universe { agents: 3, leads: 7, tiers: 2, owned: false, rooms: Rooms::Any };
    check(universe, &[ALIKE, QUEUES, WEIGHTED], 4);
}

#[test]
fn exhaustive_four_agents() {
    let universe = Universe { agents: 4, leads: 5, tiers: 1, owned: true, rooms: Rooms::Any };
    check(universe, &[ALIKE, QUEUES], 3);
}

#[test]
fn exhaustive_four_agents_without_owners() {
    let universe = Universe { agents: 4, leads: 5, tiers: 2, owned: false, rooms: Rooms::Any };
    check(universe, &[ALIKE, QUEUES, WEIGHTED], 3);
}

#[test]
fn exhaustive_four_agents_of_one_tier_without_owners() {
    let universe = Universe { agents: 4, leads: 7, tiers: 1, owned: false, rooms: Rooms::Any };
    check(universe, &[ALIKE, QUEUES, WEIGHTED], 5);
}

#[test]
fn exhaustive_five_agents_of_one_tier() {
    let universe = Universe { agents: 5, leads: 4, tiers: 1, owned: true, rooms: Rooms::Any };
    check(universe, &[ALIKE, QUEUES], 2);
}

#[test]
fn exhaustive_five_agents_without_owners() {
    let universe = Universe { agents: 5, leads: 4, tiers: 2, owned: false, rooms: Rooms::Any };
    check(universe, &[ALIKE, QUEUES, WEIGHTED], 2);
}

#[test]
fn exhaustive_five_agents_of_one_tier_without_owners() {
    let universe = Universe { agents: 5, leads: 7, tiers: 1, owned: false, rooms: Rooms::Some };
    check(universe, &[ALIKE], 4);
}

/// To six leads: seven would be 182,617,128 instances more, and their best plans are those of instances of the
/// test above ([`Rooms`] says why).
#[test]
fn exhaustive_five_agents_of_one_tier_without_owners_and_none_for_somebody() {
    let universe = Universe { agents: 5, leads: 6, tiers: 1, owned: false, rooms: Rooms::NoneForSomebody };
    check(universe, &[ALIKE], 3);
}

#[test]
fn exhaustive_five_agents_who_differ_of_one_tier_without_owners() {
    let universe = Universe { agents: 5, leads: 5, tiers: 1, owned: false, rooms: Rooms::Any };
    check(universe, &[QUEUES, WEIGHTED], 3);
}
