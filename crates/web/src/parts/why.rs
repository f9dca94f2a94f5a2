//! Why this agent, why nobody: a paragraph, and everybody beside the lead (R44). A page of its own, also shown in the
//! dialog.

use maud::{Markup, html};

use super::{chip::person, dialog};

/// What is shown.
#[derive(Debug, Clone)]
pub struct Why {
    /// `Why Asha?`
    pub title: String,
    /// The lead's name.
    pub lead: String,
    /// What decided: `the run of 2026-05-11 09:00 IST`, and where it is for whoever may look at runs.
    pub by: Option<(String, Option<String>)>,
    /// In words.
    pub paragraph: String,
    /// Everybody beside the lead, whoever came closest first.
    pub beside: Vec<Beside>,
    /// How many more there are.
    pub more: usize,
    /// Where closing leads: the lead.
    pub back: String,
}

/// Somebody beside the lead.
#[derive(Debug, Clone)]
pub struct Beside {
    /// Their name.
    pub name: String,
    /// Held before.
    pub held: i64,
    /// How many fitted; none is no limit.
    pub room: Option<u32>,
    /// What the run gave them.
    pub gets: u32,
    /// What it took from them.
    pub gives: i64,
    /// Held after.
    pub after: i64,
    /// What spoke for or against them.
    pub verdict: String,
    /// Whether the lead is theirs by this.
    pub chosen: bool,
}

/// The content of the page and of the dialog.
pub fn why(shown: &Why) -> Markup {
    let content = html! {
        div.why {
            p.about {
                (shown.lead)
                @if let Some((by, href)) = &shown.by {
                    " · "
                    @match href { Some(href) => a href=(href) { (by) }, None => (by) }
                }
            }
            p.paragraph { (shown.paragraph) }
            @if !shown.beside.is_empty() { (table(&shown.beside)) }
            @if shown.more > 0 { p.second { (shown.more) " more, who came less close." } }
        }
    };
    let close = html! { a.button data-weight="plain" href=(shown.back) data-closes { "Close" } };
    dialog::body(&shown.title, &content, &close)
}

fn table(beside: &[Beside]) -> Markup {
    html! {
        div.table-frame {
            table.table.why-table {
                caption.hidden { "Everybody beside this lead" }
                thead {
                    tr {
                        th scope="col" { "Agent" } th.number scope="col" { "Held" } th.number scope="col" { "Room" }
                        th.number scope="col" { "Gets" } th.number scope="col" { "After" } th scope="col" { "Because" }
                    }
                }
                tbody {
                    @for one in beside {
                        tr data-chosen[one.chosen] {
                            th scope="row" { (person(Some(&one.name))) }
                            td.number data-label="Held" { (one.held) }
                            td.number data-label="Room" { @match one.room { Some(room) => (room), None => span title="no limit" { "∞" } } }
                            td.number data-label="Gets" {
                                (one.gets)
                                @if one.gives > 0 { span.gives title="leads that the run took from them" { " −" (one.gives) } }
                            }
                            td.number data-label="After" { (one.after) }
                            td data-label="Because" { @if one.chosen { strong { (one.verdict) } } @else { (one.verdict) } }
                        }
                    }
                }
            }
        }
    }
}
