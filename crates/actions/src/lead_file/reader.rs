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
        let found = self.csv.read_byte_record(&mut self.bytes).map_err(|error| self.file_error(error))?;
        let after = self.csv.position();
        let bytes = self.bytes.as_slice();
        // Every record ends with a line break, `END` sees to that; those within its cells are kept in them.
        let line = after.line() - 1 - line_breaks(bytes);
        let bytes_left = self.csv.get_ref().text_bytes().map(|all| all - after.byte());
        if !found || bytes_left == Some(0) {
            self.at_end = true;
            if bytes == &END[1..END.len() - 1] {
                return Ok(None);
            }
            // The end of the file became part of a cell, the last one, since its quote is open.
            let in_earlier_cells = self.bytes.iter().rev().skip(1).map(line_breaks).sum::<u64>();
            return Err(FileError::OpenQuote { line: line + in_earlier_cells });
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

    fn file_error(&self, error: csv::Error) -> FileError {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => match error.downcast::<FileError>() {
                Ok(error) => error,
                Err(error) => FileError::Read(error),
            },
            // Byte records of any width have no other errors.
            kind => FileError::Read(std::io::Error::other(format!("{kind:?}"))),
        }
    }
}

fn line_breaks(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
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
