//! An import: a file in, leads out, in one transaction (R8–R12).
//!
//! The whole file is read and judged first, into a spool on disk; then one transaction streams the good rows in. So a
//! file that breaks off changes nothing, other writers wait for the writing only, and memory does not grow with the file.

use crate::{
    assign_on_arrival::{Captured, assign_on_arrival},
    error::{Error, Result},
    lead_file::{
        self, Counts, FileError, Numbers, ReadFile,
        spool::{RowFailure, SpoolReader, SpooledRow},
    },
    recorded_import,
};
use domain::{
    ids::{BranchId, CompanyId, DepartmentId, ImportId, SourceId, StatusId},
    lead_file::{JudgeContext, Target},
    phone::Country,
    progress::Step,
    status::{StatusKind, StatusMark, Statuses},
    text::{clean_within, fold},
    time::Moment,
    viewer::Viewer,
};
use std::{
    collections::{BTreeMap, HashMap},
    io::Read,
    sync::Arc,
};
use store::{
    Session, Store, boxed, companies,
    ids::Kind,
    imports,
    labels::{self, Label},
    leads::{self, Capture, NewLead},
    limits, statistics, statuses,
    work::Watch,
};

/// New labels of one kind that a file may bring along; more are the sign of a column that was mapped wrongly.
pub const NEW_LABELS_MAX: usize = 1_000;

/// Where moments come from, for work that takes long.
pub type Clock = Arc<dyn Fn() -> Moment + Send + Sync>;

/// What to import, and as what.
#[derive(Debug, Clone)]
pub struct Import {
    /// Into which company.
    pub company: CompanyId,
    /// Who imports.
    pub viewer: Viewer,
    /// Whether they may convert leads: without it a row whose status is Customer is an error (R12).
    pub may_convert: bool,
    /// The file's name, for the record.
    pub file_name: String,
    /// Where numbers without a calling code are dialled.
    pub country: Country,
    /// For leads whose row names none.
    pub source: Option<String>,
    /// For leads whose row names none.
    pub branch: Option<String>,
    /// For leads whose row names none.
    pub department: Option<String>,
    /// Whether columns that map to nothing are kept with the lead.
    pub keeps_details: bool,
    /// How large the file may be.
    pub limits: lead_file::Limits,
}

/// How an import that was looked at before is to be done.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    /// What each column is used for; none = as its header says.
    pub columns: Option<Vec<Target>>,
    /// The record that was opened for it; none = it gets one with its leads, and leaves none if it fails.
    pub record: Option<ImportId>,
    /// What says that it is to stop.
    pub watch: Option<Watch>,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Bytes of the file read and judged.
    Read(u64),
    /// Rows written, of how many.
    Written(u64, u64),
}

/// What came of it.
#[derive(Debug)]
pub struct Imported {
    /// The record.
    pub import: ImportId,
    /// Leads that are new.
    pub imported: u64,
    /// Rows whose number was known, or stood in the file before.
    pub skipped: u64,
    /// How the rows of the file were judged.
    pub counts: Counts,
    /// Whose numbers they are.
    pub numbers: Numbers,
    /// The rows that were no leads.
    pub failures: SpoolReader<RowFailure>,
    /// Columns that map to nothing.
    pub extra_columns: Vec<String>,
}

/// Reads the file and brings its leads in, under a record that says so from the beginning.
pub async fn import_leads(
    store: &Store,
    file: impl Read + Send + 'static,
    import: Import,
    clock: Clock,
    progress: Arc<dyn Fn(Progress) + Send + Sync>,
) -> Result<Imported> {
    recorded_import::begin(store, &import, clock()).await?.finish(store, file, import, clock, progress).await
}

/// The same with columns mapped by hand, and with a record that is open already, or that comes with the leads.
pub async fn import_as_chosen(
    store: &Store,
    file: impl Read + Send + 'static,
    import: Import,
    chosen: Chosen,
    clock: Clock,
    progress: Arc<dyn Fn(Progress) + Send + Sync>,
) -> Result<Imported> {
    let known = statuses::list(store.read().await?.session(), import.company).await?;
    if let Some(watch) = &chosen.watch {
        watch.step(Step::Looking, 0).await?;
    }
    let file = Stoppable { file, watch: chosen.watch.clone() };
    let reading = read_and_judge(file, &import, chosen.columns, &known, Arc::clone(&progress));
    let read = match &chosen.watch {
        Some(watch) => {
            // A pipe may keep one waiting. Its thread ends when it has something to read.
            let read = watch.unless_asked(reading).await?;
            // This comes before what is wrong with the file: one that was not read on says nothing of itself.
            watch.step(Step::Waiting, 0).await?;
            read?
        }
        None => reading.await?,
    };
    let ReadFile { rows, mut failures, counts, columns, numbers, headers, .. } = read;
    let work = Work {
        import,
        record: chosen.record,
        counts,
        headers: serde_json::Value::from(headers).to_string(),
        clock,
    };
    let (id, imported, failures) = store
        .write_for(chosen.watch, move |session| {
            Box::pin(async move {
                let (id, imported) = write_rows(session, rows, &mut failures, work, progress).await?;
                Ok::<_, Error>((id, imported, failures))
            })
        })
        .await?;
    if imported >= statistics::NEW_LEADS_MIN
        && let Err(error) = store.look_at_leads_again().await
    {
        // The leads are there. Pages are slower for a while, until the server looks by itself.
        tracing::debug!(%error, "the server did not look at the leads again");
    }
    Ok(Imported {
        import: id,
        imported,
        skipped: counts.good - imported,
        counts,
        numbers,
        failures,
        extra_columns: columns.extra().map(|column| column.name.clone()).collect(),
    })
}

pub(crate) async fn read_and_judge(
    file: impl Read + Send + 'static,
    import: &Import,
    columns: Option<Vec<Target>>,
    known: &Statuses,
    progress: Arc<dyn Fn(Progress) + Send + Sync>,
) -> Result<ReadFile> {
    let may_convert = import.may_convert;
    let plan =
        lead_file::Plan {
            judge: JudgeContext {
                default_country: import.country,
                statuses: domain::lead_file::Statuses::new(known.iter().map(|status| {
                    (&status.name, status.id.0, may_convert || status.kind != StatusKind::Won)
                })),
            },
            columns,
            keeps_details: import.keeps_details,
        };
    let limits = import.limits.clone();
    let read = tokio::task::spawn_blocking(move || {
        lead_file::read_lead_file(file, &limits, &plan, |bytes| progress(Progress::Read(bytes)))
    })
    .await
    .map_err(|error| Error::Fault(format!("reading the file failed: {error}")))?;
    read.map_err(|error| match error {
        FileError::Spool(_) => Error::Fault(error.to_string()),
        error => Error::refused(error),
    })
}

/// A file that breaks off when its import is to stop.
struct Stoppable<R> {
    file: R,
    watch: Option<Watch>,
}

impl<R: Read> Read for Stoppable<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self.watch.as_ref().map(Watch::go_on) {
            Some(Err(cancelled)) => Err(std::io::Error::other(cancelled)),
            _ => self.file.read(into),
        }
    }
}

/// What the transaction needs beside the rows.
struct Work {
    import: Import,
    record: Option<ImportId>,
    counts: Counts,
    headers: String,
    clock: Clock,
}

async fn write_rows(
    session: &mut Session,
    mut rows: SpoolReader<SpooledRow>,
    failures: &mut SpoolReader<RowFailure>,
    work: Work,
    progress: Arc<dyn Fn(Progress) + Send + Sync>,
) -> Result<(ImportId, u64)> {
    let Work { import, record, counts, headers, clock } = work;
    let company = import.company;
    companies::lock_for_import(session, company).await?;
    // Read again, in this transaction: while it lasts nobody changes what is open, and what assignment gives.
    let known = statuses::list(session, company).await?;
    let now = clock();
    let actor = import.viewer.actor();
    let id = match record {
        Some(id) => id,
        None => imports::start(session, company, &import.file_name, actor, now).await?,
    };
    let capture = Capture { at: now, actor, import: Some(id), kind: "imported" };
    let mut labels = Labels::new(company);
    let defaults = Defaults {
        status: known.marked(StatusMark::Unassigned).id,
        branch: labels.id(session, Label::Branch, import.branch.as_deref()).await?,
        department: labels.id(session, Label::Department, import.department.as_deref()).await?,
        source: labels.id(session, Label::Source, import.source.as_deref()).await?,
    };
    let mut per_status: BTreeMap<StatusId, i64> = BTreeMap::new();
    let rows_max = limits::staged_rows(session.engine());
    let mut seen = 0;
    loop {
        let chunk =
            rows.by_ref().take(rows_max).collect::<std::io::Result<Vec<SpooledRow>>>().map_err(|error| {
                Error::Fault(format!("the rows could not be read back from the temporary file: {error}"))
            })?;
        if chunk.is_empty() {
            break;
        }
        seen += chunk.len() as u64;
        session.step(Step::Moving, seen).await?;
        let ids = session.new_ids(Kind::Lead, chunk.len()).await?;
        let mut new = Vec::with_capacity(chunk.len());
        for (id, row) in ids.into_iter().zip(chunk) {
            new.push(new_lead(session, &mut labels, &defaults, id, row).await?);
        }
        for (status, leads) in leads::insert_new(session, company, &new, capture).await? {
            *per_status.entry(status).or_default() += leads;
        }
        progress(Progress::Written(seen, counts.good));
    }
    let imported: i64 = per_status.values().sum();
    let deltas: Vec<_> = per_status.into_iter().collect();
    assign_on_arrival(session, company, &known, Captured::Import(id, import.viewer), clock()).await?;
    statuses::add_to_counts(session, company, id.0, &deltas).await?;
    keep_failures(session, company, id, failures).await?;
    let totals = imports::Totals {
        imported,
        skipped: counts.good as i64 - imported,
        errors: counts.failed as i64,
        headers: &headers,
    };
    session.step(Step::Closing, imported as u64).await?;
    // The moment at which it ends, not that at which it began: who looked at a list in between saw nothing of it (R24).
    if !imports::finish(session, company, id, clock(), totals).await? {
        return Err(Error::Fault(
            "another node took this import for dead and closed its record; nothing was changed".into(),
        ));
    }
    Ok((id, imported as u64))
}

/// The error rows go into the record, for download; the first of them, if there are very many.
async fn keep_failures(
    session: &mut Session,
    company: CompanyId,
    import: ImportId,
    failures: &mut SpoolReader<RowFailure>,
) -> Result<()> {
    let unreadable = |error: std::io::Error| {
        Error::Fault(format!("the error rows could not be read back from the temporary file: {error}"))
    };
    let rows_max = limits::staged_rows(session.engine());
    let mut left = lead_file::ERROR_ROWS_KEPT as usize;
    while left > 0 {
        let chunk = failures.by_ref().take(left.min(rows_max));
        let chunk = chunk.collect::<std::io::Result<Vec<RowFailure>>>().map_err(unreadable)?;
        if chunk.is_empty() {
            break;
        }
        left -= chunk.len();
        let rows: Vec<imports::ErrorRow> = chunk
            .into_iter()
            .map(|failure| imports::ErrorRow {
                record: failure.record,
                line: failure.line,
                code: failure.code,
                why: failure.why,
                cells: serde_json::Value::from(failure.cells).to_string(),
            })
            .collect();
        imports::add_errors(session, company, import, &rows).await?;
    }
    failures.rewind().map_err(unreadable)
}

/// What a row gets that does not say otherwise.
pub(crate) struct Defaults {
    pub(crate) status: StatusId,
    pub(crate) branch: Option<i64>,
    pub(crate) department: Option<i64>,
    pub(crate) source: Option<i64>,
}

/// A row as it is stored: names become identifiers.
#[boxed]
pub(crate) async fn new_lead(
    session: &mut Session,
    labels: &mut Labels,
    defaults: &Defaults,
    id: i64,
    row: SpooledRow,
) -> Result<NewLead> {
    let lead = row.lead;
    let mut tags = Vec::with_capacity(lead.tags.len());
    for tag in &lead.tags {
        tags.extend(labels.id(session, Label::Tag, Some(tag)).await?);
    }
    tags.sort_unstable();
    tags.dedup();
    let branch = labels.id(session, Label::Branch, lead.branch.as_deref()).await?;
    let department = labels.id(session, Label::Department, lead.department.as_deref()).await?;
    let source = labels.id(session, Label::Source, lead.source.as_deref()).await?;
    let country = lead.lead_country().map(|country| country.as_str().to_owned());
    let details = (!lead.details.is_empty()).then(|| {
        let object: serde_json::Map<_, _> =
            lead.details.iter().map(|detail| (detail.name.clone(), detail.value.clone().into())).collect();
        serde_json::Value::Object(object).to_string()
    });
    Ok(NewLead {
        id: id.into(),
        status: lead.status.map_or(defaults.status, StatusId),
        branch: branch.or(defaults.branch).map(BranchId),
        department: department.or(defaults.department).map(DepartmentId),
        source: source.or(defaults.source).map(SourceId),
        phone: lead.phone.as_str().to_owned(),
        phone_typed: lead.phone_typed,
        phone_doubtful: lead.phone_doubtful,
        first_name: lead.first_name,
        last_name: lead.last_name,
        email_doubtful: lead.email.as_ref().is_some_and(domain::email::EmailText::is_doubtful),
        email: lead.email.map(|email| email.as_str().to_owned()),
        country,
        details,
        tags,
    })
}

/// Names to identifiers, each looked up once; new ones are made.
pub(crate) struct Labels {
    company: CompanyId,
    known: HashMap<Label, HashMap<String, i64>>,
    new: HashMap<Label, usize>,
}

impl Labels {
    pub(crate) fn new(company: CompanyId) -> Labels {
        Labels { company, known: HashMap::new(), new: HashMap::new() }
    }

    async fn id(&mut self, session: &mut Session, label: Label, name: Option<&str>) -> Result<Option<i64>> {
        let Some(name) = name else { return Ok(None) };
        let name = clean_within(name, "the name of a branch, department, source or tag", 200)
            .map_err(Error::refused)?;
        if name.is_empty() {
            return Ok(None);
        }
        let folded = fold(&name);
        if let Some(id) = self.known.get(&label).and_then(|known| known.get(&folded)) {
            return Ok(Some(*id));
        }
        let id = if let Some(id) = labels::find(session, self.company, label, &name).await? {
            id
        } else {
            let new = self.new.entry(label).or_default();
            *new += 1;
            if *new > NEW_LABELS_MAX {
                return Err(Error::Refused(format!(
                    "the file names more than {NEW_LABELS_MAX} new {}; most likely a column is mapped wrongly",
                    match label {
                        Label::Branch => "branches",
                        Label::Department => "departments",
                        Label::Source => "sources",
                        Label::Tag => "tags",
                    }
                )));
            }
            labels::find_or_add(session, self.company, label, &name).await?
        };
        self.known.entry(label).or_default().insert(folded, id);
        Ok(Some(id))
    }
}
