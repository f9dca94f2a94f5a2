//! Stages: temporary tables that take rows from memory, so that bulk work is set-based SQL on both engines.

use crate::dialect::Engine;

/// The type of a staged column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageType {
    /// BIGINT.
    Int,
    /// TEXT.
    Text,
    /// BYTEA or BLOB.
    Bytes,
}

impl StageType {
    fn name(self, engine: Engine) -> &'static str {
        match (self, engine) {
            (StageType::Int, _) => "BIGINT",
            (StageType::Text, _) => "TEXT",
            (StageType::Bytes, Engine::Sqlite) => "BLOB",
            (StageType::Bytes, Engine::Postgres) => "BYTEA",
        }
    }
}

/// A temporary table of known shape. It is made when first used and emptied before each filling.
#[derive(Debug)]
pub struct Stage {
    /// Its name, `stage_…`.
    pub name: &'static str,
    /// Its columns, in the order in which rows are staged.
    pub columns: &'static [(&'static str, StageType)],
    /// The columns of its primary key, so that joins are look-ups on both engines.
    pub key: &'static str,
}

/// Every stage; the test that prepares all statements makes them first.
pub const STAGES: &[&Stage] = &[
    &crate::leads::STAGE_NEW,
    &crate::leads::STAGE_NEW_TAGS,
    &crate::terms::STAGE_TERMS,
    &crate::imports::STAGE_IMPORT_ERRORS,
    &crate::assign::STAGE_MOVES,
    &crate::queues::STAGE_QUEUES,
    &crate::hands::STAGE_HAND_MOVES,
    &crate::selection::STAGE_CHOSEN,
    &crate::stale::STAGE_STALE,
    &crate::status_change::STAGE_STATUS_CHANGES,
    &crate::runs::STAGE_RUN_AGENTS,
    &crate::decisions::STAGE_RUN_LEADS,
    &crate::undo::STAGE_UNDONE,
];

impl Stage {
    pub(crate) fn create_sql(&self, engine: Engine) -> String {
        let columns: Vec<String> =
            self.columns.iter().map(|(name, ty)| format!("{name} {}", ty.name(engine))).collect();
        let columns = columns.join(", ");
        match engine {
            Engine::Sqlite => format!(
                "CREATE TEMP TABLE IF NOT EXISTS {} ({columns}, PRIMARY KEY ({})) WITHOUT ROWID",
                self.name, self.key
            ),
            // A key would only slow COPY down: after ANALYZE the planner hashes or sorts as it likes.
            Engine::Postgres => {
                format!("CREATE TEMP TABLE IF NOT EXISTS {} ({columns}) ON COMMIT DELETE ROWS", self.name)
            }
        }
    }

    pub(crate) fn clear_sql(&self, engine: Engine) -> String {
        match engine {
            Engine::Sqlite => format!("DELETE FROM {}", self.name),
            // Deleted rows would stay in the way until the commit, and an import fills its stage again and again.
            Engine::Postgres => format!("TRUNCATE {}", self.name),
        }
    }

    pub(crate) fn insert_sql(&self) -> String {
        let marks: Vec<String> = (1..=self.columns.len()).map(|n| format!("?{n}")).collect();
        format!("INSERT INTO {} VALUES ({})", self.name, marks.join(", "))
    }

    pub(crate) fn copy_sql(&self) -> String {
        format!("COPY {} FROM STDIN (FORMAT binary)", self.name)
    }
}
