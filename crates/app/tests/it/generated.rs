//! Generated documents are committed, and stay true: docs/cli.md, docs/settings.md and docs/schema.md.
//!
//! `EVENHAND_WRITE_DOCS=1 cargo test -p app --test it generated` writes them anew.

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf, process::Command};

#[test]
fn the_command_line_is_documented() {
    let mut text = String::from(
        "# The command line\n\nGenerated from the program's own `--help`; every flag is also an environment variable where one is named.\n\
         Standard output is data, standard error is for people. Exit 0: done; 1: our fault; 2: the caller's; 130: ended by Ctrl-C, and where it says *cancelled* nothing has happened.\n",
    );
    for path in commands(&[]) {
        let name =
            ["evenhand"].iter().copied().chain(path.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
        let _ = write!(text, "\n## {name}\n\n```text\n{}\n```\n", help(&path).trim_end());
    }
    compare("docs/cli.md", &text);
}

#[test]
fn every_command_has_an_example() {
    for path in commands(&[]) {
        let help = help(&path);
        if !help.contains("Commands:") {
            assert!(help.contains("Example:"), "`{} --help` has no example", path.join(" "));
        }
    }
}

#[test]
fn the_settings_are_documented() {
    let mut settings: BTreeMap<String, String> = BTreeMap::new();
    for path in commands(&[]) {
        let help = help(&path);
        let options = help.split("Options:").nth(1).unwrap_or_default();
        // An option and its text, which may go over several lines.
        for option in options.split("\n\n").flat_map(|part| part.split("\n      --")) {
            let flat = option.split_whitespace().collect::<Vec<_>>().join(" ");
            if let Some((before, after)) = flat.split_once("[env: ")
                && let Some((name, _)) = after.split_once(['=', ']'])
            {
                let flag = before.split_whitespace().next().unwrap_or_default().trim_start_matches("--");
                // Behind the flag's value, or behind the flag where it has none.
                let says = before.split_once("> ").or_else(|| before.split_once(' '));
                let says = says.map_or("", |(_, says)| says).trim();
                assert!(!says.is_empty(), "--{flag} says nothing in the help");
                let default = flat.split_once("[default: ").and_then(|(_, rest)| rest.split_once(']'));
                let default = default.map_or("none", |(value, _)| value);
                // The first to name it is the program itself; the demo has the same flag with another default.
                let row = format!("| `{name}` | `--{flag}` | {default} | {says} |");
                settings.entry(name.to_owned()).or_insert(row);
            }
        }
    }
    settings.insert(
        "EVENHAND_LOG".into(),
        "| `EVENHAND_LOG` | – | warn | What is logged to standard error: error, warn, info, debug, or by module as in `store=debug,warn` |".into(),
    );
    let rows: Vec<String> = settings.into_values().collect();
    let text = format!(
        "# Settings\n\nGenerated from the program's own `--help`. A flag wins over its environment variable.\n\n\
         | environment | flag | default | what it does |\n|---|---|---|---|\n{}\n",
        rows.join("\n")
    );
    compare("docs/settings.md", &text);
}

#[test]
fn the_schema_is_documented() {
    let (global, companies): (Vec<_>, Vec<_>) = store::schema::tables()
        .into_iter()
        .partition(|table| !table.sql.contains("company_id BIGINT NOT NULL"));
    let mut text = String::from(
        "# The schema\n\nGenerated from a fresh embedded database; PostgreSQL has the same tables from the same files. \
         Ids are BIGINT, instants BIGINT milliseconds (UTC) named `*_at_ms`, local dates TEXT `YYYY-MM-DD`.\n",
    );
    for (title, tables) in [
        ("Global tables\n\nWhat belongs to no company, or leads to it.", global),
        (
            "Tables of a company's data\n\nEvery key begins with `company_id`: the tenant wall, and the distribution key.",
            companies,
        ),
    ] {
        let _ = write!(text, "\n## {title}\n");
        for table in tables {
            let _ = write!(text, "\n### {}\n\n```sql\n{}\n", table.name, table.sql);
            for index in table.indexes {
                let _ = writeln!(text, "{index}");
            }
            text.push_str("```\n");
        }
    }
    compare("docs/schema.md", &text);
}

/// Every command and subcommand, in the order of the help.
fn commands(path: &[String]) -> Vec<Vec<String>> {
    let mut all = vec![path.to_vec()];
    let help = help(path);
    let Some(list) = help.split("Commands:\n").nth(1) else { return all };
    for line in list.lines().take_while(|line| !line.trim().is_empty()) {
        if let Some(name) = line.strip_prefix("  ").and_then(|line| line.split_whitespace().next())
            && line.starts_with("  ")
            && !line.starts_with("   ")
            && name != "help"
        {
            let deeper: Vec<String> = path.iter().cloned().chain([name.to_owned()]).collect();
            all.extend(commands(&deeper));
        }
    }
    all
}

fn help(path: &[String]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_evenhand"))
        .args(path)
        .arg("--help")
        .env_clear()
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "`{} --help` fails", path.join(" "));
    String::from_utf8(output.stdout).expect("help is UTF-8")
}

fn compare(file: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    if std::env::var_os("EVENHAND_WRITE_DOCS").is_some() {
        std::fs::write(&path, text).expect("the document can be written");
        return;
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "{file} is not what the program says now; write it anew with EVENHAND_WRITE_DOCS=1 cargo test -p app --test it generated"
    );
}
