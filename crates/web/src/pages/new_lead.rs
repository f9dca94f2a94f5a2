//! Adding one lead by hand (R8, R9).

use crate::{
    error::{Error, Result},
    frame::{self, Item, Visit},
    links,
    pages::leads::agent_options,
    parts::{
        Choice, Field, Toast, Tone,
        data::heading,
        import::{single, tabs},
    },
    signed_in::{LeadsAdd, May, SignedIn},
    site::Site,
    words::sentence,
};
use actions::add_lead::{AddLead, Added, add_lead};
use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    ids::UserId,
    lead_file::Field as FileField,
    phone::Country,
    role::{Permission, Scope},
};
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
    first_name: String,
    last_name: String,
    phone: String,
    email: String,
    source: String,
    branch: String,
    department: String,
    tags: String,
    owner: String,
    exceed_cap: String,
}

/// The form.
pub async fn form(State(site): State<Arc<Site>>, who: May<LeadsAdd>, visit: Visit) -> Result<Response> {
    shown(&site, &who, &visit, &Sent::default(), None, None).await
}

/// Adds the lead.
pub async fn add(
    State(site): State<Arc<Site>>,
    who: May<LeadsAdd>,
    visit: Visit,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    let default_country =
        Country::from_code(&who.company.country).map_err(|error| Error::Fault(error.to_string()))?;
    if !sent.owner.is_empty() && !who.may(Permission::LeadsAssign) {
        return Err(Error::Forbidden);
    }
    let owner = if who.may(Permission::LeadsAssign) {
        sent.owner.parse().ok().map(UserId)
    } else {
        // Who sees only their own leads and adds one, has it: nobody else would know of it.
        (who.scope == Scope::Own && who.receives).then_some(who.user)
    };
    let order = AddLead {
        company: who.company.id,
        viewer: who.viewer(),
        may_convert: who.may(Permission::LeadsConvert),
        default_country,
        first_name: sent.first_name.clone(),
        last_name: sent.last_name.clone(),
        phone: sent.phone.clone(),
        email: sent.email.clone(),
        status: None,
        tags: sent
            .tags
            .split([',', ';'])
            .map(str::trim)
            .filter(|tag| !tag.is_empty())
            .map(str::to_owned)
            .collect(),
        branch: sent.branch.clone(),
        department: sent.department.clone(),
        source: sent.source.clone(),
        country: None,
        owner,
        exceed_cap: sent.exceed_cap == "on",
        now: who.now,
    };
    let answer = match add_lead(&site.store, order).await {
        Err(actions::Error::Refused(why)) => {
            return shown(&site, &who, &visit, &sent, Some((FileField::FirstName, sentence(&why))), None)
                .await;
        }
        answer => answer?,
    };
    match answer {
        Added::Done { lead, phone_doubtful } => {
            let told = if phone_doubtful {
                Toast::new(Tone::Warning, "The lead is added. Its number is possible, but may not exist.")
            } else {
                Toast::new(Tone::Success, "The lead is added.")
            };
            let mut reader = site.store.read().await?;
            let seen =
                store::leads::one(reader.session(), who.company.id, lead, who.sight()).await?.is_some();
            let to = if seen { links::lead(lead) } else { links::leads().to_owned() };
            Ok(frame::go_on_saying(&to, &told))
        }
        Added::Known { lead } => {
            let mut known = ("Somebody".to_owned(), links::leads().to_owned());
            if let Some(lead) = lead {
                let mut reader = site.store.read().await?;
                let found = store::leads::one(reader.session(), who.company.id, lead, who.sight()).await?;
                if let Some(found) = found {
                    let line = found.line;
                    known = (
                        crate::pages::leads::full_name(&line.first_name, &line.last_name),
                        links::lead(lead),
                    );
                }
            }
            shown(&site, &who, &visit, &sent, None, Some(known)).await
        }
        Added::Refused { field, why } => {
            shown(&site, &who, &visit, &sent, Some((field, sentence(&why))), None).await
        }
        Added::NotOffered => {
            let why = "This agent may not be given leads: banned since, or of another branch.".to_owned();
            shown(&site, &who, &visit, &sent, Some((FileField::Status, why)), None).await
        }
        Added::OverCap { held, cap } => {
            let why = format!(
                "This agent holds {held}, the cap is {cap}, and it would be {} after this. Choose somebody else, or exceed the cap below.",
                held + 1
            );
            let asked = Sent { exceed_cap: "no".into(), ..sent };
            shown(&site, &who, &visit, &asked, Some((FileField::Status, why)), None).await
        }
    }
}

/// `refused` names the field; the owner is refused under the name of the status, which the form does not have.
async fn shown(
    site: &Site,
    who: &SignedIn,
    visit: &Visit,
    sent: &Sent,
    refused: Option<(FileField, String)>,
    known: Option<(String, String)>,
) -> Result<Response> {
    let mut reader = site.store.read().await?;
    let session = reader.session();
    let mut proposals = Vec::new();
    for label in [Label::Source, Label::Branch, Label::Department, Label::Tag] {
        let found = labels::list(session, who.company.id, label, PROPOSED_MAX).await?;
        proposals.push(found.into_iter().map(|(_, name)| name).collect::<Vec<_>>());
    }
    let owners = if who.may(Permission::LeadsAssign) {
        let none = Choice::new("", "Nobody yet", sent.owner.is_empty());
        let agents = agent_options(session, who, &[], None).await?;
        let agents = agents.into_iter().map(|agent| {
            let cap = agent.meter.cap.map_or_else(|| "no cap".into(), |cap| format!("of {cap}"));
            let label = format!("{} ({} {cap})", agent.name, agent.meter.held);
            Choice::new(agent.id.to_string(), label, sent.owner == agent.id.to_string())
        });
        Some(std::iter::once(none).chain(agents).collect::<Vec<_>>())
    } else {
        None
    };
    drop(reader);
    let wrong =
        |field: FileField| refused.as_ref().filter(|(of, _)| *of == field).map(|(_, why)| why.as_str());
    let [sources, branches, departments, tags] = <[Vec<String>; 4]>::try_from(proposals).unwrap_or_default();
    let mut fields = vec![
        Field::text("first_name", "First name")
            .value(&*sent.first_name)
            .error(wrong(FileField::FirstName))
            .required()
            .autofocus(),
        Field::text("last_name", "Last name").value(&*sent.last_name).error(wrong(FileField::LastName)),
        Field::phone("phone", "Phone").value(&*sent.phone).error(wrong(FileField::Phone)).required(),
        Field::text("email", "E-mail").value(&*sent.email).error(wrong(FileField::Email)),
        Field::text("source", "Source")
            .value(&*sent.source)
            .proposals(sources)
            .error(wrong(FileField::Source)),
        Field::text("branch", "Branch")
            .value(&*sent.branch)
            .proposals(branches)
            .error(wrong(FileField::Branch)),
        Field::text("department", "Department")
            .value(&*sent.department)
            .proposals(departments)
            .error(wrong(FileField::Department)),
        Field::text("tags", "Tags")
            .value(&*sent.tags)
            .proposals(tags)
            .hint("Separated by commas.")
            .error(wrong(FileField::Tags)),
    ];
    if let Some(owners) = owners {
        fields.push(Field::select("owner", "Assign to", owners).error(wrong(FileField::Status)));
    }
    if !sent.exceed_cap.is_empty() {
        let choices = vec![
            Choice::new("no", "Keep to the lead cap", sent.exceed_cap != "on"),
            Choice::new("on", "Exceed the lead cap", sent.exceed_cap == "on"),
        ];
        fields.push(Field::select("exceed_cap", "Lead cap", choices).error(wrong(FileField::Status)));
    }
    let form = single(
        links::leads(),
        &fields,
        known.as_ref().map(|(name, href)| (&**name, &**href)),
        links::leads(),
    );
    let main = html! {
        (heading("Add leads", None, &html! {}))
        @if who.may(Permission::LeadsImport) { (tabs(links::imports(), links::new_lead(), false)) }
        (form)
    };
    let page = frame::page(visit, who, Item::Leads, "Add lead", &main);
    let is_refused = refused.is_some() || known.is_some();
    Ok(if is_refused { (StatusCode::UNPROCESSABLE_ENTITY, page).into_response() } else { page })
}
