//! The actions as a whole, over real files and both databases.

mod lead_file;
mod set_status;
mod by_hand;
mod company;
mod doctor;
mod import;
mod office;
mod race;
mod run;
