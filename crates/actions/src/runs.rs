//! The life of a run: its lease, its record, its work, and how it ended (R33, R34, R41–R43).

use crate::{
    dealing,
    error::{Error, Result},
    remove_stale,
};
use domain::{
    ids::{CompanyId, RunId},
    job::Job,
    pool::AgentLine,
    preview::Basis,
    progress::Step,
    schedule::Slot,
    sentence::{self, RunNumbers},
    time::{Moment, Zone},
    viewer::Viewer,
};
use store::{
    Session, Store, boxed,
    companies::Company,
    lease::Lease,
    runs::{self, Start, StartedBy, Totals},
    work::{Watch, WorkId},
};

/// What gives the moments of a record.
pub type Clock<'c> = dyn Fn() -> Moment + Send + Sync + 'c;

/// What a run did, or a preview would do.
#[derive(Debug)]
pub struct Report {
    /// Which job.
    pub job: Job,
    /// The run; none for a preview.
    pub run: Option<RunId>,
    /// The numbers.
    pub numbers: RunNumbers,
    /// Every user who may receive leads; for a removal those who lose some.
    pub agents: Vec<AgentLine>,
    /// The sentence of R33.
    pub sentence: String,
    /// What the sentence leaves out; may be empty.
    pub second_line: String,
    /// What the decision went by: a preview is bound to it.
    pub basis: Basis,
    /// What has changed since the preview that the order named; empty if nothing has.
    pub since_preview: String,
}

/// What is to run.
#[derive(Debug, Clone)]
pub struct Order {
    job: Job,
    start: Start,
    preview: Option<Basis>,
}

impl Order {
    /// At once (R34).
    pub fn now(job: Job, viewer: Viewer, by: StartedBy) -> Order {
        Order { job, start: Start { by, actor: viewer.actor(), slot: None }, preview: None }
    }

    /// Because it is time. It uses up the date of the slot (R38).
    pub fn scheduled(job: Job, slot: Slot) -> Order {
        Order { job, start: Start { by: StartedBy::Schedule, actor: None, slot: Some(slot) }, preview: None }
    }

    /// The same, after a preview: the report says what has changed since.
    #[must_use]
    pub fn after(self, preview: Option<Basis>) -> Order {
        Order { preview, ..self }
    }
}

/// What a run would do now (R43). Nothing is changed.
#[boxed]
pub async fn preview(store: &Store, company: &Company, job: Job, now: Moment) -> Result<Report> {
    let (basis, numbers, agents) = match job {
        Job::Assignment | Job::TopUp => {
            let (given, dealing) = dealing::look_and_deal(store, company, job, None, now).await?;
            (given.basis, dealing.numbers, dealing.agents)
        }
        Job::Removal => {
            let found = remove_stale::preview(store, company, now).await?;
            (found.basis, found.numbers, found.agents)
        }
    };
    Ok(Report {
        job,
        run: None,
        sentence: sentence::preview(job, &numbers),
        second_line: sentence::second_line(&numbers),
        numbers,
        agents,
        basis,
        since_preview: String::new(),
    })
}

/// Runs, unless another run of the company is in progress (R41).
#[boxed]
pub async fn run(store: &Store, company: &Company, order: Order, clock: &Clock<'_>) -> Result<Report> {
    begin(store, company, order, clock).await?.finish(store, company, clock).await
}

/// A run whose record is open.
#[must_use = "nobody else finishes it"]
pub struct Begun {
    lease: Lease,
    opened: Opened,
}

/// Opens the record of a run, unless another run of the company is in progress (R41). Whoever goes away before it is
/// finished leaves a record that the next one who looks closes as interrupted.
#[boxed]
pub async fn begin(store: &Store, company: &Company, order: Order, clock: &Clock<'_>) -> Result<Begun> {
    let Some(lease) = store.try_lease(company.id).await? else {
        return Err(Error::refused(
            "a run of this company is in progress; wait until it is done and start again",
        ));
    };
    match open(store, company.id, order, clock()).await {
        Ok(opened) => Ok(Begun { lease, opened }),
        Err(error) => {
            lease.release().await;
            Err(error)
        }
    }
}

impl Begun {
    /// Which.
    pub fn run(&self) -> RunId {
        self.opened.run
    }

    /// Does it.
    #[boxed]
    pub async fn finish(self, store: &Store, company: &Company, clock: &Clock<'_>) -> Result<Report> {
        let report = go_on(store, company, self.opened, clock).await;
        self.lease.release().await;
        report
    }
}

/// The run, while the caller holds the company's lease.
#[boxed]
pub(crate) async fn go_on(
    store: &Store,
    company: &Company,
    opened: Opened,
    clock: &Clock<'_>,
) -> Result<Report> {
    let Opened { run, order, at: started_at } = opened;
    let (job, start) = (order.job, order.start);
    let zone = zone(company)?;
    let doing = store.begin_work(company.id, WorkId::Run(run));
    let watch = doing.watch();
    match work(store, company, job, run, &watch, clock).await {
        Ok((basis, numbers, agents)) => {
            let (company, over) = (company.id, clock());
            let told: store::Result<()> = store
                .write(move |session| Box::pin(async move { runs::ended(session, company, run, over).await }))
                .await;
            if let Err(error) = told {
                // The run stands; its record says that it was over when it was closed.
                tracing::warn!(%run, %error, "how long a run took could not be recorded");
            }
            Ok(Report {
                job,
                run: Some(run),
                sentence: sentence::last_run(job, started_at, &zone, &numbers),
                second_line: second_line(&numbers, start.slot.map(|slot| slot.at), started_at, &zone),
                since_preview: order.preview.and_then(|seen| basis.changes_since(&seen)).unwrap_or_default(),
                numbers,
                agents,
                basis,
            })
        }
        Err(error) => {
            if !error.is_the_callers() {
                tracing::error!(%run, %error, "a run failed");
            }
            let (company, now, why, asked) = (company.id, clock(), error.for_people(), watch.asked());
            // Patiently: how it ended is not lost because somebody else is writing for long.
            let closed: store::Result<()> = store
                .write_long(move |session| {
                    Box::pin(async move {
                        if let Some(asked) = asked {
                            runs::ask_to_stop(session, company, run, asked).await?;
                        }
                        runs::fail(session, company, run, now, &why).await
                    })
                })
                .await;
            if let Err(unrecorded) = closed {
                // The next run that looks finds the record open and its process gone.
                tracing::error!(%run, error = %unrecorded, "the failure of a run could not be recorded");
            }
            Err(error)
        }
    }
}

async fn work(
    store: &Store,
    company: &Company,
    job: Job,
    run: RunId,
    watch: &Watch,
    clock: &Clock<'_>,
) -> Result<(Basis, RunNumbers, Vec<AgentLine>)> {
    watch.step(Step::Looking, 0).await?;
    match job {
        Job::Assignment | Job::TopUp => {
            let (basis, dealing) = dealing::deal_and_claim(store, company, job, run, watch, clock).await?;
            Ok((basis, dealing.numbers, dealing.agents))
        }
        Job::Removal => {
            let found = remove_stale::remove(store, company, run, watch, clock()).await?;
            Ok((found.basis, found.numbers, found.agents))
        }
    }
}

/// Opens the record. What a dead process left open is closed first (R42); the caller holds the lease.
#[boxed]
pub(crate) async fn open(store: &Store, company: CompanyId, order: Order, now: Moment) -> Result<Opened> {
    let (job, start) = (order.job, order.start);
    let run: RunId = store
        .write(move |session| {
            Box::pin(async move {
                runs::interrupt(session, company, now).await?;
                Ok::<_, Error>(runs::start(session, company, job, &start, now).await?)
            })
        })
        .await?;
    Ok(Opened { run, order, at: now })
}

/// A run with an open record.
pub(crate) struct Opened {
    run: RunId,
    order: Order,
    at: Moment,
}

/// How a run ended well.
pub(crate) struct Close<'r> {
    pub run: RunId,
    pub at: Moment,
    pub numbers: &'r RunNumbers,
    pub agents: &'r [AgentLine],
}

/// Closes the record inside the transaction of the run.
pub(crate) async fn close(
    session: &mut Session,
    company: CompanyId,
    close: Close<'_>,
    settings: serde_json::Value,
) -> Result<()> {
    let numbers = close.numbers;
    session.step(Step::Closing, numbers.assigned).await?;
    let totals = Totals {
        assigned: numbers.assigned as i64,
        agents: numbers.agents as i64,
        kept: numbers.kept as i64,
        unassigned: numbers.unassigned() as i64,
    };
    let mut summary = serde_json::to_value(numbers).map_err(|error| Error::Fault(error.to_string()))?;
    summary["settings"] = settings;
    let summary = summary.to_string();
    if !runs::finish(session, company, close.run, close.at, totals, &summary, close.agents).await? {
        return Err(Error::Fault(
            "another node took this run for dead and closed its record; nothing was changed".into(),
        ));
    }
    Ok(())
}

/// How the last run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastState {
    /// There was none.
    Never,
    /// It is in progress.
    Running,
    /// It failed; no lead was changed.
    Failed,
    /// Somebody cancelled it; no lead was changed.
    Cancelled,
    /// It is done.
    Done,
}

/// The last run, in all its forms (R33).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// Which; none if there was none.
    pub run: Option<RunId>,
    /// How it stands.
    pub state: LastState,
    /// Its sentence.
    pub sentence: String,
    /// What the sentence leaves out; may be empty.
    pub second_line: String,
}

/// The last run of a job. A record that says *running* although nobody holds the lease belongs to a process that died:
/// it is closed as interrupted (R42).
#[boxed]
pub async fn last_run(store: &Store, company: &Company, job: Job, now: Moment) -> Result<LastRun> {
    let zone = zone(company)?;
    let mut latest = latest(store, company, job).await?;
    if latest.as_ref().is_some_and(|run| run.state == "running")
        && close_interrupted(store, company.id, now).await?
    {
        latest = self::latest(store, company, job).await?;
    }
    let Some(run) = latest else {
        let sentence = sentence::NEVER_RUN.into();
        return Ok(LastRun { run: None, state: LastState::Never, sentence, second_line: String::new() });
    };
    let mut second_line = String::new();
    let (state, sentence) = match run.state.as_str() {
        "running" => (LastState::Running, running(store, company.id, &run, &zone)),
        "cancelled" => (LastState::Cancelled, sentence::cancelled(run.started_at, &zone, asker(&run))),
        "failed" => {
            let why = run.failure.as_deref().unwrap_or("unknown");
            (LastState::Failed, sentence::failed(run.started_at, &zone, why))
        }
        _ => {
            let numbers: RunNumbers = run
                .summary
                .as_deref()
                .and_then(|summary| serde_json::from_str(summary).ok())
                .ok_or_else(|| Error::Fault(format!("the record of run {} cannot be read", run.id)))?;
            second_line = self::second_line(&numbers, run.slot_at, run.started_at, &zone);
            (LastState::Done, sentence::last_run(job, run.started_at, &zone, &numbers))
        }
    };
    Ok(LastRun { run: Some(run.id), state, sentence, second_line })
}

/// Closes what says *running* although nobody holds the lease: its process has died (R42). True: something may be
/// different now; false: it runs.
#[boxed]
pub async fn close_interrupted(store: &Store, company: CompanyId, now: Moment) -> Result<bool> {
    let Some(lease) = store.try_lease(company).await? else { return Ok(false) };
    let closed: store::Result<u64> = store
        .write(move |session| Box::pin(async move { runs::interrupt(session, company, now).await }))
        .await;
    lease.release().await;
    closed?;
    Ok(true)
}

/// A run in progress, in a sentence. Its process may not have heard yet that it is to stop.
pub fn running(store: &Store, company: CompanyId, run: &runs::Run, zone: &Zone) -> String {
    if run.asked.is_some() || store.is_asked_to_stop(company, WorkId::Run(run.id)) {
        sentence::stopping(run.started_at, zone)
    } else {
        sentence::running(run.started_at, zone)
    }
}

/// Who wished that a run stop.
pub fn asker(run: &runs::Run) -> Option<&str> {
    run.asked.as_ref().and_then(|asked| asked.name.as_deref())
}

/// What the sentence leaves out, lateness first (R39).
pub fn second_line(numbers: &RunNumbers, due: Option<Moment>, started_at: Moment, zone: &Zone) -> String {
    let late = due.filter(|due| Slot::is_late_at(*due, started_at)).map(|due| sentence::late(due, zone));
    let rest = Some(sentence::second_line(numbers)).filter(|line| !line.is_empty());
    [late, rest].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

async fn latest(store: &Store, company: &Company, job: Job) -> Result<Option<runs::Run>> {
    Ok(runs::latest(store.read().await?.session(), company.id, job, 1).await?.into_iter().next())
}

pub(crate) fn zone(company: &Company) -> Result<Zone> {
    company.time_zone.parse().map_err(|error| Error::Fault(format!("company {}: {error}", company.name)))
}
