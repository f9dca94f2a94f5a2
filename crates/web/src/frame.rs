//! The frame of a page for whoever is signed in: which pages the sidebar offers them, and what the last action said.

use crate::{
    links,
    parts::{Icon, Shell, Toast, Tone, shell},
    signed_in::SignedIn,
};
use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use domain::role::Permission;
use http::{HeaderMap, header, request::Parts};
use maud::Markup;
use shell::{NavItem, Theme, UserMenu};
use std::convert::Infallible;

/// The cookie of the theme.
pub const THEME: &str = "theme";
/// The cookie that carries what an action said over the redirect to the next page.
const SAID: &str = "said";
/// Bytes that such a message may have.
const SAID_BYTES_MAX: usize = 2_000;

/// The items of the sidebar, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// An agent's day.
    Dashboard,
    /// The list of leads.
    Leads,
    /// What an agent has to do.
    Tasks,
    /// Who bought.
    Customers,
    /// What the jobs did.
    Runs,
    /// The people.
    Users,
    /// The settings.
    Settings,
    /// A page that no item stands for.
    None,
}

/// What a browser brings along beside who is signed in.
#[derive(Debug, Clone, Default)]
pub struct Visit {
    /// Light, dark or the system's.
    pub theme: Theme,
    said: Option<Toast>,
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Visit, Infallible> {
        let jar = CookieJar::from_headers(&parts.headers);
        Ok(Visit {
            theme: jar.get(THEME).map_or(Theme::System, |cookie| Theme::from_word(cookie.value())),
            said: jar.get(SAID).and_then(|cookie| read_said(cookie.value())),
        })
    }
}

/// A page with the sidebar around it.
pub fn page(visit: &Visit, who: &SignedIn, item: Item, title: &str, main: &Markup) -> Response {
    let shell = Shell {
        title: title.to_owned(),
        company: who.company.name.clone(),
        nav: nav(who, item),
        user: UserMenu {
            name: who.name.clone(),
            role: who.role.clone(),
            sign_out: links::sign_out().into(),
            account: Some(links::account().into()),
            theme: links::theme().into(),
        },
        live: Some(links::live().into()),
        theme: visit.theme,
        toasts: visit.said.clone().into_iter().collect(),
    };
    let body = crate::parts::page(&shell, main);
    if visit.said.is_none() {
        return body.into_response();
    }
    // It has been said.
    let mut forgotten = said_cookie(String::new());
    forgotten.make_removal();
    (CookieJar::new().add(forgotten), body).into_response()
}

fn nav(who: &SignedIn, current: Item) -> Vec<NavItem> {
    let all = [
        (Item::Dashboard, "Dashboard", Icon::Dashboard, links::dashboard(), who.receives, None),
        (Item::Leads, "Leads", Icon::Leads, links::leads(), who.may(Permission::LeadsView), None),
        (Item::Tasks, "Tasks", Icon::Tasks, links::tasks(), who.receives, None),
        (
            Item::Customers,
            "Customers",
            Icon::Customers,
            links::customers(),
            who.may(Permission::CustomersView),
            None,
        ),
        (Item::Runs, "Runs", Icon::Runs, links::runs(), who.may(Permission::RunsView), None),
        (Item::Users, "Users", Icon::Users, links::users(), who.may(Permission::UsersView), Some("Company")),
        (
            Item::Settings,
            "Settings",
            Icon::Settings,
            links::configurations(),
            who.may(Permission::SettingsManage),
            None,
        ),
    ];
    all.into_iter()
        .filter(|(.., offered, _)| *offered)
        .map(|(item, label, icon, href, _, group)| NavItem {
            label: label.into(),
            icon,
            href: href.into(),
            current: item == current,
            count: None,
            group: group.map(str::to_owned),
        })
        .collect()
}

/// On to another page, which says this when it is there.
pub fn go_on_saying(href: &str, toast: &Toast) -> Response {
    let mut told = toast.text.clone();
    loop {
        let undo = toast.undo.as_deref().unwrap_or("");
        let fields = [("tone", tone_word(toast.tone)), ("text", &*told), ("undo", undo)];
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        if text.len() <= SAID_BYTES_MAX {
            return (CookieJar::new().add(said_cookie(text)), Redirect::to(href)).into_response();
        }
        // A cookie holds little: the end of a long sentence goes, its Undo stays.
        let half = told.chars().count() / 2;
        told = told.chars().take(half).chain(['…']).collect();
    }
}

/// On to another page.
pub fn go_on(href: &str) -> Response {
    Redirect::to(href).into_response()
}

/// The leads that somebody was looking at, where what they send may come from: who acts on a list stays there.
pub fn leads_before(headers: &HeaderMap) -> Option<&str> {
    let referer = headers.get(header::REFERER)?.to_str().ok()?;
    let (_, address) = referer.split_once("://")?;
    let path = &address[address.find('/')?..];
    let is_a_list = |list: &str| {
        path.strip_prefix(list).is_some_and(|rest| rest.is_empty() || rest.starts_with(['?', '/']))
    };
    [links::leads(), links::customers()].into_iter().any(is_a_list).then_some(path)
}

fn said_cookie(text: String) -> Cookie<'static> {
    Cookie::build((SAID, text)).path("/").http_only(true).same_site(SameSite::Lax).build()
}

fn tone_word(tone: Tone) -> &'static str {
    match tone {
        Tone::Info => "info",
        Tone::Success => "success",
        Tone::Warning => "warning",
        Tone::Error => "error",
    }
}

fn read_said(text: &str) -> Option<Toast> {
    let mut toast = Toast::new(Tone::Info, "");
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        match &*name {
            "tone" => {
                toast.tone = [Tone::Info, Tone::Success, Tone::Warning, Tone::Error]
                    .into_iter()
                    .find(|tone| tone_word(*tone) == value)?;
            }
            "text" => toast.text = value.into_owned(),
            // A link of this site, whoever wrote the cookie.
            "undo" if value.starts_with('/') && !value.starts_with("//") => {
                toast.undo = Some(value.into_owned());
            }
            _ => {}
        }
    }
    (!toast.text.is_empty()).then_some(toast)
}
