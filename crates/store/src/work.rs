//! Work that takes long, a run or an import: how far it is, and the wish that it stop.
//!
//! The wish is a mark that the work looks at between its steps, and once more in its last statement, so that it comes in
//! time or too late and nothing in between. A statement that is on its way when the wish comes is broken off, since it
//! may be one of many seconds: see [`Session::works_for`]. There are two places for the wish:
//!
//! - In the process that does the work, a flag beside it. On SQLite nothing else would do: while the work writes, it is
//!   the one writer, so nobody could write a wish.
//! - In the record (`cancel_asked_at_ms`), for every other process: see [`runs`](crate::runs) and
//!   [`imports`](crate::imports). The process that works hears of it by the news, looks at its record and sets its own
//!   flag. Another process on an SQLite file can write it until the work begins to write; then it waits for its turn,
//!   and comes too late.

use crate::{
    boxed,
    changes::{Change, Topic},
    database::Store,
    error::{Error, Result},
    params,
    session::{Inner, Session},
    sql,
};
use domain::{
    ids::{CompanyId, ImportId, RunId, UserId},
    progress::{Standing, Step},
    time::Moment,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, task::JoinHandle};

/// Until a record is looked at again that could not be looked at.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// Steps of SQLite's machine after which a statement of the work asks whether it is to stop: about a millisecond.
const LOOKED_EVERY: std::ffi::c_int = 100_000;

sql! {
    ASKED_RUN = "SELECT cancel_asked_at_ms, cancel_asked_by_id FROM runs
        WHERE company_id = $1 AND id = $2 AND cancel_asked_at_ms IS NOT NULL";
    ASKED_IMPORT = "SELECT cancel_asked_at_ms, cancel_asked_by_id FROM imports
        WHERE company_id = $1 AND id = $2 AND cancel_asked_at_ms IS NOT NULL";
}

/// Which work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WorkId {
    /// A run of a job.
    Run(RunId),
    /// An import with a record.
    Import(ImportId),
}

/// Who wished that it stop, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Who; none at the command line.
    pub by: Option<UserId>,
    /// When.
    pub at: Moment,
}

/// The wish as a record tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedBy {
    /// The name of whoever wished it; none at the command line.
    pub name: Option<String>,
    /// When.
    pub at: Moment,
}

/// What became of a wish in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// The work stops, and changes nothing.
    InTime,
    /// Its last statement is written.
    TooLate,
    /// This process does no such work.
    NotHere,
}

/// What is called at each step, in tests: it may ask, or hold the work. On SQLite, where a transaction awaits nothing, it
/// must be ready at once.
#[cfg(any(test, feature = "testing"))]
pub type Hook = Arc<dyn Fn(WorkId, Step) -> crate::session::BoxFuture<'static, ()> + Send + Sync>;

/// The long work of this process.
#[derive(Default)]
pub(crate) struct Works {
    running: Mutex<HashMap<(CompanyId, WorkId), Watch>>,
    #[cfg(any(test, feature = "testing"))]
    hook: Mutex<Option<Hook>>,
}

impl Works {
    fn running(&self) -> MutexGuard<'_, HashMap<(CompanyId, WorkId), Watch>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Begins work whose record stands. It counts as running here until the answer is dropped. Inside the runtime it
    /// hears of the wishes of other processes, too.
    pub fn begin_work(&self, company: CompanyId, id: WorkId) -> Work {
        let about = About { company, id, store: self.clone() };
        let watch = Watch(Arc::new(Watched {
            about,
            state: Mutex::default(),
            wished: watch::Sender::new(false),
            ended: watch::Sender::new(false),
        }));
        self.works().running().insert((company, id), watch.clone());
        let runtime = tokio::runtime::Handle::try_current().ok();
        let hearing = runtime.map(|runtime| runtime.spawn(watch.clone().hear_others()));
        Work { watch, hearing }
    }

    /// How far work is, if this process does it and it has taken a step.
    pub fn standing(&self, company: CompanyId, id: WorkId) -> Option<Standing> {
        self.watch(company, id)?.state().standing
    }

    /// Whether somebody wishes that this work of this process stop.
    pub fn is_asked_to_stop(&self, company: CompanyId, id: WorkId) -> bool {
        self.watch(company, id).is_some_and(|watch| watch.asked().is_some())
    }

    /// Wishes that work of this process stop.
    pub fn ask_to_stop(&self, company: CompanyId, id: WorkId, asked: Asked) -> Heard {
        let Some(watch) = self.watch(company, id) else { return Heard::NotHere };
        let mut state = watch.state();
        if state.is_past_return {
            return Heard::TooLate;
        }
        state.asked.get_or_insert(asked);
        drop(state);
        watch.0.wished.send_replace(true);
        watch.tell();
        Heard::InTime
    }

    /// Waits until this process does the work no more.
    #[boxed]
    pub async fn work_ended(&self, company: CompanyId, id: WorkId) {
        let ended = self.watch(company, id).map(|watch| watch.0.ended.subscribe());
        if let Some(mut ended) = ended {
            // It fails only where the work is gone.
            let _ = ended.wait_for(|ended| *ended).await;
        }
    }

    async fn asked_in_record(&self, company: CompanyId, id: WorkId) -> Result<Option<Asked>> {
        asked_in(self.read().await?.session(), company, id).await
    }

    fn watch(&self, company: CompanyId, id: WorkId) -> Option<Watch> {
        self.works().running().get(&(company, id)).cloned()
    }

    /// Calls this at each step of the work of this store.
    #[cfg(any(test, feature = "testing"))]
    pub fn at_each_step(&self, hook: Option<Hook>) {
        *self.works().hook.lock().unwrap_or_else(PoisonError::into_inner) = hook;
    }
}

/// Work that is done in this process, until it is dropped.
pub struct Work {
    watch: Watch,
    /// Who hears the wishes of other processes.
    hearing: Option<JoinHandle<()>>,
}

impl Work {
    /// What the work looks at between its steps.
    pub fn watch(&self) -> Watch {
        self.watch.clone()
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Some(hearing) = &self.hearing {
            hearing.abort();
        }
        let about = &self.watch.0.about;
        about.store.works().running().remove(&(about.company, about.id));
        self.watch.0.ended.send_replace(true);
    }
}

/// What work looks at between its steps: it says how far it is, and hears whether it is to stop. Cheap to clone.
#[derive(Clone)]
pub struct Watch(Arc<Watched>);

struct Watched {
    about: About,
    state: Mutex<State>,
    /// Whether somebody has asked, for whoever waits for it.
    wished: watch::Sender<bool>,
    ended: watch::Sender<bool>,
}

struct About {
    company: CompanyId,
    id: WorkId,
    store: Store,
}

#[derive(Default)]
struct State {
    standing: Option<Standing>,
    asked: Option<Asked>,
    /// The last statement is written: from here on a wish comes too late.
    is_past_return: bool,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.about.id.fmt(f)
    }
}

impl Watch {
    /// The next step, with so many leads. [`Error::Cancelled`] if it is to stop instead.
    #[boxed]
    pub async fn step(&self, step: Step, leads: u64) -> Result<()> {
        self.state().standing = Some(Standing { step, leads });
        self.tell();
        self.hook(step).await;
        self.go_on()
    }

    /// [`Error::Cancelled`] if it is to stop.
    pub fn go_on(&self) -> Result<()> {
        if self.asked().is_some() { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// Who wished in this process that it stop.
    pub fn asked(&self) -> Option<Asked> {
        self.state().asked
    }

    /// Waits until somebody wishes that it stop: for good, if nobody does.
    #[boxed]
    pub(crate) async fn wished(&self) {
        // It fails only where the work is gone, and then nobody asks any more.
        if self.0.wished.subscribe().wait_for(|wished| *wished).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// What comes of something that changes nothing, or [`Error::Cancelled`] as soon as the work is to stop: nobody
    /// waits for it then.
    pub async fn unless_asked<T>(&self, doing: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.wished() => Err(Error::Cancelled),
            done = doing => Ok(done),
        }
    }

    /// Looks at the record whenever it may have changed, and passes on what another process wishes.
    async fn hear_others(self) {
        let About { company, id, store } = &self.0.about;
        let mut changes = store.changes();
        // What was wished before anybody listened is in the record as well.
        loop {
            match store.asked_in_record(*company, *id).await {
                Ok(Some(asked)) => {
                    store.ask_to_stop(*company, *id, asked);
                    return;
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(?id, %error, "the record of work could not be looked at");
                    tokio::time::sleep(LOOK_PAUSE).await;
                    continue;
                }
            }
            loop {
                match changes.next().await {
                    Some(news) if news.concerns(*company, self.topic()) => break,
                    Some(_) => {}
                    None => return,
                }
            }
        }
    }

    /// The last chance to stop; a wish that comes later comes too late.
    fn last_chance(&self) -> Result<()> {
        let mut state = self.state();
        if state.asked.is_some() {
            return Err(Error::Cancelled);
        }
        state.is_past_return = true;
        Ok(())
    }

    fn tell(&self) {
        let About { company, store, .. } = &self.0.about;
        store.tell_here(Change::of(*company, self.topic()));
    }

    fn topic(&self) -> Topic {
        match self.0.about.id {
            WorkId::Run(_) => Topic::Runs,
            WorkId::Import(_) => Topic::Imports,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(any(test, feature = "testing"))]
    async fn hook(&self, step: Step) {
        let About { id, store, .. } = &self.0.about;
        let hook = store.works().hook.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(hook) = hook {
            hook(*id, step).await;
        }
    }

    #[cfg(not(any(test, feature = "testing")))]
    #[expect(clippy::unused_async, reason = "its twin in tests may hold the work")]
    async fn hook(&self, _: Step) {}
}

impl Session {
    /// This transaction is the work's, until it ends: one to read in, or one of [`Store::write_for`], which calls this.
    /// Whatever statement is on its way when somebody wishes that the work stop is broken off and comes to
    /// [`Error::Cancelled`], and so does every later one.
    ///
    /// On SQLite the engine asks for the wish about every millisecond of a statement. A statement that is broken off
    /// takes its transaction with it, which nobody else shares. On PostgreSQL the server is asked to cancel it.
    ///
    /// Once the last chance has passed, no wish is taken, so that the commit and what comes before it are not broken off.
    pub fn works_for(&mut self, watch: Watch) {
        if let Inner::Sqlite(connection) = &mut self.inner {
            let asked = watch.clone();
            connection
                .progress_handler(LOOKED_EVERY, Some(move || asked.asked().is_some()))
                .expect("the store owns its connections");
        }
        self.watch = Some(watch);
    }

    /// The work has nothing to do with the session any more: its connection goes on to other work.
    pub(crate) fn works_for_nobody(&mut self) {
        if self.watch.take().is_some()
            && let Inner::Sqlite(connection) = &mut self.inner
        {
            connection.progress_handler(0, None::<fn() -> bool>).expect("the store owns its connections");
        }
    }

    /// The next step of the work that this transaction is part of, with so many leads. [`Error::Cancelled`] if it is to
    /// stop instead: nothing has happened then, since the transaction is rolled back. Without such work, nothing.
    #[boxed]
    pub async fn step(&mut self, step: Step, leads: u64) -> Result<()> {
        let Some(watch) = self.watch.clone() else { return Ok(()) };
        watch.step(step, leads).await?;
        self.look_at_the_record(&watch).await
    }

    /// The last chance to stop, before the record is closed in the same transaction.
    pub(crate) fn last_chance(&mut self) -> Result<()> {
        self.watch.as_ref().map_or(Ok(()), Watch::last_chance)
    }

    async fn look_at_the_record(&mut self, watch: &Watch) -> Result<()> {
        let About { company, id, .. } = &watch.0.about;
        let asked = is_asked(self, *company, *id).await?;
        if asked { Err(Error::Cancelled) } else { Ok(()) }
    }
}

/// Whether a record says that the work is to stop.
#[boxed]
pub(crate) async fn is_asked(session: &mut Session, company: CompanyId, id: WorkId) -> Result<bool> {
    Ok(asked_in(session, company, id).await?.is_some())
}

/// Who a record says wished that the work stop.
async fn asked_in(session: &mut Session, company: CompanyId, id: WorkId) -> Result<Option<Asked>> {
    let (statement, id) = match id {
        WorkId::Run(run) => (&ASKED_RUN, run.0),
        WorkId::Import(import) => (&ASKED_IMPORT, import.0),
    };
    session
        .optional(statement, params![company, id], |row| Ok(Asked { at: row.get(0)?, by: row.get(1)? }))
        .await
}
