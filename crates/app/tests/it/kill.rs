//! `kill -9` in the middle of imports and runs: at moments found by watching the database, and at random ones. Afterwards
//! the state is the one before or the one after, nothing in between; a run that was cut off is recorded as interrupted by
//! whoever looks next; and the next import or run works at once (R11, R42).
//!
//! Bounded unless `EVENHAND_KILLS=200` says how many random kills there are, on each engine.

use actions::{
    add_user::{NewUser, UserAdded, add_user},
    create_company::{NewCompany, create_company},
};
use domain::{email::Email, ids::CompanyId, phone::Country, time::Moment};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use store::{Location, Missing, Store, doctor, sql::Sql, testing};

const ROWS: usize = 1_200;
const NOW: Moment = Moment(1_778_470_200_000);
/// Random kills of the bounded form, on each engine.
const KILLS: usize = 12;
/// Random kills of one company: it grows with each.
const KILLS_OF_A_COMPANY: usize = 20;

/// When the process is killed.
#[derive(Debug, Clone, Copy)]
enum At {
    /// SQLite: its write-ahead log has so many bytes.
    Log(u64),
    /// PostgreSQL: it has sent a statement that begins like this.
    Statement(&'static str),
    /// So many thousandths of the time have passed that the last one took which nobody killed.
    Thousandth(u32),
}

/// Where the kill found the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hit {
    /// Nothing was written yet.
    Before,
    /// Something was written, or its record said that it runs, and it was not done.
    Middle,
    /// It was done.
    After,
}

/// How many kills found the work where.
#[derive(Debug, Default)]
struct Hits {
    imports: [usize; 3],
    runs: [usize; 3],
}

#[test]
fn r11_r42_sqlite_imports_and_runs_that_are_killed_at_chosen_moments_happened_or_did_not() {
    runtime().block_on(async {
        let imports = [1, 60_000, 150_000, 250_000, 350_000, 450_000].map(At::Log);
        let runs = [1, 10_000, 40_000, 100_000, 150_000, 250_000].map(At::Log);
        let (site, _folder) = sqlite().await;
        site.kills_at(&imports, &runs).await.tell("SQLite, chosen moments");
    });
}

#[test]
fn r11_r42_postgres_imports_and_runs_that_are_killed_at_chosen_moments_happened_or_did_not() {
    runtime().block_on(async {
        let imports = [
            "SELECT nextval",
            "COPY stage_leads",
            "INSERT INTO leads",
            "INSERT INTO lead_events",
            "INSERT INTO status_counts",
            "SELECT pg_notify",
        ];
        let runs = [
            "SELECT u.id",
            "UPDATE leads",
            "INSERT INTO lead_events",
            "UPDATE queues",
            "UPDATE runs SET state = 'done'",
            "SELECT pg_notify",
        ];
        let Some((site, _database)) = postgres().await else { return };
        let hits = site.kills_at(&imports.map(At::Statement), &runs.map(At::Statement)).await;
        hits.tell("PostgreSQL, chosen moments");
    });
}

#[test]
fn r11_r42_sqlite_imports_and_runs_that_are_killed_at_random_happened_or_did_not() {
    runtime().block_on(async {
        let mut hits = Hits::default();
        let mut draw = Draw(1);
        for kills in companies() {
            let (site, _folder) = sqlite().await;
            hits.add(&site.kills_at_random(kills, &mut draw).await);
        }
        hits.tell("SQLite, random moments");
    });
}

#[test]
fn r11_r42_postgres_imports_and_runs_that_are_killed_at_random_happened_or_did_not() {
    runtime().block_on(async {
        let mut hits = Hits::default();
        let mut draw = Draw(2);
        for kills in companies() {
            let Some((site, _database)) = postgres().await else { return };
            hits.add(&site.kills_at_random(kills, &mut draw).await);
        }
        hits.tell("PostgreSQL, random moments");
    });
}

/// The random kills of one company after the other.
fn companies() -> Vec<usize> {
    let kills = match std::env::var("EVENHAND_KILLS") {
        Ok(kills) => kills.parse().expect("EVENHAND_KILLS is a number of kills"),
        Err(_) => KILLS,
    };
    let mut companies = vec![KILLS_OF_A_COMPANY; kills / KILLS_OF_A_COMPANY];
    companies.extend(Some(kills % KILLS_OF_A_COMPANY).filter(|left| *left > 0));
    companies
}

async fn sqlite() -> (Site, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let watch = Watch::Log(data.join("evenhand.db-wal"));
    (Site::new(Location::Folder(data), folder.path(), watch).await, folder)
}

async fn postgres() -> Option<(Site, (testing::TestDatabase, tempfile::TempDir))> {
    let database = testing::postgres().await?;
    let folder = tempfile::tempdir().expect("a folder");
    let site = Site::new(database.location.clone(), folder.path(), Watch::Server).await;
    Some((site, (database, folder)))
}

/// A generator of numbers that are the same every time (Numerical Recipes' ranqd1 over 64 bits).
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as u32) % bound
    }
}

impl Hits {
    fn add(&mut self, more: &Hits) {
        for hit in 0..3 {
            self.imports[hit] += more.imports[hit];
            self.runs[hit] += more.runs[hit];
        }
    }

    /// Says how many, and fails where all came too late to show anything.
    fn tell(&self, what: &str) {
        let told = |[before, middle, after]: [usize; 3]| {
            format!("{before} before anything was written, {middle} in the middle, {after} after it was done")
        };
        eprintln!("{what}: imports killed: {}; runs killed: {}.", told(self.imports), told(self.runs));
        assert!(self.imports[0] + self.imports[1] > 0, "no import was killed in time");
        assert!(self.runs[0] + self.runs[1] > 0, "no run was killed in time");
    }
}

enum Watch {
    Log(PathBuf),
    Server,
}

/// A company that is worked on from the command line.
struct Site {
    location: Location,
    files: PathBuf,
    watch: Watch,
    company: CompanyId,
}

/// What the database says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    leads: i64,
    imports: i64,
    owned: i64,
    runs_done: i64,
    dealt: i64,
}

/// How long an import and a run take that nobody kills.
#[derive(Debug, Clone, Copy)]
struct Undisturbed {
    import: Duration,
    run: Duration,
}

/// A command that was killed: what is there now, and whether it had begun to write.
struct Killed {
    found: State,
    wrote: bool,
}

impl Site {
    async fn new(location: Location, files: &Path, watch: Watch) -> Site {
        let store = Store::open(&location, Missing::Create).await.expect("opened");
        let new = NewCompany {
            name: "Acme".into(),
            country: Country::from_code("IN").expect("a country"),
            zone: "Asia/Kolkata".parse().expect("a zone"),
            admin_email: Email::parse("boss@acme.example").expect("an e-mail"),
            admin_password: "correct horse".into(),
        };
        let (company, _) = create_company(&store, new, NOW).await.expect("made");
        for name in ["asha", "ben", "cara"] {
            let new = NewUser {
                name: name.into(),
                email: Email::parse(&format!("{name}@acme.example")).expect("an e-mail"),
                role: "Agent".into(),
                cap: None,
                branch: None,
                department: None,
                password: None,
            };
            let added = add_user(&store, company, new, NOW).await.expect("added");
            assert!(matches!(added, UserAdded::Done(_)), "{added:?}");
        }
        Site { location, files: files.to_owned(), watch, company }
    }

    /// Kills an import at each of the moments, and a run.
    async fn kills_at(&self, imports: &[At], runs: &[At]) -> Hits {
        let mut hits = Hits::default();
        for (round, (at_import, at_run)) in imports.iter().zip(runs).enumerate() {
            let undisturbed = Undisturbed { import: Duration::ZERO, run: Duration::ZERO };
            hits.imports[self.kills_an_import(round, *at_import, undisturbed).await as usize] += 1;
            hits.runs[self.kills_a_run(*at_run, undisturbed, round % 2 == 0).await as usize] += 1;
        }
        hits
    }

    /// Kills so many imports and runs in turn, at moments that are drawn over the time that they take.
    async fn kills_at_random(&self, kills: usize, draw: &mut Draw) -> Hits {
        let undisturbed = self.rehearses();
        let mut hits = Hits::default();
        for kill in 0..kills {
            let at = At::Thousandth(draw.below(1_050));
            if kill % 2 == 0 {
                hits.imports[self.kills_an_import(kill, at, undisturbed).await as usize] += 1;
            } else {
                let somebody_looks = draw.below(2) == 0;
                hits.runs[self.kills_a_run(at, undisturbed, somebody_looks).await as usize] += 1;
            }
        }
        hits
    }

    /// An import and a run without a kill.
    fn rehearses(&self) -> Undisturbed {
        let file = self.file(99);
        let begun = Instant::now();
        self.succeeds(&["import", &file]);
        let import = begun.elapsed();
        let begun = Instant::now();
        self.succeeds(&["run", "assignment"]);
        Undisturbed { import, run: begun.elapsed() }
    }

    async fn kills_an_import(&self, round: usize, at: At, undisturbed: Undisturbed) -> Hit {
        let file = self.file(round);
        let start = self.state().await;
        let imported = State { leads: start.leads + ROWS as i64, imports: start.imports + 1, ..start };
        let killed = self.killed(&["import", &file], at, undisturbed.import).await;
        assert!([start, imported].contains(&killed.found), "{at:?}: {start:?} {:?}", killed.found);
        let is_done = killed.found == imported;

        // Once more: what is there is skipped, what is missing comes, and no row comes twice.
        let said = self.succeeds(&["import", &file]);
        let new = if is_done { 0 } else { ROWS };
        assert_eq!(said, format!("{new} leads imported, {} skipped (duplicate), 0 errors.\n", ROWS - new));
        match (is_done, killed.wrote) {
            (true, _) => Hit::After,
            (false, true) => Hit::Middle,
            (false, false) => Hit::Before,
        }
    }

    /// `somebody_looks`: whether somebody looks at the card of the job before the next run does.
    async fn kills_a_run(&self, at: At, undisturbed: Undisturbed, somebody_looks: bool) -> Hit {
        let start = self.state().await;
        let (to_deal, interrupted) = (start.leads - start.owned, self.interrupted().await);
        let dealt = State {
            owned: start.leads,
            runs_done: start.runs_done + 1,
            dealt: start.dealt + to_deal,
            ..start
        };
        let killed = self.killed(&["run", "assignment"], at, undisturbed.run).await;
        assert!([start, dealt].contains(&killed.found), "{at:?}: {start:?} {:?}", killed.found);
        let is_done = killed.found == dealt;
        let dead = self.runs("running").await;
        assert!(dead <= 1 && (dead == 0 || !is_done), "{at:?}: {dead} records say that a run is going on");

        // R42: the dead run is closed by whoever looks next, and that changes nothing else.
        if somebody_looks {
            let card = self.succeeds(&["settings", "auto-assignment"]);
            let says = card.contains("interrupted: the process that ran it ended before it was done");
            assert_eq!(says, dead == 1, "{at:?}: {card}");
            assert_eq!(self.state().await, killed.found);
            assert_eq!((self.runs("running").await, self.interrupted().await), (0, interrupted + dead));
        }
        let said = self.succeeds(&["run", "assignment"]);
        let new = if is_done || to_deal == 0 {
            "0 leads assigned across 0 agents".to_owned()
        } else {
            format!("{to_deal} leads assigned across 3 agents")
        };
        assert!(said.contains(&new), "{at:?}: {said}");
        assert_eq!(State { runs_done: 0, ..self.state().await }, State { runs_done: 0, ..dealt });
        assert_eq!((self.runs("running").await, self.interrupted().await), (0, interrupted + dead));
        match (is_done, dead == 1) {
            (true, _) => Hit::After,
            (false, true) => Hit::Middle,
            (false, false) => Hit::Before,
        }
    }

    fn file(&self, round: usize) -> String {
        let file = self.files.join(format!("{round}.csv"));
        let rows: Vec<String> =
            (0..ROWS).map(|row| format!("Lead {row},+91987{:07}", round * ROWS + row)).collect();
        std::fs::write(&file, format!("First Name,Phone\n{}\n", rows.join("\n"))).expect("written");
        file.display().to_string()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_evenhand"));
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        match &self.location {
            Location::Folder(folder) => command.arg("--data").arg(folder),
            Location::Url(url) => command.arg("--database").arg(format!("{url}?application_name=victim")),
        };
        command
    }

    fn succeeds(&self, words: &[&str]) -> String {
        let output = self.command(words).output().expect("started");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {error}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Starts the command, kills it at the moment and says what is there afterwards. It may be done before: then it is
    /// after.
    async fn killed(&self, words: &[&str], at: At, undisturbed: Duration) -> Killed {
        let ids = self.ids_taken().await;
        let begun = Instant::now();
        let mut victim = self.command(words).spawn().expect("started");
        match (&self.watch, at) {
            (Watch::Log(log), At::Log(bytes)) => {
                while running(&mut victim) && length(log) < bytes {
                    std::thread::yield_now();
                }
            }
            (Watch::Server, At::Statement(begins)) => {
                let store = Store::open(&self.location, Missing::Refuse).await.expect("opened");
                while running(&mut victim) && !self.has_sent(&store, begins).await {}
            }
            (_, At::Thousandth(part)) => {
                // The moment is what is drawn; there is nothing to wait for.
                let moment = undisturbed * part / 1_000;
                while running(&mut victim) && begun.elapsed() < moment {
                    std::thread::yield_now();
                }
            }
            other => panic!("{:?} does not go with the other engine", other.1),
        }
        victim.kill().expect("killed");
        victim.wait().expect("gone");
        let wrote = match &self.watch {
            // Whoever opens the database next folds the log into it, or leaves out what was not committed.
            Watch::Log(log) => length(log) > 0,
            Watch::Server => {
                // The server needs a moment to notice.
                let store = Store::open(&self.location, Missing::Refuse).await.expect("opened");
                while self.has_sent(&store, "").await {}
                self.ids_taken().await != ids
            }
        };
        Killed { found: self.state().await, wrote }
    }

    /// On PostgreSQL identifiers are taken for good, also by a transaction that does not end: they tell that it began.
    async fn ids_taken(&self) -> i64 {
        match self.watch {
            Watch::Log(_) => 0,
            Watch::Server => {
                let store = Store::open(&self.location, Missing::Refuse).await.expect("opened");
                let taken = "SELECT last_value + $1 FROM ids_lead";
                number(&store, taken, 0.into()).await
            }
        }
    }

    async fn has_sent(&self, store: &Store, begins: &str) -> bool {
        let sent = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
            AND application_name = 'victim' AND query LIKE $1 || '%'";
        number(store, sent, begins.into()).await > 0
    }

    /// Runs whose record says this.
    async fn runs(&self, state: &'static str) -> i64 {
        self.count(&format!("SELECT COUNT(*) FROM runs WHERE company_id = $1 AND state = '{state}'")).await
    }

    async fn interrupted(&self) -> i64 {
        let sql = "SELECT COUNT(*) FROM runs WHERE company_id = $1 AND state = 'failed'
            AND failure LIKE 'interrupted:%' AND finished_at_ms IS NOT NULL";
        self.count(sql).await
    }

    async fn count(&self, sql: &str) -> i64 {
        let store = Store::open(&self.location, Missing::Refuse).await.expect("opened");
        number(&store, sql, self.company.into()).await
    }

    async fn state(&self) -> State {
        let store = Store::open(&self.location, Missing::Refuse).await.expect("opened");
        let mut reader = store.snapshot().await.expect("a reader");
        let found = doctor::examine(reader.session(), self.company).await.expect("examined");
        assert_eq!(found, Vec::<String>::new());
        let company = self.company.into();
        State {
            leads: number(&store, "SELECT COUNT(*) FROM leads WHERE company_id = $1", company).await,
            imports: number(
                &store,
                "SELECT COUNT(*) FROM imports WHERE company_id = $1 AND imported > 0",
                company,
            )
            .await,
            owned: number(&store, "SELECT COUNT(owner_id) FROM leads WHERE company_id = $1", company).await,
            runs_done: number(
                &store,
                "SELECT COUNT(*) FROM runs WHERE company_id = $1 AND state = 'done'",
                company,
            )
            .await,
            dealt: number(
                &store,
                "SELECT CAST(COALESCE(SUM(got), 0) AS BIGINT) FROM run_agents WHERE company_id = $1",
                company,
            )
            .await,
        }
    }
}

async fn number(store: &Store, sql: &str, value: store::value::Value<'_>) -> i64 {
    let mut reader = store.read().await.expect("a reader");
    reader.session().one(&Sql::built(sql.to_owned()), &[value], |row| row.get(0)).await.expect("a number")
}

fn length(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |file| file.len())
}

fn running(victim: &mut Child) -> bool {
    victim.try_wait().expect("asked").is_none()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}
