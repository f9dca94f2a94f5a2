//! Branches, departments, sources and tags: four tables of one shape, names that are unique in any case.

use crate::{boxed, error::Result, ids::Kind, params, session::Session, sql, sql::Sql};
use domain::{ids::CompanyId, text::fold};

/// Which of the four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Label {
    /// Branches.
    Branch,
    /// Departments.
    Department,
    /// Sources of leads.
    Source,
    /// Tags.
    Tag,
}

macro_rules! statements {
    ($($table:literal: $insert:ident $find:ident $all:ident $name:ident;)+) => {
        sql! {$(
            $insert = concat!("INSERT INTO ", $table, " (company_id, id, name, name_folded) VALUES ($1, $2, $3, $4)
                ON CONFLICT (company_id, name_folded) DO NOTHING");
            $find = concat!("SELECT id FROM ", $table, " WHERE company_id = $1 AND name_folded = $2");
            $all = concat!("SELECT id, name FROM ", $table, " WHERE company_id = $1 ORDER BY name_folded LIMIT $2");
            $name = concat!("SELECT name FROM ", $table, " WHERE company_id = $1 AND id = $2");
        )+}
    };
}
statements! {
    "branches": INSERT_BRANCH FIND_BRANCH ALL_BRANCHES NAME_OF_BRANCH;
    "departments": INSERT_DEPARTMENT FIND_DEPARTMENT ALL_DEPARTMENTS NAME_OF_DEPARTMENT;
    "sources": INSERT_SOURCE FIND_SOURCE ALL_SOURCES NAME_OF_SOURCE;
    "tags": INSERT_TAG FIND_TAG ALL_TAGS NAME_OF_TAG;
}

impl Label {
    fn statements(self) -> Statements {
        let [insert, find, all, name] = match self {
            Label::Branch => [&INSERT_BRANCH, &FIND_BRANCH, &ALL_BRANCHES, &NAME_OF_BRANCH],
            Label::Department => {
                [&INSERT_DEPARTMENT, &FIND_DEPARTMENT, &ALL_DEPARTMENTS, &NAME_OF_DEPARTMENT]
            }
            Label::Source => [&INSERT_SOURCE, &FIND_SOURCE, &ALL_SOURCES, &NAME_OF_SOURCE],
            Label::Tag => [&INSERT_TAG, &FIND_TAG, &ALL_TAGS, &NAME_OF_TAG],
        };
        Statements { insert, find, all, name }
    }

    /// The statement that lists them by name.
    pub(crate) fn all(self) -> &'static Sql {
        self.statements().all
    }
}

/// The statements of one of the four tables.
struct Statements {
    insert: &'static Sql,
    find: &'static Sql,
    all: &'static Sql,
    name: &'static Sql,
}

/// The label with this name, in any case.
#[boxed]
pub async fn find(
    session: &mut Session,
    company: CompanyId,
    label: Label,
    name: &str,
) -> Result<Option<i64>> {
    session.optional(label.statements().find, params![company, &fold(name)], |row| row.get(0)).await
}

/// The label with this name, made if it is new. Two who make it at once get the same one.
#[boxed]
pub async fn find_or_add(session: &mut Session, company: CompanyId, label: Label, name: &str) -> Result<i64> {
    if let Some(id) = find(session, company, label, name).await? {
        return Ok(id);
    }
    let id = session.new_id(Kind::Label).await?;
    let added = session.execute(label.statements().insert, params![company, id, name, &fold(name)]).await?;
    if added == 1 {
        return Ok(id);
    }
    session.one(label.statements().find, params![company, &fold(name)], |row| row.get(0)).await
}

/// Identifiers and names, by name.
#[boxed]
pub async fn list(
    session: &mut Session,
    company: CompanyId,
    label: Label,
    rows_max: i64,
) -> Result<Vec<(i64, String)>> {
    session
        .rows(label.statements().all, params![company, rows_max], |row| Ok((row.get(0)?, row.get(1)?)))
        .await
}

/// The name behind an identifier.
#[boxed]
pub async fn name(
    session: &mut Session,
    company: CompanyId,
    label: Label,
    id: i64,
) -> Result<Option<String>> {
    session.optional(label.statements().name, params![company, id], |row| row.get(0)).await
}
