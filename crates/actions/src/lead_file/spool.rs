//! Rows that wait on disk: written while a file is read, read back by the transaction that takes them in.
//!
//! The file has no name and vanishes with the process. What fits into 1 MiB never touches the disk. The format is
//! private and lives no longer than one import: each value with its length before it, numbers as LEB128.

use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::Path;

use domain::email::EmailText;
use domain::lead_file::{Detail, LeadRow};
use domain::phone::{Country, Phone};
use tempfile::SpooledTempFile;

const MEMORY_BYTES_MAX: usize = 1 << 20;
const BUFFER_BYTES: usize = 64 * 1024;

/// A row that is a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpooledRow {
    /// The line in which it begins.
    pub line: u64,
    /// Its number among the records.
    pub record: u64,
    /// What it says.
    pub lead: LeadRow<i64>,
}

/// A row that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFailure {
    /// The line in which it begins.
    pub line: u64,
    /// Its number among the records.
    pub record: u64,
    /// The reason for programs, see `RowError::code`.
    pub code: String,
    /// The reason as a sentence.
    pub why: String,
    /// What stood in the row, as far as it is kept: see `ERROR_ROWS_KEPT`.
    pub cells: Vec<String>,
}

/// Values being written.
#[derive(Debug)]
pub struct Spool<T> {
    file: BufWriter<SpooledTempFile>,
    value: Vec<u8>,
    count: u64,
    kind: PhantomData<fn(T)>,
}

/// Values being read, in the order in which they were written.
#[derive(Debug)]
pub struct SpoolReader<T> {
    file: BufReader<SpooledTempFile>,
    value: Vec<u8>,
    count: u64,
    left: u64,
    kind: PhantomData<fn() -> T>,
}

/// What a spool can hold.
pub trait Spooled: Sized {
    /// Appends the value.
    fn encode(&self, out: &mut Vec<u8>);
    /// Takes the value back.
    fn decode(from: &mut Decoder<'_>) -> io::Result<Self>;
}

/// The bytes of one value.
#[derive(Debug)]
pub struct Decoder<'b>(&'b [u8]);

impl<T: Spooled> Spool<T> {
    /// Begins a spool in `dir`, or in the system's folder for temporary files.
    pub fn create(dir: Option<&Path>) -> Spool<T> {
        let file = match dir {
            Some(dir) => tempfile::spooled_tempfile_in(MEMORY_BYTES_MAX, dir),
            None => tempfile::spooled_tempfile(MEMORY_BYTES_MAX),
        };
        Spool {
            file: BufWriter::with_capacity(BUFFER_BYTES, file),
            value: Vec::new(),
            count: 0,
            kind: PhantomData,
        }
    }

    /// Appends one value.
    pub fn write(&mut self, value: &T) -> io::Result<()> {
        self.value.clear();
        value.encode(&mut self.value);
        let bytes = u32::try_from(self.value.len()).map_err(io::Error::other)?;
        self.file.write_all(&bytes.to_le_bytes())?;
        self.file.write_all(&self.value)?;
        self.count += 1;
        Ok(())
    }

    /// How many values were written.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Ends writing and begins reading.
    pub fn finish(self) -> io::Result<SpoolReader<T>> {
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(SpoolReader {
            file: BufReader::with_capacity(BUFFER_BYTES, file),
            value: self.value,
            count: self.count,
            left: self.count,
            kind: PhantomData,
        })
    }
}

impl<T> SpoolReader<T> {
    /// How many values there are in all, read or not.
    pub fn total(&self) -> u64 {
        self.count
    }

    /// Goes back to the first value, for a second look or a transaction that is tried again.
    pub fn rewind(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.left = self.count;
        Ok(())
    }
}

impl<T: Spooled> SpoolReader<T> {
    fn read_value(&mut self) -> io::Result<T> {
        let mut bytes = [0; 4];
        self.file.read_exact(&mut bytes)?;
        self.value.resize(u32::from_le_bytes(bytes) as usize, 0);
        self.file.read_exact(&mut self.value)?;
        T::decode(&mut Decoder(&self.value))
    }
}

impl<T: Spooled> Iterator for SpoolReader<T> {
    type Item = io::Result<T>;

    fn next(&mut self) -> Option<io::Result<T>> {
        self.left = self.left.checked_sub(1)?;
        let value = self.read_value();
        if value.is_err() {
            self.left = 0;
        }
        Some(value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.left).ok();
        (left.unwrap_or(usize::MAX), left)
    }
}

impl Spooled for SpooledRow {
    fn encode(&self, out: &mut Vec<u8>) {
        put_number(out, self.line);
        put_number(out, self.record);
        let lead = &self.lead;
        put_text(out, &lead.first_name);
        put_text(out, &lead.last_name);
        put_text(out, lead.phone.as_str());
        put_text(out, &lead.phone_typed);
        put_number(out, u64::from(lead.phone_doubtful));
        put_text(out, lead.phone_country.as_ref().map_or("", Country::as_str));
        put_text(out, lead.email.as_ref().map_or("", EmailText::as_str));
        put_number(out, u64::from(lead.email.as_ref().is_some_and(EmailText::is_doubtful)));
        put_number(out, u64::from(lead.status.is_some()));
        put_number(out, lead.status.unwrap_or_default().cast_unsigned());
        put_number(out, lead.tags.len() as u64);
        for tag in &lead.tags {
            put_text(out, tag);
        }
        for label in [&lead.branch, &lead.department, &lead.source] {
            put_text(out, label.as_deref().unwrap_or_default());
        }
        put_text(out, lead.country.as_ref().map_or("", Country::as_str));
        put_number(out, lead.details.len() as u64);
        for detail in &lead.details {
            put_text(out, &detail.name);
            put_text(out, &detail.value);
        }
    }

    fn decode(from: &mut Decoder<'_>) -> io::Result<SpooledRow> {
        let (line, record) = (from.number()?, from.number()?);
        let first_name = from.text()?.to_owned();
        let last_name = from.text()?.to_owned();
        let phone = Phone::from_e164(from.text()?).map_err(damaged)?;
        let phone_typed = from.text()?.to_owned();
        let phone_doubtful = from.flag()?;
        let phone_country = from.country()?;
        let email = from.optional_text()?;
        let email_doubtful = from.flag()?;
        let has_status = from.flag()?;
        let status = from.number()?.cast_signed();
        let tags = from.list(|from| from.text().map(str::to_owned))?;
        let branch = from.optional_text()?;
        let department = from.optional_text()?;
        let source = from.optional_text()?;
        let country = from.country()?;
        let details =
            from.list(|from| Ok(Detail { name: from.text()?.to_owned(), value: from.text()?.to_owned() }))?;
        let lead = LeadRow {
            first_name,
            last_name,
            phone,
            phone_typed,
            phone_doubtful,
            phone_country,
            email: email.map(|text| EmailText::from_stored(text, email_doubtful)),
            status: has_status.then_some(status),
            tags,
            branch,
            department,
            country,
            source,
            details,
        };
        Ok(SpooledRow { line, record, lead })
    }
}

impl Spooled for RowFailure {
    fn encode(&self, out: &mut Vec<u8>) {
        put_number(out, self.line);
        put_number(out, self.record);
        put_text(out, &self.code);
        put_text(out, &self.why);
        put_number(out, self.cells.len() as u64);
        for cell in &self.cells {
            put_text(out, cell);
        }
    }

    fn decode(from: &mut Decoder<'_>) -> io::Result<RowFailure> {
        let (line, record) = (from.number()?, from.number()?);
        let (code, why) = (from.text()?.to_owned(), from.text()?.to_owned());
        Ok(RowFailure { line, record, code, why, cells: from.list(|from| from.text().map(str::to_owned))? })
    }
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

impl<'b> Decoder<'b> {
    fn number(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or_else(|| damaged("a number is cut"))?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(damaged("a number is too long"))
    }

    fn flag(&mut self) -> io::Result<bool> {
        Ok(self.number()? != 0)
    }

    fn text(&mut self) -> io::Result<&'b str> {
        let bytes = usize::try_from(self.number()?).map_err(damaged)?;
        let (text, rest) = self.0.split_at_checked(bytes).ok_or_else(|| damaged("a text is cut"))?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(damaged)
    }

    /// A text that is there unless it is empty.
    fn optional_text(&mut self) -> io::Result<Option<String>> {
        let text = self.text()?;
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    fn country(&mut self) -> io::Result<Option<Country>> {
        match self.text()? {
            "" => Ok(None),
            code => Country::from_code(code).map(Some).map_err(damaged),
        }
    }

    fn list<V>(&mut self, mut value: impl FnMut(&mut Self) -> io::Result<V>) -> io::Result<Vec<V>> {
        let count = self.number()?;
        (0..count).map(|_| value(self)).collect()
    }
}

fn damaged(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use domain::email::Email;

    use super::*;

    fn row(record: u64) -> SpooledRow {
        let country = |code: &str| Country::from_code(code).ok();
        let lead = LeadRow {
            first_name: "Ann".to_owned(),
            last_name: "Ω".repeat(3_000),
            phone: Phone::from_e164("+12015550123").expect("a number"),
            phone_typed: "(201) 555-0123".to_owned(),
            phone_doubtful: record.is_multiple_of(2),
            phone_country: country("US"),
            email: Email::parse("ann@example.com").ok().map(EmailText::Address),
            status: Some(-1),
            tags: vec!["web".to_owned(), "hot".to_owned()],
            branch: Some("North".to_owned()),
            department: None,
            country: country("IN"),
            source: None,
            details: vec![Detail { name: "Notes".to_owned(), value: "one\ntwo".to_owned() }],
        };
        SpooledRow { line: record + 1, record, lead }
    }

    fn plain(record: u64) -> SpooledRow {
        let mut row = row(record);
        row.line = u64::MAX;
        row.lead = LeadRow {
            last_name: String::new(),
            phone_country: None,
            email: Some(EmailText::Doubtful("n/a".to_owned())),
            status: None,
            tags: Vec::new(),
            branch: None,
            country: None,
            details: Vec::new(),
            ..row.lead
        };
        row
    }

    #[test]
    fn r11_rows_come_back_as_they_were_in_memory_and_on_disk() {
        for count in [0, 1, 1_000] {
            let rows: Vec<SpooledRow> = (0..count).flat_map(|record| [row(record), plain(record)]).collect();
            let mut spool = Spool::create(None);
            for row in &rows {
                spool.write(row).expect("room");
            }
            let mut reader = spool.finish().expect("room");
            assert_eq!(reader.total(), rows.len() as u64);
            for _ in 0..2 {
                let found: Vec<SpooledRow> = reader.by_ref().collect::<io::Result<_>>().expect("rows");
                assert_eq!(found, rows);
                reader.rewind().expect("a file");
            }
        }
    }

    #[test]
    fn a_folder_that_does_not_exist_is_an_error() {
        let mut spool = Spool::create(Some(Path::new("/nowhere/at/all")));
        let written = (0..1_000).try_for_each(|record| spool.write(&row(record)));
        assert!(written.is_err());
    }
}
