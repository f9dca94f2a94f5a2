//! Three nodes on one PostgreSQL database, with a small load balancer in front: who is signed in is so on every node,
//! what changes on one is heard on the others, one that dies takes nothing with it, one that loses the database comes
//! back, and of the schedule each date is kept once (R38, R41, R42).

use actions::{
    add_lead::{AddLead, Added, add_lead},
    add_user::{NewUser, UserAdded, add_user},
    create_company::{NewCompany, create_company},
    save_job::{Change, save_job},
};
use domain::{
    email::Email,
    ids::{CompanyId, LeadId, UserId},
    job::Job,
    phone::Country,
    time::Moment,
    viewer::{Sight, Viewer},
};
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader as Lines},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use store::{
    Location, Store,
    changes::Topic,
    doctor,
    sql::Sql,
    testing::{self, TestDatabase},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

const NODES: usize = 3;
const LEADS: i64 = 30;
const HOUR: i64 = 3_600_000;
const PASSWORD: &str = "correct horse";
/// What never comes is a failure after this.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn who_signs_in_through_the_balancer_is_signed_in_on_every_node() {
    on_nodes(|nodes| async move {
        let balancer = Balancer::start(nodes.addresses()).await;
        let mut boss = Browser::new(balancer.address);
        for turn in 1..=NODES {
            boss.signs_in("boss").await;
            let served: Vec<usize> = balancer.served();
            assert_eq!(served.iter().filter(|times| **times > 0).count(), turn, "{served:?}");
        }
        for node in nodes.addresses() {
            let page = boss.at(node).get("/leads").await;
            assert_eq!(page.status, 200);
            page.says("Lead 1");
        }
        // Signing out on one node is signing out on all.
        let mut elsewhere = boss.at(nodes.address(2));
        boss.at(nodes.address(0)).post("/sign-out", &[]).await;
        assert_eq!(elsewhere.get("/leads").await.status, 303);
    });
}

#[test]
fn r19_what_happens_on_one_node_is_heard_on_another() {
    on_nodes(|nodes| async move {
        let lead = nodes.lead(1);
        let mut boss = Browser::new(nodes.address(0));
        boss.signs_in("boss").await;
        let mut asha = Browser::new(nodes.address(2));
        asha.signs_in("asha").await;
        let mut live = asha.listens(&nodes).await;

        boss.assigns(&nodes, lead, "asha").await;
        live.until("queue").await;
        asha.get("/tasks").await.says("Lead 1");

        boss.at(nodes.address(1)).assigns(&nodes, lead, "ben").await;
        live.until("queue").await;
        assert_eq!(asha.get(&format!("/leads/{lead}")).await.status, 404, "R14");
    });
}

#[test]
fn r42_a_node_that_is_killed_in_the_middle_of_a_run_takes_nothing_with_it() {
    on_nodes(|mut nodes| async move {
        let balancer = Balancer::start(nodes.addresses()).await;
        let mut boss = Browser::new(nodes.address(0));
        boss.signs_in("boss").await;

        let held = nodes.holds_the_queues().await;
        let running = boss.at(nodes.address(1)).begins_a_run();
        nodes.waits_for_a_lock(1).await;
        assert_eq!(nodes.runs("state = 'running'").await, 1);
        let mut on_third = boss.at(nodes.address(2));
        on_third.runs_now().await.says("A run of this company is in progress");

        nodes.kill(1);
        assert!(running.await.expect("no panic").is_err(), "a dead node answers nothing");
        // Somebody looks, on another node. The server may need a moment to notice that the lease is free.
        patiently("the run is told as interrupted", async || {
            boss.get("/settings/configurations").await.body.contains("interrupted: the process that ran it")
        })
        .await;
        assert_eq!(nodes.runs("state = 'failed' AND failure LIKE 'interrupted:%'").await, 1);
        held.let_go().await;
        nodes.has_gone(1).await;
        nodes.is_well_with(0).await;

        on_third.runs_now().await.says("30 leads assigned across 2 agents");
        nodes.is_well_with(LEADS).await;
        assert_eq!((nodes.runs("state = 'done'").await, nodes.runs("state = 'running'").await), (1, 0));

        // And the balancer goes around the one that is dead.
        for _ in 0..NODES {
            Browser::new(balancer.address).signs_in("asha").await;
        }
        assert_eq!(balancer.served()[1], 0);
    });
}

#[test]
fn a_node_that_loses_the_database_comes_back() {
    on_nodes(|nodes| async move {
        let lead = nodes.lead(1);
        let mut boss = Browser::new(nodes.address(0));
        boss.signs_in("boss").await;
        let mut live = boss.listens(&nodes).await;

        // In the middle of a run: it fails, says so, and has changed nothing.
        let held = nodes.holds_the_queues().await;
        let running = boss.begins_a_run();
        nodes.waits_for_a_lock(0).await;
        nodes.loses_its_connections(0).await;
        let answer = running.await.expect("no panic").expect("the node lives");
        assert_eq!(answer.status, 503, "{}", answer.body);
        held.let_go().await;
        assert_eq!((nodes.runs("state = 'failed'").await, nodes.runs("state = 'running'").await), (1, 0));
        nodes.is_well_with(0).await;

        // Whoever listens is told to look at everything again, and goes on to hear.
        live.until_everything().await;
        nodes.loses_its_connections(0).await;
        patiently("it serves again", async || boss.get("/health").await.status == 200).await;
        live.until_everything().await;
        boss.at(nodes.address(1)).assigns(&nodes, lead, "asha").await;
        live.until(&format!("lead-{lead}")).await;

        boss.runs_now().await.says("29 leads assigned across 2 agents");
        nodes.is_well_with(LEADS).await;
    });
}

#[test]
fn r38_r40_of_the_schedule_each_date_is_kept_once_over_all_nodes() {
    on_postgres(|database| async move {
        let store = &database.store;
        let mut companies = Vec::new();
        for name in ["Bravo", "Carol"] {
            let company = fill(store, name).await.company;
            is_due(store, company, &Job::ALL).await;
            companies.push(company);
        }
        let nodes = Nodes::start(database).await;
        let store = &nodes.database.store;
        is_due(store, nodes.company, &Job::ALL).await;
        for name in ["Delta", "Echo"] {
            let company = fill(store, name).await.company;
            is_due(store, company, &Job::ALL).await;
            companies.push(company);
        }
        companies.push(nodes.company);

        // Every node looks again and again while the others run; and once more when nothing is left to be done.
        for company in &companies {
            nodes.keep_the_time_of(*company).await;
            assert_eq!(nodes.schedule_of(*company).await, ["removal done", "assignment done", "top-up done"]);
            nodes.rings_the_alarm_of(*company).await;
        }
        for company in &companies {
            nodes.keep_the_time_of(*company).await;
            assert_eq!(nodes.schedule_of(*company).await, ["removal done", "assignment done", "top-up done"]);
        }
        nodes.is_well_with(LEADS).await;
    });
}

#[test]
fn r38_r42_when_a_node_dies_in_a_scheduled_run_another_one_keeps_the_date() {
    on_nodes(|mut nodes| async move {
        let held = nodes.holds_the_queues().await;
        is_due(&nodes.database.store, nodes.company, &[Job::Assignment]).await;
        let mut found = None;
        patiently("some node runs", async || {
            for node in 0..NODES {
                if nodes.connections(node, "AND wait_event_type = 'Lock'").await > 0 {
                    found = Some(node);
                }
            }
            found.is_some()
        })
        .await;
        let node = found.expect("some node");
        nodes.kill(node);
        patiently("another one finds the record", async || {
            nodes.runs("state = 'failed' AND failure LIKE 'interrupted:%'").await == 1
        })
        .await;
        held.let_go().await;
        nodes.has_gone(node).await;
        nodes.is_well_with(0).await;

        // The next attempt is due a minute later. The test has no minute: it makes the first one older.
        nodes.makes_older().await;
        nodes.keep_the_time_of(nodes.company).await;
        assert_eq!(nodes.schedule_of(nodes.company).await, ["assignment failed", "assignment done"]);
        nodes.is_well_with(LEADS).await;
    });
}

/// Runs a test on three nodes, where there is a PostgreSQL.
fn on_nodes<F: Future<Output = ()>>(test: impl FnOnce(Nodes) -> F) {
    on_postgres(|database| async { test(Nodes::start(database).await).await });
}

fn on_postgres<F: Future<Output = ()>>(test: impl FnOnce(TestDatabase) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        if let Some(database) = testing::postgres().await {
            test(database).await;
        }
    });
}

/// Asks again and again until it is so.
async fn patiently(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let asking = async { while !is_so().await {} };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("{what}: it does not come"));
}

/// Three nodes over a company of a boss, two agents and some leads.
struct Nodes {
    three: Vec<Node>,
    company: CompanyId,
    people: BTreeMap<&'static str, UserId>,
    leads: Vec<LeadId>,
    database: TestDatabase,
}

impl Nodes {
    async fn start(database: TestDatabase) -> Nodes {
        let Filled { company, people, leads } = fill(&database.store, "Acme").await;
        let three = (0..NODES).map(|number| Node::start(&database.location, number)).collect();
        Nodes { three, company, people, leads, database }
    }

    fn address(&self, node: usize) -> SocketAddr {
        self.three[node].address
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.three.iter().map(|node| node.address).collect()
    }

    fn kill(&mut self, node: usize) {
        self.three[node].process.kill().expect("killed");
        self.three[node].process.wait().expect("gone");
    }

    fn lead(&self, number: usize) -> LeadId {
        self.leads[number - 1]
    }

    async fn number(&self, sql: String) -> i64 {
        let mut reader = self.database.store.read().await.expect("a reader");
        let values = [self.company.into()];
        reader.session().one(&Sql::built(sql), &values, |row| row.get(0)).await.expect("a number")
    }

    async fn runs(&self, which: &str) -> i64 {
        self.number(format!("SELECT COUNT(*) FROM runs WHERE company_id = $1 AND {which}")).await
    }

    /// Connections of a node that are like this.
    async fn connections(&self, node: usize, like: &str) -> i64 {
        let sql = format!(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND $1 > 0
                AND application_name = 'node{node}' {like}"
        );
        self.number(sql).await
    }

    /// A run of this node has come to the queues, which somebody else holds.
    async fn waits_for_a_lock(&self, node: usize) {
        patiently("the run waits for the queues", async || {
            self.connections(node, "AND wait_event_type = 'Lock'").await > 0
        })
        .await;
    }

    async fn has_gone(&self, node: usize) {
        patiently("the server has noticed", async || self.connections(node, "").await == 0).await;
    }

    async fn loses_its_connections(&self, node: usize) {
        let sql = format!(
            "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database()
                AND application_name = 'node{node}' AND $1 > 0"
        );
        assert!(self.number(sql).await > 0, "it had connections");
    }

    /// Locks every queue, as somebody does who gives a lead to each agent at once.
    async fn holds_the_queues(&self) -> Held {
        let (store, company) = (self.database.store.clone(), self.company);
        let ((locked, is_locked), (let_go, asked)) = (oneshot::channel(), oneshot::channel::<()>());
        let holding = tokio::spawn(async move {
            store
                .write(move |session| {
                    Box::pin(async move {
                        let sql =
                            "SELECT user_id FROM queues WHERE company_id = $1 ORDER BY user_id FOR UPDATE";
                        let queues: Vec<i64> = session
                            .rows(&Sql::built(sql.into()), &[company.into()], |row| row.get(0))
                            .await?;
                        locked.send(queues.len()).expect("somebody waits");
                        let _ = asked.await;
                        Ok::<_, store::Error>(())
                    })
                })
                .await
        });
        assert!(is_locked.await.expect("locked") > 0);
        Held { let_go, holding }
    }

    /// The doctor finds nothing, and so many leads have an owner.
    async fn is_well_with(&self, owned: i64) {
        let mut reader = self.database.store.snapshot().await.expect("a reader");
        let found = doctor::examine(reader.session(), self.company).await.expect("examined");
        assert_eq!(found, Vec::<String>::new());
        drop(reader);
        let sql = "SELECT COUNT(owner_id) FROM leads WHERE company_id = $1";
        assert_eq!(self.number(sql.into()).await, owned);
    }

    /// Waits until nothing of this company is due any more.
    async fn keep_the_time_of(&self, company: CompanyId) {
        patiently("the schedule is kept", async || {
            let sql = "SELECT due_at_ms FROM alarms WHERE company_id = $1";
            let mut reader = self.database.store.read().await.expect("a reader");
            let due: i64 = (reader.session())
                .one(&Sql::built(sql.into()), &[company.into()], |row| row.get(0))
                .await
                .expect("an alarm");
            due > now().0
        })
        .await;
    }

    /// The scheduled runs of a company, in their order; all are for one date.
    async fn schedule_of(&self, company: CompanyId) -> Vec<String> {
        let sql = "SELECT job, state, slot_date FROM runs WHERE company_id = $1 AND started_by = 'schedule' ORDER BY id";
        let mut reader = self.database.store.read().await.expect("a reader");
        let runs: Vec<(String, String)> = (reader.session())
            .rows(&Sql::built(sql.into()), &[company.into()], |row| {
                let (job, state): (String, String) = (row.get(0)?, row.get(1)?);
                Ok((format!("{job} {state}"), row.get(2)?))
            })
            .await
            .expect("read");
        assert!(runs.windows(2).all(|two| two[0].1 == two[1].1), "{runs:?}");
        runs.into_iter().map(|(run, _)| run).collect()
    }

    /// Lets every node look at a company, whether or not something is due.
    async fn rings_the_alarm_of(&self, company: CompanyId) {
        let sql = "UPDATE alarms SET due_at_ms = 1 WHERE company_id = $1";
        self.changes(company, sql).await;
    }

    /// The attempt that failed was an hour ago, and everybody looks.
    async fn makes_older(&self) {
        let sql = "UPDATE runs SET started_at_ms = started_at_ms - 3600000, finished_at_ms = finished_at_ms - 3600000
            WHERE company_id = $1 AND state = 'failed'";
        self.changes(self.company, sql).await;
        self.rings_the_alarm_of(self.company).await;
    }

    /// News of nothing that a test is about.
    async fn says_something(&self) {
        let company = self.company;
        let said: store::Result<()> = (self.database.store)
            .write(move |session| {
                Box::pin(async move {
                    session.tell(store::changes::Change::of(company, Topic::Imports));
                    Ok(())
                })
            })
            .await;
        said.expect("said");
    }

    async fn changes(&self, company: CompanyId, sql: &'static str) {
        let changed: store::Result<u64> = (self.database.store)
            .write(move |session| {
                Box::pin(async move {
                    session.tell(store::changes::Change::of(company, Topic::Settings));
                    session.execute(&Sql::built(sql.into()), &[company.into()]).await
                })
            })
            .await;
        assert_eq!(changed.expect("changed"), 1);
    }

    async fn version(&self, lead: LeadId) -> i64 {
        let mut reader = self.database.store.read().await.expect("a reader");
        let found = store::leads::one(reader.session(), self.company, lead, Sight::All).await.expect("read");
        found.expect("it is there").line.version
    }
}

/// Queues that somebody holds.
struct Held {
    let_go: oneshot::Sender<()>,
    holding: JoinHandle<store::Result<()>>,
}

impl Held {
    async fn let_go(self) {
        let _ = self.let_go.send(());
        self.holding.await.expect("no panic").expect("let go");
    }
}

/// These jobs are due at once: their times were saved two hours ago, and lie one hour back.
async fn is_due(store: &Store, company: CompanyId, jobs: &[Job]) {
    let saved_at = Moment(now().0 - 2 * HOUR);
    for job in jobs.iter().copied() {
        let change = Change {
            enabled: Some(true),
            at: Some("11:00".parse().expect("a time")),
            statuses: (job == Job::Removal).then(|| vec!["Assigned".into()]),
            ..Change::default()
        };
        save_job(store, company, job, change, Viewer::Operator, saved_at).await.expect("saved");
    }
}

#[expect(clippy::disallowed_methods, reason = "the nodes go by the clock of the system")]
fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Moment(since.as_millis() as i64)
}

/// A zone in which it is after noon at present, so that two hours ago is today.
fn zone() -> String {
    match 12 - now().0.div_euclid(HOUR).rem_euclid(24) {
        0 => "Etc/GMT".into(),
        east @ 1.. => format!("Etc/GMT-{east}"),
        west => format!("Etc/GMT+{}", -west),
    }
}

/// A company with its people and leads.
struct Filled {
    company: CompanyId,
    people: BTreeMap<&'static str, UserId>,
    leads: Vec<LeadId>,
}

async fn fill(store: &Store, company: &str) -> Filled {
    let site = company.to_lowercase();
    let now = now();
    let country = Country::from_code("IN").expect("a country");
    let new = NewCompany {
        name: company.into(),
        country,
        zone: zone().parse().expect("a zone"),
        admin_email: Email::parse(&format!("boss@{site}.example")).expect("an e-mail"),
        admin_password: PASSWORD.into(),
    };
    let (company, boss) = create_company(store, new, now).await.expect("the company is made");
    let mut people = BTreeMap::from([("boss", boss)]);
    for name in ["asha", "ben"] {
        let new = NewUser {
            name: name.into(),
            email: Email::parse(&format!("{name}@{site}.example")).expect("an e-mail"),
            role: "Agent".into(),
            cap: Some(50),
            branch: None,
            department: None,
            password: Some(PASSWORD.into()),
        };
        let UserAdded::Done(id) = add_user(store, company, new, now).await.expect("an answer") else {
            panic!("{name} is refused")
        };
        people.insert(name, id);
    }
    let mut leads = Vec::new();
    for number in 1..=LEADS {
        let form = AddLead {
            company,
            viewer: Viewer::Operator,
            may_convert: false,
            default_country: country,
            first_name: format!("Lead {number}"),
            last_name: String::new(),
            phone: format!("98765{number:05}"),
            email: String::new(),
            status: None,
            tags: Vec::new(),
            branch: String::new(),
            department: String::new(),
            source: String::new(),
            country: None,
            owner: None,
            exceed_cap: false,
            now,
        };
        match add_lead(store, form).await.expect("an answer") {
            Added::Done { lead, .. } => leads.push(lead),
            other => panic!("{other:?}"),
        }
    }
    Filled { company, people, leads }
}

/// `evenhand serve` on a port of its own; it ends with the test.
struct Node {
    process: Child,
    address: SocketAddr,
}

impl Node {
    fn start(location: &Location, number: usize) -> Node {
        let Location::Url(url) = location else { panic!("nodes share a server") };
        let mut process = Command::new(env!("CARGO_BIN_EXE_evenhand"))
            .env_clear()
            .env("EVENHAND_DATABASE", format!("{url}?application_name=node{number}"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut said = Lines::new(process.stderr.take().expect("its words")).lines();
        let address = loop {
            let line = said.next().expect("it has not ended").expect("it speaks");
            if let Some((_, address)) = line.split_once("listens on http://") {
                break address.parse().expect("an address");
            }
        };
        // A full pipe would stop it.
        std::thread::spawn(move || {
            said.map_while(Result::ok).for_each(|line| eprintln!("node {number}: {line}"));
        });
        Node { process, address }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Hands one connection after the other to the next node that takes it.
struct Balancer {
    address: SocketAddr,
    served: Arc<[AtomicUsize; NODES]>,
}

impl Balancer {
    async fn start(nodes: Vec<SocketAddr>) -> Balancer {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let served: Arc<[AtomicUsize; NODES]> = Arc::default();
        let counted = Arc::clone(&served);
        tokio::spawn(async move {
            let mut turn = 0;
            while let Ok((mut browser, _)) = listener.accept().await {
                for _ in 0..nodes.len() {
                    let node = turn % nodes.len();
                    turn += 1;
                    if let Ok(mut stream) = TcpStream::connect(nodes[node]).await {
                        counted[node].fetch_add(1, Ordering::Relaxed);
                        tokio::spawn(async move {
                            let _ = tokio::io::copy_bidirectional(&mut browser, &mut stream).await;
                        });
                        break;
                    }
                }
            }
        });
        Balancer { address, served }
    }

    /// How many connections each node took.
    fn served(&self) -> Vec<usize> {
        self.served.iter().map(|times| times.load(Ordering::Relaxed)).collect()
    }
}

/// A browser as far as the nodes can tell: it keeps its cookies, and makes a connection for each request.
#[derive(Clone)]
struct Browser {
    address: SocketAddr,
    cookies: BTreeMap<String, String>,
}

/// What came back.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn says(&self, words: &str) {
        assert!(self.body.contains(words), "{words:?} is not in {} {}", self.status, self.body);
    }

    fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Browser {
    fn new(address: SocketAddr) -> Browser {
        Browser { address, cookies: BTreeMap::new() }
    }

    /// The same person at another address of the same site.
    fn at(&self, address: SocketAddr) -> Browser {
        Browser { address, ..self.clone() }
    }

    async fn signs_in(&mut self, name: &str) {
        let email = format!("{name}@acme.example");
        let answer = self.post("/sign-in", &[("email", &email), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
    }

    async fn assigns(&mut self, nodes: &Nodes, lead: LeadId, to: &str) {
        let (version, to) = (nodes.version(lead).await.to_string(), nodes.people[to].to_string());
        let answer =
            self.post(&format!("/leads/{lead}/assignment"), &[("version", &version), ("agent", &to)]).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
    }

    /// Runs the job now, and reads what the next page says.
    async fn runs_now(&mut self) -> Answer {
        let answer = self.post(RUN_NOW, &[]).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let to = answer.header("location").next().expect("somewhere to go").to_owned();
        self.get(&to).await
    }

    /// The same, while something else is done.
    fn begins_a_run(&self) -> JoinHandle<std::io::Result<Answer>> {
        let mut browser = self.clone();
        tokio::spawn(async move { browser.asks("POST", RUN_NOW, Some("")).await })
    }

    /// A stream of live updates that has caught up.
    async fn listens(&self, nodes: &Nodes) -> Live {
        let mut stream = TcpStream::connect(self.address).await.expect("the node answers");
        stream.write_all(self.head("GET", "/live", "").as_bytes()).await.expect("sent");
        let mut live = Live(BufReader::new(stream));
        live.until("hello").await;
        // A node that does not hear the others yet tells everything as soon as it does; so this is heard in any case.
        nodes.says_something().await;
        live.until("import").await;
        live
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.asks("GET", path, None).await.expect("an answer")
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.asks("POST", path, Some(&form)).await.expect("an answer")
    }

    async fn asks(&mut self, method: &str, path: &str, form: Option<&str>) -> std::io::Result<Answer> {
        let about = form.map_or_else(String::new, |form| {
            format!("content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n", form.len())
        });
        let mut stream = TcpStream::connect(self.address).await?;
        let request = format!("{}{}", self.head(method, path, &about), form.unwrap_or_default());
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await??;
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let answer = Answer { status: status.expect("a status"), headers, body: body.to_owned() };
        for cookie in answer.header("set-cookie") {
            let (name, value) =
                cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        Ok(answer)
    }

    /// HTTP 1.0: an answer, and a stream, ends with its connection.
    fn head(&self, method: &str, path: &str, about: &str) -> String {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!(
            "{method} {path} HTTP/1.0\r\nhost: {}\r\nsec-fetch-site: same-origin\r\ncookie: {}\r\n{about}\r\n",
            self.address,
            cookies.join("; ")
        )
    }
}

const RUN_NOW: &str = "/settings/jobs/assignment/run";

/// A stream of live updates.
struct Live(BufReader<TcpStream>);

impl Live {
    /// Reads on until this event comes.
    async fn until(&mut self, event: &str) {
        let reading = async {
            let mut line = String::new();
            loop {
                line.clear();
                assert_ne!(
                    self.0.read_line(&mut line).await.expect("it is open"),
                    0,
                    "it ended before {event}"
                );
                if line.trim_end().strip_prefix("event: ") == Some(event) {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("{event} does not come"));
    }

    /// Reads on until everything is to be looked at again: the last word of that is `lead`, whichever is open.
    async fn until_everything(&mut self) {
        self.until("settings").await;
        self.until("lead").await;
    }
}
