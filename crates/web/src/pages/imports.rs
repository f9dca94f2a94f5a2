//! Importing a list: upload, how it reads, the import with its progress, the result, the past ones (R8–R12).

use crate::{
    by_itself::GOES_ON,
    error::{Error, Result},
    frame::{self, Item, Visit},
    links,
    pages::running::CANCEL_PATIENCE,
    parts::{
        Button, Choice, Field, Toast, Tone,
        data::heading,
        import::{
            MappedColumn, Outcome, PastImport, Preview as Shown, Progress, RowProblem, past,
            preview as preview_part, progress, tabs, upload,
        },
    },
    signed_in::{LeadsImport, May, SignedIn},
    site::Site,
    words::{moment, number, sentence},
};
use actions::{
    cancel_import::{CancelImport, cancel_import},
    cancelling::Cancelling,
    import_errors::error_file,
    import_leads::Import,
    lead_file,
    preview_import::{Preview, Reason},
    running_imports::Listed,
    undo_import::{Undone, is_theirs, undo_import},
    uploads::UploadToken,
};
use axum::{
    body::{Body, Bytes},
    extract::{Multipart, Path, State},
    response::{IntoResponse, Response},
};
use axum_extra::extract::Form;
use domain::{
    ids::ImportId,
    lead_file::{COLUMNS_MAX, Field as FileField, Target},
    phone::Country,
    role::Permission,
    sentence as sentences,
};
use futures_util::{StreamExt, stream};
use http::{StatusCode, header};
use maud::{Markup, html};
use std::{collections::HashMap, sync::Arc};
use store::{
    imports::{ImportRecord, ImportState},
    labels::{self, Label},
    work::WorkId,
};

/// Past imports on the page.
const PAST: i64 = 30;
/// Rows that are not leads, shown one by one.
const PROBLEMS_SHOWN: usize = 10;
/// Names that are proposed for all leads of a file.
const PROPOSED_MAX: i64 = 500;

/// The page: the form that takes a file, and the imports of the past.
pub async fn page(State(site): State<Arc<Site>>, who: May<LeadsImport>, visit: Visit) -> Result<Response> {
    shown(&site, &who, &visit, None).await
}

async fn shown(site: &Site, who: &SignedIn, visit: &Visit, refused: Option<&str>) -> Result<Response> {
    let list = site.imports.list(who.company.id, None, PAST).await?;
    let past_imports: Vec<PastImport> = list.iter().map(|listed| past_import(listed, who)).collect();
    let bytes_max = bytes(site.imports.uploads().limits().bytes_max);
    let main = html! {
        (heading("Add leads", None, &html! {}))
        (tabs(links::imports(), links::new_lead(), true))
        (upload(links::imports(), &bytes_max, refused))
        div.imports #imports data-live="import" hx-get=(links::imports()) hx-trigger="live" hx-target="this" hx-select="#imports" hx-swap="outerMorph" {
            (past(&past_imports))
        }
    };
    let page = frame::page(visit, who, Item::Leads, "Import leads", &main);
    Ok(if refused.is_some() { (StatusCode::UNPROCESSABLE_ENTITY, page).into_response() } else { page })
}

fn bytes(bytes: u64) -> String {
    match bytes {
        _ if bytes >= 1 << 30 && bytes.is_multiple_of(1 << 30) => format!("{} GiB", bytes >> 30),
        _ if bytes >= 1 << 20 => format!("{} MiB", bytes >> 20),
        _ => format!("{bytes} bytes"),
    }
}

/// Takes the file, piece by piece, and goes on to how it reads.
pub async fn take(
    State(site): State<Arc<Site>>,
    who: May<LeadsImport>,
    visit: Visit,
    mut form: Multipart,
) -> Result<Response> {
    let broken = || Error::Refused("The upload broke off; nothing was imported. Send the file again.".into());
    while let Some(mut part) = form.next_field().await.map_err(|_| broken())? {
        let Some(name) = part.file_name().map(str::to_owned).filter(|name| !name.is_empty()) else {
            continue;
        };
        let begun = site.imports.uploads().begin(who.company.id, who.viewer(), &name, who.now);
        let mut uploading = match begun {
            Ok(uploading) => uploading,
            Err(actions::Error::Refused(why)) => {
                return shown(&site, &who, &visit, Some(&sentence(&why))).await;
            }
            Err(error) => return Err(error.into()),
        };
        while let Some(piece) = part.chunk().await.map_err(|_| broken())? {
            match uploading.write(&piece) {
                Ok(()) => {}
                Err(actions::Error::Refused(why)) => {
                    return shown(&site, &who, &visit, Some(&sentence(&why))).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        let token = uploading.finish()?;
        return Ok(frame::go_on(&links::upload(token.as_str())));
    }
    shown(&site, &who, &visit, Some("Choose a file first.")).await
}

/// What the form of the preview carries: a target for each column, and what holds for all leads.
#[derive(Debug, Clone, Default)]
struct Chosen {
    /// `column-3` → the name of a field, `detail` or `ignore`.
    columns: HashMap<usize, String>,
    keeps_details: bool,
    country: String,
    source: String,
    branch: String,
    department: String,
}

impl Chosen {
    fn read(pairs: Vec<(String, String)>) -> Chosen {
        let mut chosen = Chosen::default();
        for (name, value) in pairs {
            match name.as_str() {
                "details" => chosen.keeps_details = value == "on",
                "country" => chosen.country = value,
                "source" => chosen.source = value,
                "branch" => chosen.branch = value,
                "department" => chosen.department = value,
                column => {
                    let place = column.strip_prefix("column-").and_then(|place| place.parse().ok());
                    // A form may say anything; a file has so many columns at the most.
                    if let Some(place) = place.filter(|place| *place < COLUMNS_MAX) {
                        chosen.columns.insert(place, value);
                    }
                }
            }
        }
        chosen
    }

    /// The targets of all columns; none if the form says nothing of them.
    fn targets(&self) -> Option<Vec<Target>> {
        if self.columns.is_empty() {
            return None;
        }
        let count = self.columns.keys().max().map_or(0, |last| last + 1);
        let target = |place| self.columns.get(&place).map_or(Target::Detail, |word| target_of(word));
        Some((0..count).map(target).collect())
    }

    fn import(&self, site: &Site, who: &SignedIn) -> Result<Import> {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let country = some(&self.country).unwrap_or_else(|| who.company.country.clone());
        Ok(Import {
            company: who.company.id,
            viewer: who.viewer(),
            may_convert: who.may(Permission::LeadsConvert),
            file_name: String::new(),
            country: Country::from_code(&country)
                .map_err(|error| Error::Refused(sentence(&error.to_string())))?,
            source: some(&self.source),
            branch: some(&self.branch),
            department: some(&self.department),
            keeps_details: self.keeps_details,
            limits: lead_file::Limits {
                file_bytes_max: site.imports.uploads().limits().bytes_max,
                spool_dir: site.store.folder().map(std::path::Path::to_owned),
                ..Default::default()
            },
        })
    }
}

/// What a column can become, with the words of the form.
const FIELDS: [(FileField, &str); 11] = [
    (FileField::FirstName, "First name"),
    (FileField::LastName, "Last name"),
    (FileField::FullName, "Full name"),
    (FileField::Phone, "Phone"),
    (FileField::Email, "E-mail"),
    (FileField::Status, "Status"),
    (FileField::Tags, "Tags"),
    (FileField::Branch, "Branch"),
    (FileField::Department, "Department"),
    (FileField::Country, "Country"),
    (FileField::Source, "Source"),
];

fn target_of(word: &str) -> Target {
    match FIELDS.iter().find(|(field, _)| field.name() == word) {
        Some((field, _)) => Target::Field(*field),
        None if word == "ignore" => Target::Ignore,
        None => Target::Detail,
    }
}

/// How the file reads.
pub async fn preview(
    State(site): State<Arc<Site>>,
    who: May<LeadsImport>,
    visit: Visit,
    Path(token): Path<String>,
) -> Result<Response> {
    let chosen = Chosen { keeps_details: true, ..Chosen::default() };
    read_again(&site, &who, &visit, &token, chosen).await
}

/// How it reads with other columns.
pub async fn preview_again(
    State(site): State<Arc<Site>>,
    who: May<LeadsImport>,
    visit: Visit,
    Path(token): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response> {
    read_again(&site, &who, &visit, &token, Chosen::read(pairs)).await
}

async fn read_again(
    site: &Site,
    who: &SignedIn,
    visit: &Visit,
    token: &str,
    chosen: Chosen,
) -> Result<Response> {
    let token = UploadToken::parse(token).ok_or(Error::NotFound)?;
    let import = chosen.import(site, who)?;
    let read = match site.imports.preview(&token, &import, chosen.targets()).await {
        Ok(Some(read)) => read,
        Ok(None) => return Ok(gone()),
        // No table at all: nothing can be mapped.
        Err(actions::Error::Refused(why)) => {
            site.imports.uploads().discard(who.company.id, who.viewer(), &token);
            return shown(site, who, visit, Some(&sentence(&why))).await;
        }
        Err(error) => return Err(error.into()),
    };
    let shown = as_shown(site, who, &token, &read, &chosen).await?;
    let main = html! {
        (heading("Add leads", Some("Nothing is imported yet."), &html! {}))
        (preview_part(&shown))
    };
    Ok(frame::page(visit, who, Item::Leads, "How the file reads", &main))
}

fn gone() -> Response {
    let told = "The file does not wait any more: it was imported, or it was left for more than a day. Send it again.";
    frame::go_on_saying(links::imports(), &Toast::new(Tone::Warning, told))
}

async fn as_shown(
    site: &Site,
    who: &SignedIn,
    token: &UploadToken,
    read: &Preview,
    chosen: &Chosen,
) -> Result<Shown> {
    let columns = read
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| MappedColumn {
            header: column.name.clone(),
            field: format!("column-{place}"),
            choices: FIELDS
                .iter()
                .map(|(field, told)| Choice::new(field.name(), *told, column.target == Target::Field(*field)))
                .chain([
                    Choice::new("detail", "Details", column.target == Target::Detail),
                    Choice::new("ignore", "Leave out", column.target == Target::Ignore),
                ])
                .collect(),
            samples: column.samples.clone(),
        })
        .collect();
    let mut for_all = vec![
        Field::text("country", "Country")
            .hint("Of numbers without a calling code: US, IN, DE.")
            .value(if chosen.country.is_empty() { &*who.company.country } else { &*chosen.country })
            .length_max(2),
    ];
    let mut reader = site.store.read().await?;
    for (label, name, title, value) in [
        (Label::Source, "source", "Source", &chosen.source),
        (Label::Branch, "branch", "Branch", &chosen.branch),
        (Label::Department, "department", "Department", &chosen.department),
    ] {
        let known = labels::list(reader.session(), who.company.id, label, PROPOSED_MAX).await?;
        let known = known.into_iter().map(|(_, name)| name).collect();
        for_all.push(
            Field::text(name, title)
                .value(&**value)
                .proposals(known)
                .hint("For leads whose row names none.")
                .length_max(200),
        );
    }
    drop(reader);
    let (reading, numbers, problems, told, refused, button) = match &read.rows {
        Ok(rows) => {
            let counts = &rows.counts;
            let problems: Vec<RowProblem> = rows
                .reasons
                .iter()
                .filter_map(|reason| Some((reason.lines.first()?, reason)))
                .take(PROBLEMS_SHOWN)
                .map(|(line, reason)| RowProblem { line: *line as i64, why: row_problem(reason) })
                .collect();
            let told = left_out(counts.failed, rows.missing.rows);
            let mut reading = format!(
                "{}, {}, {}",
                sentences::count(counts.rows, "row", "rows"),
                read.delimiter.name(),
                read.encoding.name()
            );
            if rows.duplicates > 0 {
                reading.push_str(&format!(
                    "; {} in the file twice",
                    sentences::count(rows.duplicates, "number", "numbers")
                ));
            }
            let leads = counts.good.saturating_sub(rows.duplicates);
            // The file has been read, the company's numbers have not been asked.
            let known = if leads > 0 { "; numbers that the company has already will be skipped" } else { "" };
            reading.push_str(known);
            let nothing =
                (counts.good == 0).then(|| "No row of this file can be imported as it is mapped.".to_owned());
            (reading, rows.numbers.to_string(), problems, told, nothing, import_button(leads))
        }
        Err(why) => (
            format!("{}, {}", read.delimiter.name(), read.encoding.name()),
            String::new(),
            Vec::new(),
            None,
            Some(sentence(why)),
            "Import".into(),
        ),
    };
    let here = links::upload(token.as_str());
    Ok(Shown {
        file_name: read.file_name.clone(),
        reading,
        numbers,
        columns,
        problems,
        problems_told: told,
        refused,
        for_all,
        keep_details: chosen.keeps_details,
        action: links::upload_import(token.as_str()),
        again: here,
        cancel: links::upload_removal(token.as_str()),
        button,
    })
}

/// What the button says: how many leads it may become.
fn import_button(leads: u64) -> String {
    match leads {
        1 => "Import 1 lead".into(),
        0 => "Import".into(),
        leads => format!("Import up to {} leads", number(leads as i64)),
    }
}

/// Why some rows are no leads, and how many.
fn row_problem(reason: &Reason) -> String {
    let more = match reason.rows {
        0 | 1 => String::new(),
        rows => format!(" ({} rows like this)", number(rows as i64)),
    };
    sentence(&reason.why) + &more
}

/// How many rows will not be imported, and how many of them lack what a lead must have (R10a).
fn left_out(failed: u64, missing: u64) -> Option<String> {
    let rows = format!("{} {}", number(failed as i64), if failed == 1 { "row will" } else { "rows will" });
    let lacking = match missing {
        0 => String::new(),
        _ => format!(" ({} without a first name or a phone number)", number(missing as i64)),
    };
    (failed > 0).then(|| format!("{rows} not be imported{lacking}."))
}

/// Throws the file away.
pub async fn discard(
    State(site): State<Arc<Site>>,
    who: May<LeadsImport>,
    Path(token): Path<String>,
) -> Result<Response> {
    let token = UploadToken::parse(&token).ok_or(Error::NotFound)?;
    site.imports.uploads().discard(who.company.id, who.viewer(), &token);
    Ok(frame::go_on(links::imports()))
}

/// Begins the import, and goes to where it can be watched, left and found again.
pub async fn start(
    State(site): State<Arc<Site>>,
    who: May<LeadsImport>,
    Path(token): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response> {
    let token = UploadToken::parse(&token).ok_or(Error::NotFound)?;
    let chosen = Chosen::read(pairs);
    let import = chosen.import(&site, &who)?;
    Ok(match site.imports.start(&token, import, chosen.targets()).await? {
        Some(import) => frame::go_on(&links::import(import)),
        None => gone(),
    })
}

/// One import: its progress, or how it ended.
pub async fn one(
    State(site): State<Arc<Site>>,
    who: May<LeadsImport>,
    visit: Visit,
    Path(import): Path<i64>,
) -> Result<Response> {
    let listed = site.imports.one(who.company.id, ImportId(import)).await?.ok_or(Error::NotFound)?;
    let main: Markup = html! {
        (heading("Import", Some(&who.zone.minute(listed.record.at)), &html! { (Button::plain("All imports").href(links::imports())) }))
        (progress(&standing(&site, &listed, &who)))
    };
    Ok(frame::page(&visit, &who, Item::Leads, "Import", &main))
}

fn standing(site: &Site, listed: &Listed, who: &SignedIn) -> Progress {
    let record = &listed.record;
    let id = record.id;
    let is_stopping =
        record.asked.is_some() || site.store.is_asked_to_stop(who.company.id, WorkId::Import(id));
    let is_for_them = is_theirs(who.viewer(), record.actor_id);
    let (done, total, numbers) = match &listed.standing {
        _ if is_stopping => (0, None, "being cancelled".to_owned()),
        Some(standing) if standing.rows > 0 => (
            standing.rows_written as i64,
            Some(standing.rows as i64),
            format!("{} of {} rows", number(standing.rows_written as i64), number(standing.rows as i64)),
        ),
        Some(standing) => (
            standing.bytes_read as i64,
            Some(standing.bytes.max(1) as i64),
            format!("reading, {} %", standing.bytes_read * 100 / standing.bytes.max(1)),
        ),
        None => (0, None, "on its way".to_owned()),
    };
    Progress {
        id: id.0,
        href: links::import(id),
        file_name: record.file_name.clone(),
        done,
        rows: total,
        numbers,
        cancel: (is_for_them && !is_stopping).then(|| links::import_cancel(id)),
        outcome: outcome(listed, who),
    }
}

fn outcome(listed: &Listed, who: &SignedIn) -> Option<Outcome> {
    let record = &listed.record;
    let tone = match &record.state {
        ImportState::Running => return None,
        ImportState::Done if record.imported == 0 => Tone::Warning,
        ImportState::Done => Tone::Success,
        ImportState::Failed { .. } => Tone::Error,
        ImportState::Cancelled | ImportState::Undone { .. } => Tone::Info,
    };
    let is_done = matches!(record.state, ImportState::Done);
    Some(Outcome {
        tone,
        sentence: told(listed),
        errors: errors_of(record, who),
        leads: (is_done && record.imported > 0).then(|| format!("{}?import={}", links::leads(), record.id)),
        undo: may_undo(record).then(|| links::import_undo(record.id)),
    })
}

fn told(listed: &Listed) -> String {
    let record = &listed.record;
    match &record.state {
        ImportState::Running => listed
            .standing
            .as_ref()
            .map_or_else(|| "Running.".into(), |standing| format!("Running, {} %.", standing.percent())),
        ImportState::Done => sentences::import(record.imported, record.skipped, record.errors),
        ImportState::Cancelled => {
            sentences::import_cancelled(record.asked.as_ref().and_then(|asked| asked.name.as_deref()))
        }
        ImportState::Failed { why } => format!("Nothing was imported: {}", sentence(why)),
        ImportState::Undone { taken_back, kept, .. } => sentences::import_undone(*taken_back, *kept),
    }
}

/// Whether it has leads that may go.
fn may_undo(record: &ImportRecord) -> bool {
    match record.state {
        ImportState::Done => record.imported > 0,
        ImportState::Undone { kept, .. } => kept > 0,
        _ => false,
    }
}

fn past_import(listed: &Listed, who: &SignedIn) -> PastImport {
    let record = &listed.record;
    PastImport {
        file_name: record.file_name.clone(),
        href: links::import(record.id),
        who: record.actor.clone().unwrap_or_else(|| "Command line".into()),
        at: moment(record.at, who.now, &who.zone),
        sentence: told(listed),
        errors: errors_of(record, who),
        may_undo: may_undo(record),
    }
}

/// Where the error rows are, for whoever may have them.
fn errors_of(record: &ImportRecord, who: &SignedIn) -> Option<String> {
    let is_for_them = record.errors > 0 && is_theirs(who.viewer(), record.actor_id);
    is_for_them.then(|| links::import_errors(record.id))
}

/// The error rows as CSV, streamed.
pub async fn errors(
    State(site): State<Arc<Site>>,
    who: May<LeadsImport>,
    Path(import): Path<i64>,
) -> Result<Response> {
    let (company, viewer, import) = (who.company.id, who.viewer(), ImportId(import));
    let first = error_file(&site.store, company, import, viewer, None).await?.ok_or(Error::NotFound)?;
    let pieces = stream::unfold(Some((Some(first), site)), move |state| async move {
        let (piece, site) = state?;
        let piece = piece?;
        let next = match piece.behind {
            None => None,
            Some(behind) => match error_file(&site.store, company, import, viewer, Some(behind)).await {
                Ok(next) => Some((next, site)),
                Err(error) => return Some((Err(std::io::Error::other(error.to_string())), None)),
            },
        };
        Some((Ok(Bytes::from(piece.bytes)), next))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"import-{import}-errors.csv\"")),
    ];
    Ok((headers, Body::from_stream(pieces.fuse())).into_response())
}

/// Cancels an import in progress: nothing of it is there then.
pub async fn cancel(
    State(site): State<Arc<Site>>,
    who: May<LeadsImport>,
    Path(import): Path<i64>,
) -> Result<Response> {
    let import = ImportId(import);
    let order = CancelImport { import, viewer: who.viewer(), now: who.now, patience: CANCEL_PATIENCE };
    let toast = match cancel_import(&site.store, &site.imports, who.company.id, order).await? {
        Cancelling::NotFound => return Err(Error::NotFound),
        // Its page says so.
        Cancelling::Cancelled => return Ok(frame::go_on(&links::import(import))),
        Cancelling::Asked => Toast::new(Tone::Info, "The import is about to stop."),
        Cancelling::Done => Toast::new(Tone::Warning, "The import was done already."),
        Cancelling::Failed => Toast::new(Tone::Info, "The import had stopped already."),
    };
    Ok(frame::go_on_saying(&links::import(import), &toast))
}

/// Takes an import back.
pub async fn undo(
    State(site): State<Arc<Site>>,
    who: May<LeadsImport>,
    Path(import): Path<i64>,
) -> Result<Response> {
    let (company, viewer, now) = (who.company.id, who.viewer(), who.now);
    let undoing = async move |store| undo_import(&store, company, ImportId(import), viewer, now).await;
    let toast = match site.by_itself(undoing).await? {
        None => Toast::new(Tone::Info, GOES_ON),
        Some(Undone::Done { taken_back, kept }) => {
            Toast::new(Tone::Success, sentences::import_undone(taken_back, kept))
        }
        Some(Undone::NotDone) => {
            Toast::new(Tone::Warning, "This import is not done, or was taken back already.")
        }
    };
    Ok(frame::go_on_saying(&links::import(ImportId(import)), &toast))
}

#[cfg(test)]
mod tests {
    use super::left_out;

    #[test]
    fn r10a_the_preview_says_how_many_rows_lack_what_a_lead_must_have() {
        for (failed, missing, expect) in [
            (0, 0, None),
            (1, 0, Some("1 row will not be imported.")),
            (1, 1, Some("1 row will not be imported (1 without a first name or a phone number).")),
            (1_031, 12, Some("1,031 rows will not be imported (12 without a first name or a phone number).")),
        ] {
            assert_eq!(left_out(failed, missing).as_deref(), expect);
        }
    }
}
