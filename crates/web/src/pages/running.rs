//! A run in progress: how far it is, and cancelling it (R33, R42).

use crate::{
    error::{Error, Result},
    frame::{self, Item, Visit},
    links,
    pages::runs::job_name,
    parts::{
        Toast, Tone,
        data::{card, heading},
        job::{self, Bar, Running},
    },
    signed_in::{May, RunsStart, SignedIn},
    site::Site,
};
use actions::{
    cancel_run::{CancelRun, cancel_run},
    cancelling::Cancelling,
    runs,
};
use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{ids::RunId, role::Permission};
use maud::html;
use std::{sync::Arc, time::Duration};
use store::{
    runs::{Run, RunLine},
    work::WorkId,
};

/// How long whoever cancels waits to hear that it has stopped.
pub const CANCEL_PATIENCE: Duration = Duration::from_secs(1);

/// The page of a run while it is in progress; it becomes that of a finished one before one's eyes.
pub fn page(site: &Site, who: &SignedIn, visit: &Visit, line: &RunLine) -> Response {
    let run = &line.run;
    let title = format!("{} of {}", job_name(&run.job), who.zone.minute(run.started_at));
    let main = html! {
        div #run data-live="hello run" hx-get=(links::run(run.id)) hx-trigger="live" hx-target="this" hx-select="#run" hx-swap="outerMorph" {
            (heading(&title, None, &html! {}))
            (card("What it does", &job::running(&shown(site, who, run))))
        }
    };
    frame::page(visit, who, Item::Runs, &format!("Run {}", run.id), &main)
}

fn shown(site: &Site, who: &SignedIn, run: &Run) -> Running {
    Running {
        href: links::run(run.id),
        sentence: runs::running(&site.store, who.company.id, run, &who.zone),
        bar: bar(site, who, run.id),
        cancel: may_cancel(site, who, run).then(|| links::run_cancel(run.id)),
    }
}

/// How far a run is, if this process does it.
pub fn bar(site: &Site, who: &SignedIn, run: RunId) -> Option<Bar> {
    let standing = site.store.standing(who.company.id, WorkId::Run(run))?;
    Some(Bar { words: standing.words(), percent: standing.percent() as i64 })
}

/// Whether there is something to cancel, and this person may.
fn may_cancel(site: &Site, who: &SignedIn, run: &Run) -> bool {
    let is_stopping = run.asked.is_some() || site.store.is_asked_to_stop(who.company.id, WorkId::Run(run.id));
    who.may(Permission::RunsStart) && !is_stopping
}

/// Asks before it cancels.
pub async fn confirm(
    State(site): State<Arc<Site>>,
    who: May<RunsStart>,
    visit: Visit,
    Path(run): Path<i64>,
) -> Result<Response> {
    let mut reader = site.store.read().await?;
    let found = store::runs::one(reader.session(), who.company.id, RunId(run)).await?;
    drop(reader);
    let run = found.ok_or(Error::NotFound)?.run;
    if run.state != "running" {
        return Ok(frame::go_on_saying(&links::run(run.id), &told(Cancelling::Done)));
    }
    let sentence = runs::running(&site.store, who.company.id, &run, &who.zone);
    let page = job::cancel_page(&sentence, &links::run_cancel(run.id), &links::run(run.id));
    Ok(frame::page(&visit, &who, Item::Runs, "Cancel a run", &page))
}

/// Cancels a run in progress: nothing has happened then.
pub async fn cancel(
    State(site): State<Arc<Site>>,
    who: May<RunsStart>,
    Path(run): Path<i64>,
) -> Result<Response> {
    let run = RunId(run);
    let order = CancelRun { run, viewer: who.viewer(), now: who.now, patience: CANCEL_PATIENCE };
    match cancel_run(&site.store, who.company.id, order).await? {
        Cancelling::NotFound => Err(Error::NotFound),
        came => Ok(frame::go_on_saying(&links::run(run), &told(came))),
    }
}

fn told(came: Cancelling) -> Toast {
    match came {
        Cancelling::Cancelled => Toast::new(Tone::Success, "The run is cancelled. No lead was changed."),
        Cancelling::Asked => Toast::new(Tone::Info, "The run is about to stop."),
        Cancelling::Failed => Toast::new(Tone::Info, "The run had stopped already. No lead was changed."),
        Cancelling::Done | Cancelling::NotFound => Toast::new(Tone::Warning, "The run was done already."),
    }
}
