//! What is measured on: companies made with the product, leads made with plain SQL, files written row by row.

use crate::place::{Bench, Place};
use actions::create_company::{NewCompany, create_company};
use anyhow::{Context, Result};
use domain::{
    email::Email,
    ids::{BranchId, CompanyId, StatusId},
    phone::Country,
    status::StatusMark,
    time::Moment,
};
use std::{
    fmt::Write as _,
    io::{BufWriter, Write},
    path::Path,
};
use store::{
    Store,
    companies::{self, Company},
    dialect::Engine,
    labels::{self, Label},
    roles, statuses, users,
};

/// The moment of everything.
pub const NOW: Moment = Moment(1_767_600_000_000);
/// How many branches, sources and tags there are.
const BRANCHES: usize = 5;
const SOURCES: usize = 8;
const TAGS: usize = 12;

/// How much of it.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Leads in all.
    pub leads: u64,
    /// Those that nobody owns.
    pub unassigned: u64,
    /// Agents, an equal number in each branch.
    pub agents: usize,
    /// The cap of each.
    pub cap: i64,
}

/// The company that is measured.
pub struct Known {
    /// It.
    pub company: Company,
    /// The status of leads that nobody owns.
    pub unassigned: StatusId,
    /// The status that assignment gives.
    pub assigned: StatusId,
}

/// A database with a company, its agents and its leads; closed and settled.
pub async fn build(bench: &Bench, engine: Engine, name: &str, size: Size) -> Result<Place> {
    let place = bench.place(engine, name)?;
    let store = place.open().await?;
    let company = new_company(&store).await?;
    add_agents(&store, company, size).await?;
    let known = known(&store).await?;
    drop(store);
    if size.leads > 0 {
        place.shell(&leads_sql(engine, &known, size))?;
    }
    place.settle()?;
    Ok(place)
}

/// The same, and only if it was not kept from an earlier time. What is measured on it must leave it as it is.
pub async fn build_or_find(bench: &Bench, engine: Engine, name: &str, size: Size) -> Result<Place> {
    let name = format!("{name}_{}", size.leads);
    if let Some(kept) = bench.kept(engine, &name)? {
        return Ok(kept);
    }
    let built = build(bench, engine, &format!("{name}_new"), size).await?;
    bench.keep(built, &name)
}

/// What a script has to know.
pub async fn known(store: &Store) -> Result<Known> {
    let mut reader = store.read().await?;
    let company =
        companies::list(reader.session(), 1).await?.into_iter().next().context("there is a company")?;
    let statuses = statuses::list(reader.session(), company.id).await?;
    Ok(Known {
        unassigned: statuses.marked(StatusMark::Unassigned).id,
        assigned: statuses.marked(StatusMark::Assigned).id,
        company,
    })
}

async fn new_company(store: &Store) -> Result<CompanyId> {
    let new = NewCompany {
        name: "Bench".into(),
        country: Country::from_code("IN")?,
        zone: "Asia/Kolkata".parse()?,
        admin_email: Email::parse("admin@example.com")?,
        admin_password: "only for measuring".into(),
    };
    Ok(create_company(store, new, NOW).await?.0)
}

async fn add_agents(store: &Store, company: CompanyId, size: Size) -> Result<()> {
    let added: store::Result<()> = store
        .write_long(move |session| {
            Box::pin(async move {
                let roles = roles::list(session, company).await?;
                let role = roles.iter().find(|role| role.receives_leads).expect("agents receive leads").id;
                let mut branches = Vec::new();
                for number in 1..=BRANCHES {
                    let name = format!("Branch {number}");
                    branches.push(labels::find_or_add(session, company, Label::Branch, &name).await?);
                }
                for number in 1..=SOURCES {
                    labels::find_or_add(session, company, Label::Source, &format!("Source {number}")).await?;
                }
                for number in 1..=TAGS {
                    labels::find_or_add(session, company, Label::Tag, &format!("tag {number}")).await?;
                }
                for number in 0..size.agents {
                    let agent = users::NewUser {
                        name: &format!("Agent {number}"),
                        email: &format!("agent{number}@example.com"),
                        role,
                        branch: Some(BranchId(branches[number % BRANCHES])),
                        department: None,
                        cap: Some(size.cap),
                        password_hash: None,
                    };
                    users::insert(session, company, &agent, NOW).await?;
                }
                Ok(())
            })
        })
        .await;
    Ok(added?)
}

/// A sixth of the leads carries no branch; the others are spread evenly. Owned leads are in all the other statuses,
/// and the older they are the longer ago something happened to them, more or less. A third has a tag or two.
fn leads_sql(engine: Engine, known: &Known, size: Size) -> String {
    let (company, unassigned, now) = (known.company.id, known.unassigned, NOW.0);
    let Size { leads, unassigned: free, agents, .. } = size;
    let owned = leads - free;
    let series = match engine {
        Engine::Sqlite => format!("generate_series(1, {leads})"),
        Engine::Postgres => format!("generate_series(CAST(1 AS BIGINT), {leads}) AS series(value)"),
    };
    // The twelve digits of every number here, from behind.
    let reversed: Vec<String> = (2..=13).rev().map(|digit| format!("substr(phone, {digit}, 1)")).collect();
    let reversed = reversed.join(" || ");
    let mut sql = format!(
        "CREATE TEMP TABLE nth_branch AS SELECT ROW_NUMBER() OVER (ORDER BY id) AS nth, id FROM branches;
        CREATE TEMP TABLE nth_source AS SELECT ROW_NUMBER() OVER (ORDER BY id) - 1 AS nth, id FROM sources;
        CREATE TEMP TABLE nth_tag AS SELECT ROW_NUMBER() OVER (ORDER BY id) - 1 AS nth, id FROM tags;
        CREATE TEMP TABLE nth_status AS SELECT ROW_NUMBER() OVER (ORDER BY id) - 1 AS nth, id FROM statuses WHERE id <> {unassigned};
        CREATE TEMP TABLE nth_agent AS SELECT ROW_NUMBER() OVER (ORDER BY user_id) - 1 AS nth, user_id AS id FROM queues
            WHERE user_id > (SELECT MIN(user_id) FROM queues);
        BEGIN;
        INSERT INTO leads (company_id, id, version, entries, status_id, owner_id, branch_id, source_id, created_at_ms,
                last_activity_at_ms, owned_since_ms, attempts, owners_before, phone_doubtful, email_doubtful,
                phone, phone_typed, first_name, last_name, name_key, email, country)
            SELECT {company}, value, 1, 1, CASE WHEN value <= {owned} THEN t.id ELSE {unassigned} END,
                CASE WHEN value <= {owned} THEN a.id END, b.id, s.id, {now} - 1000 * ({leads} - value),
                {now} - 1000 * (({leads} - value) - CASE WHEN value <= {owned}
                    THEN value * 32452843 % 1000003 % ({leads} - value + 1) ELSE 0 END),
                CASE WHEN value <= {owned} THEN {now} END, 0,
                CASE WHEN value <= {owned} THEN 1 ELSE 0 END, CASE WHEN value % 150 = 0 THEN 1 ELSE 0 END, 0,
                '+91' || (9000000000 + value * 7368787 % 999999937), '0' || (9000000000 + value * 7368787 % 999999937),
                'Asha' || (value % 997), 'Sharma' || (value % 991), 'asha' || (value % 997) || ' sharma' || (value % 991),
                'asha.sharma.' || value || '@example.com', 'IN'
            FROM {series}
            LEFT JOIN nth_branch b ON b.nth = value % 6
            LEFT JOIN nth_source s ON s.nth = value * 15485863 % 999983 % {SOURCES}
            LEFT JOIN nth_status t ON t.nth = value * 7919 % 1000003 % 9
            LEFT JOIN nth_agent a ON a.nth = value * 104729 % 1000003 % {agents}
            ORDER BY value;
        INSERT INTO lead_tags (company_id, lead_id, tag_id)
            SELECT company_id, l.id, t.id FROM leads l JOIN nth_tag t ON t.nth IN (l.id * 7919 % 1000003 % {TAGS},
                CASE WHEN l.id % 9 = 0 THEN (l.id * 7919 % 1000003 + 5) % {TAGS} END) WHERE l.id % 3 = 0;
        UPDATE leads SET tag_bits = (SELECT SUM(DISTINCT CAST(1 AS BIGINT) << CAST(t.tag_id % 63 AS INTEGER)) FROM lead_tags t
            WHERE t.company_id = {company} AND t.lead_id = leads.id) WHERE id % 3 = 0;
        INSERT INTO lead_terms (company_id, term, lead_id)
            SELECT {company}, term, id FROM (
                SELECT lower(first_name) AS term, id FROM leads UNION ALL SELECT lower(last_name), id FROM leads
                UNION ALL SELECT email, id FROM leads UNION ALL SELECT ' ' || {reversed}, id FROM leads) AS terms
            ORDER BY term , id;
        INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, to_status_id)
            SELECT company_id, id, 1, created_at_ms, 'imported', status_id FROM leads ORDER BY id;
        INSERT INTO status_counts (company_id, status_id, shard, leads)
            SELECT company_id, status_id, 0, COUNT(*) FROM leads GROUP BY company_id, status_id;
        UPDATE queues SET held = (SELECT COUNT(*) FROM leads l JOIN statuses s ON s.company_id = l.company_id
            AND s.id = l.status_id AND s.kind = 'open' WHERE l.company_id = {company} AND l.owner_id = queues.user_id);
        "
    );
    sql.push_str(&match engine {
        Engine::Sqlite => {
            format!("INSERT INTO id_blocks (name, next) VALUES ('lead', {leads} + 1);\nCOMMIT;\n")
        }
        Engine::Postgres => format!("SELECT setval('ids_lead', {leads});\nCOMMIT;\n"),
    });
    sql
}

/// A file of leads as people export them: valid numbers of eight countries in different spellings, no number twice, an
/// e-mail in three rows of four, tags in one of three, always a source.
pub fn write_file(path: &Path, rows: u64) -> Result<()> {
    const FIRST: [&str; 12] = [
        "Asha", "Ravi", "Meera", "Arjun", "Zoë", "Lukas", "Amélie", "John", "Mary", "Fatima", "Omar", "José",
    ];
    const LAST: [&str; 10] =
        ["Sharma", "Patel", "Iyer", "Müller", "Dubois", "Smith", "Jones", "Al Mansoori", "da Silva", "Khan"];
    let mut file = BufWriter::new(std::fs::File::create(path)?);
    file.write_all(b"First Name,Last Name,Phone,Email,Tags,Source\r\n")?;
    let mut phone = String::new();
    for row in 0..rows {
        // Multiplied by a number that is prime to the range: every value once, in no order.
        let n = (row / 8 * 7_368_787 + 12_345) % 999_983;
        let (high, low) = (n / 1_000, n % 1_000);
        phone.clear();
        match row % 8 {
            0 => write!(phone, "098{high:03} {low:03}07")?,
            1 => write!(phone, "+91 99{high:03}-{low:03}41")?,
            2 => write!(phone, "+1 (212) 5{:02}-{:04}", n / 10_000, n % 10_000)?,
            3 => write!(phone, "+44 7400 {n:06}")?,
            4 => write!(phone, "0049 151 2{n:06}4")?,
            5 => write!(phone, "+33 6 1{n:06}2")?,
            6 => write!(phone, "+971 50 {n:06}7")?,
            _ => write!(phone, "+55 11 9{n:06}11")?,
        }
        let (first, last) = (FIRST[(row % 12) as usize], LAST[(row / 3 % 10) as usize]);
        let email = if row % 4 == 0 { String::new() } else { format!("lead.{row}@example.com") };
        let tags = match row % 9 {
            0 => format!("tag {}", row % 11 + 1),
            3 => format!("\"tag {}, tag {}\"", row % 5 + 1, row % 7 + 6),
            6 => "tag 3".to_owned(),
            _ => String::new(),
        };
        write!(file, "{first},{last},{phone},{email},{tags},Source {}\r\n", row % SOURCES as u64 + 1)?;
    }
    file.flush()?;
    Ok(())
}

/// `1,000,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|part| std::str::from_utf8(part).ok()).collect();
    groups.join(",")
}
