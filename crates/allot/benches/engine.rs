//! Plan and verify the shapes of the table and the growth series: median of five, and the peak of memory beyond input
//! and output.
//!
//! `cargo bench -p allot` prints the table; `cargo bench -p allot -- growth` the series, `-- hostile` the hostile
//! shapes, `-- 2` the second shape alone (for a profiler: `-- 2 once`).

#![allow(clippy::print_stdout)] // a benchmark speaks on standard output

mod counting;

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
    let mut beyond = 0;
    let mut times: Vec<[f64; 2]> = (0..rounds)
        .map(|_| {
            let (start, busy) = (Instant::now(), processor_ms());
            let (_plan, bytes) = counting::plan_and_verify(instance);
            beyond = beyond.max(bytes);
            [start.elapsed().as_secs_f64() * 1000.0, processor_ms() - busy]
        })
        .collect();
    times.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let [all, busy] = times[times.len() / 2];
    let limit = limit_ms.map_or(String::new(), |limit| format!(" (limit {limit})"));
    let mib = beyond as f64 / f64::from(1 << 20);
    println!("{all:9.2} ms{limit}, on the processor {busy:.2}; {mib:.1} MiB beyond input and output: {name}");
}

/// What this thread has used of a processor, where the system tells: on a busy machine the better measure.
fn processor_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok()).unwrap_or(0.0) / 1e6
}
