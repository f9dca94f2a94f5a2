//! `evenhand user add` and `evenhand user list`

use super::password_from_stdin;
use crate::{
    cli::{Place, User, UserAdd},
    clock,
    output::{self, callers_fault, say},
};
use actions::add_user::{NewUser, add_user};
use std::io::Write;
use store::users;

pub async fn user(place: &Place, command: User) -> anyhow::Result<()> {
    match command {
        User::Add(args) => add(place, args).await,
        User::List(args) => list(place, args.json).await,
    }
}

async fn add(place: &Place, args: UserAdd) -> anyhow::Result<()> {
    let email = domain::email::Email::parse(&args.email).map_err(callers_fault)?;
    let password = if args.password_stdin { Some(password_from_stdin()?) } else { None };
    let (store, company) = place.open_company().await?;
    let said = format!("{} is added as {}", domain::text::clean(&args.name), domain::text::clean(&args.role));
    let cap = args.cap.map_or("without a lead cap".to_owned(), |cap| format!("with a lead cap of {cap}"));
    let new = NewUser {
        name: args.name,
        email,
        role: args.role,
        cap: args.cap,
        branch: args.branch,
        department: args.department,
        password,
    };
    let id = add_user(&store, company.id, new, clock::now()).await?;
    say(&format!("{said}, {cap}."));
    let mut out = output::stdout();
    writeln!(out, "{id}")?;
    out.flush()?;
    Ok(())
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
                user.name,
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
