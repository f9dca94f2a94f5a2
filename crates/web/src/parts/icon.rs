//! Icons: one file of symbols, drawn on a grid of 16 with strokes of 1.5.

use maud::{Markup, html};

use crate::assets;

macro_rules! icons {
    ($($(#[$doc:meta])* $icon:ident $name:literal),* $(,)?) => {
        /// What an icon shows. The symbols are in `assets/icons.svg`; a test compares the two.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each is named after what it shows")]
        pub enum Icon { $($(#[$doc])* $icon),* }

        impl Icon {
            /// All of them, for the kit.
            pub const ALL: &[Icon] = &[$(Icon::$icon),*];

            /// The id of its symbol.
            pub fn name(self) -> &'static str {
                match self { $(Icon::$icon => $name),* }
            }
        }
    };
}

icons! {
    Dashboard "dashboard", Leads "leads", Tasks "tasks", Customers "customers", FollowUps "followups",
    Reports "reports", Runs "runs", Users "users", Roles "roles", Branches "branches", Departments "departments",
    Settings "settings", Search "search", Plus "plus", Phone "phone", Mail "mail", Tag "tag", Note "note",
    Import "import", Download "download", Undo "undo", Close "close", Check "check", Down "down", Right "right",
    Left "left", Up "up", Filter "filter", Sun "sun", Moon "moon", Screen "screen", Warning "warning",
    Info "info", Failed "failed", Done "done", Keyboard "keyboard", Menu "menu", User "user", SignOut "sign-out",
    Key "key", File "file", Spread "spread", Assign "assign", Calendar "calendar", Clock "clock", More "more",
    Edit "edit", Ban "ban", Bell "bell", Play "play", Plug "plug",
}

/// An icon beside a text that says the same; readers of the page do not hear it.
pub fn icon(icon: Icon) -> Markup {
    html! {
        svg.icon width="16" height="16" aria-hidden="true" { use href={ (assets::href("icons.svg")) "#" (icon.name()) } {} }
    }
}

/// The sign of the product: a hand whose fingers are all of one length.
pub fn mark() -> Markup {
    html! {
        svg.mark width="24" height="24" aria-hidden="true" { use href={ (assets::href("icons.svg")) "#mark" } {} }
    }
}
