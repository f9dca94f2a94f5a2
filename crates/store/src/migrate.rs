//! Migrations: numbered, forward only, the same files for both engines, under a lock at start.

use crate::{
    boxed,
    database::{Missing, Store},
    dialect::{Engine, render},
    error::{Error, Result},
    session::Session,
    sql,
};

/// The migrations, in order; the number of a schema is the number of migrations it has seen.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_house.sql"), TAG_BITS];

/// The second of them.
pub(crate) const TAG_BITS: &str = include_str!("migrations/0002_tag_bits.sql");

/// The highest schema number this program knows.
pub const KNOWN: i64 = MIGRATIONS.len() as i64;

/// A number that changes with any of the migrations: the test server keeps a template database for each.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn fingerprint() -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    MIGRATIONS.hash(&mut hasher);
    hasher.finish()
}

sql! {
    SCHEMA_NUMBER = "SELECT COALESCE(MAX(number), 0) FROM schema_migrations";
    MARK_APPLIED = "INSERT INTO schema_migrations (number) VALUES ($1)";
}

/// Brings the schema up to date; refuses a newer one, and where nothing is to be made an empty one.
#[boxed]
pub(crate) async fn up(store: &Store, missing: Missing) -> Result<()> {
    let found = match store.read().await?.session().one(&SCHEMA_NUMBER, &[], |row| row.get(0)).await {
        Ok(found) => found,
        Err(Error::Sql(why)) if why.contains("no such table") || why.contains("42P01") => 0,
        Err(other) => return Err(other),
    };
    match found {
        KNOWN => Ok(()),
        newer if newer > KNOWN => Err(Error::NewerSchema { found: newer, known: KNOWN }),
        0 if missing == Missing::Refuse => Err(Error::Missing(format!(
            "there is no Evenhand in {}; make one with `evenhand init`",
            store.place()
        ))),
        _ => store.write_long(|session| Box::pin(apply(session))).await,
    }
}

async fn apply(session: &mut Session) -> Result<()> {
    if session.engine() == Engine::Postgres {
        // Nodes that start together: one migrates, the others wait here and find it done.
        session.batch("SELECT pg_advisory_xact_lock(3806517)").await?;
    }
    session
        .batch("CREATE TABLE IF NOT EXISTS schema_migrations (number BIGINT NOT NULL PRIMARY KEY)")
        .await?;
    let found: i64 = session.one(&SCHEMA_NUMBER, &[], |row| row.get(0)).await?;
    for (number, migration) in (1..).zip(MIGRATIONS).filter(|(number, _)| *number > found) {
        session.batch(migration).await?;
        session.execute(&MARK_APPLIED, crate::params![number]).await?;
        tracing::info!(number, "schema migrated");
    }
    Ok(())
}

/// The schema in a new embedded database that a backup is copied into. The caller has begun a transaction.
pub(crate) fn fresh_sqlite(connection: &rusqlite::Connection) -> Result<()> {
    connection.execute_batch("CREATE TABLE schema_migrations (number BIGINT NOT NULL PRIMARY KEY)")?;
    for (number, migration) in (1..=KNOWN).zip(MIGRATIONS) {
        connection.execute_batch(&render(migration, Engine::Sqlite))?;
        connection.execute("INSERT INTO schema_migrations (number) VALUES (?1)", [number])?;
    }
    Ok(())
}
