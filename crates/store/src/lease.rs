//! Leases: who may run a company's jobs right now, over all processes and nodes (R41); and which imports are alive.
//!
//! A lease dies with its holder, at once and without a clock: on SQLite it is a lock on a file beside the database, on
//! PostgreSQL an advisory lock of a connection of its own (docs/decisions/0005).

use crate::{
    boxed,
    database::Store,
    error::{Error, Result},
    sql,
};
use domain::ids::{CompanyId, ImportId};
use std::{fs::File, path::PathBuf};

sql! {
    UNLOCK = "SELECT CASE WHEN pg_advisory_unlock(CAST($1 AS INT), CAST($2 AS INT)) THEN 1 ELSE 0 END", only Postgres;
    TRY_LOCK = "SELECT CASE WHEN pg_try_advisory_lock(CAST($1 AS INT), CAST($2 AS INT)) THEN 1 ELSE 0 END", only Postgres;
}

/// The right to run a company's jobs, or the life of an import; it ends when this is dropped or the process dies.
pub struct Lease {
    what: What,
    held: Held,
}

/// What a lease is for.
#[derive(Debug, Clone, Copy)]
enum What {
    Runs(CompanyId),
    Import(CompanyId, ImportId),
}

impl What {
    /// The name of the lock file.
    fn file_name(self) -> String {
        match self {
            What::Runs(company) => format!("company-{company}.run-lock"),
            What::Import(company, import) => format!("company-{company}-import-{import}.lock"),
        }
    }

    /// The two numbers of the advisory lock: what it is for, and which. Companies and imports stay far below 2³¹.
    fn numbers(self) -> (i32, i32) {
        match self {
            What::Runs(company) => (380_651, company.0 as i32),
            What::Import(_, import) => (380_652, import.0 as i32),
        }
    }
}

enum Held {
    File { _locked: File, passing: Option<PathBuf> },
    Connection { client: tokio_postgres::Client, _task: tokio::task::JoinHandle<()> },
}

impl Lease {
    /// Whether the lease is still held; a connection may have broken in the meantime.
    pub fn is_alive(&self) -> bool {
        match &self.held {
            Held::File { .. } => true,
            Held::Connection { client, .. } => !client.is_closed(),
        }
    }

    /// Gives the lease back. Dropping it does too, but on PostgreSQL a moment later, when the server notices: who goes
    /// on at once should not find the lease taken by themselves.
    #[boxed]
    pub async fn release(self) {
        if let Held::Connection { client, .. } = &self.held
            && let Err(error) =
                client.query_one(UNLOCK.text(), &[&self.what.numbers().0, &self.what.numbers().1]).await
        {
            tracing::debug!(%error, "the lease ends with its connection");
        }
    }
}

impl Drop for Lease {
    /// The file of an import would never be used again. Removed while it is locked, so that whoever opens it by name
    /// gets another one, and finds in the record that the import has ended.
    fn drop(&mut self) {
        if let Held::File { passing: Some(path), .. } = &self.held {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Store {
    /// The lease of a company, unless somebody has it.
    #[boxed]
    pub async fn try_lease(&self, company: CompanyId) -> Result<Option<Lease>> {
        self.try_lease_of(What::Runs(company)).await
    }

    /// The life of an import, held by the process that does it: who gets it otherwise knows that the process has died.
    #[boxed]
    pub async fn try_import_lease(&self, company: CompanyId, import: ImportId) -> Result<Option<Lease>> {
        self.try_lease_of(What::Import(company, import)).await
    }

    async fn try_lease_of(&self, what: What) -> Result<Option<Lease>> {
        let held = match (self.folder(), self.postgres()) {
            (Some(folder), _) => {
                let path = folder.join(what.file_name());
                let file = File::options()
                    .create(true)
                    .truncate(false)
                    .write(true)
                    .open(&path)
                    .map_err(|e| Error::Unavailable(format!("{}: {e}", path.display())))?;
                match file.try_lock() {
                    Ok(()) => Held::File {
                        _locked: file,
                        passing: matches!(what, What::Import(..)).then_some(path),
                    },
                    Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
                    Err(std::fs::TryLockError::Error(e)) => {
                        return Err(Error::Unavailable(format!("{}: {e}", path.display())));
                    }
                }
            }
            (None, Some(postgres)) => {
                let (client, task) = postgres.own_connection().await?;
                let row = client.query_one(TRY_LOCK.text(), &[&what.numbers().0, &what.numbers().1]).await?;
                if row.try_get::<_, i32>(0)? == 0 {
                    return Ok(None);
                }
                Held::Connection { client, _task: task }
            }
            (None, None) => return Err(Error::Sql("a store is a folder or a server".into())),
        };
        Ok(Some(Lease { what, held }))
    }
}
