//! Taking an import back: its leads that nobody has touched since go, the others stay. What was assigned as it came in
//! has been touched by nobody: it goes, too, from its agent's queue.
//!
//! Whoever brought them in may take all of them back, and so may who sees the whole company. Of somebody else's import
//! only what one sees oneself goes (R14).

use crate::error::Result;
use domain::{
    ids::{CompanyId, ImportId, UserId},
    time::Moment,
    viewer::{Sight, Viewer},
};
use store::{Store, boxed, imports, statuses};

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// Done; the sentence is `domain::sentence::import_undone`.
    Done {
        /// Leads that are gone, with their timelines.
        taken_back: u64,
        /// Leads that stayed, since somebody has touched them, or since the viewer does not see them.
        kept: u64,
    },
    /// There is no such import, it is not done, or it was taken back already.
    NotDone,
}

/// Takes the import back, in one transaction. What it made beside leads (branches, sources, tags) stays.
#[boxed]
pub async fn undo_import(
    store: &Store,
    company: CompanyId,
    import: ImportId,
    viewer: Viewer,
    now: Moment,
) -> Result<Undone> {
    store
        .write_long(move |session| {
            Box::pin(async move {
                let Some(actor) = imports::undoable(session, company, import).await? else {
                    return Ok(Undone::NotDone);
                };
                let known = statuses::list(session, company).await?;
                let sight = if is_theirs(viewer, actor) { Sight::All } else { viewer.sight() };
                let numbers =
                    imports::undo(session, company, import, &known, sight, viewer.actor(), now).await?;
                Ok(Undone::Done { taken_back: numbers.taken_back, kept: numbers.kept })
            })
        })
        .await
}

/// Whether all of an import is this person's to see and to take back: they brought it in, or see the whole company.
pub fn is_theirs(viewer: Viewer, actor: Option<UserId>) -> bool {
    viewer.sight() == Sight::All || (actor.is_some() && actor == viewer.actor())
}
