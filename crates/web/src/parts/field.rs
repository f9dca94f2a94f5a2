//! Fields of forms. Each keeps what was typed and says its own error.

use maud::{Markup, Render, html};

use super::icon::{Icon, icon};

/// What is typed into a field.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Input {
    /// A line, with the `type` of the input.
    Line(&'static str),
    /// Several lines; how many are seen.
    Lines(u8),
    /// One of a list.
    Select(Vec<Choice>),
    /// Several files' worth of bytes, one file at a time; what it takes.
    File(&'static str),
}

/// One of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What the form carries.
    pub value: String,
    /// What is read.
    pub label: String,
    /// Whether it is the present one.
    pub chosen: bool,
}

impl Choice {
    /// One of a list.
    pub fn new(value: impl Into<String>, label: impl Into<String>, chosen: bool) -> Choice {
        Choice { value: value.into(), label: label.into(), chosen }
    }
}

/// A field with its label, hint and error. `(Field::text("name", "Name").value(&typed))` in `html!` renders it.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an attribute of the element, set by a word of its own"
)]
pub struct Field {
    name: String,
    id: Option<String>,
    label: String,
    input: Input,
    value: String,
    hint: Option<String>,
    error: Option<String>,
    required: bool,
    autofocus: bool,
    autocomplete: Option<&'static str>,
    placeholder: Option<String>,
    range: Option<(i64, i64)>,
    length_max: Option<u32>,
    label_hidden: bool,
    disabled: bool,
    proposals: Vec<String>,
}

impl Field {
    fn new(name: impl Into<String>, label: impl Into<String>, input: Input) -> Field {
        Field {
            name: name.into(),
            id: None,
            label: label.into(),
            input,
            value: String::new(),
            hint: None,
            error: None,
            required: false,
            autofocus: false,
            autocomplete: None,
            placeholder: None,
            range: None,
            length_max: None,
            label_hidden: false,
            disabled: false,
            proposals: Vec::new(),
        }
    }

    /// A line of text.
    pub fn text(name: impl Into<String>, label: impl Into<String>) -> Field {
        Field::new(name, label, Input::Line("text"))
    }

    /// An e-mail.
    pub fn email(name: impl Into<String>, label: impl Into<String>) -> Field {
        Field { autocomplete: Some("email"), ..Field::new(name, label, Input::Line("email")) }
    }

    /// A password, the present one; [`Field::autocomplete`] says if it is to be a new one.
    pub fn password(name: impl Into<String>, label: impl Into<String>) -> Field {
        Field { autocomplete: Some("current-password"), ..Field::new(name, label, Input::Line("password")) }
    }

    /// A phone number.
    pub fn phone(name: impl Into<String>, label: impl Into<String>) -> Field {
        Field::new(name, label, Input::Line("tel"))
    }

    /// A whole number.
    pub fn number(name: impl Into<String>, label: impl Into<String>, min: i64, max: i64) -> Field {
        Field { range: Some((min, max)), ..Field::new(name, label, Input::Line("number")) }
    }

    /// A time of day, `09:00`.
    pub fn time(name: impl Into<String>, label: impl Into<String>) -> Field {
        Field::new(name, label, Input::Line("time"))
    }

    /// A date, `2026-05-11`.
    pub fn date(name: impl Into<String>, label: impl Into<String>) -> Field {
        Field::new(name, label, Input::Line("date"))
    }

    /// Several lines, of which `rows` are seen.
    pub fn lines(name: impl Into<String>, label: impl Into<String>, rows: u8) -> Field {
        Field::new(name, label, Input::Lines(rows))
    }

    /// One of a list.
    pub fn select(name: impl Into<String>, label: impl Into<String>, choices: Vec<Choice>) -> Field {
        Field::new(name, label, Input::Select(choices))
    }

    /// A file that can be dropped on it; `accepts` as in HTML: `.csv,.txt`.
    pub fn file(name: impl Into<String>, label: impl Into<String>, accepts: &'static str) -> Field {
        Field::new(name, label, Input::File(accepts))
    }

    /// What was typed, or what is there.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Field {
        self.value = value.into();
        self
    }

    /// An id of its own, where two forms on a page have a field of one name.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Field {
        self.id = Some(id.into());
        self
    }

    /// What helps to fill it in.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Field {
        self.hint = Some(hint.into());
        self
    }

    /// What is wrong with what was typed.
    #[must_use]
    pub fn error(mut self, error: Option<impl Into<String>>) -> Field {
        self.error = error.map(Into::into);
        self
    }

    /// Must be filled in.
    #[must_use]
    pub fn required(mut self) -> Field {
        self.required = true;
        self
    }

    /// Has the focus when the page opens.
    #[must_use]
    pub fn autofocus(mut self) -> Field {
        self.autofocus = true;
        self
    }

    /// What a browser may fill in, as in HTML.
    #[must_use]
    pub fn autocomplete(mut self, token: &'static str) -> Field {
        self.autocomplete = Some(token);
        self
    }

    /// An example in the empty field.
    #[must_use]
    pub fn placeholder(mut self, text: impl Into<String>) -> Field {
        self.placeholder = Some(text.into());
        self
    }

    /// The most characters it takes.
    #[must_use]
    pub fn length_max(mut self, characters: u32) -> Field {
        self.length_max = Some(characters);
        self
    }

    /// The label is heard and not seen, where the place says what the field is.
    #[must_use]
    pub fn label_hidden(mut self) -> Field {
        self.label_hidden = true;
        self
    }

    /// Values that are proposed while somebody types.
    #[must_use]
    pub fn proposals(mut self, proposals: Vec<String>) -> Field {
        self.proposals = proposals;
        self
    }

    /// Cannot be changed now.
    #[must_use]
    pub fn disabled(mut self, disabled: bool) -> Field {
        self.disabled = disabled;
        self
    }
}

impl Render for Field {
    fn render(&self) -> Markup {
        let id = self.id.clone().unwrap_or_else(|| format!("field-{}", self.name));
        let hint_id = format!("{id}-hint");
        let error_id = format!("{id}-error");
        let described = match (&self.hint, &self.error) {
            (Some(_), Some(_)) => Some(format!("{error_id} {hint_id}")),
            (Some(_), None) => Some(hint_id.clone()),
            (None, Some(_)) => Some(error_id.clone()),
            (None, None) => None,
        };
        let described = described.as_deref();
        let invalid = self.error.as_ref().map(|_| "true");
        html! {
            div.field data-invalid[self.error.is_some()] {
                label.hidden[self.label_hidden] for=(id) {
                    (self.label) @if self.required { span.required title="required" aria-hidden="true" { "*" } }
                }
                @match &self.input {
                    Input::Line(kind) => input #(id) type=(kind) name=(self.name) value=[(*kind != "password").then_some(&self.value)]
                        required[self.required] autofocus[self.autofocus] disabled[self.disabled] autocomplete=[self.autocomplete]
                        placeholder=[self.placeholder.as_ref()] min=[self.range.map(|range| range.0)] max=[self.range.map(|range| range.1)]
                        inputmode=[self.range.map(|_| "numeric")] maxlength=[self.length_max] aria-invalid=[invalid] aria-describedby=[described]
                        list=[(!self.proposals.is_empty()).then(|| format!("{id}-proposals"))];,
                    Input::Lines(rows) => textarea #(id) name=(self.name) rows=(rows) required[self.required] autofocus[self.autofocus]
                        disabled[self.disabled] placeholder=[self.placeholder.as_ref()] maxlength=[self.length_max]
                        aria-invalid=[invalid] aria-describedby=[described] { (self.value) },
                    Input::Select(choices) => select #(id) name=(self.name) required[self.required] autofocus[self.autofocus]
                        disabled[self.disabled] aria-invalid=[invalid] aria-describedby=[described] {
                        @for choice in choices { option value=(choice.value) selected[choice.chosen] { (choice.label) } }
                    },
                    Input::File(accepts) => div.drop data-drop {
                        (icon(Icon::Import))
                        p { "Drop a file here, or choose one" }
                        input #(id) type="file" name=(self.name) accept=(accepts) required[self.required]
                            aria-invalid=[invalid] aria-describedby=[described];
                        p.chosen data-chosen hidden {}
                    },
                }
                @if !self.proposals.is_empty() {
                    datalist #{ (id) "-proposals" } { @for proposal in &self.proposals { option value=(proposal) {} } }
                }
                @if let Some(error) = &self.error { p.error #(error_id) { (icon(Icon::Failed)) (error) } }
                @if let Some(hint) = &self.hint { p.hint #(hint_id) { (hint) } }
            }
        }
    }
}

/// A box to tick, with the sentence it agrees to.
pub fn checkbox(name: &str, value: &str, label: &str, ticked: bool) -> Markup {
    html! { label.tick { input type="checkbox" name=(name) value=(value) checked[ticked]; span { (label) } } }
}

/// On or off at once: a tick box that looks like a switch. `hint` says what is on.
pub fn switch(name: &str, label: &str, on: bool, hint: Option<&str>) -> Markup {
    html! {
        label.switch {
            input type="checkbox" role="switch" name=(name) value="on" checked[on];
            span { (label) @if let Some(hint) = hint { small { (hint) } } }
        }
    }
}

/// Several fields under one heading.
pub fn group(legend: &str, hint: Option<&str>, error: Option<&str>, fields: &Markup) -> Markup {
    html! {
        fieldset.group data-invalid[error.is_some()] {
            legend { (legend) }
            @if let Some(hint) = hint { p.hint { (hint) } }
            (fields)
            @if let Some(error) = error { p.error { (icon(Icon::Failed)) (error) } }
        }
    }
}

/// One of two or three cards that explain themselves.
pub fn radio_card(name: &str, value: &str, title: &str, sentence: &str, chosen: bool) -> Markup {
    html! {
        label.radio-card {
            input type="radio" name=(name) value=(value) checked[chosen];
            span { strong { (title) } small { (sentence) } }
        }
    }
}
