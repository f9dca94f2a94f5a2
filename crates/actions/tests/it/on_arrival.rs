//! Instant assignment: a captured lead is assigned at once, by the rules of the automatic assignment.

use crate::{
    bulk::{assign_to, done, ticked},
    office::{NOW, Office, on_both},
};
use actions::{
    add_lead::{AddLead, Added, add_lead},
    import_leads::{Import, import_leads},
    lead_file::Limits,
    save_job::Change,
    undo_run::{UndoRun, Undone, undo_run},
};
use domain::{ids::LeadId, job::Job, phone::Country, viewer::Viewer};
use store::runs;

fn form(office: &Office, phone: &str, branch: &str) -> AddLead {
    AddLead {
        company: office.company.id,
        viewer: Viewer::Operator,
        may_convert: false,
        default_country: Country::from_code("IN").expect("a country"),
        first_name: "Lea".into(),
        last_name: String::new(),
        phone: phone.into(),
        email: String::new(),
        status: None,
        tags: Vec::new(),
        branch: branch.into(),
        department: String::new(),
        source: String::new(),
        country: None,
        owner: None,
        exceed_cap: false,
        now: NOW,
    }
}

async fn adds(office: &Office, phone: &str, branch: &str) -> LeadId {
    match add_lead(&office.store, form(office, phone, branch)).await.expect("added") {
        Added::Done { lead, .. } => lead,
        other => panic!("{other:?}"),
    }
}

async fn instantly(office: Office) -> Office {
    let change = Change { instant: Some(true), ..Change::default() };
    office.saves(Job::Assignment, change, NOW).await;
    office
}

#[test]
fn a_captured_lead_is_assigned_in_the_transaction_that_makes_it() {
    on_both(|database| async move {
        let office = Office::open(
            &database,
            "Asha in Pune cap 1; Ben in Pune cap 1; Cara in Delhi; Zed in Pune banned",
        )
        .await;
        let lead = adds(&office, "98765 43210", "Pune").await;
        assert_eq!(office.held().await, "Asha 0, Ben 0, Cara 0, Zed 0", "switched off");
        assert_eq!(office.lead_of(lead).await.line.status, "Unassigned");
        let office = instantly(office).await;
        for (phone, branch, held) in [
            ("98765 43211", "Pune", "Asha 1, Ben 0, Cara 0, Zed 0"),
            ("98765 43212", "Pune", "Asha 1, Ben 1, Cara 0, Zed 0"),
            ("98765 43213", "Delhi", "Asha 1, Ben 1, Cara 1, Zed 0"),
            // Everybody in Pune is at the cap: it waits, Unassigned.
            ("98765 43214", "Pune", "Asha 1, Ben 1, Cara 1, Zed 0"),
            ("98765 43215", "", "Asha 1, Ben 1, Cara 2, Zed 0"),
        ] {
            adds(&office, phone, branch).await;
            assert_eq!(office.held().await, held, "{phone}");
            office.well().await;
        }
        let lead = adds(&office, "98765 43216", "Delhi").await;
        let seen = office.lead_of(lead).await;
        assert_eq!((&*seen.line.status, seen.line.owner.as_deref()), ("Assigned", Some("Cara")));
        let told: Vec<(String, Option<String>)> =
            seen.events.iter().map(|event| (event.kind.clone(), event.detail.clone())).collect();
        assert_eq!(
            told,
            [("added".into(), None), ("assigned".into(), Some("the only one with room".into()))]
        );
    });
}

#[test]
fn who_is_chosen_by_the_form_gets_it_and_the_statuses_of_the_job_decide() {
    on_both(|database| async move {
        let office = instantly(Office::open(&database, "Asha; Ben").await).await;
        let chosen = AddLead { owner: Some(office.people["Ben"]), ..form(&office, "98765 43211", "") };
        assert!(matches!(add_lead(&office.store, chosen).await.expect("added"), Added::Done { .. }));
        assert_eq!(office.held().await, "Asha 0, Ben 1");
        let missed = AddLead { status: Some(office.status("Missed")), ..form(&office, "98765 43212", "") };
        assert!(matches!(add_lead(&office.store, missed).await.expect("added"), Added::Done { .. }));
        assert_eq!(office.held().await, "Asha 0, Ben 1", "the job takes Unassigned only");
        office.well().await;
    });
}

#[test]
fn an_import_is_dealt_out_as_it_comes_in_evenly_and_can_be_undone() {
    on_both(|database| async move {
        let office = instantly(Office::open(&database, "Asha cap 5; Ben cap 3; Cara cap 0").await).await;
        let rows: String =
            (0..10).map(|row| format!("Lead {row},98765 5{row:04}\n")).collect::<Vec<_>>().concat();
        let import = Import {
            company: office.company.id,
            viewer: Viewer::Operator,
            may_convert: true,
            file_name: "ten.csv".into(),
            country: Country::from_code("IN").expect("a country"),
            source: None,
            branch: None,
            department: None,
            keeps_details: true,
            limits: Limits::default(),
        };
        let file = std::io::Cursor::new(format!("First Name,Phone\n{rows}"));
        let clock: actions::import_leads::Clock = std::sync::Arc::new(|| NOW);
        let imported = import_leads(&office.store, file, import, clock, std::sync::Arc::new(|_| {})).await;
        assert_eq!(imported.expect("imported").imported, 10);
        assert_eq!(office.held().await, "Asha 5, Ben 3, Cara 0");
        office.well().await;
        let run = {
            let mut reader = office.store.read().await.expect("a reader");
            let lines = runs::history(reader.session(), office.company.id, None, 5).await.expect("runs");
            assert_eq!((lines.len(), &*lines[0].run.job, lines[0].assigned), (1, "on arrival", 8));
            lines[0].run.id
        };
        let order = UndoRun {
            run,
            viewer: Viewer::Operator,
            may_undo_all: true,
            may_convert: true,
            now: domain::time::Moment(NOW.0 + 1),
        };
        let undone = undo_run(&office.store, office.company.id, order).await.expect("undone");
        assert!(matches!(undone, Undone::Done(_)), "{undone:?}");
        assert_eq!(office.held().await, "Asha 0, Ben 0, Cara 0");
        office.well().await;
    });
}

/// Many forms at once, and room for a few: nobody ends above the cap.
#[test]
fn r32_captured_all_at_once_nobody_ends_above_the_cap() {
    on_both(|database| async move {
        let office = instantly(Office::open(&database, "Asha cap 7; Ben cap 5").await).await;
        let mut adding = tokio::task::JoinSet::new();
        for number in 0..24 {
            let (store, form) = (office.store.clone(), form(&office, &format!("98765 6{number:04}"), ""));
            adding.spawn(async move { add_lead(&store, form).await });
        }
        while let Some(added) = adding.join_next().await {
            let added = added.expect("no panic").expect("added");
            assert!(matches!(added, Added::Done { .. }), "{added:?}");
        }
        assert_eq!(office.held().await, "Asha 7, Ben 5");
        office.well().await;
    });
}

#[test]
fn r45_who_was_found_on_arrival_is_not_chosen_by_a_person_after_an_undo() {
    on_both(|database| async move {
        let mut office = instantly(Office::open(&database, "Root Admin; Asha; Ben cap 0").await).await;
        let added = add_lead(&office.store, form(&office, "98765 70001", "")).await.expect("added");
        assert!(matches!(added, Added::Done { .. }), "{added:?}");
        office.name_leads().await;
        let name = office.leads.keys().next().expect("a lead").clone();
        let selection = ticked(&office, &name).await;
        let root = office.viewer("Root").await;
        let bulk = done(assign_to(&office, root, selection, "Ben", true).await);
        let order = UndoRun {
            run: bulk.run.expect("a record"),
            viewer: root,
            may_undo_all: true,
            may_convert: true,
            now: domain::time::Moment(NOW.0 + 1),
        };
        let undone = undo_run(&office.store, office.company.id, order).await.expect("undone");
        assert!(matches!(undone, Undone::Done(_)), "{undone:?}");
        assert_eq!(office.held().await, "Asha 1, Ben 0");
        let sql = "SELECT COUNT(owner_chosen_at_ms) FROM leads WHERE company_id = $1";
        let mut reader = office.store.read().await.expect("a reader");
        let chosen: i64 = (reader.session())
            .one(&store::sql::Sql::built(sql.into()), &[office.company.id.into()], |row| row.get(0))
            .await
            .expect("read");
        assert_eq!(chosen, 0);
    });
}
