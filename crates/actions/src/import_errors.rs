//! The rows of an import that made no lead, as a CSV file to mend and bring in again (R11).

use crate::{
    error::{Error, Result},
    undo_import::is_theirs,
};
use domain::{
    ids::{CompanyId, ImportId},
    viewer::Viewer,
};
use store::{Store, boxed, imports};

/// Rows per piece.
const ROWS: i64 = 2_000;

/// A piece of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The bytes: UTF-8, the first piece with a byte order mark (spreadsheets want it) and the header.
    pub bytes: Vec<u8>,
    /// What to ask the next piece with; none = this was the last.
    pub behind: Option<u64>,
}

/// The first piece (`behind` = none), or the next one. None: there is no such import, it has no error rows, or it is
/// somebody else's and the viewer does not see the whole company: rows that made no lead are nobody's, with names and
/// numbers in them (R14).
#[boxed]
pub async fn error_file(
    store: &Store,
    company: CompanyId,
    import: ImportId,
    viewer: Viewer,
    behind: Option<u64>,
) -> Result<Option<Piece>> {
    let mut reader = store.read().await?;
    let session = reader.session();
    let record = imports::one(session, company, import).await?;
    if !record.is_some_and(|record| is_theirs(viewer, record.actor_id)) {
        return Ok(None);
    }
    let rows = imports::errors(session, company, import, behind.unwrap_or(0), ROWS).await?;
    if rows.is_empty() && behind.is_none() {
        return Ok(None);
    }
    let mut csv = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    let mut write = |cells: &[String]| {
        csv.write_record(cells).map_err(|error| Error::Fault(format!("an error row is no CSV: {error}")))
    };
    if behind.is_none() {
        let mut header = vec!["\u{feff}Line".to_owned(), "Reason".to_owned()];
        header.extend(list(imports::headers(session, company, import).await?.as_deref())?);
        write(&header)?;
    }
    for row in &rows {
        let mut cells = vec![row.line.to_string(), row.why.clone()];
        cells.extend(list(Some(&row.cells))?);
        write(&cells)?;
    }
    let last = rows.last().map(|row| row.record);
    let bytes = csv.into_inner().map_err(|error| Error::Fault(format!("the error rows: {error}")))?;
    Ok(Some(Piece { bytes, behind: last.filter(|_| rows.len() as i64 == ROWS) }))
}

fn list(json: Option<&str>) -> Result<Vec<String>> {
    serde_json::from_str(json.unwrap_or("[]"))
        .map_err(|error| Error::Fault(format!("the cells of an error row cannot be read: {error}")))
}
