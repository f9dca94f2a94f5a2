//! A served database with the windows that look at it.

use crate::driver::{Driver, Window, programs};
use actions::{
    add_lead::{AddLead, Added, add_lead},
    add_user::{NewUser, UserAdded, add_user},
    create_company::{NewCompany, create_company},
};
use domain::{
    email::Email,
    ids::{CompanyId, LeadId, UserId},
    phone::Country,
    time::Moment,
    viewer::{Sight, Viewer},
};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, channel},
    },
    time::SystemTime,
};
use store::{Location, Store, testing::TestDatabase};
use tokio::{
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};

pub const PASSWORD: &str = "correct horse";

/// What a test plays on.
pub struct Stage {
    driver: Driver,
    server: Served,
    pub company: CompanyId,
    people: BTreeMap<&'static str, UserId>,
    database: TestDatabase,
}

/// Plays on both engines, with the people of a small company: an admin, two managers (Mira, Noor) and three agents
/// (Asha, Ben with a cap of 1, Cara).
pub fn on_both<F: Future<Output = ()>>(test: impl Fn(Stage) -> F) {
    let Some(programs) = programs() else { return };
    store::testing::on_both_engines(|database| async {
        let (company, people) = employ(&database.store).await;
        test(Stage::open(database, Driver::start(&programs), company, people)).await;
    });
}

/// Plays on both engines, with the same people, on pages that the test serves itself: so it can hold the work behind
/// them, which is in its own process.
pub fn on_both_here<F: Future<Output = ()>>(test: impl Fn(Stage) -> F) {
    let Some(programs) = programs() else { return };
    store::testing::on_both_engines(|database| async {
        let (company, people) = employ(&database.store).await;
        let server = Served::Here(Here::start(&database.store).await);
        let driver = Driver::start(&programs);
        test(Stage { driver, server, company, people, database }).await;
    });
}

/// Plays on both engines, in an empty database.
pub fn on_both_empty<F: Future<Output = ()>>(test: impl Fn(Stage) -> F) {
    let Some(programs) = programs() else { return };
    store::testing::on_both_engines(|database| async {
        test(Stage::open(database, Driver::start(&programs), CompanyId(0), BTreeMap::new())).await;
    });
}

/// Plays on the embedded database alone: for what does not depend on it.
pub fn on_one<F: Future<Output = ()>>(test: impl Fn(Stage) -> F) {
    let Some(programs) = programs() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let database = store::testing::sqlite().await;
        let (company, people) = employ(&database.store).await;
        test(Stage::open(database, Driver::start(&programs), company, people)).await;
    });
}

impl Stage {
    fn open(
        database: TestDatabase,
        driver: Driver,
        company: CompanyId,
        people: BTreeMap<&'static str, UserId>,
    ) -> Stage {
        let server = Served::ByProcess(Server::start(&database.location));
        Stage { driver, server, company, people, database }
    }

    pub fn store(&self) -> &Store {
        &self.database.store
    }

    pub fn user(&self, name: &str) -> UserId {
        self.people[name]
    }

    /// What the server printed for the first run.
    pub fn token(&self) -> String {
        let Served::ByProcess(server) = &self.server else { panic!("the company is there") };
        server.token.lock().expect("no panic").recv().expect("the database was empty")
    }

    /// A window before which nobody is signed in.
    pub async fn window(&self) -> Window {
        self.driver.window(self.server.address()).await
    }

    /// A window of somebody's own.
    pub async fn window_of(&self, name: &str) -> Window {
        let window = self.window().await;
        window.signs_in(&email_of(name), PASSWORD).await;
        window.finds(".user-menu").await;
        window
    }

    /// Runs the command line on the same database.
    pub fn command(&self, words: &[&str], input: &str) {
        let mut child = evenhand(&self.database.location)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        child.stdin.take().expect("its input").write_all(input.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A new lead, somebody's or nobody's.
    pub async fn lead(&self, name: &str, number: u32, owner: Option<&str>) -> LeadId {
        let order = AddLead {
            company: self.company,
            viewer: Viewer::Operator,
            may_convert: true,
            default_country: Country::from_code("IN").expect("a country"),
            first_name: name.into(),
            last_name: String::new(),
            phone: format!("98765{number:05}"),
            email: String::new(),
            status: None,
            tags: Vec::new(),
            branch: String::new(),
            department: String::new(),
            source: String::new(),
            country: None,
            owner: owner.map(|owner| self.user(owner)),
            exceed_cap: true,
            now: now(),
        };
        match add_lead(self.store(), order).await.expect("the lead is added") {
            Added::Done { lead, .. } => lead,
            other => panic!("{name}: {other:?}"),
        }
    }

    /// Who owns a lead, and its status.
    pub async fn look(&self, lead: LeadId) -> (Option<String>, String) {
        let mut reader = self.store().read().await.expect("a reader");
        let found = store::leads::one(reader.session(), self.company, lead, Sight::All).await.expect("asked");
        let line = found.expect("the lead is there").line;
        (line.owner, line.status)
    }
}

#[expect(clippy::disallowed_methods, reason = "the pages are served with the clock of the system")]
pub fn now() -> Moment {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    Moment(since.as_millis() as i64)
}

pub fn email_of(name: &str) -> String {
    format!("{}@acme.example", name.to_lowercase())
}

async fn employ(store: &Store) -> (CompanyId, BTreeMap<&'static str, UserId>) {
    let new = NewCompany {
        name: "Acme".into(),
        country: Country::from_code("IN").expect("a country"),
        zone: "Asia/Kolkata".parse().expect("a zone"),
        admin_email: Email::parse(&email_of("Admin")).expect("an e-mail"),
        admin_password: PASSWORD.into(),
    };
    let (company, admin) = create_company(store, new, now()).await.expect("the company is made");
    let mut people = BTreeMap::from([("Admin", admin)]);
    for (name, role, cap) in [
        ("Mira", "Manager", None),
        ("Noor", "Manager", None),
        ("Asha", "Agent", None),
        ("Ben", "Agent", Some(1)),
        ("Cara", "Agent", Some(100)),
    ] {
        let new = NewUser {
            name: name.into(),
            email: Email::parse(&email_of(name)).expect("an e-mail"),
            role: role.into(),
            cap,
            branch: None,
            department: None,
            password: Some(PASSWORD.into()),
        };
        let added = add_user(store, company, new, now()).await.expect("an answer");
        let UserAdded::Done(id) = added else { panic!("{name} is refused: {added:?}") };
        people.insert(name, id);
    }
    (company, people)
}

fn evenhand(location: &Location) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evenhand"));
    command.env_clear();
    match location {
        Location::Folder(folder) => command.env("EVENHAND_DATA", folder),
        Location::Url(url) => command.env("EVENHAND_DATABASE", url),
    };
    command
}

/// Who serves the pages.
enum Served {
    ByProcess(Server),
    Here(Here),
}

impl Served {
    fn address(&self) -> &str {
        match self {
            Served::ByProcess(server) => &server.address,
            Served::Here(here) => &here.address,
        }
    }
}

/// The pages in the process of the test, without the scheduler; they end with it.
struct Here {
    address: String,
    serving: JoinHandle<()>,
}

impl Here {
    async fn start(store: &Store) -> Here {
        let drawn = AtomicU64::new(1);
        let site = web::Site::new(web::Settings {
            store: store.clone(),
            clock: Arc::new(now),
            chance: Arc::new(move || {
                let mut bytes = [7; 32];
                bytes[..8].copy_from_slice(&drawn.fetch_add(1, Ordering::Relaxed).to_le_bytes());
                Ok(bytes)
            }),
            first_run_token: None,
            upload_bytes_max: 1 << 20,
            https: false,
        });
        let router = web::router(site.expect("the site opens"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let service = TowerToHyperService::new(router.clone());
                let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                connections.spawn(async move { drop(connection.await) });
            }
        });
        Here { address, serving }
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// `evenhand serve` on a port of its own; it ends with the test.
struct Server {
    process: Child,
    address: String,
    /// The token of the first run, once it is printed.
    token: Mutex<Receiver<String>>,
}

impl Server {
    fn start(location: &Location) -> Server {
        let mut process = evenhand(location)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut said = BufReader::new(process.stderr.take().expect("its words")).lines();
        let mut next = || said.next().expect("it has not ended").expect("it speaks");
        let address = loop {
            let line = next();
            if let Some((_, address)) = line.split_once("listens on ") {
                break address.to_owned();
            }
        };
        let (tell, told) = channel();
        // A full pipe would stop it; what it logs stands in the test's output.
        std::thread::spawn(move || {
            for line in said.map_while(Result::ok) {
                match line.rsplit_once("enter this token: ") {
                    Some((_, token)) => drop(tell.send(token.to_owned())),
                    None => eprintln!("evenhand: {line}"),
                }
            }
        });
        Server { process, address, token: Mutex::new(told) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
