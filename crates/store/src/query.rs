//! A text under construction, for statements whose filters are optional: literals are appended, values never are.
//! `$5 IS NULL OR …` would lose the index.

use crate::{sql::Sql, value::Value};
use domain::ids::CompanyId;

/// A text with the values of its parameters. `$1` is always the company.
#[derive(Debug, Clone)]
pub(crate) struct Query<'v> {
    sql: String,
    values: Vec<Value<'v>>,
}

impl<'v> Query<'v> {
    pub(crate) fn new(company: CompanyId, head: &str) -> Query<'v> {
        Query { sql: head.to_owned(), values: vec![company.into()] }
    }

    /// Appends a literal.
    pub(crate) fn add(&mut self, literal: &str) {
        self.sql.push_str(literal);
    }

    /// Appends a literal in which `?1`, `?2` … stand for these values, each as often as it likes.
    pub(crate) fn with<const N: usize>(&mut self, literal: &str, values: [Value<'v>; N]) {
        let mut text = literal.to_owned();
        for (index, value) in values.into_iter().enumerate() {
            self.values.push(value);
            text = text.replace(&format!("?{}", index + 1), &format!("${}", self.values.len()));
        }
        self.sql.push_str(&text);
    }

    /// Appends a limit, as a part of the text: a plan that PostgreSQL makes once for all values then knows it, and is
    /// not made anew at each use. For limits of which there are few.
    pub(crate) fn limit(&mut self, rows: i64) {
        self.sql.push_str(&format!(" LIMIT {rows}"));
    }

    pub(crate) fn sql(&self) -> Sql {
        Sql::built(self.sql.clone())
    }

    pub(crate) fn values(&self) -> &[Value<'v>] {
        &self.values
    }

    #[cfg(test)]
    pub(crate) fn into_text(self) -> String {
        self.sql
    }
}
