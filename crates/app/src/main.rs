//! The binary `evenhand`: settings, the command line, and what runs by itself.
//!
//! Standard output is data, standard error is for people. Exit 0: done; 1: our fault; 2: the caller's; 130: Ctrl-C, and
//! where it says *cancelled* nothing has happened.

mod cli;
mod clock;
mod commands;
mod demo;
mod interrupts;
mod output;
mod place;
mod scheduler;
mod serve;

use std::{process::ExitCode, time::Duration};
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// How long what was cancelled may take to go.
const GOING: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let cli = cli::Cli::read();
    log_to_standard_error();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::complain(&format!("the program cannot start its threads: {error}"));
            return ExitCode::from(1);
        }
    };
    match runtime.block_on(commands::dispatch(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let status = output::fail(&error);
            // A thread may still wait for a pipe, or deal, of work that somebody cancelled; nobody waits for it.
            runtime.shutdown_timeout(GOING);
            status
        }
    }
}

/// Logs what `EVENHAND_LOG` names. One that cannot be read is told, and the usual is logged.
fn log_to_standard_error() {
    let usual = "warn,deadpool=error";
    let asked = std::env::var("EVENHAND_LOG").ok().filter(|asked| !asked.trim().is_empty());
    let asked = asked.as_deref().unwrap_or(usual).parse::<Targets>();
    let is_unreadable = asked.is_err();
    let levels = asked.unwrap_or_else(|_| usual.parse().expect("the usual can be read"));
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(is_terminal);
    tracing_subscriber::registry().with(lines).with(levels).init();
    if is_unreadable {
        output::complain(
            "EVENHAND_LOG cannot be read; it is a level like info, or levels of modules like store=debug,warn",
        );
    }
}
