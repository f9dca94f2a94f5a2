//! Settings → Configurations: the card of *Auto lead assignment* with its preview and *Run Now* (R25, R33, R34, R43).

use crate::{
    error::{Error, Result},
    frame::{self, Item, Visit},
    links,
    parts::{
        Choice, Field, Toast, Tone,
        data::heading,
        job::{self, AgentBar, Dealing, JobCard, LastRun},
    },
    signed_in::{May, RunsStart, RunsView, SettingsManage, SignedIn},
    site::Site,
    words::sentence,
};
use actions::{
    run_assignment::{self, LastState, Report},
    save_auto_assignment::{Change, WRONG_PASSWORD, save_auto_assignment},
};
use allot::Strategy;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use axum_extra::extract::Form;
use domain::{
    job::AutoAssignment,
    role::Permission,
    status::{StatusKind, StatusMark, Statuses},
};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;
use std::sync::Arc;
use store::{jobs, statuses};

/// What the form sends; also what it shows when something in it was refused.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    enabled: String,
    statuses: Vec<i64>,
    at: String,
    strategy: String,
    order: String,
    rest_hours: String,
    password: String,
}

impl Sent {
    fn of(settings: &AutoAssignment) -> Sent {
        Sent {
            enabled: if settings.enabled { "on".into() } else { String::new() },
            statuses: settings.statuses.iter().map(|status| status.0).collect(),
            at: settings.at.to_string(),
            strategy: settings.strategy.to_string(),
            order: if settings.oldest_first { "oldest" } else { "newest" }.into(),
            rest_hours: settings.rest_hours.to_string(),
            password: String::new(),
        }
    }
}

/// What was refused, to be shown at its place.
#[derive(Debug, Clone, Default)]
struct Refused {
    settings: Option<String>,
    password: Option<String>,
}

/// The page.
pub async fn page(State(site): State<Arc<Site>>, who: May<SettingsManage>, visit: Visit) -> Result<Response> {
    let mut reader = site.store.read().await?;
    let known = statuses::list(reader.session(), who.company.id).await?;
    let settings = jobs::auto_assignment(reader.session(), who.company.id, &known).await?;
    drop(reader);
    shown(&site, &who, &visit, &known, &Sent::of(&settings), Refused::default()).await
}

/// Saves the settings, with the person's own password (R25).
pub async fn save(
    State(site): State<Arc<Site>>,
    who: May<SettingsManage>,
    visit: Visit,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    let known = statuses::list(site.store.read().await?.session(), who.company.id).await?;
    let refused = match read(&sent, &known) {
        Err(why) => Refused { settings: Some(why), password: None },
        Ok(_) if !site.may_try_again(who.user) => {
            Refused { settings: None, password: Some("Too many tries. Wait a minute and try again.".into()) }
        }
        Ok(change) => {
            let _turn = site.turn_for_a_check().await?;
            match save_auto_assignment(&site.store, who.company.id, change, who.viewer(), who.now).await {
                Ok(_) => {
                    let told = Toast::new(Tone::Success, "The settings are saved.");
                    return Ok(frame::go_on_saying(links::configurations(), &told));
                }
                Err(actions::Error::Refused(why)) if why == WRONG_PASSWORD => {
                    Refused { settings: None, password: Some(sentence(&why)) }
                }
                Err(actions::Error::Refused(why)) => {
                    Refused { settings: Some(sentence(&why)), password: None }
                }
                Err(error) => return Err(error.into()),
            }
        }
    };
    shown(&site, &who, &visit, &known, &sent, refused).await
}

fn read(sent: &Sent, known: &Statuses) -> Result<Change, String> {
    let names: Option<Vec<String>> =
        sent.statuses.iter().map(|id| known.get((*id).into()).map(|status| status.name.clone())).collect();
    let names = names.ok_or("One of the statuses is gone since; look at them again.")?;
    Ok(Change {
        enabled: Some(sent.enabled == "on"),
        statuses: Some(names),
        at: Some(sent.at.parse().map_err(|error: domain::time::NotATime| sentence(&error.to_string()))?),
        strategy: Some(sent.strategy.parse().map_err(|_| "Choose how leads are dealt out.".to_owned())?),
        oldest_first: Some(sent.order == "oldest"),
        rest_hours: Some(
            sent.rest_hours
                .trim()
                .parse()
                .map_err(|_| "The hours of rest are a number from 0 to 720.".to_owned())?,
        ),
        own_password: Some(sent.password.clone()),
    })
}

/// What a run would do now (R43).
pub async fn preview(State(site): State<Arc<Site>>, who: May<RunsView>, visit: Visit) -> Result<Response> {
    let report = run_assignment::preview(&site.store, &who.company, who.now).await?;
    let shown = job::preview_page(&dealing(&report), came_from(&who));
    Ok(frame::page(&visit, &who, Item::Settings, "Preview", &shown))
}

/// Asks before it runs now, and shows what it would do (R34).
pub async fn confirm(State(site): State<Arc<Site>>, who: May<RunsStart>, visit: Visit) -> Result<Response> {
    let report = run_assignment::preview(&site.store, &who.company, who.now).await?;
    let shown = job::run_now_page(&dealing(&report), links::run_now(), came_from(&who));
    Ok(frame::page(&visit, &who, Item::Settings, "Run now", &shown))
}

/// Runs now (R34). The run goes on when whoever asked does not wait for it.
pub async fn run_now(State(site): State<Arc<Site>>, who: May<RunsStart>) -> Result<Response> {
    let (company, viewer) = (who.company.clone(), who.viewer());
    let running = tokio::spawn(async move {
        let clock = || site.now();
        run_assignment::run(&site.store, &company, viewer, "person", &clock).await
    });
    let toast = match running.await.map_err(|error| Error::Fault(error.to_string()))? {
        Ok(report) => match report.run {
            Some(run) if who.may(Permission::LeadsAssign) => {
                Toast::new(Tone::Success, report.sentence).undo(links::run_undo(run))
            }
            _ => Toast::new(Tone::Success, report.sentence),
        },
        Err(actions::Error::Refused(why)) => Toast::new(Tone::Warning, sentence(&why)),
        Err(error) => return Err(error.into()),
    };
    Ok(frame::go_on_saying(came_from(&who), &toast))
}

/// The page that a run is started from: the settings, or the leads for who may not see the settings.
fn came_from(who: &SignedIn) -> &'static str {
    if who.may(Permission::SettingsManage) { links::configurations() } else { links::leads() }
}

async fn shown(
    site: &Site,
    who: &SignedIn,
    visit: &Visit,
    known: &Statuses,
    sent: &Sent,
    refused: Refused,
) -> Result<Response> {
    let last = run_assignment::last_run(&site.store, &who.company, who.now).await?;
    let is_refused = refused.settings.is_some() || refused.password.is_some();
    let card = JobCard {
        title: "Auto lead assignment".into(),
        sentence: "Deals leads out evenly, under everybody's lead cap, before the day begins.".into(),
        href: links::configurations().into(),
        enabled: sent.enabled == "on",
        statuses: eligible(known, &sent.statuses),
        at: sent.at.clone(),
        zone: who.zone.name().to_owned(),
        strategies: strategies(&sent.strategy),
        more: vec![
            Field::select(
                "order",
                "When room is short, first",
                vec![
                    Choice::new("newest", "the newest leads", sent.order != "oldest"),
                    Choice::new("oldest", "the oldest leads", sent.order == "oldest"),
                ],
            ),
            Field::number("rest_hours", "Hours of rest after an attempt", 0, 720)
                .value(&*sent.rest_hours)
                .hint("A lead that was tried is not dealt again before."),
        ],
        save: Some(links::auto_assignment().into()),
        preview: who.may(Permission::RunsView).then(|| links::auto_assignment_preview().into()),
        run_now: who.may(Permission::RunsStart).then(|| links::run_now().into()),
        refused: refused.settings,
        password_refused: refused.password,
        last: last_run(last),
        // The service that keeps the time is not there yet: better said than believed.
        next: Some(
            "Nothing keeps this time yet: press Run Now, or let cron call `evenhand run assignment`.".into(),
        ),
    };
    let main: Markup = html! {
        (heading("Configurations", Some("What happens by itself."), &html! {}))
        (job::job_card(&card))
    };
    let page = frame::page(visit, who, Item::Settings, "Configurations", &main);
    Ok(if is_refused { (StatusCode::UNPROCESSABLE_ENTITY, page).into_response() } else { page })
}

/// The statuses that may be chosen (R25), in the company's order.
fn eligible(known: &Statuses, chosen: &[i64]) -> Vec<Choice> {
    known
        .iter()
        .filter(|status| status.kind == StatusKind::Open && status.mark != Some(StatusMark::Assigned))
        .map(|status| Choice::new(status.id.to_string(), &*status.name, chosen.contains(&status.id.0)))
        .collect()
}

fn strategies(chosen: &str) -> Vec<(Choice, String)> {
    [
        (
            Strategy::EqualShares,
            "Equal shares",
            "Everybody gets the same number of new leads, as far as room allows.",
        ),
        (
            Strategy::LevelQueues,
            "Level queues",
            "Whoever holds fewer gets more, so that queues end as long as each other.",
        ),
    ]
    .into_iter()
    .map(|(strategy, title, sentence)| {
        let word = strategy.to_string();
        let is_chosen = word == chosen;
        (Choice::new(word, title, is_chosen), sentence.to_owned())
    })
    .collect()
}

/// The last run, in all its forms (R33).
fn last_run(last: run_assignment::LastRun) -> LastRun {
    let href = last.run.map(links::run);
    let sentence = last.sentence;
    match last.state {
        LastState::Never => LastRun::Never { sentence },
        LastState::Running => LastRun::Running { sentence },
        LastState::Failed => LastRun::Failed { sentence, href },
        LastState::Done => {
            let second = Some(last.second_line).filter(|line| !line.is_empty());
            LastRun::Done { sentence, second, href }
        }
    }
}

/// What a run does, as the parts show it.
pub fn dealing(report: &Report) -> Dealing {
    let second = Some(report.second_line.clone()).filter(|line| !line.is_empty());
    let agents = report.agents.iter().map(AgentBar::from).collect();
    // The plan is verified before it is shown, let alone applied: without its certificate there is no report.
    Dealing { sentence: report.sentence.clone(), second, agents, fair: true }
}
