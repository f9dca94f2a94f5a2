//! Ctrl-C in the middle of long work: it cancels, so that the record says so and not that a process died. Once more ends
//! the process at once, as it would have without this.

use crate::{clock, output};
use domain::ids::CompanyId;
use std::pin::pin;
use store::{
    Store,
    work::{Asked, Heard, WorkId},
};

/// What a shell takes for "ended by Ctrl-C": 128, and the number of the signal.
pub const STATUS: u8 = 130;

/// Whoever waits at the keyboard cancelled it, and nothing of it happened.
#[derive(Debug, thiserror::Error)]
#[error("cancelled; nothing was changed")]
pub struct Interrupted;

/// Listens to Ctrl-C from its making on.
pub struct Interrupts {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Interrupts {
    /// From here on Ctrl-C does nothing by itself.
    pub fn listen() -> std::io::Result<Interrupts> {
        Ok(Interrupts {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        let heard = self.signal.recv().await.is_some();
        #[cfg(not(unix))]
        let heard = tokio::signal::ctrl_c().await.is_ok();
        if !heard {
            std::future::pending::<()>().await;
        }
    }

    /// Opens the record of work, which on a file that somebody else writes to may take a while. Nothing can be cancelled
    /// yet, and nothing has been done, so Ctrl-C ends the process.
    pub async fn opening<T>(
        &mut self,
        opening: impl Future<Output = actions::Result<T>>,
    ) -> actions::Result<T> {
        tokio::select! {
            biased; // what is open has an owner from then on
            opened = opening => opened,
            () = self.next() => {
                output::complain(&Interrupted.to_string());
                ends_at_once();
            }
        }
    }

    /// Does work whose record is open.
    pub async fn cancel<T>(
        mut self,
        store: &Store,
        company: CompanyId,
        work: WorkId,
        doing: impl Future<Output = actions::Result<T>>,
    ) -> anyhow::Result<T> {
        let mut doing = pin!(doing);
        let mut asked = false;
        let done = loop {
            tokio::select! {
                biased; // it has begun before somebody can wish that it stop
                done = &mut doing => break done,
                () = self.next() => {
                    if asked {
                        ends_at_once();
                    }
                    asked = true;
                    let by_whom = Asked { by: None, at: clock::now() };
                    output::say(match store.ask_to_stop(company, work, by_whom) {
                        Heard::InTime => "Cancelling. Ctrl-C once more ends it at once.",
                        Heard::TooLate | Heard::NotHere => "It is too late to cancel: it is done in this moment.",
                    });
                }
            }
        };
        // What comes now is told, and may be long.
        tokio::spawn(async move {
            self.next().await;
            ends_at_once();
        });
        match done {
            Err(actions::Error::Store(store::Error::Cancelled)) if asked => Err(Interrupted.into()),
            done => Ok(done?),
        }
    }
}

/// The record says *running*; whoever looks at it next finds that nobody does it any more.
fn ends_at_once() -> ! {
    std::process::exit(STATUS.into())
}
