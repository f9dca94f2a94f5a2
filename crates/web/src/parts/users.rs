//! Users: the list, the form, the sessions somebody has open.

use maud::{Markup, html};

use super::{
    button::Button,
    chip::{Meter, avatar, badge},
    data::Tab,
    field::Field,
    icon::Icon,
    leads::Moment,
};

/// A user in the list.
#[derive(Debug, Clone)]
pub struct UserRow {
    /// Their page.
    pub href: String,
    /// Their name.
    pub name: String,
    /// Their e-mail.
    pub email: String,
    /// Their role.
    pub role: String,
    /// Their branch.
    pub branch: Option<String>,
    /// Their department.
    pub department: Option<String>,
    /// How full their queue is, where they may receive leads.
    pub meter: Option<Meter>,
    /// Since when they are banned: `banned since 11 May 2026`.
    pub banned: Option<String>,
    /// When they were last here; none when they are not signed in.
    pub seen: Option<Moment>,
}

/// The list.
pub fn user_table(users: &[UserRow]) -> Markup {
    html! {
        div.table-frame {
            table.table.user-table {
                caption.hidden { "Users" }
                thead { tr { th scope="col" { "Name" } th scope="col" { "Role" } th scope="col" { "Branch" } th scope="col" { "Department" } th scope="col" { "Queue" } th.number scope="col" { "Last seen" } } }
                tbody {
                    @for user in users {
                        tr data-row data-banned[user.banned.is_some()] {
                            th scope="row" {
                                span.person {
                                    (avatar(&user.name))
                                    span.name { a href=(user.href) data-row-link { (user.name) } small { (user.email) } }
                                    @if let Some(banned) = &user.banned { (badge(banned)) }
                                }
                            }
                            td data-label="Role" { (user.role) }
                            td.none[user.branch.is_none()] data-label="Branch" { (user.branch.as_deref().unwrap_or("–")) }
                            td.none[user.department.is_none()] data-label="Department" { (user.department.as_deref().unwrap_or("–")) }
                            td.queue.none[user.meter.is_none()] data-label="Queue" { @match user.meter { Some(meter) => (meter), None => "–" } }
                            td.seen.number.none[user.seen.is_none()] data-label="Last seen" { @match &user.seen { Some(at) => (at.show()), None => "not signed in" } }
                        }
                    }
                }
            }
        }
    }
}

/// The form of a user. `fields` are name, e-mail, password, role, branch, department, cap, in their order.
#[derive(Debug, Clone)]
pub struct UserForm {
    /// Where it goes.
    pub action: String,
    /// Its fields.
    pub fields: Vec<Field>,
    /// `Add user`, `Save`.
    pub button: String,
    /// Where giving up goes.
    pub cancel: String,
    /// Banning and lifting it; none for a new user.
    pub ban: Option<Ban>,
}

/// Banning (R16).
#[derive(Debug, Clone)]
pub struct Ban {
    /// Where the form goes.
    pub action: String,
    /// Since when, and by whom: `Banned since 11 May 2026 by Asha Rao.` None: they are not banned.
    pub since: Option<String>,
}

/// The form.
pub fn user_form(form: &UserForm) -> Markup {
    html! {
        form.card.form.user-form method="post" action=(form.action) {
            div.fields { @for field in &form.fields { (field) } }
            div.actions { (Button::primary(&*form.button)) (Button::quiet("Cancel").href(&*form.cancel)) }
        }
        @if let Some(ban) = &form.ban {
            form.card.form.ban method="post" action=(ban.action) {
                @match &ban.since {
                    Some(since) => {
                        h2 { (since) }
                        p { "They cannot sign in, receive nothing, and keep their leads." }
                        div.actions { (Button::plain("Lift the ban").value("banned", "no")) }
                    },
                    None => {
                        h2 { "Ban" }
                        p { "Signs them out everywhere at once. They receive nothing and keep their leads; no job takes leads from them, people may." }
                        div.actions { (Button::danger("Ban this user").icon(Icon::Ban).value("banned", "yes")) }
                    },
                }
            }
        }
    }
}

/// A session somebody has open.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// What the browser said it was: `Firefox on Linux`.
    pub browser: String,
    /// When it was last used.
    pub seen: Moment,
    /// When it began.
    pub since: Moment,
    /// Whether it is the one that asks.
    pub this: bool,
    /// The form that ends it.
    pub end: String,
}

/// The sessions somebody has open.
pub fn sessions(sessions: &[SessionRow], end_others: Option<&str>) -> Markup {
    html! {
        section.card.form.sessions {
            h2 { "Signed in on" }
            ul.lines {
                @for session in sessions {
                    li {
                        (super::icon::icon(Icon::Screen))
                        div { span { (session.browser) @if session.this { " " (badge("this one")) } } small { "used " (session.seen.show()) " · signed in " (session.since.show()) } }
                        div.actions { form method="post" action=(session.end) { (Button::quiet("Sign out").small()) } }
                    }
                }
            }
            @if let Some(action) = end_others.filter(|_| sessions.len() > 1) { form.actions method="post" action=(action) { (Button::plain("Sign out everywhere else").small()) } }
        }
    }
}

/// The tabs *Users*, *Banned* and the like over the list.
pub fn user_tabs(tabs: &[Tab]) -> Markup {
    super::data::tabs("Users", tabs)
}
