//! The parts that pages are made of: each a function from plain values to HTML, shown in every state at `/kit`.
//!
//! A part knows no store, no session and no route: it is given texts, numbers and links. Everything works without
//! JavaScript; what htmx and the small behaviours in `assets/js` add is named in attributes (`hx-…`, `data-…`) here,
//! so that the HTML tells what a page does.
//!
//! Regions swap themselves. A region has an id (`#leads`, `#panel`), boosts the links and forms inside it and picks
//! itself out of whatever whole page the server answers with; a handler needs to know nothing of it.

pub mod agent;
pub mod button;
pub mod chip;
pub mod data;
pub mod dialog;
pub mod field;
pub mod icon;
pub mod import;
pub mod job;
pub mod lead_panel;
pub mod leads;
pub mod notice;
pub mod picker;
pub mod shell;
pub mod sign_in;
pub mod users;
pub mod why;

pub use button::Button;
pub use chip::{Kind, Meter, Status, avatar, chip, doubtful, tag, time};
pub use field::{Choice, Field};
pub use icon::{Icon, icon};
pub use notice::{Banner, Empty, Toast, Tone};
pub use shell::{Shell, bare, page};
