//! A session: one connection to either engine, with the few verbs that every room of the store uses.
//!
//! On PostgreSQL the verbs wait on the network. On SQLite they never wait: a future made only of them is ready at its
//! first poll, which is how one text of asynchronous code serves the writer thread too.

use crate::{
    boxed,
    changes::Told,
    dialect::{Engine, render},
    error::{Error, Result},
    postgres::{Brake, PgConnection},
    sql::Sql,
    stage::Stage,
    value::{Row, Value},
    work::Watch,
};
use futures_util::TryStreamExt;
pub use futures_util::future::BoxFuture;

/// One connection to either engine.
pub struct Session {
    pub(crate) inner: Inner,
    /// What the transaction changes, for those who listen.
    pub(crate) told: Told,
    /// The long work that the transaction is part of.
    pub(crate) watch: Option<Watch>,
}

pub(crate) enum Inner {
    Sqlite(rusqlite::Connection),
    Postgres(PgConnection),
}

impl Session {
    pub(crate) fn new(inner: Inner) -> Session {
        Session { inner, told: Told::default(), watch: None }
    }

    /// The engine behind the session.
    pub fn engine(&self) -> Engine {
        match self.inner {
            Inner::Sqlite(_) => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs a statement and answers how many rows it touched.
    #[boxed]
    pub async fn execute(&mut self, sql: &Sql, params: &[Value<'_>]) -> Result<u64> {
        let watch = self.watch.as_ref();
        match &mut self.inner {
            Inner::Sqlite(connection) => {
                broken_off(watch, || sqlite::execute(connection, sql.text(), params))
            }
            Inner::Postgres(connection) => {
                let brake = connection.brake(watch)?;
                let asking = async {
                    let statement = connection.prepare(sql.text()).await?;
                    Ok(connection.client()?.execute_raw(&statement, params).await?)
                };
                let answer = Brake::unless_wished(brake, asking).await;
                answer.unwrap_or_else(|| cancelled(connection))
            }
        }
    }

    /// Reads every row; the answer is held in memory, so the statement has a limit or the caller knows one.
    pub async fn rows<T: Send>(
        &mut self,
        sql: &Sql,
        params: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T> + Send,
    ) -> Result<Vec<T>> {
        let mut all = Vec::new();
        self.each(sql, params, |row| {
            all.push(read(row)?);
            Ok(())
        })
        .await?;
        Ok(all)
    }

    /// Streams the rows past `see`, one at a time: memory does not grow with the answer.
    pub async fn each(
        &mut self,
        sql: &Sql,
        params: &[Value<'_>],
        mut see: impl FnMut(&Row<'_>) -> Result<()> + Send,
    ) -> Result<()> {
        self.each_to(sql, params, &mut see).await
    }

    /// The part that does not depend on who sees the rows.
    #[boxed]
    async fn each_to(&mut self, sql: &Sql, params: &[Value<'_>], see: &mut See<'_>) -> Result<()> {
        let watch = self.watch.as_ref();
        match &mut self.inner {
            Inner::Sqlite(connection) => {
                broken_off(watch, || sqlite::each(connection, sql.text(), params, see))
            }
            Inner::Postgres(connection) => {
                let brake = connection.brake(watch)?;
                connection.asks();
                let asking = postgres_rows(connection, sql.text(), params, see);
                let Some(answer) = Brake::unless_wished(brake, asking).await else {
                    return cancelled(connection);
                };
                // A reader that has seen enough leaves rows on their way; an error of the server leaves none.
                if !matches!(answer, Err(Stopped::ByTheReader(_))) {
                    connection.answered();
                }
                answer.map_err(Stopped::into_error)
            }
        }
    }

    /// Reads the answers of several statements that do not depend on each other. On PostgreSQL they are sent at once, so
    /// that all of them together take one way there and back. Each answer is held in memory.
    #[boxed]
    pub async fn together(&mut self, asks: &mut [Ask<'_>]) -> Result<()> {
        if let Inner::Postgres(connection) = &mut self.inner
            && self.watch.is_none()
        {
            // What an error leaves on its way is given up with the connection.
            connection.asks();
            let asking = asks.iter().map(|ask| postgres_answer(connection, ask.sql.text(), ask.params));
            let answers = futures_util::future::try_join_all(asking).await?;
            connection.answered();
            for (ask, rows) in asks.iter_mut().zip(answers) {
                rows.iter().try_for_each(|row| (ask.see)(&Row::Postgres(row)))?;
            }
            return Ok(());
        }
        for ask in asks {
            self.each_to(ask.sql, ask.params, ask.see).await?;
        }
        Ok(())
    }

    /// Reads the first row, if there is one.
    pub async fn optional<T: Send>(
        &mut self,
        sql: &Sql,
        params: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T> + Send,
    ) -> Result<Option<T>> {
        let mut first = None;
        self.each(sql, params, |row| {
            if first.is_none() {
                first = Some(read(row)?);
            }
            Ok(())
        })
        .await?;
        Ok(first)
    }

    /// Reads the one row that the statement always has (an aggregate, say).
    pub async fn one<T: Send>(
        &mut self,
        sql: &Sql,
        params: &[Value<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T> + Send,
    ) -> Result<T> {
        self.optional(sql, params, read)
            .await?
            .ok_or_else(|| Error::Sql(format!("a statement that always has a row had none: {}", sql.text())))
    }

    /// Empties a stage and fills it from memory: COPY on PostgreSQL, a prepared INSERT on SQLite.
    /// What is staged lives to the end of the transaction and is seen by this session only.
    // Boxed, so that the closures inside `rows` do not show in the types of the futures around it.
    pub fn stage<'s, 'v: 's, R>(&'s mut self, stage: &'static Stage, rows: R) -> BoxFuture<'s, Result<u64>>
    where
        R: Iterator + Send + 's,
        R::Item: AsRef<[Value<'v>]> + Send,
    {
        Box::pin(async move {
            let watch = self.watch.as_ref();
            match &mut self.inner {
                Inner::Sqlite(connection) => broken_off(watch, || sqlite::stage(connection, stage, rows)),
                Inner::Postgres(connection) => {
                    let brake = connection.brake(watch)?;
                    let answer = Brake::unless_wished(brake, connection.stage(stage, rows)).await;
                    answer.unwrap_or_else(|| cancelled(connection))
                }
            }
        })
    }

    /// Runs a statement once for each of `rows` and answers the places of those for which it touched nothing. Meant for
    /// the embedded database, where a statement has no way to go: there it saves the stage and the join with it. On
    /// PostgreSQL each waits for the one before.
    pub fn execute_each<'s, 'v: 's, R>(
        &'s mut self,
        sql: &'s Sql,
        rows: R,
    ) -> BoxFuture<'s, Result<Vec<usize>>>
    where
        R: Iterator + Send + 's,
        R::Item: AsRef<[Value<'v>]> + Send,
    {
        Box::pin(async move {
            if let Inner::Sqlite(connection) = &mut self.inner {
                return broken_off(self.watch.as_ref(), || {
                    sqlite::execute_each(connection, sql.text(), rows)
                });
            }
            let mut idle = Vec::new();
            for (place, row) in rows.enumerate() {
                if self.execute(sql, row.as_ref()).await? == 0 {
                    idle.push(place);
                }
            }
            Ok(idle)
        })
    }

    /// Several statements without parameters, for pragmas, transactions and migrations.
    #[boxed]
    pub(crate) async fn batch(&mut self, sql: &str) -> Result<()> {
        let text = render(sql, self.engine());
        match &mut self.inner {
            Inner::Sqlite(connection) => {
                broken_off(self.watch.as_ref(), || connection.execute_batch(&text).map_err(Error::from))
            }
            Inner::Postgres(connection) => Ok(connection.client()?.batch_execute(&text).await?),
        }
    }

    /// Marks a place inside the transaction to come back to.
    #[boxed]
    pub async fn savepoint(&mut self) -> Result<()> {
        self.batch("SAVEPOINT inner_mark").await?;
        self.told.mark();
        Ok(())
    }

    /// Undoes everything since the last [`savepoint`](Self::savepoint) and forgets the mark.
    #[boxed]
    pub async fn back_to_savepoint(&mut self) -> Result<()> {
        self.batch("ROLLBACK TO SAVEPOINT inner_mark; RELEASE SAVEPOINT inner_mark").await?;
        self.told.back_to_mark();
        Ok(())
    }

    /// Keeps everything since the last [`savepoint`](Self::savepoint) and forgets the mark.
    #[boxed]
    pub async fn release_savepoint(&mut self) -> Result<()> {
        self.batch("RELEASE SAVEPOINT inner_mark").await?;
        self.told.forget_mark();
        Ok(())
    }

    /// Lifts the limit on statements for a long transaction (a run, an import), and leaves its plans to the server's own
    /// settings: it goes through large parts of a table, and pages do not.
    #[boxed]
    pub(crate) async fn without_statement_limit(&mut self) -> Result<()> {
        match self.engine() {
            Engine::Sqlite => Ok(()),
            Engine::Postgres => {
                self.batch(
                    "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '15min';
                     SET LOCAL random_page_cost TO DEFAULT; SET LOCAL jit TO DEFAULT",
                )
                .await
            }
        }
    }
}

/// A statement that was broken off because its work is to stop has not met a limit. (Work has none.) Once it is to stop
/// no other statement begins: what the engine rolled back by itself would not go with the rest.
fn broken_off<T>(watch: Option<&Watch>, statement: impl FnOnce() -> Result<T>) -> Result<T> {
    let is_asked = || watch.is_some_and(|watch| watch.asked().is_some());
    if is_asked() {
        return Err(Error::Cancelled);
    }
    match statement() {
        Err(Error::Timeout { .. }) if is_asked() => Err(Error::Cancelled),
        answer => answer,
    }
}

/// The same on PostgreSQL, where the connection has seen its last statement.
fn cancelled<T>(connection: &mut PgConnection) -> Result<T> {
    connection.was_cancelled();
    Err(Error::Cancelled)
}

/// One of several statements that are asked [together](Session::together).
pub struct Ask<'a> {
    /// The statement.
    pub sql: &'a Sql,
    /// Its values.
    pub params: &'a [Value<'a>],
    /// Who sees its rows.
    pub see: &'a mut See<'a>,
}

/// Who sees the rows of an answer.
pub type See<'s> = dyn FnMut(&Row<'_>) -> Result<()> + Send + 's;

/// Why rows were not read to their end.
enum Stopped {
    ByTheReader(Error),
    ByTheServer(Error),
}

impl Stopped {
    fn into_error(self) -> Error {
        match self {
            Stopped::ByTheReader(error) | Stopped::ByTheServer(error) => error,
        }
    }
}

async fn postgres_answer(
    connection: &PgConnection,
    sql: &str,
    params: &[Value<'_>],
) -> Result<Vec<tokio_postgres::Row>> {
    let statement = connection.prepare(sql).await?;
    Ok(connection.client()?.query_raw(&statement, params).await?.try_collect().await?)
}

async fn postgres_rows(
    connection: &PgConnection,
    sql: &str,
    params: &[Value<'_>],
    see: &mut See<'_>,
) -> Result<(), Stopped> {
    let server = |error: tokio_postgres::Error| Stopped::ByTheServer(error.into());
    let statement = connection.prepare(sql).await.map_err(Stopped::ByTheServer)?;
    let client = connection.client().map_err(Stopped::ByTheServer)?;
    let stream = client.query_raw(&statement, params).await.map_err(server)?;
    futures_util::pin_mut!(stream);
    while let Some(row) = stream.try_next().await.map_err(server)? {
        see(&Row::Postgres(&row)).map_err(Stopped::ByTheReader)?;
    }
    Ok(())
}

/// The same verbs on rusqlite.
mod sqlite {
    use super::{Engine, Result, Row, Stage, Value, render};
    use crate::error::Error;
    use rusqlite::{CachedStatement, Connection};

    /// `$n` is a name for SQLite, numbered by first appearance; binding goes by the name.
    const NAMES: [&str; 64] = [
        "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15",
        "$16", "$17", "$18", "$19", "$20", "$21", "$22", "$23", "$24", "$25", "$26", "$27", "$28", "$29",
        "$30", "$31", "$32", "$33", "$34", "$35", "$36", "$37", "$38", "$39", "$40", "$41", "$42", "$43",
        "$44", "$45", "$46", "$47", "$48", "$49", "$50", "$51", "$52", "$53", "$54", "$55", "$56", "$57",
        "$58", "$59", "$60", "$61", "$62", "$63", "$64",
    ];

    fn prepare<'c>(
        connection: &'c Connection,
        sql: &str,
        params: &[Value<'_>],
    ) -> Result<CachedStatement<'c>> {
        if params.len() > NAMES.len() {
            return Err(Error::Sql(format!(
                "a statement has {} parameters; {} can be bound",
                params.len(),
                NAMES.len()
            )));
        }
        let mut statement = connection.prepare_cached(&render(sql, Engine::Sqlite))?;
        for (name, value) in NAMES.iter().zip(params) {
            // A parameter that this text does not use is fine: PostgreSQL would say so in the test that prepares all.
            if let Some(index) = statement.parameter_index(name)? {
                statement.raw_bind_parameter(index, value)?;
            }
        }
        Ok(statement)
    }

    pub(super) fn execute(connection: &Connection, sql: &str, params: &[Value<'_>]) -> Result<u64> {
        Ok(prepare(connection, sql, params)?.raw_execute()? as u64)
    }

    /// The statement and its parameters are looked up once.
    pub(super) fn execute_each<'v, R>(connection: &Connection, sql: &str, rows: R) -> Result<Vec<usize>>
    where
        R: Iterator,
        R::Item: AsRef<[Value<'v>]>,
    {
        let mut statement = connection.prepare_cached(&render(sql, Engine::Sqlite))?;
        let places =
            NAMES.iter().map(|name| statement.parameter_index(name)).collect::<Result<Vec<_>, _>>()?;
        let mut idle = Vec::new();
        for (place, row) in rows.enumerate() {
            for (index, value) in places.iter().zip(row.as_ref()) {
                if let Some(index) = index {
                    statement.raw_bind_parameter(*index, value)?;
                }
            }
            if statement.raw_execute()? == 0 {
                idle.push(place);
            }
        }
        Ok(idle)
    }

    pub(super) fn each(
        connection: &Connection,
        sql: &str,
        params: &[Value<'_>],
        see: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut statement = prepare(connection, sql, params)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            see(&Row::Sqlite(row))?;
        }
        Ok(())
    }

    pub(super) fn stage<'v, R>(connection: &Connection, stage: &Stage, rows: R) -> Result<u64>
    where
        R: Iterator,
        R::Item: AsRef<[Value<'v>]>,
    {
        connection.prepare_cached(&stage.create_sql(Engine::Sqlite))?.raw_execute()?;
        connection.prepare_cached(&stage.clear_sql(Engine::Sqlite))?.raw_execute()?;
        let mut insert = connection.prepare_cached(&stage.insert_sql())?;
        let mut staged = 0;
        for row in rows {
            for (index, value) in row.as_ref().iter().enumerate() {
                insert.raw_bind_parameter(index + 1, value)?;
            }
            insert.raw_execute()?;
            staged += 1;
        }
        Ok(staged)
    }
}
