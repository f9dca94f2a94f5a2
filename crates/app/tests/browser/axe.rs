//! Every page, wide and narrow, light and dark, has no barrier that axe can find (WCAG 2.2 AA).

use crate::{
    driver::Window,
    stage::{Stage, on_one},
};
use sha2::{Digest as _, Sha256};

const AXE: &str = include_str!("vendor/axe-core/axe.min.js");
const AXE_SHA_256: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";

/// Runs axe when the page has come to rest, and answers a sentence for each barrier.
const LOOK: &str = "
    const done = arguments[0];
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    const frame = () => new Promise(requestAnimationFrame);
    const rest = () => Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
    frame().then(frame).then(rest)
        .then(() => axe.run(document, { runOnly: tags, resultTypes: ['violations'] }))
        .then(({ violations }) => done(violations.flatMap(({ id, nodes }) =>
            nodes.map(({ target, failureSummary }) => `${id} at ${target}: ${failureSummary}`))))
        .catch((error) => done([`axe failed: ${error}`]));
";

/// A laptop and a phone.
const SIZES: [(u32, u32); 2] = [(1440, 900), (390, 844)];

#[test]
fn axe_is_the_version_that_is_said() {
    let mut hash = String::new();
    for byte in Sha256::digest(AXE) {
        hash.push_str(&format!("{byte:02x}"));
    }
    assert_eq!(hash, AXE_SHA_256);
    assert!(include_str!("vendor/README.md").contains(&hash), "the table beside it says another hash");
}

#[test]
fn axe_finds_nothing_in_the_kit() {
    on_one(|stage| async move {
        let window = stage.window().await;
        let samples = web::pages::kit::SAMPLES.iter().map(|(name, _)| format!("/kit/{name}"));
        let pages: Vec<String> = std::iter::once("/kit".to_owned()).chain(samples).collect();
        look(&window, &pages).await;
    });
}

#[test]
fn axe_finds_nothing_in_the_pages_of_an_admin() {
    on_one(|stage| async move {
        let admin = stage.window_of("Admin").await;
        let pages = with_leads(&stage, &admin).await;
        look(&admin, &pages).await;
    });
}

#[test]
fn axe_finds_nothing_in_the_pages_of_an_agent_and_at_the_doors() {
    on_one(|stage| async move {
        stage.lead("Lea", 1, Some("Asha")).await;
        let asha = stage.window_of("Asha").await;
        let pages =
            ["/dashboard", "/tasks", "/leads", "/leads/1", "/customers", "/account", "/nowhere", "/users"];
        look(&asha, &pages.map(str::to_owned)).await;
        let nobody = stage.window().await;
        look(&nobody, &["/sign-in".to_owned()]).await;
    });
}

/// The pages of an admin, with something on each.
async fn with_leads(stage: &Stage, admin: &Window) -> Vec<String> {
    for (number, name) in ["Lea", "Leo", "Lin"].into_iter().enumerate() {
        stage.lead(name, number as u32, None).await;
    }
    let file = tempfile::Builder::new().suffix(".csv").tempfile().expect("a file");
    std::fs::write(file.path(), "Name,Phone,Shoe size\nMax,9876512345,43\nMia,12,36\n").expect("written");
    let mut pages = Vec::new();
    admin.goes_to("/imports").await;
    admin.uploads("input[type=file]", file.path()).await;
    admin.presses(".upload button").await;
    admin.finds(".import-preview").await;
    // The preview is looked at before the file is imported, since it is gone then.
    look(admin, &[admin.path().await]).await;
    admin.presses(".import-preview button[data-weight=primary]").await;
    admin.reads("1 lead imported").await;
    pages.push(admin.path().await);
    admin.goes_to("/settings/jobs/assignment/run").await;
    admin.presses(".dialog-body form button[data-weight=primary]").await;
    admin.finds("#assignment-last-run [data-state=done] a").await;
    let run =
        admin.finds("#assignment-last-run [data-state=done] a").await.attr("href").await.expect("asked");
    pages.extend(run);
    let fixed = [
        "/leads",
        "/leads?q=nobody+has+this+name",
        "/leads/1",
        "/leads/1/fields",
        "/leads/new",
        "/customers",
        "/imports",
        "/runs",
        "/users",
        "/users/new",
        "/settings/configurations",
        "/settings/jobs/assignment/preview",
        "/settings/jobs/assignment/run",
        "/leads/1/why",
        "/account",
    ];
    pages.extend(fixed.map(str::to_owned));
    pages.push(format!("/users/{}", stage.user("Asha")));
    pages
}

/// Looks at each page in every size and colour scheme; complains of all at once.
async fn look(window: &Window, pages: &[String]) {
    let mut found = Vec::new();
    for (width, height) in SIZES {
        for scheme in ["light", "dark"] {
            // Before the page is loaded: a change of scheme under a page leaves the browser with colours of both.
            window.looks_like(width, height, scheme).await;
            for page in pages {
                window.goes_to(page).await;
                window.script(AXE).await;
                let violations = window.script_until_done(LOOK).await;
                let violations = violations.as_array().expect("a list");
                found.extend(violations.iter().map(|what| format!("{page} at {width} px, {scheme}: {what}")));
            }
        }
    }
    assert!(found.is_empty(), "{} barriers:\n{}", found.len(), found.join("\n"));
}
