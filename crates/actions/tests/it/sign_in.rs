//! Signing in and out: R16, and an e-mail that belongs to several companies.

use crate::office::{NOW, on_both};
use actions::{
    create_company::{NewCompany, create_company},
    set_password::set_password,
    sign_in::{self, IDLE_DAYS, SignIn, SignInAnswer, Token, choose_company, sign_out, who},
};
use domain::{email::Email, ids::CompanyId, ids::UserId, time::Moment};
use std::sync::atomic::{AtomicU8, Ordering};
use store::{Store, sessions, users};

const MINUTE: i64 = 60_000;

async fn company(store: &Store, name: &str, password: &str) -> (CompanyId, UserId) {
    let new = NewCompany {
        name: name.into(),
        country: domain::phone::Country::from_code("IN").expect("a country"),
        zone: "Asia/Kolkata".parse().expect("a zone"),
        admin_email: Email::parse("boss@acme.example").expect("an e-mail"),
        admin_password: password.into(),
    };
    create_company(store, new, NOW).await.expect("made")
}

async fn sign_in(store: &Store, email: &str, password: &str) -> SignInAnswer {
    static NUMBER: AtomicU8 = AtomicU8::new(0);
    let who =
        SignIn { email: email.into(), password: password.into(), browser: "a browser".into(), now: NOW };
    let random = || Ok([NUMBER.fetch_add(1, Ordering::Relaxed); 32]);
    sign_in::sign_in(store, who, &random).await.expect("an answer")
}

async fn seen_at(store: &Store, token: &Token) -> Moment {
    let mut reader = store.read().await.expect("a reader");
    sessions::find(reader.session(), &token.hash(), NOW).await.expect("read").expect("a session").seen_at
}

fn after(minutes: i64) -> Moment {
    Moment(NOW.0 + minutes * MINUTE)
}

#[test]
fn only_the_right_password_opens_and_the_session_ends_when_it_should() {
    on_both(|database| async move {
        let store = &database.store;
        company(store, "Acme", "correct horse").await;
        for (email, password) in [
            ("boss@acme.example", "wrong horse"),
            ("boss@acme.example", ""),
            ("nobody@acme.example", "correct horse"),
        ] {
            assert_eq!(sign_in(store, email, password).await, SignInAnswer::Wrong, "{email} {password}");
        }
        let SignInAnswer::In(token) = sign_in(store, "BOSS@acme.example ", "correct horse").await else {
            panic!("the right password opens");
        };
        let found = who(store, &token, after(1)).await.expect("read").expect("signed in");
        assert_eq!((found.company.name.as_str(), found.role.as_str()), ("Acme", "Company Admin"));

        // Used now and then it stays open; left alone it ends.
        let day = 24 * 60;
        assert!(who(store, &token, after(20 * day)).await.expect("read").is_some());
        // That it was used is written down by itself, soon.
        while seen_at(store, &token).await < after(20 * day) {
            tokio::task::yield_now().await;
        }
        assert!(who(store, &token, after((20 + IDLE_DAYS) * day - 1)).await.expect("read").is_some());
        assert!(who(store, &token, after(200 * day)).await.expect("read").is_none());

        sign_out(store, &token).await.expect("signed out");
        assert!(who(store, &token, after(1)).await.expect("read").is_none());
        let forged = Token::from_text(&"0".repeat(64)).expect("a token in form");
        assert!(who(store, &forged, after(1)).await.expect("read").is_none());
    });
}

#[test]
fn an_e_mail_of_several_companies_is_asked_which_where_the_password_fits_several() {
    on_both(|database| async move {
        let store = &database.store;
        company(store, "Acme", "correct horse").await;
        company(store, "Brook", "correct horse").await;
        company(store, "Crane", "another horse").await;
        let SignInAnswer::In(token) = sign_in(store, "boss@acme.example", "another horse").await else {
            panic!("only one company has this password");
        };
        let found = who(store, &token, after(1)).await.expect("read").expect("signed in");
        assert_eq!(found.company.name, "Crane");

        let SignInAnswer::Which(choice) = sign_in(store, "boss@acme.example", "correct horse").await else {
            panic!("two companies have this password");
        };
        let names: Vec<&str> = choice.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Acme", "Brook"]);
        let (taken, left) = (&choice[1].1, &choice[0].1);
        assert!(choose_company(store, taken, after(4)).await.expect("chosen"));
        let found = who(store, taken, after(60)).await.expect("read").expect("signed in");
        assert_eq!(found.company.name, "Brook");
        assert!(!choose_company(store, left, after(6)).await.expect("an answer"), "too late");
        assert!(who(store, left, after(6)).await.expect("read").is_none());
    });
}

#[test]
fn r16_a_banned_user_cannot_sign_in_and_is_out_at_once() {
    on_both(|database| async move {
        let store = &database.store;
        let (company, boss) = company(store, "Acme", "correct horse").await;
        let SignInAnswer::In(token) = sign_in(store, "boss@acme.example", "correct horse").await else {
            panic!("the right password opens");
        };
        let ban =
            move |at| store.write(move |session| Box::pin(users::set_ban(session, company, boss, at, None)));
        ban(Some(NOW)).await.expect("banned");
        assert!(who(store, &token, after(1)).await.expect("read").is_none());
        assert_eq!(sign_in(store, "boss@acme.example", "correct horse").await, SignInAnswer::Banned);
        assert_eq!(sign_in(store, "boss@acme.example", "wrong horse").await, SignInAnswer::Wrong);
        ban(None).await.expect("the ban is lifted");
        assert!(matches!(sign_in(store, "boss@acme.example", "correct horse").await, SignInAnswer::In(_)));
    });
}

/// The password is checked first, which takes its time; what happened meanwhile counts.
#[test]
fn r16_a_ban_or_another_password_in_the_middle_of_signing_in_keeps_out() {
    on_both(|database| async move {
        let store = &database.store;
        let (company, boss) = company(store, "Acme", "correct horse").await;
        let who = |number| SignIn {
            email: "Boss@acme.example".into(),
            password: "correct horse".into(),
            browser: "a browser".into(),
            now: Moment(NOW.0 + number),
        };
        // The token is made after the check and before the session is opened.
        let meanwhile = |work: &dyn Fn()| {
            work();
            Ok([200; 32])
        };
        let wait = |work: std::pin::Pin<Box<dyn Future<Output = ()> + '_>>| {
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work));
        };
        let ban =
            move |at| store.write(move |session| Box::pin(users::set_ban(session, company, boss, at, None)));
        let banned =
            || meanwhile(&|| wait(Box::pin(async { assert!(ban(Some(NOW)).await.expect("banned")) })));
        let answer = sign_in::sign_in(store, who(1), &banned).await.expect("an answer");
        assert_eq!(answer, SignInAnswer::Wrong);
        ban(None).await.expect("the ban is lifted");
        let token = Token::from_random([200; 32]);
        assert!(sign_in::who(store, &token, after(1)).await.expect("read").is_none(), "nor afterwards");

        let changed = || {
            meanwhile(&|| {
                wait(Box::pin(async {
                    set_password(store, company, boss, "battery staple", None).await.expect("changed");
                }));
            })
        };
        let answer = sign_in::sign_in(store, who(2), &changed).await.expect("an answer");
        assert_eq!(answer, SignInAnswer::Wrong);
        assert!(sign_in::who(store, &token, after(1)).await.expect("read").is_none());
        assert!(matches!(sign_in(store, "boss@acme.example", "battery staple").await, SignInAnswer::In(_)));
    });
}

#[test]
fn sessions_of_a_user_are_listed_limited_and_can_be_ended() {
    on_both(|database| async move {
        let store = &database.store;
        let (company, boss) = company(store, "Acme", "correct horse").await;
        let mut tokens = Vec::new();
        for minute in 0..sessions::SESSIONS_MAX + 2 {
            let token = Token::from_random([100 + minute as u8; 32]);
            sign_in::sign_in_first(store, company, boss, &token, "a browser", after(minute))
                .await
                .expect("in");
            tokens.push(token);
        }
        let mut reader = store.read().await.expect("a reader");
        let open = sessions::of_user(reader.session(), company, boss, after(60)).await.expect("read");
        let seen = sessions::seen_of_all(reader.session(), company, after(60)).await.expect("read");
        assert_eq!(seen.len(), 1, "whoever is signed in, once");
        assert_eq!(seen[&boss], open[0].seen_at, "when they were here last");
        drop(reader);
        assert_eq!(open.len() as i64, sessions::SESSIONS_MAX, "the oldest had to go");
        assert_eq!(open[0].token, tokens.last().expect("some").hash(), "the last used first");
        assert!(who(store, &tokens[0], after(60)).await.expect("read").is_none());
        let keep = tokens.last().expect("some").hash();
        store
            .write(move |session| {
                Box::pin(async move { sessions::end_all(session, company, boss, Some(&keep)).await })
            })
            .await
            .expect("the others are ended");
        assert!(who(store, tokens.last().expect("some"), after(60)).await.expect("read").is_some());
        assert!(who(store, &tokens[5], after(60)).await.expect("read").is_none());
    });
}
