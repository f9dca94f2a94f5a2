//! Proofs by test: exhaustive, against an oracle, by property, hostile, and by name.

mod brute;
mod score;
