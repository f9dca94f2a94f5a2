//! Taking a run back: R21a, R45.

use crate::{
    bulk::{assign, assign_to, done, set, tag, ticked},
    office::{NOW, Office, on_both},
};
use actions::{
    add_note::{AddNote, add_note},
    assign_leads::AssignLeads,
    runs::last_run,
    set_statuses::{SetStatuses, set_statuses},
    spread_leads::{SpreadLeads, Spreading, spread_leads},
    undo_run::{AboveCap, UndoRun, Undoing, Undone, undo_run},
};
use domain::{
    bulk::Skipped,
    ids::RunId,
    job::Job,
    lead_list::{Filter, Sort},
    status::StatusKind,
    time::Moment,
    viewer::{Sight, Viewer},
};
use std::sync::Arc;
use store::{
    leads, lists, params,
    sql::Sql,
    tags::Way::{Off, On},
    users,
};

async fn undo_by(office: &Office, viewer: Viewer, may_undo_all: bool, run: RunId) -> Undone {
    let order = UndoRun { run, viewer, may_undo_all, may_convert: true, now: Moment(NOW.0 + 60_000) };
    let answer = undo_run(&office.store, office.company.id, order).await.expect("an answer");
    office.well().await;
    answer
}

async fn undo(office: &Office, by: &str, run: RunId) -> Undoing {
    match undo_by(office, office.viewer(by).await, true, run).await {
        Undone::Done(undoing) => undoing,
        other => panic!("{other:?}"),
    }
}

/// Everything that an undo puts back, lead by lead.
async fn facts(office: &Office) -> Vec<Vec<Option<i64>>> {
    let mut reader = office.store.read().await.expect("a reader");
    let sql = Sql::built(
        "SELECT id, status_id, owner_id, owned_since_ms, owner_chosen_at_ms, owner_acted_at_ms, owners_before, attempts
            FROM leads WHERE company_id = $1 ORDER BY id"
            .into(),
    );
    reader
        .session()
        .rows(&sql, params![office.company.id], |row| (0..8).map(|column| row.get(column)).collect())
        .await
        .expect("read")
}

async fn note(office: &Office, by: &str, lead: &str) {
    let order = AddNote {
        viewer: office.viewer(by).await,
        lead: office.leads[lead],
        text: "called".into(),
        now: NOW,
    };
    add_note(&office.store, office.company.id, order).await.expect("noted");
}

#[test]
fn r21a_a_bulk_assignment_is_put_back_as_it_was() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha; Ben; Cara").await;
        let office =
            office.with("A Unassigned; B Unassigned; C Busy; D Unassigned; E NotInterested of Asha").await;
        // Histories of several kinds: chosen by a person, and worked on by the owner.
        done(assign(&office, "Root", ticked(&office, "B C").await, "Ben").await);
        note(&office, "Ben", "B").await;
        set(&office, "Ben", true, ticked(&office, "C").await, "Missed").await;
        let (before, held) = (facts(&office).await, office.held().await);

        let bulk = done(assign(&office, "Root", ticked(&office, "A B C D E").await, "Cara").await);
        assert_eq!(office.held().await, "Asha 0, Ben 0, Cara 4");
        let undone = undo(&office, "Root", bulk.run.expect("a record")).await;
        assert_eq!(undone.told.sentence(), format!("Run {} undone: 5 leads put back.", bulk.run.unwrap()));
        let mut after = facts(&office).await;
        // The test wrote E's owner without a history, so nobody can say since when.
        assert_eq!(after[4][3..6], [None, None, None]);
        after[4][3..6].copy_from_slice(&before[4][3..6]);
        assert_eq!((after, office.held().await), (before, held));
        let event = office.lead("B").await.events.pop().expect("an entry");
        let zone = "Asia/Kolkata".parse().expect("a zone");
        assert_eq!(
            event.told(&zone),
            format!("Run {} undone by Root: back to Ben", bulk.run.expect("a record"))
        );
        assert_eq!(event.run, Some(undone.run.0));
    });
}

#[test]
fn r45_a_run_of_the_job_is_undone_but_for_what_was_touched() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha cap 3; Ben cap 3").await;
        let office = office.with("A Unassigned; B Unassigned; C Unassigned; D Missed of Asha").await;
        let office = office.deals(&["Unassigned", "Missed"], allot::Strategy::EqualShares).await;
        let report = office.run().await;
        let run = report.run.expect("a run");
        assert_eq!(report.numbers.assigned, 4);
        let owner = office.lead("B").await.line.owner.expect("dealt out");
        note(&office, &owner, "B").await;
        set(&office, "Root", true, ticked(&office, "C").await, "Busy").await;
        let undone = undo(&office, "Root", run).await;
        assert_eq!(
            undone.left,
            [(office.leads["B"], Skipped::Changed), (office.leads["C"], Skipped::Changed)]
        );
        assert_eq!(
            undone.told.sentence(),
            format!("Run {run} undone: 2 leads put back; 2 left (changed by somebody else).")
        );
        let places = office.places().await;
        assert!(places.starts_with("A - Unassigned, B ") && places.ends_with("D Asha Missed"), "{places}");

        // Neither twice, nor the undo itself; and the job's last run is still that run.
        let root = office.viewer("Root").await;
        assert_eq!(undo_by(&office, root, true, run).await, Undone::Already { by: undone.run });
        assert_eq!(undo_by(&office, root, true, undone.run).await, Undone::IsAnUndo);
        assert_eq!(undo_by(&office, root, true, RunId(999_999)).await, Undone::NotFound);
        let last = last_run(&office.store, &office.company, Job::Assignment, NOW).await.expect("read");
        assert_eq!(last.sentence, report.sentence);
        // Who had a lead for the length of a run is not avoided as an earlier owner: it goes to the same one again.
        let again = office.run().await;
        assert_eq!(again.numbers.assigned, 2);
        let moved = office.lead("D").await;
        assert_eq!(moved.line.owner.as_deref(), Some("Ben"));
    });
}

/// As everywhere else where something can be undone: the last first, back to the beginning.
#[test]
fn r45_changes_are_undone_one_after_the_other_the_last_first() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha; Ben").await;
        let office = office.with("A Unassigned; B Unassigned; C Unassigned").await;
        // Chosen by a person long before, and worked on: this is what the undo of the first change has to find again.
        done(assign(&office, "Root", ticked(&office, "A B").await, "Ben").await);
        note(&office, "Ben", "A").await;
        let leads = async || ticked(&office, "A B C").await;
        let (mut before, mut runs) = (vec![(facts(&office).await, office.held().await)], Vec::new());
        for step in ["Asha", "Ben", "Busy", "Asha", "Customer"] {
            let run = match step {
                "Busy" | "Customer" => set(&office, "Root", true, leads().await, step).await,
                agent => done(assign(&office, "Root", leads().await, agent).await),
            };
            runs.push(run.run.expect("a record"));
            before.push((facts(&office).await, office.held().await));
        }
        before.pop();
        // Somebody touches one of the leads when two changes have been taken back.
        for (run, before) in runs.drain(3..).rev().zip(before.drain(3..).rev()) {
            let undone = undo(&office, "Root", run).await;
            assert_eq!(
                (undone.left, facts(&office).await, office.held().await),
                (vec![], before.0, before.1)
            );
        }
        note(&office, "Asha", "C").await;
        for (run, before) in runs.into_iter().rev().zip(before.into_iter().rev()) {
            let undone = undo(&office, "Root", run).await;
            assert_eq!(undone.left, [(office.leads["C"], Skipped::Changed)]);
            assert_eq!(facts(&office).await[..2], before.0[..2]);
        }
    });
}

/// An owner who was given the lead once more by what was taken back has owned it since the first time.
#[test]
fn r45_an_undo_does_not_find_an_owner_by_what_was_taken_back() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha; Ben; Cara").await;
        let office = office.with("A Unassigned; B Unassigned").await;
        let give = async |to: &str| {
            let given = assign(&office, "Root", ticked(&office, "A B").await, to).await;
            done(given).run.expect("a record")
        };
        give("Ben").await;
        note(&office, "Ben", "A").await;
        let before = facts(&office).await;
        let (first, second) = (give("Asha").await, give("Ben").await);
        undo(&office, "Root", second).await;
        undo(&office, "Root", first).await;
        assert_eq!(facts(&office).await, before);
        let third = give("Cara").await;
        undo(&office, "Root", third).await;
        assert_eq!(facts(&office).await, before);
    });
}

/// Out of order: the first change cannot be taken back while the second stands, and its undo is not used up by the try.
#[test]
fn r45_an_undo_that_could_do_nothing_has_not_happened() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha; Ben").await;
        let office = office.with("A Unassigned; B Unassigned").await;
        let before = facts(&office).await;
        let first = done(assign(&office, "Root", ticked(&office, "A B").await, "Asha").await).run;
        let second = done(assign(&office, "Root", ticked(&office, "A B").await, "Ben").await).run;
        let (first, second) = (first.expect("a record"), second.expect("a record"));
        let root = office.viewer("Root").await;
        let Undone::Nothing(told) = undo_by(&office, root, true, first).await else {
            panic!("the second change stands")
        };
        assert_eq!(
            told.sentence(),
            format!("Run {first} stands: no lead was put back; 2 left (changed by somebody else).")
        );
        undo(&office, "Root", second).await;
        undo(&office, "Root", first).await;
        assert_eq!(facts(&office).await, before);
        assert!(matches!(undo_by(&office, root, true, first).await, Undone::Already { .. }));
    });
}

#[test]
fn r21a_statuses_and_tags_are_put_back() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha; Ben").await;
        let office = office.with("A Missed of Asha; B Busy; C Customer of Ben").await;
        let before = (office.places().await, office.held().await);
        for to in ["Unassigned", "NotInterested", "Customer"] {
            let run =
                set(&office, "Root", true, ticked(&office, "A B C").await, to).await.run.expect("a run");
            undo(&office, "Root", run).await;
            assert_eq!((office.places().await, office.held().await), before, "{to}");
        }
        tag(&office, "Root", On, ticked(&office, "A").await, "hot").await;
        let on = tag(&office, "Root", On, ticked(&office, "A B").await, "hot").await;
        undo(&office, "Root", on.run.expect("a run")).await;
        let tags = async || {
            let mut tags = Vec::new();
            for lead in ["A", "B", "C"] {
                tags.push(crate::bulk::tags(&office.lead(lead).await).join(" "));
            }
            tags
        };
        assert_eq!(tags().await, ["hot", "", ""], "what was there before stays");
        let off = tag(&office, "Root", Off, ticked(&office, "A B C").await, "HOT").await;
        assert_eq!(tags().await, ["", "", ""]);
        undo(&office, "Root", off.run.expect("a run")).await;
        assert_eq!(
            (tags().await, office.places().await),
            (vec!["hot".to_owned(), String::new(), String::new()], before.0)
        );
    });
}

#[test]
fn r45_what_cannot_be_put_back_is_left_and_listed() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Mary Manager in Goa; Asha; Ben; Cara in Goa").await;
        let office = office.with("A Missed of Ben; B Busy of Asha; C Busy of Asha").await;
        let bulk = done(assign(&office, "Root", ticked(&office, "A B C").await, "Cara").await);
        done(assign(&office, "Root", ticked(&office, "C").await, "Asha").await);
        let ben = office.people["Ben"];
        let company = office.company.id;
        let banned: store::Result<bool> = office
            .store
            .write(move |session| {
                Box::pin(async move { users::set_ban(session, company, ben, Some(NOW), None).await })
            })
            .await;
        assert!(banned.expect("banned"));
        // Mary does not see C, which is Asha's by now.
        let mary = office.viewer("Mary").await;
        let Undone::Done(undone) = undo_by(&office, mary, true, bulk.run.expect("a run")).await else {
            panic!("a role that may start runs may undo them")
        };
        assert_eq!(
            undone.left,
            [(office.leads["A"], Skipped::OwnerGone), (office.leads["C"], Skipped::NotFound)]
        );
        assert_eq!(office.places().await, "A Cara Missed, B Asha Busy, C Asha Busy");

        // A conversion is taken back by who may convert.
        let run =
            set(&office, "Root", true, ticked(&office, "B").await, "Customer").await.run.expect("a run");
        let viewer = office.viewer("Root").await;
        let order = UndoRun { run, viewer, may_undo_all: true, may_convert: false, now: NOW };
        match undo_run(&office.store, company, order).await.expect("an answer") {
            Undone::Nothing(told) => assert_eq!(told.numbers.skipped, [(Skipped::MayNotConvert, 1)].into()),
            other => panic!("{other:?}"),
        }
        let kind = office.statuses.named("Customer").expect("a status").kind;
        assert_eq!((kind, office.lead("B").await.line.status.as_str()), (StatusKind::Won, "Customer"));
    });
}

#[test]
fn r45_who_may_undo_and_who_is_above_the_cap_then() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Mary Manager; Asha cap 1; Ben").await;
        let office = office.with("A Missed of Asha; B Missed of Asha; C Missed of Asha; D Unassigned").await;
        let mary = office.viewer("Mary").await;
        let bulk = done(assign_to(&office, mary, ticked(&office, "A B C").await, "Ben", false).await);
        let run = bulk.run.expect("a run");
        let root = office.viewer("Root").await;
        assert_eq!(undo_by(&office, root, false, run).await, Undone::NotYours);
        let Undone::Done(undone) = undo_by(&office, mary, false, run).await else { panic!("her own") };
        let asha = AboveCap { id: office.people["Asha"], name: "Asha".into(), held: 3, cap: 1 };
        assert_eq!((undone.above_cap, office.held().await.as_str()), (vec![asha], "Asha 3, Ben 0"));

        // An agent takes back what is theirs to see no more.
        let run =
            set(&office, "Asha", true, ticked(&office, "A").await, "Unassigned").await.run.expect("a run");
        let asha = office.viewer("Asha").await;
        assert!(matches!(undo_by(&office, asha, false, run).await, Undone::Done(_)));
        let mut reader = office.store.read().await.expect("a reader");
        let found = leads::one(reader.session(), office.company.id, office.leads["A"], asha.sight()).await;
        assert!(found.expect("read").is_some());
    });
}

/// Two undo at once: one of them does.
#[test]
fn r45_of_two_undos_at_once_one_counts() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha; Ben").await.with("A Busy; B Busy; C Busy").await;
        let selection = ticked(&office, "A B C").await;
        let bulk = done(assign_to(&office, Viewer::Operator, selection, "Asha", false).await);
        let run = bulk.run.expect("a run");
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..3 {
            let (store, company) = (office.store.clone(), office.company.id);
            let order =
                UndoRun { run, viewer: Viewer::Operator, may_undo_all: true, may_convert: true, now: NOW };
            tasks.spawn(async move { undo_run(&store, company, order).await.expect("an answer") });
        }
        let answers = tasks.join_all().await;
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Undone::Done(_))).count(), 1);
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Undone::Already { .. })).count(), 2);
        assert_eq!(office.places().await, "A - Busy, B - Busy, C - Busy");
        office.well().await;
    });
}

/// Two bulk changes, spreading, a run and undos of all of them at once: every counter is right afterwards.
#[test]
fn r32_r41_r45_bulk_changes_a_run_and_undos_at_once() {
    on_both(|database| async move {
        let office = Office::open(&database, "A cap 60; B cap 40; C cap 25; D; E cap 30")
            .await
            .with("80 Unassigned; 40 Missed of A; 30 Missed of B; 20 Busy of D")
            .await
            .deals(&["Unassigned", "Missed"], allot::Strategy::EqualShares)
            .await;
        let mut reader = office.store.read().await.expect("a reader");
        let (session, company) = (reader.session(), office.company.id);
        let page = lists::page(session, company, &Filter::default(), Sort::Newest, Sight::All, None, 1_000)
            .await
            .expect("a page");
        drop(reader);
        let seen: Vec<_> = page.lines.iter().map(|line| (line.id, line.version)).collect();
        let ticked =
            |step: usize| actions::selection::Selection::Ticked(seen.iter().copied().step_by(step).collect());
        let office = Arc::new(office);
        let (people, viewer) = (&office.people, Viewer::Operator);
        let mut tasks: tokio::task::JoinSet<Option<RunId>> = tokio::task::JoinSet::new();
        for (step, to) in [(2, "D"), (3, "E")] {
            let order =
                AssignLeads { viewer, selection: ticked(step), to: people[to], exceed_cap: true, now: NOW };
            let office = office.clone();
            tasks.spawn(async move {
                let answer =
                    actions::assign_leads::assign_leads(&office.store, office.company.id, order).await;
                take_back(&office, done(answer.expect("no deadlock, no fault")).run).await
            });
        }
        let order = SpreadLeads {
            viewer,
            selection: ticked(5),
            over: vec![people["A"], people["C"]],
            exceed_caps: false,
            now: NOW,
        };
        let spreading = office.clone();
        tasks.spawn(async move {
            let answer = spread_leads(&spreading.store, spreading.company.id, order).await;
            match answer.expect("no deadlock, no fault") {
                Spreading::Done(spread) => take_back(&spreading, spread.bulk.run).await,
                other => panic!("{other:?}"),
            }
        });
        let order = SetStatuses {
            viewer,
            may_convert: true,
            selection: ticked(7),
            to: office.status("Unassigned"),
            now: NOW,
        };
        let setting = office.clone();
        tasks.spawn(async move {
            let answer = set_statuses(&setting.store, setting.company.id, order).await;
            match answer.expect("no deadlock, no fault") {
                actions::set_statuses::StatusesSet::Done(bulk) => take_back(&setting, bulk.run).await,
                other => panic!("{other:?}"),
            }
        });
        let running = office.clone();
        tasks.spawn(async move {
            let report = running.try_run().await.expect("no deadlock, no fault");
            take_back(&running, report.run).await
        });
        let undone = tasks.join_all().await.into_iter().flatten().count();
        assert!(undone >= 3, "only {undone} of them changed anything");
        office.well().await;
    });
}

/// Undoes what was done, while the others are still at it.
async fn take_back(office: &Office, run: Option<RunId>) -> Option<RunId> {
    let order =
        UndoRun { run: run?, viewer: Viewer::Operator, may_undo_all: true, may_convert: true, now: NOW };
    match undo_run(&office.store, office.company.id, order).await.expect("no deadlock, no fault") {
        Undone::Done(undoing) => Some(undoing.run),
        other => panic!("{other:?}"),
    }
}
