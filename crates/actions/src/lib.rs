//! (being built)

pub mod lead_file;
