//! The actions as a whole, over real files and both databases.

mod lead_file;
mod set_status;
