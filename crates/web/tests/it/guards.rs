//! What holds for every address: where requests may come from, what browsers are told, what is said when nothing is
//! there.

use crate::house::on_both;
use axum::body::Body;
use http::header;

#[test]
fn a_form_of_another_site_is_refused_and_changes_nothing() {
    on_both(|house| async move {
        let mira = house.signed_in("Mira").await;
        let lead = house.lead("Lea", None).await;
        let (_, _, version) = house.look(lead).await;
        let form = format!("agent={}&version={version}", house.user("Asha"));
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://elsewhere.example"),
        ] {
            let mut request = mira
                .request("POST", &format!("/leads/{lead}/assignment"))
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::from(form.clone()))
                .expect("a request");
            request.headers_mut().remove("sec-fetch-site");
            request.headers_mut().insert(name, value.parse().expect("a value"));
            assert_eq!(mira.send(request).await.status, 403, "{name}: {value}");
        }
        assert_eq!(house.look(lead).await, (None, "Unassigned".into(), version));
        let told = mira
            .does(
                &format!("/leads/{lead}/assignment"),
                &[("agent", &house.user("Asha").to_string()), ("version", &version.to_string())],
            )
            .await;
        told.says("Assigned to Asha.");
    });
}

#[test]
fn every_answer_says_what_browsers_may_do_with_it() {
    on_both(|house| async move {
        let mira = house.signed_in("Mira").await;
        let sheet = mira.get("/leads").await;
        let sheet = sheet.body.split(r#"rel="stylesheet" href=""#).nth(1).expect("a style sheet");
        let sheet = sheet.split('"').next().expect("an address").to_owned();
        for path in ["/leads", "/sign-in", "/nowhere", "/users/new", "/health", "/kit", &sheet] {
            let answer = mira.get(path).await;
            let policy = answer.header("content-security-policy").unwrap_or_default().to_owned();
            for part in
                ["default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "form-action 'self'"]
            {
                assert!(policy.contains(part), "{path}: {policy}");
            }
            assert!(!policy.contains("unsafe"), "{path}: {policy}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
            assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{path}");
        }
        assert_eq!(mira.get("/leads").await.header("cache-control"), Some("no-store"));
        let kept = mira.get(&sheet).await;
        assert!(
            kept.header("cache-control").is_some_and(|rule| rule.contains("immutable")),
            "assets are kept"
        );
    });
}

#[test]
fn pages_have_nothing_inline_that_the_policy_forbids() {
    on_both(|house| async move {
        house.lead("Lea", Some("Asha")).await;
        let admin = house.signed_in("Admin").await;
        for path in [
            "/leads",
            "/leads/1",
            "/users",
            "/users/new",
            "/imports",
            "/runs",
            "/settings/configurations",
            "/account",
            "/sign-in",
            "/kit",
        ] {
            let page = admin.get(path).await.body;
            for forbidden in [" style=", "<style", " onclick=", " onload=", "javascript:", "hx-on"] {
                assert!(!page.contains(forbidden), "{path} has {forbidden}");
            }
            for script in page.split("<script").skip(1) {
                assert!(script.starts_with(" src="), "{path}: a script of its own: {script:.80}");
            }
        }
    });
}

#[test]
fn where_nothing_is_a_page_says_so_and_a_swap_gets_a_toast() {
    on_both(|house| async move {
        let mira = house.signed_in("Mira").await;
        for path in [
            "/nowhere",
            "/leads/999999",
            "/runs/999999",
            "/users/999999",
            "/imports/999999",
            "/imports/999999/errors.csv",
        ] {
            let answer = house.signed_in("Admin").await.get(path).await;
            assert_eq!(answer.status, 404, "{path}");
            answer.says("There is nothing here, or it is not yours to see.");
            answer.says("Go to the start page");
        }
        let swap = mira.swapping().get("/leads/999999").await;
        assert_eq!((swap.status, swap.header("hx-reswap")), (404, Some("none")), "the page stays as it is");
        assert!(swap.body.starts_with(r#"<div id="toasts">"#), "{}", swap.body);
        assert_eq!(mira.get("/leads/not-a-number").await.status, 404);
    });
}

#[test]
fn health_is_told_without_signing_in() {
    on_both(|house| async move {
        let answer = house.visitor().get("/health").await;
        assert_eq!((answer.status, &*answer.body), (200, "ok\n"));
    });
}

#[test]
fn what_is_typed_never_becomes_markup() {
    on_both(|house| async move {
        let lead = house.lead("<script>alert(1)</script>", Some("Asha")).await;
        let asha = house.signed_in("Asha").await;
        asha.does(&format!("/leads/{lead}/notes"), &[("note", "<img src=x onerror=alert(2)>")]).await;
        for path in ["/leads", "/tasks", "/dashboard", &format!("/leads/{lead}"), "/leads?q=%3Cscript%3E"] {
            let page = asha.get(path).await.body;
            assert!(!page.contains("<script>alert") && !page.contains("<img src=x"), "{path}");
        }
    });
}

#[test]
fn what_was_said_is_said_once() {
    on_both(|house| async move {
        let admin = house.signed_in("Admin").await;
        let told =
            admin.does("/users", &[("name", "Dev"), ("email", "dev@acme.example"), ("role", "Agent")]).await;
        told.says("Dev is added.");
        admin.get("/users").await.does_not_say("Dev is added.");
    });
}
