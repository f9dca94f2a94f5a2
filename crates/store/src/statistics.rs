//! What PostgreSQL knows of how its tables are filled.
//!
//! It looks by itself, but only some while after much has changed; until then it plans for empty tables, and a page of
//! leads takes a hundred times as long (docs/performance.md). So whoever has brought in many leads lets it look at once.
//! SQLite keeps no statistics here, and needs none: docs/decisions/0008.

use crate::{
    boxed,
    database::Store,
    dialect::Engine,
    error::Result,
    session::{Inner, Session},
};

/// New leads after which it is worth a second of the server's time.
pub const NEW_LEADS_MIN: u64 = 5_000;

const LOOK: &str = "ANALYZE leads, lead_terms, lead_tags, lead_events";

impl Store {
    /// Lets the server look at the tables of leads again, beside any transaction.
    #[boxed]
    pub async fn look_at_leads_again(&self) -> Result<()> {
        if self.engine() == Engine::Postgres {
            look(self.read().await?.session()).await?;
        }
        Ok(())
    }
}

async fn look(session: &mut Session) -> Result<()> {
    if let Inner::Postgres(connection) = &mut session.inner {
        // A caller that leaves in the middle leaves no connection in the pool that is still busy with this.
        connection.asks();
        let looked = connection.client()?.batch_execute(LOOK).await;
        connection.answered();
        looked?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{dialect::Engine, sql::Sql, testing::on_both_engines};

    #[test]
    fn the_server_knows_how_many_leads_there_are() {
        on_both_engines(|database| async move {
            database.store.look_at_leads_again().await.expect("looked");
            if database.store.engine() == Engine::Sqlite {
                return;
            }
            // It says -1 of a table at which nobody has looked.
            let known = "SELECT CAST(MIN(reltuples) AS BIGINT) FROM pg_class WHERE relname IN ('leads', 'lead_terms')";
            let mut reader = database.store.read().await.expect("a reader");
            let session = reader.session();
            let leads: i64 =
                session.one(&Sql::built(known.into()), &[], |row| row.get(0)).await.expect("asked");
            assert_eq!(leads, 0);
        });
    }
}
