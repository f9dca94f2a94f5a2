//! The pages: handler and HTML side by side, a file for each noun.

pub mod account;
pub mod agent;
pub mod configurations;
pub mod first_run;
pub mod imports;
pub mod kit;
pub mod lead;
pub mod lead_fields;
pub mod leads;
pub mod new_lead;
pub mod run;
pub mod running;
pub mod runs;
pub mod sign_in;
pub mod theme;
pub mod users;
pub mod why;
