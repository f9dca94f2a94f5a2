//! Every plan of every small instance.

use allot::{Agent, AgentSet, Class, Instance, Strategy, Weight};

use crate::score::{Numbers, Score, of_plan, score, solve};

/// The best score of all feasible plans.
fn best(instance: &Instance) -> Score {
    let agents = instance.agents.len();
    let mut state = State {
        instance,
        new: vec![0; agents],
        kept: vec![0; agents],
        unassigned: vec![0; instance.classes.len()],
        best: None,
    };
    state.class(0);
    state.best.expect("keeping all owned leads and leaving out the rest is a plan")
}

struct State<'a> {
    instance: &'a Instance,
    new: Vec<u32>,
    kept: Vec<u32>,
    unassigned: Vec<u32>,
    best: Option<Score>,
}

impl State<'_> {
    fn class(&mut self, g: usize) {
        let Some(class) = self.instance.classes.get(g) else { return self.end() };
        let eligible: Vec<u32> = class.eligible.iter().collect();
        self.agent(g, &eligible, class.leads);
    }

    fn agent(&mut self, g: usize, eligible: &[u32], left: u32) {
        let Some((&agent, rest)) = eligible.split_first() else {
            match self.instance.classes[g].fallback {
                Some(owner) => self.kept[owner as usize] += left,
                None => self.unassigned[g] = left,
            }
            self.class(g + 1);
            if let Some(owner) = self.instance.classes[g].fallback {
                self.kept[owner as usize] -= left;
            }
            return;
        };
        for leads in 0..=left {
            self.new[agent as usize] += leads;
            if self.instance.agents[agent as usize].room.is_none_or(|room| self.new[agent as usize] <= room) {
                self.agent(g, rest, left - leads);
            }
            self.new[agent as usize] -= leads;
        }
    }

    fn end(&mut self) {
        let fits = self.instance.agents.iter().enumerate().all(|(j, agent)| match agent.room {
            None => true,
            Some(0) => self.new[j] == 0,
            Some(room) => self.new[j] + self.kept[j] <= room,
        });
        if fits {
            let score = score(self.instance, &self.new, &self.kept, &self.unassigned);
            if self.best.as_ref().is_none_or(|best| score < *best) {
                self.best = Some(score);
            }
        }
    }
}

/// Says whether it is an instance at all.
fn check(instance: &Instance) -> bool {
    if instance.check().is_err() {
        return false;
    }
    let plan = solve(instance);
    assert_eq!(of_plan(instance, &plan), best(instance), "{instance:?}");
    true
}

/// Every class of up to `leads` leads over so many agents.
fn classes(agents: u32, leads: u32) -> Vec<Class> {
    let mut all = Vec::new();
    for eligible in 0..1u32 << agents {
        for count in 1..=leads {
            for fallback in std::iter::once(None).chain((0..agents).map(Some)) {
                if fallback.is_none_or(|owner| eligible >> owner & 1 == 0) {
                    let eligible: AgentSet = (0..agents).filter(|j| eligible >> j & 1 == 1).collect();
                    all.push(Class { eligible, fallback, leads: count, ..Class::default() });
                }
            }
        }
    }
    all
}

#[test]
fn two_classes_over_three_agents() {
    let classes = classes(3, 3);
    let mut count = 0;
    let rooms = [None, Some(0), Some(1), Some(3)];
    for strategy in [Strategy::EqualShares, Strategy::LevelQueues] {
        for pattern in 0..64usize {
            let agents: Vec<Agent> = (0..3)
                .map(|j| Agent {
                    room: rooms[pattern >> (2 * j) & 3],
                    base: j as u32 % 2,
                    ..Agent::default()
                })
                .collect();
            for (at, first) in classes.iter().enumerate() {
                for second in &classes[at..] {
                    let mut second = second.clone();
                    second.tier = (at % 2) as u32;
                    let classes = vec![first.clone(), second];
                    count += u32::from(check(&Instance { strategy, agents: agents.clone(), classes }));
                }
            }
        }
    }
    println!("{count} instances compared with all their plans");
}

/// Random instances up to five agents and seven leads, with weights, bases and waiting times.
pub fn random(numbers: &mut Numbers, agents_max: u64, leads_max: u64) -> Instance {
    let agents = 1 + numbers.below(agents_max);
    let alike = numbers.one_in(2);
    let mut instance = Instance {
        strategy: if numbers.one_in(2) { Strategy::EqualShares } else { Strategy::LevelQueues },
        agents: (0..agents)
            .map(|_| Agent {
                room: (!numbers.one_in(4)).then(|| numbers.below(5) as u32),
                base: numbers.below(3) as u32,
                weight: if alike {
                    Weight::default()
                } else {
                    Weight::from_thousandths([500, 1000, 1500, 700, 2000][numbers.below(5) as usize])
                        .expect("a weight")
                },
                waiting_since_ms: numbers.below(3) as i64,
            })
            .collect(),
        classes: Vec::new(),
    };
    let mut left = 1 + numbers.below(leads_max);
    let owned = numbers.below(3);
    while left > 0 {
        let leads = 1 + numbers.below(left.min(3));
        left -= leads;
        let fallback = (numbers.below(3) < owned).then(|| numbers.below(agents) as u32);
        let mut eligible: AgentSet = (0..agents as u32).filter(|_| numbers.one_in(2)).collect();
        fallback.inspect(|&owner| {
            eligible.remove(owner);
        });
        let tier = numbers.below(3) as u32;
        instance.classes.push(Class { tier, eligible, fallback, leads: leads as u32, ..Class::default() });
    }
    // A room between nothing and the leads that could stay is no instance: most of these are mended, not lost.
    for j in 0..instance.agents.len() {
        let stays: u32 = instance
            .classes
            .iter()
            .filter(|class| class.fallback == Some(j as u32))
            .map(|class| class.leads)
            .sum();
        if let Some(room) = instance.agents[j].room.filter(|&room| room > 0 && room < stays) {
            instance.agents[j].room = Some(stays + room % 2);
        }
    }
    instance
}

#[test]
fn random_instances_of_up_to_five_agents_and_seven_leads() {
    let mut numbers = Numbers(1);
    let count = (0..60_000).filter(|_| check(&random(&mut numbers, 5, 7))).count();
    println!("{count} instances compared with all their plans");
}
