//! `evenhand explain`: what it says, as text and as JSON.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

/// Runs the program on this folder; the words stand for themselves between `|`. Exit code, standard output, and what
/// people read.
fn evenhand(data: &Path, words: &str, input: &str) -> (Option<i32>, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_evenhand"))
        .args(words.split('|'))
        .env_clear()
        .env("EVENHAND_DATA", data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that refuses at once does not read its input.
    let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8").trim_end().to_owned();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Whoever names a folder means it, whatever stands in the environment.
#[test]
fn a_folder_on_the_command_line_wins_over_a_database_of_the_environment() {
    let folder = tempfile::tempdir().expect("a folder");
    let asked = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_evenhand"))
            .args(words)
            .env_clear()
            .env("EVENHAND_DATABASE", "postgres://nobody@127.0.0.1:1/nowhere")
            .current_dir(folder.path())
            .output();
        String::from_utf8(output.expect("it ends").stderr).expect("UTF-8")
    };
    let said = asked(&["doctor", "--data", "./here"]);
    assert!(said.contains("there is no database at ./here/evenhand.db"), "{said}");
    let said = asked(&["doctor"]);
    assert!(said.contains("PostgreSQL at 127.0.0.1:1"), "{said}");
}

#[test]
fn r44_the_command_line_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let done = |words: &str, input: &str| {
        let (code, said, complained) = evenhand(&data, words, input);
        assert_eq!(code, Some(0), "{words}: {complained}");
        said
    };
    done(
        "init|--company|Acme|--country|IN|--timezone|Asia/Kolkata|--admin-email|boss@acme.example|--password-stdin",
        "correct horse\n",
    );
    for (name, rest) in [
        ("Asha Rao", "|--cap|2|--branch|Pune"),
        ("Ben Roy", "|--cap|1|--branch|Pune"),
        ("Cara Lal", "|--branch|Goa"),
    ] {
        let email = name.replace(' ', ".").to_lowercase();
        done(&format!("user|add|--name|{name}|--email|{email}@acme.example|--role|Agent{rest}"), "");
    }
    let rows: Vec<String> =
        (1..=5).map(|n| format!("Lead {n},98200 0000{n},{}", if n < 5 { "Pune" } else { "" })).collect();
    done("import|-", &format!("First name,Phone,Branch\n{}\n", rows.join("\n")));
    assert_eq!(
        done("explain|1", ""),
        "Lead 1: Why nobody?\n\
         Nobody has decided anything about this lead: no run has looked at it, and no person has given it to anybody. \
         Auto lead assignment takes leads in the status Unassigned, but it is off: switch it on in the settings, or run it now."
    );
    done("run|assignment", "");
    let leads: Vec<serde_json::Value> = serde_json::from_str(&done("leads|list|--json", "")).expect("JSON");
    assert_eq!(leads.len(), 5);
    for lead in &leads {
        let id = lead["id"].as_i64().expect("a number");
        let why: serde_json::Value =
            serde_json::from_str(&done(&format!("explain|{id}|--json"), "")).expect("JSON");
        let owner = lead["owner"].as_str();
        assert_eq!((why["decided_by"].as_str(), why["lead"].as_i64()), (Some("run"), Some(id)));
        let chosen: Vec<&serde_json::Value> = why["candidates"]
            .as_array()
            .expect("a list")
            .iter()
            .filter(|one| one["verdict"] == "chosen")
            .collect();
        let name = chosen.first().map(|one| one["name"].as_str().expect("a name"));
        let email = name.map(|name| format!("{}@acme.example", name.replace(' ', ".").to_lowercase()));
        assert_eq!(email.as_deref(), owner, "{lead} {why}");
        assert_eq!(
            done(&format!("explain|{id}|--run|{}", why["run"]), ""),
            done(&format!("explain|{id}"), "")
        );
    }
    // The one without a branch fits everywhere; of the four for Pune the oldest found no place.
    let said = done("explain|1", "");
    let (moments, rest): (Vec<&str>, Vec<&str>) =
        said.lines().partition(|line| line.starts_with("Run 1 of 2") && line.ends_with(" IST"));
    assert_eq!(moments.len(), 1, "{said}");
    assert_eq!(
        rest.join("\n"),
        "Lead 1: Why nobody?\n\
         4 leads need branch Pune; both agents with room there are full now, with 3 places for them. Where room is short, \
         leads that were never called come first, and of those the newest. One is not in branch Pune.\n\n  \
         agent     held  cap  room  gets  after  because\n  \
         Ben Roy      0    1     1     1      1  full at cap 1\n  \
         Asha Rao     0    2     2     2      2  full at cap 2\n  \
         Cara Lal     0    –     –     1      1  not in branch Pune"
    );
    for (words, says) in [
        ("explain|99", "evenhand: there is no lead 99"),
        ("explain|1|--run|99", "evenhand: there is no run 99"),
    ] {
        let (code, said, complained) = evenhand(&data, words, "");
        assert_eq!((code, &*said, &*complained), (Some(2), "", says), "{words}");
    }
}
