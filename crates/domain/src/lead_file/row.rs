//! What one row of a file says: a lead, or the reason why it is none.
//!
//! A row is judged in this order: first name missing, phone missing, phone impossible, status unknown (R8, R12);
//! then what is too long. Whether the number is known already is the store's to say.
//!
//! - A row shorter than the header is fine: what is missing is empty. Cells beyond the header are kept as details
//!   named by their place.
//! - A *Name* cell is split at its first space, since more first names than last names are one word; `Lee, Ann` is
//!   turned round. Where a last-name column has something too, the name is cut before that last name, or taken
//!   whole as the first name.
//! - A number without `+` is read for the row's Country, if the cell names one, else for the default. A cell that
//!   names no country is kept as a detail.
//! - Details take empty cells out.

use std::borrow::Cow;
use std::collections::HashMap;

use thiserror::Error;

use super::columns::{ColumnMap, Places, column_name};
use super::{
    COLUMNS_MAX, DETAILS_BYTES_MAX, EMAIL_CHARS_MAX, LABEL_CHARS_MAX, NAME_CHARS_MAX, TAG_CHARS_MAX, TAGS_MAX,
};
use crate::email::EmailText;
use crate::phone::{self, Country, Phone, PhoneError};
use crate::text::{TooLong, clean, clean_lines, clean_within, fold, shortened, within};

/// The cells of a row, in the order of the columns.
pub trait Cells {
    /// How many there are.
    fn count(&self) -> usize;
    /// The text of one; `None` beyond the end.
    fn cell(&self, index: usize) -> Option<&str>;
}

impl Cells for [&str] {
    fn count(&self) -> usize {
        self.len()
    }

    fn cell(&self, index: usize) -> Option<&str> {
        self.get(index).copied()
    }
}

/// The statuses of a company, found by name without regard to case. `S` is their identifier.
#[derive(Debug, Clone)]
pub struct Statuses<S> {
    by_name: HashMap<String, (S, bool)>,
    names: Vec<String>,
}

/// What judging needs to know of the company.
#[derive(Debug, Clone)]
pub struct JudgeContext<S> {
    /// Where numbers without a calling code are dialled.
    pub default_country: Country,
    /// The statuses that a row may name.
    pub statuses: Statuses<S>,
}

/// A lead as its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadRow<S> {
    /// Never empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// The number.
    pub phone: Phone,
    /// What stood in the cell.
    pub phone_typed: String,
    /// Whether the number is possible but not valid.
    pub phone_doubtful: bool,
    /// The country whose number it is, where the number tells.
    pub phone_country: Option<Country>,
    /// The e-mail, marked if it is none.
    pub email: Option<EmailText>,
    /// The status named; `None` if the cell is empty.
    pub status: Option<S>,
    /// The tags in their order, each once.
    pub tags: Vec<String>,
    /// The name of a branch.
    pub branch: Option<String>,
    /// The name of a department.
    pub department: Option<String>,
    /// The country named in the row.
    pub country: Option<Country>,
    /// The name of a source.
    pub source: Option<String>,
    /// What stood in the other columns.
    pub details: Vec<Detail>,
}

/// A cell that maps to no field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// The name of its column.
    pub name: String,
    /// What stood in it; may have several lines.
    pub value: String,
}

/// Why a row makes no lead. The sentence is for the person who made the file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RowError {
    /// The first name is empty.
    #[error("first name is missing")]
    FirstNameMissing,
    /// All phone cells are empty.
    #[error("phone is missing")]
    PhoneMissing,
    /// The phone cell holds no number that could be dialled.
    #[error(transparent)]
    PhoneImpossible(PhoneError),
    /// The company has no such status.
    #[error("status {name} does not exist; the statuses are {known}")]
    StatusUnknown {
        /// What the cell says, shortened.
        name: String,
        /// The company's statuses.
        known: String,
    },
    /// The status makes a customer, and who imports may not do that.
    #[error("status {name} needs the permission to convert leads")]
    StatusNotAllowed {
        /// The status.
        name: String,
    },
    /// A cell holds more than its field takes.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// More tags than a lead takes.
    #[error("the row has {tags} tags; a lead has at most {TAGS_MAX}")]
    TooManyTags {
        /// How many there are.
        tags: usize,
    },
    /// More in the unmapped columns than is kept with a lead.
    #[error(
        "the columns that are no field hold {bytes} bytes; at most {DETAILS_BYTES_MAX} are kept, so shorten them or leave columns out"
    )]
    TooManyDetails {
        /// How much there is, names and values together.
        bytes: usize,
    },
    /// More cells than a file may have columns.
    #[error("the row has {cells} cells; at most {COLUMNS_MAX} can be read")]
    TooManyCells {
        /// How many there are.
        cells: usize,
    },
}

impl RowError {
    /// A name for programs that never changes.
    pub fn code(&self) -> &'static str {
        match self {
            RowError::FirstNameMissing => "first_name_missing",
            RowError::PhoneMissing => "phone_missing",
            RowError::PhoneImpossible(_) => "phone_impossible",
            RowError::StatusUnknown { .. } => "status_unknown",
            RowError::StatusNotAllowed { .. } => "status_not_allowed",
            RowError::TooLong(_) => "too_long",
            RowError::TooManyTags { .. } => "too_many_tags",
            RowError::TooManyDetails { .. } => "too_many_details",
            RowError::TooManyCells { .. } => "too_many_cells",
        }
    }

    /// The reason as a sentence.
    pub fn why(&self) -> String {
        self.to_string()
    }
}

impl<S: Copy> Statuses<S> {
    /// Takes the statuses in the company's order: name, identifier, and whether who imports may give it (R12).
    pub fn new<N: AsRef<str>>(statuses: impl IntoIterator<Item = (N, S, bool)>) -> Statuses<S> {
        let mut by_name = HashMap::new();
        let mut names = Vec::new();
        for (name, id, allowed) in statuses {
            by_name.entry(fold(name.as_ref())).or_insert((id, allowed));
            names.push(name.as_ref().to_owned());
        }
        Statuses { by_name, names }
    }

    fn find(&self, name: &str) -> Result<S, RowError> {
        match self.by_name.get(&fold(name)) {
            Some(&(id, true)) => Ok(id),
            Some(_) => Err(RowError::StatusNotAllowed { name: shortened(name, 40) }),
            None => Err(RowError::StatusUnknown { name: shortened(name, 40), known: self.names.join(", ") }),
        }
    }
}

impl<S> LeadRow<S> {
    /// The lead's country: what the row says, else what the number says.
    pub fn lead_country(&self) -> Option<Country> {
        self.country.or(self.phone_country)
    }
}

/// Judges one row.
pub fn judge<S: Copy, C: Cells + ?Sized>(
    map: &ColumnMap,
    cells: &C,
    context: &JudgeContext<S>,
) -> Result<LeadRow<S>, RowError> {
    let places = map.places();
    let cell = |place: Option<usize>| place.and_then(|index| cells.cell(index)).unwrap_or_default();

    if cells.count() > COLUMNS_MAX {
        return Err(RowError::TooManyCells { cells: cells.count() });
    }
    let (first_name, last_name) = names(places, &cell);
    if first_name.is_empty() {
        return Err(RowError::FirstNameMissing);
    }
    let phone_place = places.phones.iter().copied().find(|&index| !clean(cell(Some(index))).is_empty());
    let phone_typed = clean(cell(phone_place));
    let country = Country::read(cell(places.country)).ok();
    let reading = phone::parse(&phone_typed, country.unwrap_or(context.default_country)).map_err(
        |error| match error {
            PhoneError::Missing => RowError::PhoneMissing,
            error => RowError::PhoneImpossible(error),
        },
    )?;
    let status_name = clean(cell(places.status));
    let status = if status_name.is_empty() { None } else { Some(context.statuses.find(&status_name)?) };

    Ok(LeadRow {
        first_name: within(first_name, "first name", NAME_CHARS_MAX)?.into_owned(),
        last_name: within(last_name, "last name", NAME_CHARS_MAX)?.into_owned(),
        phone: reading.phone,
        phone_doubtful: reading.doubtful,
        phone_country: reading.country,
        email: EmailText::read(&clean_within(cell(places.email), "e-mail", EMAIL_CHARS_MAX)?),
        status,
        tags: tags(cell(places.tags))?,
        branch: label(cell(places.branch), "branch")?,
        department: label(cell(places.department), "department")?,
        source: label(cell(places.source), "source")?,
        details: details(map, cells, phone_place, country.is_some())?,
        phone_typed: phone_typed.into_owned(),
        country,
    })
}

/// First and last name, cleaned.
fn names<'c>(places: &Places, cell: &impl Fn(Option<usize>) -> &'c str) -> (Cow<'c, str>, Cow<'c, str>) {
    let last_name = clean(cell(places.last_name));
    if places.first_name.is_some() {
        return (clean(cell(places.first_name)), last_name);
    }
    let name = clean(cell(places.full_name));
    let (first, last) = split_name(&name, &last_name);
    (first.into(), last.into())
}

/// Splits a name; `last_name` is what a column of its own says, or empty.
fn split_name(name: &str, last_name: &str) -> (String, String) {
    if !last_name.is_empty() {
        let before = name.strip_suffix(last_name).filter(|before| before.ends_with(' '));
        return (before.unwrap_or(name).trim().to_owned(), last_name.to_owned());
    }
    if let Some((last, first)) = name.split_once(',')
        && !last.trim().is_empty()
        && !first.trim().is_empty()
    {
        return (first.trim().to_owned(), last.trim().to_owned());
    }
    let (first, last) = name.split_once(' ').unwrap_or((name, ""));
    (first.to_owned(), last.to_owned())
}

fn label(cell: &str, field: &'static str) -> Result<Option<String>, TooLong> {
    let text = clean_within(cell, field, LABEL_CHARS_MAX)?;
    Ok((!text.is_empty()).then(|| text.into_owned()))
}

/// Tags stand between commas or semicolons; the same tag twice, in whatever case, is one.
fn tags(cell: &str) -> Result<Vec<String>, RowError> {
    let mut tags: Vec<String> = Vec::new();
    for part in cell.split([',', ';']) {
        let tag = clean_within(part, "tag", TAG_CHARS_MAX)?;
        if !tag.is_empty() && !tags.iter().any(|earlier| fold(earlier) == fold(&tag)) {
            tags.push(tag.into_owned());
        }
        // Counted on the way, so that a cell of a million commas does not compare a million tags.
        if tags.len() > TAGS_MAX {
            return Err(RowError::TooManyTags { tags: cell.split([',', ';']).count() });
        }
    }
    Ok(tags)
}

fn details<C: Cells + ?Sized>(
    map: &ColumnMap,
    cells: &C,
    phone_place: Option<usize>,
    country_known: bool,
) -> Result<Vec<Detail>, RowError> {
    let places = map.places();
    if !places.keeps_details {
        return Ok(Vec::new());
    }
    let columns = map.columns();
    let other_phones = places.phones.iter().copied().filter(|&index| Some(index) != phone_place);
    let unknown_country = places.country.filter(|_| !country_known);
    let mut kept: Vec<usize> =
        places.details.iter().copied().chain(other_phones).chain(unknown_country).collect();
    if kept.len() > places.details.len() {
        kept.sort_unstable();
    }
    let beyond = columns.len()..cells.count();

    let mut details = Vec::new();
    let mut bytes = 0;
    for index in kept.into_iter().chain(beyond) {
        let value = clean_lines(cells.cell(index).unwrap_or_default());
        if value.is_empty() {
            continue;
        }
        let name = columns.get(index).map_or_else(|| column_name("", index), |column| column.name.clone());
        bytes += name.len() + value.len();
        details.push(Detail { name, value: value.into_owned() });
    }
    if bytes > DETAILS_BYTES_MAX { Err(RowError::TooManyDetails { bytes }) } else { Ok(details) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> JudgeContext<i64> {
        let statuses = [("Unassigned", 1, true), ("Not Picked", 2, true), ("Customer", 3, false)];
        JudgeContext {
            default_country: Country::from_code("US").expect("a country"),
            statuses: Statuses::new(statuses),
        }
    }

    fn judged(headers: &[&str], cells: &[&str]) -> Result<LeadRow<i64>, RowError> {
        let map = ColumnMap::from_headers(headers).unwrap_or_else(|error| panic!("{headers:?}: {error}"));
        judge(&map, cells, &context())
    }

    fn lead(headers: &[&str], cells: &[&str]) -> LeadRow<i64> {
        judged(headers, cells).unwrap_or_else(|error| panic!("{cells:?}: {error}"))
    }

    fn details(headers: &[&str], cells: &[&str]) -> Vec<(String, String)> {
        lead(headers, cells).details.into_iter().map(|detail| (detail.name, detail.value)).collect()
    }

    const PHONE: &str = "(201) 555-0123";

    #[test]
    fn r8_r12_a_row_is_judged_in_order() {
        let headers = ["First Name", "Phone", "Status", "Branch"];
        let long = "x".repeat(LABEL_CHARS_MAX + 1);
        let check = |cells: &[&str], code: &str, why: &str| {
            let error = judged(&headers, cells).expect_err("an error");
            assert_eq!((error.code(), error.why().as_str()), (code, why), "{cells:?}");
        };
        check(&[" \u{200b}", "", "x", &long], "first_name_missing", "first name is missing");
        check(&["Ann", " ", "x", &long], "phone_missing", "phone is missing");
        check(&["Ann"], "phone_missing", "phone is missing");
        check(&["Ann", "12345", "x", &long], "phone_impossible", "phone 12345 is too short for US");
        check(
            &["Ann", PHONE, "Bogus  status", &long],
            "status_unknown",
            "status Bogus status does not exist; the statuses are Unassigned, Not Picked, Customer",
        );
        check(
            &["Ann", PHONE, "customer", &long],
            "status_not_allowed",
            "status customer needs the permission to convert leads",
        );
        check(
            &["Ann", PHONE, "", &long],
            "too_long",
            "branch has 201 characters; at most 200 are kept, so please shorten it",
        );
    }

    #[test]
    fn r12_a_status_is_found_in_any_case() {
        let check = |status: &str, expect: Option<i64>| {
            assert_eq!(
                lead(&["Name", "Phone", "Status"], &["Ann", PHONE, status]).status,
                expect,
                "{status:?}"
            );
        };
        check("", None);
        check(" not  PICKED ", Some(2));
        check("Unassigned", Some(1));
    }

    #[test]
    fn r8_what_was_typed_is_kept_beside_the_number() {
        let lead = lead(&["First Name", "Phone"], &["Ann", " +44 (0)7700  900861 x5\t"]);
        assert_eq!(lead.phone.as_str(), "+447700900861");
        assert_eq!(lead.phone_typed, "+44 (0)7700 900861 x5");
        assert!(lead.phone_doubtful);
    }

    #[test]
    fn r8_of_several_phones_the_first_that_is_there_is_read() {
        let headers = ["First Name", "Phone", "Mobile", "Cell"];
        let row = lead(&headers, &["Ann", " ", PHONE, "n/a"]);
        assert_eq!(row.phone.as_str(), "+12015550123");
        assert_eq!(row.details, [Detail { name: "Cell".to_owned(), value: "n/a".to_owned() }]);
    }

    #[test]
    fn r10_a_name_in_one_cell_is_split() {
        let check = |name: &str, last: &str, expect: (&str, &str)| {
            let row = lead(&["Name", "Last Name", "Phone"], &[name, last, PHONE]);
            assert_eq!((row.first_name.as_str(), row.last_name.as_str()), expect, "{name:?} {last:?}");
        };
        check("Ann Lee", "", ("Ann", "Lee"));
        check("Ann", "", ("Ann", ""));
        check("Juan  Pablo de la Cruz", "", ("Juan", "Pablo de la Cruz"));
        check("Lee, Ann Mary", "", ("Ann Mary", "Lee"));
        check("Lee,", "", ("Lee,", ""));
        check("Ann Lee", "Lee", ("Ann", "Lee"));
        check("Ann Mary", "Lee", ("Ann Mary", "Lee"));
        check("Lee", "Lee", ("Lee", "Lee"));
    }

    #[test]
    fn r10_the_row_s_country_decides_how_its_number_reads() {
        let headers = ["First Name", "Phone", "Country"];
        let check = |phone: &str, country: &str, expect: (&str, Option<&str>)| {
            let row = lead(&headers, &["Ann", phone, country]);
            let found = (row.phone.as_str(), row.country.as_ref().map(Country::as_str));
            assert_eq!(found, expect, "{phone:?} {country:?}");
        };
        check("09876543210", "India", ("+919876543210", Some("IN")));
        check("+442083661177", "in", ("+442083661177", Some("IN")));
        check(PHONE, "", ("+12015550123", None));
        check(PHONE, "Atlantis", ("+12015550123", None));
        assert_eq!(
            details(&headers, &["Ann", PHONE, "Atlantis"]),
            [("Country".to_owned(), "Atlantis".to_owned())]
        );
        assert_eq!(details(&headers, &["Ann", PHONE, "India"]), []);
    }

    #[test]
    fn r10_tags_stand_between_commas_or_semicolons() {
        let check = |cell: &str, expect: &[&str]| {
            assert_eq!(lead(&["Name", "Phone", "Tags"], &["Ann", PHONE, cell]).tags, expect, "{cell:?}");
        };
        check("", &[]);
        check("web,old list;;hot , Web", &["web", "old list", "hot"]);
        let many = (0..51).map(|tag| tag.to_string()).collect::<Vec<_>>().join(",");
        let error = judged(&["Name", "Phone", "Tags"], &["Ann", PHONE, &many]).expect_err("too many");
        assert_eq!(error.why(), "the row has 51 tags; a lead has at most 50");
    }

    #[test]
    fn r10_unmapped_cells_are_kept_unless_they_are_empty() {
        let headers = ["Name", "Budget", "Phone", "Notes", "Unnamed: 4"];
        let row = ["Ann", " 10  € ", PHONE, "one\r\ntwo", "x", "", "beyond"];
        let expect = [("Budget", "10 €"), ("Notes", "one\ntwo"), ("Column 5", "x"), ("Column 7", "beyond")];
        let expect: Vec<(String, String)> =
            expect.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(details(&headers, &row), expect);

        let map = ColumnMap::from_headers(&headers).expect("columns").without_details();
        assert_eq!(judge(&map, &row[..], &context()).expect("a lead").details, []);
    }

    #[test]
    fn r10_details_have_a_limit() {
        let fits = "x".repeat(DETAILS_BYTES_MAX - "Notes".len());
        assert_eq!(details(&["Name", "Phone", "Notes"], &["Ann", PHONE, &fits]).len(), 1);
        let error = judged(&["Name", "Phone", "Notes"], &["Ann", PHONE, &format!("{fits}x")]);
        assert_eq!(error, Err(RowError::TooManyDetails { bytes: DETAILS_BYTES_MAX + 1 }));
        let wide = vec!["x"; COLUMNS_MAX + 1];
        let error = judged(&["Name", "Phone"], &wide);
        assert_eq!(error, Err(RowError::TooManyCells { cells: COLUMNS_MAX + 1 }));
    }

    #[test]
    fn r8_an_email_that_is_none_is_kept_and_marked() {
        let check = |cell: &str, expect: Option<(&str, bool)>| {
            let row = lead(&["Name", "Phone", "Email"], &["Ann", PHONE, cell]);
            let found = row.email.as_ref().map(|email| (email.as_str(), email.is_doubtful()));
            assert_eq!(found, expect, "{cell:?}");
        };
        check("", None);
        check("ann@Example.com", Some(("ann@example.com", false)));
        check("ask her", Some(("ask her", true)));
    }
}
