//! Reading a file of leads: from bytes of any encoding to judged rows on disk, in memory that does not grow with it.
//!
//! ```text
//! bytes ─ source ─▶ UTF-8, LF ─ csv ─▶ records ─ domain::lead_file::judge ─▶ rows    ─▶ spool
//!         encoding               reader                                      failures ─▶ spool
//! ```
//!
//! Nothing of a file is used unless all of it could be read: a [`FileError`] means that nothing was done. The rows
//! wait in a temporary file for the one transaction that takes them in.

mod delimiter;
mod numbers;
mod reader;
mod source;
pub mod spool;

use std::io::{self, Read};
use std::path::PathBuf;

use domain::lead_file::{COLUMNS_MAX, ColumnError, ColumnMap, JudgeContext, Target, judge};
use domain::text::clean;
use thiserror::Error;

pub use delimiter::Delimiter;
pub use numbers::Numbers;
pub use reader::{LeadFile, Row, RowCells};
pub use source::Encoding;
use spool::{RowFailure, Spool, SpoolReader, SpooledRow};

/// How many records are read between two reports of progress.
const PROGRESS_RECORDS: u64 = 1_000;

/// Error rows that are kept with their cells; of a file with more, something else than its rows is wrong.
pub const ERROR_ROWS_KEPT: u64 = 100_000;
/// Bytes that are kept of one error row; what is longer is cut.
pub const ERROR_ROW_BYTES_KEPT: usize = 4 * 1024;
/// Rows that a preview shows.
pub const SAMPLE_ROWS: usize = 5;
/// The longest cell that a preview shows.
const SAMPLE_CHARS: usize = 80;

/// How much a file may hold, and where its rows wait.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The largest file.
    pub file_bytes_max: u64,
    /// The longest record, line breaks inside quotes included.
    pub record_bytes_max: usize,
    /// The folder of the temporary files; `None` for the system's own.
    pub spool_dir: Option<PathBuf>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { file_bytes_max: 1 << 30, record_bytes_max: 1 << 20, spool_dir: None }
    }
}

/// How a file is to be read.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The company's part: default country and statuses.
    pub judge: JudgeContext<i64>,
    /// What each column is used for, as a person chose; `None` to go by the headers.
    pub columns: Option<Vec<Target>>,
    /// Whether columns that map to nothing are kept with the lead (R10).
    pub keeps_details: bool,
}

/// A file that was read to its end.
#[derive(Debug)]
pub struct ReadFile {
    /// The rows that are leads, in the order of the file.
    pub rows: SpoolReader<SpooledRow>,
    /// The rows that are none, in the order of the file.
    pub failures: SpoolReader<RowFailure>,
    /// How many there are of each.
    pub counts: Counts,
    /// Which column is used for what.
    pub columns: ColumnMap,
    /// Whose numbers they are, for the preview.
    pub numbers: Numbers,
    /// How the file is encoded.
    pub encoding: Encoding,
    /// What stands between its cells.
    pub delimiter: Delimiter,
    /// The header as it stands in the file.
    pub headers: Vec<String>,
    /// The cells of the first rows, for the preview.
    pub samples: Vec<Vec<String>>,
}

/// A look at the head of a file that may not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The header as it stands in the file.
    pub headers: Vec<String>,
    /// The cells of the first rows.
    pub samples: Vec<Vec<String>>,
    /// How the file is encoded.
    pub encoding: Encoding,
    /// What stands between its cells.
    pub delimiter: Delimiter,
}

/// The rows of a file, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows with something in them: `good` and `failed`.
    pub rows: u64,
    /// Rows that are leads; those known already are among them.
    pub good: u64,
    /// Rows that are none.
    pub failed: u64,
    /// Rows of nothing but delimiters, as spreadsheets leave them at the end. They count for nothing.
    pub blank: u64,
    /// Rows in another encoding than the file's, read as Windows-1252.
    pub decoded_apart: u64,
}

/// Why a file cannot be read. Nothing was done; the sentence says what to do.
#[derive(Debug, Error)]
pub enum FileError {
    /// No bytes, or nothing but blank lines.
    #[error("the file is empty; export the list again, with a header line such as First Name,Phone")]
    Empty,
    /// The bytes are no text.
    #[error("the file is {what}, not a CSV file; {advice}")]
    NotCsv {
        /// What it seems to be.
        what: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// The columns cannot be used.
    #[error(transparent)]
    Columns(#[from] ColumnError),
    /// More bytes than the limit.
    #[error("the file is larger than {}; split it, or raise the limit for imports", bytes_text(*.bytes_max))]
    TooLarge {
        /// The limit.
        bytes_max: u64,
    },
    /// One record goes on and on; mostly a quote that nothing closes.
    #[error(
        "the record that begins in line {line} is longer than {}; most likely a double quote in it is never closed, so please correct that line",
        bytes_text(*.bytes_max as u64)
    )]
    RecordTooLong {
        /// Where it begins.
        line: u64,
        /// The limit.
        bytes_max: usize,
    },
    /// The file ends inside a quoted cell.
    #[error(
        "the file breaks off: the double quote opened in line {line} is never closed; export or upload it again, or correct that line"
    )]
    OpenQuote {
        /// Where the quote stands.
        line: u64,
    },
    /// The file ends inside a character.
    #[error("the file breaks off in the middle of a character in line {line}; export or upload it again")]
    CutCharacter {
        /// The last line.
        line: u64,
    },
    /// Reading failed on the way.
    #[error("the file could not be read to its end ({0}); please try again")]
    Read(#[source] io::Error),
    /// The rows found no room to wait in.
    #[error(
        "the rows could not be kept in a temporary file ({0}); free some disk space, or name a folder with room for temporary files"
    )]
    Spool(#[source] io::Error),
}

/// Reads a whole file. `progress` gets the bytes read so far, now and then and at the end.
pub fn read_lead_file<R: Read>(
    reader: R,
    limits: &Limits,
    plan: &Plan,
    mut progress: impl FnMut(u64),
) -> Result<ReadFile, FileError> {
    let mut file = LeadFile::open(reader, limits)?;
    let mut columns = match &plan.columns {
        Some(targets) => ColumnMap::by_hand(file.headers(), targets)?,
        None => ColumnMap::from_headers(file.headers())?,
    };
    if !plan.keeps_details {
        columns = columns.without_details();
    }

    let mut rows = Spool::create(limits.spool_dir.as_deref());
    let mut failures = Spool::create(limits.spool_dir.as_deref());
    let mut counts = Counts::default();
    let mut numbers = Numbers::default();
    let mut samples = Vec::new();
    let mut records_to_report = PROGRESS_RECORDS;
    while let Some(row) = file.next_row()? {
        counts.rows += 1;
        let (line, record) = (row.line, row.record);
        if samples.len() < SAMPLE_ROWS {
            samples.push(sample(&row.cells));
        }
        match judge(&columns, &row.cells, &plan.judge) {
            Ok(lead) => {
                numbers.add(&lead);
                rows.write(&SpooledRow { line, record, lead }).map_err(FileError::Spool)?;
            }
            Err(error) => {
                let cells =
                    if failures.count() < ERROR_ROWS_KEPT { kept_cells(&row.cells) } else { Vec::new() };
                let failure =
                    RowFailure { line, record, code: error.code().to_owned(), why: error.why(), cells };
                failures.write(&failure).map_err(FileError::Spool)?;
            }
        }
        records_to_report -= 1;
        if records_to_report == 0 {
            records_to_report = PROGRESS_RECORDS;
            progress(file.bytes_read());
        }
    }
    progress(file.bytes_read());

    let rows = rows.finish().map_err(FileError::Spool)?;
    let failures = failures.finish().map_err(FileError::Spool)?;
    counts.good = rows.total();
    counts.failed = failures.total();
    counts.blank = file.blank_rows();
    counts.decoded_apart = file.rows_decoded_apart();
    Ok(ReadFile {
        rows,
        failures,
        counts,
        columns,
        numbers,
        encoding: file.encoding(),
        delimiter: file.delimiter(),
        headers: file.headers().to_vec(),
        samples,
    })
}

/// Reads the header and the first rows of a file, whether or not its columns can be used.
pub fn read_head<R: Read>(reader: R, limits: &Limits) -> Result<Head, FileError> {
    let mut file = LeadFile::open(reader, limits)?;
    let mut samples = Vec::new();
    while samples.len() < SAMPLE_ROWS {
        let Some(row) = file.next_row()? else { break };
        samples.push(sample(&row.cells));
    }
    let (encoding, delimiter) = (file.encoding(), file.delimiter());
    Ok(Head { headers: file.headers().to_vec(), samples, encoding, delimiter })
}

/// The cells of a row as a preview shows them.
fn sample(cells: &RowCells<'_>) -> Vec<String> {
    let shown = |cell: &str| {
        let line = clean(cell);
        match line.char_indices().nth(SAMPLE_CHARS) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line.into_owned(),
        }
    };
    cells.iter().take(COLUMNS_MAX).map(shown).collect()
}

/// The cells of an error row as they are kept: whole, unless the row is very long.
fn kept_cells(cells: &RowCells<'_>) -> Vec<String> {
    let mut room = ERROR_ROW_BYTES_KEPT;
    let mut kept = Vec::new();
    for cell in cells.iter().take(COLUMNS_MAX) {
        let mut end = cell.len().min(room);
        while !cell.is_char_boundary(end) {
            end -= 1;
        }
        if end < cell.len() {
            kept.push(format!("{}…", &cell[..end]));
            break;
        }
        kept.push(cell.to_owned());
        room -= end;
    }
    kept
}

/// `1 GiB`, `1.5 MiB`, `100 bytes`.
fn bytes_text(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_024 => return format!("{bytes} bytes"),
        1_024..1_048_576 => (1_024, "KiB"),
        1_048_576..1_073_741_824 => (1_048_576, "MiB"),
        _ => (1_073_741_824, "GiB"),
    };
    match (bytes / unit, bytes % unit * 10 / unit) {
        (whole, 0) => format!("{whole} {name}"),
        (whole, tenth) => format!("{whole}.{tenth} {name}"),
    }
}
