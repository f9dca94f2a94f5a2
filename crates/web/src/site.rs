//! What every page needs: the store, the clock, chance, and the few things a process remembers. Of these only the files
//! that wait for their import would be missed by another process on the same database.

use crate::{
    by_itself::{PATIENCE, Works},
    error::{Error, Result},
};
use actions::{
    running_imports::Imports,
    uploads::{UploadLimits, Uploads},
};
use domain::time::Moment;
use governor::{Quota, RateLimiter, state::keyed::HashMapStateStore};
use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use store::Store;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

/// Passwords that are checked at the same time: each takes 19 MiB and a core for a moment.
const CHECKS_MAX: usize = 2;
/// How long somebody waits for such a check before hearing *busy*.
const CHECK_WAIT: Duration = Duration::from_secs(10);
/// Tries of one e-mail that are answered at once …
const TRIES_AT_ONCE: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");
/// … and how often another one is, after these.
const TRY_AGAIN: Duration = Duration::from_secs(6);
/// E-mails whose tries are remembered.
const TRIED_MAX: usize = 10_000;
/// The longest e-mail that is looked at (RFC 5321).
const EMAIL_BYTES_MAX: usize = 320;

/// Where the present moment comes from.
pub type Clock = Arc<dyn Fn() -> Moment + Send + Sync>;
/// Where new random bytes come from.
pub type Chance = Arc<dyn Fn() -> actions::Result<[u8; 32]> + Send + Sync>;

/// How the site is set up.
pub struct Settings {
    /// The database.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// Chance.
    pub chance: Chance,
    /// Asked on the first-run page, while there is no company yet.
    pub first_run_token: Option<String>,
    /// Bytes that an uploaded file may have.
    pub upload_bytes_max: u64,
    /// Browsers come in by https, so cookies are for https only.
    pub https: bool,
}

/// What every page needs.
pub struct Site {
    /// The database.
    pub store: Store,
    /// Files that wait, and imports that run.
    pub imports: Imports,
    /// What people have started and may not wait for.
    pub works: Works,
    pub(crate) chance: Chance,
    pub(crate) https: bool,
    clock: Clock,
    first_run_token: Mutex<Option<String>>,
    tries: Tries,
    checks: Semaphore,
    closing: watch::Sender<bool>,
}

type Tries = RateLimiter<String, HashMapStateStore<String>, governor::clock::MonotonicClock>;

impl Site {
    /// A site with these settings.
    pub fn new(settings: Settings) -> actions::Result<Arc<Site>> {
        let limits = UploadLimits { bytes_max: settings.upload_bytes_max, ..UploadLimits::default() };
        let uploads = Uploads::beside(&settings.store, limits)?;
        let imports = Imports::new(settings.store.clone(), uploads, Arc::clone(&settings.clock));
        let quota =
            Quota::with_period(TRY_AGAIN).expect("six seconds are not none").allow_burst(TRIES_AT_ONCE);
        Ok(Arc::new(Site {
            store: settings.store,
            imports,
            works: Works::default(),
            chance: settings.chance,
            https: settings.https,
            clock: settings.clock,
            first_run_token: Mutex::new(settings.first_run_token),
            tries: RateLimiter::hashmap(quota),
            checks: Semaphore::new(CHECKS_MAX),
            closing: watch::channel(false).0,
        }))
    }

    /// Ends the streams, which would otherwise never end: the service is about to.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Does a change on a task of its own, and waits for it as long as a page may. None: it goes on.
    pub(crate) async fn by_itself<T: Send + 'static, F>(
        &self,
        change: impl FnOnce(Store) -> F,
    ) -> Result<Option<T>>
    where
        F: Future<Output = actions::Result<T>> + Send + 'static,
    {
        self.works.by_itself(PATIENCE, change(self.store.clone())).await
    }

    /// The present moment.
    pub fn now(&self) -> Moment {
        (self.clock)()
    }

    /// Whether this e-mail may be tried once more at this time. What cannot be an e-mail may not, nor may a new one while
    /// more are being tried than can be remembered.
    pub(crate) fn may_try(&self, email: &str) -> bool {
        if email.len() > EMAIL_BYTES_MAX {
            return false;
        }
        if self.tries.len() >= TRIED_MAX {
            self.tries.retain_recent();
            if self.tries.len() >= TRIED_MAX {
                return false;
            }
        }
        self.tries.check_key(&domain::text::fold(email)).is_ok()
    }

    /// The same for somebody who is signed in and gives their own password once more: strangers cannot use it up.
    pub(crate) fn may_try_again(&self, user: domain::ids::UserId) -> bool {
        self.may_try(&format!("user {user}"))
    }

    /// A turn for checking a password.
    pub(crate) async fn turn_for_a_check(&self) -> Result<SemaphorePermit<'_>, Error> {
        match tokio::time::timeout(CHECK_WAIT, self.checks.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Error::busy()),
        }
    }

    /// Whether this is the token that opens the first-run page.
    pub(crate) fn opens_first_run(&self, token: &str) -> bool {
        let expected = self.first_run_token.lock().unwrap_or_else(PoisonError::into_inner);
        expected.as_deref().is_some_and(|expected| {
            // Not stopping at the first difference: the time it takes says nothing.
            expected.len() == token.len()
                && expected.bytes().zip(token.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
        })
    }

    /// The token has done its work.
    pub(crate) fn close_first_run(&self) {
        *self.first_run_token.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
