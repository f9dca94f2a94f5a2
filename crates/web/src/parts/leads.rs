//! The Leads page: chips, filters, the table and the bar over it. All of it is one region, `#leads`.

use maud::{Markup, html};

use super::{
    button::Button,
    chip::{Status, chip, dot, doubtful, person, tag},
    data::{Pager, pager},
    field::{Choice, checkbox},
    icon::{Icon, icon},
    notice::Empty,
    picker::{AgentPicker, agent_picker},
};

/// Everything of the region.
#[derive(Debug, Clone)]
pub struct LeadList {
    /// The address of the region as it is: filter, sort and page. Live updates ask for it again.
    pub href: String,
    /// The names of the events that make it ask again, such as `leads`.
    pub live: String,
    /// The chips with their counts.
    pub chips: Vec<StatusChip>,
    /// Search and filters.
    pub filters: Filters,
    /// The table; its rows may be none.
    pub table: LeadTable,
    /// What can be done with ticked leads; none where the role may do nothing.
    pub bulk: Option<BulkBar>,
    /// The way to the other pages.
    pub pager: Pager,
    /// What is said where no lead matches.
    pub empty: Empty,
}

/// The region `#leads`.
pub fn lead_list(list: &LeadList) -> Markup {
    html! {
        // One request at a time: what a person asks for replaces a renewal, which would bring the list back as it was.
        section.leads #leads aria-label="Leads" data-live=(list.live) hx-get=(list.href) hx-trigger="live"
            hx-sync="this:drop" hx-sync:inherited="#leads:replace"
            hx-boost:inherited="true" hx-target:inherited="#leads" hx-select:inherited="#leads"
            hx-select-oob:inherited="#toasts:beforeend" hx-swap:inherited="outerMorph show:none" {
            (status_chips(&list.chips))
            (filters(&list.filters))
            @if list.table.rows.is_empty() {
                (list.empty)
            } @else {
                (lead_table(&list.table, list.bulk.as_ref()))
            }
            (pager(&list.pager))
        }
    }
}

/// A chip of the row over the table.
#[derive(Debug, Clone)]
pub struct StatusChip {
    /// The status; none for *All*.
    pub status: Option<Status>,
    /// How many leads have it under the other filters: `412`, `1,000+`.
    pub count: String,
    /// The list with this status chosen, or without it where it is the chosen one.
    pub href: String,
    /// Whether it is the chosen one.
    pub current: bool,
}

/// The statuses with their counts.
pub fn status_chips(chips: &[StatusChip]) -> Markup {
    html! {
        nav.status-chips aria-label="Statuses" {
            @for one in chips {
                a #{ "chip-" (one.status.as_ref().map_or(0, |status| status.id)) } href=(one.href) aria-current=[one.current.then_some("true")] {
                    @match &one.status { Some(status) => { (dot(status)) (status.name) }, None => "All" }
                    span.count { (one.count) }
                }
            }
        }
    }
}

/// A filter that is a list to choose from; its first choice means *any* and has an empty value.
#[derive(Debug, Clone)]
pub struct FilterField {
    /// The name in the address.
    pub name: String,
    /// What it filters by.
    pub label: String,
    /// The choices, the chosen one marked.
    pub choices: Vec<Choice>,
}

/// A filter that is on.
#[derive(Debug, Clone)]
pub struct Pill {
    /// What it filters by: `Owner`.
    pub label: String,
    /// What it lets through: `Priya Nair`.
    pub value: String,
    /// The list without it.
    pub without: String,
}

/// Search and filters: one form of method GET, so that every filtered list has an address.
#[derive(Debug, Clone)]
pub struct Filters {
    /// Where the list is.
    pub action: String,
    /// What was searched for.
    pub search: String,
    /// Fields the form carries along: the chosen status, the sort.
    pub hidden: Vec<(String, String)>,
    /// The lists to choose from.
    pub fields: Vec<FilterField>,
    /// Whether only doubtful numbers and e-mails are let through (`doubtful=on`).
    pub doubtful: bool,
    /// The filters that are on.
    pub pills: Vec<Pill>,
    /// The list without any.
    pub clear: String,
}

/// The form of the filters, and the filters that are on.
pub fn filters(filters: &Filters) -> Markup {
    html! {
        form.filters method="get" action=(filters.action) role="search" data-sparse hx-replace-url="true" hx-sync="#leads:replace"
            hx-trigger=r#"submit, input changed delay:150ms from:"find .search", change target:.filter"# {
            @for (name, value) in &filters.hidden { input type="hidden" name=(name) value=(value); }
            div.search-box {
                (icon(Icon::Search))
                input.search #search type="search" name="q" value=(filters.search) placeholder="Name, phone or e-mail" aria-label="Search leads"
                    autocomplete="off" spellcheck="false" maxlength="100";
                kbd.needs-script { "/" }
            }
            details.popover data-popover {
                summary.button data-weight="plain" {
                    (icon(Icon::Filter)) span { "Filter" }
                    @if !filters.pills.is_empty() { span.count { (filters.pills.len()) } }
                }
                div.pop.filter-fields {
                    @for field in &filters.fields {
                        div.field {
                            label for={ "filter-" (field.name) } { (field.label) }
                            select.filter #{ "filter-" (field.name) } name=(field.name) {
                                @for choice in &field.choices { option value=(choice.value) selected[choice.chosen] { (choice.label) } }
                            }
                        }
                    }
                    label.tick { input.filter type="checkbox" name="doubtful" value="on" checked[filters.doubtful]; span { "Doubtful number or e-mail" } }
                    div.actions { a.button data-weight="quiet" href=(filters.clear) { "Clear all" } (Button::primary("Show")) }
                }
            }
            @for pill in &filters.pills {
                a.pill href=(pill.without) title={ "Without the filter " (pill.label) } {
                    span { (pill.label) } strong { (pill.value) } (icon(Icon::Close))
                }
            }
            @if filters.pills.len() > 1 { a.button.small data-weight="quiet" href=(filters.clear) { "Clear all" } }
        }
    }
}

/// The heading of a column that the list can be sorted by.
#[derive(Debug, Clone)]
pub struct SortLink {
    /// The list sorted by it; the other way round where it is sorted by it already.
    pub href: String,
    /// `Some(true)`: sorted by it, rising; `Some(false)`: falling; none: sorted by another.
    pub rising: Option<bool>,
}

/// A lead in the table.
#[derive(Debug, Clone)]
pub struct LeadRow {
    /// Its id.
    pub id: i64,
    /// Its version, which a write on it names (R24).
    pub version: i64,
    /// The address of its panel.
    pub href: String,
    /// First and last name.
    pub name: String,
    /// The number as people read it.
    pub phone: String,
    /// The number as a telephone reads it: `+14155550123`.
    pub phone_link: String,
    /// Whether the number could be wrong.
    pub phone_doubtful: bool,
    /// Its status.
    pub status: Status,
    /// Its tags.
    pub tags: Vec<String>,
    /// Who owns it.
    pub owner: Option<String>,
    /// Where it came from.
    pub source: Option<String>,
    /// How long it has been here: `3 d`, with the machine's form and the whole date.
    pub age: Moment,
    /// When something last happened to it.
    pub activity: Moment,
    /// Whether its panel is open.
    pub open: bool,
}

/// A moment in a table: short to read, exact on asking.
#[derive(Debug, Clone)]
pub struct Moment {
    /// `2026-05-11T09:00:00+05:30`.
    pub machine: String,
    /// `3 d`, `09:00`.
    pub short: String,
    /// `Mon 11 May 2026, 09:00 IST`.
    pub whole: String,
}

impl Moment {
    /// The `time` element.
    pub fn show(&self) -> Markup {
        super::chip::time(&self.machine, &self.short, &self.whole)
    }
}

/// The table.
#[derive(Debug, Clone)]
pub struct LeadTable {
    /// The leads of this page.
    pub rows: Vec<LeadRow>,
    /// Sorting by name.
    pub by_name: SortLink,
    /// Sorting by age.
    pub by_age: SortLink,
    /// Sorting by last activity.
    pub by_activity: SortLink,
    /// Whether the Owner column is shown; an agent's own list needs none.
    pub owners: bool,
}

fn sortable(label: &str, link: &SortLink, class: &str) -> Markup {
    let order = link.rising.map(|rising| if rising { "ascending" } else { "descending" });
    html! {
        th class=(class) scope="col" aria-sort=[order] {
            a href=(link.href) {
                (label) @if let Some(rising) = link.rising { (icon(if rising { Icon::Up } else { Icon::Down })) }
            }
        }
    }
}

/// The table in its form, with the bar of what can be done with the ticked leads. A row carries `lead` = `id:version`.
pub fn lead_table(table: &LeadTable, bulk: Option<&BulkBar>) -> Markup {
    html! {
        form.lead-form #lead-form method="post" data-selection hx-replace-url="true" {
            // Enter in one of the bar's fields would press the first button of the form, whichever that field is for. A
            // first button that cannot be pressed stops that.
            button disabled hidden {}
            div.table-frame {
                table.table.lead-table {
                    caption.hidden { "Leads" }
                    thead {
                        tr {
                            @if bulk.is_some() {
                                th.box scope="col" { input.needs-script type="checkbox" data-ticks-all aria-label="Tick all leads on this page"; }
                            }
                            (sortable("Name", &table.by_name, "name"))
                            th.phone scope="col" { "Phone" }
                            th.status scope="col" { "Status" }
                            th.tags scope="col" { "Tags" }
                            @if table.owners { th.owner scope="col" { "Owner" } }
                            th.source scope="col" { "Source" }
                            (sortable("Age", &table.by_age, "age number"))
                            (sortable("Activity", &table.by_activity, "activity number"))
                        }
                    }
                    tbody hx-sync:inherited="#panel:replace" hx-target:inherited="#panel" hx-select:inherited="#panel" hx-swap:inherited="outerHTML show:none" {
                        @for row in &table.rows { (lead_row(row, bulk.is_some(), table.owners)) }
                    }
                }
            }
            @if let Some(bulk) = bulk { (bulk_bar(bulk)) }
        }
    }
}

fn lead_row(row: &LeadRow, ticks: bool, owners: bool) -> Markup {
    html! {
        tr #{ "lead-" (row.id) } data-row data-id=(row.id) data-version=(row.version) aria-current=[row.open.then_some("true")] {
            @if ticks { td.box { input type="checkbox" name="lead" value={ (row.id) ":" (row.version) } aria-label={ "Tick " (row.name) }; } }
            th.name scope="row" { a href=(row.href) data-row-link { (row.name) } }
            td.phone { a href={ "tel:" (row.phone_link) } { (row.phone) } @if row.phone_doubtful { (doubtful("This number may not exist")) } }
            td.status { (chip(&row.status)) }
            td.tags { @for name in row.tags.iter().take(3) { (tag(name)) } @if row.tags.len() > 3 { span.tag title=(row.tags[3..].join(", ")) { "+" (row.tags.len() - 3) } } }
            @if owners { td.owner { (person(row.owner.as_deref())) } }
            td.source { @if let Some(source) = &row.source { (source) } }
            td.age.number { (row.age.show()) }
            td.activity.number { (row.activity.show()) }
        }
    }
}

/// What can be done with ticked leads. Every button sends the form of the table to an address of its own.
#[derive(Debug, Clone)]
pub struct BulkBar {
    /// All that match, where there are more than this page shows.
    pub all: Option<AllThatMatch>,
    /// *Assign to*: carries `agent`.
    pub assign: Option<BulkAgents>,
    /// *Spread evenly*: carries `agents`, and `exceed_caps` = `on`.
    pub spread: Option<BulkAgents>,
    /// *Set status*: carries `status`.
    pub set_status: Option<(String, Vec<Choice>)>,
    /// *Add tag*: carries `tag`, with the known tags as proposals.
    pub add_tag: Option<(String, Vec<String>)>,
}

/// The filter instead of ticked rows (R22, R24).
#[derive(Debug, Clone)]
pub struct AllThatMatch {
    /// How many match: `12,431`, `1,000+`.
    pub count: String,
    /// What the form carries with `all` = `on`: the filter, the count that was shown, its moment.
    pub fields: Vec<(String, String)>,
}

/// Agents to give leads to.
#[derive(Debug, Clone)]
pub struct BulkAgents {
    /// Where the form goes.
    pub action: String,
    /// Who may be chosen.
    pub picker: AgentPicker,
}

/// The bar over the table while something is ticked; without scripting it stands under the table.
pub fn bulk_bar(bulk: &BulkBar) -> Markup {
    html! {
        div.bulk #bulk role="region" aria-label="Ticked leads" {
            span.ticked.needs-script { strong data-ticked { "0" } " ticked" }
            @if let Some(all) = &bulk.all {
                @for (name, value) in &all.fields { input type="hidden" name=(name) value=(value); }
                label.tick.all { input type="checkbox" name="all" value="on" data-all data-count=(all.count); span { "All " strong { (all.count) } " that match" } }
            }
            span.stale.needs-script role="status" { "The list has changed since." }
            div.doings {
                @if let Some(assign) = &bulk.assign {
                    (bulk_popover("Assign to", Icon::Assign, Some("a"), &html! {
                        (agent_picker(&assign.picker))
                        (checkbox("exceed_cap", "on", "Exceed the cap", false))
                        div.actions { (Button::primary("Assign").action(&*assign.action)) }
                    }))
                }
                @if let Some(spread) = &bulk.spread {
                    (bulk_popover("Spread evenly", Icon::Spread, None, &html! {
                        p.hint { "Over the agents you choose; nobody goes above the cap." }
                        (agent_picker(&spread.picker))
                        (checkbox("exceed_caps", "on", "Exceed caps", false))
                        div.actions { (Button::primary("Spread").action(&*spread.action)) }
                    }))
                }
                @if let Some((action, choices)) = &bulk.set_status {
                    (bulk_popover("Set status", Icon::Edit, None, &html! {
                        div.field {
                            label for="bulk-status" { "Status" }
                            select #bulk-status name="status" { @for choice in choices { option value=(choice.value) { (choice.label) } } }
                        }
                        div.actions { (Button::primary("Set").action(&**action)) }
                    }))
                }
                @if let Some((action, known)) = &bulk.add_tag {
                    (bulk_popover("Add tag", Icon::Tag, None, &html! {
                        div.field {
                            label for="bulk-tag" { "Tag" }
                            input #bulk-tag name="tag" list="bulk-tags" maxlength=(domain::lead_file::TAG_CHARS_MAX) autocomplete="off";
                            datalist #bulk-tags { @for name in known { option value=(name) {} } }
                        }
                        div.actions { (Button::primary("Add").action(&**action)) }
                    }))
                }
            }
            button.button.small.only-icon.needs-script data-weight="quiet" type="button" data-unticks aria-label="Untick all" title="Untick all" { (icon(Icon::Close)) }
        }
    }
}

fn bulk_popover(label: &str, shown: Icon, key: Option<&'static str>, content: &Markup) -> Markup {
    html! {
        details.popover.up data-popover name="bulk" {
            summary.button data-weight="quiet" data-key=[key] { (icon(shown)) span { (label) } @if let Some(key) = key { kbd { (key) } } }
            div.pop { (content) }
        }
    }
}
