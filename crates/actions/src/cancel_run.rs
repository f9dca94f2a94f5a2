//! Cancelling a run in progress: it stops at once, in the middle of a statement too, and nothing has happened.

use crate::{cancelling::Cancelling, error::Result, runs::close_interrupted};
use domain::{
    ids::{CompanyId, RunId},
    time::Moment,
    viewer::Viewer,
};
use std::time::Duration;
use store::{
    Store, boxed, runs,
    work::{Asked, Heard, WorkId},
};

/// Who cancels which run.
#[derive(Debug, Clone, Copy)]
pub struct CancelRun {
    /// Which.
    pub run: RunId,
    /// Who.
    pub viewer: Viewer,
    /// When.
    pub now: Moment,
    /// How long the answer may wait for it to stop.
    pub patience: Duration,
}

/// Wishes that a run stop, whichever process does it, and waits a little to see whether it does.
#[boxed]
pub async fn cancel_run(store: &Store, company: CompanyId, order: CancelRun) -> Result<Cancelling> {
    let CancelRun { run, viewer, now, patience } = order;
    let Some(before) = state(store, company, run).await? else { return Ok(Cancelling::NotFound) };
    if before != "running" {
        return Ok(Cancelling::of_an_ended(&before));
    }
    let (work, asked) = (WorkId::Run(run), Asked { by: viewer.actor(), at: now });
    match store.ask_to_stop(company, work, asked) {
        Heard::InTime | Heard::TooLate => {
            let _ = tokio::time::timeout(patience, store.work_ended(company, work)).await;
        }
        Heard::NotHere => {
            let written: store::Result<bool> = store
                .write(move |session| {
                    Box::pin(async move { runs::ask_to_stop(session, company, run, asked).await })
                })
                .await;
            written?;
            // A run whose process has died will not stop by itself.
            close_interrupted(store, company, now).await?;
        }
    }
    let after = state(store, company, run).await?;
    Ok(after.map_or(Cancelling::NotFound, |state| match state.as_str() {
        "running" => Cancelling::Asked,
        "cancelled" => Cancelling::Cancelled,
        other => Cancelling::of_an_ended(other),
    }))
}

async fn state(store: &Store, company: CompanyId, run: RunId) -> Result<Option<String>> {
    let found = runs::one(store.read().await?.session(), company, run).await?;
    Ok(found.map(|found| found.run.state))
}
