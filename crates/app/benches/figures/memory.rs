//! Memory, of processes of their own: the peak of an import, and what stays after a run.

use crate::{
    data::{self, NOW, Size},
    import,
    list::MANY,
    place::{Bench, Place},
    table::Table,
};
use actions::runs::{self, Order};
use anyhow::{Context, Result, bail, ensure};
use domain::{
    job::Job,
    lead_list::{Filter, Sort},
    viewer::{Sight, Viewer},
};
use std::{env, fs, path::Path, process::Command, time::Duration};
use store::{dialect::Engine, lists, runs::StartedBy};

const NO_LEADS: Size = Size { leads: 0, unassigned: 0, agents: 20, cap: 300 };

/// Starts the processes and reads what they say.
pub async fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> Result<()> {
    let file = bench.folder.join("memory.csv");
    let mut peaks = Vec::new();
    // With 50,000 rows the caches are not full yet; from then on more rows must not take more.
    for (rows, told) in [(50_000, "50,000"), (400_000, "400,000"), (800_000, "800,000")] {
        data::write_file(&file, rows)?;
        let place = data::build(bench, engine, "memory", NO_LEADS).await?;
        let peak = in_process_of_its_own("import", &place, &file)?.0;
        peaks.push(peak);
        let claim = (peaks.len() == 3).then(|| ("does not grow".into(), peak <= peaks[1] * 1.1));
        table.alone(&format!("peak memory, import of {told} rows"), engine, format!("{peak:.0} MB"), claim);
    }
    let place = data::build(bench, engine, "memory", MANY).await?;
    for (what, told) in [("open", "opened, some lists read"), ("run", "after a run over 200,000 of them")] {
        let (peak, idle) = in_process_of_its_own(what, &place, &file)?;
        let claim = (what == "run").then(|| ("≤ 80 MB".into(), idle <= 80.0));
        table.alone(
            &format!("idle memory, 1,000,000 leads, {told}"),
            engine,
            format!("{idle:.0} MB (peak {peak:.0})"),
            claim,
        );
    }
    Ok(())
}

fn in_process_of_its_own(what: &str, place: &Place, file: &Path) -> Result<(f64, f64)> {
    let (engine, place) = match place {
        Place::Sqlite(folder) => ("sqlite", folder.display().to_string()),
        Place::Postgres(url) => ("postgres", url.clone()),
    };
    let output =
        Command::new(env::current_exe()?).args(["--child", what, engine, &place]).arg(file).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let (peak, idle) =
        text.trim().split_once(' ').context("the process says its peak and its present memory")?;
    Ok((peak.parse()?, idle.parse()?))
}

/// The other side of it.
pub async fn child(arguments: &[String]) -> Result<()> {
    let [what, engine, place, file] = arguments else { bail!("what, engine, place, file") };
    let place = if engine == "sqlite" { Place::Sqlite(place.into()) } else { Place::Postgres(place.clone()) };
    let store = place.open().await?;
    let company = data::known(&store).await?.company;
    match what.as_str() {
        "import" => {
            import::import(&store, company.id, Path::new(file)).await?;
        }
        "run" => {
            let report = runs::run(
                &store,
                &company,
                Order::now(Job::Assignment, Viewer::Operator, StartedBy::CommandLine),
                &|| NOW,
            )
            .await?;
            ensure!(report.numbers.assigned > 100_000, "{} leads were dealt", report.numbers.assigned);
        }
        _ => {}
    }
    for _ in 0..200 {
        let mut reader = store.read().await?;
        lists::page(reader.session(), company.id, &Filter::default(), Sort::Newest, Sight::All, None, 50)
            .await?;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let status =
        fs::read_to_string("/proc/self/status").context("memory is read from /proc, on Linux only")?;
    let megabytes = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse::<f64>().ok())
            .map(|kilobytes| kilobytes / 1_024.0)
            .with_context(|| format!("/proc/self/status has {name}"))
    };
    println!("{} {}", megabytes("VmHWM:")?, megabytes("VmRSS:")?);
    drop(store);
    Ok(())
}
