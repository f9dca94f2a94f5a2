//! `evenhand run assignment`, `top-up` and `removal`

use crate::{
    cli::{Place, Run, RunJob},
    clock,
    interrupts::Interrupts,
    output,
};
use actions::runs::{self, Order, Report};
use domain::{
    ids::{RunId, UserId},
    job::Job,
    pool::AgentLine,
    sentence::RunNumbers,
    viewer::Viewer,
};
use std::io::Write;
use store::{jobs, runs::StartedBy, statuses, work::WorkId};

pub async fn run(place: &Place, command: Run) -> anyhow::Result<()> {
    match command {
        Run::Assignment(args) => now(place, Job::Assignment, args).await,
        Run::TopUp(args) => now(place, Job::TopUp, args).await,
        Run::Removal(args) => now(place, Job::Removal, args).await,
    }
}

async fn now(place: &Place, job: Job, args: RunJob) -> anyhow::Result<()> {
    let (store, company) = place.open_company().await?;
    let report = if args.preview {
        runs::preview(&store, &company, job, clock::now()).await?
    } else {
        // Before the record can be seen: whoever sees it may send the signal.
        let mut interrupts = Interrupts::listen()?;
        let order = Order::now(job, Viewer::Operator, StartedBy::CommandLine);
        let begun = interrupts.opening(runs::begin(&store, &company, order, &clock::now)).await?;
        let work = WorkId::Run(begun.run());
        let doing = Box::pin(begun.finish(&store, &company, &clock::now));
        interrupts.cancel(&store, company.id, work, doing).await?
    };
    if args.output.json {
        return output::json(&ReportJson::from(&report));
    }
    print(&report)?;
    if job == Job::Removal {
        let mut reader = store.read().await?;
        let known = statuses::list(reader.session(), company.id).await?;
        let settings = jobs::settings(reader.session(), company.id, job, &known).await?;
        if settings.eligible(&known).is_empty() {
            output::say(
                "It takes leads in no status; choose some with `evenhand settings removal --statuses`.",
            );
        }
    }
    Ok(())
}

/// The report as the command line and the interface give it.
#[derive(serde::Serialize)]
pub struct ReportJson<'r> {
    run: Option<RunId>,
    assigned: u64,
    kept: u64,
    unassigned: u64,
    agents: Vec<AgentJson<'r>>,
    leftovers: Vec<ReasonJson>,
    not_considered: Vec<ReasonJson>,
    changed_meanwhile: u64,
    sentence: &'r str,
    second_line: &'r str,
}

#[derive(serde::Serialize)]
struct AgentJson<'r> {
    id: UserId,
    name: &'r str,
    held: i64,
    cap: Option<i64>,
    got: i64,
    gave: i64,
    after: i64,
}

#[derive(serde::Serialize)]
struct ReasonJson {
    reason: String,
    count: u64,
}

impl<'r> From<&'r Report> for ReportJson<'r> {
    fn from(report: &'r Report) -> ReportJson<'r> {
        let agent = |line: &'r AgentLine| AgentJson {
            id: line.id,
            name: &line.name,
            held: line.held,
            cap: line.cap,
            got: line.got,
            gave: line.gave(),
            after: line.after,
        };
        let numbers = &report.numbers;
        ReportJson {
            run: report.run,
            assigned: numbers.assigned,
            kept: numbers.kept,
            unassigned: numbers.unassigned(),
            agents: report.agents.iter().map(agent).collect(),
            leftovers: reasons(&numbers.leftovers),
            not_considered: reasons(&numbers.exceptions),
            changed_meanwhile: numbers.changed_meanwhile,
            sentence: &report.sentence,
            second_line: &report.second_line,
        }
    }
}

fn reasons(list: &[(impl ToString, u64)]) -> Vec<ReasonJson> {
    list.iter().map(|(why, count)| ReasonJson { reason: why.to_string(), count: *count }).collect()
}

/// The sentence and the table of agents.
pub fn print(report: &Report) -> std::io::Result<()> {
    let mut out = output::stdout();
    writeln!(out, "{}", report.sentence)?;
    if !report.second_line.is_empty() {
        writeln!(out, "{}", report.second_line)?;
    }
    // Nobody gives anything in most runs: a column of noughts tells nothing.
    let some_give = report.agents.iter().any(|agent| agent.gave() > 0);
    let row = |agent: &AgentLine| {
        let mut row = vec![
            agent.name.clone(),
            agent.held.to_string(),
            agent.cap.map_or("–".into(), |cap| cap.to_string()),
            agent.got.to_string(),
        ];
        row.extend(some_give.then(|| agent.gave().to_string()));
        row.push(agent.after.to_string());
        row
    };
    let rows: Vec<Vec<String>> = report.agents.iter().map(row).collect();
    if report.job == Job::Assignment && report.numbers == RunNumbers::default() {
        output::say(
            "There is no lead in the chosen statuses; bring some in with `evenhand import`, or choose more with `evenhand settings auto-assignment --statuses`.",
        );
    }
    if let Some(run) = report.run {
        output::say(&format!("Run {run}. Why a lead went where it is: evenhand explain LEAD --run {run}"));
    }
    if rows.is_empty() && report.job == Job::Removal {
        // Nobody loses anything: the sentence has said so.
    } else if rows.is_empty() {
        output::say("Nobody may receive leads yet; add agents with `evenhand user add --role Agent`.");
    } else {
        writeln!(out)?;
        let (gets, gives) = if report.run.is_some() { ("got", "gave") } else { ("gets", "gives") };
        let head: &[&str] = if some_give {
            &["agent", "held", "cap", gets, gives, "after"]
        } else {
            &["agent", "held", "cap", gets, "after"]
        };
        output::table(&mut out, head, &rows)?;
    }
    out.flush()
}
