//! The integration tests of the whole, in one binary.

mod demo;
mod generated;
mod house;
mod kill;
mod nodes;
mod plan;
mod status;
mod user;
