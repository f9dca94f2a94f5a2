//! Many leads spread evenly over chosen agents, by hand (R15, R18, R21 to R24).

use crate::{
    assign_lead::{a_move, is_offered},
    assign_leads::line,
    error::{Error, Result},
    selection::{Bulk, Closing, MoreThanShown, Selection, look},
};
use domain::{
    bulk::{Skipped, Work},
    ids::{CompanyId, UserId},
    pool::{AgentLine, Member},
    spread::{SpreadLead, spread},
    time::Moment,
    viewer::Viewer,
};
use std::collections::BTreeMap;
use store::{
    Session, Store,
    assign::HandMove,
    boxed,
    hands::{self, Giving},
    queues, runs, statuses,
};

/// Agents that can be chosen in one go.
pub const AGENTS_MAX: usize = 1_000;

/// Who spreads what over whom.
#[derive(Debug, Clone)]
pub struct SpreadLeads {
    /// Who does it.
    pub viewer: Viewer,
    /// Which leads.
    pub selection: Selection,
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
    /// More match than the actor was shown: look again, and ask again.
    MoreThanShown(MoreThanShown),
    /// These are not of the viewer's list of agents (R15).
    NotOffered(Vec<UserId>),
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spread {
    /// The report.
    pub bulk: Bulk,
    /// The chosen agents, each with what they got, in the order of ids.
    pub agents: Vec<AgentLine>,
}

/// Spreads the leads.
#[boxed]
pub async fn spread_leads(store: &Store, company: CompanyId, order: SpreadLeads) -> Result<Spreading> {
    order.selection.check()?;
    if order.over.len() > AGENTS_MAX {
        return Err(Error::Refused(format!(
            "{} agents are chosen; {AGENTS_MAX} can be in one go",
            order.over.len()
        )));
    }
    store.write_long(move |session| Box::pin(async move { spread_all(session, company, &order).await })).await
}

async fn spread_all(session: &mut Session, company: CompanyId, order: &SpreadLeads) -> Result<Spreading> {
    let known = statuses::list(session, company).await?;
    let (leads, mut report) = match look(session, company, &order.selection, order.viewer).await? {
        Ok(found) => found,
        Err(more) => return Ok(Spreading::MoreThanShown(more)),
    };
    let owners = leads.iter().filter_map(|chosen| chosen.place.owner);
    let members = queues::lock(session, company, owners.chain(order.over.iter().copied()).collect()).await?;
    let (offered, refused): (Vec<UserId>, Vec<UserId>) = order
        .over
        .iter()
        .partition(|to| members.get(to).is_some_and(|member| is_offered(member, order.viewer)));
    if !refused.is_empty() {
        return Ok(Spreading::NotOffered(refused));
    }
    // To whom is still to be decided.
    let mut seen: Vec<HandMove> =
        leads.iter().map(|chosen| a_move(chosen, UserId(0), &known, order.viewer, order.now)).collect();
    drop(leads);
    // Nobody changes them from here on, so that what is dealt can be given.
    let sound = hands::still_as_seen(session, company, &seen).await?;
    report.skip_stale(&mut seen, &sound, |m| m.lead);

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
            None => report.skip(m.lead, Skipped::AtCap),
            Some(to) if m.before.owner == Some(to) => report.numbers.unchanged += 1,
            Some(to) => moves.push(HandMove { to, ..m }),
        }
    }

    let run = runs::new_id(session).await?;
    let giving = Giving { actor: order.viewer.actor(), at: order.now, run: Some(run), staged: false };
    hands::give(session, company, &moves, giving).await?;
    report.numbers.changed = moves.len() as u64;
    let agents = lines(&agents, &moves);
    let closing = Closing {
        work: Work::Spread { agents: agents.len() as u64 },
        run,
        viewer: order.viewer,
        now: order.now,
        agents: &agents,
    };
    let bulk = report.close(session, company, closing).await?;
    Ok(Spreading::Done(Spread { bulk, agents }))
}

/// What each of the chosen agents got and holds now.
fn lines(agents: &[Member], moves: &[HandMove]) -> Vec<AgentLine> {
    let mut balances: BTreeMap<UserId, (i64, i64)> = BTreeMap::new(); // got, and held more than before
    for m in moves {
        let to = balances.entry(m.to).or_default();
        *to = (to.0 + 1, to.1 + i64::from(m.open.1));
        if let (Some(from), true) = (m.before.owner, m.open.0) {
            balances.entry(from).or_default().1 -= 1;
        }
    }
    let balance = |agent: &Member| balances.get(&agent.id).copied().unwrap_or_default();
    agents.iter().map(|agent| line(agent, balance(agent).0, agent.held + balance(agent).1)).collect()
}
