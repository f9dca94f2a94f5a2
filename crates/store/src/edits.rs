//! What a person may edit of a lead.

use crate::{
    assign::read_place,
    boxed,
    changes::{Change, Topic},
    error::Result,
    params,
    session::Session,
    sql,
    terms::{self, Person},
};
use domain::{
    ids::{BranchId, CompanyId, DepartmentId, LeadId, SourceId, UserId},
    time::Moment,
    viewer::LeadPlace,
};

/// The fields, as they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    /// First name; never empty.
    pub first_name: String,
    /// Last name, or nothing.
    pub last_name: String,
    /// E.164.
    pub phone: String,
    /// What was typed.
    pub phone_typed: String,
    /// Possible, but not valid.
    pub phone_doubtful: bool,
    /// E-mail as typed.
    pub email: Option<String>,
    /// The e-mail does not parse.
    pub email_doubtful: bool,
    /// ISO 3166 alpha-2.
    pub country: Option<String>,
    /// Its branch.
    pub branch: Option<BranchId>,
    /// Its department.
    pub department: Option<DepartmentId>,
    /// Where it came from.
    pub source: Option<SourceId>,
}

sql! {
    FIELDS = "SELECT l.version, l.owner_id, l.branch_id, l.department_id, u.branch_id, u.department_id, l.source_id,
            l.first_name, l.last_name, l.phone, l.phone_typed, l.phone_doubtful, l.email, l.email_doubtful, l.country
        FROM leads l LEFT JOIN users u ON u.company_id = l.company_id AND u.id = l.owner_id
        WHERE l.company_id = $1 AND l.id = $2";
    SAVE = "UPDATE leads SET first_name = $4, last_name = $5, phone = $6, phone_typed = $7, phone_doubtful = $8,
            email = $9, email_doubtful = $10, country = $11, branch_id = $12, department_id = $13, source_id = $14,
            version = version + 1, entries = entries + 1, last_activity_at_ms = $15,
            owner_acted_at_ms = CASE WHEN owner_id = $16 THEN $15 ELSE owner_acted_at_ms END
        WHERE company_id = $1 AND id = $2 AND version = $3 RETURNING entries, owner_id";
    ADD_EVENT = "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, actor_id, detail)
        VALUES ($1, $2, $3, $4, 'edited', $5, $6)";
}

/// The fields of a lead with its version and what decides who may see it; not locked.
#[boxed]
pub async fn fields(
    session: &mut Session,
    company: CompanyId,
    lead: LeadId,
) -> Result<Option<(i64, LeadPlace, Fields)>> {
    session
        .optional(&FIELDS, params![company, lead], |row| {
            let place = read_place(row, 1)?;
            let fields = Fields {
                branch: place.branch,
                department: place.department,
                source: row.get(6)?,
                first_name: row.get(7)?,
                last_name: row.get(8)?,
                phone: row.get(9)?,
                phone_typed: row.get(10)?,
                phone_doubtful: row.get(11)?,
                email: row.get(12)?,
                email_doubtful: row.get(13)?,
                country: row.get(14)?,
            };
            Ok((row.get(0)?, place, fields))
        })
        .await
}

/// Who edits what, and when.
#[derive(Debug, Clone, Copy)]
pub struct Edit<'e> {
    /// Which lead.
    pub lead: LeadId,
    /// The version that the edit was decided on.
    pub version: i64,
    /// Who; none for the command line.
    pub actor: Option<UserId>,
    /// When.
    pub at: Moment,
    /// The names of the fields that differ, for the timeline.
    pub changed: &'e str,
}

impl Fields {
    /// What the lead is found by.
    fn person(&self) -> Person {
        Person {
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            email: self.email.clone(),
            phone: self.phone.clone(),
        }
    }
}

/// Saves the fields, and renews what the lead is found by. False: somebody changed the lead since its version; nothing was done. A number that another lead
/// has is a [`Conflict`](crate::Error::Conflict).
pub async fn save(
    session: &mut Session,
    company: CompanyId,
    edit: Edit<'_>,
    before: &Fields,
    to: &Fields,
) -> Result<bool> {
    let values = params![
        company,
        edit.lead,
        edit.version,
        &to.first_name,
        &to.last_name,
        &to.phone,
        &to.phone_typed,
        to.phone_doubtful,
        &to.email,
        to.email_doubtful,
        &to.country,
        to.branch,
        to.department,
        to.source,
        edit.at,
        edit.actor
    ];
    let saved =
        session.optional(&SAVE, values, |row| Ok((row.get::<i64>(0)?, row.get::<Option<UserId>>(1)?)));
    let Some((entry, owner)) = saved.await? else {
        return Ok(false);
    };
    session
        .execute(&ADD_EVENT, params![company, edit.lead, entry, edit.at, edit.actor, edit.changed])
        .await?;
    let (before, after) = (before.person(), to.person());
    if before != after {
        terms::renew(session, company, edit.lead, &before, &after).await?;
    }
    session.tell(Change::of(company, Topic::Leads).users(owner).leads([edit.lead]));
    Ok(true)
}
