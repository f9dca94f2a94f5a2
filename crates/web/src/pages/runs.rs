//! The runs: what the jobs did and what people did in bulk, one of them in full, and taking it back (R21a, R45, R46).

use crate::{
    error::{Error, Result},
    frame::{self, Item, Visit},
    links,
    parts::{
        Button, Empty, Icon, Toast, Tone,
        data::{Column, card, heading, table},
        job::{self, AgentBar, Dealing},
    },
    signed_in::{May, RunsView, SignedIn},
    site::Site,
    words::{age, number},
};
use actions::undo_run::{UndoRun, Undone, undo_run};
use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use domain::{
    bulk::Told,
    ids::RunId,
    role::Permission,
    sentence::{self, RunNumbers},
};
use maud::html;
use std::sync::Arc;
use store::runs::{self, RunLine};

/// Runs on a page.
const ROWS: i64 = 50;

/// The history, newest first.
pub async fn list(
    State(site): State<Arc<Site>>,
    who: May<RunsView>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let below = query.as_deref().and_then(|query| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "below")
            .and_then(|(_, value)| value.parse().ok())
    });
    let mut reader = site.store.read().await?;
    let found = runs::history(reader.session(), who.company.id, below.map(RunId), ROWS).await?;
    drop(reader);
    let next = (found.len() as i64 == ROWS).then(|| found.last().map(|line| line.run.id)).flatten();
    let columns = [
        Column::text("When"),
        Column::text("What"),
        Column::text("Started by"),
        Column::number("Assigned"),
        Column::number("Agents"),
        Column::number("Unassigned"),
        Column::text("State"),
    ];
    let rows: Vec<_> = found
        .iter()
        .map(|line| {
            let run = &line.run;
            vec![
                html! { a href=(links::run(run.id)) title=(who.zone.minute(run.started_at)) { (who.zone.minute(run.started_at)) } " " small { (age(run.started_at, who.now)) } },
                html! { (job_name(&run.job)) },
                html! { (line.actor.as_deref().unwrap_or(&run.started_by)) },
                html! { (number(line.assigned)) },
                html! { (number(line.agents)) },
                html! { (number(line.unassigned)) },
                html! { (run.state) },
            ]
        })
        .collect();
    let main = html! {
        (heading("Runs", Some("What the jobs did, and what people did in bulk."), &html! {}))
        section #runs data-live="run" hx-get=(links::runs()) hx-trigger="live" hx-target="this" hx-select="#runs" hx-swap="outerMorph" {
            @if rows.is_empty() {
                (Empty {
                    icon: Icon::Runs,
                    title: "No runs yet".into(),
                    next: "A run deals leads out. Start one on the page Configurations.".into(),
                    actions: vec![Button::primary("Configurations").href(links::configurations())],
                })
            } @else {
                (table("Runs", &columns, &rows))
                @if let Some(next) = next { p { a.button.small data-weight="quiet" href={ (links::runs()) "?below=" (next) } { "Earlier" } } }
            }
        }
    };
    Ok(frame::page(&visit, &who, Item::Runs, "Runs", &main))
}

/// One run in full.
pub async fn one(
    State(site): State<Arc<Site>>,
    who: May<RunsView>,
    visit: Visit,
    Path(run): Path<i64>,
) -> Result<Response> {
    let mut reader = site.store.read().await?;
    let session = reader.session();
    let line = runs::line(session, who.company.id, RunId(run)).await?.ok_or(Error::NotFound)?;
    let agents = runs::agents(session, who.company.id, line.run.id).await?;
    drop(reader);
    let run = &line.run;
    let shown = dealing(&line, &agents, &who);
    let may_undo = run.state == "done" && run.job != domain::bulk::UNDO && line.undone_by.is_none();
    let actions = html! {
        @if may_undo {
            form method="post" action=(links::run_undo(run.id)) { (Button::danger("Undo").icon(Icon::Undo)) }
        }
    };
    let main = html! {
        (heading(&format!("{} of {}", job_name(&run.job), who.zone.minute(run.started_at)), None, &actions))
        @if let Some(by) = line.undone_by {
            p { "It was taken back by " a href=(links::run(by)) { "run " (by) } "." }
        }
        (card("What it did", &job::dealing(&shown)))
    };
    Ok(frame::page(&visit, &who, Item::Runs, &format!("Run {}", run.id), &main))
}

/// What a run did, in its sentence and its table.
fn dealing(line: &RunLine, agents: &[domain::pool::AgentLine], who: &SignedIn) -> Dealing {
    let run = &line.run;
    let summary = run.summary.as_deref().unwrap_or("{}");
    let is_a_job = run.job == domain::job::ASSIGNMENT;
    let (sentence, second) = match run.state.as_str() {
        "running" => (sentence::running(run.started_at, &who.zone), String::new()),
        "failed" => {
            let why = run.failure.as_deref().unwrap_or("unknown");
            (sentence::failed(run.started_at, &who.zone, why), String::new())
        }
        _ if is_a_job => serde_json::from_str::<RunNumbers>(summary).map_or_else(
            |_| (String::new(), String::new()),
            |numbers| (sentence::done(&numbers), sentence::second_line(&numbers)),
        ),
        _ => (
            serde_json::from_str::<Told>(summary).map(|told| told.sentence()).unwrap_or_default(),
            String::new(),
        ),
    };
    Dealing {
        sentence,
        second: Some(second).filter(|line| !line.is_empty()),
        agents: agents.iter().map(AgentBar::from).collect(),
        fair: is_a_job && run.state == "done",
    }
}

fn job_name(job: &str) -> &str {
    match job {
        domain::job::ASSIGNMENT => "Auto lead assignment",
        domain::bulk::BY_HAND => "Bulk change",
        domain::bulk::UNDO => "Undo",
        other => other,
    }
}

/// Takes a run back.
pub async fn undo(State(site): State<Arc<Site>>, who: SignedIn, Path(run): Path<i64>) -> Result<Response> {
    let order = UndoRun {
        run: RunId(run),
        viewer: who.viewer(),
        may_undo_all: who.may(Permission::RunsStart),
        may_convert: who.may(Permission::LeadsConvert),
        now: who.now,
    };
    let toast = match undo_run(&site.store, who.company.id, order).await? {
        Undone::Done(undoing) => {
            let mut told = undoing.told.sentence();
            if !undoing.above_cap.is_empty() {
                let names: Vec<String> = undoing
                    .above_cap
                    .iter()
                    .map(|agent| format!("{} ({} of {})", agent.name, agent.held, agent.cap))
                    .collect();
                told.push_str(&format!(" Above the cap now: {}.", names.join(", ")));
            }
            Toast::new(Tone::Success, told)
        }
        Undone::NotFound => return Err(Error::NotFound),
        Undone::NotYours => return Err(Error::Forbidden),
        Undone::NotFinished => Toast::new(Tone::Warning, "This run is not done; wait until it is."),
        Undone::IsAnUndo => Toast::new(Tone::Warning, "An undo cannot be undone; assign the leads again."),
        Undone::Already { by } => Toast::new(Tone::Info, format!("It was taken back already, by run {by}.")),
    };
    let back = if who.may(Permission::RunsView) { links::runs() } else { links::leads() };
    Ok(frame::go_on_saying(back, &toast))
}
