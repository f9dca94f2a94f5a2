//! Jobs: a card for each, its preview, and the queues before and after.

use domain::pool::AgentLine;
use maud::{Markup, html};

use super::{
    button::Button,
    data, dialog,
    field::{Choice, Field, group, radio_card, switch},
    icon::{Icon, icon},
    leads::Moment,
    notice::{Banner, Tone},
};

/// The card. Its form carries `enabled` = `on`, `statuses` (several), `at`, `strategy`, `password`.
#[derive(Debug, Clone)]
pub struct JobCard {
    /// `assignment`: what its ids begin with.
    pub id: &'static str,
    /// `Auto lead assignment`.
    pub title: String,
    /// What it does, in a sentence.
    pub sentence: String,
    /// The address of the page; the line of the last run listens to the event `run`.
    pub href: String,
    /// Whether the schedule runs it.
    pub enabled: bool,
    /// The statuses it takes leads from.
    pub statuses: Vec<Choice>,
    /// When it runs: `09:00`.
    pub at: String,
    /// The zone that time is in, beside the field.
    pub zone: String,
    /// The strategies: value and title in the choice, and the sentence that explains it. Empty where there is no choice.
    pub strategies: Vec<(Choice, String)>,
    /// Further fields: hours of rest, the oldest first.
    pub more: Vec<Field>,
    /// Under the fields: a switch, or what the settings mean today.
    pub below: Option<Markup>,
    /// Where saving goes; none where the role may look only.
    pub save: Option<String>,
    /// The page of the preview.
    pub preview: Option<String>,
    /// The page that asks before it runs now.
    pub run_now: Option<String>,
    /// What is wrong with the settings.
    pub refused: Option<String>,
    /// What is wrong with the password.
    pub password_refused: Option<String>,
    /// How the last run went.
    pub last: LastRun,
    /// `Next run: tomorrow, 09:00 IST.`
    pub next: Option<String>,
}

/// The last run, in all its forms. The sentences are made by the domain.
#[derive(Debug, Clone)]
pub enum LastRun {
    /// There was none.
    Never {
        /// `Never run.`
        sentence: String,
    },
    /// One is in progress.
    Running {
        /// `Running since 09:00 IST.`
        sentence: String,
        /// The page of the run.
        href: Option<String>,
        /// How far it is, where that is known.
        bar: Option<Bar>,
        /// The page that asks before it cancels.
        cancel: Option<String>,
    },
    /// Somebody cancelled it.
    Cancelled {
        /// Who, and that no lead was changed.
        sentence: String,
        /// The page of the run.
        href: Option<String>,
    },
    /// It failed.
    Failed {
        /// Why, and that no lead was changed.
        sentence: String,
        /// The page of the run.
        href: Option<String>,
    },
    /// It is done.
    Done {
        /// `Last run: 2026-05-11 09:00 IST — 42 leads assigned across 6 agents, 3 unassigned (agents at cap).`
        sentence: String,
        /// What the sentence leaves out.
        second: Option<String>,
        /// The page of the run.
        href: Option<String>,
    },
}

/// The line of the last run.
pub fn last_run(last: &LastRun) -> Markup {
    let (state, shown, sentence, second, href) = match last {
        LastRun::Never { sentence } => ("never", Icon::Clock, sentence, None, None),
        LastRun::Running { sentence, href, .. } => ("running", Icon::Play, sentence, None, href.as_ref()),
        LastRun::Cancelled { sentence, href } => ("cancelled", Icon::Failed, sentence, None, href.as_ref()),
        LastRun::Failed { sentence, href } => ("failed", Icon::Failed, sentence, None, href.as_ref()),
        LastRun::Done { sentence, second, href } => {
            ("done", Icon::Done, sentence, second.as_ref(), href.as_ref())
        }
    };
    html! {
        div.last-run data-state=(state) role="status" {
            (icon(shown))
            div {
                p { @match href { Some(href) => a href=(href) { (sentence) }, None => (sentence) } }
                @if let Some(second) = second { p.second { (second) } }
                @if let LastRun::Running { bar, cancel, .. } = last {
                    @if let Some(bar) = bar { (bar.drawn()) }
                    @if let Some(href) = cancel { div.actions { (Button::danger("Cancel").small().shows(&**href)) } }
                }
            }
        }
    }
}

/// How far a run is.
#[derive(Debug, Clone)]
pub struct Bar {
    /// `Moving 12000 leads`
    pub words: String,
    /// From 0 to 100.
    pub percent: i64,
}

impl Bar {
    fn drawn(&self) -> Markup {
        data::progress(&self.words, self.percent, Some(100), &format!("{} %", self.percent))
    }
}

/// A run in progress, on its page: the region `#run`, which asks again while it runs.
#[derive(Debug, Clone)]
pub struct Running {
    /// Its page.
    pub href: String,
    /// `Running since 2026-05-11 09:00 IST.`
    pub sentence: String,
    /// How far it is, if this process does it.
    pub bar: Option<Bar>,
    /// The form that cancels it; none: it is asked to stop already, or is not this person's to cancel.
    pub cancel: Option<String>,
}

/// What stands in the card of a run in progress.
pub fn running(running: &Running) -> Markup {
    html! {
        // News may pass by before the page listens, and those of another node have no steps: while it runs it is also
        // asked for.
        div.running hx-get=(running.href) hx-trigger="every 1s" hx-target="#run" hx-select="#run" hx-swap="outerMorph" {
            p.sentence role="status" { (running.sentence) }
            @if let Some(bar) = &running.bar { (bar.drawn()) }
        }
        p.hint { "You can leave this page; the run goes on." }
        @if let Some(action) = &running.cancel {
            form method="post" action=(action) { div.actions { (Button::danger("Cancel")) } }
        }
    }
}

/// The page that asks before a run is cancelled: also shown in the dialog.
pub fn cancel_page(sentence: &str, action: &str, back: &str) -> Markup {
    let content = html! { p { (sentence) } p { "It stops at once, and no lead is changed." } };
    html! {
        div #dialog-body .dialog-body {
            header { h1 #dialog-title { "Cancel this run?" } }
            form method="post" action=(action) {
                div.content { (content) }
                footer.actions { a.button data-weight="plain" href=(back) data-closes { "Let it go on" } (Button::danger("Cancel the run")) }
            }
        }
    }
}

/// The card, the region `#job`.
pub fn job_card(card: &JobCard) -> Markup {
    let disabled = card.save.is_none();
    let of = |part: &str| format!("{}-{part}", card.id);
    let (title, last, password) = (of("title"), of("last-run"), of("password"));
    html! {
        section.card.job #(card.id) aria-labelledby=(title) {
            form method="post" action=[card.save.as_ref()] {
                header { div { h2 #(title) { (card.title) } p { (card.sentence) } } (switch("enabled", "Run every day", card.enabled, None)) }
                // Only the line is swapped when a run begins or ends: what is being typed into the form stays.
                div #(last) data-live=(if matches!(card.last, LastRun::Running { .. }) { "hello run" } else { "run" }) hx-get=(card.href) hx-trigger="live" hx-target="this" hx-select={ "#" (last) } hx-swap="outerMorph" {
                    (last_run(&card.last))
                    @if let Some(next) = &card.next { p.next { (next) } }
                }
                @if let Some(refused) = &card.refused { (Banner::new(Tone::Error, refused.as_str())) }
                fieldset.plain disabled[disabled] {
                    (group("Takes leads in these statuses", None, None, &html! {
                        div.ticks {
                            @for status in &card.statuses {
                                label.tick { input type="checkbox" name="statuses" value=(status.value) checked[status.chosen]; span { (status.label) } }
                            }
                        }
                    }))
                    div.fields {
                        (Field::time("at", "Runs every day at").id(of("at")).value(&*card.at).hint(&*card.zone).required())
                        @for field in &card.more { (field) }
                    }
                    @if !card.strategies.is_empty() {
                        (group("Deals them out", None, None, &html! {
                            div.radio-cards { @for (choice, sentence) in &card.strategies { (radio_card("strategy", &choice.value, &choice.label, sentence, choice.chosen)) } }
                        }))
                    }
                    @if let Some(below) = &card.below { (below) }
                }
                footer.actions {
                    @if let Some(href) = &card.preview { (Button::plain("Preview").shows(&**href)) }
                    @if let Some(href) = &card.run_now { (Button::plain("Run Now").icon(Icon::Play).shows(&**href)) }
                    @if card.save.is_some() { span.push {} (Button::primary("Save").opens(&*password)) }
                }
                @if card.save.is_some() {
                    (dialog::inline(&password, "Save with your password", &html! {
                        p { "Settings of jobs decide who gets which leads, so saving asks for your own password." }
                        (Field::password("password", "Your password").id(of("own-password")).error(card.password_refused.as_deref()).required())
                    }, &html! { (Button::plain("Cancel").closes()) (Button::primary("Save")) }))
                }
            }
        }
    }
}

/// A run in the history.
#[derive(Debug, Clone)]
pub struct RunRow {
    /// Its page.
    pub href: String,
    /// When it started.
    pub at: Moment,
    /// Which job: `Auto lead assignment`.
    pub job: String,
    /// Who or what started it: `Schedule`, `Asha Rao`.
    pub by: String,
    /// What it did, in a sentence, or why it failed.
    pub sentence: String,
    /// Leads given to an agent, or changed.
    pub leads: String,
    /// Agents who got at least one.
    pub agents: String,
    /// Leads of the pool that nobody owned afterwards.
    pub left_over: String,
    /// `0.3 s`; none while it runs.
    pub took: Option<String>,
    /// What there is to know of its state: `running`, `failed`, `undone`. None: it is done.
    pub state: Option<(Tone, &'static str)>,
}

/// The history of the runs.
pub fn run_table(rows: &[RunRow]) -> Markup {
    let number = |class: &str, label: &str, value: &str| {
        html! { td.number.(class) data-label=(label) data-zero[value == "0"] { (value) } }
    };
    html! {
        div.table-frame {
            table.table.run-table {
                caption.hidden { "Runs" }
                thead {
                    tr {
                        th scope="col" { "Run" } th scope="col" { "What it did" } th.number scope="col" { "Leads" } th.number scope="col" { "Agents" }
                        th.number scope="col" { "Left over" } th.number scope="col" { "Took" } th.number scope="col" { "When" }
                    }
                }
                tbody {
                    @for row in rows {
                        tr data-row {
                            th.job scope="row" { a href=(row.href) data-row-link { (row.job) } small { (row.by) } }
                            td.did {
                                @if let Some((tone, state)) = row.state { span.badge data-tone=[(tone == Tone::Warning).then_some("warning")] { (state) } " " }
                                (row.sentence)
                            }
                            (number("leads-of", "Leads", &row.leads))
                            (number("agents-of", "Agents", &row.agents))
                            (number("left-over", "Left over", &row.left_over))
                            (number("took", "Took", row.took.as_deref().unwrap_or("–")))
                            td.when.number { span.whole { (row.at.whole) " " } small { (row.at.show()) } }
                        }
                    }
                }
            }
        }
    }
}

/// A line of the dealing: one agent before and after.
#[derive(Debug, Clone)]
pub struct AgentBar {
    /// Their name.
    pub name: String,
    /// Leads held before.
    pub held: i64,
    /// The cap; none is no limit.
    pub cap: Option<i64>,
    /// Leads they get.
    pub gets: i64,
    /// Leads that go elsewhere.
    pub gives: i64,
    /// Leads held after.
    pub after: i64,
}

impl From<&AgentLine> for AgentBar {
    fn from(line: &AgentLine) -> AgentBar {
        AgentBar {
            name: line.name.clone(),
            held: line.held,
            cap: line.cap,
            gets: line.got,
            gives: line.gave(),
            after: line.after,
        }
    }
}

/// Held, gets and after for each agent, all bars on one scale. The mark on a bar is the cap.
pub fn agent_bars(agents: &[AgentBar]) -> Markup {
    let most = agents
        .iter()
        .flat_map(|agent| [agent.after, agent.held, agent.cap.unwrap_or(0)])
        .max()
        .unwrap_or(0)
        .max(1);
    let at = |leads: i64| leads * 1000 / most;
    html! {
        div.table-frame {
            table.table.agent-bars {
                caption.hidden { "Queues before and after" }
                thead {
                    tr { th scope="col" { "Agent" } th.number scope="col" { "Held" } th.number scope="col" { "Gets" } th.number scope="col" { "After" } th.number scope="col" { "Cap" } th.bar { span.hidden { "Drawn" } } }
                }
                tbody {
                    @for agent in agents {
                        @let stays = agent.after - agent.gets;
                        tr {
                            th scope="row" { (super::chip::person(Some(&agent.name))) }
                            td.number data-label="Held" { (agent.held) }
                            td.number.gets data-label="Gets" {
                                @if agent.gets > 0 { "+" (agent.gets) } @else if agent.gives == 0 { span.nobody { "0" } }
                                @if agent.gives > 0 { span.gives { " −" (agent.gives) } }
                            }
                            td.number data-label="After" { strong { (agent.after) } }
                            td.number data-label="Cap" { @match agent.cap { Some(cap) => (cap), None => span title="no cap" { "∞" } } }
                            td.bar aria-hidden="true" {
                                svg viewBox="0 0 1000 10" preserveAspectRatio="none" {
                                    rect.track width="1000" height="10" {}
                                    rect.held width=(at(stays.max(0))) height="10" {}
                                    rect.gets x=(at(stays.max(0))) width=(at(agent.gets)) height="10" {}
                                    @if let Some(cap) = agent.cap { rect.cap x=((at(cap) - 4).max(0)) width="4" height="10" {} }
                                }
                            }
                        }
                    }
                }
            }
        }
        p.legend { span data-part="held" { "held" } span data-part="gets" { "gets" } span data-part="cap" { "cap" } }
    }
}

/// What a run would do now, or did: for the dialog and the page of the preview, and for the record of a run.
#[derive(Debug, Clone)]
pub struct Dealing {
    /// `Preview: 42 leads would go to 6 agents, 3 would stay unassigned (agents at cap).`
    pub sentence: String,
    /// What the sentence leaves out.
    pub second: Option<String>,
    /// The agents.
    pub agents: Vec<AgentBar>,
    /// `Fairness check passed`, where there is a certificate.
    pub fair: bool,
    /// What the preview went by, for the run that follows it.
    pub basis: Option<String>,
}

/// The sentence, the second line and the bars.
pub fn dealing(dealing: &Dealing) -> Markup {
    html! {
        div.dealing {
            p.sentence { (dealing.sentence) }
            @if let Some(second) = &dealing.second { p.second { (second) } }
            @if dealing.fair { p.fair { (icon(Icon::Done)) "Fairness check passed" } }
            @if !dealing.agents.is_empty() { (agent_bars(&dealing.agents)) }
            @if let Some(basis) = &dealing.basis { input type="hidden" name="preview" value=(basis); }
        }
    }
}

/// The page *Preview*: also shown in the dialog.
pub fn preview_page(shown: &Dealing, back: &str) -> Markup {
    dialog::body(
        "If it ran now",
        &dealing(shown),
        &html! { a.button data-weight="plain" href=(back) data-closes { "Close" } },
    )
}

/// The page that asks before *Run Now*: also shown in the dialog.
pub fn run_now_page(shown: &Dealing, action: &str, back: &str) -> Markup {
    dialog::confirm("Run now?", action, &dealing(shown), &Button::primary("Run now").icon(Icon::Play), back)
}
