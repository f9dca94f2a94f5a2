//! The pool and the receivers of an assignment run, and the instance of the allotment problem they make (R26–R30).
//!
//! Snapshot in, decision with reasons out: [`Pool::gather`] sorts the leads of the eligible statuses into considered and
//! excepted, [`Pool::deal`] asks the engine and says who gets what.

mod recorded;

use crate::{
    decision::{Decision, Label},
    ids::{BranchId, DepartmentId, LeadId, SourceId, StatusId, UserId},
    sentence::{Exception, Leftover, RunNumbers},
    time::Moment,
};
use allot::{Agent, AgentSet, Class, Instance, Strategy};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A lead in an eligible status, as the snapshot read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolLead {
    /// Which lead.
    pub id: LeadId,
    /// How many entries its timeline had: the claim is refused when there are more by then.
    pub entries: i64,
    /// Its status.
    pub status: StatusId,
    /// Its present owner.
    pub owner: Option<UserId>,
    /// The branch it carries.
    pub branch: Option<BranchId>,
    /// The department it carries.
    pub department: Option<DepartmentId>,
    /// Where it came from.
    pub source: Option<SourceId>,
    /// When it was captured.
    pub created_at: Moment,
    /// When somebody last tried to reach it.
    pub last_attempt_at: Option<Moment>,
    /// When a person chose the present owner.
    pub owner_chosen_at: Option<Moment>,
    /// The owner's last call, note or edit.
    pub owner_acted_at: Option<Moment>,
    /// Whether the number is doubtful (R8).
    pub doubtful: bool,
    /// Whether it had owners before the present one.
    pub had_owners: bool,
}

/// A user, as far as dealing is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Their branch.
    pub branch: Option<BranchId>,
    /// Their department.
    pub department: Option<DepartmentId>,
    /// The lead cap; none = no limit.
    pub cap: Option<i64>,
    /// Open leads they own.
    pub held: i64,
    /// When they last received a lead (R-engine: who has waited longest gets the odd one).
    pub last_received_at: Moment,
    /// Whether their role may receive leads (R13).
    pub receives: bool,
    /// Whether they are banned (R16).
    pub banned: bool,
}

impl Member {
    /// R27: may be given leads at all, room aside.
    pub fn is_receiver(&self) -> bool {
        self.receives && !self.banned
    }
}

/// What R26 and R30 need to know beside the leads.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// The moment of the run.
    pub now: Moment,
    /// Owners chosen by a person from here on are left alone: the start of the day two working days back.
    pub chosen_since: Moment,
    /// What "evenly" means.
    pub strategy: Strategy,
    /// The oldest first, instead of the newest.
    pub oldest_first: bool,
    /// Hours after an attempt before an owned lead is dealt again.
    pub rest_hours: i64,
}

/// The leads a run considers, and those it does not, counted by reason.
#[derive(Debug)]
pub struct Pool {
    leads: Vec<PoolLead>,
    exceptions: Vec<(Exception, u64)>,
    left_alone: Vec<LeftAlone>,
}

/// A lead in an eligible status that is not in the pool.
#[derive(Debug)]
struct LeftAlone {
    lead: LeadId,
    owner: Option<UserId>,
    label: Label,
    why: Exception,
}

/// A lead that goes to an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// Which lead.
    pub lead: LeadId,
    /// Entries of its timeline when it was looked at.
    pub entries: i64,
    /// Its status when it was looked at.
    pub status: StatusId,
    /// Its owner so far.
    pub from: Option<UserId>,
    /// Its owner from now on.
    pub to: UserId,
}

/// What a run would do.
#[derive(Debug)]
pub struct Dealing {
    /// The leads that move, in the order in which they keep their place when room turns out to be less (R32): leads that
    /// nobody owns before owned ones, which lose nothing by staying, and inside each the most urgent first.
    pub moves: Vec<Move>,
    /// Every user who may receive leads, and what the dealing means to them, in the order of ids.
    pub agents: Vec<AgentLine>,
    /// The numbers of the sentence.
    pub numbers: RunNumbers,
    /// Why, for the record (R44).
    pub decision: Decision,
}

/// One agent's line of the preview and of the run record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentLine {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Held before.
    pub held: i64,
    /// Their cap.
    pub cap: Option<i64>,
    /// Leads the run gives them.
    pub got: i64,
    /// Held afterwards.
    pub after: i64,
}

impl AgentLine {
    /// Leads that the run of a job takes from them. (What a person gives may not count as held.)
    pub fn gave(&self) -> i64 {
        (self.held + self.got - self.after).max(0)
    }
}

/// The engine refused the instance or its own plan: our fault, and nothing is applied.
#[derive(Debug, thiserror::Error)]
pub enum DealingFailed {
    /// The instance was malformed.
    #[error("the dealing could not be computed: {0}")]
    Instance(#[from] allot::Error),
    /// The verifier refused the plan.
    #[error("the computed dealing did not pass its own check and was not applied: {0}")]
    Certificate(#[from] allot::Refusal),
}

impl Pool {
    /// R26: sorts the leads of the eligible statuses into the pool and the exceptions.
    pub fn gather(leads: impl IntoIterator<Item = PoolLead>, members: &[Member], rules: &Rules) -> Pool {
        let banned: HashMap<UserId, bool> = members.iter().map(|member| (member.id, member.banned)).collect();
        let mut exceptions = BTreeMap::<Exception, u64>::new();
        let mut left_alone = Vec::new();
        let leads = leads
            .into_iter()
            .filter(|lead| match exception(lead, &banned, rules) {
                Some(why) => {
                    *exceptions.entry(why).or_default() += 1;
                    let label = Label { branch: lead.branch, department: lead.department };
                    left_alone.push(LeftAlone { lead: lead.id, owner: lead.owner, label, why });
                    false
                }
                None => true,
            })
            .collect();
        Pool { leads, exceptions: exceptions.into_iter().collect(), left_alone }
    }

    /// R35: the fresh leads of the chosen statuses, which nobody owns and nobody has called. The others are no business of
    /// a top-up and are not counted.
    pub fn fresh(leads: impl IntoIterator<Item = PoolLead>) -> Pool {
        let leads = leads.into_iter().filter(|lead| lead.owner.is_none() && lead.last_attempt_at.is_none());
        Pool { leads: leads.collect(), exceptions: Vec::new(), left_alone: Vec::new() }
    }

    /// Whether any lead had owners before, so that the caller has to look them up.
    pub fn had_owners(&self) -> bool {
        self.leads.iter().any(|lead| lead.had_owners)
    }

    /// R27–R31: who gets what. `earlier` names owners of the last 30 days, who are avoided as far as possible.
    pub fn deal(
        mut self,
        members: &[Member],
        earlier: &[(LeadId, UserId)],
        rules: &Rules,
    ) -> Result<Dealing, DealingFailed> {
        self.leads.sort_by_key(|lead| urgency(lead, rules));
        let table = Table::new(&self.leads, members);
        let problem = table.problem(&self.leads, earlier, rules);
        let plan = allot::plan(&problem.instance)?;
        allot::verify(&problem.instance, &plan)?;
        let decision = table.decision(&self.leads, &self.left_alone, &problem, &plan, rules);
        let Problem { instance, rows, nobody_may } = problem;

        let mut moves: Vec<(u32, Move)> = Vec::new();
        let mut kept = 0;
        let mut leftovers = BTreeMap::<Leftover, u64>::new();
        let mut got = vec![0_i64; table.agents.len()];
        let mut left = vec![0_i64; table.agents.len()];
        for (number, (class, rows)) in instance.classes.iter().zip(&rows).enumerate() {
            for (row, agent) in rows.iter().zip(plan.class(number)) {
                let lead = &self.leads[*row as usize];
                if *agent == allot::NOBODY {
                    let why =
                        if nobody_may[number] { Leftover::NoEligibleAgents } else { Leftover::AgentsAtCap };
                    *leftovers.entry(why).or_default() += 1;
                } else if class.fallback == Some(*agent) {
                    kept += 1;
                } else {
                    got[*agent as usize] += 1;
                    if let Some(owner) = class.fallback {
                        left[owner as usize] += 1;
                    }
                    let to = table.agents[*agent as usize].id;
                    let (entries, status) = (lead.entries, lead.status);
                    moves.push((*row, Move { lead: lead.id, entries, status, from: lead.owner, to }));
                }
            }
        }
        moves.sort_unstable_by_key(|(row, m)| (m.from.is_some(), *row));
        let moves: Vec<Move> = moves.into_iter().map(|(_, m)| m).collect();
        let agents: Vec<AgentLine> = table
            .agents
            .iter()
            .zip(got.iter().zip(&left))
            .filter(|(member, _)| member.receives)
            .map(|(member, (got, left))| AgentLine {
                id: member.id,
                name: member.name.clone(),
                held: member.held,
                cap: member.cap,
                got: *got,
                after: member.held + got - left,
            })
            .collect();
        let numbers = RunNumbers {
            assigned: moves.len() as u64,
            agents: got.iter().filter(|got| **got > 0).count() as u64,
            kept,
            leftovers: leftovers.into_iter().collect(),
            exceptions: self.exceptions,
            ..RunNumbers::default()
        };
        Ok(Dealing { moves, agents, numbers, decision })
    }
}

impl Dealing {
    /// Counts the places that are still free under the caps (R36).
    pub fn count_places_left(&mut self) {
        let free = |agent: &AgentLine| agent.cap.map_or(0, |cap| (cap - agent.after).max(0) as u64);
        self.numbers.places_left = self.agents.iter().map(free).sum();
    }

    /// The dealing as it came out: without the moves of leads that a person changed meanwhile, and without those that
    /// found no room any more when the queues were locked and counted again. `held` is what was counted then.
    #[must_use]
    pub fn as_claimed(mut self, claimed: &Outcome) -> Dealing {
        let mut got: HashMap<UserId, i64> = HashMap::new();
        let mut left: HashMap<UserId, i64> = HashMap::new();
        for m in &claimed.moved {
            *got.entry(m.to).or_default() += 1;
            if let Some(from) = m.from {
                *left.entry(from).or_default() += 1;
            }
        }
        for agent in &mut self.agents {
            agent.held = claimed.held.get(&agent.id).copied().unwrap_or(agent.held);
            agent.got = got.get(&agent.id).copied().unwrap_or(0);
            agent.after = agent.held + agent.got - left.get(&agent.id).copied().unwrap_or(0);
        }
        let owned = claimed.surplus.iter().filter(|m| m.from.is_some()).count();
        self.numbers.add_surplus((claimed.surplus.len() - owned) as u64, owned as u64);
        self.numbers.changed_meanwhile = claimed.changed.len() as u64;
        self.numbers.surplus = claimed.surplus.len() as u64;
        self.numbers.assigned = claimed.moved.len() as u64;
        self.numbers.agents = got.len() as u64;
        self.moves.clone_from(&claimed.moved);
        self.decision.claim(claimed);
        self
    }
}

/// What became of a dealing's moves when they were claimed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Leads that moved.
    pub moved: Vec<Move>,
    /// Leads that somebody changed since the snapshot: left as they are (R41).
    pub changed: Vec<Move>,
    /// Leads for which the agent had no room any more (R32).
    pub surplus: Vec<Move>,
    /// What the users concerned held when their queues were locked.
    pub held: HashMap<UserId, i64>,
}

impl Outcome {
    /// Leaves leads that somebody changed as they are.
    pub fn leave(&mut self, changed: &HashSet<LeadId>) {
        if !changed.is_empty() {
            self.changed.extend(self.moved.extract_if(.., |m| changed.contains(&m.lead)));
        }
    }

    /// Whether everybody could get all that is meant for them, without giving anything away: then so they can whichever
    /// moves fall out, and [`drop_surplus`](Self::drop_surplus) has nothing to drop.
    pub fn has_room_for_any_part(&self, members: &BTreeMap<UserId, Member>) -> bool {
        let mut arriving: BTreeMap<UserId, i64> = BTreeMap::new();
        for m in &self.moved {
            *arriving.entry(m.to).or_default() += 1;
        }
        arriving.into_iter().all(|(user, leads)| {
            members.get(&user).is_some_and(|member| {
                member.is_receiver() && member.cap.is_none_or(|cap| member.held + leads <= cap)
            })
        })
    }

    /// Drops moves until nobody would end above the cap, and nobody gets a lead who may not. A dropped move of an owned
    /// lead leaves it with its owner, who may then be too full in turn; so it goes on until nothing is dropped.
    pub fn drop_surplus(&mut self, members: &BTreeMap<UserId, Member>) {
        loop {
            let mut balance: BTreeMap<UserId, i64> = BTreeMap::new();
            for m in &self.moved {
                *balance.entry(m.to).or_default() += 1;
                if let Some(from) = m.from {
                    *balance.entry(from).or_default() -= 1;
                }
            }
            let mut surplus: BTreeMap<UserId, i64> = balance
                .into_iter()
                .filter_map(|(user, balance)| {
                    let over = match members.get(&user) {
                        Some(member) if member.is_receiver() => {
                            member.cap.map_or(0, |cap| member.held + balance - cap)
                        }
                        _ => i64::MAX, // gone, banned or no receiver any more: gets nothing
                    };
                    (over > 0).then_some((user, over))
                })
                .collect();
            if surplus.is_empty() {
                return;
            }
            let before = self.moved.len();
            // The moves stand in the order in which they keep their place: the last go first.
            let mut kept: Vec<Move> = Vec::with_capacity(before);
            for m in std::mem::take(&mut self.moved).into_iter().rev() {
                match surplus.get_mut(&m.to) {
                    Some(over) if *over > 0 => {
                        *over -= 1;
                        self.surplus.push(m);
                    }
                    _ => kept.push(m),
                }
            }
            kept.reverse();
            self.moved = kept;
            if self.moved.len() == before {
                return; // an agent above the cap who gets nothing: nothing to drop (R29)
            }
        }
    }
}

/// What the timeline says of a lead that was assigned as it came in: `longest waiting of 6 with room`.
pub fn on_arrival(lead: &PoolLead, members: &[Member], strategy: Strategy) -> String {
    let has_room = |member: &&Member| {
        member.is_receiver()
            && member.cap.is_none_or(|cap| member.held < cap)
            && lead.branch.is_none_or(|branch| member.branch == Some(branch))
            && lead.department.is_none_or(|department| member.department == Some(department))
    };
    let first = match strategy {
        Strategy::EqualShares => "longest waiting",
        Strategy::LevelQueues => "shortest queue",
    };
    match members.iter().filter(has_room).count() {
        1 => "the only one with room".into(),
        several => format!("{first} of {several} with room"),
    }
}

/// R26, in the order in which the reasons are reported.
fn exception(lead: &PoolLead, banned: &HashMap<UserId, bool>, rules: &Rules) -> Option<Exception> {
    let owner = lead.owner?;
    let since = |at: Option<Moment>, bound: Moment| at.is_some_and(|at| at > bound);
    if banned.get(&owner).copied().unwrap_or(false) {
        Some(Exception::OwnerBanned)
    } else if since(lead.owner_acted_at, rules.now.hours_before(2)) {
        Some(Exception::InWork)
    } else if lead.owner_chosen_at.is_some_and(|chosen| {
        chosen >= rules.chosen_since && lead.last_attempt_at.is_none_or(|tried| tried < chosen)
    }) {
        Some(Exception::ChosenByAPerson)
    } else if since(lead.last_attempt_at, rules.now.hours_before(rules.rest_hours)) {
        Some(Exception::TriedRecently)
    } else {
        None
    }
}

/// R30's tiers. Tier 0, enquired again, comes with the webhooks.
fn tier(lead: &PoolLead) -> u32 {
    match (lead.doubtful, lead.last_attempt_at) {
        (true, _) => 3,
        (false, Some(_)) => 2,
        (false, None) => 1,
    }
}

/// R30: inside a tier the newest first (or the oldest), those called before by the longest rest.
fn urgency(lead: &PoolLead, rules: &Rules) -> (u32, i64, i64) {
    let by_age = if rules.oldest_first { lead.created_at.0 } else { -lead.created_at.0 };
    let by_id = if rules.oldest_first { lead.id.0 } else { -lead.id.0 };
    match (tier(lead), lead.last_attempt_at) {
        (2, Some(tried)) => (2, tried.0, by_id),
        (tier, _) => (tier, by_age, by_id),
    }
}

/// The agents of the instance: every user who may be dealt to, and every owner who may keep.
struct Table<'m> {
    agents: Vec<&'m Member>,
    index: HashMap<UserId, u32>,
    in_pool: Vec<i64>,
}

impl<'m> Table<'m> {
    fn new(leads: &[PoolLead], members: &'m [Member]) -> Table<'m> {
        let mut agents: Vec<&Member> = members.iter().collect();
        agents.sort_by_key(|member| member.id);
        let index: HashMap<UserId, u32> =
            (0..).zip(&agents).map(|(index, member)| (member.id, index)).collect();
        let mut in_pool = vec![0; agents.len()];
        for owner in leads.iter().filter_map(|lead| lead.owner) {
            if let Some(owner) = index.get(&owner) {
                in_pool[*owner as usize] += 1;
            }
        }
        Table { agents, index, in_pool }
    }

    /// R27, R29: none = unlimited.
    fn room(&self, agent: usize) -> Option<u32> {
        let member = self.agents[agent];
        if !member.is_receiver() {
            return Some(0);
        }
        let cap = member.cap?;
        let room = if member.held > cap { 0 } else { cap - member.held + self.in_pool[agent] };
        Some(u32::try_from(room.max(0)).unwrap_or(u32::MAX))
    }

    /// The instance of the engine's problem.
    fn problem(&self, leads: &[PoolLead], earlier: &[(LeadId, UserId)], rules: &Rules) -> Problem {
        // Leads whom the same agents can take are one class whatever their labels, so that the most urgent of all of
        // them go first (R30).
        let mut reaches: HashMap<Reach, u32> = HashMap::new();
        let mut by_label: HashMap<Labels, u32> = HashMap::new();
        let mut classes: HashMap<(u32, u32, Option<u32>), usize> = HashMap::new();
        let mut keys: Vec<(u32, u32, Option<u32>)> = Vec::new();
        let mut rows: Vec<Vec<u32>> = Vec::new();
        for (row, lead) in (0..).zip(leads) {
            let fallback = lead.owner.and_then(|owner| self.index.get(&owner)).copied();
            let reach = *by_label.entry((lead.branch, lead.department, fallback)).or_insert_with(|| {
                let next = reaches.len() as u32;
                *reaches.entry(self.reach(lead.branch, lead.department, fallback)).or_insert(next)
            });
            let key = (tier(lead), reach, fallback);
            let class = *classes.entry(key).or_insert_with(|| {
                keys.push(key);
                rows.push(Vec::new());
                keys.len() - 1
            });
            rows[class].push(row);
        }
        let mut sets = vec![Reach::default(); reaches.len()];
        for (reach, number) in reaches {
            sets[number as usize] = reach;
        }
        let places: HashMap<LeadId, (usize, u32)> = if earlier.is_empty() {
            HashMap::new()
        } else {
            (rows.iter().enumerate())
                .flat_map(|(class, rows)| (0..).zip(rows).map(move |(place, row)| (*row, (class, place))))
                .map(|(row, place)| (leads[row as usize].id, place))
                .collect()
        };
        let mut avoid: Vec<Vec<(u32, u32)>> = vec![Vec::new(); rows.len()];
        for (lead, owner) in earlier {
            if let (Some((class, place)), Some(agent)) = (places.get(lead), self.index.get(owner))
                && keys[*class].2 != Some(*agent)
            {
                avoid[*class].push((*place, *agent));
            }
        }
        let agents = (0..self.agents.len())
            .map(|agent| Agent {
                room: self.room(agent),
                base: u32::try_from(self.agents[agent].held - self.in_pool[agent]).unwrap_or(0),
                weight: allot::Weight::default(),
                waiting_since_ms: self.agents[agent].last_received_at.0,
            })
            .collect();
        let classes = (keys.iter().zip(&rows).zip(avoid))
            .map(|(((tier, reach, fallback), rows), mut avoid)| {
                avoid.sort_unstable();
                avoid.dedup();
                Class {
                    tier: *tier,
                    eligible: sets[*reach as usize].with_room.clone(),
                    fallback: *fallback,
                    leads: rows.len() as u32,
                    strata: rows.iter().map(|row| stratum(leads[*row as usize].source)).collect(),
                    avoid,
                }
            })
            .collect();
        let nobody_may = keys.iter().map(|(_, reach, _)| sets[*reach as usize].nobody_may).collect();
        Problem { instance: Instance { strategy: rules.strategy, agents, classes }, rows, nobody_may }
    }

    /// R28: a lead that carries a branch or department goes to agents of it; never to the present owner (R29); R27: to
    /// agents with room.
    fn reach(
        &self,
        branch: Option<BranchId>,
        department: Option<DepartmentId>,
        fallback: Option<u32>,
    ) -> Reach {
        let mut reach = Reach { with_room: AgentSet::new(), nobody_may: true };
        for (agent, member) in (0..).zip(&self.agents) {
            if member.is_receiver()
                && fallback != Some(agent)
                && branch.is_none_or(|branch| member.branch == Some(branch))
                && department.is_none_or(|department| member.department == Some(department))
            {
                reach.nobody_may = false;
                if self.room(agent as usize) != Some(0) {
                    reach.with_room.insert(agent);
                }
            }
        }
        reach
    }
}

/// What decides who can take a lead: its branch, its department, its owner's index.
type Labels = (Option<BranchId>, Option<DepartmentId>, Option<u32>);

/// Who can take a lead.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Reach {
    /// The receivers with room.
    with_room: AgentSet,
    /// Not even a full one may have it.
    nobody_may: bool,
}

/// The instance, and what its classes stand for.
struct Problem {
    instance: Instance,
    /// For each class the rows of its leads, most urgent first.
    rows: Vec<Vec<u32>>,
    /// For each class whether nobody may have its leads, room aside.
    nobody_may: Vec<bool>,
}

fn stratum(source: Option<SourceId>) -> u32 {
    source.map_or(0, |source| source.0 as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_000_000_000_000);

    fn lead(id: i64, owner: Option<i64>, born: i64, doubtful: bool) -> PoolLead {
        PoolLead {
            id: LeadId(id),
            entries: 1,
            status: StatusId(1),
            owner: owner.map(UserId),
            branch: None,
            department: None,
            source: None,
            created_at: Moment(born),
            last_attempt_at: None,
            owner_chosen_at: None,
            owner_acted_at: None,
            doubtful,
            had_owners: false,
        }
    }

    fn member(id: i64, held: i64) -> Member {
        Member {
            id: UserId(id),
            name: format!("P{id}"),
            branch: None,
            department: None,
            cap: None,
            held,
            last_received_at: Moment(0),
            receives: true,
            banned: false,
        }
    }

    fn rules() -> Rules {
        Rules {
            now: NOW,
            chosen_since: NOW,
            strategy: Strategy::EqualShares,
            oldest_first: false,
            rest_hours: 20,
        }
    }

    #[test]
    fn r32_moves_stand_in_the_order_in_which_they_keep_their_place() {
        let leads = [
            lead(1, Some(1), 50, false),
            lead(2, None, 10, true),
            lead(3, None, 20, false),
            lead(4, Some(1), 60, false),
            lead(5, None, 30, false),
        ];
        let members = [member(1, 2), member(2, 0)];
        let dealing = Pool::gather(leads, &members, &rules()).deal(&members, &[], &rules()).unwrap();
        let order: Vec<i64> = dealing.moves.iter().map(|m| m.lead.0).collect();
        assert_eq!(order, [5, 3, 2, 4, 1], "nobody's first, and inside each the most urgent first");
    }

    #[test]
    fn r32_the_report_of_what_was_claimed() {
        let leads = [
            lead(1, None, 1, false),
            lead(2, None, 2, false),
            lead(3, Some(1), 3, false),
            lead(4, None, 4, false),
        ];
        let members = [member(1, 1), member(2, 0)];
        let dealing = Pool::gather(leads, &members, &rules()).deal(&members, &[], &rules()).unwrap();
        let of = |lead: i64| *dealing.moves.iter().find(|m| m.lead == LeadId(lead)).unwrap();
        let outcome = Outcome {
            moved: vec![Move { to: UserId(2), ..of(1) }],
            changed: vec![of(2)],
            surplus: vec![of(3), of(4)],
            held: HashMap::from([(UserId(1), 7), (UserId(2), 3)]),
        };
        let claimed = dealing.as_claimed(&outcome);
        assert_eq!(
            claimed.numbers,
            RunNumbers {
                assigned: 1,
                agents: 1,
                kept: 1,
                leftovers: vec![(Leftover::AgentsAtCap, 1)],
                exceptions: vec![],
                surplus: 2,
                changed_meanwhile: 1,
                ..RunNumbers::default()
            }
        );
        let lines: Vec<_> =
            claimed.agents.iter().map(|line| (line.id.0, line.held, line.got, line.after)).collect();
        assert_eq!(lines, [(1, 7, 0, 7), (2, 3, 1, 4)]);
    }

    proptest::proptest! {
        /// What a claim rests on that looks for changed leads only while it moves them.
        #[test]
        fn r32_where_there_is_room_for_any_part_of_a_plan_no_part_of_it_has_a_surplus(
            rooms in proptest::collection::vec((0..4_i64, proptest::option::of(0..5_i64), 0..8_u8), 1..5),
            moves in proptest::collection::vec((0..5_i64, 0..6_i64, proptest::bool::ANY), 0..9),
        ) {
            let members: BTreeMap<UserId, Member> = (rooms.iter().zip(0..))
                .map(|(&(held, cap, state), id)| {
                    let member = Member { cap, banned: state == 0, receives: state != 1, ..member(id, held) };
                    (member.id, member)
                })
                .collect();
            let planned = (moves.iter().zip(1..)).map(|(&(to, from, _), lead)| Move {
                lead: LeadId(lead),
                entries: 1,
                status: StatusId(1),
                from: (from < 5 && from != to).then_some(UserId(from)),
                to: UserId(to),
            });
            let mut outcome = Outcome { moved: planned.collect(), ..Outcome::default() };
            let whole = outcome.moved.len();
            let has_room = outcome.has_room_for_any_part(&members);
            let changed = (moves.iter().zip(1..)).filter(|((_, _, changed), _)| *changed);
            outcome.leave(&changed.map(|(_, lead)| LeadId(lead)).collect());
            outcome.drop_surplus(&members);
            proptest::prop_assert!(!has_room || outcome.surplus.is_empty());
            proptest::prop_assert_eq!(outcome.moved.len() + outcome.changed.len() + outcome.surplus.len(), whole);
        }
    }

    #[test]
    fn r30_the_newest_go_first_whatever_their_labels_when_the_same_agents_can_take_them() {
        let now = Moment(1_000_000_000_000);
        let agent = |id: i64, branch: i64, cap: i64| Member {
            id: UserId(id),
            name: format!("agent {id}"),
            branch: Some(BranchId(branch)),
            department: None,
            cap: Some(cap),
            held: 0,
            last_received_at: Moment(0),
            receives: true,
            banned: false,
        };
        let lead = |id: i64, branch: Option<i64>| PoolLead {
            id: LeadId(id),
            entries: 1,
            status: StatusId(1),
            owner: None,
            branch: branch.map(BranchId),
            department: None,
            source: None,
            created_at: Moment(id),
            last_attempt_at: None,
            owner_chosen_at: None,
            owner_acted_at: None,
            doubtful: false,
            had_owners: false,
        };
        let rules = Rules {
            now,
            chosen_since: now,
            strategy: Strategy::EqualShares,
            oldest_first: false,
            rest_hours: 20,
        };
        // Two rooms in Pune; the agent of Delhi is full, so that both kinds of leads reach the same people.
        let members = [agent(1, 1, 2), agent(2, 2, 0)];
        for (leads, expect) in [
            ([lead(1, None), lead(2, Some(1)), lead(3, None)], [2, 3]),
            ([lead(1, Some(1)), lead(2, None), lead(3, Some(1))], [2, 3]),
            ([lead(3, Some(1)), lead(2, Some(1)), lead(1, None)], [2, 3]),
        ] {
            let dealing = Pool::gather(leads, &members, &rules).deal(&members, &[], &rules).unwrap();
            let mut dealt: Vec<i64> = dealing.moves.iter().map(|m| m.lead.0).collect();
            dealt.sort_unstable();
            assert_eq!(dealt, expect);
            assert_eq!(dealing.numbers.leftovers, [(Leftover::AgentsAtCap, 1)]);
        }
        // A lead of a full branch waits for room; one of a branch without people waits for people.
        let dealing = Pool::gather([lead(1, Some(2)), lead(2, Some(3))], &members, &rules)
            .deal(&members, &[], &rules)
            .unwrap();
        assert_eq!(dealing.numbers.leftovers, [(Leftover::AgentsAtCap, 1), (Leftover::NoEligibleAgents, 1)]);
    }
}
