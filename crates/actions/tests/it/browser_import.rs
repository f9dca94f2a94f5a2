//! Imports as the browser does them: upload, preview, import, errors, undo (R8–R11).

use crate::office::{NOW, Office, on_both};
use actions::{
    import_errors::error_file,
    import_leads::Import,
    lead_file::Limits,
    running_imports::{Imports, Listed},
    undo_import::{Undone, undo_import},
    uploads::{UploadLimits, UploadToken, Uploads},
};
use domain::{
    ids::{CompanyId, ImportId, UserId},
    lead_file::{Field, Target},
    role::Scope,
    sentence,
    time::Moment,
    viewer::Viewer,
};
use std::sync::Arc;
use store::{changes::Topic, imports::ImportState};

pub const ROWS: &str = "First Name;Phone;Status;Branch;Tags;Favourite Tea\n\
    Asha;+91 98765 43210;;Pune;hot;Assam\n\
    Again;098765-43210;Busy;;;\n\
    Bela;98765 43211;Missed;pune;new;\n\
    ;98765 43212;;;;\n\
    Cara;not a number;;;;\"two\nlines\"\n\
    Dora;;;;;\n\
    Esha;98765 43214;Nonsense;Goa;;Darjeeling\n\
    Finn;+1 201 555 0123;;;;\n\
    Gita;+1 555 555 5555;;;;\n";

pub fn mary() -> Viewer {
    Viewer::User { id: UserId(1), scope: Scope::Company, branch: None, department: None }
}

pub fn order(office: &Office) -> Import {
    Import {
        company: office.company.id,
        viewer: mary(),
        may_convert: true,
        file_name: String::new(),
        country: domain::phone::Country::from_code("IN").expect("a country"),
        source: Some("Expo".into()),
        branch: None,
        department: None,
        keeps_details: true,
        limits: Limits::default(),
    }
}

pub fn desk(office: &Office) -> Imports {
    let uploads = Uploads::beside(&office.store, UploadLimits::default()).expect("a folder");
    Imports::new(office.store.clone(), uploads, Arc::new(|| NOW))
}

pub fn upload(uploads: &Uploads, company: CompanyId, viewer: Viewer, file: &str) -> UploadToken {
    let mut uploading = uploads.begin(company, viewer, "C:\\lists\\leads.csv", NOW).expect("begun");
    for piece in file.as_bytes().chunks(50) {
        uploading.write(piece).expect("written");
    }
    uploading.finish().expect("whole")
}

/// Imports the file and waits for the end of it by listening.
async fn bring(office: &Office, desk: &Imports, file: &str) -> Listed {
    let token = upload(desk.uploads(), office.company.id, mary(), file);
    let id = desk.start(&token, order(office), None).await.expect("begun").expect("it waits");
    finished(office, desk, id).await
}

pub async fn finished(office: &Office, desk: &Imports, id: ImportId) -> Listed {
    let mut changes = office.store.changes();
    loop {
        let listed = desk.one(office.company.id, id).await.expect("read").expect("it is recorded");
        if listed.record.state != ImportState::Running {
            office.well().await;
            return listed;
        }
        changes.next().await.expect("the store is open");
    }
}

fn said(listed: &Listed) -> String {
    let record = &listed.record;
    sentence::import(record.imported, record.skipped, record.errors)
}

async fn errors(office: &Office, import: ImportId) -> String {
    let mut all = Vec::new();
    let mut behind = None;
    loop {
        let piece = error_file(&office.store, office.company.id, import, mary(), behind).await.expect("read");
        let piece = piece.expect("there are errors");
        all.extend(piece.bytes);
        match piece.behind {
            Some(last) => behind = Some(last),
            None => return String::from_utf8(all).expect("UTF-8"),
        }
    }
}

#[test]
fn r10a_the_preview_says_what_the_import_will_do() {
    on_both(|database| async move {
        let office = Office::open(&database, "Mary Manager").await;
        let desk = desk(&office);
        let token = upload(desk.uploads(), office.company.id, mary(), ROWS);
        let preview = desk.preview(&token, &order(&office), None).await.expect("read").expect("it waits");
        assert_eq!(preview.file_name, "leads.csv");
        assert_eq!((preview.encoding.name(), preview.delimiter.name()), ("UTF-8", "semicolon"));
        let columns: Vec<(&str, Target)> =
            preview.columns.iter().map(|column| (column.name.as_str(), column.target)).collect();
        assert_eq!(columns[0], ("First Name", Target::Field(Field::FirstName)));
        assert_eq!(columns[5], ("Favourite Tea", Target::Detail));
        assert_eq!(preview.columns[0].samples, ["Asha", "Again", "Bela", "", "Cara"]);
        let rows = preview.rows.expect("the columns can be used");
        assert_eq!((rows.counts.good, rows.duplicates, rows.counts.failed), (5, 1, 4));
        assert_eq!((rows.missing.rows, rows.missing.lines), (2, vec![5, 8]));
        let reasons: Vec<String> =
            rows.reasons.iter().map(|reason| format!("{:?} {}", reason.lines, reason.why)).collect();
        assert_eq!(reasons.len(), 4);
        assert_eq!(
            reasons[..2],
            ["[5] first name is missing", "[6] phone not a number is not a phone number"]
        );
        assert_eq!(rows.numbers.to_string(), "3 India, 1 United States, 1 doubtful");
        // Nothing has happened, and the file still waits.
        assert_eq!(desk.list(office.company.id, None, 10).await.expect("read"), []);
        let listed = {
            let id = desk.start(&token, order(&office), None).await.expect("begun").expect("it waits");
            finished(&office, &desk, id).await
        };
        assert_eq!(said(&listed), "4 leads imported, 1 skipped (duplicate), 4 errors.");
        assert_eq!(listed.record.actor.as_deref(), Some("Mary"));
        assert_eq!(listed.record.file_name, "leads.csv");
        assert_eq!(desk.list(office.company.id, None, 10).await.expect("read"), [listed]);
        // Once only.
        assert_eq!(desk.start(&token, order(&office), None).await.expect("asked"), None);
    });
}

#[test]
fn r10a_columns_are_mapped_by_hand() {
    on_both(|database| async move {
        let office = Office::open(&database, "Mary Manager").await;
        let desk = desk(&office);
        let file = "Who,Where from,Ring,Secret\nAsha,Pune,98765 43210,tea\nBen,Goa,98765 43211,milk\n";
        let token = upload(desk.uploads(), office.company.id, mary(), file);
        let guess = desk.preview(&token, &order(&office), None).await.expect("read").expect("it waits");
        assert!(guess.rows.expect_err("no phone column").starts_with("the file has no phone column"));
        assert_eq!(guess.columns[2].samples, ["98765 43210", "98765 43211"]);
        let mut targets = vec![
            Target::Field(Field::FullName),
            Target::Field(Field::Phone),
            Target::Field(Field::Phone),
            Target::Ignore,
        ];
        let wrong = desk.preview(&token, &order(&office), Some(targets[..3].to_vec())).await;
        let wrong = wrong.expect("read").expect("it waits").rows.expect_err("another file");
        assert_eq!(wrong, "3 columns were mapped by hand, but the file has 4; map them again");
        targets[1] = Target::Detail;
        let right = desk.preview(&token, &order(&office), Some(targets.clone())).await;
        assert_eq!(right.expect("read").expect("it waits").rows.expect("usable").counts.good, 2);
        let id = desk.start(&token, order(&office), Some(targets)).await.expect("begun").expect("it waits");
        assert_eq!(
            said(&finished(&office, &desk, id).await),
            "2 leads imported, 0 skipped (duplicate), 0 errors."
        );
        let details = office.details().await;
        assert_eq!(details, [r#"{"Where from":"Pune"}"#, r#"{"Where from":"Goa"}"#]);
    });
}

#[test]
fn r11_every_error_row_can_be_downloaded() {
    on_both(|database| async move {
        let office = Office::open(&database, "Mary Manager").await;
        let desk = desk(&office);
        let listed = bring(&office, &desk, ROWS).await;
        let id = listed.record.id;
        assert_eq!(
            errors(&office, id).await,
            "\u{feff}Line,Reason,First Name,Phone,Status,Branch,Tags,Favourite Tea\n\
            5,first name is missing,,98765 43212,,,,\n\
            6,phone not a number is not a phone number,Cara,not a number,,,,\"two\nlines\"\n\
            8,phone is missing,Dora,,,,,\n\
            9,\"status Nonsense does not exist; the statuses are Unassigned, Assigned, Followups, Interested, \
            Not Interested, Busy, Not Picked, Missed, Wrong Number, Customer\",Esha,98765 43214,Nonsense,Goa,,Darjeeling\n"
        );
        // Another company finds neither the import nor its rows.
        let other = Office::open(&database, "").await;
        assert_eq!(desk.one(other.company.id, id).await.expect("read"), None);
        assert_eq!(error_file(&office.store, other.company.id, id, mary(), None).await.expect("read"), None);
        // Many of them, in several pieces.
        let mut file = String::from("First Name,Phone\n");
        (0..4_500).for_each(|row| file.push_str(&format!("N{row},none\n")));
        let many = bring(&office, &desk, &file).await;
        let rows = errors(&office, many.record.id).await;
        assert_eq!((rows.lines().count(), rows.matches("Reason").count()), (4_501, 1));
        assert_eq!(rows.lines().last(), Some("4501,phone none is not a phone number,N4499,none"));
        // And none at all.
        let fine = bring(&office, &desk, "Name,Phone\nZoe,98765 49999\n").await;
        assert_eq!(
            error_file(&office.store, office.company.id, fine.record.id, mary(), None).await.expect("read"),
            None
        );
    });
}

#[test]
fn r11_an_import_that_fails_says_so_and_its_file_waits_again() {
    on_both(|database| async move {
        let office = Office::open(&database, "Mary Manager").await;
        let desk = desk(&office);
        let token =
            upload(desk.uploads(), office.company.id, mary(), "First Name,Phone\n\"Asha,98765 43210\n");
        let id = desk.start(&token, order(&office), None).await.expect("begun").expect("it waits");
        let listed = finished(&office, &desk, id).await;
        let ImportState::Failed { why } = listed.record.state else { panic!("{:?}", listed.record.state) };
        assert!(why.starts_with("the file breaks off: the double quote opened in line 2"), "{why}");
        assert_eq!(listed.standing, None);
        let waits = desk.uploads().open(office.company.id, mary(), &token).expect("looked");
        assert!(waits.is_some());
    });
}

/// What is broken on the server is for its log; people read that, and what to do.
#[test]
fn r11_a_fault_of_ours_is_not_told_in_our_words() {
    on_both(|database| async move {
        let office = Office::open(&database, "Mary Manager").await;
        let desk = desk(&office);
        // Too much for memory, and no folder to put it into.
        let mut file = String::from("First Name,Phone,Story\n");
        (0..500).for_each(|row| file.push_str(&format!("N{row},+9198765{row:05},{}\n", "x".repeat(3_000))));
        let token = upload(desk.uploads(), office.company.id, mary(), &file);
        let mut import = order(&office);
        import.limits.spool_dir = Some("/there/is/no/such/folder".into());
        let id = desk.start(&token, import, None).await.expect("begun").expect("it waits");
        let listed = finished(&office, &desk, id).await;
        let ImportState::Failed { why } = listed.record.state else { panic!("{:?}", listed.record.state) };
        assert!(why.starts_with("something went wrong on the server"), "{why}");
        assert!(!why.contains("folder"), "{why}");
    });
}

/// Who goes away while an import begins finds it in the list, and a service that ends waits for it.
#[test]
fn r11_an_import_begins_even_if_nobody_waits_for_the_answer() {
    on_both(|database| async move {
        let office = Office::open(&database, "Mary Manager").await;
        let desk = desk(&office);
        let token = upload(desk.uploads(), office.company.id, mary(), ROWS);
        let mut asking = Box::pin(desk.start(&token, order(&office), None));
        let polled = std::future::poll_fn(|context| std::task::Poll::Ready(asking.as_mut().poll(context)));
        let _ = polled.await;
        drop(asking);
        desk.finished().await;
        let listed = desk.list(office.company.id, None, 10).await.expect("read");
        let told: Vec<String> = listed.iter().map(said).collect();
        assert_eq!(told, ["4 leads imported, 1 skipped (duplicate), 4 errors."]);
        let again = desk.uploads().open(office.company.id, mary(), &token).expect("looked");
        assert!(again.is_none(), "it is imported");
    });
}

/// A record that says *running* with nobody behind it: its process has died.
#[test]
fn r11_an_import_whose_process_died_left_nothing_and_says_so() {
    on_both(|database| async move {
        let office = Office::open(&database, "Mary Manager").await;
        let company = office.company.id;
        let open = |id| {
            office.store.write(move |session| {
                Box::pin(async move {
                    store::imports::open(session, company, id, "leads.csv", None, NOW).await?;
                    Ok::<_, store::Error>(id)
                })
            })
        };
        let (alive, dead) =
            (open(ImportId(701)).await.expect("open"), open(ImportId(702)).await.expect("open"));
        let lease = office.store.try_import_lease(company, alive).await.expect("asked").expect("free");
        let listed = desk(&office).list(company, None, 10).await.expect("read");
        let states: Vec<_> = listed.iter().map(|listed| (listed.record.id, &listed.record.state)).collect();
        assert_eq!(states[1], (alive, &ImportState::Running));
        assert_eq!(states[0].0, dead);
        assert!(matches!(states[0].1, ImportState::Failed { why } if why.starts_with("interrupted")));
        lease.release().await;
    });
}

#[test]
fn r11_an_import_is_taken_back_but_for_what_somebody_touched() {
    on_both(|database| async move {
        let mut office = Office::open(&database, "Mary Manager; Asha").await;
        let desk = desk(&office);
        let company = office.company.id;
        let before = bring(&office, &desk, "First Name,Phone,Tags\nOlga,98765 40000,hot\n").await;
        let listed = bring(&office, &desk, &ROWS.replace("98765 43214;Nonsense", "98765 43214;Busy")).await;
        assert_eq!(said(&listed), "5 leads imported, 1 skipped (duplicate), 3 errors.");
        office.name_leads().await;
        // One is assigned, one gets another status; the others are as they came.
        let to = office.people["Asha"];
        let assign = actions::assign_lead::AssignLead {
            company,
            viewer: Viewer::Operator,
            lead: office.leads["Asha"],
            version: 1,
            to,
            exceed_cap: false,
            now: NOW,
        };
        actions::assign_lead::assign_lead(&office.store, assign).await.expect("assigned");
        let set = actions::set_status::SetStatus {
            viewer: Viewer::Operator,
            may_convert: true,
            lead: office.leads["Finn"],
            version: 1,
            to: office.status("Busy"),
            now: NOW,
        };
        actions::set_status::set_status(&office.store, company, set).await.expect("set");

        let mut changes = office.store.changes();
        let undo = |company| undo_import(&office.store, company, listed.record.id, mary(), NOW);
        let other = Office::open(&database, "").await;
        assert_eq!(undo(other.company.id).await.expect("asked"), Undone::NotDone);
        assert_eq!(undo(company).await.expect("undone"), Undone::Done { taken_back: 3, kept: 2 });
        while !changes.next().await.expect("open").concerns(company, Topic::Imports) {}
        office.well().await;
        assert_eq!(office.names().await, "Asha, Finn, Olga");
        // Nothing has changed about those that were kept.
        assert_eq!(undo(company).await.expect("asked"), Undone::Done { taken_back: 0, kept: 2 });
        let after = desk.one(company, listed.record.id).await.expect("read").expect("recorded");
        let undone = ImportState::Undone { at: NOW, by: Some("Mary".into()), taken_back: 3, kept: 2 };
        assert_eq!(after.record.state, undone);
        // The numbers are free again, and the other import is as it was.
        let again = bring(&office, &desk, &ROWS.replace("98765 43214;Nonsense", "98765 43214;Busy")).await;
        assert_eq!(said(&again), "3 leads imported, 3 skipped (duplicate), 3 errors.");
        let first = desk.one(company, before.record.id).await.expect("read").expect("recorded");
        assert_eq!(first.record.state, ImportState::Done);
    });
}

/// Somebody who sees a branch takes back what lies in it, unless they brought it in themselves; and the rows that made
/// no lead are for whoever brought them.
#[test]
fn r14_of_somebody_elses_import_only_what_is_in_sight_is_taken_back() {
    on_both(|database| async move {
        let office = Office::open(&database, "Mary Manager; Paul Manager in Pune").await;
        let desk = desk(&office);
        let (company, paul) = (office.company.id, office.viewer("Paul").await);
        let file = "First Name,Phone,Branch\nAsha,98765 43210,Pune\nBela,98765 43211,Goa\nCara,98765 43212,\nDora,none,\n";
        let hers = bring(&office, &desk, file).await.record;
        assert_eq!(error_file(&office.store, company, hers.id, paul, None).await.expect("read"), None);
        let undone = undo_import(&office.store, company, hers.id, paul, NOW).await;
        assert_eq!(undone.expect("undone"), Undone::Done { taken_back: 2, kept: 1 });
        office.well().await;
        assert_eq!(office.names().await, "Bela");

        let file = "First Name,Phone,Branch\nEsha,98765 43215,Goa\nFinn,none,\n";
        let token = upload(desk.uploads(), company, paul, file);
        let order = Import { viewer: paul, ..order(&office) };
        let id = desk.start(&token, order, None).await.expect("begun").expect("it waits");
        let his = finished(&office, &desk, id).await.record;
        assert!(error_file(&office.store, company, his.id, paul, None).await.expect("read").is_some());
        let undone = undo_import(&office.store, company, his.id, paul, NOW).await;
        assert_eq!(undone.expect("undone"), Undone::Done { taken_back: 1, kept: 0 });
        assert_eq!(office.names().await, "Bela");
    });
}

#[test]
fn r11_a_long_import_is_taken_back_in_pieces() {
    on_both(|database| async move {
        let office = Office::open(&database, "Mary Manager").await;
        let desk = desk(&office);
        let mut file = String::from("First Name,Phone,Tags\n");
        (0..11_000).for_each(|row| file.push_str(&format!("N{row},+9198765{row:05},hot;new\n")));
        let listed = bring(&office, &desk, &file).await;
        let undone = undo_import(&office.store, office.company.id, listed.record.id, mary(), NOW).await;
        assert_eq!(undone.expect("undone"), Undone::Done { taken_back: 11_000, kept: 0 });
        office.well().await;
        assert_eq!(office.names().await, "");
    });
}

#[test]
fn r10a_progress_is_told_and_ends_with_the_import() {
    on_both(|database| async move {
        let office = Office::open(&database, "Mary Manager").await;
        let desk = desk(&office);
        let mut file = String::from("First Name,Phone\n");
        (0..6_000).for_each(|row| file.push_str(&format!("N{row},+9198765{row:05}\n")));
        let token = upload(desk.uploads(), office.company.id, mary(), &file);
        let mut changes = office.store.changes();
        let id = desk.start(&token, order(&office), None).await.expect("begun").expect("it waits");
        let mut percents = Vec::new();
        loop {
            let listed = desk.one(office.company.id, id).await.expect("read").expect("recorded");
            percents.extend(listed.standing.map(|standing| standing.percent()));
            if listed.record.state == ImportState::Done {
                break;
            }
            changes.next().await.expect("open");
        }
        assert!(percents.is_sorted() && percents.iter().all(|percent| *percent <= 100), "{percents:?}");
        // The process forgets it a moment after the record is closed, and tells the company's pages only.
        let other = Office::open(&database, "").await;
        assert_eq!(desk.standing(other.company.id, id), None);
    });
}

#[test]
fn waiting_files_are_private_few_and_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = UploadLimits { bytes_max: 100, waiting_max: 2, age_max_ms: 3_600_000 };
    let uploads = Uploads::within(folder.path().join("uploads"), limits).expect("a folder");
    let (acme, other) = (CompanyId(1), CompanyId(11));
    let written_at = |folder: &std::path::Path| {
        let facts = folder.metadata().expect("it is there").modified().expect("a time");
        Moment(facts.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis() as i64)
    };
    let now = written_at(folder.path());
    let begin = |company| uploads.begin(company, mary(), "../../leads.csv", now);
    let mut first = begin(acme).expect("begun");
    first.write(&[b'x'; 60]).expect("fits");
    let told = first.write(&[b'x'; 60]).expect_err("too much").to_string();
    assert_eq!(told, "the file is larger than 100 bytes; split it, or raise the limit for imports");
    drop(first);
    let first = begin(acme).expect("begun").finish().expect("whole");
    let second = begin(acme).expect("begun").finish().expect("whole");
    assert_ne!(first, second);
    let colleague = uploads.begin(acme, Viewer::Operator, "more.csv", now);
    let told = colleague.expect_err("full").to_string();
    assert!(told.starts_with("2 uploaded files of your colleagues wait"), "{told}");
    begin(other).expect("another company has its own").finish().expect("whole");

    let found = |company, viewer, token: &UploadToken| {
        uploads.open(company, viewer, token).expect("looked").map(|waiting| waiting.file_name)
    };
    assert_eq!(found(acme, mary(), &first).as_deref(), Some("leads.csv"));
    assert_eq!(found(other, mary(), &first), None, "another company");
    assert_eq!(found(acme, Viewer::Operator, &first), None, "another person");
    for text in ["", "../1-1-x", "0123456789ABCDEF0123456789ABCDEF", "0123456789abcdef0123456789abcde/"] {
        assert_eq!(UploadToken::parse(text), None, "{text}");
    }
    assert_eq!(UploadToken::parse(second.as_str()), Some(second.clone()));
    #[cfg(unix)]
    for entry in std::fs::read_dir(folder.path().join("uploads")).expect("read") {
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &entry.expect("read").metadata().expect("read").permissions(),
        );
        assert_eq!(mode & 0o077, 0);
    }
    uploads.discard(acme, mary(), &second);
    assert_eq!(found(acme, mary(), &second), None);
    // Somebody has it: nobody else does, until it waits again. An import does not lose its file in the middle.
    let late = Moment(now.0 + 3_599_000);
    let taken = uploads.take(acme, mary(), &first, late).expect("looked").expect("it waits");
    assert!(uploads.take(acme, mary(), &first, late).expect("looked").is_none());
    uploads.sweep(Moment(late.0 + 3_599_000)).expect("swept");
    drop(taken);
    assert_eq!(found(acme, mary(), &first).as_deref(), Some("leads.csv"), "with its name");
    // What one has looked at and left makes place for what one looks at now.
    let third = begin(acme).expect("one waits").finish().expect("whole");
    let fourth = begin(acme).expect("the oldest goes").finish().expect("whole");
    let left = [&first, &third, &fourth].map(|token| found(acme, mary(), token).is_some());
    assert_eq!(left, [true, false, true], "the one that was taken last is as good as new");
    let taken = uploads.take(acme, mary(), &first, late).expect("looked").expect("it waits");
    taken.forget();
    assert_eq!(found(acme, mary(), &first), None);
    uploads.sweep(Moment(late.0 + 2 * 3_600_000)).expect("swept");
    assert_eq!(found(acme, mary(), &fourth), None);
    assert_eq!(std::fs::read_dir(folder.path().join("uploads")).expect("read").count(), 0);
}
