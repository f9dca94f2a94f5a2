//! Every shape that the statements of lists can have, for the tests that prepare them and read their plans: each way
//! along each road, with every condition beside it.

use super::{
    Question,
    roads::{self, Condition, Road},
    texts,
    ways::Way,
};
use domain::{
    ids::{BranchId, CompanyId, ImportId, LeadId, SourceId, StatusId, TagId, UserId},
    lead_list::{Cursor, Doubtful, Filter, Owner, Place, Search, Shelf, Sort, SortKey, Span},
    phone::Country,
    time::Moment,
};

/// A shape of a statement, and how it is meant to be answered.
pub(crate) struct Shape {
    /// The text.
    pub(crate) sql: String,
    /// The index that it goes along on SQLite.
    pub(crate) index: &'static str,
    /// Whether nothing may be sorted.
    pub(crate) in_order: bool,
}

/// Filters that have one part each, and one that has them all.
pub(super) fn filters() -> Vec<Filter> {
    let country = Country::from_code("IN").expect("a country of the table");
    let span = Span { from: Some(Moment(1)), until: Some(Moment(2)) };
    let search = |text| Search::read(text, country);
    let all = Filter {
        shelf: Shelf::Leads,
        status: Some(StatusId(1)),
        owner: Some(Owner::User(UserId(1))),
        tag: Some(TagId(1)),
        source: Some(SourceId(1)),
        branch: Some(BranchId(1)),
        import: Some(ImportId(1)),
        created: span,
        last_activity: span,
        doubtful: Some(Doubtful::Phone),
        search: search("asha 098765 sharma 98 1"),
    };
    let none = Filter::default;
    vec![
        none(),
        Filter { shelf: all.shelf, ..none() },
        Filter { shelf: Shelf::Customers, ..none() },
        Filter { status: all.status, ..none() },
        Filter { owner: all.owner, ..none() },
        Filter { owner: Some(Owner::Nobody), ..none() },
        Filter { tag: all.tag, ..none() },
        Filter { source: all.source, ..none() },
        Filter { branch: all.branch, ..none() },
        Filter { import: all.import, ..none() },
        Filter { created: all.created, ..none() },
        Filter { created: Span { until: None, ..span }, ..none() },
        Filter { last_activity: all.last_activity, ..none() },
        Filter { last_activity: Span { from: None, ..span }, ..none() },
        Filter { doubtful: all.doubtful, ..none() },
        Filter { doubtful: Some(Doubtful::Email), ..none() },
        Filter { doubtful: Some(Doubtful::Either), ..none() },
        Filter { search: search("asha"), ..none() },
        Filter { search: search("+91 98765"), ..none() },
        Filter { search: search("00123"), ..none() },
        all,
    ]
}

/// Every shape.
pub(crate) fn shapes() -> Vec<Shape> {
    let filters = filters();
    let cursors: Vec<Cursor> = Sort::ALL
        .into_iter()
        .map(|sort| {
            let place = match sort.key() {
                SortKey::Id => Place::Id,
                SortKey::LastActivity => Place::LastActivity(Moment(1)),
                SortKey::Name => Place::Name("asha".into()),
            };
            Cursor { sort, place, lead: LeadId(1) }
        })
        .collect();
    let mut shapes = Vec::new();
    for filter in &filters {
        for sight in roads::sights() {
            let question = Question { company: CompanyId(1), filter, sight };
            let conditions = question.conditions();
            for cursor in &cursors {
                for behind in [None, Some(cursor)] {
                    pages(&question, &conditions, cursor.sort, behind, &mut shapes);
                }
            }
            wholes(&question, &conditions, &mut shapes);
        }
    }
    shapes.sort_by(|a, b| a.sql.cmp(&b.sql));
    shapes.dedup_by(|a, b| a.sql == b.sql);
    shapes
}

/// Every text.
pub(crate) fn variants() -> Vec<String> {
    shapes().into_iter().map(|shape| shape.sql).collect()
}

fn pages<'q>(
    question: &Question<'q>,
    conditions: &[Condition<'q>],
    sort: Sort,
    behind: Option<&'q Cursor>,
    shapes: &mut Vec<Shape>,
) {
    let key = sort.key();
    let narrow: Vec<Road<'q>> =
        conditions.iter().filter_map(|condition| condition.road(SortKey::Id)).collect();
    for (at, road) in narrow.iter().enumerate() {
        if let Some(other) = narrow[..at].last() {
            let way = Way::Meet(*road, *other);
            shapes.push(Shape {
                sql: texts::page(question, conditions, way, sort, behind, 1).into_text(),
                index: road.index(),
                in_order: false,
            });
        }
    }
    if key == SortKey::Id {
        for road in narrow {
            let way = Way::Sift(road);
            shapes.push(Shape {
                sql: texts::page(question, conditions, way, sort, behind, 1).into_text(),
                index: road.index(),
                in_order: false,
            });
        }
    }
    let narrow = conditions.iter().filter_map(|condition| condition.road(key));
    for road in narrow.chain([Road::of(key)]) {
        let straight = conditions.iter().all(|condition| condition.is_kept_by(road));
        let ordered = road.order() == Some(key);
        let ways = [
            (straight && ordered).then_some(Way::Straight(road)),
            ordered.then_some(Way::Walk(road, 1)),
            Some(Way::Gather(road)),
        ];
        for way in ways.into_iter().flatten() {
            shapes.push(Shape {
                sql: texts::page(question, conditions, way, sort, behind, 1).into_text(),
                index: road.index(),
                in_order: !matches!(way, Way::Gather(_)),
            });
        }
    }
}

fn wholes<'q>(question: &Question<'q>, conditions: &[Condition<'q>], shapes: &mut Vec<Shape>) {
    let narrow = conditions.iter().filter_map(|condition| condition.road(SortKey::LastActivity));
    for road in narrow.chain([Road::Leads, Road::of(SortKey::LastActivity)]) {
        for text in [
            texts::count(question, conditions, road, 1),
            texts::each(question, conditions, road),
            texts::per_status(question, conditions, road, 1, 1),
            texts::size(question.company, road, 1),
        ] {
            shapes.push(Shape { sql: text.into_text(), index: road.index(), in_order: false });
        }
    }
}
