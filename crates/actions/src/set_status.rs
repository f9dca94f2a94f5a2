//! Another status for one lead, by hand (R7, R12, R14, R24), or for each of several its own.

use crate::{
    error::{Error, Result},
    selection::{SHORT_MAX, TICKED_MAX},
};
use domain::{
    ids::{CompanyId, LeadId, StatusId},
    status::{Status, StatusKind, StatusMark, Statuses},
    time::Moment,
    viewer::Viewer,
};
use std::collections::{BTreeMap, HashMap};
use store::{
    Session, Store, boxed,
    selection::{self, Chosen, LastChange},
    status_change::{self, StatusChange},
    statuses,
};

/// Who gives which lead what status.
#[derive(Debug, Clone, Copy)]
pub struct SetStatus {
    /// Who does it.
    pub viewer: Viewer,
    /// Whether they may convert leads: without it nothing becomes a customer, and no customer anything else.
    pub may_convert: bool,
    /// Which lead.
    pub lead: LeadId,
    /// The version that the actor saw.
    pub version: i64,
    /// The new status.
    pub to: StatusId,
    /// When.
    pub now: Moment,
}

/// What came of it. Refusals are answers that a page can show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusSet {
    /// Done.
    Done {
        /// The lead's version from now on.
        version: i64,
    },
    /// It was in that status already: no event, not counted.
    Unchanged,
    /// There is no such lead, or the viewer may not see it.
    NotFound,
    /// There is no such status; somebody may have deleted it.
    NoSuchStatus,
    /// It takes the permission to convert (R12).
    MayNotConvert,
    /// Somebody else changed the lead since (R24); it is as they left it.
    Conflict {
        /// When.
        at: Moment,
        /// What they did.
        kind: String,
        /// Who; none for the product itself.
        by: Option<String>,
    },
}

/// Sets the status of one lead.
#[boxed]
pub async fn set_status(store: &Store, company: CompanyId, order: SetStatus) -> Result<StatusSet> {
    let mut answers = set_each(store, company, vec![order]).await?;
    answers.pop().ok_or_else(|| Error::Fault("an order has an answer".into()))
}

/// Sets the status of each of these leads, named once, in one transaction: of those that nobody else changed. Answers
/// each order, in their order. (One status for many leads: [`set_statuses`](crate::set_statuses).)
#[boxed]
pub async fn set_each(store: &Store, company: CompanyId, orders: Vec<SetStatus>) -> Result<Vec<StatusSet>> {
    if orders.len() > TICKED_MAX {
        return Err(Error::Refused(format!(
            "{} leads are ticked; {TICKED_MAX} can be changed in one go, more with a filter",
            orders.len()
        )));
    }
    match write(store, company, orders.clone()).await {
        // Somebody deleted the status at the same instant; now it is not there to be found.
        Err(Error::Store(store::Error::Gone { .. })) => write(store, company, orders).await,
        answer => answer,
    }
}

async fn write(store: &Store, company: CompanyId, orders: Vec<SetStatus>) -> Result<Vec<StatusSet>> {
    if orders.len() <= SHORT_MAX {
        return store
            .write(move |session| Box::pin(async move { set_all(session, company, &orders).await }))
            .await;
    }
    store.write_long(move |session| Box::pin(async move { set_all(session, company, &orders).await })).await
}

async fn set_all(session: &mut Session, company: CompanyId, orders: &[SetStatus]) -> Result<Vec<StatusSet>> {
    let known = statuses::list(session, company).await?;
    let mut leads: Vec<LeadId> = orders.iter().map(|order| order.lead).collect();
    leads.sort_unstable();
    leads.dedup();
    if leads.len() < orders.len() {
        return Err(Error::refused("a lead is named twice; one status for each"));
    }
    let found = selection::chosen(session, company, leads.iter().copied()).await?;
    let found: HashMap<LeadId, Chosen> = found.into_iter().map(|chosen| (chosen.lead, chosen)).collect();
    let mut answers: Vec<Option<StatusSet>> = Vec::with_capacity(orders.len());
    let mut changes: BTreeMap<LeadId, StatusChange> = BTreeMap::new();
    for order in orders {
        answers.push(match decide(order, found.get(&order.lead), &known) {
            Ok(change) => {
                changes.insert(order.lead, change);
                Some(StatusSet::Done { version: order.version + 1 })
            }
            Err(Refused::Changed) => None,
            Err(Refused::With(answer)) => Some(answer),
        });
    }
    if !changes.is_empty() {
        let changes: Vec<StatusChange> = changes.into_values().collect();
        let stale = status_change::change(session, company, &changes, None).await?;
        for (order, answer) in orders.iter().zip(&mut answers) {
            if stale.contains(&order.lead) {
                *answer = None;
            }
        }
    }
    let conflicts = orders.iter().zip(&answers).filter(|(_, answer)| answer.is_none());
    let mut conflicts: HashMap<LeadId, LastChange> =
        selection::last_changes(session, company, conflicts.map(|(order, _)| order.lead))
            .await?
            .into_iter()
            .map(|change| (change.lead, change))
            .collect();
    let answers = orders.iter().zip(answers).map(|(order, answer)| {
        answer.unwrap_or_else(|| match conflicts.remove(&order.lead) {
            Some(LastChange { at, kind, by, .. }) => StatusSet::Conflict { at, kind, by },
            // Gone meanwhile, with the import that brought it.
            None => StatusSet::NotFound,
        })
    });
    Ok(answers.collect())
}

/// Why there is no change.
enum Refused {
    With(StatusSet),
    /// The version is another one; who did it is still to be looked up.
    Changed,
}

/// What the lead is now, and what was ordered: a change, or why there is none.
fn decide(order: &SetStatus, chosen: Option<&Chosen>, known: &Statuses) -> Result<StatusChange, Refused> {
    let sight = order.viewer.sight();
    let Some(chosen) = chosen.filter(|chosen| sight.sees(&chosen.place)) else {
        return Err(Refused::With(StatusSet::NotFound));
    };
    let Some(to) = known.get(order.to) else {
        return Err(Refused::With(StatusSet::NoSuchStatus));
    };
    if chosen.version != order.version {
        return Err(Refused::Changed);
    }
    if chosen.status == to.id {
        return Err(Refused::With(StatusSet::Unchanged));
    }
    if !order.may_convert && converts(chosen, to, known) {
        return Err(Refused::With(StatusSet::MayNotConvert));
    }
    Ok(a_change(chosen, to, known, order.viewer, order.now))
}

/// Whether the lead becomes a customer, or ceases to be one (R12, R51).
pub(crate) fn converts(chosen: &Chosen, to: &Status, known: &Statuses) -> bool {
    let is_won = |status: Option<&Status>| status.is_some_and(|status| status.kind == StatusKind::Won);
    is_won(Some(to)) || is_won(known.get(chosen.status))
}

/// The lead as it goes to this status.
pub(crate) fn a_change(
    chosen: &Chosen,
    to: &Status,
    known: &Statuses,
    viewer: Viewer,
    now: Moment,
) -> StatusChange {
    StatusChange {
        lead: chosen.lead,
        version: chosen.version,
        owner: chosen.place.owner,
        // R7: nobody owns a lead in Unassigned.
        loses_owner: to.mark == Some(StatusMark::Unassigned) && chosen.place.owner.is_some(),
        from: chosen.status,
        to: to.id,
        open: (known.is_open(chosen.status), known.is_open(to.id)),
        actor: viewer.actor(),
        at: now,
    }
}
