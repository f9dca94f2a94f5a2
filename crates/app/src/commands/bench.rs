//! `evenhand bench engine` and `evenhand bench fairness`

use crate::{
    cli::{Bench, BenchEngine},
    output,
};
use allot::{Instance, shapes};
use anyhow::Context;
use std::{io::Write, process::Command, time::Instant};

/// Rounds of which the median is told.
const ROUNDS: usize = 5;
const MIB: f64 = 1_048_576.0;

pub fn bench(command: Bench) -> anyhow::Result<()> {
    match command {
        Bench::Engine(args) => engine(&args),
        Bench::Fairness(args) => fairness(args.json),
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Shapes {
    shapes: Vec<Measured>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Measured {
    name: String,
    /// Planning, dealing and verifying: the median of five.
    ms: f64,
    /// Resident memory beyond the input and the output: never less than it was, since pages of the program count too.
    peak_mib: f64,
}

/// Each shape in a process of its own, so that none inherits the memory of the one before.
fn engine(args: &BenchEngine) -> anyhow::Result<()> {
    if let Some(number) = args.shape {
        let shape = shapes::table().into_iter().nth(number).context("there are four shapes, 0 to 3")?;
        let before = resident("VmRSS");
        let instance = (shape.build)();
        return output::json(&measure(shape.name, &instance, before)?);
    }
    let program = std::env::current_exe().context("the program cannot find itself")?;
    let mut all = Shapes { shapes: Vec::new() };
    for number in 0..shapes::table().len() {
        let child = Command::new(&program)
            .args(["bench", "engine", "--shape", &number.to_string()])
            .output()
            .context("the program cannot start itself")?;
        anyhow::ensure!(
            child.status.success(),
            "a shape failed: {}",
            String::from_utf8_lossy(&child.stderr).trim()
        );
        all.shapes.push(serde_json::from_slice(&child.stdout)?);
    }
    if args.output.json {
        return output::json(&all);
    }
    let rows: Vec<Vec<String>> = (all.shapes.iter().zip(shapes::table()))
        .map(|(shape, known)| {
            let limit = known.limit_ms.map_or("–".into(), |ms| ms.to_string());
            vec![format!("{:.2}", shape.ms), limit, format!("{:.1}", shape.peak_mib), shape.name.clone()]
        })
        .collect();
    let mut out = output::stdout();
    output::table(&mut out, &["ms", "goal", "MiB", "shape"], &rows)?;
    out.flush()?;
    Ok(())
}

/// `before` is the memory from before the instance was built: what building it gave back and planning took again counts.
fn measure(name: &str, instance: &Instance, before: f64) -> anyhow::Result<Measured> {
    // Forgets the high-water mark of building the instance, where the system allows it.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let mut times = Vec::with_capacity(ROUNDS);
    let mut output = 0.0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let plan = allot::plan(instance)?;
        allot::verify(instance, &plan)?;
        times.push(start.elapsed().as_secs_f64() * 1_000.0);
        output = bytes(&plan.leads);
    }
    times.sort_by(f64::total_cmp);
    let input: f64 = instance
        .classes
        .iter()
        .map(|class| bytes(&class.strata) + bytes(&class.avoid) + bytes(class.eligible.words()))
        .sum();
    let peak = (resident("VmHWM") - before - input - output).max(0.0) / MIB;
    Ok(Measured { name: name.into(), ms: times[ROUNDS / 2], peak_mib: peak })
}

fn bytes<T>(list: &[T]) -> f64 {
    size_of_val(list) as f64
}

/// A line of this process's memory, in bytes; 0 where the system does not tell.
fn resident(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1_024.0
}

fn fairness(json: bool) -> anyhow::Result<()> {
    let rows = allot::fairness::compare()?;
    if json {
        return output::json(&serde_json::json!({ "rows": rows }));
    }
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|row| {
            vec![
                row.batch.to_owned(),
                row.order.to_owned(),
                row.method.to_owned(),
                row.unassigned.to_string(),
                row.spread.to_string(),
                format!("{:.4}", row.jain),
            ]
        })
        .collect();
    let mut out = output::stdout();
    output::table(&mut out, &["batch", "order", "method", "unassigned", "max − min", "Jain"], &rows)?;
    out.flush()?;
    Ok(())
}
