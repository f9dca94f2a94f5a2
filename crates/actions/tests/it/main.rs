//! The actions as a whole, over real files and both databases.

mod add_lead;
mod browser_import;
mod by_hand;
mod company;
mod doctor;
mod import;
mod lead_file;
mod office;
mod people;
mod race;
mod run;
mod set_status;
mod spread;
