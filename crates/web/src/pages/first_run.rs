//! The first run: a database without a company, and a token that only whoever started the server has seen.

use crate::{
    error::Result,
    frame::{self, Visit},
    links,
    pages::sign_in::browser,
    parts::{self, Field},
    signed_in,
    site::Site,
    words::sentence,
};
use actions::{
    create_company::{NewCompany, create_company},
    sign_in::{self, Token},
};
use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::CookieJar;
use domain::{email::Email, phone::Country, time::Zone};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use std::sync::Arc;
use store::companies;

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    token: String,
    company: String,
    country: String,
    zone: String,
    email: String,
    password: String,
}

/// The form.
pub async fn form(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response> {
    if is_over(&site).await? {
        return Ok(frame::go_on(links::sign_in()));
    }
    Ok(shown(&visit, &Sent::default(), None).into_response())
}

/// The form was sent.
pub async fn create(
    State(site): State<Arc<Site>>,
    visit: Visit,
    jar: CookieJar,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    if is_over(&site).await? {
        return Ok(frame::go_on(links::sign_in()));
    }
    let refuse = |why: String| {
        Ok((StatusCode::UNPROCESSABLE_ENTITY, shown(&visit, &sent, Some(&why))).into_response())
    };
    // The right token always opens; wrong ones have a try every few seconds, all together.
    if !site.opens_first_run(sent.token.trim()) {
        return refuse(if site.may_try("first run: wrong") {
            "This is not the token that the server printed when it started.".into()
        } else {
            "Too many wrong tokens. Wait a minute and try again.".into()
        });
    }
    let new = match read(&sent) {
        Ok(new) => new,
        Err(why) => return refuse(why),
    };
    let now = site.now();
    let _turn = site.turn_for_a_check().await?;
    let (company, admin) = match create_company(&site.store, new, now).await {
        Ok(made) => made,
        Err(actions::Error::Refused(why)) => return refuse(sentence(&why)),
        Err(error) => return Err(error.into()),
    };
    site.close_first_run();
    let token = Token::from_random((site.chance)()?);
    sign_in::sign_in_first(&site.store, company, admin, &token, &browser(&headers), now).await?;
    Ok((signed_in::remember(jar, &token, &site), Redirect::to(links::leads())).into_response())
}

fn read(sent: &Sent) -> Result<NewCompany, String> {
    Ok(NewCompany {
        name: sent.company.clone(),
        country: Country::from_code(&sent.country).map_err(|why| sentence(&why.to_string()))?,
        zone: sent.zone.trim().parse::<Zone>().map_err(|why| sentence(&why.to_string()))?,
        admin_email: Email::parse(&sent.email).map_err(|why| sentence(&why.to_string()))?,
        admin_password: sent.password.clone(),
    })
}

async fn is_over(site: &Site) -> Result<bool> {
    Ok(!companies::list(site.store.read().await?.session(), 1).await?.is_empty())
}

fn shown(visit: &Visit, sent: &Sent, refused: Option<&str>) -> maud::Markup {
    let fields = [
        Field::text("token", "Token")
            .autofocus()
            .value(&*sent.token)
            .hint("The server printed it when it started.")
            .required()
            .autofocus(),
        Field::text("company", "Company").value(&*sent.company).required().length_max(200),
        Field::text("country", "Country")
            .value(&*sent.country)
            .hint("Two letters: US, GB, IN. Phone numbers of this country need no calling code.")
            .required()
            .length_max(2),
        Field::text("zone", "Time zone")
            .value(&*sent.zone)
            .hint("Asia/Kolkata, Europe/London, America/New_York. Times and dates are in it.")
            .required(),
        Field::email("email", "Your e-mail").value(&*sent.email).autocomplete("username").required(),
        Field::password("password", "Your password")
            .hint("At least 8 characters.")
            .autocomplete("new-password")
            .required(),
    ];
    parts::bare(
        "Set up Evenhand",
        visit.theme,
        &parts::sign_in::first_run(links::first_run(), &fields, refused),
    )
}
