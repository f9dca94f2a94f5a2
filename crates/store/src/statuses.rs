//! Lead statuses, and how many leads are in each.

use crate::{boxed, error::Result, ids::Kind, params, session::Session, sql};
use domain::{
    ids::{CompanyId, StatusId},
    status::{DEFAULTS, Status, StatusKind, StatusMark, Statuses},
    text::fold,
};

/// Rows per status among which concurrent writers spread.
pub const SHARDS: i64 = 16;

sql! {
    pub(crate) INSERT = "INSERT INTO statuses (company_id, id, position, name, name_folded, kind, mark)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    ALL = "SELECT id, name, kind, mark FROM statuses WHERE company_id = $1 ORDER BY position";
    ADD_TO_COUNT = "INSERT INTO status_counts (company_id, status_id, shard, leads) VALUES ($1, $2, $3, $4)
        ON CONFLICT (company_id, status_id, shard) DO UPDATE SET leads = status_counts.leads + $4";
    COUNTS = "SELECT status_id, CAST(SUM(leads) AS BIGINT) FROM status_counts WHERE company_id = $1 GROUP BY status_id";
}

/// Adds the statuses that a company starts with (R2).
#[boxed]
pub async fn insert_defaults(session: &mut Session, company: CompanyId) -> Result<()> {
    for (position, (name, kind, mark)) in (1_i64..).zip(DEFAULTS) {
        let id = session.new_id(Kind::Status).await?;
        let mark = mark.map(StatusMark::word);
        session
            .execute(&INSERT, params![company, id, position, name, &fold(name), kind.word(), mark])
            .await?;
    }
    Ok(())
}

/// The statuses of a company, in its order.
#[boxed]
pub async fn list(session: &mut Session, company: CompanyId) -> Result<Statuses> {
    let list = session
        .rows(&ALL, params![company], |row| {
            Ok(Status {
                id: row.get(0)?,
                name: row.get(1)?,
                kind: StatusKind::from_word(&row.get::<String>(2)?)
                    .ok_or_else(|| crate::Error::Sql("a status has an unknown kind".into()))?,
                mark: row.get::<Option<String>>(3)?.as_deref().and_then(StatusMark::from_word),
            })
        })
        .await?;
    Statuses::new(list)
        .ok_or_else(|| crate::Error::Sql(format!("company {company} lacks one of its protected statuses")))
}

/// Adds to the number of leads in statuses. `shard` is anything that differs between writers (a lead, a run).
/// The rows are taken in the order of status ids, so that two writers never wait for each other.
#[boxed]
pub async fn add_to_counts(
    session: &mut Session,
    company: CompanyId,
    shard: i64,
    deltas: &[(StatusId, i64)],
) -> Result<()> {
    let mut deltas: Vec<_> = deltas.iter().filter(|(_, delta)| *delta != 0).collect();
    deltas.sort_unstable();
    for (status, delta) in deltas {
        session.execute(&ADD_TO_COUNT, params![company, *status, shard.rem_euclid(SHARDS), *delta]).await?;
    }
    Ok(())
}

/// The number of leads per status, from the counters.
#[boxed]
pub async fn counts(session: &mut Session, company: CompanyId) -> Result<Vec<(StatusId, i64)>> {
    session.rows(&COUNTS, params![company], |row| Ok((row.get(0)?, row.get(1)?))).await
}
