//! Which column of a file is which field of a lead.
//!
//! Header names count by their letters and digits only: `First Name`, `FIRST_NAME` and `first-name` are one name.
//! Each name below means one field, wherever it stands:
//!
//! | field | names |
//! |---|---|
//! | first name | First Name, First, `FName`, Given Name, Forename |
//! | last name | Last Name, Last, `LName`, Surname, Family Name |
//! | name | Name, Full Name, Lead Name, Contact Name, Customer Name, Client Name, Person Name, Display Name |
//! | phone | Phone, Mobile, Cell, Tel, Telephone, `WhatsApp`, Contact, each also with Number, No or Num; Mobile Phone, Cell Phone, Primary Phone, Phone 1, Mobile 1, Phone Mobile, MSISDN (Contact alone is no phone: it may be a person) |
//! | e-mail | Email, E-mail, Mail, Email Address, Email ID, Mail ID, Primary Email, Email 1 |
//! | status | Status, Lead Status |
//! | tags | Tags, Tag, Labels, Label |
//! | branch | Branch, Branch Name |
//! | department | Department, Department Name, Dept |
//! | country | Country, Country Name, Country Code |
//! | source | Source, Lead Source |
//!
//! Where two columns mean the same field, the first one has it and the other is kept as a detail. Phone columns are
//! the exception: all of them are phones, and a row is read from the first that holds something. A *Name* column
//! counts only where there is no first-name column, and is split then (see [`super::row`]).

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::COLUMNS_MAX;
use crate::text::{clean, fold, shortened};

/// The longest header that is kept; more of it is cut off, since a header only names a detail.
const HEADER_CHARS_MAX: usize = 100;
/// How many headers an error lists.
const HEADERS_SHOWN_MAX: usize = 20;

/// A field of a lead that a column can fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The first name; required.
    FirstName,
    /// The last name.
    LastName,
    /// First and last name in one cell.
    FullName,
    /// The phone number; required.
    Phone,
    /// The e-mail address.
    Email,
    /// The name of a status of the company.
    Status,
    /// Tags, with commas or semicolons between them.
    Tags,
    /// The name of a branch.
    Branch,
    /// The name of a department.
    Department,
    /// The country the person lives in.
    Country,
    /// Where the lead came from.
    Source,
}

/// What a column is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A field of the lead.
    Field(Field),
    /// Kept with the lead as a detail, under the column's name.
    Detail,
    /// Left out.
    Ignore,
}

/// One column of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its header, or `Column 8` where it has none. No two columns have the same name.
    pub name: String,
    /// What it is used for.
    pub target: Target,
}

/// The columns of a file and what each is used for: always with a phone column and a column for the first name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnMap {
    columns: Vec<Column>,
    #[serde(skip)]
    places: Places,
}

/// Where each field stands, so that a row needs no search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) first_name: Option<usize>,
    pub(super) last_name: Option<usize>,
    pub(super) full_name: Option<usize>,
    pub(super) phones: Vec<usize>,
    pub(super) email: Option<usize>,
    pub(super) status: Option<usize>,
    pub(super) tags: Option<usize>,
    pub(super) branch: Option<usize>,
    pub(super) department: Option<usize>,
    pub(super) country: Option<usize>,
    pub(super) source: Option<usize>,
    pub(super) details: Vec<usize>,
    pub(super) keeps_details: bool,
}

/// Why columns cannot be used. The sentences say what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ColumnError {
    /// Nothing to phone.
    #[error(
        "the file has no phone column; its columns are {headers}; name one of them Phone, Mobile, Cell or Telephone"
    )]
    NoPhone {
        /// The headers of the file.
        headers: String,
    },
    /// Nobody to ask for.
    #[error(
        "the file has no column for the first name; its columns are {headers}; name one of them First Name, or Name for first and last name together"
    )]
    NoFirstName {
        /// The headers of the file.
        headers: String,
    },
    /// More columns than a list of leads can have.
    #[error("the file has {columns} columns; at most {COLUMNS_MAX} can be read, so please delete some")]
    TooMany {
        /// How many there are.
        columns: usize,
    },
    /// A mapping made by hand that does not fit the file.
    #[error("{targets} columns were mapped by hand, but the file has {columns}; map them again")]
    OtherFile {
        /// How many columns the mapping has.
        targets: usize,
        /// How many the file has.
        columns: usize,
    },
    /// A mapping made by hand that gives one field twice.
    #[error("{first} and {second} are both mapped to {field}; choose one of them")]
    Twice {
        /// The earlier column.
        first: String,
        /// The later one.
        second: String,
        /// The field.
        field: &'static str,
    },
}

impl Field {
    /// All fields, in the order in which a form offers them.
    pub const ALL: [Field; 11] = [
        Field::FirstName,
        Field::LastName,
        Field::FullName,
        Field::Phone,
        Field::Email,
        Field::Status,
        Field::Tags,
        Field::Branch,
        Field::Department,
        Field::Country,
        Field::Source,
    ];

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Field::FirstName => "first name",
            Field::LastName => "last name",
            Field::FullName => "name",
            Field::Phone => "phone",
            Field::Email => "e-mail",
            Field::Status => "status",
            Field::Tags => "tags",
            Field::Branch => "branch",
            Field::Department => "department",
            Field::Country => "country",
            Field::Source => "source",
        }
    }

    /// The field that a header names, if any.
    pub fn from_header(header: &str) -> Option<Field> {
        let key: String = fold(header).chars().filter(|c| c.is_alphanumeric()).collect();
        Some(match key.as_str() {
            "firstname" | "first" | "fname" | "givenname" | "forename" => Field::FirstName,
            "lastname" | "last" | "lname" | "surname" | "familyname" => Field::LastName,
            "name" | "fullname" | "leadname" | "contactname" | "customername" | "clientname"
            | "personname" | "displayname" => Field::FullName,
            "phone" | "phonenumber" | "phoneno" | "phonenum" | "mobile" | "mobilenumber" | "mobileno"
            | "mobilenum" | "cell" | "cellnumber" | "cellno" | "cellnum" | "tel" | "telnumber" | "telno"
            | "telnum" | "telephone" | "telephonenumber" | "telephoneno" | "telephonenum" | "whatsapp"
            | "whatsappnumber" | "whatsappno" | "whatsappnum" | "contactnumber" | "contactno"
            | "contactnum" | "contactphone" | "mobilephone" | "mobilephonenumber" | "cellphone"
            | "cellphonenumber" | "primaryphone" | "phone1" | "mobile1" | "phonemobile" | "msisdn" => {
                Field::Phone
            }
            "email" | "mail" | "emailaddress" | "emailid" | "mailid" | "primaryemail" | "email1" => {
                Field::Email
            }
            "status" | "leadstatus" => Field::Status,
            "tags" | "tag" | "labels" | "label" => Field::Tags,
            "branch" | "branchname" => Field::Branch,
            "department" | "departmentname" | "dept" => Field::Department,
            "country" | "countryname" | "countrycode" => Field::Country,
            "source" | "leadsource" => Field::Source,
            _ => return None,
        })
    }
}

impl ColumnMap {
    /// Maps columns by their headers.
    pub fn from_headers<S: AsRef<str>>(headers: &[S]) -> Result<ColumnMap, ColumnError> {
        let columns = named_columns(headers)?;
        ColumnMap::checked(columns)
    }

    /// What each column would be used for by its header, whether or not that is enough for leads: where a person begins
    /// who maps them by hand.
    pub fn guess<S: AsRef<str>>(headers: &[S]) -> Result<Vec<Column>, ColumnError> {
        named_columns(headers)
    }

    /// Maps columns as a person chose, one target for each column of the file in its order.
    pub fn by_hand<S: AsRef<str>>(headers: &[S], targets: &[Target]) -> Result<ColumnMap, ColumnError> {
        if targets.len() != headers.len() {
            return Err(ColumnError::OtherFile { targets: targets.len(), columns: headers.len() });
        }
        let mut columns = named_columns(headers)?;
        for (column, target) in columns.iter_mut().zip(targets) {
            column.target = *target;
        }
        for (index, column) in columns.iter().enumerate() {
            let earlier = columns[..index].iter().find(|earlier| earlier.target == column.target);
            if let (Target::Field(field), Some(earlier)) = (column.target, earlier)
                && field != Field::Phone
            {
                return Err(ColumnError::Twice {
                    first: earlier.name.clone(),
                    second: column.name.clone(),
                    field: field.name(),
                });
            }
        }
        ColumnMap::checked(columns)
    }

    /// The same without details: what maps to no field is left out (R10's tick).
    #[must_use]
    pub fn without_details(mut self) -> ColumnMap {
        for column in &mut self.columns {
            if column.target == Target::Detail {
                column.target = Target::Ignore;
            }
        }
        self.places = Places { keeps_details: false, ..Places::of(&self.columns) };
        self
    }

    /// All columns in the order of the file.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns that map to nothing: kept as details, or left out.
    pub fn extra(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| !matches!(column.target, Target::Field(_)))
    }

    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    fn checked(columns: Vec<Column>) -> Result<ColumnMap, ColumnError> {
        let places = Places::of(&columns);
        if places.phones.is_empty() {
            return Err(ColumnError::NoPhone { headers: listed(&columns) });
        }
        if places.first_name.or(places.full_name).is_none() {
            return Err(ColumnError::NoFirstName { headers: listed(&columns) });
        }
        Ok(ColumnMap { columns, places })
    }
}

impl Places {
    fn of(columns: &[Column]) -> Places {
        let mut places = Places { keeps_details: true, ..Places::default() };
        for (index, column) in columns.iter().enumerate() {
            let place = match column.target {
                Target::Ignore => continue,
                Target::Detail => {
                    places.details.push(index);
                    continue;
                }
                Target::Field(Field::Phone) => {
                    places.phones.push(index);
                    continue;
                }
                Target::Field(Field::FirstName) => &mut places.first_name,
                Target::Field(Field::LastName) => &mut places.last_name,
                Target::Field(Field::FullName) => &mut places.full_name,
                Target::Field(Field::Email) => &mut places.email,
                Target::Field(Field::Status) => &mut places.status,
                Target::Field(Field::Tags) => &mut places.tags,
                Target::Field(Field::Branch) => &mut places.branch,
                Target::Field(Field::Department) => &mut places.department,
                Target::Field(Field::Country) => &mut places.country,
                Target::Field(Field::Source) => &mut places.source,
            };
            *place = Some(index);
        }
        places
    }
}

/// The columns with their names, each mapped as its header says.
fn named_columns<S: AsRef<str>>(headers: &[S]) -> Result<Vec<Column>, ColumnError> {
    if headers.len() > COLUMNS_MAX {
        return Err(ColumnError::TooMany { columns: headers.len() });
    }
    let mut fields: Vec<Option<Field>> =
        headers.iter().map(|header| Field::from_header(header.as_ref())).collect();
    let has_first_name = fields.contains(&Some(Field::FirstName));
    let mut seen = Vec::new();
    for field in &mut fields {
        let again = field.is_some_and(|field| {
            (field == Field::FullName && has_first_name) || (field != Field::Phone && seen.contains(&field))
        });
        if again {
            *field = None;
        }
        seen.extend(*field);
    }
    let mut columns: Vec<Column> = Vec::with_capacity(headers.len());
    let mut taken = std::collections::HashSet::with_capacity(headers.len());
    for (index, (header, field)) in headers.iter().zip(fields).enumerate() {
        let name = column_name(header.as_ref(), index);
        let mut unique = name.clone();
        let mut copy = 2;
        while !taken.insert(fold(&unique)) {
            unique = format!("{name} ({copy})");
            copy += 1;
        }
        columns.push(Column { name: unique, target: field.map_or(Target::Detail, Target::Field) });
    }
    Ok(columns)
}

/// The header, or the place of a column that has none; `Unnamed: 7` is what data tools write for the latter, counting
/// from 0.
pub(super) fn column_name(header: &str, index: usize) -> String {
    let header = clean(header);
    let unnamed = header
        .strip_prefix("Unnamed:")
        .is_some_and(|rest| rest.trim_start().bytes().all(|b| b.is_ascii_digit()));
    if header.is_empty() || unnamed {
        format!("Column {}", index + 1)
    } else {
        shortened(&header, HEADER_CHARS_MAX)
    }
}

fn listed(columns: &[Column]) -> String {
    let mut names: Vec<String> =
        columns.iter().take(HEADERS_SHOWN_MAX).map(|column| shortened(&column.name, 40)).collect();
    if columns.len() > HEADERS_SHOWN_MAX {
        names.push(format!("and {} more", columns.len() - HEADERS_SHOWN_MAX));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each column is used for, in few letters: fields by name, `+` for a detail, `-` for nothing.
    fn targets_of(map: &ColumnMap) -> Vec<&'static str> {
        let text = |column: &Column| match column.target {
            Target::Field(field) => field.name(),
            Target::Detail => "+",
            Target::Ignore => "-",
        };
        map.columns().iter().map(text).collect()
    }

    fn check(headers: &[&str], expect: &[&str]) {
        let map = ColumnMap::from_headers(headers).unwrap_or_else(|error| panic!("{headers:?}: {error}"));
        assert_eq!(targets_of(&map), expect, "{headers:?}");
    }

    fn check_error(headers: &[&str], expect: &str) {
        assert_eq!(ColumnMap::from_headers(headers).expect_err("columns").to_string(), expect);
    }

    #[test]
    fn r10a_header_names_in_any_case_order_and_spelling() {
        check(&["First Name", "Phone"], &["first name", "phone"]);
        check(&["PHONE_NUMBER", "FIRST_NAME", "last-name"], &["phone", "first name", "last name"]);
        check(
            &["\u{feff}phone", " firstname ", "E-Mail", "E mail ID"],
            &["phone", "first name", "e-mail", "+"],
        );
        check(&["Mobile No.", "Name"], &["phone", "name"]);
        check(
            &[
                "Fname",
                "Surname",
                "Cell #",
                "Lead Status",
                "Tags",
                "Branch",
                "Dept",
                "Country",
                "Lead source",
            ],
            &[
                "first name",
                "last name",
                "phone",
                "status",
                "tags",
                "branch",
                "department",
                "country",
                "source",
            ],
        );
    }

    #[test]
    fn r10_the_first_of_two_columns_has_the_field_and_the_other_is_a_detail() {
        check(&["First Name", "Phone", "Email", "E-mail"], &["first name", "phone", "e-mail", "+"]);
        check(&["Name", "First Name", "Phone"], &["+", "first name", "phone"]);
        check(&["Name", "Full Name", "Phone"], &["name", "+", "phone"]);
        check(&["First Name", "Phone", "Mobile"], &["first name", "phone", "phone"]);
    }

    #[test]
    fn r10a_columns_without_a_header_are_named_by_their_place() {
        let map =
            ColumnMap::from_headers(&["Name", "Phone", "", "Unnamed: 3", "Budget", "budget", "Column 3"]);
        let map = map.expect("columns");
        let names: Vec<&str> = map.extra().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["Column 3", "Column 4", "Budget", "budget (2)", "Column 3 (2)"]);
    }

    #[test]
    fn r10a_a_file_without_a_needed_column_is_told_what_to_do() {
        check_error(
            &["First Name", "Emial"],
            "the file has no phone column; its columns are First Name, Emial; name one of them Phone, Mobile, Cell or Telephone",
        );
        check_error(
            &["Phone", "Company"],
            "the file has no column for the first name; its columns are Phone, Company; name one of them First Name, or Name for first and last name together",
        );
        let many: Vec<String> = (0..25).map(|index| format!("c{index}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let error = ColumnMap::from_headers(&many).expect_err("columns").to_string();
        assert!(error.contains("c19, and 5 more; name"), "{error}");
        check_error(&["x"; 513], "the file has 513 columns; at most 512 can be read, so please delete some");
    }

    #[test]
    fn r10a_columns_can_be_mapped_by_hand() {
        use Target::{Detail, Field as To, Ignore};
        let headers = ["who", "number", "number 2", "Email"];
        let by_hand = |targets: &[Target]| {
            ColumnMap::by_hand(&headers, targets)
                .map(|map| targets_of(&map))
                .map_err(|error| error.to_string())
        };
        let (name, phone) = (To(Field::FullName), To(Field::Phone));
        assert_eq!(by_hand(&[name, phone, phone, Ignore]), Ok(vec!["name", "phone", "phone", "-"]));
        assert_eq!(
            by_hand(&[name, phone]),
            Err("2 columns were mapped by hand, but the file has 4; map them again".to_owned())
        );
        assert_eq!(
            by_hand(&[name, phone, To(Field::Email), To(Field::Email)]),
            Err("number 2 and Email are both mapped to e-mail; choose one of them".to_owned())
        );
        assert!(by_hand(&[name, Detail, Detail, Detail]).is_err());
        assert!(by_hand(&[Detail, phone, Detail, Detail]).is_err());
    }

    #[test]
    fn r10_details_can_be_left_out() {
        let map = ColumnMap::from_headers(&["Name", "Phone", "Budget"]).expect("columns");
        assert_eq!(targets_of(&map.without_details()), ["name", "phone", "-"]);
    }
}
