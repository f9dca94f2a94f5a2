//! Phone numbers as libphonenumber reads them (R8). The library is used in this file only.
//!
//! A number that is *possible* (it parses and has a right length, with its area code) is accepted. One that is
//! possible but not *valid* is accepted too and called doubtful: numbering plans move faster than their tables.

mod country;

use std::fmt;

use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL as LIBRARY, ParseError, PhoneNumber, PhoneNumberFormat, Region,
    ValidationError,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use country::{Country, UnknownCountry};

/// The longest text that is looked at; libphonenumber's own limit.
const TYPED_BYTES_MAX: usize = 250;

/// The most of a number that an error repeats.
const SHOWN_CHARS_MAX: usize = 40;

/// A phone number in E.164 form, such as `+442083661177`. It has no extension; what was typed is kept beside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Phone(String);

/// What a typed number turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The number itself.
    pub phone: Phone,
    /// Possible, but not in the tables of numbers in use.
    pub doubtful: bool,
    /// The country whose number it is. `None` where the number does not tell: international services such as
    /// +800, and doubtful numbers under a calling code that several countries share.
    pub country: Option<Country>,
}

/// Why a text is no phone number. The sentence can be shown to the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PhoneError {
    /// Nothing but spaces.
    #[error("phone is missing")]
    Missing,
    /// There are no digits to dial, or there is something else besides.
    #[error("phone {typed} is not a phone number")]
    NotANumber {
        /// What was typed, shortened.
        typed: String,
    },
    /// A spreadsheet has rounded the number to a power of ten.
    #[error(
        "phone {typed} has been shortened by a spreadsheet; format the column as text and type the number again"
    )]
    Rounded {
        /// What was typed.
        typed: String,
    },
    /// An international number whose calling code nobody uses.
    #[error("phone {typed} begins with a calling code that no country has")]
    CallingCode {
        /// What was typed, shortened.
        typed: String,
    },
    /// The area code is missing.
    #[error("phone {typed} is a local number for {country}; add the area code")]
    LocalOnly {
        /// What was typed, shortened.
        typed: String,
        /// The country it was read for.
        country: Country,
    },
    /// Fewer digits than any number there has.
    #[error("phone {typed} is too short for {place}")]
    TooShort {
        /// What was typed, shortened.
        typed: String,
        /// The country it was read for, or its calling code.
        place: String,
    },
    /// More digits than any number there has.
    #[error("phone {typed} is too long for {place}")]
    TooLong {
        /// What was typed, shortened.
        typed: String,
        /// The country it was read for, or its calling code.
        place: String,
    },
    /// A number of digits that no number there has.
    #[error("phone {typed} is not a possible number for {place}")]
    Impossible {
        /// What was typed, shortened.
        typed: String,
        /// The country it was read for, or its calling code.
        place: String,
    },
}

/// A stored text that is no E.164 number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a phone number in E.164 form")]
pub struct NotE164(String);

/// Reads a number as typed: with a `+` from anywhere, without it as dialled in `default`.
pub fn parse(raw: &str, default: Country) -> Result<Reading, PhoneError> {
    let raw = raw.trim();
    if raw.is_empty() {
        return Err(PhoneError::Missing);
    }
    if raw.len() > TYPED_BYTES_MAX || has_misplaced_context(raw) {
        return Err(PhoneError::NotANumber { typed: shown(raw) });
    }
    let number =
        LIBRARY.parse(raw, Some(default.region())).map_err(|error| parse_error(&error, raw, default))?;
    match LIBRARY.is_possible_number_with_reason(&number) {
        Ok(NumberLengthType::IsPossible) => {}
        Ok(NumberLengthType::IsPossibleLocalOnly) => {
            let country = main_country(&number).unwrap_or(default);
            return Err(PhoneError::LocalOnly { typed: shown(raw), country });
        }
        Err(error) => return Err(length_error(error, raw, &number, default)),
    }
    let (region, valid) = region_and_validity(&number);
    let phone = Phone(LIBRARY.format(&number, PhoneNumberFormat::E164).into_owned());
    Ok(Reading { phone, doubtful: !valid, country: region.and_then(Country::from_region) })
}

/// The region of a number and whether it is valid there: what the library's `get_region_for_number` and
/// `is_valid_number` say. The region that stands first for a calling code is asked first by both, and asking it
/// alone answers nearly always; the list of 25 regions behind +1 is walked only if it says no.
fn region_and_validity(number: &PhoneNumber) -> (Option<Region>, bool) {
    if let Some(main) = LIBRARY.get_region_for_country_code(number.country_code)
        && LIBRARY.is_valid_number_for_region(number, main)
    {
        return (Some(main), true);
    }
    let region = LIBRARY.get_region_for_number(number);
    let valid = region.is_some_and(|region| LIBRARY.is_valid_number_for_region(number, region));
    (region, valid)
}

/// A `tel:` that follows a phone context makes no sense, and the library slices backwards on it.
fn has_misplaced_context(raw: &str) -> bool {
    match (raw.find(";phone-context="), raw.find("tel:")) {
        (Some(context), Some(tel)) => tel > context,
        _ => false,
    }
}

fn parse_error(error: &ParseError, raw: &str, default: Country) -> PhoneError {
    let typed = shown(raw);
    match error {
        ParseError::NotANumber(_) if is_rounded(raw) => PhoneError::Rounded { typed },
        ParseError::NotANumber(_) => PhoneError::NotANumber { typed },
        ParseError::InvalidCountryCode => PhoneError::CallingCode { typed },
        ParseError::TooShortAfterIdd | ParseError::TooShortNsn => {
            PhoneError::TooShort { typed, place: default.to_string() }
        }
        ParseError::TooLongNsn => PhoneError::TooLong { typed, place: default.to_string() },
    }
}

fn length_error(error: ValidationError, raw: &str, number: &PhoneNumber, default: Country) -> PhoneError {
    let typed = shown(raw);
    let place = if default.calling_code() == number.country_code {
        default.to_string()
    } else {
        main_country(number)
            .map_or_else(|| format!("+{}", number.country_code), |country| country.to_string())
    };
    match error {
        ValidationError::InvalidCountryCode => PhoneError::CallingCode { typed },
        ValidationError::TooShort => PhoneError::TooShort { typed, place },
        ValidationError::TooLong => PhoneError::TooLong { typed, place },
        ValidationError::InvalidLength => PhoneError::Impossible { typed, place },
    }
}

fn main_country(number: &PhoneNumber) -> Option<Country> {
    LIBRARY.get_region_for_country_code(number.country_code).and_then(Country::from_region)
}

/// `9.19877E+11`, as spreadsheets show a long number.
fn is_rounded(raw: &str) -> bool {
    raw.split_once(['E', 'e']).is_some_and(|(digits, power)| {
        digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','))
            && power.strip_prefix('+').unwrap_or(power).bytes().all(|b| b.is_ascii_digit())
            && power.bytes().any(|b| b.is_ascii_digit())
    })
}

fn shown(raw: &str) -> String {
    crate::text::shortened(raw, SHOWN_CHARS_MAX)
}

impl Phone {
    /// Takes a number back from the store. Its form is checked, not the numbering plan: a number that was accepted
    /// once stays readable when the tables change.
    pub fn from_e164(text: &str) -> Result<Phone, NotE164> {
        let digits = text.strip_prefix('+').unwrap_or_default();
        // Three digits of calling code and 17 of national number are the most the library makes.
        let fits = (4..=20).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if fits { Ok(Phone(text.to_owned())) } else { Err(NotE164(shown(text))) }
    }

    /// The number with its `+`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An E.164 number in groups that can be read out: `+91 98765 43210`, `+1 415 555 0123`. The groups are the same for
/// every country but where everybody knows better; looking up each country's own would cost a page more than its rows.
pub fn in_groups(e164: &str) -> String {
    let Some(digits) = e164.strip_prefix('+').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
    else {
        return e164.to_owned();
    };
    let code = match digits.as_bytes() {
        [b'1' | b'7', ..] => 1,
        [first, second, ..] if is_two_digit_code(*first, *second) => 2,
        _ => 3.min(digits.len()),
    };
    let (code, rest) = digits.split_at(code);
    let groups: &[usize] = match (code, rest.len()) {
        ("1" | "7", 10) => &[3, 3, 4],
        (_, 10) => &[5, 5],
        (_, 9) => &[3, 3, 3],
        (_, 8) => &[4, 4],
        (_, 11) => &[3, 4, 4],
        _ => &[],
    };
    let mut text = format!("+{code}");
    let mut rest = rest;
    for length in groups.iter().copied().chain(std::iter::repeat(4)) {
        if rest.is_empty() {
            break;
        }
        // Nobody reads out a last group of one.
        let length = if rest.len() == length + 1 { length + 1 } else { length.min(rest.len()) };
        let (group, others) = rest.split_at(length);
        text.push(' ');
        text.push_str(group);
        rest = others;
    }
    text
}

/// Calling codes of two digits, by the plan of the ITU (E.164): the other codes of a zone have three.
fn is_two_digit_code(first: u8, second: u8) -> bool {
    match first {
        b'2' => matches!(second, b'0' | b'7'),
        b'3' => matches!(second, b'0'..=b'4' | b'6' | b'9'),
        b'4' => second != b'2',
        b'5' => matches!(second, b'1'..=b'8'),
        b'6' => matches!(second, b'0'..=b'6'),
        b'8' => matches!(second, b'1' | b'2' | b'4' | b'6'),
        b'9' => matches!(second, b'0'..=b'5' | b'8'),
        _ => false,
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Phone {
    type Error = NotE164;

    fn try_from(text: String) -> Result<Phone, NotE164> {
        Phone::from_e164(&text)
    }
}

impl From<Phone> for String {
    fn from(phone: Phone) -> String {
        phone.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn country(code: &str) -> Country {
        Country::from_code(code).expect("a country of the table")
    }

    /// Typed text and default country; number, country, and whether it is doubtful.
    fn check(typed: &str, default: &str, expect: (&str, &str, bool)) {
        let reading = parse(typed, country(default)).unwrap_or_else(|error| panic!("{typed:?}: {error}"));
        let found =
            (reading.phone.as_str(), reading.country.as_ref().map_or("", Country::as_str), reading.doubtful);
        assert_eq!(found, expect, "{typed:?} in {default}");
    }

    fn check_error(typed: &str, default: &str, expect: &str) {
        let error = parse(typed, country(default)).expect_err(typed);
        assert_eq!(error.to_string(), expect, "{typed:?} in {default}");
    }

    #[test]
    fn numbers_are_read_out_in_groups() {
        for (e164, expect) in [
            ("+919876543210", "+91 98765 43210"),
            ("+14155550123", "+1 415 555 0123"),
            ("+447911123456", "+44 79111 23456"),
            ("+35312345678", "+353 1234 5678"),
            ("+493012345", "+49 3012 345"),
            ("+8613812345678", "+86 138 1234 5678"),
            ("+12", "+1 2"),
            ("typed", "typed"),
        ] {
            assert_eq!(in_groups(e164), expect);
        }
    }

    #[test]
    fn calling_codes_are_cut_where_they_end() {
        for country in Country::all() {
            let code = country.calling_code().to_string();
            let text = in_groups(&format!("+{code}2345678901"));
            assert!(text.starts_with(&format!("+{code} ")), "{}: {text}", country.as_str());
        }
    }

    #[test]
    fn r8_numbers_read_as_dialled_in_the_default_country() {
        check("(201) 555-0123", "US", ("+12015550123", "US", false));
        check("1-201-555-0123", "US", ("+12015550123", "US", false));
        check("011 44 20 8366 1177", "US", ("+442083661177", "GB", false));
        check("0041 44 668 18 00", "GB", ("+41446681800", "CH", false));
        check("020 8366 1177", "GB", ("+442083661177", "GB", false));
        check("09876543210", "IN", ("+919876543210", "IN", false));
        check("919876543210", "IN", ("+919876543210", "IN", false));
        check("604-555-0123", "US", ("+16045550123", "CA", false));
        check("1-800-FLOWERS", "US", ("+18003569377", "US", false));
    }

    #[test]
    fn r8_numbers_with_a_plus_read_the_same_everywhere() {
        for default in ["US", "GB", "IN", "IT"] {
            check("+44 (0)20 8366 1177", default, ("+442083661177", "GB", false));
            check("+44 (0)7700 900861", default, ("+447700900861", "", true));
            check("＋４４　２０　８３６６　１１７７", default, ("+442083661177", "GB", false));
            check("+٩١ ٩٨٧٦٥٤٣٢١٠", default, ("+919876543210", "IN", false));
            check("+९१ ९८७६५ ४३२१०", default, ("+919876543210", "IN", false));
            check("tel:+1-201-555-0123", default, ("+12015550123", "US", false));
            check("tel:201-555-0123;phone-context=+1", default, ("+12015550123", "US", false));
            check("+39 06 9876 5432", default, ("+390698765432", "IT", false));
            check("+39 06 698 12345", default, ("+390669812345", "VA", false));
            check("+800 1234 5678", default, ("+80012345678", "", false));
            check("Tel.: +12015550123.", default, ("+12015550123", "US", false));
        }
    }

    #[test]
    fn r8_an_extension_is_no_part_of_the_number() {
        for typed in
            ["201-555-0123 x77", "201-555-0123 ext. 77", "+1 201 555 0123 #77", "tel:+12015550123;ext=77"]
        {
            check(typed, "US", ("+12015550123", "US", false));
        }
    }

    #[test]
    fn r8_a_possible_number_that_is_not_valid_is_doubtful() {
        check("+1 999 555 0123", "US", ("+19995550123", "", true));
        check("999 555 0123", "CA", ("+19995550123", "", true));
        // One country alone has +65, so it is known even here.
        check("+65 1234 5678", "US", ("+6512345678", "SG", true));
    }

    #[test]
    fn r8_anything_else_is_an_error_that_says_why() {
        check_error("  ", "US", "phone is missing");
        check_error("n/a", "US", "phone n/a is not a phone number");
        check_error("call me", "US", "phone call me is not a phone number");
        check_error("--", "US", "phone -- is not a phone number");
        check_error("12345", "US", "phone 12345 is too short for US");
        check_error("555-0100", "US", "phone 555-0100 is a local number for US; add the area code");
        check_error("+44 12", "US", "phone +44 12 is too short for GB");
        check_error("201 555 0123 4567", "US", "phone 201 555 0123 4567 is too long for US");
        check_error(
            "+999 1234567",
            "US",
            "phone +999 1234567 begins with a calling code that no country has",
        );
        check_error(
            "9.19877E+11",
            "US",
            "phone 9.19877E+11 has been shortened by a spreadsheet; format the column as text and type the number again",
        );
        check_error(
            &"1".repeat(300),
            "US",
            "phone 111111111111111111111111111111111111111… is not a phone number",
        );
        // The library itself stumbles over this one.
        check_error(
            ";phone-context=+1tel:2015550123",
            "US",
            "phone ;phone-context=+1tel:2015550123 is not a phone number",
        );
    }

    #[test]
    fn a_stored_number_has_e164_form() {
        let check = |text: &str, expect: bool| assert_eq!(Phone::from_e164(text).is_ok(), expect, "{text:?}");
        check("+12015550123", true);
        check("12015550123", false);
        check("+02015550123", false);
        check("+1201555 0123", false);
        check("+", false);
        check("", false);
        check("+٩١٩٨٧٦٥", false);
    }

    #[test]
    fn the_short_way_to_region_and_validity_agrees_with_the_library() {
        for area in 0..1000 {
            let number = LIBRARY.parse(format!("+1{area:03}5550123"), None);
            let number = number.expect("ten digits after +1 always parse");
            let expect = (LIBRARY.get_region_for_number(&number), LIBRARY.is_valid_number(&number));
            assert_eq!(region_and_validity(&number), expect, "{number}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn r8_any_text_is_read_without_panic(typed in "\\PC{0,30}", index in 0..245_usize) {
            let default = Country::all().nth(index).expect("there are 245");
            let _ = parse(&typed, default);
        }

        #[test]
        fn r8_what_looks_like_a_number_is_stored_as_it_can_be_read_back(
            typed in "(tel:)?[+＋0]{0,2}[0-9٠-٩ ().x;=#e-]{1,24}(;phone-context=\\+?[0-9]{0,3})?(tel:)?(;ext=7)?",
            index in 0..245_usize,
        ) {
            let default = Country::all().nth(index).expect("there are 245");
            if let Ok(reading) = parse(&typed, default) {
                prop_assert_eq!(Phone::from_e164(reading.phone.as_str()), Ok(reading.phone));
            }
        }

        #[test]
        fn r8_validity_and_region_are_the_library_s(digits in "[1-9][0-9]{5,14}") {
            if let Ok(number) = LIBRARY.parse(format!("+{digits}"), None) {
                let expect = (LIBRARY.get_region_for_number(&number), LIBRARY.is_valid_number(&number));
                prop_assert_eq!(region_and_validity(&number), expect);
            }
        }
    }
}
