//! The schema as it is: for docs/schema.md, and for the tests of the tenant wall.

use crate::migrate;
use rusqlite::Connection;

/// A table as the migrations made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// The statement that makes it, with the comments in it.
    pub sql: String,
    /// The statements that make its indexes.
    pub indexes: Vec<String>,
}

/// Every table, in the order in which they are made.
///
/// # Panics
/// When the migrations do not run on an empty database in memory, which a test would have shown.
pub fn tables() -> Vec<Table> {
    let connection = Connection::open_in_memory().expect("a database in memory opens");
    migrate::fresh_sqlite(&connection).expect("the migrations run on an empty database");
    let list = |sql: &str, name: &str| -> Vec<(String, String)> {
        let mut statement = connection.prepare(sql).expect("the catalogue can be read");
        statement
            .query_map([name], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("the catalogue can be read")
            .collect::<rusqlite::Result<_>>()
            .expect("the catalogue is text")
    };
    list("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name <> ?1 ORDER BY rowid", "schema_migrations")
        .into_iter()
        .map(|(name, sql)| {
            let indexes = list(
                "SELECT name, sql || ';' FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL ORDER BY rowid",
                &name,
            );
            Table { sql: format!("{sql};"), indexes: indexes.into_iter().map(|(_, sql)| sql).collect(), name }
        })
        .collect()
}
