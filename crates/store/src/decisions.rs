//! What the runs decided, for the question why (R44): a head for each run, and its leads in chunks.

use crate::{
    boxed,
    error::Result,
    params,
    session::Session,
    sql,
    stage::{
        Stage,
        StageType::{Bytes, Int},
    },
    value::Value,
};
use domain::{
    decision::Chunk,
    ids::{CompanyId, LeadId, RunId},
};

/// Chunks on their way into the record.
pub static STAGE_RUN_LEADS: Stage = Stage {
    name: "stage_run_leads",
    columns: &[("first_lead_id", Int), ("last_lead_id", Int), ("left_over", Int), ("leads", Bytes)],
    key: "first_lead_id",
};

sql! {
    ADD_HEAD = "INSERT INTO run_decisions (company_id, run_id, head) VALUES ($1, $2, $3)";
    ADD_CHUNKS = "INSERT INTO run_leads (company_id, run_id, first_lead_id, last_lead_id, left_over, leads)
        SELECT $1, $2, s.first_lead_id, s.last_lead_id, s.left_over, s.leads FROM stage_run_leads s";
    HEAD = "SELECT head FROM run_decisions WHERE company_id = $1 AND run_id = $2";
    IS_KEPT = "SELECT COUNT(*) FROM run_decisions WHERE company_id = $1 AND run_id = $2";
    CHUNK = "SELECT first_lead_id, last_lead_id, left_over, leads FROM run_leads
        WHERE company_id = $1 AND run_id = $2 AND first_lead_id = (SELECT MAX(c.first_lead_id) FROM run_leads c
            WHERE c.company_id = $1 AND c.run_id = $2 AND c.first_lead_id <= $3) AND last_lead_id >= $3";
    RUNS_BELOW = "SELECT run_id FROM run_decisions WHERE company_id = $1 AND run_id < $2 ORDER BY run_id DESC LIMIT $3";
    CHUNKS_WITH_LEFT_OVER = "SELECT first_lead_id, last_lead_id, left_over, leads FROM run_leads
        WHERE company_id = $1 AND run_id = $2 AND last_lead_id > $3 AND left_over > 0 ORDER BY first_lead_id LIMIT $4";
}

/// Writes a run's decision: the head as JSON, and the leads.
#[boxed]
pub async fn add(
    session: &mut Session,
    company: CompanyId,
    run: RunId,
    head: &str,
    chunks: &[Chunk],
) -> Result<()> {
    session.execute(&ADD_HEAD, params![company, run, head]).await?;
    if chunks.is_empty() {
        return Ok(());
    }
    let rows = chunks.iter().map(|chunk| {
        [
            Value::from(chunk.first),
            Value::from(chunk.last),
            Value::Int(chunk.left_over),
            Value::from(chunk.bytes.as_slice()),
        ]
    });
    session.stage(&STAGE_RUN_LEADS, rows).await?;
    session.execute(&ADD_CHUNKS, params![company, run]).await?;
    Ok(())
}

/// The head of a run's decision; none for a run that decided nothing by rules.
#[boxed]
pub async fn head(session: &mut Session, company: CompanyId, run: RunId) -> Result<Option<String>> {
    session.optional(&HEAD, params![company, run], |row| row.get(0)).await
}

/// Whether there is a decision of this run.
#[boxed]
pub async fn is_kept(session: &mut Session, company: CompanyId, run: RunId) -> Result<bool> {
    Ok(session.one(&IS_KEPT, params![company, run], |row| row.get::<i64>(0)).await? > 0)
}

/// The chunk in which a lead would be.
#[boxed]
pub async fn chunk(
    session: &mut Session,
    company: CompanyId,
    run: RunId,
    lead: LeadId,
) -> Result<Option<Chunk>> {
    session.optional(&CHUNK, params![company, run, lead], read).await
}

/// The latest runs with a decision, newest first, below one of them.
#[boxed]
pub async fn runs_below(
    session: &mut Session,
    company: CompanyId,
    below: Option<RunId>,
    rows_max: i64,
) -> Result<Vec<RunId>> {
    let below = below.unwrap_or(RunId(i64::MAX));
    session.rows(&RUNS_BELOW, params![company, below, rows_max], |row| row.get(0)).await
}

/// Chunks with leads that nobody got, from behind a lead on.
#[boxed]
pub async fn chunks_with_left_over(
    session: &mut Session,
    company: CompanyId,
    run: RunId,
    behind: LeadId,
    rows_max: i64,
) -> Result<Vec<Chunk>> {
    session.rows(&CHUNKS_WITH_LEFT_OVER, params![company, run, behind, rows_max], read).await
}

fn read(row: &crate::value::Row<'_>) -> Result<Chunk> {
    Ok(Chunk { first: row.get(0)?, last: row.get(1)?, left_over: row.get(2)?, bytes: row.get(3)? })
}

#[cfg(test)]
mod tests;
