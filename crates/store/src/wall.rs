//! The tenant wall: every key of a company's table begins with the company, and every statement names it.

use crate::{prepared, schema};

/// Tables that belong to no company, or lead to it.
const GLOBAL: [&str; 5] = ["id_blocks", "companies", "sign_ins", "sessions", "alarms"];

#[test]
fn every_key_of_a_companys_table_begins_with_the_company() {
    for table in schema::tables().iter().filter(|table| !GLOBAL.contains(&table.name.as_str())) {
        assert!(table.sql.contains("company_id BIGINT NOT NULL"), "{} has no company", table.name);
        for key in ["PRIMARY KEY (", "UNIQUE (", "FOREIGN KEY ("] {
            for (at, _) in table.sql.match_indices(key) {
                let columns = &table.sql[at + key.len()..];
                assert!(
                    columns.starts_with("company_id"),
                    "{}: {key}{}",
                    table.name,
                    &columns[..40.min(columns.len())]
                );
            }
        }
        for index in &table.indexes {
            let columns = index.split_once('(').map_or("", |(_, columns)| columns);
            assert!(columns.starts_with("company_id"), "{}: {index}", table.name);
        }
    }
}

#[test]
fn every_statement_on_a_companys_table_names_the_company() {
    let tables: Vec<String> = schema::tables()
        .into_iter()
        .map(|table| table.name)
        .filter(|table| !GLOBAL.contains(&table.as_str()))
        .collect();
    let mut looked_at = 0;
    for (name, text) in prepared::every_text() {
        let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
        if text.starts_with("LOCK TABLE") {
            continue; // holds others back while queues are counted again; reads nobody's rows
        }
        if words.iter().any(|word| tables.iter().any(|table| table == word)) {
            looked_at += 1;
            assert!(
                words.contains(&"company_id") && text.contains("$1"),
                "{name} reads or writes a company's table without naming the company:\n{text}"
            );
        }
    }
    assert!(looked_at > 40, "only {looked_at} statements were looked at");
}
