//! The writer of the embedded database: writes that wait share a commit, and nothing else.

use crate::support::{
    NONE, make_marks, mark, marking, marks, marks_seen, on_sqlite, open_within, poll_once, text, work,
};
use std::{
    sync::{Arc, mpsc},
    task::Poll,
    time::Duration,
};
use store::{Error, Result, Session, Store, limits::Limits, params, session::BoxFuture};

/// A write that says when it has begun and goes on when it is told to; `mark` 0 leaves none.
struct Held {
    begun: mpsc::Receiver<()>,
    go_on: mpsc::Sender<()>,
}

fn held(
    number: i64,
) -> (Held, impl for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<()>> + Send + 'static) {
    let (says_begun, begun) = mpsc::channel();
    let (go_on, told) = mpsc::channel();
    let work = work(move |session| {
        Box::pin(async move {
            says_begun.send(()).expect("the test listens");
            told.recv().expect("the test speaks");
            if number > 0 {
                mark(session, number).await?;
            }
            Ok(())
        })
    });
    (Held { begun, go_on }, work)
}

impl Held {
    fn wait_until_begun(&self) {
        self.begun.recv().expect("the write begins");
    }
    fn go_on(self) {
        self.go_on.send(()).expect("the write waits");
    }
}

/// Writes that have been handed in, in this order, while the writer was held.
type Waiting = std::pin::Pin<Box<dyn Future<Output = Result<()>> + Send>>;

fn hand_in<F>(store: &Store, work: F) -> Waiting
where
    F: for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<()>> + Send + 'static,
{
    let store = store.clone();
    let mut write: Waiting = Box::pin(async move { store.write(work).await });
    assert!(poll_once(&mut write).is_pending(), "the writer is held");
    write
}

#[test]
fn sqlite_writes_share_a_commit_and_a_bad_one_takes_nobody_with_it() {
    on_sqlite(|database| async move {
        make_marks(&database.store).await;
        let store =
            open_within(&database, Limits { collecting: Duration::from_secs(600), ..Limits::default() })
                .await;
        let (first, work) = held(0);
        let blocked = tokio::spawn({
            let store = store.clone();
            async move { store.write_long(work).await }
        });
        first.wait_until_begun();

        let mut good = hand_in(&store, marking(1));
        let refused = hand_in(&store, |session| {
            Box::pin(async move {
                mark(session, 2).await?;
                Err(Error::Sql("no".into()))
            })
        });
        let panicking = hand_in(&store, |session| {
            Box::pin(async move {
                mark(session, 3).await?;
                panic!("three");
            })
        });
        let conflicting = hand_in(&store, |session| {
            Box::pin(async move {
                mark(session, 4).await?;
                mark(session, 1).await?; // the first one's mark: seen inside the group
                Ok(())
            })
        });
        let dropped = hand_in(&store, marking(5));
        drop(dropped);
        let nested = hand_in(&store, |session| {
            Box::pin(async move {
                session.savepoint().await?;
                mark(session, 6).await?;
                session.back_to_savepoint().await?;
                session.savepoint().await?;
                mark(session, 7).await?;
                session.release_savepoint().await
            })
        });
        let (last, work) = held(8);
        let mut last_write = hand_in(&store, work);

        first.go_on();
        last.wait_until_begun();
        // All have been worked off, none is committed: nobody else sees a mark and nobody has been told so.
        assert_eq!(marks(&store).await, NONE);
        assert!(poll_once(&mut good).is_pending());
        assert!(poll_once(&mut last_write).is_pending());
        assert!(matches!(refused.await, Err(Error::Sql(_))));
        assert!(matches!(panicking.await, Err(Error::Panicked(text)) if text == "three"));
        assert!(matches!(conflicting.await, Err(Error::Conflict { .. })));

        last.go_on();
        for write in [good, nested, last_write] {
            assert!(write.await.is_ok());
        }
        assert!(blocked.await.expect("no panic").is_ok());
        assert_eq!(marks(&store).await, [1, 7, 8]);
    });
}

#[test]
fn sqlite_the_first_of_a_group_may_fail_too() {
    on_sqlite(|database| async move {
        make_marks(&database.store).await;
        let store = &database.store;
        let (first, work) = held(1);
        let mut first_write = Box::pin({
            let store = store.clone();
            async move {
                store
                    .write(move |session| {
                        Box::pin(async move {
                            work(session).await?;
                            Err::<(), _>(Error::Sql("no".into()))
                        })
                    })
                    .await
            }
        });
        assert!(poll_once(&mut first_write).is_pending());
        first.wait_until_begun();
        let second = hand_in(store, marking(2));
        first.go_on();
        assert!(first_write.await.is_err());
        assert!(second.await.is_ok());
        assert_eq!(marks(store).await, [2]);
    });
}

#[test]
fn sqlite_a_long_write_has_a_commit_of_its_own() {
    on_sqlite(|database| async move {
        make_marks(&database.store).await;
        let store =
            open_within(&database, Limits { collecting: Duration::from_secs(600), ..Limits::default() })
                .await;
        let (first, work) = held(0);
        let mut blocked = hand_in_long(&store, work);
        first.wait_until_begun();
        let before = hand_in(&store, marking(1));
        let (long, work) = held(2);
        let mut long_write = hand_in_long(&store, work);
        let after = hand_in(&store, marking(3));
        first.go_on();
        long.wait_until_begun();
        // What stood before it is committed, what stands behind it has not begun.
        before.await.expect("committed");
        assert_eq!(marks(&store).await, [1]);
        assert!(poll_once(&mut long_write).is_pending());
        long.go_on();
        long_write.await.expect("committed");
        after.await.expect("committed");
        assert!(matches!(poll_once(&mut blocked), Poll::Ready(Ok(()))));
        assert_eq!(marks(&store).await, [1, 2, 3]);
    });
}

fn hand_in_long<F>(store: &Store, work: F) -> Waiting
where
    F: for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<()>> + Send + 'static,
{
    let store = store.clone();
    let mut write: Waiting = Box::pin(async move { store.write_long(work).await });
    assert!(poll_once(&mut write).is_pending());
    write
}

#[test]
fn sqlite_a_full_queue_says_busy_at_once_and_how_many_wait() {
    on_sqlite(|database| async move {
        make_marks(&database.store).await;
        let store = open_within(&database, Limits { writes_waiting: 2, ..Limits::default() }).await;
        let (first, work) = held(1);
        let blocked = hand_in(&store, work);
        first.wait_until_begun();
        let waiting = [hand_in(&store, marking(2)), hand_in(&store, marking(3))];
        let told = store.write(marking(4)).await.expect_err("the queue is full");
        assert_eq!(
            told.to_string(),
            "the database is busy: 2 changes are waiting already. Nothing was changed; try again."
        );
        first.go_on();
        blocked.await.expect("committed");
        for write in waiting {
            write.await.expect("committed");
        }
        assert_eq!(marks(&store).await, [1, 2, 3]);
        store.write(marking(5)).await.expect("there is room again");
    });
}

#[test]
fn sqlite_a_wait_for_the_writer_is_bounded_and_what_was_told_busy_never_happens() {
    on_sqlite(|database| async move {
        make_marks(&database.store).await;
        let limits = Limits { turn: Duration::from_millis(20), ..Limits::default() };
        let store = open_within(&database, limits).await;
        let (first, work) = held(1);
        let blocked = hand_in_long(&store, work);
        first.wait_until_begun();
        assert!(matches!(store.write(marking(2)).await, Err(Error::Busy { .. })));
        first.go_on();
        blocked.await.expect("committed");
        // The writer works in order: when this one is through, the refused one has been passed over.
        while store.write(marking(3)).await.is_err() {}
        assert_eq!(marks(&store).await, [1, 3]);
    });
}

#[test]
fn sqlite_a_write_that_has_begun_ends_without_its_caller() {
    on_sqlite(|database| async move {
        make_marks(&database.store).await;
        let store = Arc::new(database.store.clone());
        let (first, work) = held(1);
        let begun = hand_in(&store, work);
        first.wait_until_begun();
        drop(begun);
        let next = hand_in(&store, |session| {
            Box::pin(async move {
                assert_eq!(marks_seen(session).await, [1]);
                Ok(())
            })
        });
        first.go_on();
        next.await.expect("the first one's mark is seen");
        assert_eq!(marks(&store).await, [1]);
    });
}

/// What a checked write refers to is its own business; whatever becomes of it, the next write is looked at again.
#[test]
fn sqlite_only_a_checked_write_may_refer_to_what_is_not_there() {
    on_sqlite(|database| async move {
        let store = &database.store;
        make_marks(store).await;
        let refers = |number: i64, ends_well: bool| {
            work(move |session| {
                Box::pin(async move {
                    let statement = "INSERT INTO queues (company_id, user_id, held, last_received_at_ms) VALUES (1, $1, 0, 0)";
                    session.execute(&text(statement), params![number]).await?;
                    if ends_well { Ok(()) } else { Err(Error::GivenUp) }
                })
            })
        };
        assert!(matches!(store.write(refers(1, true)).await, Err(Error::Gone { .. })));
        assert!(matches!(store.write_long(refers(1, true)).await, Err(Error::Gone { .. })));
        for (number, ends_well) in [(1, true), (2, false)] {
            let checked = store.write_checked(None, refers(number, ends_well)).await;
            assert_eq!(checked.is_ok(), ends_well, "{checked:?}");
            assert!(matches!(store.write(refers(3, true)).await, Err(Error::Gone { .. })));
        }
        let panics = work(|_| Box::pin(async { panic!("on purpose") }));
        assert!(matches!(store.write_checked::<(), Error, _>(None, panics).await, Err(Error::Panicked(_))));
        assert!(matches!(store.write_long(refers(3, true)).await, Err(Error::Gone { .. })));
    });
}
