//! The comparison with dealing one lead at a time, as docs/performance-engine.md shows it: a chart and a table, both
//! generated and checked.
//!
//! `EVENHAND_WRITE_DOCS=1 cargo test -p allot --test it document` writes them anew.

use std::fmt::Write as _;
use std::path::PathBuf;

use allot::fairness::{Row, compare};

const BEGIN: &str = "<!-- generated: fairness -->\n";
const END: &str = "<!-- end of generated: fairness -->";

#[test]
fn the_comparison_is_shown() {
    let rows = compare().expect("the batches are good");
    agree("docs/fairness.svg", |_| chart(&rows));
    agree("docs/performance-engine.md", |written| {
        let (before, rest) = written.split_once(BEGIN).expect("a place for the table");
        let (_, after) = rest.split_once(END).expect("its end");
        format!("{before}{BEGIN}{}{END}{after}", table(&rows))
    });
}

fn agree(file: &str, make: impl Fn(&str) -> String) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let text = make(&written);
    if std::env::var_os("EVENHAND_WRITE_DOCS").is_some() {
        std::fs::write(&path, text).expect("the document can be written");
    } else {
        assert!(
            written == text,
            "{file} is not what the engine does now; write it anew with EVENHAND_WRITE_DOCS=1 cargo test -p allot --test it document"
        );
    }
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "\n| batch | order | method | unassigned | max − min | Jain's index |\n|---|---|---|---:|---:|---:|\n",
    );
    for row in rows {
        let Row { batch, order, method, unassigned, spread, jain } = row;
        let _ = writeln!(text, "| {batch} | {order} | {method} | {unassigned} | {spread} | {jain:.4} |");
    }
    text.push('\n');
    text
}

const BAR_PX: u32 = 15;
const GROUP_PX: u32 = 3 * BAR_PX + 16;
const BATCH_PX: u32 = 2 * GROUP_PX + 34;
const TOP_PX: u32 = 74;
const PANEL_PX: u32 = 240;
const FIRST_PX: u32 = 176;

/// Two panels of bars, unassigned leads and max − min. Every bar has its number and every group its words, so that
/// nothing depends on colour; ink is a grey that stands out from white and from black.
fn chart(rows: &[Row]) -> String {
    let batches: Vec<&[Row]> = rows.chunks(6).collect();
    let height = TOP_PX + BATCH_PX * batches.len() as u32;
    let width = FIRST_PX + 2 * PANEL_PX + 40;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-labelledby=\"title\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#7a7f87\">\n\
         <title id=\"title\">Unassigned leads and the difference between the most and the least loaded agent: the engine \
         beside round robin and least-loaded</title>\n"
    );
    for (number, (method, colour)) in METHODS.iter().enumerate() {
        let x = FIRST_PX + 130 * number as u32;
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"8\" width=\"12\" height=\"12\" fill=\"{colour}\"/><text x=\"{}\" y=\"18\">{method}</text>",
            x + 18
        );
    }
    let measures: [(&str, Measure); 2] =
        [("unassigned leads", |row| row.unassigned), ("max − min", |row| row.spread.into())];
    for (panel, (name, of)) in measures.iter().enumerate() {
        let x = FIRST_PX + panel as u32 * (PANEL_PX + 20);
        let _ = writeln!(svg, "<text x=\"{x}\" y=\"46\" font-weight=\"600\">{name}</text>");
        let most = rows.iter().map(of).max().unwrap_or(1).max(1);
        for (number, row) in rows.iter().enumerate() {
            let y = line_of(number as u32);
            let long = (u64::from(PANEL_PX - 40) * of(row) / most).max(1);
            let colour =
                METHODS.iter().find(|(method, _)| *method == row.method).map_or("#7a7f87", |known| known.1);
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{long}\" height=\"{}\" fill=\"{colour}\"/><text x=\"{}\" y=\"{}\">{}</text>",
                BAR_PX - 2,
                u64::from(x) + long + 5,
                y + 11,
                of(row)
            );
        }
    }
    for (number, batch) in batches.iter().enumerate() {
        let y = TOP_PX + BATCH_PX * number as u32;
        let _ = writeln!(svg, "<text x=\"8\" y=\"{}\" font-weight=\"600\">{}</text>", y - 4, batch[0].batch);
        for (at, group) in batch.chunks(3).enumerate() {
            let middle = line_of(6 * number as u32 + 3 * at as u32) + 27;
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{}</text>",
                FIRST_PX - 10,
                group[0].order
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// What a panel shows of a row.
type Measure = fn(&Row) -> u64;

const METHODS: [(&str, &str); 3] =
    [("engine", "#2b8a8a"), ("round-robin", "#c77b2a"), ("least-loaded", "#8f6fc2")];

/// Where the bar of a row begins, from the top.
fn line_of(row: u32) -> u32 {
    TOP_PX + row / 6 * BATCH_PX + row % 6 / 3 * GROUP_PX + row % 3 * BAR_PX + 6
}
