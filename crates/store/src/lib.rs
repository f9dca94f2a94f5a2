//! What is remembered: one SQL text for SQLite and PostgreSQL.
//!
//! The facade is small enough to read in one sitting: [`database`] opens and hands out, [`session`] has the verbs,
//! `sqlite` and `postgres` are the two engines behind it, [`stage`] is the one primitive that differs, [`dialect`] all
//! the SQL that differs. Around it the rooms, one per table or two, each with its SQL beside its functions.

// The facade
pub mod changes;
mod checkpoint;
pub mod database;
pub mod dialect;
pub mod error;
pub mod limits;
mod memory;
mod postgres;
mod query;
pub mod session;
pub mod sql;
mod sqlite;
pub mod stage;
mod tls;
pub mod value;

pub mod ids;
pub mod migrate;
pub mod schema;

// The rooms
pub mod agents;
pub mod assign;
pub mod backup;
pub mod capture;
pub mod choices;
pub mod companies;
pub mod decisions;
pub mod doctor;
pub mod edits;
pub mod hands;
pub mod imports;
pub mod jobs;
pub mod labels;
pub mod leads;
pub mod lease;
pub mod lists;
pub mod notes;
pub mod pool;
pub mod queues;
pub mod roles;
pub mod run_leads;
pub mod runs;
pub mod selection;
pub mod sessions;
pub mod stale;
pub mod statistics;
pub mod status_change;
pub mod status_edits;
pub mod statuses;
pub mod tags;
pub mod terms;
pub mod undo;
pub mod users;
pub mod work;

#[cfg(any(test, feature = "testing"))]
pub mod testing;

#[cfg(test)]
mod plans;
#[cfg(test)]
mod prepared;
#[cfg(test)]
mod wall;

/// For `async fn`s that other crates await: their futures are boxed, and so compiled here, once, and not again in every
/// crate and test that awaits them (docs/decisions/0018).
pub use async_recursion::async_recursion as boxed;
pub use database::{Location, Missing, Reader, Store};
pub use error::{Error, Result};
pub use session::Session;
