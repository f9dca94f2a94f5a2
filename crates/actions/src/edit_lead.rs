//! What is known of a lead, corrected by hand (R8, R9, R20, R24).

use crate::{
    assign_lead::last_change,
    error::{Error, Result},
};
use domain::{
    email::EmailText,
    ids::{BranchId, CompanyId, DepartmentId, LeadId, SourceId},
    lead_file::{EMAIL_CHARS_MAX, LABEL_CHARS_MAX, NAME_CHARS_MAX},
    phone::{self, Country},
    text::{TooLong, clean, clean_within},
    time::Moment,
    viewer::Viewer,
};
use store::{
    Session, Store, boxed, capture,
    edits::{self, Edit, Fields},
    labels::{self, Label},
    selection::LastChange,
};

/// Who edits which lead.
#[derive(Debug, Clone)]
pub struct EditLead {
    /// Who does it.
    pub viewer: Viewer,
    /// Which lead.
    pub lead: LeadId,
    /// The version that the actor saw.
    pub version: i64,
    /// What is to be different.
    pub edits: LeadEdits,
    /// Where a number without a calling code is dialled, unless the lead's country says.
    pub country: Country,
    /// When.
    pub now: Moment,
}

/// Fields as typed; what is none stays as it is, what is empty is cleared where it may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeadEdits {
    /// First name; never empty.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Phone; never empty.
    pub phone: Option<String>,
    /// E-mail; what does not parse is kept and marked.
    pub email: Option<String>,
    /// Country, by its code or its name.
    pub country: Option<String>,
    /// Branch, by name; made if it is new.
    pub branch: Option<String>,
    /// Department, by name; made if it is new.
    pub department: Option<String>,
    /// Source, by name; made if it is new.
    pub source: Option<String>,
}

/// A field of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// First name.
    FirstName,
    /// Last name.
    LastName,
    /// Phone.
    Phone,
    /// E-mail.
    Email,
    /// Country.
    Country,
    /// Branch.
    Branch,
    /// Department.
    Department,
    /// Source.
    Source,
}

impl Field {
    /// Its name in the timeline and in messages.
    pub fn word(self) -> &'static str {
        match self {
            Field::FirstName => "first name",
            Field::LastName => "last name",
            Field::Phone => "phone",
            Field::Email => "e-mail",
            Field::Country => "country",
            Field::Branch => "branch",
            Field::Department => "department",
            Field::Source => "source",
        }
    }
}

/// What came of it. Refusals are answers that a page can show; nothing was done then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeadEdited {
    /// Done.
    Done {
        /// The lead's version from now on.
        version: i64,
    },
    /// Everything was so already: no event.
    Unchanged,
    /// There is no such lead, or the viewer may not see it.
    NotFound,
    /// These fields cannot be so, each with a sentence.
    Invalid(Vec<(Field, String)>),
    /// Another lead has the number (R9).
    KnownNumber {
        /// Which; none where the viewer may not see it (R14).
        lead: Option<LeadId>,
    },
    /// Somebody else changed it since (R24).
    Conflict {
        /// When.
        at: Moment,
        /// What they did.
        kind: String,
        /// Who; none for the product itself.
        by: Option<String>,
    },
}

/// Edits the lead.
#[boxed]
pub async fn edit_lead(store: &Store, company: CompanyId, order: EditLead) -> Result<LeadEdited> {
    match write(store, company, order.clone()).await {
        // Somebody added the very number at the same instant; now it is there to be found.
        Err(Error::Store(store::Error::Conflict { .. })) => write(store, company, order).await,
        answer => answer,
    }
}

async fn write(store: &Store, company: CompanyId, order: EditLead) -> Result<LeadEdited> {
    store.write(move |session| Box::pin(async move { edit(session, company, &order).await })).await
}

async fn edit(session: &mut Session, company: CompanyId, order: &EditLead) -> Result<LeadEdited> {
    let lead = order.lead;
    let Some((version, place, before)) = edits::fields(session, company, lead).await? else {
        return Ok(LeadEdited::NotFound);
    };
    if !order.viewer.sight().sees(&place) {
        return Ok(LeadEdited::NotFound);
    }
    if version != order.version {
        return conflict(session, company, lead).await;
    }
    let mut form = Form { fields: before.clone(), wrong: Vec::new() };
    form.read(&order.edits, order.country);
    let labels = form.labels(&order.edits);
    if !form.wrong.is_empty() {
        return Ok(LeadEdited::Invalid(form.wrong));
    }
    let mut after = form.fields;
    if after.phone != before.phone
        && let Some(other) = capture::by_phone(session, company, &after.phone).await?
    {
        let place = edits::fields(session, company, other).await?.map(|(_, place, _)| place);
        let is_seen = place.is_some_and(|place| order.viewer.sight().sees(&place));
        return Ok(LeadEdited::KnownNumber { lead: is_seen.then_some(other) });
    }
    for (field, name) in labels {
        let label = match field {
            Field::Branch => Label::Branch,
            Field::Department => Label::Department,
            _ => Label::Source,
        };
        let id = if name.is_empty() {
            None
        } else {
            Some(labels::find_or_add(session, company, label, &name).await?)
        };
        match label {
            Label::Branch => after.branch = id.map(BranchId),
            Label::Department => after.department = id.map(DepartmentId),
            _ => after.source = id.map(SourceId),
        }
    }
    let changed = changed(&before, &after);
    if changed.is_empty() {
        return Ok(LeadEdited::Unchanged);
    }
    let changed = changed.into_iter().map(Field::word).collect::<Vec<_>>().join(", ");
    let edit = Edit { lead, version, actor: order.viewer.actor(), at: order.now, changed: &changed };
    if !edits::save(session, company, edit, &before, &after).await? {
        return conflict(session, company, lead).await;
    }
    Ok(LeadEdited::Done { version: version + 1 })
}

/// The fields while what was typed is read into them.
struct Form {
    fields: Fields,
    wrong: Vec<(Field, String)>,
}

impl Form {
    fn read(&mut self, edits: &LeadEdits, default: Country) {
        if let Some(name) = self.text(Field::FirstName, edits.first_name.as_ref(), NAME_CHARS_MAX) {
            if name.is_empty() {
                self.wrong.push((Field::FirstName, "first name is missing".into()));
            }
            self.fields.first_name = name;
        }
        if let Some(name) = self.text(Field::LastName, edits.last_name.as_ref(), NAME_CHARS_MAX) {
            self.fields.last_name = name;
        }
        if let Some(typed) = &edits.country {
            match Country::read(typed) {
                _ if clean(typed).is_empty() => self.fields.country = None,
                Ok(country) => self.fields.country = Some(country.as_str().into()),
                Err(unknown) => self.wrong.push((Field::Country, unknown.to_string())),
            }
        }
        if let Some(typed) = edits.phone.as_ref().filter(|typed| clean(typed) != self.fields.phone_typed) {
            let country = self.fields.country.as_deref().and_then(|code| Country::from_code(code).ok());
            match phone::parse(&clean(typed), country.unwrap_or(default)) {
                Ok(reading) => {
                    self.fields.phone = reading.phone.as_str().into();
                    self.fields.phone_doubtful = reading.doubtful;
                    self.fields.phone_typed = clean(typed).into_owned();
                }
                Err(why) => self.wrong.push((Field::Phone, why.to_string())),
            }
        }
        if let Some(typed) = self.text(Field::Email, edits.email.as_ref(), EMAIL_CHARS_MAX) {
            let email = EmailText::read(&typed);
            self.fields.email_doubtful = email.as_ref().is_some_and(EmailText::is_doubtful);
            self.fields.email = email.map(|email| email.as_str().to_owned());
        }
    }

    /// The labels that were typed, cleaned.
    fn labels(&mut self, edits: &LeadEdits) -> Vec<(Field, String)> {
        let typed = [
            (Field::Branch, &edits.branch),
            (Field::Department, &edits.department),
            (Field::Source, &edits.source),
        ];
        typed
            .into_iter()
            .filter_map(|(field, typed)| Some((field, self.text(field, typed.as_ref(), LABEL_CHARS_MAX)?)))
            .collect()
    }

    fn text(&mut self, field: Field, typed: Option<&String>, chars_max: usize) -> Option<String> {
        match clean_within(typed?, field.word(), chars_max) {
            Ok(text) => Some(text.into_owned()),
            Err(long @ TooLong { .. }) => {
                self.wrong.push((field, long.to_string()));
                None
            }
        }
    }
}

fn changed(before: &Fields, after: &Fields) -> Vec<Field> {
    let differs = [
        (Field::FirstName, before.first_name != after.first_name),
        (Field::LastName, before.last_name != after.last_name),
        (Field::Phone, before.phone != after.phone || before.phone_typed != after.phone_typed),
        (Field::Email, before.email != after.email),
        (Field::Country, before.country != after.country),
        (Field::Branch, before.branch != after.branch),
        (Field::Department, before.department != after.department),
        (Field::Source, before.source != after.source),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}

async fn conflict(session: &mut Session, company: CompanyId, lead: LeadId) -> Result<LeadEdited> {
    let Some(LastChange { at, kind, by, .. }) = last_change(session, company, lead).await? else {
        return Ok(LeadEdited::NotFound);
    };
    Ok(LeadEdited::Conflict { at, kind, by })
}
