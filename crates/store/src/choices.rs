//! What the filters of a list offer to choose from.

use crate::{
    agents, boxed,
    error::Result,
    labels::Label,
    params,
    session::{Ask, Session},
    value::Row,
};
use domain::ids::{CompanyId, UserId};

/// Identifiers and names, each list by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// Who may own leads or still does, banned users too; empty where nobody asked for them.
    pub owners: Vec<(UserId, String)>,
    /// Tags.
    pub tags: Vec<(i64, String)>,
    /// Sources.
    pub sources: Vec<(i64, String)>,
    /// Branches.
    pub branches: Vec<(i64, String)>,
}

/// The first of each kind, up to `rows_max`.
#[boxed]
pub async fn choices(
    session: &mut Session,
    company: CompanyId,
    with_owners: bool,
    rows_max: i64,
) -> Result<Choices> {
    let mut choices = Choices::default();
    let Choices { owners, tags, sources, branches } = &mut choices;
    let params = params![company, rows_max];
    let mut into =
        [(Label::Tag, tags), (Label::Source, sources), (Label::Branch, branches)].map(|(label, list)| {
            (label, move |row: &Row<'_>| {
                list.push((row.get(0)?, row.get(1)?));
                Ok(())
            })
        });
    let mut see_owner = |row: &Row<'_>| {
        owners.push((row.get(0)?, row.get(1)?));
        Ok(())
    };
    let mut asks: Vec<Ask<'_>> =
        into.iter_mut().map(|(label, see)| Ask { sql: label.all(), params, see }).collect();
    if with_owners {
        asks.push(Ask { sql: &agents::NAMES, params, see: &mut see_owner });
    }
    session.together(&mut asks).await?;
    drop(asks);
    Ok(choices)
}
