//! Adding leads: a file in three steps (drop, map, result), or one lead by hand.

use maud::{Markup, html};

use super::{
    button::Button,
    data::{self, Tab},
    dialog,
    field::{Choice, Field, checkbox},
    icon::{Icon, icon},
    leads::Moment,
    notice::{Banner, Tone},
};

/// The two tabs over both ways of adding leads.
pub fn tabs(import_href: &str, single_href: &str, import_is_current: bool) -> Markup {
    data::tabs(
        "Ways to add leads",
        &[
            Tab {
                label: "Import leads".into(),
                href: import_href.into(),
                current: import_is_current,
                count: None,
            },
            Tab {
                label: "Add single lead".into(),
                href: single_href.into(),
                current: !import_is_current,
                count: None,
            },
        ],
    )
}

/// The form that takes a file, carrying `file` as multipart.
pub fn upload(action: &str, bytes_max: &str, error: Option<&str>) -> Markup {
    html! {
        form.card.upload method="post" action=(action) enctype="multipart/form-data" {
            (Field::file("file", "A CSV file with a header row", ".csv,.tsv,.txt,text/csv")
                .hint(format!("Comma, semicolon or tab; any order of columns; up to {bytes_max}. Nothing is imported before you have seen how it reads."))
                .error(error).required())
            div.actions { (Button::primary("Preview").icon(Icon::Right)) }
        }
    }
}

/// A column of the file and what it becomes.
#[derive(Debug, Clone)]
pub struct MappedColumn {
    /// Its name in the file.
    pub header: String,
    /// The field of the form: `column-3`.
    pub field: String,
    /// What it can become; *Details* and *Leave out* among them.
    pub choices: Vec<Choice>,
    /// What stands in the first rows.
    pub samples: Vec<String>,
}

/// A row that lacks something, or reads badly.
#[derive(Debug, Clone)]
pub struct RowProblem {
    /// Its line in the file.
    pub line: i64,
    /// What is wrong with it.
    pub why: String,
}

/// How a file reads before it is imported.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The file's name.
    pub file_name: String,
    /// `5,033 rows, comma-separated, UTF-8`.
    pub reading: String,
    /// `4,812 India, 190 United States, 31 doubtful`.
    pub numbers: String,
    /// The columns.
    pub columns: Vec<MappedColumn>,
    /// The first rows that will not be imported.
    pub problems: Vec<RowProblem>,
    /// How many there are in all, as a sentence: `12 rows will not be imported.`
    pub problems_told: Option<String>,
    /// What is missing to import at all: `No column is mapped to Phone.`
    pub refused: Option<String>,
    /// Fields for all leads of the file: branch, department, country, source, tags.
    pub for_all: Vec<Field>,
    /// Whether columns that map to nothing are kept (`details=on`).
    pub keep_details: bool,
    /// Where the form goes.
    pub action: String,
    /// Where *Read again* goes: the same form, answered with the preview.
    pub again: String,
    /// Where giving up goes: the file is thrown away.
    pub cancel: String,
    /// `Import up to 5,021 leads`.
    pub button: String,
}

/// The preview with its form.
pub fn preview(preview: &Preview) -> Markup {
    html! {
        form.import-preview method="post" action=(preview.action) {
            section.card {
                div.file-line { (icon(Icon::File)) strong { (preview.file_name) } span { (preview.reading) } }
                @if !preview.numbers.is_empty() { p.reads { span { "Phone numbers" } " " (preview.numbers) } }
                @if let Some(refused) = &preview.refused { (Banner::new(Tone::Error, refused.as_str())) }
                div.table-frame {
                    table.table.mapping {
                        caption.hidden { "Columns of the file" }
                        thead { tr { th scope="col" { "Column" } th scope="col" { "Becomes" } th scope="col" { "First rows" } } }
                        tbody {
                            @for column in &preview.columns {
                                tr {
                                    th scope="row" data-label="Column" { (column.header) }
                                    td data-label="Becomes" {
                                        select name=(column.field) aria-label={ (column.header) " becomes" } {
                                            @for choice in &column.choices { option value=(choice.value) selected[choice.chosen] { (choice.label) } }
                                        }
                                    }
                                    td.samples data-label="First rows" { @for sample in column.samples.iter().filter(|sample| !sample.is_empty()) { span { (sample) } } }
                                }
                            }
                        }
                    }
                }
                (checkbox("details", "on", "Keep the columns that map to nothing as details of the lead", preview.keep_details))
            }
            @if !preview.for_all.is_empty() {
                section.card { h2 { "For all leads of this file" } div.fields { @for field in &preview.for_all { (field) } } }
            }
            @if let Some(told) = &preview.problems_told {
                section.card.problems {
                    h2 { (told) }
                    ol { @for problem in &preview.problems { li { span.line-number { "Line " (problem.line) } (problem.why) } } }
                }
            }
            div.actions.end {
                (Button::quiet("Cancel").form("discard"))
                (Button::plain("Read again").action(&*preview.again))
                (Button::primary(&*preview.button).disabled(preview.refused.is_some()))
            }
        }
        // A form of its own: Enter in a field of the other one must not press its button.
        form #discard method="post" action=(preview.cancel) {}
    }
}

/// An import while it runs and after. The region is `#import`; it listens to `import-<id>`.
#[derive(Debug, Clone)]
pub struct Progress {
    /// The import's id.
    pub id: i64,
    /// Its address.
    pub href: String,
    /// The file's name.
    pub file_name: String,
    /// Rows read.
    pub done: i64,
    /// Rows in all, once known.
    pub rows: Option<i64>,
    /// `3,000 of 5,033 rows`.
    pub numbers: String,
    /// The form that cancels it; none: it is asked to stop already, or is not this person's to cancel.
    pub cancel: Option<String>,
    /// Set when it is done or has failed.
    pub outcome: Option<Outcome>,
}

/// How an import ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Success, or error where nothing was imported.
    pub tone: Tone,
    /// `4,990 leads imported, 31 skipped (duplicate), 12 errors.`
    pub sentence: String,
    /// The file of the error rows.
    pub errors: Option<String>,
    /// The list of what was imported.
    pub leads: Option<String>,
    /// The form that takes it back.
    pub undo: Option<String>,
}

/// The region `#import`.
pub fn progress(import: &Progress) -> Markup {
    html! {
        // A short import may be done before its page listens.
        section.card.import #import data-live=(if import.outcome.is_none() { "hello import" } else { "import" }) hx-get=(import.href) hx-trigger="live" hx-target="this" hx-select="#import" hx-swap="outerMorph" {
            div.file-line { (icon(Icon::File)) strong { (import.file_name) } }
            @match &import.outcome {
                None => {
                    // News may pass by before the page listens, and a short import has no second ones: while it runs it
                    // is also asked for.
                    div hx-get=(import.href) hx-trigger="every 1s" hx-target="#import" hx-select="#import" hx-swap="outerMorph" {
                        (data::progress("Importing", import.done, import.rows, &import.numbers))
                    }
                    p.hint { "You can leave this page; the import goes on." }
                    @if let Some(action) = &import.cancel {
                        form method="post" action=(action) { div.actions { (Button::danger("Cancel")) } }
                    }
                },
                Some(outcome) => {
                    (Banner::new(outcome.tone, outcome.sentence.as_str()))
                    div.actions {
                        @if let Some(href) = &outcome.leads { (Button::primary("Show the leads").href(&**href)) }
                        @if let Some(href) = &outcome.errors { a.button data-weight="plain" href=(href) download { (icon(Icon::Download)) span { "Error rows" } } }
                        @if let Some(href) = &outcome.undo {
                            form method="post" action=(href) {
                                (Button::danger("Undo this import").icon(Icon::Undo).opens("undo"))
                                (dialog::inline("undo", "Undo this import?", &html! {
                                    p { "Its leads are taken away again. Those that somebody has worked on since, or that a run has dealt out, stay and are counted; undo that run first if these are to go, too." }
                                }, &html! { (Button::plain("Cancel").closes()) (Button::danger("Undo this import")) }))
                            }
                        }
                    }
                },
            }
        }
    }
}

/// An import of the past.
#[derive(Debug, Clone)]
pub struct PastImport {
    /// The file's name.
    pub file_name: String,
    /// Its page.
    pub href: String,
    /// Who imported it.
    pub who: String,
    /// When.
    pub at: Moment,
    /// How it ended.
    pub sentence: String,
    /// The file of its error rows.
    pub errors: Option<String>,
    /// Whether it can be taken back; its page does that.
    pub may_undo: bool,
}

/// The imports of the past, the newest first.
pub fn past(imports: &[PastImport]) -> Markup {
    html! {
        section.card.past {
            h2 { "Past imports" }
            @if imports.is_empty() { p.hint { "None yet. The first file you import is listed here, and can be taken back here." } }
            ul.lines {
                @for import in imports {
                    li {
                        (icon(Icon::File))
                        div { a href=(import.href) { (import.file_name) } small { (import.who) " · " (import.at.show()) " · " (import.sentence) } }
                        div.actions {
                            @if let Some(href) = &import.errors { a.button.small data-weight="quiet" href=(href) download { (icon(Icon::Download)) span { "Errors" } } }
                            // Its page asks before it does it.
                            @if import.may_undo { (Button::quiet("Undo").icon(Icon::Undo).small().href(&*import.href)) }
                        }
                    }
                }
            }
        }
    }
}

/// The form for one lead. `fields` in their order; `known` is the lead that has this number already (R9): its name and
/// its address.
pub fn single(action: &str, fields: &[Field], known: Option<(&str, &str)>, cancel: &str) -> Markup {
    html! {
        form.card.form.single method="post" action=(action) {
            @if let Some((name, href)) = known {
                (Banner::new(Tone::Warning, format!("{name} has this number already."))
                    .more(html! { div.actions { (Button::plain("Open the lead").href(href).small()) } }))
            }
            div.fields { @for field in fields { (field) } }
            div.actions { (Button::primary("Add lead")) (Button::quiet("Cancel").href(cancel)) }
        }
    }
}
