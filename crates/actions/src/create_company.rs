//! A new company with its default statuses and roles and its first admin (R2, R13).

use crate::{
    error::{Error, Result},
    password,
};
use domain::{
    email::Email,
    ids::{CompanyId, UserId},
    phone::Country,
    role,
    text::clean_within,
    time::{Moment, Zone},
};
use store::{Store, boxed, companies, roles, statuses, users};

/// What a company begins with.
#[derive(Debug, Clone)]
pub struct NewCompany {
    /// Its name.
    pub name: String,
    /// The country whose numbers need no calling code.
    pub country: Country,
    /// Its time zone.
    pub zone: Zone,
    /// The first admin's e-mail.
    pub admin_email: Email,
    /// The first admin's password, in clear.
    pub admin_password: String,
}

impl NewCompany {
    /// Refuses what needs no look at the database to be refused, so that none is made for it. Answers the name as it is
    /// stored.
    pub fn check(&self) -> Result<String> {
        let name = clean_within(&self.name, "the company's name", 200).map_err(Error::refused)?.into_owned();
        if name.is_empty() {
            return Err(Error::refused("the company needs a name"));
        }
        password::check(&self.admin_password)?;
        Ok(name)
    }
}

/// Creates the company.
#[boxed]
pub async fn create_company(store: &Store, new: NewCompany, now: Moment) -> Result<(CompanyId, UserId)> {
    let name = new.check()?;
    let hash = password::hash(&new.admin_password).await?;
    store
        .write(move |session| {
            Box::pin(async move {
                if companies::by_name(session, &name).await?.is_some() {
                    return Err(Error::Refused(format!("there is a company {name} already")));
                }
                let company =
                    companies::insert(session, &name, new.country.as_str(), new.zone.name(), now).await?;
                statuses::insert_defaults(session, company).await?;
                let mut admin_role = None;
                for role in &role::DEFAULTS {
                    let id = roles::insert(session, company, role).await?;
                    admin_role.get_or_insert(id);
                }
                let role = admin_role.ok_or_else(|| Error::Fault("a company starts with roles".into()))?;
                let admin = users::NewUser {
                    name: "Admin",
                    email: new.admin_email.as_str(),
                    role,
                    branch: None,
                    department: None,
                    cap: None,
                    password_hash: Some(&hash),
                };
                let admin = users::insert(session, company, &admin, now).await?;
                Ok((company, admin))
            })
        })
        .await
}
