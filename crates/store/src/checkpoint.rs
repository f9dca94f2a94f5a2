//! Folding the log of a long write back into the embedded database, beside the writer.
//!
//! SQLite does it at the end of the commit that finds the log long, and whoever writes next waits for it: after a run of
//! 100,000 leads a tenth of a second. For a long write a thread with a connection of its own does it instead, as
//! long as the log is short. Every short commit still folds what it finds, so that the log does not grow for good.

use rusqlite::Connection;
use std::{path::Path, sync::mpsc, thread::JoinHandle};

/// Pages of the log from which on a commit folds it, as SQLite has it by default.
const LONG_LOG: u32 = 1_000;

/// Bytes of the log from which on no commit leaves it to the thread: what the log is cut to when it begins anew.
pub(crate) const LEFT_MAX: u64 = 64 << 20;

/// Bytes of the log of this database.
pub(crate) fn log_of(database: &Path) -> u64 {
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).map_or(0, |log| log.len())
}

/// The thread; it ends, its work done, when this is dropped.
pub(crate) struct Checkpointer {
    asked: Option<mpsc::SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Folds through this connection from now on.
    pub(crate) fn start(connection: Connection) -> std::io::Result<Checkpointer> {
        // One that is asked while it works looks once more; a second wish would find nothing left.
        let (asked, wishes) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name("checkpointer".into()).spawn(move || {
            while wishes.recv().is_ok() {
                if let Err(error) = fold(&connection) {
                    tracing::debug!(%error, "the log could not be folded; the next commit will try");
                }
            }
        })?;
        Ok(Checkpointer { asked: Some(asked), thread: Some(thread) })
    }

    /// Folds what is in the log now, without making anybody wait.
    pub(crate) fn ask(&self) {
        if let Some(asked) = &self.asked {
            let _ = asked.try_send(());
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.asked = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whether commits of this connection fold the log. If that cannot be changed it stays as it is, which costs time alone.
pub(crate) fn let_commits_fold(connection: &Connection, fold: bool) {
    let pages = if fold { LONG_LOG } else { 0 };
    // The pragma answers with what holds now.
    if let Err(error) = connection.pragma_update_and_check(None, "wal_autocheckpoint", pages, |_| Ok(())) {
        tracing::warn!(%error, "the engine keeps to how it folds its log");
    }
}

/// Passive: it takes what no reader needs any more in the log, and waits for nobody.
fn fold(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_commit_leaves_its_log_to_the_checkpointer() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("evenhand.db");
        let open = || Connection::open(&file).expect("a connection");
        let writer = open();
        writer
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE leads (name TEXT)")
            .expect("a database");
        let size = || std::fs::metadata(&file).expect("a file").len();
        let empty = size();
        let_commits_fold(&writer, false);
        let long = format!("INSERT INTO leads VALUES (hex(zeroblob({})))", 2 * LONG_LOG * 4_096);
        writer.execute_batch(&long).expect("a long write");
        assert_eq!(size(), empty, "the commit itself folded the log");

        let checkpointer = Checkpointer::start(open()).expect("a thread");
        checkpointer.ask();
        drop(checkpointer);
        assert!(size() > u64::from(LONG_LOG) * 4_096, "nobody folded the log");

        let_commits_fold(&writer, true);
        let before = size();
        writer.execute_batch(&long).expect("a long write");
        assert!(size() > before, "the next commit does not fold it any more");
    }
}
