//! Signing in and out, the first run, and what is remembered in between (R13, R16).

use crate::house::{PASSWORD, TOKEN, email_of, on_both, on_both_empty};
use actions::{
    add_user::{NewUser, add_user},
    create_company::{NewCompany, create_company},
};
use domain::{email::Email, phone::Country};

#[test]
fn whoever_signs_in_gets_to_where_they_wanted() {
    on_both(|house| async move {
        let visitor = house.visitor();
        let sent_away = visitor.get("/leads?sort=name").await;
        assert_eq!(
            (sent_away.status, sent_away.location()),
            (303, Some("/sign-in?next=%2Fleads%3Fsort%3Dname"))
        );
        let form = visitor.get(sent_away.location().expect("a way")).await;
        assert!(form.body.contains(r#"name="next" value="/leads?sort=name""#), "{}", form.body);

        let asha = email_of("Asha");
        let sent = [("email", &*asha), ("password", "wrong horse"), ("next", "/leads?sort=name")];
        let refused = visitor.post("/sign-in", &sent).await;
        assert_eq!(refused.status, 422);
        refused.says("The e-mail or the password is wrong.");
        assert!(
            refused.body.contains(&format!(r#"value="{asha}""#)),
            "what was typed is kept: {}",
            refused.body
        );
        assert!(!refused.body.contains("wrong horse"), "but for the password");

        let sent = [("email", &*asha), ("password", PASSWORD), ("next", "/leads?sort=name")];
        let welcome = visitor.post("/sign-in", &sent).await;
        assert_eq!((welcome.status, welcome.location()), (303, Some("/leads?sort=name")));
        let cookie = welcome.header("set-cookie").expect("a session");
        for rule in ["HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(rule), "{cookie}");
        }
        assert_eq!(visitor.get("/leads").await.status, 200);
        assert_eq!(visitor.get("/sign-in").await.location(), Some("/"), "who is in is not asked again");
    });
}

#[test]
fn a_sign_out_ends_the_session_itself_and_not_only_the_cookie() {
    on_both(|house| async move {
        let asha = house.signed_in("Asha").await;
        let another = asha.swapping();
        assert_eq!(asha.post("/sign-out", &[]).await.location(), Some("/sign-in"));
        assert_eq!(asha.get("/tasks").await.location(), Some("/sign-in?next=%2Ftasks"));
        let swap = another.get("/tasks").await;
        assert_eq!(
            (swap.status, swap.header("hx-redirect")),
            (401, Some("/sign-in")),
            "the token is worth nothing"
        );
    });
}

#[test]
fn everybody_starts_where_their_work_is() {
    on_both(|house| async move {
        for (name, start) in [("Admin", "/leads"), ("Mira", "/leads"), ("Asha", "/dashboard")] {
            assert_eq!(house.signed_in(name).await.get("/").await.location(), Some(start), "{name}");
        }
    });
}

#[test]
fn r16_a_banned_user_is_out_at_once_and_not_let_in() {
    on_both(|house| async move {
        let (admin, asha) = (house.signed_in("Admin").await, house.signed_in("Asha").await);
        let page = format!("/users/{}", house.user("Asha"));
        let told = admin.does(&format!("{page}/ban"), &[("banned", "yes")]).await;
        told.says("Asha is banned and signed out everywhere.");
        assert_eq!(asha.get("/tasks").await.location(), Some("/sign-in?next=%2Ftasks"));
        let refused = asha.post("/sign-in", &[("email", &email_of("Asha")), ("password", PASSWORD)]).await;
        assert_eq!(refused.status, 422);
        refused.says("You cannot sign in at present.");

        admin.does(&format!("{page}/ban"), &[("banned", "no")]).await.says("Asha may sign in again.");
        house.signed_in("Asha").await;
    });
}

#[test]
fn an_e_mail_of_two_companies_is_asked_which() {
    on_both(|house| async move {
        let new = NewCompany {
            name: "Beta".into(),
            country: Country::from_code("GB").expect("a country"),
            zone: "Europe/London".parse().expect("a zone"),
            admin_email: Email::parse("boss@beta.example").expect("an e-mail"),
            admin_password: PASSWORD.into(),
        };
        let (beta, _) = create_company(&house.store, new, crate::house::NOW).await.expect("made");
        let asha = NewUser {
            name: "Asha of Beta".into(),
            email: Email::parse(&email_of("Asha")).expect("an e-mail"),
            role: "Agent".into(),
            cap: None,
            branch: None,
            department: None,
            password: Some(PASSWORD.into()),
        };
        add_user(&house.store, beta, asha, crate::house::NOW).await.expect("added");

        let visitor = house.visitor();
        let sent = [("email", &*email_of("Asha")), ("password", PASSWORD), ("next", "/account")];
        let which = visitor.post("/sign-in", &sent).await;
        assert_eq!((which.status, which.header("cache-control")), (200, Some("no-store")));
        which.says("Which company? Acme");
        let beta = which.body.split(r#"name="company" value=""#).nth(2).expect("two companies");
        let beta = beta.split('"').next().expect("a value");
        let chosen = visitor.post("/sign-in/company", &[("company", beta), ("next", "/account")]).await;
        assert_eq!(chosen.location(), Some("/account"));
        let account = visitor.get("/account").await;
        account.says("Asha of Beta");
        account.says("Company Beta");
    });
}

#[test]
fn passwords_cannot_be_tried_without_end() {
    on_both(|house| async move {
        let visitor = house.visitor();
        let email = email_of("Nobody");
        for _ in 0..10 {
            visitor.post("/sign-in", &[("email", &email), ("password", "guess")]).await.says("is wrong.");
        }
        visitor.post("/sign-in", &[("email", &email), ("password", "guess")]).await.says("Too many tries");
        house.signed_in("Asha").await;
    });
}

#[test]
fn a_password_is_changed_with_the_old_one_and_ends_the_other_sessions() {
    on_both(|house| async move {
        let (here, elsewhere) = (house.signed_in("Asha").await, house.signed_in("Asha").await);
        let refused = here.post("/account/password", &[("old", "wrong"), ("new", "battery staple")]).await;
        assert_eq!(refused.status, 422);
        refused.says("This is not your password.");
        let short = here.post("/account/password", &[("old", PASSWORD), ("new", "short")]).await;
        assert_eq!(short.status, 422, "{}", short.text());
        here.does("/account/password", &[("old", PASSWORD), ("new", "battery staple")])
            .await
            .says("Your password is changed.");
        assert_eq!(elsewhere.get("/account").await.status, 303, "signed out there");
        let sent = [("email", &*email_of("Asha")), ("password", "battery staple")];
        assert_eq!(house.visitor().post("/sign-in", &sent).await.status, 303);
    });
}

#[test]
fn the_first_run_wants_its_token_makes_the_company_and_closes() {
    on_both_empty(|house| async move {
        let visitor = house.visitor();
        assert_eq!(visitor.get("/leads").await.location(), Some("/sign-in?next=%2Fleads"));
        assert_eq!(visitor.get("/sign-in").await.location(), Some("/first-run"));
        visitor.get("/first-run").await.says("The database is empty.");
        let sent = |token, zone| {
            [
                ("token", token),
                ("company", "Acme"),
                ("country", "IN"),
                ("zone", zone),
                ("email", "boss@acme.example"),
                ("password", PASSWORD),
            ]
        };
        for (token, zone, why) in [
            ("WRNG-EFGH-JKLM-NPQR", "Asia/Kolkata", "This is not the token"),
            (TOKEN, "Asia/Atlantis", "Atlantis"),
        ] {
            let refused = visitor.post("/first-run", &sent(token, zone)).await;
            assert_eq!(refused.status, 422);
            refused.says(why);
            assert!(refused.body.contains(r#"value="boss@acme.example""#), "what was typed is kept");
            assert!(!refused.body.contains(PASSWORD), "but for the password");
        }
        let made = visitor.post("/first-run", &sent(TOKEN, "Asia/Kolkata")).await;
        assert_eq!((made.status, made.location()), (303, Some("/leads")));
        visitor.get("/leads").await.says("No leads yet");
        let again = house.visitor().post("/first-run", &sent(TOKEN, "Asia/Kolkata")).await;
        assert_eq!(again.location(), Some("/sign-in"), "it opens once");
    });
}
