//! One run in full: what it did, how everybody stood before and after, which leads it moved and which nobody got, and
//! why (R44, R46); and the runs as files for spreadsheets.

use super::runs::{by, dealing, deals, job_name, leads, told};
use crate::{
    csv::{self, Cell},
    error::{Error, Result},
    frame::{self, Item, Visit},
    links,
    pages::{leads::full_name, running},
    parts::{
        Button, Icon,
        data::{Column, Pager, card, heading, pager, table, terms},
        dialog, job,
    },
    signed_in::{May, RunsView, SignedIn},
    site::Site,
    words::{number, took},
};
use actions::runs::close_interrupted;
use allot::Strategy;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use domain::{
    arrival::Arrival,
    decision,
    ids::{LeadId, RunId},
    job::{Job, ON_ARRIVAL},
    sentence::{self, RunNumbers},
};
use futures_util::{StreamExt, stream};
use maud::{Markup, html};
use serde::Deserialize;
use std::sync::Arc;
use store::{
    Session, decisions,
    imports::{self, ImportRecord, ImportState},
    run_leads::{self, Changed, Named},
    runs::{self, RunLine},
};

/// Leads on a page of those it moved, and of those nobody got.
const LEADS: i64 = 50;
/// Runs in a piece of the file.
const RUNS_PER_PIECE: i64 = 500;
/// Chunks of a decision that are read at a time, to find leads that nobody got.
const CHUNKS: i64 = 4;

/// Which page of its leads.
#[derive(Deserialize)]
pub struct Behind {
    /// Behind this one of those it moved.
    #[serde(default)]
    moved: i64,
    /// Behind this one of those nobody got.
    #[serde(default)]
    left: i64,
}

/// The page.
pub async fn one(
    State(site): State<Arc<Site>>,
    who: May<RunsView>,
    visit: Visit,
    Path(run): Path<i64>,
    Query(behind): Query<Behind>,
) -> Result<Response> {
    let mut reader = site.store.read().await?;
    let session = reader.session();
    let mut line = runs::line(session, who.company.id, RunId(run)).await?.ok_or(Error::NotFound)?;
    if line.run.state == "running" {
        if !close_interrupted(&site.store, who.company.id, who.now).await? {
            return Ok(running::page(&site, &who, &visit, &line));
        }
        line = runs::line(session, who.company.id, RunId(run)).await?.ok_or(Error::NotFound)?;
    }
    let agents = runs::agents(session, who.company.id, line.run.id).await?;
    let moved = moved(session, &who, line.run.id, LeadId(behind.moved)).await?;
    let left = left_over(session, &who, line.run.id, LeadId(behind.left)).await?;
    let import = import_of(session, &who, &line).await?;
    let explains = decisions::is_kept(session, who.company.id, line.run.id).await?;
    drop(reader);
    let run = &line.run;
    let shown = dealing(&line, &agents, &who);
    let at = (behind.moved, behind.left);
    let main = html! {
        div #run {
        (heading(&format!("{} of {}", job_name(&run.job), who.zone.minute(run.started_at)), None, &buttons(&line)))
        @if let Some(by) = line.undone_by {
            p { "It was taken back by " a href=(links::run(by)) { "run " (by) } "." }
        }
        @if let Some(import) = &import { (of_import(import)) }
        (card("What it did", &html! {
            (job::dealing(&shown))
            @if shown.fair { p.second { (CHECKED) } }
        }))
        (card("In numbers", &terms(&numbers(&line, &who))))
        @if !moved.shown.is_empty() || behind.moved > 0 { (moved_leads(run.id, at, &moved, explains)) }
        @if !left.shown.is_empty() || left.out_of_sight > 0 || behind.left > 0 { (left_leads(run.id, at, &left)) }
        }
    };
    Ok(frame::page(&visit, &who, Item::Runs, &format!("Run {}", run.id), &main))
}

/// The import whose leads were assigned as they came in, if this is their record.
async fn import_of(session: &mut Session, who: &SignedIn, line: &RunLine) -> Result<Option<ImportRecord>> {
    let summary = line.run.summary.as_deref().filter(|_| line.run.job == ON_ARRIVAL);
    let arrival = summary.and_then(|summary| serde_json::from_str::<Arrival>(summary).ok());
    let Some(import) = arrival.and_then(|arrival| arrival.import) else { return Ok(None) };
    Ok(imports::one(session, who.company.id, import).await?)
}

/// Where the leads came from, and whether they went again.
fn of_import(import: &ImportRecord) -> Markup {
    let file = html! { a href=(links::import(import.id)) { "import " (import.id) } };
    html! {
        @match &import.state {
            ImportState::Undone { taken_back, kept, .. } => p {
                "Its leads came with " (file) ", which was taken back: "
                (sentence::import_undone(*taken_back, *kept))
                " Leads that are gone are not listed here."
            },
            _ => p { "Its leads came with " (file) "." },
        }
    }
}

/// What the certificate says, for people.
const CHECKED: &str = "Before anything was written, a second calculation, which does not trust the first, looked at all of it: \
     every lead only with somebody who may have it, nobody given more than fits under the cap, no lead left over or left \
     where it was while there was a place for it, and no other way to deal that would have been more even.";

fn buttons(line: &RunLine) -> Markup {
    let run = &line.run;
    let is_done = run.state == "done" && run.job != domain::bulk::UNDO && line.undone_by.is_none();
    let may_undo = is_done && leads(line) > 0;
    html! {
        @if run.state == "done" {
            (Button::quiet("Agents as CSV").icon(Icon::Download).href(links::run_agents(run.id)))
        }
        @if may_undo {
            form method="post" action=(links::run_undo(run.id)) {
                (Button::danger("Undo").icon(Icon::Undo).opens("undo"))
                (dialog::inline("undo", "Undo this run?", &html! {
                    p { "Its leads go back to who had them before. Those that somebody has worked on since are left, and counted; a later run or bulk change of the same leads is best undone before." }
                }, &html! { (Button::plain("Cancel").closes()) (Button::danger("Undo this run")) }))
            }
        }
    }
}

fn numbers(line: &RunLine, who: &SignedIn) -> Vec<(String, Markup)> {
    let run = &line.run;
    let mut all: Vec<(&str, String)> =
        vec![("Started by", by(line).to_owned()), ("Started", who.zone.minute(run.started_at))];
    all.extend(run.finished_at.map(|finished| ("Took", took(run.started_at, finished))));
    let summary = run.summary.as_deref().unwrap_or("{}");
    let of_job = serde_json::from_str::<RunNumbers>(summary).ok().filter(|_| deals(&run.job));
    if run.state == "done" {
        let what = if of_job.is_some() { "Leads assigned" } else { "Leads changed" };
        all.push((what, number(leads(line))));
    }
    all.extend(settings(summary).map(|settings| ("Dealt out", settings)));
    if let Some(numbers) = of_job {
        let reasons = |list: Vec<(String, u64)>| match list.iter().map(|(_, leads)| leads).sum::<u64>() {
            0 => "0".to_owned(),
            sum => {
                let parts: Vec<String> = list
                    .iter()
                    .filter(|(_, leads)| *leads > 0)
                    .map(|(why, leads)| format!("{why}: {}", number(*leads as i64)))
                    .collect();
                format!("{} ({})", number(sum as i64), parts.join(", "))
            }
        };
        all.push(("Agents who got some", number(line.agents)));
        all.push(("Stayed with their owner", number(numbers.kept as i64)));
        all.push((
            "Left over",
            reasons(numbers.leftovers.iter().map(|(why, leads)| (why.to_string(), *leads)).collect()),
        ));
        all.push((
            "Not considered",
            reasons(numbers.exceptions.iter().map(|(why, leads)| (why.to_string(), *leads)).collect()),
        ));
        for (what, leads) in [
            ("Changed by a person meanwhile", numbers.changed_meanwhile),
            ("Found no room any more", numbers.surplus),
            ("Places still free", numbers.places_left),
        ] {
            if leads > 0 {
                all.push((what, number(leads as i64)));
            }
        }
    }
    all.into_iter().map(|(term, what)| (term.to_owned(), html! { (what) })).collect()
}

/// What the run went by: `Unassigned, Missed: equal shares`.
fn settings(summary: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Summary {
        settings: Settings,
    }
    #[derive(Deserialize)]
    struct Settings {
        statuses: Vec<String>,
        strategy: Strategy,
    }
    let Settings { statuses, strategy } = serde_json::from_str::<Summary>(summary).ok()?.settings;
    let evenly = match strategy {
        Strategy::EqualShares => "equal shares",
        Strategy::LevelQueues => "level queues",
    };
    Some(format!("{}: {evenly}", statuses.join(", ")))
}

/// A page of leads.
struct Leads<T> {
    shown: Vec<T>,
    /// Some more, that are not the viewer's to see.
    out_of_sight: usize,
    next: Option<LeadId>,
}

async fn moved(session: &mut Session, who: &SignedIn, run: RunId, behind: LeadId) -> Result<Leads<Changed>> {
    // One more tells whether there is a next page.
    let mut leads = run_leads::changed(session, who.company.id, run, who.sight(), behind, LEADS + 1).await?;
    let more = leads.len() as i64 > LEADS;
    leads.truncate(LEADS as usize);
    let next = leads.last().filter(|_| more).map(|changed| changed.lead.id);
    Ok(Leads { shown: leads, out_of_sight: 0, next })
}

async fn left_over(
    session: &mut Session,
    who: &SignedIn,
    run: RunId,
    behind: LeadId,
) -> Result<Leads<Named>> {
    let mut found: Vec<LeadId> = Vec::new();
    let mut from = behind;
    while found.len() as i64 <= LEADS {
        let chunks = decisions::chunks_with_left_over(session, who.company.id, run, from, CHUNKS).await?;
        let Some(last) = chunks.last() else { break };
        for chunk in &chunks {
            for seen in decision::unpack(chunk.first, &chunk.bytes) {
                let (seen, _) = seen.map_err(|why| Error::Fault(format!("run {run}: {why}")))?;
                if seen.is_left_over() && seen.lead > behind {
                    found.push(seen.lead);
                }
            }
        }
        from = last.last;
    }
    let more = found.len() as i64 > LEADS;
    found.truncate(LEADS as usize);
    let next = found.last().copied().filter(|_| more);
    let leads = run_leads::names(session, who.company.id, &found, who.sight()).await?;
    Ok(Leads { out_of_sight: found.len() - leads.len(), shown: leads, next })
}

fn moved_leads(run: RunId, at: (i64, i64), moved: &Leads<Changed>, explains: bool) -> Markup {
    let columns = [
        Column::text("Lead"),
        Column::text("From"),
        Column::text("To"),
        Column::text("Status"),
        Column::text(""),
    ];
    let whose = |name: &Option<String>| html! { @match name { Some(name) => (name), None => span.nobody { "nobody" } } };
    let rows: Vec<Vec<Markup>> = moved
        .shown
        .iter()
        .map(|one| {
            let status = match (&one.from_status, &one.to_status) {
                (Some(from), Some(to)) if from != to => format!("{from} → {to}"),
                (_, to) => to.clone().unwrap_or_default(),
            };
            vec![
                name(&one.lead),
                whose(&one.from_owner),
                whose(&one.to_owner),
                html! { (status) },
                html! { @if explains { (dialog::link("Why?", &links::lead_why(one.lead.id, Some(run)))) } },
            ]
        })
        .collect();
    let to = |moved: LeadId| format!("{}?moved={moved}&left={}#moved", links::run(run), at.1);
    html! {
        section.card #moved {
            h2 { "Leads it changed" }
            (table("Leads it changed", &columns, &rows))
            (pages(at.0, moved.next, to))
        }
    }
}

fn left_leads(run: RunId, at: (i64, i64), left: &Leads<Named>) -> Markup {
    let columns = [Column::text("Lead"), Column::text("")];
    let rows: Vec<Vec<Markup>> = left
        .shown
        .iter()
        .map(|lead| vec![name(lead), html! { (dialog::link("Why?", &links::lead_why(lead.id, Some(run)))) }])
        .collect();
    let to = |left: LeadId| format!("{}?moved={}&left={left}#left", links::run(run), at.0);
    html! {
        section.card #left {
            h2 { "Leads that nobody got" }
            (table("Leads that nobody got", &columns, &rows))
            @if left.out_of_sight > 0 {
                p.second { (left.out_of_sight) " of these are gone, or not yours to see." }
            }
            (pages(at.1, left.next, to))
        }
    }
}

fn name(lead: &Named) -> Markup {
    html! { a href=(links::lead(lead.id)) { (full_name(&lead.first_name, &lead.last_name)) } }
}

fn pages(at: i64, next: Option<LeadId>, to: impl Fn(LeadId) -> String) -> Markup {
    html! {
        @if at > 0 || next.is_some() {
            (pager(&Pager {
                shown: String::new(),
                first: (at > 0).then(|| to(LeadId(0))),
                before: None,
                after: next.map(to),
            }))
        }
    }
}

/// The per-agent table of a run as a file (R46).
pub async fn agents_file(
    State(site): State<Arc<Site>>,
    who: May<RunsView>,
    Path(run): Path<i64>,
) -> Result<Response> {
    let mut reader = site.store.read().await?;
    let line = runs::line(reader.session(), who.company.id, RunId(run)).await?.ok_or(Error::NotFound)?;
    let agents = runs::agents(reader.session(), who.company.id, line.run.id).await?;
    drop(reader);
    let started = who.zone.rfc3339(line.run.started_at);
    let head =
        csv::head(&["Run", "Started", "Agent", "Held before", "Lead cap", "Got", "Gave", "Held after"]);
    let takes = Job::from_word(&line.run.job).is_some();
    let lines = agents.into_iter().map(move |agent| {
        let gave = takes.then(|| agent.gave());
        csv::line([
            Cell::Number(run),
            started.as_str().into(),
            agent.name.into(),
            agent.held.into(),
            agent.cap.into(),
            agent.got.into(),
            gave.into(),
            agent.after.into(),
        ])
    });
    let pieces = std::iter::once(head).chain(lines).map(Ok);
    Ok(csv::file(&format!("run-{run}-agents.csv"), stream::iter(pieces)))
}

/// All runs as a file, newest first (R46).
pub async fn history_file(State(site): State<Arc<Site>>, who: May<RunsView>) -> Result<Response> {
    let head = csv::head(&[
        "Run",
        "Job",
        "Started by",
        "Started",
        "Finished",
        "Seconds",
        "State",
        "Leads",
        "Agents",
        "Kept",
        "Left over",
        "What it did",
        "Undone by run",
    ]);
    let who = SignedIn::clone(&who);
    let rest = stream::unfold(Some(None), move |state: Option<Option<RunId>>| {
        let (site, who) = (Arc::clone(&site), who.clone());
        async move {
            let below = state?;
            match history_piece(&site, &who, below).await {
                Ok((piece, next)) => Some((Ok(piece), next.map(Some))),
                Err(error) => Some((Err(std::io::Error::other(error.sentence())), None)),
            }
        }
    });
    let pieces = stream::iter([Ok(head)]).chain(rest);
    Ok(csv::file("runs.csv", pieces.boxed()))
}

/// A piece of the file, and where the next one begins.
async fn history_piece(site: &Site, who: &SignedIn, below: Option<RunId>) -> Result<(String, Option<RunId>)> {
    let mut reader = site.store.read().await?;
    let found = runs::history(reader.session(), who.company.id, below, RUNS_PER_PIECE).await?;
    drop(reader);
    let next = found.last().filter(|_| found.len() as i64 == RUNS_PER_PIECE).map(|line| line.run.id);
    Ok((found.iter().map(|line| history_line(line, who)).collect(), next))
}

fn history_line(line: &RunLine, who: &SignedIn) -> String {
    let run = &line.run;
    let (sentence, second) = told(line, who);
    let seconds = run.finished_at.map(|finished| {
        let milliseconds = (finished.0 - run.started_at.0).max(0);
        format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000)
    });
    csv::line([
        Cell::Number(run.id.0),
        job_name(&run.job).into(),
        by(line).into(),
        who.zone.rfc3339(run.started_at).into(),
        run.finished_at.map(|finished| who.zone.rfc3339(finished)).into(),
        seconds.into(),
        run.state.as_str().into(),
        leads(line).into(),
        line.agents.into(),
        line.kept.into(),
        line.unassigned.into(),
        format!("{sentence} {second}").trim_end().into(),
        line.undone_by.map(|by| by.0).into(),
    ])
}
