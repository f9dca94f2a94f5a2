//! Where a page of a list ended: what the next one starts behind. It goes by the place itself and not by a number of
//! rows, so a page deep down costs what the first one does, and leads that come and go move nothing.

use super::{Sort, SortKey};
use crate::{ids::LeadId, time::Moment};
use std::{fmt, str::FromStr};
use thiserror::Error;

/// The last row of a page, in the order of its sort. Its text is meant for addresses: letters, digits, `.`, `-`, `~`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The sort that it belongs to; in another one it says nothing.
    pub sort: Sort,
    /// The row's sort key.
    pub place: Place,
    /// The row.
    pub lead: LeadId,
}

/// A sort key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The identifier is the key.
    Id,
    /// The moment of the last activity.
    LastActivity(Moment),
    /// The name's key.
    Name(String),
}

/// A text that no list has made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the address names a place in the list that does not exist; start again from its first page")]
pub struct NotACursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.", self.sort.word(), self.lead)?;
        match &self.place {
            Place::Id => Ok(()),
            Place::LastActivity(moment) => write!(f, "{}", moment.0),
            Place::Name(name) => name.bytes().try_for_each(|byte| {
                if byte.is_ascii_alphanumeric() {
                    write!(f, "{}", char::from(byte))
                } else {
                    write!(f, "~{byte:02x}")
                }
            }),
        }
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Cursor, NotACursor> {
        let mut parts = text.splitn(3, '.');
        let mut part = || parts.next().ok_or(NotACursor);
        let (sort, lead, place) = (part()?, part()?, part()?);
        let sort = Sort::from_word(sort).ok_or(NotACursor)?;
        let lead = LeadId(lead.parse().map_err(|_| NotACursor)?);
        let place = match sort.key() {
            SortKey::Id if place.is_empty() => Place::Id,
            SortKey::Id => return Err(NotACursor),
            SortKey::LastActivity => Place::LastActivity(Moment(place.parse().map_err(|_| NotACursor)?)),
            SortKey::Name => Place::Name(name(place).ok_or(NotACursor)?),
        };
        Ok(Cursor { sort, place, lead })
    }
}

fn name(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'~' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            plain if plain.is_ascii_alphanumeric() => plain,
            _ => return None,
        });
    }
    // A database holds no zero bytes in texts, and PostgreSQL refuses to compare with one.
    String::from_utf8(bytes).ok().filter(|name| !name.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_a_text_for_addresses_and_comes_back() {
        let check = |sort, place, expect: &str| {
            let cursor = Cursor { sort, place, lead: LeadId(7) };
            assert_eq!(cursor.to_string(), expect);
            assert_eq!(expect.parse(), Ok(cursor));
        };
        check(Sort::Newest, Place::Id, "newest.7.");
        check(Sort::Quietest, Place::LastActivity(Moment(-5)), "quietest.7.-5");
        check(Sort::Name, Place::Name("zoë d'arc".into()), "name.7.zo~c3~ab~20d~27arc");
        check(Sort::NameFromEnd, Place::Name(String::new()), "name-from-end.7.");
    }

    #[test]
    fn anything_else_is_no_cursor() {
        for text in [
            "",
            "newest",
            "newest.7",
            "newest.7.1",
            "newest.x.",
            "oddest.7.",
            "activity.7.",
            "activity.7.x",
            "name.7.a~",
            "name.7.~zz",
            "name.7.~c3",
            "name.7.a b",
            "name.7.~00",
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(NotACursor), "{text:?}");
        }
    }
}
