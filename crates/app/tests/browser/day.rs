//! The manager's day: a list comes in, the system deals it out, and the agent sees it arrive (R10a, R11, R14, R19, R23,
//! R33, R34, R43).

use crate::stage::{PASSWORD, email_of, now, on_both, on_both_empty};
use actions::runs::{self, Order};
use domain::{
    job::Job,
    schedule::Slot,
    time::{Moment, Zone},
    viewer::Viewer,
};
use serde_json::Value;
use std::path::Path;
use store::{
    companies,
    runs::{Start, StartedBy},
};

#[test]
fn a_list_is_imported_dealt_out_and_seen_to_arrive() {
    on_both_empty(|stage| async move {
        // The company as an operator makes it.
        let init = ["init", "--company", "Acme", "--country", "US", "--timezone", "America/Chicago"];
        let password = format!("{PASSWORD}\n");
        stage.command(
            &[&init[..], &["--admin-email", "admin@acme.example", "--password-stdin"]].concat(),
            &password,
        );
        for (name, cap) in [("Asha", "5"), ("Ben", "4"), ("Cara", "0")] {
            let email = email_of(name);
            let words = [
                "user",
                "add",
                "--name",
                name,
                "--email",
                &email,
                "--role",
                "Agent",
                "--cap",
                cap,
                "--password-stdin",
            ];
            stage.command(&words, &password);
        }

        // Add leads: the file, how it reads, the import.
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../actions/tests/data");
        let data = data.canonicalize().expect("the files of the import tests");
        let truth = std::fs::read_to_string(data.join("truth.json")).expect("the truth");
        let truth: Value = serde_json::from_str(&truth).expect("JSON");
        let files = truth.as_array().expect("a list");
        let truth = files.iter().find(|file| file["file"] == "messy-excel.csv").expect("the file");
        let number = |name: &str| truth[name].as_u64().expect("a number");

        let admin = stage.window_of("Admin").await;
        admin.reads("No leads yet").await;
        admin.presses_label("//main", "Add leads").await;
        admin.uploads("input[type=file]", &data.join("messy-excel.csv")).await;
        admin.reads_in("//*[@data-chosen]", "messy-excel.csv").await;
        admin.presses_label("//main//form", "Preview").await;
        admin.reads(&format!("{} rows", number("rows"))).await;
        admin.reads(&format!("{} rows will not be imported", number("errors"))).await;
        admin.reads("Nothing is imported yet.").await;
        admin.presses(".import-preview button[data-weight=primary]").await;
        admin
            .reads(&format!(
                "{} leads imported, {} skipped (duplicate), {} errors.",
                number("imported"),
                number("skipped"),
                number("errors")
            ))
            .await;
        admin.presses_label("//main", "Show the leads").await;
        admin.reads("50 of").await;

        // Two agents look at their screens.
        let (asha, ben) = (stage.window_of("Asha").await, stage.window_of("Ben").await);
        asha.goes_to("/tasks").await;
        asha.reads("Nothing to do").await;
        asha.marks().await;
        ben.reads("Nothing new").await;
        ben.marks().await;

        // Run Now asks first, with the preview.
        admin.goes_to("/leads").await;
        admin.presses_label("//main", "Run Now").await;
        admin.finds("dialog#dialog[open] .agent-bars").await;
        admin.reads_in("//dialog[@id='dialog']", "Run now?").await;
        admin.reads_in("//dialog[@id='dialog']", "Fairness check passed").await;
        admin.presses("dialog#dialog form button[data-weight=primary]").await;
        // Told where it was pressed, and on its card.
        admin.reads(" — 9 leads assigned across 2 agents, ").await;
        assert_eq!(admin.path().await, "/leads");
        admin.goes_to("/settings/configurations").await;
        admin.reads_in("//*[@id='assignment-last-run']", " — 9 leads assigned across 2 agents, ").await;
        admin.reads_in("//*[@id='assignment-last-run']", "unassigned (agents at cap).").await;

        // They arrive.
        asha.finds("#tasks li:nth-child(5)").await;
        asha.is_not_reloaded().await;
        assert_eq!(asha.counts("#tasks li[data-row]").await, 5);
        ben.finds("#dashboard li[data-row]:nth-child(4)").await;
        ben.is_not_reloaded().await;

        // One of Asha's goes to Cara, above her cap: a warning first, then it leaves the one screen and is on the other.
        let cara = stage.window_of("Cara").await;
        cara.reads("Nothing new").await;
        cara.marks().await;
        let row = asha.finds("#tasks li[data-row]").await.attr("id").await.expect("asked").expect("an id");
        let lead = row.strip_prefix("task-").expect("a lead's id").to_owned();
        admin.goes_to(&format!("/leads/{lead}")).await;
        admin.presses("#panel .owner-picker > summary").await;
        admin.presses_label("//*[@id='assign-options']", "Cara").await;
        admin.presses("#panel .owner-picker form button[data-weight=primary]").await;
        admin.reads_in("//*[@id='panel']", "Cara holds 0, the cap is 0, and it would be 1 after this.").await;
        assert_eq!(asha.counts("#tasks li[data-row]").await, 5, "nothing has happened yet");
        admin.presses_label("//*[@id='panel']", "Assign anyway").await;
        admin.reads("Assigned to Cara.").await;
        asha.loses(&format!("#{row}")).await;
        asha.is_not_reloaded().await;
        cara.finds(&format!("#dashboard #{row}")).await;
        cara.is_not_reloaded().await;
        // R14: for its former owner it is not there any more.
        asha.goes_to(&format!("/leads/{lead}")).await;
        asha.reads("There is nothing here, or it is not yours to see.").await;
    });
}

#[test]
fn r33_a_run_that_failed_is_told_without_a_reload() {
    on_both(|stage| async move {
        let admin = stage.window_of("Admin").await;
        admin.goes_to("/settings/configurations").await;
        admin.reads_in("//*[@id='assignment-last-run']", "Never run.").await;
        // What is being typed is not lost when the line changes.
        admin.fills("input[name=rest_hours]", "13").await;
        admin.marks().await;
        let company = stage.company;
        stage
            .store()
            .write(move |session| {
                Box::pin(async move {
                    let start = Start::by(StartedBy::Schedule);
                    let run = store::runs::start(session, company, Job::Assignment, &start, now()).await?;
                    store::runs::fail(session, company, run, now(), "interrupted").await
                })
            })
            .await
            .expect("written");
        admin.reads_in("//*[@id='assignment-last-run']", "failed: interrupted. No lead was changed.").await;
        admin.finds("#assignment-last-run [data-state=failed]").await;
        admin.is_not_reloaded().await;
        assert_eq!(admin.script("return document.querySelector('[name=rest_hours]').value").await, "13");
    });
}

/// Every form of the line on a card, as it changes under somebody's eyes.
#[test]
fn r33_r37_the_cards_say_how_their_last_run_went_in_every_form() {
    on_both(|stage| async move {
        let admin = stage.window_of("Admin").await;
        admin.goes_to("/settings/configurations").await;
        admin.marks().await;
        let store = stage.store().clone();
        let company = companies::by_id(store.read().await.expect("a reader").session(), stage.company).await;
        let company = company.expect("read").expect("a company");
        let line = |job: Job| format!("//*[@id='{}-last-run']", job.word());
        let does = async |order: Order| {
            runs::run(&store, &company, order, &now).await.expect("it runs");
        };
        for job in [Job::Assignment, Job::TopUp, Job::Removal] {
            admin.reads_in(&line(job), "Never run.").await;
        }
        // In progress: a record, and somebody who holds the lease.
        let lease = store.try_lease(company.id).await.expect("asked").expect("free");
        let id = company.id;
        let run: store::Result<_> = store
            .write(move |session| {
                Box::pin(async move {
                    let start = Start::by(StartedBy::CommandLine);
                    store::runs::start(session, id, Job::TopUp, &start, now()).await
                })
            })
            .await;
        run.expect("opened");
        admin.reads_in(&line(Job::TopUp), "Running since ").await;
        admin.finds("#top-up-last-run [data-state=running]").await;
        lease.release().await;
        // Its process has died: the next that looks closes the record, and runs.
        does(Order::now(Job::TopUp, Viewer::Operator, StartedBy::CommandLine)).await;
        admin.reads_in(&line(Job::TopUp), "topped up across").await;
        admin.finds("#top-up-last-run [data-state=done]").await;
        does(Order::now(Job::Removal, Viewer::Operator, StartedBy::CommandLine)).await;
        admin.reads_in(&line(Job::Removal), "0 stale leads returned to Unassigned.").await;
        // Due two hours ago, and done now (R39).
        let at = Moment(now().0 - 7_200_000);
        let zone: Zone = company.time_zone.parse().expect("a zone");
        let slot = Slot { date: zone.local_date(at), at };
        does(Order::scheduled(Job::Assignment, slot)).await;
        admin.reads_in(&line(Job::Assignment), " — ").await;
        admin
            .reads_in(&line(Job::Assignment), &format!("Late: it was due at {}.", zone.time_of_day(at)))
            .await;
        admin.is_not_reloaded().await;
    });
}
