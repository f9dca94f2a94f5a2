//! The leads that somebody has chosen for a bulk change, and the report of what came of it (R22, R24).

use crate::error::{Error, Result};
use domain::{
    bulk::{BY_HAND, Numbers, Skipped, Told, Work},
    ids::{CompanyId, LeadId, RunId},
    lead_list::Filter,
    pool::AgentLine,
    time::Moment,
    viewer::Viewer,
};
use store::{
    Session, Store, boxed, imports, lists,
    runs::{self, Record},
    selection::{self, Chosen, LastChange},
    session::BoxFuture,
};

/// Leads that can be named in one go; more are chosen by a filter.
pub const TICKED_MAX: usize = 20_000;
/// Up to so many share their commit with what else people do; more would make the others wait.
pub(crate) const SHORT_MAX: usize = 1_000;
/// Skipped leads that a report names one by one; all of them are counted.
pub const NAMED_MAX: usize = 100;

/// Which leads.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one for each request; a box would save nothing")]
pub enum Selection {
    /// The ticked ones, each once, with the versions that the actor saw.
    Ticked(Vec<(LeadId, i64)>),
    /// All that match, evaluated at the time of the action.
    Matching {
        /// The filter.
        filter: Filter,
        /// How many the actor was shown; none where the list could only say *at least so many*.
        shown: Option<i64>,
        /// When: what happened to a lead since keeps it out.
        as_of: Moment,
    },
}

/// What came of a bulk change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulk {
    /// What was done and to how many; it has a sentence.
    pub told: Told,
    /// Its record, which can be undone (R21a); none if nothing changed.
    pub run: Option<RunId>,
    /// The first [`NAMED_MAX`] of the leads that were skipped.
    pub skipped: Vec<(LeadId, Skipped)>,
    /// Who changed the ticked ones among them, and what they did.
    pub changes: Vec<LastChange>,
}

/// There are more by now than the actor was shown: nobody means what they have not seen, so nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoreThanShown {
    /// How many the actor was shown.
    pub shown: i64,
    /// How many there are, without those that changed since.
    pub now: i64,
}

impl Bulk {
    /// Leads that changed.
    pub fn changed(&self) -> u64 {
        self.told.numbers.changed
    }
}

impl Selection {
    /// Refuses what cannot be a selection.
    pub(crate) fn check(&self) -> Result<()> {
        let Selection::Ticked(leads) = self else { return Ok(()) };
        if leads.len() > TICKED_MAX {
            return Err(Error::Refused(format!(
                "{} leads are ticked; {TICKED_MAX} can be changed in one go, more with a filter",
                leads.len()
            )));
        }
        let mut names: Vec<LeadId> = leads.iter().map(|(lead, _)| *lead).collect();
        names.sort_unstable();
        names.dedup();
        if names.len() < leads.len() {
            return Err(Error::refused("a lead is ticked twice; name each one once"));
        }
        Ok(())
    }

    /// Runs the change as one transaction, among the short ones or among the long ones.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        store: &Store,
        work: impl for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T>> + Send + 'static,
    ) -> Result<T> {
        match self {
            Selection::Ticked(leads) if leads.len() <= SHORT_MAX => store.write(work).await,
            _ => store.write_long(work).await,
        }
    }
}

/// The leads as they are now, in the order of ids, and the report so far: what is skipped already.
///
/// A lead's moments say when something was decided, and its import may have gone on for a minute after that. So what an
/// import brought that ended after the actor looked counts as changed since, whatever the lead itself says.
#[boxed]
pub(crate) async fn look(
    session: &mut Session,
    company: CompanyId,
    selection: &Selection,
    viewer: Viewer,
) -> Result<Result<(Vec<Chosen>, Report), MoreThanShown>> {
    let sight = viewer.sight();
    let mut report = Report { ticked: matches!(selection, Selection::Ticked(_)), ..Report::default() };
    let mut brought_since = Vec::new();
    let mut seen = match selection {
        Selection::Ticked(leads) => leads.clone(),
        Selection::Matching { filter, shown, as_of } => {
            brought_since = imports::finished_after(session, company, *as_of).await?;
            let matching = lists::matching(session, company, filter, sight, *as_of).await?;
            let now = matching.leads.len() as u64 + matching.changed_since;
            report.numbers.skip(Skipped::Changed, matching.changed_since);
            let shown = shown.and_then(|shown| u64::try_from(shown).ok()).unwrap_or(0);
            report.numbers.skip(Skipped::MatchesNoMore, shown.saturating_sub(now));
            matching.leads
        }
    };
    seen.sort_unstable();
    let found = selection::chosen(session, company, seen.iter().map(|(lead, _)| *lead)).await?;
    let mut found = found.into_iter().peekable();
    let mut leads = Vec::with_capacity(found.len());
    for (lead, version) in seen {
        match found.next_if(|chosen| chosen.lead == lead).filter(|chosen| sight.sees(&chosen.place)) {
            None => report.skip(lead, Skipped::NotFound),
            Some(chosen) if chosen.version != version => report.skip(lead, Skipped::Changed),
            Some(Chosen { import: Some(import), .. }) if brought_since.contains(&import) => {
                report.skip(lead, Skipped::Changed);
            }
            Some(chosen) => leads.push(chosen),
        }
    }
    let now = leads.len() as i64;
    if let Selection::Matching { shown: Some(shown), .. } = selection
        && now > *shown
    {
        return Ok(Err(MoreThanShown { shown: *shown, now }));
    }
    Ok(Ok((leads, report)))
}

/// The report of a bulk change while it is made.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) numbers: Numbers,
    pub(crate) skipped: Vec<(LeadId, Skipped)>,
    ticked: bool,
}

impl Report {
    /// This lead stays as it is.
    pub(crate) fn skip(&mut self, lead: LeadId, why: Skipped) {
        self.numbers.skip(why, 1);
        if self.skipped.len() < NAMED_MAX {
            self.skipped.push((lead, why));
        }
    }

    /// Takes out what is no longer as it was looked at. Both are in the order of ids.
    pub(crate) fn skip_stale<T>(
        &mut self,
        items: &mut Vec<T>,
        sound: &[LeadId],
        lead: impl Fn(&T) -> LeadId,
    ) {
        if sound.len() == items.len() {
            return;
        }
        items.retain(|item| {
            let stays = sound.binary_search(&lead(item)).is_ok();
            if !stays {
                self.skip(lead(item), Skipped::Changed);
            }
            stays
        });
    }

    /// Writes the record, if anything changed, and says who changed what was skipped.
    pub(crate) async fn close(
        self,
        session: &mut Session,
        company: CompanyId,
        closing: Closing<'_>,
    ) -> Result<Bulk> {
        let Closing { work, run, viewer, now, agents } = closing;
        let told = Told { work, numbers: self.numbers };
        let changed = told.numbers.changed;
        if changed > 0 {
            let is_given = matches!(told.work, Work::Assign { .. } | Work::Spread { .. });
            let record = Record {
                id: run,
                job: BY_HAND,
                actor: viewer.actor(),
                at: now,
                assigned: if is_given { changed as i64 } else { 0 },
                summary: &summary(&told)?,
                undoes: None,
                agents,
            };
            runs::record(session, company, record).await?;
        }
        let conflicts = self.skipped.iter().filter(|(_, why)| self.ticked && *why == Skipped::Changed);
        let changes = selection::last_changes(session, company, conflicts.map(|(lead, _)| *lead)).await?;
        Ok(Bulk { told, run: (changed > 0).then_some(run), skipped: self.skipped, changes })
    }
}

/// What the record of a bulk change says besides the numbers.
pub(crate) struct Closing<'a> {
    pub(crate) work: Work,
    pub(crate) run: RunId,
    pub(crate) viewer: Viewer,
    pub(crate) now: Moment,
    pub(crate) agents: &'a [AgentLine],
}

pub(crate) fn summary(told: &Told) -> Result<String> {
    serde_json::to_string(told).map_err(|error| Error::Fault(error.to_string()))
}
