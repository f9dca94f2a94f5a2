//! Opening what is there, and saying clearly why not.

use crate::support::{NONE, make_marks, marking, marks, on_postgres, on_sqlite, open_within, text};
use std::time::Duration;
use store::{
    Error, Location, Missing, Result, Store, limits::Limits, migrate::KNOWN, params, testing::on_both_engines,
};

async fn why_not(location: &Location, missing: Missing) -> String {
    Store::open(location, missing).await.err().expect("it is refused").to_string()
}

#[test]
fn a_newer_schema_is_refused() {
    on_both_engines(|database| async move {
        let newer: Result<u64> = database
            .store
            .write(|session| {
                Box::pin(async move {
                    let mark = text("INSERT INTO schema_migrations (number) VALUES ($1)");
                    session.execute(&mark, params![KNOWN + 1]).await
                })
            })
            .await;
        newer.expect("marked");
        let expect = format!(
            "the database has schema {}, this program knows schemas up to {KNOWN}: use the newer program that upgraded it",
            KNOWN + 1
        );
        assert_eq!(why_not(&database.location, Missing::Refuse).await, expect);
        assert_eq!(why_not(&database.location, Missing::Create).await, expect);
    });
}

#[test]
fn opening_twice_migrates_once() {
    on_both_engines(|database| async move {
        let opened = tokio::join!(
            Store::open(&database.location, Missing::Create),
            Store::open(&database.location, Missing::Create),
        );
        assert!(opened.0.is_ok() && opened.1.is_ok());
    });
}

#[test]
fn sqlite_processes_that_start_together_on_a_new_folder_agree() {
    on_sqlite(|_| async move {
        let folder = tempfile::tempdir().expect("a folder");
        let location = Location::Folder(folder.path().join("new"));
        let mut opening = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let location = location.clone();
            opening.spawn(async move { Store::open(&location, Missing::Create).await.map(drop) });
        }
        for opened in opening.join_all().await {
            opened.expect("each of them opens it");
        }
    });
}

#[test]
fn sqlite_a_missing_database_is_named() {
    on_sqlite(|_| async move {
        let folder = tempfile::tempdir().expect("a folder");
        let nowhere = folder.path().join("nowhere");
        assert_eq!(
            why_not(&Location::Folder(nowhere.clone()), Missing::Refuse).await,
            format!(
                "there is no database at {}/evenhand.db; make one with `evenhand init`, or name its folder with --data",
                nowhere.display()
            )
        );
        assert!(!nowhere.exists(), "nothing was made");
    });
}

#[test]
fn postgres_an_empty_database_is_no_evenhand_and_stays_empty() {
    on_postgres(|database| async move {
        let emptied: Result<u64> = database
            .store
            .write(|session| {
                Box::pin(async move {
                    session.execute(&text("DROP SCHEMA public CASCADE"), &[]).await?;
                    session.execute(&text("CREATE SCHEMA public"), &[]).await
                })
            })
            .await;
        emptied.expect("emptied");
        let said = why_not(&database.location, Missing::Refuse).await;
        assert!(said.contains("there is no Evenhand in PostgreSQL at 127.0.0.1:"), "{said}");
        assert!(said.ends_with("make one with `evenhand init`"), "{said}");
        let tables: i64 = database
            .store
            .read()
            .await
            .expect("a reader")
            .session()
            .one(&text("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'"), &[], |row| row.get(0))
            .await
            .expect("counted");
        assert_eq!(tables, 0);
    });
}

#[test]
fn sqlite_a_file_that_is_no_database_is_named_and_left_alone() {
    on_sqlite(|_| async move {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("evenhand.db");
        let letters = "Dear Sir or Madam, ".repeat(500);
        std::fs::write(&file, &letters).expect("written");
        for missing in [Missing::Refuse, Missing::Create] {
            let said = why_not(&Location::Folder(folder.path().into()), missing).await;
            assert_eq!(
                said,
                format!("{}: the file is not an Evenhand database (or is damaged)", file.display())
            );
        }
        assert_eq!(std::fs::read_to_string(&file).expect("read"), letters);
    });
}

#[test]
fn sqlite_a_folder_that_cannot_be_made_is_named() {
    on_sqlite(|_| async move {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("taken");
        std::fs::write(&file, "x").expect("written");
        let said = why_not(&Location::Folder(file.clone()), Missing::Create).await;
        assert!(said.contains(&format!("{} cannot be made", file.display())), "{said}");
    });
}

#[test]
fn postgres_an_address_that_is_wrong_is_told_at_once_without_the_password() {
    on_postgres(|_| async move {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let nobody = Location::Url(format!("postgres://me:secret@127.0.0.1:{port}/x"));
        let said = why_not(&nobody, Missing::Create).await;
        assert!(said.contains(&format!("PostgreSQL at 127.0.0.1:{port} does not answer")), "{said}");
        assert!(!said.contains("secret"), "{said}");
        let said = why_not(&Location::Url("postgress:/me:secret".into()), Missing::Create).await;
        assert!(said.contains("it looks like postgres://user:password@host:5432/name"), "{said}");
        assert!(!said.contains("secret"), "{said}");
    });
}

#[test]
fn sqlite_a_lock_of_another_process_is_told_and_reading_goes_on() {
    on_sqlite(|database| async move {
        make_marks(&database.store).await;
        let store =
            open_within(&database, Limits { turn: Duration::from_millis(20), ..Limits::default() }).await;
        let Location::Folder(folder) = &database.location else { panic!("a folder") };
        let other = rusqlite::Connection::open(folder.join("evenhand.db")).expect("opened");
        other.execute_batch("BEGIN EXCLUSIVE").expect("locked");
        // Busy or locked, whichever limit of the two runs out first; nothing happens either way.
        let told = store.write(marking(1)).await.expect_err("it is locked");
        assert!(matches!(told, Error::Locked | Error::Busy { .. }), "{told}");
        assert_eq!(marks(&store).await, NONE);
        other.execute_batch("ROLLBACK").expect("unlocked");
        store.write(marking(2)).await.expect("written");
        assert!(marks(&store).await.ends_with(&[2]));
    });
}
