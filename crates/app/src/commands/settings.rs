//! `evenhand settings auto-assignment`, `top-up` and `removal`

use crate::{
    cli::{First, OnOff, Place, Settings, Strategy, Timed},
    clock,
    output::{self, callers_fault},
};
use actions::{
    keep_time, runs,
    save_job::{Change, save_job},
};
use domain::{job::Job, time::NotATime, viewer::Viewer};
use std::io::Write;
use store::{jobs, statuses};

pub async fn settings(place: &Place, command: Settings) -> anyhow::Result<()> {
    let is_oldest = |first: First| first == First::Oldest;
    match command {
        Settings::AutoAssignment(args) => {
            let (json, change) = timed(args.timed)?;
            let change = Change {
                strategy: args.strategy.map(|strategy| match strategy {
                    Strategy::EqualShares => allot::Strategy::EqualShares,
                    Strategy::LevelQueues => allot::Strategy::LevelQueues,
                }),
                oldest_first: args.first.map(is_oldest),
                rest_hours: args.rest_hours,
                instant: args.instant.map(|switch| switch == OnOff::On),
                ..change
            };
            of_job(place, Job::Assignment, change, json).await
        }
        Settings::TopUp(args) => {
            let (json, change) = timed(args.timed)?;
            let change = Change { oldest_first: args.first.map(is_oldest), ..change };
            of_job(place, Job::TopUp, change, json).await
        }
        Settings::Removal(args) => {
            let (json, change) = timed(args.timed)?;
            of_job(place, Job::Removal, Change { stale_days: args.days, ..change }, json).await
        }
    }
}

/// What every job has, and whether it is to be printed as JSON.
fn timed(args: Timed) -> anyhow::Result<(bool, Change)> {
    let change = Change {
        enabled: if args.enable { Some(true) } else { args.disable.then_some(false) },
        statuses: args.statuses.map(|list| names(&list)).transpose()?,
        at: args.at.map(|at| at.parse().map_err(|error: NotATime| callers_fault(error))).transpose()?,
        ..Change::default()
    };
    Ok((args.output.json, change))
}

/// The names as `--statuses` takes them.
fn listed(names: &[String]) -> String {
    let is_odd = |name: &String| name.contains([',', '"']);
    let quoted = |name: &String| {
        if is_odd(name) { format!("\"{}\"", name.replace('"', "\"\"")) } else { name.clone() }
    };
    let list: Vec<String> = names.iter().map(quoted).collect();
    // No space stands before a quote.
    list.join(if names.iter().any(is_odd) { "," } else { ", " })
}

/// The names in a list like `Unassigned,"Call back, later"`.
fn names(list: &str) -> anyhow::Result<Vec<String>> {
    if !list.matches('"').count().is_multiple_of(2) {
        return Err(callers_fault("--statuses has a double quote that is not closed"));
    }
    let mut lines = csv::ReaderBuilder::new().has_headers(false).from_reader(list.as_bytes()).into_records();
    let Some(line) = lines.next() else { return Ok(Vec::new()) };
    let line = line.map_err(|error| callers_fault(format!("--statuses cannot be read: {error}")))?;
    if lines.next().is_some() {
        return Err(callers_fault("--statuses is one line of names, separated by commas"));
    }
    Ok(line.iter().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

async fn of_job(place: &Place, job: Job, change: Change, json: bool) -> anyhow::Result<()> {
    let (store, company) = place.open_company().await?;
    if change != Change::default() {
        let saved = save_job(&store, company.id, job, change, Viewer::Operator, clock::now()).await?;
        if let Some(warning) = saved.warning {
            output::say(warning);
        }
    }
    let mut reader = store.read().await?;
    let known = statuses::list(reader.session(), company.id).await?;
    let settings = jobs::settings(reader.session(), company.id, job, &known).await?;
    drop(reader);
    let last = runs::last_run(&store, &company, job, clock::now()).await?;
    let next = keep_time::next_run_of(&store, &company, job, &last, clock::now()).await?;
    let names: Vec<String> =
        settings.statuses.iter().filter_map(|id| known.get(*id)).map(|status| status.name.clone()).collect();
    let first = if settings.oldest_first { "oldest" } else { "newest" };
    if json {
        let mut shown = serde_json::json!({
            "enabled": settings.enabled,
            "statuses": names,
            "at": settings.at.to_string(),
            "last_run": last.sentence,
            "last_run_details": last.second_line,
            "next_run": next,
        });
        match job {
            Job::Assignment => {
                shown["strategy"] = settings.strategy.to_string().into();
                shown["first"] = first.into();
                shown["rest_hours"] = settings.rest_hours.into();
                shown["instant"] = settings.instant.into();
            }
            Job::TopUp => shown["first"] = first.into(),
            Job::Removal => shown["days"] = settings.stale_days.into(),
        }
        return output::json(&shown);
    }
    let mut out = output::stdout();
    writeln!(out, "{}: {}", job.title(), if settings.enabled { "on" } else { "off" })?;
    writeln!(out, "Statuses: {}", if names.is_empty() { "none".into() } else { listed(&names) })?;
    writeln!(out, "At: {} ({})", settings.at, company.time_zone)?;
    match job {
        Job::Assignment => {
            writeln!(out, "Strategy: {}", settings.strategy)?;
            writeln!(out, "First: the {first} leads")?;
            writeln!(out, "Hours of rest after an attempt: {}", settings.rest_hours)?;
            writeln!(out, "Captured leads at once: {}", if settings.instant { "on" } else { "off" })?;
        }
        Job::TopUp => writeln!(out, "First: the {first} leads")?,
        Job::Removal => writeln!(out, "Days without work: {}", settings.stale_days)?,
    }
    writeln!(out, "{}", last.sentence)?;
    if !last.second_line.is_empty() {
        writeln!(out, "{}", last.second_line)?;
    }
    if let Some(next) = next {
        writeln!(out, "{next} It needs `evenhand serve` to be running.")?;
    }
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{listed, names};

    #[test]
    fn names_of_statuses_are_separated_by_commas_and_may_have_some() {
        for (list, expected) in [
            ("Unassigned,Not Picked", &["Unassigned", "Not Picked"][..]),
            (" Missed , Busy,", &["Missed", "Busy"]),
            ("\"Call back, later\",Missed", &["Call back, later", "Missed"]),
            ("", &[]),
        ] {
            assert_eq!(names(list).expect("a list"), expected, "{list}");
        }
        for unreadable in ["Missed\nBusy", "\"", "\"Busy"] {
            assert!(names(unreadable).is_err(), "{unreadable}");
        }
        let odd = ["A, B".to_owned(), "say \"hi\"".to_owned(), "Busy".to_owned()];
        assert_eq!(names(&listed(&odd)).expect("a list"), odd);
    }
}
