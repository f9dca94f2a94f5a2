//! Leads: adding them in bulk, listing them, one of them with its timeline.

use crate::{
    changes::{Change, Topic},
    error::Result,
    params,
    session::Session,
    sql,
    sql::Sql,
    stage::{Stage, StageType::Int, StageType::Text},
    value::{Row, Value},
};
pub use domain::timeline::Event;
use domain::{
    ids::{BranchId, CompanyId, DepartmentId, ImportId, LeadId, SourceId, StatusId, UserId},
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
        ("email", Text),
        ("country", Text),
        ("details", Text),
    ],
    key: "id",
};

/// Their tags.
pub static STAGE_NEW_TAGS: Stage =
    Stage { name: "stage_lead_tags", columns: &[("lead_id", Int), ("tag_id", Int)], key: "lead_id, tag_id" };

sql! {
    INSERT_STAGED = "INSERT INTO leads (company_id, id, version, entries, status_id, branch_id, department_id, source_id, import_id,
            created_at_ms, last_activity_at_ms, attempts, owners_before, phone_doubtful, email_doubtful,
            phone, phone_typed, first_name, last_name, email, country, details)
        SELECT $1, s.id, 1, 1, s.status_id, s.branch_id, s.department_id, s.source_id, $2,
            $3, $3, 0, 0, s.phone_doubtful, s.email_doubtful,
            s.phone, s.phone_typed, s.first_name, s.last_name, s.email, s.country, s.details
        FROM stage_leads s WHERE true ORDER BY s.id
        ON CONFLICT (company_id, phone) DO NOTHING RETURNING id";
    FORGET_KNOWN = "DELETE FROM stage_leads WHERE NOT EXISTS
        (SELECT 1 FROM leads l WHERE l.company_id = $1 AND l.id >= $2 AND l.id = stage_leads.id)";
    INSERT_STAGED_EVENTS = "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, actor_id, to_status_id)
        SELECT $1, s.id, 1, $2, $3, $4, s.status_id FROM stage_leads s";
    INSERT_STAGED_TAGS = "INSERT INTO lead_tags (company_id, lead_id, tag_id)
        SELECT $1, t.lead_id, t.tag_id FROM stage_lead_tags t";
    EVENTS_OF = "SELECT e.entry, e.at_ms, e.kind, a.name, e.run_id, f.name, t.name, fs.name, ts.name, e.detail,
            r.job, r.started_at_ms
        FROM lead_events e
        LEFT JOIN users a ON a.company_id = e.company_id AND a.id = e.actor_id
        LEFT JOIN users f ON f.company_id = e.company_id AND f.id = e.from_owner_id
        LEFT JOIN users t ON t.company_id = e.company_id AND t.id = e.to_owner_id
        LEFT JOIN statuses fs ON fs.company_id = e.company_id AND fs.id = e.from_status_id
        LEFT JOIN statuses ts ON ts.company_id = e.company_id AND ts.id = e.to_status_id
        LEFT JOIN runs r ON r.company_id = e.company_id AND r.id = e.run_id
        WHERE e.company_id = $1 AND e.lead_id = $2 ORDER BY e.entry LIMIT $3";
    TAGS_OF = "SELECT t.name FROM lead_tags lt JOIN tags t ON t.company_id = lt.company_id AND t.id = lt.tag_id
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
pub async fn insert_new(
    session: &mut Session,
    company: CompanyId,
    leads: &[NewLead],
    capture: Capture,
) -> Result<Vec<(StatusId, i64)>> {
    let rows = leads.iter().map(|lead| {
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
            (&lead.email).into(),
            (&lead.country).into(),
            (&lead.details).into(),
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
    let mut per_status: BTreeMap<StatusId, i64> = BTreeMap::new();
    for lead in new() {
        *per_status.entry(lead.status).or_default() += 1;
    }
    if !added.is_empty() {
        session.tell(Change::of(company, Topic::Leads).leads(new().map(|lead| lead.id)));
    }
    Ok(per_status.into_iter().collect())
}

/// A lead as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadLine {
    /// Which.
    pub id: LeadId,
    /// First name.
    pub first_name: String,
    /// Last name, or nothing.
    pub last_name: String,
    /// E.164.
    pub phone: String,
    /// Possible, but not valid.
    pub phone_doubtful: bool,
    /// E-mail as typed.
    pub email: Option<String>,
    /// Its status.
    pub status: String,
    /// Its owner's name.
    pub owner: Option<String>,
    /// Its owner's e-mail.
    pub owner_email: Option<String>,
    /// Where it came from.
    pub source: Option<String>,
    /// Its branch.
    pub branch: Option<String>,
    /// Its department.
    pub department: Option<String>,
    /// Its country.
    pub country: Option<String>,
    /// When it was captured.
    pub created_at: Moment,
    /// When something last happened to it.
    pub last_activity_at: Moment,
    /// The version to name when changing it.
    pub version: i64,
}

/// Which leads a list is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only this status.
    pub status: Option<StatusId>,
    /// Only this owner.
    pub owner: Option<UserId>,
}

const LINE: &str =
    "SELECT l.id, l.first_name, l.last_name, l.phone, l.phone_doubtful, l.email, s.name, u.name, u.email,
        so.name, b.name, d.name, l.country, l.created_at_ms, l.last_activity_at_ms, l.version
    FROM leads l
    LEFT JOIN statuses s ON s.company_id = l.company_id AND s.id = l.status_id
    LEFT JOIN users u ON u.company_id = l.company_id AND u.id = l.owner_id
    LEFT JOIN sources so ON so.company_id = l.company_id AND so.id = l.source_id
    LEFT JOIN branches b ON b.company_id = l.company_id AND b.id = l.branch_id
    LEFT JOIN departments d ON d.company_id = l.company_id AND d.id = l.department_id
    WHERE l.company_id = $1";

/// A text under construction with the values of its parameters: literals are appended, values never are.
struct Query {
    sql: String,
    values: Vec<Value<'static>>,
}

impl Query {
    fn new(company: CompanyId, head: &str) -> Query {
        Query { sql: head.to_owned(), values: vec![company.into()] }
    }

    /// Appends a literal in which `?` stands for this value.
    fn and(&mut self, literal: &str, value: Value<'static>) {
        self.values.push(value);
        self.sql.push_str(&literal.replace('?', &format!("${}", self.values.len())));
    }
}

fn list_text(
    company: CompanyId,
    filter: Filter,
    sight: Sight,
    below: Option<LeadId>,
    rows_max: i64,
) -> Query {
    let owned = filter.owner.is_some() || matches!(sight, Sight::OwnedBy(_));
    let mut text =
        Query::new(company, &LINE.replace("FROM leads l", through(owned, filter.status.is_some())));
    if let Some(status) = filter.status {
        text.and(" AND l.status_id = ?", status.into());
    }
    if let Some(owner) = filter.owner {
        text.and(" AND l.owner_id = ?", owner.into());
    }
    see(&mut text, sight);
    if let Some(below) = below {
        text.and(" AND l.id < ?", below.into());
    }
    text.and(" ORDER BY l.id DESC LIMIT ?", rows_max.into());
    text
}

/// The index to go through. SQLite, without statistics, takes a company for a handful of rows and would rather walk
/// through all of its leads.
fn through(owner: bool, status: bool) -> &'static str {
    match (owner, status) {
        (true, _) => "FROM leads l /*sqlite INDEXED BY leads_owner*/",
        (false, true) => "FROM leads l /*sqlite INDEXED BY leads_status*/",
        (false, false) => "FROM leads l",
    }
}

/// What the sight of a viewer adds to a WHERE (R13, R14).
fn see(text: &mut Query, sight: Sight) {
    match sight {
        Sight::All => {}
        Sight::OwnedBy(user) => text.and(" AND l.owner_id = ?", user.into()),
        Sight::Labels { branch, department } => {
            if let Some(branch) = branch {
                text.and(
                    " AND (l.branch_id = ? OR u.branch_id = ? OR (l.branch_id IS NULL AND l.owner_id IS NULL))",
                    branch.into(),
                );
            }
            if let Some(department) = department {
                text.and(
                    " AND (l.department_id = ? OR u.department_id = ? OR (l.department_id IS NULL AND l.owner_id IS NULL))",
                    department.into(),
                );
            }
        }
    }
}

/// Every shape that the built statements can have.
#[cfg(test)]
pub(crate) fn variants() -> Vec<String> {
    let (company, user) = (CompanyId(1), UserId(1));
    let sights = [
        Sight::All,
        Sight::OwnedBy(user),
        Sight::Labels { branch: Some(BranchId(1)), department: None },
        Sight::Labels { branch: None, department: Some(DepartmentId(1)) },
        Sight::Labels { branch: Some(BranchId(1)), department: Some(DepartmentId(1)) },
    ];
    let mut all = Vec::new();
    for sight in sights {
        for status in [None, Some(StatusId(1))] {
            for owner in [None, Some(user)] {
                for below in [None, Some(LeadId(1))] {
                    all.push(list_text(company, Filter { status, owner }, sight, below, 1).sql);
                }
            }
        }
        all.push(one_text(company, LeadId(1), sight).sql);
    }
    all
}

fn read_line(row: &Row<'_>) -> Result<LeadLine> {
    Ok(LeadLine {
        id: row.get(0)?,
        first_name: row.get(1)?,
        last_name: row.get(2)?,
        phone: row.get(3)?,
        phone_doubtful: row.get(4)?,
        email: row.get(5)?,
        status: row.get(6)?,
        owner: row.get(7)?,
        owner_email: row.get(8)?,
        source: row.get(9)?,
        branch: row.get(10)?,
        department: row.get(11)?,
        country: row.get(12)?,
        created_at: row.get(13)?,
        last_activity_at: row.get(14)?,
        version: row.get(15)?,
    })
}

/// A page of leads, newest first, below the last one of the page before (a keyset page: equally fast everywhere).
pub async fn page(
    session: &mut Session,
    company: CompanyId,
    filter: Filter,
    sight: Sight,
    below: Option<LeadId>,
    rows_max: i64,
) -> Result<Vec<LeadLine>> {
    let text = list_text(company, filter, sight, below, rows_max);
    session.rows(&Sql::built(text.sql), &text.values, read_line).await
}

/// All leads that match, newest first, one at a time.
pub async fn each(
    session: &mut Session,
    company: CompanyId,
    filter: Filter,
    sight: Sight,
    mut see: impl FnMut(LeadLine) -> Result<()> + Send,
) -> Result<()> {
    let text = list_text(company, filter, sight, None, i64::MAX);
    session.each(&Sql::built(text.sql), &text.values, |row| see(read_line(row)?)).await
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

fn one_text(company: CompanyId, lead: LeadId, sight: Sight) -> Query {
    let head = LINE.replacen("l.version", "l.version, l.phone_typed, l.details", 1);
    let mut text = Query::new(company, &head);
    text.and(" AND l.id = ?", lead.into());
    see(&mut text, sight);
    text
}

/// The lead, if there is one and the viewer may see it.
pub async fn one(
    session: &mut Session,
    company: CompanyId,
    lead: LeadId,
    sight: Sight,
) -> Result<Option<LeadInFull>> {
    let text = one_text(company, lead, sight);
    let found = session
        .optional(&Sql::built(text.sql), &text.values, |row| {
            Ok((read_line(row)?, row.get::<String>(16)?, row.get::<Option<String>>(17)?))
        })
        .await?;
    let Some((line, phone_typed, details)) = found else { return Ok(None) };
    let tags = session.rows(&TAGS_OF, params![company, lead], |row| row.get(0)).await?;
    let events = session
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
    Ok(Some(LeadInFull { line, phone_typed, details, tags, events }))
}
