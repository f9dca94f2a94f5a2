//! Cancelling a run or an import that is in progress: nothing has happened then (R42).

use crate::{
    browser_import::{ROWS, desk, finished, mary, order, upload},
    office::{NOW, Office, on_both},
};
use actions::{
    Error,
    cancel_import::{CancelImport, cancel_import},
    cancel_run::{CancelRun, cancel_run},
    cancelling::Cancelling,
    keep_time::{look, next_run_of},
    runs::{self, LastState, Order, last_run},
    save_job::Change,
};
use allot::Strategy::EqualShares;
use domain::{
    ids::{CompanyId, RunId, UserId},
    job::Job,
    progress::Step,
    role::Scope,
    time::Moment,
    viewer::Viewer,
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use store::{
    Missing, Store,
    dialect::Engine,
    imports::ImportState,
    runs::{Start, StartedBy},
    testing::Gate,
    work::{Asked, Heard, WorkId},
};

const STEPS: [Step; 7] =
    [Step::Looking, Step::Dealing, Step::Waiting, Step::Locking, Step::Moving, Step::Noting, Step::Closing];

/// Cancels whatever takes this step, at once.
fn cancels_at(store: &Store, company: CompanyId, step: Step, by: Option<UserId>) {
    let asking = store.clone();
    store.at_each_step(Some(Arc::new(move |work, taken| {
        if taken == step {
            let heard = asking.ask_to_stop(company, work, Asked { by, at: NOW });
            assert_eq!(heard, Heard::InTime, "{step:?}");
        }
        Box::pin(async {})
    })));
}

async fn said(office: &Office, job: Job) -> (LastState, String) {
    let last = last_run(&office.store, &office.company, job, NOW).await.expect("a sentence");
    (last.state, last.sentence)
}

fn a_run(run: RunId, viewer: Viewer) -> CancelRun {
    CancelRun { run, viewer, now: NOW, patience: Duration::ZERO }
}

#[test]
fn r42_a_run_that_is_cancelled_between_any_two_steps_changes_nothing() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha; Ben; Nora Manager")
            .await
            .with("Lea Unassigned; Leo Missed of Asha; Lin Unassigned")
            .await
            .deals(&["Unassigned", "Missed"], EqualShares)
            .await;
        let before = (office.places().await, office.held().await, office.lead("Lea").await);
        for step in STEPS {
            cancels_at(&office.store, office.company.id, step, Some(office.people["Nora"]));
            let error = office.try_run().await.expect_err("it is cancelled");
            assert!(matches!(error, Error::Store(store::Error::Cancelled)), "{step:?}: {error}");
            let after = (office.places().await, office.held().await, office.lead("Lea").await);
            assert_eq!(after, before, "{step:?}");
            let sentence = "Last run: 2026-05-11 09:00 IST — cancelled by Nora. No lead was changed.";
            assert_eq!(said(&office, Job::Assignment).await, (LastState::Cancelled, sentence.into()));
            office.well().await;
        }
        office.store.at_each_step(None);
        assert_eq!(office.run().await.numbers.assigned, 3, "the next one does it all");
    });
}

#[test]
fn r42_a_removal_that_is_cancelled_between_any_two_steps_changes_nothing() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha; Ben").await.with("Old Assigned of Asha born 2000").await;
        let change = Change { statuses: Some(vec!["Assigned".into()]), ..Change::default() };
        office.saves(Job::Removal, change, NOW).await;
        let before = (office.places().await, office.held().await);
        for step in STEPS.into_iter().filter(|step| *step != Step::Dealing) {
            cancels_at(&office.store, office.company.id, step, None);
            let removal = Order::now(Job::Removal, Viewer::Operator, StartedBy::CommandLine);
            let error =
                runs::run(&office.store, &office.company, removal, &|| NOW).await.expect_err("cancelled");
            assert!(matches!(error, Error::Store(store::Error::Cancelled)), "{step:?}: {error}");
            assert_eq!((office.places().await, office.held().await), before, "{step:?}");
            let sentence =
                "Last run: 2026-05-11 09:00 IST — cancelled at the command line. No lead was changed.";
            assert_eq!(said(&office, Job::Removal).await, (LastState::Cancelled, sentence.into()));
            office.well().await;
        }
        office.store.at_each_step(None);
        assert_eq!(office.runs(Job::Removal, NOW).await.numbers.assigned, 1);
    });
}

#[test]
fn r33_who_cancels_too_late_is_told_so_and_the_run_stands() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await.with("Lea Unassigned").await;
        let office = office.deals(&["Unassigned"], EqualShares).await;
        let (store, company) = (&office.store, office.company.id);
        let run = office.run().await.run.expect("a record");
        let came = cancel_run(store, company, a_run(run, Viewer::Operator)).await.expect("an answer");
        assert_eq!(came, Cancelling::Done);
        assert_eq!(office.places().await, "Lea Asha Assigned");
        assert_eq!(said(&office, Job::Assignment).await.0, LastState::Done);
        let none = cancel_run(store, company, a_run(RunId(run.0 + 1_000), Viewer::Operator)).await;
        assert_eq!(none.expect("an answer"), Cancelling::NotFound);

        // Between the last statement and the commit it is too late as well.
        let asking = store.clone();
        let heard: store::Result<(RunId, Heard)> = store
            .write_long(move |session| {
                Box::pin(async move {
                    let start = Start::by(StartedBy::CommandLine);
                    let run = store::runs::start(session, company, Job::Assignment, &start, NOW).await?;
                    let work = asking.begin_work(company, WorkId::Run(run));
                    session.works_for(work.watch());
                    let totals = store::runs::Totals { assigned: 0, agents: 0, kept: 0, unassigned: 0 };
                    assert!(store::runs::finish(session, company, run, NOW, totals, "{}", &[]).await?);
                    Ok((run, asking.ask_to_stop(company, WorkId::Run(run), Asked { by: None, at: NOW })))
                })
            })
            .await;
        let (run, heard) = heard.expect("written");
        assert_eq!(heard, Heard::TooLate);
        let found = store::runs::one(store.read().await.expect("a reader").session(), company, run).await;
        assert_eq!(found.expect("read").expect("recorded").run.state, "done");
    });
}

#[test]
fn r42_another_process_cancels_a_run() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha; Nora Manager").await.with("Lea Unassigned").await;
        let office = office.deals(&["Unassigned"], EqualShares).await;
        let nora = office.viewer("Nora").await;
        let other = Store::open(&database.location, Missing::Refuse).await.expect("a second node");
        let (store, company) = (office.store.clone(), office.company.clone());
        // On PostgreSQL it may be writing already; a file has one writer, so there the wish comes before it begins.
        let step = match store.engine() {
            Engine::Sqlite => Step::Waiting,
            Engine::Postgres => Step::Moving,
        };
        let mut gate = Gate::at(&store, step);
        let order = Order::now(Job::Assignment, Viewer::Operator, StartedBy::CommandLine);
        let (doing, whose) = (store.clone(), company.clone());
        let running = tokio::spawn(async move { runs::run(&doing, &whose, order, &|| NOW).await });
        let run = gate.stopped_run().await;
        assert_eq!(
            other.standing(company.id, WorkId::Run(run)),
            None,
            "how far it is, its own process knows"
        );
        assert_eq!(store.standing(company.id, WorkId::Run(run)).map(|standing| standing.step), Some(step));
        let came = cancel_run(&other, company.id, a_run(run, nora)).await.expect("an answer");
        assert_eq!(came, Cancelling::Asked);
        let last = last_run(&other, &company, Job::Assignment, NOW).await.expect("a sentence");
        assert_eq!(last.sentence, "Running since 2026-05-11 09:00 IST; it is being cancelled.");
        let again = cancel_run(&other, company.id, a_run(run, Viewer::Operator)).await.expect("an answer");
        assert_eq!(again, Cancelling::Asked, "once more changes nothing");
        gate.opens();
        let error = running.await.expect("no panic").expect_err("it is cancelled");
        assert!(matches!(error, Error::Store(store::Error::Cancelled)), "{error}");
        let sentence = "Last run: 2026-05-11 09:00 IST — cancelled by Nora. No lead was changed.";
        assert_eq!(said(&office, Job::Assignment).await, (LastState::Cancelled, sentence.into()));
        assert_eq!(office.places().await, "Lea - Unassigned");
        office.well().await;
        let late = cancel_run(&other, company.id, a_run(run, nora)).await.expect("an answer");
        assert_eq!(late, Cancelling::Failed);
    });
}

#[test]
fn r42_a_run_whose_process_died_is_closed_by_who_cancels_it() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha; Nora Manager").await.with("Lea Unassigned").await;
        let nora = office.viewer("Nora").await;
        let order = Order::now(Job::Assignment, Viewer::Operator, StartedBy::CommandLine);
        let begun = runs::begin(&office.store, &office.company, order, &|| NOW).await.expect("begun");
        let run = begun.run();
        drop(begun);
        let came = cancel_run(&office.store, office.company.id, a_run(run, nora)).await.expect("an answer");
        assert_eq!(came, Cancelling::Cancelled);
        let sentence = "Last run: 2026-05-11 09:00 IST — cancelled by Nora. No lead was changed.";
        assert_eq!(said(&office, Job::Assignment).await, (LastState::Cancelled, sentence.into()));
    });
}

#[test]
fn r38_a_scheduled_run_that_somebody_cancels_is_not_repeated_that_day() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha; Nora Manager").await.with("Lea Unassigned").await;
        let change =
            Change { enabled: Some(true), at: Some("09:00".parse().expect("a time")), ..Change::default() };
        office.saves(Job::Assignment, change, Moment(NOW.0 - 3_600_000)).await;
        cancels_at(&office.store, office.company.id, Step::Moving, Some(office.people["Nora"]));
        let looked = look(&office.store, office.company.id, &|| NOW).await.expect("looked");
        let ends: Vec<Option<&str>> =
            looked.runs.iter().map(|(_, _, end)| end.as_ref().err().map(String::as_str)).collect();
        assert_eq!(ends, [Some("it was cancelled; nothing was changed")]);
        office.store.at_each_step(None);
        let later = Moment(NOW.0 + 600_000);
        let looked = look(&office.store, office.company.id, &|| later).await.expect("looked");
        assert_eq!(looked.runs.len(), 0, "whoever cancelled it meant it; Run Now is there");
        let last =
            last_run(&office.store, &office.company, Job::Assignment, later).await.expect("a last run");
        let next = next_run_of(&office.store, &office.company, Job::Assignment, &last, later)
            .await
            .expect("a moment");
        assert_eq!(next.as_deref(), Some("Next run: tomorrow, 09:00 IST."));
        assert_eq!(office.run().await.numbers.assigned, 1);
    });
}

#[test]
fn r11_an_import_that_is_cancelled_leaves_nothing() {
    on_both(|database| async move {
        let office = Office::open(&database, "Mary Manager; Nora Manager").await;
        let desk = desk(&office);
        let (store, company) = (&office.store, office.company.id);
        let token = upload(desk.uploads(), company, mary(), ROWS);
        for step in [Step::Looking, Step::Waiting, Step::Moving, Step::Closing] {
            cancels_at(store, company, step, Some(office.people["Nora"]));
            let id = desk.start(&token, order(&office), None).await.expect("begun").expect("it waits again");
            let ended = finished(&office, &desk, id).await;
            assert_eq!(ended.record.state, ImportState::Cancelled, "{step:?}");
            let by = ended.record.asked.expect("somebody asked");
            assert_eq!((by.name.as_deref(), by.at), (Some("Nora"), NOW));
            assert_eq!(office.names().await, "", "{step:?}");
            let late = CancelImport { import: id, viewer: mary(), now: NOW, patience: Duration::ZERO };
            let late = cancel_import(store, &desk, company, late).await.expect("an answer");
            assert_eq!(late, Cancelling::Failed);
            desk.finished().await;
        }
        store.at_each_step(None);
        let id = desk.start(&token, order(&office), None).await.expect("begun").expect("it waits again");
        assert_eq!(finished(&office, &desk, id).await.record.imported, 4, "the same file, once");
        let late = CancelImport { import: id, viewer: mary(), now: NOW, patience: Duration::ZERO };
        let late = cancel_import(store, &desk, company, late).await.expect("an answer");
        assert_eq!(late, Cancelling::Done);
        assert_eq!(office.names().await.split(", ").count(), 4);
    });
}

/// Whoever reads this file to its end never comes back: it ends only where the import stops reading.
struct Endless {
    store: Store,
    company: CompanyId,
    pieces: Arc<Mutex<usize>>,
}
impl std::io::Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let mut pieces = self.pieces.lock().expect("no panic");
        let line: &[u8] = if *pieces == 0 { b"First Name,Phone\n" } else { b"Lea,98765 43210\n" };
        *pieces += 1;
        if *pieces == 100 {
            let asked = Asked { by: None, at: NOW };
            assert_eq!(self.store.ask_to_stop(self.company, WorkId::Import(1.into()), asked), Heard::InTime);
        }
        into[..line.len()].copy_from_slice(line);
        Ok(line.len())
    }
}

#[test]
fn r11_a_file_is_not_read_on_once_its_import_is_cancelled() {
    on_both(|database| async move {
        let office = Office::open(&database, "Mary Manager").await;
        let (store, company) = (office.store.clone(), office.company.id);
        let work = store.begin_work(company, WorkId::Import(1.into()));
        let pieces = Arc::new(Mutex::new(0));
        let file = Endless { store: store.clone(), company, pieces: Arc::clone(&pieces) };
        let chosen = actions::import_leads::Chosen { watch: Some(work.watch()), ..Default::default() };
        let ended = actions::import_leads::import_as_chosen(
            &store,
            file,
            order(&office),
            chosen,
            Arc::new(|| NOW),
            Arc::new(|_| {}),
        )
        .await;
        assert!(matches!(ended, Err(Error::Store(store::Error::Cancelled))));
        assert_eq!(*pieces.lock().expect("no panic"), 100);
        assert_eq!(office.names().await, "");
    });
}

#[test]
fn r14_somebody_elses_import_is_not_for_everybody_to_cancel() {
    on_both(|database| async move {
        let office = Office::open(&database, "Mary Manager; Nora Manager").await;
        let (desk, company) = (desk(&office), office.company.id);
        let mut gate = Gate::at(&office.store, Step::Looking);
        let token = upload(desk.uploads(), company, mary(), ROWS);
        let id = desk.start(&token, order(&office), None).await.expect("begun").expect("it waits");
        gate.stopped().await;
        let narrow =
            Viewer::User { id: office.people["Nora"], scope: Scope::Own, branch: None, department: None };
        let ask = |viewer| CancelImport { import: id, viewer, now: NOW, patience: Duration::ZERO };
        let came = cancel_import(&office.store, &desk, company, ask(narrow)).await.expect("an answer");
        assert_eq!(came, Cancelling::NotFound);
        let came = cancel_import(&office.store, &desk, company, ask(mary())).await.expect("an answer");
        assert_eq!(came, Cancelling::Asked);
        gate.opens();
        assert_eq!(finished(&office, &desk, id).await.record.state, ImportState::Cancelled);
    });
}
