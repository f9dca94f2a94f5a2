//! How the leads of a list are found.
//!
//! A *road* is an index to go along. A list can *walk* the road of its sort and take what fits, which is quick where
//! much fits; or it can *gather* all leads of a narrow road and sort them, which is quick where there are few. What
//! each way would cost is estimated from the counters and from counting a little; a walk that turns out to
//! be much longer than expected (what fits lies elsewhere) is given up for the next best way, without a limit.
//!
//! SQLite has no statistics here, so every statement names its index; PostgreSQL is kept from others by the form of
//! the statement: a walk is a sub-select with its own limit, what is gathered stands behind a fence (`OFFSET 0`).

use super::{Filter, Question, Result};
use crate::{query::Query, session::Session, statuses};
use domain::{
    ids::{BranchId, CompanyId, DepartmentId, ImportId, LeadId, SourceId, StatusId, TagId},
    lead_list::{Cursor, Doubtful, Owner, Place, Search, Shelf, Sort, SortKey, Span, WORD_STARTS, Word},
    time::Moment,
    viewer::Sight,
};
use std::collections::HashMap;

/// How hard to try before it is known which way is short.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// Leads of a road that are counted at first, to find out whether there are few.
    pub(super) probed: i64,
    /// The most that are counted when that does not show a short way.
    pub(super) probed_max: i64,
    /// Counting on begins where the way so far costs so many times what was counted.
    pub(super) thrift: i64,
    /// How many times longer than expected a walk may become.
    pub(super) patience: i64,
    /// A walk that is given up has seen at least so many.
    pub(super) walked_min: i64,
}

/// What did well at a million leads on SQLite: docs/decisions/0008.
pub(super) const EFFORT: Effort =
    Effort { probed: 4_000, probed_max: 400_000, thrift: 10, patience: 6, walked_min: 500 };

/// What it costs to look at a row, in steps along an index: the ratios, not the numbers, matter.
mod cost {
    /// An entry of an index.
    pub(super) const ENTRY: i64 = 1;
    /// A row of the table in the order of its key.
    pub(super) const ROW: i64 = 3;
    /// A row of the table out of order: mostly a page of its own.
    pub(super) const LOOK_UP: i64 = 30;
    /// A row of the table some way behind the last one.
    pub(super) const NEXT_LOOK_UP: i64 = 10;
    /// A lead's identifier, kept to be found again.
    pub(super) const KEPT: i64 = 3;
    /// Whether a lead has a tag.
    pub(super) const TAG: i64 = 8;
    /// Whether a name has a word.
    pub(super) const WORD: i64 = 3;
}

/// Columns of a lead, as bits: what a condition needs and what an index has.
mod column {
    pub(super) const NONE: u16 = 0;
    pub(super) const STATUS: u16 = 1;
    pub(super) const OWNER: u16 = 2;
    pub(super) const SOURCE: u16 = 4;
    pub(super) const BRANCH: u16 = 8;
    pub(super) const ACTIVITY: u16 = 16;
    pub(super) const NAME: u16 = 32;
    pub(super) const CREATED: u16 = 64;
    pub(super) const DOUBTFUL: u16 = 128;
    pub(super) const REST: u16 = 256;
    pub(super) const ALL: u16 = 511;
}

/// An index to go along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Road<'q> {
    /// The leads themselves, by identifier.
    Leads,
    /// By last activity, and in this span.
    Activity(Span),
    /// By name.
    Name,
    /// Of a status, by identifier.
    Status(StatusId),
    /// Of a status, by last activity.
    StatusActivity(StatusId),
    /// Of an owner, by last activity.
    Owner(Owner),
    /// Of a source, by identifier.
    Source(SourceId),
    /// Of a branch, by identifier.
    Branch(BranchId),
    /// Of an import, by identifier.
    Import(ImportId),
    /// With a tag, by identifier.
    Tag(TagId),
    /// Captured in this span.
    Created(Span),
    /// With a doubtful number or e-mail, by identifier.
    Doubtful(Doubtful),
    /// Found by a word.
    Word(&'q Word),
}

impl<'q> Road<'q> {
    /// The order that it has by itself.
    pub(super) fn order(self) -> Option<SortKey> {
        match self {
            Road::Leads
            | Road::Status(_)
            | Road::Source(_)
            | Road::Branch(_)
            | Road::Import(_)
            | Road::Tag(_)
            | Road::Doubtful(_) => Some(SortKey::Id),
            Road::Activity(_) | Road::StatusActivity(_) | Road::Owner(_) => Some(SortKey::LastActivity),
            Road::Name => Some(SortKey::Name),
            Road::Created(_) | Road::Word(_) => None,
        }
    }

    /// What its entries have, so that the lead itself need not be looked up.
    fn columns(self) -> u16 {
        use column::{ACTIVITY, ALL, BRANCH, CREATED, DOUBTFUL, NAME, NONE, OWNER, SOURCE, STATUS};
        match self {
            Road::Leads => ALL,
            Road::Activity(_) => ACTIVITY | STATUS | OWNER | SOURCE | BRANCH,
            Road::Name => NAME | SOURCE | BRANCH,
            Road::Status(_) => STATUS,
            Road::StatusActivity(_) => STATUS | ACTIVITY | NAME,
            Road::Owner(_) => OWNER | ACTIVITY | NAME,
            Road::Source(_) => SOURCE | NAME,
            Road::Branch(_) => BRANCH | NAME,
            Road::Created(_) => CREATED,
            Road::Doubtful(_) => DOUBTFUL,
            Road::Import(_) | Road::Tag(_) | Road::Word(_) => NONE,
        }
    }

    /// Goes along it: FROM, and WHERE as far as it reaches. The lead is `l`.
    fn go(self, text: &mut Query<'q>) {
        let index = match self {
            Road::Tag(tag) => {
                return text.with(
                    " FROM lead_tags t /*sqlite INDEXED BY sqlite_autoindex_lead_tags_1*/ CROSS JOIN leads l /*sqlite INDEXED BY sqlite_autoindex_leads_1*/
                    WHERE t.company_id = $1 AND t.tag_id = ?1 AND l.company_id = $1 AND l.id = t.lead_id",
                    [tag.into()],
                );
            }
            Road::Word(word) => {
                text.add(" FROM (");
                // A lead may have several terms that begin alike, and each lead comes once.
                let once = if word.number.is_none() { "DISTINCT t.lead_id" } else { "t.lead_id" };
                found_by(word, " UNION ", once, "p.id", text);
                return text.add(
                    ") t CROSS JOIN leads l /*sqlite INDEXED BY sqlite_autoindex_leads_1*/ WHERE l.company_id = $1 AND l.id = t.lead_id",
                );
            }
            road => road.index(),
        };
        text.add(&format!(" FROM leads l /*sqlite {index}*/"));
        text.add(" WHERE l.company_id = $1");
        match self {
            Road::Status(status) | Road::StatusActivity(status) => {
                Condition::Status(status).write(text);
            }
            Road::Owner(owner) => Condition::Owner(owner).write(text),
            Road::Source(source) => Condition::Source(source).write(text),
            Road::Branch(branch) => Condition::Branch(branch).write(text),
            Road::Import(import) => Condition::Import(import).write(text),
            Road::Created(span) => Condition::Created(span).write(text),
            Road::Activity(span) => Condition::LastActivity(span).write(text),
            Road::Doubtful(what) => Condition::Doubtful(what).write(text),
            Road::Leads | Road::Name | Road::Tag(_) | Road::Word(_) => {}
        }
    }

    /// What SQLite is told. A table without row numbers lies in the index of its primary key, which bears this name.
    pub(super) fn index(self) -> &'static str {
        match self {
            Road::Leads | Road::Word(_) => "INDEXED BY sqlite_autoindex_leads_1",
            Road::Tag(_) => "INDEXED BY sqlite_autoindex_lead_tags_1",
            Road::Activity(_) => "INDEXED BY leads_activity",
            Road::Name => "INDEXED BY leads_name",
            Road::Status(_) => "INDEXED BY leads_status",
            Road::StatusActivity(_) => "INDEXED BY leads_status_activity",
            Road::Owner(_) => "INDEXED BY leads_owner",
            Road::Source(_) => "INDEXED BY leads_source",
            Road::Branch(_) => "INDEXED BY leads_branch",
            Road::Import(_) => "INDEXED BY leads_import",
            Road::Created(_) => "INDEXED BY leads_created",
            Road::Doubtful(_) => "INDEXED BY leads_doubtful",
        }
    }

    /// The identifiers along it, each once, without a look at the leads.
    fn ids(self, text: &mut Query<'q>) {
        match self {
            Road::Word(word) => {
                let once = if word.number.is_none() { "DISTINCT t.lead_id AS id" } else { "t.lead_id AS id" };
                found_by(word, " UNION ", once, "p.id", text);
            }
            Road::Tag(tag) => text.with(
                "SELECT t.lead_id AS id FROM lead_tags t /*sqlite INDEXED BY sqlite_autoindex_lead_tags_1*/
                    WHERE t.company_id = $1 AND t.tag_id = ?1",
                [tag.into()],
            ),
            road => {
                text.add("SELECT l.id AS id");
                road.go(text);
            }
        }
    }

    /// The column of the identifier by which its entries follow each other.
    fn id(self) -> &'static str {
        if matches!(self, Road::Tag(_)) { "t.lead_id" } else { "l.id" }
    }

    /// What a look at one of its entries costs, with these conditions to be answered and this key to be read.
    fn step(self, conditions: &[Condition<'q>], key: SortKey) -> i64 {
        let open = conditions.iter().filter(|condition| !condition.is_kept_by(self));
        let mut needs = match key {
            SortKey::Id => column::NONE,
            SortKey::LastActivity => column::ACTIVITY,
            SortKey::Name => column::NAME,
        };
        let mut cost = if self == Road::Leads { cost::ROW } else { cost::ENTRY };
        for condition in open {
            needs |= condition.needs();
            cost += match condition {
                Condition::Tag(_) => cost::TAG,
                Condition::Word(_) => cost::WORD,
                _ => 0,
            };
        }
        if needs & !self.columns() != 0 || matches!(self, Road::Tag(_) | Road::Word(_)) {
            cost += if self.order() == Some(SortKey::Id) { cost::NEXT_LOOK_UP } else { cost::LOOK_UP };
        }
        cost
    }
}

/// Something that a lead on the list must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition<'q> {
    Won(bool),
    Status(StatusId),
    Owner(Owner),
    Tag(TagId),
    Source(SourceId),
    Branch(BranchId),
    Import(ImportId),
    Created(Span),
    LastActivity(Span),
    Doubtful(Doubtful),
    Word(&'q Word),
    SeenInBranch(BranchId),
    SeenInDepartment(DepartmentId),
}

impl<'q> Condition<'q> {
    /// The narrow road to what fulfils it, the better one for this order.
    pub(super) fn road(self, key: SortKey) -> Option<Road<'q>> {
        Some(match self {
            Condition::Status(status) if key == SortKey::Id => Road::Status(status),
            Condition::Status(status) => Road::StatusActivity(status),
            Condition::Owner(owner) => Road::Owner(owner),
            Condition::Tag(tag) => Road::Tag(tag),
            Condition::Source(source) => Road::Source(source),
            Condition::Branch(branch) => Road::Branch(branch),
            Condition::Import(import) => Road::Import(import),
            Condition::Created(span) => Road::Created(span),
            Condition::LastActivity(span) => Road::Activity(span),
            Condition::Doubtful(what) => Road::Doubtful(what),
            Condition::Word(word) => Road::Word(word),
            Condition::Won(_) | Condition::SeenInBranch(_) | Condition::SeenInDepartment(_) => return None,
        })
    }

    /// Whether everything along the road fulfils it.
    pub(super) fn is_kept_by(self, road: Road<'q>) -> bool {
        [SortKey::Id, SortKey::LastActivity].into_iter().any(|key| self.road(key) == Some(road))
    }

    fn needs(self) -> u16 {
        match self {
            Condition::Won(_) | Condition::Status(_) => column::STATUS,
            Condition::Owner(_) => column::OWNER,
            Condition::Tag(_) => column::NONE,
            Condition::Source(_) => column::SOURCE,
            Condition::Branch(_) => column::BRANCH,
            Condition::Created(_) => column::CREATED,
            Condition::LastActivity(_) => column::ACTIVITY,
            Condition::Doubtful(_) => column::DOUBTFUL,
            Condition::SeenInBranch(_) => column::BRANCH | column::OWNER,
            Condition::Import(_) | Condition::Word(_) | Condition::SeenInDepartment(_) => column::REST,
        }
    }

    /// Appends it, with its AND.
    fn write(self, text: &mut Query<'q>) {
        match self {
            Condition::Won(true) => text.add(
                " AND l.status_id IN (SELECT w.id FROM statuses w WHERE w.company_id = $1 AND w.kind = 'won')",
            ),
            Condition::Won(false) => text.add(
                " AND l.status_id NOT IN (SELECT w.id FROM statuses w WHERE w.company_id = $1 AND w.kind = 'won')",
            ),
            Condition::Status(status) => text.with(" AND l.status_id = ?1", [status.into()]),
            Condition::Owner(Owner::Nobody) => text.add(" AND l.owner_id IS NULL"),
            Condition::Owner(Owner::User(user)) => text.with(" AND l.owner_id = ?1", [user.into()]),
            // A value and not EXISTS: PostgreSQL would make a join of that, and read all leads with the tag first.
            Condition::Tag(tag) => text.with(
                " AND (SELECT t.tag_id FROM lead_tags t
                    WHERE t.company_id = $1 AND t.tag_id = ?1 AND t.lead_id = l.id) IS NOT NULL",
                [tag.into()],
            ),
            Condition::Source(source) => text.with(" AND l.source_id = ?1", [source.into()]),
            Condition::Branch(branch) => text.with(" AND l.branch_id = ?1", [branch.into()]),
            Condition::Import(import) => text.with(" AND l.import_id = ?1", [import.into()]),
            Condition::Created(span) => within(span, "l.created_at_ms", text),
            Condition::LastActivity(span) => within(span, "l.last_activity_at_ms", text),
            Condition::Doubtful(what) => {
                // In the words of the index, so that both engines see that it has them all.
                text.add(" AND (l.phone_doubtful = 1 OR l.email_doubtful = 1)");
                text.add(match what {
                    Doubtful::Phone => " AND l.phone_doubtful = 1",
                    Doubtful::Email => " AND l.email_doubtful = 1",
                    Doubtful::Either => "",
                });
            }
            Condition::Word(word) => has(word, text),
            // Worst for a small branch of a large company: a list of a sort that it does not own walks far.
            Condition::SeenInBranch(branch) => text.with(
                " AND (l.branch_id = ?1 OR l.owner_id IN (SELECT m.id FROM users m WHERE m.company_id = $1 AND m.branch_id = ?1)
                    OR (l.branch_id IS NULL AND l.owner_id IS NULL))",
                [branch.into()],
            ),
            Condition::SeenInDepartment(department) => text.with(
                " AND (l.department_id = ?1
                    OR l.owner_id IN (SELECT m.id FROM users m WHERE m.company_id = $1 AND m.department_id = ?1)
                    OR (l.department_id IS NULL AND l.owner_id IS NULL))",
                [department.into()],
            ),
        }
    }
}

fn within(span: Span, column: &str, text: &mut Query<'_>) {
    if let Some(from) = span.from {
        text.with(&format!(" AND {column} >= ?1"), [from.into()]);
    }
    if let Some(until) = span.until {
        text.with(&format!(" AND {column} < ?1"), [until.into()]);
    }
}

/// The leads that have a word, by their terms and numbers. U+10FFFF is behind every letter.
fn found_by<'q>(word: &'q Word, union: &str, of_term: &str, of_phone: &str, text: &mut Query<'q>) {
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
        between = union;
    }
    for begins in number.into_iter().flat_map(|number| &number.beginnings) {
        text.with(
            &format!(
                "{between}SELECT {of_phone} FROM leads p /*sqlite INDEXED BY leads_phone*/
                    WHERE p.company_id = $1 AND p.phone >= ?1 AND p.phone < ?1 || '\u{10ffff}'"
            ),
            [begins.into()],
        );
        between = union;
    }
}

/// Whether a lead has a word, without its terms: the same answer from the row itself.
fn has<'q>(word: &'q Word, text: &mut Query<'q>) {
    text.add(" AND (");
    let mut between = "";
    if let Some(begins) = &word.beginning {
        text.with(
            "(l.name_key >= ?1 AND l.name_key < ?1 || '\u{10ffff}')
                OR (lower(l.email /*pg COLLATE \"C\"*/) >= ?1 AND lower(l.email /*pg COLLATE \"C\"*/) < ?1 || '\u{10ffff}')",
            [begins.into()],
        );
        let starts: Vec<String> = WORD_STARTS
            .iter()
            .map(|start| {
                let start = if *start == '\'' { "''".to_owned() } else { start.to_string() };
                format!(" OR /*sqlite instr*/ /*pg strpos*/ (l.name_key, '{start}' || ?1) > 0")
            })
            .collect();
        text.with(&starts.concat(), [begins.into()]);
        between = " OR ";
    }
    if let Some(number) = &word.number {
        text.with(
            &format!(
                "{between}/*sqlite substr(l.phone, -length(?1))*/ /*pg right(l.phone, length(?1))*/ = ?1"
            ),
            [(&number.digits).into()],
        );
        for begins in &number.beginnings {
            text.with(" OR (l.phone >= ?1 AND l.phone < ?1 || '\u{10ffff}')", [begins.into()]);
        }
    }
    text.add(")");
}

/// What the sight of a viewer adds to a WHERE (R13, R14).
pub(crate) fn see(text: &mut Query<'_>, sight: Sight) {
    for condition in seen(sight) {
        condition.write(text);
    }
}

fn seen<'q>(sight: Sight) -> Vec<Condition<'q>> {
    match sight {
        Sight::All => Vec::new(),
        Sight::OwnedBy(user) => vec![Condition::Owner(Owner::User(user))],
        Sight::Labels { branch, department } => {
            let branch = branch.map(Condition::SeenInBranch);
            branch.into_iter().chain(department.map(Condition::SeenInDepartment)).collect()
        }
    }
}

impl<'q> Question<'q> {
    pub(super) fn conditions(&self) -> Vec<Condition<'q>> {
        let filter: &'q Filter = self.filter;
        let mut all = seen(self.sight);
        all.extend(match filter.shelf {
            Shelf::All => None,
            Shelf::Leads => Some(Condition::Won(false)),
            Shelf::Customers => Some(Condition::Won(true)),
        });
        all.extend(filter.status.map(Condition::Status));
        all.extend(filter.owner.map(Condition::Owner));
        all.extend(filter.tag.map(Condition::Tag));
        all.extend(filter.source.map(Condition::Source));
        all.extend(filter.branch.map(Condition::Branch));
        all.extend(filter.import.map(Condition::Import));
        all.extend(Some(filter.created).filter(|span| !span.is_open()).map(Condition::Created));
        all.extend(Some(filter.last_activity).filter(|span| !span.is_open()).map(Condition::LastActivity));
        all.extend(filter.doubtful.map(Condition::Doubtful));
        all.extend(filter.search.iter().flat_map(Search::words).map(Condition::Word));
        all
    }
}

/// A way to find the leads of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way<'q> {
    /// Everything along the road is on the list, in its order.
    Straight(Road<'q>),
    /// Along the road, taking what fits; given up after so many.
    Walk(Road<'q>, i64),
    /// All of the road that fits, sorted.
    Gather(Road<'q>),
    /// What lies on both roads and fits, sorted: the leads themselves are looked up only where the roads meet.
    Meet(Road<'q>, Road<'q>),
}

/// A page's places, in order, with what the next page starts behind.
pub(super) async fn page(
    session: &mut Session,
    question: &Question<'_>,
    sort: Sort,
    behind: Option<&Cursor>,
    rows: i64,
    effort: Effort,
) -> Result<Vec<Cursor>> {
    let conditions = question.conditions();
    let mut known = Sizes::default();
    let way = match straight(&conditions, sort.key()) {
        Some(way) => way,
        None => promising_way(session, question, &conditions, sort.key(), (rows, effort), &mut known).await?,
    };
    let found = take(session, &page_text(question, &conditions, way, sort, behind, rows), sort).await?;
    let Way::Walk(road, patience) = way else { return Ok(found) };
    if found.len() as i64 >= rows || known.size_of(road, &conditions) <= patience {
        return Ok(found);
    }
    // What fits lies elsewhere, or the list ends here.
    probe(session, question, &conditions, effort.probed_max, &mut known).await?;
    let (_, way) = best_gathering(&conditions, sort.key(), &known);
    take(session, &page_text(question, &conditions, way, sort, behind, rows), sort).await
}
/// The number of leads, up to a limit.
pub(super) async fn count(session: &mut Session, question: &Question<'_>, at_most: i64) -> Result<i64> {
    let conditions = question.conditions();
    let road = narrowest(session, question, &conditions, &mut Sizes::default()).await?;
    let text = count_text(question, &conditions, road, at_most);
    session.one(&text.sql(), text.values(), |row| row.get(0)).await
}

/// The number of leads per status among the first so many along a short road, and whether these were all.
pub(super) async fn count_per_status(
    session: &mut Session,
    question: &Question<'_>,
    looked_at_max: i64,
) -> Result<(HashMap<StatusId, i64>, bool)> {
    let conditions = question.conditions();
    let mut known = Sizes::default();
    probe(session, question, &conditions, EFFORT.probed, &mut known).await?;
    let narrow = known
        .narrow
        .iter()
        .filter_map(|(index, size, _)| Some((size, conditions[*index].road(SortKey::LastActivity)?)));
    let road = narrow.min_by_key(|(size, _)| *size).map_or(Road::Leads, |(_, road)| road);
    let text = per_status_text(question, &conditions, road, looked_at_max);
    let (mut found, mut looked_at) = (HashMap::new(), 0);
    session
        .each(&text.sql(), text.values(), |row| {
            found.insert(row.get(0)?, row.get(1)?);
            looked_at += row.get::<i64>(2)?;
            Ok(())
        })
        .await?;
    Ok((found, looked_at < looked_at_max))
}

/// Every lead with its version and last activity, in no particular order.
pub(super) async fn each(
    session: &mut Session,
    question: &Question<'_>,
    mut see: impl FnMut(LeadId, i64, Moment) + Send,
) -> Result<()> {
    let conditions = question.conditions();
    let road = narrowest(session, question, &conditions, &mut Sizes::default()).await?;
    let text = each_text(question, &conditions, road);
    session
        .each(&text.sql(), text.values(), |row| {
            see(row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(())
        })
        .await
}

/// What is known of the lengths of roads.
#[derive(Debug, Default)]
struct Sizes {
    /// All leads of the company.
    total: i64,
    /// Of the conditions that have a road: how many leads, and whether there may be more.
    narrow: Vec<(usize, i64, bool)>,
}

impl Sizes {
    /// Whether some roads may be longer than they were counted.
    fn are_open(&self) -> bool {
        self.narrow.iter().any(|(_, _, open)| *open)
    }

    /// How long a road is, at the most.
    fn size_of<'q>(&self, road: Road<'q>, conditions: &[Condition<'q>]) -> i64 {
        self.narrow
            .iter()
            .find(|(index, _, open)| !open && conditions[*index].is_kept_by(road))
            .map_or(self.total, |(_, size, _)| *size)
    }
}

/// Counts a little: the statuses from their counters, other roads up to the limit.
async fn probe<'q>(
    session: &mut Session,
    question: &Question<'q>,
    conditions: &[Condition<'q>],
    up_to: i64,
    known: &mut Sizes,
) -> Result<()> {
    let counts: HashMap<StatusId, i64> =
        statuses::counts(session, question.company).await?.into_iter().collect();
    known.total = counts.values().sum();
    known.narrow.clear();
    for (index, condition) in conditions.iter().enumerate() {
        let Some(road) = condition.road(SortKey::Id) else { continue };
        let size = if let Condition::Status(status) = condition {
            counts.get(status).copied().unwrap_or(0)
        } else {
            let text = size_text(question.company, road, up_to);
            session.one(&text.sql(), text.values(), |row| row.get(0)).await?
        };
        let open = size >= up_to && !matches!(condition, Condition::Status(_));
        known.narrow.push((index, size, open));
    }
    Ok(())
}

/// The road of a sort.
pub(super) fn along<'q>(key: SortKey) -> Road<'q> {
    match key {
        SortKey::Id => Road::Leads,
        SortKey::LastActivity => Road::Activity(Span::default()),
        SortKey::Name => Road::Name,
    }
}

/// The way where everything along a road is on the list in its order: nothing else needs to be known.
fn straight<'q>(conditions: &[Condition<'q>], key: SortKey) -> Option<Way<'q>> {
    let narrow = conditions.iter().filter_map(|condition| condition.road(key));
    narrow
        .chain([along(key)])
        .find(|road| {
            road.order() == Some(key) && conditions.iter().all(|condition| condition.is_kept_by(*road))
        })
        .map(Way::Straight)
}

/// The way that promises to be the quickest. The lengths of the roads are counted as far as that is worth it.
async fn promising_way<'q>(
    session: &mut Session,
    question: &Question<'q>,
    conditions: &[Condition<'q>],
    key: SortKey,
    (rows, effort): (i64, Effort),
    known: &mut Sizes,
) -> Result<Way<'q>> {
    let mut up_to = effort.probed;
    loop {
        probe(session, question, conditions, up_to, known).await?;
        let (cost, way) = best_way(conditions, key, (rows, effort), known);
        if cost <= up_to * effort.thrift || up_to >= effort.probed_max || !known.are_open() {
            return Ok(way);
        }
        up_to = (up_to * 10).min(effort.probed_max);
    }
}

/// The way that promises to be the quickest by what is known, with what it costs.
fn best_way<'q>(
    conditions: &[Condition<'q>],
    key: SortKey,
    (rows, effort): (i64, Effort),
    known: &Sizes,
) -> (i64, Way<'q>) {
    let mut best = best_gathering(conditions, key, known);
    let narrow = conditions.iter().filter_map(|condition| condition.road(key));
    for road in narrow.filter(|road| road.order() == Some(key)).chain([along(key)]) {
        let share: f64 = known
            .narrow
            .iter()
            .filter(|(index, ..)| !conditions[*index].is_kept_by(road))
            .map(|(_, size, _)| (*size as f64 / known.total.max(1) as f64).clamp(1e-9, 1.0))
            .product();
        let expected = ((rows as f64 / share).min(1e15) as i64).min(known.size_of(road, conditions));
        let cost = expected.saturating_mul(road.step(conditions, key));
        if cost < best.0 {
            // A walk that leads nowhere may cost as much as the gathering that follows, and no more.
            let affordable = best.0 / road.step(conditions, key);
            let patience = expected.saturating_mul(effort.patience).min(affordable).max(effort.walked_min);
            best = (cost, Way::Walk(road, patience));
        }
    }
    best
}

/// The shortest road to everything that could fit, with what it costs to gather that.
fn best_gathering<'q>(conditions: &[Condition<'q>], key: SortKey, known: &Sizes) -> (i64, Way<'q>) {
    let narrow = known.narrow.iter().filter(|(_, _, open)| !open).filter_map(|(index, size, _)| {
        // By identifier the leads are looked up in the order in which they lie.
        let roads = [conditions[*index].road(key)?, conditions[*index].road(SortKey::Id)?];
        Some(roads.map(|road| (size.saturating_mul(road.step(conditions, key)), Way::Gather(road))))
    });
    let whole = [Road::Leads, along(SortKey::LastActivity)];
    let whole = whole.map(|road| (known.total.saturating_mul(road.step(conditions, key)), Way::Gather(road)));
    let meet = nearest_meeting(conditions, known);
    narrow
        .flatten()
        .chain(whole)
        .chain(meet)
        .min_by_key(|(cost, _)| *cost)
        .unwrap_or((i64::MAX, Way::Gather(Road::Leads)))
}

/// The two shortest roads, with what it costs to see where they meet. Leads that lie on both are assumed to be as many
/// as if the roads had nothing to do with each other; if they have, the page is found all the same.
fn nearest_meeting<'q>(conditions: &[Condition<'q>], known: &Sizes) -> Option<(i64, Way<'q>)> {
    let mut narrow: Vec<(i64, Road<'q>)> = known
        .narrow
        .iter()
        .filter(|(_, _, open)| !open)
        .filter_map(|(index, size, _)| Some((*size, conditions[*index].road(SortKey::Id)?)))
        .collect();
    narrow.sort_by_key(|(size, _)| *size);
    let [(few, one), (more, other), ..] = narrow[..] else { return None };
    let both = few.saturating_mul(more) / known.total.max(1);
    let cost = (few + more).saturating_mul(cost::KEPT) + both.saturating_mul(cost::LOOK_UP);
    // The longer one is gone along, the shorter one is kept.
    Some((cost, Way::Meet(other, one)))
}

/// The shortest road to everything that fits.
async fn narrowest<'q>(
    session: &mut Session,
    question: &Question<'q>,
    conditions: &[Condition<'q>],
    known: &mut Sizes,
) -> Result<Road<'q>> {
    probe(session, question, conditions, EFFORT.probed_max, known).await?;
    let narrow = known.narrow.iter().filter(|(_, _, open)| !open).filter_map(|(index, size, _)| {
        let road = conditions[*index].road(SortKey::LastActivity)?;
        Some((size.saturating_mul(road.step(conditions, SortKey::Id)), road))
    });
    let whole = [Road::Leads, along(SortKey::LastActivity)];
    let whole = whole.map(|road| (known.total.saturating_mul(road.step(conditions, SortKey::Id)), road));
    Ok(narrow.chain(whole).min_by_key(|(cost, _)| *cost).map_or(Road::Leads, |(_, road)| road))
}

pub(super) async fn take(session: &mut Session, text: &Query<'_>, sort: Sort) -> Result<Vec<Cursor>> {
    session
        .rows(&text.sql(), text.values(), |row| {
            let place = match sort.key() {
                SortKey::Id => Place::Id,
                SortKey::LastActivity => Place::LastActivity(row.get(1)?),
                SortKey::Name => Place::Name(row.get(1)?),
            };
            Ok(Cursor { sort, place, lead: row.get(0)? })
        })
        .await
}

/// The page along a way: identifier and key.
pub(super) fn page_text<'q>(
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
    let (Way::Straight(road) | Way::Walk(road, _) | Way::Gather(road) | Way::Meet(road, _)) = way;
    let open = || conditions.iter().filter(|condition| !condition.is_kept_by(road));
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
            go_on(behind, road, sort, &mut text);
            text.with(&format!("{order} LIMIT ?1"), [rows.into()]);
        }
        Way::Walk(_, patience) => {
            text.add(&format!("SELECT w.id, w.key FROM (SELECT l.id AS id, {key} AS key, CASE WHEN true"));
            open().for_each(|condition| condition.write(&mut text));
            text.add(" THEN 1 ELSE 0 END AS fits");
            road.go(&mut text);
            go_on(behind, road, sort, &mut text);
            text.with(
                &format!("{order} LIMIT ?1) AS w WHERE w.fits = 1 LIMIT ?2"),
                [patience.into(), rows.into()],
            );
        }
        Way::Gather(_) | Way::Meet(..) => {
            text.add(&format!("SELECT g.id, g.key FROM (SELECT l.id AS id, {key} AS key"));
            if let Way::Meet(_, other) = way {
                meet(road, other, &mut text);
                let open = open().filter(|condition| !condition.is_kept_by(other));
                open.for_each(|condition| condition.write(&mut text));
            } else {
                road.go(&mut text);
                open().for_each(|condition| condition.write(&mut text));
            }
            let plain = if matches!(way, Way::Meet(..)) { Road::Leads } else { road };
            go_on(behind, plain, sort, &mut text);
            text.with(
                &format!(" /*pg OFFSET 0*/) AS g ORDER BY g.key {direction}, g.id {direction} LIMIT ?1"),
                [rows.into()],
            );
        }
    }
    text
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

/// What lies behind the last page.
fn go_on<'q>(behind: Option<&'q Cursor>, road: Road<'q>, sort: Sort, text: &mut Query<'q>) {
    let Some(cursor) = behind else { return };
    let than = if sort.descends() { "<" } else { ">" };
    match &cursor.place {
        Place::Id => text.with(&format!(" AND {} {than} ?1", road.id()), [cursor.lead.into()]),
        Place::LastActivity(moment) => text.with(
            &format!(" AND (l.last_activity_at_ms, l.id) {than} (?1, ?2)"),
            [(*moment).into(), cursor.lead.into()],
        ),
        Place::Name(name) => {
            text.with(&format!(" AND (l.name_key, l.id) {than} (?1, ?2)"), [name.into(), cursor.lead.into()]);
        }
    }
}

pub(super) fn size_text(company: CompanyId, road: Road<'_>, up_to: i64) -> Query<'_> {
    let mut text = Query::new(company, "SELECT COUNT(*) FROM (");
    match road {
        Road::Word(word) => found_by(word, " UNION ALL ", "1", "1", &mut text),
        Road::Tag(tag) => {
            text.with("SELECT 1 FROM lead_tags t /*sqlite INDEXED BY sqlite_autoindex_lead_tags_1*/ WHERE t.company_id = $1 AND t.tag_id = ?1", [tag.into()]);
        }
        road => {
            text.add("SELECT 1");
            road.go(&mut text);
        }
    }
    text.with(" LIMIT ?1) AS few", [up_to.into()]);
    text
}

pub(super) fn count_text<'q>(
    question: &Question<'q>,
    conditions: &[Condition<'q>],
    road: Road<'q>,
    at_most: i64,
) -> Query<'q> {
    let mut text = Query::new(question.company, "SELECT COUNT(*) FROM (SELECT 1");
    all_of(conditions, road, &mut text);
    text.with(" LIMIT ?1) AS found", [at_most.into()]);
    text
}

pub(super) fn per_status_text<'q>(
    question: &Question<'q>,
    conditions: &[Condition<'q>],
    road: Road<'q>,
    looked_at_max: i64,
) -> Query<'q> {
    let mut text = Query::new(
        question.company,
        "SELECT w.status_id, CAST(SUM(w.fits) AS BIGINT), COUNT(*) FROM (SELECT l.status_id AS status_id, CASE WHEN true",
    );
    conditions
        .iter()
        .filter(|condition| !condition.is_kept_by(road))
        .for_each(|condition| condition.write(&mut text));
    text.add(" THEN 1 ELSE 0 END AS fits");
    road.go(&mut text);
    text.with(" LIMIT ?1) AS w GROUP BY w.status_id", [looked_at_max.into()]);
    text
}

pub(super) fn each_text<'q>(
    question: &Question<'q>,
    conditions: &[Condition<'q>],
    road: Road<'q>,
) -> Query<'q> {
    let mut text = Query::new(question.company, "SELECT l.id, l.version, l.last_activity_at_ms");
    all_of(conditions, road, &mut text);
    text
}

fn all_of<'q>(conditions: &[Condition<'q>], road: Road<'q>, text: &mut Query<'q>) {
    road.go(text);
    conditions
        .iter()
        .filter(|condition| !condition.is_kept_by(road))
        .for_each(|condition| condition.write(text));
}

/// One sight of each kind.
#[cfg(test)]
pub(crate) fn sights() -> [Sight; 5] {
    use domain::ids::UserId;
    let (branch, department) = (Some(BranchId(1)), Some(DepartmentId(1)));
    [
        Sight::All,
        Sight::OwnedBy(UserId(1)),
        Sight::Labels { branch, department: None },
        Sight::Labels { branch: None, department },
        Sight::Labels { branch, department },
    ]
}
