//! Many leads spread evenly over chosen agents, by hand (R15, R18, R21 to R24).

use crate::{
    assign_lead::is_offered,
    error::{Error, Result},
};
use domain::{
    ids::{CompanyId, LeadId, UserId},
    pool::Member,
    spread::{SpreadLead, spread},
    status::{StatusMark, Statuses},
    time::Moment,
    viewer::Viewer,
};
use std::collections::HashMap;
use store::{
    Session, Store,
    assign::{HandMove, LeadBefore},
    spread as hands,
    status_change::{self, Ticked},
    statuses,
};

/// Leads that can be named in one go; more are chosen by a filter.
pub const LEADS_MAX: usize = 20_000;
/// Agents that can be chosen in one go.
pub const AGENTS_MAX: usize = 1_000;

/// Who spreads what over whom.
#[derive(Debug, Clone)]
pub struct SpreadLeads {
    /// Who does it.
    pub viewer: Viewer,
    /// The leads with the versions that the actor saw, each once.
    pub leads: Vec<(LeadId, i64)>,
    /// The agents, each once.
    pub over: Vec<UserId>,
    /// Caps may be exceeded.
    pub exceed_caps: bool,
    /// When.
    pub now: Moment,
}

/// What came of it. A refusal is an answer that a page can show; nothing was done then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spreading {
    /// Done, but for what was skipped.
    Done(Spread),
    /// These are not of the viewer's list of agents (R15).
    NotOffered(Vec<UserId>),
}

/// How it went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spread {
    /// Leads that changed their owner, and to whom.
    pub assigned: Vec<(LeadId, UserId)>,
    /// Leads that stay with their owner, who is one of the chosen (R21).
    pub unchanged: usize,
    /// Leads that were left as they are, with the reason.
    pub skipped: Vec<(LeadId, Skipped)>,
}

/// Why a lead was left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skipped {
    /// There is no such lead, or the viewer may not see it.
    NotFound,
    /// Somebody else changed it since the actor looked (R24).
    Changed,
    /// Every chosen agent is at the cap.
    AtCap,
}

/// Spreads the leads.
pub async fn spread_leads(store: &Store, company: CompanyId, order: SpreadLeads) -> Result<Spreading> {
    for (count, max, what) in
        [(order.leads.len(), LEADS_MAX, "leads"), (order.over.len(), AGENTS_MAX, "agents")]
    {
        if count > max {
            return Err(Error::Refused(format!("{count} {what} are chosen; {max} can be in one go")));
        }
    }
    let mut names: Vec<LeadId> = order.leads.iter().map(|(lead, _)| *lead).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() < order.leads.len() {
        return Err(Error::refused("a lead is named twice; it can have one owner"));
    }
    store.write_long(move |session| Box::pin(async move { spread_all(session, company, &order).await })).await
}

async fn spread_all(session: &mut Session, company: CompanyId, order: &SpreadLeads) -> Result<Spreading> {
    let known = statuses::list(session, company).await?;
    let names: Vec<LeadId> = order.leads.iter().map(|(lead, _)| *lead).collect();
    let found = status_change::ticked(session, company, &names).await?;
    let owners = found.iter().filter_map(|ticked| ticked.place.owner);
    let members = hands::lock(session, company, owners.chain(order.over.iter().copied()).collect()).await?;
    let (offered, refused): (Vec<UserId>, Vec<UserId>) = order
        .over
        .iter()
        .partition(|to| members.get(to).is_some_and(|member| is_offered(member, order.viewer)));
    if !refused.is_empty() {
        return Ok(Spreading::NotOffered(refused));
    }
    let mut done = Spread::default();
    let found: HashMap<LeadId, Ticked> = found.into_iter().map(|ticked| (ticked.lead, ticked)).collect();
    let mut seen = Vec::with_capacity(order.leads.len());
    for (lead, version) in &order.leads {
        match found.get(lead).filter(|ticked| order.viewer.sight().sees(&ticked.place)) {
            None => done.skipped.push((*lead, Skipped::NotFound)),
            Some(ticked) if ticked.version != *version => done.skipped.push((*lead, Skipped::Changed)),
            Some(ticked) => seen.push(a_move(ticked, &known, order)),
        }
    }
    // Nobody changes them from here on, so that what is dealt can be given.
    let sound = hands::still_as_seen(session, company, &seen).await?;
    let changed = seen.extract_if(.., |m| !sound.contains(&m.lead)).map(|m| (m.lead, Skipped::Changed));
    done.skipped.extend(changed);

    let mut agents: Vec<Member> = offered.iter().filter_map(|agent| members.get(agent)).cloned().collect();
    agents.sort_by_key(|agent| agent.id);
    agents.dedup_by_key(|agent| agent.id);
    let leads: Vec<SpreadLead> = seen
        .iter()
        .map(|m| SpreadLead { id: m.lead, owner: m.before.owner, held: m.open.0, will_be_held: m.open.1 })
        .collect();
    let to = spread(&leads, &agents, order.exceed_caps).map_err(|error| Error::Fault(error.to_string()))?;
    let mut moves = Vec::with_capacity(seen.len());
    for (m, to) in seen.into_iter().zip(to) {
        match to {
            None => done.skipped.push((m.lead, Skipped::AtCap)),
            Some(to) if m.before.owner == Some(to) => done.unchanged += 1,
            Some(to) => moves.push(HandMove { to, ..m }),
        }
    }
    hands::give(session, company, &moves, order.viewer.actor(), order.now).await?;
    done.assigned = moves.iter().map(|m| (m.lead, m.to)).collect();
    Ok(Spreading::Done(done))
}

/// The lead as it would move (R18); to whom is still to be decided.
fn a_move(ticked: &Ticked, known: &Statuses, order: &SpreadLeads) -> HandMove {
    let unassigned = known.marked(StatusMark::Unassigned).id;
    let status =
        if ticked.status == unassigned { known.marked(StatusMark::Assigned).id } else { ticked.status };
    let before = LeadBefore { owner: ticked.place.owner, status: ticked.status, version: ticked.version };
    HandMove {
        lead: ticked.lead,
        before,
        to: UserId(0),
        status,
        open: (known.is_open(ticked.status), known.is_open(status)),
        actor: order.viewer.actor(),
        at: order.now,
    }
}
