//! What a new lead meets: who has its number already (R9).

use crate::{boxed, error::Result, params, session::Session, sql};
use domain::ids::{CompanyId, LeadId};

sql! {
    BY_PHONE = "SELECT id FROM leads WHERE company_id = $1 AND phone = $2";
}

/// The lead with this number in E.164, customers included.
#[boxed]
pub async fn by_phone(session: &mut Session, company: CompanyId, phone: &str) -> Result<Option<LeadId>> {
    session.optional(&BY_PHONE, params![company, phone], |row| row.get(0)).await
}
