//! The integration tests of the whole, in one binary.

mod demo;
mod explain;
mod generated;
mod house;
mod kill;
mod plan;
mod user;
