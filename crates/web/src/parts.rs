//! The parts that pages are made of: each a function from plain values to HTML, shown in every state at `/kit`.
