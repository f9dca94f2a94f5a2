//! Signing in and out (R16). An e-mail may belong to several companies; each has its own password.
//!
//! A token is 32 random bytes that only the browser keeps; the database has its hash.

use crate::{
    error::{Error, Result},
    password,
};
use domain::{
    ids::{CompanyId, UserId},
    text::hexadecimal,
    time::Moment,
};
use sha2::{Digest, Sha256};
use store::{
    Store, boxed,
    sessions::{self, Door, NewSession, SignedIn, TokenHash},
};

/// Days after which a session that nobody uses ends.
pub const IDLE_DAYS: i64 = 30;
/// Minutes in which somebody who belongs to several companies says which.
const CHOICE_MINUTES: i64 = 5;
/// How often a session's use is written down.
const SEEN_MINUTES: i64 = 10;
/// Characters kept of what a browser says it is.
const BROWSER_CHARS_MAX: usize = 200;

/// The secret of a session, as the browser's cookie has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// From random bytes, which nobody else has seen.
    pub fn from_random(bytes: [u8; 32]) -> Token {
        Token(hexadecimal(&bytes))
    }

    /// From a cookie or a form; none when it has not the form of a token.
    pub fn from_text(text: &str) -> Option<Token> {
        (text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())).then(|| Token(text.to_owned()))
    }

    /// For the cookie.
    pub fn as_text(&self) -> &str {
        &self.0
    }

    /// What the database knows of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash(hexadecimal(&Sha256::digest(self.0.as_bytes())))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Who wants in.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Their e-mail, in any case.
    pub email: String,
    /// Their password.
    pub password: String,
    /// What the browser says it is.
    pub browser: String,
    /// When.
    pub now: Moment,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInAnswer {
    /// In.
    In(Token),
    /// The e-mail and the password fit several companies: ask which. Each has a token that opens it within minutes.
    Which(Vec<(String, Token)>),
    /// The e-mail or the password is wrong; which of them is not said.
    Wrong,
    /// The password is right, and the user is banned.
    Banned,
}

/// Signs in. `random` gives new random bytes at each call.
#[boxed]
pub async fn sign_in(
    store: &Store,
    who: SignIn,
    random: &(dyn Fn() -> Result<[u8; 32]> + Send + Sync),
) -> Result<SignInAnswer> {
    let doors = sessions::doors(store.read().await?.session(), &who.email).await?;
    let mut open: Vec<Door> = Vec::new();
    if doors.is_empty() {
        password::verify(None, &who.password).await?;
    }
    for door in doors {
        if password::verify(door.password_hash.clone(), &who.password).await? {
            open.push(door);
        }
    }
    if open.is_empty() {
        return Ok(SignInAnswer::Wrong);
    }
    open.retain(|door| !door.banned);
    if open.is_empty() {
        return Ok(SignInAnswer::Banned);
    }
    let several = open.len() > 1;
    let expires_at = if several { minutes_after(who.now, CHOICE_MINUTES) } else { idle_end(who.now) };
    let browser: String = who.browser.chars().take(BROWSER_CHARS_MAX).collect();
    let mut new = Vec::with_capacity(open.len());
    for door in open {
        let token = Token::from_random(random()?);
        let session = NewSession {
            token: token.hash(),
            company: door.company,
            user: door.user,
            at: who.now,
            expires_at,
            browser: browser.clone(),
        };
        new.push((door, token, session));
    }
    let mut tokens = start_if_still_open(store, who.email, new, who.now).await?;
    Ok(match tokens.pop() {
        None => SignInAnswer::Wrong,
        Some((_, token)) if !several => SignInAnswer::In(token),
        last => SignInAnswer::Which(tokens.into_iter().chain(last).collect()),
    })
}

/// Opens the sessions of the doors that are as they were. Checking a password takes its time: in the meantime it may
/// have been changed, which signs out everywhere, or its user banned.
async fn start_if_still_open(
    store: &Store,
    email: String,
    new: Vec<(Door, Token, NewSession)>,
    now: Moment,
) -> Result<Vec<(String, Token)>> {
    store
        .write(move |session| {
            Box::pin(async move {
                sessions::sweep(session, now).await?;
                let mut opened = Vec::with_capacity(new.len());
                for (door, token, new) in new {
                    if sessions::still_opens(session, &email, &door).await? {
                        sessions::start(session, &new).await?;
                        opened.push((door.company_name, token));
                    }
                }
                Ok(opened)
            })
        })
        .await
}

/// Opens a session for a user who has just been made, and is the one who asks.
#[boxed]
pub async fn sign_in_first(
    store: &Store,
    company: CompanyId,
    user: UserId,
    token: &Token,
    browser: &str,
    now: Moment,
) -> Result<()> {
    let browser = browser.chars().take(BROWSER_CHARS_MAX).collect();
    let new = NewSession { token: token.hash(), company, user, at: now, expires_at: idle_end(now), browser };
    store
        .write(move |session| {
            Box::pin(async move {
                sessions::sweep(session, now).await?;
                Ok(sessions::start(session, &new).await?)
            })
        })
        .await
}

/// The choice among several companies was made: the session stays.
#[boxed]
pub async fn choose_company(store: &Store, token: &Token, now: Moment) -> Result<bool> {
    let hash = token.hash();
    if sessions::find(store.read().await?.session(), &hash, now).await?.is_none() {
        return Ok(false);
    }
    store
        .write(move |session| {
            Box::pin(async move { Ok(sessions::seen(session, &hash, now, idle_end(now)).await?) })
        })
        .await
        .map(|()| true)
}

/// The user behind a token. A session in use stays open; that it is used is written down now and then.
#[boxed]
pub async fn who(store: &Store, token: &Token, now: Moment) -> Result<Option<SignedIn>> {
    let hash = token.hash();
    let Some(found) = sessions::find(store.read().await?.session(), &hash, now).await? else {
        return Ok(None);
    };
    if now.0 - found.seen_at.0 > SEEN_MINUTES * 60_000 {
        // Nobody waits for this: an import may have the writer for a minute. What is not written down now is at the
        // next request.
        let store = store.clone();
        tokio::spawn(async move {
            let kept: Result<()> = store
                .write(move |session| {
                    Box::pin(async move { Ok(sessions::seen(session, &hash, now, idle_end(now)).await?) })
                })
                .await;
            if let Err(error) = kept {
                tracing::debug!(%error, "the use of a session could not be written down");
            }
        });
    }
    Ok(Some(found))
}

/// Ends the session.
#[boxed]
pub async fn sign_out(store: &Store, token: &Token) -> Result<()> {
    let hash = token.hash();
    store
        .write(move |session| Box::pin(async move { Ok::<_, Error>(sessions::end(session, &hash).await?) }))
        .await
}

/// Ends one of a user's own sessions, or all but the one that asks.
#[boxed]
pub async fn end_own_sessions(
    store: &Store,
    company: CompanyId,
    user: UserId,
    asking: &Token,
    which: Option<String>,
) -> Result<()> {
    let asking = asking.hash();
    store
        .write(move |session| {
            Box::pin(async move {
                match which {
                    Some(hash) => {
                        sessions::end_one(session, company, user, &TokenHash(hash)).await?;
                    }
                    None => {
                        sessions::end_all(session, company, user, Some(&asking)).await?;
                    }
                }
                Ok(())
            })
        })
        .await
}

fn idle_end(now: Moment) -> Moment {
    minutes_after(now, IDLE_DAYS * 24 * 60)
}

fn minutes_after(now: Moment, minutes: i64) -> Moment {
    Moment(now.0 + minutes * 60_000)
}
