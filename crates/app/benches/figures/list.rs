//! A page of 50 leads in a company with many leads and in one with few: every filter with every sort, other
//! combinations, deep pages, searches, and what goes beside them (chips, counts).

use crate::{
    data::{self, Size},
    place::{Bench, Place},
    table::Table,
};
use anyhow::{Context, Result, ensure};
use domain::{
    ids::{BranchId, CompanyId, LeadId, SourceId, StatusId, TagId, UserId},
    lead_list::{Cursor, Doubtful, Filter, Owner, Place as CursorPlace, Search, Shelf, Sort, Span},
    phone::Country,
    time::Moment,
    viewer::Sight,
};
use std::time::{Duration, Instant};
use store::{
    Store,
    dialect::Engine,
    labels::{self, Label},
    lists, statuses, users,
};

const ROWS: i64 = 50;
pub const MANY: Size = Size { leads: 1_000_000, unassigned: 200_000, agents: 1_000, cap: 1_200 };
const FEW: Size = Size { leads: 10_000, unassigned: 2_000, agents: 10, cap: 1_200 };

/// What is asked for on both sizes.
struct Case {
    name: String,
    most_ms: f64,
    /// Whether the page may take 1.3 times what it takes with few leads, and no more.
    flat: bool,
    calls: Vec<(Filter, Sort, Sight, Option<Cursor>)>,
}

/// Every case on both sizes.
pub async fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> Result<()> {
    let few = times_of(bench, engine, FEW).await?;
    let many = times_of(bench, engine, MANY).await?;
    for ((case, few), (_, many)) in few.iter().zip(&many) {
        let ratio = many / few;
        let kept = *many <= case.most_ms && (!case.flat || ratio <= 1.3);
        let flat = if case.flat { ", ≤ 1.3 ×" } else { "" };
        let claim = (format!("≤ {} ms{flat}", case.most_ms), kept);
        let told = format!("{many:.3} ms; of 10,000 leads {few:.3} ms; {ratio:.2} ×");
        table.alone(&format!("50 of 1,000,000 leads, {}", case.name), engine, told, Some(claim));
    }
    let worst = many.iter().filter(|(case, _)| !case.flat).max_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((case, ms)) = worst {
        table.alone(
            "the worst of the other combinations",
            engine,
            format!("{ms:.1} ms: {}", case.name),
            None,
        );
    }
    Ok(())
}

/// The median of each case, in milliseconds.
async fn times_of(bench: &Bench, engine: Engine, size: Size) -> Result<Vec<(Case, f64)>> {
    let place: Place = data::build(bench, engine, "list", size).await?;
    let store = place.open().await?;
    let company = data::known(&store).await?.company.id;
    let mut all = Vec::new();
    for case in cases(&store, company, size).await? {
        let mut times = Vec::new();
        let begun = Instant::now();
        for round in 0.. {
            for (filter, sort, sight, behind) in &case.calls {
                let started = Instant::now();
                let mut reader = store.read().await?;
                let page =
                    lists::page(reader.session(), company, filter, *sort, *sight, behind.as_ref(), ROWS)
                        .await?;
                drop(reader);
                if round > 0 {
                    times.push(started.elapsed());
                }
                let full = case.flat && filter.shelf == Shelf::All && size.leads == MANY.leads;
                ensure!(!full || !page.lines.is_empty(), "{}: an empty page", case.name);
            }
            if round >= 2 && (times.len() >= 300 || begun.elapsed() > Duration::from_millis(400)) {
                break;
            }
        }
        times.sort_unstable();
        let median = times[times.len() / 2].as_secs_f64() * 1e3;
        all.push((case, median));
    }
    for (name, ms) in beside(&store, company).await? {
        let case = Case { name, most_ms: 300.0, flat: false, calls: Vec::new() };
        all.push((case, ms));
    }
    Ok(all)
}

/// What can be chosen in the company.
struct Choice {
    statuses: Vec<StatusId>,
    owners: Vec<UserId>,
    tags: Vec<i64>,
    sources: Vec<i64>,
    branches: Vec<i64>,
}

const SORTS: [Sort; 3] = [Sort::Newest, Sort::LastActivity, Sort::Name];

async fn cases(store: &Store, company: CompanyId, size: Size) -> Result<Vec<Case>> {
    let mut reader = store.read().await?;
    let session = reader.session();
    let statuses = statuses::list(session, company).await?.iter().map(|status| status.id).collect();
    let members = users::members(session, company).await?;
    let receivers = members.iter().filter(|member| member.is_receiver());
    let choice = Choice {
        statuses,
        owners: receivers.map(|member| member.id).collect(),
        tags: some(store, company, Label::Tag).await?,
        sources: some(store, company, Label::Source).await?,
        branches: some(store, company, Label::Branch).await?,
    };
    drop(reader);
    let mut cases = pairs(&choice);
    cases.push(deep(size));
    let branch = members.iter().find_map(|member| member.branch);
    sights(branch, choice.owners[0], &mut cases);
    searches(&mut cases)?;
    combinations(&choice, size, &mut cases);
    Ok(cases)
}

async fn some(store: &Store, company: CompanyId, label: Label) -> Result<Vec<i64>> {
    let all = labels::list(store.read().await?.session(), company, label, 4).await?;
    Ok(all.into_iter().map(|(id, _)| id).collect())
}

/// The pairs of filter and sort that must be quick.
fn pairs(choice: &Choice) -> Vec<Case> {
    let none = Filter::default;
    let owners = (0..8).map(|n| choice.owners[n * 7_919 % choice.owners.len()]);
    let filters: Vec<(&str, Vec<Filter>)> = vec![
        ("any", vec![none()]),
        ("status", choice.statuses.iter().map(|id| Filter { status: Some(*id), ..none() }).collect()),
        ("owner", owners.map(|id| Filter { owner: Some(Owner::User(id)), ..none() }).collect()),
        ("nobody", vec![Filter { owner: Some(Owner::Nobody), ..none() }]),
        ("tag", choice.tags.iter().map(|id| Filter { tag: Some(TagId(*id)), ..none() }).collect()),
        (
            "source",
            choice.sources.iter().map(|id| Filter { source: Some(SourceId(*id)), ..none() }).collect(),
        ),
        (
            "branch",
            choice.branches.iter().map(|id| Filter { branch: Some(BranchId(*id)), ..none() }).collect(),
        ),
    ];
    let mut cases = Vec::new();
    for (name, filters) in &filters {
        for sort in SORTS {
            cases.push(Case {
                name: format!("{name} × {}", sort.word()),
                most_ms: if (*name, sort) == ("any", Sort::Newest) { 0.5 } else { 3.0 },
                flat: true,
                calls: filters.iter().map(|filter| (filter.clone(), sort, Sight::All, None)).collect(),
            });
        }
    }
    // On the page itself, customers are left out.
    for (name, filters) in filters.iter().filter(|(name, _)| ["any", "status", "source"].contains(name)) {
        let on_shelf = |filter: &Filter| Filter { shelf: Shelf::Leads, ..filter.clone() };
        cases.push(Case {
            name: format!("{name}, without customers × newest"),
            most_ms: 3.0,
            flat: true,
            calls: filters.iter().map(|filter| (on_shelf(filter), Sort::Newest, Sight::All, None)).collect(),
        });
    }
    cases
}

fn deep(size: Size) -> Case {
    let calls = (1..=8).map(|n| {
        let lead = LeadId(ROWS + n * 7_368_787 % (size.leads as i64 - ROWS));
        let behind = Cursor { sort: Sort::Newest, place: CursorPlace::Id, lead };
        (Filter::default(), Sort::Newest, Sight::All, Some(behind))
    });
    Case { name: "a deep page".into(), most_ms: 0.5, flat: true, calls: calls.collect() }
}

fn sights(branch: Option<BranchId>, owner: UserId, cases: &mut Vec<Case>) {
    for (name, sight) in [
        ("what a branch sees", Sight::Labels { branch, department: None }),
        ("what an agent sees", Sight::OwnedBy(owner)),
    ] {
        for sort in SORTS {
            let calls = vec![(Filter::default(), sort, sight, None)];
            cases.push(Case { name: format!("{name} × {}", sort.word()), most_ms: 3.0, flat: false, calls });
        }
    }
}

fn searches(cases: &mut Vec<Case>) -> Result<()> {
    for text in
        ["a", "sh", "asha", "asha1", "asha12", "asha123", "asha12 sharma3", "9", "98", "987", "0987", "4321"]
    {
        let search = Search::read(text, Country::from_code("IN")?);
        let filter = Filter { search, shelf: Shelf::Leads, ..Filter::default() };
        let calls = vec![(filter, Sort::Newest, Sight::All, None)];
        cases.push(Case { name: format!("search {text:?}"), most_ms: 30.0, flat: false, calls });
    }
    Ok(())
}

/// Two filters at once, and those that have no quick pair.
fn combinations(choice: &Choice, size: Size, cases: &mut Vec<Case>) {
    let none = Filter::default;
    let ago = |part: i64| Moment(data::NOW.0 - 10 * size.leads as i64 * part);
    let span = |from: i64, until: i64| Span { from: Some(ago(from)), until: Some(ago(until)) };
    let singles: Vec<(&str, Filter)> = vec![
        ("status", Filter { status: Some(choice.statuses[4]), ..none() }),
        ("owner", Filter { owner: Some(Owner::User(choice.owners[3])), ..none() }),
        ("nobody", Filter { owner: Some(Owner::Nobody), ..none() }),
        ("tag", Filter { tag: Some(TagId(choice.tags[0])), ..none() }),
        ("source", Filter { source: Some(SourceId(choice.sources[0])), ..none() }),
        ("branch", Filter { branch: Some(BranchId(choice.branches[0])), ..none() }),
        ("created", Filter { created: span(60, 50), ..none() }),
        ("active", Filter { last_activity: span(40, 30), ..none() }),
        ("doubtful", Filter { doubtful: Some(Doubtful::Phone), ..none() }),
    ];
    for (at, (first, one)) in singles.iter().enumerate() {
        for (second, other) in &singles[at..] {
            if first == second && !["created", "active", "doubtful"].contains(first) {
                continue; // one of the pairs
            }
            for sort in SORTS {
                let filter = Filter { shelf: Shelf::Leads, ..both(one, other) };
                let name = format!("{first} and {second} × {}", sort.word());
                let calls = vec![(filter, sort, Sight::All, None)];
                cases.push(Case { name, most_ms: 300.0, flat: false, calls });
            }
        }
    }
}

fn both(one: &Filter, other: &Filter) -> Filter {
    let span = |one: Span, other: Span| if one.is_open() { other } else { one };
    Filter {
        status: one.status.or(other.status),
        owner: one.owner.or(other.owner),
        tag: one.tag.or(other.tag),
        source: one.source.or(other.source),
        branch: one.branch.or(other.branch),
        created: span(one.created, other.created),
        last_activity: span(one.last_activity, other.last_activity),
        doubtful: one.doubtful.or(other.doubtful),
        ..Filter::default()
    }
}

/// What goes beside a page, in milliseconds.
async fn beside(store: &Store, company: CompanyId) -> Result<Vec<(String, f64)>> {
    let mut reader = store.read().await?;
    let session = reader.session();
    let source = labels::list(session, company, Label::Source, 1).await?;
    let source = source.first().map(|(id, _)| SourceId(*id)).context("there is a source")?;
    let owner = users::members(session, company).await?.iter().find(|m| m.is_receiver()).map(|m| m.id);
    let filters = [
        ("nothing", Filter { shelf: Shelf::Leads, ..Filter::default() }),
        ("an owner", Filter { owner: owner.map(Owner::User), ..Filter::default() }),
        ("a source", Filter { source: Some(source), ..Filter::default() }),
    ];
    let known = statuses::list(session, company).await?;
    let mut told = Vec::new();
    for (name, filter) in &filters {
        let mut times = Vec::new();
        for _ in 0..5 {
            let started = Instant::now();
            lists::chips(session, company, &known, filter, Sight::All).await?;
            times.push(started.elapsed());
        }
        times.sort_unstable();
        told.push((format!("chips under {name}"), times[2].as_secs_f64() * 1e3));
        let started = Instant::now();
        lists::count(session, company, filter, Sight::All, i64::MAX).await?;
        told.push((format!("the count under {name}"), started.elapsed().as_secs_f64() * 1e3));
    }
    Ok(told)
}
