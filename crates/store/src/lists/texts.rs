//! The statements of lists: each way along each road as SQL.
//!
//! SQLite has no statistics here, so every statement names its index; PostgreSQL is kept from others by the form of
//! the statement: a walk is a sub-select with its own limit, what is gathered stands behind a fence (`OFFSET 0`).

use super::{
    Question,
    roads::{Condition, Road, column},
    ways::Way,
    words,
};
use crate::query::Query;
use domain::{
    ids::CompanyId,
    lead_list::{Cursor, Owner, Place, Sort, SortKey},
};

/// The page along a way: identifier and key.
pub(super) fn page<'q>(
    question: &Question<'q>,
    conditions: &[Condition<'q>],
    way: Way<'q>,
    sort: Sort,
    behind: Option<&'q Cursor>,
    rows: i64,
) -> Query<'q> {
    let key = match sort.key() {
        SortKey::Id => "l.id",
        SortKey::LastActivity => "l.last_activity_at_ms",
        SortKey::Name => "l.name_key",
    };
    let direction = if sort.descends() { "DESC" } else { "ASC" };
    let (Way::Straight(road) | Way::Walk(road, _) | Way::Gather(road) | Way::Sift(road) | Way::Meet(road, _)) =
        way;
    let order = match (sort.key(), road) {
        (SortKey::Id, _) => format!(" ORDER BY {} {direction}", road.id()),
        // PostgreSQL takes IS NULL for no equality, so that only this is the order of its index.
        (SortKey::LastActivity, Road::Owner(Owner::Nobody)) => {
            format!(" ORDER BY l.owner_id {direction}, {key} {direction}, l.id {direction}")
        }
        _ => format!(" ORDER BY {key} {direction}, l.id {direction}"),
    };
    let mut text = Query::new(question.company, "");
    match way {
        Way::Straight(_) => {
            text.add(&format!("SELECT l.id, {key}"));
            road.go(&mut text);
            go_on(behind, road.id(), sort, &mut text);
            text.add(&order);
            text.limit(rows);
        }
        Way::Walk(_, patience) => {
            text.add(&format!("SELECT w.id, w.key FROM (SELECT l.id AS id, {key} AS key, CASE WHEN true"));
            write_open(conditions, road, column_of(sort.key()), &mut text);
            text.add(" THEN 1 ELSE 0 END AS fits");
            road.go(&mut text);
            go_on(behind, road.id(), sort, &mut text);
            text.with(&format!("{order} LIMIT ?1) AS w WHERE w.fits = 1"), [patience.into()]);
            text.limit(rows);
        }
        Way::Sift(_) => {
            text.add("SELECT l.id, l.id AS key FROM (SELECT m.id AS id FROM (");
            road.ids(&mut text);
            text.add(") AS m WHERE true");
            go_on(behind, "m.id", sort, &mut text);
            // The limit that is none keeps SQLite from leaving out the order, which it then goes along: `c` is the
            // outer loop. PostgreSQL has to be told that the order stays, and sees that it is there.
            text.add(&format!(
                " ORDER BY m.id {direction} /*sqlite LIMIT -1*/ /*pg OFFSET 0*/) AS c
                CROSS JOIN leads l /*sqlite INDEXED BY sqlite_autoindex_leads_1*/
                WHERE l.company_id = $1 AND l.id = c.id"
            ));
            let open = conditions.iter().filter(|condition| !condition.is_kept_by(road));
            open.for_each(|condition| condition.write("l", &mut text));
            text.add(&format!(" /*pg ORDER BY c.id {direction}*/"));
            text.limit(rows);
        }
        Way::Gather(_) | Way::Meet(..) => {
            text.add(&format!("SELECT g.id, g.key FROM (SELECT l.id AS id, {key} AS key"));
            if let Way::Meet(_, other) = way {
                meet(road, other, &mut text);
                let open = conditions
                    .iter()
                    .filter(|condition| !condition.is_kept_by(road) && !condition.is_kept_by(other));
                open.for_each(|condition| condition.write("l", &mut text));
                go_on(behind, "l.id", sort, &mut text);
            } else {
                road.go(&mut text);
                write_open(conditions, road, column_of(sort.key()), &mut text);
                go_on(behind, road.id(), sort, &mut text);
            }
            text.add(&format!(" /*pg OFFSET 0*/) AS g ORDER BY g.key {direction}, g.id {direction}"));
            text.limit(rows);
        }
    }
    text
}

/// The length of a road, as far as it is wanted. A lead that has a word several times counts several times.
pub(super) fn size(company: CompanyId, road: Road<'_>, up_to: i64) -> Query<'_> {
    let mut text = Query::new(company, "SELECT COUNT(*) FROM (");
    match road {
        Road::Word(word) => words::entries(word, "1", "1", &mut text),
        Road::Tag(_) => road.ids(&mut text),
        road => {
            text.add("SELECT 1");
            road.go(&mut text);
        }
    }
    text.limit(up_to);
    text.add(") AS few");
    text
}

/// How many leads fit.
pub(super) fn count<'q>(
    question: &Question<'q>,
    conditions: &[Condition<'q>],
    road: Road<'q>,
    at_most: i64,
) -> Query<'q> {
    let mut text = Query::new(question.company, "SELECT COUNT(*) FROM (SELECT 1");
    road.go(&mut text);
    write_open(conditions, road, column::NONE, &mut text);
    text.with(" LIMIT ?1) AS found", [at_most.into()]);
    text
}

/// Status, how many fit, and how many were looked at, among the first along a road: so many leads, and so many entries
/// where a lead may have several.
pub(super) fn per_status<'q>(
    question: &Question<'q>,
    conditions: &[Condition<'q>],
    road: Road<'q>,
    looked_at_max: i64,
    entries_max: i64,
) -> Query<'q> {
    let mut text = Query::new(
        question.company,
        "SELECT w.status_id, CAST(SUM(w.fits) AS BIGINT), COUNT(*) FROM (SELECT l.status_id AS status_id, CASE WHEN true",
    );
    write_open(conditions, road, column::STATUS, &mut text);
    text.add(" THEN 1 ELSE 0 END AS fits");
    match road {
        Road::Word(word) => {
            text.add(" FROM (");
            words::few_ids(word, entries_max, &mut text);
            text.add(Road::FOUND_BY_WORD);
        }
        road => road.go(&mut text),
    }
    text.limit(looked_at_max);
    text.add(") AS w GROUP BY w.status_id");
    text
}

/// Every lead that fits, with its version and last activity.
pub(super) fn each<'q>(question: &Question<'q>, conditions: &[Condition<'q>], road: Road<'q>) -> Query<'q> {
    let mut text = Query::new(question.company, "SELECT l.id, l.version, l.last_activity_at_ms");
    road.go(&mut text);
    write_open(conditions, road, column::REST, &mut text);
    text
}

/// The column that a list by this key reads beside the identifier.
pub(super) fn column_of(key: SortKey) -> u16 {
    match key {
        SortKey::Id => column::NONE,
        SortKey::LastActivity => column::ACTIVITY,
        SortKey::Name => column::NAME,
    }
}

/// Whether the entries of the road do not answer the condition.
pub(super) fn is_elsewhere(condition: Condition<'_>, road: Road<'_>) -> bool {
    condition.needs() & !road.columns() != 0
}

/// Whether leads are looked up only where the road's entries leave it open whether they fit, and not at each step.
/// Neither engine does this by itself with a table that lies in the index of its key.
pub(super) fn is_deferred(conditions: &[Condition<'_>], road: Road<'_>, read: u16) -> bool {
    if matches!(road, Road::Leads | Road::Tag(_) | Road::Word(_)) || read & !road.columns() != 0 {
        return false;
    }
    let open = || conditions.iter().filter(|condition| !condition.is_kept_by(road));
    let is_answered = |condition: &Condition<'_>| {
        !is_elsewhere(*condition, road) || matches!(condition, Condition::Status(_))
    };
    open().any(|condition| is_elsewhere(*condition, road)) && open().any(is_answered)
}

/// Whether entries of the road say which tags a lead may have. Of the leads themselves it lies at the end of a wide row.
pub(super) fn has_tag_bits(road: Road<'_>) -> bool {
    road != Road::Leads && road.columns() & column::TAG_BITS != 0
}

/// The conditions that the road leaves open, those that decide most for the least first.
fn write_open<'q>(conditions: &[Condition<'q>], road: Road<'q>, read: u16, text: &mut Query<'q>) {
    let open = || conditions.iter().filter(|condition| !condition.is_kept_by(road));
    let is_deferred = is_deferred(conditions, road, read);
    let mut here: Vec<Condition<'q>> =
        open().filter(|condition| !is_deferred || !is_elsewhere(**condition, road)).copied().collect();
    here.sort_by_key(|condition| match condition {
        Condition::Tag(_) => 1,
        // Nearly every lead is no customer, so that this is asked of those that are left.
        Condition::Won(false) => 2,
        _ => 0,
    });
    let is_cheap =
        |condition: &Condition<'_>| !matches!(condition, Condition::Tag(_) | Condition::Won(false));
    let (cheap, rest) = here.split_at(here.partition_point(is_cheap));
    for condition in cheap {
        condition.write("l", text);
    }
    for condition in rest {
        if let (Condition::Tag(tag), true) = (condition, has_tag_bits(road)) {
            Condition::write_tag_bits(*tag, text);
        }
    }
    let mut elsewhere = Vec::new();
    for condition in open().filter(|condition| is_deferred && is_elsewhere(**condition, road)) {
        match condition {
            Condition::Status(status) => Condition::write_by_status(*status, text),
            condition => elsewhere.push(condition),
        }
    }
    for condition in rest {
        condition.write("l", text);
    }
    if !elsewhere.is_empty() {
        text.add(
            " AND (SELECT x.id FROM leads x /*sqlite INDEXED BY sqlite_autoindex_leads_1*/
                WHERE x.company_id = $1 AND x.id = l.id",
        );
        for condition in elsewhere {
            condition.write("x", text);
        }
        text.add(") IS NOT NULL");
    }
}

/// The leads where two roads meet.
fn meet<'q>(road: Road<'q>, other: Road<'q>, text: &mut Query<'q>) {
    text.add(" FROM (SELECT m.id AS id FROM (");
    road.ids(text);
    text.add(") AS m WHERE m.id IN (");
    other.ids(text);
    text.add(
        ") /*pg OFFSET 0*/) AS c CROSS JOIN leads l /*sqlite INDEXED BY sqlite_autoindex_leads_1*/
        WHERE l.company_id = $1 AND l.id = c.id",
    );
}

/// What lies behind the last page; `id` is the column by which identifiers follow each other.
fn go_on<'q>(behind: Option<&'q Cursor>, id: &str, sort: Sort, text: &mut Query<'q>) {
    let Some(cursor) = behind else { return };
    let than = if sort.descends() { "<" } else { ">" };
    match &cursor.place {
        Place::Id => text.with(&format!(" AND {id} {than} ?1"), [cursor.lead.into()]),
        Place::LastActivity(moment) => text.with(
            &format!(" AND (l.last_activity_at_ms, l.id) {than} (?1, ?2)"),
            [(*moment).into(), cursor.lead.into()],
        ),
        Place::Name(name) => {
            text.with(&format!(" AND (l.name_key, l.id) {than} (?1, ?2)"), [name.into(), cursor.lead.into()]);
        }
    }
}
