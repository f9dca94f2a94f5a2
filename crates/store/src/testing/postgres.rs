//! A PostgreSQL server for tests: the one that is named, or one of our own that ends with this process.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

/// The URL of a PostgreSQL server on which tests may create and drop databases, as its superuser.
///
/// `EVENHAND_TEST_POSTGRES` where it is set (`bin/test` starts one server for the whole run and sets it); otherwise a
/// throw-away server that `bin/postgres` starts once for this process. `None` where there is no PostgreSQL to be had,
/// after a line on standard error, so that the PostgreSQL half of a test can be skipped.
///
/// # Panics
/// Instead of `None` if `EVENHAND_TEST_STRICT` is `1`: where everything must run, nothing is skipped in silence.
pub fn server_url() -> Option<&'static str> {
    static URL: OnceLock<Option<String>> = OnceLock::new();
    URL.get_or_init(|| match env::var("EVENHAND_TEST_POSTGRES") {
        Ok(url) if !url.is_empty() => Some(url),
        _ => start_server(),
    })
    .as_deref()
}

fn start_server() -> Option<String> {
    // The server lives as long as our end of its standard input, which is held in a static and so closes with the
    // process, whatever ends it.
    static SERVER: OnceLock<Child> = OnceLock::new();

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bin/postgres");
    let started =
        Command::new(&script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut server = match started {
        Ok(server) => server,
        Err(error) => return skip(&format!("{} does not run: {error}", script.display())),
    };

    let mut url = String::new();
    let stdout = server.stdout.take().expect("standard output is piped");
    if BufReader::new(stdout).read_line(&mut url).is_ok() && url.starts_with("postgres://") {
        SERVER.set(server).expect("one server per process: server_url() starts it once");
        return Some(url.trim_end().to_owned());
    }

    let mut why = String::new();
    let mut stderr = server.stderr.take().expect("standard error is piped");
    stderr.read_to_string(&mut why).ok();
    server.wait().ok();
    skip(why.trim_end())
}

fn skip(why: &str) -> Option<String> {
    assert!(
        env::var("EVENHAND_TEST_STRICT").as_deref() != Ok("1"),
        "no PostgreSQL for the tests, and EVENHAND_TEST_STRICT=1 allows no skipping: {why}"
    );
    eprintln!("SKIPPED, no PostgreSQL for the tests: {why}");
    None
}
