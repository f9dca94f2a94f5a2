//! Serving the pages: `evenhand serve`, and the demo.

use crate::{clock, output::say, scheduler};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use store::{Store, companies};
use tokio::{net::TcpListener, sync::Semaphore};

/// How long requests that are under way may take once the service is told to end.
const GRACE: Duration = Duration::from_secs(20);

/// Connections at the same time; each open window holds one for its live updates.
const CONNECTIONS_MAX: usize = 10_000;
/// How long a connection may be without a whole request.
const HEAD_WAIT: Duration = Duration::from_secs(60);
/// How long to wait after a connection could not be taken in.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// How the pages are served.
pub struct Serving {
    /// Where.
    pub listen: SocketAddr,
    /// Browsers come in by https, through a proxy.
    pub https: bool,
    /// Bytes that an uploaded file may have.
    pub upload_bytes_max: u64,
}

/// A socket that listens, before anything else is done: an address that is taken is told at once.
pub async fn bind(serving: &Serving) -> anyhow::Result<TcpListener> {
    TcpListener::bind(serving.listen).await.map_err(|error| {
        crate::output::callers_fault(format!(
            "cannot listen on {}: {error}; name another address with --listen",
            serving.listen
        ))
    })
}

/// Serves until the process is told to end.
pub async fn serve(store: Store, listener: TcpListener, serving: &Serving) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    let first_run_token = first_run_token(&store).await?;
    match &first_run_token {
        Some(token) => say(&format!(
            "Evenhand listens on http://{address}\nThere is no company yet. Open that address and enter this token: {token}"
        )),
        None => say(&format!("Evenhand listens on http://{address}")),
    }
    let (ending, is_ending) = tokio::sync::watch::channel(false);
    let time = tokio::spawn(scheduler::keep(store.clone(), Arc::new(clock::now), is_ending));
    let site = web::Site::new(web::Settings {
        store,
        clock: Arc::new(clock::now),
        chance: Arc::new(random),
        first_run_token,
        upload_bytes_max: serving.upload_bytes_max,
        https: serving.https,
    })?;
    let (router, connections) = (web::router(Arc::clone(&site)), GracefulShutdown::new());
    tokio::select! {
        () = accept(&listener, &router, &connections) => {}
        () = told_to_end() => {}
    }
    say("Ending: requests, imports and runs that are under way are finished.");
    drop(listener);
    site.close();
    ending.send_replace(true);
    let all_done = async {
        connections.shutdown().await;
        site.imports.finished().await;
        site.works.finished().await;
        let _ = time.await; // its end is all that is asked for
    };
    if tokio::time::timeout(GRACE, all_done).await.is_err() {
        say(&format!(
            "Some requests, imports or runs took longer than {} seconds and were cut off. Of an import, a run or a change that was cut off nothing is there.",
            GRACE.as_secs()
        ));
        // At once: what waits for its turn would get it while everything is put away, and happen after all.
        std::process::exit(0);
    }
    Ok(())
}

/// Takes connections in, as many as there are places, for ever. Who is slow to say what they want, or says nothing for
/// long, gives the place back.
async fn accept(listener: &TcpListener, router: &axum::Router, connections: &GracefulShutdown) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WAIT);
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Too many open files, say. It passes, or the operator reads it.
                tracing::warn!(%error, "a connection could not be taken in");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
            drop(place);
        });
    }
}

/// What tokens are written with: without the letters and digits that are taken for each other.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// A token for the first-run page, where there is no company yet.
async fn first_run_token(store: &Store) -> anyhow::Result<Option<String>> {
    if !companies::list(store.read().await?.session(), 1).await?.is_empty() {
        return Ok(None);
    }
    let bytes = random()?;
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    let groups: Vec<String> = bytes[..16].chunks(4).map(|four| four.iter().map(letter).collect()).collect();
    Ok(Some(groups.join("-")))
}

/// Random bytes of the operating system.
fn random() -> actions::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| actions::Error::Fault(format!("the system gives no random numbers: {error}")))?;
    Ok(bytes)
}

async fn told_to_end() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending::<()>().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
