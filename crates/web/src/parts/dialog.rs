//! Dialogs, menus and the help for the keyboard.

use maud::{Markup, html};

use super::{
    button::Button,
    icon::{Icon, icon},
};

/// The content of a page that can also be shown in a dialog ([`Button::shows`]): the same function for both.
pub fn body(title: &str, content: &Markup, actions: &Markup) -> Markup {
    html! {
        div #dialog-body .dialog-body {
            header { h1 #dialog-title { (title) } }
            div.content { (content) }
            footer.actions { (actions) }
        }
    }
}

/// A link in a text that shows its page in the dialog, as [`Button::shows`] does.
pub fn link(words: &str, href: &str) -> Markup {
    html! {
        a href=(href) aria-haspopup="dialog" hx-get=(href) hx-target="#dialog" hx-select="#dialog-body"
            hx-swap="innerHTML ignoreTitle:true" hx-push-url="false" hx-replace-url="false" { (words) }
    }
}

/// A form that asks before it acts. `content` says what will happen; fields may be in it.
pub fn confirm(title: &str, action: &str, content: &Markup, button: &Button, cancel_href: &str) -> Markup {
    html! {
        div #dialog-body .dialog-body {
            header { h1 #dialog-title { (title) } }
            form method="post" action=(action) {
                div.content { (content) }
                footer.actions { a.button data-weight="plain" href=(cancel_href) data-closes { "Cancel" } (button) }
            }
        }
    }
}

/// A dialog on the page, inside a form or not, that a button opens ([`Button::opens`]). Without scripting it lies open
/// in its place.
pub fn inline(id: &str, title: &str, content: &Markup, actions: &Markup) -> Markup {
    html! {
        dialog.dialog #(id) aria-labelledby={ (id) "-title" } {
            div.dialog-body {
                header { h2 #{ (id) "-title" } { (title) } }
                div.content { (content) }
                footer.actions { (actions) }
            }
        }
    }
}

/// An entry of a menu.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it says.
    pub label: String,
    /// Before the label.
    pub icon: Option<Icon>,
    /// Where it goes.
    pub href: String,
    /// Whether it is sent as a form, since it changes something.
    pub posts: bool,
    /// Whether it takes something away.
    pub danger: bool,
}

/// A menu under a button: a `details`, so that it opens without scripting; Esc and a press outside close it.
pub fn menu(label: &Markup, name: &str, entries: &[Entry]) -> Markup {
    popover(
        label,
        name,
        &html! {
            ul.entries {
                @for entry in entries {
                    li {
                        @if entry.posts {
                            form method="post" action=(entry.href) {
                                button.entry.danger[entry.danger] { @if let Some(shown) = entry.icon { (icon(shown)) } (entry.label) }
                            }
                        } @else {
                            a.entry.danger[entry.danger] href=(entry.href) { @if let Some(shown) = entry.icon { (icon(shown)) } (entry.label) }
                        }
                    }
                }
            }
        },
    )
}

/// Anything under a button.
pub fn popover(label: &Markup, name: &str, content: &Markup) -> Markup {
    html! {
        details.popover data-popover {
            summary.button data-weight="quiet" aria-label=(name) { (label) }
            div.pop { (content) }
        }
    }
}

/// The keys that work on the page, opened with `?`.
pub fn keyboard_help() -> Markup {
    const KEYS: [(&[&str], &str); 9] = [
        (&["j", "k"], "Next and previous row"),
        (&["x"], "Tick the row"),
        (&["Shift", "x"], "Tick all from the last ticked row to this one"),
        (&["Enter"], "Open the lead"),
        (&["a"], "Assign the ticked leads, or the open one"),
        (&["/"], "Search"),
        (&["c"], "Call the next lead (Tasks)"),
        (&["Esc"], "Close what is open, then untick"),
        (&["?"], "This help"),
    ];
    html! {
        dialog.dialog #keyboard-help aria-labelledby="keyboard-help-title" {
            form.dialog-body method="dialog" {
                header { h2 #keyboard-help-title { "Keyboard" } }
                dl.content.keys {
                    @for (keys, what) in KEYS {
                        div { dt { @for key in keys { kbd { (key) } } } dd { (what) } }
                    }
                }
                footer.actions { (Button::plain("Close")) }
            }
        }
    }
}
