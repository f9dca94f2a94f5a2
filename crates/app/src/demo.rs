//! The demo company: a fresh database, sixty days of history, and a run before your eyes.

mod chance;
mod history;
mod lists;
mod people;

use crate::{
    cli::{Demo, Place},
    clock, commands,
    output::{self, callers_fault, progress_bar, say},
    serve::{self, Serving},
};
use actions::runs::{self, Order};
use domain::{job::Job, time::Moment, viewer::Viewer};
use history::{DAYS, History};
use std::{io::Write, path::Path};
use store::{Location, Missing, Store, companies::Company, runs::StartedBy};

/// Fills a fresh database with a believable company and shows a run.
pub async fn demo(place: &Place, args: Demo) -> anyhow::Result<()> {
    if place.database.is_some() {
        return Err(callers_fault(
            "the demo lives in an embedded database of its own; leave out --database (or unset EVENHAND_DATABASE)",
        ));
    }
    let folder = &args.data;
    let file = folder.join("evenhand.db");
    // Not even opened: opening would bring a real company's schema up to date.
    if file.exists() {
        return Err(callers_fault(format!(
            "{} is there already, and the demo never touches a company that exists; open it again with \
             `evenhand serve --data {}`, name a new folder with --data, or delete it if it is an old demo",
            file.display(),
            folder.display()
        )));
    }
    let serving = Serving { listen: args.listen, https: false, upload_bytes_max: UPLOAD_BYTES_MAX };
    let listener = if args.no_serve { None } else { Some(serve::bind(&serving).await?) };
    let store = Store::open(&Location::Folder(folder.clone()), Missing::Create).await?;
    let name = place.company.as_deref().unwrap_or(people::COMPANY);
    let company = fill(&store, name, clock::now()).await?;
    if let Some(listener) = listener {
        // The last list waits for *Run Now*.
        show_sign_ins()?;
        say(&format!("Delete {} when you have seen enough.", folder.display()));
        return serve::serve(store, listener, &serving).await;
    }
    show_a_run(&store, &company).await?;
    show_sign_ins()?;
    show_what_to_do(folder)
}

/// The demo takes in no larger files.
const UPLOAD_BYTES_MAX: u64 = 1 << 30;

async fn fill(store: &Store, name: &str, now: Moment) -> anyhow::Result<Company> {
    let bar = progress_bar(Some(DAYS as u64));
    bar.set_message(format!("Living {DAYS} days"));
    let mut history = History::begin(store, name, now).await?;
    while history.live_a_day().await? {
        bar.inc(1);
    }
    bar.finish_and_clear();
    say(&format!(
        "{} has worked for {DAYS} days: {} leads, {} users. The last list came in a moment ago.\n",
        history.company().name,
        history::LEADS,
        people::AGENTS.len() + people::MANAGERS.len() + 1,
    ));
    Ok(history.company().clone())
}

/// What the preview shows is what the run does (R43).
async fn show_a_run(store: &Store, company: &Company) -> anyhow::Result<()> {
    let preview = runs::preview(store, company, Job::Assignment, clock::now()).await?;
    commands::run::print(&preview)?;
    let run = runs::run(
        store,
        company,
        Order::now(Job::Assignment, Viewer::Operator, StartedBy::CommandLine),
        &clock::now,
    )
    .await?;
    let mut out = output::stdout();
    writeln!(out, "\n{}", run.sentence)?;
    if !run.second_line.is_empty() {
        writeln!(out, "{}", run.second_line)?;
    }
    out.flush()?;
    Ok(())
}

fn show_sign_ins() -> anyhow::Result<()> {
    let mut rows = vec![sign_in("Admin", "Company Admin", "", "admin")];
    rows.extend(people::MANAGERS.iter().map(|(name, branch)| sign_in(name, "Manager", branch, name)));
    rows.extend(
        people::AGENTS[..3].iter().map(|agent| sign_in(agent.name, "Agent", agent.branch, agent.name)),
    );
    let mut out = output::stdout();
    writeln!(
        out,
        "\nSign in as one of these, or as anybody in the list of users; the password is {}\n",
        people::PASSWORD
    )?;
    output::table(&mut out, &["name", "role", "branch", "e-mail"], &rows)?;
    out.flush()?;
    Ok(())
}

fn show_what_to_do(folder: &Path) -> anyhow::Result<()> {
    let mut out = output::stdout();
    let data = format!("--data {}", quoted(&folder.display().to_string()));
    writeln!(out, "\nTry next:")?;
    for (command, what) in [
        (format!("evenhand serve {data}"), "the pages"),
        (format!("evenhand user list {data}"), "who holds how many"),
        (format!("evenhand leads list --status Interested {data} | head"), "warm leads, newest first"),
        (format!("evenhand lead show {} {data}", history::LEADS / 2), "one lead and what happened to it"),
        (format!("evenhand settings auto-assignment {data}"), "what the daily run deals, and the last run"),
        (format!("evenhand run assignment --preview {data}"), "what a run would do now"),
        (format!("evenhand doctor {data}"), "all counters, counted again"),
    ] {
        writeln!(out, "  {command}\n      {what}")?;
    }
    writeln!(out, "\nDelete {} when you have seen enough.", folder.display())?;
    out.flush()?;
    Ok(())
}

fn sign_in(name: &str, role: &str, branch: &str, local: &str) -> Vec<String> {
    vec![name.to_owned(), role.to_owned(), branch.to_owned(), people::email(local)]
}

/// A path as a shell takes it.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,@%=:~".contains(c);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{lead_list::Filter, viewer::Sight};
    use std::collections::BTreeMap;
    use store::{lists, statuses, testing, users};

    const TUESDAY_AT_11: Moment = Moment(1_778_601_600_000); // 2026-05-12, Chicago
    const SUNDAY_AT_3: Moment = Moment(1_778_400_000_000);
    const MONDAY_HALF_A_MINUTE_PAST_9: Moment = Moment(1_778_508_030_000);
    const SATURDAY_AT_MIDNIGHT: Moment = Moment(1_794_117_570_000); // 2026-11-07, after the clocks went back

    async fn findings(store: &Store, company: &Company) -> Vec<String> {
        store::doctor::examine(store.read().await.unwrap().session(), company.id).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_day_ends_with_sound_counters_and_the_last_one_with_a_backlog() {
        let database = testing::sqlite().await;
        let store = &database.store;
        let now = TUESDAY_AT_11;
        let mut history = History::begin(store, people::COMPANY, now).await.unwrap();
        let company = history.company().clone();
        let mut days = 0;
        while history.live_a_day().await.unwrap() {
            days += 1;
            assert_eq!(findings(store, &company).await, [""; 0], "day {days}");
        }
        assert_eq!(days, DAYS);
        is_believable(store, &company, now).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn it_is_alive_at_any_hour_of_any_day() {
        for now in [SUNDAY_AT_3, MONDAY_HALF_A_MINUTE_PAST_9, SATURDAY_AT_MIDNIGHT] {
            let database = testing::sqlite().await;
            let company = fill(&database.store, people::COMPANY, now).await.unwrap();
            is_believable(&database.store, &company, now).await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_same_moment_gives_the_same_story() {
        let mut stories = Vec::new();
        for _ in 0..2 {
            let database = testing::sqlite().await;
            let company = fill(&database.store, people::COMPANY, TUESDAY_AT_11).await.unwrap();
            let mut lines = Vec::new();
            let mut reader = database.store.read().await.unwrap();
            lists::each(reader.session(), company.id, &Filter::default(), Sight::All, |line| {
                lines.push(line);
                Ok(())
            })
            .await
            .unwrap();
            stories.push(lines);
        }
        assert!(stories[0] == stories[1], "two demos of one moment differ");
    }

    async fn is_believable(store: &Store, company: &Company, now: Moment) {
        assert_eq!(findings(store, company).await, [""; 0]);
        let mut reader = store.read().await.unwrap();
        let session = reader.session();
        let known = statuses::list(session, company.id).await.unwrap();
        let counts: BTreeMap<String, i64> = statuses::counts(session, company.id)
            .await
            .unwrap()
            .into_iter()
            .map(|(status, leads)| (known.get(status).unwrap().name.clone(), leads))
            .collect();
        assert_eq!(counts.values().sum::<i64>(), history::LEADS as i64);
        for (status, from, to) in [
            ("Unassigned", 290, 340),
            ("Assigned", 250, 1_000),
            ("Interested", 150, 700),
            ("Not Interested", 1_800, 3_000),
            ("Not Picked", 10, 400),
            ("Wrong Number", 120, 500),
            ("Customer", 200, 600),
        ] {
            let leads = counts[status];
            assert!((from..=to).contains(&leads), "{leads} are {status}");
        }
        let users = users::list(session, company.id).await.unwrap();
        let agents: Vec<_> = users.iter().filter(|user| user.receives).collect();
        assert_eq!((users.len(), agents.len()), (25, 21));
        assert!(agents.iter().all(|agent| agent.held <= agent.cap.unwrap()), "nobody is above the cap");
        let mut newest = Moment(0);
        lists::each(session, company.id, &Filter::default(), Sight::All, |line| {
            newest = newest.max(line.last_activity_at);
            Ok(())
        })
        .await
        .unwrap();
        assert!(
            newest <= now && newest >= Moment(now.0 - 21 * 60_000),
            "the latest entry is {newest:?} at {now:?}"
        );
        drop(reader);
        let preview = runs::preview(store, company, Job::Assignment, now).await.unwrap();
        let full = preview.agents.iter().filter(|agent| agent.cap == Some(agent.after)).count();
        assert!((4..19).contains(&full), "{full} agents are full afterwards");
        assert!(preview.numbers.assigned >= 200 && preview.numbers.unassigned() >= 1, "{}", preview.sentence);
    }
}
