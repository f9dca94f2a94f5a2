//! Light, dark, or as the system has it: a choice of this browser.

use crate::{frame::THEME, links, pages::sign_in::on_this_site, parts::shell::Theme};
use axum::{
    Form,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use http::{HeaderMap, header};
use serde::Deserialize;

/// What the switch sends.
#[derive(Deserialize)]
pub struct Chosen {
    theme: String,
}

/// The switch was turned; back to the page it was turned on.
pub async fn choose(jar: CookieJar, headers: HeaderMap, Form(chosen): Form<Chosen>) -> Response {
    let theme = Theme::from_word(&chosen.theme);
    let cookie = Cookie::build((THEME, theme.word())).path("/").same_site(SameSite::Lax).permanent();
    (jar.add(cookie), Redirect::to(&came_from(&headers))).into_response()
}

/// The path of the page that sent the form, on this site.
fn came_from(headers: &HeaderMap) -> String {
    headers
        .get(header::REFERER)
        .and_then(|value| value.to_str().ok())
        .and_then(|referer| referer.parse::<http::Uri>().ok())
        .and_then(|page| page.path_and_query().map(ToString::to_string))
        .map_or_else(|| links::home().to_owned(), |path| on_this_site(&path).to_owned())
}
