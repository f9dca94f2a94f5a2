//! `evenhand lead show`

use super::leads::LeadJson;
use crate::{
    cli::{Lead, Place},
    output::{self, callers_fault},
};
use domain::{ids::LeadId, time::Zone, viewer::Sight};
use std::io::Write;
use store::leads::{Event, LeadInFull};

pub async fn lead(place: &Place, command: Lead) -> anyhow::Result<()> {
    let Lead::Show(args) = command;
    let (store, company) = place.open_company().await?;
    let found =
        store::leads::one(store.read().await?.session(), company.id, LeadId(args.id), Sight::All).await?;
    let Some(lead) = found else {
        return Err(callers_fault(format!("there is no lead {}", args.id)));
    };
    if args.output.json {
        return output::json(&as_json(&lead)?);
    }
    let zone: Zone = company.time_zone.parse()?;
    Ok(print(&lead, &zone)?)
}

#[derive(serde::Serialize)]
struct LeadInFullJson<'l> {
    #[serde(flatten)]
    line: LeadJson<'l>,
    phone_typed: &'l str,
    tags: &'l [String],
    details: Option<serde_json::Value>,
    timeline: Vec<EventJson<'l>>,
}

#[derive(serde::Serialize)]
struct EventJson<'l> {
    entry: i64,
    at_ms: i64,
    kind: &'l str,
    by: Option<&'l str>,
    run: Option<i64>,
    from_owner: Option<&'l str>,
    to_owner: Option<&'l str>,
    from_status: Option<&'l str>,
    to_status: Option<&'l str>,
    detail: Option<&'l str>,
}

impl<'l> From<&'l Event> for EventJson<'l> {
    fn from(event: &'l Event) -> EventJson<'l> {
        EventJson {
            entry: event.entry,
            at_ms: event.at.0,
            kind: &event.kind,
            by: event.actor.as_deref(),
            run: event.run,
            from_owner: event.from_owner.as_deref(),
            to_owner: event.to_owner.as_deref(),
            from_status: event.from_status.as_deref(),
            to_status: event.to_status.as_deref(),
            detail: event.detail.as_deref(),
        }
    }
}

fn as_json(lead: &LeadInFull) -> anyhow::Result<LeadInFullJson<'_>> {
    Ok(LeadInFullJson {
        line: LeadJson::from(&lead.line),
        phone_typed: &lead.phone_typed,
        tags: &lead.tags,
        details: lead.details.as_deref().map(serde_json::from_str).transpose()?,
        timeline: lead.events.iter().map(EventJson::from).collect(),
    })
}

fn print(lead: &LeadInFull, zone: &Zone) -> std::io::Result<()> {
    let mut out = output::stdout();
    let line = &lead.line;
    writeln!(out, "Lead {}: {}", line.id, format!("{} {}", line.first_name, line.last_name).trim_end())?;
    let doubtful = if line.phone_doubtful { ", doubtful" } else { "" };
    writeln!(out, "Phone: {} (typed {:?}{doubtful})", line.phone, lead.phone_typed)?;
    let facts = [
        ("E-mail", line.email.clone()),
        ("Status", Some(line.status.clone())),
        ("Owner", line.owner.clone()),
        ("Source", line.source.clone()),
        ("Branch", line.branch.clone()),
        ("Department", line.department.clone()),
        ("Country", line.country.clone()),
        ("Tags", (!lead.tags.is_empty()).then(|| lead.tags.join(", "))),
    ];
    for (name, value) in facts {
        if let Some(value) = value {
            writeln!(out, "{name}: {value}")?;
        }
    }
    let details: serde_json::Map<String, serde_json::Value> =
        lead.details.as_deref().and_then(|details| serde_json::from_str(details).ok()).unwrap_or_default();
    for (name, value) in &details {
        writeln!(out, "{name}: {}", value.as_str().unwrap_or_default())?;
    }
    writeln!(out)?;
    for event in &lead.events {
        writeln!(out, "{}  {}", zone.minute(event.at), event.told(zone))?;
        for line in event.text().unwrap_or_default().lines() {
            writeln!(out, "    {line}")?;
        }
    }
    out.flush()
}
