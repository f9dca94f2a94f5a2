//! Files of leads as people really upload them, read whole (R8, R10a, R12).

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;

use actions::lead_file::{Limits, Plan, ReadFile, read_lead_file};
use domain::lead_file::{Field, JudgeContext, Statuses, Target};
use domain::phone::Country;
use proptest::prelude::*;
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
        let counts = (read.counts.rows, numbers.len() as u64, skipped, read.counts.failed, read.counts.blank);
        let count = |key: &str| file[key].as_u64().expect("a number");
        let expected = (count("rows"), count("imported"), count("skipped"), count("errors"), 0);
        assert_eq!(counts, expected, "{name}: rows, imported, skipped, errors, blank");
        assert_eq!(read.counts.good, read.rows.total(), "{name}");
        println!("{name}: {} {:?} {}", read.encoding.name(), read.delimiter, read.numbers);
    }
}

fn read_text(text: &str, limits: &Limits, plan: &Plan) -> Result<ReadFile, String> {
    read_lead_file(text.as_bytes(), limits, plan, |_| {}).map_err(|error| error.to_string())
}

#[test]
fn r10a_the_preview_tells_columns_failures_and_how_numbers_read() {
    let mut read = read("messy-excel.csv", "US");
    let extra: Vec<&str> = read.columns.extra().map(|column| column.name.as_str()).collect();
    assert_eq!(extra, ["Column 8", "Column 9"]);
    let first = read.failures.next().expect("there are failures").expect("spooled");
    assert_eq!((first.line, first.record), (8, 7));
    assert!(first.why.starts_with("status Bogus status does not exist; the statuses are Unassigned, "));
    let sentence = read.numbers.to_string();
    assert!(sentence.contains(" United States, ") && sentence.ends_with(" doubtful"), "{sentence}");
    let row = read.rows.next().expect("there are rows").expect("spooled");
    let details: Vec<_> =
        row.lead.details.iter().map(|detail| (detail.name.as_str(), detail.value.as_str())).collect();
    assert_eq!((row.line, details), (2, vec![("Column 8", "x"), ("Column 9", "x")]));
}

#[test]
fn r10_details_are_off_by_a_tick() {
    let plan = Plan { keeps_details: false, ..plan("US") };
    let mut read =
        read_text("Name,Phone,Budget\nAnn,2015550123,10\n", &Limits::default(), &plan).expect("read");
    assert!(read.rows.next().expect("a row").expect("spooled").lead.details.is_empty());
}

#[test]
fn r10a_columns_mapped_by_hand_replace_the_headers() {
    let text = "who;number\nAnn Lee;2015550123\n";
    let refused = read_text(text, &Limits::default(), &plan("US")).expect_err("no phone column");
    assert!(refused.starts_with("the file has no phone column; its columns are who, number;"), "{refused}");

    let columns = Some(vec![Target::Field(Field::FullName), Target::Field(Field::Phone)]);
    let plan = Plan { columns, ..plan("US") };
    let mut read = read_text(text, &Limits::default(), &plan).expect("read");
    let lead = read.rows.next().expect("a row").expect("spooled").lead;
    assert_eq!((lead.first_name.as_str(), lead.last_name.as_str()), ("Ann", "Lee"));
}

#[test]
fn r11_bad_rows_never_stop_good_ones() {
    let text = "Name,Phone\n,2015550123\nAnn,2015550123\nBob,n/a\n,,\nCy,2015550124\n";
    let mut read = read_text(text, &Limits::default(), &plan("US")).expect("read");
    let good: Vec<u64> = read.rows.by_ref().map(|row| row.expect("spooled").line).collect();
    let failed: Vec<u64> = read.failures.by_ref().map(|row| row.expect("spooled").line).collect();
    assert_eq!((good, failed, read.counts.blank), (vec![3, 6], vec![2, 4], 1));
}

#[test]
fn progress_is_told_on_the_way_and_at_the_end() {
    let bytes = std::fs::read(data("clean-10k.csv")).expect("kept with the tests");
    let mut told = Vec::new();
    read_lead_file(&bytes[..], &Limits::default(), &plan("US"), |bytes| told.push(bytes)).expect("read");
    assert!(told.len() > 5 && told.is_sorted(), "{told:?}");
    assert_eq!(told.last(), Some(&(bytes.len() as u64)));
}

#[test]
fn rows_that_find_no_room_are_told() {
    let limits = Limits { spool_dir: Some("/nowhere/at/all".into()), ..Limits::default() };
    let text = format!("Name,Phone\n{}", "Ann,2015550123\n".repeat(100_000));
    let refused = read_text(&text, &limits, &plan("US")).expect_err("no room");
    assert!(
        refused.starts_with("the rows could not be kept in a temporary file (")
            && refused.ends_with("; free some disk space, or name a folder with room for temporary files"),
        "{refused}"
    );
}

proptest! {
    #[test]
    fn any_text_under_a_header_is_read_or_refused(text in "([ -~]{0,9}|[0-9+() -]{9,13}|[,;\"\n\t]|\\PC){0,80}") {
        let text = format!("First Name,Phone,Email,Status,Tags,Country,Notes\n{text}");
        if let Ok(mut read) = read_text(&text, &Limits::default(), &plan("IN")) {
            prop_assert_eq!(read.rows.by_ref().flatten().count() as u64, read.counts.good);
            prop_assert_eq!(read.failures.by_ref().flatten().count() as u64, read.counts.failed);
        }
    }
}
