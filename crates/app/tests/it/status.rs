//! `evenhand status`: what it says, and how the list is afterwards.

use std::{path::Path, process::Command};

/// Runs the program on this folder; the words stand between `|`. Exit code, standard output, and what people read.
fn evenhand(data: &Path, words: &str) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_evenhand"))
        .args(words.split('|'))
        .env_clear()
        .env("EVENHAND_DATA", data)
        .output()
        .expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8").trim_end().to_owned();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn r1_r6_statuses_are_changed_from_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let demo = evenhand(&data, "demo|--no-serve");
    assert_eq!(demo.0, Some(0), "{}", demo.2);
    // What the demo's people did differs from release to release; what somebody adds here nobody has used.
    for (words, code, says) in [
        ("status|add|Site visit|--kind|open|--position|3", 0, "Site visit is number 3, open."),
        ("status|add|site VISIT|--kind|won", 2, "evenhand: there is a status \"Site visit\" already;"),
        ("status|add|Lost|--kind|perhaps", 2, "error: invalid value 'perhaps' for '--kind <KIND>'"),
        ("status|edit|Site visit|--name|Visit|--position|1", 0, "Visit is number 1, open."),
        ("status|edit|Visit|--kind|closed", 0, "Visit is number 1, closed."),
        ("status|edit|Visit|--given-on-assignment", 2, "evenhand: Visit cannot be given on assignment:"),
        (
            "status|edit|Visit|--kind|open|--given-on-assignment",
            0,
            "Visit is number 1, open, given on assignment.",
        ),
        ("status|edit|Visit", 2, "evenhand: nothing is to be changed"),
        ("status|edit|Followups|--name|Callbacks", 2, "evenhand: Followups is protected:"),
        (
            "status|edit|Nothing|--name|Something",
            2,
            "evenhand: there is no status \"Nothing\"; the statuses are",
        ),
        ("status|delete|Visit", 2, "evenhand: every assignment uses Visit; name a replacement"),
        ("status|delete|visit|--replacement|Assigned", 0, "Visit is deleted."),
        ("status|delete|Busy|--replacement|Busy", 2, "evenhand: Busy cannot replace itself"),
        ("status|delete|Busy|--replacement|Missed", 0, "Busy is deleted;"),
        ("doctor", 0, ""),
    ] {
        let (exit, out, said) = evenhand(&data, words);
        assert_eq!(exit, Some(code), "{words}: {said}{out}");
        assert!(said.starts_with(says), "{words}: {said}");
    }
    let (_, listed, _) = evenhand(&data, "status|list|--json");
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    let lines = listed.as_array().expect("a list");
    let names: Vec<&str> = lines.iter().filter_map(|line| line["name"].as_str()).collect();
    assert_eq!(names[..3], ["Unassigned", "Assigned", "Followups"]);
    assert!(!names.contains(&"Busy") && !names.contains(&"Visit"), "{names:?}");
    assert_eq!(lines[1]["mark"], "assigned");
    assert!(lines.iter().any(|line| line["name"] == "Missed" && line["leads"].as_i64() > Some(0)));
    let (_, table, _) = evenhand(&data, "status|list");
    assert!(
        table.lines().any(|line| line.contains("Assigned") && line.ends_with("given on assignment")),
        "{table}"
    );
}
