//! What leads are found by: their terms, as `domain::lead_list::terms` makes them of name, e-mail and number.
//!
//! They are written with the lead, renewed with its name, e-mail or number, and forgotten with it; the doctor compares.

use crate::{
    boxed,
    error::Result,
    limits::staged_rows,
    params,
    session::Session,
    sql,
    stage::{Stage, StageType::Int, StageType::Text},
    value::{Row, Value},
};
use domain::{
    ids::{CompanyId, LeadId},
    lead_list::{name_key, terms},
};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Terms on their way in or out.
pub static STAGE_TERMS: Stage =
    Stage { name: "stage_terms", columns: &[("term", Text), ("lead_id", Int)], key: "term, lead_id" };

sql! {
    // In the order of the key, so that neighbours fall on one page.
    INSERT_STAGED = "INSERT INTO lead_terms (company_id, term, lead_id)
        SELECT $1, s.term, s.lead_id FROM stage_terms s ORDER BY s.term, s.lead_id";
    DELETE_STAGED = "DELETE FROM lead_terms WHERE (company_id, term, lead_id) IN
        (SELECT CAST($1 AS BIGINT) AS company_id, s.term /*pg COLLATE \"C\"*/, s.lead_id FROM stage_terms s)";
    SET_NAME_KEY = "UPDATE leads SET name_key = $3 WHERE company_id = $1 AND id = $2 AND name_key <> $3";
    ALL_LEADS = "SELECT id, name_key, first_name, last_name, email, phone FROM leads WHERE company_id = $1 AND id > $2
        ORDER BY id LIMIT $3";
    ALL_TERMS = "SELECT term, lead_id FROM lead_terms WHERE company_id = $1";
    CLEAR = "DELETE FROM lead_terms WHERE company_id = $1";
}

/// What a lead's terms are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// First name.
    pub first_name: String,
    /// Last name, or nothing.
    pub last_name: String,
    /// E-mail as typed.
    pub email: Option<String>,
    /// E.164.
    pub phone: String,
}

impl Person {
    fn name_key(&self) -> String {
        name_key(&self.first_name, &self.last_name)
    }

    fn terms_of(&self, lead: LeadId) -> Vec<Term> {
        let terms = terms(&self.name_key(), self.email.as_deref(), &self.phone);
        terms.into_iter().map(|term| (term, lead)).collect()
    }
}

/// Writes the terms of new leads.
#[boxed]
pub(crate) async fn insert(session: &mut Session, company: CompanyId, terms: &[Term]) -> Result<()> {
    stage(session, terms).await?;
    session.execute(&INSERT_STAGED, params![company]).await?;
    Ok(())
}

/// Renews what a lead is found and sorted by, after a change of its name, e-mail or number.
#[boxed]
pub async fn renew(
    session: &mut Session,
    company: CompanyId,
    lead: LeadId,
    before: &Person,
    after: &Person,
) -> Result<()> {
    let (old, new) = (before.terms_of(lead), after.terms_of(lead));
    let gone: Vec<Term> = old.iter().filter(|term| !new.contains(term)).cloned().collect();
    let come: Vec<Term> = new.iter().filter(|term| !old.contains(term)).cloned().collect();
    if !gone.is_empty() {
        delete(session, company, &gone).await?;
    }
    if !come.is_empty() {
        insert(session, company, &come).await?;
    }
    session.execute(&SET_NAME_KEY, params![company, lead, &after.name_key()]).await?;
    Ok(())
}

/// Forgets leads that are about to be deleted, or whose person is about to be erased.
#[boxed]
pub async fn forget(session: &mut Session, company: CompanyId, leads: &[(LeadId, Person)]) -> Result<()> {
    let gone: Vec<Term> = leads.iter().flat_map(|(lead, person)| person.terms_of(*lead)).collect();
    delete(session, company, &gone).await
}

/// What a comparison of leads and terms finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Compared {
    /// Leads whose name key is not that of their name.
    pub(crate) name_keys_off: u64,
    /// Terms that are kept.
    pub(crate) kept: u64,
    /// Terms that the leads should have.
    pub(crate) expected: u64,
    /// Whether they are the same ones.
    pub(crate) same: bool,
}

/// Makes every term anew and compares, in memory that does not grow: the hashes of both sides are added up.
#[boxed]
pub(crate) async fn compare(session: &mut Session, company: CompanyId) -> Result<Compared> {
    let mut found = Compared::default();
    let (mut sum_kept, mut sum_expected) = (0_u64, 0_u64);
    session
        .each(&ALL_TERMS, params![company], |row| {
            found.kept += 1;
            sum_kept = sum_kept.wrapping_add(hash(&(row.get::<String>(0)?, row.get(1)?)));
            Ok(())
        })
        .await?;
    session
        .each(&ALL_LEADS, params![company, i64::MIN, i64::MAX], |row| {
            let (lead, name_key, person) = read_person(row)?;
            found.name_keys_off += u64::from(name_key != person.name_key());
            for term in person.terms_of(lead) {
                found.expected += 1;
                sum_expected = sum_expected.wrapping_add(hash(&term));
            }
            Ok(())
        })
        .await?;
    found.same = found.kept == found.expected && sum_kept == sum_expected;
    Ok(found)
}

/// Makes every term and name key of a company anew.
#[boxed]
pub(crate) async fn rewrite(session: &mut Session, company: CompanyId) -> Result<()> {
    session.execute(&CLEAR, params![company]).await?;
    let mut after = i64::MIN;
    let rows_max = staged_rows(session.engine()) as i64;
    loop {
        let some = session.rows(&ALL_LEADS, params![company, after, rows_max], read_person).await?;
        let Some((last, ..)) = some.last() else { return Ok(()) };
        after = last.0;
        for (lead, name_key, person) in &some {
            if *name_key != person.name_key() {
                session.execute(&SET_NAME_KEY, params![company, *lead, &person.name_key()]).await?;
            }
        }
        let terms: Vec<Term> = some.iter().flat_map(|(lead, _, person)| person.terms_of(*lead)).collect();
        insert(session, company, &terms).await?;
    }
}

/// A term and the lead that has it.
pub(crate) type Term = (String, LeadId);

async fn delete(session: &mut Session, company: CompanyId, terms: &[Term]) -> Result<()> {
    stage(session, terms).await?;
    session.execute(&DELETE_STAGED, params![company]).await?;
    Ok(())
}

async fn stage(session: &mut Session, terms: &[Term]) -> Result<()> {
    session.stage(&STAGE_TERMS, terms.iter().map(|(term, lead)| [Value::from(term), (*lead).into()])).await?;
    Ok(())
}

fn read_person(row: &Row<'_>) -> Result<(LeadId, String, Person)> {
    let person =
        Person { first_name: row.get(2)?, last_name: row.get(3)?, email: row.get(4)?, phone: row.get(5)? };
    Ok((row.get(0)?, row.get(1)?, person))
}

fn hash(term: &Term) -> u64 {
    let mut hasher = DefaultHasher::new();
    term.hash(&mut hasher);
    hasher.finish()
}
