//! A full disk under the embedded database.

use crate::support::{make_marks, mark, marking, marks, on_sqlite, open_within, poll_once, text, work};
use std::{sync::mpsc, time::Duration};
use store::{Error, Result, Session, Store, limits::Limits, params};

/// A row that needs pages of its own.
async fn large(session: &mut Session, number: i64) -> Result<u64> {
    let filling = "x".repeat(1 << 20);
    session
        .execute(&text("INSERT INTO marks (mark, filling) VALUES ($1, $2)"), params![number, &filling])
        .await
}

/// The file may not grow any more, or may again.
async fn set_full(store: &Store, full: bool) {
    let pages = if full { 1 } else { 1 << 30 };
    let set: Result<i64> = store
        .write(move |session| {
            Box::pin(async move {
                session.one(&text(&format!("PRAGMA max_page_count = {pages}")), &[], |row| row.get(0)).await
            })
        })
        .await;
    set.expect("the limit is set");
}

#[test]
fn sqlite_a_full_disk_is_told_and_nothing_is_lost() {
    on_sqlite(|database| async move {
        let store = &database.store;
        make_marks(store).await;
        store.write(marking(1)).await.expect("written");
        set_full(store, true).await;
        for long in [false, true] {
            let work = work(|session| {
                Box::pin(async move {
                    large(session, 2).await?;
                    Ok(())
                })
            });
            let told = if long { store.write_long(work).await } else { store.write(work).await };
            let told = told.expect_err("the disk is full");
            assert_eq!(
                told.to_string(),
                "the disk that holds the database is full. Nothing was changed; free some space and try again."
            );
            assert_eq!(marks(store).await, [1]);
        }
        set_full(store, false).await;
        store.write(marking(3)).await.expect("written");
        assert_eq!(marks(store).await, [1, 3]);
    });
}

/// The engine rolls back the whole transaction by itself, so that the others of the group are lost: they hear it, and
/// nobody hears of a commit that did not happen, whatever the work makes of the error.
#[test]
fn sqlite_a_full_disk_in_a_group_is_told_to_all_of_it() {
    for hides_it in [false, true] {
        on_sqlite(|database| async move {
            make_marks(&database.store).await;
            let limits = Limits { collecting: Duration::from_secs(600), ..Limits::default() };
            let store = open_within(&database, limits).await;
            set_full(&store, true).await;
            let (says_begun, begun) = mpsc::channel();
            let (go_on, told) = mpsc::channel::<()>();
            let mut first = Box::pin(store.write_long(move |_| {
                Box::pin(async move {
                    says_begun.send(()).expect("the test listens");
                    told.recv().expect("the test speaks");
                    Ok::<_, Error>(())
                })
            }));
            assert!(poll_once(&mut first).is_pending());
            begun.recv().expect("it begins");

            let mut before = Box::pin(store.write(marking(1)));
            let mut full = Box::pin(store.write(move |session| {
                Box::pin(async move {
                    mark(session, 2).await?;
                    let written = large(session, 3).await;
                    if hides_it { Ok(()) } else { written.map(drop) }
                })
            }));
            let mut after = Box::pin(store.write(marking(4)));
            assert!(poll_once(&mut before).is_pending());
            assert!(poll_once(&mut full).is_pending());
            assert!(poll_once(&mut after).is_pending());
            go_on.send(()).expect("it waits");

            first.await.expect("committed");
            assert!(matches!(before.await, Err(Error::GivenUp)));
            match full.await {
                Err(Error::GivenUp) if hides_it => {}
                Err(Error::DiskFull) if !hides_it => {}
                other => panic!("{other:?}"),
            }
            after.await.expect("it came behind, in a commit of its own");
            assert_eq!(marks(&store).await, [4]);
        });
    }
}
