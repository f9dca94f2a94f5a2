//! The records of a file, one at a time, each with its place: the line where it begins and its number.

use std::io::Read;

use csv::ByteRecord;
use domain::lead_file::Cells;
use domain::text::clean;
use encoding_rs::WINDOWS_1252;

use super::delimiter::{Delimiter, is_separator_record};
use super::source::{Beginning, END, Encoding, Source};
use super::{FileError, Limits};

/// A file of leads, opened: its header is read, its rows follow by [`LeadFile::next_row`].
pub struct LeadFile<R> {
    csv: csv::Reader<Source<R>>,
    encoding: Encoding,
    delimiter: Delimiter,
    headers: Vec<String>,
    bytes: ByteRecord,
    text: String,
    ends: Vec<usize>,
    record_bytes_max: usize,
    record: u64,
    blank_rows: u64,
    rows_decoded_apart: u64,
    has_utf8: bool,
    at_end: bool,
}

/// One row of the file.
#[derive(Debug, Clone, Copy)]
pub struct Row<'f> {
    /// The line of the file in which it begins, counted from 1; the header is mostly line 1.
    pub line: u64,
    /// Its number among the records below the header, counted from 1. Blank lines have none.
    pub record: u64,
    /// Its cells.
    pub cells: RowCells<'f>,
}

/// The cells of a row, as text.
#[derive(Debug, Clone, Copy)]
pub struct RowCells<'f> {
    text: &'f str,
    ends: &'f [usize],
}

impl Cells for RowCells<'_> {
    fn count(&self) -> usize {
        self.ends.len()
    }

    fn cell(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[start..end])
    }
}

impl<'f> RowCells<'f> {
    /// All cells in their order.
    pub fn iter(&self) -> impl Iterator<Item = &'f str> + use<'f> {
        let (text, ends) = (self.text, self.ends);
        let mut start = 0;
        ends.iter().map(move |&end| &text[std::mem::replace(&mut start, end)..end])
    }
}

impl<R: Read> LeadFile<R> {
    /// Finds out encoding and delimiter, and reads the header.
    pub fn open(mut reader: R, limits: &Limits) -> Result<LeadFile<R>, FileError> {
        let beginning = Beginning::read(&mut reader, limits)?;
        let (text, whole) = beginning.text();
        if whole && clean(&text).is_empty() {
            return Err(FileError::Empty);
        }
        let delimiter = Delimiter::sniff(&text, whole);
        let encoding = beginning.encoding;
        let csv = csv::ReaderBuilder::new()
            .delimiter(delimiter.byte())
            .terminator(csv::Terminator::Any(b'\n'))
            .has_headers(false)
            .flexible(true)
            .from_reader(Source::new(beginning, reader, limits));
        let mut file = LeadFile {
            csv,
            encoding,
            delimiter,
            headers: Vec::new(),
            bytes: ByteRecord::new(),
            text: String::new(),
            ends: Vec::new(),
            record_bytes_max: limits.record_bytes_max,
            record: 0,
            blank_rows: 0,
            rows_decoded_apart: 0,
            has_utf8: false,
            at_end: false,
        };
        file.read_header()?;
        Ok(file)
    }

    /// The header names as they stand in the file.
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// How the file is encoded.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// What stands between the cells.
    pub fn delimiter(&self) -> Delimiter {
        self.delimiter
    }

    /// How many bytes of the file were read so far.
    pub fn bytes_read(&self) -> u64 {
        self.csv.get_ref().bytes_read()
    }

    /// How many rows so far had no text in any cell. They have a number, but are not handed out.
    pub fn blank_rows(&self) -> u64 {
        self.blank_rows
    }

    /// How many rows so far were not in the encoding of the file and were read as Windows-1252.
    pub fn rows_decoded_apart(&self) -> u64 {
        self.rows_decoded_apart
    }

    /// The next row with something in it; `None` at the end of the file.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, FileError> {
        while let Some(line) = self.read_record()? {
            self.record += 1;
            if self.cells().iter().all(|cell| clean(cell).is_empty()) {
                self.blank_rows += 1;
                continue;
            }
            return Ok(Some(Row { line, record: self.record, cells: self.cells() }));
        }
        Ok(None)
    }

    fn cells(&self) -> RowCells<'_> {
        // An 8-bit record that is UTF-8 already stays where the CSV reader put it.
        let text = if self.text.is_empty() {
            std::str::from_utf8(self.bytes.as_slice()).expect("checked when the record was read")
        } else {
            &self.text
        };
        RowCells { text, ends: &self.ends }
    }

    fn read_header(&mut self) -> Result<(), FileError> {
        let mut may_be_separator = true;
        while self.read_record()?.is_some() {
            let cells = self.cells();
            if std::mem::take(&mut may_be_separator) && is_separator_record(cells.iter(), self.delimiter) {
                continue;
            }
            if cells.iter().any(|cell| !clean(cell).is_empty()) {
                self.headers = cells.iter().map(str::to_owned).collect();
                self.rows_decoded_apart = 0;
                return Ok(());
            }
        }
        Err(FileError::Empty)
    }

    /// Reads one record into the buffers and returns the line where it begins; `None` at the end.
    fn read_record(&mut self) -> Result<Option<u64>, FileError> {
        if self.at_end {
            return Ok(None);
        }
        let position = self.csv.position().clone();
        self.csv.get_mut().begin_record(position.byte(), position.line());
        let found = self.csv.read_byte_record(&mut self.bytes).map_err(file_error)?;
        let after = self.csv.position();
        let bytes = self.bytes.as_slice();
        // The line breaks within cells are kept in them; every record ends with one more, `END` sees to that.
        let line = after.line().saturating_sub(line_breaks(bytes) + 1);
        let bytes_left = self.csv.get_ref().text_bytes().map(|all| all - after.byte());
        if !found || bytes_left == Some(0) {
            self.at_end = true;
            if bytes == &END[1..END.len() - 1] {
                return Ok(None);
            }
            // The end of the file became part of a cell, the last one, since its quote is open. No line break ended it.
            let in_earlier_cells = self.bytes.iter().rev().skip(1).map(line_breaks).sum::<u64>();
            return Err(FileError::OpenQuote { line: line + 1 + in_earlier_cells });
        }
        if bytes.len() > self.record_bytes_max {
            return Err(FileError::RecordTooLong { line, bytes_max: self.record_bytes_max });
        }
        let is_cut_off = bytes_left == Some(END.len() as u64 - 1);
        self.decode(is_cut_off, line)?;
        Ok(Some(line))
    }

    /// Makes the record text. `at_end` tells that the file ends behind it without a line break.
    fn decode(&mut self, at_end: bool, line: u64) -> Result<(), FileError> {
        self.text.clear();
        self.ends.clear();
        let bytes = self.bytes.as_slice();
        self.ends.extend((0..self.bytes.len()).filter_map(|index| self.bytes.range(index)).map(|it| it.end));
        if self.encoding != Encoding::Windows1252 {
            match std::str::from_utf8(bytes) {
                // Two cells may be wrong each and right together.
                Ok(text) if self.ends.iter().all(|&end| text.is_char_boundary(end)) => {
                    self.has_utf8 |= text.len() > text.chars().count();
                    return Ok(());
                }
                Err(error) if at_end && self.has_utf8 && error.error_len().is_none() => {
                    return Err(FileError::CutCharacter { line });
                }
                _ => self.rows_decoded_apart += 1,
            }
        } else if bytes.is_ascii() {
            return Ok(());
        }
        let mut start = 0;
        for end in &mut self.ends {
            let cell = &bytes[start..*end];
            start = *end;
            self.text.push_str(&WINDOWS_1252.decode_without_bom_handling(cell).0);
            *end = self.text.len();
        }
        Ok(())
    }
}

fn file_error(error: csv::Error) -> FileError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => match error.downcast::<FileError>() {
            Ok(error) => error,
            Err(error) => FileError::Read(error),
        },
        // Byte records of any width have no other errors.
        kind => FileError::Read(std::io::Error::other(format!("{kind:?}"))),
    }
}

fn line_breaks(bytes: &[u8]) -> u64 {
    bytes.iter().map(|&byte| u64::from(byte == b'\n')).sum()
}

impl<R> std::fmt::Debug for LeadFile<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LeadFile")
            .field("encoding", &self.encoding)
            .field("delimiter", &self.delimiter)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use encoding_rs::UTF_8;
    use proptest::prelude::*;

    use super::*;

    type Rows = Vec<(u64, u64, Vec<String>)>;

    fn read_from(reader: impl Read, limits: &Limits) -> Result<(Vec<String>, Rows), FileError> {
        let mut file = LeadFile::open(reader, limits)?;
        let mut rows = Rows::new();
        while let Some(row) = file.next_row()? {
            rows.push((row.line, row.record, row.cells.iter().map(str::to_owned).collect()));
        }
        Ok((file.headers().to_vec(), rows))
    }

    /// Line, record and cells of the rows below the header, each as `line/record a|b`.
    fn check(bytes: &[u8], expect: &[&str]) {
        let (_, rows) = read_from(bytes, &Limits::default()).unwrap_or_else(|error| panic!("{error}"));
        let found: Vec<String> =
            rows.iter().map(|(line, record, cells)| format!("{line}/{record} {}", cells.join("|"))).collect();
        assert_eq!(found, expect, "{:?}", String::from_utf8_lossy(bytes));
    }

    fn check_error(bytes: &[u8], expect: &str) {
        match read_from(bytes, &Limits::default()) {
            Ok((headers, rows)) => panic!("read as {headers:?} {rows:?}"),
            Err(error) => assert_eq!(error.to_string(), expect, "{:?}", String::from_utf8_lossy(bytes)),
        }
    }

    fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn r11_a_row_has_its_line_and_its_number() {
        check(b"Name,Phone\nAnn,1\nBob,2\n", &["2/1 Ann|1", "3/2 Bob|2"]);
        check(b"Name,Phone\r\nAnn,1\r\nBob,2", &["2/1 Ann|1", "3/2 Bob|2"]);
        check(b"Name,Phone\rAnn,1\rBob,2\r", &["2/1 Ann|1", "3/2 Bob|2"]);
        check(b"\n\nName,Phone\n\n\nAnn,1\n\nBob,2\n\n", &["6/1 Ann|1", "8/2 Bob|2"]);
        check(b"Name,Phone\n\"A\r\nnn\",1\n\nBob,\"\n2\"\nCy,3", &["2/1 A\nnn|1", "5/2 Bob|\n2", "7/3 Cy|3"]);
        // Rows of delimiters alone have a number, but nothing to say.
        check(b"Name,Phone\n,\n \t,\"\"\nAnn,1\n,,,\n", &["4/3 Ann|1"]);
        check(b"Name,Phone\n", &[]);
        check(b"Name,Phone", &[]);
    }

    #[test]
    fn r10a_quotes_as_spreadsheets_and_people_write_them() {
        check(b"Name,Phone\n\"Lee, \"\"Ann\"\"\",1\n", &["2/1 Lee, \"Ann\"|1"]);
        check(b"Name,Phone\nAnn \"A\" Lee,5\" 1\n", &["2/1 Ann \"A\" Lee|5\" 1"]);
        check(b"Name,Phone\n\"Ann\" Lee,1\n", &["2/1 Ann Lee|1"]);
        check(b"Name,Phone\nAnn\nBob,2,3,4\n", &["2/1 Ann", "3/2 Bob|2|3|4"]);
        check(b"sep=;\nName;Phone\nAnn;1\n", &["3/1 Ann|1"]);
        check(b"\"sep=,\"\r\nName,Phone\r\nAnn,1\r\n", &["3/1 Ann|1"]);
    }

    #[test]
    fn r10a_encodings() {
        let text = "Name;Phone\nZoë;١\n李;2\n";
        let expect = ["2/1 Zoë|١", "3/2 李|2"];
        check(text.as_bytes(), &expect);
        check(format!("\u{feff}{text}").as_bytes(), &expect);
        for marked in [format!("\u{feff}{text}"), text.to_owned()] {
            check(&utf16(&marked, u16::to_le_bytes), &expect);
            check(&utf16(&marked, u16::to_be_bytes), &expect);
        }
        check(b"Name;Phone\nZo\xeb \x80;1\n", &["2/1 Zoë €|1"]);
        // Two cells whose bytes are UTF-8 only together.
        check(b"Name,Phone\n\xc3,\xa9\nZo\xeb,1\n", &["2/1 Ã|©", "3/2 Zoë|1"]);
    }

    #[test]
    fn r10a_a_row_in_another_encoding_is_read_as_windows_1252() {
        let mut bytes = b"Name,Phone\nZo\xc3\xab,1\n".to_vec();
        bytes.extend(b"Ann,2\n".repeat(20_000));
        bytes.extend(b"Zo\xeb,3\n");
        let mut file = LeadFile::open(&bytes[..], &Limits::default()).expect("a file");
        let mut last = String::new();
        while let Some(row) = file.next_row().expect("a row") {
            last = row.cells.iter().collect();
        }
        assert_eq!((file.encoding(), file.rows_decoded_apart(), last.as_str()), (Encoding::Utf8, 1, "Zoë3"));
    }

    #[test]
    fn what_is_no_csv_file_is_named() {
        let empty = "the file is empty; export the list again, with a header line such as First Name,Phone";
        for bytes in [&b""[..], b"\n\r\n", b" ", b"\xef\xbb\xbf", b"\xff\xfe", b",,\n,,\n", b"sep=;\n"] {
            check_error(bytes, empty);
        }
        let save_as = "open it and save it as “CSV UTF-8”, then upload that";
        let export = "export the list as CSV (comma-separated text) and upload that";
        let unpack = "unpack it and upload the CSV file inside";
        let check = |bytes: &[u8], what: &str, advice: &str| {
            check_error(bytes, &format!("the file is {what}, not a CSV file; {advice}"));
        };
        check(b"PK\x03\x04\x14\0[Content_Types].xml", "an Excel workbook", save_as);
        check(
            b"PK\x03\x04\x14\0mimetypeapplication/vnd.oasis.opendocument",
            "a spreadsheet document",
            save_as,
        );
        check(b"PK\x03\x04\x14\0leads.csv", "a ZIP archive", unpack);
        check(b"\x1f\x8b\x08\0", "a gzip archive", unpack);
        check(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook", save_as);
        check(b"%PDF-1.7\n", "a PDF document", export);
        check(b"\xef\xbb\xbf\n <HTML><table>", "a web page", save_as);
        check(b"<?xml version=\"1.0\"?>", "an XML document", save_as);
        check(b"[{\"phone\": 1}]", "a JSON document", export);
        check(b"Name,Phone\nAnn\0,1\n", "binary data", export);
        check(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary data", export);
        check(&[0x01, 0x02, 0x03, 0x04, 0x05], "binary data", export);
    }

    #[test]
    fn a_file_that_breaks_off_says_where() {
        let open = |line: u64| {
            format!(
                "the file breaks off: the double quote opened in line {line} is never closed; export or upload it again, or correct that line"
            )
        };
        check_error(b"Name,Phone\n\"Ann,1\nBob,2\n", &open(2));
        check_error(b"Name,Phone\n\"A\nB\",\"1\nBob,2", &open(3));
        check_error(b"Name,Phone\n\"", &open(2));
        check_error(b"Name,\"Phone", &open(1));
        let cut = |line: u64| {
            format!(
                "the file breaks off in the middle of a character in line {line}; export or upload it again"
            )
        };
        let mut wide = utf16("\u{feff}Name,Phone\nAnn,1", u16::to_le_bytes);
        wide.pop();
        check_error(&wide, &cut(2));
        let mut text = "Name,Phone\nZoë,1\n".repeat(10_000).into_bytes();
        text.extend(b"Zo\xc3");
        check_error(&text, &cut(20_001));
    }

    #[test]
    fn limits_name_their_number() {
        let limits = Limits { file_bytes_max: 100_000, record_bytes_max: 1_000, spool_dir: None };
        let check = |bytes: &[u8], expect: &str| {
            let error = read_from(bytes, &limits).expect_err("too large").to_string();
            assert_eq!(error, expect);
        };
        let too_large = "the file is larger than 97.6 KiB; split it, or raise the limit for imports";
        let mut bytes = b"Name,Phone\n".to_vec();
        bytes.extend(b"Ann,1\n".repeat(20_000));
        check(&bytes, too_large);
        let long = "the record that begins in line 3 is longer than 1000 bytes; most likely a double quote in it is never closed, so please correct that line";
        check(format!("Name,Phone\nAnn,1\nBob,{}\nCy,3\n", "2".repeat(2_000)).as_bytes(), long);

        // A record without end is given up long before the limit of the file.
        let endless = b"Name,Phone\nAnn,1\n\"Bob".chain(io::repeat(b'x'));
        let limits = Limits { file_bytes_max: 1 << 40, ..Limits::default() };
        let error = read_from(endless, &limits).expect_err("too long").to_string();
        assert!(error.starts_with("the record that begins in line 3 is longer than 1 MiB;"), "{error}");
        let endless = b"Name,Phone".chain(io::repeat(b'x'));
        let error = read_from(endless, &limits).expect_err("too long").to_string();
        assert!(error.starts_with("the record that begins in line 1 is longer than 1 MiB;"), "{error}");
    }

    #[test]
    fn a_failing_read_is_told_and_ends_the_file() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is gone"))
            }
        }
        let rows = b"Name,Phone\n".chain(io::Cursor::new(b"Ann,1\n".repeat(50_000))).chain(Failing);
        let error = read_from(rows, &Limits::default()).expect_err("a failing disk").to_string();
        assert_eq!(error, "the file could not be read to its end (the disk is gone); please try again");
    }

    /// A cell as any tool may write it, without what cannot be told apart afterwards.
    fn cell() -> impl Strategy<Value = String> {
        prop_oneof!["[a-zA-Z0-9 +().-]{0,12}", "[ -~\n\téÄ€ß]{0,12}",]
    }

    fn table() -> impl Strategy<Value = Vec<Vec<String>>> {
        (1..6_usize)
            .prop_flat_map(|width| proptest::collection::vec(proptest::collection::vec(cell(), width), 0..12))
    }

    proptest! {
        #[test]
        fn r10a_a_written_file_reads_back_the_same(
            table in table(),
            delimiter in proptest::sample::select(&Delimiter::ALL),
            encoding in 0..6,
            breaks in proptest::sample::select(&["\n", "\r\n", "\r"]),
            quotes_all in any::<bool>(),
        ) {
            let style = if quotes_all { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
            let mut writer = csv::WriterBuilder::new()
                .delimiter(delimiter.byte())
                .quote_style(style)
                .flexible(true)
                .from_writer(Vec::new());
            writer.write_record(["First Name", "Phone", "Größe €"]).expect("to memory");
            for row in &table {
                writer.write_record(row).expect("to memory");
            }
            let text = String::from_utf8(writer.into_inner().expect("to memory")).expect("UTF-8");
            let text = text.replace('\n', breaks);
            let bytes = match encoding {
                0 => text.into_bytes(),
                1 => format!("\u{feff}{text}").into_bytes(),
                2 => utf16(&format!("\u{feff}{text}"), u16::to_le_bytes),
                3 => utf16(&format!("\u{feff}{text}"), u16::to_be_bytes),
                4 => utf16(&text, u16::to_le_bytes),
                _ => WINDOWS_1252.encode(&text).0.into_owned(),
            };

            let (headers, rows) = read_from(&bytes[..], &Limits::default()).expect("a file");
            prop_assert_eq!(headers, ["First Name", "Phone", "Größe €"]);
            let found: Vec<&Vec<String>> = rows.iter().map(|row| &row.2).collect();
            let expect: Vec<&Vec<String>> =
                table.iter().filter(|row| row.iter().any(|cell| !clean(cell).is_empty())).collect();
            prop_assert_eq!(found, expect);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read_from(&bytes[..], &Limits::default());
        }

        #[test]
        fn any_text_is_read_or_refused(
            text in "([a-z0-9\"]{0,3}[,;\t\"\r\n\u{feff}é\u{1}]){0,60}",
            cut in 0..3_usize,
            wide in any::<bool>(),
        ) {
            let mut bytes = if wide { utf16(&text, u16::to_le_bytes) } else { text.into_bytes() };
            bytes.truncate(bytes.len().saturating_sub(cut));
            if let Ok((_, rows)) = read_from(&bytes[..], &Limits::default()) {
                let breaks = UTF_8.decode(&bytes).0.matches(['\n', '\r']).count() as u64;
                prop_assert!(rows.iter().all(|row| row.0 <= breaks + 1));
                prop_assert!(rows.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1));
                prop_assert!(!rows.iter().flat_map(|row| &row.2).any(|cell| cell.contains("end of file")));
            }
        }
    }
}
