//! The demo company as a visitor gets it: one command, and everything there to be looked at.

use serde_json::Value;
use std::{
    path::Path,
    process::{Command, Output},
};

/// Runs the program in a folder of its own, without settings from outside.
fn evenhand(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_evenhand"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .expect("the program runs")
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let output = evenhand(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn one_command_makes_a_company_that_is_alive() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let output = evenhand(folder, &["demo", "--no-serve"]);
    let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}");
    for words in
        ["Preview: ", " leads would go to ", "\nLast run: ", " leads assigned across ", "admin@", "Try next:"]
    {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
    assert!(folder.join("evenhand-demo/evenhand.db").exists(), "the demo has a folder of its own");
    assert!(!folder.join("evenhand-data").exists());

    let at = ["--data", "./evenhand-demo"];
    let ask = |arguments: &[&str]| json(folder, &[arguments, &at].concat());
    assert_eq!(ask(&["doctor", "--json"])["healthy"], true);
    let leads = ask(&["leads", "list", "--json"]);
    assert_eq!(leads.as_array().expect("a list").len(), 5_000);
    let users = ask(&["user", "list", "--json"]);
    let users = users.as_array().expect("a list");
    let with_role = |role: &str| users.iter().filter(|user| user["role"] == role).count();
    assert_eq!([with_role("Company Admin"), with_role("Manager"), with_role("Agent")], [1, 3, 21]);
    assert_eq!(users.iter().filter(|user| user["banned"] == true).count(), 1);
    assert_eq!(users.iter().filter(|user| user["cap"] == 0).count(), 1);
    assert!(
        users
            .iter()
            .filter(|user| user["receives_leads"] == true)
            .all(|user| user["held"].as_i64() <= user["cap"].as_i64())
    );
    for (label, many) in [("branch", 3), ("department", 4)] {
        let names: std::collections::BTreeSet<&str> =
            users.iter().filter_map(|user| user[label].as_str()).collect();
        assert_eq!(names.len(), many, "{names:?}");
    }
    let settings = ask(&["settings", "auto-assignment", "--json"]);
    assert_eq!(settings["enabled"], true);
    let sentence = settings["last_run"].as_str().expect("a sentence");
    assert!(said.contains(sentence), "{sentence} is the run that was shown");

    // What was shown can be looked at: a lead in the middle has a history, told in sentences.
    let lead = evenhand(folder, &[&["lead", "show", "100"][..], &at].concat());
    let lead = String::from_utf8_lossy(&lead.stdout).into_owned();
    for told in ["Imported by Admin as Unassigned", " by the run of 09:00", "Status Assigned → "] {
        assert!(lead.contains(told), "{told}: {lead}");
    }

    // And it never touches a company that is there, its own neither.
    let again = evenhand(folder, &["demo", "--no-serve"]);
    assert_eq!(again.status.code(), Some(2));
    let told = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(told.contains("./evenhand-demo/evenhand.db is there already"), "{told}");
    assert_eq!(ask(&["leads", "list", "--json"]), leads);
}

#[test]
fn a_company_that_exists_is_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let file = folder.join("real/evenhand.db");
    std::fs::create_dir(folder.join("real")).expect("a folder can be made");
    std::fs::write(&file, "somebody's").expect("a file can be written");
    for arguments in [&["demo", "--data", "real"][..], &["--data", "real", "demo"]] {
        let output = evenhand(folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("real/evenhand.db is there already"));
    }
    let output = Command::new(env!("CARGO_BIN_EXE_evenhand"))
        .arg("demo")
        .current_dir(folder)
        .env_clear()
        .env("EVENHAND_DATA", "real")
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(2), "a folder that the environment names counts as named");
    assert_eq!(std::fs::read_to_string(&file).expect("the file is there"), "somebody's");
    let output = evenhand(folder, &["demo", "--database", "postgres://nobody@localhost:1/none"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("leave out --database"));
    assert!(!folder.join("evenhand-demo").exists(), "nothing was made");
}
