//! A PostgreSQL that goes away and comes back, played by a gate between the store and the server.

use crate::support::{make_marks, marking, marks, on_postgres};
use std::sync::{Arc, Mutex};
use store::{Error, Location, Missing, Result, Store, sql::Sql, testing::TestDatabase};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// When the gate breaks a connection by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Breaks {
    Never,
    /// The server never hears the COMMIT.
    BeforeCommit,
    /// The server has committed; its answer never arrives.
    AfterCommit,
}

/// A gate on a port of its own.
struct Gate {
    port: u16,
    server: String,
    listening: Option<JoinHandle<()>>,
    breaks: Arc<Mutex<Breaks>>,
    /// Turned when every connection is to break.
    shut: watch::Sender<bool>,
}

impl Gate {
    async fn new(database: &TestDatabase) -> (Gate, Location) {
        let Location::Url(url) = &database.location else { panic!("a URL") };
        let (head, tail) = url.split_once('@').expect("user@host");
        let (server, name) = tail.split_once('/').expect("host/name");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let through = Location::Url(format!("{head}@127.0.0.1:{port}/{name}"));
        let mut gate = Gate {
            port,
            server: server.to_owned(),
            listening: None,
            breaks: Arc::new(Mutex::new(Breaks::Never)),
            shut: watch::channel(false).0,
        };
        gate.listen(listener);
        (gate, through)
    }

    fn listen(&mut self, listener: TcpListener) {
        let (server, breaks, shut) = (self.server.clone(), Arc::clone(&self.breaks), self.shut.subscribe());
        self.listening = Some(tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.expect("the real server is there");
                tokio::spawn(pass(client, server, Arc::clone(&breaks), shut.clone()));
            }
        }));
    }

    /// Every connection breaks, and nobody answers any more.
    async fn close(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
            let _ = listening.await;
        }
        self.shut.send_replace(true);
    }

    async fn open(&mut self) {
        self.shut.send_replace(false);
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.expect("the same port");
        self.listen(listener);
    }

    fn break_at(&self, breaks: Breaks) {
        *self.breaks.lock().expect("no panic") = breaks;
    }
}

async fn pass(
    mut client: TcpStream,
    mut server: TcpStream,
    breaks: Arc<Mutex<Breaks>>,
    mut shut: watch::Receiver<bool>,
) {
    let (mut asked, mut told) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut last_answer = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => match read {
                Ok(read @ 1..) => {
                    let breaks = *breaks.lock().expect("no panic");
                    if breaks != Breaks::Never && asked[..read].windows(6).any(|word| word == b"COMMIT") {
                        if breaks == Breaks::BeforeCommit {
                            return;
                        }
                        last_answer = true;
                    }
                    if server.write_all(&asked[..read]).await.is_err() { return; }
                }
                _ => return,
            },
            read = server.read(&mut told) => match read {
                Ok(1..) if last_answer => return,
                Ok(read @ 1..) => if client.write_all(&told[..read]).await.is_err() { return; },
                _ => return,
            },
            () = async { let _ = shut.wait_for(|shut| *shut).await; } => return,
        }
    }
}

#[test]
fn postgres_comes_back_and_so_do_reads_and_writes() {
    on_postgres(|database| async move {
        make_marks(&database.store).await;
        let (mut gate, through) = Gate::new(&database).await;
        let limits =
            store::limits::Limits { turn: std::time::Duration::from_millis(200), ..Default::default() };
        let store = Store::open_within(&through, Missing::Refuse, limits).await.expect("opened");
        store.write(marking(1)).await.expect("written");

        gate.close().await;
        let told = store.write(marking(2)).await.expect_err("nobody answers");
        let sentence = told.to_string();
        assert!(
            sentence.contains(&format!("PostgreSQL at 127.0.0.1:{} does not answer", gate.port)),
            "{sentence}"
        );
        assert!(matches!(
            store
                .read_long(|session| Box::pin(async move {
                    session
                        .rows(&Sql::built("SELECT mark FROM marks".into()), &[], |row| row.get::<i64>(0))
                        .await
                }))
                .await,
            Err(Error::Unavailable(_))
        ));

        gate.open().await;
        store.write(marking(3)).await.expect("written");
        assert_eq!(marks(&store).await, [1, 3]);

        // Away for less than the limit: the write waits for it.
        let patient = Store::open(&through, Missing::Refuse).await.expect("opened");
        gate.close().await;
        let waiting = tokio::spawn(async move { patient.write(marking(4)).await });
        gate.open().await;
        waiting.await.expect("no panic").expect("written in the end");
        assert_eq!(marks(&store).await, [1, 3, 4]);
    });
}

#[test]
fn postgres_a_commit_whose_answer_is_lost_may_or_may_not_have_happened_and_the_sentence_says_so() {
    on_postgres(|database| async move {
        make_marks(&database.store).await;
        let (gate, through) = Gate::new(&database).await;
        let store = Store::open(&through, Missing::Refuse).await.expect("opened");
        for (breaks, number, expect) in [(Breaks::BeforeCommit, 1, vec![]), (Breaks::AfterCommit, 2, vec![2])]
        {
            gate.break_at(breaks);
            let told = store.write(marking(number)).await.expect_err("the connection breaks");
            gate.break_at(Breaks::Never);
            assert!(matches!(told, Error::CommitUnknown(_)), "{told:?}");
            assert!(
                told.to_string().contains("it may or may not have happened; look before you repeat it"),
                "{told}"
            );
            assert_eq!(marks(&store).await, expect);
        }
        store.write(marking(3)).await.expect("written");
        assert_eq!(marks(&store).await, [2, 3]);
    });
}

#[test]
fn postgres_connections_that_the_server_ends_are_replaced() {
    on_postgres(|database| async move {
        make_marks(&database.store).await;
        let store = &database.store;
        let end_all = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        // Several connections lie in the pool.
        let held = [store.read().await, store.read().await, store.read().await, store.read().await];
        drop(held);
        let ended: Result<i64> = store
            .write(move |session| {
                Box::pin(async move { session.one(&Sql::built(end_all.into()), &[], |row| row.get(0)).await })
            })
            .await;
        assert!(ended.expect("ended") >= 3);
        for number in 1..=20 {
            store.write(marking(number)).await.expect("written");
        }
        // In the middle of a write: nothing happened, and the caller hears that the server was away.
        let (says_begun, begun) = tokio::sync::oneshot::channel::<()>();
        let (go_on, told) = tokio::sync::oneshot::channel::<()>();
        let writing = tokio::spawn({
            let store = store.clone();
            async move {
                store
                    .write(|session| {
                        Box::pin(async move {
                            crate::support::mark(session, 21).await?;
                            says_begun.send(()).expect("the test listens");
                            told.await.expect("the test speaks");
                            crate::support::mark(session, 22).await?;
                            Ok::<_, Error>(())
                        })
                    })
                    .await
            }
        });
        begun.await.expect("it begins");
        let ended: Result<i64> = store
            .write(move |session| {
                Box::pin(async move { session.one(&Sql::built(end_all.into()), &[], |row| row.get(0)).await })
            })
            .await;
        assert!(ended.expect("ended") >= 1);
        go_on.send(()).expect("it waits");
        let told = writing.await.expect("no panic").expect_err("its connection is gone");
        assert!(matches!(told, Error::Unavailable(_)), "{told:?}");
        assert_eq!(marks(store).await, (1..=20).collect::<Vec<i64>>());
    });
}
