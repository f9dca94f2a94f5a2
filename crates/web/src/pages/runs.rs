//! The runs: what the jobs did and what people did in bulk, and taking one back (R21a, R45, R46). One in full: `run`.

use crate::{
    by_itself::GOES_ON,
    error::{Error, Result},
    frame::{self, Item, Visit},
    links,
    parts::{
        Button, Empty, Icon, Toast, Tone,
        data::{Pager, heading, pager},
        job::{self, AgentBar, Dealing, RunRow},
    },
    signed_in::{May, RunsView, SignedIn},
    site::Site,
    words::{moment, number, took},
};
use actions::{
    runs::{asker, second_line},
    undo_run::{UndoRun, Undone, undo_run},
};
use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use domain::{
    bulk::{BY_HAND, Skipped, Told, UNDO},
    ids::RunId,
    job::{Job, ON_ARRIVAL},
    role::Permission,
    sentence::{self, RunNumbers},
};
use http::HeaderMap;
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
    let rows: Vec<RunRow> = found.iter().map(|line| row(line, &who)).collect();
    let here =
        below.map_or_else(|| links::runs().to_owned(), |below| format!("{}?below={below}", links::runs()));
    let main = html! {
        (heading("Runs", Some("What the jobs did, and what people did in bulk."), &html! {
            @if !rows.is_empty() { (Button::quiet("All as CSV").icon(Icon::Download).href(links::runs_file())) }
        }))
        section #runs data-live="run" hx-get=(here) hx-trigger="live" hx-target="this" hx-select="#runs" hx-swap="outerMorph" {
            @if rows.is_empty() {
                (Empty {
                    icon: Icon::Runs,
                    title: "No runs yet".into(),
                    next: "A run deals leads out: press Run Now on the page Leads.".into(),
                    actions: if who.may(Permission::SettingsManage) {
                        vec![Button::primary("Configurations").href(links::configurations())]
                    } else {
                        Vec::new()
                    },
                })
            } @else {
                (job::run_table(&rows))
                (pager(&Pager {
                    shown: String::new(),
                    first: below.map(|_| links::runs().to_owned()),
                    before: None,
                    after: next.map(|next| format!("{}?below={next}", links::runs())),
                }))
            }
        }
    };
    Ok(frame::page(&visit, &who, Item::Runs, "Runs", &main))
}

fn row(line: &RunLine, who: &SignedIn) -> RunRow {
    let run = &line.run;
    let (sentence, _) = told(line, who);
    RunRow {
        href: links::run(run.id),
        at: moment(run.started_at, who.now, &who.zone),
        job: job_name(&run.job).to_owned(),
        by: by(line).to_owned(),
        sentence,
        leads: number(leads(line)),
        agents: number(line.agents),
        left_over: number(line.unassigned),
        took: run.finished_at.map(|finished| took(run.started_at, finished)),
        state: match run.state.as_str() {
            "running" => Some((Tone::Info, "running")),
            "failed" => Some((Tone::Warning, "failed")),
            "cancelled" => Some((Tone::Info, "cancelled")),
            _ => line.undone_by.map(|_| (Tone::Info, "undone")),
        },
    }
}

/// Who or what started a run.
pub(super) fn by(line: &RunLine) -> &str {
    match (line.actor.as_deref(), line.run.started_by.as_str()) {
        (Some(actor), _) => actor,
        (None, "schedule") => "Schedule",
        (None, "command line") => "Command line",
        (None, other) => other,
    }
}

/// What a run did, in its sentence, and what that leaves out.
pub(super) fn told(line: &RunLine, who: &SignedIn) -> (String, String) {
    let run = &line.run;
    let summary = run.summary.as_deref().unwrap_or("{}");
    match run.state.as_str() {
        "running" if run.asked.is_some() => (sentence::stopping(run.started_at, &who.zone), String::new()),
        "running" => (sentence::running(run.started_at, &who.zone), String::new()),
        "cancelled" => (sentence::cancelled(run.started_at, &who.zone, asker(run)), String::new()),
        "failed" => {
            let why = run.failure.as_deref().unwrap_or("unknown");
            (sentence::failed(run.started_at, &who.zone, why), String::new())
        }
        _ => match Job::from_word(&run.job) {
            Some(job) => serde_json::from_str::<RunNumbers>(summary).map_or_else(
                |_| (String::new(), String::new()),
                |numbers| {
                    let second = second_line(&numbers, run.slot_at, run.started_at, &who.zone);
                    (sentence::done(job, &numbers), second)
                },
            ),
            None if run.job == ON_ARRIVAL => serde_json::from_str::<RunNumbers>(summary).map_or_else(
                |_| (String::new(), String::new()),
                |numbers| (sentence::done(Job::Assignment, &numbers), sentence::second_line(&numbers)),
            ),
            None => (
                serde_json::from_str::<Told>(summary).map(|told| told.sentence()).unwrap_or_default(),
                String::new(),
            ),
        },
    }
}

/// How many leads it was about. What a person did in bulk tells in its summary how many changed; the record has a column
/// for those that were given to somebody alone.
pub(super) fn leads(line: &RunLine) -> i64 {
    let told = || serde_json::from_str::<Told>(line.run.summary.as_deref()?).ok();
    match line.run.job.as_str() {
        BY_HAND | UNDO => told().map_or(line.assigned, |told| told.numbers.changed as i64),
        _ => line.assigned,
    }
}

/// What a run did, in its sentence and its table.
pub(super) fn dealing(line: &RunLine, agents: &[domain::pool::AgentLine], who: &SignedIn) -> Dealing {
    let run = &line.run;
    let (sentence, second) = told(line, who);
    Dealing {
        sentence,
        second: Some(second).filter(|line| !line.is_empty()),
        agents: agents.iter().map(|agent| bar(agent, &run.job)).collect(),
        fair: deals(&run.job) && run.state == "done",
        basis: None,
    }
}

/// How an agent stood before and after. Of what a person gives not all counts as held, so what they gave away is not told.
fn bar(agent: &domain::pool::AgentLine, job: &str) -> AgentBar {
    let bar = AgentBar::from(agent);
    if Job::from_word(job).is_some() { bar } else { AgentBar { gives: 0, ..bar } }
}

/// Whether it deals leads out, so that there is a certificate and somebody to be explained.
pub(super) fn deals(job: &str) -> bool {
    job == ON_ARRIVAL || Job::from_word(job).is_some_and(|job| job != Job::Removal)
}

pub(super) fn job_name(job: &str) -> &str {
    if let Some(job) = Job::from_word(job) {
        return job.title();
    }
    match job {
        ON_ARRIVAL => "Assigned on arrival",
        BY_HAND => "Bulk change",
        UNDO => "Undo",
        other => other,
    }
}

/// Takes a run back.
pub async fn undo(
    State(site): State<Arc<Site>>,
    who: SignedIn,
    headers: HeaderMap,
    Path(run): Path<i64>,
) -> Result<Response> {
    let order = UndoRun {
        run: RunId(run),
        viewer: who.viewer(),
        // Who sees a part could put back only that part, and the rest never again.
        may_undo_all: who.may(Permission::RunsStart) && who.sight() == domain::viewer::Sight::All,
        may_convert: who.may(Permission::LeadsConvert),
        now: who.now,
    };
    let company = who.company.id;
    let undone = site.by_itself(async move |store| undo_run(&store, company, order).await).await?;
    let toast = match undone {
        None => Toast::new(Tone::Info, GOES_ON),
        Some(Undone::Done(undoing)) => {
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
        Some(Undone::Nothing(told)) => {
            let hint = " Runs and bulk changes since can be undone first.";
            let hint = if told.numbers.skipped.contains_key(&Skipped::Changed) { hint } else { "" };
            Toast::new(Tone::Warning, told.sentence() + hint)
        }
        Some(Undone::NotFound) => return Err(Error::NotFound),
        Some(Undone::NotYours) => return Err(Error::Forbidden),
        Some(Undone::NotFinished) => Toast::new(Tone::Warning, "This run is not done; wait until it is."),
        Some(Undone::IsAnUndo) => {
            Toast::new(Tone::Warning, "An undo cannot be undone; assign the leads again.")
        }
        Some(Undone::Already { by }) => {
            Toast::new(Tone::Info, format!("It was taken back already, by run {by}."))
        }
    };
    let usual = if who.may(Permission::RunsView) { links::runs() } else { links::leads() };
    Ok(frame::go_on_saying(frame::leads_before(&headers).unwrap_or(usual), &toast))
}
