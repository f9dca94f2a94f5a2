//! Deleting a status; what uses it gets a replacement in the same transaction (R6, R7).
//!
//! The row is really deleted, so a foreign key refuses whoever would put a lead into it meanwhile. Whoever has just done
//! so is waited for: then the lead is there to be moved, too.

use crate::{
    edit_statuses::{Editor, Stop, settings_of_all},
    error::Error,
    keep_time,
};
use domain::{
    ids::{CompanyId, StatusId},
    job::{Job, JobSettings, may_take},
    status::{Status, StatusKind, StatusMark, Statuses},
    status_edit::{self, StatusRefused},
};
use std::collections::HashSet;
use store::{
    Session, Store, boxed, jobs, queues, status_change,
    status_change::StatusChange,
    status_edits::{self, LeadIn},
    statuses,
};

/// How often it is tried while others put leads into the status.
const ATTEMPTS_MAX: usize = 8;

/// Which status goes.
#[derive(Debug, Clone, Copy)]
pub struct DeleteStatus {
    /// The status.
    pub status: StatusId,
    /// What its leads, the jobs and the mark of R5 get instead; needed where something uses it.
    pub replacement: Option<StatusId>,
    /// Who deletes it.
    pub editor: Editor,
}

/// What came of it. A refusal is an answer that a form can show; nothing was changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusDeleted {
    /// Done.
    Done(Deleted),
    /// It is still there.
    Refused(StatusRefused),
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// The name of the status that is gone.
    pub name: String,
    /// Leads that went to the replacement.
    pub moved: u64,
    /// The jobs that take leads from the replacement instead.
    pub replaced_in: Vec<Job>,
    /// The jobs that may not, and do without.
    pub taken_off: Vec<Job>,
}

/// Deletes the status.
#[boxed]
pub async fn delete_status(
    store: &Store,
    company: CompanyId,
    order: DeleteStatus,
) -> Result<StatusDeleted, Error> {
    // A run has read what assignment gives in a transaction before the one that it writes in (R41).
    let Some(lease) = store.try_lease(company).await? else {
        return Ok(StatusDeleted::Refused(StatusRefused::RunInProgress));
    };
    let answer = delete_alone(store, company, order).await;
    lease.release().await;
    answer
}

async fn delete_alone(
    store: &Store,
    company: CompanyId,
    order: DeleteStatus,
) -> Result<StatusDeleted, Error> {
    for _ in 0..ATTEMPTS_MAX {
        let deleted = store
            .write_long(move |session| Box::pin(async move { delete(session, company, order).await }))
            .await;
        match deleted {
            Ok(deleted) => return Ok(StatusDeleted::Done(deleted)),
            Err(Stop::Refused(why)) => return Ok(StatusDeleted::Refused(why)),
            Err(Stop::Broken(Error::Store(store::Error::Gone { .. })) | Stop::Again) => {}
            Err(Stop::Broken(error)) => return Err(error),
        }
        match wait_until_idle(store, company, order).await {
            Ok(()) => {}
            Err(Error::Store(store::Error::Busy { .. })) => break, // an import goes on longer than anybody waits
            Err(error) => return Err(error),
        }
    }
    let known = statuses::list(store.read().await?.session(), company).await?;
    let name = known.get(order.status).map_or_else(|| "the status".into(), |status| status.name.clone());
    Ok(StatusDeleted::Refused(StatusRefused::InUseNow(name)))
}

async fn wait_until_idle(store: &Store, company: CompanyId, order: DeleteStatus) -> Result<(), Error> {
    for status in [Some(order.status), order.replacement].into_iter().flatten() {
        store
            .write(move |session| {
                Box::pin(async move {
                    Ok::<_, Error>(status_edits::wait_until_idle(session, company, status).await?)
                })
            })
            .await?;
    }
    Ok(())
}

async fn delete(session: &mut Session, company: CompanyId, order: DeleteStatus) -> Result<Deleted, Stop> {
    let DeleteStatus { status, replacement, editor } = order;
    jobs::lock_alarm(session, company, editor.now).await?;
    let known = statuses::list(session, company).await?;
    let in_jobs: Vec<JobSettings> = settings_of_all(session, company, &known)
        .await?
        .into_iter()
        .filter(|settings| settings.statuses.contains(&status))
        .collect();
    let after = match status_edit::without(&known, status, replacement) {
        Err(StatusRefused::InUse { .. }) => {
            return Err(in_use(session, company, &order, &known, &in_jobs).await?);
        }
        answer => answer?,
    };
    let gone = known.get(status).cloned().ok_or_else(fault)?;
    let heir = replacement.map(|id| after.get(id).cloned().ok_or_else(fault)).transpose()?;

    let leads = lock_leads(session, company, status).await?;
    if heir.is_none() && !(leads.is_empty() && in_jobs.is_empty()) {
        return Err(in_use(session, company, &order, &known, &in_jobs).await?);
    }
    // Whoever has put a lead into it and not committed yet keeps it from being locked, and is waited for with empty
    // hands; whoever comes later finds it gone. The heir of the mark is another one that is written to.
    let passes_mark = gone.mark == Some(StatusMark::Assigned);
    for id in [Some(status), replacement.filter(|_| passes_mark)].into_iter().flatten() {
        if !status_edits::lock_if_idle(session, company, id).await? {
            return Err(Stop::Again);
        }
    }
    if status_edits::leads(session, company, status).await? != leads.len() as i64 {
        return Err(Stop::Again); // one came in just before
    }

    let mut deleted = Deleted {
        name: gone.name.clone(),
        moved: leads.len() as u64,
        replaced_in: vec![],
        taken_off: vec![],
    };
    if let Some(heir) = &heir {
        move_leads(session, company, &leads, &gone, heir, editor).await?;
        for settings in in_jobs {
            replace_in_job(session, company, settings, (&known, &after), (&gone, heir), editor, &mut deleted)
                .await?;
        }
    }
    status_edits::write(session, company, &known, &after).await?;
    status_edits::delete(session, company, status).await?;
    keep_time::set_alarm(session, company, editor.now).await?;
    Ok(deleted)
}

/// The refusal that names everything that uses the status.
async fn in_use(
    session: &mut Session,
    company: CompanyId,
    order: &DeleteStatus,
    known: &Statuses,
    in_jobs: &[JobSettings],
) -> Result<Stop, Stop> {
    let status = known.get(order.status).ok_or_else(fault)?;
    let leads = status_edits::leads(session, company, order.status).await?;
    let jobs: Vec<Job> = in_jobs.iter().map(|settings| settings.job).collect();
    let is_given = status.mark == Some(StatusMark::Assigned);
    Ok(Stop::Refused(status_edit::in_use(&status.name, leads.unsigned_abs(), &jobs, is_given)))
}

/// Locks the queues of their owners and then the leads, in the order that everybody keeps.
async fn lock_leads(
    session: &mut Session,
    company: CompanyId,
    status: StatusId,
) -> Result<Vec<LeadIn>, Stop> {
    let owners = status_edits::owners(session, company, status).await?;
    let locked = queues::lock(session, company, owners).await?;
    let leads = status_edits::lock_leads(session, company, status).await?;
    if leads.iter().filter_map(|lead| lead.owner).any(|owner| !locked.contains_key(&owner)) {
        return Err(Stop::Again); // one changed hands in between
    }
    Ok(leads)
}

async fn move_leads(
    session: &mut Session,
    company: CompanyId,
    leads: &[LeadIn],
    gone: &Status,
    heir: &Status,
    editor: Editor,
) -> Result<(), Stop> {
    if leads.is_empty() {
        return Ok(());
    }
    let is_won = |status: &Status| status.kind == StatusKind::Won;
    if is_won(gone) != is_won(heir) && !editor.may_convert {
        return Err(Stop::Refused(StatusRefused::MayNotConvert));
    }
    let is_open = |status: &Status| status.kind == StatusKind::Open;
    let changes: Vec<StatusChange> = leads
        .iter()
        .map(|lead| StatusChange {
            lead: lead.lead,
            version: lead.version,
            owner: lead.owner,
            // R7: nobody owns a lead in Unassigned.
            loses_owner: heir.mark == Some(StatusMark::Unassigned) && lead.owner.is_some(),
            from: gone.id,
            to: heir.id,
            open: (is_open(gone), is_open(heir)),
            actor: editor.viewer.actor(),
            at: editor.now,
        })
        .collect();
    let stale: HashSet<_> = status_change::change(session, company, &changes, None).await?;
    if !stale.is_empty() {
        return Err(Stop::Broken(Error::Fault("a lead that was locked has changed".into())));
    }
    Ok(())
}

/// A job takes leads from the replacement instead, if it may; otherwise it does without (R6).
async fn replace_in_job(
    session: &mut Session,
    company: CompanyId,
    before: JobSettings,
    (known, after): (&Statuses, &Statuses),
    (gone, heir): (&Status, &Status),
    editor: Editor,
    deleted: &mut Deleted,
) -> Result<(), Stop> {
    let mut settings = before.clone();
    let is_replaced = may_take(before.job, heir).is_ok();
    settings.statuses.retain(|id| *id != gone.id && *id != heir.id);
    if is_replaced {
        settings.statuses.push(heir.id);
        deleted.replaced_in.push(before.job);
    } else {
        deleted.taken_off.push(before.job);
    }
    status_edit::keeps_a_status((&before, known), (&settings, after))?;
    jobs::save(session, company, &settings, editor.now, editor.viewer.actor()).await?;
    Ok(())
}

fn fault() -> Stop {
    Stop::Broken(Error::Fault("a status that was looked at is not in its list".into()))
}
