//! One's own account: where one is signed in, and the password.

use crate::{
    error::Result,
    frame::{self, Item, Visit},
    links,
    parts::{
        Button, Field, Toast, Tone,
        data::{heading, terms},
        users::{SessionRow, sessions as session_list},
    },
    signed_in::SignedIn,
    site::Site,
    words::{moment, sentence},
};
use actions::{edit_user::PersonSaved, set_password, sign_in};
use axum::{
    Form,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use maud::html;
use serde::Deserialize;
use std::sync::Arc;
use store::sessions;

/// The page.
pub async fn page(State(site): State<Arc<Site>>, who: SignedIn, visit: Visit) -> Result<Response> {
    shown(&site, &who, &visit, None, None).await
}

async fn shown(
    site: &Site,
    who: &SignedIn,
    visit: &Visit,
    old_refused: Option<&str>,
    new_refused: Option<&str>,
) -> Result<Response> {
    let open =
        sessions::of_user(site.store.read().await?.session(), who.company.id, who.user, who.now).await?;
    let this = who.token.hash();
    let rows: Vec<SessionRow> = open
        .iter()
        .map(|one| SessionRow {
            browser: browser_name(&one.browser),
            seen: moment(one.seen_at, who.now, &who.zone),
            since: moment(one.created_at, who.now, &who.zone),
            this: one.token == this,
            // The hash opens nothing, so it may stand in a page.
            end: format!("{}?session={}", links::account_sessions(), one.token.0),
        })
        .collect();
    let main = html! {
        (heading("Your account", None, &html! {}))
        section.card.form {
            (terms(&[
                ("Name".into(), html! { (who.name) }),
                ("E-mail".into(), html! { (who.email) }),
                ("Role".into(), html! { (who.role) }),
                ("Company".into(), html! { (who.company.name) }),
            ]))
        }
        form.card.form method="post" action=(links::account_password()) {
            h2 { "Password" }
            div.fields {
                (Field::password("old", "Your present password").error(old_refused).required())
                (Field::password("new", "The new one").hint("At least 8 characters. You are signed out everywhere else.")
                    .autocomplete("new-password").error(new_refused).required())
            }
            div.actions { (Button::primary("Change password")) }
        }
        (session_list(&rows, Some(links::account_sessions())))
    };
    let page = frame::page(visit, who, Item::None, "Your account", &main);
    let is_refused = old_refused.is_some() || new_refused.is_some();
    Ok(if is_refused { (StatusCode::UNPROCESSABLE_ENTITY, page).into_response() } else { page })
}

/// Another password.
#[derive(Deserialize)]
pub struct Passwords {
    old: String,
    new: String,
}

/// Changes one's own password, and signs out everywhere else.
pub async fn change_password(
    State(site): State<Arc<Site>>,
    who: SignedIn,
    visit: Visit,
    Form(sent): Form<Passwords>,
) -> Result<Response> {
    if !site.may_try_again(who.user) {
        return shown(&site, &who, &visit, Some("Too many tries. Wait a minute and try again."), None).await;
    }
    let _turn = site.turn_for_a_check().await?;
    let company = who.company.id;
    if !set_password::verify_password(&site.store, company, who.user, &sent.old).await? {
        return shown(&site, &who, &visit, Some("This is not your password."), None).await;
    }
    let except = Some(who.token.hash());
    match set_password::set_password(&site.store, company, who.user, &sent.new, except).await {
        Ok(PersonSaved::Refused { why, .. }) | Err(actions::Error::Refused(why)) => {
            shown(&site, &who, &visit, None, Some(&sentence(&why))).await
        }
        Ok(_) => {
            Ok(frame::go_on_saying(links::account(), &Toast::new(Tone::Success, "Your password is changed.")))
        }
        Err(error) => Err(error.into()),
    }
}

/// Which session.
#[derive(Deserialize)]
pub struct Ending {
    session: Option<String>,
}

/// Ends one of one's own sessions, or all others.
pub async fn end_sessions(
    State(site): State<Arc<Site>>,
    who: SignedIn,
    Query(ending): Query<Ending>,
) -> Result<Response> {
    sign_in::end_own_sessions(&site.store, who.company.id, who.user, &who.token, ending.session).await?;
    Ok(frame::go_on_saying(links::account(), &Toast::new(Tone::Success, "Signed out there.")))
}

/// `Firefox on Linux`, from what browsers say at length.
pub fn browser_name(agent: &str) -> String {
    let has = |word: &str| agent.contains(word);
    let browser = [
        ("Edg", "Edge"),
        ("OPR", "Opera"),
        ("Firefox", "Firefox"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    ]
    .into_iter()
    .find(|(word, _)| has(word))
    .map(|(_, name)| name);
    let system = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "Mac"),
        ("Linux", "Linux"),
    ]
    .into_iter()
    .find(|(word, _)| has(word))
    .map(|(_, name)| name);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => "A browser".to_owned(),
    }
}
