//! What the product has to say: banners, toasts, empty places.

use maud::{Markup, Render, html};

use super::{
    button::Button,
    icon::{Icon, icon},
};

/// The colour and the icon of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Good to know.
    Info,
    /// It worked.
    Success,
    /// Look before you go on.
    Warning,
    /// It did not work.
    Error,
}

impl Tone {
    fn word(self) -> &'static str {
        match self {
            Tone::Info => "info",
            Tone::Success => "success",
            Tone::Warning => "warning",
            Tone::Error => "error",
        }
    }

    fn icon(self) -> Icon {
        match self {
            Tone::Info => Icon::Info,
            Tone::Success => Icon::Done,
            Tone::Warning => Icon::Warning,
            Tone::Error => Icon::Failed,
        }
    }
}

/// A notice in its place on the page, which stays.
#[derive(Debug, Clone)]
pub struct Banner {
    /// Its colour and icon.
    pub tone: Tone,
    /// What happened, in a sentence.
    pub text: String,
    /// What else there is to say: a list, a form, a link.
    pub more: Option<Markup>,
}

impl Banner {
    /// A banner that says one sentence.
    pub fn new(tone: Tone, text: impl Into<String>) -> Banner {
        Banner { tone, text: text.into(), more: None }
    }

    /// With more under the sentence.
    #[must_use]
    pub fn more(mut self, more: Markup) -> Banner {
        self.more = Some(more);
        self
    }
}

impl Render for Banner {
    fn render(&self) -> Markup {
        let role = if matches!(self.tone, Tone::Error) { "alert" } else { "status" };
        html! {
            div.banner data-tone=(self.tone.word()) role=(role) {
                (icon(self.tone.icon()))
                div { p { (self.text) } @if let Some(more) = &self.more { (more) } }
            }
        }
    }
}

/// A notice that goes by itself, or when it is closed. It stays while it has the pointer, the focus or an Undo.
#[derive(Debug, Clone)]
pub struct Toast {
    /// Its colour and icon.
    pub tone: Tone,
    /// What happened, in a sentence.
    pub text: String,
    /// Where the form of the Undo button goes.
    pub undo: Option<String>,
}

impl Toast {
    /// A toast that says one sentence.
    pub fn new(tone: Tone, text: impl Into<String>) -> Toast {
        Toast { tone, text: text.into(), undo: None }
    }

    /// With a button that takes it back.
    #[must_use]
    pub fn undo(mut self, href: impl Into<String>) -> Toast {
        self.undo = Some(href.into());
        self
    }
}

impl Render for Toast {
    fn render(&self) -> Markup {
        html! {
            div.toast data-tone=(self.tone.word()) data-stays[self.undo.is_some()] {
                (icon(self.tone.icon()))
                p { (self.text) }
                @if let Some(href) = &self.undo {
                    form method="post" action=(href) { (Button::quiet("Undo").icon(Icon::Undo).small()) }
                }
                button.button.small.only-icon data-weight="quiet" type="button" data-dismisses aria-label="Dismiss" { (icon(Icon::Close)) }
            }
        }
    }
}

/// A place where there is nothing yet: what it is, and what to do next.
#[derive(Debug, Clone)]
pub struct Empty {
    /// What the picture shows.
    pub icon: Icon,
    /// What there is not.
    pub title: String,
    /// What to do about it.
    pub next: String,
    /// Buttons that do it.
    pub actions: Vec<Button>,
}

impl Render for Empty {
    fn render(&self) -> Markup {
        html! {
            div.empty {
                span.picture { (icon(self.icon)) }
                h2 { (self.title) }
                p { (self.next) }
                @if !self.actions.is_empty() { div.actions { @for action in &self.actions { (action) } } }
            }
        }
    }
}
