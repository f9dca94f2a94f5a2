//! Changing who somebody is: name, e-mail, role, branch, department, lead cap.

use crate::{
    add_user::{self, label},
    error::{Error, Result},
    password,
};
use domain::{
    email::Email,
    ids::{BranchId, CompanyId, DepartmentId, UserId},
};
use store::{
    Session, Store, boxed,
    labels::Label,
    roles,
    sessions::{self, TokenHash},
    users,
};

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
    /// Another password.
    pub password: Option<NewPassword>,
}

/// Another password; every session of the user ends with the old one.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPassword {
    /// The password.
    pub text: String,
    /// The session that stays: that of somebody who changes their own.
    pub except: Option<TokenHash>,
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPassword(…)")
    }
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

/// Changes the user: all that is named, or nothing.
#[boxed]
pub async fn edit_user(
    store: &Store,
    company: CompanyId,
    user: UserId,
    edit: UserEdit,
) -> Result<PersonSaved> {
    // First, since it is slow on purpose: nobody waits for the writer meanwhile.
    let hash = match &edit.password {
        None => None,
        Some(password) => match hashed(&password.text).await? {
            Ok(hash) => Some(hash),
            Err(refused) => return Ok(refused),
        },
    };
    let done =
        store.write(move |session| Box::pin(async move { change(session, company, user, edit, hash).await }));
    PersonSaved::of(done.await)
}

/// Sets or lifts the lead cap.
#[boxed]
pub async fn set_cap(
    store: &Store,
    company: CompanyId,
    user: UserId,
    cap: Option<i64>,
) -> Result<PersonSaved> {
    edit_user(store, company, user, UserEdit { cap: Some(cap), ..UserEdit::default() }).await
}

/// The PHC string of a new password, or why it is none.
#[boxed]
pub(crate) async fn hashed(password: &str) -> Result<Result<String, PersonSaved>> {
    match password::hash(password).await {
        Ok(hash) => Ok(Ok(hash)),
        Err(Error::Refused(why)) => Ok(Err(PersonSaved::Refused { field: PersonField::Password, why })),
        Err(error) => Err(error),
    }
}

async fn change(
    session: &mut Session,
    company: CompanyId,
    user: UserId,
    edit: UserEdit,
    hash: Option<String>,
) -> Result<(), Stop> {
    let may_lose_an_admin = edit.role.is_some() && is_admin(session, company, user).await?;
    if may_lose_an_admin {
        users::lock_all(session, company).await?;
    }
    let Some(mut facts) = users::facts(session, company, user).await? else { return Err(Stop::NotFound) };
    if let Some(name) = edit.name {
        facts.name = add_user::name(&name)?;
    }
    if let Some(email) = edit.email {
        let holder = users::by_email(session, company, email.as_str()).await?;
        if holder.is_some_and(|holder| holder != user) {
            return Err(add_user::email_is_taken(&email));
        }
        email.as_str().clone_into(&mut facts.email);
    }
    if let Some(name) = edit.role {
        facts.role = add_user::role(session, company, &name).await?;
    }
    if let Some(cap) = edit.cap {
        facts.cap = cap.map(add_user::cap).transpose()?;
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
    if let Some(hash) = hash {
        users::set_password_hash(session, company, user, &hash).await?;
        let except = edit.password.and_then(|password| password.except);
        sessions::end_all(session, company, user, except.as_ref()).await?;
    }
    if may_lose_an_admin {
        keep_an_admin(session, company, PersonField::Role).await?;
    }
    Ok(())
}

pub(crate) fn at(field: PersonField, error: Error) -> Stop {
    match error {
        Error::Refused(why) => Stop::At(field, why),
        error => Stop::Error(error),
    }
}

/// Whether somebody is one of the active admins: not banned, and of a role that manages users and roles of the whole
/// company, whatever it is called.
#[boxed]
pub(crate) async fn is_admin(
    session: &mut Session,
    company: CompanyId,
    user: UserId,
) -> Result<bool, store::Error> {
    Ok(admins(session, company).await?.contains(&user))
}

/// R13: refuses what has left the company without an active admin. The users are locked, so that two admins cannot
/// take the role from each other at the same moment.
#[boxed]
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
