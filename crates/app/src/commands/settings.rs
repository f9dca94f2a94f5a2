//! `evenhand settings auto-assignment`

use crate::{
    cli::{AutoAssignment, Place, Settings, Strategy},
    clock,
    output::{self, callers_fault},
};
use actions::{
    run_assignment::last_run,
    save_auto_assignment::{Change, save_auto_assignment},
};
use domain::{time::NotATime, viewer::Viewer};
use std::io::Write;
use store::{jobs, statuses};

pub async fn settings(place: &Place, command: Settings) -> anyhow::Result<()> {
    match command {
        Settings::AutoAssignment(args) => auto_assignment(place, args).await,
    }
}

async fn auto_assignment(place: &Place, args: AutoAssignment) -> anyhow::Result<()> {
    let (json, args_enable) = (args.output.json, args.enable);
    let change = Change {
        enabled: if args.enable { Some(true) } else { args.disable.then_some(false) },
        statuses: args
            .statuses
            .map(|names| names.into_iter().filter(|name| !name.trim().is_empty()).collect()),
        at: args.at.map(|at| at.parse().map_err(|error: NotATime| callers_fault(error))).transpose()?,
        strategy: args.strategy.map(|strategy| match strategy {
            Strategy::EqualShares => allot::Strategy::EqualShares,
            Strategy::LevelQueues => allot::Strategy::LevelQueues,
        }),
        oldest_first: None,
        rest_hours: None,
        own_password: None,
    };
    let (store, company) = place.open_company().await?;
    if change != Change::default() {
        save_auto_assignment(&store, company.id, change, Viewer::Operator, clock::now()).await?;
    }
    if args_enable {
        output::say(
            "The time is saved, but no service keeps it yet: let cron call `evenhand run assignment`.",
        );
    }
    let mut reader = store.read().await?;
    let known = statuses::list(reader.session(), company.id).await?;
    let now = jobs::auto_assignment(reader.session(), company.id, &known).await?;
    let last = last_run(&store, &company, clock::now()).await?;
    let names: Vec<String> =
        now.statuses.iter().filter_map(|id| known.get(*id)).map(|status| status.name.clone()).collect();
    if json {
        return output::json(&serde_json::json!({
            "enabled": now.enabled,
            "statuses": names,
            "at": now.at.to_string(),
            "strategy": now.strategy.to_string(),
            "last_run": last.sentence,
            "last_run_details": last.second_line,
        }));
    }
    let mut out = output::stdout();
    writeln!(out, "Auto lead assignment: {}", if now.enabled { "on" } else { "off" })?;
    writeln!(out, "Statuses: {}", if names.is_empty() { "none".into() } else { names.join(", ") })?;
    writeln!(out, "At: {} ({})", now.at, company.time_zone)?;
    writeln!(out, "Strategy: {}", now.strategy)?;
    writeln!(out, "{}", last.sentence)?;
    if !last.second_line.is_empty() {
        writeln!(out, "{}", last.second_line)?;
    }
    out.flush()?;
    Ok(())
}
