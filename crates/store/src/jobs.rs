//! The settings of the automatic jobs, and when the scheduler has to look at a company again.

use crate::{
    boxed,
    changes::{Change, Topic},
    error::Result,
    params,
    session::Session,
    sql,
};
use domain::{
    ids::{CompanyId, StatusId, UserId},
    job::{Job, JobSettings},
    status::Statuses,
    time::{MinuteOfDay, Moment},
};

sql! {
    FIND = "SELECT enabled, at_minute, counts_from_ms, strategy, oldest_first, rest_hours, instant, stale_days
        FROM job_settings WHERE company_id = $1 AND job = $2";
    STATUSES_OF = "SELECT j.status_id FROM job_statuses j
        JOIN statuses s ON s.company_id = j.company_id AND s.id = j.status_id
        WHERE j.company_id = $1 AND j.job = $2 ORDER BY s.position";
    SAVE = "INSERT INTO job_settings (company_id, job, enabled, at_minute, counts_from_ms, strategy, oldest_first, rest_hours,
            instant, stale_days, saved_at_ms, saved_by_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (company_id, job) DO UPDATE SET enabled = $3, at_minute = $4, counts_from_ms = $5, strategy = $6,
            oldest_first = $7, rest_hours = $8, instant = $9, stale_days = $10, saved_at_ms = $11, saved_by_id = $12";
    FORGET_STATUSES = "DELETE FROM job_statuses WHERE company_id = $1 AND job = $2";
    ADD_STATUS = "INSERT INTO job_statuses (company_id, job, status_id) VALUES ($1, $2, $3)";
    LOCK_ALARM = "INSERT INTO alarms (company_id, due_at_ms) VALUES ($1, $2)
        ON CONFLICT (company_id) DO UPDATE SET due_at_ms = alarms.due_at_ms";
    SET_ALARM = "UPDATE alarms SET due_at_ms = $2 WHERE company_id = $1";
    FORGET_ALARM = "DELETE FROM alarms WHERE company_id = $1";
    DUE = "SELECT company_id FROM alarms WHERE due_at_ms <= $1 ORDER BY due_at_ms, company_id LIMIT $2";
    NEXT = "SELECT MIN(due_at_ms) FROM alarms WHERE due_at_ms > $1";
}

/// The settings of a job; those of a new company where none were saved.
#[boxed]
pub async fn settings(
    session: &mut Session,
    company: CompanyId,
    job: Job,
    statuses: &Statuses,
) -> Result<JobSettings> {
    let of_a_new_company = JobSettings::new(job, statuses);
    let found = session
        .optional(&FIND, params![company, job.word()], |row| {
            let strategy: String = row.get(3)?;
            Ok(JobSettings {
                job,
                enabled: row.get(0)?,
                statuses: Vec::new(),
                at: MinuteOfDay::from_minutes(row.get(1)?).unwrap_or(of_a_new_company.at),
                counts_from: row.get(2)?,
                strategy: strategy.parse().unwrap_or(of_a_new_company.strategy),
                oldest_first: row.get(4)?,
                rest_hours: row.get(5)?,
                instant: row.get(6)?,
                stale_days: row.get(7)?,
            })
        })
        .await?;
    let Some(mut settings) = found else { return Ok(of_a_new_company) };
    settings.statuses =
        session.rows(&STATUSES_OF, params![company, job.word()], |row| row.get::<StatusId>(0)).await?;
    Ok(settings)
}

/// Saves settings, which have been checked.
#[boxed]
pub async fn save(
    session: &mut Session,
    company: CompanyId,
    settings: &JobSettings,
    at: Moment,
    by: Option<UserId>,
) -> Result<()> {
    let (job, strategy) = (settings.job.word(), settings.strategy.to_string());
    let values = params![
        company,
        job,
        settings.enabled,
        settings.at.minutes(),
        settings.counts_from,
        &strategy,
        settings.oldest_first,
        settings.rest_hours,
        settings.instant,
        settings.stale_days,
        at,
        by
    ];
    session.execute(&SAVE, values).await?;
    session.execute(&FORGET_STATUSES, params![company, job]).await?;
    for status in &settings.statuses {
        session.execute(&ADD_STATUS, params![company, job, *status]).await?;
    }
    session.tell(Change::of(company, Topic::Settings));
    Ok(())
}

/// Locks the company's alarm: whoever sets it has read the settings since, and nobody else has changed them.
#[boxed]
pub async fn lock_alarm(session: &mut Session, company: CompanyId, now: Moment) -> Result<()> {
    session.execute(&LOCK_ALARM, params![company, now]).await?;
    Ok(())
}

/// Sets the alarm, which is locked, or takes it away.
#[boxed]
pub async fn set_alarm(session: &mut Session, company: CompanyId, due: Option<Moment>) -> Result<()> {
    match due {
        Some(due) => session.execute(&SET_ALARM, params![company, due]).await?,
        None => session.execute(&FORGET_ALARM, params![company]).await?,
    };
    Ok(())
}

/// The companies that have to be looked at by now, the longest due first.
#[boxed]
pub async fn due(session: &mut Session, now: Moment, rows_max: i64) -> Result<Vec<CompanyId>> {
    session.rows(&DUE, params![now, rows_max], |row| row.get(0)).await
}

/// When the first of the others will have to be.
#[boxed]
pub async fn next_alarm(session: &mut Session, now: Moment) -> Result<Option<Moment>> {
    session.one(&NEXT, params![now], |row| row.get(0)).await
}
