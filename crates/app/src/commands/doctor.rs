//! `evenhand doctor`

use crate::{
    cli::{Doctor, Place},
    output,
};
use std::io::Write;

pub async fn doctor(place: &Place, args: Doctor) -> anyhow::Result<()> {
    let (store, company) = place.open_company().await?;
    let id = company.id;
    let found: Vec<String> = if args.mend {
        store
            .write_long(move |session| {
                Box::pin(async move {
                    store::doctor::recount(session, id).await?;
                    store::doctor::examine(session, id).await
                })
            })
            .await?
    } else {
        store.read_long(move |session| Box::pin(store::doctor::examine(session, id))).await?
    };
    if args.output.json {
        output::json(
            &serde_json::json!({ "company": company.name, "healthy": found.is_empty(), "findings": found }),
        )?;
    } else {
        let mut out = output::stdout();
        if found.is_empty() {
            writeln!(out, "{}: all counters match a recount, and nothing breaks a rule.", company.name)?;
        }
        for finding in &found {
            writeln!(out, "{}: {finding}", company.name)?;
        }
        out.flush()?;
    }
    if found.is_empty() {
        return Ok(());
    }
    anyhow::bail!(
        "{} found; `evenhand doctor --mend` sets the counters right",
        domain::sentence::count(found.len() as u64, "finding was", "findings were")
    )
}
