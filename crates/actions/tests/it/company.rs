//! What a company begins with, its people, and the settings of the automatic assignment: R2, R3, R5, R13, R25.

use crate::office::{NOW, Office, on_both};
use actions::{
    add_user::{NewUser, UserAdded, add_user},
    create_company::{NewCompany, create_company},
    edit_user::PersonField,
    save_job::{Change, Saved, save_job},
};
use domain::{email::Email, job::Job, role::Permission, status::StatusMark, viewer::Viewer};
use store::{companies, jobs, roles, statuses, users};

fn acme(name: &str, password: &str) -> NewCompany {
    NewCompany {
        name: name.into(),
        country: domain::phone::Country::from_code("IN").expect("a country"),
        zone: "Asia/Kolkata".parse().expect("a zone"),
        admin_email: Email::parse("boss@acme.example").expect("an e-mail"),
        admin_password: password.into(),
    }
}

#[test]
fn r2_r3_r5_r13_a_new_company() {
    on_both(|database| async move {
        let store = &database.store;
        let (company, admin) =
            create_company(store, acme(" Acme  Loans ", "correct horse"), NOW).await.expect("made");
        let mut reader = store.read().await.expect("a reader");
        let session = reader.session();
        let found =
            companies::by_name(session, "acme loans").await.expect("read").expect("found in any case");
        assert_eq!(
            (found.id, found.country.as_str(), found.time_zone.as_str()),
            (company, "IN", "Asia/Kolkata")
        );

        let known = statuses::list(session, company).await.expect("statuses");
        let list: Vec<String> = known.iter().map(|s| format!("{} {}", s.name, s.kind.word())).collect();
        assert_eq!(
            list.join(", "),
            "Unassigned open, Assigned open, Followups open, Interested open, Not Interested closed, Busy open, \
             Not Picked open, Missed open, Wrong Number closed, Customer won"
        );
        for (mark, name) in [
            (StatusMark::Unassigned, "Unassigned"),
            (StatusMark::Assigned, "Assigned"),
            (StatusMark::Followups, "Followups"),
            (StatusMark::Customer, "Customer"),
        ] {
            assert_eq!(known.marked(mark).name, name);
        }

        let list: Vec<String> = roles::list(session, company)
            .await
            .expect("roles")
            .iter()
            .map(|role| {
                format!(
                    "{} sees {}{}",
                    role.name,
                    role.scope.word(),
                    if role.receives_leads { ", receives" } else { "" }
                )
            })
            .collect();
        assert_eq!(list, ["Company Admin sees company", "Manager sees branch", "Agent sees own, receives"]);
        let all = roles::list(session, company).await.expect("roles").remove(0).permissions;
        assert_eq!(all.len(), Permission::ALL.len());

        let people = users::list(session, company).await.expect("users");
        assert_eq!(people.len(), 1);
        assert_eq!((people[0].id, people[0].role.as_str()), (admin, "Company Admin"));
        let settings = jobs::settings(session, company, Job::Assignment, &known).await.expect("settings");
        assert_eq!((settings.enabled, settings.at.to_string().as_str()), (false, "09:00"));
        assert_eq!(settings.statuses, [known.marked(StatusMark::Unassigned).id]);
    });
}

#[test]
fn r2_what_makes_no_company() {
    on_both(|database| async move {
        let store = &database.store;
        create_company(store, acme("Acme", "correct horse"), NOW).await.expect("made");
        for (new, why) in [
            (acme("ACME", "correct horse"), "there is a company ACME already"),
            (acme(" ", "correct horse"), "the company needs a name"),
            (acme("Other", "short"), "a password has at least 8 characters; this one is shorter"),
        ] {
            let told = create_company(store, new, NOW).await.expect_err("refused");
            assert_eq!(told.to_string(), why);
            assert!(told.is_the_callers());
        }
        let mut reader = store.read().await.expect("a reader");
        assert_eq!(companies::list(reader.session(), 10).await.expect("companies").len(), 1);
    });
}

#[test]
fn r13_r27_users_with_role_cap_branch_and_department() {
    on_both(|database| async move {
        let office = Office::open(&database, "").await;
        let new = |name: &str, role: &str, cap: Option<i64>, branch: Option<&str>| NewUser {
            name: name.into(),
            email: Email::parse(&format!("{name}@acme.example")).expect("an e-mail"),
            role: role.into(),
            cap,
            branch: branch.map(str::to_owned),
            department: None,
            password: None,
        };
        for (user, refused) in [
            (new("asha", "agent", Some(3), Some("Pune")), None),
            (new("ben", "Agent", None, Some(" PUNE ")), None),
            (new("cara", "MANAGER", Some(0), None), None),
            (
                new("Asha", "Agent", None, None),
                Some((PersonField::Email, "there is a user with the e-mail Asha@acme.example already")),
            ),
            (
                new("dora", "Boss", None, None),
                Some((
                    PersonField::Role,
                    "there is no role \"Boss\"; the roles are Company Admin, Manager, Agent",
                )),
            ),
            (
                new("eve", "Agent", Some(-1), None),
                Some((PersonField::Cap, "a lead cap is a number from 0 to 1000000, or nothing for no limit")),
            ),
        ] {
            let answer = add_user(&office.store, office.company.id, user, NOW).await;
            let answer = match answer.expect("an answer") {
                UserAdded::Done(_) => None,
                UserAdded::Refused { field, why } => Some((field, why)),
            };
            assert_eq!(answer.as_ref().map(|(field, why)| (*field, why.as_str())), refused);
        }
        let mut reader = office.store.read().await.expect("a reader");
        let list: Vec<String> = users::list(reader.session(), office.company.id)
            .await
            .expect("users")
            .iter()
            .map(|u| {
                format!("{} {} {:?} {:?} receives {}", u.name, u.role, u.cap, u.branch.as_deref(), u.receives)
            })
            .collect();
        assert_eq!(
            list,
            [
                "asha Agent Some(3) Some(\"Pune\") receives true",
                "ben Agent None Some(\"Pune\") receives true",
                "cara Manager Some(0) None receives false",
            ]
        );
    });
}

#[test]
fn r25_settings_are_checked_and_what_is_not_named_stays() {
    on_both(|database| async move {
        let office = Office::open(&database, "").await;
        let statuses = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let on = Some(true);
        let all = "the statuses are Unassigned, Assigned, Followups, Interested, Not Interested, Busy, Not Picked, Missed, Wrong Number, Customer";
        for (change, expect) in [
            (Change { enabled: on, ..Change::default() }, "on Unassigned 09:00 equal-shares".to_owned()),
            (
                Change { statuses: statuses(&["missed", "Unassigned", "MISSED"]), ..Change::default() },
                "on Missed Unassigned 09:00 equal-shares".into(),
            ),
            (
                Change { at: Some("23:59".parse().expect("a time")), strategy: Some(allot::Strategy::LevelQueues), ..Change::default() },
                "on Unassigned Missed 23:59 level-queues".into(),
            ),
            (Change { statuses: statuses(&["Gone"]), ..Change::default() }, format!("there is no status \"Gone\"; {all}")),
            (
                Change { statuses: statuses(&["Unassigned", "Customer"]), ..Change::default() },
                "Customer is not an open status; only leads that are still work can be dealt out".into(),
            ),
            (
                Change { statuses: statuses(&["Assigned"]), ..Change::default() },
                "Assigned is the status that assignment gives; leads in it have just been dealt out".into(),
            ),
            (
                Change { statuses: statuses(&[]), ..Change::default() },
                "Auto lead assignment cannot be enabled without a status to take leads from; choose at least one".into(),
            ),
            (
                Change { statuses: statuses(&[]), enabled: Some(false), ..Change::default() },
                "off 23:59 level-queues".into(),
            ),
            (
                Change { enabled: on, ..Change::default() },
                "Auto lead assignment cannot be enabled without a status to take leads from; choose at least one".into(),
            ),
        ] {
            let answer = save_job(&office.store, office.company.id, Job::Assignment, change, Viewer::Operator, NOW).await;
            let mut reader = office.store.read().await.expect("a reader");
            let saved = jobs::settings(reader.session(), office.company.id, Job::Assignment, &office.statuses).await.expect("read");
            let said = match answer {
                Err(told) => told.to_string(),
                Ok(Saved { settings: answered, .. }) => {
                    // In the company's order when read back, in the actor's order when answered: the same set.
                    let names: Vec<&str> = answered
                        .statuses
                        .iter()
                        .map(|id| office.statuses.get(*id).expect("known").name.as_str())
                        .collect();
                    let mut sorted = answered.statuses.clone();
                    sorted.sort_unstable();
                    assert_eq!((saved.enabled, saved.at, saved.strategy), (answered.enabled, answered.at, answered.strategy));
                    assert_eq!(saved.statuses, sorted);
                    let words = [if answered.enabled { "on" } else { "off" }]
                        .into_iter()
                        .chain(names)
                        .map(str::to_owned)
                        .chain([answered.at.to_string(), answered.strategy.to_string()]);
                    words.collect::<Vec<_>>().join(" ")
                }
            };
            assert!(said.starts_with(&expect), "{said}");
        }
    });
}
