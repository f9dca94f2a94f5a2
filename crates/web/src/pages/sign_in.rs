//! Signing in and out, and the choice among several companies.

use crate::{
    error::{Error, Result},
    frame::{self, Visit},
    links,
    parts::{
        self,
        sign_in::{CompanyChoice, SignIn},
    },
    signed_in::{self, SignedIn},
    site::Site,
};
use actions::sign_in::{self, SignInAnswer, Token};
use axum::{
    Form,
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::CookieJar;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use std::sync::Arc;
use store::companies;

/// What the address of the sign-in page carries.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    /// Where to go afterwards.
    #[serde(default)]
    next: String,
}

/// The form.
pub async fn form(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Query(asked): Query<Asked>,
    jar: CookieJar,
) -> Result<Response> {
    if companies::list(site.store.read().await?.session(), 1).await?.is_empty() {
        return Ok(frame::go_on(links::first_run()));
    }
    if let Some(token) = signed_in::token(&jar)
        && sign_in::who(&site.store, &token, site.now()).await?.is_some()
    {
        return Ok(frame::go_on(on_this_site(&asked.next)));
    }
    let form = SignIn {
        action: links::sign_in().into(),
        email: String::new(),
        next: Some(asked.next).filter(|next| !next.is_empty()),
        refused: None,
        notice: None,
    };
    Ok(parts::bare("Sign in", visit.theme, &parts::sign_in::sign_in(&form)).into_response())
}

/// What the form sends.
#[derive(Deserialize)]
pub struct Sent {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// The form was sent.
pub async fn sign_in(
    State(site): State<Arc<Site>>,
    visit: Visit,
    jar: CookieJar,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    let refused = if site.may_try(&sent.email) {
        let _turn = site.turn_for_a_check().await?;
        let who = sign_in::SignIn {
            email: sent.email.clone(),
            password: sent.password,
            browser: browser(&headers),
            now: site.now(),
        };
        match sign_in::sign_in(&site.store, who, &*site.chance).await? {
            SignInAnswer::In(token) => {
                let jar = signed_in::remember(jar, &token, &site);
                return Ok((jar, Redirect::to(on_this_site(&sent.next))).into_response());
            }
            SignInAnswer::Which(choice) => return Ok(which(&visit, &choice, &sent.next)),
            SignInAnswer::Wrong => {
                "The e-mail or the password is wrong. Passwords tell capital letters from small ones."
            }
            SignInAnswer::Banned => "You cannot sign in at present. Ask an admin of your company.",
        }
    } else {
        "Too many tries with this e-mail. Wait a minute and try again."
    };
    let form = SignIn {
        action: links::sign_in().into(),
        email: sent.email,
        next: Some(sent.next).filter(|next| !next.is_empty()),
        refused: Some(refused.into()),
        notice: None,
    };
    let page = parts::bare("Sign in", visit.theme, &parts::sign_in::sign_in(&form));
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// The e-mail and the password fit several companies.
fn which(visit: &Visit, choice: &[(String, Token)], next: &str) -> Response {
    let companies: Vec<CompanyChoice> = choice
        .iter()
        .map(|(name, token)| CompanyChoice { value: token.as_text().into(), name: name.clone(), role: None })
        .collect();
    let hidden = [("next".to_owned(), next.to_owned())];
    let form = parts::sign_in::choose_company(links::choose_company(), &companies, &hidden);
    // The page opens sessions: nobody keeps it.
    ([(header::CACHE_CONTROL, "no-store")], parts::bare("Which company?", visit.theme, &form)).into_response()
}

/// What the choice sends.
#[derive(Deserialize)]
pub struct Chosen {
    company: String,
    #[serde(default)]
    next: String,
}

/// A company was chosen.
pub async fn choose_company(
    State(site): State<Arc<Site>>,
    jar: CookieJar,
    Form(chosen): Form<Chosen>,
) -> Result<Response> {
    let token = Token::from_text(&chosen.company).ok_or(Error::NotSignedIn)?;
    if !sign_in::choose_company(&site.store, &token, site.now()).await? {
        return Ok(frame::go_on(links::sign_in()));
    }
    let jar = signed_in::remember(jar, &token, &site);
    Ok((jar, Redirect::to(on_this_site(&chosen.next))).into_response())
}

/// Out.
pub async fn sign_out(State(site): State<Arc<Site>>, who: SignedIn, jar: CookieJar) -> Result<Response> {
    sign_in::sign_out(&site.store, &who.token).await?;
    Ok((signed_in::forget(jar), Redirect::to(links::sign_in())).into_response())
}

/// The first page of whoever is signed in.
pub async fn home(who: SignedIn) -> Response {
    frame::go_on(if who.receives { links::dashboard() } else { links::leads() })
}

/// What the browser says it is.
pub fn browser(headers: &HeaderMap) -> String {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// A way on that stays on this site, whatever somebody wrote into a link.
pub fn on_this_site(next: &str) -> &str {
    let stays = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(['\\', '\r', '\n'])
        && next.bytes().all(|byte| byte.is_ascii_graphic());
    if stays { next } else { links::home() }
}

#[cfg(test)]
mod tests {
    use super::on_this_site;

    #[test]
    fn nobody_is_sent_away_after_signing_in() {
        for (next, expect) in [
            ("/leads?status=4", "/leads?status=4"),
            ("", "/"),
            ("https://elsewhere.example/", "/"),
            ("//elsewhere.example/", "/"),
            ("/\\elsewhere.example/", "/"),
            ("/leads\r\nSet-Cookie: a=b", "/"),
            ("javascript:alert(1)", "/"),
        ] {
            assert_eq!(on_this_site(next), expect, "{next:?}");
        }
    }
}
