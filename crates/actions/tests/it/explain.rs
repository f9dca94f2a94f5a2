//! Why this agent, and why nobody (R44): what is said is held against the tables of leads and people, never against the
//! record that it was taken from.

use crate::{
    by_hand::give,
    office::{NOW, Office, on_both},
};
use actions::{
    assign_lead::Assignment,
    assign_leads::{AssignLeads, BulkAssignment, assign_leads},
    explain_lead::{By, ExplainLead, Explained, Why, explain_lead},
    runs::Order,
    save_job::Change,
    selection::Selection,
    tag_leads::{LeadsTagged, TagLeads, tag_leads},
    undo_run::{UndoRun, Undone, undo_run},
};
use allot::Strategy::{EqualShares, LevelQueues};
use domain::{
    explanation::{Candidate, Verdict},
    ids::{LeadId, RunId, UserId},
    job::Job,
    pool::Member,
    time::Moment,
    viewer::{Sight, Viewer},
};
use proptest::{
    prelude::{Strategy as _, any},
    strategy::ValueTree,
    test_runner::TestRunner,
};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
};
use store::{
    leads::LeadInFull,
    runs::{self, Start, StartedBy},
    tags::Way,
    users,
};

impl Office {
    async fn explain(&self, lead: LeadId, run: Option<RunId>, sight: Sight) -> Explained {
        let order = ExplainLead { lead, run, sight };
        explain_lead(&self.store, &self.company, order).await.expect("an answer")
    }

    async fn why(&self, lead: &str) -> Why {
        match self.explain(self.leads[lead], None, Sight::All).await {
            Explained::Done(why) => *why,
            other => panic!("{lead}: {other:?}"),
        }
    }

    /// `Why Asha? Asha is the only one who may have it.`
    async fn told(&self, lead: &str) -> String {
        let why = self.why(lead).await.explanation;
        format!("{} {}", why.title, why.paragraph)
    }

    /// What a run did, in words.
    async fn told_of(&self, lead: &str, run: RunId) -> String {
        match self.explain(self.leads[lead], Some(run), Sight::All).await {
            Explained::Done(why) => why.explanation.paragraph,
            other => panic!("{lead}: {other:?}"),
        }
    }

    async fn members(&self) -> BTreeMap<UserId, Member> {
        let mut reader = self.store.read().await.expect("a reader");
        let members = users::members(reader.session(), self.company.id).await.expect("members");
        members.into_iter().map(|member| (member.id, member)).collect()
    }

    async fn every_lead(&self) -> BTreeMap<String, LeadInFull> {
        let mut all = BTreeMap::new();
        for name in self.leads.keys() {
            all.insert(name.clone(), self.lead(name).await);
        }
        all
    }

    /// Runs; between the decision and the claim somebody does something.
    async fn run_while<F: Future<Output = ()>>(&self, meanwhile: impl Fn() -> F + Send + Sync) -> RunId {
        let calls = AtomicU32::new(0);
        // The clock is read when the record is opened, when the pool is read and when the claim begins.
        let clock = || {
            if calls.fetch_add(1, Ordering::Relaxed) == 2 {
                tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(meanwhile()));
            }
            NOW
        };
        let order = Order::now(Job::Assignment, Viewer::Operator, StartedBy::Schedule);
        let running = actions::runs::run(&self.store, &self.company, order, &clock);
        let report = tokio::task::unconstrained(running).await.expect("it runs");
        self.well().await;
        report.run.expect("a run")
    }
}

/// Everything that is said of one lead agrees with what happened.
struct Check<'c> {
    run: RunId,
    before: &'c LeadInFull,
    after: &'c LeadInFull,
    people_before: &'c BTreeMap<UserId, Member>,
    people_after: &'c BTreeMap<UserId, Member>,
    /// New leads of this run, from the timelines.
    given: &'c BTreeMap<UserId, u64>,
    dealt_statuses: &'c [&'c str],
    strategy: allot::Strategy,
    said: &'c str,
}

impl Check<'_> {
    /// What became of the lead, for counting: a word.
    fn holds(&self, why: &Why) -> &'static str {
        let said = format!("{}\n{}: {:#?}", self.said, self.before.line.first_name, why);
        let (before, after) = (&self.before.line, &self.after.line);
        let by_this_run = self.after.events.last().is_some_and(|event| event.run == Some(self.run.0));
        let was_eligible = self.dealt_statuses.contains(&before.status.as_str());
        if !was_eligible {
            assert!(why.explanation.candidates.is_empty(), "{said}");
            assert!(!by_this_run, "{said}");
            return "not looked at";
        }
        assert!(matches!(why.by, By::Run { run, .. } if run == self.run), "{said}");
        let title = why.explanation.title.as_str();
        if title == "Why not?" {
            assert!(why.explanation.candidates.is_empty(), "{said}");
            assert!(!by_this_run && before.owner_id == after.owner_id, "{said}");
            return "left alone";
        }
        for candidate in &why.explanation.candidates {
            self.verdict(candidate, &said);
        }
        let with = |wanted: fn(&Verdict) -> bool| -> Vec<UserId> {
            let candidates = why.explanation.candidates.iter();
            candidates.filter(|one| wanted(&one.verdict)).map(|one| one.id).collect()
        };
        let chosen = with(|verdict| *verdict == Verdict::Chosen);
        let keeps = with(|verdict| *verdict == Verdict::Keeps);
        if by_this_run {
            let owner = after.owner_id.expect("R29: never ownerless");
            assert_eq!((&chosen, &keeps), (&vec![owner], &vec![]), "{said}");
            assert_eq!(title, format!("Why {}?", after.owner.as_deref().expect("a name")), "{said}");
            let member = &self.people_after[&owner];
            assert!(member.cap.is_none_or(|cap| member.held <= cap), "{said}");
            assert!(self.may(owner), "{said}");
            return "given";
        }
        assert_eq!(before, after, "{said}");
        assert_eq!(chosen, [], "{said}");
        if let Some(owner) = before.owner_id {
            assert_eq!(keeps, [owner], "{said}");
            let name = before.owner.as_deref().expect("a name");
            assert_eq!(title, format!("Why still {name}?"), "{said}");
            "kept"
        } else {
            assert_eq!((title, &keeps), ("Why nobody?", &vec![]), "{said}");
            "left over"
        }
    }

    /// R27, R28, room aside.
    fn may(&self, user: UserId) -> bool {
        let member = &self.people_before[&user];
        let wanted = self.before.line.branch.as_deref();
        let branch = wanted.is_none() || self.branch_of(user) == wanted;
        member.receives && !member.banned && branch && self.before.line.owner_id != Some(user)
    }

    fn branch_of(&self, user: UserId) -> Option<&str> {
        let name = &self.people_before[&user].name;
        // The roster says where people are: `P1 cap 3 in Pune`.
        let line = self.said.split(['|', ';']).find(|line| line.split_whitespace().next() == Some(name))?;
        line.split_once(" in ").map(|(_, rest)| rest.split_whitespace().next().expect("a place"))
    }

    fn verdict(&self, candidate: &Candidate, said: &str) {
        let (before, after) = (&self.people_before[&candidate.id], &self.people_after[&candidate.id]);
        let given = self.given.get(&candidate.id).copied().unwrap_or(0);
        let said = format!("{said}\n{candidate:#?}");
        assert_eq!((&candidate.name, candidate.held, candidate.cap), (&before.name, before.held, before.cap));
        assert_eq!((u64::from(candidate.gets), candidate.after), (given, after.held), "{said}");
        let level = |member: &Member| match self.strategy {
            EqualShares => self.given.get(&member.id).copied().unwrap_or(0),
            LevelQueues => member.held as u64,
        };
        let is_owner = self.before.line.owner_id == Some(candidate.id);
        let has_room = after.cap.is_none_or(|cap| after.held < cap);
        let is_true = match candidate.verdict {
            Verdict::Chosen => self.after.line.owner_id == Some(candidate.id),
            Verdict::Keeps => is_owner && self.after.line.owner_id == Some(candidate.id),
            Verdict::PresentOwner => is_owner && self.after.line.owner_id != Some(candidate.id),
            Verdict::Waited { level: shown } | Verdict::Level { level: shown, .. } => {
                // What the run evened out, against whoever got it.
                let chosen = &self.people_after[&self.after.line.owner_id.expect("somebody got it")];
                let fewer = level(chosen) - 1;
                self.may(candidate.id)
                    && has_room
                    && shown == level(after)
                    && match candidate.verdict {
                        Verdict::Waited { .. } => {
                            shown == fewer
                                && self.people_before[&chosen.id].last_received_at <= before.last_received_at
                        }
                        Verdict::Level { against, .. } => shown > fewer && against == fewer,
                        _ => false,
                    }
            }
            Verdict::HadItBefore => {
                let had = |event: &store::leads::Event| event.from_owner.as_deref() == Some(&before.name);
                self.may(candidate.id) && self.before.events.iter().any(had)
            }
            Verdict::Full { cap } => self.may(candidate.id) && after.cap == Some(cap) && after.held == cap,
            Verdict::AtCap { cap } => self.may(candidate.id) && before.cap == Some(cap) && before.held == cap,
            Verdict::AboveCap { cap } => before.cap == Some(cap) && before.held > cap,
            Verdict::NothingAutomatic => before.cap == Some(0),
            Verdict::NotIn(label) => {
                let wanted = self.before.line.branch.as_deref();
                label.branch.is_some() && wanted.is_some() && self.branch_of(candidate.id) != wanted
            }
            Verdict::Banned => before.banned,
            Verdict::NoReceiver => !before.receives,
            Verdict::Meant | Verdict::Needed => false, // nothing came in between, and the plan was the best one
        };
        assert!(is_true, "{said}");
    }
}

/// Every lead of random small companies, on both strategies: branches, caps, bans, former owners, leads that stay and
/// leads that are left over.
#[test]
fn r44_every_lead_of_a_run_is_explained_as_it_happened() {
    let agents = proptest::collection::vec((0_u8..6, 0_u8..3, 0_u8..9, 0_u8..4), 1..6);
    let leads = proptest::collection::vec((0_u8..7, 0_u8..5, 0_u8..4, 0_u8..9), 1..16);
    let company = (agents, leads, any::<bool>());
    on_both(|database| {
        let company = &company;
        async move {
            let mut random = TestRunner::deterministic();
            let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
            for _ in 0..16 {
                let (agents, leads, level) = company.new_tree(&mut random).expect("drawn").current();
                let roster: Vec<String> = (0..)
                    .zip(&agents)
                    .map(|(n, (cap, branch, kind, waiting))| {
                        let cap = if *cap == 5 { String::new() } else { format!(" cap {cap}") };
                        let branch = ["", " in Pune", " in Goa"][usize::from(*branch)];
                        let kind = [" banned", " Manager", "", "", "", "", "", "", ""][usize::from(*kind)];
                        format!("P{n}{cap}{branch}{kind} waiting {waiting}")
                    })
                    .collect();
                let leads: Vec<String> = (0..)
                    .zip(&leads)
                    .map(|(n, (owner, status, branch, facts))| {
                        let status =
                            ["Unassigned", "Missed", "Missed", "Busy", "Interested"][usize::from(*status)];
                        let owner = match usize::from(*owner) {
                            owner if owner < agents.len() && status != "Unassigned" => {
                                format!(" of P{owner}")
                            }
                            _ => String::new(),
                        };
                        let branch = ["", " in Pune", "", " in Goa"][usize::from(*branch)];
                        let facts =
                            ["", " tried 30", " tried 3", " doubtful", " chosen 4", " was P0", "", "", ""]
                                [usize::from(*facts)];
                        format!("L{n} {status}{owner}{branch}{facts}")
                    })
                    .collect();
                let (roster, leads) = (roster.join("; "), leads.join("; "));
                let dealt_statuses = ["Unassigned", "Missed", "Busy"];
                let strategy = if level { LevelQueues } else { EqualShares };
                let office = Office::open(&database, &roster).await.with(&leads).await;
                let office = office.deals(&dealt_statuses, strategy).await;
                let (people_before, before) = (office.members().await, office.every_lead().await);
                let run = office.run().await.run.expect("a run");
                let (people_after, after) = (office.members().await, office.every_lead().await);
                let mut given: BTreeMap<UserId, u64> = BTreeMap::new();
                for lead in after.values() {
                    if lead.events.last().is_some_and(|event| event.run == Some(run.0)) {
                        *given.entry(lead.line.owner_id.expect("an owner")).or_default() += 1;
                    }
                }
                for (name, lead) in &before {
                    let check = Check {
                        run,
                        before: lead,
                        after: &after[name],
                        people_before: &people_before,
                        people_after: &people_after,
                        given: &given,
                        dealt_statuses: &dealt_statuses,
                        strategy,
                        said: &format!("{roster} | {leads}"),
                    };
                    let answer = office.explain(office.leads[name], Some(run), Sight::All).await;
                    let Explained::Done(why) = answer else { panic!("{name}: {answer:?}") };
                    let became = check.holds(&why);
                    *seen.entry(became).or_default() += 1;
                }
            }
            for became in ["given", "kept", "left over", "left alone", "not looked at"] {
                assert!(seen.get(became).is_some_and(|leads| *leads >= 3), "{became}: {seen:?}");
            }
        }
    });
}

#[test]
fn r44_r32_r41_what_came_in_between_is_told() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha cap 2; Ben cap 2; Root Admin").await;
        let office =
            office.with("Ada Unassigned; Bea Unassigned; Cem Unassigned; Dov Missed of Root; Xis Busy").await;
        let office = office.deals(&["Unassigned", "Missed"], EqualShares).await;
        let preview = office.preview().await;
        assert_eq!((preview.numbers.assigned, preview.numbers.unassigned()), (4, 0));
        let (root, asha) = (office.viewer("Root").await, office.people["Asha"]);
        // While the run computes Asha gets another lead by hand, and somebody takes one that the run was to deal.
        let run = office
            .run_while(|| async {
                for (lead, to) in [("Xis", asha), ("Cem", office.people["Ben"])] {
                    let version = office.lead(lead).await.line.version;
                    let done = give(&office, root, office.leads[lead], version, to, true).await;
                    assert!(matches!(done, Assignment::Done { .. }), "{lead}");
                }
            })
            .await;
        let fates: BTreeMap<String, String> = {
            let mut fates = BTreeMap::new();
            for lead in ["Ada", "Bea", "Cem", "Dov"] {
                fates.insert(lead.to_owned(), office.told_of(lead, run).await);
            }
            fates
        };
        let starts = |start: &str| fates.iter().filter(|(_, told)| told.starts_with(start)).count();
        assert!(fates["Cem"].starts_with("The run meant it for "), "{fates:#?}");
        assert!(fates["Cem"].contains("somebody changed the lead while the run computed"), "{fates:#?}");
        // Ben got Cem, Asha got Xis: a place each is gone.
        let surplus = fates.values().filter(|told| told.contains("no room any more")).count();
        assert_eq!((surplus, starts("The run meant it for ")), (1, 2), "{fates:#?}");
        for (lead, told) in &fates {
            let full = office.lead(lead).await;
            let was_given = full.events.iter().any(|event| event.run == Some(run.0));
            let is_said_to_be = !told.contains("The run meant it for ");
            assert_eq!(was_given, is_said_to_be, "{lead}: {told}");
            if told.contains("no room any more") {
                let end = if lead == "Dov" { "so it stayed with Root." } else { "so nobody got it." };
                assert!(told.contains(end), "{lead}: {told}");
            }
        }
        // By default a person's later choice is what is told.
        assert_eq!(
            office.told("Cem").await,
            "Why Ben? Assigned to Ben by Root; Unassigned → Assigned, on 2026-05-11 09:00 IST. A person decided this, not a run."
        );
    });
}

#[test]
fn r44_what_a_person_did_is_told_with_who_and_when() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha; Ben cap 9").await;
        let office = office.with("Ada Unassigned; Bea Interested; Cem Unassigned; Dov Unassigned").await;
        let nothing = "Why nobody? Nobody has decided anything about this lead: no run has looked at it, and no person has given it to anybody.";
        let is_off = "Auto lead assignment takes leads in the status Unassigned, but it is off: switch it on in the settings, or run it now.";
        assert_eq!(office.told("Ada").await, format!("{nothing} {is_off}"));
        let not_taken = "No job deals out leads in the status Interested: the settings of the jobs say which statuses they take.";
        assert_eq!(office.told("Bea").await, format!("{nothing} {not_taken}"));
        let on = Change { enabled: Some(true), ..Change::default() };
        office.saves(Job::TopUp, on, NOW).await;
        let is_on = "Daily lead top-up takes leads in the status Unassigned: its next run looks at this one.";
        assert_eq!(office.told("Ada").await, format!("{nothing} {is_on}"));
        let root = office.viewer("Root").await;
        give(&office, root, office.leads["Ada"], 1, office.people["Asha"], false).await;
        let ada = "Why Asha? Assigned to Asha by Root; Unassigned → Assigned, on 2026-05-11 09:00 IST. A person decided this, not a run.";
        assert_eq!(office.told("Ada").await, ada);

        let order = AssignLeads {
            viewer: root,
            selection: Selection::Ticked(vec![(office.leads["Bea"], 1)]),
            to: office.people["Ben"],
            exceed_cap: false,
            now: NOW,
        };
        let together = match assign_leads(&office.store, office.company.id, order).await.expect("an answer") {
            BulkAssignment::Done(done) => done.run.expect("a record"),
            other => panic!("{other:?}"),
        };
        let bea = "Why Ben? Assigned to Ben by Root, on 2026-05-11 09:00 IST. A person decided this, not a run. It was done to several leads at once: 1 lead assigned to Ben.";
        assert_eq!(office.told("Bea").await, bea);
        assert_eq!(format!("Why Ben? {}", office.told_of("Bea", together).await), bea);
        assert_eq!(
            office.told_of("Ada", together).await,
            "The change of 2026-05-11 09:00 IST did not touch this lead."
        );

        let run = office.run().await.run.expect("a run");
        for lead in ["Cem", "Dov"] {
            assert!(matches!(office.why(lead).await.by, By::Run { run: by, .. } if by == run), "{lead}");
        }
        // The run did not look at what is not dealt out, and what a person did before still stands.
        assert_eq!(office.told("Ada").await, ada);
        assert_eq!(
            office.told_of("Ada", run).await,
            "The run of 2026-05-11 09:00 IST did not look at this lead: it was not in a status that was dealt out then."
        );

        let undo =
            UndoRun { run, viewer: root, may_undo_all: true, may_convert: true, now: Moment(NOW.0 + 60_000) };
        let Undone::Done(undone) = undo_run(&office.store, office.company.id, undo).await.expect("undone")
        else {
            panic!("the run is undone")
        };
        let told = office.told("Cem").await;
        assert!(told.starts_with(&format!("Why nobody? Run {run} undone by Root: taken from ")), "{told}");
        assert!(matches!(office.why("Cem").await.by, By::Person { run: Some(by), .. } if by == undone.run));
        // The record of the run stands for whoever asks for it.
        assert!(office.told_of("Cem", run).await.contains("the fewest new leads"));
        // A later run looks at it again.
        let again = office.run().await.run.expect("a run");
        assert!(matches!(office.why("Cem").await.by, By::Run { run, .. } if run == again));
    });
}

#[test]
fn r44_r14_only_who_may_see_the_lead_learns_why_and_nothing_crosses_companies() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha; Ben").await.with("Ada Unassigned").await;
        let other = Office::open(&database, "Cara").await.with("Zoe Unassigned").await;
        let run = office.run().await.run.expect("a run");
        let (asha, ben) = (office.people["Asha"], office.people["Ben"]);
        let ada = office.leads["Ada"];
        assert!(matches!(office.explain(ada, Some(run), Sight::OwnedBy(asha)).await, Explained::Done(_)));
        assert_eq!(office.explain(ada, Some(run), Sight::OwnedBy(ben)).await, Explained::NoLead);
        assert_eq!(office.explain(LeadId(ada.0 + 1_000), None, Sight::All).await, Explained::NoLead);
        assert_eq!(office.explain(ada, Some(RunId(run.0 + 1_000)), Sight::All).await, Explained::NoRun);
        assert_eq!(other.explain(ada, None, Sight::All).await, Explained::NoLead);
        assert_eq!(other.explain(other.leads["Zoe"], Some(run), Sight::All).await, Explained::NoRun);
    });
}

#[test]
fn r44_a_run_that_did_not_end_well_says_so() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await.with("Ada Unassigned").await;
        let company = office.company.id;
        let opened: store::Result<RunId> = office
            .store
            .write(move |session| {
                Box::pin(async move {
                    runs::start(session, company, Job::Assignment, &Start::by(StartedBy::Schedule), NOW).await
                })
            })
            .await;
        let run = opened.expect("opened");
        assert_eq!(
            office.told_of("Ada", run).await,
            "The run of 2026-05-11 09:00 IST is in progress; ask again when it is done."
        );
        let failed: store::Result<()> = office
            .store
            .write(move |session| {
                Box::pin(async move { runs::fail(session, company, run, NOW, "the server went away").await })
            })
            .await;
        failed.expect("noted");
        assert_eq!(
            office.told_of("Ada", run).await,
            "The run of 2026-05-11 09:00 IST failed and changed no lead."
        );
    });
}

#[test]
fn r44_a_tag_that_came_and_went_decides_nothing() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha cap 1").await.with("Ada Unassigned; Bea Unassigned").await;
        let office = office.deals(&["Unassigned"], EqualShares).await;
        office.run().await;
        let before = [office.told("Ada").await, office.told("Bea").await];
        assert!(before.iter().any(|told| told.starts_with("Why Asha?")), "{before:?}");
        let filter = domain::lead_list::Filter::default();
        let order = TagLeads {
            viewer: Viewer::Operator,
            selection: Selection::Matching { filter, shown: None, as_of: NOW },
            tag: "vip".into(),
            way: Way::On,
            now: NOW,
        };
        let tagged = tag_leads(&office.store, office.company.id, order).await.expect("an answer");
        let LeadsTagged::Done(bulk) = tagged else { panic!("{tagged:?}") };
        assert_eq!(
            (bulk.changed(), [office.told("Ada").await, office.told("Bea").await]),
            (2, before.clone())
        );
        let order = UndoRun {
            run: bulk.run.expect("a record"),
            viewer: Viewer::Operator,
            may_undo_all: true,
            may_convert: true,
            now: NOW,
        };
        let undone = undo_run(&office.store, office.company.id, order).await.expect("an answer");
        assert!(matches!(undone, Undone::Done(_)), "{undone:?}");
        assert_eq!([office.told("Ada").await, office.told("Bea").await], before);
    });
}
