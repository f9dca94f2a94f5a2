//! Assignment by hand, and who sees what: R7, R14 to R16, R18, R21, R23, R24.

use crate::office::{NOW, Office, on_both};
use actions::assign_lead::{AssignLead, Assignment, assign_lead};
use domain::{
    ids::{LeadId, UserId},
    lead_list::{Filter, Owner, Sort},
    viewer::Viewer,
};
use store::{
    leads,
    lists::{self, Page},
};

/// Somebody gives a lead to somebody.
pub async fn give(
    office: &Office,
    viewer: Viewer,
    lead: LeadId,
    version: i64,
    to: UserId,
    exceed_cap: bool,
) -> Assignment {
    let order = AssignLead { company: office.company.id, viewer, lead, version, to, exceed_cap, now: NOW };
    let done = assign_lead(&office.store, order).await.expect("an answer");
    office.well().await;
    done
}

/// The same by names, with the version that the lead has now.
async fn give_now(office: &Office, by: &str, lead: &str, to: &str) -> Assignment {
    let version = office.lead(lead).await.line.version;
    give(office, office.viewer(by).await, office.leads[lead], version, office.people[to], false).await
}

fn short(answer: &Assignment) -> &'static str {
    match answer {
        Assignment::Done { .. } => "done",
        Assignment::Unchanged => "unchanged",
        Assignment::NotFound => "not found",
        Assignment::NotOffered => "not offered",
        Assignment::OverCap { .. } => "over cap",
        Assignment::Conflict { .. } => "conflict",
    }
}

#[test]
fn r18_only_an_unassigned_lead_changes_its_status() {
    on_both(|database| async move {
        for (lead, place, held) in [
            ("Lea Unassigned", "Lea Ben Assigned", "Asha 0, Ben 1"),
            ("Lea Missed of Asha", "Lea Ben Missed", "Asha 0, Ben 1"),
            ("Lea Missed", "Lea Ben Missed", "Asha 0, Ben 1"),
            ("Lea Followups of Asha", "Lea Ben Followups", "Asha 0, Ben 1"),
            ("Lea NotInterested of Asha", "Lea Ben NotInterested", "Asha 0, Ben 0"),
            ("Lea Customer of Asha", "Lea Ben Customer", "Asha 0, Ben 0"),
        ] {
            let office = Office::open(&database, "Root Admin; Asha; Ben").await.with(lead).await;
            assert_eq!(short(&give_now(&office, "Root", "Lea", "Ben").await), "done", "{lead}");
            assert_eq!(
                (office.places().await.as_str(), office.held().await.as_str()),
                (place, held),
                "{lead}"
            );
            let full = office.lead("Lea").await;
            let event = full.events.last().expect("R20: its timeline");
            assert_eq!(
                (event.kind.as_str(), event.actor.as_deref(), event.to_owner.as_deref()),
                ("assigned", Some("Root"), Some("Ben"))
            );
        }
    });
}

#[test]
fn r21_the_present_owner_is_no_change() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha cap 0").await.with("Lea Missed of Asha").await;
        let before = office.lead("Lea").await;
        assert_eq!(short(&give_now(&office, "Root", "Lea", "Asha").await), "unchanged");
        assert_eq!(office.lead("Lea").await, before);
    });
}

#[test]
fn r23_by_hand_the_cap_may_be_exceeded_after_a_warning() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha cap 1; Ben cap 0; Cara").await;
        let office = office.with("1 Busy of Asha; Lea Unassigned; Leo NotInterested").await;
        let root = office.viewer("Root").await;
        for (to, held, cap, after) in [("Asha", 1, 1, 2), ("Ben", 0, 0, 1)] {
            let warned = give_now(&office, "Root", "Lea", to).await;
            assert_eq!(warned, Assignment::OverCap { held, cap, after });
        }
        assert_eq!(office.places().await, "Lea - Unassigned, Leo - NotInterested");
        // Closed leads are not held, so they never exceed anything.
        assert_eq!(give_now(&office, "Root", "Leo", "Asha").await, Assignment::Done { held: 1 });
        let version = office.lead("Lea").await.line.version;
        let done = give(&office, root, office.leads["Lea"], version, office.people["Asha"], true).await;
        assert_eq!(done, Assignment::Done { held: 2 });
        assert_eq!(office.held().await, "Asha 2, Ben 0, Cara 0");
    });
}

#[test]
fn r24_a_change_in_between_is_told_and_nothing_is_overwritten() {
    on_both(|database| async move {
        let office =
            Office::open(&database, "Root Admin; Mary Manager; Asha; Ben").await.with("Lea Unassigned").await;
        let seen = office.lead("Lea").await.line.version;
        assert_eq!(short(&give_now(&office, "Mary", "Lea", "Asha").await), "done");
        let root = office.viewer("Root").await;
        let told = give(&office, root, office.leads["Lea"], seen, office.people["Ben"], false).await;
        assert_eq!(told, Assignment::Conflict { at: NOW, kind: "assigned".into(), by: Some("Mary".into()) });
        assert_eq!(office.places().await, "Lea Asha Assigned");
        let told = give(&office, root, LeadId(i64::MAX), 1, office.people["Ben"], false).await;
        assert_eq!(told, Assignment::NotFound);
    });
}

/// R24 where both look at the same version at once: one wins, the others hear of it.
#[test]
fn r24_of_many_at_once_one_wins() {
    on_both(|database| async move {
        let office = Office::open(&database, "A; B; C; D; E; F").await.with("Lea Unassigned").await;
        let (lead, version) = (office.leads["Lea"], office.lead("Lea").await.line.version);
        let mut tasks = tokio::task::JoinSet::new();
        for to in office.people.values().copied() {
            let (store, company) = (office.store.clone(), office.company.id);
            let viewer = Viewer::Operator;
            tasks.spawn(async move {
                let order = AssignLead { company, viewer, lead, version, to, exceed_cap: false, now: NOW };
                assign_lead(&store, order).await.expect("an answer")
            });
        }
        let mut answers: Vec<&str> = tasks.join_all().await.iter().map(short).collect();
        answers.sort_unstable();
        assert_eq!(answers, ["conflict", "conflict", "conflict", "conflict", "conflict", "done"]);
        office.well().await;
    });
}

#[test]
fn r15_agents_who_are_not_banned_and_share_branch_and_department() {
    on_both(|database| async move {
        let office = Office::open(
            &database,
            "Root Admin in Pune; Mary Manager in Pune; Mark Manager in Pune dept Loans; Moira Manager; Molly Manager dept Loans;
             Asha in Pune; Ben in Pune dept Loans; Cara in Goa; Dora; Eve in Pune banned",
        )
        .await
        .with("Lea Unassigned")
        .await;
        let everybody = ["Asha", "Ben", "Cara", "Dora"];
        for (by, offered) in [
            ("Root", &everybody[..]),
            ("Mary", &["Asha", "Ben"]),
            ("Mark", &["Ben"]),
            ("Moira", &everybody),
            ("Molly", &everybody),
        ] {
            for to in office.people.keys().filter(|to| *to != by) {
                take_back(&office).await;
                let expect = if offered.contains(&to.as_str()) { "done" } else { "not offered" };
                assert_eq!(short(&give_now(&office, by, "Lea", to).await), expect, "{by} gives to {to}");
            }
        }
    });
}

/// The lead is nobody's again.
async fn take_back(office: &Office) {
    office.sql("UPDATE queues SET held = 0 WHERE company_id = $1", &[]).await;
    let company = office.company.id;
    let status = office.status("Unassigned");
    office.sql("UPDATE leads SET owner_id = NULL, status_id = $2 WHERE company_id = $1", &[status.0]).await;
    let counted: store::Result<()> = office
        .store
        .write(move |session| Box::pin(async move { store::doctor::recount(session, company).await }))
        .await;
    counted.expect("counted");
}

#[test]
fn r13_r14_everybody_sees_their_own_and_no_more() {
    on_both(|database| async move {
        let office = Office::open(
            &database,
            "Root Admin; Mary Manager in Pune; Mark Manager in Pune dept Loans; Moira Manager; Asha in Pune; Ben in Goa; Cara dept Loans",
        )
        .await
        .with(
            "A Missed of Asha; B Missed of Ben; C Missed of Asha in Goa; D Missed of Ben in Pune; E Unassigned;
             F Unassigned in Pune; G Unassigned in Goa; H Missed of Cara; I Unassigned in Pune dept Loans",
        )
        .await;
        for (who, sees) in [
            ("Root", "A B C D E F G H I"),
            ("Moira", "A B C D E F G H I"),
            ("Mary", "A C D E F I"), // of the branch, or owned in it, or nobody's
            ("Mark", "E F I"),
            ("Asha", "A C"),
            ("Ben", "B D"),
            ("Cara", "H"),
        ] {
            let sight = office.viewer(who).await.sight();
            let mut reader = office.store.read().await.expect("a reader");
            let session = reader.session();
            let mut listed: Vec<String> =
                lists::page(session, office.company.id, &Filter::default(), Sort::Newest, sight, None, 100)
                    .await
                    .expect("a page")
                    .lines
                    .into_iter()
                    .map(|line| line.first_name)
                    .collect();
            listed.sort();
            assert_eq!(listed.join(" "), sees, "{who}");
            let mut streamed = Vec::new();
            lists::each(session, office.company.id, &Filter::default(), sight, |line| {
                streamed.push(line.first_name);
                Ok(())
            })
            .await
            .expect("a stream");
            streamed.sort();
            assert_eq!(streamed.join(" "), sees, "{who}");
            for (name, lead) in &office.leads {
                let found = leads::one(session, office.company.id, *lead, sight).await.expect("an answer");
                assert_eq!(found.is_some(), sees.contains(name.as_str()), "{who} {name}");
            }
            drop(reader);
            // What one does not see one cannot give away either.
            for (name, lead) in office.leads.iter().filter(|(name, _)| !sees.contains(name.as_str())) {
                let answer =
                    give(&office, office.viewer(who).await, *lead, 1, office.people["Asha"], false).await;
                assert_eq!(answer, Assignment::NotFound, "{who} {name}");
            }
        }
    });
}

#[test]
fn r14_a_former_owner_sees_nothing_any_more() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha; Ben").await.with("Lea Missed of Asha").await;
        assert_eq!(short(&give_now(&office, "Root", "Lea", "Ben").await), "done");
        for (who, sees) in [("Asha", false), ("Ben", true)] {
            let sight = office.viewer(who).await.sight();
            let mut reader = office.store.read().await.expect("a reader");
            let found = leads::one(reader.session(), office.company.id, office.leads["Lea"], sight).await;
            assert_eq!(found.expect("an answer").is_some(), sees, "{who}");
        }
    });
}

/// Filters narrow what is seen, pages go on where the last one ended, and another company is another world.
#[test]
fn r14_pages_filters_and_the_wall_between_companies() {
    on_both(|database| async move {
        let other = Office::open(&database, "Zoe").await.with("3 Missed of Zoe; Zed Missed of Zoe").await;
        let office = Office::open(&database, "Root Admin; Asha; Ben")
            .await
            .with("5 Missed of Asha; 4 Busy of Ben; 2 Busy")
            .await;
        let (root, asha) = (office.viewer("Root").await.sight(), office.viewer("Asha").await.sight());
        let (busy, ben) = (Some(office.status("Busy")), Some(Owner::User(office.people["Ben"])));
        let everything = Filter::default;
        let mut reader = office.store.read().await.expect("a reader");
        for (filter, sight, expect) in [
            (Filter::default(), root, 11),
            (Filter { status: busy, ..everything() }, root, 6),
            (Filter { status: busy, owner: ben, ..everything() }, root, 4),
            (Filter { owner: ben, ..everything() }, asha, 0),
            (Filter::default(), asha, 5),
            (Filter { status: Some(other.status("Missed")), ..everything() }, root, 0),
        ] {
            let (mut behind, mut below, mut seen) = (None, None, 0);
            loop {
                let (session, company) = (reader.session(), office.company.id);
                let page = lists::page(session, company, &filter, Sort::Newest, sight, behind.as_ref(), 2)
                    .await
                    .expect("a page");
                let Page { lines, next } = page;
                assert!(lines.iter().map(|line| line.id).is_sorted_by(|a, b| a > b));
                let Some(last) = lines.last() else { break };
                assert!(below.is_none_or(|below| lines[0].id < below));
                below = Some(last.id);
                seen += lines.len();
                behind = next;
                if behind.is_none() {
                    break;
                }
            }
            assert_eq!(seen, expect, "{filter:?}");
        }
        let theirs = other.leads["Zed"];
        for (company, sees) in [(other.company.id, true), (office.company.id, false)] {
            let found = leads::one(reader.session(), company, theirs, root).await.expect("an answer");
            assert_eq!(found.is_some(), sees);
        }
        drop(reader);
        let answer = give(&office, Viewer::Operator, theirs, 1, office.people["Asha"], false).await;
        assert_eq!(answer, Assignment::NotFound);
        let (zed, version) = (other.leads["Zed"], other.lead("Zed").await.line.version);
        let answer = give(&other, Viewer::Operator, zed, version, office.people["Asha"], false).await;
        assert_eq!(answer, Assignment::NotOffered, "nobody of another company");
    });
}
