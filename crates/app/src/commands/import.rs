//! `evenhand import`

use crate::{
    cli::{self, Place},
    clock,
    output::{self, callers_fault, progress_bar, say},
};
use actions::import_leads::{Import, Imported, Progress, import_leads};
use domain::{sentence, viewer::Viewer};
use std::{
    fs::File,
    io::{Read, Write},
    sync::Arc,
};

/// Error rows that are shown to a person; the JSON has all of them.
const ERRORS_SHOWN: usize = 20;

pub async fn import(place: &Place, args: cli::Import) -> anyhow::Result<()> {
    let (store, company) = place.open_company().await?;
    let country = args.country.as_deref().unwrap_or(&company.country);
    let import = Import {
        company: company.id,
        viewer: Viewer::Operator,
        may_convert: true,
        file_name: args.file.file_name().map_or("standard input".into(), |name| name.to_string_lossy().into_owned()),
        country: domain::phone::Country::from_code(country).map_err(callers_fault)?,
        source: args.source,
        branch: args.branch,
        department: args.department,
        keeps_details: !args.no_details,
        limits: actions::lead_file::Limits { file_bytes_max: args.bytes_max, ..Default::default() },
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
    let imported = import_leads(&store, file, import, clock::now(), Arc::new(progress)).await;
    bar.finish_and_clear();
    let imported = imported?;
    if args.output.json { as_json(imported) } else { as_text(imported) }
}

/// The file, and how large it is where that is known.
fn open(path: &std::path::Path) -> anyhow::Result<(Box<dyn Read + Send>, Option<u64>)> {
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

fn as_text(imported: Imported) -> anyhow::Result<()> {
    let errors = imported.counts.failed;
    let mut out = output::stdout();
    writeln!(out, "{}", sentence::import(imported.imported, imported.skipped, errors))?;
    out.flush()?;
    say(&format!("Numbers: {}.", imported.numbers));
    if !imported.extra_columns.is_empty() {
        say(&format!("Kept as details: {}.", imported.extra_columns.join(", ")));
    }
    for failure in imported.failures.take(ERRORS_SHOWN) {
        let failure = failure?;
        say(&format!("line {}: {}", failure.line, failure.why));
    }
    if errors > ERRORS_SHOWN as u64 {
        say(&format!("… and {} more; --json lists them all.", errors - ERRORS_SHOWN as u64));
    }
    Ok(())
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
