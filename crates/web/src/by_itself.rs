//! Work that a person starts and that may take longer than they wait: it goes on by itself, whatever becomes of the
//! browser.

use crate::error::{Error, Result};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a page waits for its end, well within what browsers and proxies do.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// What is said when it takes longer.
pub const GOES_ON: &str = "This takes a while. It goes on by itself, also when you leave this page.";

/// Does the work on a task of its own and answers what came of it. None: it takes longer than the patience, and goes on;
/// what it does is found where it is recorded, and an error in the log.
pub async fn by_itself<T: Send + 'static>(
    patience: Duration,
    work: impl Future<Output = actions::Result<T>> + Send + 'static,
) -> Result<Option<T>> {
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        if let Err(Err(error)) = tell.send(work.await) {
            tracing::error!(%error, "work that nobody waited for any more failed");
        }
    });
    match tokio::time::timeout(patience, told).await {
        Ok(Ok(done)) => Ok(Some(done?)),
        Ok(Err(_)) => Err(Error::Fault("the work panicked".into())),
        Err(_) => Ok(None),
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
            assert_eq!(by_itself(PATIENCE, async { Ok(7) }).await.expect("done"), Some(7));
            let refused: Result<Option<()>> =
                by_itself(PATIENCE, async { Err(actions::Error::Refused("no".into())) }).await;
            assert!(refused.is_err());
            let panicked: Result<Option<()>> = by_itself(PATIENCE, async { panic!("on purpose") }).await;
            assert!(panicked.is_err());
        });
    }

    #[test]
    fn it_goes_on_when_nobody_waits_any_more() {
        runtime().block_on(async {
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
                    answer = by_itself(patience, work) => assert_eq!(answer.expect("no error"), None),
                    begun = begun => begun.expect("it begins"),
                }
                lets_go.send(()).expect("it is still there");
                ended.await.expect("it ends");
            }
        });
    }
}
