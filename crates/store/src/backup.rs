//! A backup: everything, as of one moment, in one file that is an embedded database itself.
//!
//! On SQLite the engine writes the copy (`VACUUM INTO`). On PostgreSQL a snapshot is copied table by table into a new
//! embedded database of the same schema, so that one kind of file restores both.

use crate::{
    Store, boxed,
    database::private,
    error::{Error, Result},
    session::{Inner, Session},
    sql::Sql,
    value::Value,
};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// Writes the backup and answers its size in bytes. The file must not exist; half a backup never bears its name.
#[boxed]
pub async fn backup(store: &Store, file: &Path) -> Result<u64> {
    if file.exists() {
        return Err(Error::Missing(format!("{} exists already; name a new file", file.display())));
    }
    let parent = match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    if !parent.is_dir() {
        return Err(Error::Missing(format!("there is no folder {}; make it first", parent.display())));
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let draft = Draft::new(parent.join(format!(".{name}.{}.partial", std::process::id())))?;
    let copy = draft.0.join("evenhand.db");
    if store.folder().is_some() {
        let copy = copy.clone();
        store.read_long(move |session| Box::pin(async move { vacuum_into(session, &copy) })).await?;
    } else {
        let target = Connection::open(&copy)?;
        store.read_long(move |session| Box::pin(copy_tables(session, target))).await?;
    }
    let io = |e: std::io::Error| Error::Io(format!("{} cannot be written: {e}", file.display()));
    let written = std::fs::File::open(&copy).and_then(|written| {
        written.sync_all()?;
        written.metadata()
    });
    let bytes = written.map_err(io)?.len();
    private(&copy, 0o600).map_err(io)?;
    std::fs::rename(&copy, file).map_err(io)?;
    std::fs::File::open(parent).and_then(|folder| folder.sync_all()).map_err(io)?;
    Ok(bytes)
}

/// A folder for the unfinished copy, gone with everything in it when this is dropped.
struct Draft(PathBuf);

impl Draft {
    fn new(path: PathBuf) -> Result<Draft> {
        std::fs::create_dir(&path)
            .map_err(|e| Error::Missing(format!("{} cannot be made: {e}", path.display())))?;
        let draft = Draft(path);
        // If the process dies it stays, with whatever is in it by then.
        private(&draft.0, 0o700)
            .map_err(|e| Error::Io(format!("{} cannot be made private: {e}", draft.0.display())))?;
        Ok(draft)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "the draft of a backup could not be removed");
        }
    }
}

fn vacuum_into(session: &mut Session, copy: &Path) -> Result<()> {
    let Inner::Sqlite(connection) = &session.inner else {
        return Err(Error::Sql("VACUUM INTO is for the embedded database".into()));
    };
    // VACUUM cannot run inside a transaction; it takes a snapshot of its own.
    connection.execute_batch("COMMIT; PRAGMA query_only = OFF")?;
    let copied = connection.execute("VACUUM INTO ?1", [copy.to_string_lossy()]);
    connection.execute_batch("PRAGMA query_only = ON; BEGIN")?;
    copied?;
    Ok(())
}

/// Copies every table of the snapshot; the sequences become counter rows.
async fn copy_tables(session: &mut Session, mut target: Connection) -> Result<()> {
    target.execute_batch("PRAGMA synchronous = OFF; BEGIN")?;
    crate::migrate::fresh_sqlite(&target)?;
    let tables = names(
        &target,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('id_blocks', 'schema_migrations')",
    )?;
    for table in tables {
        let columns = names(
            &target,
            &format!("SELECT name || ' ' || type FROM pragma_table_info('{table}') ORDER BY cid"),
        )?;
        copy_table(session, &mut target, &table, &columns).await?;
    }
    for kind in crate::ids::Kind::ALL {
        let name = kind.name();
        let next = Sql::built(format!(
            "SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM ids_{name}"
        ));
        let next: i64 = session.one(&next, &[], |row| row.get(0)).await?;
        target
            .execute("INSERT INTO id_blocks (name, next) VALUES (?1, ?2)", rusqlite::params![name, next])?;
    }
    target.execute_batch("COMMIT")?;
    Ok(())
}

fn names(connection: &Connection, sql: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(names)
}

async fn copy_table(
    session: &mut Session,
    target: &mut Connection,
    table: &str,
    columns: &[String],
) -> Result<()> {
    let (names, types): (Vec<&str>, Vec<&str>) =
        columns.iter().filter_map(|column| column.split_once(' ')).unzip();
    let marks: Vec<String> = (1..=names.len()).map(|n| format!("?{n}")).collect();
    let names = names.join(", ");
    let insert = format!("INSERT INTO {table} ({names}) VALUES ({})", marks.join(", "));
    let select = Sql::built(format!("SELECT {names} FROM {table}"));
    session
        .each(&select, &[], move |row| {
            let mut insert = target.prepare_cached(&insert)?;
            for (column, ty) in types.iter().enumerate() {
                match *ty {
                    "BIGINT" => {
                        insert
                            .raw_bind_parameter(column + 1, Value::from(row.get::<Option<i64>>(column)?))?;
                    }
                    "BLOB" => insert.raw_bind_parameter(column + 1, row.get::<Option<Vec<u8>>>(column)?)?,
                    _ => insert
                        .raw_bind_parameter(column + 1, Value::from(&row.get::<Option<String>>(column)?))?,
                }
            }
            insert.raw_execute()?;
            Ok(())
        })
        .await
}
