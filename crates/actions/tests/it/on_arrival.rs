//! Instant assignment: a captured lead is assigned at once, by the rules of the automatic assignment.

use crate::{
    browser_import::mary,
    bulk::{assign_to, done, tag, ticked},
    office::{NOW, Office, on_both},
};
use actions::{
    add_lead::{AddLead, Added, add_lead},
    add_note::{AddNote, add_note},
    import_leads::{Import, import_leads},
    lead_file::Limits,
    save_job::Change,
    undo_import,
    undo_run::{UndoRun, Undone, undo_run},
};
use domain::{
    ids::{ImportId, LeadId, RunId},
    job::Job,
    phone::Country,
    viewer::Viewer,
};
use store::{
    changes::{News, Topic},
    runs,
    tags::Way,
};

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

/// Brings a file of so many leads in and says as which import, and as which run they were assigned.
async fn brings(office: &Office, rows: usize) -> (ImportId, RunId) {
    let import = imports(office, rows).await;
    let mut reader = office.store.read().await.expect("a reader");
    let runs = runs::history(reader.session(), office.company.id, None, 1).await.expect("runs");
    assert_eq!(runs[0].run.job, "on arrival");
    (import, runs[0].run.id)
}

async fn imports(office: &Office, rows: usize) -> ImportId {
    let lines: String = (0..rows).map(|row| format!("N{row},98765 5{row:04}\n")).collect::<Vec<_>>().concat();
    let import =
        Import { file_name: "list.csv".into(), viewer: mary(), ..crate::browser_import::order(office) };
    let file = std::io::Cursor::new(format!("First Name,Phone\n{lines}"));
    let clock: actions::import_leads::Clock = std::sync::Arc::new(|| NOW);
    let imported = import_leads(&office.store, file, import, clock, std::sync::Arc::new(|_| {})).await;
    let imported = imported.expect("imported");
    assert_eq!(imported.imported, rows as u64);
    imported.import
}

async fn takes_back(office: &Office, import: ImportId) -> undo_import::Undone {
    let company = office.company.id;
    let undone = undo_import::undo_import(&office.store, company, import, mary(), NOW).await;
    office.well().await;
    undone.expect("an answer")
}

async fn undoes(office: &Office, run: RunId) -> Undone {
    let now = domain::time::Moment(NOW.0 + 1);
    let order = UndoRun { run, viewer: mary(), may_undo_all: true, may_convert: true, now };
    let undone = undo_run(&office.store, office.company.id, order).await.expect("an answer");
    office.well().await;
    undone
}

#[test]
fn r45_an_import_takes_back_what_was_assigned_as_it_came_in() {
    on_both(|database| async move {
        let office = instantly(Office::open(&database, "Mary Manager; Asha cap 5; Ben cap 3").await).await;
        let (import, run) = brings(&office, 10).await;
        assert_eq!(office.held().await, "Asha 5, Ben 3");
        let mut changes = office.store.changes();
        let undone = takes_back(&office, import).await;
        assert_eq!(undone, undo_import::Undone::Done { taken_back: 10, kept: 0 });
        assert_eq!((office.names().await, office.held().await), (String::new(), "Asha 0, Ben 0".into()));
        let asha = office.people["Asha"];
        loop {
            let told = match changes.next().await.expect("open") {
                News::Everything => break,
                News::Changed(change) => change,
            };
            if told.is_about(Topic::Leads) && told.users.includes(asha) {
                break;
            }
        }
        // The record of the assignment stands, and an undo of it finds nothing to put back.
        let Undone::Nothing(told) = undoes(&office, run).await else { panic!("its leads are gone") };
        assert_eq!(
            told.sentence(),
            format!(
                "Run {run} stands: no lead was put back; 8 left (not there any more, or not yours to see)."
            )
        );
        // The numbers are free again.
        let (again, _) = brings(&office, 10).await;
        assert_eq!(office.held().await, "Asha 5, Ben 3");
        takes_back(&office, again).await;
    });
}

#[test]
fn r45_an_import_takes_back_what_was_assigned_as_it_came_in_and_put_back_again() {
    on_both(|database| async move {
        let office = instantly(Office::open(&database, "Mary Manager; Asha cap 2; Ben cap 2").await).await;
        let (import, run) = brings(&office, 5).await;
        assert!(matches!(undoes(&office, run).await, Undone::Done(_)));
        assert_eq!(office.held().await, "Asha 0, Ben 0");
        let undone = takes_back(&office, import).await;
        assert_eq!(undone, undo_import::Undone::Done { taken_back: 5, kept: 0 });
    });
}

/// What a run gave away stays where it is; once the run is undone the import can be taken back after all.
#[test]
fn r45_an_import_that_a_run_dealt_out_is_taken_back_once_the_run_is_undone() {
    on_both(|database| async move {
        let office = Office::open(&database, "Mary Manager; Asha cap 9").await;
        let import = imports(&office, 5).await;
        let office = office.deals(&["Unassigned"], allot::Strategy::EqualShares).await;
        let run = office.run().await.run.expect("a record");
        assert_eq!(office.held().await, "Asha 5");
        let undone = takes_back(&office, import).await;
        assert_eq!(undone, undo_import::Undone::Done { taken_back: 0, kept: 5 });
        assert!(matches!(undoes(&office, run).await, Undone::Done(_)));
        let undone = takes_back(&office, import).await;
        assert_eq!(undone, undo_import::Undone::Done { taken_back: 5, kept: 0 });
        assert_eq!(takes_back(&office, import).await, undo_import::Undone::NotDone);
    });
}

/// The same where some went at once.
#[test]
fn r45_what_a_run_kept_of_an_import_goes_once_the_run_is_undone() {
    on_both(|database| async move {
        let office = Office::open(&database, "Mary Manager; Asha cap 2").await;
        let import = imports(&office, 5).await;
        let office = office.deals(&["Unassigned"], allot::Strategy::EqualShares).await;
        let run = office.run().await.run.expect("a record");
        let undone = takes_back(&office, import).await;
        assert_eq!(undone, undo_import::Undone::Done { taken_back: 3, kept: 2 });
        assert!(matches!(undoes(&office, run).await, Undone::Done(_)));
        let undone = takes_back(&office, import).await;
        assert_eq!(undone, undo_import::Undone::Done { taken_back: 2, kept: 0 });
        assert_eq!(takes_back(&office, import).await, undo_import::Undone::NotDone);
        let mut reader = office.store.read().await.expect("a reader");
        let record = store::imports::one(reader.session(), office.company.id, import).await.expect("read");
        let state = record.expect("a record").state;
        assert!(
            matches!(state, store::imports::ImportState::Undone { taken_back: 5, kept: 0, .. }),
            "{state:?}"
        );
    });
}

/// A call, a person's choice, another run, a tag: each of them keeps its lead, and its agent holds it.
#[test]
fn r45_an_import_leaves_what_somebody_touched_after_it_was_assigned_as_it_came_in() {
    on_both(|database| async move {
        let mut office = Office::open(&database, "Mary Manager; Asha; Ben cap 0").await;
        office = instantly(office).await;
        let (import, run) = brings(&office, 6).await;
        office.name_leads().await;
        let note = AddNote { viewer: mary(), lead: office.leads["N0"], text: "called".into(), now: NOW };
        add_note(&office.store, office.company.id, note).await.expect("noted");
        done(assign_to(&office, mary(), ticked(&office, "N1").await, "Ben", true).await);
        tag(&office, "Mary", Way::On, ticked(&office, "N2").await, "hot").await;
        // Undone, and assigned again by the run of the day.
        assert!(matches!(undoes(&office, run).await, Undone::Done(_)));
        let office = office.deals(&["Unassigned"], allot::Strategy::EqualShares).await;
        assert_eq!(office.run().await.numbers.assigned, 3);
        assert_eq!(office.held().await, "Asha 5, Ben 1");
        let undone = takes_back(&office, import).await;
        assert_eq!(undone, undo_import::Undone::Done { taken_back: 0, kept: 6 });
        assert_eq!(office.held().await, "Asha 5, Ben 1");
    });
}

/// Somebody who sees a branch takes back what its agents were given.
#[test]
fn r14_of_leads_assigned_as_they_came_in_only_those_in_sight_are_taken_back() {
    on_both(|database| async move {
        let roster = "Mary Manager; Paul Manager in Pune; Asha in Pune cap 2; Ben in Goa cap 2";
        let office = instantly(Office::open(&database, roster).await).await;
        let (import, _) = brings(&office, 5).await;
        let paul = office.viewer("Paul").await;
        let undone = undo_import::undo_import(&office.store, office.company.id, import, paul, NOW).await;
        // What Asha was given, and the one that is nobody's; Ben's are out of sight.
        assert_eq!(undone.expect("an answer"), undo_import::Undone::Done { taken_back: 3, kept: 2 });
        office.well().await;
        assert_eq!(office.held().await, "Asha 0, Ben 2");
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
