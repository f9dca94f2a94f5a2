//! Imports: the record of each file that was brought in, the rows of it that made no lead, and taking one back.

use crate::{
    assign::read_place,
    boxed,
    changes::{Change, Topic},
    error::{Error, Result},
    ids::Kind,
    limits, params,
    queues::{self, Tally},
    selection,
    session::Session,
    sql,
    stage::{Stage, StageType::Int, StageType::Text},
    terms::{self, Person},
    value::{Row, Value},
    work::{self, Asked, AskedBy, WorkId},
};
use domain::{
    ids::{CompanyId, ImportId, LeadId, UserId},
    status::Statuses,
    time::Moment,
    viewer::Sight,
};
use std::collections::BTreeSet;

/// Rows that made no lead, on their way into the record.
pub static STAGE_IMPORT_ERRORS: Stage = Stage {
    name: "stage_import_errors",
    columns: &[("record", Int), ("line", Int), ("code", Text), ("why", Text), ("cells", Text)],
    key: "record",
};

sql! {
    START = "INSERT INTO imports (company_id, id, file_name, actor_id, state, at_ms, imported, skipped, errors)
        VALUES ($1, $2, $3, $4, 'running', $5, 0, 0, 0)";
    FINISH = "UPDATE imports SET state = 'done', finished_at_ms = $3, imported = $4, skipped = $5, errors = $6, headers = $7
        WHERE company_id = $1 AND id = $2 AND state = 'running' AND cancel_asked_at_ms IS NULL";
    FAIL = "UPDATE imports SET finished_at_ms = $3,
            state = CASE WHEN cancel_asked_at_ms IS NULL THEN 'failed' ELSE 'cancelled' END,
            failure = CASE WHEN cancel_asked_at_ms IS NULL THEN $4 END
        WHERE company_id = $1 AND id = $2 AND state = 'running'";
    ASK_TO_STOP = "UPDATE imports SET cancel_asked_at_ms = $3, cancel_asked_by_id = $4
        WHERE company_id = $1 AND id = $2 AND state = 'running' AND cancel_asked_at_ms IS NULL";
    ADD_ERRORS = "INSERT INTO import_errors (company_id, import_id, record, line, code, why, cells)
        SELECT $1, $2, s.record, s.line, s.code, s.why, s.cells FROM stage_import_errors s";
    LATEST = "SELECT i.id, i.file_name, a.name, i.state, i.at_ms, i.finished_at_ms, i.failure, i.imported, i.skipped, i.errors,
            i.undone_at_ms, b.name, i.taken_back, i.kept, i.actor_id, i.cancel_asked_at_ms, c.name
        FROM imports i
        LEFT JOIN users c ON c.company_id = i.company_id AND c.id = i.cancel_asked_by_id
        LEFT JOIN users a ON a.company_id = i.company_id AND a.id = i.actor_id
        LEFT JOIN users b ON b.company_id = i.company_id AND b.id = i.undone_by_id
        WHERE i.company_id = $1 AND i.id < $2 ORDER BY i.id DESC LIMIT $3";
    ONE = "SELECT i.id, i.file_name, a.name, i.state, i.at_ms, i.finished_at_ms, i.failure, i.imported, i.skipped, i.errors,
            i.undone_at_ms, b.name, i.taken_back, i.kept, i.actor_id, i.cancel_asked_at_ms, c.name
        FROM imports i
        LEFT JOIN users c ON c.company_id = i.company_id AND c.id = i.cancel_asked_by_id
        LEFT JOIN users a ON a.company_id = i.company_id AND a.id = i.actor_id
        LEFT JOIN users b ON b.company_id = i.company_id AND b.id = i.undone_by_id
        WHERE i.company_id = $1 AND i.id = $2";
    FINISHED_AFTER = "SELECT id FROM imports WHERE company_id = $1 AND finished_at_ms > $2 ORDER BY id";
    HEADERS = "SELECT headers FROM imports WHERE company_id = $1 AND id = $2";
    ERRORS = "SELECT record, line, code, why, cells FROM import_errors
        WHERE company_id = $1 AND import_id = $2 AND record > $3 ORDER BY record LIMIT $4";
    LOCK = "SELECT state, actor_id, kept FROM imports WHERE company_id = $1 AND id = $2 /*pg FOR UPDATE*/";
    OWNERS = "SELECT DISTINCT owner_id FROM leads /*sqlite INDEXED BY leads_import*/
        WHERE company_id = $1 AND import_id = $2 AND entries = 2 AND owner_id IS NOT NULL";
    // Nothing has happened to it but that it came, or that it was assigned as it came (its second entry), or that what a
    // run did to it was undone (its third). Each of these is a version, and so is every change but a note and a tag.
    // COALESCE keeps PostgreSQL from the index of runs: right after an import it looks empty, and is not.
    UNTOUCHED = "SELECT l.id, l.status_id, l.first_name, l.last_name, l.email, l.phone,
            l.owner_id, l.branch_id, l.department_id, u.branch_id, u.department_id
        FROM leads l /*sqlite INDEXED BY leads_import*/
        LEFT JOIN users u ON u.company_id = l.company_id AND u.id = l.owner_id
        WHERE l.company_id = $1 AND l.import_id = $2 AND l.id > $3 AND l.entries <= 3 AND l.version = l.entries
            AND ((l.entries = 1 AND l.owner_id IS NULL) OR EXISTS (
                SELECT 1 FROM lead_events a JOIN runs r ON r.company_id = a.company_id AND r.id = COALESCE(a.run_id, 0)
                WHERE a.company_id = $1 AND a.lead_id = l.id AND a.entry = 2
                    AND ((l.entries = 2 AND r.job = 'on arrival') OR EXISTS (
                        SELECT 1 FROM lead_events b JOIN runs t ON t.company_id = b.company_id AND t.id = COALESCE(b.run_id, 0)
                        WHERE b.company_id = $1 AND b.lead_id = l.id AND b.entry = 3 AND t.undoes_id = a.run_id))))
        ORDER BY l.id LIMIT $4 /*pg FOR UPDATE OF l*/";
    FORGET_TAGS = "DELETE FROM lead_tags WHERE company_id = $1 AND lead_id IN (SELECT lead_id FROM stage_chosen)";
    FORGET_EVENTS = "DELETE FROM lead_events WHERE company_id = $1 AND lead_id IN (SELECT lead_id FROM stage_chosen)";
    FORGET_LEADS = "DELETE FROM leads WHERE company_id = $1 AND id IN (SELECT lead_id FROM stage_chosen)";
    LEFT_OF = "SELECT COUNT(*) FROM leads /*sqlite INDEXED BY leads_import*/ WHERE company_id = $1 AND import_id = $2";
    UNDONE = "UPDATE imports SET state = 'undone', undone_at_ms = $3, undone_by_id = $4, taken_back = COALESCE(taken_back, 0) + $5, kept = $6
        WHERE company_id = $1 AND id = $2 AND state IN ('done', 'undone')";
}

/// An import as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRecord {
    /// Which.
    pub id: ImportId,
    /// The file's name.
    pub file_name: String,
    /// Who brought it in; none for the command line.
    pub actor: Option<String>,
    /// Who that is.
    pub actor_id: Option<UserId>,
    /// How far it is.
    pub state: ImportState,
    /// When it began.
    pub at: Moment,
    /// When it ended.
    pub finished_at: Option<Moment>,
    /// Leads that were new.
    pub imported: u64,
    /// Rows whose number was known.
    pub skipped: u64,
    /// Rows that made no lead.
    pub errors: u64,
    /// Who wished that it stop; its process may not have heard yet.
    pub asked: Option<AskedBy>,
}

/// How far an import is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportState {
    /// On its way; nothing of it is there yet.
    Running,
    /// All of it is there.
    Done,
    /// Nothing of it is there.
    Failed {
        /// Why.
        why: String,
    },
    /// Nothing of it is there: somebody wished that it stop.
    Cancelled,
    /// It was taken back.
    Undone {
        /// When.
        at: Moment,
        /// By whom; none for the command line.
        by: Option<String>,
        /// Leads that are gone.
        taken_back: u64,
        /// Leads that stayed, since somebody has touched them.
        kept: u64,
    },
}

/// A row that made no lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorRow {
    /// Its number among the records, from 1.
    pub record: u64,
    /// The line of the file in which it begins.
    pub line: u64,
    /// The reason for programs.
    pub code: String,
    /// The reason as a sentence.
    pub why: String,
    /// Its cells as a JSON array.
    pub cells: String,
}

/// Opens the record.
#[boxed]
pub async fn start(
    session: &mut Session,
    company: CompanyId,
    file_name: &str,
    actor: Option<UserId>,
    now: Moment,
) -> Result<ImportId> {
    let id = ImportId(session.new_id(Kind::Import).await?);
    open(session, company, id, file_name, actor, now).await?;
    Ok(id)
}

/// The same with an identifier that was taken before.
#[boxed]
pub async fn open(
    session: &mut Session,
    company: CompanyId,
    import: ImportId,
    file_name: &str,
    actor: Option<UserId>,
    now: Moment,
) -> Result<()> {
    session.execute(&START, params![company, import, file_name, actor, now]).await?;
    session.tell(Change::of(company, Topic::Imports));
    Ok(())
}

/// The numbers of an import, for its record.
#[derive(Debug, Clone)]
pub struct Totals<'a> {
    /// Leads that are new.
    pub imported: i64,
    /// Rows whose number was known.
    pub skipped: i64,
    /// Rows that made no lead.
    pub errors: i64,
    /// The header of the file as a JSON array.
    pub headers: &'a str,
}

/// Closes the record inside the transaction that brings the leads in. False: somebody took this import for dead. Who
/// wishes after this that it stop comes too late; who did before gets [`Cancelled`](crate::Error::Cancelled) here.
pub async fn finish(
    session: &mut Session,
    company: CompanyId,
    import: ImportId,
    now: Moment,
    totals: Totals<'_>,
) -> Result<bool> {
    let values =
        params![company, import, now, totals.imported, totals.skipped, totals.errors, totals.headers];
    session.last_chance()?;
    let finished = session.execute(&FINISH, values).await? == 1;
    if !finished && work::is_asked(session, company, WorkId::Import(import)).await? {
        return Err(Error::Cancelled);
    }
    session.tell(Change::of(company, Topic::Imports));
    Ok(finished)
}

/// Wishes that an import stop, whichever process does it. False: it is over, or somebody wished it before.
#[boxed]
pub async fn ask_to_stop(
    session: &mut Session,
    company: CompanyId,
    import: ImportId,
    asked: Asked,
) -> Result<bool> {
    let heard = session.execute(&ASK_TO_STOP, params![company, import, asked.at, asked.by]).await? == 1;
    if heard {
        session.tell(Change::of(company, Topic::Imports));
    }
    Ok(heard)
}

/// Closes the record of an import that brought nothing in.
#[boxed]
pub async fn fail(
    session: &mut Session,
    company: CompanyId,
    import: ImportId,
    now: Moment,
    why: &str,
) -> Result<()> {
    session.execute(&FAIL, params![company, import, now, why]).await?;
    session.tell(Change::of(company, Topic::Imports));
    Ok(())
}

/// Keeps rows that made no lead with the record.
#[boxed]
pub async fn add_errors(
    session: &mut Session,
    company: CompanyId,
    import: ImportId,
    rows: &[ErrorRow],
) -> Result<()> {
    let staged = rows.iter().map(|row| {
        [
            Value::Int(row.record as i64),
            Value::Int(row.line as i64),
            (&row.code).into(),
            (&row.why).into(),
            (&row.cells).into(),
        ]
    });
    if session.stage(&STAGE_IMPORT_ERRORS, staged).await? > 0 {
        session.execute(&ADD_ERRORS, params![company, import]).await?;
    }
    Ok(())
}

/// A page of the imports, newest first, below the last one of the page before.
#[boxed]
pub async fn list(
    session: &mut Session,
    company: CompanyId,
    below: Option<ImportId>,
    rows_max: i64,
) -> Result<Vec<ImportRecord>> {
    let below = below.map_or(i64::MAX, |id| id.0);
    session.rows(&LATEST, params![company, below, rows_max], read).await
}

/// One import.
#[boxed]
pub async fn one(
    session: &mut Session,
    company: CompanyId,
    import: ImportId,
) -> Result<Option<ImportRecord>> {
    session.optional(&ONE, params![company, import], read).await
}

fn read(row: &Row<'_>) -> Result<ImportRecord> {
    let count = |column: usize| Ok::<u64, Error>(row.get::<i64>(column)?.cast_unsigned());
    let state = match row.get::<String>(3)?.as_str() {
        "running" => ImportState::Running,
        "failed" => ImportState::Failed { why: row.get::<Option<String>>(6)?.unwrap_or_default() },
        "cancelled" => ImportState::Cancelled,
        "undone" => ImportState::Undone {
            at: row.get::<Option<Moment>>(10)?.unwrap_or(Moment(0)),
            by: row.get(11)?,
            taken_back: count(12)?,
            kept: count(13)?,
        },
        _ => ImportState::Done,
    };
    Ok(ImportRecord {
        id: row.get(0)?,
        file_name: row.get(1)?,
        actor: row.get(2)?,
        actor_id: row.get(14)?,
        state,
        at: row.get(4)?,
        finished_at: row.get(5)?,
        imported: count(7)?,
        skipped: count(8)?,
        errors: count(9)?,
        asked: match row.get::<Option<Moment>>(15)? {
            Some(at) => Some(AskedBy { name: row.get(16)?, at }),
            None => None,
        },
    })
}

/// The imports that ended after this moment.
#[boxed]
pub async fn finished_after(
    session: &mut Session,
    company: CompanyId,
    moment: Moment,
) -> Result<Vec<ImportId>> {
    session.rows(&FINISHED_AFTER, params![company, moment], |row| row.get(0)).await
}

/// The header of the file as a JSON array; none where there is no such import, or nothing of it was kept.
#[boxed]
pub async fn headers(session: &mut Session, company: CompanyId, import: ImportId) -> Result<Option<String>> {
    Ok(session.optional(&HEADERS, params![company, import], |row| row.get(0)).await?.flatten())
}

/// A page of the rows that made no lead, in the order of the file, behind the last one of the page before.
#[boxed]
pub async fn errors(
    session: &mut Session,
    company: CompanyId,
    import: ImportId,
    behind: u64,
    rows_max: i64,
) -> Result<Vec<ErrorRow>> {
    session
        .rows(&ERRORS, params![company, import, behind as i64, rows_max], |row| {
            Ok(ErrorRow {
                record: row.get::<i64>(0)?.cast_unsigned(),
                line: row.get::<i64>(1)?.cast_unsigned(),
                code: row.get(2)?,
                why: row.get(3)?,
                cells: row.get(4)?,
            })
        })
        .await
}

/// What an undo did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenBack {
    /// Leads that are gone.
    pub taken_back: u64,
    /// Leads that stayed, since somebody has touched them, or since they are not in sight.
    pub kept: u64,
}

/// Who brought an import in, if it is done and was not taken back; locked, so that it stays so.
#[boxed]
pub async fn undoable(
    session: &mut Session,
    company: CompanyId,
    import: ImportId,
) -> Result<Option<Option<UserId>>> {
    let found: Option<(String, Option<UserId>, Option<i64>)> = session
        .optional(&LOCK, params![company, import], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .await?;
    // What was kept may go once the run is undone that was in its way.
    let may_go = |state: &str, kept: Option<i64>| state == "done" || (state == "undone" && kept > Some(0));
    Ok(found.filter(|(state, _, kept)| may_go(state, *kept)).map(|(_, actor, _)| actor))
}

/// Takes an [`undoable`] import back: its leads that nobody has touched and that are in sight go, with all that belongs
/// to them; the others stay.
///
/// Who assigned a lead as it came in is nobody, so that has not touched it, and neither has the undo of that: it goes
/// with the import, and leaves its agent's queue. So the queues are locked first, then the leads in the order of ids,
/// some thousands at a time, and the counters come last. Whoever owns an untouched lead did so when the owners were
/// looked for: another owner would be another entry.
#[boxed]
pub async fn undo(
    session: &mut Session,
    company: CompanyId,
    import: ImportId,
    known: &Statuses,
    sight: Sight,
    by: Option<UserId>,
    now: Moment,
) -> Result<TakenBack> {
    let owners: Vec<UserId> = session.rows(&OWNERS, params![company, import], |row| row.get(0)).await?;
    queues::lock(session, company, owners).await?;
    let mut tally = Tally::default();
    let mut lost: BTreeSet<UserId> = BTreeSet::new();
    let mut taken_back: u64 = 0;
    let mut last = LeadId(0);
    let rows_max = limits::staged_rows(session.engine()) as i64;
    loop {
        let mut people: Vec<(LeadId, Person)> = Vec::new();
        let before = last;
        session
            .each(&UNTOUCHED, params![company, import, before, rows_max], |row| {
                last = row.get(0)?;
                let place = read_place(row, 6)?;
                if !sight.sees(&place) {
                    return Ok(());
                }
                let status = row.get(1)?;
                tally.vanishes(status);
                if let Some(owner) = place.owner {
                    lost.insert(owner);
                    if known.is_open(status) {
                        tally.lets_go(owner);
                    }
                }
                let person = Person {
                    first_name: row.get(2)?,
                    last_name: row.get(3)?,
                    email: row.get(4)?,
                    phone: row.get(5)?,
                };
                people.push((last, person));
                Ok(())
            })
            .await?;
        if last == before {
            break;
        }
        taken_back += people.len() as u64;
        terms::forget(session, company, &people).await?;
        selection::stage(session, people.iter().map(|(lead, _)| *lead)).await?;
        // All that belongs to a lead, and the lead at last: a table that names leads has its line here.
        for forget in [&FORGET_TAGS, &FORGET_EVENTS, &FORGET_LEADS] {
            session.execute(forget, params![company]).await?;
        }
    }
    let kept: i64 = session.one(&LEFT_OF, params![company, import], |row| row.get(0)).await?;
    tally.write(session, company, import.0, now).await?;
    if taken_back > 0 || kept == 0 {
        session.execute(&UNDONE, params![company, import, now, by, taken_back as i64, kept]).await?;
    }
    session.tell(Change::of(company, Topic::Imports));
    session.tell(Change::of(company, Topic::Leads).users(lost).all_leads());
    Ok(TakenBack { taken_back, kept: kept as u64 })
}
