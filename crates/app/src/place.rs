//! Opening the database that the caller names, and finding the company.

use crate::{cli::Place, output::callers_fault};
use store::{
    Location, Missing, Store,
    companies::{self, Company},
};

/// Companies named in the question which one is meant.
const COMPANIES_NAMED: i64 = 20;

impl Place {
    /// Where the rows are.
    pub fn location(&self) -> Location {
        // An empty variable is meant as none.
        match self.database.as_ref().filter(|url| !url.is_empty()) {
            Some(url) => Location::Url(url.clone()),
            None => Location::Folder(self.data.clone()),
        }
    }

    /// Opens the database, which must be there.
    pub async fn open(&self) -> anyhow::Result<Store> {
        Ok(Store::open(&self.location(), Missing::Refuse).await?)
    }

    /// Opens the database and finds the company.
    pub async fn open_company(&self) -> anyhow::Result<(Store, Company)> {
        let store = self.open().await?;
        let company = self.company(&store).await?;
        Ok((store, company))
    }

    async fn company(&self, store: &Store) -> anyhow::Result<Company> {
        let mut reader = store.read().await?;
        if let Some(name) = self.company.as_ref().filter(|name| !name.is_empty()) {
            return companies::by_name(reader.session(), name)
                .await?
                .ok_or_else(|| callers_fault(format!("there is no company {name:?} in {}", store.place())));
        }
        let mut all = companies::list(reader.session(), COMPANIES_NAMED).await?;
        match all.len() {
            0 => Err(callers_fault(format!(
                "{} has no company yet; create one with `evenhand init`",
                store.place()
            ))),
            1 => Ok(all.remove(0)),
            _ => {
                let names: Vec<String> = all.into_iter().map(|company| company.name).collect();
                Err(callers_fault(format!(
                    "there are several companies; say which with --company: {}",
                    names.join(", ")
                )))
            }
        }
    }
}
