//! The service that keeps the time: looks at every company whose alarm has rung (R38–R41).
//!
//! Any number of nodes may keep the time at once. What is due stands in the database, and whoever gets the company's
//! lease does it; see `actions::keep_time`. Here is only the waiting.

use actions::keep_time::{self, Looked};
use domain::{ids::CompanyId, time::Moment};
use std::{collections::HashMap, sync::Arc, time::Duration};
use store::{
    Store,
    changes::{News, Topic},
    jobs,
};
use tokio::{sync::watch, task::JoinSet};

/// Where the present moment comes from.
pub type Clock = Arc<dyn Fn() -> Moment + Send + Sync>;

/// Companies that are looked at together. Each of their runs takes a core while it computes.
const TOGETHER_MAX: usize = 2;
/// Alarms that are asked for at once.
const DUE_ROWS: i64 = 1_000;
/// The longest sleep: a clock that was set, or news that was missed, costs no more than this.
const SLEEP_MAX_MS: i64 = 30_000;
/// Until a company is looked at again whose run somebody else has in hand, or that could not be looked at.
const BUSY_MS: i64 = 2_000;
const TROUBLE_MS: i64 = 15_000;

/// Keeps the time until told to end; what is in progress then is finished.
pub async fn keep(store: Store, clock: Clock, mut ending: watch::Receiver<bool>) {
    let mut news = store.changes();
    let mut looks: JoinSet<(CompanyId, actions::Result<Looked>)> = JoinSet::new();
    // Companies in hand, and those that have to wait a little.
    let mut waiting: HashMap<CompanyId, Option<Moment>> = HashMap::new();
    loop {
        let now = clock();
        waiting.retain(|_, until| until.is_none_or(|until| until > now));
        let (due, next) = match alarms(&store, now).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "the schedule could not be read; it is tried again");
                (Vec::new(), Some(Moment(now.0 + TROUBLE_MS)))
            }
        };
        let mut left = false;
        for company in due {
            if waiting.contains_key(&company) {
                continue;
            }
            if looks.len() >= TOGETHER_MAX {
                left = true;
                break;
            }
            waiting.insert(company, None);
            let (store, clock) = (store.clone(), Arc::clone(&clock));
            looks.spawn(async move {
                let looked = keep_time::look(&store, company, &|| clock()).await;
                (company, looked)
            });
        }
        let again = waiting.values().flatten().min();
        let wake = [next, again.copied()].into_iter().flatten().min();
        let sleep = wake.map_or(SLEEP_MAX_MS, |wake| (wake.0 - now.0).clamp(1, SLEEP_MAX_MS));
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(sleep as u64)), if !left => {}
            () = settings_changed(&mut news) => {}
            Some(done) = looks.join_next() => ended(done, &mut waiting, clock()),
            _ = ending.wait_for(|ending| *ending) => break,
        }
    }
    while let Some(done) = looks.join_next().await {
        ended(done, &mut waiting, clock());
    }
}

async fn alarms(store: &Store, now: Moment) -> store::Result<(Vec<CompanyId>, Option<Moment>)> {
    let mut reader = store.read().await?;
    let due = jobs::due(reader.session(), now, DUE_ROWS).await?;
    Ok((due, jobs::next_alarm(reader.session(), now).await?))
}

/// Waits until somebody has saved settings, of whatever company.
async fn settings_changed(news: &mut store::changes::Changes) {
    loop {
        match news.next().await {
            Some(News::Everything) => return,
            Some(News::Changed(change)) if change.is_about(Topic::Settings) => return,
            Some(News::Changed(_)) => {}
            None => std::future::pending().await,
        }
    }
}

fn ended(
    done: Result<(CompanyId, actions::Result<Looked>), tokio::task::JoinError>,
    waiting: &mut HashMap<CompanyId, Option<Moment>>,
    now: Moment,
) {
    match done {
        Ok((company, Ok(looked))) => {
            for (job, slot, report) in &looked.runs {
                match report {
                    Ok(report) => {
                        let run = report.run.map_or(0, |run| run.0);
                        tracing::info!(%company, job = job.word(), date = %slot.date, run, leads = report.numbers.assigned, "a scheduled run is done");
                    }
                    Err(why) => {
                        tracing::warn!(%company, job = job.word(), date = %slot.date, why, "a scheduled run failed");
                    }
                }
            }
            if let Some(error) = looked.trouble {
                in_trouble(company, &error, waiting, now);
            } else if looked.busy {
                waiting.insert(company, Some(Moment(now.0 + BUSY_MS)));
            } else {
                waiting.remove(&company);
            }
        }
        Ok((company, Err(error))) => in_trouble(company, &error, waiting, now),
        Err(error) => {
            // Which company it was is not known any more: all in hand are looked at again.
            tracing::error!(%error, "a look at a company's schedule broke off");
            for until in waiting.values_mut() {
                *until = Some(Moment(now.0 + TROUBLE_MS));
            }
        }
    }
}

fn in_trouble(
    company: CompanyId,
    error: &actions::Error,
    waiting: &mut HashMap<CompanyId, Option<Moment>>,
    now: Moment,
) {
    tracing::warn!(%company, %error, "a company's schedule could not be looked at; it is tried again");
    waiting.insert(company, Some(Moment(now.0 + TROUBLE_MS)));
}
