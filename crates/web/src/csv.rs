//! CSV files for spreadsheets: UTF-8 with a byte order mark, sent piece by piece.

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use futures_util::{Stream, StreamExt};
use http::header;

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Something that somebody wrote, or that may have come from outside.
    Text(String),
    /// A number.
    Number(i64),
    /// Nothing.
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }
}
impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::Text(text)
    }
}
impl From<i64> for Cell {
    fn from(number: i64) -> Cell {
        Cell::Number(number)
    }
}
impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Cell {
        cell.map_or(Cell::Empty, Into::into)
    }
}

/// The first line of a file, with the mark by which spreadsheets know UTF-8.
pub fn head(names: &[&str]) -> String {
    format!("\u{feff}{}", line(names.iter().copied().map(Cell::from)))
}

/// A line of a file.
pub fn line(cells: impl IntoIterator<Item = Cell>) -> String {
    let cells: Vec<String> = cells.into_iter().map(written).collect();
    format!("{}\r\n", cells.join(","))
}

fn written(cell: Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) => {
            let text = guarded(text);
            if text.contains([',', '"', '\n', '\r', ';']) {
                format!("\"{}\"", text.replace('"', "\"\""))
            } else {
                text
            }
        }
    }
}

/// A text that a spreadsheet would take for a formula gets an apostrophe before it, as somebody would type it there:
/// names come from outside, and a formula can send what is in the sheet elsewhere.
fn guarded(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        format!("'{text}")
    } else {
        text
    }
}

/// The file, to be kept under this name.
pub fn file<S>(name: &str, pieces: S) -> Response
where
    S: Stream<Item = Result<String, std::io::Error>> + Send + 'static,
{
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    // Who compresses an answer asks once more after its end.
    let pieces = pieces.map(|piece| piece.map(Bytes::from)).fuse();
    (headers, Body::from_stream(pieces)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r46_cells_are_quoted_and_never_formulas() {
        for (text, expect) in [
            ("Asha Rao", "Asha Rao"),
            ("Rao, Asha", "\"Rao, Asha\""),
            ("the \"one\"", "\"the \"\"one\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1,A2)", "\"'@SUM(A1,A2)\""),
            ("\t=1", "'\t=1"),
            ("", ""),
        ] {
            assert_eq!(line([text.into()]), format!("{expect}\r\n"), "{text:?}");
        }
        assert_eq!(line([Cell::Number(-3), Cell::from(None::<i64>), 7.into()]), "-3,,7\r\n");
        assert_eq!(head(&["Run", "When"]), "\u{feff}Run,When\r\n");
    }
}
