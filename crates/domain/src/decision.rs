//! What a run keeps of its decision, so that every lead can be explained later without deciding again (R44).
//!
//! A head says how everybody stood: room, load, what they got. The leads stand in chunks in the order of their ids, a
//! few bytes each: what the lead carried, whose it was, and what became of it. Who could have had a lead is never
//! listed: it follows from the head. One explanation reads the head and one chunk, however large the run was.

use crate::{
    ids::{BranchId, DepartmentId, LeadId, UserId},
    pool::Outcome,
    sentence::Exception,
};
use allot::{Strategy, explain::Standing};
use serde::{Deserialize, Serialize};

/// Leads of a chunk at the most.
pub const LEADS_PER_CHUNK: usize = 4_096;
/// The shape of a head and its chunks.
const FORMAT: u32 = 1;
/// Labels that are named where room was short; more would be a list that nobody reads.
pub const LABELS_NAMED_MAX: usize = 4;

/// A run's decision: how everybody stood, and every lead that it looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// How everybody stood.
    pub head: Head,
    /// Every lead in an eligible status, in the order of ids.
    pub leads: Vec<Considered>,
    /// Earlier owners who were to be avoided, by index: lead by lead.
    pub earlier: Vec<(LeadId, u32)>,
}

/// How everybody stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The shape of it.
    pub format: u32,
    /// What *evenly* meant.
    pub strategy: Strategy,
    /// The oldest leads first, instead of the newest.
    pub oldest_first: bool,
    /// Everybody, in the order of ids; leads name them by their index.
    pub agents: Vec<Agent>,
    /// What leads carried: branch and department. Leads name it by its index.
    pub labels: Vec<Label>,
    /// Where room was short: one for every tier with leads that nobody got.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub short: Vec<Short>,
}

/// A branch and a department, or none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Label {
    /// The branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<BranchId>,
    /// The department.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<DepartmentId>,
}

/// Somebody, as the run saw them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Who.
    pub id: UserId,
    /// Their name then.
    pub name: String,
    /// Where they worked.
    #[serde(flatten)]
    pub label: Label,
    /// Whether their role received leads.
    #[serde(default, skip_serializing_if = "is_false")]
    pub receives: bool,
    /// Whether they were banned.
    #[serde(default, skip_serializing_if = "is_false")]
    pub banned: bool,
    /// The lead cap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<i64>,
    /// Held before.
    pub held: i64,
    /// How many of those were dealt anew.
    #[serde(default, skip_serializing_if = "is_none")]
    pub in_pool: i64,
    /// When they last received a lead, in milliseconds.
    pub waiting_since_ms: i64,
    /// Room, with those that were dealt anew given back; none = no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<u32>,
    /// New leads by the plan.
    pub new: u32,
    /// Leads that stayed.
    pub kept: u32,
    /// What the plan evened out.
    pub level: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_false(fact: &bool) -> bool {
    !fact
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_none(number: &i64) -> bool {
    *number == 0
}

/// These leads could go to these people only, who had less room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Short {
    /// Of which urgency the leads are that nobody got.
    pub tier: u32,
    /// The people, by index.
    pub agents: Vec<u32>,
    /// What the leads carry, by index; the first [`LABELS_NAMED_MAX`] and one more, if there are more.
    pub labels: Vec<u32>,
    /// How many leads.
    pub demand: u64,
    /// How many of them found a place.
    pub taken: u64,
}

/// A lead in an eligible status, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Considered {
    /// Which.
    pub lead: LeadId,
    /// What it carried, by index.
    pub label: u32,
    /// Whose it was, by index.
    pub owner: Option<u32>,
    /// How urgent it was: 0 is the most urgent.
    pub tier: u8,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a lead. People are named by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nobody owned it, and nobody does.
    Nobody,
    /// It stayed with its owner.
    Kept,
    /// It went to somebody.
    To(u32),
    /// It was to go to somebody, and a person changed it meanwhile (R41).
    Changed(u32),
    /// It was to go to somebody, who had no room any more when the leads were moved (R32).
    Surplus(u32),
    /// It was not in the pool (R26).
    LeftAlone(Exception),
}

impl Considered {
    /// Whether it was in the pool, and nobody owns it after the run.
    pub fn is_left_over(&self) -> bool {
        match self.fate {
            Fate::Nobody => true,
            Fate::Surplus(_) => self.owner.is_none(),
            _ => false,
        }
    }
}

impl Agent {
    /// R27: could be given leads at all, room aside.
    pub fn is_receiver(&self) -> bool {
        self.receives && !self.banned
    }

    /// As the engine knows them.
    pub fn standing(&self) -> Standing {
        let taken = self.new.saturating_add(self.kept);
        Standing { room: self.room, taken, level: self.level, ..Standing::default() }
    }

    /// Held outside the pool.
    pub fn base(&self) -> i64 {
        self.held - self.in_pool
    }
}

impl Label {
    /// R28: whether somebody of `agent` may have a lead that carries this.
    pub fn admits(&self, agent: &Label) -> bool {
        self.branch.is_none_or(|branch| agent.branch == Some(branch))
            && self.department.is_none_or(|department| agent.department == Some(department))
    }
}

/// A few thousand leads of a decision, as they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The first of them: its key.
    pub first: LeadId,
    /// The last of them.
    pub last: LeadId,
    /// How many of them nobody got.
    pub left_over: i64,
    /// All of them, packed.
    pub bytes: Vec<u8>,
}

/// A record that this version cannot read, or that is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the record of the run's decision cannot be read: {0}")]
pub struct Unreadable(pub &'static str);

impl Head {
    /// An empty head.
    pub fn new(strategy: Strategy, oldest_first: bool) -> Head {
        let (agents, labels, short) = (Vec::new(), Vec::new(), Vec::new());
        Head { format: FORMAT, strategy, oldest_first, agents, labels, short }
    }

    /// Somebody by their index.
    pub fn agent(&self, index: u32) -> Result<&Agent, Unreadable> {
        self.agents.get(index as usize).ok_or(Unreadable("a person is missing"))
    }

    /// Refuses a head of another shape.
    pub fn check(&self) -> Result<(), Unreadable> {
        if self.format == FORMAT { Ok(()) } else { Err(Unreadable("its format is not known")) }
    }
}

impl Decision {
    /// What the claim made of it: what a person changed meanwhile, and what found no room any more.
    pub fn claim(&mut self, claimed: &Outcome) {
        for (moves, fate) in
            [(&claimed.changed, Fate::Changed as fn(u32) -> Fate), (&claimed.surplus, Fate::Surplus)]
        {
            for m in moves {
                if let Ok(place) = self.leads.binary_search_by_key(&m.lead, |seen| seen.lead)
                    && let Fate::To(agent) = self.leads[place].fate
                {
                    self.leads[place].fate = fate(agent);
                }
            }
        }
    }

    /// The leads, packed.
    pub fn chunks(&self) -> impl Iterator<Item = Chunk> {
        self.leads.chunks(LEADS_PER_CHUNK).map(|leads| pack(leads, &self.earlier))
    }
}

// One lead: how far its id is from the one before; a byte of flags; then what the flags do not say.
const FATE: u8 = 0b0000_0111;
const SAME_LABEL: u8 = 0b0000_1000;
const SAME_OWNER: u8 = 0b0001_0000;
const TIER: u8 = 0b0110_0000;
const HAS_EARLIER: u8 = 0b1000_0000;
const TIER_SHIFT: u32 = 5;
/// Urgencies that fit into the flags.
const TIER_MAX: u8 = TIER >> TIER_SHIFT;

fn pack(leads: &[Considered], earlier: &[(LeadId, u32)]) -> Chunk {
    let (first, last) = match leads {
        [first, .., last] => (first.lead, last.lead),
        [only] => (only.lead, only.lead),
        [] => (LeadId(0), LeadId(0)),
    };
    let mut earlier = &earlier[earlier.partition_point(|(lead, _)| *lead < first)..];
    let mut bytes = Vec::with_capacity(leads.len() * 5);
    let mut before = Context { lead: first, label: 0, owner: None };
    for seen in leads {
        let of_lead = earlier.partition_point(|(lead, _)| *lead <= seen.lead);
        let (mine, rest) = earlier.split_at(of_lead);
        earlier = rest;
        let mine = &mine[mine.partition_point(|(lead, _)| *lead < seen.lead)..];
        let (code, of_fate) = match seen.fate {
            Fate::Nobody => (0, None),
            Fate::Kept => (1, None),
            Fate::To(agent) => (2, Some(agent)),
            Fate::Changed(agent) => (3, Some(agent)),
            Fate::Surplus(agent) => (4, Some(agent)),
            Fate::LeftAlone(why) => (5, Some(code_of(why))),
        };
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        put(&mut bytes, seen.lead.0.abs_diff(before.lead.0));
        bytes.push(
            code | flag(seen.label == before.label, SAME_LABEL)
                | flag(seen.owner == before.owner, SAME_OWNER)
                | seen.tier.min(TIER_MAX) << TIER_SHIFT
                | flag(!mine.is_empty(), HAS_EARLIER),
        );
        if seen.label != before.label {
            put(&mut bytes, seen.label.into());
        }
        if seen.owner != before.owner {
            put(&mut bytes, seen.owner.map_or(0, |owner| u64::from(owner) + 1));
        }
        if let Some(value) = of_fate {
            put(&mut bytes, value.into());
        }
        if !mine.is_empty() {
            put(&mut bytes, mine.len() as u64);
            for (_, agent) in mine {
                put(&mut bytes, (*agent).into());
            }
        }
        before = Context { lead: seen.lead, label: seen.label, owner: seen.owner };
    }
    let left_over = leads.iter().filter(|seen| seen.is_left_over()).count() as i64;
    Chunk { first, last, left_over, bytes }
}

/// The leads of a chunk, each with its earlier owners.
pub fn unpack(
    first: LeadId,
    bytes: &[u8],
) -> impl Iterator<Item = Result<(Considered, Vec<u32>), Unreadable>> {
    Unpacking { bytes, before: Context { lead: first, label: 0, owner: None }, read: 0 }
}

/// One lead of a chunk, with its earlier owners.
pub fn find(first: LeadId, bytes: &[u8], lead: LeadId) -> Result<Option<(Considered, Vec<u32>)>, Unreadable> {
    for seen in unpack(first, bytes) {
        let seen = seen?;
        if seen.0.lead >= lead {
            return Ok((seen.0.lead == lead).then_some(seen));
        }
    }
    Ok(None)
}

/// What the next lead is told against.
struct Context {
    lead: LeadId,
    label: u32,
    owner: Option<u32>,
}

struct Unpacking<'b> {
    bytes: &'b [u8],
    before: Context,
    read: usize,
}

impl Iterator for Unpacking<'_> {
    type Item = Result<(Considered, Vec<u32>), Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.bytes.is_empty() {
            return None;
        }
        let one = self.one();
        if one.is_err() {
            self.bytes = &[];
        }
        Some(one)
    }
}

impl Unpacking<'_> {
    fn one(&mut self) -> Result<(Considered, Vec<u32>), Unreadable> {
        self.read += 1;
        if self.read > LEADS_PER_CHUNK {
            return Err(Unreadable("a chunk is too long"));
        }
        let delta = i64::try_from(self.number()?).map_err(|_| Unreadable("a lead's number is too large"))?;
        let lead = self.before.lead.0.checked_add(delta).ok_or(Unreadable("a lead's number is too large"))?;
        let flags = self.byte()?;
        if flags & SAME_LABEL == 0 {
            self.before.label = self.small()?;
        }
        if flags & SAME_OWNER == 0 {
            self.before.owner = self.small()?.checked_sub(1);
        }
        let fate = match flags & FATE {
            0 => Fate::Nobody,
            1 => Fate::Kept,
            2 => Fate::To(self.small()?),
            3 => Fate::Changed(self.small()?),
            4 => Fate::Surplus(self.small()?),
            5 => Fate::LeftAlone(exception_of(self.small()?)?),
            _ => return Err(Unreadable("what became of a lead is not known")),
        };
        let mut earlier = Vec::new();
        if flags & HAS_EARLIER != 0 {
            for _ in 0..self.small()? {
                earlier.push(self.small()?);
            }
        }
        self.before.lead = LeadId(lead);
        let Context { lead, label, owner } = self.before;
        Ok((Considered { lead, label, owner, tier: (flags & TIER) >> TIER_SHIFT, fate }, earlier))
    }

    fn byte(&mut self) -> Result<u8, Unreadable> {
        let (byte, rest) = self.bytes.split_first().ok_or(Unreadable("it breaks off"))?;
        self.bytes = rest;
        Ok(*byte)
    }

    /// Seven bits a byte, the lowest first; the eighth says that there is more.
    fn number(&mut self) -> Result<u64, Unreadable> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Unreadable("a number is too long"))
    }

    fn small(&mut self) -> Result<u32, Unreadable> {
        u32::try_from(self.number()?).map_err(|_| Unreadable("a number is too large"))
    }
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// The numbers stand in records: a new exception gets a new one, and none is given twice.
fn code_of(why: Exception) -> u32 {
    match why {
        Exception::OwnerBanned => 0,
        Exception::InWork => 1,
        Exception::ChosenByAPerson => 2,
        Exception::TriedRecently => 3,
    }
}

fn exception_of(code: u32) -> Result<Exception, Unreadable> {
    Ok(match code {
        0 => Exception::OwnerBanned,
        1 => Exception::InWork,
        2 => Exception::ChosenByAPerson,
        3 => Exception::TriedRecently,
        _ => return Err(Unreadable("why a lead was left alone is not known")),
    })
}

#[cfg(test)]
mod tests {
    use super::{Chunk, Considered, Decision, Fate, Head, LeadId, exception_of, find, pack, unpack};
    use proptest::prelude::*;

    fn fates() -> impl Strategy<Value = Fate> {
        let agent = 0..2_000_u32;
        prop_oneof![
            Just(Fate::Nobody),
            Just(Fate::Kept),
            agent.clone().prop_map(Fate::To),
            agent.clone().prop_map(Fate::Changed),
            agent.prop_map(Fate::Surplus),
            (0..4_u32).prop_map(|code| Fate::LeftAlone(exception_of(code).unwrap())),
        ]
    }

    prop_compose! {
        fn decisions()(
            lines in prop::collection::vec(
                (1..100_000_i64, 0..3_u32, prop::option::of(0..300_u32), 0..4_u8, fates(), prop::collection::vec(0..300_u32, 0..3)),
                0..300,
            ),
            far in prop::bool::ANY,
        ) -> Decision {
            let mut decision = Decision { head: Head::new(allot::Strategy::EqualShares, false), leads: Vec::new(), earlier: Vec::new() };
            let mut lead = LeadId(if far { i64::MAX - 100_000 * 300 } else { 0 });
            for (step, label, owner, tier, fate, earlier) in lines {
                lead.0 += step;
                decision.leads.push(Considered { lead, label, owner, tier, fate });
                decision.earlier.extend(earlier.into_iter().map(|agent| (lead, agent)));
            }
            decision
        }
    }

    proptest! {
        #[test]
        fn r44_what_was_packed_is_found_again(decision in decisions()) {
            for chunk in decision.leads.chunks(7) {
                let packed = pack(chunk, &decision.earlier);
                let expect: Vec<(Considered, Vec<u32>)> = chunk.iter().map(|seen| {
                    let earlier = decision.earlier.iter().filter(|(lead, _)| *lead == seen.lead);
                    (*seen, earlier.map(|(_, agent)| *agent).collect())
                }).collect();
                let found: Result<Vec<_>, _> = unpack(packed.first, &packed.bytes).collect();
                prop_assert_eq!(found.as_ref(), Ok(&expect));
                prop_assert_eq!((packed.first, packed.last), (chunk[0].lead, chunk[chunk.len() - 1].lead));
                prop_assert_eq!(packed.left_over, chunk.iter().filter(|seen| seen.is_left_over()).count() as i64);
                for one in &expect {
                    prop_assert_eq!(find(packed.first, &packed.bytes, one.0.lead), Ok(Some(one.clone())));
                    let next = LeadId(one.0.lead.0 + 1);
                    let is_there = expect.iter().any(|other| other.0.lead == next);
                    prop_assert_eq!(find(packed.first, &packed.bytes, next).unwrap().is_some(), is_there);
                }
            }
        }

        #[test]
        fn r44_damage_is_an_error_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), first in any::<i64>()) {
            let read = unpack(LeadId(first), &bytes).count();
            prop_assert!(read <= bytes.len());
        }
    }

    #[test]
    fn r44_a_lead_takes_a_few_bytes() {
        let leads: Vec<Considered> = (0..10_000)
            .map(|n| Considered {
                lead: LeadId(1_000_000 + n),
                label: 0,
                owner: None,
                tier: 1,
                fate: Fate::To((n * 31 % 1_000) as u32),
            })
            .collect();
        let decision =
            Decision { head: Head::new(allot::Strategy::EqualShares, false), leads, earlier: Vec::new() };
        let chunks: Vec<Chunk> = decision.chunks().collect();
        let firsts: Vec<i64> = chunks.iter().map(|chunk| chunk.first.0).collect();
        assert_eq!(firsts, [1_000_000, 1_004_096, 1_008_192]);
        let bytes: usize = chunks.iter().map(|chunk| chunk.bytes.len()).sum();
        assert!(bytes <= 4 * 10_000, "{bytes} bytes for 10,000 leads");
    }
}
