//! The Leads page.

pub mod address;
