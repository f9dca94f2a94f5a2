//! `evenhand plan`

use crate::{
    cli::Plan,
    output::{self, callers_fault},
};
use allot::exchange;
use std::io::Read;

/// The largest instance that is read; ten million leads fit.
const INSTANCE_BYTES_MAX: u64 = 1 << 30;

pub fn plan(args: &Plan) -> anyhow::Result<()> {
    let mut text = String::new();
    let (name, source): (String, Box<dyn Read>) = match &args.file {
        Some(path) if path.as_os_str() != "-" => {
            let file = std::fs::File::open(path)
                .map_err(|error| callers_fault(format!("{} cannot be read: {error}", path.display())))?;
            (path.display().to_string(), Box::new(file))
        }
        _ => ("standard input".into(), Box::new(std::io::stdin())),
    };
    source
        .take(INSTANCE_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(|error| callers_fault(format!("{name} cannot be read: {error}")))?;
    if text.len() as u64 > INSTANCE_BYTES_MAX {
        return Err(callers_fault(format!(
            "{name} is larger than {INSTANCE_BYTES_MAX} bytes; split the instance"
        )));
    }
    // Some editors begin a file with a byte order mark.
    let problem: exchange::Problem =
        serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            // The error may quote what it found, line breaks included.
            let what = error.to_string().replace(char::is_control, "?");
            callers_fault(format!("{name} is no instance of the allotment problem: {what}"))
        })?;
    let solution = exchange::solve(problem).map_err(callers_fault)?;
    output::json_line(&solution)
}
