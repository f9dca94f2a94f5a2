//! `evenhand init`

use super::password_from_stdin;
use crate::{
    cli::{Init, Place},
    clock,
    output::{callers_fault, say},
};
use actions::create_company::{NewCompany, create_company};
use store::{Missing, Store, companies};

pub async fn init(place: &Place, args: Init) -> anyhow::Result<()> {
    let Some(name) = place.company.clone() else {
        return Err(callers_fault("name the company with --company"));
    };
    let new = NewCompany {
        name,
        country: domain::phone::Country::from_code(&args.country).map_err(callers_fault)?,
        zone: args.timezone.parse().map_err(|error: domain::time::UnknownZone| callers_fault(error))?,
        admin_email: domain::email::Email::parse(&args.admin_email).map_err(callers_fault)?,
        admin_password: password_from_stdin()?,
    };
    let name = new.check()?;
    let said = format!("Company {name} is ready; {} is its admin.", new.admin_email.as_str());
    let store = Store::open(&place.location(), Missing::Create).await?;
    create_company(&store, new, clock::now()).await?;
    say(&format!("{said} Its rows are in {}.", store.place()));
    if companies::list(store.read().await?.session(), 2).await?.len() > 1 {
        say("There are several companies here now: say with --company which one a command is about.");
    }
    say("Next: add agents with `evenhand user add`, bring in leads with `evenhand import FILE`.");
    Ok(())
}
