//! `evenhand lead show`

use super::leads;
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
    let found = store::leads::one(store.read().await?.session(), company.id, LeadId(args.id), Sight::All).await?;
    let Some(lead) = found else {
        return Err(callers_fault(format!("there is no lead {}", args.id)));
    };
    if args.output.json {
        return output::json(&as_json(&lead)?);
    }
    let zone: Zone = company.time_zone.parse()?;
    Ok(print(&lead, &zone)?)
}

fn as_json(lead: &LeadInFull) -> anyhow::Result<serde_json::Value> {
    let mut value = leads::as_json(&lead.line);
    value["phone_typed"] = lead.phone_typed.clone().into();
    value["tags"] = lead.tags.clone().into();
    value["details"] = match &lead.details {
        Some(details) => serde_json::from_str(details)?,
        None => serde_json::Value::Null,
    };
    value["timeline"] = lead
        .events
        .iter()
        .map(|event| {
            serde_json::json!({
                "entry": event.entry, "at_ms": event.at.0, "kind": event.kind, "by": event.actor, "run": event.run,
                "from_owner": event.from_owner, "to_owner": event.to_owner,
                "from_status": event.from_status, "to_status": event.to_status, "detail": event.detail,
            })
        })
        .collect();
    Ok(value)
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
        ("Details", lead.details.clone()),
    ];
    for (name, value) in facts {
        if let Some(value) = value {
            writeln!(out, "{name}: {value}")?;
        }
    }
    writeln!(out)?;
    for event in &lead.events {
        writeln!(out, "{}  {}", zone.minute(event.at), told(event))?;
    }
    out.flush()
}

/// What happened, in a sentence.
fn told(event: &Event) -> String {
    let by = match (event.run, &event.actor) {
        (Some(run), _) => format!(" by run {run}"),
        (None, Some(actor)) => format!(" by {actor}"),
        (None, None) => String::new(),
    };
    let mut text = match (event.kind.as_str(), &event.from_owner, &event.to_owner) {
        ("assigned", Some(from), Some(to)) => format!("Moved from {from} to {to}{by}"),
        ("assigned", None, Some(to)) => format!("Assigned to {to}{by}"),
        ("imported", ..) => format!("Imported{by}"),
        ("added", ..) => format!("Added{by}"),
        (kind, ..) => format!("{kind}{by}"),
    };
    match (&event.from_status, &event.to_status) {
        (Some(from), Some(to)) if from != to => text.push_str(&format!("; {from} → {to}")),
        (None, Some(to)) => text.push_str(&format!(" as {to}")),
        _ => {}
    }
    text
}
