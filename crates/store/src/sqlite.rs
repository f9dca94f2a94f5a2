//! The embedded database: a pool of readers, and one thread that writes.
//!
//! The writer collects the writes that wait and commits them together, each behind a savepoint of its own, so that one
//! `fsync` serves many and a write that fails takes nobody with it. An answer is sent only after the commit.

use crate::{
    boxed,
    changes::{Change, News, publish},
    checkpoint::{self, Checkpointer},
    error::{Error, Result},
    limits::{ASKING, Limits, WRITES_PER_COMMIT},
    session::{Inner, Session},
};
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};

/// Opens connections to one file and owns its writer.
pub(crate) struct Sqlite {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Session>>>,
    places: Arc<Semaphore>,
    /// Present until the store closes.
    writes: Option<mpsc::SyncSender<Box<dyn Job>>>,
    writer: Option<std::thread::JoinHandle<()>>,
    limits: Limits,
}

impl Drop for Sqlite {
    /// Waits for the writer to finish what it has and to close its connection, so that nothing is left beside the
    /// database but the database: the last connection to close folds the write-ahead log into it.
    fn drop(&mut self) {
        lock(&self.idle).clear();
        self.writes = None;
        if let Some(writer) = self.writer.take()
            && writer.thread().id() != std::thread::current().id()
        {
            let _ = writer.join();
        }
    }
}

/// A write as the writer thread sees it.
pub(crate) trait Job: Send {
    /// False when the caller has gone or been told *busy*: then nothing is done.
    fn begin(&self) -> bool;
    /// Whether it wants a commit of its own (a run, an import), so that nobody small waits for it unanswered.
    fn alone(&self) -> bool;
    /// Whether it has looked by itself that what its rows refer to is there; alone only.
    fn is_checked(&self) -> bool;
    /// Does the work. False: undo it.
    fn work(&mut self, session: &mut Session) -> bool;
    /// Tells the caller, once it is known whether the commit happened. What the work itself refused stays its answer.
    fn finish(self: Box<Self>, committed: Result<()>);
}

impl Sqlite {
    /// Opens the file, or makes it where `create` says so.
    pub(crate) fn open(
        path: &Path,
        create: bool,
        limits: Limits,
        news: broadcast::Sender<News>,
    ) -> Result<Sqlite> {
        let mut session = Session::new(Inner::Sqlite(connect(path, create, Role::Writer, limits)?));
        let mut others = Others { version: version(&mut session)?, asked: Instant::now(), news };
        let mut writer = Writer { checkpointer: None, session, path: path.to_owned(), limits };
        let (writes, waiting) = mpsc::sync_channel(limits.writes_waiting);
        let writer = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || writer.write_until_closed(&waiting, &mut others))
            .map_err(|e| Error::Io(format!("the writer thread does not start: {e}")))?;
        Ok(Sqlite {
            path: path.to_owned(),
            idle: Arc::default(),
            places: Arc::new(Semaphore::new(limits.readers)),
            writes: Some(writes),
            writer: Some(writer),
            limits,
        })
    }

    /// A reader from the pool; it waits for one up to the limit.
    #[boxed]
    pub(crate) async fn reader(&self) -> Result<SqliteReader> {
        let place = tokio::time::timeout(self.limits.turn, Arc::clone(&self.places).acquire_owned())
            .await
            .map_err(|_| Error::Busy { waited: self.limits.turn })?
            .map_err(|e| Error::Io(e.to_string()))?;
        let idle = lock(&self.idle).pop();
        let session = match idle {
            Some(session) => session,
            None => Session::new(Inner::Sqlite(connect(&self.path, false, Role::Reader, self.limits)?)),
        };
        Ok(SqliteReader {
            session: Some(session),
            home: Arc::clone(&self.idle),
            in_snapshot: false,
            statement_limit: self.limits.statement,
            _place: place,
        })
    }

    /// Hands a write to the writer thread; a full queue answers *busy* at once.
    pub(crate) fn submit(&self, job: Box<dyn Job>) -> Result<()> {
        let ended = || Error::Panicked("the writer thread has ended".into());
        let writes = self.writes.as_ref().ok_or_else(ended)?;
        writes.try_send(job).map_err(|e| match e {
            mpsc::TrySendError::Full(_) => Error::QueueFull { waiting: self.limits.writes_waiting },
            mpsc::TrySendError::Disconnected(_) => ended(),
        })
    }

    /// Wakes the writer, so that it notices who listens. When its queue is full it is awake.
    pub(crate) fn wake(&self) {
        let _ = self.submit(Box::new(Wake));
    }
}

/// Nothing to do but to look who listens.
struct Wake;

impl Job for Wake {
    fn begin(&self) -> bool {
        false
    }
    fn alone(&self) -> bool {
        false
    }
    fn is_checked(&self) -> bool {
        false
    }
    fn work(&mut self, _: &mut Session) -> bool {
        false
    }
    fn finish(self: Box<Self>, _: Result<()>) {}
}

/// A reader that goes home when it is dropped, also by a panic.
pub(crate) struct SqliteReader {
    session: Option<Session>,
    home: Arc<Mutex<Vec<Session>>>,
    in_snapshot: bool,
    statement_limit: Duration,
    _place: OwnedSemaphorePermit,
}

impl SqliteReader {
    pub(crate) fn session(&mut self) -> &mut Session {
        self.session.as_mut().expect("a reader keeps its session until it is dropped")
    }

    /// From here on everything is read as of one moment.
    pub(crate) fn begin_snapshot(&mut self) -> Result<()> {
        if let Inner::Sqlite(connection) = &self.session().inner {
            connection.execute_batch("BEGIN")?;
            self.in_snapshot = true;
        }
        Ok(())
    }

    /// Starts the clock of the statement limit, or stops it for work that may be long.
    pub(crate) fn limit(&mut self, limited: bool) -> Result<()> {
        let limit = self.statement_limit;
        if let Inner::Sqlite(connection) = &mut self.session().inner {
            let started = Instant::now();
            connection.progress_handler(
                100_000, // virtual machine steps, about a millisecond
                limited.then_some(move || started.elapsed() > limit),
            )?;
        }
        Ok(())
    }
}

impl Drop for SqliteReader {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else { return };
        if self.in_snapshot
            && let Inner::Sqlite(connection) = &session.inner
            && connection.execute_batch("ROLLBACK").is_err()
        {
            return; // a connection that cannot even roll back is not used again
        }
        lock(&self.home).push(session);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Reader,
    Writer,
    /// It moves pages from the log to the database and reads nothing.
    Folder,
}

fn connect(path: &Path, create: bool, role: Role, limits: Limits) -> Result<Connection> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let named = |e: rusqlite::Error| match Error::from(e) {
        Error::Unavailable(why) => Error::Unavailable(format!("{}: {why}", path.display())),
        Error::NotADatabase(why) => Error::NotADatabase(format!("{}: {why}", path.display())),
        other => other,
    };
    let connection = Connection::open_with_flags(path, flags).map_err(named)?;
    connection.busy_timeout(limits.turn)?;
    // FULL: an acknowledged commit survives a power cut. The caches stay small, so that an idle process does.
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864;",
        )
        .map_err(named)?;
    connection.execute_batch(match role {
        Role::Reader => "PRAGMA query_only = ON; PRAGMA cache_size = -4096;",
        Role::Writer => "PRAGMA cache_size = -32768;",
        Role::Folder => "",
    })?;
    // Without this a statement whose plan could depend on a value (a limit is enough) is compiled anew at each use: a
    // third of the time of a page. Every statement names its index, so that there is nothing to be gained by it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(connection)
}

/// What the writer thread works with.
struct Writer {
    /// From the first long write on. First here, so that it has ended before the session closes.
    checkpointer: Option<Checkpointer>,
    session: Session,
    path: PathBuf,
    limits: Limits,
}

/// What other processes do to the file, for those who listen here.
struct Others {
    /// The version of the file that was seen last. The writer's own commits do not change it.
    version: i64,
    asked: Instant,
    news: broadcast::Sender<News>,
}

impl Others {
    /// Asks the file when it is time to, and says how long it may rest; none while nobody listens.
    fn look(&mut self, session: &mut Session) -> Option<Duration> {
        if self.news.receiver_count() == 0 {
            return None;
        }
        let rest = ASKING.saturating_sub(self.asked.elapsed());
        if !rest.is_zero() {
            return Some(rest);
        }
        self.asked = Instant::now();
        match version(session) {
            Ok(version) if version != self.version => {
                self.version = version;
                publish(&self.news, News::Everything);
            }
            Ok(_) => {}
            // The next write that fails for the same reason says so to somebody.
            Err(error) => tracing::debug!(%error, "the database could not be asked for its version"),
        }
        Some(ASKING)
    }
}

/// A number that changes when another connection, of this process or another one, has written to the file.
fn version(session: &mut Session) -> Result<i64> {
    match &session.inner {
        Inner::Sqlite(connection) => {
            Ok(connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
        }
        Inner::Postgres(_) => Err(Error::Sql("the writer thread serves the embedded database only".into())),
    }
}

impl Writer {
    /// The life of the writer thread.
    fn write_until_closed(&mut self, waiting: &mpsc::Receiver<Box<dyn Job>>, others: &mut Others) {
        let mut put_off: Option<Box<dyn Job>> = None;
        loop {
            let ask_within = others.look(&mut self.session);
            let first = match (put_off.take(), ask_within) {
                (Some(first), _) => first,
                (None, None) => match waiting.recv() {
                    Ok(first) => first,
                    Err(mpsc::RecvError) => return,
                },
                (None, Some(pause)) => match waiting.recv_timeout(pause) {
                    Ok(first) => first,
                    Err(mpsc::RecvTimeoutError::Timeout) => continue,
                    Err(mpsc::RecvTimeoutError::Disconnected) => return,
                },
            };
            put_off = self.commit_together(first, waiting, &others.news);
        }
    }

    /// One commit for `first` and for what waits behind it. Answers a job that wants a commit of its own, if it met one.
    fn commit_together(
        &mut self,
        first: Box<dyn Job>,
        waiting: &mpsc::Receiver<Box<dyn Job>>,
        news: &broadcast::Sender<News>,
    ) -> Option<Box<dyn Job>> {
        if !first.begin() {
            return None;
        }
        let (alone, limits) = (first.alone(), self.limits);
        if alone {
            self.leave_the_log_to_the_checkpointer();
        }
        let session = &mut self.session;
        // Another process may hold the file for as long as its run or import takes.
        let turn = if alone { limits.long_turn } else { limits.turn };
        let keys = if first.is_checked() { look_at_keys(session, false) } else { Ok(()) };
        let begun =
            keys.and_then(|()| wait_up_to(session, turn)).and_then(|()| execute(session, "BEGIN IMMEDIATE"));
        if let Err(error) = begun {
            if alone {
                self.give_back();
            }
            first.finish(Err(error));
            return None;
        }
        let started = Instant::now();
        let mut done: Vec<Box<dyn Job>> = Vec::new();
        let mut told: Vec<Change> = Vec::new();
        let mut put_off = None;
        let mut next = Some(first);
        while let Some(mut job) = next.take() {
            match attempt(session, &mut *job, !done.is_empty(), alone) {
                Ok(true) => {
                    told.append(&mut session.told.take());
                    done.push(job);
                }
                Ok(false) => {
                    session.told.take();
                    job.finish(Ok(()));
                }
                Err(error) => {
                    // The transaction is gone, and with it every write in it.
                    let _ = execute(session, "ROLLBACK");
                    session.told.take();
                    done.push(job);
                    for job in done {
                        job.finish(Err(error.clone()));
                    }
                    if alone {
                        self.give_back();
                    }
                    return None;
                }
            }
            if alone || done.len() >= WRITES_PER_COMMIT || started.elapsed() > limits.collecting {
                break;
            }
            next = loop {
                match waiting.try_recv() {
                    Ok(job) if job.alone() => {
                        put_off = Some(job);
                        break None;
                    }
                    Ok(job) if job.begin() => break Some(job),
                    Ok(_) => {}
                    Err(_) => break None,
                }
            };
        }
        let committed =
            if done.is_empty() { execute(session, "ROLLBACK") } else { execute(session, "COMMIT") };
        // After a failed sync the frames may be there when the machine comes back.
        let committed = committed.map_err(|error| match error {
            Error::Unavailable(why) => Error::CommitUnknown(why),
            other => other,
        });
        if committed.is_ok() {
            for change in told {
                publish(news, News::Changed(Arc::new(change)));
            }
        } else {
            let _ = execute(session, "ROLLBACK");
        }
        for job in done {
            job.finish(committed.clone());
        }
        if alone {
            self.give_back();
        }
        put_off
    }

    /// The commit of a long write does not fold the log it makes. Without a checkpointer it does, as any other.
    fn leave_the_log_to_the_checkpointer(&mut self) {
        if self.checkpointer.is_none() {
            let started = connect(&self.path, false, Role::Folder, self.limits)
                .and_then(|connection| Checkpointer::start(connection).map_err(|e| Error::Io(e.to_string())));
            match started {
                Ok(checkpointer) => self.checkpointer = Some(checkpointer),
                Err(error) => tracing::warn!(%error, "nobody but the writer can fold the log"),
            }
        }
        // Long writes one after the other leave no gap in which a log that is folded could begin anew.
        let is_short = checkpoint::log_of(&self.path) <= checkpoint::LEFT_MAX;
        if let (Some(_), true, Inner::Sqlite(connection)) =
            (&self.checkpointer, is_short, &self.session.inner)
        {
            checkpoint::let_commits_fold(connection, false);
        }
    }

    /// A long write has filled the cache, the temporary tables and the log: gives the memory back, and asks for the log to
    /// be folded. The next write is looked at again.
    fn give_back(&mut self) {
        let session = &mut self.session;
        look_at_keys(session, true).expect("a switch of an open connection can be turned");
        if let Inner::Sqlite(connection) = &session.inner {
            checkpoint::let_commits_fold(connection, true);
            let _ = crate::stage::STAGES.iter().try_for_each(|stage| {
                connection.execute_batch(&format!("DROP TABLE IF EXISTS temp.{}", stage.name))
            });
            let _ = connection.release_memory();
        }
        if let Some(checkpointer) = &self.checkpointer {
            checkpointer.ask();
        }
    }
}

/// Whether the engine looks if what a row refers to is there. Between transactions only.
fn look_at_keys(session: &mut Session, looks: bool) -> Result<()> {
    if let Inner::Sqlite(connection) = &session.inner
        && connection.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY)? != looks
    {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, looks)?;
    }
    Ok(())
}

/// Does one write of a group: true, it stays; false, it is undone and the others stand. An error: the transaction is
/// gone. A full disk, for one, makes the engine roll back everything by itself, whatever the work made of the error.
fn attempt(session: &mut Session, job: &mut dyn Job, behind_others: bool, alone: bool) -> Result<bool> {
    // The first write needs no savepoint: if it fails there is nothing else to keep yet.
    if behind_others {
        execute(session, "SAVEPOINT write")?;
    }
    let kept = job.work(session);
    if let Inner::Sqlite(connection) = &session.inner
        && connection.is_autocommit()
    {
        return Err(Error::GivenUp);
    }
    match (kept, behind_others) {
        (true, true) => execute(session, "RELEASE write")?,
        (true, false) => {}
        (false, false) if alone => {} // rolled back by the caller: nothing follows
        (false, true) => {
            execute(session, "ROLLBACK TO write")?;
            execute(session, "RELEASE write")?;
        }
        (false, false) => {
            execute(session, "ROLLBACK")?;
            execute(session, "BEGIN IMMEDIATE")?;
        }
    }
    Ok(kept)
}

fn wait_up_to(session: &mut Session, turn: Duration) -> Result<()> {
    match &session.inner {
        Inner::Sqlite(connection) => Ok(connection.busy_timeout(turn)?),
        Inner::Postgres(_) => Ok(()),
    }
}

fn execute(session: &mut Session, sql: &str) -> Result<()> {
    match &session.inner {
        Inner::Sqlite(connection) => {
            connection.prepare_cached(sql)?.raw_execute()?;
            Ok(())
        }
        Inner::Postgres(_) => Err(Error::Sql("the writer thread serves the embedded database only".into())),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::StatementStatus;

    #[test]
    fn a_statement_is_compiled_once_whatever_its_values_are() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("evenhand.db");
        for role in [Role::Writer, Role::Reader] {
            let connection = connect(&file, true, role, Limits::default()).expect("a connection");
            let text = "SELECT value FROM json_each('[1,2,3]') WHERE value > $1 LIMIT $2";
            let mut statement = connection.prepare(text).expect("a statement");
            for rows in [1, 3, 2] {
                statement.raw_bind_parameter(1, 0).expect("bound");
                statement.raw_bind_parameter(2, rows).expect("bound");
                let mut found = statement.raw_query();
                let mut seen = 0;
                while found.next().expect("a row").is_some() {
                    seen += 1;
                }
                assert_eq!(seen, rows);
            }
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        }
    }
}
