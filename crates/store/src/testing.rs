//! Throw-away databases for tests: every store test runs on both engines.

mod gate;
mod postgres;

pub use gate::Gate;
pub use postgres::server_url;

use crate::{Location, Missing, Store};
use std::{
    future::Future,
    sync::atomic::{AtomicU32, Ordering},
};

/// An empty database with the schema in it; gone when dropped.
pub struct TestDatabase {
    /// The open store.
    pub store: Store,
    /// Where it is, to open it once more.
    pub location: Location,
    _folder: Option<tempfile::TempDir>,
    /// The name on the test server, to be dropped.
    name: Option<String>,
}

/// Runs a test on SQLite and, where there is a server, on PostgreSQL.
pub fn on_both_engines<F: Future<Output = ()>>(test: impl Fn(TestDatabase) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime for tests starts");
    runtime.block_on(async {
        test(sqlite().await).await;
        if let Some(database) = postgres().await {
            test(database).await;
        }
    });
}

/// A new embedded database.
pub async fn sqlite() -> TestDatabase {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let location = Location::Folder(folder.path().join("data"));
    let store = Store::open(&location, Missing::Create).await.expect("a new embedded database opens");
    TestDatabase { store, location, _folder: Some(folder), name: None }
}

/// A new database on the test server; none where there is no PostgreSQL.
pub async fn postgres() -> Option<TestDatabase> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = server_url()?;
    let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let client = connect(server).await;
    // The schema is made once per server; every test gets a copy of the template.
    client.batch_execute("SELECT pg_advisory_lock(1)").await.expect("the server locks");
    let template = format!("template_{}", crate::migrate::fingerprint());
    let exists = client
        .query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&template])
        .await
        .expect("the server lists its databases")
        .is_some();
    if !exists {
        let draft = format!("{template}_draft");
        for sql in [format!("DROP DATABASE IF EXISTS {draft}"), format!("CREATE DATABASE {draft}")] {
            client.batch_execute(&sql).await.expect("the draft of the template is made");
        }
        let store = Store::open(&Location::Url(with_database(server, &draft)), Missing::Create).await;
        drop(store.expect("the template opens"));
        let rename = format!("ALTER DATABASE {draft} RENAME TO {template}");
        // The pool closes its connections in the background.
        while client.batch_execute(&rename).await.is_err() {
            tokio::task::yield_now().await;
        }
    }
    for sql in
        [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name} TEMPLATE {template}")]
    {
        client.batch_execute(&sql).await.expect("the test's database is made");
    }
    client.batch_execute("SELECT pg_advisory_unlock(1)").await.expect("the server unlocks");
    let location = Location::Url(with_database(server, &name));
    let store = Store::open(&location, Missing::Create).await.expect("the test's database opens");
    Some(TestDatabase { store, location, _folder: None, name: Some(name) })
}

/// This also keeps a test's closure whole: without it, `async move` would capture the store and leave the folder behind
/// to be removed at once.
impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let (Some(server), Some(name)) = (server_url(), self.name.take()) {
            // Copies of the template are not small. A thread, since this may be dropped on any.
            let forgetting = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let sql = format!("DROP DATABASE {name} WITH (FORCE)");
                runtime
                    .block_on(async { connect(server).await.batch_execute(&sql).await })
                    .map_err(std::io::Error::other)
            });
            if !matches!(forgetting.join(), Ok(Ok(()))) {
                eprintln!("a test's database could not be dropped");
            }
        }
    }
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) =
        tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("the test server answers");
    tokio::spawn(connection);
    client
}

/// The URL with another database name in it.
fn with_database(url: &str, name: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    let base = match address.split_once("://").map(|(_, rest)| rest.contains('/')) {
        Some(true) => address.rsplit_once('/').map_or(address, |(base, _)| base),
        _ => address,
    };
    query.map_or_else(|| format!("{base}/{name}"), |query| format!("{base}/{name}?{query}"))
}
