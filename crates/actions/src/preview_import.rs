//! What an import would bring, before it does: columns, rows that lack something, how the numbers read (R10a).

use crate::{
    error::{Error, Result},
    import_leads::{Import, read_and_judge},
    lead_file::{self, Counts, Delimiter, Encoding, FileError, Numbers, ReadFile},
    uploads::{UploadToken, Uploads},
};
use domain::lead_file::{ColumnMap, Target};
use std::{collections::HashSet, sync::Arc};
use store::{Store, boxed, statuses};

/// Reasons for error rows that are told, and first lines of each.
const REASONS_MAX: usize = 12;
/// See [`REASONS_MAX`].
const LINES_MAX: usize = 5;

/// What the file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Its name.
    pub file_name: String,
    /// Its columns, in their order.
    pub columns: Vec<PreviewColumn>,
    /// How it is encoded.
    pub encoding: Encoding,
    /// What stands between its cells.
    pub delimiter: Delimiter,
    /// Its rows, judged; or why its columns cannot be used as they are mapped, and what to do.
    pub rows: Result<Judged, String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewColumn {
    /// Its header, or its place where it has none.
    pub name: String,
    /// What it is used for: as chosen, or else as its header says.
    pub target: Target,
    /// What stands in it in the first rows.
    pub samples: Vec<String>,
}

/// The rows, judged as the import will judge them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// How many there are of each kind.
    pub counts: Counts,
    /// Good rows whose number stands in the file before: the first one wins (R9).
    pub duplicates: u64,
    /// Rows without a first name or without a phone number.
    pub missing: Reason,
    /// Why rows are no leads, in the order of the file; the first few reasons.
    pub reasons: Vec<Reason>,
    /// Whose numbers they are: `4,812 India, 190 United States, 31 doubtful`.
    pub numbers: Numbers,
}

/// Rows that are no leads for one reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reason {
    /// The sentence; empty where several are counted together.
    pub why: String,
    /// How many.
    pub rows: u64,
    /// The lines in which the first of them begin.
    pub lines: Vec<u64>,
}

/// Looks at a file that waits. Nothing is changed. `columns`: one target per column, as a person chose. None: there is
/// no such file for this person, or it waited too long.
#[boxed]
pub async fn preview_import(
    store: &Store,
    uploads: &Uploads,
    token: &UploadToken,
    import: &Import,
    columns: Option<Vec<Target>>,
) -> Result<Option<Preview>> {
    let open = || uploads.open(import.company, import.viewer, token);
    let (Some(first), Some(again)) = (open()?, open()?) else { return Ok(None) };
    let limits = import.limits.clone();
    let file = first.file;
    let head = off_the_threads(move || lead_file::read_head(file, &limits)).await?.map_err(refused)?;
    let known = statuses::list(store.read().await?.session(), import.company).await?;
    let mut listed = ColumnMap::guess(&head.headers).map_err(Error::refused)?;
    if let Some(targets) = &columns {
        for (column, target) in listed.iter_mut().zip(targets) {
            column.target = *target;
        }
    }
    let checked = match &columns {
        Some(targets) => ColumnMap::by_hand(&head.headers, targets),
        None => ColumnMap::from_headers(&head.headers),
    };
    let rows = match checked {
        Ok(_) => {
            let read = read_and_judge(again.file, import, columns, &known, Arc::new(|_| {})).await?;
            Ok(off_the_threads(move || judged(read)).await??)
        }
        Err(error) => Err(error.to_string()),
    };
    let columns = listed.into_iter().enumerate().map(|(place, column)| PreviewColumn {
        name: column.name,
        target: if column.target == Target::Detail && !import.keeps_details {
            Target::Ignore
        } else {
            column.target
        },
        samples: head.samples.iter().map(|row| row.get(place).cloned().unwrap_or_default()).collect(),
    });
    Ok(Some(Preview {
        file_name: again.file_name,
        columns: columns.collect(),
        encoding: head.encoding,
        delimiter: head.delimiter,
        rows,
    }))
}

fn judged(read: ReadFile) -> Result<Judged> {
    let unreadable =
        |error| Error::Fault(format!("the rows could not be read back from the temporary file: {error}"));
    // E.164 has fifteen digits at the most, so a number is a number.
    let mut numbers_seen: HashSet<u64> = HashSet::new();
    let mut duplicates = 0;
    for row in read.rows {
        let digits = row.map_err(unreadable)?.lead.phone.as_str().trim_start_matches('+').parse();
        duplicates += u64::from(digits.is_ok_and(|digits| !numbers_seen.insert(digits)));
    }
    let mut missing = Reason::default();
    let mut reasons: Vec<Reason> = Vec::new();
    for failure in read.failures {
        let failure = failure.map_err(unreadable)?;
        if matches!(failure.code.as_str(), "first_name_missing" | "phone_missing") {
            missing.add(failure.line);
        }
        if let Some(reason) = reasons.iter_mut().find(|reason| reason.why == failure.why) {
            reason.add(failure.line);
        } else if reasons.len() < REASONS_MAX {
            reasons.push(Reason { why: failure.why, rows: 1, lines: vec![failure.line] });
        }
    }
    Ok(Judged { counts: read.counts, duplicates, missing, reasons, numbers: read.numbers })
}

impl Reason {
    fn add(&mut self, line: u64) {
        self.rows += 1;
        if self.lines.len() < LINES_MAX {
            self.lines.push(line);
        }
    }
}

async fn off_the_threads<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Fault(format!("reading the file failed: {error}")))
}

fn refused(error: FileError) -> Error {
    Error::refused(error)
}
