//! What stands between the cells: comma, semicolon or tab.

use domain::lead_file::Field;

/// How many records are compared.
const RECORDS_COMPARED_MAX: usize = 30;

/// What stands between the cells of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`, where the comma is needed for decimals.
    Semicolon,
    /// The tab, as in "Unicode text".
    Tab,
}

impl Delimiter {
    /// In the order in which they are preferred.
    pub const ALL: [Delimiter; 3] = [Delimiter::Comma, Delimiter::Semicolon, Delimiter::Tab];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Delimiter::Comma => "comma",
            Delimiter::Semicolon => "semicolon",
            Delimiter::Tab => "tab",
        }
    }

    /// The character itself.
    pub fn byte(self) -> u8 {
        match self {
            Delimiter::Comma => b',',
            Delimiter::Semicolon => b';',
            Delimiter::Tab => b'\t',
        }
    }

    /// Finds out from the first lines, of which the last may be cut unless they are the `whole` file.
    ///
    /// A `sep=;` line decides, as in spreadsheets. Otherwise that one wins under which most headers are known; then
    /// under which most records have as many cells as the header; then under which there are most cells.
    pub(super) fn sniff(text: &str, whole: bool) -> Delimiter {
        let first_line = text.lines().find(|line| !line.is_empty()).unwrap_or_default();
        if let Some(delimiter) = Delimiter::ALL.into_iter().find(|it| is_separator_line(first_line, *it)) {
            return delimiter;
        }
        let scored = Delimiter::ALL.into_iter().map(|delimiter| (score(text, whole, delimiter), delimiter));
        // Of equal ones `max_by_key` takes the last, and the first is preferred.
        let ordered: Vec<_> = scored.collect();
        ordered.into_iter().rev().max_by_key(|&(score, _)| score).map_or(Delimiter::Comma, |(_, it)| it)
    }
}

/// Whether a line is spreadsheet's own `sep=;`.
fn is_separator_line(line: &str, delimiter: Delimiter) -> bool {
    let line = line.trim_matches('"').as_bytes();
    line.len() == 5 && line[..4].eq_ignore_ascii_case(b"sep=") && line[4] == delimiter.byte()
}

/// Whether a record is what the parser makes of `sep=;`.
pub(super) fn is_separator_record<'c>(
    cells: impl IntoIterator<Item = &'c str>,
    delimiter: Delimiter,
) -> bool {
    let mut cells = cells.into_iter();
    match (cells.next(), cells.next(), cells.next()) {
        (Some(first), Some(""), None) => first.eq_ignore_ascii_case("sep="),
        (Some(only), None, None) => is_separator_line(only, delimiter),
        _ => false,
    }
}

fn score(text: &str, whole: bool, delimiter: Delimiter) -> (usize, usize, usize) {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter.byte())
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records: Vec<csv::StringRecord> =
        reader.records().take(RECORDS_COMPARED_MAX + 1).map_while(Result::ok).collect();
    if !whole && records.len() > 1 && records.len() <= RECORDS_COMPARED_MAX {
        records.pop();
    }
    let Some((header, rows)) = records.split_first() else { return (0, 0, 0) };
    let known = header.iter().filter(|name| Field::from_header(name).is_some()).count();
    let alike = rows.iter().filter(|row| header.len() > 1 && row.len() == header.len()).count();
    (known, alike, header.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r10a_comma_semicolon_or_tab() {
        let check =
            |text: &str, expect: Delimiter| assert_eq!(Delimiter::sniff(text, true), expect, "{text:?}");
        check("", Delimiter::Comma);
        check("Phone", Delimiter::Comma);
        check("Name,Phone\nAnn,1\n", Delimiter::Comma);
        check("Name;Phone\nAnn;1,5\n", Delimiter::Semicolon);
        check("Name\tPhone\nAnn\t1;2\n", Delimiter::Tab);
        // Known headers weigh more than the number of cells.
        check("Name;Phone;a,b,c,d,e\nx;1;1,2,3,4,5\n", Delimiter::Semicolon);
        check("\"Name;x\",\"Phone;y;z\"\n1,2\n", Delimiter::Comma);
        check("\"a\nb\";Phone\n1;2\n", Delimiter::Semicolon);
        // Unknown headers: the records decide.
        check("a;b\n1,2;3\n4,5,6;7\n", Delimiter::Semicolon);
        check("sep=\t\nName\tPhone\n", Delimiter::Tab);
        check("SEP=;\na,b\n", Delimiter::Semicolon);
    }
}
