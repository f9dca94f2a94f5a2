//! A word that somebody searches for, in SQL: the leads that have it, by their terms and numbers, and whether one lead
//! has it, from its own row. Both give the same answer, that of `domain::lead_list::Search`.

use crate::query::Query;
use domain::lead_list::{WORD_STARTS, Word};

/// The identifiers of the leads that have a word, each once. Nothing is kept but what has been seen, so that whoever
/// wants the first few need not wait for all. U+10FFFF is behind every letter.
pub(super) fn ids<'q>(word: &'q Word, text: &mut Query<'q>) {
    // A lead may have several terms that begin alike, and a number that fits at both ends.
    if word.number.is_none() {
        return entries(word, "DISTINCT t.lead_id AS id", "p.id", text);
    }
    text.add("SELECT DISTINCT e.id AS id FROM (");
    entries(word, "t.lead_id AS id", "p.id AS id", text);
    text.add(") AS e");
}

/// The same, of the first entries only. PostgreSQL has all that a sub-select finds before it says which are different,
/// so a word that half of the leads have is read for seconds where a few hundred leads are wanted.
pub(super) fn few_ids<'q>(word: &'q Word, entries_max: i64, text: &mut Query<'q>) {
    text.add("SELECT DISTINCT e.id AS id FROM (SELECT few.id AS id FROM (");
    entries(word, "t.lead_id AS id", "p.id AS id", text);
    text.with(") AS few LIMIT ?1) AS e", [entries_max.into()]);
}

/// The entries by which leads have a word; a lead may come several times.
pub(super) fn entries<'q>(word: &'q Word, of_term: &str, of_phone: &str, text: &mut Query<'q>) {
    let number = word.number.as_ref();
    let mut between = "";
    for begins in word.beginning.iter().chain(number.map(|number| &number.reversed)) {
        text.with(
            &format!(
                "{between}SELECT {of_term} FROM lead_terms t
                    WHERE t.company_id = $1 AND t.term >= ?1 AND t.term < ?1 || '\u{10ffff}'"
            ),
            [begins.into()],
        );
        between = " UNION ALL ";
    }
    for begins in number.into_iter().flat_map(|number| &number.beginnings) {
        text.with(
            &format!(
                "{between}SELECT {of_phone} FROM leads p /*sqlite INDEXED BY leads_phone*/
                    WHERE p.company_id = $1 AND p.phone >= ?1 AND p.phone < ?1 || '\u{10ffff}'"
            ),
            [begins.into()],
        );
        between = " UNION ALL ";
    }
}

/// Whether a lead has a word, without its terms: the same answer from the row itself.
pub(super) fn has<'q>(word: &'q Word, lead: &str, text: &mut Query<'q>) {
    text.add(" AND (");
    let mut between = "";
    if let Some(begins) = &word.beginning {
        text.with(
            &format!(
                "({lead}.name_key >= ?1 AND {lead}.name_key < ?1 || '\u{10ffff}')
                OR (lower({lead}.email /*pg COLLATE \"C\"*/) >= ?1
                    AND lower({lead}.email /*pg COLLATE \"C\"*/) < ?1 || '\u{10ffff}')"
            ),
            [begins.into()],
        );
        let starts: Vec<String> = WORD_STARTS
            .iter()
            .map(|start| {
                let start = if *start == '\'' { "''".to_owned() } else { start.to_string() };
                format!(" OR /*sqlite instr*/ /*pg strpos*/ ({lead}.name_key, '{start}' || ?1) > 0")
            })
            .collect();
        text.with(&starts.concat(), [begins.into()]);
        between = " OR ";
    }
    if let Some(number) = &word.number {
        text.with(
            &format!(
                "{between}/*sqlite substr({lead}.phone, -length(?1))*/ /*pg right({lead}.phone, length(?1))*/ = ?1"
            ),
            [(&number.digits).into()],
        );
        for begins in &number.beginnings {
            text.with(
                &format!(" OR ({lead}.phone >= ?1 AND {lead}.phone < ?1 || '\u{10ffff}')"),
                [begins.into()],
            );
        }
    }
    text.add(")");
}
