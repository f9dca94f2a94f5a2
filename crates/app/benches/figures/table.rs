//! The table of results, as docs/performance.md shows it.

use std::{fmt, time::Duration};

/// The lines so far; each is also told when it is added, since the whole takes minutes.
#[derive(Default)]
pub struct Table(Vec<[String; 6]>);

impl Table {
    /// A figure beside its floor; `at_most` is the greatest ratio that is claimed.
    pub fn ratio(
        &mut self,
        what: &str,
        engine: impl fmt::Display,
        ours: &[Duration],
        floor: &[Duration],
        at_most: Option<f64>,
    ) {
        let (ours, floor) = (Spread::of(ours), Spread::of(floor));
        let ratio = ours.median / floor.median;
        let claim = at_most.map_or_else(String::new, |most| claim(format!("≤ {most} ×"), ratio <= most));
        self.add([
            what.into(),
            engine.to_string(),
            ours.to_string(),
            floor.to_string(),
            format!("{ratio:.2}"),
            claim,
        ]);
    }

    /// A time that stands alone; `at_most` is the most seconds that are claimed.
    pub fn time(&mut self, what: &str, engine: impl fmt::Display, took: &[Duration], at_most: Option<f64>) {
        let spread = Spread::of(took);
        let claim = at_most.map(|most| (format!("≤ {most} s"), spread.median <= most));
        self.alone(what, engine, spread.to_string(), claim);
    }

    /// A figure that stands alone.
    pub fn alone(
        &mut self,
        what: &str,
        engine: impl fmt::Display,
        ours: String,
        of_claim: Option<(String, bool)>,
    ) {
        let told = of_claim.map_or_else(String::new, |(most, kept)| claim(most, kept));
        self.add([what.into(), engine.to_string(), ours, String::new(), String::new(), told]);
    }

    fn add(&mut self, line: [String; 6]) {
        println!("{}", line.join(" | "));
        self.0.push(line);
    }
}

fn claim(claim: String, kept: bool) -> String {
    if kept { claim } else { format!("{claim} MISSED") }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| figure | engine | ours | floor | ratio | asked |\n|---|---|---|---|---|---|")?;
        self.0.iter().try_for_each(|line| writeln!(f, "| {} |", line.join(" | ")))
    }
}

/// The median in seconds, and how far the others lie from it.
pub struct Spread {
    /// Seconds.
    pub median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    /// Of some times, at least one.
    pub fn of(times: &[Duration]) -> Spread {
        let mut seconds: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
        seconds.sort_by(f64::total_cmp);
        Spread { median: seconds[seconds.len() / 2], least: seconds[0], most: seconds[seconds.len() - 1] }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, by) = if self.median < 0.1 { ("ms", 1_000.0) } else { ("s", 1.0) };
        write!(f, "{:.2} {unit} ({:.2}–{:.2})", self.median * by, self.least * by, self.most * by)
    }
}
