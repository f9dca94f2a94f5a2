//! What the facade promises on both engines.

use crate::support::{
    NONE, make_marks, mark, marking, marks, marks_seen, on_postgres, open_within, poll_once, text,
};
use std::{collections::BTreeSet, time::Duration};
use store::{
    Error, Result,
    dialect::Engine,
    ids::Kind,
    limits::Limits,
    params,
    session::Ask,
    stage::{Stage, StageType},
    testing::on_both_engines,
    value::{Row, Value},
};

#[test]
fn a_panic_rolls_back_and_costs_no_connection() {
    on_both_engines(|database| async move {
        let store = &database.store;
        make_marks(store).await;
        for number in 0..100 {
            let written: Result<()> = store
                .write(move |session| {
                    Box::pin(async move {
                        mark(session, number).await?;
                        panic!("write {number}");
                    })
                })
                .await;
            assert!(matches!(written, Err(Error::Panicked(why)) if why == format!("write {number}")));
            let read: Result<()> =
                store.read_long(move |_| Box::pin(async move { panic!("read {number}") })).await;
            assert!(matches!(read, Err(Error::Panicked(_))));
            let reader = store.clone();
            let task = tokio::spawn(async move {
                let mut reader = reader.snapshot().await.expect("a reader");
                let _ = reader
                    .session()
                    .each(&text("SELECT 1 UNION ALL SELECT 2"), &[], |_| panic!("in the middle of rows"))
                    .await;
            });
            assert!(task.await.expect_err("it panics").is_panic());
        }
        store.write(marking(1)).await.expect("the next write works");
        assert_eq!(marks(store).await, [1]);
    });
}

#[test]
fn a_refusal_rolls_back() {
    on_both_engines(|database| async move {
        let store = &database.store;
        make_marks(store).await;
        let refused: Result<()> = store
            .write(|session| {
                Box::pin(async move {
                    mark(session, 1).await?;
                    Err(Error::Io("no".into()))
                })
            })
            .await;
        assert!(matches!(refused, Err(Error::Io(_))));
        assert_eq!(marks(store).await, NONE);
    });
}

/// PostgreSQL turns COMMIT into a silent rollback when an earlier statement failed.
#[test]
fn a_write_that_hides_a_failed_statement_is_not_acknowledged_unless_it_happened() {
    on_both_engines(|database| async move {
        let store = &database.store;
        make_marks(store).await;
        let answer: Result<()> = store
            .write(|session| {
                Box::pin(async move {
                    mark(session, 1).await?;
                    mark(session, 1).await.expect_err("it is there already");
                    Ok(())
                })
            })
            .await;
        let there = marks(store).await;
        assert_eq!(answer.is_ok(), there == [1], "{answer:?} {there:?}");
        // With a savepoint it is the same on both.
        let answer: Result<()> = store
            .write(|session| {
                Box::pin(async move {
                    mark(session, 2).await?;
                    session.savepoint().await?;
                    mark(session, 2).await.expect_err("it is there already");
                    session.back_to_savepoint().await?;
                    mark(session, 3).await?;
                    Ok(())
                })
            })
            .await;
        answer.expect("what failed was undone");
        assert!(marks(store).await.ends_with(&[2, 3]));
    });
}

#[test]
fn a_statement_for_each_row_says_which_touched_nothing() {
    on_both_engines(|database| async move {
        let store = &database.store;
        make_marks(store).await;
        for number in [1, 2, 4] {
            store.write(marking(number)).await.expect("written");
        }
        let idle: Result<Vec<usize>> = store
            .write(|session| {
                Box::pin(async move {
                    let delete = text("DELETE FROM marks WHERE mark = $2 AND CAST($1 AS BIGINT) = 7");
                    let rows = [[7, 4], [7, 3], [7, 1], [6, 2]].map(|row| row.map(Value::Int));
                    session.execute_each(&delete, rows.iter()).await
                })
            })
            .await;
        assert_eq!((idle.expect("each was asked"), marks(store).await), (vec![1, 3], vec![2]));
    });
}

/// More rows than any buffer between here and the server holds; and one that fails costs the others nothing but this call.
#[test]
fn statements_that_are_asked_together_are_answered_each_by_itself() {
    const UP_TO: &str = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < $1)
        SELECT x FROM n WHERE x > $2";
    const FAILS: &str = "SELECT CAST(SUM(9223372036854775807) AS BIGINT)
        FROM (SELECT 1 UNION ALL SELECT 1 UNION ALL SELECT $1 UNION ALL SELECT $2) AS n";
    on_both_engines(|database| async move {
        let limits = Limits { readers: 1, postgres_connections: 2, ..Limits::default() };
        let store = open_within(&database, limits).await;
        let (numbers, fails) = (text(UP_TO), text(FAILS));
        for _ in 0..10 {
            let mut reader = store.read().await.expect("a reader");
            let (mut many, mut few) = (0_i64, Vec::new());
            let mut add = |row: &Row<'_>| {
                many += row.get::<i64>(0)?;
                Ok(())
            };
            let mut push = |row: &Row<'_>| {
                few.push(row.get::<i64>(0)?);
                Ok(())
            };
            let mut nobody = |_: &Row<'_>| panic!("what fails has no rows");
            let (all, last) = (params![100_000, 0], params![100_000, 99_998]);
            let mut asks = [
                Ask { sql: &numbers, params: all, see: &mut add },
                Ask { sql: &numbers, params: last, see: &mut push },
            ];
            reader.session().together(&mut asks).await.expect("answers");
            assert_eq!((many, &few[..]), (5_000_050_000, &[99_999, 100_000][..]));
            let mut asks = [
                Ask { sql: &fails, params: last, see: &mut nobody },
                Ask { sql: &numbers, params: all, see: &mut |_| Ok(()) },
            ];
            reader.session().together(&mut asks).await.expect_err("a number that is too large");
        }
    });
}

#[test]
fn a_snapshot_sees_one_moment() {
    on_both_engines(|database| async move {
        let store = &database.store;
        make_marks(store).await;
        store.write(marking(1)).await.expect("written");
        let mut snapshot = store.snapshot().await.expect("a snapshot");
        assert_eq!(marks_seen(snapshot.session()).await, [1]);
        store.write(marking(2)).await.expect("written");
        assert_eq!(marks_seen(snapshot.session()).await, [1]);
        assert_eq!(marks(store).await, [1, 2]);
        let refused = mark(snapshot.session(), 3).await;
        assert!(refused.is_err(), "a snapshot cannot write");
        drop(snapshot);
        assert_eq!(marks(store).await, [1, 2]);
    });
}

#[test]
fn readers_are_limited_and_the_wait_for_one_is_bounded() {
    on_both_engines(|database| async move {
        let limits = Limits {
            turn: Duration::from_millis(20),
            readers: 1,
            postgres_connections: 1,
            ..Limits::default()
        };
        let store = open_within(&database, limits).await;
        let held = store.read().await.expect("the only one");
        let told = store.read().await.err().expect("there is no other");
        assert!(matches!(told, Error::Busy { waited } if waited == Duration::from_millis(20)), "{told}");
        drop(held);
        store.read().await.expect("it came back");
    });
}

/// On SQLite the same is shown in `grouping`.
#[test]
fn postgres_a_write_whose_caller_leaves_before_it_begins_does_nothing() {
    on_postgres(|database| async move {
        make_marks(&database.store).await;
        let store = open_within(&database, Limits { postgres_connections: 1, ..Limits::default() }).await;
        let held = store.read().await.expect("the only connection");
        let mut waiting = Box::pin(store.write(marking(1)));
        assert!(poll_once(&mut waiting).is_pending());
        drop(waiting);
        drop(held);
        store.write(marking(2)).await.expect("written");
        assert_eq!(marks(&store).await, [2]);
    });
}

#[test]
fn postgres_a_write_that_has_begun_ends_without_its_caller() {
    on_postgres(|database| async move {
        let store = database.store.clone();
        make_marks(&store).await;
        let (says_begun, begun) = tokio::sync::oneshot::channel::<()>();
        let (go_on, told) = tokio::sync::oneshot::channel::<()>();
        let (says_done, done) = tokio::sync::oneshot::channel::<()>();
        let caller = tokio::spawn({
            let store = store.clone();
            async move {
                store
                    .write(|session| {
                        Box::pin(async move {
                            says_begun.send(()).expect("the test listens");
                            told.await.expect("the test speaks");
                            mark(session, 1).await?;
                            says_done.send(()).expect("the test listens");
                            Ok::<_, Error>(())
                        })
                    })
                    .await
            }
        });
        begun.await.expect("it begins");
        caller.abort();
        assert!(caller.await.expect_err("the caller is gone").is_cancelled());
        go_on.send(()).expect("the write waits");
        done.await.expect("it goes on");
        // The commit follows; the same mark waits for it and then finds it there.
        assert!(matches!(store.write(marking(1)).await, Err(Error::Conflict { .. })));
    });
}

#[test]
fn a_statement_that_takes_too_long_is_stopped() {
    on_both_engines(|database| async move {
        let store =
            open_within(&database, Limits { statement: Duration::from_millis(30), ..Limits::default() })
                .await;
        let endless = match store.engine() {
            Engine::Sqlite => {
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
            }
            Engine::Postgres => "SELECT COUNT(*) FROM pg_sleep(600)",
        };
        for mut reader in [store.read().await.expect("a reader"), store.snapshot().await.expect("a reader")] {
            let told = reader.session().one(&text(endless), &[], |row| row.get::<i64>(0)).await;
            assert!(matches!(told, Err(Error::Timeout { .. })), "{told:?}");
        }
        let mut reader = store.read().await.expect("a reader");
        let one: i64 = reader
            .session()
            .one(&text("SELECT CAST(1 AS BIGINT)"), &[], |row| row.get(0))
            .await
            .expect("the next statement works");
        assert_eq!(one, 1);
    });
}

#[test]
fn new_identifiers_are_unique_whoever_asks_at_once() {
    on_both_engines(|database| async move {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let store = database.store.clone();
            tasks.spawn(async move {
                let mut mine = Vec::new();
                for count in [1, 7, 0, 30] {
                    let ids: Result<Vec<i64>> = store
                        .write(move |session| {
                            Box::pin(async move { session.new_ids(Kind::Lead, count).await })
                        })
                        .await;
                    let ids = ids.expect("identifiers");
                    assert_eq!(ids.len(), count);
                    assert!(ids.is_sorted());
                    mine.extend(ids);
                }
                mine
            });
        }
        let all = tasks.join_all().await.concat();
        let different: BTreeSet<i64> = all.iter().copied().collect();
        assert_eq!(different.len(), 8 * 38);
        assert_eq!(all.len(), different.len());
    });
}

static STAGE: Stage = Stage {
    name: "stage_test",
    columns: &[("id", StageType::Int), ("number", StageType::Int), ("word", StageType::Text)],
    key: "id",
};

#[test]
fn a_stage_takes_many_rows_and_nothings_and_is_empty_the_next_time() {
    on_both_engines(|database| async move {
        let store = &database.store;
        for (rows, nulls) in [(50_000, 5_000), (1, 1), (0, 0), (11, 2)] {
            let counted: Result<(u64, (i64, i64, i64))> = store
                .write(move |session| {
                    Box::pin(async move {
                        let staged = session
                            .stage(
                                &STAGE,
                                (0..rows).map(|id| {
                                    let nothing = id % 10 == 0;
                                    let word = if nothing { Value::Null } else { Value::Text("naïve \t\\N 'x'") };
                                    [Value::Int(id), if nothing { Value::Null } else { Value::Int(-id) }, word]
                                }),
                            )
                            .await?;
                        let counts = text(
                            "SELECT COUNT(*), COUNT(*) - COUNT(number), COUNT(CASE WHEN word = $1 THEN 1 END) FROM stage_test",
                        );
                        let words = [Value::Text("naïve \t\\N 'x'")];
                        let counts =
                            session.one(&counts, &words, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).await?;
                        Ok((staged, counts))
                    })
                })
                .await;
            let (staged, counts) = counted.expect("staged");
            assert_eq!((staged as i64, counts), (rows, (rows, nulls, rows - nulls)));
        }
    });
}

#[test]
fn a_transaction_that_waits_for_anything_but_the_store_is_a_fault_that_is_told() {
    crate::support::on_sqlite(|database| async move {
        let told: Result<()> = database
            .store
            .write(|_| {
                Box::pin(async move {
                    std::future::pending::<()>().await;
                    Ok(())
                })
            })
            .await;
        assert!(matches!(told, Err(Error::Panicked(why)) if why.contains("other than the store")));
    });
}

#[test]
fn who_leaves_in_the_middle_of_an_answer_leaves_no_busy_connection_behind() {
    on_postgres(|database| async move {
        let limits = Limits { postgres_connections: 1, ..Limits::default() };
        let store = open_within(&database, limits).await;
        let pid = text("SELECT CAST(pg_backend_pid() AS BIGINT)");
        let mut reader = store.read().await.expect("a reader");
        let first: i64 = reader.session().one(&pid, &[], |row| row.get(0)).await.expect("a number");
        {
            let sleep = text("SELECT CAST(1 AS BIGINT) FROM pg_sleep(60)");
            let mut asking = Box::pin(reader.session().each(&sleep, &[], |_| Ok(())));
            // Far enough for the question to be on its way.
            for _ in 0..50 {
                assert!(poll_once(&mut asking).is_pending());
                tokio::task::yield_now().await;
            }
        }
        drop(reader);
        let mut reader = store.read().await.expect("a reader");
        let second: i64 = reader.session().one(&pid, &[], |row| row.get(0)).await.expect("a number");
        assert_ne!(first, second, "the next one waits for nobody's answer");
        drop(reader);
        let mut reader = store.read().await.expect("a reader");
        let third: i64 = reader.session().one(&pid, &[], |row| row.get(0)).await.expect("a number");
        assert_eq!(second, third, "a connection that was answered is kept");
    });
}

#[test]
fn writes_that_wait_for_locks_leave_connections_for_readers() {
    on_postgres(|database| async move {
        let limits = Limits { postgres_connections: 4, turn: Duration::from_secs(5), ..Limits::default() };
        let store = open_within(&database, limits).await;
        make_marks(&store).await;
        store.write(marking(1)).await.expect("a mark");
        let (held, holding) = tokio::sync::oneshot::channel::<()>();
        let (release, released) = tokio::sync::oneshot::channel::<()>();
        let holder = store.clone();
        let holder = tokio::spawn(async move {
            holder
                .write(move |session| {
                    Box::pin(async move {
                        session.execute(&text("UPDATE marks SET filling = 'held'"), &[]).await?;
                        held.send(()).expect("somebody waits");
                        released.await.expect("somebody lets go");
                        Ok::<_, Error>(())
                    })
                })
                .await
        });
        holding.await.expect("the lock is held");
        let waiting: Vec<_> = (0..8)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    store
                        .write(|session| {
                            Box::pin(async move {
                                session.execute(&text("UPDATE marks SET filling = 'waited'"), &[]).await
                            })
                        })
                        .await
                })
            })
            .collect();
        for _ in 0..20 {
            assert_eq!(marks(&store).await, [1], "reading goes on");
        }
        release.send(()).expect("the holder waits");
        holder.await.expect("it ends").expect("it commits");
        for write in waiting {
            let written: Result<u64> = write.await.expect("it ends");
            assert_eq!(written.expect("its turn came"), 1);
        }
    });
}
