//! What is true: the types and rules of lead distribution. No I/O, no clock, no randomness.
//!
//! A value that exists is valid; a decision carries its reasons; a refusal is a value that a page can render.

pub mod arrival;
pub mod bulk;
pub mod decision;
pub mod explanation;
pub mod ids;
pub mod job;
pub mod lead_list;
pub mod pool;
pub mod preview;
pub mod progress;
pub mod role;
pub mod schedule;
pub mod sentence;
pub mod spread;
pub mod status;
pub mod status_edit;
pub mod time;
pub mod timeline;
pub mod viewer;

pub mod email;
pub mod lead_file;
pub mod phone;
pub mod text;
