//! What keeping the time costs while nothing is due: the processor time of a process that serves 1,000 companies, each
//! with a job switched on, beside one that serves a single company with nothing switched on.

use crate::{
    place::{Bench, Place},
    table::Table,
};
use actions::{
    create_company::{NewCompany, create_company},
    save_job::{Change, save_job},
};
use anyhow::{Context, Result, ensure};
use domain::{
    email::Email,
    job::Job,
    phone::Country,
    time::{MinuteOfDay, Moment},
    viewer::Viewer,
};
use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use store::dialect::Engine;

const COMPANIES: usize = 1_000;
/// How long it is watched: two of the scheduler's longest sleeps.
const WATCHED: Duration = Duration::from_secs(60);
/// What starting takes is not part of it.
const SETTLING: Duration = Duration::from_secs(5);
const DAY_MINUTES: u128 = 24 * 60;

/// Both processes, one after the other.
pub async fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> Result<()> {
    let alone = processor_time(&place_of(bench, engine, 1, false).await?)?;
    let many = processor_time(&place_of(bench, engine, COMPANIES, true).await?)?;
    let part = many.as_secs_f64() / WATCHED.as_secs_f64();
    let told = format!(
        "{:.1} ms in {} s ({:.3} %); one company, nothing switched on: {:.1} ms",
        many.as_secs_f64() * 1e3,
        WATCHED.as_secs(),
        part * 100.0,
        alone.as_secs_f64() * 1e3
    );
    let claim = Some(("≤ 0.1 % of a core".into(), part <= 0.001));
    table.alone("idle, 1,000 companies with a job due in half a day", engine, told, claim);
    Ok(())
}

/// Companies whose assignment is due in half a day, or never.
async fn place_of(bench: &Bench, engine: Engine, companies: usize, enabled: bool) -> Result<Place> {
    let place = bench.place(engine, "idle")?;
    let store = place.open().await?;
    #[expect(clippy::disallowed_methods, reason = "the process that is watched has no other clock")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let now = Moment(since as i64);
    let far = (since / 60_000 + DAY_MINUTES / 2) % DAY_MINUTES;
    let at: MinuteOfDay = format!("{:02}:{:02}", far / 60, far % 60).parse()?;
    for number in 0..companies {
        let new = NewCompany {
            name: format!("Company {number}"),
            country: Country::from_code("GB")?,
            zone: "UTC".parse()?,
            admin_email: Email::parse("admin@example.com")?,
            admin_password: "only for measuring".into(),
        };
        let company = create_company(&store, new, now).await?.0;
        if enabled {
            let change = Change { enabled: Some(true), at: Some(at), ..Change::default() };
            save_job(&store, company, Job::Assignment, change, Viewer::Operator, now).await?;
        }
    }
    drop(store);
    Ok(place)
}

/// Of a process of its own, while nobody asks anything of it.
fn processor_time(place: &Place) -> Result<Duration> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evenhand"));
    command.args(["serve", "--listen", "127.0.0.1:0"]).env_remove("EVENHAND_DATABASE");
    match place {
        Place::Sqlite(folder) => command.arg("--data").arg(folder),
        Place::Postgres(url) => command.args(["--database", url]),
    };
    let mut serving = Serving(command.stderr(Stdio::piped()).spawn()?);
    let mut said = BufReader::new(serving.0.stderr.take().context("standard error is piped")?);
    let mut line = String::new();
    while !line.contains("listens on") {
        line.clear();
        ensure!(said.read_line(&mut line)? > 0, "it ended before it served");
    }
    std::thread::sleep(SETTLING);
    let before = serving.processor_time()?;
    std::thread::sleep(WATCHED);
    Ok(serving.processor_time()?.saturating_sub(before))
}

/// A process that ends with its owner.
struct Serving(Child);

impl Serving {
    /// Of all its threads so far, as the kernel's scheduler counts it, to the nanosecond.
    fn processor_time(&self) -> Result<Duration> {
        let mut all = Duration::ZERO;
        for thread in fs::read_dir(format!("/proc/{}/task", self.0.id()))
            .context("processor time is read from /proc, on Linux only")?
        {
            let told = fs::read_to_string(thread?.path().join("schedstat"))?;
            let nanoseconds = told.split_whitespace().next().context("schedstat begins with a number")?;
            all += Duration::from_nanos(nanoseconds.parse()?);
        }
        Ok(all)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
