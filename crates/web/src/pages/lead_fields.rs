//! Editing a lead's fields, in a dialog or on a page of its own (R9, R24).

use crate::{
    error::{Error, Result},
    frame::{self, Item, Visit},
    links,
    pages::leads::address::{Address, with_query},
    parts::{Banner, Button, Field, Toast, Tone, dialog},
    signed_in::{LeadsEdit, May, SignedIn},
    site::Site,
    words::sentence,
};
use actions::edit_lead::{EditLead, Field as LeadField, LeadEdited, LeadEdits, edit_lead};
use axum::{
    Form,
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use domain::{ids::LeadId, phone::Country};
use http::StatusCode;
use maud::html;
use serde::Deserialize;
use std::sync::Arc;
use store::labels::{self, Label};

/// Names that are proposed in a field.
const PROPOSED_MAX: i64 = 500;

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    version: i64,
    first_name: String,
    last_name: String,
    phone: String,
    email: String,
    country: String,
    source: String,
    branch: String,
    department: String,
}

/// The form.
pub async fn form(
    State(site): State<Arc<Site>>,
    who: May<LeadsEdit>,
    visit: Visit,
    Path(lead): Path<i64>,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let mut reader = site.store.read().await?;
    let found = store::leads::one(reader.session(), who.company.id, LeadId(lead), who.sight()).await?;
    drop(reader);
    let found = found.ok_or(Error::NotFound)?;
    let line = found.line;
    let sent = Sent {
        version: line.version,
        first_name: line.first_name,
        last_name: line.last_name,
        phone: found.phone_typed,
        email: line.email.unwrap_or_default(),
        country: line.country.unwrap_or_default(),
        source: line.source.unwrap_or_default(),
        branch: line.branch.unwrap_or_default(),
        department: line.department.unwrap_or_default(),
    };
    let address = Address::from_query(&query.unwrap_or_default());
    shown(&site, &who, &visit, LeadId(lead), &address, &sent, &[], None).await
}

/// Saves the fields.
pub async fn save(
    State(site): State<Arc<Site>>,
    who: May<LeadsEdit>,
    visit: Visit,
    Path(lead): Path<i64>,
    RawQuery(query): RawQuery,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    let lead = LeadId(lead);
    let address = Address::from_query(&query.unwrap_or_default());
    let country =
        Country::from_code(&who.company.country).map_err(|error| Error::Fault(error.to_string()))?;
    let order = EditLead {
        viewer: who.viewer(),
        lead,
        version: sent.version,
        edits: LeadEdits {
            first_name: Some(sent.first_name.clone()),
            last_name: Some(sent.last_name.clone()),
            phone: Some(sent.phone.clone()),
            email: Some(sent.email.clone()),
            country: Some(sent.country.clone()),
            branch: Some(sent.branch.clone()),
            department: Some(sent.department.clone()),
            source: Some(sent.source.clone()),
        },
        country,
        now: who.now,
    };
    let (wrong, told) = match edit_lead(&site.store, who.company.id, order).await? {
        LeadEdited::Done { .. } => {
            return Ok(frame::go_on_saying(&address.href_of(lead), &Toast::new(Tone::Success, "Saved.")));
        }
        LeadEdited::Unchanged => return Ok(frame::go_on(&address.href_of(lead))),
        LeadEdited::NotFound => return Err(Error::NotFound),
        LeadEdited::Invalid(wrong) => (wrong, None),
        LeadEdited::KnownNumber { lead: other } => {
            let banner =
                Banner::new(Tone::Warning, "Another lead has this number already. Nothing was saved.");
            let open = other.map(|other| Button::plain("Open that lead").href(links::lead(other)).small());
            (
                Vec::new(),
                Some(match open {
                    Some(open) => banner.more(html! { div.actions { (open) } }),
                    None => banner,
                }),
            )
        }
        LeadEdited::Conflict { at, by, .. } => {
            let told = format!(
                "{} changed the lead at {}. Nothing was saved; open it again and look.",
                by.as_deref().unwrap_or("The product itself"),
                who.zone.minute(at)
            );
            (Vec::new(), Some(Banner::new(Tone::Warning, told)))
        }
    };
    shown(&site, &who, &visit, lead, &address, &sent, &wrong, told).await
}

#[expect(clippy::too_many_arguments, reason = "a form shows where it is, what was typed, and what was wrong")]
async fn shown(
    site: &Site,
    who: &SignedIn,
    visit: &Visit,
    lead: LeadId,
    address: &Address,
    sent: &Sent,
    wrong: &[(LeadField, String)],
    told: Option<Banner>,
) -> Result<Response> {
    let mut reader = site.store.read().await?;
    let mut proposals = Vec::new();
    for label in [Label::Source, Label::Branch, Label::Department] {
        let known = labels::list(reader.session(), who.company.id, label, PROPOSED_MAX).await?;
        proposals.push(known.into_iter().map(|(_, name)| name).collect::<Vec<_>>());
    }
    drop(reader);
    let [sources, branches, departments] = <[Vec<String>; 3]>::try_from(proposals).unwrap_or_default();
    let error = |field: LeadField| wrong.iter().find(|(of, _)| *of == field).map(|(_, why)| sentence(why));
    let fields = [
        Field::text("first_name", "First name")
            .value(&*sent.first_name)
            .error(error(LeadField::FirstName))
            .required(),
        Field::text("last_name", "Last name").value(&*sent.last_name).error(error(LeadField::LastName)),
        Field::phone("phone", "Phone").value(&*sent.phone).error(error(LeadField::Phone)).required(),
        Field::text("email", "E-mail").value(&*sent.email).error(error(LeadField::Email)),
        Field::text("country", "Country").value(&*sent.country).error(error(LeadField::Country)),
        Field::text("source", "Source")
            .value(&*sent.source)
            .proposals(sources)
            .error(error(LeadField::Source)),
        Field::text("branch", "Branch")
            .value(&*sent.branch)
            .proposals(branches)
            .error(error(LeadField::Branch)),
        Field::text("department", "Department")
            .value(&*sent.department)
            .proposals(departments)
            .error(error(LeadField::Department)),
    ];
    let is_refused = told.is_some() || !wrong.is_empty();
    let content = html! {
        input type="hidden" name="version" value=(sent.version);
        @if let Some(banner) = told { (banner) }
        div.fields { @for field in &fields { (field) } }
    };
    let action = with_query(links::lead_fields(lead), &address.query());
    let main =
        dialog::confirm("Edit lead", &action, &content, &Button::primary("Save"), &address.href_of(lead));
    let page = frame::page(visit, who, Item::Leads, "Edit lead", &main);
    Ok(if is_refused { (StatusCode::UNPROCESSABLE_ENTITY, page).into_response() } else { page })
}
