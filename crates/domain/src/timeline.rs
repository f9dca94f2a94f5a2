//! The timeline of a lead, entry by entry, in sentences for people (R20).

use crate::{
    bulk::{BY_HAND, UNDO},
    job::ON_ARRIVAL,
    time::{Moment, Zone},
};

/// The longest note.
pub const NOTE_CHARS_MAX: usize = 10_000;

/// The run that an entry belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOfEntry {
    /// Its job: `assignment`, `by hand`, `undo`.
    pub job: String,
    /// When it started.
    pub started_at: Moment,
}

/// One entry of a timeline, with names in place of identifiers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// Its number in the timeline, from 1.
    pub entry: i64,
    /// When.
    pub at: Moment,
    /// What happened: `imported`, `assigned`, …
    pub kind: String,
    /// Who did it.
    pub actor: Option<String>,
    /// The run that did it.
    pub run: Option<i64>,
    /// What is known of that run.
    pub run_said: Option<RunOfEntry>,
    /// The owner before.
    pub from_owner: Option<String>,
    /// The owner after.
    pub to_owner: Option<String>,
    /// The status before.
    pub from_status: Option<String>,
    /// The status after.
    pub to_status: Option<String>,
    /// Text that belongs to it: a note's words, the fields that were edited, a tag's name, the run that was undone.
    pub detail: Option<String>,
}

impl Event {
    /// What happened, in a sentence without its full stop. The words of a note stand in [`text`](Self::text).
    pub fn told(&self, zone: &Zone) -> String {
        let by = self.by(zone);
        let detail = self.detail.as_deref().unwrap_or_default();
        match (self.kind.as_str(), &self.from_owner, &self.to_owner) {
            ("assigned", Some(from), Some(to)) => format!("Moved from {from} to {to}{by}{}", self.status()),
            ("assigned", None, Some(to)) if !detail.is_empty() => {
                format!("Assigned to {to} on arrival, {detail}{by}{}", self.status())
            }
            ("assigned", None, Some(to)) => format!("Assigned to {to}{by}{}", self.status()),
            ("imported", ..) => format!("Imported{by}{}", self.first_status()),
            ("added", ..) => format!("Added{by}{}", self.first_status()),
            ("status", from, _) => {
                let taken = from.as_ref().map(|from| format!("; taken from {from}")).unwrap_or_default();
                format!("Status {}{by}{taken}", self.statuses())
            }
            ("removed", from, _) => {
                let taken = from.as_ref().map(|from| format!("; taken from {from}")).unwrap_or_default();
                let days = if detail == "1" { "a day".into() } else { format!("{detail} days") };
                format!("Returned to Unassigned after {days} without work{by}{taken}")
            }
            ("note", ..) => format!("Note{by}"),
            ("edited", ..) => format!("{}{by}", edited(detail)),
            ("tagged", ..) => format!("Tagged {detail}{by}"),
            ("untagged", ..) => format!("Tag {detail} taken off{by}"),
            ("undone", from, to) => {
                let back = match (from, to) {
                    (_, Some(to)) => format!(": back to {to}"),
                    (Some(from), None) => format!(": taken from {from}"),
                    (None, None) => String::new(),
                };
                format!("Run {detail} undone{by}{back}{}", self.status())
            }
            (kind, ..) => format!("{}{by}{}", capitalised(kind), self.status()),
        }
    }

    /// What somebody wrote, to be shown under the sentence.
    pub fn text(&self) -> Option<&str> {
        self.detail.as_deref().filter(|_| self.kind == "note")
    }

    /// Who or what did it. A run that went by itself is told by its time: its date is the entry's own.
    fn by(&self, zone: &Zone) -> String {
        match (&self.actor, &self.run_said, self.run) {
            (Some(actor), ..) => format!(" by {actor}"),
            (None, Some(run), _) if run.job == ON_ARRIVAL => " on arrival".into(),
            (None, Some(run), _) if run.job == BY_HAND || run.job == UNDO => String::new(),
            (None, Some(run), _) => format!(" by the run of {}", zone.time_of_day(run.started_at)),
            (None, None, Some(run)) => format!(" by run {run}"),
            (None, None, None) => String::new(),
        }
    }

    fn statuses(&self) -> String {
        match (&self.from_status, &self.to_status) {
            (Some(from), Some(to)) => format!("{from} → {to}"),
            (None, Some(to)) => format!("→ {to}"),
            _ => "changed".into(),
        }
    }

    fn status(&self) -> String {
        if self.from_status.is_some() && self.from_status != self.to_status {
            format!("; {}", self.statuses())
        } else {
            String::new()
        }
    }

    fn first_status(&self) -> String {
        self.to_status.as_ref().map(|status| format!(" as {status}")).unwrap_or_default()
    }
}

/// `First name and phone changed`, from `first name, phone`.
fn edited(fields: &str) -> String {
    let fields = match fields.rsplit_once(", ") {
        Some((before, last)) => format!("{before} and {last}"),
        None if fields.is_empty() => "details".into(),
        None => fields.to_owned(),
    };
    format!("{} changed", capitalised(&fields))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, actor: &str, owners: (&str, &str), statuses: (&str, &str), detail: &str) -> Event {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Event {
            kind: kind.into(),
            actor: some(actor),
            from_owner: some(owners.0),
            to_owner: some(owners.1),
            from_status: some(statuses.0),
            to_status: some(statuses.1),
            detail: some(detail),
            ..Event::default()
        }
    }

    #[test]
    fn r20_every_kind_of_entry_is_a_sentence() {
        let zone: Zone = "Asia/Kolkata".parse().unwrap();
        let (none, same) = (("", ""), ("Missed", "Missed"));
        for (event, expect) in [
            (event("imported", "", none, ("", "Unassigned"), ""), "Imported as Unassigned"),
            (event("added", "Nora", none, ("", "Missed"), ""), "Added by Nora as Missed"),
            (
                event("assigned", "Nora", ("", "Asha"), ("Unassigned", "Assigned"), ""),
                "Assigned to Asha by Nora; Unassigned → Assigned",
            ),
            (
                event(
                    "assigned",
                    "",
                    ("", "Asha"),
                    ("Unassigned", "Assigned"),
                    "longest waiting of 6 with room",
                ),
                "Assigned to Asha on arrival, longest waiting of 6 with room; Unassigned → Assigned",
            ),
            (event("assigned", "Nora", ("Ben", "Asha"), same, ""), "Moved from Ben to Asha by Nora"),
            (
                event("status", "Nora", none, ("Missed", "Interested"), ""),
                "Status Missed → Interested by Nora",
            ),
            (
                event("status", "", ("Asha", ""), ("Missed", "Unassigned"), ""),
                "Status Missed → Unassigned; taken from Asha",
            ),
            (
                event("removed", "", ("Asha", ""), ("Missed", "Unassigned"), "30"),
                "Returned to Unassigned after 30 days without work; taken from Asha",
            ),
            (event("note", "Nora", none, none, "called\ntwice"), "Note by Nora"),
            (event("edited", "Nora", none, none, "phone"), "Phone changed by Nora"),
            (
                event("edited", "Nora", none, none, "first name, phone, e-mail"),
                "First name, phone and e-mail changed by Nora",
            ),
            (event("tagged", "Nora", none, none, "hot"), "Tagged hot by Nora"),
            (event("untagged", "", none, none, "hot"), "Tag hot taken off"),
            (
                event("undone", "Nora", ("Asha", "Ben"), ("Assigned", "Missed"), "12"),
                "Run 12 undone by Nora: back to Ben; Assigned → Missed",
            ),
            (event("undone", "", ("Asha", ""), none, "12"), "Run 12 undone: taken from Asha"),
            (event("undone", "", none, none, "12"), "Run 12 undone"),
            (event("enquired again", "", none, none, ""), "Enquired again"),
        ] {
            assert_eq!(event.told(&zone), expect);
        }
    }

    #[test]
    fn r31_an_assignment_names_its_run_by_the_time() {
        let zone: Zone = "Asia/Kolkata".parse().unwrap();
        let started_at = Moment(1_778_470_200_000); // 2026-05-11 09:00 in Kolkata
        for (job, actor, expect) in [
            ("assignment", "", "Assigned to Asha by the run of 09:00"),
            ("by hand", "Nora", "Assigned to Asha by Nora"),
            ("by hand", "", "Assigned to Asha"),
            ("on arrival", "", "Assigned to Asha on arrival"),
        ] {
            let event = Event {
                run: Some(7),
                run_said: Some(RunOfEntry { job: job.into(), started_at }),
                ..event("assigned", actor, ("", "Asha"), ("", ""), "")
            };
            assert_eq!(event.told(&zone), expect);
        }
    }
}
