//! From the bytes of a file to UTF-8 with `\n` as the only line break.
//!
//! The encoding is decided on the first 64 KiB: a byte order mark; else UTF-16 by its zero bytes; else UTF-8 if it
//! is valid so far; else Windows-1252, in which any bytes are text. A file that begins as UTF-8 and has other bytes
//! later on is not refused: those records alone are read as Windows-1252 (see [`super::reader`]). So this module
//! decodes UTF-16 only, and hands 8-bit bytes through.

use std::io::{self, Cursor, Read};

use encoding_rs::{Decoder, UTF_16BE, UTF_16LE};

use super::{FileError, Limits};

/// How much is looked at before deciding, and read at once.
pub(super) const CHUNK_BYTES: usize = 64 * 1024;

/// What follows the last byte of every file, so that the record reader can tell whether it ends inside quotes: the
/// CSV parser takes that for a whole cell, and then the end is part of it.
pub(super) const END: &[u8] = b"\n\x01end of file\x01\n";

/// How the text of a file is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16 with the low byte first, as spreadsheets save "Unicode text".
    Utf16Le,
    /// UTF-16 with the high byte first.
    Utf16Be,
    /// The old encoding of western Windows.
    Windows1252,
}

impl Encoding {
    /// Its usual name.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "UTF-8",
            Encoding::Utf16Le => "UTF-16LE",
            Encoding::Utf16Be => "UTF-16BE",
            Encoding::Windows1252 => "Windows-1252",
        }
    }
}

/// The beginning of a file, and what it tells.
pub(super) struct Beginning {
    pub(super) encoding: Encoding,
    /// The first bytes, without the byte order mark.
    bytes: Vec<u8>,
    mark_bytes: u64,
}

/// A file as UTF-8 (or Windows-1252) with `\n` for every line break, and [`END`] after it.
pub(super) struct Source<R> {
    raw: io::Chain<Cursor<Vec<u8>>, R>,
    chunk: Box<[u8]>,
    decoder: Option<Decoder>,
    decoded: Vec<u8>,
    ready: Vec<u8>,
    ready_from: usize,
    after_return: bool,
    bytes_read: u64,
    bytes_handed: u64,
    bytes_max: u64,
    record_from: u64,
    record_line: u64,
    record_bytes_max: usize,
    finished: bool,
}

impl Beginning {
    pub(super) fn read(reader: &mut impl Read, limits: &Limits) -> Result<Beginning, FileError> {
        let mut bytes = Vec::with_capacity(CHUNK_BYTES);
        reader.take(CHUNK_BYTES as u64).read_to_end(&mut bytes).map_err(FileError::Read)?;
        if bytes.len() as u64 > limits.file_bytes_max {
            return Err(FileError::TooLarge { bytes_max: limits.file_bytes_max });
        }
        let whole = bytes.len() < CHUNK_BYTES;
        let (encoding, mark_bytes) = sniff(&bytes, whole)?;
        bytes.drain(..mark_bytes);
        Ok(Beginning { encoding, bytes, mark_bytes: mark_bytes as u64 })
    }

    /// The beginning as text, for a look at its lines; false if more follows.
    pub(super) fn text(&self) -> (String, bool) {
        let encoding = match self.encoding {
            Encoding::Utf8 => encoding_rs::UTF_8,
            Encoding::Utf16Le => UTF_16LE,
            Encoding::Utf16Be => UTF_16BE,
            Encoding::Windows1252 => encoding_rs::WINDOWS_1252,
        };
        let text = encoding.decode_without_bom_handling(&self.bytes).0;
        let whole = self.bytes.len() as u64 + self.mark_bytes < CHUNK_BYTES as u64;
        (text.replace("\r\n", "\n").replace('\r', "\n"), whole)
    }
}

impl<R: Read> Source<R> {
    pub(super) fn new(beginning: Beginning, rest: R, limits: &Limits) -> Source<R> {
        let decoder = match beginning.encoding {
            Encoding::Utf16Le => Some(UTF_16LE.new_decoder_without_bom_handling()),
            Encoding::Utf16Be => Some(UTF_16BE.new_decoder_without_bom_handling()),
            Encoding::Utf8 | Encoding::Windows1252 => None,
        };
        Source {
            raw: Cursor::new(beginning.bytes).chain(rest),
            chunk: vec![0; CHUNK_BYTES].into_boxed_slice(),
            decoder,
            decoded: Vec::new(),
            ready: Vec::with_capacity(2 * CHUNK_BYTES),
            ready_from: 0,
            after_return: false,
            bytes_read: beginning.mark_bytes,
            bytes_handed: 0,
            bytes_max: limits.file_bytes_max,
            record_from: 0,
            record_line: 1,
            record_bytes_max: limits.record_bytes_max,
            finished: false,
        }
    }

    /// How many bytes of the file were read.
    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// How many bytes of text, [`END`] included, the file has; `None` until it was read to its end.
    pub(super) fn text_bytes(&self) -> Option<u64> {
        self.finished.then_some(self.bytes_handed + (self.ready.len() - self.ready_from) as u64)
    }

    /// Notes where the next record begins, so that an endless one is noticed.
    pub(super) fn begin_record(&mut self, at_byte: u64, line: u64) {
        self.record_from = at_byte;
        self.record_line = line;
    }

    fn fill(&mut self) -> Result<(), FileError> {
        self.ready.clear();
        self.ready_from = 0;
        // An endless record would otherwise fill the memory of the CSV reader. Its buffer reads ahead by a chunk.
        if self.bytes_handed - self.record_from > (self.record_bytes_max + 2 * CHUNK_BYTES) as u64 {
            return Err(self.record_too_long());
        }
        let count = loop {
            match self.raw.read(&mut self.chunk) {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(FileError::Read(error)),
            }
        };
        self.bytes_read += count as u64;
        if self.bytes_read > self.bytes_max {
            return Err(FileError::TooLarge { bytes_max: self.bytes_max });
        }
        let last = count == 0;
        match &mut self.decoder {
            None => unify_line_breaks(&self.chunk[..count], &mut self.after_return, &mut self.ready),
            Some(_) if last && !self.bytes_read.is_multiple_of(2) => {
                return Err(FileError::CutCharacter { line: self.record_line });
            }
            Some(decoder) => {
                decode(decoder, &self.chunk[..count], last, &mut self.decoded);
                unify_line_breaks(&self.decoded, &mut self.after_return, &mut self.ready);
            }
        }
        if last {
            self.ready.extend_from_slice(END);
            self.finished = true;
        }
        Ok(())
    }

    pub(super) fn record_too_long(&self) -> FileError {
        FileError::RecordTooLong { line: self.record_line, bytes_max: self.record_bytes_max }
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready_from == self.ready.len() && !self.finished {
            self.fill().map_err(io::Error::other)?;
        }
        let ready = &self.ready[self.ready_from..];
        let count = ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ready[..count]);
        self.ready_from += count;
        self.bytes_handed += count as u64;
        Ok(count)
    }
}

fn decode(decoder: &mut Decoder, bytes: &[u8], last: bool, text: &mut Vec<u8>) {
    let room = decoder.max_utf8_buffer_length(bytes.len()).expect("a chunk is far smaller than memory");
    text.resize(room, 0);
    let (_, _, written, _) = decoder.decode_to_utf8(bytes, text, last);
    text.truncate(written);
}

/// Appends with `\n` for `\r\n` and for a lone `\r`; `after_return` carries a `\r` over the end of a chunk.
fn unify_line_breaks(bytes: &[u8], after_return: &mut bool, out: &mut Vec<u8>) {
    let mut rest = bytes;
    while !rest.is_empty() {
        if std::mem::take(after_return) && rest[0] == b'\n' {
            rest = &rest[1..];
            continue;
        }
        match rest.iter().position(|&byte| byte == b'\r') {
            None => {
                out.extend_from_slice(rest);
                return;
            }
            Some(at) => {
                out.extend_from_slice(&rest[..at]);
                out.push(b'\n');
                *after_return = true;
                rest = &rest[at + 1..];
            }
        }
    }
}

/// The encoding, and how many bytes its mark takes.
fn sniff(bytes: &[u8], whole: bool) -> Result<(Encoding, usize), FileError> {
    if bytes.is_empty() {
        return Err(FileError::Empty);
    }
    if let Some((what, advice)) = other_format(bytes) {
        return Err(FileError::NotCsv { what, advice });
    }
    let found = match bytes {
        [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
        [0xff, 0xfe, ..] => (Encoding::Utf16Le, 2),
        [0xfe, 0xff, ..] => (Encoding::Utf16Be, 2),
        _ => match utf16_by_zeros(bytes) {
            Some(encoding) => (encoding, 0),
            None if is_utf8(bytes, whole) => (Encoding::Utf8, 0),
            None => (Encoding::Windows1252, 0),
        },
    };
    let is_8_bit = matches!(found.0, Encoding::Utf8 | Encoding::Windows1252);
    if is_8_bit && looks_binary(bytes) {
        return Err(FileError::NotCsv { what: "binary data", advice: EXPORT });
    }
    Ok(found)
}

const EXPORT: &str = "export the list as CSV (comma-separated text) and upload that";
const SAVE_AS: &str = "open it and save it as “CSV UTF-8”, then upload that";

/// What people upload instead of CSV, by the first bytes.
fn other_format(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let has = |needle: &[u8]| bytes.windows(needle.len()).take(4_096).any(|window| window == needle);
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let begins =
        |prefix: &[u8]| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    Some(match bytes {
        [b'P', b'K', 3, 4, ..] if has(b"opendocument") => ("a spreadsheet document", SAVE_AS),
        [b'P', b'K', 3, 4, ..] if has(b"xl/") || has(b"[Content_Types]") => ("an Excel workbook", SAVE_AS),
        [b'P', b'K', 3 | 5, 4 | 6, ..] => ("a ZIP archive", "unpack it and upload the CSV file inside"),
        [0x1f, 0x8b, ..] => ("a gzip archive", "unpack it and upload the CSV file inside"),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => ("an Excel workbook", SAVE_AS),
        [b'%', b'P', b'D', b'F', ..] => ("a PDF document", EXPORT),
        _ if begins(b"<!doctype") || begins(b"<html") || begins(b"<table") => ("a web page", SAVE_AS),
        _ if begins(b"<?xml") => ("an XML document", SAVE_AS),
        _ if begins(b"{\\rtf") => ("a text document", SAVE_AS),
        _ if begins(b"{\"") || begins(b"[{") => ("a JSON document", EXPORT),
        _ => return None,
    })
}

/// UTF-16 without a mark: the letters, digits and delimiters of most lists have a zero byte, always on the same side.
fn utf16_by_zeros(bytes: &[u8]) -> Option<Encoding> {
    let (mut even, mut odd) = (0, 0);
    for pair in bytes.chunks_exact(2) {
        even += usize::from(pair[0] == 0);
        odd += usize::from(pair[1] == 0);
    }
    let enough = (bytes.len() / 2).div_ceil(8).max(1);
    match (even, odd) {
        (0, odd) if odd >= enough => Some(Encoding::Utf16Le),
        (even, 0) if even >= enough => Some(Encoding::Utf16Be),
        _ => None,
    }
}

/// Whether the bytes are UTF-8, but for a character that the end of the look may cut.
fn is_utf8(bytes: &[u8], whole: bool) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => !whole && error.error_len().is_none(),
    }
}

/// Zero bytes, or more control characters than any text has.
fn looks_binary(bytes: &[u8]) -> bool {
    let controls = bytes
        .iter()
        .filter(|&&byte| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | 0x0b | 0x0c | b'\r'))
        .count();
    bytes.contains(&0) || controls * 50 > bytes.len().max(100)
}
