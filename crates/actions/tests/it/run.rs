//! The automatic assignment from end to end: R26 to R34, R41 to R43.

use crate::office::{NOW, Office, on_both};
use actions::{
    add_note::{AddNote, add_note},
    runs::{Order, Report, last_run},
};
use allot::Strategy::{EqualShares, LevelQueues};
use domain::{
    ids::{LeadId, RunId},
    job::Job,
    pool::{Move, Outcome},
    status::StatusMark,
    time::Moment,
    viewer::Viewer,
};
use proptest::{
    prelude::{Strategy as _, any},
    strategy::ValueTree,
    test_runner::TestRunner,
};
use std::sync::atomic::{AtomicI64, Ordering};
use store::{assign, runs, runs::StartedBy, users};

const SCHEDULE: runs::Start = runs::Start { by: StartedBy::Schedule, actor: None, slot: None };

/// The report in short: `2 assigned, 1 kept, 1 agents at cap; 3 banned`.
fn short(report: &Report) -> String {
    let numbers = &report.numbers;
    let mut words = vec![format!("{} assigned", numbers.assigned)];
    if numbers.kept > 0 {
        words.push(format!("{} kept", numbers.kept));
    }
    words.extend(numbers.leftovers.iter().map(|(why, n)| format!("{n} {why}")));
    words.extend(numbers.exceptions.iter().map(|(why, n)| format!("not {n} {why}")));
    words.join(", ")
}

/// Roster and leads in; who holds how many, and the report in short, out.
type Row = (&'static str, &'static str, &'static str, &'static str);

fn check(statuses: &'static [&'static str], table: &'static [Row]) {
    on_both(|database| async move {
        for (roster, leads, held, report) in table {
            let office =
                Office::open(&database, roster).await.with(leads).await.deals(statuses, EqualShares).await;
            let before = office.preview().await;
            let ran = office.run().await;
            assert_eq!(
                (office.held().await.as_str(), short(&ran).as_str()),
                (*held, *report),
                "{roster} | {leads}"
            );
            // R43
            assert_eq!((before.numbers, before.agents), (ran.numbers, ran.agents), "{roster} | {leads}");
        }
    });
}

#[test]
fn r27_receivers_are_agents_with_room_who_are_not_banned() {
    check(
        &["Unassigned"],
        &[
            ("Asha; Ben", "4 Unassigned", "Asha 2, Ben 2", "4 assigned"),
            ("Asha cap 1; Ben", "4 Unassigned", "Asha 1, Ben 3", "4 assigned"),
            ("Asha cap 0; Ben", "4 Unassigned", "Asha 0, Ben 4", "4 assigned"),
            ("Asha cap 0; Ben cap 3", "4 Unassigned", "Asha 0, Ben 3", "3 assigned, 1 agents at cap"),
            ("Asha banned; Ben cap 3", "4 Unassigned", "Asha 0, Ben 3", "3 assigned, 1 agents at cap"),
            (
                "Asha banned; Mary Manager; Root Admin",
                "4 Unassigned",
                "Asha 0",
                "0 assigned, 4 no eligible agents",
            ),
            ("Mary Manager", "1 Unassigned", "", "0 assigned, 1 no eligible agents"),
            ("Asha cap 0", "2 Unassigned", "Asha 0", "0 assigned, 2 agents at cap"),
            ("Asha", "", "Asha 0", "0 assigned"),
            ("", "2 Unassigned", "", "0 assigned, 2 no eligible agents"),
        ],
    );
}

#[test]
fn r27_room_counts_every_open_lead_and_no_other() {
    check(
        &["Unassigned"],
        &[(
            "Asha cap 4",
            "2 Interested of Asha; Old NotInterested of Asha; Won Customer of Asha; Bad WrongNumber of Asha; 5 Unassigned",
            "Asha 4",
            "2 assigned, 3 agents at cap",
        )],
    );
}

#[test]
fn r28_a_lead_stays_in_its_branch_and_department() {
    check(
        &["Unassigned"],
        &[
            (
                "Asha in Pune; Ben in Delhi; Cara",
                "6 Unassigned in Pune; 2 Unassigned in Delhi",
                "Asha 6, Ben 2, Cara 0",
                "8 assigned",
            ),
            (
                "Asha in Pune; Ben in Delhi; Cara",
                "2 Unassigned in Pune; 4 Unassigned",
                "Asha 2, Ben 2, Cara 2",
                "6 assigned",
            ),
            (
                "Asha in Pune dept Loans; Ben in Pune",
                "2 Unassigned in Pune dept Loans",
                "Asha 2, Ben 0",
                "2 assigned",
            ),
            (
                "Asha dept Loans; Ben",
                "1 Unassigned dept Cards",
                "Asha 0, Ben 0",
                "0 assigned, 1 no eligible agents",
            ),
            (
                "Asha in Pune cap 1; Ben",
                "2 Unassigned in Pune; 1 Unassigned in Goa",
                "Asha 1, Ben 0",
                "1 assigned, 1 agents at cap, 1 no eligible agents",
            ),
        ],
    );
}

#[test]
fn r29_owned_leads_go_to_somebody_else_or_stay() {
    check(
        &["Unassigned", "Missed"],
        &[
            // To a different agent.
            ("Asha; Ben", "3 Missed of Asha", "Asha 0, Ben 3", "3 assigned"),
            // Nobody else: they stay.
            ("Asha", "3 Missed of Asha", "Asha 3", "0 assigned, 3 kept"),
            ("Asha; Ben cap 1", "3 Missed of Asha", "Asha 2, Ben 1", "1 assigned, 2 kept"),
            ("Asha in Pune; Ben", "2 Missed of Asha in Pune", "Asha 2, Ben 0", "0 assigned, 2 kept"),
            // Two full agents swap.
            ("Asha cap 2; Ben cap 2", "2 Missed of Asha; 2 Missed of Ben", "Asha 2, Ben 2", "4 assigned"),
            // Above the cap: nothing new, and nothing is lost by it.
            (
                "Asha cap 1; Ben cap 0",
                "3 Interested of Asha; 2 Unassigned",
                "Asha 3, Ben 0",
                "0 assigned, 2 agents at cap",
            ),
            (
                "Asha cap 1; Ben cap 0",
                "3 Missed of Asha; 2 Unassigned",
                "Asha 3, Ben 0",
                "0 assigned, 3 kept, 2 agents at cap",
            ),
            // What an owner gives away makes room, up to the cap and no further.
            ("Asha cap 2; Ben", "2 Missed of Asha; 4 Unassigned", "Asha 2, Ben 4", "6 assigned"),
            // An owner who is no receiver keeps what nobody else can take, and gives what somebody can.
            ("Mary Manager; Ben cap 1", "2 Missed of Mary", "Ben 1", "1 assigned, 1 kept"),
            ("Mary Manager", "2 Missed of Mary", "", "0 assigned, 2 kept"),
        ],
    );
}

#[test]
fn r29_a_lead_that_stays_has_no_event_and_keeps_its_status() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await.with("Lea Missed of Asha").await;
        let office = office.deals(&["Missed"], EqualShares).await;
        let before = office.lead("Lea").await;
        office.run().await;
        assert_eq!(office.lead("Lea").await, before);
    });
}

#[test]
fn r29_earlier_owners_of_the_last_thirty_days_are_avoided() {
    on_both(|database| async move {
        for (leads, expect) in [
            // Each had the other's before.
            ("Lea Unassigned was Asha; Leo Unassigned was Ben", "Lea Ben Assigned, Leo Asha Assigned"),
            ("Lea Unassigned was Ben; Leo Unassigned was Asha", "Lea Asha Assigned, Leo Ben Assigned"),
            // As far as possible only: evenness comes first.
            ("Lea Unassigned was Asha; Leo Unassigned was Asha", "1 1"),
            // Longer ago does not count. Without a reason the longest waiting (Asha) gets the first.
            ("Lea Unassigned was Asha on 31", "Lea Asha Assigned"),
            ("Lea Unassigned was Asha on 29", "Lea Asha Assigned"), // never at the cost of who gets how many
        ] {
            let office = Office::open(&database, "Asha; Ben").await.with(leads).await;
            office.run().await;
            if expect == "1 1" {
                assert_eq!(office.held().await, "Asha 1, Ben 1", "{leads}");
            } else {
                assert_eq!(office.places().await, expect, "{leads}");
            }
        }
    });
}

#[test]
fn r26_what_is_not_considered_and_why() {
    check(
        &["Unassigned", "Missed"],
        &[
            // Never an owner who is banned.
            (
                "Asha banned; Ben",
                "2 Missed of Asha; 1 Unassigned",
                "Asha 2, Ben 1",
                "1 assigned, not 2 banned",
            ),
            // In work: the owner's call, note or edit within two hours.
            (
                "Asha; Ben",
                "1 Missed of Asha acted 1.9; 1 Missed of Asha acted 2",
                "Asha 1, Ben 1",
                "1 assigned, not 1 in work",
            ),
            // Chosen by a person on one of the last two working days (Monday morning: since Thursday 0:00, 105 hours ago).
            (
                "Asha; Ben",
                "1 Missed of Asha chosen 1; 1 Missed of Asha chosen 105; 1 Missed of Asha chosen 105.1",
                "Asha 2, Ben 1",
                "1 assigned, not 2 chosen by a person",
            ),
            // … and no call since.
            (
                "Asha; Ben",
                "1 Missed of Asha chosen 50 tried 40; 1 Missed of Asha chosen 50 tried 60",
                "Asha 1, Ben 1",
                "1 assigned, not 1 chosen by a person",
            ),
            // The last attempt: twenty hours, owned leads only.
            (
                "Asha; Ben",
                "1 Missed of Asha tried 19.9; 1 Missed of Asha tried 20; 1 Missed tried 1",
                "Asha 2, Ben 1",
                "2 assigned, not 1 tried recently",
            ),
            // The reasons in the order in which they are looked at; each lead once.
            (
                "Asha banned; Ben cap 0",
                "1 Missed of Asha acted 1 tried 1; 1 Missed of Ben acted 1 chosen 1 tried 3; 1 Missed of Ben chosen 3 tried 5",
                "Asha 1, Ben 2",
                "0 assigned, not 1 banned, not 1 in work, not 1 chosen by a person",
            ),
            // Other statuses are nobody's business.
            ("Asha; Ben", "1 Interested of Asha; 1 Busy; Old NotInterested", "Asha 1, Ben 0", "0 assigned"),
        ],
    );
}

#[test]
fn r30_when_room_is_short_the_most_urgent_go_first() {
    on_both(|database| async move {
        for (leads, expect) in [
            // Never called, then called before, then doubtful numbers.
            (
                "A Unassigned doubtful; B Unassigned tried 100; C Unassigned; D Unassigned tried 200",
                "A - Unassigned, B - Unassigned, C Asha Assigned, D Asha Assigned",
            ),
            // Inside a tier the newest first.
            (
                "A Unassigned born 5; B Unassigned born 3; C Unassigned born 9; D Unassigned born 4",
                "A - Unassigned, B Asha Assigned, C - Unassigned, D Asha Assigned",
            ),
            // Those called before by the longest rest.
            (
                "A Unassigned tried 50; B Unassigned tried 90; C Unassigned tried 30; D Unassigned tried 60",
                "A - Unassigned, B Asha Assigned, C - Unassigned, D Asha Assigned",
            ),
        ] {
            let office = Office::open(&database, "Asha cap 2").await.with(leads).await;
            office.run().await;
            assert_eq!(office.places().await, expect, "{leads}");
        }
        // A setting makes it the oldest first.
        let office = Office::open(&database, "Asha cap 1")
            .await
            .with("A Unassigned born 5; B Unassigned born 3")
            .await;
        let office = office.deals(&["Unassigned"], EqualShares).await;
        office.sql("UPDATE job_settings SET oldest_first = 1 WHERE company_id = $1", &[]).await;
        office.run().await;
        assert_eq!(office.places().await, "A Asha Assigned, B - Unassigned");
    });
}

#[test]
fn r30_ownerless_leads_before_owned_ones_and_all_as_evenly_as_can_be() {
    on_both(|database| async move {
        for (roster, leads, strategy, expect) in [
            ("Asha; Ben cap 2", "2 Missed of Asha; 2 Unassigned", EqualShares, "Asha 2, Ben 2"),
            ("Asha cap 1; Ben cap 1", "1 Missed of Asha; 1 Unassigned", EqualShares, "Asha 1, Ben 1"),
            ("Asha; Ben; Cara", "9 Interested of Asha; 6 Unassigned", EqualShares, "Asha 11, Ben 2, Cara 2"),
            ("Asha; Ben; Cara", "4 Interested of Asha; 6 Unassigned", LevelQueues, "Asha 4, Ben 3, Cara 3"),
            // The odd one to who has waited longest.
            (
                "Asha waiting 1; Ben waiting 9; Cara waiting 5",
                "4 Unassigned",
                EqualShares,
                "Asha 1, Ben 2, Cara 1",
            ),
        ] {
            let office = Office::open(&database, roster).await.with(leads).await;
            let office = office.deals(&["Unassigned", "Missed"], strategy).await;
            office.run().await;
            assert_eq!(office.held().await, expect, "{roster} | {leads}");
        }
    });
}

#[test]
fn r31_what_was_dealt_bears_the_mark_and_is_left_alone_tomorrow() {
    on_both(|database| async move {
        let office =
            Office::open(&database, "Asha; Ben").await.with("Lea Missed of Asha; Leo Unassigned").await;
        let office = office.deals(&["Unassigned", "Missed"], EqualShares).await;
        let first = office.run().await;
        assert_eq!(office.places().await, "Lea Ben Assigned, Leo Asha Assigned");
        let lead = office.lead("Lea").await;
        let event = lead.events.last().expect("an event");
        assert_eq!(
            (event.entry, event.kind.as_str(), event.run),
            (2, "assigned", first.run.map(|run| run.0))
        );
        assert_eq!((event.from_owner.as_deref(), event.to_owner.as_deref()), (Some("Asha"), Some("Ben")));
        assert_eq!(
            (event.from_status.as_deref(), event.to_status.as_deref()),
            (Some("Missed"), Some("Assigned"))
        );
        assert_eq!(short(&office.run().await), "0 assigned");
        assert_eq!(office.lead("Lea").await, lead);
    });
}

#[test]
fn r31_the_mark_follows_the_status_and_not_its_name() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await.with("Lea Unassigned; Leo Busy of Asha").await;
        let office = office.deals(&["Unassigned", "Busy"], EqualShares).await;
        office.sql("UPDATE statuses SET mark = NULL WHERE company_id = $1 AND mark = 'assigned'", &[]).await;
        office
            .sql("UPDATE statuses SET mark = 'assigned' WHERE company_id = $1 AND name = 'Busy'", &[])
            .await;
        // Busy is what assignment gives now: it is not dealt, although the settings still name it.
        assert_eq!(short(&office.run().await), "1 assigned");
        assert_eq!(office.places().await, "Lea Asha Busy, Leo Asha Busy");
    });
}

#[test]
fn r25_a_status_that_was_closed_after_the_settings_were_saved_is_not_dealt() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha cap 1; Ben cap 1")
            .await
            .with("2 Missed of Asha; 2 Unassigned")
            .await;
        let office = office.deals(&["Unassigned", "Missed"], EqualShares).await;
        office
            .sql("UPDATE statuses SET kind = 'closed' WHERE company_id = $1 AND name = 'Missed'", &[])
            .await;
        office.sql("UPDATE queues SET held = 0 WHERE company_id = $1", &[]).await;
        office.well().await;
        assert_eq!(short(&office.run().await), "2 assigned");
        assert_eq!(office.held().await, "Asha 1, Ben 1");
    });
}

/// Claims moves of a plan that is no longer true.
async fn claim(office: &Office, moves: Vec<Move>) -> Outcome {
    let company = office.company.id;
    let status = office.statuses.marked(StatusMark::Assigned).id;
    let claimed: store::Result<Outcome> = office
        .store
        .write_long(move |session| {
            Box::pin(async move {
                let claim = assign::Claim {
                    company,
                    run: Some(RunId(1)),
                    detail: None,
                    shard: 1,
                    at: NOW,
                    status,
                    moves: &moves,
                };
                assign::claim(session, &claim).await
            })
        })
        .await;
    office.well().await;
    claimed.expect("claimed")
}

/// `Lea>Ben`: the named lead as it is now, to be moved.
async fn moves(office: &Office, list: &str) -> Vec<Move> {
    let mut moves = Vec::new();
    for word in list.split_whitespace() {
        let (lead, to) = word.split_once('>').expect("lead>agent");
        let full = office.lead(lead).await;
        moves.push(Move {
            lead: office.leads[lead],
            entries: full.events.len() as i64,
            status: office.status(&full.line.status.replace(' ', "")),
            from: full.line.owner.map(|owner| office.people[&owner]),
            to: office.people[to],
        });
    }
    moves
}

fn names(office: &Office, moves: &[Move]) -> String {
    let name = |id: LeadId| office.leads.iter().find(|(_, lead)| **lead == id).expect("named").0.clone();
    let mut names: Vec<String> = moves.iter().map(|m| name(m.lead)).collect();
    names.sort();
    names.join(" ")
}

#[test]
fn r32_a_plan_that_is_out_of_date_never_lifts_anybody_above_the_cap() {
    on_both(|database| async move {
        // Roster, leads, the plan, what happens before it is claimed; then: moved, changed, surplus, held.
        type Case = (&'static str, &'static str, &'static str, &'static str, [&'static str; 3], &'static str);
        let table: [Case; 8] = [
            ("Asha cap 2", "A Unassigned; B Unassigned", "A>Asha B>Asha", "", ["A B", "", ""], "Asha 2"),
            // Somebody fills the queue by hand: the last of the plan give way.
            (
                "Asha cap 2; Ben",
                "A Unassigned; B Unassigned; X Unassigned",
                "A>Asha B>Asha",
                "X>Asha",
                ["A", "", "B"],
                "Asha 2, Ben 0",
            ),
            // A lead of the plan is given away by hand.
            (
                "Asha cap 2; Ben",
                "A Unassigned; B Unassigned",
                "A>Asha B>Asha",
                "A>Ben",
                ["B", "A", ""],
                "Asha 1, Ben 1",
            ),
            // A lead that somebody gave to the same agent takes no room twice.
            (
                "Asha cap 2; Ben",
                "A Unassigned; B Unassigned",
                "A>Asha B>Asha",
                "A>Asha",
                ["B", "A", ""],
                "Asha 2, Ben 0",
            ),
            // Both at once.
            (
                "Asha cap 1; Ben",
                "A Unassigned; B Unassigned; C Unassigned",
                "A>Asha B>Ben C>Ben",
                "A>Asha B>Asha",
                ["C", "A B", ""],
                "Asha 2, Ben 1",
            ),
            // A swap loses one half: what stays with Ben takes the room that Asha's lead was to have.
            (
                "Asha cap 1; Ben cap 1; Cara",
                "A Missed of Asha; B Missed of Ben; X Unassigned",
                "A>Ben B>Asha",
                "A>Cara",
                ["B", "A", ""],
                "Asha 1, Ben 0, Cara 1",
            ),
            (
                "Asha cap 1; Ben cap 1",
                "A Missed of Asha; B Missed of Ben; X Unassigned",
                "A>Ben B>Asha",
                "X>Asha",
                ["", "", "A B"],
                "Asha 2, Ben 1",
            ),
            // Nothing is left of the plan.
            ("Asha cap 1; Ben", "A Unassigned", "A>Asha", "A>Ben", ["", "A", ""], "Asha 0, Ben 1"),
        ];
        for (roster, leads, plan, by_hand, expect, held) in table {
            let office = Office::open(&database, roster).await.with(leads).await;
            let planned = moves(&office, plan).await;
            for m in moves(&office, by_hand).await {
                let version = office.lead(&names(&office, &[m])).await.line.version;
                crate::by_hand::give(&office, Viewer::Operator, m.lead, version, m.to, true).await;
            }
            let outcome = claim(&office, planned).await;
            let found =
                [&outcome.moved, &outcome.changed, &outcome.surplus].map(|moves| names(&office, moves));
            assert_eq!(found.each_ref().map(String::as_str), expect, "{plan} | {by_hand}");
            assert_eq!(office.held().await, held, "{plan} | {by_hand}");
        }
    });
}

#[test]
fn r32_a_lead_that_stays_after_all_takes_the_room_that_it_was_to_make() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha cap 1; Ben cap 2")
            .await
            .with("A Missed of Asha; B Missed of Ben")
            .await;
        let planned = moves(&office, "A>Ben B>Asha").await;
        let (viewer, lead) = (office.viewer("Asha").await, office.leads["A"]);
        let order = AddNote { viewer, lead, text: "rang me back".into(), now: NOW };
        add_note(&office.store, office.company.id, order).await.expect("noted");
        let outcome = claim(&office, planned).await;
        assert_eq!(
            (names(&office, &outcome.changed), names(&office, &outcome.surplus)),
            ("A".into(), "B".into())
        );
        assert_eq!(office.places().await, "A Asha Missed, B Ben Missed");
    });
}

#[test]
fn r32_who_was_banned_or_lost_room_or_role_meanwhile_gets_nothing() {
    on_both(|database| async move {
        for change in [
            "UPDATE users SET banned_at_ms = 1 WHERE company_id = $1 AND name = 'Asha'",
            "UPDATE users SET lead_cap = 0 WHERE company_id = $1 AND name = 'Asha'",
            "UPDATE users SET role_id = (SELECT MIN(id) FROM roles WHERE company_id = $1) WHERE company_id = $1 AND name = 'Asha'",
        ] {
            let office = Office::open(&database, "Asha; Ben")
                .await
                .with("A Unassigned; B Missed of Ben; C Unassigned")
                .await;
            let planned = moves(&office, "A>Asha C>Ben B>Asha").await;
            office.sql(change, &[]).await;
            let outcome = claim(&office, planned).await;
            assert_eq!(names(&office, &outcome.surplus), "A B", "{change}");
            assert_eq!(office.places().await, "A - Unassigned, B Ben Missed, C Ben Assigned", "{change}");
        }
    });
}

#[test]
fn r33_the_sentence_of_a_real_run_in_all_its_states() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha cap 2; Ben cap 1; Cara banned").await;
        let office = office.with("5 Unassigned; 2 Missed of Cara; 1 Missed of Asha acted 1").await;
        let office = office.deals(&["Unassigned", "Missed"], EqualShares).await;
        let said = async |office: &Office| {
            let last =
                last_run(&office.store, &office.company, Job::Assignment, NOW).await.expect("a sentence");
            (last.sentence, last.second_line)
        };
        assert_eq!(said(&office).await, ("Never run.".to_owned(), String::new()));
        assert_eq!(
            office.preview().await.sentence,
            "Preview: 2 leads would go to 2 agents, 3 would stay unassigned (agents at cap)."
        );
        let report = office.run().await;
        let expect = (
            "Last run: 2026-05-11 09:00 IST — 2 leads assigned across 2 agents, 3 unassigned (agents at cap).".to_owned(),
            "3 not considered (2 banned, 1 in work).".to_owned(),
        );
        assert_eq!((report.sentence, report.second_line), expect);
        assert_eq!(said(&office).await, expect);

        let company = office.company.id;
        let opened: store::Result<RunId> = office
            .store
            .write(move |session| {
                Box::pin(async move { runs::start(session, company, Job::Assignment, &SCHEDULE, NOW).await })
            })
            .await;
        let lease = office.store.try_lease(company).await.expect("asked").expect("free");
        assert_eq!(said(&office).await.0, "Running since 2026-05-11 09:00 IST.");
        lease.release().await;
        let run = opened.expect("opened");
        let failed: store::Result<()> = office
            .store
            .write(move |session| {
                Box::pin(async move { runs::fail(session, company, run, NOW, "the server went away").await })
            })
            .await;
        failed.expect("noted");
        assert_eq!(
            said(&office).await.0,
            "Last run: 2026-05-11 09:00 IST — failed: the server went away. No lead was changed."
        );
        // Whoever looks finds a record that says running although nobody runs: its process died.
        let opened: store::Result<RunId> = office
            .store
            .write(move |session| {
                Box::pin(async move { runs::start(session, company, Job::Assignment, &SCHEDULE, NOW).await })
            })
            .await;
        opened.expect("opened");
        assert_eq!(
            said(&office).await.0,
            "Last run: 2026-05-11 09:00 IST — failed: interrupted: the process that ran it ended before it was done. No lead was changed."
        );
    });
}

#[test]
fn r34_run_now_works_while_the_schedule_is_off_and_is_refused_while_another_runs() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await.with("Lea Unassigned").await;
        let lease = office.store.try_lease(office.company.id).await.expect("asked").expect("free");
        let told = office.try_run().await.expect_err("it is refused");
        assert_eq!(
            told.to_string(),
            "a run of this company is in progress; wait until it is done and start again"
        );
        assert!(told.is_the_callers());
        assert_eq!(office.places().await, "Lea - Unassigned");
        office.preview().await;
        let other = Office::open(&database, "Ben").await.with("1 Unassigned").await;
        assert_eq!(short(&other.run().await), "1 assigned"); // another company's runs are its own
        lease.release().await;
        // The settings of a new company are off, from Unassigned.
        for expect in ["1 assigned", "0 assigned", "0 assigned"] {
            assert_eq!(short(&office.run().await), expect); // one after the other, at once
        }
    });
}

#[test]
fn r42_a_run_whose_process_died_is_marked_by_the_next_and_its_leads_are_as_before() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await.with("Lea Unassigned").await;
        let company = office.company.id;
        let opened: store::Result<RunId> = office
            .store
            .write(move |session| {
                Box::pin(async move { runs::start(session, company, Job::Assignment, &SCHEDULE, NOW).await })
            })
            .await;
        let dead = opened.expect("opened");
        let again: store::Result<RunId> = office
            .store
            .write(move |session| {
                Box::pin(async move { runs::start(session, company, Job::Assignment, &SCHEDULE, NOW).await })
            })
            .await;
        assert!(matches!(again, Err(store::Error::Conflict { .. })), "R41: one at a time, whoever asks");
        assert_eq!(short(&office.run().await), "1 assigned");
        let mut reader = office.store.read().await.expect("a reader");
        let record = runs::latest(reader.session(), company, Job::Assignment, 10).await.expect("runs");
        assert_eq!(record.iter().map(|run| run.state.as_str()).collect::<Vec<_>>(), ["done", "failed"]);
        assert_eq!(record[1].id, dead);
        assert!(record[1].failure.as_deref().expect("a reason").starts_with("interrupted"));
    });
}

/// The record was closed by somebody who took this run for dead: it must not change anything any more.
#[test]
fn r42_a_run_that_was_taken_for_dead_changes_nothing() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await.with("Lea Unassigned").await;
        let (calls, store, company) =
            (std::sync::atomic::AtomicU32::new(0), office.store.clone(), office.company.id);
        // The clock is read when the record is opened, when the pool is read and when the claim begins.
        let clock = || {
            if calls.fetch_add(1, Ordering::Relaxed) == 2 {
                let store = store.clone();
                tokio::task::block_in_place(|| {
                    tokio::runtime::Handle::current().block_on(async move {
                        let closed: store::Result<u64> = store
                            .write(move |session| {
                                Box::pin(async move { runs::interrupt(session, company, NOW).await })
                            })
                            .await;
                        assert_eq!(closed.expect("closed"), 1);
                    });
                });
            }
            NOW
        };
        let order = Order::now(Job::Assignment, Viewer::Operator, StartedBy::Schedule);
        let told =
            tokio::task::unconstrained(actions::runs::run(&office.store, &office.company, order, &clock))
                .await
                .expect_err("it is refused");
        assert!(told.to_string().contains("took this run for dead"), "{told}");
        assert_eq!(office.places().await, "Lea - Unassigned");
        office.well().await;
        assert_eq!(short(&office.run().await), "1 assigned");
    });
}

/// R43 over random small companies; and what every run must keep: no cap exceeded, branches kept, nobody ownerless who
/// had an owner.
#[test]
fn r43_the_preview_says_exactly_what_the_run_does() {
    let agents = proptest::collection::vec((0_u8..6, 0_u8..3, 0_u8..8), 0..5);
    let leads = proptest::collection::vec((0_u8..6, 0_u8..5, 0_u8..3, 0_u8..6), 0..14);
    let company = (agents, leads, any::<bool>());
    on_both(|database| {
        let company = &company;
        async move {
            let mut random = TestRunner::deterministic();
            for _ in 0..25 {
                let (agents, leads, level) = company.new_tree(&mut random).expect("drawn").current();
                let roster: Vec<String> = (0..)
                    .zip(&agents)
                    .map(|(n, (cap, branch, kind))| {
                        let cap = if *cap == 5 { String::new() } else { format!(" cap {cap}") };
                        let branch = ["", " in Pune", " in Goa"][usize::from(*branch)];
                        let kind = [" banned", " Manager", "", "", "", "", "", ""][usize::from(*kind)];
                        format!("P{n}{cap}{branch}{kind}")
                    })
                    .collect();
                let leads: Vec<String> = (0..)
                    .zip(&leads)
                    .map(|(n, (owner, status, branch, facts))| {
                        let status =
                            ["Unassigned", "Missed", "Missed", "Busy", "Interested"][usize::from(*status)];
                        let owner = match usize::from(*owner) {
                            owner if owner < agents.len() && status != "Unassigned" => {
                                format!(" of P{owner}")
                            }
                            _ => String::new(),
                        };
                        let branch = ["", " in Pune", ""][usize::from(*branch)];
                        let facts =
                            ["", " tried 30", " tried 3", " doubtful", " chosen 4", ""][usize::from(*facts)];
                        format!("L{n} {status}{owner}{branch}{facts}")
                    })
                    .collect();
                let (roster, leads) = (roster.join("; "), leads.join("; "));
                let office = Office::open(&database, &roster).await.with(&leads).await;
                let strategy = if level { LevelQueues } else { EqualShares };
                let office = office.deals(&["Unassigned", "Missed", "Busy"], strategy).await;
                let preview = office.preview().await;
                let again = office.preview().await;
                let run = office.run().await;
                let said = format!("{roster} | {leads}");
                assert_eq!((&preview.numbers, &preview.agents), (&again.numbers, &again.agents), "{said}");
                assert_eq!((&preview.numbers, &preview.agents), (&run.numbers, &run.agents), "{said}");
                let mut reader = office.store.read().await.expect("a reader");
                let members = users::members(reader.session(), office.company.id).await.expect("members");
                for agent in &run.agents {
                    let now = members.iter().find(|member| member.id == agent.id).expect("a member");
                    assert_eq!(now.held, agent.after, "{said}");
                    assert!(agent.got == 0 || agent.cap.is_none_or(|cap| agent.after <= cap), "{said}");
                    assert!(agent.got == 0 || !now.banned, "{said}");
                }
                assert_eq!(
                    run.agents.iter().map(|agent| agent.got).sum::<i64>() as u64,
                    run.numbers.assigned
                );
            }
        }
    });
}

#[test]
fn r46_what_a_run_took_ends_with_its_commit() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await.with("2 Unassigned").await;
        let ticking = AtomicI64::new(NOW.0);
        let clock = || Moment(ticking.fetch_add(1_000, Ordering::Relaxed));
        let order = Order::now(Job::Assignment, Viewer::Operator, StartedBy::CommandLine);
        let report = actions::runs::run(&office.store, &office.company, order, &clock).await;
        let run = report.expect("it runs").run.expect("a record");
        let mut reader = office.store.read().await.expect("a reader");
        let history = runs::history(reader.session(), office.company.id, None, 1).await.expect("runs");
        assert_eq!(history[0].run.id, run);
        assert_eq!(history[0].run.finished_at, Some(Moment(ticking.load(Ordering::Relaxed) - 1_000)));
        assert!(history[0].run.started_at < history[0].run.finished_at.expect("it is over"));
    });
}
