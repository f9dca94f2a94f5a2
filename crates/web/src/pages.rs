//! The pages: handler and HTML side by side, a file for each noun.

pub mod kit;
