//! Runs: the permanent record of what the jobs did.

use crate::{
    boxed,
    changes::{Change, Topic},
    error::{Error, Result},
    ids::Kind,
    params,
    session::Session,
    sql,
    stage::{Stage, StageType::Int},
    value::{Row, Value},
    work::{self, Asked, AskedBy, WorkId},
};
use domain::{
    ids::{CompanyId, RunId, UserId},
    job::Job,
    pool::AgentLine,
    schedule::{LocalDate, NotADate, Slot, Tried},
    time::Moment,
};

/// A run as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Which.
    pub id: RunId,
    /// Which job.
    pub job: String,
    /// `running`, `done`, `failed` or `cancelled`.
    pub state: String,
    /// What started it: `command line`, `schedule` or `person`.
    pub started_by: String,
    /// When.
    pub started_at: Moment,
    /// When it ended.
    pub finished_at: Option<Moment>,
    /// Why it failed.
    pub failure: Option<String>,
    /// The numbers and reasons, as JSON.
    pub summary: Option<String>,
    /// Since when it was due, if the schedule started it.
    pub slot_at: Option<Moment>,
    /// Who wished that it stop; its process may not have heard yet.
    pub asked: Option<AskedBy>,
}

/// The per-agent table of a run on its way into the record.
pub static STAGE_RUN_AGENTS: Stage = Stage {
    name: "stage_run_agents",
    columns: &[("user_id", Int), ("held", Int), ("lead_cap", Int), ("got", Int), ("after", Int)],
    key: "user_id",
};

sql! {
    START = "INSERT INTO runs (company_id, id, job, state, started_by, actor_id, started_at_ms, slot_date, slot_at_ms)
        VALUES ($1, $2, $3, 'running', $4, $5, $6, $7, $8)";
    TRIED = "SELECT slot_date, MAX(CASE WHEN state IN ('done', 'cancelled') THEN 1 ELSE 0 END), COUNT(*),
            MAX(COALESCE(finished_at_ms, started_at_ms))
        FROM runs WHERE company_id = $1 AND job = $2 AND slot_date >= $3 GROUP BY slot_date";
    IN_PROGRESS = "SELECT job FROM runs WHERE company_id = $1 AND state = 'running'";
    INTERRUPT = "UPDATE runs SET finished_at_ms = $2,
            state = CASE WHEN cancel_asked_at_ms IS NULL THEN 'failed' ELSE 'cancelled' END,
            failure = CASE WHEN cancel_asked_at_ms IS NULL THEN $3 END
        WHERE company_id = $1 AND state = 'running'";
    FINISH = "UPDATE runs SET state = 'done', finished_at_ms = $3, assigned = $4, agents = $5, kept = $6, unassigned = $7,
            summary = $8
        WHERE company_id = $1 AND id = $2 AND state = 'running' AND cancel_asked_at_ms IS NULL";
    ENDED = "UPDATE runs SET finished_at_ms = $3 WHERE company_id = $1 AND id = $2 AND state = 'done'";
    FAIL = "UPDATE runs SET finished_at_ms = $3,
            state = CASE WHEN cancel_asked_at_ms IS NULL THEN 'failed' ELSE 'cancelled' END,
            failure = CASE WHEN cancel_asked_at_ms IS NULL THEN $4 END
        WHERE company_id = $1 AND id = $2 AND state = 'running'";
    ASK_TO_STOP = "UPDATE runs SET cancel_asked_at_ms = $3, cancel_asked_by_id = $4
        WHERE company_id = $1 AND id = $2 AND state = 'running' AND cancel_asked_at_ms IS NULL";
    ADD_AGENTS = "INSERT INTO run_agents (company_id, run_id, user_id, held, lead_cap, got, after)
        SELECT $1, $2, s.user_id, s.held, s.lead_cap, s.got, s.after FROM stage_run_agents s";
    RECORD = "INSERT INTO runs (company_id, id, job, state, started_by, actor_id, started_at_ms, finished_at_ms,
            assigned, agents, summary, undoes_id)
        VALUES ($1, $2, $3, 'done', $4, $5, $6, $6, $7, $8, $9, $10)";
    ONE = "SELECT r.id, r.job, r.state, r.started_by, r.started_at_ms, r.finished_at_ms, r.failure, r.summary,
            r.slot_at_ms, r.cancel_asked_at_ms, c.name, r.actor_id, u.id
        FROM runs r
        LEFT JOIN users c ON c.company_id = r.company_id AND c.id = r.cancel_asked_by_id
        LEFT JOIN runs u ON u.company_id = r.company_id AND u.undoes_id = r.id
        WHERE r.company_id = $1 AND r.id = $2";
    HISTORY = "SELECT r.id, r.job, r.state, r.started_by, r.started_at_ms, r.finished_at_ms, r.failure, r.summary,
            r.slot_at_ms, r.cancel_asked_at_ms, c.name, a.name, r.assigned, r.agents, r.unassigned, u.id, r.kept
        FROM runs r
        LEFT JOIN users c ON c.company_id = r.company_id AND c.id = r.cancel_asked_by_id
        LEFT JOIN users a ON a.company_id = r.company_id AND a.id = r.actor_id
        LEFT JOIN runs u ON u.company_id = r.company_id AND u.undoes_id = r.id
        WHERE r.company_id = $1 AND r.id < $2 AND r.id > $3 ORDER BY r.id DESC LIMIT $4";
    AGENTS_OF = "SELECT a.user_id, u.name, a.held, a.lead_cap, a.got, a.after FROM run_agents a
        JOIN users u ON u.company_id = a.company_id AND u.id = a.user_id
        WHERE a.company_id = $1 AND a.run_id = $2 ORDER BY a.user_id";
    LATEST = "SELECT r.id, r.job, r.state, r.started_by, r.started_at_ms, r.finished_at_ms, r.failure, r.summary,
            r.slot_at_ms, r.cancel_asked_at_ms, c.name
        FROM runs r LEFT JOIN users c ON c.company_id = r.company_id AND c.id = r.cancel_asked_by_id
        WHERE r.company_id = $1 AND r.job = $2 ORDER BY r.id DESC LIMIT $3";
}

/// What starts a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartedBy {
    /// A person, in the browser.
    Person,
    /// The operator.
    CommandLine,
    /// The time of day.
    Schedule,
}

impl StartedBy {
    /// Its name in the record.
    pub fn word(self) -> &'static str {
        match self {
            StartedBy::Person => "person",
            StartedBy::CommandLine => "command line",
            StartedBy::Schedule => "schedule",
        }
    }
}

/// Who or what starts a run, and for which turn of the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// What.
    pub by: StartedBy,
    /// Who; none for the command line and the schedule.
    pub actor: Option<UserId>,
    /// The turn; none for a run that does not use one up (R34).
    pub slot: Option<Slot>,
}

impl Start {
    /// Started by this, by nobody in person, and for no turn.
    pub fn by(by: StartedBy) -> Start {
        Start { by, actor: None, slot: None }
    }
}

/// What was tried for the dates from one on, in their order (R38). The caller holds the company's lease: what says
/// *running* has ended.
#[boxed]
pub async fn tried(
    session: &mut Session,
    company: CompanyId,
    job: Job,
    from: LocalDate,
) -> Result<Vec<Tried>> {
    let from = from.to_string();
    let found: Vec<(String, bool, i64, Moment)> = session
        .rows(&TRIED, params![company, job.word(), &from], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .await?;
    let read = |(date, done, attempts, ended_at): (String, bool, i64, Moment)| {
        let date = date.parse().map_err(|error: NotADate| Error::Sql(error.to_string()))?;
        Ok(Tried { date, done, attempts: u32::try_from(attempts).unwrap_or(u32::MAX), ended_at })
    };
    found.into_iter().map(read).collect()
}

/// Opens the record of a run. Another one in progress is a [`Conflict`](crate::Error::Conflict) (R41).
#[boxed]
pub async fn start(
    session: &mut Session,
    company: CompanyId,
    job: Job,
    start: &Start,
    now: Moment,
) -> Result<RunId> {
    let id = RunId(session.new_id(Kind::Run).await?);
    let (date, due) = (start.slot.map(|slot| slot.date.to_string()), start.slot.map(|slot| slot.at));
    let values = params![company, id, job.word(), start.by.word(), start.actor, now, &date, due];
    session.execute(&START, values).await?;
    session.tell(Change::of(company, Topic::Runs));
    Ok(id)
}

/// Closes the records of runs whose process has died (R42). The caller holds the company's lease, so none is alive.
#[boxed]
pub async fn interrupt(session: &mut Session, company: CompanyId, now: Moment) -> Result<u64> {
    let why = "interrupted: the process that ran it ended before it was done.";
    let interrupted = session.execute(&INTERRUPT, params![company, now, why]).await?;
    if interrupted > 0 {
        session.tell(Change::of(company, Topic::Runs));
    }
    Ok(interrupted)
}

/// The numbers that the record keeps in columns of their own.
#[derive(Debug, Clone, Copy)]
pub struct Totals {
    /// Leads given to an agent.
    pub assigned: i64,
    /// Agents who got at least one.
    pub agents: i64,
    /// Owned leads that stayed.
    pub kept: i64,
    /// Leads of the pool that nobody owns.
    pub unassigned: i64,
}

/// Closes the record inside the transaction of the run. False: another node took this one for dead. Who wishes after
/// this that it stop comes too late; who did before gets [`Cancelled`](crate::Error::Cancelled) here.
#[boxed]
pub async fn finish(
    session: &mut Session,
    company: CompanyId,
    run: RunId,
    now: Moment,
    totals: Totals,
    summary: &str,
    agents: &[AgentLine],
) -> Result<bool> {
    let values =
        params![company, run, now, totals.assigned, totals.agents, totals.kept, totals.unassigned, summary];
    session.last_chance()?;
    if session.execute(&FINISH, values).await? != 1 {
        if work::is_asked(session, company, WorkId::Run(run)).await? {
            return Err(Error::Cancelled);
        }
        return Ok(false);
    }
    add_agents(session, company, run, agents).await?;
    session.tell(Change::of(company, Topic::Runs));
    Ok(true)
}

/// A new identifier of a run.
#[boxed]
pub async fn new_id(session: &mut Session) -> Result<RunId> {
    session.new_id(Kind::Run).await.map(RunId)
}

/// The record of something that is done in one transaction, so that it is never in progress: by hand, or an undo.
#[derive(Debug, Clone, Copy)]
pub struct Record<'r> {
    /// Its identifier, taken before.
    pub id: RunId,
    /// What it was.
    pub job: &'r str,
    /// Who did it; none for the command line.
    pub actor: Option<UserId>,
    /// When.
    pub at: Moment,
    /// Leads given to an agent.
    pub assigned: i64,
    /// The numbers, as JSON.
    pub summary: &'r str,
    /// The run that it undoes.
    pub undoes: Option<RunId>,
    /// The per-agent table.
    pub agents: &'r [AgentLine],
}

/// Writes the record. A second undo of one run is a [`Conflict`](crate::Error::Conflict).
pub async fn record(session: &mut Session, company: CompanyId, record: Record<'_>) -> Result<()> {
    let started_by = if record.actor.is_some() { "person" } else { "command line" };
    let receiving = record.agents.iter().filter(|agent| agent.got > 0).count() as i64;
    let values = params![
        company,
        record.id,
        record.job,
        started_by,
        record.actor,
        record.at,
        record.assigned,
        receiving,
        record.summary,
        record.undoes
    ];
    session.execute(&RECORD, values).await?;
    session.tell(Change::of(company, Topic::Runs));
    if record.agents.is_empty() {
        return Ok(());
    }
    add_agents(session, company, record.id, record.agents).await
}

/// A run as an undo needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undoable {
    /// The record.
    pub run: Run,
    /// Who started it; none for the command line or the schedule.
    pub actor: Option<UserId>,
    /// The run that has undone it.
    pub undone_by: Option<RunId>,
}

/// One run.
#[boxed]
pub async fn one(session: &mut Session, company: CompanyId, run: RunId) -> Result<Option<Undoable>> {
    session
        .optional(&ONE, params![company, run], |row| {
            Ok(Undoable { run: read(row)?, actor: row.get(11)?, undone_by: row.get(12)? })
        })
        .await
}

/// A run as the history shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLine {
    /// The record.
    pub run: Run,
    /// Who started it; none for the command line or the schedule.
    pub actor: Option<String>,
    /// Leads given to an agent, or changed.
    pub assigned: i64,
    /// Agents who got at least one.
    pub agents: i64,
    /// Owned leads that stayed where they were.
    pub kept: i64,
    /// Leads of the pool that nobody owned afterwards.
    pub unassigned: i64,
    /// The run that has undone it.
    pub undone_by: Option<RunId>,
}

/// A page of the history, newest first, below the last run of the page before (R46).
#[boxed]
pub async fn history(
    session: &mut Session,
    company: CompanyId,
    below: Option<RunId>,
    rows_max: i64,
) -> Result<Vec<RunLine>> {
    let below = below.unwrap_or(RunId(i64::MAX));
    session.rows(&HISTORY, params![company, below, 0_i64, rows_max], read_line).await
}

/// One run as the history shows it.
#[boxed]
pub async fn line(session: &mut Session, company: CompanyId, run: RunId) -> Result<Option<RunLine>> {
    let values = params![company, run.0.saturating_add(1), run.0.saturating_sub(1), 1_i64];
    session.optional(&HISTORY, values, read_line).await
}

fn read_line(row: &Row<'_>) -> Result<RunLine> {
    Ok(RunLine {
        run: read(row)?,
        actor: row.get(11)?,
        assigned: row.get(12)?,
        agents: row.get(13)?,
        unassigned: row.get(14)?,
        undone_by: row.get(15)?,
        kept: row.get(16)?,
    })
}

/// The agents of a run, with what they held before and after.
#[boxed]
pub async fn agents(session: &mut Session, company: CompanyId, run: RunId) -> Result<Vec<AgentLine>> {
    session
        .rows(&AGENTS_OF, params![company, run], |row| {
            Ok(AgentLine {
                id: row.get(0)?,
                name: row.get(1)?,
                held: row.get(2)?,
                cap: row.get(3)?,
                got: row.get(4)?,
                after: row.get(5)?,
            })
        })
        .await
}

async fn add_agents(
    session: &mut Session,
    company: CompanyId,
    run: RunId,
    agents: &[AgentLine],
) -> Result<()> {
    let rows = agents.iter().map(|agent| {
        [
            Value::from(agent.id),
            Value::Int(agent.held),
            agent.cap.into(),
            Value::Int(agent.got),
            Value::Int(agent.after),
        ]
    });
    session.stage(&STAGE_RUN_AGENTS, rows).await?;
    session.execute(&ADD_AGENTS, params![company, run]).await?;
    Ok(())
}

/// Wishes that a run stop, whichever process does it. False: it is over, or somebody wished it before.
#[boxed]
pub async fn ask_to_stop(
    session: &mut Session,
    company: CompanyId,
    run: RunId,
    asked: Asked,
) -> Result<bool> {
    let heard = session.execute(&ASK_TO_STOP, params![company, run, asked.at, asked.by]).await? == 1;
    if heard {
        session.tell(Change::of(company, Topic::Runs));
    }
    Ok(heard)
}

/// Closes the record of a run that failed, or that somebody wished to stop; its transaction has been rolled back.
#[boxed]
pub async fn fail(
    session: &mut Session,
    company: CompanyId,
    run: RunId,
    now: Moment,
    why: &str,
) -> Result<()> {
    session.execute(&FAIL, params![company, run, now, why]).await?;
    session.tell(Change::of(company, Topic::Runs));
    Ok(())
}

/// When a run that is done was really over: its record is closed before the writing and the commit that take longest.
#[boxed]
pub async fn ended(session: &mut Session, company: CompanyId, run: RunId, at: Moment) -> Result<()> {
    session.execute(&ENDED, params![company, run, at]).await?;
    Ok(())
}

/// The job whose record says that it is running, as a word; of a company there is one at the most (R41).
#[boxed]
pub async fn in_progress(session: &mut Session, company: CompanyId) -> Result<Option<String>> {
    session.optional(&IN_PROGRESS, params![company], |row| row.get(0)).await
}

/// The latest runs of a job, newest first.
#[boxed]
pub async fn latest(session: &mut Session, company: CompanyId, job: Job, rows_max: i64) -> Result<Vec<Run>> {
    session.rows(&LATEST, params![company, job.word(), rows_max], read).await
}

fn read(row: &Row<'_>) -> Result<Run> {
    Ok(Run {
        id: row.get(0)?,
        job: row.get(1)?,
        state: row.get(2)?,
        started_by: row.get(3)?,
        started_at: row.get(4)?,
        finished_at: row.get(5)?,
        failure: row.get(6)?,
        summary: row.get(7)?,
        slot_at: row.get(8)?,
        asked: match row.get::<Option<Moment>>(9)? {
            Some(at) => Some(AskedBy { name: row.get(10)?, at }),
            None => None,
        },
    })
}
