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

/// How long what was cancelled may take to go.
const GOING: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let cli = cli::Cli::read();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("EVENHAND_LOG")
                .unwrap_or_else(|_| "warn,deadpool=error".into()),
        )
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
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
