//! A table to write into, and other small helpers.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use store::{
    Location, Missing, Result, Session, Store,
    limits::Limits,
    params,
    session::BoxFuture,
    sql::Sql,
    testing::{self, TestDatabase},
};

/// Makes the table `marks`, in which tests leave marks.
pub async fn make_marks(store: &Store) {
    let made: Result<u64> = store
        .write(|session| {
            Box::pin(async move {
                session
                    .execute(
                        &text("CREATE TABLE marks (mark BIGINT NOT NULL PRIMARY KEY, filling TEXT)"),
                        &[],
                    )
                    .await
            })
        })
        .await;
    made.expect("the table is made");
}

/// Leaves a mark.
pub async fn mark(session: &mut Session, mark: i64) -> Result<u64> {
    session.execute(&text("INSERT INTO marks (mark) VALUES ($1)"), params![mark]).await
}

/// A write that leaves a mark.
pub fn marking(
    number: i64,
) -> impl for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<()>> + Send + 'static {
    move |session| {
        Box::pin(async move {
            mark(session, number).await?;
            Ok(())
        })
    }
}

/// No mark.
pub const NONE: [i64; 0] = [];

/// A closure that keeps its general type.
pub fn work<T, F>(work: F) -> F
where
    F: for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T>> + Send + 'static,
{
    work
}

/// The marks that are there.
pub async fn marks(store: &Store) -> Vec<i64> {
    let mut reader = store.read().await.expect("a reader");
    marks_seen(reader.session()).await
}

/// The marks that this session sees.
pub async fn marks_seen(session: &mut Session) -> Vec<i64> {
    session
        .rows(&text("SELECT mark FROM marks ORDER BY mark"), &[], |row| row.get(0))
        .await
        .expect("marks can be read")
}

/// An SQL text of a test.
pub fn text(sql: &str) -> Sql {
    Sql::built(sql.to_owned())
}

/// Polls once: what the future does before it first waits is done.
pub fn poll_once<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// The same database opened once more, with limits of the test's own.
pub async fn open_within(database: &TestDatabase, limits: Limits) -> Store {
    Store::open_within(&database.location, Missing::Refuse, limits).await.expect("the database opens again")
}

/// Runs a test on an embedded database.
pub fn on_sqlite<F: Future<Output = ()>>(test: impl FnOnce(TestDatabase) -> F) {
    runtime().block_on(async { test(testing::sqlite().await).await });
}

/// Runs a test on a PostgreSQL database, where there is a server.
pub fn on_postgres<F: Future<Output = ()>>(test: impl FnOnce(TestDatabase) -> F) {
    runtime().block_on(async {
        if let Some(database) = testing::postgres().await {
            test(database).await;
        }
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime for tests starts")
}

/// A process of its own that runs the ignored test of this name in this binary, with the location in its environment.
pub fn child(test: &str, location: &Location) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::current_exe().expect("this binary has a path"));
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    match location {
        Location::Folder(folder) => command.env("STORE_TEST_FOLDER", folder),
        Location::Url(url) => command.env("STORE_TEST_URL", url),
    };
    command
}

/// Where the child finds its database.
pub fn location_of_child() -> Location {
    match (std::env::var_os("STORE_TEST_FOLDER"), std::env::var("STORE_TEST_URL")) {
        (Some(folder), _) => Location::Folder(folder.into()),
        (None, Ok(url)) => Location::Url(url),
        _ => panic!("this test is the child process of another; it has no database of its own"),
    }
}

/// Runs the child's work.
pub fn in_child<F: Future<Output = ()>>(work: impl FnOnce(Location) -> F) {
    runtime().block_on(work(location_of_child()));
}
