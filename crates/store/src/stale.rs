//! Stale leads: finding those that nobody has worked for long, and returning them to Unassigned (R37).
//!
//! Locks are taken in the order of [`queues`].

use crate::{
    boxed,
    changes::{Change, Topic},
    error::{Error, Result},
    params,
    queues::{self, Tally},
    session::Session,
    sql,
    stage::{Stage, StageType::Int},
    value::Value,
};
use domain::{
    ids::{CompanyId, LeadId, RunId, StatusId, UserId},
    pool::Member,
    progress::Step,
    time::Moment,
};
use std::collections::{BTreeMap, HashSet};

/// Leads on their way back to Unassigned.
pub static STAGE_STALE: Stage = Stage {
    name: "stage_stale",
    columns: &[("lead_id", Int), ("entries", Int), ("from_owner_id", Int), ("from_status_id", Int)],
    key: "lead_id",
};

sql! {
    // Most are told by their last activity; what was edited or tagged since is asked for its work. Who takes a removal
    // back wants the lead to stay.
    IN_STATUS = "SELECT l.id, l.entries, l.status_id, l.owner_id
        FROM leads l /*sqlite INDEXED BY leads_status*/
        WHERE l.company_id = $1 AND l.status_id = $2 AND l.created_at_ms <= $3
            AND (l.last_activity_at_ms <= $3 OR NOT EXISTS (
                SELECT 1 FROM lead_events e WHERE e.company_id = $1 AND e.lead_id = l.id AND e.at_ms > $3
                    AND e.kind IN ('assigned', 'note', 'call', 'follow-up', 'undone')))";
    LOCK_LEADS_AS_SEEN = "SELECT l.id FROM stage_stale s CROSS JOIN leads l
        WHERE l.company_id = $1 AND l.id = s.lead_id AND l.entries = s.entries
        ORDER BY s.lead_id /*pg FOR NO KEY UPDATE OF l*/";
    RETURN_STAGED = "UPDATE leads SET owner_id = NULL, status_id = $2, version = leads.version + 1,
            entries = leads.entries + 1, owned_since_ms = NULL, owner_chosen_at_ms = NULL, owner_acted_at_ms = NULL,
            last_activity_at_ms = $3
        FROM stage_stale s
        WHERE leads.company_id = $1 AND leads.id = s.lead_id
            /*sqlite AND leads.id IN (SELECT lead_id FROM stage_stale)*/";
    EVENTS = "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, run_id, from_owner_id, from_status_id,
            to_status_id, detail)
        SELECT $1, s.lead_id, s.entries + 1, $2, 'removed', $3, s.from_owner_id, s.from_status_id, $4, $5
        FROM stage_stale s";
}

/// A lead that nobody has worked for long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaleLead {
    /// Which.
    pub id: LeadId,
    /// Entries of its timeline when it was looked at.
    pub entries: i64,
    /// Its status then.
    pub status: StatusId,
    /// Its owner then.
    pub owner: Option<UserId>,
}

/// The leads of a status that were captured at `since` or before and have had no call, note, follow-up or assignment
/// after it.
#[boxed]
pub async fn in_status(
    session: &mut Session,
    company: CompanyId,
    status: StatusId,
    since: Moment,
) -> Result<Vec<StaleLead>> {
    session
        .rows(&IN_STATUS, params![company, status, since], |row| {
            Ok(StaleLead { id: row.get(0)?, entries: row.get(1)?, status: row.get(2)?, owner: row.get(3)? })
        })
        .await
}

/// Stale leads, being returned.
pub struct Returning<'a> {
    /// The company.
    pub company: CompanyId,
    /// The run.
    pub run: RunId,
    /// When.
    pub at: Moment,
    /// Unassigned.
    pub status: StatusId,
    /// The open statuses: leads in them are held.
    pub open: &'a HashSet<StatusId>,
    /// After how many days they count as stale, for their timelines.
    pub days: i64,
    /// The leads.
    pub leads: &'a [StaleLead],
}

/// What became of them.
#[derive(Debug, Default)]
pub struct Returned {
    /// Those that went back, in the order in which they were given.
    pub leads: Vec<StaleLead>,
    /// The owners concerned, as they were before.
    pub owners: BTreeMap<UserId, Member>,
}

/// Returns the leads, but for those that somebody touched since they were looked at (R41) and those whose owner was
/// banned meanwhile.
#[boxed]
pub async fn give_back(session: &mut Session, back: &Returning<'_>) -> Result<Returned> {
    let owners = back.leads.iter().filter_map(|lead| lead.owner).collect();
    session.step(Step::Locking, back.leads.len() as u64).await?;
    let owners = queues::lock(session, back.company, owners).await?;
    stage(session, back.leads).await?;
    let as_seen: HashSet<LeadId> = session
        .rows(&LOCK_LEADS_AS_SEEN, params![back.company], |row| row.get(0))
        .await?
        .into_iter()
        .collect();
    let banned = |lead: &StaleLead| {
        lead.owner.is_some_and(|owner| owners.get(&owner).is_none_or(|member| member.banned))
    };
    let leads: Vec<StaleLead> =
        back.leads.iter().copied().filter(|lead| as_seen.contains(&lead.id) && !banned(lead)).collect();
    let Some(first) = leads.first() else { return Ok(Returned { leads, owners }) };
    if leads.len() < back.leads.len() {
        stage(session, &leads).await?;
    }
    session.step(Step::Moving, leads.len() as u64).await?;
    let returned = session.execute(&RETURN_STAGED, params![back.company, back.status, back.at]).await?;
    if returned != leads.len() as u64 {
        return Err(Error::Sql("leads that were locked could not be returned".into()));
    }
    session.step(Step::Noting, returned).await?;
    let days = back.days.to_string();
    session.execute(&EVENTS, params![back.company, back.at, back.run, back.status, &days]).await?;
    let mut tally = Tally::default();
    for lead in &leads {
        if let Some(owner) = lead.owner.filter(|_| back.open.contains(&lead.status)) {
            tally.lets_go(owner);
        }
        tally.moves(lead.status, back.status);
    }
    tally.write(session, back.company, first.id.0, back.at).await?;
    session.tell(
        Change::of(back.company, Topic::Leads)
            .users(leads.iter().filter_map(|lead| lead.owner))
            .leads(leads.iter().map(|lead| lead.id)),
    );
    Ok(Returned { leads, owners })
}

async fn stage(session: &mut Session, leads: &[StaleLead]) -> Result<()> {
    let rows = leads.iter().map(|lead| {
        [Value::from(lead.id), Value::Int(lead.entries), lead.owner.into(), Value::from(lead.status)]
    });
    session.stage(&STAGE_STALE, rows).await?;
    Ok(())
}
