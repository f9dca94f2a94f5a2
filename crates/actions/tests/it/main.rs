//! The actions as a whole, over real files and both databases.

mod by_hand;
mod company;
mod doctor;
mod import;
mod lead_file;
mod office;
mod race;
mod run;
mod set_status;
mod sign_in;
mod spread;
