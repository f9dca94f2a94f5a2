//! The limits of the store, in one place: what is hit says its number.

use crate::dialect::Engine;
use std::time::Duration;

/// How long a caller waits for the writer or for a connection before it hears *busy*.
pub const TURN: Duration = Duration::from_secs(10);
/// How long a run or an import waits for another long write before it hears *busy*.
pub const LONG_TURN: Duration = Duration::from_secs(15 * 60);
/// How long one statement of a page or an action may take.
pub const STATEMENT: Duration = Duration::from_secs(30);
/// How long a change of what statuses mean waits, on PostgreSQL, for those who have read them: pages wait behind it.
pub const STATUSES_HELD: Duration = Duration::from_secs(2);
/// How many writes may wait for the writer of the embedded database.
pub const WRITES_WAITING: usize = 1_024;
/// How many waiting writes share one commit at the most.
pub const WRITES_PER_COMMIT: usize = 128;
/// How long a commit may keep collecting writes that wait already.
pub const COLLECTING: Duration = Duration::from_millis(10);
/// Readers of the embedded database.
pub const READERS: usize = 8;
/// Connections to PostgreSQL, per process.
pub const POSTGRES_CONNECTIONS: usize = 16;
/// Rows that are copied into a stage at a time by callers that stream. SQLite keeps in memory, as it was before, every
/// page that one statement changes; new numbers, and names and e-mails in no order, each fall on a page of their own
/// once there are enough of them. So a statement takes more the larger the table is, up to some pages for each of its
/// rows: few rows are a low ceiling. PostgreSQL has no such memory, and is spared round trips.
pub const fn staged_rows(engine: Engine) -> usize {
    match engine {
        Engine::Sqlite => 1_000,
        Engine::Postgres => 5_000,
    }
}

/// News that a listener may leave unheard before it is told to look at everything again.
pub const NEWS_WAITING: usize = 1_024;
/// People that one piece of news names; more are *all*.
pub const USERS_TOLD: usize = 300;
/// Leads that one piece of news names; more are *all*.
pub const LEADS_TOLD: usize = 50;
/// The first pause before the connection that hears the news of other nodes is made again.
pub const EAR_PAUSE_MIN: Duration = Duration::from_millis(50);
/// The longest such pause.
pub const EAR_PAUSE_MAX: Duration = Duration::from_secs(5);
/// How often the embedded database's file is asked whether another process has written to it, while somebody listens.
pub const ASKING: Duration = Duration::from_secs(1);

/// The limits that a store is opened with; the constants above unless somebody (a test) says otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// See [`TURN`].
    pub turn: Duration,
    /// See [`LONG_TURN`].
    pub long_turn: Duration,
    /// See [`STATEMENT`].
    pub statement: Duration,
    /// See [`WRITES_WAITING`].
    pub writes_waiting: usize,
    /// See [`COLLECTING`].
    pub collecting: Duration,
    /// See [`READERS`].
    pub readers: usize,
    /// See [`POSTGRES_CONNECTIONS`].
    pub postgres_connections: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            turn: TURN,
            long_turn: LONG_TURN,
            statement: STATEMENT,
            writes_waiting: WRITES_WAITING,
            collecting: COLLECTING,
            readers: READERS,
            postgres_connections: POSTGRES_CONNECTIONS,
        }
    }
}
