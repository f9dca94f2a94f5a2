//! The actions as a whole, over real files and both databases.

mod add_lead;
mod browser_import;
mod bulk;
mod by_hand;
mod cancel;
mod company;
mod doctor;
mod explain;
mod import;
mod lead_file;
mod office;
mod on_arrival;
mod one_lead;
mod people;
mod race;
mod run;
mod schedule;
mod set_status;
mod sign_in;
mod spread;
mod stale;
mod statuses;
mod undo;
