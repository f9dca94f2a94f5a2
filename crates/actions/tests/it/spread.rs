//! Spreading chosen leads over chosen agents by hand: R15, R18, R21, R22, R24.

use crate::office::{NOW, Office, on_both};
use actions::{
    selection::Selection,
    spread_leads::{Spread, SpreadLeads, Spreading, spread_leads},
};
use domain::{bulk::Skipped, ids::UserId, viewer::Viewer};

async fn spread(office: &Office, by: Viewer, leads: &str, over: &str, exceed_caps: bool) -> Spreading {
    let mut chosen = Vec::new();
    for lead in leads.split_whitespace() {
        chosen.push((office.leads[lead], office.lead(lead).await.line.version));
    }
    let over = over.split_whitespace().map(|name| office.people[name]).collect();
    let selection = Selection::Ticked(chosen);
    let order = SpreadLeads { viewer: by, selection, over, exceed_caps, now: NOW };
    let done = spread_leads(&office.store, office.company.id, order).await.expect("an answer");
    office.well().await;
    done
}

fn done(answer: Spreading) -> Spread {
    match answer {
        Spreading::Done(done) => done,
        other => panic!("{other:?}"),
    }
}

/// Assigned, unchanged, skipped: each as a number.
fn numbers(done: &Spread) -> (u64, u64, usize) {
    let numbers = &done.bulk.told.numbers;
    (numbers.changed, numbers.unchanged, done.bulk.skipped.len())
}

#[test]
fn r22_evenly_within_the_caps_unless_they_may_be_exceeded() {
    on_both(|database| async move {
        for (exceed, expect, held) in
            [(false, (5, 0, 1), "Asha 3, Ben 1, Cara 1"), (true, (6, 0, 0), "Asha 2, Ben 2, Cara 2")]
        {
            let office = Office::open(&database, "Root Admin; Asha cap 3; Ben cap 1; Cara cap 1").await;
            let office =
                office.with("A Unassigned; B Unassigned; C Unassigned; D Missed; E Busy; F Unassigned").await;
            let done = done(
                spread(&office, office.viewer("Root").await, "A B C D E F", "Asha Ben Cara", exceed).await,
            );
            assert_eq!((numbers(&done), office.held().await.as_str()), (expect, held));
            assert!(done.bulk.skipped.iter().all(|(_, why)| *why == Skipped::AtCap));
        }
    });
}

#[test]
fn r18_r20_status_and_timeline_as_by_hand() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha; Ben").await;
        let office = office.with("A Unassigned; B Missed of Asha; C NotInterested").await;
        let done = done(spread(&office, office.viewer("Root").await, "A B C", "Ben", false).await);
        assert_eq!(numbers(&done), (3, 0, 0));
        assert_eq!(office.places().await, "A Ben Assigned, B Ben Missed, C Ben NotInterested");
        assert_eq!(office.held().await, "Asha 0, Ben 2");
        for name in ["A", "B", "C"] {
            let lead = office.lead(name).await;
            let event = lead.events.last().expect("a timeline");
            assert_eq!((event.kind.as_str(), event.actor.as_deref()), ("assigned", Some("Root")), "{name}");
        }
        let chosen = "UPDATE leads SET version = version WHERE company_id = $1 AND owner_chosen_at_ms = $2";
        assert_eq!(office.sql(chosen, &[NOW.0]).await, 3);
    });
}

#[test]
fn r21_the_present_owner_keeps_leads_without_an_event() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha; Ben").await;
        let office =
            office.with("A Missed of Asha; B Missed of Asha; C Missed of Ben; D Missed of Ben").await;
        let before = office.places().await;
        let done = done(spread(&office, office.viewer("Root").await, "A B C D", "Asha Ben", false).await);
        assert_eq!((numbers(&done), office.places().await), ((0, 4, 0), before));
    });
}

#[test]
fn r24_what_changed_since_is_skipped_and_the_rest_is_done() {
    on_both(|database| async move {
        let office =
            Office::open(&database, "Root Admin; Asha; Ben").await.with("A Unassigned; B Unassigned").await;
        let stale = office.lead("A").await.line.version - 1;
        let leads = vec![
            (office.leads["A"], stale),
            (office.leads["B"], office.lead("B").await.line.version),
            (i64::MAX.into(), 1),
        ];
        let (viewer, over) = (Viewer::Operator, vec![office.people["Ben"]]);
        let order =
            SpreadLeads { viewer, selection: Selection::Ticked(leads), over, exceed_caps: false, now: NOW };
        let done = done(spread_leads(&office.store, office.company.id, order).await.expect("an answer"));
        assert_eq!(numbers(&done), (1, 0, 2));
        assert_eq!(
            done.bulk.skipped,
            [(office.leads["A"], Skipped::Changed), (i64::MAX.into(), Skipped::NotFound)]
        );
        assert_eq!(office.places().await, "A - Unassigned, B Ben Assigned");
        office.well().await;
    });
}

#[test]
fn r14_r15_only_what_the_actor_sees_and_whom_the_actor_is_offered() {
    on_both(|database| async move {
        let office = Office::open(
            &database,
            "Root Admin; Mary Manager in Pune; Asha in Pune; Ben in Goa; Eve in Pune banned",
        )
        .await;
        let office = office.with("A Unassigned; B Missed of Ben").await;
        let mary = office.viewer("Mary").await;
        let (ben, eve): (UserId, UserId) = (office.people["Ben"], office.people["Eve"]);
        assert_eq!(
            spread(&office, mary, "A", "Asha Ben Eve", false).await,
            Spreading::NotOffered(vec![ben, eve])
        );
        let done = done(spread(&office, mary, "A B", "Asha", false).await);
        assert_eq!(done.bulk.skipped, [(office.leads["B"], Skipped::NotFound)]);
        assert_eq!(office.places().await, "A Asha Assigned, B Ben Missed");
    });
}

/// Two spread the same leads at once: each lead moves once.
#[test]
fn r24_of_two_at_once_each_lead_goes_to_one() {
    on_both(|database| async move {
        let office =
            Office::open(&database, "Asha; Ben").await.with("A Unassigned; B Unassigned; C Unassigned").await;
        let root = Viewer::Operator;
        let mut tasks = tokio::task::JoinSet::new();
        for name in ["Asha", "Ben"] {
            let (store, company) = (office.store.clone(), office.company.id);
            let leads = office.leads.values().map(|lead| (*lead, 1)).collect();
            let over = vec![office.people[name]];
            let selection = Selection::Ticked(leads);
            let order = SpreadLeads { viewer: root, selection, over, exceed_caps: false, now: NOW };
            tasks.spawn(async move { done(spread_leads(&store, company, order).await.expect("an answer")) });
        }
        let sum = tasks.join_all().await.iter().map(|done| done.bulk.changed()).sum::<u64>();
        assert_eq!(sum, 3);
        office.well().await;
    });
}
