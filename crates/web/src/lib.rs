//! What people see: the pages, the live updates, and what they look like.
//!
//! A handler extracts, acts and renders; what it does lies in `actions`, what it shows it reads from `store`. A part is
//! one function for a whole page, for a swap and for a live update.

pub mod assets;
pub mod by_itself;
pub mod csv;
pub mod error;
pub mod frame;
pub mod links;
pub mod live;
pub mod pages;
pub mod parts;
pub mod router;
pub mod signed_in;
pub mod site;
pub mod words;

pub use router::router;
pub use site::{Settings, Site};
