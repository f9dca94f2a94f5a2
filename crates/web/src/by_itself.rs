//! Work that a person starts and that may take longer than they wait: it goes on by itself, whatever becomes of the
//! browser.

use crate::error::{Error, Result};
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// How long a page waits for its end: longer than a write waits for its turn, so that *busy* is heard, and shorter than
/// browsers and proxies wait.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// What is said when it takes longer.
pub const GOES_ON: &str = "This takes a while, or waits for its turn. It goes on by itself, also when you leave this page, \
    and stands under Runs once it is done.";

/// Works at a time. Each is a transaction of its own, most of which wait.
const WORKS_MAX: u32 = 64;

/// The works of a site.
pub struct Works(Arc<Semaphore>);

impl Default for Works {
    fn default() -> Works {
        Works(Arc::new(Semaphore::new(WORKS_MAX as usize)))
    }
}

impl Works {
    /// A place for a work, kept until its end.
    pub fn place(&self) -> Result<OwnedSemaphorePermit> {
        let refused = "Too many changes are being made at once. Nothing was changed; try again in a moment.";
        Arc::clone(&self.0).try_acquire_owned().map_err(|_| Error::Refused(refused.into()))
    }

    /// Does the work on a task of its own and answers what came of it. None: it takes longer than the patience, and goes
    /// on; what it does is found where it is recorded, and an error in the log.
    pub async fn by_itself<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl Future<Output = actions::Result<T>> + Send + 'static,
    ) -> Result<Option<T>> {
        let place = self.place()?;
        let (tell, told) = oneshot::channel();
        tokio::spawn(async move {
            let done = work.await;
            drop(place);
            match tell.send(done) {
                Err(Err(error)) if error.is_the_callers() => {
                    tracing::info!(%error, "work that nobody waited for any more was refused");
                }
                Err(Err(error)) => tracing::error!(%error, "work that nobody waited for any more failed"),
                _ => {}
            }
        });
        match tokio::time::timeout(patience, told).await {
            Ok(Ok(done)) => Ok(Some(done?)),
            Ok(Err(_)) => Err(Error::Fault("the work panicked".into())),
            Err(_) => Ok(None),
        }
    }

    /// Returns when none is under way. None begins after that.
    pub async fn finished(&self) {
        if let Ok(all) = self.0.acquire_many(WORKS_MAX).await {
            all.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
    }

    #[test]
    fn what_came_of_it_is_answered() {
        runtime().block_on(async {
            let works = Works::default();
            assert_eq!(works.by_itself(PATIENCE, async { Ok(7) }).await.expect("done"), Some(7));
            let refused: Result<Option<()>> =
                works.by_itself(PATIENCE, async { Err(actions::Error::Refused("no".into())) }).await;
            assert!(refused.is_err());
            let panicked: Result<Option<()>> =
                works.by_itself(PATIENCE, async { panic!("on purpose") }).await;
            assert!(panicked.is_err());
        });
    }

    #[test]
    fn it_goes_on_when_nobody_waits_any_more() {
        runtime().block_on(async {
            let works = Works::default();
            for patience in [Duration::ZERO, PATIENCE] {
                let (begins, begun) = oneshot::channel();
                let (lets_go, gate) = oneshot::channel::<()>();
                let (ends, ended) = oneshot::channel();
                let work = async move {
                    begins.send(()).expect("the test listens");
                    gate.await.expect("the test speaks");
                    ends.send(()).expect("the test listens");
                    Ok(())
                };
                // Either it waits no longer, or the browser has gone and the page with it.
                tokio::select! {
                    answer = works.by_itself(patience, work) => assert_eq!(answer.expect("no error"), None),
                    begun = begun => begun.expect("it begins"),
                }
                lets_go.send(()).expect("it is still there");
                ended.await.expect("it ends");
            }
            works.finished().await;
            assert!(works.place().is_err(), "nothing begins after the end");
        });
    }
}
