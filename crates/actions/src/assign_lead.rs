//! One lead to one agent, by hand (R15, R18, R21, R23, R24).

use crate::error::Result;
use domain::{
    ids::{CompanyId, LeadId, UserId},
    pool::Member,
    role::Scope,
    status::{StatusMark, Statuses},
    time::Moment,
    viewer::Viewer,
};
use store::{
    Session, Store,
    assign::{self, HandMove, LeadBefore},
    boxed, queues,
    selection::{self, Chosen, LastChange},
    statuses,
};

/// Who gives what to whom.
#[derive(Debug, Clone, Copy)]
pub struct AssignLead {
    /// The company.
    pub company: CompanyId,
    /// Who does it.
    pub viewer: Viewer,
    /// Which lead.
    pub lead: LeadId,
    /// The version that the actor saw.
    pub version: i64,
    /// The new owner.
    pub to: UserId,
    /// The actor has been warned that the cap is exceeded and wants it so.
    pub exceed_cap: bool,
    /// When.
    pub now: Moment,
}

/// What came of it. Refusals are answers that a page can show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assignment {
    /// Done; the agent holds this many now.
    Done {
        /// Open leads of the new owner.
        held: i64,
    },
    /// They owned it already (R21): no event, not counted.
    Unchanged,
    /// There is no such lead, or the viewer may not see it.
    NotFound,
    /// Nobody of the viewer's list of agents (R15).
    NotOffered,
    /// It would exceed the cap: ask (R23).
    OverCap {
        /// Held now.
        held: i64,
        /// The cap.
        cap: i64,
        /// Held if it were done.
        after: i64,
    },
    /// Somebody else changed it since (R24).
    Conflict {
        /// When.
        at: Moment,
        /// What they did.
        kind: String,
        /// Who; none for the product itself.
        by: Option<String>,
    },
}

/// Assigns the lead.
#[boxed]
pub async fn assign_lead(store: &Store, order: AssignLead) -> Result<Assignment> {
    store.write(move |session| Box::pin(assign(session, order))).await
}

async fn assign(session: &mut Session, order: AssignLead) -> Result<Assignment> {
    let AssignLead { company, lead, to, .. } = order;
    let Some((before, place)) = assign::lead_before(session, company, lead).await? else {
        return Ok(Assignment::NotFound);
    };
    if !order.viewer.sight().sees(&place) {
        return Ok(Assignment::NotFound);
    }
    if before.version != order.version {
        return conflict(session, order).await;
    }
    if before.owner == Some(to) {
        return Ok(Assignment::Unchanged);
    }
    let known = statuses::list(session, company).await?;
    let queues = queues::lock_two(session, company, to, before.owner).await?;
    let Some(agent) = queues.iter().find(|member| member.id == to && is_offered(member, order.viewer)) else {
        return Ok(Assignment::NotOffered);
    };
    let chosen = Chosen { lead, version: before.version, status: before.status, place, import: None };
    let hand_move = a_move(&chosen, to, &known, order.viewer, order.now);
    let after = agent.held + i64::from(hand_move.open.1);
    if let Some(cap) = agent.cap
        && after > cap
        && hand_move.open.1
        && !order.exceed_cap
    {
        return Ok(Assignment::OverCap { held: agent.held, cap, after });
    }
    if !assign::move_one(session, company, &hand_move).await? {
        return conflict(session, order).await;
    }
    Ok(Assignment::Done { held: after })
}

/// The lead as it moves: an Unassigned one takes the status of R5, another keeps its own (R18).
pub(crate) fn a_move(chosen: &Chosen, to: UserId, known: &Statuses, viewer: Viewer, now: Moment) -> HandMove {
    let unassigned = known.marked(StatusMark::Unassigned).id;
    let status =
        if chosen.status == unassigned { known.marked(StatusMark::Assigned).id } else { chosen.status };
    HandMove {
        lead: chosen.lead,
        before: LeadBefore { owner: chosen.place.owner, status: chosen.status, version: chosen.version },
        to,
        status,
        open: (known.is_open(chosen.status), known.is_open(status)),
        actor: viewer.actor(),
        at: now,
    }
}

/// R15: agents who are not banned and share the actor's branch and, if the actor has one, the department.
/// Who sees the whole company, and who has no branch, may give to all.
pub(crate) fn is_offered(member: &Member, viewer: Viewer) -> bool {
    member.is_receiver()
        && match viewer {
            Viewer::Operator
            | Viewer::User { scope: Scope::Company, .. }
            | Viewer::User { branch: None, .. } => true,
            Viewer::User { branch, department, .. } => {
                member.branch == branch && (department.is_none() || member.department == department)
            }
        }
}

async fn conflict(session: &mut Session, order: AssignLead) -> Result<Assignment> {
    let Some(LastChange { at, kind, by, .. }) = last_change(session, order.company, order.lead).await? else {
        return Ok(Assignment::NotFound);
    };
    Ok(Assignment::Conflict { at, kind, by })
}

/// Who changed a lead that is no longer as it was seen, and how (R24). None: it is gone, with the import that brought it.
#[boxed]
pub(crate) async fn last_change(
    session: &mut Session,
    company: CompanyId,
    lead: LeadId,
) -> Result<Option<LastChange>> {
    Ok(selection::last_changes(session, company, std::iter::once(lead)).await?.pop())
}
