//! Another status for one lead or for the ticked ones, by hand (R7, R12, R14, R24).

use crate::error::{Error, Result};
use domain::{
    ids::{CompanyId, LeadId, StatusId},
    status::{Status, StatusKind, StatusMark, Statuses},
    time::Moment,
    viewer::Viewer,
};
use std::collections::{BTreeMap, HashMap};
use store::{
    Session, Store, assign,
    status_change::{self, StatusChange, Ticked},
    statuses,
};

/// Leads that can be named in one go; more are chosen by a filter.
pub const LEADS_MAX: usize = 20_000;
/// Up to so many share their commit with what else people do; more would make the others wait.
const SHORT_MAX: usize = 1_000;

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
pub async fn set_status(store: &Store, company: CompanyId, order: SetStatus) -> Result<StatusSet> {
    let mut answers = store
        .write(move |session| Box::pin(async move { set_all(session, company, &[order]).await }))
        .await?;
    answers.pop().ok_or_else(|| Error::Fault("an order has an answer".into()))
}

/// Sets the statuses of the ticked leads, each named once, in one transaction: those that nobody else changed. Answers
/// each order, in their order.
pub async fn set_statuses(
    store: &Store,
    company: CompanyId,
    orders: Vec<SetStatus>,
) -> Result<Vec<StatusSet>> {
    if orders.len() > LEADS_MAX {
        return Err(Error::Refused(format!(
            "{} leads are ticked; {LEADS_MAX} can be changed in one go, more with a filter",
            orders.len()
        )));
    }
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
    let ticked: HashMap<LeadId, Ticked> = status_change::ticked(session, company, &leads)
        .await?
        .into_iter()
        .map(|ticked| (ticked.lead, ticked))
        .collect();
    let mut answers = Vec::with_capacity(orders.len());
    let mut changes: BTreeMap<LeadId, StatusChange> = BTreeMap::new();
    for order in orders {
        answers.push(match decide(order, ticked.get(&order.lead), &known) {
            Ok(change) => {
                changes.insert(order.lead, change);
                StatusSet::Done { version: order.version + 1 }
            }
            Err(Refused::Changed) => conflict(session, company, order.lead).await?,
            Err(Refused::With(answer)) => answer,
        });
    }
    if changes.is_empty() {
        return Ok(answers);
    }
    let changes: Vec<StatusChange> = changes.into_values().collect();
    let stale = status_change::change(session, company, &changes).await?;
    for (order, answer) in orders.iter().zip(&mut answers) {
        if stale.contains(&order.lead) {
            *answer = conflict(session, company, order.lead).await?;
        }
    }
    Ok(answers)
}

/// Why there is no change.
enum Refused {
    With(StatusSet),
    /// The version is another one; who did it is still to be looked up.
    Changed,
}

/// What the lead is now, and what was ordered: a change, or why there is none.
fn decide(order: &SetStatus, ticked: Option<&Ticked>, known: &Statuses) -> Result<StatusChange, Refused> {
    let sight = order.viewer.sight();
    let Some(ticked) = ticked.filter(|ticked| sight.sees(&ticked.place)) else {
        return Err(Refused::With(StatusSet::NotFound));
    };
    let Some(to) = known.get(order.to) else {
        return Err(Refused::With(StatusSet::NoSuchStatus));
    };
    if ticked.version != order.version {
        return Err(Refused::Changed);
    }
    if ticked.status == order.to {
        return Err(Refused::With(StatusSet::Unchanged));
    }
    let is_won = |status: Option<&Status>| status.is_some_and(|status| status.kind == StatusKind::Won);
    if !order.may_convert && (is_won(Some(to)) || is_won(known.get(ticked.status))) {
        return Err(Refused::With(StatusSet::MayNotConvert));
    }
    Ok(StatusChange {
        lead: order.lead,
        version: ticked.version,
        owner: ticked.place.owner,
        // R7: nobody owns a lead in Unassigned.
        loses_owner: to.mark == Some(StatusMark::Unassigned) && ticked.place.owner.is_some(),
        from: ticked.status,
        to: order.to,
        open: (known.is_open(ticked.status), known.is_open(order.to)),
        actor: order.viewer.actor(),
        at: order.now,
    })
}

async fn conflict(session: &mut Session, company: CompanyId, lead: LeadId) -> Result<StatusSet> {
    let (at, kind, by) = assign::last_change(session, company, lead)
        .await?
        .ok_or_else(|| Error::Fault("a lead that changed has no timeline".into()))?;
    Ok(StatusSet::Conflict { at, kind, by })
}
