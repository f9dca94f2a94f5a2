//! Proofs by test: exhaustive, against an oracle, by property, hostile, and by name.

mod brute;
mod dealing;
mod document;
mod exchange;
mod exhaustive;
mod hostile;
mod named;
mod oracle;
mod props;
mod score;
