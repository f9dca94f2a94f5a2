//! The job *Auto-removal of stale leads* (R37): leads that nobody has worked for long go back to Unassigned.

use crate::{
    error::Result,
    runs::{self, Close},
};
use domain::{
    ids::{CompanyId, RunId, StatusId, UserId},
    job::{Job, JobSettings},
    pool::{AgentLine, Member},
    preview::Basis,
    progress::Step,
    sentence::{Exception, RunNumbers},
    status::{StatusMark, Statuses},
    time::Moment,
};
use std::collections::{BTreeMap, HashSet};
use store::{
    Session, Store, boxed,
    companies::Company,
    jobs,
    stale::{self, Returning, StaleLead},
    statuses, users,
    work::Watch,
};

/// What a removal takes, or would take.
pub(crate) struct Found {
    pub basis: Basis,
    pub numbers: RunNumbers,
    pub agents: Vec<AgentLine>,
}

/// What a run would take now. Nothing is changed.
#[boxed]
pub(crate) async fn preview(store: &Store, company: &Company, now: Moment) -> Result<Found> {
    let id = company.id;
    store
        .read_long(move |session| {
            Box::pin(async move {
                let known = statuses::list(session, id).await?;
                let settings = jobs::settings(session, id, Job::Removal, &known).await?;
                let seen = look(session, id, known, &settings, now).await?;
                let owners = seen.members.iter().map(|member| (member.id, member.clone())).collect();
                Ok(seen.told(&seen.leads, &owners, 0))
            })
        })
        .await
}

/// How many leads these settings would take now, saved or not (R37).
#[boxed]
pub async fn would_take(
    store: &Store,
    company: CompanyId,
    settings: JobSettings,
    now: Moment,
) -> Result<u64> {
    store
        .read_long(move |session| {
            Box::pin(async move {
                let known = statuses::list(session, company).await?;
                Ok(look(session, company, known, &settings, now).await?.leads.len() as u64)
            })
        })
        .await
}

/// The run. There is nothing to compute between looking and taking, so both happen in its transaction.
#[boxed]
pub(crate) async fn remove(
    store: &Store,
    company: &Company,
    run: RunId,
    watch: &Watch,
    now: Moment,
) -> Result<Found> {
    let (id, watch) = (company.id, watch.clone());
    watch.step(Step::Waiting, 0).await?;
    store
        .write_for(Some(watch), move |session| {
            Box::pin(async move {
                let known = statuses::list(session, id).await?;
                let settings = jobs::settings(session, id, Job::Removal, &known).await?;
                let seen = look(session, id, known, &settings, now).await?;
                let returning = Returning {
                    company: id,
                    run,
                    at: now,
                    status: seen.unassigned(),
                    open: &seen.open,
                    days: settings.stale_days,
                    leads: &seen.leads,
                };
                let returned = stale::give_back(session, &returning).await?;
                let touched = (seen.leads.len() - returned.leads.len()) as u64;
                let found = seen.told(&returned.leads, &returned.owners, touched);
                let close = Close { run, at: now, numbers: &found.numbers, agents: &found.agents };
                runs::close(session, id, close, seen.settings.clone()).await?;
                Ok(found)
            })
        })
        .await
}

struct Seen {
    known: Statuses,
    open: HashSet<StatusId>,
    settings: serde_json::Value,
    members: Vec<Member>,
    leads: Vec<StaleLead>,
    of_banned: u64,
}

async fn look(
    session: &mut Session,
    company: CompanyId,
    known: Statuses,
    settings: &JobSettings,
    now: Moment,
) -> Result<Seen> {
    let members = users::members(session, company).await?;
    let banned: HashSet<UserId> =
        members.iter().filter(|member| member.banned).map(|member| member.id).collect();
    let since = now.days_before(settings.stale_days);
    let (mut leads, mut of_banned) = (Vec::new(), 0);
    let mut names = Vec::new();
    for status in settings.eligible(&known) {
        names.extend(known.get(status).map(|status| status.name.clone()));
        for lead in stale::in_status(session, company, status, since).await? {
            if lead.owner.is_some_and(|owner| banned.contains(&owner)) {
                of_banned += 1;
            } else {
                leads.push(lead);
            }
        }
    }
    leads.sort_unstable_by_key(|lead| lead.id);
    let open = known.iter().filter(|status| known.is_open(status.id)).map(|status| status.id).collect();
    let settings = serde_json::json!({ "statuses": names, "stale_days": settings.stale_days });
    Ok(Seen { known, open, settings, members, leads, of_banned })
}

impl Seen {
    fn unassigned(&self) -> StatusId {
        self.known.marked(StatusMark::Unassigned).id
    }

    /// What taking these leads means, told with the queues as they were before.
    fn told(&self, leads: &[StaleLead], owners: &BTreeMap<UserId, Member>, touched: u64) -> Found {
        let mut taken: BTreeMap<UserId, i64> = BTreeMap::new();
        for lead in leads {
            if let Some(owner) = lead.owner {
                *taken.entry(owner).or_default() += i64::from(self.open.contains(&lead.status));
            }
        }
        let agents: Vec<AgentLine> = taken
            .iter()
            .filter_map(|(user, held_less)| {
                let member = owners.get(user)?;
                Some(AgentLine {
                    id: member.id,
                    name: member.name.clone(),
                    held: member.held,
                    cap: member.cap,
                    got: 0,
                    after: member.held - held_less,
                })
            })
            .collect();
        let exceptions =
            if self.of_banned > 0 { vec![(Exception::OwnerBanned, self.of_banned)] } else { Vec::new() };
        let numbers = RunNumbers {
            assigned: leads.len() as u64,
            agents: agents.len() as u64,
            exceptions,
            changed_meanwhile: touched,
            ..RunNumbers::default()
        };
        let basis =
            Basis::of(&self.settings.to_string(), &numbers, &agents, leads.iter().map(|lead| (lead.id, 0)));
        Found { basis, numbers, agents }
    }
}
