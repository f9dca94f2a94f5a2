//! E-mail addresses. A lead's address that does not parse is kept and marked, never an error (R8).
//!
//! The rule is small on purpose: one `@`, something before it, a domain with a dot after it, no spaces, and the
//! lengths of RFC 5321. Quoted local parts and address literals are legal and unknown in lists of leads, so they
//! count as doubtful. A domain without a dot does too: `ann@gmail` is a slip of the pen far more often than a host
//! of the office network.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::clean;

/// The longest address that mail can reach.
const ADDRESS_BYTES_MAX: usize = 254;
const LOCAL_PART_BYTES_MAX: usize = 64;
const DOMAIN_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// An address that mail could be sent to. The domain is in lowercase; the part before the `@` is as typed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// What a lead carries as its e-mail: an address, or text that is kept although it is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmailText {
    /// It parses.
    Address(Email),
    /// It does not parse; kept as typed, and marked.
    Doubtful(String),
}

/// Why a text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EmailError {
    /// Nothing but spaces.
    #[error("e-mail is missing")]
    Missing,
    /// More bytes than mail allows in the whole or in a part.
    #[error("e-mail is too long: {ADDRESS_BYTES_MAX} characters, {LOCAL_PART_BYTES_MAX} before the @")]
    TooLong,
    /// No `@`, or several.
    #[error("e-mail must have one @, as in ann@example.com")]
    At,
    /// What stands before the `@` cannot.
    #[error("e-mail has something before the @ that cannot be there")]
    LocalPart,
    /// What stands after the `@` is no domain name.
    #[error("e-mail must end with a domain, as in ann@example.com")]
    Domain,
}

impl Email {
    /// Reads an address; spaces around it, `mailto:` and angle brackets are no part of it.
    pub fn parse(text: &str) -> Result<Email, EmailError> {
        let line = clean(text);
        let bare = line.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(&line);
        let address = match bare.get(..7) {
            Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => &bare[7..],
            _ => bare,
        };
        if address.is_empty() {
            return Err(EmailError::Missing);
        }
        if address.len() > ADDRESS_BYTES_MAX {
            return Err(EmailError::TooLong);
        }
        let (local, domain) = address.split_once('@').ok_or(EmailError::At)?;
        if domain.contains('@') {
            return Err(EmailError::At);
        }
        check_local_part(local)?;
        check_domain(domain)?;
        let mut email = String::with_capacity(address.len());
        email.push_str(local);
        email.push('@');
        email.push_str(&domain.to_lowercase());
        Ok(Email(email))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which addresses are compared: all lowercase.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

fn check_local_part(local: &str) -> Result<(), EmailError> {
    if local.len() > LOCAL_PART_BYTES_MAX {
        return Err(EmailError::TooLong);
    }
    let fits = !local.is_empty()
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| {
            if c.is_ascii() {
                c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c)
            } else {
                is_letter_like(c)
            }
        });
    if fits { Ok(()) } else { Err(EmailError::LocalPart) }
}

fn check_domain(domain: &str) -> Result<(), EmailError> {
    if domain.len() > DOMAIN_BYTES_MAX {
        return Err(EmailError::TooLong);
    }
    let mut labels = 0;
    let mut last = "";
    for label in domain.split('.') {
        let fits = !label.is_empty()
            && label.len() <= LABEL_BYTES_MAX
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| {
                if c.is_ascii() { c.is_ascii_alphanumeric() || c == '-' } else { is_letter_like(c) }
            });
        if !fits {
            return Err(EmailError::Domain);
        }
        labels += 1;
        last = label;
    }
    // A last label of digits makes an IP address, or nothing.
    if labels < 2 || last.bytes().all(|b| b.is_ascii_digit()) {
        return Err(EmailError::Domain);
    }
    Ok(())
}

/// Letters, digits and marks of other scripts; no spaces, no signs that only look like ASCII ones.
fn is_letter_like(c: char) -> bool {
    c.is_alphanumeric() || (!c.is_whitespace() && !c.is_control() && is_mark(c))
}

/// Combining marks of the scripts that need them to spell a word; `char` has no test for them.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{6ed}'
        | '\u{900}'..='\u{dff}' | '\u{e31}'..='\u{ece}' | '\u{1037}'..='\u{109d}' | '\u{17b4}'..='\u{17d3}'
        | '\u{200c}' | '\u{200d}')
}

impl EmailText {
    /// Reads what a lead's e-mail field holds; `None` if it is empty.
    pub fn read(text: &str) -> Option<EmailText> {
        match Email::parse(text) {
            Ok(email) => Some(EmailText::Address(email)),
            Err(EmailError::Missing) if clean(text).is_empty() => None,
            Err(_) => Some(EmailText::Doubtful(clean(text).into_owned())),
        }
    }

    /// Takes back what was stored as [`EmailText::as_str`] and [`EmailText::is_doubtful`].
    pub fn from_stored(text: String, doubtful: bool) -> EmailText {
        if doubtful { EmailText::Doubtful(text) } else { EmailText::Address(Email(text)) }
    }

    /// The text to store and to show.
    pub fn as_str(&self) -> &str {
        match self {
            EmailText::Address(email) => email.as_str(),
            EmailText::Doubtful(text) => text,
        }
    }

    /// Whether it carries the mark.
    pub fn is_doubtful(&self) -> bool {
        matches!(self, EmailText::Doubtful(_))
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Email {
    type Error = EmailError;

    fn try_from(text: String) -> Result<Email, EmailError> {
        Email::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> String {
        email.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r8_an_address_parses() {
        let check = |input: &str, expect: &str| {
            assert_eq!(Email::parse(input).as_ref().map(Email::as_str), Ok(expect), "{input:?}");
        };
        check(" Ann.Lee+crm@Example.COM ", "Ann.Lee+crm@example.com");
        check("mailto:ann@example.com", "ann@example.com");
        check("<ann@example.com>", "ann@example.com");
        check("o'neil@example.co.uk", "o'neil@example.co.uk");
        check("用户@例子.广告", "用户@例子.广告");
        check("अजय@डाटा.भारत", "अजय@डाटा.भारत");
        check("ann@xn--p1ai.xn--p1ai", "ann@xn--p1ai.xn--p1ai");
    }

    #[test]
    fn r8_an_email_that_does_not_parse_is_kept_and_marked() {
        let check = |input: &str, why: EmailError| {
            assert_eq!(Email::parse(input), Err(why), "{input:?}");
            let kept = EmailText::read(input).expect("not empty");
            assert!(kept.is_doubtful(), "{input:?}");
            assert_eq!(kept.as_str(), input.trim(), "{input:?}");
        };
        check("ann", EmailError::At);
        check("ann@@example.com", EmailError::At);
        check("ann@lee@example.com", EmailError::At);
        check("@example.com", EmailError::LocalPart);
        check("ann lee@example.com", EmailError::LocalPart);
        check(".ann@example.com", EmailError::LocalPart);
        check("a..b@example.com", EmailError::LocalPart);
        check("\"ann\"@example.com", EmailError::LocalPart);
        check("ann@", EmailError::Domain);
        check("ann@gmail", EmailError::Domain);
        check("ann@gmail.", EmailError::Domain);
        check("ann@-x.com", EmailError::Domain);
        check("ann@exa mple.com", EmailError::Domain);
        check("ann@10.0.0.1", EmailError::Domain);
        check("ann@[10.0.0.1]", EmailError::Domain);
        check(&format!("{}@example.com", "a".repeat(65)), EmailError::TooLong);
        check(&format!("ann@{}.com", "a.".repeat(150)), EmailError::TooLong);
        check("n/a", EmailError::At);
        check("mailto:", EmailError::Missing);
    }

    #[test]
    fn r8_an_empty_email_is_none() {
        assert_eq!(EmailText::read(" \u{feff} "), None);
    }
}
