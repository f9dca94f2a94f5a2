//! `evenhand user add`, `edit`, `password` and `list`

use super::password_from_stdin;
use crate::{
    cli::{CapOrNone, Place, User, UserAdd, UserEdit, UserPassword},
    clock,
    output::{self, callers_fault, say},
};
use actions::{
    add_user::{NewUser, UserAdded, add_user},
    ban_user::{ban_user, unban_user},
    edit_user::{self, PersonSaved, edit_user},
    set_password::set_password,
};
use domain::{
    email::Email,
    ids::{CompanyId, UserId},
    viewer::Viewer,
};
use std::io::Write;
use store::{Store, users};

pub async fn user(place: &Place, command: User) -> anyhow::Result<()> {
    match command {
        User::Add(args) => add(place, args).await,
        User::Edit(args) => edit(place, args).await,
        User::Password(args) => password(place, &args).await,
        User::List(args) => list(place, args.json).await,
    }
}

async fn add(place: &Place, args: UserAdd) -> anyhow::Result<()> {
    let email = Email::parse(&args.email).map_err(callers_fault)?;
    let password = if args.password_stdin { Some(password_from_stdin()?) } else { None };
    let (store, company) = place.open_company().await?;
    let said = format!("{} is added as {}", domain::text::clean(&args.name), domain::text::clean(&args.role));
    let cap =
        args.cap.map_or("without a lead cap, so that runs may give them any number".to_owned(), |cap| {
            format!("with a lead cap of {cap}")
        });
    let new = NewUser {
        name: args.name,
        email,
        role: args.role,
        cap: args.cap,
        branch: args.branch,
        department: args.department,
        password,
    };
    let place =
        [new.branch.clone(), new.department.clone()].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let place = if place.is_empty() { place } else { format!(" ({})", domain::text::clean(&place)) };
    let id = match add_user(&store, company.id, new, clock::now()).await? {
        UserAdded::Done(id) => id,
        UserAdded::Refused { why, .. } => return Err(callers_fault(why)),
    };
    say(&format!("{said}{place}, {cap}."));
    let mut out = output::stdout();
    writeln!(out, "{id}")?;
    out.flush()?;
    Ok(())
}

async fn edit(place: &Place, args: UserEdit) -> anyhow::Result<()> {
    let label = |name: Option<String>, none: bool| if none { Some(None) } else { name.map(Some) };
    let edit = edit_user::UserEdit {
        name: args.name,
        email: args.email.map(|email| Email::parse(&email).map_err(callers_fault)).transpose()?,
        role: args.role,
        cap: args.cap.map(|CapOrNone(cap)| cap),
        branch: label(args.branch, args.no_branch),
        department: label(args.department, args.no_department),
        password: None,
    };
    if edit == edit_user::UserEdit::default() && !args.ban && !args.unban {
        return Err(callers_fault("nothing is to be changed; see evenhand user edit --help"));
    }
    let (store, company) = place.open_company().await?;
    let user = find(&store, company.id, &args.who).await?;
    saved(edit_user(&store, company.id, user, edit).await?)?;
    if args.ban {
        saved(ban_user(&store, company.id, user, Viewer::Operator, clock::now()).await?)?;
    }
    if args.unban {
        saved(unban_user(&store, company.id, user).await?)?;
    }
    let users = users::list(store.read().await?.session(), company.id).await?;
    let now = users.into_iter().find(|line| line.id == user);
    let now = now.ok_or_else(|| anyhow::anyhow!("the user is gone"))?;
    let cap = now.cap.map_or("no lead cap".to_owned(), |cap| format!("a lead cap of {cap}"));
    let ban = if now.banned_at.is_some() { ", banned" } else { "" };
    let place = [now.branch, now.department].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let place = if place.is_empty() { place } else { format!(" ({place})") };
    say(&format!("{} is {}{place} with {cap}{ban}.", now.name, now.role));
    Ok(())
}

async fn password(place: &Place, args: &UserPassword) -> anyhow::Result<()> {
    let password = password_from_stdin()?;
    let (store, company) = place.open_company().await?;
    let user = find(&store, company.id, &args.who).await?;
    saved(set_password(&store, company.id, user, &password, None).await?)?;
    say("The password is set; every session of theirs has ended.");
    Ok(())
}

async fn find(store: &Store, company: CompanyId, email: &str) -> anyhow::Result<UserId> {
    let found = users::by_email(store.read().await?.session(), company, email).await?;
    found.ok_or_else(|| {
        callers_fault(format!("there is no user with the e-mail {email}; see evenhand user list"))
    })
}

fn saved(saved: PersonSaved) -> anyhow::Result<()> {
    match saved {
        PersonSaved::Done => Ok(()),
        PersonSaved::NotFound => Err(callers_fault("the user is gone")),
        PersonSaved::Refused { why, .. } => Err(callers_fault(why)),
    }
}

#[derive(serde::Serialize)]
struct Line {
    id: i64,
    name: String,
    email: String,
    role: String,
    receives_leads: bool,
    branch: Option<String>,
    department: Option<String>,
    cap: Option<i64>,
    held: i64,
    banned: bool,
}

async fn list(place: &Place, json: bool) -> anyhow::Result<()> {
    let (store, company) = place.open_company().await?;
    let users = users::list(store.read().await?.session(), company.id).await?;
    if json {
        let lines: Vec<Line> = users
            .into_iter()
            .map(|user| Line {
                id: user.id.0,
                name: user.name,
                email: user.email,
                role: user.role,
                receives_leads: user.receives,
                branch: user.branch,
                department: user.department,
                cap: user.cap,
                held: user.held,
                banned: user.banned_at.is_some(),
            })
            .collect();
        return output::json(&lines);
    }
    let rows: Vec<Vec<String>> = users
        .into_iter()
        .map(|user| {
            vec![
                user.id.to_string(),
                if user.banned_at.is_some() { format!("{} (banned)", user.name) } else { user.name },
                user.email,
                user.role,
                user.branch.unwrap_or_default(),
                user.department.unwrap_or_default(),
                user.held.to_string(),
                user.cap.map_or("–".into(), |cap| cap.to_string()),
            ]
        })
        .collect();
    let mut out = output::stdout();
    output::table(&mut out, &["id", "name", "e-mail", "role", "branch", "department", "held", "cap"], &rows)?;
    out.flush()?;
    Ok(())
}
