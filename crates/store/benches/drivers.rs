//! What the store takes beside the bare drivers that it is made of, for docs/performance.md. Run by `bench/run drivers`.
//!
//! Written: the statements of a single assignment, in one transaction with full durability, from eight tasks; on SQLite
//! also by the bare driver with several in one commit, to show what grouping gives. Read: one lead by its key.
#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

use domain::{
    ids::{CompanyId, LeadId, StatusId, UserId},
    role,
    status::{StatusMark, Statuses},
    time::Moment,
};
use std::{
    env,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use store::{
    Location, Missing, Store,
    assign::{self, HandMove},
    companies,
    ids::Kind,
    leads::{self, Capture, NewLead},
    queues, roles, statuses, users,
};
use tokio_postgres::{Client, NoTls, Statement};

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Outcome<T> = Result<T, Failure>;

const NOW: Moment = Moment(1_767_600_000_000);
const TASKS: i64 = 8;
const PER_TASK: i64 = 500;
const LEADS: i64 = 100_000;
const AGENTS: i64 = 100;
const READS: i64 = 5_000;

// The statements of an assignment by hand, as the store has them.
const LEAD_BEFORE: &str =
    "SELECT l.version, l.status_id, l.owner_id, l.branch_id, l.department_id, u.branch_id, u.department_id
        FROM leads l LEFT JOIN users u ON u.company_id = l.company_id AND u.id = l.owner_id
        WHERE l.company_id = $1 AND l.id = $2";
const STATUSES: &str = "SELECT id, name, kind, mark FROM statuses WHERE company_id = $1 ORDER BY position";
const LOCK_TWO_QUEUES: &str = "SELECT u.id, u.name, u.branch_id, u.department_id, u.lead_cap, q.held,
        q.last_received_at_ms, r.receives_leads, CASE WHEN u.banned_at_ms IS NULL THEN 0 ELSE 1 END
    FROM queues q
    JOIN users u ON u.company_id = q.company_id AND u.id = q.user_id
    JOIN roles r ON r.company_id = u.company_id AND r.id = u.role_id
    WHERE q.company_id = $1 AND q.user_id IN ($2, $3) ORDER BY q.user_id";
const MOVE_ONE: &str = "UPDATE leads SET owner_id = $4, status_id = $5, version = version + 1, entries = entries + 1,
        owners_before = owners_before + 1, owned_since_ms = $6, owner_chosen_at_ms = $6, owner_acted_at_ms = NULL,
        last_activity_at_ms = $6
    WHERE company_id = $1 AND id = $2 AND version = $3 RETURNING entries";
const EVENT_OF_ONE: &str = "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, to_owner_id,
        from_status_id, to_status_id) VALUES ($1, $2, $3, $4, 'assigned', $5, $6, $7)";
const ADD_TO_QUEUE: &str = "UPDATE queues SET held = held + $3,
        last_received_at_ms = CASE WHEN $3 > 0 THEN $4 ELSE last_received_at_ms END WHERE company_id = $1 AND user_id = $2";
const ADD_TO_COUNT: &str =
    "INSERT INTO status_counts (company_id, status_id, shard, leads) VALUES ($1, $2, $3, $4)
    ON CONFLICT (company_id, status_id, shard) DO UPDATE SET leads = status_counts.leads + $4";

#[derive(Clone, Copy)]
struct Office {
    company: CompanyId,
    unassigned: StatusId,
    assigned: StatusId,
    first_agent: i64,
}

impl Office {
    fn agent(self, lead: i64) -> i64 {
        self.first_agent + lead * 31 % AGENTS
    }
}

fn main() -> Outcome<()> {
    if !env::args().any(|argument| argument == "--bench") {
        println!("the drivers are measured by bench/run");
        return Ok(());
    }
    let folder = PathBuf::from(env::var("EVENHAND_BENCH_DIR")?).join("drivers");
    let server = env::var("EVENHAND_BENCH_POSTGRES")?;
    let rounds = env::var("EVENHAND_BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("| figure | engine | store | bare driver | ratio |\n|---|---|---|---|---|");
    runtime.block_on(sqlite(&folder, rounds))?;
    runtime.block_on(postgres(&server, rounds))
}

async fn sqlite(folder: &Path, rounds: usize) -> Outcome<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    let store = Store::open(&Location::Folder(folder.to_owned()), Missing::Create).await?;
    let office = furnish(&store).await?;
    let mut bare = rusqlite::Connection::open(folder.join("evenhand.db"))?;
    bare.busy_timeout(Duration::from_secs(10))?;
    bare.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -32768",
    )?;
    bare.set_prepared_statement_cache_capacity(64);

    let mut firsts = (1_i64..).step_by((TASKS * PER_TASK) as usize);
    let mut take = || firsts.next().expect("numbers do not end");
    let (mut ours, mut groups) = (Vec::new(), [1, 8, 128].map(|size| (size, Vec::new())));
    for _ in 0..rounds {
        ours.push(through_the_store(&store, office, take()).await?);
        for (size, times) in &mut groups {
            times.push(bare_sqlite(&mut bare, office, take(), *size)?);
        }
    }
    for (size, times) in &groups {
        tell(
            &format!("assignments, 8 tasks; the driver {size} per commit"),
            "SQLite",
            TASKS * PER_TASK,
            &ours,
            times,
        );
    }

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(reads_through_the_store(&store, office).await?);
        let started = Instant::now();
        for read in 0..READS {
            let mut select = bare.prepare_cached(LEAD_BEFORE)?;
            let version: i64 =
                select.query_row([office.company.0, read * 7 % LEADS + 1], |row| row.get(0))?;
            std::hint::black_box(version);
        }
        theirs.push(started.elapsed());
    }
    tell("one lead by its key, one after the other", "SQLite", READS, &ours, &theirs);
    Ok(())
}

async fn postgres(server: &str, rounds: usize) -> Outcome<()> {
    let (base, _) = server.rsplit_once('/').ok_or("the server's URL names a database")?;
    let url = format!("{base}/drivers");
    let admin = connect(server).await?;
    admin.batch_execute("DROP DATABASE IF EXISTS drivers WITH (FORCE)").await?;
    admin.batch_execute("CREATE DATABASE drivers").await?;
    let store = Store::open(&Location::Url(url.clone()), Missing::Create).await?;
    let office = furnish(&store).await?;
    let mut clients = Vec::new();
    for _ in 0..TASKS {
        clients.push(std::sync::Arc::new(BarePostgres::connect(&url).await?));
    }
    clients[0].client.batch_execute("VACUUM ANALYZE").await?;

    let mut next = 1;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(through_the_store(&store, office, next).await?);
        next += TASKS * PER_TASK;
        let started = Instant::now();
        let mut tasks = Vec::new();
        for (client, first) in clients.iter().cloned().zip((next..).step_by(PER_TASK as usize)) {
            tasks.push(tokio::spawn(async move {
                for lead in first..first + PER_TASK {
                    client.assign(office, lead).await?;
                }
                Ok::<(), tokio_postgres::Error>(())
            }));
        }
        for task in tasks {
            task.await??;
        }
        theirs.push(started.elapsed());
        next += TASKS * PER_TASK;
    }
    tell(
        "assignments, 8 tasks; the driver with 8 connections",
        "PostgreSQL",
        TASKS * PER_TASK,
        &ours,
        &theirs,
    );

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(reads_through_the_store(&store, office).await?);
        let started = Instant::now();
        for read in 0..READS {
            let bare = &clients[0];
            let row =
                bare.client.query_one(&bare.before, &[&office.company.0, &(read * 7 % LEADS + 1)]).await?;
            std::hint::black_box(row.try_get::<_, i64>(2)?);
        }
        theirs.push(started.elapsed());
    }
    tell("one lead by its key, one after the other", "PostgreSQL", READS, &ours, &theirs);
    Ok(())
}

/// A company with agents, and leads that nobody owns, with identifiers from 1.
async fn furnish(store: &Store) -> Outcome<Office> {
    let made: store::Result<Office> = store
        .write_long(|session| {
            Box::pin(async move {
                let company = companies::insert(session, "Bench", "IN", "UTC", NOW).await?;
                statuses::insert_defaults(session, company).await?;
                let known: Statuses = statuses::list(session, company).await?;
                let mut role = None;
                for default in &role::DEFAULTS {
                    role = Some(roles::insert(session, company, default).await?);
                }
                let role = role.expect("there are default roles, the last one is Agent");
                let mut agents: Vec<UserId> = Vec::new();
                for number in 0..AGENTS {
                    let agent = users::NewUser {
                        name: &format!("Agent {number}"),
                        email: &format!("agent{number}@example.com"),
                        role,
                        branch: None,
                        department: None,
                        cap: None,
                        password_hash: None,
                    };
                    agents.push(users::insert(session, company, &agent, NOW).await?);
                }
                let unassigned = known.marked(StatusMark::Unassigned).id;
                let capture = Capture { at: NOW, actor: None, import: None, kind: "imported" };
                for _ in 0..LEADS / 10_000 {
                    let ids = session.new_ids(Kind::Lead, 10_000).await?;
                    let new: Vec<NewLead> = ids.into_iter().map(|id| new_lead(id, unassigned)).collect();
                    leads::insert_new(session, company, &new, capture).await?;
                }
                Ok(Office {
                    company,
                    unassigned,
                    assigned: known.marked(StatusMark::Assigned).id,
                    first_agent: agents[0].0,
                })
            })
        })
        .await;
    Ok(made?)
}

fn new_lead(id: i64, status: StatusId) -> NewLead {
    let phone = format!("+91{}", 9_000_000_000 + id * 7_368_787 % 999_999_937);
    NewLead {
        id: id.into(),
        status,
        branch: None,
        department: None,
        source: None,
        phone_typed: phone.clone(),
        phone,
        phone_doubtful: false,
        first_name: "Asha".into(),
        last_name: "Sharma".into(),
        email: Some(format!("lead.{id}@example.com")),
        email_doubtful: false,
        country: Some("IN".into()),
        details: None,
        tags: Vec::new(),
    }
}

async fn through_the_store(store: &Store, office: Office, first: i64) -> Outcome<Duration> {
    let started = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (store, first) = (store.clone(), first + task * PER_TASK);
            tokio::spawn(async move {
                for lead in first..first + PER_TASK {
                    assign_one(&store, office, lead).await?;
                }
                Ok::<(), store::Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(started.elapsed())
}

async fn assign_one(store: &Store, office: Office, lead: i64) -> store::Result<()> {
    store
        .write(move |session| {
            Box::pin(async move {
                let (id, to) = (LeadId(lead), UserId(office.agent(lead)));
                let (before, _) =
                    assign::lead_before(session, office.company, id).await?.expect("the lead is there");
                std::hint::black_box(statuses::list(session, office.company).await?);
                std::hint::black_box(queues::lock_two(session, office.company, to, None).await?);
                let hand_move = HandMove {
                    lead: id,
                    before,
                    to,
                    status: office.assigned,
                    open: (true, true),
                    actor: None,
                    at: NOW,
                };
                assert!(
                    assign::move_one(session, office.company, &hand_move).await?,
                    "nobody else changes leads"
                );
                Ok(())
            })
        })
        .await
}

async fn reads_through_the_store(store: &Store, office: Office) -> Outcome<Duration> {
    let started = Instant::now();
    for read in 0..READS {
        let mut reader = store.read().await?;
        let lead = LeadId(read * 7 % LEADS + 1);
        std::hint::black_box(assign::lead_before(reader.session(), office.company, lead).await?);
    }
    Ok(started.elapsed())
}

fn bare_sqlite(
    bare: &mut rusqlite::Connection,
    office: Office,
    first: i64,
    per_commit: i64,
) -> Outcome<Duration> {
    let started = Instant::now();
    let mut lead = first;
    while lead < first + TASKS * PER_TASK {
        bare.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        for _ in 0..per_commit.min(first + TASKS * PER_TASK - lead) {
            assign_bare_sqlite(bare, office, lead)?;
            lead += 1;
        }
        bare.prepare_cached("COMMIT")?.execute([])?;
    }
    Ok(started.elapsed())
}

fn assign_bare_sqlite(bare: &rusqlite::Connection, office: Office, lead: i64) -> rusqlite::Result<()> {
    // `$n` is a name on SQLite, numbered by first appearance: it is bound by name.
    let bind = |sql: &str, values: &[i64]| -> rusqlite::Result<Option<i64>> {
        const NAMES: [&str; 7] = ["$1", "$2", "$3", "$4", "$5", "$6", "$7"];
        let mut statement = bare.prepare_cached(sql)?;
        for (name, value) in NAMES.iter().zip(values) {
            if let Some(index) = statement.parameter_index(name)? {
                statement.raw_bind_parameter(index, value)?;
            }
        }
        if statement.column_count() == 0 {
            statement.raw_execute()?;
            return Ok(None);
        }
        let mut rows = statement.raw_query();
        let mut last = None;
        while let Some(row) = rows.next()? {
            last = row.get(0)?;
        }
        Ok(last)
    };
    let (company, agent, shard) = (office.company.0, office.agent(lead), lead % statuses::SHARDS);
    let (from, to, at) = (office.unassigned.0, office.assigned.0, NOW.0);
    bind(LEAD_BEFORE, &[company, lead])?;
    bind(STATUSES, &[company])?;
    bind(LOCK_TWO_QUEUES, &[company, agent, agent])?;
    let entries = bind(MOVE_ONE, &[company, lead, 1, agent, to, at])?.unwrap_or(0);
    bind(EVENT_OF_ONE, &[company, lead, entries, at, agent, from, to])?;
    bind(ADD_TO_QUEUE, &[company, agent, 1, at])?;
    bind(ADD_TO_COUNT, &[company, from, shard, -1])?;
    bind(ADD_TO_COUNT, &[company, to, shard, 1])?;
    Ok(())
}

/// One connection of the bare driver with everything prepared.
struct BarePostgres {
    client: Client,
    before: Statement,
    statuses: Statement,
    lock: Statement,
    update: Statement,
    event: Statement,
    queue: Statement,
    count: Statement,
}

impl BarePostgres {
    async fn connect(url: &str) -> Outcome<BarePostgres> {
        let client = connect(url).await?;
        Ok(BarePostgres {
            before: client.prepare(LEAD_BEFORE).await?,
            statuses: client.prepare(STATUSES).await?,
            lock: client.prepare(&format!("{LOCK_TWO_QUEUES} FOR UPDATE OF q FOR SHARE OF u")).await?,
            update: client.prepare(MOVE_ONE).await?,
            event: client.prepare(EVENT_OF_ONE).await?,
            queue: client.prepare(ADD_TO_QUEUE).await?,
            count: client.prepare(ADD_TO_COUNT).await?,
            client,
        })
    }

    async fn assign(&self, office: Office, lead: i64) -> Result<(), tokio_postgres::Error> {
        let (company, agent, shard) = (office.company.0, office.agent(lead), lead % statuses::SHARDS);
        let (from, to, at) = (office.unassigned.0, office.assigned.0, NOW.0);
        self.client.batch_execute("BEGIN").await?;
        self.client.query(&self.before, &[&company, &lead]).await?;
        self.client.query(&self.statuses, &[&company]).await?;
        self.client.query(&self.lock, &[&company, &agent, &agent]).await?;
        let row = self.client.query_one(&self.update, &[&company, &lead, &1_i64, &agent, &to, &at]).await?;
        let entries: i64 = row.try_get(0)?;
        self.client.execute(&self.event, &[&company, &lead, &entries, &at, &agent, &from, &to]).await?;
        self.client.execute(&self.queue, &[&company, &agent, &1_i64, &at]).await?;
        self.client.execute(&self.count, &[&company, &from, &shard, &-1_i64]).await?;
        self.client.execute(&self.count, &[&company, &to, &shard, &1_i64]).await?;
        self.client.batch_execute("COMMIT").await
    }
}

async fn connect(url: &str) -> Outcome<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// One line of the table: how many a second, medians, and how much longer the store takes.
fn tell(what: &str, engine: &str, number: i64, ours: &[Duration], theirs: &[Duration]) {
    let rate = |times: &[Duration]| {
        let mut seconds: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
        seconds.sort_by(f64::total_cmp);
        let rate = |seconds: f64| number as f64 / seconds;
        let (median, slowest, fastest) = (seconds[seconds.len() / 2], seconds[seconds.len() - 1], seconds[0]);
        (median, format!("{:.0}/s ({:.0}–{:.0})", rate(median), rate(slowest), rate(fastest)))
    };
    let ((ours, ours_told), (theirs, theirs_told)) = (rate(ours), rate(theirs));
    println!("| {what} | {engine} | {ours_told} | {theirs_told} | {:.2} |", ours / theirs);
}
