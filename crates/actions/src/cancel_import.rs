//! Cancelling an import in progress: it stops at once, in the middle of a statement too, and nothing of it is there.

use crate::{cancelling::Cancelling, error::Result, running_imports::Imports, undo_import::is_theirs};
use domain::{
    ids::{CompanyId, ImportId},
    time::Moment,
    viewer::Viewer,
};
use std::time::Duration;
use store::{
    Store, boxed,
    imports::{self, ImportState},
    work::{Asked, Heard, WorkId},
};

/// Who cancels which import.
#[derive(Debug, Clone, Copy)]
pub struct CancelImport {
    /// Which.
    pub import: ImportId,
    /// Who.
    pub viewer: Viewer,
    /// When.
    pub now: Moment,
    /// How long the answer may wait for it to stop.
    pub patience: Duration,
}

/// Wishes that an import stop, whichever process does it, and waits a little to see whether it does. Somebody else's is
/// for whoever sees the whole company, as is taking it back.
#[boxed]
pub async fn cancel_import(
    store: &Store,
    running: &Imports,
    company: CompanyId,
    order: CancelImport,
) -> Result<Cancelling> {
    let CancelImport { import, viewer, now, patience } = order;
    // Looking closes the record of an import whose process has died.
    let Some(listed) = running.one(company, import).await? else { return Ok(Cancelling::NotFound) };
    if !is_theirs(viewer, listed.record.actor_id) {
        return Ok(Cancelling::NotFound);
    }
    if listed.record.state != ImportState::Running {
        return Ok(ended(&listed.record.state));
    }
    let (work, asked) = (WorkId::Import(import), Asked { by: viewer.actor(), at: now });
    match store.ask_to_stop(company, work, asked) {
        Heard::InTime | Heard::TooLate => {
            let _ = tokio::time::timeout(patience, store.work_ended(company, work)).await;
        }
        Heard::NotHere => {
            let written: store::Result<bool> = store
                .write(move |session| {
                    Box::pin(async move { imports::ask_to_stop(session, company, import, asked).await })
                })
                .await;
            written?;
        }
    }
    let after = running.one(company, import).await?;
    Ok(after.map_or(Cancelling::NotFound, |listed| match listed.record.state {
        ImportState::Running => Cancelling::Asked,
        ImportState::Cancelled => Cancelling::Cancelled,
        other => ended(&other),
    }))
}

fn ended(state: &ImportState) -> Cancelling {
    match state {
        ImportState::Failed { .. } | ImportState::Cancelled => Cancelling::Failed,
        _ => Cancelling::Done,
    }
}
