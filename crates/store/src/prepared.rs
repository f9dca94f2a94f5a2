//! Prepares every statement of the crate on both engines.

use crate::{
    dialect::{Engine, render},
    session::Inner,
    sql::Registered,
    stage::STAGES,
    testing::on_both_engines,
    value::Value,
};

/// The statements of every module that has some. A module that is missing here fails the second test.
const MODULES: &[(&str, &[Registered])] = &[
    ("agents", crate::agents::STATEMENTS),
    ("assign", crate::assign::STATEMENTS),
    ("capture", crate::capture::STATEMENTS),
    ("companies", crate::companies::STATEMENTS),
    ("decisions", crate::decisions::STATEMENTS),
    ("doctor", crate::doctor::STATEMENTS),
    ("edits", crate::edits::STATEMENTS),
    ("hands", crate::hands::STATEMENTS),
    ("ids", crate::ids::STATEMENTS),
    ("imports", crate::imports::STATEMENTS),
    ("jobs", crate::jobs::STATEMENTS),
    ("labels", crate::labels::STATEMENTS),
    ("leads", crate::leads::STATEMENTS),
    ("lease", crate::lease::STATEMENTS),
    ("lists", crate::lists::STATEMENTS),
    ("migrate", crate::migrate::STATEMENTS),
    ("notes", crate::notes::STATEMENTS),
    ("pool", crate::pool::STATEMENTS),
    ("queues", crate::queues::STATEMENTS),
    ("roles", crate::roles::STATEMENTS),
    ("runs", crate::runs::STATEMENTS),
    ("selection", crate::selection::STATEMENTS),
    ("sessions", crate::sessions::STATEMENTS),
    ("stale", crate::stale::STATEMENTS),
    ("status_change", crate::status_change::STATEMENTS),
    ("status_edits", crate::status_edits::STATEMENTS),
    ("statuses", crate::statuses::STATEMENTS),
    ("tags", crate::tags::STATEMENTS),
    ("terms", crate::terms::STATEMENTS),
    ("undo", crate::undo::STATEMENTS),
    ("users", crate::users::STATEMENTS),
    ("work", crate::work::STATEMENTS),
];

/// Every statement: literal and built, with the one engine it is for.
fn every_statement() -> impl Iterator<Item = (&'static str, String, Option<Engine>)> {
    let literals = MODULES
        .iter()
        .flat_map(|(_, statements)| statements.iter())
        .map(|statement| (statement.name, statement.text.to_owned(), statement.only));
    let one = crate::leads::variants().into_iter().map(|text| ("store::leads, built", text, None));
    let lists = crate::lists::variants().into_iter().map(|text| ("store::lists, built", text, None));
    let agents = crate::agents::variants().into_iter().map(|text| ("store::agents, built", text, None));
    let of_runs =
        crate::run_leads::variants().into_iter().map(|text| ("store::run_leads, built", text, None));
    literals.chain(one).chain(lists).chain(agents).chain(of_runs)
}

/// Every statement by name and text, whatever engine it is for.
pub(crate) fn every_text() -> impl Iterator<Item = (&'static str, String)> {
    every_statement().map(|(name, text, _)| (name, text))
}

/// Those that this engine runs.
pub(crate) fn every_text_of(engine: Engine) -> impl Iterator<Item = (&'static str, String)> {
    every_statement()
        .filter(move |(_, _, only)| only.is_none_or(|only| only == engine))
        .map(|(name, text, _)| (name, text))
}

#[test]
fn every_statement_prepares_on_both_engines() {
    on_both_engines(|database| async move {
        let engine = database.store.engine();
        let texts: Vec<(&str, String)> = every_text_of(engine).collect();
        let count = texts.len();
        let outcome: crate::Result<Vec<String>> = database
            .store
            .write(move |session| {
                Box::pin(async move {
                    for stage in STAGES {
                        session.stage(stage, std::iter::empty::<[Value<'_>; 0]>()).await?;
                    }
                    let mut refused = Vec::new();
                    for (name, text) in texts {
                        let text = render(&text, engine);
                        let answer = match &session.inner {
                            Inner::Sqlite(connection) => {
                                connection.prepare(&text).map(drop).map_err(crate::Error::from)
                            }
                            Inner::Postgres(connection) => connection.prepare(&text).await.map(drop),
                        };
                        if let Err(error) = answer {
                            let told = format!("{name}: {error}\n{text}");
                            if engine == Engine::Postgres {
                                return Err(crate::Error::Sql(told)); // the transaction is over
                            }
                            refused.push(told);
                        }
                    }
                    Ok(refused)
                })
            })
            .await;
        let refused = outcome.expect("statements can be prepared");
        assert!(refused.is_empty(), "{engine} refuses:\n{}", refused.join("\n"));
        println!("{count} statements prepared on {engine}");
    });
}

#[test]
fn every_module_with_statements_is_in_the_list() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut with_statements: Vec<String> = std::fs::read_dir(folder)
        .expect("the sources can be read")
        .map(|entry| entry.expect("the sources can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| std::fs::read_to_string(path).expect("a source is text").contains("\nsql! {"))
        .map(|path| path.file_stem().expect("a source has a name").to_string_lossy().into_owned())
        .collect();
    with_statements.push("labels".into()); // through a macro of its own: four tables of one shape
    with_statements.sort();
    let listed: Vec<&str> = MODULES.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed, with_statements);
}
