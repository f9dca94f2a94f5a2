//! Taking an import back: its leads that nobody has touched since go, the others stay.

use crate::error::Result;
use domain::{
    ids::{CompanyId, ImportId},
    time::Moment,
    viewer::Viewer,
};
use store::{Store, imports};

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// Done; the sentence is `domain::sentence::import_undone`.
    Done {
        /// Leads that are gone, with their timelines.
        taken_back: u64,
        /// Leads that stayed, since somebody has touched them.
        kept: u64,
    },
    /// There is no such import, it is not done, or it was taken back already.
    NotDone,
}

/// Takes the import back, in one transaction. What it made beside leads (branches, sources, tags) stays.
pub async fn undo_import(
    store: &Store,
    company: CompanyId,
    import: ImportId,
    viewer: Viewer,
    now: Moment,
) -> Result<Undone> {
    let by = viewer.actor();
    let undone =
        store.write_long(move |session| Box::pin(imports::undo(session, company, import, by, now))).await?;
    Ok(undone.map_or(Undone::NotDone, |numbers| Undone::Done {
        taken_back: numbers.taken_back,
        kept: numbers.kept,
    }))
}
