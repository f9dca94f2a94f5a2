//! The job *Auto lead assignment*: preview and run are the same code up to the claim (R25–R34, R43).

use crate::{
    error::{Error, Result},
    keep_decision::keep_decision,
};
use domain::{
    ids::{CompanyId, RunId, StatusId, UserId},
    job::{ASSIGNMENT, AutoAssignment},
    pool::{AgentLine, Dealing, Pool, Rules},
    sentence::{self, RunNumbers},
    status::{StatusMark, Statuses},
    time::{Moment, Zone},
    viewer::Viewer,
};
use store::{
    Session, Store,
    assign::{self, Claim},
    companies::Company,
    jobs, pool, runs, statuses, users,
};

/// Days back to which earlier owners of a lead are avoided (R29).
const EARLIER_OWNERS_DAYS: i64 = 30;
/// Working days for which a person's choice of an owner stands (R26).
const CHOICE_WORKING_DAYS: u32 = 2;

/// A status that holds more than one lead in so many is read by walking through all of them.
const COMMON_PART: i64 = 4;

/// What a run did, or a preview would do.
#[derive(Debug)]
pub struct Report {
    /// The run; none for a preview.
    pub run: Option<RunId>,
    /// The numbers.
    pub numbers: RunNumbers,
    /// Every user who may receive leads.
    pub agents: Vec<AgentLine>,
    /// The sentence of R33.
    pub sentence: String,
    /// What the sentence leaves out; may be empty.
    pub second_line: String,
}

/// What a run would do now (R43). Nothing is changed.
pub async fn preview(store: &Store, company: &Company, now: Moment) -> Result<Report> {
    let (_, dealing) = look_and_deal(store, company, now).await?;
    Ok(Report {
        run: None,
        sentence: sentence::preview(&dealing.numbers),
        second_line: sentence::second_line(&dealing.numbers),
        numbers: dealing.numbers,
        agents: dealing.agents,
    })
}

/// Runs at once on the saved settings (R34). `clock` gives the moments of the record.
pub async fn run(
    store: &Store,
    company: &Company,
    viewer: Viewer,
    started_by: &'static str,
    clock: &(dyn Fn() -> Moment + Send + Sync),
) -> Result<Report> {
    let zone = zone(company)?;
    let Some(lease) = store.try_lease(company.id).await? else {
        return Err(Error::refused(
            "a run of this company is in progress; wait until it is done and start again",
        ));
    };
    let report = run_alone(store, company, viewer, started_by, clock, &zone).await;
    lease.release().await;
    report
}

/// The run, while the caller holds the company's lease.
async fn run_alone(
    store: &Store,
    company: &Company,
    viewer: Viewer,
    started_by: &'static str,
    clock: &(dyn Fn() -> Moment + Send + Sync),
    zone: &Zone,
) -> Result<Report> {
    let started_at = clock();
    let run = open_record(store, company.id, viewer.actor(), started_by, started_at).await?;
    match deal_and_claim(store, company, run, clock).await {
        Ok(dealing) => Ok(Report {
            run: Some(run),
            sentence: sentence::last_run(started_at, zone, &dealing.numbers),
            second_line: sentence::second_line(&dealing.numbers),
            numbers: dealing.numbers,
            agents: dealing.agents,
        }),
        Err(error) => {
            if !error.is_the_callers() {
                tracing::error!(%run, %error, "a run failed");
            }
            let (company, now, why) = (company.id, clock(), error.for_people());
            let closed: store::Result<()> = store
                .write(move |session| {
                    Box::pin(async move { runs::fail(session, company, run, now, &why).await })
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

/// How the last run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastState {
    /// There was none.
    Never,
    /// It is in progress.
    Running,
    /// It failed; no lead was changed.
    Failed,
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

/// The last run. A record that says *running* although nobody holds the lease belongs to a process that died: it is
/// closed as interrupted (R42).
pub async fn last_run(store: &Store, company: &Company, now: Moment) -> Result<LastRun> {
    let zone = zone(company)?;
    let mut latest = latest(store, company).await?;
    if latest.as_ref().is_some_and(|run| run.state == "running")
        && let Some(lease) = store.try_lease(company.id).await?
    {
        let id = company.id;
        store
            .write(move |session| Box::pin(async move { runs::interrupt(session, id, now).await }))
            .await
            .map_err(Error::Store)?;
        lease.release().await;
        latest = self::latest(store, company).await?;
    }
    let Some(run) = latest else {
        let sentence = sentence::NEVER_RUN.into();
        return Ok(LastRun { run: None, state: LastState::Never, sentence, second_line: String::new() });
    };
    let mut second_line = String::new();
    let (state, sentence) = match run.state.as_str() {
        "running" => (LastState::Running, sentence::running(run.started_at, &zone)),
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
            second_line = sentence::second_line(&numbers);
            (LastState::Done, sentence::last_run(run.started_at, &zone, &numbers))
        }
    };
    Ok(LastRun { run: Some(run.id), state, sentence, second_line })
}

async fn latest(store: &Store, company: &Company) -> Result<Option<runs::Run>> {
    Ok(runs::latest(store.read().await?.session(), company.id, ASSIGNMENT, 1).await?.into_iter().next())
}

async fn open_record(
    store: &Store,
    company: CompanyId,
    actor: Option<UserId>,
    started_by: &'static str,
    now: Moment,
) -> Result<RunId> {
    store
        .write(move |session| {
            Box::pin(async move {
                runs::interrupt(session, company, now).await?;
                Ok(runs::start(session, company, ASSIGNMENT, started_by, actor, now).await?)
            })
        })
        .await
}

async fn deal_and_claim(
    store: &Store,
    company: &Company,
    run: RunId,
    clock: &(dyn Fn() -> Moment + Send + Sync),
) -> Result<Dealing> {
    let (given, dealing) = look_and_deal(store, company, clock()).await?;
    let (company, now) = (company.id, clock());
    store.write_long(move |session| Box::pin(claim(session, company, run, given, dealing, now))).await
}

async fn claim(
    session: &mut Session,
    company: CompanyId,
    run: RunId,
    given: Given,
    mut dealing: Dealing,
    now: Moment,
) -> Result<Dealing> {
    let moves = std::mem::take(&mut dealing.moves);
    let outcome =
        assign::claim(session, &Claim { company, run, at: now, status: given.status, moves: &moves }).await?;
    let dealing = dealing.as_claimed(&outcome);
    let numbers = &dealing.numbers;
    let totals = runs::Totals {
        assigned: numbers.assigned as i64,
        agents: numbers.agents as i64,
        kept: numbers.kept as i64,
        unassigned: numbers.unassigned() as i64,
    };
    let mut summary = serde_json::to_value(numbers).map_err(|error| Error::Fault(error.to_string()))?;
    summary["settings"] = given.settings;
    let summary = summary.to_string();
    if !runs::finish(session, company, run, now, totals, &summary, &dealing.agents).await? {
        return Err(Error::Fault(
            "another node took this run for dead and closed its record; nothing was changed".into(),
        ));
    }
    keep_decision(session, company, run, &dealing.decision).await?;
    Ok(dealing)
}

/// What a run goes by: the status it gives, and its settings for the record.
struct Given {
    status: StatusId,
    settings: serde_json::Value,
}

/// Snapshot, then decision.
async fn look_and_deal(store: &Store, company: &Company, now: Moment) -> Result<(Given, Dealing)> {
    let (id, chosen_since) =
        (company.id, zone(company)?.working_days_back(now, CHOICE_WORKING_DAYS, company.working_days));
    let seen: Seen = store.read_long(move |session| Box::pin(look(session, id, chosen_since, now))).await?;
    let names: Vec<&str> = (seen.statuses.iter())
        .filter(|status| seen.eligible.contains(&status.id))
        .map(|status| status.name.as_str())
        .collect();
    let settings = serde_json::json!({
        "strategy": seen.rules.strategy, "statuses": names,
        "oldest_first": seen.rules.oldest_first, "rest_hours": seen.rules.rest_hours,
    });
    let given = Given { status: seen.statuses.marked(StatusMark::Assigned).id, settings };
    let dealing =
        tokio::task::spawn_blocking(move || seen.pool.deal(&seen.members, &seen.earlier, &seen.rules))
            .await
            .map_err(|error| Error::Fault(format!("the dealing failed: {error}")))?
            .map_err(|error| Error::Fault(error.to_string()))?;
    Ok((given, dealing))
}

struct Seen {
    statuses: Statuses,
    eligible: Vec<StatusId>,
    members: Vec<domain::pool::Member>,
    pool: Pool,
    earlier: Vec<(domain::ids::LeadId, UserId)>,
    rules: Rules,
}

async fn look(session: &mut Session, company: CompanyId, chosen_since: Moment, now: Moment) -> Result<Seen> {
    let statuses = statuses::list(session, company).await?;
    let settings: AutoAssignment = jobs::auto_assignment(session, company, &statuses).await?;
    let rules = Rules {
        now,
        chosen_since,
        strategy: settings.strategy,
        oldest_first: settings.oldest_first,
        rest_hours: settings.rest_hours,
    };
    let members = users::members(session, company).await?;
    let eligible = settings.eligible(&statuses);
    let counts = statuses::counts(session, company).await?;
    let all: i64 = counts.iter().map(|(_, leads)| leads).sum();
    let mut leads = Vec::new();
    for status in &eligible {
        let common = counts.iter().any(|(id, leads)| id == status && leads * COMMON_PART > all);
        leads.append(&mut pool::in_status(session, company, *status, common).await?);
    }
    let pool = Pool::gather(leads, &members, &rules);
    let mut earlier = Vec::new();
    if pool.had_owners() {
        for status in &eligible {
            let since = now.days_before(EARLIER_OWNERS_DAYS);
            earlier.append(&mut pool::earlier_owners(session, company, *status, since).await?);
        }
    }
    Ok(Seen { statuses, eligible, members, pool, earlier, rules })
}

fn zone(company: &Company) -> Result<Zone> {
    company.time_zone.parse().map_err(|error| Error::Fault(format!("company {}: {error}", company.name)))
}
