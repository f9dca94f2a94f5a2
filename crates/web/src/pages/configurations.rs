//! Settings → Configurations: a card for each job, with its preview and *Run Now* (R25, R33–R37, R43).

use crate::{
    error::{Error, Result},
    frame::{self, Item, Visit},
    links,
    pages::running,
    parts::{
        Banner, Choice, Field, Toast, Tone,
        data::heading,
        field::switch,
        job::{self, AgentBar, Dealing, JobCard, LastRun},
    },
    signed_in::{May, RunsStart, RunsView, SettingsManage, SignedIn},
    site::Site,
    words::sentence,
};
use actions::{
    keep_time, remove_stale,
    runs::{self, LastState, Order, Report},
    save_job::{Change, WRONG_PASSWORD, save_job},
};
use allot::Strategy;
use axum::{
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use axum_extra::extract::Form;
use domain::{
    job::{Job, JobSettings, may_take},
    role::Permission,
    sentence::count,
    status::Statuses,
};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};
use store::{jobs, runs::StartedBy, statuses};
use tokio::sync::oneshot;

/// How long *Run Now* waits for its end before it goes on to the page of the run.
const RUN_PATIENCE: Duration = Duration::from_secs(1);

/// The cards, in the order of the page.
const CARDS: [Job; 3] = [Job::Assignment, Job::TopUp, Job::Removal];

/// What the form of a card sends; also what it shows when something in it was refused.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    enabled: String,
    statuses: Vec<i64>,
    at: String,
    strategy: String,
    order: String,
    rest_hours: String,
    instant: String,
    stale_days: String,
    /// The number of leads that a removal would take, if it was shown (R37).
    would_take: String,
    password: String,
}

impl Sent {
    fn of(settings: &JobSettings) -> Sent {
        let on = |is: bool| if is { "on".into() } else { String::new() };
        Sent {
            enabled: on(settings.enabled),
            statuses: settings.statuses.iter().map(|status| status.0).collect(),
            at: settings.at.to_string(),
            strategy: settings.strategy.to_string(),
            order: if settings.oldest_first { "oldest" } else { "newest" }.into(),
            rest_hours: settings.rest_hours.to_string(),
            instant: on(settings.instant),
            stale_days: settings.stale_days.to_string(),
            would_take: String::new(),
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

/// A form that was not taken, to be shown again.
struct Again {
    job: Job,
    sent: Sent,
    refused: Refused,
}

/// The page.
pub async fn page(State(site): State<Arc<Site>>, who: May<SettingsManage>, visit: Visit) -> Result<Response> {
    shown(&site, &who, &visit, None).await
}

/// Saves the settings of a job, with the person's own password (R25).
pub async fn save(
    State(site): State<Arc<Site>>,
    who: May<SettingsManage>,
    visit: Visit,
    Path(job): Path<String>,
    Form(mut sent): Form<Sent>,
) -> Result<Response> {
    let job = Job::from_word(&job).ok_or(Error::NotFound)?;
    let known = statuses::list(site.store.read().await?.session(), who.company.id).await?;
    let refused = match read(job, &sent, &known) {
        Err(why) => Refused { settings: Some(why), password: None },
        Ok(change) => match told_first(&site, &who, job, &sent, &change, &known).await? {
            Some(leads) => {
                sent.would_take = leads.to_string();
                let told = format!("{} Press Save again if that is right.", would_take_today(leads));
                Refused { settings: Some(told), password: None }
            }
            None if !site.may_try_again(who.user) => Refused {
                settings: None,
                password: Some("Too many tries. Wait a minute and try again.".into()),
            },
            None => {
                let _turn = site.turn_for_a_check().await?;
                match save_job(&site.store, who.company.id, job, change, who.viewer(), who.now).await {
                    Ok(saved) => {
                        let told = saved.warning.map_or_else(
                            || Toast::new(Tone::Success, "The settings are saved."),
                            |warning| Toast::new(Tone::Warning, format!("The settings are saved. {warning}")),
                        );
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
        },
    };
    shown(&site, &who, &visit, Some(Again { job, sent, refused })).await
}

/// R37: a removal is saved once somebody was shown how many leads it would take today. With scripting the card shows it
/// while the settings are chosen; without, the first press on *Save* does.
async fn told_first(
    site: &Site,
    who: &SignedIn,
    job: Job,
    sent: &Sent,
    change: &Change,
    known: &Statuses,
) -> Result<Option<u64>> {
    let was_shown = !sent.would_take.is_empty();
    if job != Job::Removal || was_shown || sent.enabled != "on" {
        return Ok(None);
    }
    let settings = change.clone().on(&JobSettings::new(job, known), known);
    let Ok(settings) = settings else { return Ok(None) };
    Ok(Some(remove_stale::would_take(&site.store, who.company.id, settings, who.now).await?))
}

fn would_take_today(leads: u64) -> String {
    format!("With these settings it would take {} today.", count(leads, "lead", "leads"))
}

/// How many leads a removal would take today, with settings that are not saved yet (R37).
pub async fn would_take(
    State(site): State<Arc<Site>>,
    who: May<SettingsManage>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let query = query.unwrap_or_default();
    let mut sent = Sent { at: "00:00".into(), ..Sent::default() };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "statuses" => sent.statuses.extend(value.parse::<i64>().ok()),
            "stale_days" => sent.stale_days = value.into_owned(),
            _ => {}
        }
    }
    let known = statuses::list(site.store.read().await?.session(), who.company.id).await?;
    let settings = read(Job::Removal, &sent, &known).and_then(|change| {
        change.on(&JobSettings::new(Job::Removal, &known), &known).map_err(|why| why.to_string())
    });
    let line = match settings {
        Ok(settings) => would_take_line(Some(
            remove_stale::would_take(&site.store, who.company.id, settings, who.now).await?,
        )),
        Err(_) => would_take_line(None),
    };
    Ok(frame::page(&visit, &who, Item::Settings, "Auto-removal", &line))
}

/// The line under the fields, with what the form sends back to say that it was shown.
fn would_take_line(leads: Option<u64>) -> Markup {
    html! {
        p.hint #removal-would-take role="status" hx-get=(links::removal_would_take())
            hx-include="#removal [name=statuses]:checked, #removal [name=stale_days]"
            hx-trigger="load, change from:#removal fieldset" hx-target="this" hx-select="#removal-would-take" hx-swap="outerMorph" hx-push-url="false" {
            @if let Some(leads) = leads {
                (would_take_today(leads))
                input type="hidden" name="would_take" value=(leads);
            }
        }
    }
}

fn read(job: Job, sent: &Sent, known: &Statuses) -> Result<Change, String> {
    let names: Option<Vec<String>> =
        sent.statuses.iter().map(|id| known.get((*id).into()).map(|status| status.name.clone())).collect();
    let names = names.ok_or("One of the statuses is gone since; look at them again.")?;
    let whole =
        |text: &str, what: &str| text.trim().parse().map_err(|_| format!("{what} are a whole number."));
    let mut change = Change {
        enabled: Some(sent.enabled == "on"),
        statuses: Some(names),
        at: Some(sent.at.parse().map_err(|error: domain::time::NotATime| sentence(&error.to_string()))?),
        own_password: Some(sent.password.clone()),
        ..Change::default()
    };
    match job {
        Job::Assignment => {
            let strategy = sent.strategy.parse().map_err(|_| "Choose how leads are dealt out.".to_owned())?;
            change.strategy = Some(strategy);
            change.oldest_first = Some(sent.order == "oldest");
            change.rest_hours = Some(whole(&sent.rest_hours, "The hours of rest")?);
            change.instant = Some(sent.instant == "on");
        }
        Job::TopUp => change.oldest_first = Some(sent.order == "oldest"),
        Job::Removal => change.stale_days = Some(whole(&sent.stale_days, "The days without work")?),
    }
    Ok(change)
}

/// What a run would do now (R43).
pub async fn preview(
    State(site): State<Arc<Site>>,
    who: May<RunsView>,
    visit: Visit,
    Path(job): Path<String>,
) -> Result<Response> {
    let job = Job::from_word(&job).ok_or(Error::NotFound)?;
    let report = runs::preview(&site.store, &who.company, job, who.now).await?;
    let shown = job::preview_page(&dealing(&report), came_from(&who));
    Ok(frame::page(&visit, &who, Item::Settings, "Preview", &shown))
}

/// Asks before it runs now, and shows what it would do (R34).
pub async fn confirm(
    State(site): State<Arc<Site>>,
    who: May<RunsStart>,
    visit: Visit,
    Path(job): Path<String>,
) -> Result<Response> {
    let job = Job::from_word(&job).ok_or(Error::NotFound)?;
    let report = runs::preview(&site.store, &who.company, job, who.now).await?;
    let shown = Dealing { basis: Some(report.basis.to_string()), ..dealing(&report) };
    let shown = job::run_now_page(&shown, &links::run_now(job), came_from(&who));
    Ok(frame::page(&visit, &who, Item::Settings, "Run now", &shown))
}

/// What the form that asks sends back.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Confirmed {
    preview: String,
}

/// Runs now (R34), and says what has changed since the preview. The run goes on when whoever asked does not wait for it.
pub async fn run_now(
    State(site): State<Arc<Site>>,
    who: May<RunsStart>,
    headers: HeaderMap,
    Path(job): Path<String>,
    Form(confirmed): Form<Confirmed>,
) -> Result<Response> {
    let job = Job::from_word(&job).ok_or(Error::NotFound)?;
    let (company, viewer) = (who.company.clone(), who.viewer());
    let back = || frame::leads_before(&headers).unwrap_or_else(|| came_from(&who));
    let order = Order::now(job, viewer, StartedBy::Person).after(confirmed.preview.parse().ok());
    let (opened, run) = oneshot::channel();
    let place = site.works.place()?;
    let mut doing = tokio::spawn(async move {
        let _place = place;
        let clock = || site.now();
        let begun = runs::begin(&site.store, &company, order, &clock).await?;
        let _ = opened.send(begun.run());
        begun.finish(&site.store, &company, &clock).await
    });
    let done = match tokio::time::timeout(RUN_PATIENCE, &mut doing).await {
        Ok(done) => done,
        // It takes longer: whoever asked goes on to where it can be watched, left and found again.
        Err(_) => match run.await {
            Ok(run) if who.may(Permission::RunsView) => return Ok(frame::go_on(&links::run(run))),
            Ok(_) => {
                let told = Toast::new(Tone::Info, "The run goes on by itself.");
                return Ok(frame::go_on_saying(back(), &told));
            }
            // It ended before its record was open.
            Err(_) => doing.await,
        },
    };
    let toast = match done.map_err(|error| Error::Fault(error.to_string()))? {
        Ok(report) => {
            let told = [&*report.sentence, &*report.since_preview].join(" ");
            let told = Toast::new(Tone::Success, told.trim_end());
            match report.run {
                Some(run) if who.may(Permission::LeadsAssign) => told.undo(links::run_undo(run)),
                _ => told,
            }
        }
        Err(actions::Error::Refused(why)) => Toast::new(Tone::Warning, sentence(&why)),
        Err(actions::Error::Store(store::Error::Cancelled)) => {
            Toast::new(Tone::Info, "The run was cancelled. No lead was changed.")
        }
        Err(error) => return Err(error.into()),
    };
    Ok(frame::go_on_saying(back(), &toast))
}

/// The page that a run is started from, where nothing else is known: the settings, or the leads for who may not see them.
fn came_from(who: &SignedIn) -> &'static str {
    if who.may(Permission::SettingsManage) { links::configurations() } else { links::leads() }
}

async fn shown(site: &Site, who: &SignedIn, visit: &Visit, again: Option<Again>) -> Result<Response> {
    let is_refused = again.is_some();
    let mut reader = site.store.read().await?;
    let known = statuses::list(reader.session(), who.company.id).await?;
    let mut settings = Vec::new();
    for job in CARDS {
        settings.push(jobs::settings(reader.session(), who.company.id, job, &known).await?);
    }
    drop(reader);
    let (mut cards, mut again) = (Vec::new(), again);
    for saved in &settings {
        let (sent, refused) = match again.take_if(|again| again.job == saved.job) {
            Some(again) => (again.sent, again.refused),
            None => (Sent::of(saved), Refused::default()),
        };
        cards.push(card(site, who, saved, &known, sent, refused).await?);
    }
    let taken_before = settings[0].takes_before(&settings[1]);
    let main: Markup = html! {
        (heading("Configurations", Some("What happens by itself."), &html! {}))
        @if taken_before { (Banner::new(Tone::Warning, domain::job::TAKEN_BEFORE)) }
        @for card in &cards { (job::job_card(card)) }
    };
    let page = frame::page(visit, who, Item::Settings, "Configurations", &main);
    Ok(if is_refused { (StatusCode::UNPROCESSABLE_ENTITY, page).into_response() } else { page })
}

async fn card(
    site: &Site,
    who: &SignedIn,
    saved: &JobSettings,
    known: &Statuses,
    sent: Sent,
    refused: Refused,
) -> Result<JobCard> {
    let job = saved.job;
    let last = runs::last_run(&site.store, &who.company, job, who.now).await?;
    let next = keep_time::next_run_of(&site.store, &who.company, job, &last, who.now).await?;
    let order = || {
        Field::select(
            "order",
            "When room is short, first",
            vec![
                Choice::new("newest", "the newest leads", sent.order != "oldest"),
                Choice::new("oldest", "the oldest leads", sent.order == "oldest"),
            ],
        )
        .id(format!("{}-order", job.word()))
    };
    let (sentence, more, below) = match job {
        Job::Assignment => (
            "Deals leads out evenly, under everybody's lead cap, before the day begins.",
            vec![
                order(),
                Field::number("rest_hours", "Hours of rest after an attempt", 0, domain::job::REST_HOURS_MAX)
                    .value(&*sent.rest_hours)
                    .hint("A lead that was tried goes to nobody else until they are over."),
            ],
            Some(switch(
                "instant",
                "Assign at once",
                sent.instant == "on",
                Some("A lead that comes in goes to somebody the moment it is there, by the same rules."),
            )),
        ),
        Job::TopUp => (
            "Fills queues towards the lead cap with fresh leads, which nobody owns and nobody has called. When they are \
             short, queues end as level as possible. Agents without a cap take no part.",
            vec![order()],
            None,
        ),
        Job::Removal => (
            "Returns leads that nobody has worked for long to Unassigned. Nothing is deleted; won leads, and those of \
             banned users, are left alone.",
            vec![
                Field::number("stale_days", "Days without work", 1, domain::job::STALE_DAYS_MAX)
                    .value(&*sent.stale_days)
                    .hint("Without a call, a note, a follow-up or an assignment."),
            ],
            Some(would_take_line(sent.would_take.parse().ok())),
        ),
    };
    Ok(JobCard {
        id: job.word(),
        title: job.title().into(),
        sentence: sentence.into(),
        href: links::configurations().into(),
        enabled: sent.enabled == "on",
        statuses: eligible(job, known, &sent.statuses),
        at: sent.at.clone(),
        zone: who.zone.name().to_owned(),
        strategies: if job == Job::Assignment { strategies(&sent.strategy) } else { Vec::new() },
        more,
        below,
        save: Some(links::job(job)),
        preview: who.may(Permission::RunsView).then(|| links::job_preview(job)),
        run_now: who.may(Permission::RunsStart).then(|| links::run_now(job)),
        refused: refused.settings,
        password_refused: refused.password,
        last: last_run(site, who, last),
        next,
    })
}

/// The statuses that may be chosen (R25), in the company's order.
fn eligible(job: Job, known: &Statuses, chosen: &[i64]) -> Vec<Choice> {
    known
        .iter()
        .filter(|status| may_take(job, status).is_ok())
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
fn last_run(site: &Site, who: &SignedIn, last: runs::LastRun) -> LastRun {
    let href = last.run.filter(|_| who.may(Permission::RunsView)).map(links::run);
    let sentence = last.sentence;
    match last.state {
        LastState::Never => LastRun::Never { sentence },
        LastState::Running => LastRun::Running {
            sentence,
            href,
            bar: last.run.and_then(|run| running::bar(site, who, run)),
            cancel: last.run.filter(|_| who.may(Permission::RunsStart)).map(links::run_cancel),
        },
        LastState::Cancelled => LastRun::Cancelled { sentence, href },
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
    let fair = report.job != Job::Removal;
    Dealing { sentence: report.sentence.clone(), second, agents, fair, basis: None }
}
