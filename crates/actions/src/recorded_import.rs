//! The life of an import: its record, its lease, its work, and how it ended.
//!
//! The record says *running* before the first row is read, and the import holds a lease that dies with its process. So
//! whoever looks at the list, on any node, knows of a running record whether somebody still works on it. However the
//! import ends, its record says so: brought in by the browser or at the command line, done, failed or cancelled.

use crate::{
    error::{Error, Result},
    import_leads::{Chosen, Clock, Import, Imported, Progress, import_as_chosen},
};
use domain::{
    ids::{CompanyId, ImportId},
    lead_file::Target,
    time::Moment,
};
use std::{io::Read, sync::Arc};
use store::{
    Store, boxed,
    ids::Kind,
    imports,
    lease::Lease,
    work::{Work, WorkId},
};

/// An import whose record is open.
#[must_use = "nobody else does it"]
pub struct Begun {
    record: ImportId,
    work: Work,
    lease: Lease,
}

/// Opens the record. Whoever goes away before the import has ended leaves one that the next who looks closes as
/// interrupted.
#[boxed]
pub async fn begin(store: &Store, import: &Import, now: Moment) -> Result<Begun> {
    let company = import.company;
    let record: ImportId = store
        .write(|session| {
            Box::pin(async move { Ok::<_, Error>(ImportId(session.new_id(Kind::Import).await?)) })
        })
        .await?;
    // The lease comes before the record, so that nobody finds a running record without one.
    let Some(lease) = store.try_import_lease(company, record).await? else {
        return Err(Error::Fault("a new import is locked by somebody else".into()));
    };
    let (file_name, actor) = (import.file_name.clone(), import.viewer.actor());
    let opened: store::Result<()> = store
        .write(move |session| {
            Box::pin(async move { imports::open(session, company, record, &file_name, actor, now).await })
        })
        .await;
    opened?;
    Ok(Begun { record, work: store.begin_work(company, WorkId::Import(record)), lease })
}

impl Begun {
    /// Its record.
    pub fn record(&self) -> ImportId {
        self.record
    }

    /// Reads the file and brings its leads in. Whoever gets an error has it [`written`](Self::failed).
    pub(crate) async fn bring(
        &self,
        store: &Store,
        file: impl Read + Send + 'static,
        import: Import,
        columns: Option<Vec<Target>>,
        clock: Clock,
        progress: Arc<dyn Fn(Progress) + Send + Sync>,
    ) -> Result<Imported> {
        let chosen = Chosen { columns, record: Some(self.record), watch: Some(self.work.watch()) };
        import_as_chosen(store, file, import, chosen, clock, progress).await
    }

    /// Writes down that it failed, or that somebody wished it to stop.
    #[boxed]
    pub(crate) async fn failed(&self, store: &Store, company: CompanyId, error: &Error, now: Moment) {
        let asked = self.work.watch().asked();
        let (import, why) = (self.record, error.for_people());
        if !error.is_the_callers() {
            tracing::error!(%import, %error, "an import failed");
        }
        // Patiently: how it ended is not lost because somebody else is writing for long.
        let closed: store::Result<()> = store
            .write_long(move |session| {
                Box::pin(async move {
                    if let Some(asked) = asked {
                        imports::ask_to_stop(session, company, import, asked).await?;
                    }
                    imports::fail(session, company, import, now, &why).await
                })
            })
            .await;
        if let Err(error) = closed {
            // Who looks at the list finds the record open and its lease free.
            tracing::error!(%import, %error, "the failure of an import could not be recorded");
        }
    }

    /// The record is closed: from here on a lease would say nothing.
    #[boxed]
    pub(crate) async fn end(self) {
        drop(self.work);
        self.lease.release().await;
    }

    /// Does it, and gives the lease back.
    pub async fn finish(
        self,
        store: &Store,
        file: impl Read + Send + 'static,
        import: Import,
        clock: Clock,
        progress: Arc<dyn Fn(Progress) + Send + Sync>,
    ) -> Result<Imported> {
        let company = import.company;
        let done = self.bring(store, file, import, None, Arc::clone(&clock), progress).await;
        if let Err(error) = &done {
            self.failed(store, company, error, clock()).await;
        }
        self.end().await;
        done
    }
}
