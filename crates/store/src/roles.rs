//! Roles: what people may do and see (R13).

use crate::{boxed, error::Result, ids::Kind, params, session::Session, sql};
use domain::{
    ids::{CompanyId, RoleId},
    role::{DefaultRole, Scope},
    text::fold,
};

/// A role as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its identifier.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// What it sees.
    pub scope: Scope,
    /// Whether leads may be dealt to it.
    pub receives_leads: bool,
    /// What it may do, as `resource.action`.
    pub permissions: Vec<String>,
}

sql! {
    INSERT = "INSERT INTO roles (company_id, id, name, name_folded, scope, receives_leads, permissions)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    ALL = "SELECT id, name, scope, receives_leads, permissions FROM roles WHERE company_id = $1 ORDER BY id";
}

/// Adds one of the roles that a company starts with.
#[boxed]
pub async fn insert(session: &mut Session, company: CompanyId, role: &DefaultRole) -> Result<RoleId> {
    let id = RoleId(session.new_id(Kind::Role).await?);
    let permissions: Vec<&str> = role.permissions.iter().map(|permission| permission.word()).collect();
    let permissions = serde_json::to_string(&permissions).map_err(|e| crate::Error::Sql(e.to_string()))?;
    session
        .execute(
            &INSERT,
            params![
                company,
                id,
                role.name,
                &fold(role.name),
                role.scope.word(),
                role.receives_leads,
                &permissions
            ],
        )
        .await?;
    Ok(id)
}

/// All roles of a company, oldest first.
#[boxed]
pub async fn list(session: &mut Session, company: CompanyId) -> Result<Vec<Role>> {
    session
        .rows(&ALL, params![company], |row| {
            Ok(Role {
                id: row.get(0)?,
                name: row.get(1)?,
                scope: Scope::from_word(&row.get::<String>(2)?).unwrap_or(Scope::Own),
                receives_leads: row.get(3)?,
                permissions: serde_json::from_str(&row.get::<String>(4)?).unwrap_or_default(),
            })
        })
        .await
}
