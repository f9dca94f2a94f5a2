//! Buttons, and links that look like them.

use maud::{Markup, Render, html};

use super::icon::{Icon, icon};

/// How much a button asks for attention. One primary button in a view at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// What most people came for.
    Primary,
    /// The rest.
    Plain,
    /// Beside texts and in bars; has no border until it is pointed at.
    Quiet,
    /// Takes something away.
    Danger,
}

/// A button. `(Button::primary("Save"))` in `html!` renders it.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an attribute of the element, set by a word of its own"
)]
pub struct Button {
    label: String,
    weight: Weight,
    icon: Option<Icon>,
    only_icon: bool,
    busy: bool,
    disabled: bool,
    small: bool,
    href: Option<String>,
    action: Option<String>,
    name_value: Option<(String, String)>,
    opens: Option<String>,
    shows: Option<String>,
    closes: bool,
    key: Option<&'static str>,
    form: Option<String>,
    plain_type: bool,
}

impl Button {
    fn new(label: impl Into<String>, weight: Weight) -> Button {
        Button {
            label: label.into(),
            weight,
            icon: None,
            only_icon: false,
            busy: false,
            disabled: false,
            small: false,
            href: None,
            action: None,
            name_value: None,
            opens: None,
            shows: None,
            closes: false,
            key: None,
            form: None,
            plain_type: false,
        }
    }

    /// The one that most people came for.
    pub fn primary(label: impl Into<String>) -> Button {
        Button::new(label, Weight::Primary)
    }

    /// An ordinary one.
    pub fn plain(label: impl Into<String>) -> Button {
        Button::new(label, Weight::Plain)
    }

    /// One without a border.
    pub fn quiet(label: impl Into<String>) -> Button {
        Button::new(label, Weight::Quiet)
    }

    /// One that takes something away.
    pub fn danger(label: impl Into<String>) -> Button {
        Button::new(label, Weight::Danger)
    }

    /// With an icon before its label.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Button {
        self.icon = Some(icon);
        self
    }

    /// The icon alone; the label is its name for who cannot see it, and its hint.
    #[must_use]
    pub fn only_icon(mut self, icon: Icon) -> Button {
        self.icon = Some(icon);
        self.only_icon = true;
        self
    }

    /// In progress: keeps its place, cannot be pressed again.
    #[must_use]
    pub fn busy(mut self, busy: bool) -> Button {
        self.busy = busy;
        self
    }

    /// Cannot be pressed now.
    #[must_use]
    pub fn disabled(mut self, disabled: bool) -> Button {
        self.disabled = disabled;
        self
    }

    /// For rows of tables and bars.
    #[must_use]
    pub fn small(mut self) -> Button {
        self.small = true;
        self
    }

    /// A link instead of a button of a form.
    #[must_use]
    pub fn href(mut self, href: impl Into<String>) -> Button {
        self.href = Some(href.into());
        self
    }

    /// Sends its form somewhere else than the form says.
    #[must_use]
    pub fn action(mut self, href: impl Into<String>) -> Button {
        self.action = Some(href.into());
        self
    }

    /// What the form carries when this button sends it.
    #[must_use]
    pub fn value(mut self, name: impl Into<String>, value: impl Into<String>) -> Button {
        self.name_value = Some((name.into(), value.into()));
        self
    }

    /// Opens the dialog with this id, which is on the page. Where scripting is off such dialogs lie open on the page and
    /// the button is hidden.
    #[must_use]
    pub fn opens(mut self, dialog: impl Into<String>) -> Button {
        self.opens = Some(dialog.into());
        self
    }

    /// Shows the page at this address in the page's dialog; without scripting it is a link to that page, whose content
    /// must be a [`super::dialog::body`].
    #[must_use]
    pub fn shows(mut self, href: impl Into<String>) -> Button {
        self.shows = Some(href.into());
        self
    }

    /// Closes the dialog it is in.
    #[must_use]
    pub fn closes(mut self) -> Button {
        self.closes = true;
        self
    }

    /// The key that presses it (`assets/js/keys.js`).
    #[must_use]
    pub fn key(mut self, key: &'static str) -> Button {
        self.key = Some(key);
        self
    }

    /// The id of the form it sends, where it is not inside that form.
    #[must_use]
    pub fn form(mut self, form: impl Into<String>) -> Button {
        self.form = Some(form.into());
        self
    }

    /// Does nothing by itself: a behaviour listens to it.
    #[must_use]
    pub fn inert(mut self) -> Button {
        self.plain_type = true;
        self
    }
}

impl Render for Button {
    fn render(&self) -> Markup {
        let weight = match self.weight {
            Weight::Primary => "primary",
            Weight::Plain => "plain",
            Weight::Quiet => "quiet",
            Weight::Danger => "danger",
        };
        let name = self.only_icon.then_some(self.label.as_str());
        let inside = html! {
            @if let Some(shown) = self.icon { (icon(shown)) }
            @if !self.only_icon { span { (self.label) } }
            @if let Some(key) = self.key { @if !self.only_icon { kbd { (key) } } }
        };
        if let Some(href) = &self.href {
            return html! {
                a.button.small[self.small].only-icon[self.only_icon] data-weight=(weight) href=(href) data-key=[self.key]
                    aria-label=[name] title=[name] { (inside) }
            };
        }
        if let Some(href) = &self.shows {
            return html! {
                a.button.small[self.small].only-icon[self.only_icon] data-weight=(weight) href=(href) data-key=[self.key]
                    aria-label=[name] title=[name] aria-haspopup="dialog"
                    hx-get=(href) hx-target="#dialog" hx-select="#dialog-body" hx-swap="innerHTML ignoreTitle:true" hx-push-url="false" hx-replace-url="false" { (inside) }
            };
        }
        let kind = if self.opens.is_some() || self.closes || self.plain_type { "button" } else { "submit" };
        let (field, value) = self.name_value.as_ref().map_or((None, None), |(n, v)| (Some(n), Some(v)));
        html! {
            button.button.small[self.small].only-icon[self.only_icon] data-weight=(weight) type=(kind)
                data-opens=[self.opens.as_ref()] data-closes[self.closes] data-key=[self.key]
                aria-haspopup=[self.opens.as_ref().map(|_| "dialog")]
                formaction=[self.action.as_ref()] form=[self.form.as_ref()] name=[field] value=[value]
                aria-busy=[self.busy.then_some("true")] disabled[self.disabled || self.busy]
                aria-label=[name] title=[name] { (inside) }
        }
    }
}
