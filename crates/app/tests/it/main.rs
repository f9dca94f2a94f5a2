//! The integration tests of the whole, in one binary.

mod demo;
mod explain;
mod generated;
mod house;
mod kill;
mod nodes;
mod plan;
mod user;
