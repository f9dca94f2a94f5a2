//! The store: opens a database of either kind, and hands out readers and writes.
//!
//! - [`Store::read`]: a reader for a few short statements; [`Store::snapshot`] reads everything as of one moment.
//! - [`Store::read_long`]: a snapshot for work that may take seconds, off the asynchronous threads.
//! - [`Store::write`]: one transaction. It runs to its end even when the caller goes away, and what it answers has been
//!   committed with full durability. [`Store::write_long`] is the same for runs and imports.

use crate::{
    boxed,
    changes::{Feed, News},
    dialect::Engine,
    error::{Error, Result},
    limits::{self, Limits},
    memory, migrate,
    postgres::{PgConnection, Postgres},
    session::{Inner, Session},
    sqlite::{Job, Sqlite, SqliteReader},
    work::{Watch, Works},
};
use futures_util::{FutureExt, future::BoxFuture};
use std::{
    any::Any,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::sync::oneshot;

/// Where the rows are.
#[derive(Debug, Clone)]
pub enum Location {
    /// A folder with the embedded database `evenhand.db` in it.
    Folder(PathBuf),
    /// A PostgreSQL URL.
    Url(String),
}

/// What to do about a database that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Make it (`init`, `demo`, `serve`).
    Create,
    /// Say so.
    Refuse,
}

/// The database of an installation. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    backend: Arc<Backend>,
    feed: Arc<Feed>,
    works: Arc<Works>,
    limits: Limits,
}

enum Backend {
    Sqlite { sqlite: Sqlite, folder: PathBuf },
    Postgres(Box<Postgres>),
}

impl Store {
    /// Opens the database and brings its schema up to date.
    #[boxed]
    pub async fn open(location: &Location, missing: Missing) -> Result<Store> {
        Store::open_within(location, missing, Limits::default()).await
    }

    /// The same with limits of one's own.
    #[boxed]
    pub async fn open_within(location: &Location, missing: Missing, limits: Limits) -> Result<Store> {
        let news = tokio::sync::broadcast::Sender::<News>::new(limits::NEWS_WAITING);
        let backend = match location {
            Location::Folder(folder) => {
                let file = folder.join("evenhand.db");
                if missing == Missing::Create {
                    make_private(folder, &file)?;
                } else if !file.exists() {
                    return Err(Error::Missing(format!(
                        "there is no database at {}; make one with `evenhand init`, or name its folder with --data",
                        file.display()
                    )));
                }
                Backend::Sqlite {
                    sqlite: Sqlite::open(&file, missing == Missing::Create, limits, news.clone())?,
                    folder: folder.clone(),
                }
            }
            Location::Url(url) => Backend::Postgres(Box::new(Postgres::new(url, limits)?)),
        };
        let store = Store {
            backend: Arc::new(backend),
            feed: Arc::new(Feed::new(news)),
            works: Arc::default(),
            limits,
        };
        migrate::up(&store, missing).await?;
        Ok(store)
    }

    /// Which engine this is.
    pub fn engine(&self) -> Engine {
        match *self.backend {
            Backend::Sqlite { .. } => Engine::Sqlite,
            Backend::Postgres(_) => Engine::Postgres,
        }
    }

    /// Where the rows are, in words, without passwords.
    pub fn place(&self) -> String {
        match &*self.backend {
            Backend::Sqlite { folder, .. } => folder.join("evenhand.db").display().to_string(),
            Backend::Postgres(postgres) => postgres.place(),
        }
    }

    /// The folder of the embedded database; none for PostgreSQL.
    pub fn folder(&self) -> Option<&Path> {
        match &*self.backend {
            Backend::Sqlite { folder, .. } => Some(folder),
            Backend::Postgres(_) => None,
        }
    }

    pub(crate) fn postgres(&self) -> Option<&Postgres> {
        match &*self.backend {
            Backend::Sqlite { .. } => None,
            Backend::Postgres(postgres) => Some(postgres),
        }
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.feed
    }

    pub(crate) fn works(&self) -> &Works {
        &self.works
    }

    /// Lets the writer of the embedded database notice that somebody listens.
    pub(crate) fn wake_writer(&self) {
        if let Backend::Sqlite { sqlite, .. } = &*self.backend {
            sqlite.wake();
        }
    }

    /// A reader for a few short statements.
    #[boxed]
    pub async fn read(&self) -> Result<Reader> {
        Ok(Reader {
            kind: match &*self.backend {
                Backend::Sqlite { sqlite, .. } => {
                    let mut reader = sqlite.reader().await?;
                    reader.limit(true)?;
                    ReaderKind::Sqlite(reader)
                }
                Backend::Postgres(postgres) => {
                    ReaderKind::Postgres(Session::new(Inner::Postgres(postgres.connection().await?)))
                }
            },
        })
    }

    /// A reader that sees everything as of one moment.
    #[boxed]
    pub async fn snapshot(&self) -> Result<Reader> {
        Ok(Reader {
            kind: match &*self.backend {
                Backend::Sqlite { sqlite, .. } => {
                    let mut reader = sqlite.reader().await?;
                    reader.limit(true)?;
                    reader.begin_snapshot()?;
                    ReaderKind::Sqlite(reader)
                }
                Backend::Postgres(postgres) => {
                    let connection =
                        postgres.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
                    ReaderKind::Postgres(Session::new(Inner::Postgres(connection)))
                }
            },
        })
    }

    /// A snapshot for work that may take seconds: off the asynchronous threads on SQLite, without the statement limit.
    pub async fn read_long<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let slot = Slot::default();
        let filled = slot.clone();
        self.read_into_slot(Box::new(move |session| {
            let looking = work(session);
            Box::pin(async move { filled.fill(looking.await) })
        }))
        .await?;
        slot.take().unwrap_or_else(|| Err(E::from(Error::Panicked("a reader was never asked".into()))))
    }

    #[boxed]
    async fn read_into_slot(&self, work: Reading) -> Result<()> {
        let mut reader = self.snapshot().await?;
        let read = match &mut reader.kind {
            ReaderKind::Sqlite(sqlite) => {
                sqlite.limit(false)?;
                let reading = tokio::task::spawn_blocking(move || {
                    let read = guarded(|| ready(work(reader.session())));
                    reader.session().works_for_nobody();
                    drop(reader);
                    read
                });
                reading.await.unwrap_or_else(|e| Err(Error::Panicked(e.to_string())))
            }
            ReaderKind::Postgres(session) => {
                session.without_statement_limit().await?;
                let read = AssertUnwindSafe(work(session)).catch_unwind().await;
                // Nothing was written: a connection that does not even end its transaction is given up when dropped.
                let _ = session.connection()?.end("COMMIT").await;
                read.map_err(|panic| Error::Panicked(panic_text(&*panic)))
            }
        };
        memory::give_back_soon();
        read
    }

    /// One transaction for a person's action: short, sharing its commit with others on SQLite.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.write_as(Length::Short, None, work).await
    }

    /// One transaction for a run or an import: it has its commit, and no limit on its statements.
    pub async fn write_long<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.write_for(None, work).await
    }

    /// The same for work that somebody may wish to stop: see [`Session::works_for`]. While it waits for its turn the wish
    /// takes it back at once, but where it is next in this process and another process is writing to the same file.
    pub async fn write_for<T, E, F>(&self, watch: Option<Watch>, work: F) -> Result<T, E>
    where
        F: for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.write_long_as(Length::Long, watch, work).await
    }

    /// The same for work that has looked by itself whether everything is there that its rows refer to. On SQLite, where
    /// nobody else writes meanwhile, the engine does not look again for each row: a sixth of a large run.
    pub async fn write_checked<T, E, F>(&self, watch: Option<Watch>, work: F) -> Result<T, E>
    where
        F: for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.write_long_as(Length::Checked, watch, work).await
    }

    async fn write_long_as<T, E, F>(&self, length: Length, watch: Option<Watch>, work: F) -> Result<T, E>
    where
        F: for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let answer = self.write_as(length, watch, work).await;
        memory::give_back_soon();
        answer
    }

    async fn write_as<T, E, F>(&self, length: Length, watch: Option<Watch>, work: F) -> Result<T, E>
    where
        F: for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let slot = Slot::default();
        let filled = slot.clone();
        let committed = self
            .write_into_slot(
                length,
                watch,
                Box::new(move |session| {
                    let writing = work(session);
                    Box::pin(async move {
                        let answer = writing.await;
                        let kept = answer.is_ok();
                        filled.fill(answer);
                        kept
                    })
                }),
            )
            .await;
        match (committed, slot.take()) {
            // What the work itself refused stays its answer.
            (_, Some(Err(own))) => Err(own),
            (Ok(()), Some(answer)) => answer,
            (Err(error), _) => Err(E::from(error)),
            (Ok(()), None) => Err(E::from(Error::Panicked("a write was never begun".into()))),
        }
    }

    /// The same for all kinds of answers. An error: it is not committed, or that is not known.
    #[boxed]
    async fn write_into_slot(&self, length: Length, watch: Option<Watch>, work: Writing) -> Result<()> {
        let limit = if length == Length::Short { self.limits.turn } else { self.limits.long_turn };
        match &*self.backend {
            Backend::Sqlite { sqlite, .. } => {
                let (reply, answer) = oneshot::channel();
                let turn = Arc::new(Turn::default());
                sqlite.submit(Box::new(Write {
                    work: Some(work),
                    watch: watch.clone(),
                    panicked: None,
                    reply,
                    turn: Arc::clone(&turn),
                    length,
                }))?;
                wait_for_turn(&turn, watch.as_ref(), answer, limit).await
            }
            Backend::Postgres(postgres) => {
                let waiting = async {
                    let turn = postgres.turn(limit).await?;
                    Ok::<_, Error>((turn, postgres.begin("BEGIN").await?))
                };
                let (turn, connection) = unless_asked(watch.as_ref(), waiting).await??;
                let mut session = Session::new(Inner::Postgres(connection));
                if let Some(watch) = watch {
                    session.works_for(watch);
                }
                // It has begun. A task of its own: it runs to its end when the caller goes away.
                let writing = async move {
                    let committed = transact(session, length, work).await;
                    drop(turn);
                    committed
                };
                tokio::spawn(writing).await.unwrap_or_else(|e| Err(Error::Panicked(e.to_string())))
            }
        }
    }
}

/// Work of a write: its answer lies in its slot, and what it says here is whether to keep what it did. Without the type
/// of the answer all writes are one code.
type Writing = Box<dyn for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, bool> + Send>;
/// The same for work that only looks.
type Reading = Box<dyn for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, ()> + Send>;

/// Where work leaves its answer for its caller, who may have gone.
struct Slot<T>(Arc<Mutex<Option<T>>>);

impl<T> Default for Slot<T> {
    fn default() -> Slot<T> {
        Slot(Arc::default())
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Slot<T> {
        Slot(Arc::clone(&self.0))
    }
}

impl<T> Slot<T> {
    fn fill(&self, answer: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }

    fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The life of a transaction on PostgreSQL that has begun.
async fn transact(mut session: Session, length: Length, work: Writing) -> Result<()> {
    if length != Length::Short {
        session.without_statement_limit().await?;
    }
    match AssertUnwindSafe(work(&mut session)).catch_unwind().await {
        Ok(true) => {
            let told = session.told.take();
            session.connection()?.commit(&told).await.map_err(|error| match error {
                Error::Unavailable(why) => Error::CommitUnknown(why),
                other => other,
            })
        }
        Ok(false) => {
            // When even this fails, dropping the connection rolls back.
            let _ = session.connection()?.end("ROLLBACK").await;
            Ok(())
        }
        Err(panic) => Err(Error::Panicked(panic_text(&*panic))),
    }
}

impl Session {
    fn connection(&mut self) -> Result<&mut PgConnection> {
        match &mut self.inner {
            Inner::Postgres(connection) => Ok(connection),
            Inner::Sqlite(_) => Err(Error::Sql("not a PostgreSQL session".into())),
        }
    }
}

/// A session for reading; it goes back to its pool when dropped.
pub struct Reader {
    kind: ReaderKind,
}

enum ReaderKind {
    Sqlite(SqliteReader),
    Postgres(Session),
}

impl Reader {
    /// The session to read with.
    pub fn session(&mut self) -> &mut Session {
        match &mut self.kind {
            ReaderKind::Sqlite(reader) => reader.session(),
            ReaderKind::Postgres(session) => session,
        }
    }
}

/// Makes the folder and an empty database in it that only the owner of the process can read: there are names and
/// numbers of people in it. SQLite gives the files beside it the same permissions. What exists stays as it is.
fn make_private(folder: &Path, file: &Path) -> Result<()> {
    if !folder.is_dir() {
        std::fs::create_dir_all(folder)
            .and_then(|()| private(folder, 0o700))
            .map_err(|e| cannot(folder, &e))?;
    }
    if !file.exists() {
        let made = std::fs::File::options().write(true).create(true).truncate(false).open(file);
        made.and_then(|_| private(file, 0o600)).map_err(|e| cannot(file, &e))?;
    }
    Ok(())
}

fn cannot(path: &Path, e: &std::io::Error) -> Error {
    Error::Missing(format!("{} cannot be made: {e}", path.display()))
}

/// Sets the permissions of a file or folder, where the system has such.
pub(crate) fn private(path: &Path, mode: u32) -> std::io::Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    #[cfg(not(unix))]
    let _ = (path, mode);
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    Short,
    Long,
    /// Long, and what its rows refer to is known to be there.
    Checked,
}

/// Whether a write has begun. Before that, its caller may take it back; afterwards it runs to its end.
#[derive(Default)]
struct Turn(AtomicU8);

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const TAKEN_BACK: u8 = 2;

impl Turn {
    fn begin(&self) -> bool {
        self.0.compare_exchange(WAITING, BEGUN, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn take_back(&self) -> bool {
        self.0.compare_exchange(WAITING, TAKEN_BACK, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

async fn unless_asked<T>(watch: Option<&Watch>, doing: impl Future<Output = T>) -> Result<T> {
    match watch {
        Some(watch) => watch.unless_asked(doing).await,
        None => Ok(doing.await),
    }
}

/// Waits for the answer; a caller that goes away, has waited too long, or is to stop takes a write back that has not
/// begun.
async fn wait_for_turn(
    turn: &Turn,
    watch: Option<&Watch>,
    mut answer: oneshot::Receiver<Result<()>>,
    limit: Duration,
) -> Result<()> {
    struct TakeBack<'t>(&'t Turn);
    impl Drop for TakeBack<'_> {
        fn drop(&mut self) {
            self.0.take_back();
        }
    }
    let _guard = TakeBack(turn);
    let gone = || Error::Panicked("the writer thread has ended".into());
    match unless_asked(watch, tokio::time::timeout(limit, &mut answer)).await {
        Ok(Ok(answer)) => answer.map_err(|_| gone())?,
        Ok(Err(_)) if turn.take_back() => Err(Error::Busy { waited: limit }),
        Err(cancelled) if turn.take_back() => Err(cancelled),
        // It has begun: what comes of it is true.
        _ => answer.await.map_err(|_| gone())?,
    }
}

struct Write {
    work: Option<Writing>,
    watch: Option<Watch>,
    panicked: Option<Error>,
    reply: oneshot::Sender<Result<()>>,
    turn: Arc<Turn>,
    length: Length,
}

impl Job for Write {
    fn begin(&self) -> bool {
        self.turn.begin()
    }

    fn alone(&self) -> bool {
        self.length != Length::Short
    }

    fn is_checked(&self) -> bool {
        self.length == Length::Checked
    }

    fn work(&mut self, session: &mut Session) -> bool {
        let Some(work) = self.work.take() else { return false };
        if let Some(watch) = self.watch.take() {
            session.works_for(watch);
        }
        let done = guarded(|| ready(work(session)));
        session.works_for_nobody(); // the writer's session goes on to the next work
        done.unwrap_or_else(|panicked| {
            self.panicked = Some(panicked);
            false
        })
    }

    fn finish(self: Box<Self>, committed: Result<()>) {
        // The caller may have gone; the write stands all the same.
        let _ = self.reply.send(self.panicked.map_or(committed, Err));
    }
}

/// Polls once. Work on SQLite awaits nothing but the store, and the store never waits there.
fn ready<T>(mut future: BoxFuture<'_, T>) -> T {
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a transaction awaits something other than the store"),
    }
}

fn guarded<T>(work: impl FnOnce() -> T) -> Result<T> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).map_err(|panic| Error::Panicked(panic_text(&*panic)))
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no text".into())
}
