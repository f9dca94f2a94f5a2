//! Leads: adding them in bulk, and one of them with its timeline. The lists are next door.

use crate::{
    boxed,
    changes::{Change, Topic},
    error::Result,
    lists::{self, LeadLine},
    params,
    query::Query,
    session::Session,
    sql,
    stage::{Stage, StageType::Int, StageType::Text},
    tags,
    terms::{self, Term},
    value::Value,
};
pub use domain::timeline::Event;
use domain::{
    ids::{BranchId, CompanyId, DepartmentId, ImportId, LeadId, SourceId, StatusId, UserId},
    lead_list::{name_key, terms},
    time::Moment,
    timeline::RunOfEntry,
    viewer::Sight,
};
use std::collections::{BTreeMap, HashSet};

/// A lead to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLead {
    /// Its identifier, taken before.
    pub id: LeadId,
    /// Its status.
    pub status: StatusId,
    /// Its branch.
    pub branch: Option<BranchId>,
    /// Its department.
    pub department: Option<DepartmentId>,
    /// Where it comes from.
    pub source: Option<SourceId>,
    /// E.164.
    pub phone: String,
    /// What was typed.
    pub phone_typed: String,
    /// Possible, but not valid.
    pub phone_doubtful: bool,
    /// First name.
    pub first_name: String,
    /// Last name, or nothing.
    pub last_name: String,
    /// E-mail as typed.
    pub email: Option<String>,
    /// The e-mail does not parse.
    pub email_doubtful: bool,
    /// ISO 3166 alpha-2.
    pub country: Option<String>,
    /// A JSON object of what mapped to nothing.
    pub details: Option<String>,
    /// Tags, by identifier.
    pub tags: Vec<i64>,
}

/// New leads on their way in.
pub static STAGE_NEW: Stage = Stage {
    name: "stage_leads",
    columns: &[
        ("id", Int),
        ("status_id", Int),
        ("branch_id", Int),
        ("department_id", Int),
        ("source_id", Int),
        ("phone_doubtful", Int),
        ("email_doubtful", Int),
        ("phone", Text),
        ("phone_typed", Text),
        ("first_name", Text),
        ("last_name", Text),
        ("name_key", Text),
        ("email", Text),
        ("country", Text),
        ("details", Text),
        ("tag_bits", Int),
    ],
    key: "id",
};

/// Their tags.
pub static STAGE_NEW_TAGS: Stage =
    Stage { name: "stage_lead_tags", columns: &[("lead_id", Int), ("tag_id", Int)], key: "lead_id, tag_id" };

sql! {
    INSERT_STAGED = "INSERT INTO leads (company_id, id, version, entries, status_id, branch_id, department_id, source_id, import_id,
            created_at_ms, last_activity_at_ms, attempts, owners_before, phone_doubtful, email_doubtful,
            phone, phone_typed, first_name, last_name, name_key, email, country, details, tag_bits)
        SELECT $1, s.id, 1, 1, s.status_id, s.branch_id, s.department_id, s.source_id, $2,
            $3, $3, 0, 0, s.phone_doubtful, s.email_doubtful,
            s.phone, s.phone_typed, s.first_name, s.last_name, s.name_key, s.email, s.country, s.details, s.tag_bits
        FROM stage_leads s WHERE true ORDER BY s.id
        ON CONFLICT (company_id, phone) DO NOTHING RETURNING id";
    FORGET_KNOWN = "DELETE FROM stage_leads WHERE NOT EXISTS
        (SELECT 1 FROM leads l WHERE l.company_id = $1 AND l.id >= $2 AND l.id = stage_leads.id)";
    INSERT_STAGED_EVENTS = "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, actor_id, to_status_id)
        SELECT $1, s.id, 1, $2, $3, $4, s.status_id FROM stage_leads s";
    INSERT_STAGED_TAGS = "INSERT INTO lead_tags (company_id, lead_id, tag_id)
        SELECT $1, t.lead_id, t.tag_id FROM stage_lead_tags t";
    EVENTS_OF = "SELECT e.entry, e.at_ms, e.kind, a.name, e.run_id, f.name, t.name,
            COALESCE(fs.name, fg.name), COALESCE(ts.name, tg.name), e.detail,
            r.job, r.started_at_ms
        FROM lead_events e
        LEFT JOIN users a ON a.company_id = e.company_id AND a.id = e.actor_id
        LEFT JOIN users f ON f.company_id = e.company_id AND f.id = e.from_owner_id
        LEFT JOIN users t ON t.company_id = e.company_id AND t.id = e.to_owner_id
        LEFT JOIN statuses fs ON fs.company_id = e.company_id AND fs.id = e.from_status_id
        LEFT JOIN statuses ts ON ts.company_id = e.company_id AND ts.id = e.to_status_id
        LEFT JOIN statuses_gone fg ON fg.company_id = e.company_id AND fg.id = e.from_status_id
        LEFT JOIN statuses_gone tg ON tg.company_id = e.company_id AND tg.id = e.to_status_id
        LEFT JOIN runs r ON r.company_id = e.company_id AND r.id = e.run_id
        WHERE e.company_id = $1 AND e.lead_id = $2 ORDER BY e.entry DESC LIMIT $3";
    TAGS_OF = "SELECT t.id, t.name FROM lead_tags lt JOIN tags t ON t.company_id = lt.company_id AND t.id = lt.tag_id
        WHERE lt.company_id = $1 AND lt.lead_id = $2 ORDER BY t.name_folded";
}

/// Who brings leads in, when, and as what.
#[derive(Debug, Clone, Copy)]
pub struct Capture {
    /// When.
    pub at: Moment,
    /// Who; none for the command line.
    pub actor: Option<UserId>,
    /// The import they belong to.
    pub import: Option<ImportId>,
    /// The kind of their first timeline entry: `imported`, `added`.
    pub kind: &'static str,
}

/// Adds leads whose numbers are not known yet, in the order given: of two with one number the first wins (R9).
/// Answers how many there are now per status; the rest of `leads` were duplicates. The counters are the caller's.
#[boxed]
pub async fn insert_new(
    session: &mut Session,
    company: CompanyId,
    leads: &[NewLead],
    capture: Capture,
) -> Result<Vec<(StatusId, i64)>> {
    let name_keys: Vec<String> =
        leads.iter().map(|lead| name_key(&lead.first_name, &lead.last_name)).collect();
    let rows = leads.iter().zip(&name_keys).map(|(lead, name_key)| {
        [
            Value::from(lead.id),
            lead.status.into(),
            lead.branch.into(),
            lead.department.into(),
            lead.source.into(),
            lead.phone_doubtful.into(),
            lead.email_doubtful.into(),
            (&lead.phone).into(),
            (&lead.phone_typed).into(),
            (&lead.first_name).into(),
            (&lead.last_name).into(),
            name_key.into(),
            (&lead.email).into(),
            (&lead.country).into(),
            (&lead.details).into(),
            Value::Int(tags::bits(&lead.tags)),
        ]
    });
    session.stage(&STAGE_NEW, rows).await?;
    // What RETURNING says is the number of new leads everywhere; the affected rows include the others on Citus.
    let added: HashSet<LeadId> = session
        .rows(&INSERT_STAGED, params![company, capture.import, capture.at], |row| row.get(0))
        .await?
        .into_iter()
        .collect();
    if added.len() < leads.len() {
        // Their identifiers are new, so those that were added lie at the end: a look at little, however many there are.
        session.execute(&FORGET_KNOWN, params![company, leads.iter().map(|lead| lead.id.0).min()]).await?;
    }
    session.execute(&INSERT_STAGED_EVENTS, params![company, capture.at, capture.kind, capture.actor]).await?;
    let new = || leads.iter().filter(|lead| added.contains(&lead.id));
    let tags = new().flat_map(|lead| lead.tags.iter().map(|tag| [Value::from(lead.id), Value::Int(*tag)]));
    if session.stage(&STAGE_NEW_TAGS, tags).await? > 0 {
        session.execute(&INSERT_STAGED_TAGS, params![company]).await?;
    }
    let terms: Vec<Term> = leads
        .iter()
        .zip(&name_keys)
        .filter(|(lead, _)| added.contains(&lead.id))
        .flat_map(|(lead, name_key)| {
            let terms = terms(name_key, lead.email.as_deref(), &lead.phone);
            terms.into_iter().map(|term| (term, lead.id))
        })
        .collect();
    terms::insert(session, company, &terms).await?;
    let mut per_status: BTreeMap<StatusId, i64> = BTreeMap::new();
    for lead in new() {
        *per_status.entry(lead.status).or_default() += 1;
    }
    if !added.is_empty() {
        session.tell(Change::of(company, Topic::Leads).leads(new().map(|lead| lead.id)));
    }
    Ok(per_status.into_iter().collect())
}

/// One lead in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadInFull {
    /// What lists show.
    pub line: LeadLine,
    /// What was typed as its number.
    pub phone_typed: String,
    /// The JSON object of the columns that mapped to nothing.
    pub details: Option<String>,
    /// Its tags, by name.
    pub tags: Vec<String>,
    /// Its timeline, oldest first.
    pub events: Vec<Event>,
}

/// Entries of a timeline that are shown at the most.
pub const EVENTS_MAX: i64 = 1_000;

fn one_text(company: CompanyId, lead: LeadId, sight: Sight) -> Query<'static> {
    let mut text = Query::new(company, lists::LINE);
    text.add(", l.phone_typed, l.details FROM leads l");
    text.add(lists::NAMES_OF_LINE);
    text.with(" WHERE l.company_id = $1 AND l.id = ?1", [lead.into()]);
    lists::see(&mut text, sight);
    text
}

/// Every shape that the statement of one lead can have.
#[cfg(test)]
pub(crate) fn variants() -> Vec<String> {
    let sights = lists::sights();
    sights.into_iter().map(|sight| one_text(CompanyId(1), LeadId(1), sight).into_text()).collect()
}

/// The lead, if there is one and the viewer may see it.
#[boxed]
pub async fn one(
    session: &mut Session,
    company: CompanyId,
    lead: LeadId,
    sight: Sight,
) -> Result<Option<LeadInFull>> {
    let text = one_text(company, lead, sight);
    let found = session
        .optional(&text.sql(), text.values(), |row| {
            let after = lists::LINE_COLUMNS;
            Ok((lists::read_line(row)?, row.get::<String>(after)?, row.get::<Option<String>>(after + 1)?))
        })
        .await?;
    let Some((mut line, phone_typed, details)) = found else { return Ok(None) };
    line.tags = session.rows(&TAGS_OF, params![company, lead], |row| Ok((row.get(0)?, row.get(1)?))).await?;
    let tags = line.tags.iter().map(|(_, name)| name.clone()).collect();
    let mut events: Vec<Event> = session
        .rows(&EVENTS_OF, params![company, lead, EVENTS_MAX], |row| {
            Ok(Event {
                entry: row.get(0)?,
                at: row.get(1)?,
                kind: row.get(2)?,
                actor: row.get(3)?,
                run: row.get(4)?,
                from_owner: row.get(5)?,
                to_owner: row.get(6)?,
                from_status: row.get(7)?,
                to_status: row.get(8)?,
                detail: row.get(9)?,
                run_said: match (row.get(10)?, row.get::<Option<i64>>(11)?) {
                    (Some(job), Some(at)) => Some(RunOfEntry { job, started_at: Moment(at) }),
                    _ => None,
                },
            })
        })
        .await?;
    // Of a very long timeline the latest are kept; it reads from the beginning.
    events.reverse();
    Ok(Some(LeadInFull { line, phone_typed, details, tags, events }))
}
