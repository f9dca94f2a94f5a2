//! The import: a file of 200,000 rows, from its bytes to the commit.

use crate::{
    data::{self, NOW, Size},
    place::Bench,
    table::Table,
};
use actions::import_leads::{Import, Imported, Progress, import_leads};
use anyhow::{Result, ensure};
use domain::{ids::CompanyId, phone::Country, viewer::Viewer};
use std::{
    fs::File,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use store::{Store, dialect::Engine};

const ROWS: u64 = 200_000;
const SIZE: Size = Size { leads: 0, unassigned: 0, agents: 20, cap: 300 };
const DIGEST: &str = "SELECT COUNT(*), MIN(id), MAX(id), COUNT(DISTINCT phone), COUNT(email), SUM(source_id),
    (SELECT COUNT(*) FROM lead_events), (SELECT COUNT(*) FROM lead_tags), (SELECT COUNT(*) FROM lead_terms), (SELECT SUM(leads) FROM status_counts)
    FROM leads";

const FLOORS: [&str; 2] = [
    include_str!("../../../../bench/floors/import.sqlite.sql"),
    include_str!("../../../../bench/floors/import.postgres.sql"),
];

/// Ours and the floor, in turns.
pub async fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> Result<()> {
    let file = bench.folder.join("leads.csv");
    data::write_file(&file, ROWS)?;
    let template = data::build(bench, engine, "import_template", SIZE).await?;
    let (mut ours, mut floor, mut floor_without_load, mut judging) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..bench.rounds {
        let place = bench.copy(&template, "import_ours")?;
        let store = place.open().await?;
        let known = data::known(&store).await?;
        let started = Instant::now();
        let (done, judged) = import(&store, known.company.id, &file).await?;
        ours.push(started.elapsed());
        judging.push(judged);
        drop(store);
        ensure!(done.imported == ROWS, "all rows are new leads, not {}", done.imported);
        if round == 0 {
            place.export(
                "SELECT id, source_id, phone, phone_typed, first_name, last_name, name_key, email, country, tag_bits FROM leads ORDER BY id",
                &bench.folder.join("parsed.csv"),
            )?;
            place.export(
                "SELECT term, lead_id FROM lead_terms ORDER BY lead_id, term",
                &bench.folder.join("parsed_terms.csv"),
            )?;
            place.export(
                "SELECT lead_id, tag_id FROM lead_tags ORDER BY lead_id, tag_id",
                &bench.folder.join("parsed_tags.csv"),
            )?;
        }
        let rows = place.value(DIGEST)?;

        let place = bench.copy(&template, "import_floor")?;
        let script = FLOORS[usize::from(engine == Engine::Postgres)]
            .replace("{company}", &known.company.id.to_string())
            .replace("{unassigned}", &known.unassigned.to_string())
            .replace("{at}", &NOW.0.to_string())
            .replace("{leads}", &ROWS.to_string())
            .replace("{folder}", &bench.folder.display().to_string());
        let took = place.shell(&script)?;
        floor.push(took.process);
        floor_without_load.push(took.statements);
        ensure!(place.value(DIGEST)? == rows, "the floor writes the rows that ours writes");
        bench.remove(&place)?;
    }
    table.ratio("import, 200,000 rows", engine, &ours, &floor, Some(2.0));
    if engine == Engine::Sqlite {
        table.ratio("the same, the floor without its .import", engine, &ours, &floor_without_load, None);
    }
    table.ratio("of which reading and judging", engine, &judging, &floor, None);
    Ok(())
}

/// Brings the file in; answers also how long reading and judging took.
pub async fn import(store: &Store, company: CompanyId, file: &Path) -> Result<(Imported, Duration)> {
    let import = Import {
        company,
        viewer: Viewer::Operator,
        may_convert: true,
        file_name: "leads.csv".into(),
        country: Country::from_code("IN")?,
        source: None,
        branch: None,
        department: None,
        keeps_details: true,
        limits: actions::lead_file::Limits::default(),
    };
    let started = Instant::now();
    let judged = Arc::new(Mutex::new(Duration::ZERO));
    let seen = Arc::clone(&judged);
    let progress = move |progress| {
        if let (Progress::Read(_), Ok(mut judged)) = (progress, seen.lock()) {
            *judged = started.elapsed();
        }
    };
    let done = import_leads(store, File::open(file)?, import, Arc::new(|| NOW), Arc::new(progress)).await?;
    let judged = judged.lock().map_or(Duration::ZERO, |judged| *judged);
    Ok((done, judged))
}
