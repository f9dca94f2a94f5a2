//! Files of leads as people really upload them, read whole (R8, R10a, R12).

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;

use actions::lead_file::{Limits, Plan, ReadFile, read_lead_file};
use domain::lead_file::{JudgeContext, Statuses};
use domain::phone::Country;
use serde_json::Value;

const DEFAULT_STATUSES: [&str; 10] = [
    "Unassigned",
    "Assigned",
    "Followups",
    "Interested",
    "Not Interested",
    "Busy",
    "Not Picked",
    "Missed",
    "Wrong Number",
    "Customer",
];

fn data(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn plan(country: &str) -> Plan {
    let statuses = (1..).zip(DEFAULT_STATUSES).map(|(id, name)| (name, id, true));
    Plan {
        judge: JudgeContext {
            default_country: Country::from_code(country).expect("a country"),
            statuses: Statuses::new(statuses),
        },
        columns: None,
        keeps_details: true,
    }
}

fn read(name: &str, country: &str) -> ReadFile {
    let file = File::open(data(name)).expect("the data is kept with the tests");
    read_lead_file(file, &Limits::default(), &plan(country), |_| {}).expect("the file can be read")
}

/// The words of `truth.json` for the codes of failures.
fn label(code: &str) -> &'static str {
    match code {
        "first_name_missing" => "error: first name",
        "phone_missing" => "error: phone missing",
        "phone_impossible" => "error: phone invalid",
        "status_unknown" => "error: status",
        other => panic!("{other} does not occur in these files"),
    }
}

#[test]
fn r8_r11_r12_real_files_give_the_counts_of_an_independent_library() {
    let truth = std::fs::read_to_string(data("truth.json")).expect("kept with the tests");
    let truth: Value = serde_json::from_str(&truth).expect("JSON");
    let files = truth.as_array().expect("a list of files");
    assert_eq!(files.len(), 5);
    for file in files {
        let name = file["file"].as_str().expect("a name");
        let mut read = read(name, file["default_country"].as_str().expect("a country"));

        let expected: Vec<(u64, &str)> = file["error_rows"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|row| (row["record"].as_u64().expect("a number"), row["why"].as_str().expect("a text")))
            .collect();
        let failures: Vec<_> = read.failures.by_ref().collect::<Result<_, _>>().expect("spooled");
        let found: Vec<(u64, &str)> = failures.iter().map(|row| (row.record, label(&row.code))).collect();
        assert_eq!(found, expected, "{name}");

        let mut numbers = HashSet::new();
        let mut skipped = 0;
        for row in read.rows.by_ref() {
            skipped += u64::from(!numbers.insert(row.expect("spooled").lead.phone));
        }
        let counts =
            (read.counts.rows, numbers.len() as u64, skipped, read.counts.failed, read.counts.blank);
        let count = |key: &str| file[key].as_u64().expect("a number");
        let expected = (count("rows"), count("imported"), count("skipped"), count("errors"), 0);
        assert_eq!(counts, expected, "{name}: rows, imported, skipped, errors, blank");
        assert_eq!(read.counts.good, read.rows.total(), "{name}");
        println!("{name}: {} {:?} {}", read.encoding.name(), read.delimiter, read.numbers);
    }
}
