//! The pages: handler and HTML side by side, a file for each noun.

pub mod configurations;
pub mod first_run;
pub mod kit;
pub mod lead;
pub mod leads;
pub mod sign_in;
pub mod theme;
