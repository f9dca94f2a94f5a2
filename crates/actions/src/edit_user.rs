//! Changing who somebody is: name, e-mail, role, branch, department, lead cap.

use crate::{
    add_user::{CAP_MAX, NAME_CHARS_MAX, label},
    error::{Error, Result},
};
use domain::{
    email::Email,
    ids::{BranchId, CompanyId, DepartmentId, UserId},
    text::{clean_within, fold},
};
use store::{Session, Store, labels::Label, roles, users};

/// What to change; what is not named stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserEdit {
    /// Their name.
    pub name: Option<String>,
    /// Their e-mail, with which they sign in.
    pub email: Option<Email>,
    /// Their role's name.
    pub role: Option<String>,
    /// The lead cap; `Some(None)` = no limit.
    pub cap: Option<Option<i64>>,
    /// Their branch's name, made if it is new; `Some(None)` = none.
    pub branch: Option<Option<String>>,
    /// Their department's name, made if it is new; `Some(None)` = none.
    pub department: Option<Option<String>>,
}

/// What came of a change of a person. Refusals are answers that a form can show beside their field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonSaved {
    /// Done.
    Done,
    /// There is no such user.
    NotFound,
    /// It cannot be; nothing was changed.
    Refused {
        /// What is to be mended.
        field: PersonField,
        /// Why, and what to do.
        why: String,
    },
}

/// A field of the form of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonField {
    /// Their name.
    Name,
    /// Their e-mail.
    Email,
    /// Their role.
    Role,
    /// Their lead cap.
    Cap,
    /// Their branch.
    Branch,
    /// Their department.
    Department,
    /// Their password.
    Password,
    /// The ban.
    Ban,
}

/// Why nothing was changed: carried out of the transaction, so that it is rolled back.
pub(crate) enum Stop {
    NotFound,
    At(PersonField, String),
    Error(Error),
}

impl From<store::Error> for Stop {
    fn from(error: store::Error) -> Stop {
        Stop::Error(error.into())
    }
}

impl PersonSaved {
    pub(crate) fn of(done: Result<(), Stop>) -> Result<PersonSaved> {
        match done {
            Ok(()) => Ok(PersonSaved::Done),
            Err(Stop::NotFound) => Ok(PersonSaved::NotFound),
            Err(Stop::At(field, why)) => Ok(PersonSaved::Refused { field, why }),
            Err(Stop::Error(error)) => Err(error),
        }
    }
}

/// Changes the user.
pub async fn edit_user(
    store: &Store,
    company: CompanyId,
    user: UserId,
    edit: UserEdit,
) -> Result<PersonSaved> {
    let done =
        store.write(move |session| Box::pin(async move { change(session, company, user, edit).await }));
    PersonSaved::of(done.await)
}

/// Sets or lifts the lead cap.
pub async fn set_cap(
    store: &Store,
    company: CompanyId,
    user: UserId,
    cap: Option<i64>,
) -> Result<PersonSaved> {
    edit_user(store, company, user, UserEdit { cap: Some(cap), ..UserEdit::default() }).await
}

async fn change(session: &mut Session, company: CompanyId, user: UserId, edit: UserEdit) -> Result<(), Stop> {
    let may_lose_an_admin = edit.role.is_some() && is_admin(session, company, user).await?;
    if may_lose_an_admin {
        users::lock_all(session, company).await?;
    }
    let Some(mut facts) = users::facts(session, company, user).await? else { return Err(Stop::NotFound) };
    if let Some(name) = edit.name {
        let name = clean_within(&name, "the name", NAME_CHARS_MAX)
            .map_err(|error| Stop::At(PersonField::Name, error.to_string()))?;
        if name.is_empty() {
            return Err(Stop::At(PersonField::Name, "the user needs a name".into()));
        }
        facts.name = name.into_owned();
    }
    if let Some(email) = edit.email {
        let holder = users::by_email(session, company, email.as_str()).await?;
        if holder.is_some_and(|holder| holder != user) {
            let why = format!("there is a user with the e-mail {} already", email.as_str());
            return Err(Stop::At(PersonField::Email, why));
        }
        email.as_str().clone_into(&mut facts.email);
    }
    if let Some(name) = edit.role {
        let known = roles::list(session, company).await?;
        let Some(role) = known.iter().find(|role| fold(&role.name) == fold(&name)) else {
            let names: Vec<&str> = known.iter().map(|role| role.name.as_str()).collect();
            let why = format!("there is no role {name:?}; the roles are {}", names.join(", "));
            return Err(Stop::At(PersonField::Role, why));
        };
        facts.role = role.id;
    }
    if let Some(cap) = edit.cap {
        if cap.is_some_and(|cap| !(0..=CAP_MAX).contains(&cap)) {
            let why = format!("a lead cap is a number from 0 to {CAP_MAX}, or nothing for no limit");
            return Err(Stop::At(PersonField::Cap, why));
        }
        facts.cap = cap;
    }
    if let Some(name) = edit.branch {
        let found = label(session, company, Label::Branch, name.as_deref()).await;
        facts.branch = found.map_err(|error| at(PersonField::Branch, error))?.map(BranchId);
    }
    if let Some(name) = edit.department {
        let found = label(session, company, Label::Department, name.as_deref()).await;
        facts.department = found.map_err(|error| at(PersonField::Department, error))?.map(DepartmentId);
    }
    users::update(session, company, user, &facts).await?;
    if may_lose_an_admin {
        keep_an_admin(session, company, PersonField::Role).await?;
    }
    Ok(())
}

fn at(field: PersonField, error: Error) -> Stop {
    match error {
        Error::Refused(why) => Stop::At(field, why),
        error => Stop::Error(error),
    }
}

/// Whether somebody is one of the active admins: not banned, and of a role that manages users and roles of the whole
/// company, whatever it is called.
pub(crate) async fn is_admin(
    session: &mut Session,
    company: CompanyId,
    user: UserId,
) -> Result<bool, store::Error> {
    Ok(admins(session, company).await?.contains(&user))
}

/// R13: refuses what has left the company without an active admin. The users are locked, so that two admins cannot
/// take the role from each other at the same moment.
pub(crate) async fn keep_an_admin(
    session: &mut Session,
    company: CompanyId,
    field: PersonField,
) -> Result<(), Stop> {
    if !admins(session, company).await?.is_empty() {
        return Ok(());
    }
    let why = "the company would be left without an active admin; make somebody else an admin first";
    Err(Stop::At(field, why.into()))
}

async fn admins(session: &mut Session, company: CompanyId) -> Result<Vec<UserId>, store::Error> {
    let roles = roles::list(session, company).await?;
    let managing: Vec<_> = (roles.into_iter())
        .filter(|role| {
            let permissions: Vec<&str> = role.permissions.iter().map(String::as_str).collect();
            domain::role::is_admin(role.scope, &permissions)
        })
        .map(|role| role.id)
        .collect();
    users::active_with_roles(session, company, &managing).await
}
