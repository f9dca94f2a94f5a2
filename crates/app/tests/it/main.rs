//! The integration tests of the whole, in one binary.

mod demo;
mod explain;
mod generated;
mod house;
mod interrupts;
mod kill;
mod nodes;
mod operating;
mod plan;
mod status;
mod user;
