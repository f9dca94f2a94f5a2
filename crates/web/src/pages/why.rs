//! Why a lead is whose it is (R44), for whoever may see the lead (R14).

use crate::{
    error::{Error, Result},
    frame::{self, Item, Visit},
    links,
    parts::why::{self, Beside},
    signed_in::{LeadsView, May},
    site::Site,
};
use actions::explain_lead::{By, ExplainLead, Explained, explain_lead};
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use domain::{
    explanation::Verdict,
    ids::{LeadId, RunId},
    role::Permission,
    status::StatusKind,
};
use serde::Deserialize;
use std::sync::Arc;
use store::statuses;

/// People that are shown beside a lead; whoever came closest stands first.
const BESIDE_MAX: usize = 100;

/// What is asked.
#[derive(Deserialize)]
pub struct Asked {
    run: Option<i64>,
}

/// The page, also shown in the dialog.
pub async fn page(
    State(site): State<Arc<Site>>,
    who: May<LeadsView>,
    visit: Visit,
    Path(lead): Path<i64>,
    Query(asked): Query<Asked>,
) -> Result<Response> {
    let lead = LeadId(lead);
    let order = ExplainLead { lead, run: asked.run.map(RunId), sight: who.sight() };
    let why = match explain_lead(&site.store, &who.company, order).await? {
        Explained::Done(why) => why,
        Explained::NoLead | Explained::NoRun => return Err(Error::NotFound),
    };
    let known = statuses::list(site.store.read().await?.session(), who.company.id).await?;
    let is_won = known.get(why.status).is_some_and(|status| status.kind == StatusKind::Won);
    // A customer is seen by whom customers may be seen by (R51).
    if is_won && !who.may(Permission::CustomersView) {
        return Err(Error::NotFound);
    }
    let of_run = |run: RunId| who.may(Permission::RunsView).then(|| links::run(run));
    let by = match why.by {
        By::Run { run, started_at } => {
            Some((format!("the run of {}", who.zone.minute(started_at)), of_run(run)))
        }
        By::Person { run: Some(run), at } => {
            Some((format!("the change of {}", who.zone.minute(at)), of_run(run)))
        }
        By::Person { run: None, .. } | By::Nothing => None,
    };
    let explanation = why.explanation;
    let beside: Vec<Beside> = explanation
        .candidates
        .iter()
        .take(BESIDE_MAX)
        .map(|one| Beside {
            name: one.name.clone(),
            held: one.held,
            room: one.room,
            gets: one.gets,
            gives: one.gives(),
            after: one.after,
            verdict: one.words.clone(),
            chosen: matches!(one.verdict, Verdict::Chosen | Verdict::Keeps),
        })
        .collect();
    let shown = why::Why {
        title: explanation.title,
        lead: why.name,
        by,
        paragraph: explanation.paragraph,
        more: explanation.candidates.len() - beside.len(),
        beside,
        back: links::lead(lead),
    };
    Ok(frame::page(&visit, &who, Item::Leads, &shown.title, &why::why(&shown)))
}
