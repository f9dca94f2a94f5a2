//! Work that takes long, a run or an import: how far it is, and the wish that it stop.
//!
//! The wish is a mark that the work looks at between its steps, and once more in its last statement, so that it comes in
//! time or too late and nothing in between. There are two places for it:
//!
//! - In the process that does the work, a flag beside it. On SQLite nothing else would do: while the work writes, it is
//!   the one writer, so nobody could write a wish.
//! - In the record (`cancel_asked_at_ms`), for every other process: see [`runs`](crate::runs) and
//!   [`imports`](crate::imports). On PostgreSQL the work sees it at its next step. Another process on an SQLite file can
//!   write it until the work begins to write; then it waits for its turn, and comes too late.

use crate::{
    changes::{Change, Topic},
    database::Store,
    error::{Error, Result},
    params,
    session::Session,
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
};
use tokio::sync::watch;

sql! {
    ASKED_RUN = "SELECT 1 FROM runs WHERE company_id = $1 AND id = $2 AND cancel_asked_at_ms IS NOT NULL";
    ASKED_IMPORT = "SELECT 1 FROM imports WHERE company_id = $1 AND id = $2 AND cancel_asked_at_ms IS NOT NULL";
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
    /// The work will see it at its next step, and change nothing.
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
    /// Begins work whose record stands. It counts as running here until the answer is dropped.
    pub fn begin_work(&self, company: CompanyId, id: WorkId) -> Work {
        let about = About { company, id, store: self.clone() };
        let watch =
            Watch(Arc::new(Watched { about, state: Mutex::default(), ended: watch::Sender::new(false) }));
        self.works().running().insert((company, id), watch.clone());
        Work(watch)
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
        watch.tell();
        Heard::InTime
    }

    /// Waits until this process does the work no more.
    pub async fn work_ended(&self, company: CompanyId, id: WorkId) {
        let ended = self.watch(company, id).map(|watch| watch.0.ended.subscribe());
        if let Some(mut ended) = ended {
            // It fails only where the work is gone.
            let _ = ended.wait_for(|ended| *ended).await;
        }
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
pub struct Work(Watch);

impl Work {
    /// What the work looks at between its steps.
    pub fn watch(&self) -> Watch {
        self.0.clone()
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let about = &self.0.0.about;
        about.store.works().running().remove(&(about.company, about.id));
        self.0.0.ended.send_replace(true);
    }
}

/// What work looks at between its steps: it says how far it is, and hears whether it is to stop. Cheap to clone.
#[derive(Clone)]
pub struct Watch(Arc<Watched>);

struct Watched {
    about: About,
    state: Mutex<State>,
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
        let About { company, id, store } = &self.0.about;
        let topic = match id {
            WorkId::Run(_) => Topic::Runs,
            WorkId::Import(_) => Topic::Imports,
        };
        store.tell_here(Change::of(*company, topic));
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
    /// This transaction is the work's, until it ends.
    pub fn works_for(&mut self, watch: Watch) {
        self.watch = Some(watch);
    }

    /// The next step of the work that this transaction is part of, with so many leads. [`Error::Cancelled`] if it is to
    /// stop instead: nothing has happened then, since the transaction is rolled back. Without such work, nothing.
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
pub(crate) async fn is_asked(session: &mut Session, company: CompanyId, id: WorkId) -> Result<bool> {
    let (statement, id) = match id {
        WorkId::Run(run) => (&ASKED_RUN, run.0),
        WorkId::Import(import) => (&ASKED_IMPORT, import.0),
    };
    Ok(session.optional(statement, params![company, id], |_| Ok(())).await?.is_some())
}
