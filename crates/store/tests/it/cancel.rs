//! Work that is to stop breaks off the statement that it is in the middle of, and nothing else.

use crate::support::{NONE, make_marks, mark, marking, marks, open_within, poll_once, text, work};
use domain::{
    ids::{CompanyId, RunId, UserId},
    job::Job,
    time::Moment,
};
use std::time::Duration;
use store::{
    Error, Missing, Result, Session, Store, companies,
    dialect::Engine,
    limits::Limits,
    runs::{self, StartedBy},
    session::BoxFuture,
    testing::{TestDatabase, on_both_engines},
    work::{Asked, Heard, WorkId},
};
use tokio::sync::mpsc;

const COMPANY: CompanyId = CompanyId(1);
const WORK: WorkId = WorkId::Run(RunId(1));
const ASKED: Asked = Asked { by: None, at: Moment(1) };

/// A statement without an end, as a reader and as a writer.
const COUNT_UP: &str = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT x FROM n";
const WRITE_UP: &str = "UPDATE marks SET filling = (
    WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT CAST(COUNT(*) AS TEXT) FROM n)";

/// Work that leaves a mark and says so, and then reads, or writes, without an end. It says once more when it reads.
fn endless(
    writes: bool,
    says: mpsc::UnboundedSender<()>,
) -> impl for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<()>> + Send + 'static {
    work(move |session| {
        Box::pin(async move {
            mark(session, 1).await?;
            if writes {
                says.send(()).expect("the test listens");
                session.execute(&text(WRITE_UP), &[]).await?;
            } else {
                counts_up(session, says).await?;
            }
            unreachable!("it has no end")
        })
    })
}

/// Reads without an end, and says when it is in the middle of it.
async fn counts_up(session: &mut Session, says: mpsc::UnboundedSender<()>) -> Result<()> {
    let mut seen = 0;
    let see = |_: &store::value::Row<'_>| {
        seen += 1;
        if seen == 10 {
            says.send(()).expect("the test listens");
        }
        Ok(())
    };
    session.each(&text(COUNT_UP), &[], see).await
}

/// Waits until the server is in the middle of the statement. An embedded engine tells nobody; there the wish may come
/// before it begins as well as after.
async fn in_the_middle(store: &Store) {
    if store.engine() == Engine::Sqlite {
        return;
    }
    let mut reader = store.read().await.expect("a reader");
    let busy = text(
        "SELECT COUNT(*) FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'active' AND query LIKE 'UPDATE marks%'",
    );
    while reader.session().one(&busy, &[], |row| row.get::<i64>(0)).await.expect("asked") == 0 {}
}

#[test]
fn r42_a_statement_in_the_middle_of_work_is_broken_off_and_nothing_has_happened() {
    on_both_engines(|database| async move {
        // One connection to write with on PostgreSQL: what is left on it would hit the next one.
        let store = open_within(&database, Limits { postgres_connections: 2, ..Limits::default() }).await;
        make_marks(&store).await;
        for (round, writes) in [false, true, false, true].into_iter().enumerate() {
            let doing = store.begin_work(COMPANY, WORK);
            let (says, mut said) = mpsc::unbounded_channel();
            let (working, watch) = (store.clone(), doing.watch());
            let working =
                tokio::spawn(async move { working.write_for(Some(watch), endless(writes, says)).await });
            said.recv().await.expect("it begins");
            if writes {
                in_the_middle(&store).await;
            }
            assert_eq!(store.ask_to_stop(COMPANY, WORK, ASKED), Heard::InTime);
            let ended = working.await.expect("no panic");
            assert!(matches!(ended, Err(Error::Cancelled)), "writes {writes}: {ended:?}");
            drop(doing);
            let kept: Vec<i64> =
                (0..round as i64).flat_map(|round| round * 20 + 2..round * 20 + 22).collect();
            assert_eq!(marks(&store).await, kept, "writes {writes}");
            // Those who come after it are not hit by a cancelling that is still on its way.
            for number in 0..20 {
                store.write(marking(round as i64 * 20 + number + 2)).await.expect("written");
            }
        }
    });
}

/// The engine is asked about the wish while the work lasts, and no longer.
#[test]
fn a_wish_that_came_too_late_breaks_nothing_off() {
    on_both_engines(|database| async move {
        let TestDatabase { store, .. } = &database;
        make_marks(store).await;
        let doing = store.begin_work(COMPANY, WORK);
        let watch = doing.watch();
        store.write_for(Some(watch), marking(1)).await.expect("written");
        assert_eq!(store.ask_to_stop(COMPANY, WORK, ASKED), Heard::InTime, "its record is not closed");
        let counted = work(|session: &mut Session| {
            Box::pin(async move {
                let many = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300000)
                    INSERT INTO marks (mark) SELECT x + 1 FROM n";
                session.execute(&text(many), &[]).await.map(|_| ())
            })
        });
        store.write_long(counted).await.expect("somebody else's work goes on");
        assert_eq!(marks(store).await.len(), 300_001);
    });
}

#[test]
fn r42_what_work_looks_at_is_broken_off_and_its_reader_reads_on() {
    on_both_engines(|database| async move {
        let store =
            open_within(&database, Limits { readers: 1, postgres_connections: 2, ..Limits::default() }).await;
        make_marks(&store).await;
        for _ in 0..3 {
            let doing = store.begin_work(COMPANY, WORK);
            let (says, mut said) = mpsc::unbounded_channel();
            let (reading, watch) = (store.clone(), doing.watch());
            let looking = work(move |session: &mut Session| {
                session.works_for(watch);
                Box::pin(counts_up(session, says))
            });
            let reading = tokio::spawn(async move { reading.read_long(looking).await });
            said.recv().await.expect("it reads");
            assert_eq!(store.ask_to_stop(COMPANY, WORK, ASKED), Heard::InTime);
            let ended = reading.await.expect("no panic");
            assert!(matches!(ended, Err(Error::Cancelled)), "{ended:?}");
            assert_eq!(marks(&store).await, NONE);
        }
    });
}

#[test]
fn r42_work_that_waits_for_its_turn_stops_waiting() {
    on_both_engines(|database| async move {
        let store = open_within(&database, Limits { postgres_connections: 1, ..Limits::default() }).await;
        make_marks(&store).await;
        let (says, held) = tokio::sync::oneshot::channel();
        let (lets_go, told) = std::sync::mpsc::channel::<()>();
        let first = work(move |session: &mut Session| {
            Box::pin(async move {
                mark(session, 2).await?;
                says.send(()).expect("the test listens");
                told.recv().expect("the test speaks");
                Ok(())
            })
        });
        let holding = store.clone();
        let holding = tokio::spawn(async move { holding.write_long(first).await });
        held.await.expect("held");
        let doing = store.begin_work(COMPANY, WORK);
        let (waiting, watch) = (store.clone(), doing.watch());
        let mut waiting = Box::pin(async move { waiting.write_for(Some(watch), marking(1)).await });
        assert!(poll_once(&mut waiting).is_pending(), "somebody else has the turn");
        assert_eq!(store.ask_to_stop(COMPANY, WORK, ASKED), Heard::InTime);
        let ended = waiting.await;
        assert!(matches!(ended, Err(Error::Cancelled)), "{ended:?}");
        lets_go.send(()).expect("somebody holds");
        holding.await.expect("no panic").expect("written");
        store.write(marking(3)).await.expect("written");
        assert_eq!(marks(&store).await, [2, 3]);
    });
}

/// A limit stays a limit where nobody wishes anything.
#[test]
fn a_statement_of_a_reader_still_has_its_limit() {
    on_both_engines(|database| async move {
        let limits = Limits { statement: Duration::from_millis(20), ..Limits::default() };
        let store = open_within(&database, limits).await;
        let mut reader = store.read().await.expect("a reader");
        let ended = reader.session().each(&text(COUNT_UP), &[], |_| Ok(())).await;
        assert!(matches!(ended, Err(Error::Timeout { .. })), "{ended:?}");
    });
}

/// The process that works hears of a wish in its record by the news. On a file another process can write one as long
/// as the work only reads.
#[test]
fn r42_a_wish_of_another_process_breaks_a_statement_off() {
    on_both_engines(|database| async move {
        let store = &database.store;
        make_marks(store).await;
        let opened: Result<(CompanyId, RunId)> = store
            .write(|session| {
                Box::pin(async move {
                    let company = companies::insert(session, "Acme", "IN", "Asia/Kolkata", Moment(1)).await?;
                    let start = runs::Start::by(StartedBy::CommandLine);
                    let run = runs::start(session, company, Job::Assignment, &start, Moment(1)).await?;
                    Ok((company, run))
                })
            })
            .await;
        let (company, run) = opened.expect("the record is opened");
        let doing = store.begin_work(company, WorkId::Run(run));
        let (says, mut said) = mpsc::unbounded_channel();
        let (working, watch) = (store.clone(), doing.watch());
        let working = tokio::spawn(async move {
            match working.engine() {
                Engine::Sqlite => {
                    let looking = work(move |session: &mut Session| {
                        session.works_for(watch);
                        Box::pin(counts_up(session, says))
                    });
                    working.read_long(looking).await
                }
                Engine::Postgres => working.write_for(Some(watch), endless(true, says)).await,
            }
        });
        said.recv().await.expect("it begins");
        in_the_middle(store).await;
        let other = Store::open(&database.location, Missing::Refuse).await.expect("a second node");
        let asked = Asked { by: Some(UserId(7)), at: Moment(2) };
        let written: Result<bool> =
            other.write(move |session| Box::pin(runs::ask_to_stop(session, company, run, asked))).await;
        assert!(written.expect("written"));
        let ended = working.await.expect("no panic");
        assert!(matches!(ended, Err(Error::Cancelled)), "{ended:?}");
        assert_eq!(doing.watch().asked(), Some(asked), "who wished it, and when");
        assert_eq!(marks(store).await, NONE);
    });
}
