//! Bytes read as an instance: bad ones are refused with an error, good ones get a plan that the verifier accepts and
//! that can be explained, and no altered plan makes the verifier panic.
#![no_main]

use allot::{Agent, AgentSet, Class, Instance, Plan, Strategy, Weight, explain, plan, verify};
use libfuzzer_sys::fuzz_target;

/// So that one run takes microseconds: the hostile shapes of the tests are the large ones.
const AGENTS_MAX: u8 = 12;
const CLASSES_MAX: u8 = 12;
const LEADS_MAX: u8 = 40;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Bytes(bytes);
    let instance = instance(&mut bytes);
    let checked = instance.check();
    let plan = plan(&instance);
    assert_eq!(checked.as_ref().err(), plan.as_ref().err(), "{instance:?}");
    let Ok(mut plan) = plan else { return };
    if let Err(refusal) = verify(&instance, &plan) {
        panic!("{refusal}: {instance:?}");
    }
    let leads = plan.assigned() + plan.kept() + plan.unassigned();
    assert_eq!(leads, instance.leads() as u64, "{instance:?}");
    explain::leftovers(&instance, &plan);
    for agent in 0..=instance.agents.len() as u32 {
        explain::agent(&instance, &plan, agent);
    }
    explain::lead(&instance, &plan, bytes.next() as usize, bytes.next().into());
    alter(&mut plan, &mut bytes);
    let _ = verify(&instance, &plan);
});

/// What is left of the input; zeros when it is used up.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    /// Mostly small, now and then as large as it gets.
    fn number(&mut self) -> u32 {
        match self.next() {
            small @ 0..=239 => u32::from(small % 24),
            240..=247 => u32::from_le_bytes([self.next(), self.next(), self.next(), self.next()]),
            248..=251 => u32::MAX - u32::from(self.next()),
            large => 1 << (large % 4 * 8 + 7),
        }
    }
}

fn instance(bytes: &mut Bytes) -> Instance {
    let shape = bytes.next();
    let strategy = if shape & 1 == 0 { Strategy::EqualShares } else { Strategy::LevelQueues };
    let weighted = shape & 2 != 0;
    let count = bytes.next() % (AGENTS_MAX + 1);
    let agents = (0..count).map(|_| agent(bytes, weighted)).collect();
    let classes = (0..bytes.next() % (CLASSES_MAX + 1)).map(|_| class(bytes, count)).collect();
    Instance { strategy, agents, classes }
}

fn agent(bytes: &mut Bytes, weighted: bool) -> Agent {
    let room = bytes.next();
    let weight = if weighted { bytes.number() } else { 1000 };
    Agent {
        room: (room < 200).then(|| if room < 190 { u32::from(room % 48) } else { bytes.number() }),
        base: bytes.number(),
        weight: Weight::from_thousandths(weight).unwrap_or_default(),
        waiting_since_ms: if room % 16 == 15 { i64::MIN } else { i64::from(bytes.next() % 4) },
    }
}

fn class(bytes: &mut Bytes, agents: u8) -> Class {
    let what = bytes.next();
    // One beyond the last, for the error.
    let reach = u32::from(agents) + u32::from(what == 255);
    let set = u32::from_le_bytes([bytes.next(), bytes.next(), 0, 0]);
    let mut eligible: AgentSet = (0..reach).filter(|&j| set >> j & 1 == 1).collect();
    let fallback = (what & 1 == 1 && reach > 0).then(|| u32::from(bytes.next()) % reach);
    if let Some(owner) = fallback.filter(|_| what & 64 == 0) {
        eligible.remove(owner);
    }
    // The most that one run may hold; beyond it, only what is refused for its size.
    let leads = if what == 254 { bytes.number().max(1 << 27) } else { u32::from(bytes.next() % LEADS_MAX) };
    let small = u32::from(LEADS_MAX).min(leads);
    let strata = if what & 2 == 0 { Vec::new() } else { (0..small).map(|_| u32::from(bytes.next() % 5)).collect() };
    let mut avoid: Vec<(u32, u32)> = Vec::new();
    if what & 4 != 0 {
        avoid.extend((0..bytes.next() % 8).map(|_| (u32::from(bytes.next() % LEADS_MAX), u32::from(bytes.next() % 16))));
        if what & 128 == 0 {
            avoid.retain(|&(lead, agent)| lead < leads && agent < reach);
            avoid.sort_unstable();
            avoid.dedup();
        }
    }
    let tier = if what & 8 == 0 { u32::from(bytes.next() % 3) } else { bytes.number() };
    Class { tier, eligible, fallback, leads, strata, avoid }
}

fn alter(plan: &mut Plan, bytes: &mut Bytes) {
    fn one<T>(list: &mut Vec<T>, bytes: &mut Bytes, change: impl FnOnce(&mut T, u32)) {
        let (at, by) = (bytes.next() as usize, bytes.number());
        if by == 0 {
            list.pop();
        } else if let Some(entry) = list.get_mut(at) {
            change(entry, by);
        }
    }
    match bytes.next() % 8 {
        0 => one(&mut plan.leads, bytes, |lead, by| *lead = lead.wrapping_add(by)),
        1 => one(&mut plan.agents, bytes, |share, by| share.new = share.new.wrapping_add(by)),
        2 => one(&mut plan.agents, bytes, |share, by| share.level = share.level.wrapping_sub(u64::from(by))),
        3 => one(&mut plan.classes, bytes, |class, by| class.first = class.first.wrapping_add(by)),
        4 => one(&mut plan.certificate.classes, bytes, |price, by| price.coverage = i64::MIN + i64::from(by)),
        5 => one(&mut plan.certificate.rooms, bytes, |price, by| price.fallbacks = i64::MAX - i64::from(by)),
        6 => one(&mut plan.certificate.tight_sets, bytes, |set, by| set.agents.push(by)),
        _ => one(&mut plan.certificate.tight_sets, bytes, |set, by| set.classes.push(by)),
    }
}
