//! The record of what a run decided, inside its own transaction (R44).

use crate::error::{Error, Result};
use domain::{
    decision::{Chunk, Decision},
    ids::{CompanyId, RunId},
};
use store::{Session, boxed, decisions};

/// Keeps the decision for [`explain_lead`](crate::explain_lead).
#[boxed]
pub(crate) async fn keep_decision(
    session: &mut Session,
    company: CompanyId,
    run: RunId,
    decision: &Decision,
) -> Result<()> {
    let head = serde_json::to_string(&decision.head).map_err(|error| Error::Fault(error.to_string()))?;
    let chunks: Vec<Chunk> = decision.chunks().collect();
    Ok(decisions::add(session, company, run, &head, &chunks).await?)
}
