//! `evenhand run assignment`

use crate::{
    cli::{Place, Run, RunAssignment},
    clock, output,
};
use actions::run_assignment::{self, Report};
use domain::viewer::Viewer;
use std::io::Write;

pub async fn run(place: &Place, command: Run) -> anyhow::Result<()> {
    match command {
        Run::Assignment(args) => assignment(place, args).await,
    }
}

async fn assignment(place: &Place, args: RunAssignment) -> anyhow::Result<()> {
    let (store, company) = place.open_company().await?;
    let report = if args.preview {
        run_assignment::preview(&store, &company, clock::now()).await?
    } else {
        run_assignment::run(&store, &company, Viewer::Operator, "command line", &clock::now).await?
    };
    if args.output.json { output::json(&as_json(&report)) } else { Ok(print(&report)?) }
}

/// The report as the command line and the interface give it.
pub fn as_json(report: &Report) -> serde_json::Value {
    let numbers = &report.numbers;
    let reasons = |list: &mut dyn Iterator<Item = (String, u64)>| -> Vec<serde_json::Value> {
        list.map(|(reason, count)| serde_json::json!({ "reason": reason, "count": count })).collect()
    };
    let agents: Vec<_> = report
        .agents
        .iter()
        .map(|agent| {
            serde_json::json!({
                "id": agent.id, "name": agent.name, "held": agent.held, "cap": agent.cap,
                "got": agent.got, "after": agent.after,
            })
        })
        .collect();
    serde_json::json!({
        "run": report.run,
        "assigned": numbers.assigned,
        "kept": numbers.kept,
        "unassigned": numbers.unassigned(),
        "agents": agents,
        "leftovers": reasons(&mut numbers.leftovers.iter().map(|(why, n)| (why.to_string(), *n))),
        "not_considered": reasons(&mut numbers.exceptions.iter().map(|(why, n)| (why.to_string(), *n))),
        "changed_meanwhile": numbers.changed_meanwhile,
        "sentence": report.sentence,
        "second_line": report.second_line,
    })
}

/// The sentence and the table of agents.
pub fn print(report: &Report) -> std::io::Result<()> {
    let mut out = output::stdout();
    writeln!(out, "{}", report.sentence)?;
    if !report.second_line.is_empty() {
        writeln!(out, "{}", report.second_line)?;
    }
    let rows: Vec<Vec<String>> = report
        .agents
        .iter()
        .map(|agent| {
            vec![
                agent.name.clone(),
                agent.held.to_string(),
                agent.cap.map_or("–".into(), |cap| cap.to_string()),
                agent.got.to_string(),
                agent.after.to_string(),
            ]
        })
        .collect();
    if rows.is_empty() {
        output::say("Nobody may receive leads yet; add agents with `evenhand user add --role Agent`.");
    } else {
        writeln!(out)?;
        let gets = if report.run.is_some() { "got" } else { "gets" };
        output::table(&mut out, &["agent", "held", "cap", gets, "after"], &rows)?;
    }
    out.flush()
}
