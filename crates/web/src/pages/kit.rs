//! `/kit`: every part in every state, and whole pages made of them, with people who do not exist. It is the guide to the
//! look, what browser tests audit, and what one opens after touching a style.

use axum::{
    Router,
    extract::{Path, Query},
    response::{IntoResponse, Response},
    routing::get,
};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use crate::parts::{
    Banner, Button, Choice, Empty, Field, Icon, Kind, Meter, Shell, Status, Toast, Tone,
    agent::{self, Dashboard, Figure, Task, TaskList, TaskSection},
    avatar, bare,
    chip::{badge, chip, doubtful, person, tag},
    data::{self, Column, Pager, Tab},
    dialog, field, icon,
    import::{self, MappedColumn, Outcome, PastImport, RowProblem},
    job::{self, AgentBar, Dealing, JobCard, LastRun, RunRow},
    lead_panel::{self, Conflict, Entry, LeadPanel, OverCap, PanelTag},
    leads::{
        self, AllThatMatch, BulkAgents, BulkBar, FilterField, Filters, LeadList, LeadRow, LeadTable, Moment,
        Pill, SortLink, StatusChip,
    },
    page,
    picker::{AgentOption, AgentPicker, Choose, agent_picker},
    shell::{NavItem, Theme, UserMenu, split},
    sign_in::{self, CompanyChoice, SignIn},
    users::{self, Ban, SessionRow, UserForm, UserRow},
    why::{self, Beside, Why},
};

/// What the address may say: `?theme=dark`.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    theme: Option<String>,
}

/// The routes of the kit.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/kit", get(parts_page)).route("/kit/{page}", get(sample_page))
}

/// The names of the sample pages under `/kit/`, each with what it is.
pub const SAMPLES: [(&str, &str); 19] = [
    ("leads", "Leads"),
    ("leads-open", "Leads, one of them open"),
    ("leads-empty", "Leads, none"),
    ("lead", "A lead by itself"),
    ("lead-conflict", "A lead that somebody else changed"),
    ("import", "Add leads: a file"),
    ("import-preview", "Add leads: how the file reads"),
    ("import-running", "Add leads: in progress"),
    ("import-done", "Add leads: the result"),
    ("single", "Add leads: one"),
    ("job", "Auto lead assignment"),
    ("preview", "Preview of a run"),
    ("why", "Why this agent"),
    ("users", "Users"),
    ("user", "A user"),
    ("tasks", "Tasks"),
    ("dashboard", "Dashboard of an agent"),
    ("sign-in", "Sign-in, company, first run"),
    ("failure", "What went wrong"),
];

async fn parts_page(Query(asked): Query<Asked>) -> Markup {
    kit(theme(&asked))
}

async fn sample_page(Path(name): Path<String>, Query(asked): Query<Asked>) -> Response {
    match sample(&name, theme(&asked)) {
        Some(page) => page.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn theme(asked: &Asked) -> Theme {
    Theme::from_word(asked.theme.as_deref().unwrap_or_default())
}

/// The page of the parts.
pub fn kit(theme: Theme) -> Markup {
    page(
        &shell("Kit", "Kit", theme, Vec::new()),
        &html! {
            (data::heading("Kit", Some("Every part in every state."), &html! {}))
            div.kit {
                (section("Pages", &html! { ul.kit-links { @for (name, what) in SAMPLES { li { a href={ "/kit/" (name) } { (what) } } } } }))
                (section("Buttons", &buttons()))
                (section("Icons", &html! { @for shown in Icon::ALL { span title=(shown.name()) { (icon(*shown)) } } }))
                (section("Statuses, tags, people", &chips()))
                (section("Queues", &html! {
                    @for (held, cap) in [(12, Some(40)), (40, Some(40)), (43, Some(40)), (17, None), (0, Some(0)), (0, Some(25)), (1_204, Some(2_000))] { (Meter { held, cap }) }
                }))
                (section("Fields", &fields()))
                (section("Choosing agents", &html! { (agent_picker(&picker("kit-one", "agent", Choose::One))) (agent_picker(&picker("kit-several", "agents", Choose::Several))) }))
                (section("Banners", &html! {
                    @for (tone, text) in TONES { (Banner::new(tone, text)) }
                }))
                (section("Toasts", &html! { @for (tone, text) in TONES { (Toast::new(tone, text).undo("/kit")) } }))
                (section("An empty place", &nothing()))
                (section("Tabs, segments, pages", &html! {
                    (data::tabs("Example of tabs", &[tab("All", true, Some("25")), tab("Banned", false, Some("2"))]))
                    (data::segmented("Example of segments", &[tab("Today", true, None), tab("Week", false, None), tab("Month", false, None)]))
                    (data::pager(&Pager { shown: "50 of 5,000 leads".into(), first: Some("/kit".into()), before: Some("/kit".into()), after: Some("/kit".into()) }))
                }))
                (section("Progress", &html! { (data::progress("Importing", 3_000, Some(5_033), "3,000 of 5,033 rows")) (data::progress("Reading", 0, None, "reading the file")) }))
                (section("A table and terms", &html! {
                    (data::table("Branches", &[Column::text("Branch"), Column::number("Agents"), Column::number("Leads")], &[
                        vec![html! { "Pune" }, html! { "12" }, html! { "2,310" }], vec![html! { "Kochi" }, html! { "8" }, html! { "1,544" }],
                    ]))
                    (data::terms(&[("Zone".into(), html! { "Asia/Kolkata" }), ("Working days".into(), html! { "Monday to Friday" })]))
                }))
                (section("Menu and dialog", &html! {
                    (dialog::menu(&html! { "More" (icon(Icon::Down)) }, "More", &[
                        dialog::Entry { label: "Download".into(), icon: Some(Icon::Download), href: "/kit".into(), posts: false, danger: false },
                        dialog::Entry { label: "Undo this run".into(), icon: Some(Icon::Undo), href: "/kit".into(), posts: true, danger: true },
                    ]))
                    (Button::plain("Preview").shows("/kit/preview"))
                    (Button::plain("Keyboard").opens("keyboard-help"))
                }))
                (section("The history of the runs", &job::run_table(&run_rows())))
                (section("The last run", &html! { @for last in last_runs() { (job::last_run(&last)) } }))
                (section("Queues before and after", &job::agent_bars(&agent_bars())))
            }
        },
    )
}

/// A whole page made of the parts.
#[expect(clippy::too_many_lines, reason = "one table: a name and its page")]
pub fn sample(name: &str, theme: Theme) -> Option<Markup> {
    let within =
        |title: &str, nav: &str, main: Markup| Some(page(&shell(title, nav, theme, Vec::new()), &main));
    match name {
        "leads" => {
            let toasts = vec![
                Toast::new(
                    Tone::Success,
                    "12 leads assigned to Priya Nair, 2 skipped (changed by somebody else).",
                )
                .undo("/kit"),
            ];
            Some(page(&shell("Leads", "Leads", theme, toasts), &split(&leads_main(lead_rows(None)), None)))
        }
        "leads-open" => within(
            "Leads",
            "Leads",
            split(&leads_main(lead_rows(Some(4_107))), Some(&lead_panel::panel(&lead()))),
        ),
        "leads-empty" => within("Leads", "Leads", split(&leads_main(Vec::new()), None)),
        "lead" => within("Rohan Kulkarni", "Leads", lead_panel::panel(&lead())),
        "lead-conflict" => within("Rohan Kulkarni", "Leads", lead_panel::panel(&lead_in_trouble())),
        "import" => within(
            "Add leads",
            "Leads",
            html! {
                (data::heading("Add leads", None, &html! {})) (import::tabs("/kit/import", "/kit/single", true))
                (import::upload("/kit", "50 MB", None)) (import::past(&past_imports()))
            },
        ),
        "import-preview" => within(
            "Add leads",
            "Leads",
            html! {
                (data::heading("Add leads", None, &html! {})) (import::tabs("/kit/import", "/kit/single", true)) (import::preview(&import_preview()))
            },
        ),
        "import-running" => within(
            "Add leads",
            "Leads",
            html! { (data::heading("Import", None, &html! {})) (import::progress(&import::Progress { outcome: None, ..import_done() })) },
        ),
        "import-done" => within(
            "Add leads",
            "Leads",
            html! { (data::heading("Import", None, &html! {})) (import::progress(&import_done())) },
        ),
        "single" => within(
            "Add leads",
            "Leads",
            html! {
                (data::heading("Add leads", None, &html! {})) (import::tabs("/kit/import", "/kit/single", false))
                (import::single("/kit", &[
                    Field::text("first_name", "First name").value("Meera").required(), Field::text("last_name", "Last name"),
                    Field::phone("phone", "Phone").value("98201").error(Some("98201 is too short for a number in India.")).required(),
                    Field::email("email", "E-mail"), Field::select("source", "Source", vec![Choice::new("", "None", true), Choice::new("1", "Web form", false)]),
                    Field::lines("note", "Note", 3),
                ], Some(("Meera Joshi", "/kit/lead")), "/kit/leads"))
            },
        ),
        "job" => within(
            "Configurations",
            "Settings",
            html! { (data::heading("Configurations", None, &html! {})) (job::job_card(&job_card())) },
        ),
        "why" => within("Why Priya Nair?", "Leads", why::why(&why_shown())),
        "preview" => within("Preview", "Settings", job::run_now_page(&dealing(), "/kit", "/kit/job")),
        "users" => within(
            "Users",
            "Users",
            html! {
                (data::heading("Users", Some("25 people, 19 of whom receive leads."), &html! { (Button::primary("Add user").icon(Icon::Plus).href("/kit/user")) }))
                (users::user_table(&user_rows()))
            },
        ),
        "user" => within(
            "Priya Nair",
            "Users",
            html! {
                (data::heading("Priya Nair", Some("Agent in Pune, since 4 March 2026"), &html! {}))
                (users::user_form(&user_form())) (users::sessions(&sessions(), Some("/kit")))
            },
        ),
        "tasks" => within(
            "Tasks",
            "Tasks",
            split(
                &html! { (data::heading("Tasks", None, &html! {})) (agent::task_list(&task_list())) },
                None,
            ),
        ),
        "dashboard" => within("Dashboard", "Dashboard", split(&agent::dashboard(&dashboard()), None)),
        "sign-in" => Some(bare(
            "Sign in",
            theme,
            &html! {
                (sign_in::sign_in(&SignIn { action: "/kit".into(), email: "asha@northwind.example".into(), next: None, refused: Some("E-mail or password is wrong.".into()), notice: None }))
                (sign_in::choose_company("/kit", &[
                    CompanyChoice { value: "1".into(), name: "Northwind Homes".into(), role: Some("Manager".into()) },
                    CompanyChoice { value: "2".into(), name: "Northwind Finance".into(), role: Some("Agent".into()) },
                ], &[]))
                (sign_in::first_run("/kit", &[
                    Field::text("token", "Token").hint("Printed where the server was started.").required(), Field::text("company", "Company").required(),
                    Field::select("country", "Country", vec![Choice::new("IN", "India", true)]), Field::text("zone", "Time zone").value("Asia/Kolkata"),
                    Field::text("name", "Your name").autocomplete("name").required(), Field::email("email", "Your e-mail").id("first-email").required(),
                    Field::password("password", "Password").id("first-password").autocomplete("new-password").hint("At least 10 characters.").required(),
                ], None))
            },
        )),
        "failure" => Some(bare(
            "Not found",
            theme,
            &sign_in::failure(
                "There is no such lead",
                "It may have been given to somebody else, or the address is wrong.",
                &[Button::primary("Go to Leads").href("/kit/leads")],
            ),
        )),
        _ => None,
    }
}

fn section(title: &str, content: &Markup) -> Markup {
    html! { section.kit-section { h2 { (title) } div.kit-shown { (content) } } }
}

const TONES: [(Tone, &str); 4] = [
    (Tone::Info, "A run is in progress; this page follows it."),
    (Tone::Success, "4,990 leads imported, 31 skipped (duplicate), 12 errors."),
    (Tone::Warning, "Priya Nair holds 40, the cap is 40."),
    (Tone::Error, "The file has no column for the phone. Map one, or add it to the file."),
];

fn shell(title: &str, current: &str, theme: Theme, toasts: Vec<Toast>) -> Shell {
    let item = |label: &str, icon, href: &str, count: Option<&str>, group: Option<&str>| NavItem {
        label: label.into(),
        icon,
        href: href.into(),
        current: label == current,
        count: count.map(str::to_owned),
        group: group.map(str::to_owned),
    };
    Shell {
        title: title.into(),
        company: "Northwind Homes".into(),
        nav: vec![
            item("Dashboard", Icon::Dashboard, "/kit/dashboard", None, None),
            item("Leads", Icon::Leads, "/kit/leads", Some("5,000"), None),
            item("Tasks", Icon::Tasks, "/kit/tasks", Some("31"), None),
            item("Runs", Icon::Runs, "/kit/preview", None, None),
            item("Users", Icon::Users, "/kit/users", None, Some("Company")),
            item("Settings", Icon::Settings, "/kit/job", None, None),
            item("Kit", Icon::Departments, "/kit", None, None),
        ],
        user: UserMenu {
            name: "Asha Rao".into(),
            role: "Manager".into(),
            sign_out: "/kit".into(),
            account: Some("/kit/user".into()),
            theme: "/kit".into(),
        },
        live: None,
        theme,
        toasts,
    }
}

fn buttons() -> Markup {
    html! {
        (Button::primary("Save")) (Button::plain("Preview")) (Button::quiet("Cancel")) (Button::danger("Ban this user").icon(Icon::Ban))
        (Button::primary("Saving").busy(true)) (Button::plain("Not now").disabled(true)) (Button::quiet("Filter").only_icon(Icon::Filter))
        (Button::plain("Small").small()) (Button::plain("Assign to").icon(Icon::Assign).key("a").inert()) (Button::quiet("A link").href("/kit"))
    }
}

fn chips() -> Markup {
    html! {
        @for status in statuses() { (chip(&status)) }
        (tag("hot")) (tag("site visit")) (badge("banned since 11 May")) (doubtful("This number may not exist"))
        (avatar("Asha Rao")) (avatar("Łukasz")) (avatar("李 娜")) (person(Some("Priya Nair"))) (person(None))
    }
}

fn fields() -> Markup {
    html! {
        div.fields {
            (Field::text("kit-name", "Name").value("Asha Rao").required())
            (Field::email("kit-email", "E-mail").hint("Also the name to sign in with."))
            (Field::password("kit-password", "Password").error(Some("That is not your password.")))
            (Field::number("kit-cap", "Lead cap", 0, 100_000).value("40").hint("Blank is no limit; 0 means nothing automatic."))
            (Field::time("kit-at", "Time").value("09:00"))
            (Field::date("kit-date", "Banned from").value("2026-05-11"))
            (Field::select("kit-role", "Role", vec![Choice::new("1", "Manager", false), Choice::new("2", "Agent", true)]))
            (Field::text("kit-off", "Cannot be changed").value("Asia/Kolkata").disabled(true))
            (Field::lines("kit-note", "Note", 2).placeholder("Add a note"))
        }
        (Field::file("kit-file", "A CSV file", ".csv"))
        (field::group("Takes leads in these statuses", Some("Only open ones can be chosen."), Some("Choose at least one."), &html! {
            div.ticks { (field::checkbox("kit-s", "1", "Unassigned", true)) (field::checkbox("kit-s", "2", "Not Picked", false)) }
        }))
        (field::switch("kit-on", "Run every day", true, Some("at 09:00"))) (field::switch("kit-other", "Run every day", false, None))
        div.radio-cards { (field::radio_card("kit-r", "1", "Equal new leads", "Everybody gets the same number of new leads.", true)) (field::radio_card("kit-r", "2", "Level queues", "Queues end as level as possible.", false)) }
    }
}

fn nothing() -> Markup {
    html! { (Empty { icon: Icon::Leads, title: "No lead matches".into(), next: "Take a filter away, or search for less.".into(), actions: vec![Button::plain("Clear filters").href("/kit")] }) }
}

fn tab(label: &str, current: bool, count: Option<&str>) -> Tab {
    Tab { label: label.into(), href: "/kit".into(), current, count: count.map(str::to_owned) }
}

fn statuses() -> Vec<Status> {
    let of = |name: &str| match name {
        "Unassigned" => Kind::Unassigned,
        "Not Interested" | "Wrong Number" => Kind::Closed,
        "Customer" => Kind::Won,
        _ => Kind::Open,
    };
    let names = [
        "Unassigned",
        "Assigned",
        "Followups",
        "Interested",
        "Not Interested",
        "Busy",
        "Not Picked",
        "Missed",
        "Wrong Number",
        "Customer",
    ];
    (0..)
        .zip(names)
        .map(|(place, name)| Status {
            id: place + 1,
            name: name.into(),
            kind: of(name),
            place: place as usize,
        })
        .collect()
}

fn moment(short: &str) -> Moment {
    Moment {
        machine: "2026-05-11T09:00:00+05:30".into(),
        short: short.into(),
        whole: "Monday, 11 May 2026, 09:00 IST".into(),
    }
}

fn agents() -> Vec<AgentOption> {
    let all = [
        ("Priya Nair", 38, Some(40), "Pune"),
        ("Arjun Mehta", 40, Some(40), "Pune"),
        ("Sara Thomas", 12, Some(40), "Kochi"),
        ("Vikram Singh", 43, Some(40), "Pune"),
        ("Neha Gupta", 21, None, "Kochi"),
        ("Imran Shaikh", 0, Some(0), "Pune"),
        ("Divya Krishnan", 7, Some(25), "Kochi"),
        ("Karan Patel", 25, Some(40), "Pune"),
    ];
    (1..)
        .zip(all)
        .map(|(id, (name, held, cap, place))| AgentOption {
            id,
            name: name.into(),
            place: Some(place.into()),
            meter: Meter { held, cap },
            chosen: id == 3,
        })
        .collect()
}

fn picker(id: &str, name: &str, choose: Choose) -> AgentPicker {
    AgentPicker { id: id.into(), name: name.into(), choose, agents: agents(), search: None }
}

fn lead_rows(open: Option<i64>) -> Vec<LeadRow> {
    let people = [
        (
            "Rohan Kulkarni",
            "+91 98200 12345",
            1,
            Some("Priya Nair"),
            "Web form",
            "4 h",
            "12 min",
            &["hot", "3 BHK"][..],
        ),
        ("Meera Joshi", "+91 98670 55501", 0, None, "Fair 2026", "5 h", "5 h", &[][..]),
        (
            "Sandeep Bhattacharya-Mukhopadhyay",
            "+91 90040 55017",
            2,
            Some("Arjun Mehta"),
            "Web form",
            "6 h",
            "40 min",
            &["site visit"][..],
        ),
        (
            "Fatima Sheikh",
            "+1 415 555 0123",
            5,
            Some("Sara Thomas"),
            "Referral",
            "1 d",
            "3 h",
            &["NRI", "hot", "loan", "2 BHK"][..],
        ),
        ("Anil Kumar", "+91 99300 55560", 6, Some("Vikram Singh"), "Fair 2026", "1 d", "6 h", &[][..]),
        (
            "Lakshmi Raman",
            "+91 98840 55512",
            3,
            Some("Divya Krishnan"),
            "Portal",
            "2 d",
            "1 d",
            &["villa"][..],
        ),
        ("Joseph Mathew", "+91 94470 55533", 7, Some("Neha Gupta"), "Portal", "2 d", "1 d", &[][..]),
        ("Zoya Khan", "+91 97690 55578", 4, Some("Karan Patel"), "Web form", "3 d", "2 d", &[][..]),
        ("Peter D’Souza", "+91 98210 55545", 0, None, "Portal", "3 d", "3 d", &["3 BHK"][..]),
        ("Harpreet Kaur", "+91 98150 55599", 8, Some("Priya Nair"), "Fair 2026", "4 d", "3 d", &[][..]),
        ("Ganesh Iyer", "+91 98400 55521", 1, Some("Sara Thomas"), "Referral", "5 d", "4 d", &["loan"][..]),
        ("Ayesha Siddiqui", "+91 90290 55586", 2, Some("Arjun Mehta"), "Web form", "6 d", "2 d", &[][..]),
    ];
    let statuses = statuses();
    (0..28)
        .map(|index| {
            let (name, phone, status, owner, source, age, activity, tags) =
                people[index as usize % people.len()];
            let id = 4_107 - index;
            LeadRow {
                id,
                version: 3,
                href: "/kit/leads-open".into(),
                name: name.into(),
                phone: phone.into(),
                phone_link: phone.replace(' ', ""),
                phone_doubtful: index % 11 == 4,
                status: statuses[status].clone(),
                tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
                owner: owner.map(str::to_owned),
                source: Some(source.into()),
                age: moment(age),
                activity: moment(activity),
                open: open == Some(id),
            }
        })
        .collect()
}

fn leads_main(rows: Vec<LeadRow>) -> Markup {
    let none = rows.is_empty();
    let counts = ["412", "1,208", "334", "287", "611", "190", "845", "302", "77", "734"];
    let all = StatusChip { status: None, count: "5,000".into(), href: "/kit/leads".into(), current: true };
    let chips = statuses().into_iter().zip(counts).map(|(status, count)| StatusChip {
        status: Some(status),
        count: count.into(),
        href: "/kit/leads".into(),
        current: false,
    });
    let any = |label: &str, chosen: &str| {
        vec![Choice::new("", "Any", chosen.is_empty()), Choice::new("1", label, !chosen.is_empty())]
    };
    let sort = |rising| SortLink { href: "/kit/leads".into(), rising };
    let list = LeadList {
        href: "/kit/leads".into(),
        live: "leads".into(),
        chips: std::iter::once(all).chain(chips).collect(),
        filters: Filters {
            action: "/kit/leads".into(),
            search: if none { "zzz".into() } else { String::new() },
            hidden: Vec::new(),
            fields: ["Owner", "Tag", "Source", "Branch", "Created", "Last activity"]
                .map(|label| FilterField { name: label.to_lowercase().replace(' ', "_"), label: label.into(), choices: any("One of them", "") })
                .into(),
            doubtful: false,
            pills: vec![
                Pill { label: "Source".into(), value: "Web form".into(), without: "/kit/leads".into() },
                Pill { label: "Created".into(), value: "this week".into(), without: "/kit/leads".into() },
            ],
            clear: "/kit/leads".into(),
        },
        table: LeadTable { rows, by_name: sort(None), by_age: sort(Some(false)), by_activity: sort(None), owners: true },
        bulk: Some(BulkBar {
            all: Some(AllThatMatch { count: "5,000".into(), fields: vec![("matching".into(), "5000".into())] }),
            assign: Some(BulkAgents { action: "/kit".into(), picker: picker("bulk-assign", "agent", Choose::One) }),
            spread: Some(BulkAgents { action: "/kit".into(), picker: picker("bulk-spread", "agents", Choose::Several) }),
            set_status: Some(("/kit".into(), status_choices(2))),
            add_tag: Some(("/kit".into(), vec!["hot".into(), "loan".into()])),
        }),
        pager: Pager { shown: "28 of 5,000 leads".into(), first: None, before: None, after: Some("/kit/leads".into()) },
        empty: Empty {
            icon: Icon::Search,
            title: "No lead matches “zzz”".into(),
            next: "Search goes by the beginning of a name or an e-mail, and by any end of a number. Take a filter away, or search for less.".into(),
            actions: vec![Button::plain("Clear search and filters").href("/kit/leads")],
        },
    };
    html! {
        (data::heading("Leads", None, &html! { (Button::plain("Run Now").icon(Icon::Play).shows("/kit/preview")) (Button::primary("Add leads").icon(Icon::Plus).href("/kit/import")) }))
        (leads::lead_list(&list))
    }
}

fn status_choices(chosen: usize) -> Vec<Choice> {
    statuses()
        .into_iter()
        .map(|status| Choice::new(status.id.to_string(), status.name, status.place == chosen))
        .collect()
}

fn lead() -> LeadPanel {
    let entry = |icon, what: &str, at: &str| Entry {
        icon,
        what: what.into(),
        names: ["Priya Nair", "Asha Rao"].map(str::to_owned).into(),
        text: None,
        at: moment(at),
        why: None,
        link: None,
    };
    LeadPanel {
        id: 4_107,
        version: 3,
        href: "/kit/leads-open".into(),
        back: "/kit/leads".into(),
        name: "Rohan Kulkarni".into(),
        phone: "+91 98200 12345".into(),
        phone_link: "+919820012345".into(),
        phone_doubtful: true,
        email: Some("rohan.kulkarni@post.example".into()),
        email_doubtful: false,
        status: statuses()[1].clone(),
        set_status: Some(("/kit".into(), status_choices(1))),
        owner: Some("Priya Nair".into()),
        owner_meter: Some(Meter { held: 38, cap: Some(40) }),
        why_nobody: None,
        assign: Some(("/kit".into(), picker("panel-assign", "agent", Choose::One))),
        unassign: Some("/kit".into()),
        tags: vec![
            PanelTag { name: "hot".into(), remove: Some("/kit".into()) },
            PanelTag { name: "3 BHK".into(), remove: Some("/kit".into()) },
        ],
        add_tag: Some(("/kit".into(), vec!["loan".into()])),
        edit: Some("/kit/preview".into()),
        fields: vec![
            ("Source".into(), "Web form".into()),
            ("Branch".into(), "Pune".into()),
            ("Came in".into(), "Monday, 11 May 2026, 09:00".into()),
        ],
        details: vec![("Budget".into(), "80–95 lakh".into()), ("Campaign".into(), "monsoon-26-b".into())],
        add_note: Some("/kit".into()),
        note_refused: None,
        conflict: None,
        over_cap: None,
        timeline: vec![
            Entry {
                text: Some("Wants to see the corner flat on Saturday. Call before ten.".into()),
                ..entry(Icon::Note, "Note by Priya Nair", "12 min")
            },
            entry(Icon::Edit, "Status Missed → Interested by Asha Rao", "1 h"),
            Entry {
                why: Some(("Why me?".into(), "/kit/why".into())),
                link: Some(("Show the run".into(), "/kit/preview".into())),
                ..entry(
                    Icon::Runs,
                    "Assigned to Priya Nair by the run of 09:00; Unassigned → Assigned",
                    "2 h",
                )
            },
            entry(Icon::Tag, "Tagged hot by Asha Rao", "3 h"),
            entry(Icon::Import, "Imported as Unassigned", "4 h"),
        ],
        more: Some("/kit".into()),
    }
}

fn lead_in_trouble() -> LeadPanel {
    LeadPanel {
        conflict: Some(Conflict {
            refused: "The lead was not assigned to Sara Thomas.".into(),
            changes: vec![
                "Vikram Singh assigned it to Arjun Mehta, 2 minutes ago.".into(),
                "Vikram Singh set the status to Followups, 2 minutes ago.".into(),
            ],
        }),
        over_cap: Some(OverCap {
            agent: "Arjun Mehta".into(),
            agent_id: 2,
            meter: Meter { held: 40, cap: Some(40) },
            after: 41,
            action: "/kit".into(),
        }),
        note_refused: Some(("A note has at most 4,000 characters.".into(), "Wants to see …".into())),
        owner: None,
        owner_meter: None,
        why_nobody: Some("/kit/why".into()),
        email_doubtful: true,
        ..lead()
    }
}

fn import_preview() -> import::Preview {
    let column = |header: &str, field: &str, becomes: &str, samples: [&str; 3]| MappedColumn {
        header: header.into(),
        field: field.into(),
        choices: ["First name", "Last name", "Phone", "E-mail", "Source", "Status", "Details", "Leave out"]
            .map(|name| Choice::new(name, name, name == becomes))
            .into(),
        samples: samples.map(str::to_owned).into(),
    };
    import::Preview {
        file_name: "messy-excel.csv".into(),
        reading: "5,033 rows, separated by semicolons, Windows-1252".into(),
        numbers: "4,812 India, 190 United States, 31 doubtful".into(),
        columns: vec![
            column("Vorname", "column-0", "First name", ["Rohan", "Meera", "Sandeep"]),
            column("Surname ", "column-1", "Last name", ["Kulkarni", "Joshi", "Bhattacharya"]),
            column("MOBILE NO.", "column-2", "Phone", ["98200 12345", "098670-55501", "+91 90040 55017"]),
            column("Budget", "column-3", "Details", ["80–95 lakh", "", "1.2 cr"]),
        ],
        problems: vec![
            RowProblem { line: 118, why: "first name is missing".into() },
            RowProblem { line: 240, why: "98201 is too short for a number in India".into() },
        ],
        problems_told: Some("12 rows will not be imported".into()),
        refused: None,
        for_all: vec![
            Field::select(
                "branch",
                "Branch",
                vec![Choice::new("", "None", true), Choice::new("1", "Pune", false)],
            ),
            Field::text("tags", "Tags").placeholder("fair, pune"),
        ],
        keep_details: true,
        action: "/kit".into(),
        again: "/kit".into(),
        cancel: "/kit/import".into(),
        button: "Import up to 5,021 leads".into(),
    }
}

fn import_done() -> import::Progress {
    import::Progress {
        id: 12,
        href: "/kit/import-done".into(),
        file_name: "messy-excel.csv".into(),
        done: 3_000,
        rows: Some(5_033),
        numbers: "3,000 of 5,033 rows".into(),
        cancel: Some("/kit".into()),
        outcome: Some(Outcome {
            tone: Tone::Success,
            sentence: "4,990 leads imported, 31 skipped (duplicate), 12 errors.".into(),
            errors: Some("/kit".into()),
            leads: Some("/kit/leads".into()),
            undo: Some("/kit".into()),
        }),
    }
}

fn past_imports() -> Vec<PastImport> {
    [("fair-2026.csv", "2 d"), ("portal-april.csv", "12 d")]
        .map(|(file_name, at)| PastImport {
            file_name: file_name.into(),
            href: "/kit/import-done".into(),
            who: "Asha Rao".into(),
            at: moment(at),
            sentence: "1,204 leads imported, 88 skipped (duplicate), 3 errors.".into(),
            errors: Some("/kit".into()),
            may_undo: true,
        })
        .into()
}

fn agent_bars() -> Vec<AgentBar> {
    [
        ("Priya Nair", 38, Some(40), 2, 0),
        ("Arjun Mehta", 40, Some(40), 0, 3),
        ("Sara Thomas", 12, Some(40), 14, 0),
        ("Vikram Singh", 43, Some(40), 0, 0),
        ("Neha Gupta", 21, None, 14, 1),
        ("Divya Krishnan", 7, Some(25), 14, 0),
    ]
    .map(|(name, held, cap, gets, gives)| AgentBar {
        name: name.into(),
        held,
        cap,
        gets,
        gives,
        after: held + gets - gives,
    })
    .into()
}

fn dealing() -> Dealing {
    Dealing {
        sentence: "Preview: 44 leads would go to 4 agents, 3 would stay unassigned (agents at cap).".into(),
        second: Some("40 kept (nobody else had room); 75 not considered (60 follow-up, 15 banned).".into()),
        agents: agent_bars(),
        fair: true,
        basis: None,
    }
}

fn why_shown() -> Why {
    let beside = |name: &str, held, room, gets, verdict: &str| Beside {
        name: name.into(),
        held,
        room,
        gets,
        gives: 0,
        after: held + i64::from(gets),
        verdict: verdict.into(),
        chosen: verdict == "got it",
    };
    Why {
        title: "Why Priya Nair?".into(),
        lead: "Rohan Kulkarni".into(),
        by: Some(("the run of 2026-05-11 09:00 IST".into(), Some("/kit/preview".into()))),
        paragraph: "Priya Nair had the shortest queue of the 3 who may have it and had room: 24 before this one, against 25 and more. One was at the cap; one is not in branch Pune.".into(),
        beside: vec![
            beside("Priya Nair", 11, Some(29), 14, "got it"),
            beside("Asha Rao", 12, None, 13, "25 leads against 24"),
            beside("Neha Gupta", 21, Some(19), 6, "27 leads against 24"),
            beside("Arjun Mehta", 40, Some(0), 0, "at cap 40"),
            beside("Divya Krishnan", 7, Some(18), 14, "not in branch Pune"),
        ],
        more: 4,
        back: "/kit/lead".into(),
    }
}

fn run_rows() -> Vec<RunRow> {
    let row = |job: &str, by: &str, sentence: &str, state| RunRow {
        href: "/kit".into(),
        at: moment("2 h"),
        job: job.into(),
        by: by.into(),
        sentence: sentence.into(),
        leads: "42".into(),
        agents: "6".into(),
        left_over: "0".into(),
        took: Some("0.3 s".into()),
        state,
    };
    vec![
        RunRow {
            took: None,
            ..row(
                "Auto lead assignment",
                "Schedule",
                "Running since 09:00 IST.",
                Some((Tone::Info, "running")),
            )
        },
        row("Auto lead assignment", "Schedule", "42 leads assigned across 6 agents.", None),
        row("Bulk change", "Asha Rao", "42 leads assigned to Priya Nair.", Some((Tone::Info, "undone"))),
        row(
            "Auto lead assignment",
            "Asha Rao",
            "Failed: the database was away.",
            Some((Tone::Warning, "failed")),
        ),
    ]
}

fn last_runs() -> Vec<LastRun> {
    vec![
        LastRun::Never { sentence: "Never run.".into() },
        LastRun::Running {
            sentence: "Running since 2026-05-11 09:00 IST.".into(),
            href: Some("/kit/preview".into()),
            bar: Some(job::Bar { words: "Moving 12000 leads".into(), percent: 40 }),
            cancel: Some("/kit".into()),
        },
        LastRun::Cancelled {
            sentence: "Last run: 2026-05-11 09:00 IST — cancelled by Nora. No lead was changed.".into(),
            href: Some("/kit/preview".into()),
        },
        LastRun::Failed { sentence: "Last run: 2026-05-11 09:00 IST — failed: the node that ran it stopped. No lead was changed.".into(), href: Some("/kit/preview".into()) },
        LastRun::Done {
            sentence: "Last run: 2026-05-11 09:00 IST — 42 leads assigned across 6 agents, 3 unassigned (agents at cap).".into(),
            second: Some("40 kept (nobody else had room); 75 not considered (60 follow-up, 15 banned).".into()),
            href: Some("/kit/preview".into()),
        },
    ]
}

fn job_card() -> JobCard {
    JobCard {
        id: "assignment",
        title: "Auto lead assignment".into(),
        sentence: "Deals the leads of the chosen statuses out to the agents who have room, once a day."
            .into(),
        href: "/kit/job".into(),
        enabled: true,
        statuses: statuses()
            .into_iter()
            .filter(|status| matches!(status.kind, Kind::Open | Kind::Unassigned) && status.place != 1)
            .map(|status| {
                Choice::new(status.id.to_string(), status.name, status.place == 0 || status.place == 6)
            })
            .collect(),
        at: "09:00".into(),
        zone: "Company time, Asia/Kolkata".into(),
        strategies: vec![
            (
                Choice::new("equal", "Equal new leads", true),
                "Everybody gets as many new leads as everybody else, as far as their room allows.".into(),
            ),
            (
                Choice::new("level", "Level queues", false),
                "Who holds least gets most, until all queues are as long as each other.".into(),
            ),
        ],
        more: vec![
            Field::number("rest_hours", "Hours between attempts", 0, 720)
                .value("20")
                .hint("Before an owned lead is dealt again."),
        ],
        below: Some(field::switch(
            "instant",
            "Assign at once",
            false,
            Some("A lead that comes in goes to somebody the moment it is there."),
        )),
        save: Some("/kit".into()),
        preview: Some("/kit/preview".into()),
        run_now: Some("/kit/preview".into()),
        refused: None,
        password_refused: None,
        last: last_runs().remove(3),
        next: Some("Next run: tomorrow, 09:00 IST.".into()),
    }
}

fn user_rows() -> Vec<UserRow> {
    agents()
        .into_iter()
        .enumerate()
        .map(|(index, agent)| UserRow {
            href: "/kit/user".into(),
            email: format!("{}@northwind.example", agent.name.to_lowercase().replace(' ', ".")),
            name: agent.name,
            role: if index == 7 { "Manager".into() } else { "Agent".into() },
            branch: agent.place,
            department: (index % 2 == 0).then(|| "Sales".to_owned()),
            meter: (index != 7).then_some(agent.meter),
            banned: (index == 5).then(|| "banned since 11 May".to_owned()),
            seen: (index != 6).then(|| moment("4 h")),
        })
        .collect()
}

fn user_form() -> UserForm {
    UserForm {
        action: "/kit".into(),
        fields: vec![
            Field::text("name", "Name").value("Priya Nair").required(),
            Field::email("email", "E-mail").value("priya.nair@northwind.example").required(),
            Field::select("role", "Role", vec![Choice::new("2", "Agent", true)]),
            Field::select("branch", "Branch", vec![Choice::new("1", "Pune", true)]),
            Field::select("department", "Department", vec![Choice::new("", "None", true)]),
            Field::number("cap", "Lead cap", 0, 100_000)
                .value("40")
                .hint("Blank is no limit; 0 means nothing automatic."),
        ],
        button: "Save".into(),
        cancel: "/kit/users".into(),
        ban: Some(Ban { action: "/kit".into(), since: None }),
    }
}

fn sessions() -> Vec<SessionRow> {
    [("Firefox on Linux", true), ("Safari on iPhone", false)]
        .map(|(browser, this)| SessionRow {
            browser: browser.into(),
            seen: moment("2 min"),
            since: moment("3 d"),
            this,
            end: "/kit".into(),
        })
        .into()
}

fn tasks() -> Vec<Task> {
    lead_rows(None)
        .into_iter()
        .map(|row| Task {
            id: row.id,
            href: "/kit/lead".into(),
            name: row.name,
            phone: row.phone,
            phone_link: row.phone_link,
            phone_doubtful: row.phone_doubtful,
            status: row.status,
            tags: row.tags,
            source: row.source,
            at: row.age,
            open: false,
        })
        .collect()
}

fn task_list() -> TaskList {
    let mut tasks = tasks().into_iter();
    TaskList {
        href: "/kit/tasks".into(),
        meter: Meter { held: 31, cap: Some(40) },
        sections: vec![
            TaskSection {
                title: "New".into(),
                count: "4".into(),
                tasks: tasks.by_ref().take(4).collect(),
                mixed: false,
                more: None,
            },
            TaskSection {
                title: "The rest".into(),
                count: "27".into(),
                tasks: tasks.take(8).collect(),
                mixed: true,
                more: Some("/kit/tasks".into()),
            },
        ],
        empty: Empty {
            icon: Icon::Tasks,
            title: "Nothing to call".into(),
            next: "New leads appear here by themselves.".into(),
            actions: Vec::new(),
        },
    }
}

fn dashboard() -> Dashboard {
    let figure = |label: &str, number: &str, note: Option<&str>, pressing| Figure {
        label: label.into(),
        number: number.into(),
        href: Some("/kit/tasks".into()),
        note: note.map(str::to_owned),
        pressing,
    };
    Dashboard {
        href: "/kit/dashboard".into(),
        greeting: "Good morning, Priya".into(),
        meter: Meter { held: 31, cap: Some(40) },
        figures: vec![
            figure("New since yesterday", "14", Some("dealt at 09:00"), false),
            figure("Never called", "9", Some("the oldest waits 2 days"), true),
            figure("In your queue", "31", None, false),
        ],
        arrived: tasks().into_iter().take(5).collect(),
        empty: Empty {
            icon: Icon::Bell,
            title: "Nothing new".into(),
            next: "What is given to you appears here at once.".into(),
            actions: Vec::new(),
        },
        tasks: "/kit/tasks".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Every opening tag of a page, with its attributes.
    fn tags(page: &str) -> impl Iterator<Item = &str> {
        page.split('<')
            .skip(1)
            .filter(|tag| !tag.starts_with(['/', '!']))
            .filter_map(|tag| tag.split('>').next())
    }

    fn attribute<'tag>(tag: &'tag str, name: &str) -> Option<&'tag str> {
        tag.split_once(&format!(" {name}=\""))?.1.split('"').next()
    }

    fn pages() -> impl Iterator<Item = (&'static str, String)> {
        let parts = ("kit", kit(Theme::Dark).into_string());
        let samples = SAMPLES
            .iter()
            .map(|(name, _)| (*name, sample(name, Theme::System).expect("a sample page").into_string()));
        std::iter::once(parts).chain(samples)
    }

    #[test]
    fn no_page_needs_what_its_policy_refuses() {
        for (name, page) in pages() {
            for tag in tags(&page) {
                assert!(attribute(tag, "style").is_none(), "{name}: <{tag}>");
                // Outside the quotes are the names.
                let handler = tag
                    .split('"')
                    .step_by(2)
                    .flat_map(str::split_whitespace)
                    .find(|word| word.starts_with("on"));
                assert_eq!(handler, None, "{name}: <{tag}>");
                assert!(!tag.contains("\"js:") && !tag.contains("hx-on"), "{name}: <{tag}>");
                assert!(!tag.starts_with("script") || attribute(tag, "src").is_some(), "{name}: <{tag}>");
                assert!(!tag.starts_with("style"), "{name}: <{tag}>");
            }
        }
    }

    #[test]
    fn ids_are_unique_and_what_is_referred_to_is_there() {
        for (name, page) in pages() {
            let ids: Vec<&str> = tags(&page).filter_map(|tag| attribute(tag, "id")).collect();
            let known: HashSet<&str> = ids.iter().copied().collect();
            let twice: Vec<&str> = known
                .iter()
                .copied()
                .filter(|id| ids.iter().filter(|other| *other == id).count() > 1)
                .collect();
            assert_eq!(twice, Vec::<&str>::new(), "{name}");
            for tag in tags(&page) {
                for reference in ["for", "aria-describedby", "list", "data-opens", "data-narrows"] {
                    for id in attribute(tag, reference).into_iter().flat_map(str::split_whitespace) {
                        assert!(known.contains(id), "{name}: {reference}={id} in <{tag}>");
                    }
                }
            }
        }
    }

    #[test]
    fn every_control_has_a_name_that_is_heard() {
        for (name, page) in pages() {
            let labelled: HashSet<&str> = tags(&page)
                .filter(|tag| tag.starts_with("label"))
                .filter_map(|tag| attribute(tag, "for"))
                .collect();
            for (at, control) in page.match_indices(['<']).map(|(at, _)| (at, &page[at + 1..])) {
                let tag = control.split('>').next().unwrap_or_default();
                let is_control =
                    tag.starts_with("input") || tag.starts_with("select") || tag.starts_with("textarea");
                if !is_control || attribute(tag, "type") == Some("hidden") {
                    continue;
                }
                let before = &page[..at];
                let inside_label =
                    before.rfind("<label").is_some_and(|open| before[open..].find("</label").is_none());
                let named = inside_label
                    || attribute(tag, "aria-label").is_some()
                    || attribute(tag, "id").is_some_and(|id| labelled.contains(id));
                assert!(named, "{name}: <{tag}>");
            }
        }
    }

    #[test]
    fn what_people_typed_cannot_become_html() {
        let evil = "<img src=x onerror=alert(1)>\"'&";
        let row = LeadRow {
            name: evil.into(),
            tags: vec![evil.into()],
            owner: Some(evil.into()),
            ..lead_rows(None).remove(0)
        };
        let page = leads_main(vec![row]).into_string();
        assert!(!page.contains("<img"));
        let shown = lead_panel::panel(&LeadPanel {
            name: evil.into(),
            details: vec![(evil.into(), evil.into())],
            ..lead()
        });
        assert!(!shown.into_string().contains("<img"));
    }
}
