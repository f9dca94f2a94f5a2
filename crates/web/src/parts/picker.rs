//! Choosing agents: who they are, how full their queues are.

use maud::{Markup, html};

use super::chip::{Meter, avatar};

/// An agent somebody may be given leads (R15).
#[derive(Debug, Clone)]
pub struct AgentOption {
    /// Their id, as forms carry it.
    pub id: i64,
    /// Their name.
    pub name: String,
    /// Where they work: branch and department, for two of one name.
    pub place: Option<String>,
    /// How full their queue is.
    pub meter: Meter,
    /// Whether they are the present one.
    pub chosen: bool,
}

/// How many may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choose {
    /// One.
    One,
    /// Several.
    Several,
}

/// A list of agents with a box that narrows it. Fields: `name`, one value for each chosen agent.
#[derive(Debug, Clone)]
pub struct AgentPicker {
    /// Distinguishes this picker from others on the page.
    pub id: String,
    /// The field's name.
    pub name: String,
    /// How many may be chosen.
    pub choose: Choose,
    /// The agents, or the first of them.
    pub agents: Vec<AgentOption>,
    /// Where the rest are found, with what was typed as `q`; answers with [`agent_options`]. None where all are here.
    pub search: Option<String>,
}

/// The picker.
pub fn agent_picker(picker: &AgentPicker) -> Markup {
    let list = format!("{}-options", picker.id);
    html! {
        div.picker data-picker {
            @if picker.agents.len() > 6 || picker.search.is_some() {
                @match &picker.search {
                    Some(search) => input.narrow type="search" name="q" form="nowhere" placeholder="Find an agent" aria-label="Find an agent"
                        hx-get=(search) hx-include={ "#" (list) " input:checked" } hx-trigger="input changed delay:150ms" hx-target={ "#" (list) } hx-select={ "#" (list) } hx-swap="outerMorph" hx-push-url="false" autocomplete="off";,
                    None => input.narrow type="search" data-narrows=(list) form="nowhere" placeholder="Find an agent" aria-label="Find an agent" autocomplete="off";,
                }
            }
            (agent_options(picker))
        }
    }
}

/// The list of a picker alone, for what was typed.
pub fn agent_options(picker: &AgentPicker) -> Markup {
    let kind = if picker.choose == Choose::One { "radio" } else { "checkbox" };
    html! {
        ul.options #{ (picker.id) "-options" } {
            @for agent in &picker.agents {
                li {
                    label.option {
                        input type=(kind) name=(picker.name) value=(agent.id) checked[agent.chosen];
                        (avatar(&agent.name))
                        span.name { (agent.name) @if let Some(place) = &agent.place { small { (place) } } }
                        (agent.meter)
                    }
                }
            }
            @if picker.agents.is_empty() { li.none { "Nobody here may receive leads." } }
        }
    }
}
