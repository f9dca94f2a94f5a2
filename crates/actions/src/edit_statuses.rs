//! A company's own statuses: adding one, and changing name, kind, place, or the mark of R5 (R1–R5).

use crate::{error::Error, keep_time};
use domain::{
    ids::{CompanyId, StatusId},
    job::{Job, JobSettings},
    status::{Status, StatusKind, Statuses},
    status_edit::{self, StatusEdit, StatusRefused},
    time::Moment,
    viewer::Viewer,
};
use store::{Session, Store, boxed, jobs, status_edits, statuses};

/// Who changes the statuses. That they may is the caller's to check.
#[derive(Debug, Clone, Copy)]
pub struct Editor {
    /// Who.
    pub viewer: Viewer,
    /// Whether they may convert leads: without it no lead becomes a customer by the change, or ceases to be one.
    pub may_convert: bool,
    /// When.
    pub now: Moment,
}

/// A status that is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStatus {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: StatusKind,
    /// Its place in the order, counted from 1; the last without one.
    pub position: Option<usize>,
}

/// What came of it. A refusal is an answer that a form can show; nothing was changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusSaved {
    /// Done.
    Done(Status),
    /// The statuses are as they were.
    Refused(StatusRefused),
}

/// Why a transaction on the statuses ends without a change.
pub(crate) enum Stop {
    Refused(StatusRefused),
    /// Somebody is using the status right now.
    Again,
    Broken(Error),
}

/// Adds a status.
#[boxed]
pub async fn add_status(
    store: &Store,
    company: CompanyId,
    new: NewStatus,
    editor: Editor,
) -> Result<StatusSaved, Error> {
    let added = store
        .write(move |session| Box::pin(async move { add(session, company, &new, editor.now).await }))
        .await;
    saved(added)
}

async fn add(
    session: &mut Session,
    company: CompanyId,
    new: &NewStatus,
    now: Moment,
) -> Result<Status, Stop> {
    jobs::lock_alarm(session, company, now).await?;
    let known = statuses::list(session, company).await?;
    let id = status_edits::new_id(session).await?;
    let after = status_edit::with_new(&known, id, &new.name, new.kind, new.position)?;
    status_edits::write(session, company, &known, &after).await?;
    keep_time::set_alarm(session, company, now).await?;
    status_of(&after, id)
}

/// Changes a status.
#[boxed]
pub async fn edit_status(
    store: &Store,
    company: CompanyId,
    status: StatusId,
    edit: StatusEdit,
    editor: Editor,
) -> Result<StatusSaved, Error> {
    let is_about_meaning = edit.kind.is_some() || edit.given_on_assignment;
    let write = |is_about_meaning: bool| {
        store.write(move |session| {
            Box::pin(async move {
                let order = Order { status, edit, editor, is_about_meaning };
                change(session, company, &order).await
            })
        })
    };
    if !is_about_meaning {
        return saved(write(false).await);
    }
    // A run has read what is open, and what assignment gives, in a transaction before the one that it writes in (R41).
    let Some(lease) = store.try_lease(company).await? else {
        return Ok(StatusSaved::Refused(StatusRefused::RunInProgress));
    };
    let answer = write(true).await;
    lease.release().await;
    saved(answer)
}

/// An edit of one status.
struct Order {
    status: StatusId,
    edit: StatusEdit,
    editor: Editor,
    /// It changes more than a name and a place.
    is_about_meaning: bool,
}

async fn change(session: &mut Session, company: CompanyId, order: &Order) -> Result<Status, Stop> {
    let Order { status, editor, .. } = *order;
    jobs::lock_alarm(session, company, editor.now).await?;
    if order.is_about_meaning {
        status_edits::hold_readers(session).await?;
    }
    let known = statuses::list(session, company).await?;
    let after = status_edit::edited(&known, status, &order.edit)?;
    let (was, is) = (status_of(&known, status)?, status_of(&after, status)?);
    if was.kind != is.kind
        && !editor.may_convert
        && (was.kind == StatusKind::Won || is.kind == StatusKind::Won)
        && status_edits::leads(session, company, status).await? > 0
    {
        return Err(Stop::Refused(StatusRefused::MayNotConvert));
    }
    for settings in settings_of_all(session, company, &known).await? {
        status_edit::keeps_a_status((&settings, &known), (&settings, &after))?;
    }
    status_edits::write(session, company, &known, &after).await?;
    if known.is_open(status) != after.is_open(status) {
        status_edits::settle_queues(session, company, status, is.kind).await?;
    }
    keep_time::set_alarm(session, company, editor.now).await?;
    Ok(is)
}

/// The settings of every job.
#[boxed]
pub(crate) async fn settings_of_all(
    session: &mut Session,
    company: CompanyId,
    known: &Statuses,
) -> Result<Vec<JobSettings>, store::Error> {
    let mut all = Vec::with_capacity(Job::ALL.len());
    for job in Job::ALL {
        all.push(jobs::settings(session, company, job, known).await?);
    }
    Ok(all)
}

fn status_of(statuses: &Statuses, id: StatusId) -> Result<Status, Stop> {
    let found = statuses.get(id).cloned();
    found.ok_or_else(|| Stop::Broken(Error::Fault("a status that was looked at is not in its list".into())))
}

fn saved(answer: Result<Status, Stop>) -> Result<StatusSaved, Error> {
    match answer {
        Ok(status) => Ok(StatusSaved::Done(status)),
        Err(Stop::Refused(why)) => Ok(StatusSaved::Refused(why)),
        Err(Stop::Again) => Err(Error::Fault("only a deletion is tried again".into())),
        Err(Stop::Broken(error)) => Err(error),
    }
}

impl From<StatusRefused> for Stop {
    fn from(why: StatusRefused) -> Stop {
        Stop::Refused(why)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Broken(error)
    }
}

impl From<store::Error> for Stop {
    fn from(error: store::Error) -> Stop {
        Stop::Broken(error.into())
    }
}
