//! Why a lead is whose it is: from the records of the runs, or, where a person decided, from its timeline (R44).

use crate::error::{Error, Result};
use domain::{
    bulk::{BY_HAND, Told, UNDO},
    decision::{self, Considered, Fate, Head, Unreadable},
    explanation::{self, Explanation, Names},
    ids::{LeadId, RunId, StatusId, UserId},
    job::{Job, JobSettings},
    time::{Moment, Zone},
    timeline::{Event, RunOfEntry},
    viewer::Sight,
};
use store::{
    Session, Store, boxed,
    companies::Company,
    decisions, jobs,
    labels::{self, Label},
    leads, runs, statuses,
};

/// Runs that are looked through for a lead whose timeline names none.
pub const RUNS_LOOKED_BACK: i64 = 90;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct ExplainLead {
    /// Which lead.
    pub lead: LeadId,
    /// What this run did; none: what decided last.
    pub run: Option<RunId>,
    /// What whoever asks may see.
    pub sight: Sight,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Explained {
    /// Why, and by what.
    Done(Box<Why>),
    /// There is no such lead, or it is not theirs to see (R14).
    NoLead,
    /// There is no such run.
    NoRun,
}

/// Why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The lead's name.
    pub name: String,
    /// Its owner now.
    pub owner: Option<UserId>,
    /// Its status now.
    pub status: StatusId,
    /// What decided.
    pub by: By,
    /// In words.
    pub explanation: Explanation,
}

/// What decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// A run by its rules.
    Run {
        /// Which.
        run: RunId,
        /// When it started.
        started_at: Moment,
    },
    /// A person.
    Person {
        /// The run that their change of several leads stands as.
        run: Option<RunId>,
        /// When.
        at: Moment,
    },
    /// Nothing so far.
    Nothing,
}

/// Why this agent, or why nobody.
#[boxed]
pub async fn explain_lead(store: &Store, company: &Company, order: ExplainLead) -> Result<Explained> {
    let zone: Zone = company
        .time_zone
        .parse()
        .map_err(|error| Error::Fault(format!("company {}: {error}", company.name)))?;
    let mut reader = store.snapshot().await?;
    let session = reader.session();
    let Some(lead) = leads::one(session, company.id, order.lead, order.sight).await? else {
        return Ok(Explained::NoLead);
    };
    let name = format!("{} {}", lead.line.first_name, lead.line.last_name).trim_end().to_owned();
    let status = lead.line.status_id;
    let asked = Asked { company, lead: order.lead, status, events: &lead.events, zone: &zone };
    let found = match order.run {
        Some(run) => match asked.of_run(session, run).await? {
            Some(found) => found,
            None => return Ok(Explained::NoRun),
        },
        None => asked.of_what_decided_last(session).await?,
    };
    let (by, explanation) = found;
    Ok(Explained::Done(Box::new(Why {
        name,
        owner: lead.line.owner_id,
        status: lead.line.status_id,
        by,
        explanation,
    })))
}

struct Asked<'a> {
    company: &'a Company,
    lead: LeadId,
    status: StatusId,
    events: &'a [Event],
    zone: &'a Zone,
}

type Found = (By, Explanation);

/// A lead in the record of a run.
struct Recorded {
    run: RunId,
    seen: Considered,
    earlier: Vec<u32>,
}

impl Asked<'_> {
    /// What one run did with the lead; none if there is no such run.
    async fn of_run(&self, session: &mut Session, run: RunId) -> Result<Option<Found>> {
        if let Some(recorded) = self.recorded(session, run).await? {
            return self.by_rules(session, &recorded).await.map(Some);
        }
        let Some(of) = runs::one(session, self.company.id, run).await?.map(|found| found.run) else {
            return Ok(None);
        };
        let event = self.events.iter().rev().find(|event| event.run == Some(run.0));
        if let Some(event) = event.filter(|_| of.job == BY_HAND || of.job == UNDO) {
            return self.by_hand(session, event).await.map(Some);
        }
        if let Some(event) = event {
            let by = By::Run { run, started_at: of.started_at };
            return Ok(Some((by, explanation::without_record(event, self.zone))));
        }
        let at = self.zone.minute(of.started_at);
        let why = match of.state.as_str() {
            "running" => format!("The run of {at} is in progress; ask again when it is done."),
            "cancelled" => format!("The run of {at} was cancelled and changed no lead."),
            "failed" => format!("The run of {at} failed and changed no lead."),
            _ if of.job == BY_HAND || of.job == UNDO => {
                format!("The change of {at} did not touch this lead.")
            }
            _ => format!(
                "The run of {at} did not look at this lead: it was not in a status that was dealt out then."
            ),
        };
        Ok(Some((By::Run { run, started_at: of.started_at }, explanation::nothing(why))))
    }

    /// The latest run that considered the lead, or the person who decided after it.
    async fn of_what_decided_last(&self, session: &mut Session) -> Result<Found> {
        let changed_owner = |event: &&Event| {
            event.kind == "assigned" || event.from_owner.is_some() || event.to_owner.is_some()
        };
        let event = self.events.iter().rev().find(changed_owner);
        let of_event = event.and_then(|event| event.run).map(RunId);
        let mut left_alone = None;
        let mut considered = None;
        let latest = decisions::runs_below(session, self.company.id, None, RUNS_LOOKED_BACK).await?;
        // The run of the timeline may be older than those that are looked through.
        for run in latest.into_iter().chain(of_event) {
            match self.recorded(session, run).await? {
                Some(recorded) if matches!(recorded.seen.fate, Fate::LeftAlone(_)) => {
                    left_alone.get_or_insert(recorded);
                }
                Some(recorded) => {
                    considered = Some(recorded);
                    break;
                }
                None => {}
            }
        }
        let latest = match (&considered, event) {
            (Some(recorded), Some(event)) => {
                let started_at = self.started_at(session, recorded.run).await?;
                (event.run != Some(recorded.run.0) && event.at >= started_at).then_some(event)
            }
            (_, event) => event,
        };
        if let Some(event) = latest {
            let by_hand = |run: &RunOfEntry| run.job == BY_HAND || run.job == UNDO;
            return match event.run.map(RunId) {
                // A run of the rules that kept no record of its reasons.
                Some(run) if !event.run_said.as_ref().is_none_or(by_hand) => {
                    match self.of_run(session, run).await? {
                        Some(found) => Ok(found),
                        None => self.untouched(session).await,
                    }
                }
                _ => self.by_hand(session, event).await,
            };
        }
        match considered.or(left_alone) {
            Some(recorded) => self.by_rules(session, &recorded).await,
            None => self.untouched(session).await,
        }
    }

    /// The lead in the record of this run.
    async fn recorded(&self, session: &mut Session, run: RunId) -> Result<Option<Recorded>> {
        let chunk = decisions::chunk(session, self.company.id, run, self.lead).await?;
        let Some(chunk) = chunk else { return Ok(None) };
        let found = decision::find(chunk.first, &chunk.bytes, self.lead).map_err(|why| broken(run, why))?;
        Ok(found.map(|(seen, earlier)| Recorded { run, seen, earlier }))
    }

    async fn by_rules(&self, session: &mut Session, recorded: &Recorded) -> Result<Found> {
        let Recorded { run, seen, earlier } = recorded;
        let head = decisions::head(session, self.company.id, *run).await?;
        let head = head.ok_or_else(|| broken(*run, Unreadable("its head is missing")))?;
        let head: Head =
            serde_json::from_str(&head).map_err(|error| Error::Fault(format!("run {run}: {error}")))?;
        let names = self.names(session, &head, seen).await?;
        let explanation =
            explanation::explain(&head, seen, earlier, &names).map_err(|why| broken(*run, why))?;
        Ok((By::Run { run: *run, started_at: self.started_at(session, *run).await? }, explanation))
    }

    async fn by_hand(&self, session: &mut Session, event: &Event) -> Result<Found> {
        let run = event.run.map(RunId);
        let mut together = None;
        if let Some(run) = run
            && let Some(of) = runs::one(session, self.company.id, run).await?
            && of.run.job == BY_HAND
        {
            let told = of.run.summary.as_deref().and_then(|text| serde_json::from_str::<Told>(text).ok());
            together = told.map(|told| told.sentence());
        }
        let explanation = explanation::by_hand(event, together.as_deref(), self.zone);
        Ok((By::Person { run, at: event.at }, explanation))
    }

    /// Nothing has decided so far: whether anything is going to.
    async fn untouched(&self, session: &mut Session) -> Result<Found> {
        let known = statuses::list(session, self.company.id).await?;
        let mut takes: Option<JobSettings> = None;
        for job in [Job::Assignment, Job::TopUp] {
            let settings = jobs::settings(session, self.company.id, job, &known).await?;
            let is_better = takes.as_ref().is_none_or(|first| settings.enabled && !first.enabled);
            if settings.eligible(&known).contains(&self.status) && is_better {
                takes = Some(settings);
            }
        }
        let status = known.get(self.status).map_or("its status", |status| status.name.as_str());
        let what_next = match takes {
            Some(JobSettings { job, enabled: true, .. }) => {
                format!("{} takes leads in the status {status}: its next run looks at this one.", job.title())
            }
            Some(JobSettings { job, .. }) => format!(
                "{} takes leads in the status {status}, but it is off: switch it on in the settings, or run it now.",
                job.title()
            ),
            None => format!(
                "No job deals out leads in the status {status}: the settings of the jobs say which statuses they take."
            ),
        };
        let why = format!(
            "Nobody has decided anything about this lead: no run has looked at it, and no person has given it to anybody. {what_next}"
        );
        Ok((By::Nothing, explanation::nobody_yet(why)))
    }

    async fn started_at(&self, session: &mut Session, run: RunId) -> Result<Moment> {
        let found = runs::one(session, self.company.id, run).await?;
        Ok(found.map_or(Moment(0), |found| found.run.started_at))
    }

    /// What the labels are called that an explanation can name: the lead's, and those that were short of room with it.
    async fn names(&self, session: &mut Session, head: &Head, seen: &Considered) -> Result<Names> {
        let mut names = Names::default();
        let short = head.short.iter().flat_map(|short| short.labels.iter().copied());
        let carried = short.chain([seen.label]).filter_map(|label| head.labels.get(label as usize));
        for label in carried {
            if let Some(id) = label.branch
                && let Some(name) = labels::name(session, self.company.id, Label::Branch, id.0).await?
            {
                names.branches.insert(id, name);
            }
            if let Some(id) = label.department
                && let Some(name) = labels::name(session, self.company.id, Label::Department, id.0).await?
            {
                names.departments.insert(id, name);
            }
        }
        Ok(names)
    }
}

fn broken(run: RunId, why: Unreadable) -> Error {
    Error::Fault(format!("run {run}: {why}"))
}
