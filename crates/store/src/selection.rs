//! Leads that somebody has chosen: how they are now, and what happened to those that changed.

use crate::{
    assign::read_place,
    error::Result,
    params,
    session::Session,
    sql,
    stage::{Stage, StageType::Int},
    value::Value,
};
use domain::{
    ids::{CompanyId, ImportId, LeadId, StatusId},
    time::Moment,
    viewer::LeadPlace,
};

/// Leads that somebody has chosen.
pub static STAGE_CHOSEN: Stage = Stage { name: "stage_chosen", columns: &[("lead_id", Int)], key: "lead_id" };

sql! {
    CHOSEN = "SELECT l.id, l.version, l.status_id, l.owner_id, l.branch_id, l.department_id, u.branch_id, u.department_id,
            l.import_id
        FROM stage_chosen t CROSS JOIN leads l
        LEFT JOIN users u ON u.company_id = $1 AND u.id = l.owner_id
        WHERE l.company_id = $1 AND l.id = t.lead_id
        ORDER BY t.lead_id";
    // Entries that only add raise no version: they are not what a conflict is about.
    LAST_CHANGES = "SELECT e.lead_id, e.at_ms, e.kind, a.name FROM stage_chosen t CROSS JOIN lead_events e
        LEFT JOIN users a ON a.company_id = $1 AND a.id = e.actor_id
        WHERE e.company_id = $1 AND e.lead_id = t.lead_id AND e.entry = (
            SELECT MAX(x.entry) FROM lead_events x WHERE x.company_id = $1 AND x.lead_id = t.lead_id
                AND x.kind NOT IN ('note', 'tagged', 'untagged'))
        ORDER BY t.lead_id";
}

/// A chosen lead as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    /// Which.
    pub lead: LeadId,
    /// Its version.
    pub version: i64,
    /// Its status.
    pub status: StatusId,
    /// Whose it is and where it belongs: what decides who may see it.
    pub place: LeadPlace,
    /// The import that brought it, where that was looked at.
    pub import: Option<ImportId>,
}

/// The leads with these identifiers, each named once, in the order of ids; not locked. Who is not there is missing.
pub async fn chosen(
    session: &mut Session,
    company: CompanyId,
    leads: impl Iterator<Item = LeadId> + Send,
) -> Result<Vec<Chosen>> {
    stage(session, leads).await?;
    session
        .rows(&CHOSEN, params![company], |row| {
            Ok(Chosen {
                lead: row.get(0)?,
                version: row.get(1)?,
                status: row.get(2)?,
                place: read_place(row, 3)?,
                import: row.get(8)?,
            })
        })
        .await
}

/// Stages chosen leads, each named once.
pub(crate) async fn stage(session: &mut Session, leads: impl Iterator<Item = LeadId> + Send) -> Result<u64> {
    session.stage(&STAGE_CHOSEN, leads.map(|lead| [Value::from(lead)])).await
}

/// What somebody last did to a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastChange {
    /// Which lead.
    pub lead: LeadId,
    /// When.
    pub at: Moment,
    /// What they did: the kind of the timeline's entry.
    pub kind: String,
    /// Who; none for the product itself.
    pub by: Option<String>,
}

/// When leads last changed, how, and by whom: what a conflict tells (R24). In the order of ids.
pub async fn last_changes(
    session: &mut Session,
    company: CompanyId,
    leads: impl Iterator<Item = LeadId> + Send,
) -> Result<Vec<LastChange>> {
    if stage(session, leads).await? == 0 {
        return Ok(Vec::new());
    }
    session
        .rows(&LAST_CHANGES, params![company], |row| {
            Ok(LastChange { lead: row.get(0)?, at: row.get(1)?, kind: row.get(2)?, by: row.get(3)? })
        })
        .await
}
