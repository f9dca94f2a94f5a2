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
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

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
    let levels = asked.as_deref().map_or_else(|| levels(usual), levels);
    let is_unreadable = levels.is_none();
    let levels = levels.or_else(|| self::levels(usual)).unwrap_or_default();
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(is_terminal);
    tracing_subscriber::registry().with(lines).with(levels).init();
    if is_unreadable {
        output::complain(
            "EVENHAND_LOG cannot be read: it is a level like info, or levels of modules like store=debug,warn",
        );
    }
}

/// What is logged, from a text like `store=debug,warn`. A word that is no level would be taken for a module.
fn levels(text: &str) -> Option<Targets> {
    let items: Vec<&str> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    let is_level = |item: &&str| item.contains('=') || item.parse::<LevelFilter>().is_ok();
    items.iter().all(is_level).then(|| items.join(",").parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::levels;

    #[test]
    fn what_is_logged_is_a_level_or_levels_of_modules() {
        for text in ["info", "store=debug, warn", "info,", "OFF", "web::live=trace"] {
            assert!(levels(text).is_some(), "{text}");
        }
        for text in ["inof", "store=loud", "store"] {
            assert!(levels(text).is_none(), "{text}");
        }
        let info = levels("info,").expect("a level");
        assert!(info.would_enable("store", &tracing::Level::INFO));
        let debug = levels("store=debug, warn").expect("levels");
        assert!(debug.would_enable("store::lists", &tracing::Level::DEBUG));
        assert!(!debug.would_enable("web", &tracing::Level::INFO));
    }
}
