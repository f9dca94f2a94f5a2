//! Leases: who may run a company's jobs right now, over all processes and nodes (R41).
//!
//! A lease dies with its holder, at once and without a clock: on SQLite it is a lock on a file beside the database, on
//! PostgreSQL an advisory lock of a connection of its own (docs/decisions/0005).

use crate::{
    database::Store,
    error::{Error, Result},
    sql,
};
use domain::ids::CompanyId;
use std::fs::File;

sql! {
    UNLOCK = "SELECT CASE WHEN pg_advisory_unlock(380651, CAST($1 AS INT)) THEN 1 ELSE 0 END", only Postgres;
    TRY_LOCK = "SELECT CASE WHEN pg_try_advisory_lock(380651, CAST($1 AS INT)) THEN 1 ELSE 0 END", only Postgres;
}

/// The right to run a company's jobs; it ends when this is dropped or the process dies.
pub struct Lease {
    company: CompanyId,
    held: Held,
}

enum Held {
    File { _locked: File },
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
    pub async fn release(self) {
        if let Held::Connection { client, .. } = &self.held
            && let Err(error) = client.query_one(UNLOCK.text(), &[&lock_number(self.company)]).await
        {
            tracing::debug!(%error, "the lease ends with its connection");
        }
    }
}

impl Store {
    /// The lease of a company, unless somebody has it.
    pub async fn try_lease(&self, company: CompanyId) -> Result<Option<Lease>> {
        let held = match (self.folder(), self.postgres()) {
            (Some(folder), _) => {
                let path = folder.join(format!("company-{company}.run-lock"));
                let file = File::options()
                    .create(true)
                    .truncate(false)
                    .write(true)
                    .open(&path)
                    .map_err(|e| Error::Unavailable(format!("{}: {e}", path.display())))?;
                match file.try_lock() {
                    Ok(()) => Held::File { _locked: file },
                    Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
                    Err(std::fs::TryLockError::Error(e)) => {
                        return Err(Error::Unavailable(format!("{}: {e}", path.display())));
                    }
                }
            }
            (None, Some(postgres)) => {
                let (client, task) = postgres.own_connection().await?;
                let row = client.query_one(TRY_LOCK.text(), &[&lock_number(company)]).await?;
                if row.try_get::<_, i32>(0)? == 0 {
                    return Ok(None);
                }
                Held::Connection { client, _task: task }
            }
            (None, None) => return Err(Error::Sql("a store is a folder or a server".into())),
        };
        Ok(Some(Lease { company, held }))
    }
}

/// The numbers of companies stay far below 2³¹.
fn lock_number(company: CompanyId) -> i32 {
    company.0 as i32
}
