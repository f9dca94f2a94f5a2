//! Imports that run in this process: begun by a page, left, and found again.
//!
//! Whoever looks at the list, on any node, knows of a running record whether somebody still works on it (see
//! [`recorded_import`]), and closes it as interrupted if not: an import is one transaction, so nothing of it is there.
//! How far it is, only its own process knows.

use crate::{
    error::{Error, Result},
    import_leads::{Clock, Import, Progress},
    preview_import::{Preview, preview_import},
    recorded_import::{self, Begun},
    uploads::{Taken, UploadToken, Uploads},
};
use domain::{
    ids::{CompanyId, ImportId},
    lead_file::Target,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use store::{
    Store, boxed,
    changes::{Change, Topic},
    imports::{self, ImportRecord, ImportState},
};
use tokio::sync::watch;

/// Imports of one company that may run in one process at once.
pub const RUNNING_MAX: usize = 4;

const INTERRUPTED: &str = "interrupted: the process that did it ended before it was done; nothing of it is there, so import the file again.";

/// The imports of this process. Cheap to clone.
#[derive(Clone)]
pub struct Imports(Arc<Inner>);

struct Inner {
    store: Store,
    uploads: Uploads,
    clock: Clock,
    running: Mutex<HashMap<ImportId, (CompanyId, Standing)>>,
    /// How many begin or run.
    busy: watch::Sender<usize>,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Bytes of the file that were read and judged.
    pub bytes_read: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Rows that were written.
    pub rows_written: u64,
    /// Rows to write; 0 while the file is read.
    pub rows: u64,
}

impl Standing {
    /// From 0 to 100: one half for reading, one for writing.
    pub fn percent(&self) -> u64 {
        let half = |done: u64, all: u64| (done.min(all) * 50).checked_div(all).unwrap_or(0);
        half(self.bytes_read, self.bytes) + half(self.rows_written, self.rows)
    }

    fn with(self, progress: Progress) -> Standing {
        match progress {
            Progress::Read(bytes_read) => Standing { bytes_read, ..self },
            Progress::Written(rows_written, rows) => {
                Standing { bytes_read: self.bytes, rows_written, rows, ..self }
            }
        }
    }
}

/// An import with what is known of it here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What is recorded.
    pub record: ImportRecord,
    /// How far it is, if it runs in this process.
    pub standing: Option<Standing>,
}

impl Imports {
    /// None is running yet.
    pub fn new(store: Store, uploads: Uploads, clock: Clock) -> Imports {
        Imports(Arc::new(Inner {
            store,
            uploads,
            clock,
            running: Mutex::default(),
            busy: watch::Sender::new(0),
        }))
    }

    /// The files that wait.
    pub fn uploads(&self) -> &Uploads {
        &self.0.uploads
    }

    /// What the import of a waiting file would bring; see [`preview_import`].
    #[boxed]
    pub async fn preview(
        &self,
        token: &UploadToken,
        import: &Import,
        columns: Option<Vec<Target>>,
    ) -> Result<Option<Preview>> {
        preview_import(&self.0.store, &self.0.uploads, token, import, columns).await
    }

    /// Begins to import a waiting file and answers its record at once; the import goes on by itself, and what comes of
    /// it stands in the record. None: there is no such file for this person, or its import has begun already.
    ///
    /// It begins whether or not somebody waits for the answer: who has gone away finds it in the list.
    #[boxed]
    pub async fn start(
        &self,
        token: &UploadToken,
        import: Import,
        columns: Option<Vec<Target>>,
    ) -> Result<Option<ImportId>> {
        let (busy, token) = (Busy::new(self), token.clone());
        tokio::spawn(async move { busy.0.clone().begin(busy, &token, import, columns).await })
            .await
            .map_err(|error| Error::Fault(format!("the import could not begin: {error}")))?
    }

    async fn begin(
        self,
        busy: Busy,
        token: &UploadToken,
        mut import: Import,
        columns: Option<Vec<Target>>,
    ) -> Result<Option<ImportId>> {
        let company = import.company;
        let of_company = self.running().values().filter(|(whose, _)| *whose == company).count();
        if of_company >= RUNNING_MAX {
            return Err(Error::Refused(format!(
                "{RUNNING_MAX} imports of your company are running; wait until one of them is done"
            )));
        }
        let now = (self.0.clock)();
        let Some(taken) = self.0.uploads.take(company, import.viewer, token, now)? else { return Ok(None) };
        import.file_name.clone_from(&taken.waiting.file_name);
        let begun = recorded_import::begin(&self.0.store, &import, now).await?;
        let record = begun.record();
        let standing = Standing { bytes: taken.waiting.bytes, ..Standing::default() };
        self.running().insert(record, (company, standing));
        let entry = Entry { imports: self.clone(), import: record };
        tokio::spawn(async move {
            entry.run(&begun, taken, import, columns).await;
            drop(entry);
            begun.end().await;
            drop(busy);
        });
        Ok(Some(record))
    }

    /// Waits until none runs in this process any more.
    #[boxed]
    pub async fn finished(&self) {
        // It fails only where there is nobody left who could begin one.
        let _ = self.0.busy.subscribe().wait_for(|busy| *busy == 0).await;
    }

    /// How far an import is, if it runs in this process.
    pub fn standing(&self, company: CompanyId, import: ImportId) -> Option<Standing> {
        let running = self.running();
        running.get(&import).filter(|(whose, _)| *whose == company).map(|(_, standing)| *standing)
    }

    /// A page of the imports, newest first.
    #[boxed]
    pub async fn list(
        &self,
        company: CompanyId,
        below: Option<ImportId>,
        rows_max: i64,
    ) -> Result<Vec<Listed>> {
        let records = imports::list(self.0.store.read().await?.session(), company, below, rows_max).await?;
        let mut listed = Vec::with_capacity(records.len());
        for record in records {
            listed.push(self.look(company, record).await?);
        }
        Ok(listed)
    }

    /// One import.
    #[boxed]
    pub async fn one(&self, company: CompanyId, import: ImportId) -> Result<Option<Listed>> {
        let record = imports::one(self.0.store.read().await?.session(), company, import).await?;
        match record {
            Some(record) => Ok(Some(self.look(company, record).await?)),
            None => Ok(None),
        }
    }

    /// The record with its standing. One that says *running* although its process has died is closed (R11).
    async fn look(&self, company: CompanyId, record: ImportRecord) -> Result<Listed> {
        if record.state != ImportState::Running {
            return Ok(Listed { record, standing: None });
        }
        let import = record.id;
        let standing = self.standing(company, import);
        if standing.is_some() {
            return Ok(Listed { record, standing });
        }
        let Some(lease) = self.0.store.try_import_lease(company, import).await? else {
            return Ok(Listed { record, standing });
        };
        let now = (self.0.clock)();
        let closed: store::Result<()> = self
            .0
            .store
            .write(move |session| {
                Box::pin(async move { imports::fail(session, company, import, now, INTERRUPTED).await })
            })
            .await;
        lease.release().await;
        closed?;
        let closed = imports::one(self.0.store.read().await?.session(), company, import).await?;
        Ok(Listed { record: closed.unwrap_or(record), standing: None })
    }

    fn running(&self) -> MutexGuard<'_, HashMap<ImportId, (CompanyId, Standing)>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how far an import is, and tells it when it shows.
    fn note(&self, company: CompanyId, import: ImportId, progress: Progress) {
        let mut running = self.running();
        let Some((_, standing)) = running.get_mut(&import) else { return };
        let before = standing.percent();
        *standing = standing.with(progress);
        let shows = standing.percent() != before;
        drop(running);
        if shows {
            self.0.store.tell_here(Change::of(company, Topic::Imports));
        }
    }
}

/// An import that begins or runs, for whoever waits until there is none.
struct Busy(Imports);

impl Busy {
    fn new(imports: &Imports) -> Busy {
        imports.0.busy.send_modify(|busy| *busy += 1);
        Busy(imports.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.busy.send_modify(|busy| *busy -= 1);
    }
}

/// A running import in the list of them; whatever ends it takes it out.
struct Entry {
    imports: Imports,
    import: ImportId,
}

impl Entry {
    async fn run(&self, begun: &Begun, taken: Taken, import: Import, columns: Option<Vec<Target>>) {
        let (imports, id, company) = (self.imports.clone(), self.import, import.company);
        let Inner { store, clock, .. } = &*self.imports.0;
        let file = match taken.waiting.file.try_clone() {
            Ok(file) => file,
            Err(error) => {
                drop(taken);
                let error = Error::Fault(format!("the uploaded file could not be read: {error}"));
                return begun.failed(store, company, &error, clock()).await;
            }
        };
        let progress = Arc::new(move |progress| imports.note(company, id, progress));
        match begun.bring(store, file, import, columns, Arc::clone(clock), progress).await {
            Ok(_) => taken.forget(),
            Err(error) => {
                drop(taken); // it waits again before anybody reads that it does
                begun.failed(store, company, &error, clock()).await;
            }
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.imports.running().remove(&self.import);
    }
}
