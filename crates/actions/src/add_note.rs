//! A note on a lead: it only adds, and so never conflicts (R20, R24).

use crate::error::Result;
use domain::{
    ids::{CompanyId, LeadId},
    text::{clean_lines, within},
    time::Moment,
    timeline::NOTE_CHARS_MAX,
    viewer::Viewer,
};
use store::{Session, Store, assign, boxed, notes};

/// How long a former owner may still write down what was said: nothing typed is lost (R14).
const GRACE_HOURS: i64 = 2;

/// Who notes what on which lead.
#[derive(Debug, Clone)]
pub struct AddNote {
    /// Who does it.
    pub viewer: Viewer,
    /// Which lead.
    pub lead: LeadId,
    /// The note as typed; lines are kept.
    pub text: String,
    /// When.
    pub now: Moment,
}

/// What came of it. Refusals are answers that a page can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteAdded {
    /// Done.
    Done {
        /// Its number in the timeline.
        entry: i64,
    },
    /// There is nothing in it.
    Empty,
    /// It is longer than a note may be.
    TooLong {
        /// Its characters.
        chars: usize,
        /// How many it may have.
        chars_max: usize,
    },
    /// There is no such lead, or the viewer may not see it.
    NotFound,
}

/// Adds the note.
#[boxed]
pub async fn add_note(store: &Store, company: CompanyId, mut order: AddNote) -> Result<NoteAdded> {
    let text = match within(clean_lines(&order.text), "the note", NOTE_CHARS_MAX) {
        Ok(text) if text.is_empty() => return Ok(NoteAdded::Empty),
        Ok(text) => text.into_owned(),
        Err(long) => return Ok(NoteAdded::TooLong { chars: long.chars, chars_max: long.chars_max }),
    };
    order.text = text;
    store.write(move |session| Box::pin(async move { add(session, company, &order).await })).await
}

async fn add(session: &mut Session, company: CompanyId, order: &AddNote) -> Result<NoteAdded> {
    let &AddNote { viewer, lead, now, .. } = order;
    let Some((_, place)) = assign::lead_before(session, company, lead).await? else {
        return Ok(NoteAdded::NotFound);
    };
    if !viewer.sight().sees(&place) && !has_just_lost(session, company, order).await? {
        return Ok(NoteAdded::NotFound);
    }
    let added = notes::add(session, company, lead, viewer.actor(), &order.text, now).await?;
    // None: it is gone meanwhile, with the import that brought it.
    Ok(added.map_or(NoteAdded::NotFound, |entry| NoteAdded::Done { entry }))
}

/// R14: the owner of a moment ago, whose lead was given away while they were at it.
async fn has_just_lost(session: &mut Session, company: CompanyId, order: &AddNote) -> Result<bool> {
    let Some(user) = order.viewer.actor() else { return Ok(false) };
    let lost_at = notes::lost_at(session, company, order.lead, user).await?;
    Ok(lost_at.is_some_and(|at| at >= order.now.hours_before(GRACE_HOURS)))
}
