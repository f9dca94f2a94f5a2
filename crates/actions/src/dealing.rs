//! The jobs *Auto lead assignment* and *Daily lead top-up*: snapshot, decision, claim (R25–R36). A preview is the same
//! code up to the claim (R43).

use crate::{
    error::{Error, Result},
    keep_decision::keep_decision,
    runs::{self, Close, zone},
};
use domain::{
    ids::{CompanyId, RunId, StatusId, UserId},
    job::{Job, JobSettings},
    pool::{Dealing, Pool, Rules},
    preview::Basis,
    progress::Step,
    status::{StatusMark, Statuses},
    time::Moment,
};
use store::{
    Session, Store,
    assign::{self, Claim},
    boxed,
    companies::Company,
    jobs, pool, statuses, users,
    work::Watch,
};
use tokio::sync::Semaphore;

/// Days back to which earlier owners of a lead are avoided (R29).
const EARLIER_OWNERS_DAYS: i64 = 30;
/// Working days for which a person's choice of an owner stands (R26).
const CHOICE_WORKING_DAYS: u32 = 2;

/// A status that holds more than one lead in so many is read by walking through all of them.
const COMMON_PART: i64 = 4;

/// Dealings of this process that are computed at the same time, those that nobody waits for any more among them: each
/// takes a core and holds its pool.
static DEALINGS: Semaphore = Semaphore::const_new(4);

/// What a dealing goes by: the status it gives, its settings for the record, and what it saw.
pub(crate) struct Given {
    status: StatusId,
    settings: serde_json::Value,
    /// For the comparison with a preview.
    pub basis: Basis,
}

/// Snapshot, then decision. Nothing is changed.
#[boxed]
pub(crate) async fn look_and_deal(
    store: &Store,
    company: &Company,
    job: Job,
    watch: Option<&Watch>,
    now: Moment,
) -> Result<(Given, Dealing)> {
    let (id, chosen_since) =
        (company.id, zone(company)?.working_days_back(now, CHOICE_WORKING_DAYS, company.working_days));
    let looking = watch.cloned();
    let seen: Seen = store
        .read_long(move |session| {
            if let Some(watch) = looking {
                session.works_for(watch);
            }
            Box::pin(look(session, id, job, chosen_since, now))
        })
        .await?;
    if let Some(watch) = watch {
        watch.step(Step::Dealing, seen.leads).await?;
    }
    let names: Vec<&str> = (seen.statuses.iter())
        .filter(|status| seen.eligible.contains(&status.id))
        .map(|status| status.name.as_str())
        .collect();
    let settings = serde_json::json!({
        "strategy": seen.rules.strategy, "statuses": names,
        "oldest_first": seen.rules.oldest_first, "rest_hours": seen.rules.rest_hours,
    });
    let status = seen.statuses.marked(StatusMark::Assigned).id;
    // A dealing cannot be broken off, but it changes nothing: its thread ends by itself, and keeps its place until then.
    let dealing = async {
        let place = DEALINGS.acquire().await.expect("it is never closed");
        let deal = move || (seen.pool.deal(&seen.members, &seen.earlier, &seen.rules), drop(place)).0;
        tokio::task::spawn_blocking(deal).await
    };
    let dealing = match watch {
        Some(watch) => watch.unless_asked(dealing).await?,
        None => dealing.await,
    };
    let dealing = dealing.map_err(|error| Error::Fault(format!("the dealing failed: {error}")))?;
    let mut dealing = dealing.map_err(|error| Error::Fault(error.to_string()))?;
    if job == Job::TopUp {
        dealing.count_places_left();
    }
    let basis = Basis::of(
        &settings.to_string(),
        &dealing.numbers,
        &dealing.agents,
        dealing.moves.iter().map(|m| (m.lead, m.to.0)),
    );
    Ok((Given { status, settings, basis }, dealing))
}

/// The run: looks, decides and claims.
#[boxed]
pub(crate) async fn deal_and_claim(
    store: &Store,
    company: &Company,
    job: Job,
    run: RunId,
    watch: &Watch,
    clock: &(dyn Fn() -> Moment + Send + Sync),
) -> Result<(Basis, Dealing)> {
    let (given, dealing) = look_and_deal(store, company, job, Some(watch), clock()).await?;
    watch.step(Step::Waiting, dealing.moves.len() as u64).await?;
    let basis = given.basis.clone();
    let (company, now, watch) = (company.id, clock(), watch.clone());
    let dealing = store
        .write_checked(Some(watch), move |session| {
            Box::pin(claim(session, company, job, run, given, dealing, now))
        })
        .await?;
    Ok((basis, dealing))
}

async fn claim(
    session: &mut Session,
    company: CompanyId,
    job: Job,
    run: RunId,
    given: Given,
    mut dealing: Dealing,
    now: Moment,
) -> Result<Dealing> {
    let moves = std::mem::take(&mut dealing.moves);
    let claim = Claim {
        company,
        run: Some(run),
        detail: None,
        shard: run.0,
        at: now,
        status: given.status,
        moves: &moves,
    };
    let outcome = assign::claim(session, &claim).await?;
    let mut dealing = dealing.as_claimed(&outcome);
    if job == Job::TopUp {
        dealing.count_places_left();
    }
    let close = Close { run, at: now, numbers: &dealing.numbers, agents: &dealing.agents };
    runs::close(session, company, close, given.settings).await?;
    keep_decision(session, company, run, &dealing.decision).await?;
    Ok(dealing)
}

struct Seen {
    statuses: Statuses,
    eligible: Vec<StatusId>,
    /// Leads in them.
    leads: u64,
    members: Vec<domain::pool::Member>,
    pool: Pool,
    earlier: Vec<(domain::ids::LeadId, UserId)>,
    rules: Rules,
}

async fn look(
    session: &mut Session,
    company: CompanyId,
    job: Job,
    chosen_since: Moment,
    now: Moment,
) -> Result<Seen> {
    let statuses = statuses::list(session, company).await?;
    let settings: JobSettings = jobs::settings(session, company, job, &statuses).await?;
    let rules = Rules {
        now,
        chosen_since,
        strategy: settings.strategy,
        oldest_first: settings.oldest_first,
        rest_hours: settings.rest_hours,
    };
    let mut members = users::members(session, company).await?;
    let eligible = settings.eligible(&statuses);
    let counts = statuses::counts(session, company).await?;
    let all: i64 = counts.iter().map(|(_, leads)| leads).sum();
    let mut leads = Vec::new();
    for status in &eligible {
        let common = counts.iter().any(|(id, leads)| id == status && leads * COMMON_PART > all);
        leads.append(&mut pool::in_status(session, company, *status, common).await?);
    }
    let looked_at = leads.len() as u64;
    let pool = if job == Job::TopUp {
        // Who has no cap cannot be filled up (R36), and who receives nothing has no place that could be left free.
        members.retain(|member| member.cap.is_some() && member.is_receiver());
        Pool::fresh(leads)
    } else {
        Pool::gather(leads, &members, &rules)
    };
    let mut earlier = Vec::new();
    if pool.had_owners() {
        for status in &eligible {
            let since = now.days_before(EARLIER_OWNERS_DAYS);
            earlier.append(&mut pool::earlier_owners(session, company, *status, since).await?);
        }
    }
    Ok(Seen { statuses, eligible, leads: looked_at, members, pool, earlier, rules })
}
