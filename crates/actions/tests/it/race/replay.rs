//! The timelines, played through from their beginning: every entry goes on where the one before ended, nobody is lifted
//! above the cap by what goes by itself, what people did survives until people change it, and everything that was
//! acknowledged is there, once, and nothing else is.
//!
//! Entries of different leads are put in order by a trigger of this test. Whoever changes what a queue holds has locked
//! it before the first entry is written and until the commit, so the order is right for each queue, and for each lead.

use super::ledger::{Deed, Ledger, Seen};
use crate::office::Office;
use domain::{
    bulk::{BY_HAND, UNDO},
    ids::{LeadId, RunId, StatusId, UserId},
    job::{Job, ON_ARRIVAL},
    status::StatusMark,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use store::{Session, dialect::Engine, sql::Sql, users};

/// How everything was when the race began.
pub struct Before {
    leads: HashMap<LeadId, Lead>,
    entries: i64,
    caps: HashMap<UserId, Option<i64>>,
    banned: HashSet<UserId>,
    /// The statuses whose leads each job takes.
    takes: HashMap<Job, HashSet<StatusId>>,
    open: HashSet<StatusId>,
    unassigned: StatusId,
}

/// A lead as its timeline says it is.
#[derive(Debug, Clone)]
struct Lead {
    owner: Option<UserId>,
    status: StatusId,
    entries: i64,
    /// A person chose the owner: the job leaves it there (R26).
    chosen: bool,
    /// The owner has done something to it: the job leaves it there for two hours (R26), and the race is shorter.
    acted: bool,
    /// It was captured lately, or somebody has called, noted or assigned since: nothing for the removal (R37).
    worked: bool,
    /// Who was given it, at which entry, whether by a person, and by which run.
    given: Vec<(i64, UserId, bool, Option<RunId>)>,
    /// Who did something to it.
    acts: Vec<(i64, UserId)>,
    /// The entries of runs.
    done: HashMap<RunId, i64>,
    /// Runs that were undone, and this lead with them.
    taken_back: HashSet<RunId>,
}

/// An entry of a timeline.
#[derive(Debug, Clone)]
struct Entry {
    lead: LeadId,
    number: i64,
    at: i64,
    kind: String,
    actor: Option<UserId>,
    run: Option<RunId>,
    from_owner: Option<UserId>,
    to_owner: Option<UserId>,
    from_status: Option<StatusId>,
    to_status: Option<StatusId>,
}

/// A run while its entries are played: one transaction.
struct Playing {
    job: String,
    undoes: Option<RunId>,
    /// Entries that are still to come.
    left: u64,
    /// What everybody held before its first.
    held: BTreeMap<UserId, i64>,
    got: HashMap<UserId, i64>,
}

/// An agent's line in the record of a run.
struct Line {
    run: RunId,
    agent: UserId,
    held: i64,
    cap: Option<i64>,
    got: i64,
    after: i64,
}

impl Before {
    pub async fn note(office: &Office, dealt: &[&str], removed: &[&str]) -> Before {
        let company = office.company.id;
        let traced: store::Result<()> = office
            .store
            .write(|session| {
                Box::pin(async move {
                    for sql in trace(session.engine()) {
                        session.execute(&Sql::built((*sql).into()), &[]).await?;
                    }
                    Ok(())
                })
            })
            .await;
        traced.expect("the order of entries is traced");
        let mut reader = office.store.snapshot().await.expect("a reader");
        let session = reader.session();
        let leads = leads_now(session, office).await;
        let entries = number(session, office, "SELECT COUNT(*) FROM lead_events WHERE company_id = $1").await;
        let members = users::members(session, company).await.expect("members");
        Before {
            leads,
            entries,
            banned: members.iter().filter(|member| member.banned).map(|member| member.id).collect(),
            caps: members.into_iter().map(|member| (member.id, member.cap)).collect(),
            takes: [(Job::Assignment, dealt), (Job::TopUp, &["Unassigned"]), (Job::Removal, removed)]
                .into_iter()
                .map(|(job, names)| (job, names.iter().map(|name| office.status(name)).collect()))
                .collect(),
            open: office
                .statuses
                .iter()
                .filter(|status| office.statuses.is_open(status.id))
                .map(|status| status.id)
                .collect(),
            unassigned: office.statuses.marked(StatusMark::Unassigned).id,
        }
    }
}

/// Notes every entry as it is written, and the end of every lead, since its entries go with it.
fn trace(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Sqlite => &[
            "CREATE TABLE entry_order (place INTEGER PRIMARY KEY AUTOINCREMENT, company_id BIGINT, lead_id BIGINT,
                entry BIGINT, at_ms BIGINT, kind TEXT, actor_id BIGINT, run_id BIGINT, from_owner_id BIGINT,
                to_owner_id BIGINT, from_status_id BIGINT, to_status_id BIGINT)",
            "CREATE TRIGGER note_entry AFTER INSERT ON lead_events BEGIN
                INSERT INTO entry_order (company_id, lead_id, entry, at_ms, kind, actor_id, run_id, from_owner_id,
                    to_owner_id, from_status_id, to_status_id)
                VALUES (NEW.company_id, NEW.lead_id, NEW.entry, NEW.at_ms, NEW.kind, NEW.actor_id, NEW.run_id,
                    NEW.from_owner_id, NEW.to_owner_id, NEW.from_status_id, NEW.to_status_id); END",
            "CREATE TRIGGER note_end AFTER DELETE ON leads BEGIN
                INSERT INTO entry_order (company_id, lead_id, entry, at_ms, kind, from_owner_id, from_status_id)
                VALUES (OLD.company_id, OLD.id, OLD.entries + 1, 0, 'gone', OLD.owner_id, OLD.status_id); END",
        ],
        Engine::Postgres => &[
            "CREATE TABLE entry_order (place BIGSERIAL PRIMARY KEY, company_id BIGINT, lead_id BIGINT,
                entry BIGINT, at_ms BIGINT, kind TEXT, actor_id BIGINT, run_id BIGINT, from_owner_id BIGINT,
                to_owner_id BIGINT, from_status_id BIGINT, to_status_id BIGINT)",
            "CREATE FUNCTION note_entry() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN
                INSERT INTO entry_order (company_id, lead_id, entry, at_ms, kind, actor_id, run_id, from_owner_id,
                    to_owner_id, from_status_id, to_status_id)
                VALUES (NEW.company_id, NEW.lead_id, NEW.entry, NEW.at_ms, NEW.kind, NEW.actor_id, NEW.run_id,
                    NEW.from_owner_id, NEW.to_owner_id, NEW.from_status_id, NEW.to_status_id); RETURN NULL; END'",
            "CREATE TRIGGER note_entry AFTER INSERT ON lead_events FOR EACH ROW EXECUTE FUNCTION note_entry()",
            "CREATE FUNCTION note_end() RETURNS TRIGGER LANGUAGE plpgsql AS $$BEGIN
                INSERT INTO entry_order (company_id, lead_id, entry, at_ms, kind, from_owner_id, from_status_id)
                VALUES (OLD.company_id, OLD.id, OLD.entries + 1, 0, 'gone', OLD.owner_id, OLD.status_id);
                RETURN NULL; END$$",
            "CREATE TRIGGER note_end AFTER DELETE ON leads FOR EACH ROW EXECUTE FUNCTION note_end()",
        ],
    }
}

/// Plays the timelines and compares.
pub async fn check(office: &Office, before: &Before, ledger: &Ledger) {
    let mut reader = office.store.snapshot().await.expect("a reader");
    let session = reader.session();
    let entries = entries(session, office).await;
    let all = number(session, office, "SELECT COUNT(*) FROM lead_events WHERE company_id = $1").await;
    // With a lead go its entries; that it went is noted as one more.
    let gone: i64 = entries.iter().filter(|entry| entry.kind == GONE).map(|entry| entry.number).sum();
    assert_eq!(before.entries + entries.len() as i64, all + gone, "every entry was noted once");

    let mut replay = Replay::new(before, session, office, &entries, ledger).await;
    for entry in &entries {
        replay.play(entry);
    }
    replay.is_what_is_there(&leads_now(session, office).await);
    replay.has_every_deed(session, office).await;
}

/// The end of a lead, as it is noted.
const GONE: &str = "gone";

struct Replay<'r> {
    before: &'r Before,
    leads: HashMap<LeadId, Lead>,
    held: BTreeMap<UserId, i64>,
    runs: HashMap<RunId, Playing>,
    lines: HashMap<RunId, Vec<Line>>,
    deeds: Vec<Deed>,
    /// What was acknowledged of one lead, by its moment, and of many, by their run.
    of_one: HashMap<i64, Deed>,
    of_many: HashMap<RunId, Deed>,
    /// Entries of one lead that were acknowledged and found.
    found: HashSet<i64>,
    /// Entries of leads that were assigned as they came in.
    arrived: u64,
    /// Leads that went with their import.
    gone: u64,
    entries: usize,
}

impl<'r> Replay<'r> {
    async fn new(
        before: &'r Before,
        session: &mut Session,
        office: &Office,
        entries: &[Entry],
        ledger: &Ledger,
    ) -> Replay<'r> {
        let mut held: BTreeMap<UserId, i64> = before.caps.keys().map(|user| (*user, 0)).collect();
        for lead in before.leads.values() {
            if let Some(owner) = lead.owner.filter(|_| before.open.contains(&lead.status)) {
                *held.entry(owner).or_default() += 1;
            }
        }
        let mut left: HashMap<RunId, u64> = HashMap::new();
        for run in entries.iter().filter_map(|entry| entry.run) {
            *left.entry(run).or_default() += 1;
        }
        let runs = jobs(session, office)
            .await
            .into_iter()
            .map(|(run, job, undoes)| {
                let left = left.get(&run).copied().unwrap_or(0);
                (run, Playing { job, undoes, left, held: BTreeMap::new(), got: HashMap::new() })
            })
            .collect();
        let mut lines: HashMap<RunId, Vec<Line>> = HashMap::new();
        for line in agent_lines(session, office).await {
            lines.entry(line.run).or_default().push(line);
        }
        let (mut of_one, mut of_many, mut deeds) = (HashMap::new(), HashMap::new(), Vec::new());
        for (at, deed) in ledger.deeds() {
            match &deed {
                Deed::Assigned { .. } | Deed::StatusSet { .. } | Deed::Noted { .. } | Deed::Added { .. } => {
                    of_one.insert(at.0, deed.clone());
                }
                Deed::Many { run, .. } | Deed::Ran { run, .. } => {
                    of_many.insert(*run, deed.clone());
                }
                Deed::Imported { .. } | Deed::TakenBack { .. } => {}
            }
            deeds.push(deed);
        }
        Replay {
            before,
            leads: before.leads.clone(),
            held,
            runs,
            lines,
            deeds,
            of_one,
            of_many,
            found: HashSet::new(),
            arrived: 0,
            gone: 0,
            entries: entries.len(),
        }
    }

    /// The job that did it by itself; none for what a person decided. What is assigned on arrival goes by the rules of the
    /// assignment: the leads of an import under a record of its own, a single lead without any, and by nobody.
    fn by_itself(&self, entry: &Entry) -> Option<Job> {
        let Some(run) = entry.run else {
            return (entry.kind == "assigned" && entry.actor.is_none()).then_some(Job::Assignment);
        };
        match self.runs[&run].job.as_str() {
            BY_HAND | UNDO => None,
            ON_ARRIVAL => Some(Job::Assignment),
            job => Some(Job::from_word(job).expect("a job")),
        }
    }

    fn play(&mut self, entry: &Entry) {
        if ["imported", "added"].contains(&entry.kind.as_str()) {
            assert_eq!(entry.number, 1, "{entry:?}");
            let lead = Lead {
                owner: None,
                status: entry.to_status.expect("a lead begins in a status"),
                entries: 0,
                chosen: false,
                acted: false,
                worked: true,
                given: Vec::new(),
                acts: Vec::new(),
                done: HashMap::new(),
                taken_back: HashSet::new(),
            };
            assert!(self.leads.insert(entry.lead, lead).is_none(), "{entry:?}");
        }
        let was = self.leads.get(&entry.lead).unwrap_or_else(|| panic!("no lead: {entry:?}")).clone();
        assert_eq!(entry.number, was.entries + 1, "no gap and no double: {entry:?}");
        if entry.kind == GONE {
            goes_on(entry, &was);
            assert!(was.given.iter().all(|(number, ..)| *number == 2), "somebody chose its owner: {was:?}");
            self.count(&was, -1);
            self.leads.remove(&entry.lead);
            self.gone += 1;
            return;
        }
        let by_itself = self.by_itself(entry);
        if let Some(job) = by_itself {
            self.may_be_taken(job, entry, &was);
        }
        if let Some(run) = entry.run {
            let held = &self.held;
            let playing = self.runs.get_mut(&run).expect("a run has a record");
            if playing.held.is_empty() {
                playing.held.clone_from(held);
            }
        }

        let mut now = was.clone();
        now.entries += 1;
        match entry.kind.as_str() {
            "assigned" => {
                goes_on(entry, &was);
                let to = entry.to_owner.expect("somebody is given it");
                assert_ne!(Some(to), was.owner, "R21: {entry:?}");
                let by_person = by_itself.is_none();
                now.owner = Some(to);
                (now.chosen, now.acted, now.worked) = (by_person, false, true);
                now.given.push((entry.number, to, by_person, entry.run));
            }
            "status" => {
                assert_eq!(entry.from_status, Some(was.status), "{entry:?} {was:?}");
                if entry.to_status == Some(self.before.unassigned) && was.owner.is_some() {
                    assert_eq!(entry.from_owner, was.owner, "R7: {entry:?}");
                    now.owner = None;
                    (now.chosen, now.acted) = (false, false);
                } else {
                    assert_eq!(entry.from_owner, None, "{entry:?}");
                    now.acted |= entry.actor.is_some() && entry.actor == was.owner;
                }
            }
            "removed" => {
                goes_on(entry, &was);
                assert_eq!(entry.to_status, Some(self.before.unassigned), "{entry:?}");
                now.owner = None;
                (now.chosen, now.acted) = (false, false);
            }
            "undone" => {
                let undoes = self.runs[&entry.run.expect("an undo is a run")].undoes.expect("it undoes one");
                now.is_put_back(entry, &was, was.done.get(&undoes).copied().unwrap_or(was.entries));
                now.taken_back.insert(undoes);
            }
            "note" | "tagged" | "untagged" => {
                now.acted |= entry.actor.is_some() && entry.actor == was.owner;
                now.worked |= entry.kind == "note";
            }
            "imported" | "added" => {}
            other => panic!("nobody does this here: {other}"),
        }
        now.status = entry.to_status.unwrap_or(was.status);
        now.done.extend(entry.run.map(|run| (run, entry.number)));
        now.acts.extend(entry.actor.map(|actor| (entry.number, actor)));
        assert!(now.status != self.before.unassigned || now.owner.is_none(), "R7: {entry:?}");
        self.count(&was, -1);
        self.count(&now, 1);
        if let Some(run) = entry.run {
            self.belongs_to_run(run, entry, &was);
        } else {
            self.was_acknowledged(entry, &was);
        }
        self.leads.insert(entry.lead, now);
    }

    /// What people decided stays. The assignment takes a lead from an owner only if no person chose that owner, and if the
    /// owner has not worked on it (R26); the top-up takes from nobody (R36); the removal takes what nobody works on (R37).
    /// Each takes from its own statuses alone.
    fn may_be_taken(&self, job: Job, entry: &Entry, was: &Lead) {
        assert!(self.before.takes[&job].contains(&was.status), "{entry:?} {was:?}");
        let of_banned = was.owner.is_some_and(|owner| self.before.banned.contains(&owner));
        assert!(!of_banned, "R16: {} {entry:?} {was:?}", job.word());
        let (kind, may) = match job {
            Job::Assignment => ("assigned", was.owner.is_none() || (!was.chosen && !was.acted)),
            Job::TopUp => ("assigned", was.owner.is_none()),
            Job::Removal => ("removed", !was.worked),
        };
        assert!(may && entry.kind == kind, "{} {entry:?} {was:?}", job.word());
    }

    fn count(&mut self, lead: &Lead, by: i64) {
        if let Some(owner) = lead.owner.filter(|_| self.before.open.contains(&lead.status)) {
            *self.held.entry(owner).or_default() += by;
        }
    }

    /// An entry of a run. With the last of them the run is done, and its record is compared.
    fn belongs_to_run(&mut self, run: RunId, entry: &Entry, was: &Lead) {
        let mut cap_binds = self.by_itself(entry).is_some();
        let arrives = self.runs[&run].job == ON_ARRIVAL;
        if arrives {
            // Whoever brought the file in was told of the leads, and this is the second thing that happened to them.
            assert_eq!(entry.number, 2, "{entry:?}");
            self.arrived += 1;
        }
        let deed = self.of_many.get(&run);
        assert!(deed.is_some() != arrives, "nobody was told of run {run}");
        if let Some(Deed::Many { seen, cap_binds: binds, .. }) = deed {
            cap_binds = *binds;
            if !seen.is_empty() {
                let seen = seen.get(&entry.lead).copied();
                assert_eq!(seen, Some(Seen { owner: was.owner, status: was.status }), "R24: {entry:?}");
            }
        }
        let playing = self.runs.get_mut(&run).expect("a run has a record");
        if let Some(to) = entry.to_owner {
            *playing.got.entry(to).or_default() += 1;
        }
        playing.left -= 1;
        if playing.left > 0 {
            return;
        }
        for (agent, got) in &playing.got {
            let (held, after, cap) = (playing.held[agent], self.held[agent], self.before.caps[agent]);
            if cap_binds && after > held {
                assert!(
                    cap.is_none_or(|cap| after <= cap),
                    "{} {run} lifted agent {agent} from {held} to {after}, the cap is {cap:?}",
                    playing.job
                );
            }
            let line = self.lines.get(&run).and_then(|lines| lines.iter().find(|line| line.agent == *agent));
            if let Some(line) = line {
                assert_eq!(
                    (line.held, line.got, line.after, line.cap),
                    (held, *got, after, cap),
                    "the record of run {run}, agent {agent}"
                );
            } else {
                assert_eq!(playing.job, UNDO, "run {run} does not tell of agent {agent}");
            }
        }
    }

    /// An entry of its own: somebody was told of exactly this.
    fn was_acknowledged(&mut self, entry: &Entry, was: &Lead) {
        if entry.kind == "imported" {
            return; // counted by its import
        }
        let deed = self.of_one.get(&entry.at).unwrap_or_else(|| panic!("nobody was told of {entry:?}"));
        if let (Deed::Added { lead }, "assigned") = (deed, entry.kind.as_str()) {
            assert_eq!((*lead, entry.number), (entry.lead, 2), "on arrival: {entry:?}");
            let to = entry.to_owner.expect("somebody is given it");
            let (after, cap) = (self.held[&to], self.before.caps[&to]);
            assert!(cap.is_none_or(|cap| after <= cap), "on arrival {to} was lifted to {after}: {entry:?}");
            self.arrived += 1;
            return;
        }
        match (deed, entry.kind.as_str()) {
            (Deed::Assigned { lead, seen, to, held, exceed_cap }, "assigned") => {
                assert_eq!((*lead, Some(*to)), (entry.lead, entry.to_owner));
                assert_eq!(*seen, Seen { owner: was.owner, status: was.status }, "R24: {entry:?}");
                let after = self.held[to];
                assert_eq!(*held, after, "what they were told that the agent holds: {entry:?}");
                let is_open = entry.to_status.is_some_and(|status| self.before.open.contains(&status));
                let cap = self.before.caps[to].filter(|_| is_open && !exceed_cap);
                assert!(cap.is_none_or(|cap| after <= cap), "R23: {entry:?}");
            }
            (Deed::StatusSet { lead, seen, to }, "status") => {
                assert_eq!((*lead, Some(*to)), (entry.lead, entry.to_status));
                assert_eq!(*seen, Seen { owner: was.owner, status: was.status }, "R24: {entry:?}");
            }
            (Deed::Noted { lead, entry: number }, "note") => {
                assert_eq!((*lead, *number), (entry.lead, entry.number));
            }
            (Deed::Added { lead }, "added") => assert_eq!(*lead, entry.lead),
            _ => panic!("{deed:?} is not {entry:?}"),
        }
        assert!(self.found.insert(entry.at), "twice: {entry:?}");
    }

    /// The leads are where their timelines say.
    fn is_what_is_there(&self, leads: &HashMap<LeadId, Lead>) {
        assert_eq!(self.leads.len(), leads.len(), "leads");
        for (id, lead) in leads {
            let told = &self.leads[id];
            assert_eq!(
                (lead.owner, lead.status, lead.entries, lead.chosen),
                (told.owner, told.status, told.entries, told.chosen),
                "lead {id}: what is there, and what its timeline says"
            );
        }
        for (run, playing) in &self.runs {
            assert_eq!(playing.left, 0, "run {run}");
        }
    }

    /// Everything that was acknowledged is there, and that is all there is.
    async fn has_every_deed(&self, session: &mut Session, office: &Office) {
        assert!(self.arrived > 0, "some were assigned on arrival");
        let mut sum = self.arrived + self.gone;
        let taken_back = self.deeds.iter().map(|deed| match deed {
            Deed::TakenBack { leads, .. } => *leads,
            _ => 0,
        });
        assert_eq!(taken_back.sum::<u64>(), self.gone, "leads that somebody was told are gone");
        for deed in &self.deeds {
            match deed {
                Deed::Many { run, leads, .. } | Deed::Ran { run, leads } => {
                    let sql = "SELECT COUNT(*) FROM entry_order WHERE company_id = $1 AND run_id = $2";
                    assert_eq!(count_of(session, office, sql, run.0).await, *leads, "{deed:?}");
                    let sql =
                        "SELECT COUNT(*) FROM runs WHERE company_id = $1 AND id = $2 AND state = 'done'";
                    assert_eq!(count_of(session, office, sql, run.0).await, 1, "{deed:?}");
                    sum += leads;
                }
                Deed::Imported { import, leads } => {
                    let gone: u64 = self.deeds.iter().map(|deed| deed.takes_from(*import)).sum();
                    let sql = "SELECT COUNT(*) FROM leads WHERE company_id = $1 AND import_id = $2";
                    assert_eq!(count_of(session, office, sql, import.0).await + gone, *leads, "{deed:?}");
                    sum += leads;
                }
                Deed::TakenBack { .. } => {}
                _ => sum += 1,
            }
        }
        assert_eq!(self.found.len(), self.of_one.len(), "what was acknowledged one by one");
        assert_eq!(sum, self.entries as u64, "entries that somebody was told of, and entries that there are");
    }
}

impl Deed {
    /// Leads of this import that it took back.
    fn takes_from(&self, import: domain::ids::ImportId) -> u64 {
        match self {
            Deed::TakenBack { import: of, leads } if *of == import => *leads,
            _ => 0,
        }
    }
}

impl Lead {
    /// R45: back to the owner before the entry that is undone, who owns it as they did then; what was taken back between
    /// tells nothing.
    fn is_put_back(&mut self, entry: &Entry, was: &Lead, undone: i64) {
        assert_eq!(entry.from_status, Some(was.status), "{entry:?} {was:?}");
        if entry.from_owner == entry.to_owner {
            assert_eq!(entry.from_owner, None, "an entry names owners only if they change: {entry:?}");
            return;
        }
        assert_eq!(entry.from_owner, was.owner, "{entry:?} {was:?}");
        self.owner = entry.to_owner;
        (self.chosen, self.acted) = (false, false);
        let before = was
            .given
            .iter()
            .rev()
            .filter(|(.., run)| run.is_none_or(|run| !was.taken_back.contains(&run)))
            .find(|(number, to, ..)| *number < undone && Some(*to) == entry.to_owner);
        if let Some((since, owner, by_person, _)) = before {
            self.chosen = *by_person;
            self.acted =
                was.acts.iter().any(|(number, actor)| number > since && *number < undone && actor == owner);
        }
    }
}

/// The entry goes on where the one before ended.
fn goes_on(entry: &Entry, was: &Lead) {
    assert_eq!((entry.from_owner, entry.from_status), (was.owner, Some(was.status)), "{entry:?} {was:?}");
}

async fn leads_now(session: &mut Session, office: &Office) -> HashMap<LeadId, Lead> {
    let sql = "SELECT id, owner_id, status_id, entries, owner_chosen_at_ms FROM leads WHERE company_id = $1";
    session
        .rows(&Sql::built(sql.into()), &[office.company.id.into()], |row| {
            let lead = Lead {
                owner: row.get(1)?,
                status: row.get(2)?,
                entries: row.get(3)?,
                chosen: row.get::<Option<i64>>(4)?.is_some(),
                acted: false,
                worked: false,
                given: Vec::new(),
                acts: Vec::new(),
                done: HashMap::new(),
                taken_back: HashSet::new(),
            };
            Ok((row.get(0)?, lead))
        })
        .await
        .expect("read")
        .into_iter()
        .collect()
}

async fn entries(session: &mut Session, office: &Office) -> Vec<Entry> {
    let sql =
        "SELECT lead_id, entry, at_ms, kind, actor_id, run_id, from_owner_id, to_owner_id, from_status_id, to_status_id
        FROM entry_order WHERE company_id = $1 ORDER BY place";
    session
        .rows(&Sql::built(sql.into()), &[office.company.id.into()], |row| {
            Ok(Entry {
                lead: row.get(0)?,
                number: row.get(1)?,
                at: row.get(2)?,
                kind: row.get(3)?,
                actor: row.get(4)?,
                run: row.get(5)?,
                from_owner: row.get(6)?,
                to_owner: row.get(7)?,
                from_status: row.get(8)?,
                to_status: row.get(9)?,
            })
        })
        .await
        .expect("read")
}

async fn jobs(session: &mut Session, office: &Office) -> Vec<(RunId, String, Option<RunId>)> {
    let sql = Sql::built("SELECT id, job, undoes_id FROM runs WHERE company_id = $1".into());
    let read = |row: &store::value::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    session.rows(&sql, &[office.company.id.into()], read).await.expect("read")
}

async fn agent_lines(session: &mut Session, office: &Office) -> Vec<Line> {
    let sql = "SELECT run_id, user_id, held, lead_cap, got, after FROM run_agents WHERE company_id = $1";
    session
        .rows(&Sql::built(sql.into()), &[office.company.id.into()], |row| {
            Ok(Line {
                run: row.get(0)?,
                agent: row.get(1)?,
                held: row.get(2)?,
                cap: row.get(3)?,
                got: row.get(4)?,
                after: row.get(5)?,
            })
        })
        .await
        .expect("read")
}

async fn number(session: &mut Session, office: &Office, sql: &str) -> i64 {
    let sql = Sql::built(sql.into());
    session.one(&sql, &[office.company.id.into()], |row| row.get(0)).await.expect("a number")
}

async fn count_of(session: &mut Session, office: &Office, sql: &str, of: i64) -> u64 {
    let values = [office.company.id.into(), of.into()];
    let count: i64 = session.one(&Sql::built(sql.into()), &values, |row| row.get(0)).await.expect("a number");
    count.cast_unsigned()
}
