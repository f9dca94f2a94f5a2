//! Every address of the site, as one table, and what holds for all of them.

use crate::{
    assets,
    error::Error,
    frame::Visit,
    links, live,
    pages::{
        account, agent, configurations, first_run, imports, kit, lead, lead_fields,
        leads::{self, bulk},
        new_lead, run, running, runs, sign_in, theme, users, why,
    },
    parts::{self, Button, Toast, Tone},
    site::Site,
    words::sentence,
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use maud::html;
use std::{sync::Arc, time::Duration};
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer, csrf::CsrfLayer, timeout::TimeoutLayer,
};

/// Bytes that a form may have; files have a limit of their own.
const FORM_BYTES_MAX: usize = 1 << 20;
/// How long a page may take; what takes longer goes on in the background and is looked at again.
const PAGE_SECONDS_MAX: Duration = Duration::from_secs(60);

/// The site.
pub fn router(site: Arc<Site>) -> Router {
    let file_bytes_max = usize::try_from(site.imports.uploads().limits().bytes_max).unwrap_or(usize::MAX);
    let pages = Router::new()
        .route(links::home(), get(sign_in::home))
        .route(links::sign_in(), get(sign_in::form).post(sign_in::sign_in))
        .route(links::choose_company(), post(sign_in::choose_company))
        .route(links::sign_out(), post(sign_in::sign_out))
        .route(links::first_run(), get(first_run::form).post(first_run::create))
        .route(links::theme(), post(theme::choose))
        .route(links::account(), get(account::page))
        .route(links::account_password(), post(account::change_password))
        .route(links::account_sessions(), post(account::end_sessions))
        .route(links::dashboard(), get(agent::dashboard))
        .route(links::tasks(), get(agent::tasks))
        .route(links::leads(), get(leads::page).post(new_lead::add))
        .route(links::customers(), get(leads::customers))
        .route(links::agents(), get(leads::agents))
        .route(links::new_lead(), get(new_lead::form))
        .route(links::leads_assignment(), post(bulk::assign))
        .route(links::leads_spread(), post(bulk::spread))
        .route(links::leads_status(), post(bulk::set_status))
        .route(links::leads_tags(), post(bulk::add_tag))
        .route("/leads/{lead}", get(lead::page))
        .route("/leads/{lead}/assignment", post(lead::assign))
        .route("/leads/{lead}/unassignment", post(lead::unassign))
        .route("/leads/{lead}/status", post(lead::set))
        .route("/leads/{lead}/tags", post(lead::tag))
        .route("/leads/{lead}/tags/removal", post(lead::untag))
        .route("/leads/{lead}/notes", post(lead::note))
        .route("/leads/{lead}/why", get(why::page))
        .route("/leads/{lead}/fields", get(lead_fields::form).post(lead_fields::save))
        .route("/imports/uploads/{upload}", get(imports::preview).post(imports::preview_again))
        .route("/imports/uploads/{upload}/import", post(imports::start))
        .route("/imports/uploads/{upload}/removal", post(imports::discard))
        .route("/imports/{import}", get(imports::one))
        .route("/imports/{import}/errors.csv", get(imports::errors))
        .route("/imports/{import}/cancel", post(imports::cancel))
        .route("/imports/{import}/undo", post(imports::undo))
        .route(links::runs(), get(runs::list))
        .route("/runs/{run}/cancel", get(running::confirm).post(running::cancel))
        .route(links::runs_file(), get(run::history_file))
        .route("/runs/{run}", get(run::one))
        .route("/runs/{run}/agents.csv", get(run::agents_file))
        .route("/runs/{run}/undo", post(runs::undo))
        .route(links::users(), get(users::list).post(users::add))
        .route(links::new_user(), get(users::new))
        .route("/users/{user}", get(users::one).post(users::edit))
        .route("/users/{user}/ban", post(users::ban))
        .route("/users/{user}/sessions/end", post(users::end_sessions))
        .route(links::configurations(), get(configurations::page))
        .route(links::removal_would_take(), get(configurations::would_take))
        .route("/settings/jobs/{job}", post(configurations::save))
        .route("/settings/jobs/{job}/preview", get(configurations::preview))
        .route("/settings/jobs/{job}/run", get(configurations::confirm).post(configurations::run_now))
        .merge(kit::routes())
        .route(links::health(), get(health))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, PAGE_SECONDS_MAX))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX));
    // A file comes in as long as it takes, up to its own limit.
    let files = Router::new()
        .route(links::imports(), get(imports::page).post(imports::take))
        .layer(DefaultBodyLimit::max(file_bytes_max.saturating_add(FORM_BYTES_MAX)));
    Router::new()
        .merge(pages)
        .merge(files)
        .route(links::live(), get(live::stream))
        .fallback(nothing_here)
        .layer(CatchPanicLayer::custom(caught))
        .layer(middleware::from_fn_with_state(Arc::clone(&site), tell_errors))
        .layer(CompressionLayer::new())
        .merge(assets::routes())
        .layer(CsrfLayer::new())
        .layer(middleware::map_response(guard))
        .with_state(site)
}

/// Says whether the process can read its database.
async fn health(State(site): State<Arc<Site>>) -> Result<&'static str, Error> {
    store::companies::list(site.store.read().await?.session(), 1).await?;
    Ok("ok\n")
}

async fn nothing_here() -> Error {
    Error::NotFound
}

/// What browsers are told of every answer: nothing from elsewhere, nothing inline, no frame around it.
async fn guard(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Pages show people's names and numbers: nobody keeps them, and Back asks again, also after somebody has signed out.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[expect(clippy::needless_pass_by_value, reason = "the layer gives it away")]
fn caught(panic: Box<dyn std::any::Any + Send>) -> Response {
    let why = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words");
    tracing::error!(why, "a page panicked");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// Turns an error into what the one who asked can use: a page, a message over the page they are on, or the way to the
/// sign-in page.
async fn tell_errors(State(_): State<Arc<Site>>, visit: Visit, request: Request, next: Next) -> Response {
    let swaps = is_a_swap(request.headers());
    let asked = (request.method() == Method::GET).then(|| request.uri().to_string());
    let path = request.uri().path().to_owned();
    let is_panel_renewed = request.method() == Method::GET
        && request.headers().get("hx-target").is_some_and(|target| target.as_bytes().ends_with(b"#panel"));
    let response = next.run(request).await;
    let Some(error) = error_of(&response, asked.is_some()) else { return response };
    if let Error::Fault(why) = &*error {
        tracing::error!(path, why, "a page failed");
    }
    if matches!(*error, Error::NotSignedIn) {
        return to_sign_in(swaps, asked.as_deref());
    }
    let told = sentence(&error.sentence());
    if swaps && matches!(*error, Error::NotFound) && is_panel_renewed {
        // The lead went to somebody else while its panel was open: it leaves the screen (R19).
        return html! { aside.panel #panel {} div #toasts {} }.into_response();
    }
    if swaps {
        // The page they are on stays as it is; only the message is put over it.
        let toast = html! { div #toasts { (Toast::new(Tone::Error, told)) } };
        return (error.status(), [(HeaderName::from_static("hx-reswap"), "none")], toast).into_response();
    }
    let way_on = [Button::plain("Go to the start page").href(links::home())];
    let main = parts::sign_in::failure(error.title(), &told, &way_on);
    (error.status(), parts::bare(error.title(), visit.theme, &main)).into_response()
}

/// The error in an answer: ours, or one of a layer or an extractor, which know no pages.
fn error_of(response: &Response, reads: bool) -> Option<Arc<Error>> {
    if let Some(error) = response.extensions().get::<Arc<Error>>() {
        return Some(Arc::clone(error));
    }
    let is_a_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let told = |sentence: &str| Some(Arc::new(Error::Refused(sentence.into())));
    match response.status() {
        _ if is_a_page => None,
        StatusCode::SERVICE_UNAVAILABLE => Some(Arc::new(Error::Busy(format!(
            "This takes longer than {} seconds. If it changes something, it goes on by itself: look again in a while before you repeat it.",
            PAGE_SECONDS_MAX.as_secs()
        )))),
        // An address that is none of ours, such as a lead that is no number.
        StatusCode::BAD_REQUEST if reads => Some(Arc::new(Error::NotFound)),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Some(Arc::new(Error::NotFound)),
        StatusCode::PAYLOAD_TOO_LARGE => told("The form is larger than 1 MiB; send less at once."),
        StatusCode::INTERNAL_SERVER_ERROR => Some(Arc::new(Error::Fault("a page panicked".into()))),
        status if status.is_client_error() => told(
            "The form or the address is not one of this site as it is now; reload the page and try again.",
        ),
        _ => None,
    }
}

fn to_sign_in(swaps: bool, asked: Option<&str>) -> Response {
    let next = asked.filter(|asked| *asked != links::home() && !swaps);
    let to = match next {
        Some(next) => {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
            format!("{}?{query}", links::sign_in())
        }
        None => links::sign_in().to_owned(),
    };
    if swaps {
        let header = HeaderValue::from_str(&to).unwrap_or(HeaderValue::from_static("/"));
        return (StatusCode::UNAUTHORIZED, [(HeaderName::from_static("hx-redirect"), header)])
            .into_response();
    }
    Redirect::to(&to).into_response()
}

/// Whether a part of a page asks, and not somebody for a page.
fn is_a_swap(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request")
}
