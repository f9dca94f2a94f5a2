//! Instant assignment: a lead that is captured is assigned at once, by the engine and the rules of *Auto lead assignment*,
//! in the transaction that makes it.

use crate::{
    error::{Error, Result},
    keep_decision::keep_decision,
};
use domain::{
    arrival::Arrival,
    ids::{CompanyId, ImportId, LeadId, RunId},
    job::{Job, ON_ARRIVAL},
    pool::{Dealing, Member, Pool, PoolLead, Rules, on_arrival},
    status::{StatusMark, Statuses},
    time::Moment,
    viewer::Viewer,
};
use store::{
    Session,
    assign::{self, Claim},
    boxed, jobs, pool,
    runs::{self, Record},
    users,
};

/// How often a dealing is tried whose agents were filled up by somebody else meanwhile.
const TRIES_MAX: usize = 3;

/// What has just been captured, in this very transaction.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Captured {
    /// One lead.
    One(LeadId),
    /// Those of an import, brought in by somebody.
    Import(ImportId, Viewer),
}

/// Assigns what has been captured, if the company wishes it; what nobody has room for stays Unassigned. To be called
/// before the numbers per status are written: queues are locked first. Answers how many leads found somebody.
#[boxed]
pub(crate) async fn assign_on_arrival(
    session: &mut Session,
    company: CompanyId,
    known: &Statuses,
    captured: Captured,
    now: Moment,
) -> Result<u64> {
    let settings = jobs::settings(session, company, Job::Assignment, known).await?;
    if !settings.instant {
        return Ok(0);
    }
    let eligible = settings.eligible(known);
    let status = known.marked(StatusMark::Assigned).id;
    let rules = Rules {
        now,
        chosen_since: now,
        strategy: settings.strategy,
        oldest_first: settings.oldest_first,
        rest_hours: settings.rest_hours,
    };
    let (run, shard) = match captured {
        Captured::One(lead) => (None, lead.0),
        Captured::Import(import, _) => (Some(runs::new_id(session).await?), import.0),
    };
    let mut total: Option<Dealing> = None;
    for attempt in 1..=TRIES_MAX {
        let mut leads = match captured {
            Captured::One(lead) => pool::one(session, company, lead).await?,
            Captured::Import(import, _) => pool::in_import(session, company, import).await?,
        };
        leads.retain(|lead| eligible.contains(&lead.status));
        if leads.is_empty() {
            break;
        }
        let members = users::members(session, company).await?;
        let detail = run.is_none().then(|| on_arrival(&leads[0], &members, settings.strategy));
        let dealing = deal(leads, &members, &rules)?;
        let moves = dealing.moves.clone();
        let claim = Claim { company, run, detail: detail.as_deref(), shard, at: now, status, moves: &moves };
        session.savepoint().await?;
        let outcome = assign::claim(session, &claim).await?;
        if outcome.surplus.is_empty() || attempt == TRIES_MAX {
            session.release_savepoint().await?;
            total = Some(dealing.as_claimed(&outcome));
            break;
        }
        // Going back gives the queues back, too: the next dealing may need others, and whoever holds some and waits for
        // one before them waits for somebody who waits for these.
        session.back_to_savepoint().await?;
    }
    let Some(total) = total else { return Ok(0) };
    if let (Some(run), Captured::Import(import, viewer)) = (run, captured)
        && total.numbers.assigned > 0
    {
        record(session, company, run, import, viewer, now, &total).await?;
    }
    Ok(total.numbers.assigned)
}

/// Inside a transaction nothing else is awaited; a dealing takes milliseconds.
fn deal(leads: Vec<PoolLead>, members: &[Member], rules: &Rules) -> Result<Dealing> {
    Pool::gather(leads, members, rules)
        .deal(members, &[], rules)
        .map_err(|error| Error::Fault(error.to_string()))
}

/// The record of an import's leads: it can be looked at and undone like a run. It names the import, with which its leads
/// may be taken back.
async fn record(
    session: &mut Session,
    company: CompanyId,
    run: RunId,
    import: ImportId,
    viewer: Viewer,
    now: Moment,
    dealing: &Dealing,
) -> Result<()> {
    let numbers = dealing.numbers.clone();
    let summary = serde_json::to_string(&Arrival { numbers, import: Some(import) })
        .map_err(|error| Error::Fault(error.to_string()))?;
    let record = Record {
        id: run,
        job: ON_ARRIVAL,
        actor: viewer.actor(),
        at: now,
        assigned: dealing.numbers.assigned as i64,
        summary: &summary,
        undoes: None,
        agents: &dealing.agents,
    };
    runs::record(session, company, record).await?;
    keep_decision(session, company, run, &dealing.decision).await
}
