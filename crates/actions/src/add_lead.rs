//! One lead from a form (R8, R9), read as a row of a file is, and given to an agent at once if the form says so.

use crate::{
    assign_lead::is_offered,
    assign_on_arrival::{Captured, assign_on_arrival},
    error::{Error, Result},
    import_leads::{Defaults, Labels, new_lead},
    lead_file::spool::SpooledRow,
};
use domain::{
    ids::{CompanyId, LeadId, StatusId, UserId},
    lead_file::{ColumnMap, Field, JudgeContext, LeadRow, RowError, Target, judge},
    phone::Country,
    status::{StatusKind, StatusMark, Statuses},
    time::Moment,
    viewer::Viewer,
};
use store::{
    Session, Store,
    assign::{self, HandMove, LeadBefore},
    boxed, capture,
    ids::Kind,
    leads::{self, Capture},
    queues, statuses,
};

/// What the form says. Texts are as typed; an empty one is none.
#[derive(Debug, Clone)]
pub struct AddLead {
    /// Into which company.
    pub company: CompanyId,
    /// Who adds it.
    pub viewer: Viewer,
    /// Whether they may convert leads: without it the status is no customer's (R12).
    pub may_convert: bool,
    /// Where a number without a calling code is dialled.
    pub default_country: Country,
    /// Required.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// Required.
    pub phone: String,
    /// Kept and marked if it is none.
    pub email: String,
    /// The status; none = Unassigned, or that of assignment if there is an owner.
    pub status: Option<StatusId>,
    /// Tags; new ones are made.
    pub tags: Vec<String>,
    /// The name of a branch; made if it is new.
    pub branch: String,
    /// The name of a department; made if it is new.
    pub department: String,
    /// The name of a source; made if it is new.
    pub source: String,
    /// The country the person lives in.
    pub country: Option<Country>,
    /// Whose it is at once.
    pub owner: Option<UserId>,
    /// The actor has been warned that the cap is exceeded and wants it so (R23).
    pub exceed_cap: bool,
    /// When.
    pub now: Moment,
}

/// What came of it. Refusals are answers that a form can show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// It is there.
    Done {
        /// Which.
        lead: LeadId,
        /// Its number is possible, but not valid.
        phone_doubtful: bool,
    },
    /// Somebody has this number already; nothing was changed (R9).
    Known {
        /// The lead, if the viewer may see it.
        lead: Option<LeadId>,
    },
    /// A field cannot be as it is.
    Refused {
        /// Which.
        field: Field,
        /// Why, and what to do.
        why: String,
    },
    /// The owner is nobody of the viewer's list of agents (R15).
    NotOffered,
    /// It would exceed the owner's cap: ask (R23).
    OverCap {
        /// Held now.
        held: i64,
        /// The cap.
        cap: i64,
    },
}

/// The fields of the form in the order of its cells.
const FIELDS: [Field; 10] = [
    Field::FirstName,
    Field::LastName,
    Field::Phone,
    Field::Email,
    Field::Status,
    Field::Tags,
    Field::Branch,
    Field::Department,
    Field::Source,
    Field::Country,
];

/// Adds the lead.
#[boxed]
pub async fn add_lead(store: &Store, form: AddLead) -> Result<Added> {
    store.write(move |session| Box::pin(add(session, form))).await
}

async fn add(session: &mut Session, form: AddLead) -> Result<Added> {
    let company = form.company;
    let known = statuses::list(session, company).await?;
    let row = match read(&form, &known)? {
        Ok(row) => row,
        Err((field, why)) => return Ok(Added::Refused { field, why }),
    };
    if let Some(lead) = capture::by_phone(session, company, row.phone.as_str()).await? {
        return known_already(session, &form, lead).await;
    }
    let unassigned = known.marked(StatusMark::Unassigned).id;
    let status = row.status.map_or(unassigned, StatusId);
    // R18: whoever gets an Unassigned lead gets it in the status of assignment.
    let given = if form.owner.is_some() && status == unassigned {
        known.marked(StatusMark::Assigned).id
    } else {
        status
    };
    if let Some(owner) = form.owner
        && let Some(refusal) = refuse_owner(session, &form, owner, known.is_open(given)).await?
    {
        return Ok(refusal);
    }
    let lead = LeadId(session.new_id(Kind::Lead).await?);
    let (phone, phone_doubtful) = (row.phone.clone(), row.phone_doubtful);
    let defaults = Defaults { status: unassigned, branch: None, department: None, source: None };
    let spooled = SpooledRow { line: 0, record: 0, lead: row };
    let new = new_lead(session, &mut Labels::new(company), &defaults, lead.0, spooled).await?;
    let actor = form.viewer.actor();
    let capture = Capture { at: form.now, actor, import: None, kind: "added" };
    let deltas = leads::insert_new(session, company, &[new], capture).await?;
    if deltas.is_empty() {
        // Somebody else was quicker with the same number.
        let first = capture::by_phone(session, company, phone.as_str()).await?;
        let first = first.ok_or_else(|| Error::Fault("a number that is taken belongs to no lead".into()))?;
        return known_already(session, &form, first).await;
    }
    if form.owner.is_none() {
        assign_on_arrival(session, company, &known, Captured::One(lead), form.now).await?;
    }
    statuses::add_to_counts(session, company, lead.0, &deltas).await?;
    if let Some(to) = form.owner {
        let before = LeadBefore { owner: None, status, version: 1 };
        let open = (known.is_open(status), known.is_open(given));
        let hand_move = HandMove { lead, before, to, status: given, open, actor, at: form.now };
        if !assign::move_one(session, company, &hand_move).await? {
            return Err(Error::Fault("a lead that was just added has changed".into()));
        }
    }
    Ok(Added::Done { lead, phone_doubtful })
}

/// Reads the form as a row of a file is read.
fn read(form: &AddLead, known: &Statuses) -> Result<Result<LeadRow<i64>, (Field, String)>> {
    let status = match form.status.map(|id| known.get(id)) {
        None => "",
        Some(Some(status)) => &status.name,
        Some(None) => {
            let why = "there is no such status any more; choose another one";
            return Ok(Err((Field::Status, why.into())));
        }
    };
    let tags = form.tags.join(",");
    let cells = [
        form.first_name.as_str(),
        &form.last_name,
        &form.phone,
        &form.email,
        status,
        &tags,
        &form.branch,
        &form.department,
        &form.source,
        form.country.as_ref().map_or("", Country::as_str),
    ];
    let columns = ColumnMap::by_hand(&FIELDS.map(Field::name), &FIELDS.map(Target::Field))
        .map_err(|error| Error::Fault(format!("the form has wrong fields: {error}")))?;
    let judging =
        JudgeContext {
            default_country: form.default_country,
            statuses: domain::lead_file::Statuses::new(known.iter().map(|status| {
                (&status.name, status.id.0, form.may_convert || status.kind != StatusKind::Won)
            })),
        };
    Ok(judge(&columns, &cells[..], &judging).map_err(|error| (field_of(&error), error.why())))
}

fn field_of(error: &RowError) -> Field {
    match error {
        RowError::FirstNameMissing => Field::FirstName,
        RowError::StatusUnknown { .. } | RowError::StatusNotAllowed { .. } => Field::Status,
        RowError::TooLong(error) => {
            FIELDS.into_iter().find(|field| field.name() == error.field).unwrap_or(Field::Tags)
        }
        RowError::TooManyTags { .. } => Field::Tags,
        // A form has neither details nor cells too many.
        RowError::PhoneMissing
        | RowError::PhoneImpossible(_)
        | RowError::TooManyDetails { .. }
        | RowError::TooManyCells { .. } => Field::Phone,
    }
}

async fn known_already(session: &mut Session, form: &AddLead, lead: LeadId) -> Result<Added> {
    let seen = leads::one(session, form.company, lead, form.viewer.sight()).await?;
    Ok(Added::Known { lead: seen.map(|lead| lead.line.id) })
}

/// The rules of assignment by hand: R15 and R23. The owner's queue stays locked.
async fn refuse_owner(
    session: &mut Session,
    form: &AddLead,
    owner: UserId,
    counts: bool,
) -> Result<Option<Added>> {
    let queues = queues::lock_two(session, form.company, owner, None).await?;
    let Some(agent) = queues.iter().find(|member| is_offered(member, form.viewer)) else {
        return Ok(Some(Added::NotOffered));
    };
    Ok(match agent.cap {
        Some(cap) if counts && agent.held + 1 > cap && !form.exceed_cap => {
            Some(Added::OverCap { held: agent.held, cap })
        }
        _ => None,
    })
}
