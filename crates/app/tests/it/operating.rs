//! What docs/operating.md says is so: its settings and commands exist, its unit is one, its SQL runs, and its list of
//! tables is the schema's.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};
use store::{schema, sql::Sql, testing};

#[test]
fn its_settings_exist() {
    let settings = document("docs/settings.md");
    let text = page();
    let names: BTreeSet<&str> = text
        .split(|letter: char| !letter.is_ascii_uppercase() && letter != '_')
        .filter(|word| word.starts_with("EVENHAND_") && word.len() > "EVENHAND_".len())
        .collect();
    assert!(names.len() > 4, "{names:?}");
    for name in names {
        assert!(settings.contains(&format!("`{name}`")), "{name} is no setting");
    }
}

#[test]
fn its_commands_exist() {
    let text = page();
    let blocks = blocks(&text, "sh").join("\n");
    let inline = text.split('`').skip(1).step_by(2).filter(|code| !code.contains('\n'));
    let mut helps = BTreeMap::new();
    let mut found = 0;
    for line in blocks.replace("\\\n", " ").lines().chain(inline) {
        let words: Vec<&str> = line.split_whitespace().collect();
        // The program, and not its user: as the first word, behind a pipe, or behind `sudo -u evenhand`.
        let is_program = |at: usize| {
            words[at] == "ev"
                || (words[at] == "evenhand"
                    && (at == 0 || words[at - 1] == "|" || words[..at].ends_with(&["-u", "evenhand"])))
        };
        let Some(at) = (0..words.len()).find(|at| is_program(*at)) else { continue };
        // Flags that stand before the command belong to all of them.
        let mut rest = words[at + 1..].iter().copied().peekable();
        while rest.next_if(|word| word.starts_with("--")).is_some() {
            rest.next();
        }
        let mut command: Vec<String> = Vec::new();
        let mut help = help_of(&mut helps, &command).expect("the program has help");
        let rest: Vec<&str> = rest.collect();
        let commands =
            rest.iter().take_while(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
        for word in commands {
            command.push((*word).to_owned());
            match help_of(&mut helps, &command) {
                Some(deeper) => help = deeper,
                None => break,
            }
        }
        // A line that only names the program, such as `enable --now evenhand`, has no command behind it.
        if rest.is_empty() {
            continue;
        }
        assert!(helps.contains_key(&command[..1]), "{line}: there is no such command");
        for flag in rest.iter().filter(|word| word.starts_with("--")) {
            assert!(
                help.contains(&format!("{flag} ")) || help.contains(&format!("{flag}\n")),
                "{line}: {flag}"
            );
        }
        found += 1;
    }
    assert!(found >= 10, "only {found} commands were found");
}

#[test]
fn its_units_are_units() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no systemd-analyze here to look at the units");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let text = page();
    let units: Vec<&str> =
        blocks(&text, "ini").into_iter().filter(|block| block.starts_with("[Unit]")).collect();
    assert_eq!(units.len(), 2);
    for (number, unit) in units.into_iter().enumerate() {
        let file = folder.path().join(format!("evenhand-{number}.service"));
        let unit = unit.replace("/usr/local/bin/evenhand", env!("CARGO_BIN_EXE_evenhand"));
        std::fs::write(&file, unit).expect("written");
        let output = Command::new("systemd-analyze")
            .args(["verify", "--man=no"])
            .arg(&file)
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        let about: Vec<&str> = said.lines().filter(|line| line.contains("evenhand-")).collect();
        assert!(output.status.success() && about.is_empty(), "{said}");
    }
}

#[test]
fn its_sql_runs() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let Some(database) = testing::postgres().await else { return };
        let text = page();
        let statements: Vec<String> = blocks(&text, "sql")
            .join("\n")
            .split(';')
            .map(|statement| statement.trim().to_owned())
            .filter(|statement| statement.starts_with("ALTER") || statement.starts_with("ANALYZE"))
            .collect();
        assert!(statements.len() >= 5, "{statements:?}");
        for statement in statements {
            let told = statement.clone();
            let done: store::Result<u64> = (database.store)
                .write(move |session| {
                    Box::pin(async move { session.execute(&Sql::built(statement), &[]).await })
                })
                .await;
            assert!(done.is_ok(), "{told}: {done:?}");
        }
    });
}

#[test]
fn its_tables_are_those_of_the_schema() {
    let text = page();
    let list = |after: &str| -> Vec<String> {
        let (_, rest) = text.split_once(after).unwrap_or_else(|| panic!("{after:?} is not there"));
        let line = rest.trim_start().lines().next().expect("a line");
        line.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let reference = list("because they belong to no company or lead to it:");
    let distributed = list("in this order because of their foreign keys:");
    // Of the counters of identifiers there are sequences on PostgreSQL.
    let tables: Vec<_> = schema::tables().into_iter().filter(|table| table.name != "id_blocks").collect();
    let named: BTreeSet<&String> = reference.iter().chain(&distributed).collect();
    assert_eq!(named, tables.iter().map(|table| &table.name).collect());
    assert_eq!(named.len(), reference.len() + distributed.len(), "each table is named once");
    for table in tables {
        let place = distributed.iter().position(|name| *name == table.name);
        for needed in table.sql.split("REFERENCES ").skip(1) {
            let needed = needed.split(' ').next().expect("a table");
            let stands_before = distributed.iter().take(place.unwrap_or(0) + 1).any(|name| name == needed);
            assert!(
                reference.iter().any(|name| name == needed) || stands_before,
                "{} refers to {needed}, which is not there yet",
                table.name
            );
        }
    }
}

/// The help of a command; none if there is no such command.
fn help_of(helps: &mut BTreeMap<Vec<String>, String>, command: &[String]) -> Option<String> {
    if let Some(help) = helps.get(command) {
        return Some(help.clone());
    }
    let output = Command::new(env!("CARGO_BIN_EXE_evenhand"))
        .args(command)
        .arg("--help")
        .env_clear()
        .output()
        .expect("the program runs");
    // The program shows its own help for what it does not know after a command that takes an argument.
    let help = String::from_utf8(output.stdout).expect("UTF-8");
    let name = command.join(" ");
    if !output.status.success() || !help.contains(format!("Usage: evenhand {name}").trim_end()) {
        return None;
    }
    helps.insert(command.to_vec(), help.clone());
    Some(help)
}

/// The fenced blocks in a language.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let fence = format!("```{language}\n");
    text.split(&*fence).skip(1).map(|block| block.split("```").next().expect("an end")).collect()
}

fn page() -> String {
    document("docs/operating.md")
}

fn document(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
