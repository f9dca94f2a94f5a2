//! What a file of leads means: which column is which field ([`columns`]), and what each row says ([`row`]).
//!
//! Reading bytes is the business of the crate `actions`; here are names and cells only, so that an upload, the
//! command line and a mapping made by hand judge alike.

pub mod columns;
pub mod row;

pub use columns::{Column, ColumnError, ColumnMap, Field, Target};
pub use row::{Cells, Detail, JudgeContext, LeadRow, RowError, Statuses, judge};

/// The most columns a file may have.
pub const COLUMNS_MAX: usize = 512;
/// The longest first or last name. Generous, since lists are full of cells that are no names, and a row is worth more
/// than its last name: what is shown or sorted by takes the beginning.
pub const NAME_CHARS_MAX: usize = 5_000;
/// The longest e-mail. Far beyond an address, since a text that is none is kept and marked (R8).
pub const EMAIL_CHARS_MAX: usize = 2_000;
/// The longest name of a branch, department or source.
pub const LABEL_CHARS_MAX: usize = 200;
/// The longest tag.
pub const TAG_CHARS_MAX: usize = 100;
/// The most tags in one row.
pub const TAGS_MAX: usize = 50;
/// The most that the unmapped columns of one row may hold, names and values together.
pub const DETAILS_BYTES_MAX: usize = 16 * 1024;
