//! Saving the settings of a job (R25, R35, R37, R40).

use crate::{
    error::{Error, Result},
    keep_time,
    set_password::verify_password,
};
use allot::Strategy;
use domain::{
    ids::CompanyId,
    job::{Job, JobSettings, SettingsRefused, TAKEN_BEFORE},
    status::Statuses,
    time::{MinuteOfDay, Moment},
    viewer::Viewer,
};
use store::{Store, boxed, jobs, statuses};

/// What to change; what is not named stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The switch.
    pub enabled: Option<bool>,
    /// The statuses, by name.
    pub statuses: Option<Vec<String>>,
    /// When.
    pub at: Option<MinuteOfDay>,
    /// Assignment: what "evenly" means.
    pub strategy: Option<Strategy>,
    /// Among leads of one urgency the oldest first, instead of the newest (R30).
    pub oldest_first: Option<bool>,
    /// Assignment: hours after an attempt before an owned lead is dealt again (R26).
    pub rest_hours: Option<i64>,
    /// Assignment: whether a captured lead is assigned at once.
    pub instant: Option<bool>,
    /// Removal: days without work after which a lead is stale (R37).
    pub stale_days: Option<i64>,
    /// The password of the person who saves (R25); the operator at the command line needs none.
    pub own_password: Option<String>,
}

impl Change {
    /// The settings after the change, if they may be so. Nothing is saved.
    pub fn on(self, settings: &JobSettings, known: &Statuses) -> Result<JobSettings, SettingsRefused> {
        // What may be taken no longer (it was closed, say) is not in the way of another change.
        let mut statuses = settings.eligible(known);
        if let Some(names) = self.statuses {
            statuses = Vec::new();
            for name in names {
                let Some(status) = known.named(&name) else {
                    return Err(SettingsRefused::UnknownStatus { name, known: known.names() });
                };
                if !statuses.contains(&status.id) {
                    statuses.push(status.id);
                }
            }
        }
        let changed = JobSettings {
            job: settings.job,
            enabled: self.enabled.unwrap_or(settings.enabled),
            statuses,
            at: self.at.unwrap_or(settings.at),
            counts_from: settings.counts_from,
            strategy: self.strategy.unwrap_or(settings.strategy),
            oldest_first: self.oldest_first.unwrap_or(settings.oldest_first),
            rest_hours: self.rest_hours.unwrap_or(settings.rest_hours),
            instant: self.instant.unwrap_or(settings.instant),
            stale_days: self.stale_days.unwrap_or(settings.stale_days),
        };
        changed.check(known)?;
        Ok(changed)
    }
}

/// What somebody hears whose own password was not right.
pub const WRONG_PASSWORD: &str =
    "this is not your password; settings of the automatic jobs are saved with your own";

/// The settings as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The settings.
    pub settings: JobSettings,
    /// What should be known about them (R35).
    pub warning: Option<&'static str>,
}

/// Saves the change.
#[boxed]
pub async fn save_job(
    store: &Store,
    company: CompanyId,
    job: Job,
    change: Change,
    viewer: Viewer,
    now: Moment,
) -> Result<Saved> {
    if let Some(person) = viewer.actor() {
        let password = change.own_password.as_deref().unwrap_or_default();
        if !verify_password(store, company, person, password).await? {
            return Err(Error::refused(WRONG_PASSWORD));
        }
    }
    store
        .write(move |session| {
            Box::pin(async move {
                jobs::lock_alarm(session, company, now).await?;
                let known = statuses::list(session, company).await?;
                let before = jobs::settings(session, company, job, &known).await?;
                let mut settings = change.on(&before, &known).map_err(Error::refused)?;
                // R40: a slot that has passed when its time is chosen was never meant.
                if settings.at != before.at || settings.enabled != before.enabled {
                    settings.counts_from = now;
                }
                jobs::save(session, company, &settings, now, viewer.actor()).await?;
                keep_time::set_alarm(session, company, now).await?;
                let assignment = jobs::settings(session, company, Job::Assignment, &known).await?;
                let top_up = jobs::settings(session, company, Job::TopUp, &known).await?;
                let is_taken = job != Job::Removal && assignment.takes_before(&top_up);
                Ok(Saved { settings, warning: is_taken.then_some(TAKEN_BEFORE) })
            })
        })
        .await
}
