//! Text as people type and paste it, made clean at the edge, so that what is stored compares, sorts and shows well.

use std::{borrow::Cow, fmt::Write as _};

use thiserror::Error;

/// A text with more characters than its field takes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field} has {chars} characters; at most {chars_max} are kept, so please shorten it")]
pub struct TooLong {
    /// What the text is for, such as `first name`.
    pub field: &'static str,
    /// How long it is.
    pub chars: usize,
    /// How long it may be.
    pub chars_max: usize,
}

/// Bytes as people and addresses write them: two small hexadecimal digits each.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String does not fail
        text
    })
}

/// Makes one tidy line: no space at the ends, one space between words, no control characters, no invisible
/// spacers (zero-width space, word joiner, byte order mark), and nothing that turns the direction of what follows.
///
/// The joiners U+200C and U+200D stay, since Persian, Malayalam and others spell with them; a text of nothing else
/// is empty.
pub fn clean(text: &str) -> Cow<'_, str> {
    if is_clean(text) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() {
            if !line.is_empty() && !line.ends_with(' ') {
                line.push(' ');
            }
        } else if !is_dropped(c) {
            line.push(c);
        }
    }
    if line.ends_with(' ') {
        line.pop();
    }
    if line.chars().all(|c| is_joiner(c) || c == ' ') {
        line.clear();
    }
    Cow::Owned(line)
}

/// As [`clean`], and refuses what has more than `chars_max` characters.
pub fn clean_within<'t>(
    text: &'t str,
    field: &'static str,
    chars_max: usize,
) -> Result<Cow<'t, str>, TooLong> {
    within(clean(text), field, chars_max)
}

/// Refuses a cleaned text that has more than `chars_max` characters.
pub fn within<'t>(
    line: Cow<'t, str>,
    field: &'static str,
    chars_max: usize,
) -> Result<Cow<'t, str>, TooLong> {
    // A text has no more characters than bytes, so most need no counting.
    if line.len() > chars_max {
        let chars = line.chars().count();
        if chars > chars_max {
            return Err(TooLong { field, chars, chars_max });
        }
    }
    Ok(line)
}

/// As [`clean`], but keeps line breaks (as `\n`, without blank lines at the ends): for notes and other long text.
pub fn clean_lines(text: &str) -> Cow<'_, str> {
    if is_clean(text) {
        return Cow::Borrowed(text);
    }
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<Cow<'_, str>> = unix.split('\n').map(clean).collect();
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(first, |last| last + 1);
    Cow::Owned(lines[first..end].join("\n"))
}

/// The form in which names are compared without regard to case: cleaned and in lowercase, by Unicode and without a
/// locale. Accents count: `Résumé` and `Resume` are two names.
pub fn fold(text: &str) -> String {
    let line = clean(text);
    if line.is_ascii() { line.to_ascii_lowercase() } else { line.to_lowercase() }
}

/// At most `chars_max` characters, the last of them `…` where something was left out; for error messages.
pub(crate) fn shortened(text: &str, chars_max: usize) -> String {
    let line = clean(text);
    match line.char_indices().nth(chars_max) {
        None => line.into_owned(),
        Some(_) => line.chars().take(chars_max.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// Whether nothing is to be done: printable ASCII with single spaces inside, which most cells are.
fn is_clean(text: &str) -> bool {
    let mut after_space = true;
    for byte in text.bytes() {
        match byte {
            b' ' if after_space => return false,
            b' ' => after_space = true,
            0x21..=0x7e => after_space = false,
            _ => return false,
        }
    }
    text.is_empty() || !after_space
}

fn is_dropped(c: char) -> bool {
    let is_spacer = matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{fffe}');
    // Contacts copied from a phone come wrapped in these, and unclosed ones turn the rest of a page around.
    let turns_direction = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || is_spacer || turns_direction
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expect: &str) {
        assert_eq!(clean(input), expect, "{input:?}");
        assert_eq!(clean(expect), expect, "cleaning twice changes {expect:?}");
    }

    #[test]
    fn r10a_cells_are_trimmed_and_made_one_line() {
        check("", "");
        check("Ann", "Ann");
        check("  Ann \t", "Ann");
        check("Ann  Mary\r\nLee", "Ann Mary Lee");
        check("\u{feff}Ann", "Ann");
        check("\u{a0}Ann\u{3000}Lee\u{2003}", "Ann Lee");
        check("An\u{200b}n\u{0}", "Ann");
        check("\u{202a}Ann\u{202c} \u{202e}eeL", "Ann eeL");
        check("\u{2068}دانا\u{2069}", "دانا");
        check(" \u{200b} \u{feff} ", "");
        check("\u{200d}", "");
        check(" \u{200c} \u{200d} ", "");
        check("रजत  शर्मा", "रजत शर्मा");
        check("രാജന്\u{200d}", "രാജന്\u{200d}");
        check("a \u{200b} b", "a b");
    }

    #[test]
    fn lines_are_kept_where_they_matter() {
        let check = |input: &str, expect: &str| assert_eq!(clean_lines(input), expect, "{input:?}");
        check("one line", "one line");
        check("\r\n first  line \r\n\rthird\n\n", "first line\n\nthird");
        check("\n \n", "");
    }

    #[test]
    fn names_fold_by_case_and_not_by_accent() {
        let check = |input: &str, expect: &str| assert_eq!(fold(input), expect, "{input:?}");
        check(" Not  PICKED ", "not picked");
        check("ÉTÉ", "été");
        check("İstanbul", "i̇stanbul");
        assert_ne!(fold("Résumé"), fold("Resume"));
    }

    #[test]
    fn a_text_that_is_too_long_says_so() {
        assert_eq!(clean_within(" né ", "first name", 2), Ok("né".into()));
        let error = clean_within("née", "first name", 2).expect_err("three are more than two");
        assert_eq!(
            error.to_string(),
            "first name has 3 characters; at most 2 are kept, so please shorten it"
        );
    }

    #[test]
    fn a_shortened_text_ends_with_an_ellipsis() {
        assert_eq!(shortened("12345", 5), "12345");
        assert_eq!(shortened("123456", 5), "1234…");
        assert_eq!(shortened("äöüß", 3), "äö…");
    }
}
