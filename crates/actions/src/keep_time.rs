//! The schedule: doing what is due (R38–R41), and knowing when to look again.
//!
//! A company is looked at under its lease, so that of any number of nodes one runs and the others see that it has. What
//! was done for which date stands in the records of the runs, where a unique key refuses a second success; when to look
//! again stands in the company's alarm. So nothing is in memory that a node could take with it.

use crate::{
    error::{Error, Result},
    runs::{self, Clock, LastRun, LastState, Order},
};
use domain::{
    ids::CompanyId,
    job::Job,
    schedule::{LocalDate, Slot, Tried, Turn, next_run},
    time::{Moment, Zone},
};
use store::{
    Session, Store, boxed,
    companies::{self, Company},
    jobs, statuses,
};

/// Days back to which attempts are asked for: no zone lies further from another.
const DAYS_BACK: i64 = 3;

/// Runs of one look: each job has a few attempts, and then its date is over.
const RUNS_MAX: usize = 16;

/// What came of looking at a company.
#[derive(Debug, Default)]
pub struct Looked {
    /// The runs, in their order, and how they ended.
    pub runs: Vec<(Job, Slot, std::result::Result<runs::Report, String>)>,
    /// Somebody else is running a job of it: look again soon (R41).
    pub busy: bool,
    /// Why it could not be looked at to the end: look again.
    pub trouble: Option<Error>,
}

/// Does what is due in a company, in the order of R40, each job seeing the result of the one before; then sets the
/// company's alarm.
#[boxed]
pub async fn look(store: &Store, company: CompanyId, clock: &Clock<'_>) -> Result<Looked> {
    let mut looked = Looked::default();
    let Some(company) = companies::by_id(store.read().await?.session(), company).await? else {
        return Ok(looked);
    };
    let Some(lease) = store.try_lease(company.id).await? else {
        looked.busy = true;
        return Ok(looked);
    };
    looked.trouble = look_alone(store, &company, clock, &mut looked).await.err();
    lease.release().await;
    Ok(looked)
}

async fn look_alone(store: &Store, company: &Company, clock: &Clock<'_>, looked: &mut Looked) -> Result<()> {
    let zone = runs::zone(company)?;
    let (id, now) = (company.id, clock());
    // A record that a dead process left open is an attempt that has ended (R42).
    store
        .write(move |session| Box::pin(async move { store::runs::interrupt(session, id, now).await }))
        .await?;
    while looked.runs.len() < RUNS_MAX {
        let mut due = due(store, company.id, &zone, clock()).await?;
        due.sort_by_key(|(job, slot)| (slot.at, *job));
        let Some((job, slot)) = due.into_iter().next() else { break };
        // A record that cannot be opened is no attempt: the alarm keeps ringing, and the company is looked at again.
        let opened = runs::open(store, company.id, Order::scheduled(job, slot), clock()).await?;
        let report = runs::go_on(store, company, opened, clock).await;
        looked.runs.push((job, slot, report.map_err(|error| error.for_people())));
    }
    let now = clock();
    store
        .write(move |session| {
            Box::pin(async move {
                jobs::lock_alarm(session, id, now).await?;
                set_alarm(session, id, now).await
            })
        })
        .await
}

async fn due(store: &Store, company: CompanyId, zone: &Zone, now: Moment) -> Result<Vec<(Job, Slot)>> {
    let mut reader = store.read().await?;
    let turns = turns(reader.session(), company, zone, None, now).await?;
    let due = turns.into_iter().filter_map(|(job, turn)| match turn {
        Turn::Due(slot) => Some((job, slot)),
        Turn::Again { .. } | Turn::Next(_) => None,
    });
    Ok(due.collect())
}

/// Whose turn it is, of the jobs that are switched on, in the order of R40. A job whose minute is shared with an earlier
/// one that is tried again waits for that, so that it sees its result. Who does not hold the company's lease names the
/// job that is running: its attempt has not ended.
async fn turns(
    session: &mut Session,
    company: CompanyId,
    zone: &Zone,
    running: Option<Job>,
    now: Moment,
) -> Result<Vec<(Job, Turn)>> {
    let known = statuses::list(session, company).await?;
    let mut turns: Vec<(Job, Turn)> = Vec::new();
    for job in Job::ALL {
        let Some(timing) = jobs::settings(session, company, job, &known).await?.timing() else { continue };
        let tried = tried(session, company, job, zone, now).await?;
        let mut turn = timing.turn(zone, &tried, now);
        if let Turn::Due(slot) = turn {
            let held_up = turns.iter().find_map(|(job, earlier)| match earlier {
                Turn::Again { slot: theirs, from } if theirs.at == slot.at && running != Some(*job) => {
                    Some(*from)
                }
                _ => None,
            });
            turn = held_up.map_or(turn, |from| Turn::Again { slot, from });
        }
        turns.push((job, turn));
    }
    Ok(turns)
}

async fn tried(
    session: &mut Session,
    company: CompanyId,
    job: Job,
    zone: &Zone,
    now: Moment,
) -> Result<Vec<Tried>> {
    let from: LocalDate = zone.day_after(zone.local_date(now), -DAYS_BACK);
    Ok(store::runs::tried(session, company, job, from).await?)
}

/// Sets the company's alarm to the first moment at which one of its jobs is due. The alarm is locked.
#[boxed]
pub(crate) async fn set_alarm(session: &mut Session, company: CompanyId, now: Moment) -> Result<()> {
    let Some(found) = companies::by_id(session, company).await? else { return Ok(()) };
    let zone = runs::zone(&found)?;
    let turns = turns(session, company, &zone, None, now).await?;
    let first = turns.iter().map(|(_, turn)| turn.from()).min();
    jobs::set_alarm(session, company, first).await?;
    Ok(())
}

/// When a job will run, in words; none while it is switched off or in progress.
#[boxed]
pub async fn next_run_of(
    store: &Store,
    company: &Company,
    job: Job,
    last: &LastRun,
    now: Moment,
) -> Result<Option<String>> {
    if last.state == LastState::Running {
        return Ok(None);
    }
    let zone = runs::zone(company)?;
    let mut reader = store.read().await?;
    let word = store::runs::in_progress(reader.session(), company.id).await?;
    let running = Job::ALL.into_iter().find(|job| word.as_deref() == Some(job.word()));
    let turns = turns(reader.session(), company.id, &zone, running, now).await?;
    let turn = turns.into_iter().find(|(known, _)| *known == job);
    Ok(turn.map(|(_, turn)| next_run(&turn, &zone, now)))
}
