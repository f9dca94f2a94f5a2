//! The doctor: recounts what the counters say, and looks for what the rules forbid.

use crate::{boxed, dialect::Engine, error::Result, params, session::Session, sql, sql::Sql, terms};
use domain::ids::CompanyId;

sql! {
    STATUS_COUNTS_OFF = "SELECT s.name, COALESCE(c.leads, 0), COALESCE(l.leads, 0) FROM statuses s
        LEFT JOIN (SELECT status_id, CAST(SUM(leads) AS BIGINT) AS leads FROM status_counts WHERE company_id = $1 GROUP BY status_id) c
            ON c.status_id = s.id
        LEFT JOIN (SELECT status_id, COUNT(*) AS leads FROM leads WHERE company_id = $1 GROUP BY status_id) l
            ON l.status_id = s.id
        WHERE s.company_id = $1 AND COALESCE(c.leads, 0) <> COALESCE(l.leads, 0) ORDER BY s.position";
    QUEUES_OFF = "SELECT u.name, q.held, COALESCE(l.leads, 0) FROM users u
        JOIN queues q ON q.company_id = u.company_id AND q.user_id = u.id
        LEFT JOIN (SELECT l.owner_id, COUNT(*) AS leads FROM leads l
                JOIN statuses s ON s.company_id = l.company_id AND s.id = l.status_id AND s.kind = 'open'
                WHERE l.company_id = $1 AND l.owner_id IS NOT NULL GROUP BY l.owner_id) l ON l.owner_id = u.id
        WHERE u.company_id = $1 AND q.held <> COALESCE(l.leads, 0) ORDER BY u.id";
    UNASSIGNED_OWNED = "SELECT COUNT(*) FROM leads l
        JOIN statuses s ON s.company_id = l.company_id AND s.id = l.status_id AND s.mark = 'unassigned'
        WHERE l.company_id = $1 AND l.owner_id IS NOT NULL";
    TIMELINES_OFF = "SELECT COUNT(*) FROM leads l
        LEFT JOIN (SELECT lead_id, COUNT(*) AS entries, MAX(entry) AS last FROM lead_events WHERE company_id = $1 GROUP BY lead_id) e
            ON e.lead_id = l.id
        WHERE l.company_id = $1 AND (COALESCE(e.entries, 0) <> l.entries OR COALESCE(e.last, 0) <> l.entries)";
    STRAY_EVENTS = "SELECT COUNT(*) FROM lead_events e
        LEFT JOIN leads l ON l.company_id = e.company_id AND l.id = e.lead_id
        WHERE e.company_id = $1 AND l.id IS NULL";
    KEYS_OFF = "SELECT COUNT(*) FROM leads l
        LEFT JOIN statuses s ON s.company_id = l.company_id AND s.id = l.status_id
        LEFT JOIN users u ON u.company_id = l.company_id AND u.id = l.owner_id
        WHERE l.company_id = $1 AND (s.id IS NULL OR (l.owner_id IS NOT NULL AND u.id IS NULL))";
    TAG_BITS_OFF = "SELECT COUNT(*) FROM lead_tags t
        JOIN leads l ON l.company_id = t.company_id AND l.id = t.lead_id
        WHERE t.company_id = $1 AND (l.tag_bits & (CAST(1 AS BIGINT) << CAST(t.tag_id % 63 AS INTEGER))) = 0";
    HOLD_WRITERS = "LOCK TABLE queues, leads, status_counts IN EXCLUSIVE MODE", only Postgres;
    RECOUNT_CLEAR = "DELETE FROM status_counts WHERE company_id = $1";
    RECOUNT_STATUSES = "INSERT INTO status_counts (company_id, status_id, shard, leads)
        SELECT company_id, status_id, 0, COUNT(*) FROM leads WHERE company_id = $1 GROUP BY company_id, status_id";
    RECOUNT_QUEUES = "UPDATE queues SET held = (SELECT COUNT(*) FROM leads l
            JOIN statuses s ON s.company_id = l.company_id AND s.id = l.status_id AND s.kind = 'open'
            WHERE l.company_id = queues.company_id AND l.owner_id = queues.user_id)
        WHERE company_id = $1";
    RECOUNT_TAG_BITS = "UPDATE leads SET tag_bits = COALESCE((
            SELECT CAST(SUM(DISTINCT CAST(1 AS BIGINT) << CAST(t.tag_id % 63 AS INTEGER)) AS BIGINT) FROM lead_tags t
            WHERE t.company_id = $1 AND t.lead_id = leads.id), 0)
        WHERE company_id = $1 AND (tag_bits <> 0 OR EXISTS
            (SELECT 1 FROM lead_tags t WHERE t.company_id = $1 AND t.lead_id = leads.id))";
}

/// What is wrong, one sentence each; empty = all is well. A scan of the whole company, in a snapshot.
#[boxed]
pub async fn examine(session: &mut Session, company: CompanyId) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (name, counted, real) in counters(session, &STATUS_COUNTS_OFF, company).await? {
        found.push(format!("status {name}: the counter says {counted} leads, there are {real}"));
    }
    for (name, counted, real) in counters(session, &QUEUES_OFF, company).await? {
        found.push(format!("{name}'s queue: the counter says {counted} open leads, there are {real}"));
    }
    for (sql, what) in [
        (&UNASSIGNED_OWNED, "leads have an owner although their status is Unassigned"),
        (&TIMELINES_OFF, "leads have a timeline that does not match its number of entries"),
        (&STRAY_EVENTS, "timeline entries belong to no lead"),
        (&KEYS_OFF, "leads are in a status, or with an owner, that is not there"),
        (&TAG_BITS_OFF, "tags are on leads that lists by name or activity do not look at"),
    ] {
        let number: i64 = session.one(sql, params![company], |row| row.get(0)).await?;
        if number > 0 {
            found.push(format!("{number} {what}"));
        }
    }
    let compared = terms::compare(session, company).await?;
    if compared.name_keys_off > 0 {
        found.push(format!("{} leads are sorted under another name than theirs", compared.name_keys_off));
    }
    if !compared.same {
        let terms::Compared { kept, expected, .. } = compared;
        found.push(format!(
            "searches go by {kept} terms; the leads have {expected}, and they are not the same"
        ));
    }
    Ok(found)
}

/// Sets the counters, and what searches and sorts by name go by, to what a recount says. Nobody changes leads meanwhile: on SQLite there is one writer, on
/// PostgreSQL the others wait at the queues, where everything that changes an owner begins.
#[boxed]
pub async fn recount(session: &mut Session, company: CompanyId) -> Result<()> {
    if session.engine() == Engine::Postgres {
        session.execute(&HOLD_WRITERS, &[]).await?;
    }
    session.execute(&RECOUNT_CLEAR, params![company]).await?;
    session.execute(&RECOUNT_STATUSES, params![company]).await?;
    session.execute(&RECOUNT_QUEUES, params![company]).await?;
    session.execute(&RECOUNT_TAG_BITS, params![company]).await?;
    terms::rewrite(session, company).await
}

async fn counters(session: &mut Session, sql: &Sql, company: CompanyId) -> Result<Vec<(String, i64, i64)>> {
    session.rows(sql, params![company], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).await
}
