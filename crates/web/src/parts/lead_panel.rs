//! One lead: beside the list on wide screens, a page of its own under its address. The region is `#panel`.

use maud::{Markup, html};

use super::{
    button::Button,
    chip::{Meter, Status, chip, doubtful, person},
    field::Choice,
    icon::{Icon, icon},
    leads::Moment,
    picker::{AgentPicker, agent_picker},
};

/// Everything of the panel. Where an action is none, the role may not do it.
#[derive(Debug, Clone)]
pub struct LeadPanel {
    /// Its id; the panel listens to the event `lead-<id>`.
    pub id: i64,
    /// Its version, which every write names (R24).
    pub version: i64,
    /// Its own address.
    pub href: String,
    /// Where closing leads: the list as it was.
    pub back: String,
    /// First and last name.
    pub name: String,
    /// The number as people read it.
    pub phone: String,
    /// The number as a telephone reads it.
    pub phone_link: String,
    /// Whether the number could be wrong.
    pub phone_doubtful: bool,
    /// The e-mail.
    pub email: Option<String>,
    /// Whether the e-mail could be wrong.
    pub email_doubtful: bool,
    /// Its status.
    pub status: Status,
    /// The form that sets it, carrying `status` and `version`: where it goes, and the choices.
    pub set_status: Option<(String, Vec<Choice>)>,
    /// Who owns it.
    pub owner: Option<String>,
    /// How full the owner's queue is.
    pub owner_meter: Option<Meter>,
    /// The page that says why nobody has it.
    pub why_nobody: Option<String>,
    /// The form that assigns it, carrying `agent` and `version`.
    pub assign: Option<(String, AgentPicker)>,
    /// The form that takes the owner away, carrying `version`.
    pub unassign: Option<String>,
    /// Its tags.
    pub tags: Vec<PanelTag>,
    /// The form that adds one, carrying `tag`; and the known ones.
    pub add_tag: Option<(String, Vec<String>)>,
    /// The form that edits the fields.
    pub edit: Option<String>,
    /// Source, branch, department, country, when it came in.
    pub fields: Vec<(String, String)>,
    /// The columns of its file that mapped to nothing (R10).
    pub details: Vec<(String, String)>,
    /// The form that adds a note, carrying `note`.
    pub add_note: Option<String>,
    /// What is wrong with a note that was sent, and what was typed.
    pub note_refused: Option<(String, String)>,
    /// Somebody else was quicker (R24).
    pub conflict: Option<Conflict>,
    /// The agent that was chosen is at the cap (R23).
    pub over_cap: Option<OverCap>,
    /// What happened, the newest first.
    pub timeline: Vec<Entry>,
    /// The page of the timeline after this one.
    pub more: Option<String>,
}

/// A tag of the lead.
#[derive(Debug, Clone)]
pub struct PanelTag {
    /// Its name.
    pub name: String,
    /// The form that takes it off.
    pub remove: Option<String>,
}

/// Somebody else changed the lead after it was shown; nothing was overwritten.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// What was not done: `The lead was not assigned to Priya Nair.`
    pub refused: String,
    /// Who changed what and when, a sentence each.
    pub changes: Vec<String>,
}

/// The agent that was chosen has no room; a person may go on.
#[derive(Debug, Clone)]
pub struct OverCap {
    /// The agent's name.
    pub agent: String,
    /// The agent's id.
    pub agent_id: i64,
    /// Held and cap now.
    pub meter: Meter,
    /// What they would hold after.
    pub after: i64,
    /// Where *Assign anyway* goes; carries `agent`, `version` and `exceed_cap` = `on`.
    pub action: String,
}

/// An entry of the timeline.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What kind of thing.
    pub icon: Icon,
    /// What, as a sentence: `Assigned to Priya Nair by Asha Rao`.
    pub what: String,
    /// The people in that sentence, who stand out in it.
    pub names: Vec<String>,
    /// What they wrote.
    pub text: Option<String>,
    /// When.
    pub at: Moment,
    /// Why it is so: the words of the link and the page it shows.
    pub why: Option<(String, String)>,
    /// The run behind it: the words of the link and where it goes.
    pub link: Option<(String, String)>,
}

/// The region `#panel`.
pub fn panel(lead: &LeadPanel) -> Markup {
    html! {
        aside.panel #panel aria-label={ "Lead " (lead.name) } data-lead=(lead.id) data-live={ "lead lead-" (lead.id) } hx-get=(lead.href) hx-trigger="live"
            hx-boost:inherited="true" hx-target:inherited="#panel" hx-select:inherited="#panel" hx-replace-url:inherited="true"
            hx-select-oob:inherited="#toasts:beforeend" hx-swap:inherited="outerMorph show:none" {
            (head(lead))
            @if let Some(conflict) = &lead.conflict { (conflict_banner(lead, conflict)) }
            @if let Some(over) = &lead.over_cap { (over_cap_banner(lead, over)) }
            (facts(lead))
            @if let Some(action) = &lead.add_note { (note_form(lead, action)) }
            (timeline(lead))
        }
    }
}

fn head(lead: &LeadPanel) -> Markup {
    html! {
        header.panel-head {
            div.line {
                h1 { (lead.name) }
                @if let Some(href) = &lead.edit { (Button::quiet("Edit").only_icon(Icon::Edit).shows(&**href)) }
                (Button::quiet("Close").only_icon(Icon::Close).href(&*lead.back).key("Escape"))
            }
            div.reach {
                (Button::primary(&*lead.phone).icon(Icon::Phone).href(format!("tel:{}", lead.phone_link)))
                @if lead.phone_doubtful { (doubtful("This number may not exist")) }
                @if let Some(email) = &lead.email {
                    a.mail href={ "mailto:" (email) } { (icon(Icon::Mail)) (email) }
                    @if lead.email_doubtful { (doubtful("This e-mail may not exist")) }
                }
            }
        }
    }
}

fn version(lead: &LeadPanel) -> Markup {
    html! { input type="hidden" name="version" value=(lead.version); }
}

fn facts(lead: &LeadPanel) -> Markup {
    html! {
        dl.facts {
            div {
                dt { label for="lead-status" { "Status" } }
                dd {
                    @match &lead.set_status {
                        Some((action, choices)) => form.in-line method="post" action=(action) hx-trigger="submit, change" data-shows {
                            (version(lead))
                            (super::chip::dot(&lead.status))
                            select #lead-status name="status" { @for choice in choices { option value=(choice.value) selected[choice.chosen] { (choice.label) } } }
                            span.without-script { (Button::plain("Set").small()) }
                        },
                        None => (chip(&lead.status)),
                    }
                }
            }
            div {
                dt { "Assigned to" }
                dd.owned { (owner(lead)) @if let Some(href) = &lead.why_nobody { (super::dialog::link("Why nobody?", href)) } }
            }
            div {
                dt { "Tags" }
                dd.tags {
                    @for tag in &lead.tags {
                        @match &tag.remove {
                            Some(action) => form.tag method="post" action=(action) {
                                (tag.name) button aria-label={ "Take off the tag " (tag.name) } title="Take off" { (icon(Icon::Close)) }
                            },
                            None => span.tag { (tag.name) },
                        }
                    }
                    @if let Some((action, known)) = &lead.add_tag {
                        form.add-tag method="post" action=(action) {
                            input name="tag" list="known-tags" placeholder="Add tag" aria-label="Add tag" maxlength=(domain::lead_file::TAG_CHARS_MAX) required autocomplete="off";
                            datalist #known-tags { @for name in known { option value=(name) {} } }
                        }
                    }
                    @if lead.tags.is_empty() && lead.add_tag.is_none() { span.nobody { "None" } }
                }
            }
            @for (term, what) in &lead.fields { div { dt { (term) } dd { (what) } } }
        }
        @if !lead.details.is_empty() {
            details.details {
                summary { (icon(Icon::Right)) "Details" span.count { (lead.details.len()) } }
                dl.facts { @for (term, what) in &lead.details { div { dt { (term) } dd { (what) } } } }
            }
        }
    }
}

fn owner(lead: &LeadPanel) -> Markup {
    let now = html! { (person(lead.owner.as_deref())) @if let Some(meter) = lead.owner_meter { (meter) } };
    html! {
        @match &lead.assign {
            Some((action, picker)) => details.popover.owner-picker data-popover {
                summary data-key="a" { (now) (icon(Icon::Down)) }
                form.pop method="post" action=(action) {
                    (version(lead))
                    (agent_picker(picker))
                    div.actions {
                        // The first button is the one that Enter presses.
                        (Button::primary("Assign"))
                        @if let Some(unassign) = &lead.unassign { (Button::quiet("Return to nobody").action(&**unassign)) }
                    }
                }
            },
            None => span.owner { (now) },
        }
    }
}

fn conflict_banner(lead: &LeadPanel, conflict: &Conflict) -> Markup {
    html! {
        div.banner data-tone="warning" role="alert" {
            (icon(Icon::Warning))
            div {
                p { strong { "Somebody else was here first. " } (conflict.refused) }
                ul { @for change in &conflict.changes { li { (change) } } }
                div.actions { (Button::plain("Show the present state").href(&*lead.href).small()) }
            }
        }
    }
}

fn over_cap_banner(lead: &LeadPanel, over: &OverCap) -> Markup {
    let cap = over.meter.cap.map_or_else(|| "none".to_owned(), |cap| cap.to_string());
    html! {
        div.banner data-tone="warning" role="alert" {
            (icon(Icon::Warning))
            form method="post" action=(over.action) {
                p { strong { (over.agent) } " holds " (over.meter.held) ", the cap is " (cap) ", and it would be " strong { (over.after) } " after this." }
                (version(lead))
                input type="hidden" name="agent" value=(over.agent_id);
                input type="hidden" name="exceed_cap" value="on";
                div.actions { (Button::plain("Assign anyway").small()) (Button::quiet("Leave it").href(&*lead.href).small()) }
            }
        }
    }
}

fn note_form(lead: &LeadPanel, action: &str) -> Markup {
    let (error, typed) = lead.note_refused.as_ref().map_or((None, ""), |(error, typed)| (Some(error), typed));
    html! {
        form.note-form method="post" action=(action) data-clears {
            label.hidden for="note" { "Note" }
            textarea #note name="note" rows="2" maxlength=(domain::timeline::NOTE_CHARS_MAX) placeholder="Add a note" required aria-invalid=[error.map(|_| "true")] { (typed) }
            @if let Some(error) = error { p.error { (icon(Icon::Failed)) (error) } }
            div.actions { (Button::plain("Add note").small()) }
        }
    }
}

/// The sentence with these names in bold.
fn standing_out(sentence: &str, names: &[String]) -> Markup {
    let first = names
        .iter()
        .filter_map(|name| Some((sentence.find(name.as_str()).filter(|_| !name.is_empty())?, name)))
        .min_by_key(|(at, name)| (*at, std::cmp::Reverse(name.len())));
    html! {
        @match first {
            Some((at, name)) => {
                (sentence[..at]) strong { (name) } (standing_out(&sentence[at + name.len()..], names))
            },
            None => (sentence),
        }
    }
}

fn timeline(lead: &LeadPanel) -> Markup {
    html! {
        section.timeline aria-labelledby="timeline-title" {
            h2 #timeline-title { "Timeline" }
            ol {
                @for entry in &lead.timeline {
                    li {
                        span.what-kind { (icon(entry.icon)) }
                        div {
                            p {
                                (standing_out(&entry.what, &entry.names))
                                @if let Some((words, href)) = &entry.why { " · " (super::dialog::link(words, href)) }
                                @if let Some((words, href)) = &entry.link { " · " a href=(href) hx-boost="false" { (words) } }
                            }
                            @if let Some(text) = &entry.text { blockquote { (text) } }
                        }
                        (entry.at.show())
                    }
                }
            }
            @if let Some(href) = &lead.more { a.button.small data-weight="quiet" href=(href) { "Earlier" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::standing_out;

    #[test]
    fn names_stand_out_in_a_sentence() {
        for (sentence, names, expect) in [
            ("Note by Nora", &["Nora"][..], "Note by <strong>Nora</strong>"),
            (
                "Moved from Ann to Ann Lee by <Bo>",
                &["<Bo>", "Ann", "Ann Lee"][..],
                "Moved from <strong>Ann</strong> to <strong>Ann Lee</strong> by <strong>&lt;Bo&gt;</strong>",
            ),
            ("Imported", &["", "Nora"][..], "Imported"),
        ] {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(standing_out(sentence, &names).into_string(), expect);
        }
    }
}
