//! Who asks. A handler that wants somebody signed in says so in its signature, and what they must be allowed to do too:
//! `May<LeadsAssign>`.

use crate::{
    error::{Error, Result},
    site::Site,
};
use actions::sign_in::{self, Token};
use axum::extract::FromRequestParts;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use domain::{
    role::Permission,
    time::{Moment, Zone},
    viewer::{Sight, Viewer},
};
use http::request::Parts;
use std::{marker::PhantomData, ops::Deref, sync::Arc};
use store::sessions;

/// The cookie that holds a session's token.
const COOKIE: &str = "evenhand_session";

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who, and of which company.
    pub who: sessions::SignedIn,
    /// What the session is known by.
    pub token: Token,
    /// When the request came.
    pub now: Moment,
    /// The company's clock.
    pub zone: Zone,
}

impl Deref for SignedIn {
    type Target = sessions::SignedIn;
    fn deref(&self) -> &sessions::SignedIn {
        &self.who
    }
}

impl SignedIn {
    /// As actions and lists know them.
    pub fn viewer(&self) -> Viewer {
        let who = &self.who;
        Viewer::User { id: who.user, scope: who.scope, branch: who.branch, department: who.department }
    }

    /// What they see.
    pub fn sight(&self) -> Sight {
        self.viewer().sight()
    }

    /// Whether the role allows it.
    pub fn may(&self, permission: Permission) -> bool {
        self.who.permissions.allow(permission)
    }
}

impl FromRequestParts<Arc<Site>> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<SignedIn> {
        let token = token(&CookieJar::from_headers(&parts.headers)).ok_or(Error::NotSignedIn)?;
        let now = site.now();
        let who = sign_in::who(&site.store, &token, now).await?.ok_or(Error::NotSignedIn)?;
        let zone = who.company.time_zone.parse();
        let zone = zone.map_err(|error| Error::Fault(format!("company {}: {error}", who.company.id)))?;
        Ok(SignedIn { who, token, now, zone })
    }
}

/// The token in the browser's cookies.
pub fn token(jar: &CookieJar) -> Option<Token> {
    Token::from_text(jar.get(COOKIE)?.value())
}

/// The cookies with this token in them; scripts do not see it, and it comes back to this site only.
pub fn remember(jar: CookieJar, token: &Token, site: &Site) -> CookieJar {
    let cookie = Cookie::build((COOKIE, token.as_text().to_owned()))
        .path("/")
        .http_only(true)
        .secure(site.https)
        .same_site(SameSite::Lax)
        .permanent();
    jar.add(cookie)
}

/// The cookies without it.
pub fn forget(jar: CookieJar) -> CookieJar {
    jar.remove(Cookie::build((COOKIE, "")).path("/"))
}

/// A permission as a type, for [`May`].
pub trait Needs {
    /// Which.
    const PERMISSION: Permission;
}

macro_rules! needs {
    ($($name:ident),+ $(,)?) => {$(
        #[doc = concat!("`", stringify!($name), "`, as a type.")]
        pub enum $name {}
        impl Needs for $name {
            const PERMISSION: Permission = Permission::$name;
        }
    )+};
}

needs!(
    LeadsView,
    LeadsAdd,
    LeadsEdit,
    LeadsAssign,
    LeadsImport,
    CustomersView,
    UsersView,
    UsersManage,
    SettingsManage,
    RunsView,
    RunsStart
);

/// Somebody who is signed in and whose role allows it; others are told that it does not.
pub struct May<P>(pub SignedIn, PhantomData<P>);

impl<P> Deref for May<P> {
    type Target = SignedIn;
    fn deref(&self) -> &SignedIn {
        &self.0
    }
}

impl<P: Needs> FromRequestParts<Arc<Site>> for May<P> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<May<P>> {
        let signed_in = SignedIn::from_request_parts(parts, site).await?;
        if signed_in.may(P::PERMISSION) { Ok(May(signed_in, PhantomData)) } else { Err(Error::Forbidden) }
    }
}
