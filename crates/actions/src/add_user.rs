//! A new user of a company.

use crate::{
    error::{Error, Result},
    password,
};
use domain::{
    email::Email,
    ids::{BranchId, CompanyId, DepartmentId, UserId},
    text::{clean_within, fold},
    time::Moment,
};
use store::{
    Store,
    labels::{self, Label},
    roles, users,
};

/// Who is to be added.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Their name.
    pub name: String,
    /// Their e-mail.
    pub email: Email,
    /// Their role's name.
    pub role: String,
    /// The lead cap; none = no limit.
    pub cap: Option<i64>,
    /// Their branch's name; made if it is new.
    pub branch: Option<String>,
    /// Their department's name; made if it is new.
    pub department: Option<String>,
    /// Their password; without one they cannot sign in yet.
    pub password: Option<String>,
}

/// The largest lead cap that can be set; a larger queue is not a queue.
pub const CAP_MAX: i64 = 1_000_000;

/// The longest name.
pub const NAME_CHARS_MAX: usize = 200;

/// Adds the user.
pub async fn add_user(store: &Store, company: CompanyId, new: NewUser, now: Moment) -> Result<UserId> {
    let name = clean_within(&new.name, "the name", NAME_CHARS_MAX).map_err(Error::refused)?.into_owned();
    if name.is_empty() {
        return Err(Error::refused("the user needs a name"));
    }
    if new.cap.is_some_and(|cap| !(0..=CAP_MAX).contains(&cap)) {
        return Err(Error::Refused(format!(
            "a lead cap is a number from 0 to {CAP_MAX}, or nothing for no limit"
        )));
    }
    let hash = match &new.password {
        Some(password) => Some(password::hash(password).await?),
        None => None,
    };
    store
        .write(move |session| {
            Box::pin(async move {
                let known = roles::list(session, company).await?;
                let Some(role) = known.iter().find(|role| fold(&role.name) == fold(&new.role)) else {
                    let names: Vec<&str> = known.iter().map(|role| role.name.as_str()).collect();
                    return Err(Error::Refused(format!(
                        "there is no role {:?}; the roles are {}",
                        new.role,
                        names.join(", ")
                    )));
                };
                if users::by_email(session, company, new.email.as_str()).await?.is_some() {
                    return Err(Error::Refused(format!(
                        "there is a user with the e-mail {} already",
                        new.email.as_str()
                    )));
                }
                let branch = label(session, company, Label::Branch, new.branch.as_deref()).await?;
                let department =
                    label(session, company, Label::Department, new.department.as_deref()).await?;
                let user = users::NewUser {
                    name: &name,
                    email: new.email.as_str(),
                    role: role.id,
                    branch: branch.map(BranchId),
                    department: department.map(DepartmentId),
                    cap: new.cap,
                    password_hash: hash.as_deref(),
                };
                Ok(users::insert(session, company, &user, now).await?)
            })
        })
        .await
}

/// The branch or department with this name, made if it is new; none for no name.
pub(crate) async fn label(
    session: &mut store::Session,
    company: CompanyId,
    label: Label,
    name: Option<&str>,
) -> Result<Option<i64>> {
    let Some(name) = name else { return Ok(None) };
    let name = clean_within(name, "the name of a branch or department", 200).map_err(Error::refused)?;
    if name.is_empty() {
        return Ok(None);
    }
    Ok(Some(labels::find_or_add(session, company, label, &name).await?))
}
