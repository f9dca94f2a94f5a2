//! `evenhand explain`

use crate::{
    cli::{Explain, Place},
    output::{self, callers_fault},
};
use actions::explain_lead::{By, ExplainLead, Explained, Why, explain_lead};
use domain::{
    explanation::{Candidate, Verdict},
    ids::{LeadId, RunId, UserId},
    time::Zone,
    viewer::Sight,
};
use std::io::Write;

/// Rows of the table for people; JSON has all of them.
const ROWS_MAX: usize = 40;
/// Where the column of what they gave away stands, if anybody did.
const GIVES: usize = 6;

pub async fn explain(place: &Place, args: Explain) -> anyhow::Result<()> {
    let (store, company) = place.open_company().await?;
    let order = ExplainLead { lead: LeadId(args.lead), run: args.run.map(RunId), sight: Sight::All };
    let why = match explain_lead(&store, &company, order).await? {
        Explained::Done(why) => why,
        Explained::NoLead => return Err(callers_fault(format!("there is no lead {}", args.lead))),
        Explained::NoRun => {
            let run = args.run.unwrap_or_default();
            return Err(callers_fault(format!("there is no run {run}")));
        }
    };
    if args.output.json {
        return output::json(&WhyJson::new(order.lead, &why));
    }
    Ok(print(&why, &company.time_zone.parse()?)?)
}

#[derive(serde::Serialize)]
struct WhyJson<'w> {
    lead: LeadId,
    name: &'w str,
    decided_by: &'static str,
    run: Option<RunId>,
    at_ms: Option<i64>,
    title: &'w str,
    why: &'w str,
    candidates: Vec<CandidateJson<'w>>,
}

#[derive(serde::Serialize)]
struct CandidateJson<'w> {
    id: UserId,
    name: &'w str,
    held: i64,
    cap: Option<i64>,
    room: Option<u32>,
    gets: u32,
    gives: i64,
    after: i64,
    verdict: String,
    because: &'w str,
}

impl<'w> WhyJson<'w> {
    fn new(lead: LeadId, why: &'w Why) -> WhyJson<'w> {
        let (decided_by, run, at) = match why.by {
            By::Run { run, started_at } => ("run", Some(run), Some(started_at)),
            By::Person { run, at } => ("person", run, Some(at)),
            By::Nothing => ("nothing", None, None),
        };
        let candidate = |one: &'w Candidate| CandidateJson {
            id: one.id,
            name: &one.name,
            held: one.held,
            cap: one.cap,
            room: one.room,
            gets: one.gets,
            gives: one.gives(),
            after: one.after,
            verdict: one.verdict.to_string(),
            because: &one.words,
        };
        WhyJson {
            lead,
            name: &why.name,
            decided_by,
            run,
            at_ms: at.map(|at| at.0),
            title: &why.explanation.title,
            why: &why.explanation.paragraph,
            candidates: why.explanation.candidates.iter().map(candidate).collect(),
        }
    }
}

/// What decided, and when.
fn decided(by: &By, zone: &Zone) -> Option<String> {
    match by {
        By::Run { run, started_at } => Some(format!("Run {run} of {}", zone.minute(*started_at))),
        By::Person { run: Some(run), at } => Some(format!("By hand, run {run}, {}", zone.minute(*at))),
        By::Person { run: None, at } => Some(format!("By hand, {}", zone.minute(*at))),
        By::Nothing => None,
    }
}

fn print(why: &Why, zone: &Zone) -> std::io::Result<()> {
    let mut out = output::stdout();
    writeln!(out, "{}: {}", why.name, why.explanation.title)?;
    writeln!(out, "{}", why.explanation.paragraph)?;
    if let Some(decided) = decided(&why.by, zone) {
        writeln!(out, "{decided}")?;
    }
    let candidates = &why.explanation.candidates;
    if !candidates.is_empty() {
        let number = |number: Option<i64>| number.map_or("–".into(), |number| number.to_string());
        // As in the table of a run: where somebody gave leads away, the numbers do not add up without them.
        let give = candidates.iter().any(|one| one.gives() > 0);
        let rows: Vec<Vec<String>> = candidates
            .iter()
            .take(ROWS_MAX)
            .map(|one| {
                let mark = if matches!(one.verdict, Verdict::Chosen | Verdict::Keeps) { "→" } else { "" };
                let mut row = vec![
                    mark.to_owned(),
                    one.name.clone(),
                    one.held.to_string(),
                    number(one.cap),
                    number(one.room.map(i64::from)),
                    one.gets.to_string(),
                    one.after.to_string(),
                    one.words.clone(),
                ];
                if give {
                    row.insert(GIVES, one.gives().to_string());
                }
                row
            })
            .collect();
        writeln!(out)?;
        let mut titles = vec!["", "agent", "held", "cap", "room", "gets", "after", "because"];
        if give {
            titles.insert(GIVES, "gives");
        }
        output::table(&mut out, &titles, &rows)?;
    }
    out.flush()?;
    if candidates.len() > ROWS_MAX {
        output::say(&format!("{} more; --json has all of them.", candidates.len() - ROWS_MAX));
    }
    Ok(())
}
