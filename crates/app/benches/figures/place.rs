//! Databases to measure on, and the engines' own shells.

use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use store::{Location, Missing, Store, dialect::Engine};

/// What the product sets on its own connections, so that the floor has the same durability and the same memory.
const SQLITE_SETTINGS: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -32768;";

/// Where everything lies.
pub struct Bench {
    /// A folder for databases and files.
    pub folder: PathBuf,
    /// A PostgreSQL server on which databases may be made and dropped.
    pub server: String,
    /// How often ours and the floor take turns.
    pub rounds: usize,
    /// A folder for databases that are kept and used again.
    pub kept: Option<PathBuf>,
}

/// One database of either engine.
#[derive(Debug, Clone)]
pub enum Place {
    /// A folder with the embedded database.
    Sqlite(PathBuf),
    /// A URL.
    Postgres(String),
}

/// What a script took.
pub struct Took {
    /// The whole process of the shell.
    pub process: Duration,
    /// The sum of what the shell says about the statements that were timed.
    pub statements: Duration,
    /// What was selected.
    pub answer: String,
}

impl Bench {
    /// A place of this name; nothing is there yet.
    pub fn place(&self, engine: Engine, name: &str) -> Result<Place> {
        Ok(match engine {
            Engine::Sqlite => {
                let folder = self.folder.join(name);
                if folder.exists() {
                    fs::remove_dir_all(&folder)?;
                }
                Place::Sqlite(folder)
            }
            Engine::Postgres => {
                self.on_server(&format!(
                    "DROP DATABASE IF EXISTS {name} WITH (FORCE); CREATE DATABASE {name};"
                ))?;
                Place::Postgres(self.url(name)?)
            }
        })
    }

    /// A copy of a database that nobody has open.
    pub fn copy(&self, of: &Place, name: &str) -> Result<Place> {
        Ok(match of {
            Place::Sqlite(folder) => {
                let Place::Sqlite(copy) = self.place(Engine::Sqlite, name)? else {
                    bail!("a place of another engine")
                };
                fs::create_dir_all(&copy)?;
                fs::copy(folder.join("evenhand.db"), copy.join("evenhand.db"))?;
                fs::File::open(copy.join("evenhand.db"))?.sync_all()?;
                Place::Sqlite(copy)
            }
            Place::Postgres(url) => {
                let template = url.rsplit('/').next().context("a URL ends with the database's name")?;
                self.on_server(&format!(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{template}';
                     DROP DATABASE IF EXISTS {name} WITH (FORCE); CREATE DATABASE {name} TEMPLATE {template}; CHECKPOINT;"
                ))?;
                Place::Postgres(self.url(name)?)
            }
        })
    }

    /// The kept database of this name, if there is one.
    pub fn kept(&self, engine: Engine, name: &str) -> Result<Option<Place>> {
        let Some(folder) = &self.kept else { return Ok(None) };
        Ok(match engine {
            Engine::Sqlite => {
                let folder = folder.join(name);
                folder.exists().then_some(Place::Sqlite(folder))
            }
            Engine::Postgres => {
                let known = format!("SELECT 'known' FROM pg_database WHERE datname = '{name}';");
                let found = psql(&self.server, &known)?.answer.contains("known");
                if found { Some(Place::Postgres(self.url(name)?)) } else { None }
            }
        })
    }

    /// Keeps a database that nobody has open under this name.
    pub fn keep(&self, place: Place, name: &str) -> Result<Place> {
        let Some(folder) = &self.kept else { return Ok(place) };
        Ok(match place {
            Place::Sqlite(built) => {
                fs::create_dir_all(folder)?;
                let kept = folder.join(name);
                fs::create_dir(&kept)?;
                fs::copy(built.join("evenhand.db"), kept.join("evenhand.db"))?;
                fs::remove_dir_all(built)?;
                Place::Sqlite(kept)
            }
            Place::Postgres(url) => {
                let built = url.rsplit('/').next().context("a URL ends with the database's name")?;
                self.on_server(&format!(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{built}';
                     ALTER DATABASE {built} RENAME TO {name};"
                ))?;
                Place::Postgres(self.url(name)?)
            }
        })
    }

    /// Removes a database that is not needed any more.
    pub fn remove(&self, place: &Place) -> Result<()> {
        match place {
            Place::Sqlite(folder) => fs::remove_dir_all(folder)?,
            Place::Postgres(url) => {
                let name = url.rsplit('/').next().unwrap_or_default();
                self.on_server(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE);"))?;
            }
        }
        Ok(())
    }

    fn url(&self, name: &str) -> Result<String> {
        let (server, _) = self.server.rsplit_once('/').context("the server's URL names a database")?;
        Ok(format!("{server}/{name}"))
    }

    fn on_server(&self, script: &str) -> Result<()> {
        psql(&self.server, script).map(drop)
    }
}

impl Place {
    /// Opens it with the product.
    pub async fn open(&self) -> Result<Store> {
        let location = match self {
            Place::Sqlite(folder) => Location::Folder(folder.clone()),
            Place::Postgres(url) => Location::Url(url.clone()),
        };
        Ok(Store::open(&location, Missing::Create).await?)
    }

    /// Runs a script in the engine's shell, statements timed.
    pub fn shell(&self, script: &str) -> Result<Took> {
        match self {
            Place::Sqlite(folder) => sqlite3(&folder.join("evenhand.db"), script),
            Place::Postgres(url) => psql(url, script),
        }
    }

    /// Leaves nothing to be done later by whoever is measured next.
    pub fn settle(&self) -> Result<()> {
        self.shell(match self {
            Place::Sqlite(_) => "PRAGMA wal_checkpoint(TRUNCATE);",
            Place::Postgres(_) => "VACUUM ANALYZE; CHECKPOINT;",
        })?;
        Ok(())
    }

    /// Brings rows of an answer into a file, as CSV without header.
    pub fn export(&self, query: &str, file: &Path) -> Result<()> {
        let file = file.display();
        self.shell(&match self {
            Place::Sqlite(_) => format!(".mode csv\n.separator , \"\\n\"\n.once {file}\n{query};\n"),
            Place::Postgres(_) => format!("\\copy ({query}) TO '{file}' (FORMAT csv)\n"),
        })?;
        Ok(())
    }

    /// The first value of an answer.
    pub fn value(&self, query: &str) -> Result<String> {
        let answer = self.shell(&format!("{query};"))?.answer;
        Ok(answer.lines().rfind(|line| !line.is_empty()).unwrap_or_default().to_owned())
    }
}

fn sqlite3(file: &Path, script: &str) -> Result<Took> {
    let mut command = Command::new("sqlite3");
    command.args(["-bail", "-batch"]).arg(file);
    run(command, &format!(".timeout 20000\n{SQLITE_SETTINGS}\n.timer on\n{script}\n"), "Run Time: real ", 1.0)
}

fn psql(url: &str, script: &str) -> Result<Took> {
    let mut command = Command::new("psql");
    command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url]);
    run(command, &format!("SET client_min_messages = warning;\n\\timing on\n{script}\n"), "Time: ", 0.001)
}

fn run(mut command: Command, script: &str, mark: &str, seconds: f64) -> Result<Took> {
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} does not run", command.get_program().display()))?;
    child.stdin.take().context("standard input is piped")?.write_all(script.as_bytes())?;
    let output = child.wait_with_output()?;
    let process = started.elapsed();
    ensure!(
        output.status.success() && output.stderr.is_empty(),
        "{} refuses: {}",
        command.get_program().display(),
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout)?;
    let (times, answer): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with(mark));
    let statements: f64 = times
        .iter()
        .filter_map(|line| line[mark.len()..].split_whitespace().next()?.parse::<f64>().ok())
        .sum();
    Ok(Took { process, statements: Duration::from_secs_f64(statements * seconds), answer: answer.join("\n") })
}
