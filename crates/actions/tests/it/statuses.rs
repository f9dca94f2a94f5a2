//! A company's own statuses: added, edited, deleted with a replacement (R1–R7), and who comes in between.

use crate::{
    bulk::{assign, done, set, ticked},
    office::{NOW, Office, on_both},
};
use actions::{
    delete_status::{DeleteStatus, Deleted, StatusDeleted, delete_status},
    edit_statuses::{Editor, NewStatus, StatusSaved, add_status, edit_status},
    save_job::Change,
    set_status::{SetStatus, StatusSet, set_status},
    undo_run::{UndoRun, Undone, undo_run},
};
use domain::{
    bulk::Skipped,
    ids::{LeadId, StatusId},
    job::Job,
    status::{StatusKind, StatusMark, Statuses},
    status_edit::{StatusEdit, StatusRefused},
    viewer::Viewer,
};
use std::sync::Arc;
use store::{
    changes::{News, Topic},
    dialect::Engine,
    jobs,
    sql::Sql,
    status_change::{self, StatusChange},
    statuses,
};
use tokio::sync::oneshot;

const OPERATOR: Editor = Editor { viewer: Viewer::Operator, may_convert: true, now: NOW };

async fn known(office: &Office) -> Statuses {
    statuses::list(office.store.read().await.expect("a reader").session(), office.company.id)
        .await
        .expect("the statuses")
}

async fn named(office: &Office, name: &str) -> StatusId {
    known(office).await.named(name).unwrap_or_else(|| panic!("no status {name}")).id
}

async fn add(office: &Office, name: &str, kind: StatusKind, position: Option<usize>) -> String {
    let new = NewStatus { name: name.into(), kind, position };
    let saved = add_status(&office.store, office.company.id, new, OPERATOR).await.expect("an answer");
    told(office, saved).await
}

async fn edit_by(office: &Office, editor: Editor, name: &str, edit: StatusEdit) -> StatusSaved {
    let status = named(office, name).await;
    edit_status(&office.store, office.company.id, status, edit, editor).await.expect("an answer")
}

async fn edit(office: &Office, name: &str, edit: StatusEdit) -> String {
    let saved = edit_by(office, OPERATOR, name, edit).await;
    told(office, saved).await
}

async fn becomes(office: &Office, name: &str, kind: StatusKind) -> String {
    edit(office, name, StatusEdit { kind: Some(kind), ..StatusEdit::default() }).await
}

/// The list after it, or why it is as it was.
async fn told(office: &Office, saved: StatusSaved) -> String {
    office.well().await;
    match saved {
        StatusSaved::Done(_) => known(office).await.names(),
        StatusSaved::Refused(why) => why.to_string(),
    }
}

async fn delete_by(office: &Office, editor: Editor, name: &str, replacement: Option<&str>) -> StatusDeleted {
    let status = named(office, name).await;
    let replacement = match replacement {
        Some(name) => Some(named(office, name).await),
        None => None,
    };
    let order = DeleteStatus { status, replacement, editor };
    let answer = delete_status(&office.store, office.company.id, order).await.expect("an answer");
    office.well().await;
    answer
}

async fn delete(office: &Office, name: &str, replacement: Option<&str>) -> Deleted {
    match delete_by(office, OPERATOR, name, replacement).await {
        StatusDeleted::Done(deleted) => deleted,
        StatusDeleted::Refused(why) => panic!("{why}"),
    }
}

async fn refused(office: &Office, name: &str, replacement: Option<&str>) -> String {
    match delete_by(office, OPERATOR, name, replacement).await {
        StatusDeleted::Refused(why) => {
            assert!(known(office).await.named(name).is_some(), "it is still there");
            why.to_string()
        }
        StatusDeleted::Done(deleted) => panic!("{deleted:?}"),
    }
}

/// The names of the statuses that a job takes leads from.
async fn taken_by(office: &Office, job: Job) -> String {
    let known = known(office).await;
    let mut reader = office.store.read().await.expect("a reader");
    let settings = jobs::settings(reader.session(), office.company.id, job, &known).await.expect("settings");
    let eligible = settings.eligible(&known);
    eligible
        .iter()
        .map(|id| known.get(*id).expect("one of them").name.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

async fn takes(office: &Office, job: Job, enabled: bool, statuses: &[&str]) {
    let statuses = Some(statuses.iter().map(|name| (*name).to_owned()).collect());
    office.saves(job, Change { enabled: Some(enabled), statuses, ..Change::default() }, NOW).await;
}

async fn rows(office: &Office, sql: &'static str, status: StatusId) -> i64 {
    let mut reader = office.store.read().await.expect("a reader");
    let values = [office.company.id.into(), status.into()];
    reader.session().one(&Sql::built(sql.into()), &values, |row| row.get(0)).await.expect("a number")
}

#[test]
fn r1_r2_statuses_are_added_renamed_and_put_in_order() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await.with("2 Busy of Asha; Lea Busy").await;
        let other = Office::open(&database, "Ben").await;
        let names = add(&office, " Site  visit ", StatusKind::Open, Some(2)).await;
        assert!(names.starts_with("Unassigned, Site visit, Assigned, "), "{names}");
        let refused = add(&office, "SITE VISIT", StatusKind::Won, None).await;
        assert!(refused.starts_with("there is a status \"Site visit\" already"), "{refused}");
        let names = add(&office, "Sold", StatusKind::Won, None).await;
        assert!(names.ends_with("Customer, Sold"), "{names}");

        let rename = StatusEdit { name: Some("Call later".into()), ..StatusEdit::default() };
        let before = named(&office, "Busy").await;
        edit(&office, "Busy", rename.clone()).await;
        assert_eq!(named(&office, "call LATER").await, before, "renamed in place");
        assert_eq!(office.lead("Lea").await.line.status, "Call later");
        let refused = edit(&office, "Missed", rename).await;
        assert!(refused.starts_with("there is a status \"Call later\" already"), "{refused}");
        let first = StatusEdit { position: Some(1), ..StatusEdit::default() };
        let names = edit(&office, "Sold", first).await;
        assert!(names.starts_with("Sold, Unassigned, Site visit, Assigned, "), "{names}");
        // A name may be written anew, and another company's statuses are its own.
        let shouting = StatusEdit { name: Some("SOLD".into()), ..StatusEdit::default() };
        assert!(edit(&office, "Sold", shouting).await.starts_with("SOLD, "));
        assert_eq!(known(&other).await, other.statuses);
    });
}

#[test]
fn r3_what_counts_as_held_follows_the_kind() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha; Ben; Cara").await;
        let office =
            office.with("3 Busy of Asha; 2 Busy of Ben; 1 Missed of Asha; 4 Busy; 2 Missed of Cara").await;
        takes(&office, Job::Assignment, true, &["Unassigned", "Busy"]).await;
        assert_eq!(office.held().await, "Asha 4, Ben 2, Cara 2");
        becomes(&office, "Busy", StatusKind::Closed).await;
        assert_eq!(office.held().await, "Asha 1, Ben 0, Cara 2");
        assert_eq!(taken_by(&office, Job::Assignment).await, "Unassigned");
        // The status that drops out is not in the way of other changes.
        let later = Change { at: Some("10:30".parse().expect("a time")), ..Change::default() };
        office.saves(Job::Assignment, later, NOW).await;
        becomes(&office, "Busy", StatusKind::Won).await;
        assert_eq!(office.held().await, "Asha 1, Ben 0, Cara 2");
        becomes(&office, "Busy", StatusKind::Open).await;
        assert_eq!(office.held().await, "Asha 4, Ben 2, Cara 2");
    });
}

#[test]
fn r3_r12_customers_are_made_by_those_who_may_convert() {
    on_both(|database| async move {
        let office =
            Office::open(&database, "Mary Manager; Asha").await.with("1 Busy of Asha; Lea Customer").await;
        let mary = Editor { viewer: office.viewer("Mary").await, may_convert: false, now: NOW };
        let won = || StatusEdit { kind: Some(StatusKind::Won), ..StatusEdit::default() };
        let refused = StatusRefused::MayNotConvert;
        assert_eq!(edit_by(&office, mary, "Busy", won()).await, StatusSaved::Refused(refused.clone()));
        assert_eq!(
            delete_by(&office, mary, "Busy", Some("Customer")).await,
            StatusDeleted::Refused(refused.clone())
        );
        assert_eq!(office.held().await, "Asha 1");
        // Nobody is in Missed.
        assert!(matches!(edit_by(&office, mary, "Missed", won()).await, StatusSaved::Done(_)));
        assert!(matches!(delete_by(&office, mary, "Busy", Some("Interested")).await, StatusDeleted::Done(_)));
    });
}

#[test]
fn r4_protected_statuses_stay_what_they_are() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await.with("2 Followups of Asha; Lea Unassigned").await;
        for name in ["Unassigned", "Followups", "Customer"] {
            let says = format!("{name} is protected");
            let rename = StatusEdit { name: Some("Mine".into()), ..StatusEdit::default() };
            assert!(edit(&office, name, rename).await.starts_with(&says));
            assert!(becomes(&office, name, StatusKind::Closed).await.starts_with(&says));
            assert!(refused(&office, name, Some("Busy")).await.starts_with(&says));
        }
        assert_eq!(known(&office).await, office.statuses);
    });
}

#[test]
fn r5_the_mark_moves_and_assignment_follows_it() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha; Ben").await;
        let office = office.with("A Unassigned; B Unassigned; C Assigned of Ben").await;
        takes(&office, Job::Assignment, true, &["Unassigned", "Interested"]).await;
        let give = || StatusEdit { given_on_assignment: true, ..StatusEdit::default() };
        assert!(edit(&office, "Unassigned", give()).await.contains("cannot be given on assignment"));
        assert!(edit(&office, "Wrong Number", give()).await.contains("only an open status can"));
        edit(&office, "Interested", give()).await;
        assert_eq!(known(&office).await.marked(StatusMark::Assigned).name, "Interested");
        assert_eq!(taken_by(&office, Job::Assignment).await, "Unassigned");
        assert!(becomes(&office, "Interested", StatusKind::Closed).await.contains("so it stays open"));

        done(assign(&office, "Root", ticked(&office, "A").await, "Asha").await);
        office.run().await;
        assert_eq!(office.places().await, "A Asha Interested, B Ben Interested, C Ben Assigned");
        // What carried the mark is a status like any other.
        becomes(&office, "Assigned", StatusKind::Closed).await;
        assert_eq!(office.held().await, "Asha 1, Ben 1");
    });
}

#[test]
fn r6_a_status_in_use_goes_with_a_replacement() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha; Ben; Cara").await;
        let office =
            office.with("A Busy of Asha; B Busy of Ben; C Busy; D Missed of Asha; 9 Busy of Cara").await;
        takes(&office, Job::Assignment, true, &["Unassigned", "Busy"]).await;
        takes(&office, Job::TopUp, false, &["Busy"]).await;
        takes(&office, Job::Removal, false, &["Busy", "Missed"]).await;
        assert_eq!(
            refused(&office, "Busy", None).await,
            "12 leads, Auto-removal of stale leads, Auto lead assignment and Daily lead top-up use Busy; name a replacement"
        );
        let busy = named(&office, "Busy").await;
        let root = office.viewer("Root").await;
        let mut heard = office.store.changes();
        let editor = Editor { viewer: root, ..OPERATOR };
        let StatusDeleted::Done(deleted) = delete_by(&office, editor, "Busy", Some("Missed")).await else {
            panic!("it has a replacement");
        };
        assert_eq!(
            deleted,
            Deleted {
                name: "Busy".into(),
                moved: 12,
                replaced_in: vec![Job::Removal, Job::Assignment, Job::TopUp],
                taken_off: vec![],
            }
        );
        assert_eq!(office.places().await, "A Asha Missed, B Ben Missed, C - Missed, D Asha Missed");
        assert_eq!(office.held().await, "Asha 2, Ben 1, Cara 9");
        assert_eq!(taken_by(&office, Job::Assignment).await, "Unassigned, Missed");
        assert_eq!(taken_by(&office, Job::TopUp).await, "Missed");
        assert_eq!(taken_by(&office, Job::Removal).await, "Missed");
        // The row is gone, and its counters; timelines keep the name.
        assert_eq!(known(&office).await.get(busy), None);
        for sql in [
            "SELECT COUNT(*) FROM statuses WHERE company_id = $1 AND id = $2",
            "SELECT COUNT(*) FROM status_counts WHERE company_id = $1 AND status_id = $2",
            "SELECT COUNT(*) FROM job_statuses WHERE company_id = $1 AND status_id = $2",
        ] {
            assert_eq!(rows(&office, sql, busy).await, 0, "{sql}");
        }
        let lead = office.lead("A").await;
        let (first, last) = (&lead.events[0], lead.events.last().expect("an entry"));
        assert_eq!(first.to_status.as_deref(), Some("Busy"));
        assert_eq!(
            (
                last.kind.as_str(),
                last.actor.as_deref(),
                last.from_status.as_deref(),
                last.to_status.as_deref()
            ),
            ("status", Some("Root"), Some("Busy"), Some("Missed"))
        );
        // Its name is free again, for another status.
        assert!(add(&office, "Busy", StatusKind::Closed, None).await.ends_with("Busy"));
        assert_ne!(named(&office, "Busy").await, busy);
        assert_eq!(office.lead("A").await.events[0].to_status.as_deref(), Some("Busy"));

        let mut topics = Vec::new();
        while let Some(news) = heard.next().await {
            let company = office.company.id;
            topics.extend(
                [Topic::Settings, Topic::Leads].into_iter().filter(|topic| news.concerns(company, *topic)),
            );
            if matches!(&news, News::Changed(change) if change.company == company) {
                break;
            }
        }
        assert!(topics.contains(&Topic::Settings) && topics.contains(&Topic::Leads), "{topics:?}");
    });
}

#[test]
fn r6_a_status_that_nothing_uses_needs_no_replacement() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await.with("A Busy of Asha; B Missed").await;
        let gone = Deleted { name: "Not Picked".into(), moved: 0, replaced_in: vec![], taken_off: vec![] };
        assert_eq!(delete(&office, "Not Picked", None).await, gone);
        // Leads that were in it once do not count.
        set_all(&office, "B", "Busy").await;
        assert_eq!(delete(&office, "Missed", None).await.moved, 0);
        assert_eq!(refused(&office, "Busy", None).await, "2 leads use Busy; name a replacement");
        assert_eq!(
            refused(&office, "Assigned", None).await,
            "every assignment uses Assigned; name a replacement"
        );
        let busy = known(&office).await;
        assert_eq!(
            busy.names(),
            "Unassigned, Assigned, Followups, Interested, Not Interested, Busy, Wrong Number, Customer"
        );
    });
}

async fn set_all(office: &Office, leads: &str, to: &str) {
    for lead in leads.split_whitespace() {
        let line = office.lead(lead).await.line;
        let (to, viewer) = (named(office, to).await, Viewer::Operator);
        let order =
            SetStatus { viewer, may_convert: true, lead: line.id, version: line.version, to, now: NOW };
        let set = set_status(&office.store, office.company.id, order).await.expect("an answer");
        assert!(matches!(set, StatusSet::Done { .. }), "{set:?}");
    }
}

#[test]
fn r6_the_mark_and_the_jobs_go_to_what_may_have_them() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha").await;
        let office = office.with("A Assigned of Asha; B Unassigned; C Busy of Asha").await;
        assert!(refused(&office, "Assigned", Some("Unassigned")).await.contains("cannot be given"));
        assert!(
            refused(&office, "Assigned", Some("Not Interested")).await.contains("only an open status can")
        );
        // A job that is switched on is never left without a status.
        takes(&office, Job::Assignment, true, &["Busy"]).await;
        takes(&office, Job::Removal, false, &["Busy", "Missed"]).await;
        let without = "Auto lead assignment is switched on and would have no status left";
        assert!(refused(&office, "Busy", Some("Wrong Number")).await.starts_with(without));
        assert!(refused(&office, "Busy", Some("Assigned")).await.starts_with(without));
        assert!(becomes(&office, "Busy", StatusKind::Closed).await.starts_with(without));
        let give = StatusEdit { given_on_assignment: true, ..StatusEdit::default() };
        assert!(edit(&office, "Busy", give).await.starts_with(without));
        assert_eq!(taken_by(&office, Job::Assignment).await, "Busy");
        assert_eq!(office.places().await, "A Asha Assigned, B - Unassigned, C Asha Busy");

        takes(&office, Job::Assignment, true, &["Unassigned", "Busy"]).await;
        let deleted = delete(&office, "Busy", Some("Assigned")).await;
        assert_eq!((deleted.replaced_in, deleted.taken_off), (vec![Job::Removal], vec![Job::Assignment]));
        assert_eq!(taken_by(&office, Job::Assignment).await, "Unassigned");
        assert_eq!(taken_by(&office, Job::Removal).await, "Assigned, Missed");
        assert_eq!(delete(&office, "Assigned", Some("Interested")).await.moved, 2);
        assert_eq!(known(&office).await.marked(StatusMark::Assigned).name, "Interested");
        done(assign(&office, "Root", ticked(&office, "B").await, "Asha").await);
        assert_eq!(office.places().await, "A Asha Interested, B Asha Interested, C Asha Interested");
    });
}

#[test]
fn r6_held_follows_leads_into_a_status_of_another_kind() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha; Ben").await;
        let office = office.with("2 Busy of Asha; 1 Missed of Asha; 3 WrongNumber of Ben").await;
        delete(&office, "Busy", Some("Not Interested")).await;
        assert_eq!(office.held().await, "Asha 1, Ben 0");
        delete(&office, "Wrong Number", Some("Missed")).await;
        assert_eq!(office.held().await, "Asha 1, Ben 3");
    });
}

#[test]
fn r7_replaced_by_unassigned_leads_lose_their_owners() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha; Ben").await;
        let office = office.with("A Busy of Asha; B Busy; C Missed of Asha; D WrongNumber of Ben").await;
        delete(&office, "Busy", Some("Unassigned")).await;
        delete(&office, "Wrong Number", Some("Unassigned")).await;
        assert_eq!(office.places().await, "A - Unassigned, B - Unassigned, C Asha Missed, D - Unassigned");
        assert_eq!(office.held().await, "Asha 1, Ben 0");
        let lead = office.lead("A").await;
        assert_eq!(lead.events.last().expect("an entry").from_owner.as_deref(), Some("Asha"));
    });
}

#[test]
fn r41_while_a_run_goes_on_meanings_stay() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await.with("Lea Busy of Asha").await;
        let lease = office.store.try_lease(office.company.id).await.expect("asked").expect("free");
        let refusal = "a run of this company is in progress";
        assert!(becomes(&office, "Busy", StatusKind::Closed).await.starts_with(refusal));
        assert!(refused(&office, "Busy", Some("Missed")).await.starts_with(refusal));
        let rename = StatusEdit { name: Some("Later".into()), ..StatusEdit::default() };
        assert!(edit(&office, "Busy", rename).await.contains("Later"), "a name is only a name");
        lease.release().await;
        assert_eq!(delete(&office, "Later", Some("Missed")).await.moved, 1);
    });
}

#[test]
fn r45_a_lead_whose_former_status_is_gone_is_left_by_an_undo() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha").await;
        let office = office.with("A Busy of Asha; B Missed of Asha; C Busy of Asha").await;
        let run =
            set(&office, "Root", true, ticked(&office, "A B").await, "Interested").await.run.expect("a run");
        assert_eq!(delete(&office, "Busy", Some("Missed")).await.moved, 1);
        let order = UndoRun {
            run,
            viewer: office.viewer("Root").await,
            may_undo_all: true,
            may_convert: true,
            now: NOW,
        };
        let undone = undo_run(&office.store, office.company.id, order).await.expect("an answer");
        let Undone::Done(undone) = undone else { panic!("{undone:?}") };
        assert_eq!(undone.left, [(office.leads["A"], Skipped::StatusGone)]);
        assert_eq!(office.places().await, "A Asha Interested, B Asha Missed, C Asha Missed");
        office.well().await;
    });
}

/// Leads set to a status from all sides while it is deleted: whoever was first is moved, whoever was later is told.
#[test]
fn r6_of_setting_and_deleting_at_once_nothing_is_lost() {
    on_both(|database| async move {
        let office = Office::open(&database, "A; B; C; D; E").await;
        let office = office
            .with("30 Missed of A; 30 Missed of B; 30 Missed of C; 30 Missed; 5 Busy of D; 5 Busy")
            .await;
        let (busy, office) = (named(&office, "Busy").await, Arc::new(office));
        let mut setting = tokio::task::JoinSet::new();
        for number in 0..8_i64 {
            let office = Arc::clone(&office);
            let leads = leads_of(&office, number).await;
            setting.spawn(async move {
                let mut told = Vec::new();
                for lead in leads {
                    let version = office.lead_of(lead).await.line.version;
                    let (viewer, to) = (Viewer::Operator, busy);
                    let order = SetStatus { viewer, may_convert: true, lead, version, to, now: NOW };
                    let set = set_status(&office.store, office.company.id, order).await;
                    told.push((lead, set.expect("a value, whoever was first")));
                }
                told
            });
        }
        let deleted = loop {
            match delete_by(&office, OPERATOR, "Busy", Some("Interested")).await {
                StatusDeleted::Done(deleted) => break deleted,
                StatusDeleted::Refused(why) => {
                    assert!(matches!(why, StatusRefused::InUseNow(_)), "{why}");
                    assert!(known(&office).await.get(busy).is_some(), "and nothing was changed");
                }
            }
        };
        let mut set = 0;
        for (lead, told) in setting.join_all().await.into_iter().flatten() {
            match told {
                StatusSet::Done { .. } => {
                    set += 1;
                    assert_eq!(
                        office.lead_of(lead).await.line.status,
                        "Interested",
                        "it went with the others"
                    );
                }
                StatusSet::NoSuchStatus => assert_eq!(office.lead_of(lead).await.line.status, "Missed"),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(deleted.moved, 10 + set);
        office.well().await;
    });
}

/// An eighth of the leads in Missed.
async fn leads_of(office: &Office, number: i64) -> Vec<LeadId> {
    let mut reader = office.store.read().await.expect("a reader");
    let sql = "SELECT l.id FROM leads l WHERE l.company_id = $1 AND l.status_id = $2 AND l.id % 8 = $3 ORDER BY l.id";
    let values = [office.company.id.into(), office.status("Missed").into(), number.into()];
    reader.session().rows(&Sql::built(sql.into()), &values, |row| row.get(0)).await.expect("leads")
}

/// On PostgreSQL writers overlap. One that has put a lead into the status, and has not committed, is waited for.
#[test]
fn r6_who_is_about_to_use_a_status_is_waited_for() {
    on_both(|database| async move {
        let office = Arc::new(Office::open(&database, "Asha").await.with("A Missed of Asha; B Busy").await);
        if office.store.engine() == Engine::Sqlite {
            return; // one writer at a time
        }
        let (changed, may_commit) = overlapping(&office, "A", "Busy").await;
        let deleting = tokio::spawn({
            let office = Arc::clone(&office);
            async move { delete(&office, "Busy", Some("Interested")).await }
        });
        somebody_waits(&office).await;
        may_commit.send(()).expect("it waits for that");
        changed.await.expect("no panic").expect("it was first");
        assert_eq!(deleting.await.expect("no panic").moved, 2);
        assert_eq!(office.places().await, "A Asha Interested, B - Interested");
    });
}

/// What a transaction has read about kinds is true until it ends: a change of the kind waits for it.
#[test]
fn r3_a_kind_does_not_change_under_a_transaction() {
    on_both(|database| async move {
        let office = Arc::new(Office::open(&database, "Asha").await.with("A Missed of Asha; B Busy").await);
        if office.store.engine() == Engine::Sqlite {
            return; // one writer at a time
        }
        let (changed, may_commit) = overlapping(&office, "A", "Busy").await;
        let closing = tokio::spawn({
            let office = Arc::clone(&office);
            let busy = office.status("Busy");
            let edit = StatusEdit { kind: Some(StatusKind::Closed), ..StatusEdit::default() };
            async move {
                loop {
                    // It gives up before pages have waited long, so a slow machine asks again.
                    match edit_status(&office.store, office.company.id, busy, edit.clone(), OPERATOR).await {
                        Err(actions::Error::Store(store::Error::Busy { .. })) => {}
                        answer => return answer.expect("an answer"),
                    }
                }
            }
        });
        somebody_waits(&office).await;
        may_commit.send(()).expect("it waits for that");
        changed.await.expect("no panic").expect("it was first");
        assert!(matches!(closing.await.expect("no panic"), StatusSaved::Done(_)));
        assert_eq!(office.held().await, "Asha 0");
        office.well().await;
    });
}

/// A transaction that has read the statuses and set one, and ends when it is told to.
async fn overlapping(
    office: &Office,
    lead: &str,
    to: &str,
) -> (tokio::task::JoinHandle<store::Result<()>>, oneshot::Sender<()>) {
    let (has_changed, changed) = oneshot::channel();
    let (may_commit, told) = oneshot::channel::<()>();
    let line = office.lead(lead).await.line;
    let (store, company) = (office.store.clone(), office.company.id);
    let change = StatusChange {
        lead: line.id,
        version: line.version,
        owner: line.owner_id,
        loses_owner: false,
        from: line.status_id,
        to: office.status(to),
        open: (true, true),
        actor: None,
        at: NOW,
    };
    let writing = tokio::spawn(async move {
        store
            .write(move |session| {
                Box::pin(async move {
                    statuses::list(session, company).await?;
                    status_change::change(session, company, &[change], None).await?;
                    has_changed.send(()).expect("the test waits for that");
                    told.await.expect("the test lets it go on");
                    Ok(())
                })
            })
            .await
    });
    changed.await.expect("the change is made");
    (writing, may_commit)
}

/// Until another transaction of this database waits for a lock.
async fn somebody_waits(office: &Office) {
    let sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    loop {
        let mut reader = office.store.read().await.expect("a reader");
        let waiting: i64 =
            reader.session().one(&Sql::built(sql.into()), &[], |row| row.get(0)).await.expect("asked");
        if waiting > 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// A lead that is set to a status that is gone by then is refused by the foreign key, in words.
#[test]
fn r6_a_status_that_is_gone_is_refused_in_words() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await.with("A Missed of Asha").await;
        let gone = named(&office, "Busy").await;
        delete(&office, "Busy", None).await;
        let (line, company) = (office.lead("A").await.line, office.company.id);
        let change = StatusChange {
            lead: line.id,
            version: line.version,
            owner: line.owner_id,
            loses_owner: false,
            from: line.status_id,
            to: gone,
            open: (true, true),
            actor: None,
            at: NOW,
        };
        let answer: store::Result<_> = office
            .store
            .write(move |session| {
                Box::pin(async move { status_change::change(session, company, &[change], None).await })
            })
            .await;
        let refused = answer.expect_err("the foreign key");
        assert!(matches!(refused, store::Error::Gone { .. }), "{refused:?}");
        assert!(refused.to_string().contains("deleted meanwhile"), "{refused}");
        assert_eq!(office.places().await, "A Asha Missed");
        office.well().await;
    });
}
