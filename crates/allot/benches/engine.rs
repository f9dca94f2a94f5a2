//! Plan and verify the shapes of the table and the growth series: median of five, and the peak of resident memory.
//!
//! `cargo bench -p allot` prints the table; `cargo bench -p allot -- growth` the series, `-- hostile` the hostile
//! shapes, `-- 2` the second shape alone (for a profiler: `-- 2 once`).

#![allow(clippy::print_stdout)] // a benchmark speaks on standard output

use std::time::Instant;

use allot::{Instance, shapes};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let has = |word: &str| words.iter().any(|other| other == word);
    let rounds = if has("once") { 1 } else { 5 };
    if has("growth") {
        for (what, [leads, agents, classes]) in shapes::growth() {
            let name = format!("{what}: {leads} leads, {agents} agents, {classes} classes");
            measure(&name, &shapes::sized(leads, agents, classes), rounds, None);
        }
    } else if has("hostile") {
        for shape in shapes::hostile() {
            measure(shape.name, &(shape.build)(), rounds, shape.limit_ms);
        }
    } else {
        for (number, shape) in (1..).zip(shapes::table()) {
            if !(1..=4).any(|other: u32| has(&other.to_string())) || has(&number.to_string()) {
                measure(shape.name, &(shape.build)(), rounds, shape.limit_ms);
            }
        }
    }
}

fn measure(name: &str, instance: &Instance, rounds: usize, limit_ms: Option<u32>) {
    let before = resident_mib("VmRSS");
    // Resets the high-water mark, where the system allows it.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let mut times: Vec<[f64; 3]> = (0..rounds)
        .map(|_| {
            let (start, busy) = (Instant::now(), processor_ms());
            let plan = allot::plan(instance).expect("the shapes are good instances");
            let planned = start.elapsed().as_secs_f64() * 1000.0;
            allot::verify(instance, &plan).expect("the plan is optimal");
            [start.elapsed().as_secs_f64() * 1000.0, planned, processor_ms() - busy]
        })
        .collect();
    times.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let [all, planned, busy] = times[times.len() / 2];
    let output = instance.leads() as f64 * 4.0 / f64::from(1 << 20);
    let beyond = resident_mib("VmHWM") - before - output;
    let limit = limit_ms.map_or(String::new(), |limit| format!(" (limit {limit})"));
    println!(
        "{all:9.2} ms{limit}, planning {planned:.2}, on the processor {busy:.2}; {beyond:.0} MiB beyond input and output: {name}"
    );
}

/// What this thread has used of a processor, where the system tells: on a busy machine the better measure.
fn processor_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok()).unwrap_or(0.0) / 1e6
}

fn resident_mib(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}
