//! `evenhand import`

use crate::{
    cli::{self, Place},
    clock,
    interrupts::Interrupts,
    output::{self, callers_fault, progress_bar, say},
};
use actions::{
    import_leads::{Import, Imported, Progress},
    lead_file::spool::RowFailure,
    recorded_import,
};
use domain::{sentence, viewer::Viewer};
use std::{
    fs::File,
    io::{Read, Write},
    path::Path,
    sync::Arc,
};
use store::work::WorkId;

/// Reasons for error rows that are shown to a person; the JSON has every row.
const REASONS_SHOWN: usize = 12;

pub async fn import(place: &Place, args: cli::Import) -> anyhow::Result<()> {
    let (store, company) = place.open_company().await?;
    let country = args.country.as_deref().unwrap_or(&company.country);
    let import = Import {
        company: company.id,
        viewer: Viewer::Operator,
        may_convert: true,
        file_name: match args.file.file_name() {
            Some(name) if name != "-" => name.to_string_lossy().into_owned(),
            _ => "standard input".into(),
        },
        country: domain::phone::Country::from_code(country).map_err(callers_fault)?,
        source: args.source,
        branch: args.branch,
        department: args.department,
        keeps_details: !args.no_details,
        limits: actions::lead_file::Limits {
            file_bytes_max: args.bytes_max,
            // Beside the database there is room for the rows; folders for temporary files are often in memory.
            spool_dir: store.folder().map(Path::to_owned),
            ..Default::default()
        },
    };
    let (file, bytes) = open(&args.file)?;
    let bar = progress_bar(bytes);
    let moving = bar.clone();
    let progress = move |progress| match progress {
        Progress::Read(bytes) => {
            moving.set_message("Reading");
            moving.set_position(bytes);
        }
        Progress::Written(rows, total) => {
            moving.set_message("Writing");
            moving.set_length(total);
            moving.set_position(rows);
        }
    };
    // Before the record can be seen: whoever sees it may send the signal.
    let mut interrupts = Interrupts::listen()?;
    let begun = interrupts.opening(recorded_import::begin(&store, &import, clock::now())).await?;
    let work = WorkId::Import(begun.record());
    let doing = Box::pin(begun.finish(&store, file, import, Arc::new(clock::now), Arc::new(progress)));
    let imported = interrupts.cancel(&store, company.id, work, doing).await;
    bar.finish_and_clear();
    let imported = imported?;
    if args.output.json { as_json(imported) } else { as_text(imported, !args.no_details) }
}

/// The file, and how large it is where that is known.
fn open(path: &Path) -> anyhow::Result<(Box<dyn Read + Send>, Option<u64>)> {
    if path.as_os_str() == "-" {
        return Ok((Box::new(std::io::stdin()), None));
    }
    let cannot = |error: std::io::Error| callers_fault(format!("{} cannot be read: {error}", path.display()));
    let file = File::open(path).map_err(cannot)?;
    let facts = file.metadata().map_err(cannot)?;
    if facts.is_dir() {
        return Err(callers_fault(format!("{} is a folder; name the CSV file in it", path.display())));
    }
    Ok((Box::new(file), Some(facts.len())))
}

fn as_text(imported: Imported, kept: bool) -> anyhow::Result<()> {
    let errors = imported.counts.failed;
    let mut out = output::stdout();
    writeln!(out, "{}", sentence::import(imported.imported, imported.skipped, errors))?;
    out.flush()?;
    say(&format!("Numbers in the file: {}.", imported.numbers));
    if !imported.extra_columns.is_empty() {
        let how = if kept { "Kept as details" } else { "Left out" };
        say(&format!("{how}: {}.", imported.extra_columns.join(", ")));
    }
    if imported.counts.decoded_apart > 0 {
        let rows = sentence::count(imported.counts.decoded_apart, "row was", "rows were");
        say(&format!("{rows} not in the encoding of the rest and read as Windows-1252."));
    }
    for (why, first_line, rows) in grouped(imported.failures)? {
        let more = if rows > 1 { format!(" ({rows} rows like this)") } else { String::new() };
        say(&format!("line {first_line}: {why}{more}"));
    }
    if errors > 0 {
        say("Every error row with its line: the same with --json. What is imported already is skipped then.");
    }
    Ok(())
}

/// The reasons with the first line and the number of rows of each, in the order of the file; the first few of them.
fn grouped(
    failures: impl Iterator<Item = std::io::Result<RowFailure>>,
) -> anyhow::Result<Vec<(String, u64, u64)>> {
    let mut groups: Vec<(String, u64, u64)> = Vec::new();
    for failure in failures {
        let failure = failure?;
        if let Some((_, _, rows)) = groups.iter_mut().find(|(why, ..)| *why == failure.why) {
            *rows += 1;
        } else if groups.len() < REASONS_SHOWN {
            groups.push((failure.why, failure.line, 1));
        }
    }
    Ok(groups)
}

/// One object, its error rows streamed.
fn as_json(imported: Imported) -> anyhow::Result<()> {
    let mut out = output::stdout();
    write!(
        out,
        "{{\"imported\": {}, \"skipped\": {}, \"errors\": {}, \"error_rows\": [",
        imported.imported, imported.skipped, imported.counts.failed
    )?;
    for (number, failure) in imported.failures.enumerate() {
        let failure = failure?;
        let row = serde_json::json!({
            "line": failure.line, "record": failure.record, "code": failure.code, "why": failure.why,
        });
        write!(out, "{}\n  {row}", if number == 0 { "" } else { "," })?;
    }
    writeln!(out, "]}}")?;
    out.flush()?;
    Ok(())
}
