//! What an agent sees: the dashboard and the list of tasks. Both are regions that fill themselves as leads arrive.

use maud::{Markup, html};

use super::{
    button::Button,
    chip::{Meter, Status, chip, doubtful, tag},
    icon::Icon,
    leads::Moment,
    notice::Empty,
};

/// A lead on an agent's list.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its id.
    pub id: i64,
    /// The address of its panel.
    pub href: String,
    /// First and last name.
    pub name: String,
    /// The number as people read it.
    pub phone: String,
    /// The number as a telephone reads it.
    pub phone_link: String,
    /// Whether the number could be wrong.
    pub phone_doubtful: bool,
    /// Its status.
    pub status: Status,
    /// Its tags.
    pub tags: Vec<String>,
    /// Where it came from.
    pub source: Option<String>,
    /// Since when the agent has it, or when something last happened.
    pub at: Moment,
    /// Whether its panel is open.
    pub open: bool,
}

/// A part of the list under its own heading: `Due today`, `New`, `The rest`.
#[derive(Debug, Clone)]
pub struct TaskSection {
    /// Its heading.
    pub title: String,
    /// How many: `12`, `1,000+`.
    pub count: String,
    /// The tasks of this page.
    pub tasks: Vec<Task>,
    /// Whether they are in several statuses, so that each says its own.
    pub mixed: bool,
    /// The list of the rest.
    pub more: Option<String>,
}

/// The Tasks page: the region `#tasks`.
#[derive(Debug, Clone)]
pub struct TaskList {
    /// Its own address; it listens to `queue`.
    pub href: String,
    /// The queue.
    pub meter: Meter,
    /// The sections that have something.
    pub sections: Vec<TaskSection>,
    /// What is said where there is nothing.
    pub empty: Empty,
}

/// The list. The first task is the one that *Call next* (key `c`) calls.
pub fn task_list(list: &TaskList) -> Markup {
    let next = list.sections.iter().flat_map(|section| &section.tasks).next();
    html! {
        section.tasks #tasks aria-label="Tasks" data-live="queue" hx-get=(list.href) hx-trigger="live" hx-target="this" hx-select="#tasks" hx-swap="outerMorph" {
            @if let Some(next) = next { (next_call(next, list.meter)) }
            @for section in &list.sections {
                @if !section.tasks.is_empty() {
                    section.task-section {
                        h2 { (section.title) span.count { (section.count) } }
                        (task_lines(&section.tasks, section.mixed))
                        @if let Some(href) = &section.more { a.button.small data-weight="quiet" href=(href) { "Show more" } }
                    }
                }
            }
            @if next.is_none() { (list.empty) }
        }
    }
}

fn next_call(next: &Task, meter: Meter) -> Markup {
    html! {
        div.next-call {
            div hx-boost:inherited="true" hx-target:inherited="#panel" hx-select:inherited="#panel" hx-swap:inherited="outerHTML show:none" {
                small { "Next" }
                a.name href=(next.href) { (next.name) }
                (chip(&next.status))
            }
            div.queue { small { "Your queue" } (meter) }
            (Button::primary(format!("Call {}", next.phone)).icon(Icon::Phone).href(format!("tel:{}", next.phone_link)).key("c"))
        }
    }
}

/// The lines of a list. A press on one opens the lead beside the list.
fn task_lines(tasks: &[Task], mixed: bool) -> Markup {
    html! {
        ol.task-lines hx-boost:inherited="true" hx-target:inherited="#panel" hx-select:inherited="#panel"
            hx-select-oob:inherited="#toasts:beforeend" hx-swap:inherited="outerHTML show:none" {
            @for task in tasks { (task_line(task, mixed)) }
        }
    }
}

fn task_line(task: &Task, says_status: bool) -> Markup {
    html! {
        li #{ "task-" (task.id) } data-row data-id=(task.id) aria-current=[task.open.then_some("true")] {
            div.who { a.name href=(task.href) data-row-link { (task.name) } small { (task.phone) @if let Some(source) = &task.source { " · " (source) } } @if task.phone_doubtful { (doubtful("This number may not exist")) } }
            div.marks { @if says_status { (chip(&task.status)) } @for name in task.tags.iter().take(2) { (tag(name)) } }
            (task.at.show())
            a.button.call data-weight="plain" href={ "tel:" (task.phone_link) } aria-label={ "Call " (task.name) } { (super::icon::icon(Icon::Phone)) span { "Call" } }
        }
    }
}

/// A number on a dashboard, with where it leads.
#[derive(Debug, Clone)]
pub struct Figure {
    /// What is counted.
    pub label: String,
    /// The number.
    pub number: String,
    /// The list behind it.
    pub href: Option<String>,
    /// What it means, or what to do.
    pub note: Option<String>,
    /// Whether it asks for something.
    pub pressing: bool,
}

/// Numbers side by side.
pub fn figures(figures: &[Figure]) -> Markup {
    html! {
        ul.figures {
            @for figure in figures {
                li data-pressing[figure.pressing] {
                    span.label { (figure.label) }
                    @match &figure.href { Some(href) => a.figure href=(href) { (figure.number) }, None => span.figure { (figure.number) } }
                    @if let Some(note) = &figure.note { small { (note) } }
                }
            }
        }
    }
}

/// An agent's dashboard: the region `#dashboard`.
#[derive(Debug, Clone)]
pub struct Dashboard {
    /// Its own address; it listens to `queue`.
    pub href: String,
    /// `Good morning, Priya`.
    pub greeting: String,
    /// The queue.
    pub meter: Meter,
    /// Numbers there are.
    pub figures: Vec<Figure>,
    /// What just arrived, the newest first.
    pub arrived: Vec<Task>,
    /// What is said where nothing did.
    pub empty: Empty,
    /// The Tasks page.
    pub tasks: String,
}

/// The dashboard.
pub fn dashboard(board: &Dashboard) -> Markup {
    html! {
        section.dashboard #dashboard aria-label="Dashboard" data-live="queue" hx-get=(board.href) hx-trigger="live" hx-target="this" hx-select="#dashboard" hx-swap="outerMorph" {
            (super::data::heading(&board.greeting, None, &html! { (Button::primary("Go to tasks").href(&*board.tasks)) }))
            div.queue-card.card {
                h2 { "Your queue" }
                (board.meter)
                @match board.meter.room() {
                    Some(0) => small { "No room: nothing new is dealt to you." },
                    Some(room) => small { "Room for " (room) " more." },
                    None => {},
                }
            }
            @if !board.figures.is_empty() { (figures(&board.figures)) }
            section.task-section {
                h2 { "Just arrived" }
                @if board.arrived.is_empty() { (board.empty) } @else { (task_lines(&board.arrived, false)) }
            }
        }
    }
}
