//! The people: list, add, edit, cap, ban (R13, R16).

use crate::{
    error::{Error, Result},
    frame::{self, Item, Visit},
    links,
    parts::{
        Button, Choice, Field, Icon, Meter, Toast, Tone,
        data::heading,
        users::{Ban, UserForm, UserRow, user_form, user_table},
    },
    signed_in::{May, SignedIn, UsersManage, UsersView},
    site::Site,
    words::{moment, sentence},
};
use actions::{
    add_user::{CAP_MAX, NewUser, UserAdded, add_user},
    ban_user::{ban_user, unban_user},
    edit_user::{NewPassword, PersonField, PersonSaved, UserEdit, edit_user},
    set_password,
};
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{email::Email, ids::UserId, role::Permission, time::Moment};
use http::StatusCode;
use maud::html;
use serde::Deserialize;
use std::sync::Arc;
use store::{
    Session,
    labels::{self, Label},
    roles, sessions,
    users::{self, User},
};

/// Branches and departments that are offered.
const LABELS_MAX: i64 = 500;

/// The list.
pub async fn list(State(site): State<Arc<Site>>, who: May<UsersView>, visit: Visit) -> Result<Response> {
    let mut reader = site.store.read().await?;
    let people = users::list(reader.session(), who.company.id).await?;
    let seen = sessions::seen_of_all(reader.session(), who.company.id, who.now).await?;
    drop(reader);
    let rows: Vec<UserRow> = people.iter().map(|user| row(user, seen.get(&user.id).copied(), &who)).collect();
    let main = html! {
        (heading("Users", None, &html! {
            @if who.may(Permission::UsersManage) { (Button::primary("Add user").icon(Icon::Plus).href(links::new_user())) }
        }))
        section #users data-live="people queue" hx-get=(links::users()) hx-trigger="live" hx-target="this" hx-select="#users" hx-swap="outerMorph" {
            (user_table(&rows))
        }
    };
    Ok(frame::page(&visit, &who, Item::Users, "Users", &main))
}

fn row(user: &User, seen: Option<Moment>, who: &SignedIn) -> UserRow {
    UserRow {
        href: links::user(user.id),
        name: user.name.clone(),
        email: user.email.clone(),
        role: user.role.clone(),
        branch: user.branch.clone(),
        department: user.department.clone(),
        meter: user.receives.then_some(Meter { held: user.held, cap: user.cap }),
        banned: user.banned_at.map(|at| format!("banned since {}", who.zone.date(at))),
        seen: seen.map(|at| moment(at, who.now, &who.zone)),
    }
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    name: String,
    email: String,
    password: String,
    role: String,
    branch: String,
    department: String,
    cap: String,
}

/// What was refused, and at which field.
struct Refused(PersonField, String);

impl Sent {
    fn of(user: &User) -> Sent {
        Sent {
            name: user.name.clone(),
            email: user.email.clone(),
            password: String::new(),
            role: user.role.clone(),
            branch: user.branch.clone().unwrap_or_default(),
            department: user.department.clone().unwrap_or_default(),
            cap: user.cap.map(|cap| cap.to_string()).unwrap_or_default(),
        }
    }

    fn email(&self) -> Result<Email, Refused> {
        Email::parse(&self.email).map_err(|why| Refused(PersonField::Email, sentence(&why.to_string())))
    }

    /// Blank means no limit (R27).
    fn cap(&self) -> Result<Option<i64>, Refused> {
        let cap = self.cap.trim();
        if cap.is_empty() {
            return Ok(None);
        }
        cap.parse().map(Some).map_err(|_| {
            Refused(
                PersonField::Cap,
                format!("A lead cap is a number from 0 to {CAP_MAX}, or nothing for no limit."),
            )
        })
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The form of a new user.
pub async fn new(State(site): State<Arc<Site>>, who: May<UsersManage>, visit: Visit) -> Result<Response> {
    let sent = Sent { role: "Agent".into(), ..Sent::default() };
    form(&site, &who, &visit, None, &sent, None).await
}

/// Adds the user.
pub async fn add(
    State(site): State<Arc<Site>>,
    who: May<UsersManage>,
    visit: Visit,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    let (email, cap) = match (sent.email(), sent.cap()) {
        (Ok(email), Ok(cap)) => (email, cap),
        (Err(refused), _) | (_, Err(refused)) => {
            return form(&site, &who, &visit, None, &sent, Some(refused)).await;
        }
    };
    let new = NewUser {
        name: sent.name.clone(),
        email,
        role: sent.role.clone(),
        cap,
        branch: some(&sent.branch),
        department: some(&sent.department),
        password: Some(sent.password.clone()).filter(|password| !password.is_empty()),
    };
    let _turn = site.turn_for_a_check().await?;
    match add_user(&site.store, who.company.id, new, who.now).await? {
        UserAdded::Done(_) => Ok(frame::go_on_saying(
            links::users(),
            &Toast::new(Tone::Success, format!("{} is added.", sent.name.trim())),
        )),
        UserAdded::Refused { field, why } => {
            form(&site, &who, &visit, None, &sent, Some(Refused(field, sentence(&why)))).await
        }
    }
}

/// One user.
pub async fn one(
    State(site): State<Arc<Site>>,
    who: May<UsersView>,
    visit: Visit,
    Path(user): Path<i64>,
) -> Result<Response> {
    let user = find(&site, &who, UserId(user)).await?;
    let sent = Sent::of(&user);
    form(&site, &who, &visit, Some(&user), &sent, None).await
}

async fn find(site: &Site, who: &SignedIn, user: UserId) -> Result<User> {
    let people = users::list(site.store.read().await?.session(), who.company.id).await?;
    people.into_iter().find(|known| known.id == user).ok_or(Error::NotFound)
}

/// Saves what was changed.
pub async fn edit(
    State(site): State<Arc<Site>>,
    who: May<UsersManage>,
    visit: Visit,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    let user = find(&site, &who, UserId(id)).await?;
    let (email, cap) = match (sent.email(), sent.cap()) {
        (Ok(email), Ok(cap)) => (email, cap),
        (Err(refused), _) | (_, Err(refused)) => {
            return form(&site, &who, &visit, Some(&user), &sent, Some(refused)).await;
        }
    };
    let edit = UserEdit {
        name: Some(sent.name.clone()),
        email: Some(email),
        role: Some(sent.role.clone()),
        cap: Some(cap),
        branch: Some(some(&sent.branch)),
        department: Some(some(&sent.department)),
        password: (!sent.password.is_empty()).then(|| NewPassword {
            text: sent.password.clone(),
            except: (user.id == who.user).then(|| who.token.hash()),
        }),
    };
    match edit_user(&site.store, who.company.id, user.id, edit).await? {
        PersonSaved::Done => Ok(frame::go_on_saying(links::users(), &Toast::new(Tone::Success, "Saved."))),
        PersonSaved::NotFound => Err(Error::NotFound),
        PersonSaved::Refused { field, why } => {
            form(&site, &who, &visit, Some(&user), &sent, Some(Refused(field, sentence(&why)))).await
        }
    }
}

/// Whether to ban or to lift the ban.
#[derive(Deserialize)]
pub struct Banning {
    banned: String,
}

/// Bans a user, or lifts the ban (R16).
pub async fn ban(
    State(site): State<Arc<Site>>,
    who: May<UsersManage>,
    visit: Visit,
    Path(id): Path<i64>,
    Form(sent): Form<Banning>,
) -> Result<Response> {
    let user = find(&site, &who, UserId(id)).await?;
    let company = who.company.id;
    let (saved, told) = if sent.banned == "yes" {
        let saved = ban_user(&site.store, company, user.id, who.viewer(), who.now).await?;
        (saved, format!("{} is banned and signed out everywhere.", user.name))
    } else {
        (unban_user(&site.store, company, user.id).await?, format!("{} may sign in again.", user.name))
    };
    match saved {
        PersonSaved::Done => Ok(frame::go_on_saying(&links::user(user.id), &Toast::new(Tone::Success, told))),
        PersonSaved::NotFound => Err(Error::NotFound),
        PersonSaved::Refused { field, why } => {
            let sent = Sent::of(&user);
            form(&site, &who, &visit, Some(&user), &sent, Some(Refused(field, sentence(&why)))).await
        }
    }
}

/// Ends every session of a user.
pub async fn end_sessions(
    State(site): State<Arc<Site>>,
    who: May<UsersManage>,
    Path(id): Path<i64>,
) -> Result<Response> {
    let user = find(&site, &who, UserId(id)).await?;
    set_password::end_sessions(&site.store, who.company.id, user.id).await?;
    let told = format!("{} is signed out everywhere.", user.name);
    Ok(frame::go_on_saying(&links::user(user.id), &Toast::new(Tone::Success, told)))
}

async fn form(
    site: &Site,
    who: &SignedIn,
    visit: &Visit,
    user: Option<&User>,
    sent: &Sent,
    refused: Option<Refused>,
) -> Result<Response> {
    let mut reader = site.store.read().await?;
    let fields = fields(reader.session(), who, user, sent, refused.as_ref()).await?;
    drop(reader);
    let manages = who.may(Permission::UsersManage);
    let title = user.map_or("Add user", |user| user.name.as_str());
    let ban_refused = refused.as_ref().filter(|Refused(field, _)| *field == PersonField::Ban);
    let form = UserForm {
        action: user.map_or_else(|| links::users().to_owned(), |user| links::user(user.id)),
        fields,
        button: if user.is_some() { "Save" } else { "Add user" }.into(),
        cancel: links::users().into(),
        ban: user.filter(|_| manages).map(|user| Ban {
            action: links::user_ban(user.id),
            since: user.banned_at.map(|at| format!("Banned since {}.", who.zone.date(at))),
        }),
    };
    let main = html! {
        (heading(title, None, &html! {
            @if let Some(user) = user {
                (Button::plain("Show their leads").href(format!("{}?owner={}", links::leads(), user.id)))
                @if manages {
                    form method="post" action=(links::user_sessions(user.id)) { (Button::plain("Sign out everywhere")) }
                }
            }
        }))
        @if let Some(Refused(_, why)) = ban_refused { (crate::parts::Banner::new(Tone::Error, why.as_str())) }
        (user_form(&form))
    };
    let page = frame::page(visit, who, Item::Users, title, &main);
    Ok(if refused.is_some() { (StatusCode::UNPROCESSABLE_ENTITY, page).into_response() } else { page })
}

async fn fields(
    session: &mut Session,
    who: &SignedIn,
    user: Option<&User>,
    sent: &Sent,
    refused: Option<&Refused>,
) -> Result<Vec<Field>> {
    let company = who.company.id;
    let wrong = |field: PersonField| {
        refused.filter(|Refused(of, _)| *of == field).map(|Refused(_, why)| why.as_str())
    };
    let disabled = !who.may(Permission::UsersManage);
    let roles = roles::list(session, company).await?;
    let roles =
        roles.iter().map(|role| Choice::new(&*role.name, &*role.name, role.name == sent.role)).collect();
    let mut all = vec![
        Field::text("name", "Name")
            .value(&*sent.name)
            .error(wrong(PersonField::Name))
            .required()
            .length_max(200),
        Field::email("email", "E-mail")
            .value(&*sent.email)
            .error(wrong(PersonField::Email))
            .hint("They sign in with it.")
            .required(),
        {
            let field = Field::password("password", "Password")
                .autocomplete("new-password")
                .error(wrong(PersonField::Password));
            if user.is_some() {
                field.hint("Leave it empty to keep the present one.")
            } else {
                field.hint("At least 8 characters. Without one they cannot sign in yet.")
            }
        },
        Field::select("role", "Role", roles).error(wrong(PersonField::Role)),
    ];
    for (label, name, title, value, field) in [
        (Label::Branch, "branch", "Branch", &sent.branch, PersonField::Branch),
        (Label::Department, "department", "Department", &sent.department, PersonField::Department),
    ] {
        let known = labels::list(session, company, label, LABELS_MAX).await?;
        let known: Vec<String> = known.into_iter().map(|(_, name)| name).collect();
        all.push(
            Field::text(name, title)
                .value(&**value)
                .proposals(known)
                .hint("A new name makes a new one.")
                .error(wrong(field))
                .length_max(200),
        );
    }
    all.push(
        Field::number("cap", "Lead cap", 0, CAP_MAX)
            .value(&*sent.cap)
            .error(wrong(PersonField::Cap))
            .hint("The most open leads they may hold. Empty: no limit. 0: nothing automatic."),
    );
    Ok(all.into_iter().map(|field| field.disabled(disabled)).collect())
}
