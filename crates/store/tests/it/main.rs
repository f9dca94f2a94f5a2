//! The tests of the store from outside, in one binary: every one on both engines unless its name says otherwise.

mod support;

mod cancel;
mod changes;
mod durability;
mod facade;
mod full_disk;
mod grouping;
mod lease;
mod opening;
mod postgres_away;
