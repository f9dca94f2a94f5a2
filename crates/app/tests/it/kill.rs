//! `kill -9` in the middle of imports and runs, at moments found by watching the database: afterwards the state is the
//! one before or the one after, nothing in between, and the next import or run works at once (R11, R42).

use actions::{
    add_user::{NewUser, UserAdded, add_user},
    create_company::{NewCompany, create_company},
};
use domain::{email::Email, ids::CompanyId, phone::Country, time::Moment};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use store::{Location, Missing, Store, doctor, sql::Sql, testing};

const ROWS: usize = 1_200;
const NOW: Moment = Moment(1_778_470_200_000);

/// When the process is killed.
#[derive(Debug, Clone, Copy)]
enum At {
    /// SQLite: its write-ahead log has so many bytes.
    Log(u64),
    /// PostgreSQL: it has sent a statement that begins like this.
    Statement(&'static str),
}

#[test]
fn sqlite_imports_and_runs_that_are_killed_happened_or_did_not() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let imports = [1, 60_000, 150_000, 250_000, 350_000, 450_000].map(At::Log);
        let runs = [1, 10_000, 40_000, 100_000, 150_000, 250_000].map(At::Log);
        let site = Site::new(
            Location::Folder(data.clone()),
            folder.path(),
            Watch::Log(data.join("evenhand.db-wal")),
        )
        .await;
        site.kill_all(&imports, &runs).await;
    });
}

#[test]
fn postgres_imports_and_runs_that_are_killed_happened_or_did_not() {
    runtime().block_on(async {
        let Some(database) = testing::postgres().await else { return };
        let folder = tempfile::tempdir().expect("a folder");
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
        let site = Site::new(database.location.clone(), folder.path(), Watch::Server).await;
        site.kill_all(&imports.map(At::Statement), &runs.map(At::Statement)).await;
    });
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

    async fn kill_all(&self, imports: &[At], runs: &[At]) {
        let mut before_or_after = [0, 0];
        for (round, (at_import, at_run)) in imports.iter().zip(runs).enumerate() {
            let file = self.file(round);
            let start = self.state().await;
            let imported = State { leads: start.leads + ROWS as i64, imports: start.imports + 1, ..start };
            let found = self.killed(&["import", &file], *at_import).await;
            assert!([start, imported].contains(&found), "{at_import:?}: {start:?} {found:?}");
            before_or_after[usize::from(found == imported)] += 1;

            // Once more: what is there is skipped, what is missing comes, and no row comes twice.
            let said = self.succeeds(&["import", &file]);
            let new = if found == imported { 0 } else { ROWS };
            assert_eq!(
                said,
                format!("{new} leads imported, {} skipped (duplicate), 0 errors.\n", ROWS - new)
            );

            let start = self.state().await;
            let dealt = State {
                owned: start.leads,
                runs_done: start.runs_done + 1,
                dealt: start.dealt + ROWS as i64,
                ..start
            };
            let found = self.killed(&["run", "assignment"], *at_run).await;
            assert!([start, dealt].contains(&found), "{at_run:?}: {start:?} {found:?}");
            before_or_after[usize::from(found == dealt)] += 1;

            let said = self.succeeds(&["run", "assignment"]);
            let new = if found == dealt {
                "0 leads assigned across 0 agents"
            } else {
                "1200 leads assigned across 3 agents"
            };
            assert!(said.contains(new), "{at_run:?}: {said}");
            assert_eq!(State { runs_done: 0, ..self.state().await }, State { runs_done: 0, ..dealt });
        }
        assert!(before_or_after[0] > 0, "some were killed in time: {before_or_after:?}");
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

    /// Starts the command, kills it at the moment and answers the state afterwards. It may be done before: then it is after.
    async fn killed(&self, words: &[&str], at: At) -> State {
        let mut victim = self.command(words).spawn().expect("started");
        match (&self.watch, at) {
            (Watch::Log(log), At::Log(bytes)) => {
                while running(&mut victim) && std::fs::metadata(log).map_or(0, |log| log.len()) < bytes {
                    std::thread::yield_now();
                }
            }
            (Watch::Server, At::Statement(begins)) => {
                let store = Store::open(&self.location, Missing::Refuse).await.expect("opened");
                while running(&mut victim) && !self.has_sent(&store, begins).await {}
            }
            other => panic!("{:?} does not go with the other engine", other.1),
        }
        victim.kill().expect("killed");
        victim.wait().expect("gone");
        if let Watch::Server = self.watch {
            // The server needs a moment to notice.
            let store = Store::open(&self.location, Missing::Refuse).await.expect("opened");
            while self.has_sent(&store, "").await {}
        }
        self.state().await
    }

    async fn has_sent(&self, store: &Store, begins: &str) -> bool {
        let sent = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
            AND application_name = 'victim' AND query LIKE $1 || '%'";
        number(store, sent, begins.into()).await > 0
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

fn running(victim: &mut Child) -> bool {
    victim.try_wait().expect("asked").is_none()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}
