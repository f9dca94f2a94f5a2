//! Many leads to one agent, by hand (R15, R18, R21 to R24).

use crate::{
    assign_lead::{a_move, is_offered},
    error::Result,
    selection::{Bulk, Closing, MoreThanShown, Selection, look},
};
use domain::{
    bulk::Work,
    ids::{CompanyId, UserId},
    pool::{AgentLine, Member},
    time::Moment,
    viewer::Viewer,
};
use store::{
    Session, Store,
    assign::HandMove,
    boxed,
    hands::{self, Giving},
    queues, runs, statuses,
};

/// Who gives which leads to whom.
#[derive(Debug, Clone)]
pub struct AssignLeads {
    /// Who does it.
    pub viewer: Viewer,
    /// Which leads.
    pub selection: Selection,
    /// The new owner.
    pub to: UserId,
    /// The actor has been warned that the cap is exceeded and wants it so.
    pub exceed_cap: bool,
    /// When.
    pub now: Moment,
}

/// What came of it. A refusal is an answer that a page can show; nothing was done then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkAssignment {
    /// Done, but for what was skipped.
    Done(Bulk),
    /// More match than the actor was shown: look again, and ask again.
    MoreThanShown(MoreThanShown),
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
}

/// Assigns the leads.
#[boxed]
pub async fn assign_leads(store: &Store, company: CompanyId, order: AssignLeads) -> Result<BulkAssignment> {
    order.selection.check()?;
    let selection = order.selection.clone();
    selection
        .write(store, move |session| Box::pin(async move { assign_all(session, company, &order).await }))
        .await
}

async fn assign_all(
    session: &mut Session,
    company: CompanyId,
    order: &AssignLeads,
) -> Result<BulkAssignment> {
    let known = statuses::list(session, company).await?;
    let (leads, mut report) = match look(session, company, &order.selection, order.viewer).await? {
        Ok(found) => found,
        Err(more) => return Ok(BulkAssignment::MoreThanShown(more)),
    };
    let owners = leads.iter().filter_map(|chosen| chosen.place.owner);
    let members = queues::lock(session, company, owners.chain([order.to]).collect()).await?;
    let Some(agent) = members.get(&order.to).filter(|member| is_offered(member, order.viewer)) else {
        return Ok(BulkAssignment::NotOffered);
    };
    let mut moves: Vec<HandMove> = Vec::with_capacity(leads.len());
    for chosen in leads {
        if chosen.place.owner == Some(order.to) {
            report.numbers.unchanged += 1;
        } else {
            moves.push(a_move(&chosen, order.to, &known, order.viewer, order.now));
        }
    }
    let looked_at = moves.len();
    let sound = hands::still_as_seen(session, company, &moves).await?;
    report.skip_stale(&mut moves, &sound, |m| m.lead);
    let gained = moves.iter().filter(|m| m.open.1).count() as i64;
    let after = agent.held + gained;
    if let Some(cap) = agent.cap
        && gained > 0
        && after > cap
        && !order.exceed_cap
    {
        return Ok(BulkAssignment::OverCap { held: agent.held, cap, after });
    }
    let run = runs::new_id(session).await?;
    let giving = Giving {
        actor: order.viewer.actor(),
        at: order.now,
        run: Some(run),
        staged: moves.len() == looked_at,
    };
    hands::give(session, company, &moves, giving).await?;
    report.numbers.changed = moves.len() as u64;
    let closing = Closing {
        work: Work::Assign { to: agent.id, name: agent.name.clone() },
        run,
        viewer: order.viewer,
        now: order.now,
        agents: &[line(agent, moves.len() as i64, after)],
    };
    report.close(session, company, closing).await.map(BulkAssignment::Done)
}

/// An agent's line in the record.
pub(crate) fn line(agent: &Member, got: i64, after: i64) -> AgentLine {
    AgentLine { id: agent.id, name: agent.name.clone(), held: agent.held, cap: agent.cap, got, after }
}
