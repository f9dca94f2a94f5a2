//! Another status by hand, for one lead and for the ticked ones, on both databases (R7, R12, R14, R24).

#![expect(clippy::unwrap_used, reason = "the helpers of these tests are tests too")]

use actions::{
    add_user::{NewUser, UserAdded, add_user},
    assign_lead::{AssignLead, Assignment, assign_lead},
    create_company::{NewCompany, create_company},
    import_leads::{Import, import_leads},
    selection::TICKED_MAX,
    set_status::{SetStatus, StatusSet, set_each, set_status},
};
use domain::{
    email::Email,
    ids::{CompanyId, LeadId},
    lead_list::Filter,
    phone::Country,
    role::Scope,
    time::Moment,
    viewer::{Sight, Viewer},
};
use std::{io::Cursor, sync::Arc};
use store::{
    Store,
    leads::{self, LeadInFull},
    lists, statuses,
    testing::on_both_engines,
    users,
};

const NOON: Moment = Moment(1_778_500_000_000);
const LATER: Moment = Moment(1_778_503_600_000);

/// A company with Ann and Bob, who own the first two leads (Assigned), and two more leads that nobody owns.
struct Desk {
    store: Store,
    company: CompanyId,
    boss: Viewer,
    ann: Viewer,
    bob: Viewer,
    leads: Vec<LeadId>,
}

impl Desk {
    async fn new(store: &Store) -> Desk {
        let new = NewCompany {
            name: "Acme".into(),
            country: Country::from_code("US").unwrap(),
            zone: "America/Chicago".parse().unwrap(),
            admin_email: Email::parse("boss@acme.example").unwrap(),
            admin_password: "correct horse".into(),
        };
        let (company, boss) = create_company(store, new, NOON).await.unwrap();
        let ann = agent(store, company, "Ann", "East").await;
        let bob = agent(store, company, "Bob", "West").await;
        let file =
            "First name,Phone\nP,(312) 555-0100\nQ,(312) 555-0101\nR,(312) 555-0102\nS,(312) 555-0103\n";
        let import = Import {
            company,
            viewer: Viewer::Operator,
            may_convert: true,
            file_name: "four.csv".into(),
            country: Country::from_code("US").unwrap(),
            source: None,
            branch: None,
            department: None,
            keeps_details: true,
            limits: actions::lead_file::Limits::default(),
        };
        import_leads(store, Cursor::new(file), import, Arc::new(|| NOON), Arc::new(|_| {})).await.unwrap();
        let mut leads: Vec<LeadId> = Vec::new();
        let mut reader = store.read().await.unwrap();
        lists::each(reader.session(), company, &Filter::default(), Sight::All, |line| {
            leads.insert(0, line.id);
            Ok(())
        })
        .await
        .unwrap();
        drop(reader);
        let boss = Viewer::User { id: boss, scope: Scope::Company, branch: None, department: None };
        let desk = Desk { store: store.clone(), company, boss, ann, bob, leads };
        for (number, to) in [(0, desk.ann), (1, desk.bob)] {
            assert_eq!(desk.assign(number, to).await, Assignment::Done { held: 1 });
        }
        desk
    }

    async fn assign(&self, number: usize, to: Viewer) -> Assignment {
        let order = AssignLead {
            company: self.company,
            viewer: self.boss,
            lead: self.leads[number],
            version: self.lead(number).await.line.version,
            to: to.actor().unwrap(),
            exceed_cap: false,
            now: NOON,
        };
        assign_lead(&self.store, order).await.unwrap()
    }

    /// The lead and its timeline.
    async fn lead(&self, number: usize) -> LeadInFull {
        let mut reader = self.store.read().await.unwrap();
        leads::one(reader.session(), self.company, self.leads[number], Sight::All).await.unwrap().unwrap()
    }

    async fn held(&self) -> Vec<(String, i64)> {
        let mut reader = self.store.read().await.unwrap();
        let all = users::list(reader.session(), self.company).await.unwrap();
        all.into_iter().filter(|user| user.receives).map(|user| (user.name, user.held)).collect()
    }

    async fn order(&self, viewer: Viewer, number: usize, version: i64, to: &str) -> SetStatus {
        let mut reader = self.store.read().await.unwrap();
        let to = statuses::list(reader.session(), self.company).await.unwrap().named(to).unwrap().id;
        SetStatus { viewer, may_convert: true, lead: self.leads[number], version, to, now: LATER }
    }

    /// Sets the status of the version that is there.
    async fn set(&self, viewer: Viewer, number: usize, to: &str) -> StatusSet {
        let version = self.lead(number).await.line.version;
        self.set_version(viewer, number, version, to).await
    }

    async fn set_version(&self, viewer: Viewer, number: usize, version: i64, to: &str) -> StatusSet {
        let order = self.order(viewer, number, version, to).await;
        set_status(&self.store, self.company, order).await.unwrap()
    }

    async fn is_sound(&self) {
        let mut reader = self.store.read().await.unwrap();
        let found = store::doctor::examine(reader.session(), self.company).await.unwrap();
        assert!(found.is_empty(), "{found:?}");
    }
}

async fn agent(store: &Store, company: CompanyId, name: &str, branch: &str) -> Viewer {
    let new = NewUser {
        name: name.into(),
        email: Email::parse(&format!("{name}@acme.example")).unwrap(),
        role: "Agent".into(),
        cap: Some(10),
        branch: Some(branch.into()),
        department: None,
        password: None,
    };
    let UserAdded::Done(id) = add_user(store, company, new, NOON).await.unwrap() else { panic!("refused") };
    Viewer::User { id, scope: Scope::Own, branch: None, department: None }
}

fn held(ann: i64, bob: i64) -> Vec<(String, i64)> {
    vec![("Ann".into(), ann), ("Bob".into(), bob)]
}

#[test]
fn r7_unassigned_clears_the_owner_and_the_queue() {
    on_both_engines(|database| async move {
        let desk = Desk::new(&database.store).await;
        assert!(matches!(desk.set(desk.ann, 0, "Unassigned").await, StatusSet::Done { .. }));
        let lead = desk.lead(0).await;
        assert_eq!((lead.line.status.as_str(), lead.line.owner.as_deref()), ("Unassigned", None));
        let event = lead.events.last().unwrap();
        assert_eq!((event.kind.as_str(), event.actor.as_deref(), event.at), ("status", Some("Ann"), LATER));
        assert_eq!((event.from_owner.as_deref(), event.to_owner.as_deref()), (Some("Ann"), None));
        assert_eq!(
            (event.from_status.as_deref(), event.to_status.as_deref()),
            (Some("Assigned"), Some("Unassigned"))
        );
        assert_eq!(desk.held().await, held(0, 1));
        assert_eq!(
            desk.set(desk.ann, 0, "Interested").await,
            StatusSet::NotFound,
            "it is hers no more (R14)"
        );
        assert_eq!(desk.assign(0, desk.bob).await, Assignment::Done { held: 2 }, "and can be dealt again");
        desk.is_sound().await;
    });
}

#[test]
fn r7_closed_and_won_leads_are_not_held_and_keep_their_owner() {
    on_both_engines(|database| async move {
        let desk = Desk::new(&database.store).await;
        for (status, ann) in [
            ("Interested", 1),
            ("Not Interested", 0),
            ("Wrong Number", 0),
            ("Busy", 1),
            ("Customer", 0),
            ("Not Picked", 1),
            ("Not Interested", 0),
            ("Unassigned", 0),
        ] {
            assert!(matches!(desk.set(desk.boss, 0, status).await, StatusSet::Done { .. }), "{status}");
            assert_eq!(desk.held().await, held(ann, 1), "{status}");
            let owner = desk.lead(0).await.line.owner;
            assert_eq!(owner.is_none(), status == "Unassigned", "{status}");
            desk.is_sound().await;
        }
        let lead = desk.lead(0).await;
        assert_eq!(
            (lead.events.len(), lead.line.version),
            (10, 10),
            "one entry each, beside capture and assignment"
        );
    });
}

#[test]
fn r7_leads_that_nobody_owns_can_have_other_statuses() {
    on_both_engines(|database| async move {
        let desk = Desk::new(&database.store).await;
        for status in ["Not Picked", "Wrong Number", "Unassigned"] {
            assert!(
                matches!(desk.set(Viewer::Operator, 2, status).await, StatusSet::Done { .. }),
                "{status}"
            );
            let lead = desk.lead(2).await;
            assert_eq!((lead.line.status.as_str(), lead.line.owner), (status, None));
            let event = lead.events.last().unwrap();
            assert_eq!((event.actor.as_deref(), event.from_owner.as_deref()), (None, None));
        }
        assert_eq!(desk.held().await, held(1, 1));
        desk.is_sound().await;
    });
}

#[test]
fn the_present_status_is_no_change() {
    on_both_engines(|database| async move {
        let desk = Desk::new(&database.store).await;
        let before = desk.lead(0).await;
        assert_eq!(desk.set(desk.ann, 0, "Assigned").await, StatusSet::Unchanged);
        assert_eq!(desk.lead(0).await, before);
    });
}

#[test]
fn r12_converting_needs_the_permission() {
    on_both_engines(|database| async move {
        let desk = Desk::new(&database.store).await;
        let set = async |to: &str, may_convert: bool| {
            let order = desk.order(desk.ann, 0, desk.lead(0).await.line.version, to).await;
            set_status(&desk.store, desk.company, SetStatus { may_convert, ..order }).await.unwrap()
        };
        assert_eq!(set("Customer", false).await, StatusSet::MayNotConvert);
        assert!(matches!(set("Customer", true).await, StatusSet::Done { .. }));
        assert_eq!(set("Interested", false).await, StatusSet::MayNotConvert);
        assert!(matches!(set("Interested", true).await, StatusSet::Done { .. }));
        desk.is_sound().await;
    });
}

#[test]
fn r14_nobody_changes_what_they_may_not_see() {
    on_both_engines(|database| async move {
        let desk = Desk::new(&database.store).await;
        let mut reader = desk.store.read().await.unwrap();
        let members = users::members(reader.session(), desk.company).await.unwrap();
        drop(reader);
        let east = members.iter().find(|member| member.name == "Ann").unwrap().branch;
        let manager = |branch| Viewer::User {
            id: desk.boss.actor().unwrap(),
            scope: Scope::Branch,
            branch,
            department: None,
        };
        let mut seen = Vec::new();
        for (viewer, numbers) in
            [(desk.ann, [0, 1, 2]), (manager(east), [0, 1, 2]), (manager(None), [0, 1, 2])]
        {
            for number in numbers {
                // The lists ask in SQL, this action asks the lead at hand: one answer.
                let mut reader = desk.store.read().await.unwrap();
                let listed = leads::one(reader.session(), desk.company, desk.leads[number], viewer.sight())
                    .await
                    .unwrap();
                drop(reader);
                let answer = desk.set(viewer, number, "Wrong Number").await;
                assert_eq!(listed.is_none(), answer == StatusSet::NotFound, "{viewer:?} {number}");
                seen.push(listed.is_some());
            }
        }
        assert_eq!(seen, [true, false, false, true, false, true, true, true, true]);
        desk.is_sound().await;
    });
}

#[test]
fn r24_who_comes_second_is_told_by_whom_and_overwrites_nothing() {
    on_both_engines(|database| async move {
        let desk = Desk::new(&database.store).await;
        let seen = desk.lead(0).await.line.version;
        assert_eq!(
            desk.set_version(desk.ann, 0, seen, "Interested").await,
            StatusSet::Done { version: seen + 1 },
            "the first is served"
        );
        let told = StatusSet::Conflict { at: LATER, kind: "status".into(), by: Some("Ann".into()) };
        assert_eq!(desk.set_version(desk.boss, 0, seen, "Not Interested").await, told);
        assert_eq!(desk.lead(0).await.line.status, "Interested");
        assert_eq!(desk.lead(0).await.line.version, seen + 1);
        desk.is_sound().await;
    });
}

#[test]
fn r24_of_the_ticked_leads_those_that_nobody_changed_are_set() {
    on_both_engines(|database| async move {
        let desk = Desk::new(&database.store).await;
        let mut orders = Vec::new();
        for number in 0..4 {
            let version = desk.lead(number).await.line.version;
            orders.push(desk.order(desk.boss, number, version, "Not Interested").await);
        }
        orders.push(SetStatus { lead: LeadId(999_999), ..orders[0] });
        desk.set(desk.bob, 1, "Busy").await;
        desk.set(desk.boss, 3, "Not Interested").await;
        orders[3].version += 1; // saw that
        let answers = set_each(&desk.store, desk.company, orders.clone()).await.unwrap();
        let done = |number: usize| StatusSet::Done { version: orders[number].version + 1 };
        let told = StatusSet::Conflict { at: LATER, kind: "status".into(), by: Some("Bob".into()) };
        assert_eq!(answers, [done(0), told, done(2), StatusSet::Unchanged, StatusSet::NotFound]);
        assert_eq!(desk.lead(1).await.line.status, "Busy");
        assert_eq!(desk.held().await, held(0, 1));
        desk.is_sound().await;
    });
}

#[test]
fn r24_of_many_at_once_one_wins_and_the_counters_hold() {
    on_both_engines(|database| async move {
        let desk = Arc::new(Desk::new(&database.store).await);
        let mut versions = Vec::new();
        for number in 0..4 {
            versions.push(desk.lead(number).await.line.version);
        }
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..8 {
            let (desk, versions) = (Arc::clone(&desk), versions.clone());
            writers.spawn(async move {
                let to = if writer % 2 == 0 { "Wrong Number" } else { "Interested" };
                let mut orders = Vec::new();
                for number in 0..4 {
                    // Half of them in the other order: they must not wait for each other.
                    let number = if writer % 4 < 2 { number } else { 3 - number };
                    orders.push(desk.order(desk.boss, number, versions[number], to).await);
                }
                let answers = set_each(&desk.store, desk.company, orders).await.unwrap();
                answers.iter().filter(|answer| matches!(answer, StatusSet::Done { .. })).count()
            });
        }
        let done: usize = writers.join_all().await.into_iter().sum();
        assert_eq!(done, 4, "each lead is set once");
        desk.is_sound().await;
    });
}

#[test]
fn a_lead_that_is_named_twice_and_too_many_leads_are_refused() {
    on_both_engines(|database| async move {
        let desk = Desk::new(&database.store).await;
        let order = desk.order(desk.boss, 0, 2, "Busy").await;
        let twice = set_each(&desk.store, desk.company, vec![order, order]).await.unwrap_err();
        assert!(twice.is_the_callers(), "{twice}");
        let many = set_each(&desk.store, desk.company, vec![order; TICKED_MAX + 1]).await.unwrap_err();
        assert!(many.to_string().contains("20000 can be changed in one go"), "{many}");
        assert_eq!(set_each(&desk.store, desk.company, Vec::new()).await.unwrap(), []);
        let unknown: Vec<SetStatus> =
            (0..1_500).map(|number| SetStatus { lead: LeadId(900_000 + number), ..order }).collect();
        let answers = set_each(&desk.store, desk.company, unknown).await.unwrap();
        assert_eq!(answers, vec![StatusSet::NotFound; 1_500], "many are fine, in a commit of their own");
        assert_eq!(desk.lead(0).await.line.status, "Assigned");
    });
}
