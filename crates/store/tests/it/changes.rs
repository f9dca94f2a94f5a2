//! The news of changes: after the commit, and only then, on both engines.

use crate::support::{make_marks, mark, work};
use domain::ids::{CompanyId, LeadId, UserId};
use std::sync::Arc;
use store::{
    Error, Missing, Store,
    changes::{Change, Changes, News, Topic},
    dialect::Engine,
    params,
    sql::Sql,
    testing::{self, on_both_engines},
};

/// Somebody who listens already: on PostgreSQL that begins with *everything*.
async fn listener(store: &Store) -> Changes {
    let mut changes = store.changes();
    if store.engine() == Engine::Postgres {
        assert_eq!(changes.next().await, Some(News::Everything));
    }
    changes
}

fn about(number: i64) -> Change {
    Change::of(CompanyId(1), Topic::Leads).users([UserId(number)]).leads([LeadId(number)])
}

fn told(change: Change) -> News {
    News::Changed(Arc::new(change))
}

async fn tell(store: &Store, number: i64) {
    let told = store.write(work(move |session| {
        Box::pin(async move {
            mark(session, number).await?;
            session.tell(about(number));
            Ok(())
        })
    }));
    told.await.expect("written");
}

#[test]
fn a_commit_is_heard_and_a_rollback_is_not() {
    on_both_engines(|database| async move {
        let store = &database.store;
        make_marks(store).await;
        let mut changes = listener(store).await;
        let refused = store.write(work(|session| {
            Box::pin(async move {
                mark(session, 1).await?;
                session.tell(about(1));
                Err::<(), _>(Error::Missing("not so".into()))
            })
        }));
        refused.await.expect_err("refused");
        let broken = store.write(work(|session| {
            Box::pin(async move {
                session.tell(about(2));
                mark(session, 2).await?;
                mark(session, 2).await?;
                Ok(())
            })
        }));
        broken.await.expect_err("twice the same mark");
        let partly = store.write(work(|session| {
            Box::pin(async move {
                session.tell(about(3));
                session.savepoint().await?;
                session.tell(about(4));
                session.back_to_savepoint().await?;
                session.savepoint().await?;
                session.tell(about(5));
                session.release_savepoint().await?;
                mark(session, 3).await?;
                Ok(())
            })
        }));
        partly.await.expect("written");
        assert_eq!(changes.next().await, Some(told(about(3).users([UserId(5)]).leads([LeadId(5)]))));
        tell(store, 6).await;
        assert_eq!(changes.next().await, Some(told(about(6))));
        assert_eq!(changes.heard(), None);
    });
}

/// Writes that share a commit: those that fail are not heard, the others are, each for itself.
#[test]
fn of_writes_at_once_those_that_stay_are_heard() {
    on_both_engines(|database| async move {
        let store = &database.store;
        make_marks(store).await;
        let mut changes = listener(store).await;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..40 {
            let store = store.clone();
            tasks.spawn(async move {
                let written = store.write(work(move |session| {
                    Box::pin(async move {
                        session.tell(about(number));
                        mark(session, number).await?;
                        if number % 4 == 0 { Err(Error::Missing("not so".into())) } else { Ok(()) }
                    })
                }));
                assert_eq!(written.await.is_err(), number % 4 == 0);
            });
        }
        tasks.join_all().await;
        let mut heard = Vec::new();
        while heard.len() < 30 {
            match changes.next().await {
                Some(News::Changed(change)) => heard.extend((0..40).find(|n| about(*n) == *change)),
                other => panic!("{other:?}"),
            }
        }
        heard.sort_unstable();
        assert_eq!(heard, (0..40).filter(|number| number % 4 != 0).collect::<Vec<_>>());
        assert_eq!(changes.heard(), None);
    });
}

/// Two processes on one database, as far as a test can have them: two stores that know nothing of each other.
#[test]
fn another_process_is_heard() {
    on_both_engines(|database| async move {
        let store = &database.store;
        make_marks(store).await;
        let other = Store::open(&database.location, Missing::Refuse).await.expect("opened once more");
        let mut changes = listener(store).await;
        let mut others = listener(&other).await;
        tell(&other, 1).await;
        let (here, there) = (changes.next().await, others.next().await);
        assert_eq!(there, Some(told(about(1))));
        match store.engine() {
            // One file says only that somebody has written to it.
            Engine::Sqlite => assert_eq!(here, Some(News::Everything)),
            Engine::Postgres => assert_eq!(here, Some(told(about(1)))),
        }
        tell(store, 2).await;
        assert_eq!(changes.next().await, Some(told(about(2))));
    });
}

#[test]
fn a_listener_who_is_too_slow_looks_at_everything() {
    on_both_engines(|database| async move {
        let store = &database.store;
        let mut changes = listener(store).await;
        for number in 0..=store::limits::NEWS_WAITING as i64 {
            store.tell_here(about(number));
        }
        assert_eq!(changes.heard(), Some(News::Everything));
    });
}

/// Listening costs a transaction nothing to speak of, and ends with the store.
#[test]
fn news_ends_with_the_store() {
    on_both_engines(|database| async move {
        let other = Store::open(&database.location, Missing::Refuse).await.expect("opened once more");
        let mut changes = listener(&other).await;
        drop(other);
        assert_eq!(changes.next().await, None);
    });
}

#[test]
fn after_a_gap_everything_may_have_changed() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime starts").block_on(async {
        let Some(database) = testing::postgres().await else { return };
        let store = &database.store;
        make_marks(store).await;
        let mut changes = listener(store).await;
        let cut = store.write(work(|session| {
            Box::pin(async move {
                session
                    .execute(
                        &Sql::built(
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                                WHERE datname = current_database() AND query = $1"
                                .into(),
                        ),
                        params!["LISTEN evenhand"],
                    )
                    .await
            })
        }));
        assert_eq!(cut.await.expect("asked"), 1);
        assert_eq!(changes.next().await, Some(News::Everything));
        tell(store, 1).await;
        assert_eq!(changes.next().await, Some(told(about(1))));
    });
}
