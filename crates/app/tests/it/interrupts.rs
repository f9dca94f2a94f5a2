//! Ctrl-C in the middle of an import or a run of the command line: it is cancelled, and its record says so (R11, R42).

use actions::{
    create_company::{NewCompany, create_company},
    running_imports::Imports,
    undo_import::{Undone, undo_import},
    uploads::{UploadLimits, Uploads},
};
use domain::{
    email::Email,
    ids::{CompanyId, ImportId},
    job::Job,
    phone::Country,
    time::Moment,
    viewer::Viewer,
};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, mpsc},
};
use store::{
    Location, Store, doctor,
    imports::{self, ImportRecord, ImportState},
    runs,
    testing::{TestDatabase, on_both_engines},
};

const NOW: Moment = Moment(1_778_470_200_000);
const LEA: &[u8] = b"First Name,Phone\nLea,98765 43210\n";

/// A company that is worked on from the command line.
struct Site {
    database: TestDatabase,
    company: CompanyId,
}

impl Site {
    async fn open(database: TestDatabase) -> Site {
        let new = NewCompany {
            name: "Acme".into(),
            country: Country::from_code("IN").expect("a country"),
            zone: "Asia/Kolkata".parse().expect("a zone"),
            admin_email: Email::parse("boss@acme.example").expect("an e-mail"),
            admin_password: "correct horse".into(),
        };
        let (company, _) = create_company(&database.store, new, NOW).await.expect("made");
        Site { database, company }
    }

    fn store(&self) -> &Store {
        &self.database.store
    }

    fn starts(&self, words: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_evenhand"));
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        match &self.database.location {
            Location::Folder(folder) => command.arg("--data").arg(folder),
            Location::Url(url) => command.arg("--database").arg(url),
        };
        command.spawn().expect("the program starts")
    }

    fn does(&self, words: &[&str], input: &[u8]) -> Output {
        let mut child = self.starts(words);
        child.stdin.take().expect("its input").write_all(input).expect("it reads");
        child.wait_with_output().expect("it ends")
    }

    /// The latest import, as whoever looks at the list finds it.
    async fn latest_import(&self) -> Option<ImportRecord> {
        let uploads = Uploads::beside(self.store(), UploadLimits::default()).expect("a folder");
        let desk = Imports::new(self.store().clone(), uploads, Arc::new(|| NOW));
        let listed = desk.list(self.company, None, 1).await.expect("read");
        listed.into_iter().next().map(|listed| listed.record)
    }

    /// Waits until an import is in progress.
    async fn running_import(&self) -> ImportId {
        loop {
            let mut reader = self.store().read().await.expect("a reader");
            let found = imports::list(reader.session(), self.company, None, 1).await.expect("read");
            if let Some(record) = found.first().filter(|record| record.state == ImportState::Running) {
                return record.id;
            }
        }
    }

    /// A transaction that holds the record of an import, and on a file everything, until it hears that it may let go.
    async fn holds(&self, import: ImportId) -> (mpsc::Sender<()>, tokio::task::JoinHandle<()>) {
        let (says, held) = tokio::sync::oneshot::channel();
        let (lets_go, told) = mpsc::channel::<()>();
        let (store, company) = (self.store().clone(), self.company);
        let holding = tokio::spawn(async move {
            let held: store::Result<()> = store
                .write(move |session| {
                    Box::pin(async move {
                        imports::undoable(session, company, import).await?;
                        says.send(()).expect("the test listens");
                        told.recv().expect("the test speaks");
                        Ok(())
                    })
                })
                .await;
            held.expect("written");
        });
        held.await.expect("held");
        (lets_go, holding)
    }

    /// The state of the latest run; none so far.
    async fn latest_run(&self) -> Option<(i64, String)> {
        let mut reader = self.store().read().await.expect("a reader");
        let found = runs::latest(reader.session(), self.company, Job::Assignment, 1).await.expect("read");
        found.into_iter().next().map(|run| (run.id.0, run.state))
    }

    async fn well(&self) {
        let mut reader = self.store().read().await.expect("a reader");
        let found = doctor::examine(reader.session(), self.company).await.expect("examined");
        assert_eq!(found, Vec::<String>::new());
    }
}

fn interrupts(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn r11_ctrl_c_cancels_an_import_and_its_record_says_so() {
    on_both_engines(|database| async move {
        let site = Site::open(database).await;
        let mut child = site.starts(&["import", "-"]);
        // The file is never whole: the pipe stays open until the end of the test.
        let mut input = child.stdin.take().expect("its input");
        input.write_all(LEA).expect("it reads");
        let import = site.running_import().await;
        interrupts(&child);
        let ended = child.wait_with_output().expect("it ends");
        let said = words(&ended.stderr);
        assert_eq!((ended.status.code(), words(&ended.stdout)), (Some(130), String::new()), "{said}");
        let expected =
            "Cancelling. Ctrl-C once more ends it at once.\nevenhand: cancelled; nothing was changed\n";
        assert_eq!(said, expected);
        let record = site.latest_import().await.expect("recorded");
        assert_eq!((record.id, record.state, record.actor), (import, ImportState::Cancelled, None));
        assert_eq!(record.file_name, "standard input");
        assert_eq!(record.asked.expect("somebody asked").name, None, "the command line");
        drop(input);
        site.well().await;

        // The next one brings it in, stands in the list, and can be taken back.
        let done = site.does(&["import", "-"], LEA);
        assert_eq!(words(&done.stdout), "1 lead imported, 0 skipped (duplicate), 0 errors.\n");
        let record = site.latest_import().await.expect("recorded");
        assert_eq!((record.state, record.imported, record.actor), (ImportState::Done, 1, None));
        let undone = undo_import(site.store(), site.company, record.id, Viewer::Operator, NOW).await;
        assert_eq!(undone.expect("undone"), Undone::Done { taken_back: 1, kept: 0 });
        site.well().await;
    });
}

#[test]
fn r11_an_import_of_the_command_line_that_fails_is_recorded() {
    on_both_engines(|database| async move {
        let site = Site::open(database).await;
        let failed = site.does(&["import", "-"], b"First Name,Phone\n\"Lea,98765 43210\n");
        assert_eq!(failed.status.code(), Some(2));
        let record = site.latest_import().await.expect("recorded");
        let ImportState::Failed { why } = &record.state else { panic!("{record:?}") };
        assert!(why.starts_with("the file breaks off"), "{why}");
        assert!(words(&failed.stderr).contains(why.as_str()));
        assert_eq!((record.imported, record.skipped, record.errors, record.actor), (0, 0, 0, None));
        site.well().await;
    });
}

/// The first Ctrl-C is heard, and what it asks for cannot be written down; the second waits for nothing.
#[test]
fn r11_a_second_ctrl_c_ends_an_import_at_once() {
    on_both_engines(|database| async move {
        let site = Site::open(database).await;
        let mut child = site.starts(&["import", "-"]);
        let mut input = child.stdin.take().expect("its input");
        input.write_all(LEA).expect("it reads");
        let import = site.running_import().await;
        // Somebody holds the record, and on a file everything.
        let (lets_go, holding) = site.holds(import).await;
        interrupts(&child);
        let mut said = BufReader::new(child.stderr.take().expect("its words")).lines();
        let line = said.next().expect("it has not ended").expect("it speaks");
        assert_eq!(line, "Cancelling. Ctrl-C once more ends it at once.");
        interrupts(&child);
        assert_eq!(child.wait().expect("it ends").code(), Some(130));
        lets_go.send(()).expect("somebody holds");
        holding.await.expect("let go");
        let record = site.latest_import().await.expect("recorded");
        assert!(
            matches!(&record.state, ImportState::Failed { why } if why.starts_with("interrupted")),
            "{record:?}"
        );
        drop(input);
        site.well().await;
    });
}

/// Before the record stands there is nothing to cancel: it ends, however long the file is held.
#[test]
#[cfg(target_os = "linux")]
fn r42_ctrl_c_ends_a_run_that_waits_for_its_record() {
    on_both_engines(|database| async move {
        if matches!(database.location, Location::Url(_)) {
            return; // a record waits for nobody there
        }
        let site = Site::open(database).await;
        let (lets_go, holding) = site.holds(ImportId(1)).await;
        let child = site.starts(&["run", "assignment"]);
        while !listens(&child) {
            std::thread::yield_now();
        }
        interrupts(&child);
        let ended = child.wait_with_output().expect("it ends");
        let said = words(&ended.stderr);
        assert_eq!((ended.status.code(), &*said), (Some(130), "evenhand: cancelled; nothing was changed\n"));
        lets_go.send(()).expect("somebody holds");
        holding.await.expect("let go");
        assert_eq!(site.latest_run().await, None);
        site.well().await;
    });
}

/// Whether it catches the signal of Ctrl-C, the second of the kernel's list.
#[cfg(target_os = "linux")]
fn listens(child: &Child) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("it runs");
    let caught =
        status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("the signals it catches");
    u64::from_str_radix(caught.trim(), 16).expect("a number") & 0b10 != 0
}

#[test]
fn r42_ctrl_c_cancels_a_run_and_its_record_says_so() {
    on_both_engines(|database| async move {
        let site = Site::open(database).await;
        let added = site
            .does(&["user", "add", "--name", "Asha", "--email", "asha@acme.example", "--role", "Agent"], b"");
        assert!(added.status.success(), "{}", words(&added.stderr));
        // A run that was done before the signal came is done; then there are new leads, and another one.
        let mut was_cancelled = false;
        for round in 0..5 {
            let rows: Vec<String> =
                (0..2_000).map(|row| format!("N{row},+9198{:08}", round * 2_000 + row)).collect();
            let file = format!("First Name,Phone\n{}\n", rows.join("\n"));
            assert!(site.does(&["import", "-"], file.as_bytes()).status.success());
            let before = site.latest_run().await.map(|(run, _)| run);
            let child = site.starts(&["run", "assignment"]);
            while site.latest_run().await.map(|(run, _)| run) == before {}
            interrupts(&child);
            let ended = child.wait_with_output().expect("it ends");
            let (_, state) = site.latest_run().await.expect("recorded");
            site.well().await;
            let assigned = words(&ended.stdout);
            if ended.status.code() == Some(130) {
                assert!(words(&ended.stderr).ends_with("evenhand: cancelled; nothing was changed\n"));
                assert_eq!((&*state, &*assigned), ("cancelled", ""));
                was_cancelled = true;
                break;
            }
            assert_eq!((ended.status.code(), &*state), (Some(0), "done"), "{}", words(&ended.stderr));
        }
        assert!(was_cancelled, "five runs were quicker");
        let next = site.does(&["run", "assignment"], b"");
        assert!(
            words(&next.stdout).contains("2000 leads assigned across 1 agent"),
            "{}",
            words(&next.stdout)
        );
        site.well().await;
    });
}
