//! New identifiers: from a sequence on PostgreSQL, from a counter row on SQLite, where there is one writer anyway.

use crate::{boxed, dialect::Engine, error::Result, params, session::Session, sql};

/// What an identifier is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Companies.
    Company,
    /// Users.
    User,
    /// Roles.
    Role,
    /// Branches, departments, sources and tags.
    Label,
    /// Statuses.
    Status,
    /// Leads.
    Lead,
    /// Imports.
    Import,
    /// Runs.
    Run,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Kind; 8] = [
        Kind::Company,
        Kind::User,
        Kind::Role,
        Kind::Label,
        Kind::Status,
        Kind::Lead,
        Kind::Import,
        Kind::Run,
    ];

    /// Its name in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Company => "company",
            Kind::User => "user",
            Kind::Role => "role",
            Kind::Label => "label",
            Kind::Status => "status",
            Kind::Lead => "lead",
            Kind::Import => "import",
            Kind::Run => "run",
        }
    }
}

sql! {
    TAKE_BLOCK = "INSERT INTO id_blocks (name, next) VALUES ($1, 1 + $2)
        ON CONFLICT (name) DO UPDATE SET next = id_blocks.next + $2 RETURNING next - $2", only Sqlite;
    NEXT_VALUES = "SELECT nextval(CAST('ids_' || CAST($1 AS TEXT) AS regclass)) FROM generate_series(1, $2)", only Postgres;
}

impl Session {
    /// New identifiers, growing, never used before. There may be gaps.
    #[boxed]
    pub async fn new_ids(&mut self, kind: Kind, count: usize) -> Result<Vec<i64>> {
        let name = kind.name();
        let count = count as i64;
        match self.engine() {
            Engine::Sqlite => {
                let first: i64 = self.one(&TAKE_BLOCK, params![name, count], |row| row.get(0)).await?;
                Ok((first..first + count).collect())
            }
            Engine::Postgres => {
                let mut ids = self.rows(&NEXT_VALUES, params![name, count], |row| row.get(0)).await?;
                ids.sort_unstable();
                Ok(ids)
            }
        }
    }

    /// One new identifier.
    #[boxed]
    pub async fn new_id(&mut self, kind: Kind) -> Result<i64> {
        Ok(self.new_ids(kind, 1).await?[0])
    }
}
