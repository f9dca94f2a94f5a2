//! `evenhand leads list`

use crate::{
    cli::{Leads, LeadsList, Place},
    output::callers_fault,
};
use domain::{
    ids::LeadId,
    lead_list::{Filter, Owner},
    viewer::Sight,
};
use std::io::Write;
use store::{
    lists::{self, LeadLine},
    statuses, users,
};

pub async fn leads(place: &Place, command: Leads) -> anyhow::Result<()> {
    match command {
        Leads::List(args) => list(place, args).await,
    }
}

async fn list(place: &Place, args: LeadsList) -> anyhow::Result<()> {
    let (store, company) = place.open_company().await?;
    let mut reader = store.read().await?;
    let known = statuses::list(reader.session(), company.id).await?;
    let status = match &args.status {
        None => None,
        Some(name) => Some(
            known
                .named(name)
                .ok_or_else(|| {
                    callers_fault(format!("there is no status {name:?}; the statuses are {}", known.names()))
                })?
                .id,
        ),
    };
    let owner = match &args.owner {
        None => None,
        Some(email) => Some(
            users::by_email(reader.session(), company.id, email)
                .await?
                .ok_or_else(|| callers_fault(format!("there is no user with the e-mail {email}")))?,
        ),
    };
    drop(reader);
    let json = args.output.json;
    let printed = store
        .read_long(move |session| {
            Box::pin(async move {
                let mut out = std::io::BufWriter::with_capacity(64 * 1024, std::io::stdout());
                let mut number = 0_u64;
                let mut broken: Option<std::io::Error> = None;
                if json {
                    broken = write!(out, "[").err();
                }
                let filter = Filter { status, owner: owner.map(Owner::User), ..Filter::default() };
                let streamed = lists::each(session, company.id, &filter, Sight::All, |lead| {
                    let written = if json {
                        let comma = if number == 0 { "\n" } else { ",\n" };
                        out.write_all(comma.as_bytes())
                            .and_then(|()| Ok(serde_json::to_writer(&mut out, &LeadJson::from(&lead))?))
                    } else {
                        writeln!(out, "{}", as_line(&lead))
                    };
                    number += 1;
                    written.map_err(|error| {
                        broken = Some(error);
                        store::Error::Io("standard output was closed".into())
                    })
                })
                .await;
                if let Some(error) = broken {
                    return Ok(Err(error));
                }
                streamed?;
                let end =
                    if json { writeln!(out, "{}]", if number == 0 { "" } else { "\n" }) } else { Ok(()) };
                Ok::<_, store::Error>(end.and_then(|()| out.flush()))
            })
        })
        .await?;
    Ok(printed?)
}

/// Longer names are cut in the list; `lead show` and JSON have them whole.
const NAME_CHARS_SHOWN: usize = 60;

fn as_line(lead: &LeadLine) -> String {
    let mut name = format!("{} {}", lead.first_name, lead.last_name).trim_end().to_owned();
    if let Some((end, _)) = name.char_indices().nth(NAME_CHARS_SHOWN) {
        name.truncate(end);
        name.push('…');
    }
    let owner = lead.owner.as_deref().unwrap_or("–");
    format!("{}\t{}\t{}\t{}\t{owner}", lead.id, name, lead.phone, lead.status)
}

/// A lead as the command line and the interface give it.
#[derive(serde::Serialize)]
pub struct LeadJson<'l> {
    id: LeadId,
    first_name: &'l str,
    last_name: &'l str,
    phone: &'l str,
    phone_doubtful: bool,
    email: Option<&'l str>,
    status: &'l str,
    owner: Option<&'l str>,
    owner_name: Option<&'l str>,
    source: Option<&'l str>,
    branch: Option<&'l str>,
    department: Option<&'l str>,
    country: Option<&'l str>,
    created_at_ms: i64,
    last_activity_at_ms: i64,
    version: i64,
}

impl<'l> From<&'l LeadLine> for LeadJson<'l> {
    fn from(lead: &'l LeadLine) -> LeadJson<'l> {
        LeadJson {
            id: lead.id,
            first_name: &lead.first_name,
            last_name: &lead.last_name,
            phone: &lead.phone,
            phone_doubtful: lead.phone_doubtful,
            email: lead.email.as_deref(),
            status: &lead.status,
            owner: lead.owner_email.as_deref(),
            owner_name: lead.owner.as_deref(),
            source: lead.source.as_deref(),
            branch: lead.branch.as_deref(),
            department: lead.department.as_deref(),
            country: lead.country.as_deref(),
            created_at_ms: lead.created_at.0,
            last_activity_at_ms: lead.last_activity_at.0,
            version: lead.version,
        }
    }
}
