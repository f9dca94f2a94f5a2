//! Saving the settings of *Auto lead assignment* (R25).

use crate::{
    error::{Error, Result},
    set_password::verify_password,
};
use allot::Strategy;
use domain::{
    ids::CompanyId,
    job::{AutoAssignment, SettingsRefused},
    time::{MinuteOfDay, Moment},
    viewer::Viewer,
};
use store::{Store, jobs, statuses};

/// What to change; what is not named stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The switch.
    pub enabled: Option<bool>,
    /// The eligible statuses, by name.
    pub statuses: Option<Vec<String>>,
    /// When.
    pub at: Option<MinuteOfDay>,
    /// What "evenly" means.
    pub strategy: Option<Strategy>,
    /// Among leads of one urgency the oldest first, instead of the newest (R30).
    pub oldest_first: Option<bool>,
    /// Hours after an attempt before an owned lead is dealt again (R26).
    pub rest_hours: Option<i64>,
    /// The password of the person who saves (R25); the operator at the command line needs none.
    pub own_password: Option<String>,
}

/// The longest rest after an attempt: a month.
pub const REST_HOURS_MAX: i64 = 720;

/// What somebody hears whose own password was not right.
pub const WRONG_PASSWORD: &str =
    "this is not your password; settings of the automatic jobs are saved with your own";

/// Saves the change and answers the settings as they are now.
pub async fn save_auto_assignment(
    store: &Store,
    company: CompanyId,
    change: Change,
    viewer: Viewer,
    now: Moment,
) -> Result<AutoAssignment> {
    if let Some(person) = viewer.actor() {
        let password = change.own_password.as_deref().unwrap_or_default();
        if !verify_password(store, company, person, password).await? {
            return Err(Error::refused(WRONG_PASSWORD));
        }
    }
    store
        .write(move |session| {
            Box::pin(async move {
                let known = statuses::list(session, company).await?;
                let mut settings = jobs::auto_assignment(session, company, &known).await?;
                if let Some(names) = change.statuses {
                    settings.statuses = Vec::new();
                    for name in names {
                        let Some(status) = known.named(&name) else {
                            return Err(Error::refused(SettingsRefused::UnknownStatus {
                                name,
                                known: known.names(),
                            }));
                        };
                        if !settings.statuses.contains(&status.id) {
                            settings.statuses.push(status.id);
                        }
                    }
                }
                settings.enabled = change.enabled.unwrap_or(settings.enabled);
                settings.at = change.at.unwrap_or(settings.at);
                settings.strategy = change.strategy.unwrap_or(settings.strategy);
                settings.oldest_first = change.oldest_first.unwrap_or(settings.oldest_first);
                settings.rest_hours = change.rest_hours.unwrap_or(settings.rest_hours);
                if !(0..=REST_HOURS_MAX).contains(&settings.rest_hours) {
                    return Err(Error::Refused(format!(
                        "the hours of rest are a number from 0 to {REST_HOURS_MAX}"
                    )));
                }
                settings.check(&known).map_err(Error::refused)?;
                jobs::save_auto_assignment(session, company, &settings, now, viewer.actor()).await?;
                Ok(settings)
            })
        })
        .await
}
