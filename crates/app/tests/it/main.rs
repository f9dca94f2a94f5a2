//! The integration tests of the whole, in one binary.

mod generated;
mod house;
