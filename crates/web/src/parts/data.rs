//! Frames for what is shown: cards, tables, lists of terms, tabs, pages of a list, progress.

use maud::{Markup, html};

use super::icon::{Icon, icon};

/// The head of a page: its title, a sentence under it, and its buttons.
pub fn heading(title: &str, sentence: Option<&str>, actions: &Markup) -> Markup {
    html! {
        header.heading {
            div { h1 { (title) } @if let Some(sentence) = sentence { p { (sentence) } } }
            div.actions { (actions) }
        }
    }
}

/// A card with a title.
pub fn card(title: &str, content: &Markup) -> Markup {
    html! { section.card { h2 { (title) } (content) } }
}

/// Terms and what they stand for.
pub fn terms(pairs: &[(String, Markup)]) -> Markup {
    html! { dl.terms { @for (term, what) in pairs { div { dt { (term) } dd { (what) } } } } }
}

/// A column of a plain table.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its heading.
    pub label: String,
    /// Whether it holds numbers, which stand at the right and under each other.
    pub number: bool,
}

impl Column {
    /// A column of texts.
    pub fn text(label: impl Into<String>) -> Column {
        Column { label: label.into(), number: false }
    }

    /// A column of numbers.
    pub fn number(label: impl Into<String>) -> Column {
        Column { label: label.into(), number: true }
    }
}

/// A plain table. On a phone its rows become blocks, each value under its column's name.
pub fn table(caption: &str, columns: &[Column], rows: &[Vec<Markup>]) -> Markup {
    html! {
        div.table-frame {
            table.table {
                caption.hidden { (caption) }
                thead { tr { @for column in columns { th.number[column.number] scope="col" { (column.label) } } } }
                tbody {
                    @for row in rows {
                        tr { @for (column, value) in columns.iter().zip(row) { td.number[column.number] data-label=(column.label) { (value) } } }
                    }
                }
            }
        }
    }
}

/// A tab: a link to a page, marked where it is the present one.
#[derive(Debug, Clone)]
pub struct Tab {
    /// What it says.
    pub label: String,
    /// Where it goes.
    pub href: String,
    /// Whether it is the present one.
    pub current: bool,
    /// A number after the label.
    pub count: Option<String>,
}

/// Tabs over a page.
pub fn tabs(name: &str, tabs: &[Tab]) -> Markup {
    html! {
        nav.tabs aria-label=(name) {
            @for tab in tabs {
                a href=(tab.href) aria-current=[tab.current.then_some("page")] {
                    (tab.label) @if let Some(count) = &tab.count { span.count { (count) } }
                }
            }
        }
    }
}

/// One of a few, at once: links in one frame.
pub fn segmented(name: &str, segments: &[Tab]) -> Markup {
    html! {
        nav.segmented aria-label=(name) {
            @for segment in segments { a href=(segment.href) aria-current=[segment.current.then_some("true")] { (segment.label) } }
        }
    }
}

/// The way to the pages before and after: lists go by keyset, so there are no page numbers.
#[derive(Debug, Clone, Default)]
pub struct Pager {
    /// What is shown: `50 leads`, `1–50 of 5,000`.
    pub shown: String,
    /// Back to the first page.
    pub first: Option<String>,
    /// The page before.
    pub before: Option<String>,
    /// The page after.
    pub after: Option<String>,
}

/// The pager of a list.
pub fn pager(pager: &Pager) -> Markup {
    html! {
        nav.pager aria-label="Pages of the list" {
            span.shown { (pager.shown) }
            @if let Some(href) = &pager.first { a.button.small data-weight="quiet" rel="first" href=(href) { "First page" } }
            @if let Some(href) = &pager.before { a.button.small data-weight="plain" rel="prev" href=(href) { (icon(Icon::Left)) "Back" } }
            @if let Some(href) = &pager.after { a.button.small data-weight="plain" rel="next" href=(href) { "Next" (icon(Icon::Right)) } }
        }
    }
}

/// How far something has come. `max` of none: it is not known how much there is.
pub fn progress(label: &str, done: i64, max: Option<i64>, numbers: &str) -> Markup {
    html! {
        div.progress {
            div.line { span { (label) } span.numbers { (numbers) } }
            progress value=[max.map(|_| done)] max=[max] aria-label=(label) { (numbers) }
        }
    }
}
