//! What the commands print: data to standard output, words for people to standard error.

use crate::interrupts::{self, Interrupted};
use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

/// The caller asked for something that cannot be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CallersFault(pub String);

/// An error that is the caller's.
pub fn callers_fault(sentence: impl std::fmt::Display) -> anyhow::Error {
    CallersFault(sentence.to_string()).into()
}

/// A line for people.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// What went wrong, for people.
pub fn complain(sentence: &str) {
    say(&format!("evenhand: {sentence}"));
}

/// Tells what went wrong and whose fault it is. A reader that has seen enough (`| head`) is nobody's.
pub fn fail(error: &anyhow::Error) -> ExitCode {
    let broken_pipe = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    let serde_pipe = |error: &serde_json::Error| error.io_error_kind() == Some(io::ErrorKind::BrokenPipe);
    if error.downcast_ref::<io::Error>().is_some_and(broken_pipe)
        || error.downcast_ref::<serde_json::Error>().is_some_and(serde_pipe)
    {
        return ExitCode::SUCCESS;
    }
    complain(&format!("{error:#}"));
    if error.is::<Interrupted>() {
        return ExitCode::from(interrupts::STATUS);
    }
    let callers = error.is::<CallersFault>()
        || error.downcast_ref::<actions::Error>().is_some_and(actions::Error::is_the_callers)
        || error.downcast_ref::<store::Error>().is_some_and(actions::error::is_the_callers);
    ExitCode::from(if callers { 2 } else { 1 })
}

/// Standard output, buffered.
pub fn stdout() -> io::BufWriter<io::StdoutLock<'static>> {
    io::BufWriter::with_capacity(64 * 1024, io::stdout().lock())
}

/// Prints one JSON value.
pub fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut out = stdout();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    out.flush()?;
    Ok(())
}

/// Prints one JSON value in one line, for what may be very long.
pub fn json_line(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut out = stdout();
    serde_json::to_writer(&mut out, value)?;
    writeln!(out)?;
    out.flush()?;
    Ok(())
}

/// A table with aligned columns; numbers stand right.
pub fn table(out: &mut impl Write, head: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([head[column].len()]).max().unwrap_or(0)
        })
        .collect();
    let numeric: Vec<bool> = (0..head.len())
        .map(|column| rows.iter().all(|row| row[column].chars().all(|c| c.is_ascii_digit() || c == '–')))
        .collect();
    let mut line = |cells: Vec<&str>| -> io::Result<()> {
        let padded: Vec<String> = (cells.into_iter().zip(&widths).zip(&numeric))
            .map(
                |((cell, width), numeric)| {
                    if *numeric { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
                },
            )
            .collect();
        writeln!(out, "{}", padded.join("  ").trim_end())
    };
    line(head.to_vec())?;
    for row in rows {
        line(row.iter().map(String::as_str).collect())?;
    }
    Ok(())
}

/// A progress bar on standard error; invisible when that is no terminal.
pub fn progress_bar(total: Option<u64>) -> indicatif::ProgressBar {
    if !io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let bar = match total {
        Some(total) => indicatif::ProgressBar::new(total),
        None => indicatif::ProgressBar::new_spinner(),
    };
    let style = indicatif::ProgressStyle::with_template("{msg:20} {wide_bar} {percent:>3} %  {eta}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
