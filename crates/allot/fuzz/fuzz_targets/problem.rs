//! Any text: it is no problem, a bad one with an error, or one with a plan that the verifier accepts.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(problem) = serde_json::from_str::<allot::exchange::Problem>(text)
        && let Err(allot::exchange::Error::Refused(why)) = allot::exchange::solve(problem)
    {
        panic!("{why}");
    }
});
