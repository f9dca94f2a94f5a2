//! Auto-removal of stale leads (R37) and the daily top-up (R35, R36).

use crate::office::{NOW, Office, on_both};
use actions::{
    add_note::{AddNote, add_note},
    remove_stale::would_take,
    runs::{Order, preview, run},
    save_job::Change,
    undo_run::{UndoRun, Undone, undo_run},
};
use domain::{
    job::{Job, JobSettings, TAKEN_BEFORE},
    time::Moment,
    viewer::Viewer,
};
use store::runs::StartedBy;

const HOUR: i64 = 3_600_000;

fn removal(statuses: &[&str], days: i64) -> Change {
    Change {
        statuses: Some(statuses.iter().map(|name| (*name).to_owned()).collect()),
        stale_days: Some(days),
        ..Change::default()
    }
}

#[test]
fn r37_stale_leads_return_and_the_others_are_left_alone() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha cap 9; Ben; Zed banned")
            .await
            .with(
                "Old Assigned of Asha born 800; Young Assigned of Asha born 10; Closed NotInterested of Ben born 800;
                 Won Customer of Ben born 800; OfBanned Assigned of Zed born 800; Other Missed of Ben born 800;
                 Nobodys Assigned born 800; Noted Assigned of Ben born 800; Moved Assigned of Ben born 800 was Asha on 3;
                 Edited Assigned of Asha born 800",
            )
            .await;
        let ben = office.viewer("Ben").await;
        let lead = office.leads["Noted"];
        let note = AddNote { lead, text: "rang twice".into(), viewer: ben, now: Moment(NOW.0 - 5 * HOUR) };
        add_note(&office.store, office.company.id, note).await.expect("noted");
        // An edit is not work: it does not save a lead.
        for (name, hours_ago) in [("Edited", 1), ("Moved", 72)] {
            let values = [office.leads[name].0, NOW.0 - hours_ago * HOUR];
            office
                .sql("UPDATE leads SET last_activity_at_ms = $3 WHERE company_id = $1 AND id = $2", &values)
                .await;
        }
        office.saves(Job::Removal, removal(&["Assigned", "Not Interested"], 30), NOW).await;
        let before = preview(&office.store, &office.company, Job::Removal, NOW).await.expect("a preview");
        assert_eq!(before.sentence, "Preview: 4 stale leads would return to Unassigned from 2 agents.");
        let report = office.runs(Job::Removal, NOW).await;
        assert_eq!(report.numbers, before.numbers);
        assert_eq!(report.agents, before.agents);
        assert_eq!(
            report.sentence,
            "Last run: 2026-05-11 09:00 IST — 4 stale leads returned to Unassigned from 2 agents."
        );
        assert_eq!(report.second_line, "1 not considered (1 banned).");
        assert_eq!(
            office.places().await,
            "Closed - Unassigned, Edited - Unassigned, Moved Ben Assigned, Nobodys - Unassigned, \
             Noted Ben Assigned, OfBanned Zed Assigned, Old - Unassigned, Other Ben Missed, Won Ben Customer, \
             Young Asha Assigned"
        );
        let told = office.lead("Old").await;
        let last = told.events.last().expect("an entry");
        assert_eq!((&*last.kind, last.run.is_some()), ("removed", true));
        // Once more finds nothing, and an undo puts everything back.
        assert_eq!(office.runs(Job::Removal, NOW).await.numbers.assigned, 0);
        let order = UndoRun {
            run: report.run.expect("a run"),
            viewer: Viewer::Operator,
            may_undo_all: true,
            may_convert: true,
            now: Moment(NOW.0 + HOUR),
        };
        let Undone::Done(_) = undo_run(&office.store, office.company.id, order).await.expect("undone") else {
            panic!("it can be undone")
        };
        office.well().await;
        let places = office.places().await;
        assert!(
            places.contains("Old Asha Assigned") && places.contains("Closed Ben NotInterested"),
            "{places}"
        );
        assert!(places.contains("Nobodys - Assigned"), "{places}");
    });
}

#[test]
fn r37_what_it_would_take_is_known_before_it_is_saved() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha")
            .await
            .with("3 Assigned of Asha born 800; 2 Missed of Asha born 200")
            .await;
        let of = |names: &[&str], days| {
            let new = JobSettings::new(Job::Removal, &office.statuses);
            removal(names, days).on(&new, &office.statuses).expect("allowed")
        };
        for (settings, expect) in [
            (of(&["Assigned"], 30), 3),
            (of(&["Assigned", "Missed"], 8), 5),
            (of(&["Missed"], 30), 0),
            (of(&[], 1), 0),
        ] {
            let takes = would_take(&office.store, office.company.id, settings, NOW).await;
            assert_eq!(takes.expect("counted"), expect);
        }
    });
}

#[test]
fn r36_queues_are_filled_towards_the_cap_level_when_leads_are_short() {
    on_both(|database| async move {
        for (roster, leads, held, sentence, second) in [
            (
                "Asha cap 10; Ben cap 10; Cara",
                "6 Interested of Asha; 2 Interested of Ben; 6 Unassigned; Tried Unassigned tried 30; 2 Missed",
                "Asha 7, Ben 7, Cara 0",
                "6 leads topped up across 2 agents.",
                "6 places still free.",
            ),
            (
                "Asha cap 3; Ben cap 2",
                "8 Unassigned",
                "Asha 3, Ben 2",
                "5 leads topped up across 2 agents, 3 unassigned (agents at cap).",
                "",
            ),
            (
                "Asha; Ben cap 2 banned",
                "2 Unassigned",
                "Asha 0, Ben 0",
                "0 leads topped up across 0 agents, 2 unassigned (no eligible agents).",
                "",
            ),
        ] {
            let office = Office::open(&database, roster).await.with(leads).await;
            let before = preview(&office.store, &office.company, Job::TopUp, NOW).await.expect("a preview");
            let report = office.runs(Job::TopUp, NOW).await;
            assert_eq!(office.held().await, held, "{roster} | {leads}");
            assert_eq!(report.sentence, format!("Last run: 2026-05-11 09:00 IST — {sentence}"));
            assert_eq!(report.second_line, second, "{roster} | {leads}");
            assert_eq!((before.numbers, before.agents), (report.numbers, report.agents));
        }
    });
}

#[test]
fn r35_saving_warns_when_the_assignment_takes_the_same_leads_first() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await;
        let on = |at: &str| Change {
            enabled: Some(true),
            at: Some(at.parse().expect("a time")),
            ..Change::default()
        };
        assert_eq!(office.saves(Job::Assignment, on("09:00"), NOW).await.warning, None);
        assert_eq!(office.saves(Job::TopUp, on("13:00"), NOW).await.warning, Some(TAKEN_BEFORE));
        assert_eq!(office.saves(Job::TopUp, on("08:00"), NOW).await.warning, None);
        assert_eq!(office.saves(Job::Assignment, on("07:00"), NOW).await.warning, Some(TAKEN_BEFORE));
    });
}

#[test]
fn r43_a_run_says_what_has_changed_since_its_preview() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha cap 9; Ben cap 9").await.with("4 Unassigned").await;
        let seen = office.preview().await;
        let order = |seen| Order::now(Job::Assignment, Viewer::Operator, StartedBy::Person).after(seen);
        let office = office.with("2 Unassigned").await;
        let report =
            run(&office.store, &office.company, order(Some(seen.basis)), &|| NOW).await.expect("it runs");
        assert_eq!(report.numbers.assigned, 6);
        assert_eq!(report.since_preview, "Since the preview: 2 more leads to look at.");
        let office = office.with("2 Unassigned").await;
        let seen = office.preview().await;
        let report =
            run(&office.store, &office.company, order(Some(seen.basis)), &|| NOW).await.expect("it runs");
        assert_eq!((report.numbers.assigned, &*report.since_preview), (2, ""));
    });
}
