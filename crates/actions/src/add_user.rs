//! A new user of a company.

use crate::{
    edit_user::{PersonField, Stop, at},
    error::{Error, Result},
    password,
};
use domain::{
    email::Email,
    ids::{BranchId, CompanyId, DepartmentId, RoleId, UserId},
    text::{clean_within, fold},
    time::Moment,
};
use store::{
    Session, Store, boxed,
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

/// What came of it. A refusal is an answer that a form can show beside its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserAdded {
    /// Done.
    Done(UserId),
    /// It cannot be; nothing was changed.
    Refused {
        /// What is to be mended.
        field: PersonField,
        /// Why, and what to do.
        why: String,
    },
}

/// Adds the user.
#[boxed]
pub async fn add_user(store: &Store, company: CompanyId, new: NewUser, now: Moment) -> Result<UserAdded> {
    // First, since it is slow on purpose: nobody waits for the writer meanwhile.
    let hash = match &new.password {
        None => None,
        Some(password) => match password::hash(password).await {
            Ok(hash) => Some(hash),
            Err(Error::Refused(why)) => return Ok(UserAdded::Refused { field: PersonField::Password, why }),
            Err(error) => return Err(error),
        },
    };
    let added = store
        .write(move |session| {
            Box::pin(async move { add(session, company, &new, hash.as_deref(), now).await })
        })
        .await;
    match added {
        Ok(user) => Ok(UserAdded::Done(user)),
        Err(Stop::At(field, why)) => Ok(UserAdded::Refused { field, why }),
        Err(Stop::Error(error)) => Err(error),
        Err(Stop::NotFound) => Err(Error::Fault("a user who is to be added cannot be found".into())),
    }
}

async fn add(
    session: &mut Session,
    company: CompanyId,
    new: &NewUser,
    password_hash: Option<&str>,
    now: Moment,
) -> Result<UserId, Stop> {
    let name = name(&new.name)?;
    let cap = new.cap.map(cap).transpose()?;
    let role = role(session, company, &new.role).await?;
    if users::by_email(session, company, new.email.as_str()).await?.is_some() {
        return Err(email_is_taken(&new.email));
    }
    let branch = label(session, company, Label::Branch, new.branch.as_deref()).await;
    let department = label(session, company, Label::Department, new.department.as_deref()).await;
    let user = users::NewUser {
        name: &name,
        email: new.email.as_str(),
        role,
        branch: branch.map_err(|error| at(PersonField::Branch, error))?.map(BranchId),
        department: department.map_err(|error| at(PersonField::Department, error))?.map(DepartmentId),
        cap,
        password_hash,
    };
    Ok(users::insert(session, company, &user, now).await?)
}

/// The name of a person, tidy.
pub(crate) fn name(typed: &str) -> Result<String, Stop> {
    let name = clean_within(typed, "the name", NAME_CHARS_MAX)
        .map_err(|error| Stop::At(PersonField::Name, error.to_string()))?;
    if name.is_empty() {
        return Err(Stop::At(PersonField::Name, "the user needs a name".into()));
    }
    Ok(name.into_owned())
}

/// A lead cap that can be.
pub(crate) fn cap(cap: i64) -> Result<i64, Stop> {
    if (0..=CAP_MAX).contains(&cap) {
        return Ok(cap);
    }
    let why = format!("a lead cap is a number from 0 to {CAP_MAX}, or nothing for no limit");
    Err(Stop::At(PersonField::Cap, why))
}

/// The role with this name, in any case.
#[boxed]
pub(crate) async fn role(session: &mut Session, company: CompanyId, name: &str) -> Result<RoleId, Stop> {
    let known = roles::list(session, company).await?;
    if let Some(role) = known.iter().find(|role| fold(&role.name) == fold(name)) {
        return Ok(role.id);
    }
    let names: Vec<&str> = known.iter().map(|role| role.name.as_str()).collect();
    let why = format!("there is no role {name:?}; the roles are {}", names.join(", "));
    Err(Stop::At(PersonField::Role, why))
}

pub(crate) fn email_is_taken(email: &Email) -> Stop {
    let why = format!("there is a user with the e-mail {} already", email.as_str());
    Stop::At(PersonField::Email, why)
}

/// The branch or department with this name, made if it is new; none for no name.
#[boxed]
pub(crate) async fn label(
    session: &mut Session,
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
