//! SQLite goes through the right index: without statistics it takes a company for a handful of rows, and would rather
//! walk through all of its leads than use an index that begins with the company.

use crate::{
    dialect::Engine,
    dialect::render,
    lists::{self, Shape},
    migrate, prepared,
    stage::STAGES,
};
use rusqlite::Connection;

fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement =
        connection.prepare(&format!("EXPLAIN QUERY PLAN {}", render(sql, Engine::Sqlite))).unwrap();
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get(3).unwrap());
    }
    steps
}

#[test]
fn lists_go_along_their_road_and_sort_only_what_they_gather() {
    let connection = Connection::open_in_memory().unwrap();
    migrate::fresh_sqlite(&connection).unwrap();
    let shapes = lists::shapes();
    for Shape { sql, index, in_order } in &shapes {
        let steps = plan(&connection, sql);
        let index = index.trim_start_matches("INDEXED BY ");
        let along = |step: &String| {
            step.contains(&format!("INDEX {index} (company_id=?"))
                || index.starts_with("sqlite_autoindex") && step.contains("USING PRIMARY KEY (company_id=?")
        };
        assert!(steps.iter().any(along), "{index}: {steps:#?}\n{sql}");
        // A sub-select that stands for a table is scanned, nothing else is.
        let scanned = |step: &&String| {
            step.starts_with("SCAN")
                && !["SCAN w", "SCAN g", "SCAN t", "SCAN few", "SCAN found", "SCAN m", "SCAN c", "SCAN e"]
                    .contains(&step.as_str())
        };
        assert_eq!(steps.iter().find(scanned), None, "{steps:#?}\n{sql}");
        let sorted = steps.iter().any(|step| step.contains("FOR ORDER BY") || step.contains("FOR LAST"));
        assert!(!in_order || !sorted, "{steps:#?}\n{sql}");
    }
    assert!(shapes.len() > 1_000, "only {} lists were looked at", shapes.len());
}

#[test]
fn a_page_is_read_by_its_identifiers() {
    let connection = Connection::open_in_memory().unwrap();
    migrate::fresh_sqlite(&connection).unwrap();
    for (name, lookup) in [
        ("store::lists::LINES_OF_PAGE", "SEARCH l USING PRIMARY KEY (company_id=? AND id=?)"),
        (
            "store::lists::TAGS_OF_PAGE",
            "SEARCH lt USING COVERING INDEX lead_tags_lead (company_id=? AND lead_id=?)",
        ),
        (
            "store::terms::DELETE_STAGED",
            "SEARCH lead_terms USING PRIMARY KEY (company_id=? AND term=? AND lead_id=?)",
        ),
    ] {
        let (_, sql) = prepared::every_text_of(Engine::Sqlite)
            .find(|(known, _)| *known == name)
            .expect("the statement exists");
        connection.execute_batch(&crate::terms::STAGE_TERMS.create_sql(Engine::Sqlite)).unwrap();
        let steps = plan(&connection, &sql);
        assert!(steps.iter().any(|step| step == lookup), "{steps:#?}");
    }
}

#[test]
fn agents_are_read_in_the_order_of_their_names() {
    let connection = Connection::open_in_memory().unwrap();
    migrate::fresh_sqlite(&connection).unwrap();
    let (mut looked_at, mut found) = (0, String::new());
    for (name, sql) in prepared::every_text_of(Engine::Sqlite) {
        if !sql.contains("ORDER BY u.name_folded") {
            continue;
        }
        looked_at += 1;
        let steps = plan(&connection, &sql);
        if !steps[0].contains("INDEX users_name (company_id=?")
            || steps.iter().any(|step| step.contains("FOR ORDER BY"))
        {
            found.push_str(&format!("{name}: {steps:#?}\n{sql}\n"));
        }
    }
    assert!(looked_at > 9, "only {looked_at} statements were looked at");
    assert!(found.is_empty(), "{found}");
}

#[test]
fn a_run_looks_up_what_it_needs() {
    let connection = Connection::open_in_memory().unwrap();
    migrate::fresh_sqlite(&connection).unwrap();
    for (name, first, second) in [
        ("store::pool::IN_RARE_STATUS", "USING INDEX leads_status (company_id=? AND status_id=?)", ""),
        (
            "store::pool::EARLIER_OWNERS",
            "USING INDEX leads_status (company_id=? AND status_id=?)",
            "SEARCH e USING PRIMARY KEY (company_id=? AND lead_id=?)",
        ),
    ] {
        let (_, sql) = prepared::every_text_of(Engine::Sqlite)
            .find(|(known, _)| *known == name)
            .expect("the statement exists");
        let steps = plan(&connection, &sql);
        assert!(steps[0].contains(first), "{steps:#?}");
        assert!(second.is_empty() || steps[1].contains(second), "{steps:#?}");
    }
}

/// What is staged is walked through, once; everything else is looked up from there.
#[test]
fn bulk_work_looks_up_what_is_staged() {
    let connection = Connection::open_in_memory().unwrap();
    migrate::fresh_sqlite(&connection).unwrap();
    for stage in STAGES {
        connection.execute(&stage.create_sql(Engine::Sqlite), []).unwrap();
    }
    let (mut looked_at, mut found) = (0, String::new());
    for (name, sql) in prepared::every_text_of(Engine::Sqlite) {
        let module = name.rsplit("::").nth(1).unwrap_or_default();
        if !["assign", "hands", "queues", "selection", "stale", "status_change", "tags", "undo"]
            .contains(&module)
        {
            continue;
        }
        looked_at += 1;
        let steps = plan(&connection, &sql);
        let stages = ["SCAN s", "SCAN t", "SCAN c", "SCAN m", "SCAN stage_", "SCAN locked"];
        let is_stage =
            |step: &str| sql.contains("stage_") && stages.iter().any(|stage| step.starts_with(stage));
        // Through all of a company's rows is a scan too.
        let is_scan = |step: &str| {
            step.starts_with("SCAN")
                || step.ends_with("(company_id=?)")
                || step.contains("TEMP B-TREE FOR ORDER")
        };
        if steps.iter().any(|step| is_scan(step) && !is_stage(step)) {
            found.push_str(&format!("{name}: {steps:#?}\n{sql}\n"));
        }
    }
    assert!(looked_at > 30, "only {looked_at} statements were looked at");
    assert!(found.is_empty(), "{found}");
}
