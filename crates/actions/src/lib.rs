//! What people do: one verb, one file, one transaction with its event inside.
//!
//! The pages, the API, the command line and the scheduler all enter here. An action loads a snapshot from the store,
//! asks the domain what is right, and writes it conditionally.

mod assign_on_arrival;
pub mod cancelling;
mod dealing;
pub mod error;
pub mod password;
pub mod runs;
pub mod selection;

pub mod add_lead;
pub mod add_note;
pub mod add_user;
pub mod assign_lead;
pub mod assign_leads;
pub mod ban_user;
pub mod cancel_import;
pub mod cancel_run;
pub mod create_company;
pub mod delete_status;
pub mod edit_lead;
pub mod edit_statuses;
pub mod edit_user;
pub mod explain_lead;
pub mod import_errors;
pub mod import_leads;
mod keep_decision;
pub mod keep_time;
pub mod lead_file;
pub mod preview_import;
pub mod recorded_import;
pub mod remove_stale;
pub mod running_imports;
pub mod save_job;
pub mod set_password;
pub mod set_status;
pub mod set_statuses;
pub mod sign_in;
pub mod spread_leads;
pub mod tag_leads;
pub mod undo_import;
pub mod undo_run;
pub mod uploads;

pub use error::{Error, Result};
