//! PostgreSQL: a pool of connections, a statement cache each, TLS by rustls, and patience while the server restarts.

use crate::{
    boxed,
    changes::Change,
    dialect::{Engine, render},
    error::{Error, Result},
    limits::Limits,
    stage::{Stage, StageType},
    tls::{self, Trust},
    value::Value,
    work::Watch,
};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::{CancelToken, Socket, Statement, tls::MakeTlsConnect, types::Type};

/// The pool.
pub(crate) struct Postgres {
    pool: Pool,
    config: tokio_postgres::Config,
    /// A server that has never answered is more likely misspelt than restarting: then the caller hears it at once.
    answered: AtomicBool,
    trust: Trust,
    /// Turns to write. Writes may wait for each other's locks; they leave connections for those who only read.
    turns: Arc<Semaphore>,
    limits: Limits,
}

/// How long a connection may be silent before the server is asked whether it is still there, and how long it may take
/// to acknowledge anything. Without this a server that vanished from the network is missed for hours.
const SILENCE: Duration = Duration::from_secs(30);

/// How long a statement that was cancelled may take to end before the server is asked again.
const CANCELLED_WITHIN: Duration = Duration::from_millis(200);
/// How long the request to cancel may be on its way.
const CANCEL_SENT_WITHIN: Duration = Duration::from_secs(5);

impl Postgres {
    /// Reads the URL and makes the pool; it connects when first used.
    pub(crate) fn new(url: &str, limits: Limits) -> Result<Postgres> {
        let (url, trust) = tls::trust_of(url)?;
        let mut config: tokio_postgres::Config = url.parse().map_err(|e| {
            Error::Missing(format!(
                "the database URL is not one PostgreSQL understands ({e}); it looks like postgres://user:password@host:5432/name"
            ))
        })?;
        if config.get_application_name().is_none() {
            config.application_name("evenhand");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE);
            config.keepalives_idle(SILENCE);
        }
        let manager = Manager::from_config(
            config.clone(),
            tls::connector(&trust)?,
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager)
            .max_size(limits.postgres_connections)
            .wait_timeout(Some(limits.turn))
            .create_timeout(Some(limits.turn))
            .runtime(Runtime::Tokio1)
            .post_create(deadpool_postgres::Hook::async_fn(move |client, _| {
                Box::pin(async move {
                    // Pages look up a few hundred leads, which are in memory or on a disk that does not turn: told that a
                    // page out of order costs four times one in order, the server rather reads 16,000 leads in order to
                    // meet 600. And no page is so long that compiling its plan first would pay.
                    let settings = format!(
                        "SET statement_timeout = {}; SET lock_timeout = {}; SET timezone = 'UTC'; SET client_min_messages = warning;
                         SET random_page_cost = 1.1; SET jit = off",
                        limits.statement.as_millis(),
                        limits.turn.as_millis()
                    );
                    client.batch_execute(&settings).await.map_err(deadpool_postgres::HookError::Backend)
                })
            }))
            .build()
            .map_err(|e| Error::Unavailable(e.to_string()))?;
        let kept_for_readers = limits.postgres_connections.div_ceil(4);
        let turns = Arc::new(Semaphore::new((limits.postgres_connections - kept_for_readers).max(1)));
        Ok(Postgres { pool, config, answered: AtomicBool::new(false), trust, turns, limits })
    }

    /// A connection. A server that does not answer is asked again with growing pauses until the limit.
    #[boxed]
    pub(crate) async fn connection(&self) -> Result<PgConnection> {
        let mut pause = Duration::from_millis(50);
        let started = Instant::now();
        loop {
            match self.pool.get().await.map_err(Error::from) {
                Err(Error::Busy { .. }) => return Err(Error::Busy { waited: self.limits.turn }),
                Ok(object) => {
                    self.answered.store(true, Ordering::Relaxed);
                    return Ok(PgConnection {
                        object: Some(object),
                        trust: self.trust.clone(),
                        in_transaction: false,
                        asked: false,
                        cancelled: false,
                    });
                }
                Err(Error::Unavailable(_))
                    if started.elapsed() < self.limits.turn && self.answered.load(Ordering::Relaxed) =>
                {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(2));
                }
                Err(Error::Unavailable(why)) => {
                    return Err(Error::Unavailable(format!("{} does not answer: {why}", self.server())));
                }
                Err(other) => return Err(other),
            }
        }
    }

    /// A turn to write, to be kept until the transaction has ended.
    #[boxed]
    pub(crate) async fn turn(&self, limit: Duration) -> Result<OwnedSemaphorePermit> {
        tokio::time::timeout(limit, Arc::clone(&self.turns).acquire_owned())
            .await
            .map_err(|_| Error::Busy { waited: limit })?
            .map_err(|e| Error::Unavailable(e.to_string()))
    }

    /// A connection in a new transaction. One that broke while it lay in the pool is replaced: nothing was asked of it.
    #[boxed]
    pub(crate) async fn begin(&self, how: &str) -> Result<PgConnection> {
        let started = Instant::now();
        loop {
            let mut connection = self.connection().await?;
            match connection.begin(how).await {
                Ok(()) => return Ok(connection),
                Err(Error::Unavailable(_)) if started.elapsed() < self.limits.turn => {}
                Err(other) => return Err(other),
            }
        }
    }

    /// A connection outside the pool, for what must live and die with it (the lease of a run).
    #[boxed]
    pub(crate) async fn own_connection(
        &self,
    ) -> Result<(tokio_postgres::Client, tokio::task::JoinHandle<()>)> {
        let (client, connection) = self.address().connect().await?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a PostgreSQL connection ended");
            }
        });
        Ok((client, task))
    }

    /// Where the server is and whom to believe, for who connects to it beside the pool.
    pub(crate) fn address(&self) -> Address {
        Address { config: self.config.clone(), trust: self.trust.clone() }
    }

    /// Where the server is, without the password.
    fn server(&self) -> String {
        let host = match self.config.get_hosts().first() {
            Some(tokio_postgres::config::Host::Tcp(name)) => name.clone(),
            Some(tokio_postgres::config::Host::Unix(path)) => path.display().to_string(),
            None => "the default host".into(),
        };
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        format!("PostgreSQL at {host}:{port}")
    }

    /// The server and the database on it, without the password.
    pub(crate) fn place(&self) -> String {
        self.config
            .get_dbname()
            .map_or_else(|| self.server(), |name| format!("{}, database {name}", self.server()))
    }
}

/// How to reach the server.
pub(crate) struct Address {
    config: tokio_postgres::Config,
    trust: Trust,
}

type Encrypted = <tokio_postgres_rustls::MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

impl Address {
    /// A connection outside the pool, which the caller has to drive.
    #[boxed]
    pub(crate) async fn connect(
        &self,
    ) -> Result<(tokio_postgres::Client, tokio_postgres::Connection<Socket, Encrypted>)> {
        Ok(self.config.connect(tls::connector(&self.trust)?).await?)
    }
}

/// Breaks off a statement of work that is to stop.
pub(crate) struct Brake {
    watch: Watch,
    token: CancelToken,
    trust: Trust,
}

impl Brake {
    /// The answer, or none if the work was to stop before it came. Either way the server is done with the statement.
    pub(crate) async fn unless_wished<T>(brake: Option<Brake>, asking: impl Future<Output = T>) -> Option<T> {
        let Some(brake) = brake else { return Some(asking.await) };
        if brake.watch.asked().is_some() {
            return None;
        }
        futures_util::pin_mut!(asking);
        tokio::select! {
            biased;
            answer = &mut asking => return Some(answer),
            () = brake.watch.wished() => {}
        }
        // What is asked may be several statements, and between two of them there is nothing to cancel: so once more
        // until it has ended.
        loop {
            tokio::select! {
                biased;
                _ = &mut asking => return None,
                sent = tokio::time::timeout(CANCEL_SENT_WITHIN, brake.cancel()) => {
                    if !matches!(sent, Ok(Ok(()))) {
                        tracing::debug!(?sent, "the server could not be asked to cancel a statement");
                    }
                }
            }
            if tokio::time::timeout(CANCELLED_WITHIN, &mut asking).await.is_ok() {
                return None;
            }
        }
    }

    async fn cancel(&self) -> Result<()> {
        Ok(self.token.cancel_query(tls::connector(&self.trust)?).await?)
    }
}

/// A connection that is never returned to the pool in the middle of a transaction, or of an answer.
pub(crate) struct PgConnection {
    object: Option<Object>,
    trust: Trust,
    in_transaction: bool,
    /// Something was asked, and the whole answer has not been seen.
    asked: bool,
    /// The server was asked to cancel a statement. The request goes its own way and names the connection, not the
    /// statement, so it may yet arrive and hit whatever is asked next.
    cancelled: bool,
}

impl PgConnection {
    pub(crate) fn client(&self) -> Result<&tokio_postgres::Client> {
        self.object
            .as_ref()
            .map(|object| -> &tokio_postgres::Client { object })
            .ok_or_else(|| Error::Unavailable("the connection was given up".into()))
    }

    /// Notes that something is being asked, until [`answered`](Self::answered) says that the answer was seen.
    pub(crate) fn asks(&mut self) {
        self.asked = true;
    }

    /// The answer was seen to its end, or was an error.
    pub(crate) fn answered(&mut self) {
        self.asked = false;
    }

    /// What can break off whatever is asked, if it is asked for work.
    pub(crate) fn brake(&self, watch: Option<&Watch>) -> Result<Option<Brake>> {
        let Some(watch) = watch else { return Ok(None) };
        let token = self.client()?.cancel_token();
        Ok(Some(Brake { watch: watch.clone(), token, trust: self.trust.clone() }))
    }

    /// Notes that a [`Brake`] was used: the connection is not used again, but for its `ROLLBACK`.
    pub(crate) fn was_cancelled(&mut self) {
        self.cancelled = true;
    }

    #[boxed]
    pub(crate) async fn prepare(&self, sql: &str) -> Result<Statement> {
        let object =
            self.object.as_ref().ok_or_else(|| Error::Unavailable("the connection was given up".into()))?;
        Ok(object.prepare_cached(&render(sql, Engine::Postgres)).await?)
    }

    async fn begin(&mut self, how: &str) -> Result<()> {
        self.in_transaction = true;
        Ok(self.client()?.batch_execute(how).await?)
    }

    /// Commits. PostgreSQL answers COMMIT with a silent rollback when an earlier statement has failed; the statement in
    /// front of it turns that into an error, so that nothing is acknowledged that did not happen.
    ///
    /// What the transaction told goes out in the same breath: a notification is part of its transaction, so it is heard
    /// if and only if the commit happened, and it is a statement in front of COMMIT, too.
    #[boxed]
    pub(crate) async fn commit(&mut self, told: &[Change]) -> Result<()> {
        if told.is_empty() {
            return self.end("SELECT 1; COMMIT").await;
        }
        let mut text = String::new();
        for change in told {
            text.push_str("SELECT pg_notify('evenhand', '");
            text.push_str(&change.text());
            text.push_str("'); ");
        }
        text.push_str("COMMIT");
        self.end(&text).await
    }

    #[boxed]
    pub(crate) async fn end(&mut self, how: &str) -> Result<()> {
        let ended = self.client()?.batch_execute(how).await;
        if ended.is_ok() {
            self.in_transaction = false;
        }
        Ok(ended?)
    }

    pub(crate) async fn stage<'v, R>(&mut self, stage: &Stage, rows: R) -> Result<u64>
    where
        R: Iterator + Send,
        R::Item: AsRef<[Value<'v>]> + Send,
    {
        let client = self.client()?;
        let create = self.prepare(&stage.create_sql(Engine::Postgres)).await?;
        client.execute(&create, &[]).await?;
        let clear = self.prepare(&stage.clear_sql(Engine::Postgres)).await?;
        client.execute(&clear, &[]).await?;
        let copy = self.prepare(&stage.copy_sql()).await?;
        let sink = client.copy_in(&copy).await?;
        let types: Vec<Type> = stage
            .columns
            .iter()
            .map(|(_, ty)| match ty {
                StageType::Int => Type::INT8,
                StageType::Text => Type::TEXT,
                StageType::Bytes => Type::BYTEA,
            })
            .collect();
        let writer = tokio_postgres::binary_copy::BinaryCopyInWriter::new(sink, &types);
        futures_util::pin_mut!(writer);
        for row in rows {
            writer.as_mut().write_raw(row.as_ref()).await?;
        }
        let staged = writer.finish().await?;
        if staged > 1_000 {
            client.batch_execute(&format!("ANALYZE {}", stage.name)).await?;
        }
        Ok(staged)
    }
}

impl Drop for PgConnection {
    fn drop(&mut self) {
        // In a transaction (a panic, a caller that left, a broken commit) or in the middle of an answer (a caller that
        // left): the server rolls back when the connection closes, and the pool's place is free for a new one. The next
        // caller would wait for the end of a statement that nobody wants any more. After a cancelling they might lose
        // theirs.
        if (self.in_transaction || self.asked || self.cancelled)
            && let Some(object) = self.object.take()
        {
            drop(Object::take(object));
        }
    }
}
