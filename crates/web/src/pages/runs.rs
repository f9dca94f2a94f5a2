//! The runs: what the jobs did and what people did in bulk, one of them in full, and taking it back (R21a, R45, R46).

use crate::{
    error::{Error, Result},
    frame::{self, Item, Visit},
    links,
    pages::running,
    parts::{
        Button, Empty, Icon, Toast, Tone,
        data::{Pager, card, heading, pager},
        dialog,
        job::{self, AgentBar, Dealing, RunRow},
    },
    signed_in::{May, RunsView, SignedIn},
    site::Site,
    words::{moment, number, took},
};
use actions::{
    runs::{asker, close_interrupted, second_line},
    undo_run::{UndoRun, Undone, undo_run},
};
use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use domain::{
    bulk::Told,
    ids::RunId,
    job::Job,
    role::Permission,
    sentence::{self, RunNumbers},
};
use http::{HeaderMap, header};
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
    let rows: Vec<RunRow> = found.iter().map(|line| row(&site, line, &who)).collect();
    let here =
        below.map_or_else(|| links::runs().to_owned(), |below| format!("{}?below={below}", links::runs()));
    let main = html! {
        (heading("Runs", Some("What the jobs did, and what people did in bulk."), &html! {}))
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

fn row(site: &Site, line: &RunLine, who: &SignedIn) -> RunRow {
    let run = &line.run;
    let (sentence, _) = told(site, line, who);
    let by = match (line.actor.as_deref(), run.started_by.as_str()) {
        (Some(actor), _) => actor,
        (None, "schedule") => "Schedule",
        (None, "command line") => "Command line",
        (None, other) => other,
    };
    RunRow {
        href: links::run(run.id),
        at: moment(run.started_at, who.now, &who.zone),
        job: job_name(&run.job).to_owned(),
        by: by.to_owned(),
        sentence,
        leads: number(line.assigned),
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

/// One run in full.
pub async fn one(
    State(site): State<Arc<Site>>,
    who: May<RunsView>,
    visit: Visit,
    Path(run): Path<i64>,
) -> Result<Response> {
    let mut reader = site.store.read().await?;
    let session = reader.session();
    let mut line = runs::line(session, who.company.id, RunId(run)).await?.ok_or(Error::NotFound)?;
    if line.run.state == "running" && close_interrupted(&site.store, who.company.id, who.now).await? {
        line = runs::line(session, who.company.id, RunId(run)).await?.ok_or(Error::NotFound)?;
    }
    let agents = runs::agents(session, who.company.id, line.run.id).await?;
    drop(reader);
    let run = &line.run;
    let is_running = run.state == "running";
    let here = links::run(run.id);
    let may_undo = run.state == "done" && run.job != domain::bulk::UNDO && line.undone_by.is_none();
    let actions = html! {
        @if may_undo {
            form method="post" action=(links::run_undo(run.id)) {
                (Button::danger("Undo").icon(Icon::Undo).opens("undo"))
                (dialog::inline("undo", "Undo this run?", &html! {
                    p { "Its leads go back to who had them before. Those that somebody has worked on since are left, and counted." }
                }, &html! { (Button::plain("Cancel").closes()) (Button::danger("Undo this run")) }))
            }
        }
    };
    let main = html! {
        // A finished run is finished; one in progress becomes so before one's eyes.
        div #run data-live=[is_running.then_some("hello run")] hx-get=(here) hx-trigger="live" hx-target="this" hx-select="#run" hx-swap="outerMorph" {
        (heading(&format!("{} of {}", job_name(&run.job), who.zone.minute(run.started_at)), None, &actions))
        @if let Some(by) = line.undone_by {
            p { "It was taken back by " a href=(links::run(by)) { "run " (by) } "." }
        }
        @if is_running {
            (card("What it does", &job::running(&running::shown(&site, &who, run))))
        } @else {
            (card("What it did", &job::dealing(&dealing(&site, &line, &agents, &who))))
        }
        }
    };
    Ok(frame::page(&visit, &who, Item::Runs, &format!("Run {}", run.id), &main))
}

/// What a run did, in its sentence, and what that leaves out.
fn told(site: &Site, line: &RunLine, who: &SignedIn) -> (String, String) {
    let run = &line.run;
    let summary = run.summary.as_deref().unwrap_or("{}");
    match run.state.as_str() {
        "running" => (actions::runs::running(&site.store, who.company.id, run, &who.zone), String::new()),
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
            None => (
                serde_json::from_str::<Told>(summary).map(|told| told.sentence()).unwrap_or_default(),
                String::new(),
            ),
        },
    }
}

/// What a run did, in its sentence and its table.
fn dealing(site: &Site, line: &RunLine, agents: &[domain::pool::AgentLine], who: &SignedIn) -> Dealing {
    let run = &line.run;
    let (sentence, second) = told(site, line, who);
    let deals = Job::from_word(&run.job).is_some_and(|job| job != Job::Removal);
    Dealing {
        sentence,
        second: Some(second).filter(|line| !line.is_empty()),
        agents: agents.iter().map(AgentBar::from).collect(),
        fair: deals && run.state == "done",
        basis: None,
    }
}

fn job_name(job: &str) -> &str {
    if let Some(job) = Job::from_word(job) {
        return job.title();
    }
    match job {
        domain::bulk::BY_HAND => "Bulk change",
        domain::bulk::UNDO => "Undo",
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
    let usual = if who.may(Permission::RunsView) { links::runs() } else { links::leads() };
    Ok(frame::go_on_saying(leads_before(&headers).unwrap_or(usual), &toast))
}

/// The leads that somebody was looking at: who takes a bulk change back by its toast stays there.
fn leads_before(headers: &HeaderMap) -> Option<&str> {
    let referer = headers.get(header::REFERER)?.to_str().ok()?;
    let (_, address) = referer.split_once("://")?;
    let path = &address[address.find('/')?..];
    let is_a_list = |list: &str| {
        path.strip_prefix(list).is_some_and(|rest| rest.is_empty() || rest.starts_with(['?', '/']))
    };
    [links::leads(), links::customers()].into_iter().any(is_a_list).then_some(path)
}
