//! One status for many leads, by hand (R7, R12, R22, R24).

use crate::{
    error::{Error, Result},
    selection::{Bulk, Closing, MoreThanShown, Selection, look},
    set_status::{a_change, converts},
};
use domain::{
    bulk::{Skipped, Work},
    ids::{CompanyId, StatusId},
    time::Moment,
    viewer::Viewer,
};
use store::{
    Session, Store, boxed, runs,
    status_change::{self, StatusChange},
    statuses,
};

/// Who gives which leads what status.
#[derive(Debug, Clone)]
pub struct SetStatuses {
    /// Who does it.
    pub viewer: Viewer,
    /// Whether they may convert leads: without it nothing becomes a customer, and no customer anything else.
    pub may_convert: bool,
    /// Which leads.
    pub selection: Selection,
    /// The new status.
    pub to: StatusId,
    /// When.
    pub now: Moment,
}

/// What came of it. A refusal is an answer that a page can show; nothing was done then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusesSet {
    /// Done, but for what was skipped.
    Done(Bulk),
    /// More match than the actor was shown: look again, and ask again.
    MoreThanShown(MoreThanShown),
    /// There is no such status; somebody may have deleted it.
    NoSuchStatus,
}

/// Sets the status.
#[boxed]
pub async fn set_statuses(store: &Store, company: CompanyId, order: SetStatuses) -> Result<StatusesSet> {
    order.selection.check()?;
    match write(store, company, order.clone()).await {
        // Somebody deleted the status at the same instant; now it is not there to be found.
        Err(Error::Store(store::Error::Gone { .. })) => write(store, company, order).await,
        answer => answer,
    }
}

async fn write(store: &Store, company: CompanyId, order: SetStatuses) -> Result<StatusesSet> {
    let selection = order.selection.clone();
    selection
        .write(store, move |session| Box::pin(async move { set_all(session, company, &order).await }))
        .await
}

async fn set_all(session: &mut Session, company: CompanyId, order: &SetStatuses) -> Result<StatusesSet> {
    let known = statuses::list(session, company).await?;
    let Some(to) = known.get(order.to) else { return Ok(StatusesSet::NoSuchStatus) };
    let (leads, mut report) = match look(session, company, &order.selection, order.viewer).await? {
        Ok(found) => found,
        Err(more) => return Ok(StatusesSet::MoreThanShown(more)),
    };
    let mut changes: Vec<StatusChange> = Vec::with_capacity(leads.len());
    for chosen in leads {
        if chosen.status == to.id {
            report.numbers.unchanged += 1;
        } else if !order.may_convert && converts(&chosen, to, &known) {
            report.skip(chosen.lead, Skipped::MayNotConvert);
        } else {
            changes.push(a_change(&chosen, to, &known, order.viewer, order.now));
        }
    }
    let run = runs::new_id(session).await?;
    let mut stale = Vec::new();
    if !changes.is_empty() {
        stale.extend(status_change::change(session, company, &changes, Some(run)).await?);
        stale.sort_unstable();
    }
    report.numbers.changed = (changes.len() - stale.len()) as u64;
    for lead in stale {
        report.skip(lead, Skipped::Changed);
    }
    let closing = Closing {
        work: Work::SetStatus { status: to.id, name: to.name.clone() },
        run,
        viewer: order.viewer,
        now: order.now,
        agents: &[],
    };
    report.close(session, company, closing).await.map(StatusesSet::Done)
}
