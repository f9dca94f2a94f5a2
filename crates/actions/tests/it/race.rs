//! Everybody at once: ten managers assign by hand and in bulk, set statuses and take runs back, agents work on what is
//! theirs, files come in, leads are captured one by one and assigned on arrival, and the jobs run on and on. What each of them was told is kept
//! ([`ledger`]), and afterwards the timelines are played through from their beginning and compared with it ([`replay`]).
//!
//! Bounded by a number of rounds; `EVENHAND_RACE_SECONDS=60` goes on for so long instead, on each engine. Who draws what
//! is the same every time; who comes first is not.

mod ledger;
mod replay;

use crate::office::{NOW, Office, on_both};
use actions::{
    add_lead::{AddLead, Added, add_lead},
    add_note::{AddNote, NoteAdded, add_note},
    assign_lead::{AssignLead, Assignment, assign_lead},
    assign_leads::{AssignLeads, BulkAssignment, assign_leads},
    import_leads::{Import, import_leads},
    lead_file::Limits,
    runs::Order,
    save_job::Change,
    selection::{Bulk, Selection},
    set_status::{SetStatus, StatusSet, set_status},
    set_statuses::{SetStatuses, StatusesSet, set_statuses},
    spread_leads::{SpreadLeads, Spreading, spread_leads},
    tag_leads::{LeadsTagged, TagLeads, tag_leads},
    undo_import::{self, undo_import},
    undo_run::{UndoRun, Undone, undo_run},
};
use domain::{
    ids::{CompanyId, LeadId, StatusId, UserId},
    job::Job,
    lead_list::{Filter, Owner, Sort},
    phone::Country,
    time::Moment,
    viewer::Viewer,
};
use ledger::{Deed, Ledger, Seen};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use store::{
    dialect::Engine,
    doctor, imports, lists, queues,
    runs::{self, StartedBy},
    sql::Sql,
    tags::Way,
};
use tokio::sync::oneshot;

const ROSTER: &str = "A cap 60; B cap 40; C cap 25 in Pune; D cap 10; E cap 90; F cap 1; G cap 0; H banned; I; J cap 30 in Goa;
    M1 Manager; M2 Manager; M3 Manager; M4 Manager; M5 Manager; M6 Manager; M7 Manager; M8 Manager;
    M9 Manager in Pune; M10 Manager in Goa";
const LEADS: &str =
    "60 Unassigned; 40 Unassigned in Pune; 50 Missed; 30 Missed of A; 30 Missed of B; 8 Busy of D;
    20 Missed of J; 5 Missed of H; 20 Busy of E; 10 Interested of B; 4 Busy of H";
/// What the assignment deals; nothing in another status is its business.
const DEALT: [&str; 2] = ["Unassigned", "Missed"];
/// What the removal takes back when nobody has worked on it for three days: some of the leads that were there before.
const REMOVED: [&str; 2] = ["Busy", "Interested"];
const STALE_DAYS: i64 = 3;
/// What goes by itself, one run after the other.
const JOBS: [Job; 4] = [Job::Assignment, Job::TopUp, Job::Assignment, Job::Removal];
/// What people set: what the job deals comes up more often, so that it does not run out.
const SET: [&str; 9] = [
    "Unassigned",
    "Unassigned",
    "Missed",
    "Missed",
    "Busy",
    "Interested",
    "NotInterested",
    "Customer",
    "Assigned",
];

/// How often each manager looks at a list, in the bounded form; with each look they do up to four things.
const LOOKS: usize = 24;
/// Rows that they see.
const ROWS: i64 = 40;
const IMPORTED: usize = 60;

#[test]
fn r24_r32_r41_everybody_at_once_keeps_every_rule() {
    on_both(|database| async move {
        let office = Office::open(&database, ROSTER)
            .await
            .with(LEADS)
            .await
            .deals(&DEALT, allot::Strategy::EqualShares)
            .await;
        let stale = Change {
            statuses: Some(REMOVED.map(str::to_owned).to_vec()),
            stale_days: Some(STALE_DAYS),
            ..Change::default()
        };
        office.saves(Job::Removal, stale, NOW).await;
        let instant = Change { instant: Some(true), ..Change::default() };
        office.saves(Job::Assignment, instant, NOW).await;
        let before = replay::Before::note(&office, &DEALT, &REMOVED).await;
        let mut viewers = HashMap::new();
        for name in office.people.keys() {
            viewers.insert(name.clone(), office.viewer(name).await);
        }
        let race = Arc::new(Race {
            office,
            viewers,
            clock: Arc::new(AtomicI64::new(NOW.0)),
            length: Length::of_this_run(),
            working: AtomicUsize::new(0),
            ledger: Ledger::default(),
        });

        let mut tasks = tokio::task::JoinSet::new();
        for number in 1..=10_u64 {
            let (work, viewer) = (race.works(), race.viewers[&format!("M{number}")]);
            tasks.spawn(async move { work.race.manages(viewer, Draw(number)).await });
        }
        for (number, name) in (11..).zip(["A", "B", "E"]) {
            let (work, viewer) = (race.works(), race.viewers[name]);
            tasks.spawn(async move { work.race.works_on_own(viewer, Draw(number)).await });
        }
        for number in 0..2 {
            let work = race.works();
            tasks.spawn(async move { work.race.brings_files(number, Draw(21 + number)).await });
        }
        let work = race.works();
        tasks.spawn(async move { work.race.captures().await });
        let run = Arc::clone(&race);
        tasks.spawn(async move { run.runs_the_jobs().await });
        let watched = Arc::clone(&race);
        tasks.spawn(async move { watched.examines().await });
        tasks.join_all().await;

        let race = Arc::into_inner(race).expect("everybody has gone home");
        eprintln!("The race on {}:\n{}", race.office.store.engine(), race.ledger.counts());
        race.office.well().await;
        replay::check(&race.office, &before, &race.ledger).await;
        race.ledger.was_a_race();
        // And the house still works.
        race.office.run().await;
    });
}

/// On SQLite writes come one after the other; here somebody waits for a queue while the lead goes with its import.
#[test]
fn r24_a_lead_that_goes_while_somebody_waits_for_a_queue_is_not_found() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; A").await;
        if office.store.engine() == Engine::Sqlite {
            return;
        }
        let (store, company, a) = (office.store.clone(), office.company.id, office.people["A"]);
        let brought = import_leads(
            &store,
            std::io::Cursor::new("First Name,Phone\nLea,+919876543210\n"),
            file(company, "Expo", None),
            Arc::new(|| NOW),
            Arc::new(|_| {}),
        )
        .await
        .expect("imported");
        let viewer = office.viewer("Root").await;
        let mut reader = store.read().await.expect("a reader");
        let (filter, sort) = (Filter::default(), Sort::Newest);
        let page = lists::page(reader.session(), company, &filter, sort, viewer.sight(), None, 1).await;
        let line = page.expect("a page").lines.pop().expect("a lead");

        let ((holds, is_held), (let_go, told)) = (oneshot::channel(), oneshot::channel::<()>());
        let held = store.clone();
        let holding = tokio::spawn(async move {
            held.write(move |session| {
                Box::pin(async move {
                    queues::lock(session, company, vec![a]).await?;
                    holds.send(()).expect("somebody waits");
                    let _ = told.await;
                    Ok::<_, store::Error>(())
                })
            })
            .await
        });
        is_held.await.expect("held");
        let order = AssignLead {
            company,
            viewer,
            lead: line.id,
            version: line.version,
            to: a,
            exceed_cap: false,
            now: NOW,
        };
        let assigning = store.clone();
        let assigning = tokio::spawn(async move { assign_lead(&assigning, order).await });
        let waits = Sql::built(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                .into(),
        );
        while reader.session().one(&waits, &[], |row| row.get::<i64>(0)).await.expect("asked") == 0 {}
        let undone = undo_import(&store, company, brought.import, viewer, NOW).await.expect("undone");
        assert_eq!(undone, undo_import::Undone::Done { taken_back: 1, kept: 0 });
        let_go.send(()).expect("somebody holds");
        holding.await.expect("no panic").expect("let go");
        let answer = assigning.await.expect("no panic").expect("an answer");
        assert_eq!(answer, Assignment::NotFound);
        office.well().await;
    });
}

/// How a file is brought in.
fn file(company: CompanyId, source: &str, branch: Option<&str>) -> Import {
    Import {
        company,
        viewer: Viewer::Operator,
        may_convert: false,
        file_name: "race.csv".into(),
        country: Country::from_code("IN").expect("a country"),
        source: Some(source.to_owned()),
        branch: branch.map(str::to_owned),
        department: None,
        keeps_details: false,
        limits: Limits::default(),
    }
}

/// A generator of numbers that are the same every time (Numerical Recipes' ranqd1 over 64 bits).
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    fn one_of<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        &list[self.below(list.len())]
    }
}

/// How long it goes on: nothing that is checked depends on it.
enum Length {
    Rounds(usize),
    Until(Instant),
}

impl Length {
    fn of_this_run() -> Length {
        match std::env::var("EVENHAND_RACE_SECONDS") {
            Ok(seconds) => {
                let seconds = seconds.parse().expect("EVENHAND_RACE_SECONDS is a number of seconds");
                Length::Until(Instant::now() + Duration::from_secs(seconds))
            }
            Err(_) => Length::Rounds(LOOKS),
        }
    }

    fn goes_on(&self, round: usize) -> bool {
        match self {
            Length::Rounds(rounds) => round < *rounds,
            Length::Until(end) => Instant::now() < *end,
        }
    }
}

/// The company while everybody works in it.
struct Race {
    office: Office,
    viewers: HashMap<String, Viewer>,
    clock: Arc<AtomicI64>,
    length: Length,
    /// How many are still at work; the job runs until they go home.
    working: AtomicUsize,
    ledger: Ledger,
}

/// Somebody at work.
struct Work {
    race: Arc<Race>,
}

impl Drop for Work {
    fn drop(&mut self) {
        self.race.working.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A list as somebody saw it.
struct Look {
    filter: Filter,
    shown: i64,
    as_of: Moment,
    lines: Vec<lists::LeadLine>,
}

impl Look {
    /// Some of its rows, each once, and what was seen of them.
    fn ticked(&self, draw: &mut Draw) -> (Selection, HashMap<LeadId, Seen>) {
        let every = 1 + draw.below(4);
        let first = draw.below(every);
        let lines: Vec<_> = self.lines.iter().skip(first).step_by(every).collect();
        let seen = lines.iter().map(|line| (line.id, Seen::of(line))).collect();
        (Selection::Ticked(lines.iter().map(|line| (line.id, line.version)).collect()), seen)
    }

    fn all(&self) -> Selection {
        Selection::Matching { filter: self.filter.clone(), shown: Some(self.shown), as_of: self.as_of }
    }

    /// Ticked rows two times out of three, otherwise everything that matches; and what that is called.
    fn choose(
        &self,
        draw: &mut Draw,
        many: &'static str,
        all: &'static str,
    ) -> (&'static str, Selection, HashMap<LeadId, Seen>) {
        if draw.below(3) == 0 {
            return (all, self.all(), HashMap::new());
        }
        let (selection, seen) = self.ticked(draw);
        (many, selection, seen)
    }
}

impl Race {
    fn works(self: &Arc<Race>) -> Work {
        self.working.fetch_add(1, Ordering::Relaxed);
        Work { race: Arc::clone(self) }
    }

    /// A moment that nobody else gets, later than all before it: it names an action in the timelines.
    fn now(&self) -> Moment {
        tick(&self.clock)
    }

    /// An agent; now and then the one who is banned.
    fn agent(&self, draw: &mut Draw) -> UserId {
        let banned = draw.below(40) == 0;
        let agents: Vec<UserId> = (self.office.people.iter())
            .filter(|(name, _)| name.len() == 1 && (*name == "H") == banned)
            .map(|(_, id)| *id)
            .collect();
        *draw.one_of(&agents)
    }

    fn status(&self, draw: &mut Draw) -> StatusId {
        self.office.status(draw.one_of::<&str>(&SET))
    }

    async fn look(&self, viewer: Viewer, draw: &mut Draw) -> Look {
        let mut filter = Filter::default();
        match draw.below(4) {
            0 => {}
            1 => filter.status = Some(self.status(draw)),
            2 => filter.owner = Some(Owner::Nobody),
            _ => filter.owner = Some(Owner::User(self.agent(draw))),
        }
        let sort = *draw.one_of(&[Sort::Newest, Sort::Oldest, Sort::LastActivity, Sort::Quietest]);
        let as_of = self.now();
        let (company, sight) = (self.office.company.id, viewer.sight());
        let mut reader = self.office.store.snapshot().await.expect("a reader");
        let session = reader.session();
        let page = lists::page(session, company, &filter, sort, sight, None, ROWS).await.expect("a page");
        let shown = lists::count(session, company, &filter, sight, 1_000_000).await.expect("a count");
        Look { filter, shown, as_of, lines: page.lines }
    }

    async fn manages(&self, viewer: Viewer, mut draw: Draw) {
        let mut round = 0;
        while self.length.goes_on(round) {
            round += 1;
            let look = self.look(viewer, &mut draw).await;
            if look.lines.is_empty() {
                continue;
            }
            // The more they do on what they saw once, the older it is.
            for _ in 0..=draw.below(4) {
                match draw.below(16) {
                    0..=3 => self.assigns_one(viewer, &look, &mut draw).await,
                    4 | 5 => self.assigns_many(viewer, &look, &mut draw).await,
                    6 | 7 => self.spreads(viewer, &look, &mut draw).await,
                    8 | 9 => self.sets_one(viewer, &look, &mut draw).await,
                    10 | 11 => self.sets_many(viewer, &look, &mut draw).await,
                    12 => self.tags(viewer, &look, &mut draw).await,
                    13 => self.takes_a_run_back(viewer, &mut draw).await,
                    14 => self.takes_an_import_back(viewer, &mut draw).await,
                    _ => self.runs_once(*draw.one_of(&JOBS), viewer, StartedBy::Person).await,
                }
            }
        }
    }

    async fn works_on_own(&self, viewer: Viewer, mut draw: Draw) {
        let mut round = 0;
        while self.length.goes_on(round) {
            round += 1;
            let look = self.look(viewer, &mut draw).await;
            if look.lines.is_empty() {
                continue;
            }
            self.sets_one(viewer, &look, &mut draw).await;
            self.notes(viewer, &look, &mut draw).await;
        }
    }

    async fn assigns_one(&self, viewer: Viewer, look: &Look, draw: &mut Draw) {
        let line = draw.one_of(&look.lines);
        let (to, exceed_cap, now) = (self.agent(draw), draw.below(4) == 0, self.now());
        let order = AssignLead {
            company: self.office.company.id,
            viewer,
            lead: line.id,
            version: line.version,
            to,
            exceed_cap,
            now,
        };
        let (how, deed) = match assign_lead(&self.office.store, order).await {
            Ok(Assignment::Done { held }) => {
                ("done", Some(Deed::Assigned { lead: line.id, seen: Seen::of(line), to, held, exceed_cap }))
            }
            Ok(Assignment::Unchanged) => ("unchanged", None),
            Ok(Assignment::NotFound) => ("not found", None),
            Ok(Assignment::NotOffered) => ("not offered", None),
            Ok(Assignment::OverCap { .. }) => ("over the cap", None),
            Ok(Assignment::Conflict { .. }) => ("changed by somebody else", None),
            Err(error) => (refused(error), None),
        };
        self.ledger.note("assign one", how, now, deed);
    }

    async fn assigns_many(&self, viewer: Viewer, look: &Look, draw: &mut Draw) {
        let (verb, selection, seen) = look.choose(draw, "assign many", "assign all");
        let (to, exceed_cap, now) = (self.agent(draw), draw.below(4) == 0, self.now());
        let order = AssignLeads { viewer, selection, to, exceed_cap, now };
        let (how, deed) = match assign_leads(&self.office.store, self.office.company.id, order).await {
            Ok(BulkAssignment::Done(bulk)) => done(&bulk, seen, !exceed_cap),
            Ok(BulkAssignment::MoreThanShown(_)) => ("more than shown", None),
            Ok(BulkAssignment::NotOffered) => ("not offered", None),
            Ok(BulkAssignment::OverCap { .. }) => ("over the cap", None),
            Err(error) => (refused(error), None),
        };
        self.ledger.note(verb, how, now, deed);
    }

    async fn spreads(&self, viewer: Viewer, look: &Look, draw: &mut Draw) {
        let (verb, selection, seen) = look.choose(draw, "spread many", "spread all");
        let mut over: Vec<UserId> = (0..4).map(|_| self.agent(draw)).collect();
        over.sort_unstable();
        over.dedup();
        let (exceed_caps, now) = (draw.below(4) == 0, self.now());
        let order = SpreadLeads { viewer, selection, over, exceed_caps, now };
        let (how, deed) = match spread_leads(&self.office.store, self.office.company.id, order).await {
            Ok(Spreading::Done(spread)) => done(&spread.bulk, seen, !exceed_caps),
            Ok(Spreading::MoreThanShown(_)) => ("more than shown", None),
            Ok(Spreading::NotOffered(_)) => ("not offered", None),
            Err(error) => (refused(error), None),
        };
        self.ledger.note(verb, how, now, deed);
    }

    async fn sets_one(&self, viewer: Viewer, look: &Look, draw: &mut Draw) {
        let line = draw.one_of(&look.lines);
        let (to, now) = (self.status(draw), self.now());
        let order = SetStatus { viewer, may_convert: true, lead: line.id, version: line.version, to, now };
        let (how, deed) = match set_status(&self.office.store, self.office.company.id, order).await {
            Ok(StatusSet::Done { .. }) => {
                ("done", Some(Deed::StatusSet { lead: line.id, seen: Seen::of(line), to }))
            }
            Ok(StatusSet::Unchanged) => ("unchanged", None),
            Ok(StatusSet::NotFound) => ("not found", None),
            Ok(StatusSet::Conflict { .. }) => ("changed by somebody else", None),
            Ok(other) => panic!("{other:?}"),
            Err(error) => (refused(error), None),
        };
        self.ledger.note("set one status", how, now, deed);
    }

    async fn sets_many(&self, viewer: Viewer, look: &Look, draw: &mut Draw) {
        let (verb, selection, seen) = look.choose(draw, "set statuses of many", "set statuses of all");
        let (to, now) = (self.status(draw), self.now());
        let order = SetStatuses { viewer, may_convert: true, selection, to, now };
        let (how, deed) = match set_statuses(&self.office.store, self.office.company.id, order).await {
            Ok(StatusesSet::Done(bulk)) => done(&bulk, seen, false),
            Ok(StatusesSet::MoreThanShown(_)) => ("more than shown", None),
            Ok(StatusesSet::NoSuchStatus) => panic!("statuses do not vanish"),
            Err(error) => (refused(error), None),
        };
        self.ledger.note(verb, how, now, deed);
    }

    async fn tags(&self, viewer: Viewer, look: &Look, draw: &mut Draw) {
        let (way, now) = (if draw.below(3) == 0 { Way::Off } else { Way::On }, self.now());
        let (selection, _) = look.ticked(draw);
        let order = TagLeads { viewer, selection, tag: "hot".into(), way, now };
        // A tag conflicts with nothing, so nothing is said of what was seen (R24).
        let (how, deed) = match tag_leads(&self.office.store, self.office.company.id, order).await {
            Ok(LeadsTagged::Done(bulk)) => done(&bulk, HashMap::new(), false),
            Ok(LeadsTagged::MoreThanShown(_)) => ("more than shown", None),
            Err(error) => (refused(error), None),
        };
        self.ledger.note("tag", how, now, deed);
    }

    async fn notes(&self, viewer: Viewer, look: &Look, draw: &mut Draw) {
        let (lead, now) = (draw.one_of(&look.lines).id, self.now());
        let order = AddNote { viewer, lead, text: "will call again".into(), now };
        let (how, deed) = match add_note(&self.office.store, self.office.company.id, order).await {
            Ok(NoteAdded::Done { entry }) => ("done", Some(Deed::Noted { lead, entry })),
            Ok(NoteAdded::NotFound) => ("not found", None),
            Ok(other) => panic!("{other:?}"),
            Err(error) => (refused(error), None),
        };
        self.ledger.note("note", how, now, deed);
    }

    async fn takes_a_run_back(&self, viewer: Viewer, draw: &mut Draw) {
        let mut reader = self.office.store.read().await.expect("a reader");
        let latest = runs::history(reader.session(), self.office.company.id, None, 12).await.expect("runs");
        drop(reader);
        if latest.is_empty() {
            return;
        }
        let (run, may_undo_all, now) = (draw.one_of(&latest).run.id, draw.below(4) > 0, self.now());
        let order = UndoRun { run, viewer, may_undo_all, may_convert: true, now };
        let (how, deed) = match undo_run(&self.office.store, self.office.company.id, order).await {
            Ok(Undone::Done(undoing)) => {
                let leads = undoing.told.numbers.changed;
                ("done", Some(Deed::Many { run: undoing.run, leads, seen: HashMap::new(), cap_binds: false }))
            }
            Ok(Undone::Nothing(_)) => ("nothing to put back", None),
            Ok(Undone::NotYours) => ("not theirs", None),
            Ok(Undone::NotFinished) => ("in progress, or failed", None),
            Ok(Undone::IsAnUndo) => ("an undo itself", None),
            Ok(Undone::Already { .. }) => ("undone already", None),
            Ok(Undone::NotFound) => panic!("runs do not vanish"),
            Err(error) => (refused(error), None),
        };
        self.ledger.note("undo a run", how, now, deed);
    }

    async fn takes_an_import_back(&self, viewer: Viewer, draw: &mut Draw) {
        let mut reader = self.office.store.read().await.expect("a reader");
        let latest = imports::list(reader.session(), self.office.company.id, None, 4).await.expect("imports");
        drop(reader);
        if latest.is_empty() {
            return;
        }
        let (import, now) = (draw.one_of(&latest).id, self.now());
        let (store, company) = (&self.office.store, self.office.company.id);
        let (how, deed) = match undo_import(store, company, import, viewer, now).await {
            Ok(undo_import::Undone::Done { taken_back, .. }) => {
                ("done", Some(Deed::TakenBack { import, leads: taken_back }))
            }
            Ok(undo_import::Undone::NotDone) => ("taken back already", None),
            Err(error) => (refused(error), None),
        };
        self.ledger.note("take an import back", how, now, deed);
    }

    async fn brings_files(&self, number: u64, mut draw: Draw) {
        let mut round = 0;
        while self.length.goes_on(round) {
            round += 1;
            // Half of the numbers come again in the next file, or in somebody else's.
            let first = round * IMPORTED / 2;
            let branch = *draw.one_of(&[None, None, Some("Pune"), Some("Goa")]);
            let rows: Vec<String> =
                (first..first + IMPORTED).map(|row| format!("N{row},+9188{row:08}")).collect();
            let rows = format!("First Name,Phone\n{}\n", rows.join("\n")).into_bytes();
            let order = file(self.office.company.id, &format!("Expo {number}"), branch);
            let clock = Arc::clone(&self.clock);
            let done = import_leads(
                &self.office.store,
                std::io::Cursor::new(rows),
                order,
                Arc::new(move || tick(&clock)),
                Arc::new(|_| {}),
            )
            .await;
            let (how, deed) = match done {
                Ok(done) => {
                    assert_eq!(done.imported + done.skipped, IMPORTED as u64, "every row is new or known");
                    ("done", Some(Deed::Imported { import: done.import, leads: done.imported }))
                }
                Err(error) => (refused(error), None),
            };
            self.ledger.note("import", how, self.now(), deed);
        }
    }

    /// Leads that come in one at a time, and are assigned at once where there is room.
    async fn captures(&self) {
        let mut round = 0;
        while self.length.goes_on(round / 2) {
            round += 1;
            let now = self.now();
            let form = AddLead {
                company: self.office.company.id,
                viewer: Viewer::Operator,
                may_convert: false,
                default_country: Country::from_code("IN").expect("a country"),
                first_name: format!("W{round}"),
                last_name: String::new(),
                phone: format!("+9177{round:08}"),
                email: String::new(),
                status: None,
                tags: Vec::new(),
                branch: String::new(),
                department: String::new(),
                source: "web".into(),
                country: None,
                owner: None,
                exceed_cap: false,
                now,
            };
            let (how, deed) = match add_lead(&self.office.store, form).await {
                Ok(Added::Done { lead, .. }) => ("done", Some(Deed::Added { lead })),
                Ok(other) => panic!("{other:?}"),
                Err(error) => (refused(error), None),
            };
            self.ledger.note("capture", how, now, deed);
        }
    }

    /// The jobs, one run after the other, until everybody has gone home.
    async fn runs_the_jobs(&self) {
        for job in JOBS.into_iter().cycle() {
            if self.working.load(Ordering::Relaxed) == 0 {
                return;
            }
            self.runs_once(job, Viewer::Operator, StartedBy::Schedule).await;
            // A refusal comes at once, and whoever runs needs this thread, too.
            tokio::task::yield_now().await;
        }
    }

    async fn runs_once(&self, job: Job, viewer: Viewer, by: StartedBy) {
        let office = &self.office;
        let clock = || self.now();
        let order = Order::now(job, viewer, by);
        let ran = actions::runs::run(&office.store, &office.company, order, &clock).await;
        let (how, deed) = match ran {
            Ok(report) => {
                let (run, leads) = (report.run.expect("a run has a record"), report.numbers.assigned);
                let how = if report.numbers.changed_meanwhile > 0 {
                    "done, but for what people changed meanwhile"
                } else {
                    "done"
                };
                (how, Some(Deed::Ran { run, leads }))
            }
            Err(actions::Error::Refused(_)) => ("a run is in progress", None),
            Err(error) => (refused(error), None),
        };
        let verb = match job {
            Job::Assignment => "run the assignment",
            Job::TopUp => "run the top-up",
            Job::Removal => "run the removal",
        };
        self.ledger.note(verb, how, self.now(), deed);
    }

    /// While all this goes on, every snapshot is sound.
    async fn examines(&self) {
        while self.working.load(Ordering::Relaxed) > 0 {
            let mut reader = self.office.store.snapshot().await.expect("a reader");
            let found = doctor::examine(reader.session(), self.office.company.id).await.expect("examined");
            assert_eq!(found, Vec::<String>::new(), "in the middle of the race");
            self.ledger.note("examine", "well", self.now(), None);
        }
    }
}

fn tick(clock: &AtomicI64) -> Moment {
    Moment(clock.fetch_add(1, Ordering::Relaxed) + 1)
}

/// What came of a bulk change that was not refused as a whole.
fn done(bulk: &Bulk, seen: HashMap<LeadId, Seen>, cap_binds: bool) -> (&'static str, Option<Deed>) {
    let skipped = bulk.told.numbers.skipped_in_all() > 0;
    match bulk.run {
        None if skipped => ("all skipped", None),
        None => ("unchanged", None),
        Some(run) => {
            let how = if skipped { "done, but for what was skipped" } else { "done" };
            (how, Some(Deed::Many { run, leads: bulk.changed(), seen, cap_binds }))
        }
    }
}

/// An error that may happen to people who work at the same time. It changed nothing; anything else is a fault.
fn refused(error: actions::Error) -> &'static str {
    match error {
        actions::Error::Store(store::Error::Busy { .. } | store::Error::QueueFull { .. }) => "busy",
        other => panic!("no deadlock, no fault: {other}"),
    }
}
