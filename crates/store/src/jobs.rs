//! The settings of the automatic jobs.

use crate::{
    changes::{Change, Topic},
    error::Result,
    params,
    session::Session,
    sql,
};
use domain::{
    ids::{CompanyId, StatusId, UserId},
    job::{ASSIGNMENT, AutoAssignment},
    status::Statuses,
    time::{MinuteOfDay, Moment},
};

sql! {
    FIND = "SELECT enabled, at_minute, strategy, oldest_first, rest_hours FROM job_settings WHERE company_id = $1 AND job = $2";
    STATUSES_OF = "SELECT j.status_id FROM job_statuses j
        JOIN statuses s ON s.company_id = j.company_id AND s.id = j.status_id
        WHERE j.company_id = $1 AND j.job = $2 ORDER BY s.position";
    SAVE = "INSERT INTO job_settings (company_id, job, enabled, at_minute, strategy, oldest_first, rest_hours, saved_at_ms, saved_by_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (company_id, job) DO UPDATE SET enabled = $3, at_minute = $4, strategy = $5, oldest_first = $6,
            rest_hours = $7, saved_at_ms = $8, saved_by_id = $9";
    FORGET_STATUSES = "DELETE FROM job_statuses WHERE company_id = $1 AND job = $2";
    ADD_STATUS = "INSERT INTO job_statuses (company_id, job, status_id) VALUES ($1, $2, $3)";
}

/// The settings of *Auto lead assignment*; those of a new company where none were saved.
pub async fn auto_assignment(
    session: &mut Session,
    company: CompanyId,
    statuses: &Statuses,
) -> Result<AutoAssignment> {
    let mut settings = AutoAssignment::new(statuses);
    let found = session
        .optional(&FIND, params![company, ASSIGNMENT], |row| {
            Ok((
                row.get::<bool>(0)?,
                row.get::<i64>(1)?,
                row.get::<String>(2)?,
                row.get::<bool>(3)?,
                row.get::<i64>(4)?,
            ))
        })
        .await?;
    let Some((enabled, minute, strategy, oldest_first, rest_hours)) = found else { return Ok(settings) };
    let statuses: Vec<StatusId> =
        session.rows(&STATUSES_OF, params![company, ASSIGNMENT], |row| row.get(0)).await?;
    settings.enabled = enabled;
    settings.statuses = statuses;
    settings.at = MinuteOfDay::from_minutes(minute).unwrap_or(settings.at);
    settings.strategy = strategy.parse().unwrap_or(settings.strategy);
    settings.oldest_first = oldest_first;
    settings.rest_hours = rest_hours;
    Ok(settings)
}

/// Saves the settings of *Auto lead assignment*, which have been checked.
pub async fn save_auto_assignment(
    session: &mut Session,
    company: CompanyId,
    settings: &AutoAssignment,
    at: Moment,
    by: Option<UserId>,
) -> Result<()> {
    let strategy = settings.strategy.to_string();
    let values = params![
        company,
        ASSIGNMENT,
        settings.enabled,
        settings.at.minutes(),
        &strategy,
        settings.oldest_first,
        settings.rest_hours,
        at,
        by
    ];
    session.execute(&SAVE, values).await?;
    session.execute(&FORGET_STATUSES, params![company, ASSIGNMENT]).await?;
    for status in &settings.statuses {
        session.execute(&ADD_STATUS, params![company, ASSIGNMENT, *status]).await?;
    }
    session.tell(Change::of(company, Topic::Settings));
    Ok(())
}
