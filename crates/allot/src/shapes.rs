//! Instances by rule, the same on every machine: the shapes of the benchmark table, growth series, and hostile shapes
//! for the tests.

use crate::{Agent, AgentSet, Class, Instance, Strategy};

/// An instance with a name.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What it is, for people.
    pub name: &'static str,
    /// Builds it.
    pub build: fn() -> Instance,
    /// What planning and verifying may take, in milliseconds on one core.
    pub limit_ms: Option<u32>,
}

/// The benchmark table, in its order.
pub fn table() -> [Shape; 4] {
    let shape = |name, build, limit_ms| Shape { name, build, limit_ms: Some(limit_ms) };
    [
        shape("1,000,000 leads, 1,000 agents, 1 class, 4 strata", one_class as fn() -> Instance, 20),
        shape("1,000,000 leads, 1,000 agents, 64 random classes, caps binding", random_classes, 40),
        shape(
            "1,000,000 leads, 1,000 agents, 1,000 classes \"anyone but the present owner\"",
            anyone_else,
            100,
        ),
        shape("12,576 leads, 45 agents, 12 classes", traces, 1),
    ]
}

/// Shapes chosen to go wrong.
pub fn hostile() -> Vec<Shape> {
    let shape = |name, build| Shape { name, build, limit_ms: None };
    vec![
        shape("everybody full, every list recycled: 300 agents", full_swap as fn() -> Instance),
        shape("everybody full, owners in rings of three: 90 agents", full_rings),
        shape("1,000 agents nearly full, all lists recycled, new leads push in", crowded_out),
        shape("300 nested eligible sets", nested),
        shape("a ladder: 400 classes of two neighbours", ladder),
        shape("one huge class and 2,000 singletons", huge_and_singletons),
        shape("all caps 0", all_caps_zero),
        shape("all caps unlimited, all weights different", all_weights),
        shape("nobody is eligible", nobody_eligible),
        shape("no agents", || Instance {
            agents: vec![],
            classes: vec![plain(10, AgentSet::new())],
            ..Instance::default()
        }),
        shape("no leads", || Instance { agents: agents(5, |_| None), ..Instance::default() }),
        shape("nothing at all", Instance::default),
    ]
}

/// Random classes over agents with binding caps, at any size; the growth series are made of these.
pub fn sized(leads: u32, agent_count: u32, class_count: u32) -> Instance {
    let mut numbers = Numbers(u64::from(leads) ^ u64::from(agent_count) << 20 ^ u64::from(class_count) << 40);
    let share = f64::from(leads) / f64::from(agent_count.max(1));
    let agents =
        agents(agent_count, |_| Some((share * (0.6 + f64::from(numbers.below(800)) / 1000.0)) as u32 + 1));
    let mut numbers = Numbers(7);
    let classes = (0..class_count)
        .map(|class| {
            let mut eligible: AgentSet = (0..agent_count).filter(|_| numbers.below(2) == 0).collect();
            eligible.insert(numbers.below(agent_count));
            let count = leads / class_count + u32::from(class < leads % class_count);
            Class { tier: class % 4, ..plain(count, eligible) }
        })
        .collect();
    Instance { strategy: Strategy::EqualShares, agents, classes }
}

/// The growth series: what grows, and (leads, agents, classes) for [`sized`].
pub fn growth() -> Vec<(&'static str, [u32; 3])> {
    let leads = [10_000, 100_000, 1_000_000, 10_000_000].map(|leads| ("leads", [leads, 1_000, 64]));
    let agents = [10, 100, 1_000, 5_000].map(|agents| ("agents", [1_000_000, agents, 64]));
    let classes = [1, 10, 100, 1_000, 2_000].map(|classes| ("classes", [1_000_000, 1_000, classes]));
    leads.into_iter().chain(agents).chain(classes).collect()
}

/// Numbers by splitmix64.
#[derive(Clone, Debug)]
pub struct Numbers(pub u64);

impl Numbers {
    /// The next number below `limit`; 0 when that is 0.
    pub fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        ((u128::from(mixed) * u128::from(limit)) >> 64) as u32
    }
}

fn agents(count: u32, mut room: impl FnMut(u32) -> Option<u32>) -> Vec<Agent> {
    (0..count)
        .map(|j| Agent {
            room: room(j),
            base: j % 7,
            waiting_since_ms: i64::from(j.wrapping_mul(2_654_435_761) >> 16),
            ..Agent::default()
        })
        .collect()
}

fn plain(leads: u32, eligible: AgentSet) -> Class {
    Class { eligible, leads, ..Class::default() }
}

fn one_class() -> Instance {
    let mut numbers = Numbers(1);
    let strata = (0..1_000_000).map(|_| numbers.below(4)).collect();
    let class = Class { strata, ..plain(1_000_000, AgentSet::full(1_000)) };
    Instance {
        agents: agents(1_000, |j| (j % 3 == 0).then_some(500 + j)),
        classes: vec![class],
        ..Instance::default()
    }
}

fn random_classes() -> Instance {
    sized(1_000_000, 1_000, 64)
}

fn anyone_else() -> Instance {
    let classes = (0..1_000)
        .map(|owner| {
            let mut eligible = AgentSet::full(1_000);
            eligible.remove(owner);
            Class { fallback: Some(owner), ..plain(1_000, eligible) }
        })
        .collect();
    Instance { agents: agents(1_000, |j| (j % 2 == 0).then_some(1_100)), classes, ..Instance::default() }
}

/// Four branches and three tiers, as in published traces of assignment: 12,576 leads for 45 people.
fn traces() -> Instance {
    let mut numbers = Numbers(4);
    let classes = (0..12)
        .map(|class| {
            let eligible = (0..45).filter(|agent| class % 4 == 3 || agent % 4 == class % 4).collect();
            Class { tier: class / 4, ..plain(1_048, eligible) }
        })
        .collect();
    Instance { agents: agents(45, |_| Some(250 + numbers.below(100))), classes, ..Instance::default() }
}

/// Every agent holds exactly as many leads as it has room for, and all of them are recycled.
fn full_swap() -> Instance {
    let mut numbers = Numbers(5);
    let held: Vec<u32> = (0..300).map(|_| 20 + numbers.below(30)).collect();
    let classes = (0..300)
        .map(|owner| {
            let eligible = (0..300).filter(|&j| j != owner && numbers.below(3) == 0).collect();
            Class { fallback: Some(owner), ..plain(held[owner as usize], eligible) }
        })
        .collect();
    Instance { agents: agents(300, |j| Some(held[j as usize])), classes, ..Instance::default() }
}

/// Recycled lists fill nearly all rooms, most leads can go to a few others only, and some leads nobody owns want in.
fn crowded_out() -> Instance {
    let mut numbers = Numbers(9);
    let mut classes: Vec<Class> = (0..1_000)
        .map(|owner| {
            let eligible = (0..8).map(|_| numbers.below(1_000)).filter(|&j| j != owner).collect();
            Class { tier: owner % 3, fallback: Some(owner), ..plain(40, eligible) }
        })
        .collect();
    classes.extend((0..100).map(|_| {
        let eligible = (0..30).map(|_| numbers.below(1_000)).collect();
        Class { tier: numbers.below(3), ..plain(40, eligible) }
    }));
    Instance { agents: agents(1_000, |j| Some(40 + j % 5)), classes, ..Instance::default() }
}

/// Leads can only go one agent on, in rings; a few unowned ones want in.
fn full_rings() -> Instance {
    let mut classes: Vec<Class> = (0..90)
        .map(|owner| {
            let next = owner / 3 * 3 + (owner + 1) % 3;
            Class { fallback: Some(owner), ..plain(10 + owner % 5, AgentSet::from_iter([next])) }
        })
        .collect();
    classes
        .extend((0..30).map(|ring| Class { tier: ring % 3, ..plain(9, (ring * 3..ring * 3 + 2).collect()) }));
    Instance { agents: agents(90, |j| Some(14 + j % 4)), classes, ..Instance::default() }
}

fn nested() -> Instance {
    let mut numbers = Numbers(6);
    let classes = (1..=300)
        .map(|size| Class { tier: numbers.below(3), ..plain(numbers.below(400), AgentSet::full(size)) })
        .collect();
    Instance { agents: agents(300, |j| (j % 5 == 0).then_some(150)), classes, ..Instance::default() }
}

/// All the load comes in at one end and must be passed on from class to class.
fn ladder() -> Instance {
    let classes =
        (0..400).map(|j| plain(if j == 0 { 4_000 } else { 30 }, AgentSet::from_iter([j, j + 1]))).collect();
    Instance { agents: agents(401, |_| None), classes, ..Instance::default() }
}

fn huge_and_singletons() -> Instance {
    let mut numbers = Numbers(8);
    let mut classes = vec![plain(100_000, AgentSet::full(200))];
    classes.extend((0..2_000).map(|_| {
        let eligible = (0..=numbers.below(3)).map(|_| numbers.below(200)).collect();
        Class { tier: numbers.below(2), ..plain(1, eligible) }
    }));
    Instance { agents: agents(200, |j| Some(400 + j)), classes, ..Instance::default() }
}

fn all_caps_zero() -> Instance {
    let mut instance = sized(10_000, 50, 20);
    for (owner, class) in instance.classes.iter_mut().enumerate().step_by(2) {
        class.eligible.remove(owner as u32);
        class.fallback = Some(owner as u32);
    }
    for agent in &mut instance.agents {
        agent.room = Some(0);
    }
    instance
}

/// Weights whose least common multiple has hundreds of digits.
fn all_weights() -> Instance {
    let mut instance = sized(50_000, 300, 40);
    for (j, agent) in instance.agents.iter_mut().enumerate() {
        agent.room = None;
        agent.weight = crate::Weight::from_thousandths(501 + 7 * j as u32).unwrap_or_default();
    }
    instance
}

fn nobody_eligible() -> Instance {
    Instance { agents: agents(5, |_| None), classes: vec![plain(10, AgentSet::new())], ..Instance::default() }
}
