//! Changing people: R13, R16, R25.

use crate::office::{NOW, Office, on_both};
use actions::{
    ban_user::{ban_user, unban_user},
    edit_user::{NewPassword, PersonField, PersonSaved, UserEdit, edit_user, set_cap},
    save_job::{Change, WRONG_PASSWORD, save_job},
    set_password::{end_sessions, set_password, verify_password},
};
use domain::{email::Email, ids::UserId, job::Job, viewer::Viewer};
use store::{
    agents::{self, Among},
    params,
    sessions::TokenHash,
    sql::Sql,
    users,
};

const LAST_ADMIN: &str =
    "the company would be left without an active admin; make somebody else an admin first";

async fn edit(office: &Office, who: &str, edit: UserEdit) -> PersonSaved {
    edit_user(&office.store, office.company.id, office.people[who], edit).await.expect("asked")
}

async fn ban(office: &Office, who: &str) -> PersonSaved {
    ban_user(&office.store, office.company.id, office.people[who], Viewer::Operator, NOW)
        .await
        .expect("asked")
}

fn refused(field: PersonField, why: &str) -> PersonSaved {
    PersonSaved::Refused { field, why: why.into() }
}

fn role(name: &str) -> UserEdit {
    UserEdit { role: Some(name.into()), ..UserEdit::default() }
}

/// A session of somebody, as sign-in leaves it.
async fn sign_in(office: &Office, who: &str, token: &'static str) {
    let (company, user) = (office.company.id, office.people[who]);
    let signed_in: store::Result<u64> = office
        .store
        .write(move |session| {
            Box::pin(async move {
                let sql = "INSERT INTO sessions (company_id, user_id, token_hash, created_at_ms, seen_at_ms, expires_at_ms, browser)
                    VALUES ($1, $2, $3, 0, 0, 0, '')";
                session.execute(&Sql::built(sql.into()), params![company, user, token]).await
            })
        })
        .await;
    signed_in.expect("signed in");
}

/// The tokens that are left, in order.
async fn sessions(office: &Office) -> String {
    let mut reader = office.store.read().await.expect("a reader");
    let sql = Sql::built("SELECT token_hash FROM sessions WHERE company_id = $1 ORDER BY token_hash".into());
    let tokens: Vec<String> =
        reader.session().rows(&sql, params![office.company.id], |row| row.get(0)).await.expect("read");
    tokens.join(" ")
}

async fn describe(office: &Office, who: &str) -> String {
    let mut reader = office.store.read().await.expect("a reader");
    let all = users::list(reader.session(), office.company.id).await.expect("users");
    let user = all.into_iter().find(|user| user.id == office.people[who]).expect("one of them");
    let (branch, department) = (user.branch.unwrap_or("-".into()), user.department.unwrap_or("-".into()));
    let banned = if user.banned_at.is_some() { " banned" } else { "" };
    format!("{} {} {} {branch} {department} {:?}{banned}", user.name, user.email, user.role, user.cap)
}

#[test]
fn r13_what_is_named_changes_and_what_is_not_stays() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha cap 3 in Pune dept Loans; Ben; Boss Admin").await;
        let company = office.company.id;
        let mail = |text: &str| Email::parse(text).ok();
        let nothing = UserEdit::default();
        for (change, expect) in [
            (nothing.clone(), format!("Asha Asha@company{company}.example Agent Pune Loans Some(3)")),
            (
                UserEdit {
                    name: Some(" Asha  Rao ".into()),
                    email: mail("asha@rao.example"),
                    ..nothing.clone()
                },
                "Asha Rao asha@rao.example Agent Pune Loans Some(3)".into(),
            ),
            (
                UserEdit { branch: Some(Some("Goa".into())), department: Some(None), ..nothing.clone() },
                "Asha Rao asha@rao.example Agent Goa - Some(3)".into(),
            ),
            (
                UserEdit { role: Some("manager".into()), cap: Some(None), ..nothing.clone() },
                "Asha Rao asha@rao.example Manager Goa - None".into(),
            ),
        ] {
            assert_eq!(edit(&office, "Asha", change).await, PersonSaved::Done);
            assert_eq!(describe(&office, "Asha").await, expect);
        }
        let cap = |cap| set_cap(&office.store, company, office.people["Asha"], cap);
        assert_eq!(cap(Some(0)).await.expect("asked"), PersonSaved::Done);
        let before = describe(&office, "Asha").await;
        let why = "a lead cap is a number from 0 to 1000000, or nothing for no limit";
        assert_eq!(cap(Some(-1)).await.expect("asked"), refused(PersonField::Cap, why));
        for (change, field, why) in [
            (
                UserEdit { name: Some(" ".into()), ..nothing.clone() },
                PersonField::Name,
                "the user needs a name".to_owned(),
            ),
            (
                UserEdit {
                    email: mail(&format!("BEN@company{company}.example")),
                    name: Some("Eve".into()),
                    ..nothing.clone()
                },
                PersonField::Email,
                format!("there is a user with the e-mail BEN@company{company}.example already"),
            ),
            (
                role("Boss"),
                PersonField::Role,
                "there is no role \"Boss\"; the roles are Company Admin, Manager, Agent".into(),
            ),
        ] {
            assert_eq!(edit(&office, "Asha", change).await, refused(field, &why));
        }
        assert_eq!(describe(&office, "Asha").await, before, "a refusal changes nothing");
        let nobody = edit_user(&office.store, company, UserId(9_999), nothing.clone()).await;
        assert_eq!(nobody.expect("asked"), PersonSaved::NotFound);
        // Another company's people are nobody here.
        let other = Office::open(&database, "Zoe").await;
        let theirs = edit_user(&office.store, company, other.people["Zoe"], role("Manager")).await;
        assert_eq!(theirs.expect("asked"), PersonSaved::NotFound);
    });
}

#[test]
fn r13_a_company_always_keeps_one_active_admin() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha; Ann Admin; Bob Admin").await;
        assert_eq!(ban(&office, "Bob").await, PersonSaved::Done);
        assert_eq!(ban(&office, "Ann").await, refused(PersonField::Ban, LAST_ADMIN));
        assert_eq!(edit(&office, "Ann", role("Agent")).await, refused(PersonField::Role, LAST_ADMIN));
        assert!(describe(&office, "Ann").await.ends_with("Company Admin - - None"));
        // Whoever is no admin may go, and with another active admin she may, too.
        assert_eq!(ban(&office, "Asha").await, PersonSaved::Done);
        let unbanned = unban_user(&office.store, office.company.id, office.people["Bob"]).await;
        assert_eq!(unbanned.expect("asked"), PersonSaved::Done);
        assert_eq!(edit(&office, "Ann", role("Agent")).await, PersonSaved::Done);
        assert_eq!(ban(&office, "Bob").await, refused(PersonField::Ban, LAST_ADMIN));
    });
}

/// Two admins who throw each other out at the same moment: one of them stays.
#[test]
fn r13_two_admins_cannot_ban_each_other() {
    on_both(|database| async move {
        for _ in 0..10 {
            let office = Office::open(&database, "Ann Admin; Bob Admin").await;
            let (ann, bob) = tokio::join!(ban(&office, "Ann"), ban(&office, "Bob"));
            let done = [&ann, &bob].into_iter().filter(|saved| **saved == PersonSaved::Done).count();
            assert_eq!(done, 1, "{ann:?} {bob:?}");
        }
    });
}

#[test]
fn r16_a_ban_ends_every_session_at_once_and_takes_no_lead() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha cap 9; Ben; Boss Admin").await;
        let office = office.with("Lea Missed of Asha; 4 Unassigned").await;
        let other = Office::open(&database, "Zoe").await;
        for (office, who, token) in
            [(&office, "Asha", "a1"), (&office, "Asha", "a2"), (&office, "Ben", "b1"), (&other, "Zoe", "z1")]
        {
            // Tokens are unique over the whole installation.
            let token: &'static str = Box::leak(format!("{token} {}", office.company.id).into_boxed_str());
            sign_in(office, who, token).await;
        }
        let mut changes = office.store.changes();
        assert_eq!(ban(&office, "Asha").await, PersonSaved::Done);
        assert_eq!(sessions(&office).await, format!("b1 {}", office.company.id));
        assert_eq!(sessions(&other).await, format!("z1 {}", other.company.id));
        while !changes.next().await.expect("open").concerns(office.company.id, store::changes::Topic::People)
        {
        }
        assert_eq!(office.places().await, "Lea Asha Missed");
        let office = office.deals(&["Unassigned", "Missed"], allot::Strategy::EqualShares).await;
        office.run().await;
        assert_eq!(office.held().await, "Asha 1, Ben 4");
        // Banned once more, it is still the first ban; lifted, they receive again.
        assert_eq!(ban(&office, "Asha").await, PersonSaved::Done);
        let unbanned = unban_user(&office.store, office.company.id, office.people["Asha"]).await;
        assert_eq!(unbanned.expect("asked"), PersonSaved::Done);
        assert!(!describe(&office, "Asha").await.contains("banned"));
        let nobody = ban_user(&office.store, office.company.id, UserId(9_999), Viewer::Operator, NOW).await;
        assert_eq!(nobody.expect("asked"), PersonSaved::NotFound);
    });
}

#[test]
fn r16_passwords_and_what_ends_with_them() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha; Boss Admin").await;
        let (store, company, asha) = (&office.store, office.company.id, office.people["Asha"]);
        let verify = |password| verify_password(store, company, asha, password);
        assert!(!verify("correct horse").await.expect("worked on"), "no password yet");
        for token in ["here", "there"] {
            sign_in(&office, "Asha", Box::leak(format!("{token} {company}").into_boxed_str())).await;
        }
        let short = set_password(store, company, asha, "short", None).await.expect("asked");
        let why = "a password has at least 8 characters; this one is shorter";
        assert_eq!(short, refused(PersonField::Password, why));
        let here = Some(format!("here {company}"));
        let set = set_password(store, company, asha, "correct horse", here.clone().map(TokenHash)).await;
        assert_eq!(set.expect("asked"), PersonSaved::Done);
        assert_eq!(Some(sessions(&office).await), here);
        assert!(verify("correct horse").await.expect("worked on"));
        assert!(!verify("wrong horse").await.expect("worked on"));
        let nobody = verify_password(store, company, UserId(9_999), "correct horse").await;
        assert!(!nobody.expect("worked on"));
        // With what else is changed at the same time, or not at all.
        let password = |text: &str| Some(NewPassword { text: text.into(), except: None });
        let both = UserEdit { cap: Some(Some(7)), password: password("short"), ..UserEdit::default() };
        let before = describe(&office, "Asha").await;
        assert_eq!(edit(&office, "Asha", both).await, refused(PersonField::Password, why));
        assert_eq!(describe(&office, "Asha").await, before, "nothing is half saved");
        let both =
            UserEdit { cap: Some(Some(-1)), password: password("battery staple"), ..UserEdit::default() };
        assert!(matches!(
            edit(&office, "Asha", both).await,
            PersonSaved::Refused { field: PersonField::Cap, .. }
        ));
        assert!(verify("correct horse").await.expect("worked on"));
        assert_eq!(Some(sessions(&office).await), here);
        let both =
            UserEdit { cap: Some(Some(7)), password: password("battery staple"), ..UserEdit::default() };
        assert_eq!(edit(&office, "Asha", both).await, PersonSaved::Done);
        assert!(verify("battery staple").await.expect("worked on"));
        assert_eq!(sessions(&office).await, "", "signed out everywhere");
        set_password(store, company, asha, "correct horse", None).await.expect("set");
        sign_in(&office, "Asha", Box::leak(format!("here {company}").into_boxed_str())).await;
        // The password stays with the person when the e-mail changes.
        let email = Email::parse("new@acme.example").ok();
        edit(&office, "Asha", UserEdit { email, ..UserEdit::default() }).await;
        assert!(verify("correct horse").await.expect("worked on"));
        assert_eq!(end_sessions(store, company, asha).await.expect("ended"), 1);
        ban(&office, "Asha").await;
        assert!(!verify("correct horse").await.expect("worked on"), "banned");
    });
}

#[test]
fn r25_a_person_saves_with_their_own_password() {
    on_both(|database| async move {
        let office = Office::open(&database, "Ann Admin; Bob Admin").await;
        let (store, company) = (&office.store, office.company.id);
        set_password(store, company, office.people["Ann"], "correct horse", None).await.expect("set");
        set_password(store, company, office.people["Bob"], "other horses", None).await.expect("set");
        let ann = office.viewer("Ann").await;
        let save = |own_password: Option<&str>| {
            let own_password = own_password.map(str::to_owned);
            let change = Change { enabled: Some(true), own_password, ..Change::default() };
            save_job(store, company, Job::Assignment, change, ann, NOW)
        };
        for password in [None, Some(""), Some("other horses")] {
            let told = save(password).await.expect_err("refused");
            assert_eq!(told.to_string(), WRONG_PASSWORD);
        }
        let mut reader = store.read().await.expect("a reader");
        let settings =
            store::jobs::settings(reader.session(), company, Job::Assignment, &office.statuses).await;
        assert!(!settings.expect("read").enabled);
        drop(reader);
        assert!(save(Some("correct horse")).await.expect("saved").settings.enabled);
    });
}

/// Whoever came last to the company is found by name like the others, and who is ticked stays in sight.
#[test]
fn r15_agents_are_offered_by_name_and_the_chosen_ones_first() {
    on_both(|database| async move {
        let office = Office::open(&database, "Zoe; Ben; Cara; Asha").await;
        let zoe = [office.people["Zoe"]];
        for (chosen, search, expect) in [
            (&[][..], None, "Asha Ben"),
            (&zoe[..], None, "Zoe Asha"),
            (&zoe[..], Some("be"), "Zoe Ben"),
            (&[][..], Some("c"), "Cara"),
        ] {
            let mut reader = office.store.read().await.expect("a reader");
            let (session, company) = (reader.session(), office.company.id);
            let found = agents::offered(session, company, Among::All, chosen, search, 2).await.expect("read");
            let names: Vec<String> = found.into_iter().map(|agent| agent.name).collect();
            assert_eq!(names.join(" "), expect, "{search:?}");
        }
    });
}
