//! The house keeps its own rules: the picture is true, links lead somewhere, dependencies say why they are there.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

#[test]
fn each_crate_uses_only_crates_above_it_in_the_picture() {
    let line = crates_of_picture(&read("docs/ARCHITECTURE.md"));
    let metadata = cargo_metadata();
    let members = metadata["packages"].as_array().expect("cargo metadata lists packages");

    let drawn: BTreeSet<&str> = line.iter().map(String::as_str).collect();
    let built: BTreeSet<&str> = members.iter().map(name_of).collect();
    assert_eq!(drawn, built, "docs/ARCHITECTURE.md draws (left) other crates than the workspace has (right)");

    let place = |name: &str| line.iter().position(|drawn| drawn == name);
    let mut bent = Vec::new();
    for member in members {
        let name = name_of(member);
        for dependency in member["dependencies"].as_array().expect("a package lists dependencies") {
            let uses = name_of(dependency);
            // A crate may use itself: its tests switch on its test helpers that way.
            if uses != name && place(uses).is_some() && place(uses) >= place(name) {
                bent.push(format!("{name} uses {uses}"));
            }
        }
    }
    assert!(bent.is_empty(), "against the line of docs/ARCHITECTURE.md: {}", bent.join(", "));
}

#[test]
fn relative_links_in_the_documents_lead_somewhere() {
    let root = root();
    let documents = documents_below(&root);
    assert!(documents.iter().any(|document| document.ends_with("docs/ARCHITECTURE.md")));

    let mut dead = Vec::new();
    for document in &documents {
        let text = fs::read_to_string(document).expect("a document is UTF-8 text");
        for link in relative_links(&text) {
            if let Err(why) = follow(&root, document, &text, &link) {
                dead.push(format!("{}: {link}: {why}", shown(&root, document)));
            }
        }
    }
    assert!(dead.is_empty(), "dead links:\n{}", dead.join("\n"));
}

#[test]
fn every_dependency_from_outside_says_why() {
    let silent = dependencies_without_reason(&read("Cargo.toml"));
    assert!(
        silent.is_empty(),
        "a comment on the line, or at the head of its group, says why we have {}",
        silent.join(", ")
    );
}

#[test]
fn crates_take_their_dependencies_from_the_workspace() {
    let mut own = Vec::new();
    for folder in fs::read_dir(root().join("crates")).expect("crates/ is there") {
        let manifest = folder.expect("crates/ can be listed").path().join("Cargo.toml");
        let Ok(text) = fs::read_to_string(&manifest) else { continue };
        for (section, line) in lines_with_section(&text) {
            let of_dependencies = section.ends_with("dependencies");
            if of_dependencies && key_of(line).is_some() && !line.contains("workspace") {
                own.push(format!("{}: {line}", shown(&root(), &manifest)));
            }
        }
    }
    assert!(own.is_empty(), "not from [workspace.dependencies]:\n{}", own.join("\n"));
}

// The readers above, tried on small texts.

#[test]
fn links_are_found_in_prose_only() {
    let check = |text: &str, expected: &[&str]| assert_eq!(relative_links(text), expected, "in {text:?}");
    check("see [a](b.md) and [c](d/e.md#f \"title\")", &["b.md", "d/e.md#f"]);
    check("[out](https://example.org) [mail](mailto:a@example.org) [here](#heading)", &["#heading"]);
    check("```\n[code](x.md)\n```\n`[code](y.md)` ![picture](z.png)", &["z.png"]);
    check("[a]: b.md\ntext [a]", &["b.md"]);
}

#[test]
fn headings_become_anchors() {
    let text = "# The line of crates\n```\n# no heading\n```\n## Where do I put …\n## A `b`-c\n## A `b`-c\n";
    assert_eq!(anchors(text), ["the-line-of-crates", "where-do-i-put-", "a-b-c", "a-b-c-1"]);
}

#[test]
fn a_dependency_without_reason_is_named() {
    let manifest = "\
[workspace.dependencies]
# The line
ours = { path = \"crates/ours\" }

silent = \"1\"
spoken = \"1\" # because
long = { version = \"1\", features = [
    \"a\", # a comment inside counts for the line
] }

# A group with a head
member = \"1\"
[profile.dev]
debug = 1
";
    assert_eq!(dependencies_without_reason(manifest), ["silent"]);
}

/// The first words of the lines in the first fenced block.
fn crates_of_picture(text: &str) -> Vec<String> {
    text.lines()
        .skip_while(|line| !line.starts_with("```"))
        .skip(1)
        .take_while(|line| !line.starts_with("```"))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

fn cargo_metadata() -> Value {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata speaks JSON")
}

fn name_of(package: &Value) -> &str {
    package["name"].as_str().expect("a package has a name")
}

/// Every `*.md` of the repository, without what is built, hidden or vendored.
fn documents_below(folder: &Path) -> Vec<PathBuf> {
    let mut documents = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the repository can be listed") {
        let entry = entry.expect("a folder of the repository can be listed");
        let path = entry.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let skipped = name.starts_with('.') || ["target", "evenhand-data", "vendor"].contains(&name.as_str());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) && !skipped {
            documents.extend(documents_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            documents.push(path);
        }
    }
    documents.sort();
    documents
}

/// The lines outside fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// The targets of links and pictures that stay in the repository, in the order of the text.
fn relative_links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in prose(text) {
        // Every second piece between back ticks is code.
        let words: String = line.split('`').step_by(2).collect::<Vec<_>>().join(" ");
        if let Some((_, target)) =
            words.split_once("]: ").filter(|(label, _)| label.starts_with('[') && !label.contains(']'))
        {
            links.push(target.to_owned());
        }
        for piece in words.split("](").skip(1) {
            links.push(piece.split(')').next().unwrap_or_default().to_owned());
        }
    }
    links
        .iter()
        .filter_map(|link| link.split_whitespace().next())
        .map(|link| link.trim_matches(['<', '>']).to_owned())
        .filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        .collect()
}

fn follow(root: &Path, document: &Path, text: &str, link: &str) -> Result<(), String> {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match path.strip_prefix('/') {
        Some(from_root) => root.join(from_root),
        None if path.is_empty() => document.to_owned(),
        None => document.parent().expect("a document lies in a folder").join(path),
    };
    let target = target.canonicalize().map_err(|_| "no such file".to_owned())?;
    if !target.starts_with(root) {
        return Err("leaves the repository".to_owned());
    }
    if anchor.is_empty() || target.extension().is_none_or(|extension| extension != "md") {
        return Ok(());
    }
    let there = if target == document { text.to_owned() } else { read_path(&target) };
    if anchors(&there).iter().any(|heading| heading == anchor) {
        Ok(())
    } else {
        Err("no such heading".to_owned())
    }
}

/// The names under which readers of Markdown on the web offer the headings of a document.
fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for heading in prose(text).filter(|line| line.starts_with('#')) {
        let anchor: String = heading
            .trim_start_matches('#')
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let before = seen.iter().filter(|earlier| **earlier == anchor).count();
        anchors.push(if before == 0 { anchor.clone() } else { format!("{anchor}-{before}") });
        seen.push(anchor);
    }
    anchors
}

/// The dependencies from outside whose line has no comment, in a group (the lines between two blank ones) that does
/// not begin with one.
fn dependencies_without_reason(manifest: &str) -> Vec<String> {
    let mut silent = Vec::new();
    let mut head = false;
    let mut entry: Option<(String, String)> = None; // the name, and what stands there up to its last bracket
    for (section, line) in lines_with_section(manifest) {
        if section != "workspace.dependencies" {
            continue;
        }
        match &mut entry {
            Some((_, text)) => text.push_str(line),
            None if line.is_empty() => head = false,
            None if line.starts_with('#') => head = true,
            None => entry = key_of(line).map(|key| (key.to_owned(), line.to_owned())),
        }
        if let Some((name, text)) = entry.take_if(|(_, text)| is_closed(text)) {
            let from_here = text.contains("path =");
            if !from_here && !head && !text.contains('#') {
                silent.push(name);
            }
        }
    }
    silent
}

fn is_closed(text: &str) -> bool {
    text.matches(['[', '{']).count() == text.matches([']', '}']).count()
}

/// The trimmed lines of a manifest, each with the name of the section it stands in.
fn lines_with_section(manifest: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut section = "";
    manifest.lines().map(str::trim).filter_map(move |line| {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
            return None;
        }
        Some((section, line))
    })
}

/// The key of a line `key = value` or `key.part = value`.
fn key_of(line: &str) -> Option<&str> {
    let key = line.split_once('=')?.0.split('.').next()?.trim();
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    is_key.then_some(key)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the crate lies in the repository")
}

fn read(path: &str) -> String {
    read_path(&root().join(path))
}

fn read_path(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
