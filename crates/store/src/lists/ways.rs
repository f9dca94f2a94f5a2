//! Which way through a list is the shortest.
//!
//! A list can *walk* the road of its sort and take what fits, which is quick where much fits; or it can *gather* all
//! leads of a narrow road and sort them, which is quick where there are few. What each way would cost is estimated from
//! the counters and from counting a little. Where counting on would cost as much as walking a while, a walk is tried
//! first: it may be enough, and tells how far it is. A walk that turns out to be much longer than expected (what fits
//! lies elsewhere) is given up for the next best way, without a limit.

use super::{
    Question,
    roads::{Condition, Road, column},
    texts::{self, is_deferred},
};
use crate::{Result, boxed, query::Query, session::Session, statuses};
use domain::{
    ids::{CompanyId, LeadId, StatusId},
    lead_list::{Cursor, Place, Sort, SortKey},
    time::Moment,
};
use std::collections::HashMap;

/// A way to find the leads of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way<'q> {
    /// Everything along the road is on the list, in its order.
    Straight(Road<'q>),
    /// Along the road, taking what fits; given up after so many.
    Walk(Road<'q>, i64),
    /// All of the road that fits, sorted.
    Gather(Road<'q>),
    /// The identifiers of the road, sorted; leads are looked up in that order until there are enough. For lists by
    /// identifier alone.
    Sift(Road<'q>),
    /// What lies on both roads and fits, sorted: the leads themselves are looked up only where the roads meet.
    Meet(Road<'q>, Road<'q>),
}

/// How hard to try before it is known which way is short.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// Leads of a road that are counted at first, to find out whether there are few.
    pub(super) probed: i64,
    /// The most that are counted when that does not show a short way.
    pub(super) probed_max: i64,
    /// Counting on, or trying a walk, begins where the way so far costs so many times what was counted.
    pub(super) thrift: i64,
    /// How many times longer than expected a walk may become.
    pub(super) patience: i64,
    /// A walk that is given up has seen at least so many.
    pub(super) walked_min: i64,
    /// What a walk may cost that a first try has shown to be enough.
    pub(super) tried_max: i64,
}

/// What did well at a million leads on SQLite: docs/decisions/0008.
pub(super) const EFFORT: Effort = Effort {
    probed: 2_000,
    probed_max: 400_000,
    thrift: 20,
    patience: 6,
    walked_min: 500,
    tried_max: 200_000,
};

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
    /// Whether a lead has a tag, or a status by the index of that status.
    pub(super) const ASKED: i64 = 8;
    /// Whether a lead may have a tag, by its bit.
    pub(super) const BIT: i64 = 1;
    /// Whether a name has a word.
    pub(super) const WORD: i64 = 3;
}

/// A page's places, in order, with what the next page starts behind.
#[boxed]
pub(super) async fn page(
    session: &mut Session,
    question: &Question<'_>,
    sort: Sort,
    behind: Option<&Cursor>,
    rows: i64,
    effort: Effort,
) -> Result<Vec<Cursor>> {
    let conditions = question.conditions();
    let list = List { question, conditions: &conditions, sort, behind, rows };
    if let Some(way) = list.straight() {
        return list.take(session, way).await;
    }
    let mut known = Sizes::default();
    let way = match list.promising_way(session, effort, &mut known).await? {
        Promising::Found(found) => return Ok(found),
        Promising::Way(way) => way,
    };
    let found = list.take(session, way).await?;
    let Way::Walk(road, patience) = way else { return Ok(found) };
    if found.len() as i64 >= rows || known.size_of(road, &conditions) <= patience {
        return Ok(found);
    }
    // What fits lies elsewhere, or the list ends here.
    known.probe(session, question, &conditions, effort.probed_max).await?;
    let (_, way) = list.best_gathering(&known);
    list.take(session, way).await
}

/// The number of leads, up to a limit.
#[boxed]
pub(super) async fn count(session: &mut Session, question: &Question<'_>, at_most: i64) -> Result<i64> {
    let conditions = question.conditions();
    let road = narrowest(session, question, &conditions, &mut Sizes::default()).await?;
    let text = texts::count(question, &conditions, road, at_most);
    session.one(&text.sql(), text.values(), |row| row.get(0)).await
}

/// The number of leads per status along a short road, and whether these were all: among the first so many leads, or
/// among so many entries of an index that has the status and needs no look at the leads. Where nothing but the viewer's
/// branch narrows, in a company of up to `all_max` leads, that index is the one of the last activities: of all leads.
#[boxed]
pub(super) async fn count_per_status(
    session: &mut Session,
    question: &Question<'_>,
    leads_max: i64,
    entries_max: i64,
    all_max: i64,
) -> Result<(HashMap<StatusId, i64>, bool)> {
    let conditions = question.conditions();
    let all = Road::of(SortKey::LastActivity);
    let needed = conditions.iter().fold(column::STATUS, |needed, condition| needed | condition.needs());
    let roads = conditions.iter().filter_map(|condition| condition.road(SortKey::LastActivity));
    let (road, is_cut) = match roads.collect::<Vec<_>>()[..] {
        [] if needed & !all.columns() == 0 && leads_of(session, question.company).await? <= all_max => {
            (all, false)
        }
        [] => (Road::Leads, false),
        [only] if !matches!(only, Road::Word(_)) => (only, false),
        _ => {
            let mut known = Sizes::default();
            known.probe(session, question, &conditions, entries_max).await?;
            let narrow = known.narrow.iter().filter_map(|narrow| {
                let road = conditions[narrow.condition].road(SortKey::LastActivity)?;
                let cost = narrow.size.saturating_mul(step(road, &conditions, column::STATUS, &known));
                Some((cost, road, narrow.open && matches!(road, Road::Word(_))))
            });
            narrow
                .min_by_key(|(cost, ..)| *cost)
                .map_or((Road::Leads, false), |(_, road, is_cut)| (road, is_cut))
        }
    };
    let open = conditions.iter().filter(|condition| !condition.is_kept_by(road));
    let needs = open.fold(column::STATUS, |needs, condition| needs | condition.needs());
    let has_all = road != Road::Leads && needs & !road.columns() == 0;
    let looked_at_max = match has_all {
        true if road == all => all_max + 1,
        true => entries_max,
        false => leads_max,
    };
    let text = texts::per_status(question, &conditions, road, looked_at_max, entries_max);
    let (mut found, mut looked_at) = (HashMap::new(), 0);
    session
        .each(&text.sql(), text.values(), |row| {
            found.insert(row.get(0)?, row.get(1)?);
            looked_at += row.get::<i64>(2)?;
            Ok(())
        })
        .await?;
    Ok((found, looked_at < looked_at_max && !is_cut))
}

/// Every lead with its version and last activity, in no particular order.
pub(super) async fn each(
    session: &mut Session,
    question: &Question<'_>,
    mut see: impl FnMut(LeadId, i64, Moment) + Send,
) -> Result<()> {
    let conditions = question.conditions();
    let road = narrowest(session, question, &conditions, &mut Sizes::default()).await?;
    let text = texts::each(question, &conditions, road);
    session
        .each(&text.sql(), text.values(), |row| {
            see(row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(())
        })
        .await
}

/// How many leads the company has, by its counters.
async fn leads_of(session: &mut Session, company: CompanyId) -> Result<i64> {
    Ok(statuses::counts(session, company).await?.iter().map(|(_, leads)| leads).sum())
}

/// What is known of the lengths of roads.
#[derive(Debug, Default)]
struct Sizes {
    /// All leads of the company.
    total: i64,
    /// Of the conditions that have a road.
    narrow: Vec<Narrow>,
}

/// How many leads fulfil a condition.
#[derive(Debug, Clone, Copy)]
struct Narrow {
    /// Its place among the conditions.
    condition: usize,
    /// So many, at least.
    size: i64,
    /// Whether there may be more.
    open: bool,
}

impl Sizes {
    /// Whether some roads may be longer than they were counted.
    fn are_open(&self) -> bool {
        self.narrow.iter().any(|narrow| narrow.open)
    }

    /// Those that were counted to their end.
    fn closed(&self) -> impl Iterator<Item = &Narrow> {
        self.narrow.iter().filter(|narrow| !narrow.open)
    }

    /// How long a road is, at the most.
    fn size_of<'q>(&self, road: Road<'q>, conditions: &[Condition<'q>]) -> i64 {
        self.closed()
            .find(|narrow| conditions[narrow.condition].is_kept_by(road))
            .map_or(self.total, |narrow| narrow.size)
    }

    /// Which part of all leads fulfils those conditions of which it is known, as if they had nothing to do with each
    /// other.
    fn share<'q>(&self, conditions: &[Condition<'q>], which: impl Fn(Condition<'q>) -> bool) -> f64 {
        self.narrow
            .iter()
            .filter(|narrow| which(conditions[narrow.condition]))
            .map(|narrow| (narrow.size as f64 / self.total.max(1) as f64).clamp(1e-9, 1.0))
            .product()
    }

    /// Counts a little: the statuses from their counters, other roads up to the limit, but for those whose end is known.
    async fn probe(
        &mut self,
        session: &mut Session,
        question: &Question<'_>,
        conditions: &[Condition<'_>],
        up_to: i64,
    ) -> Result<()> {
        let counts: HashMap<StatusId, i64> =
            statuses::counts(session, question.company).await?.into_iter().collect();
        self.total = counts.values().sum();
        let before = std::mem::take(&mut self.narrow);
        for (index, condition) in conditions.iter().enumerate() {
            let Some(road) = condition.road(SortKey::Id) else { continue };
            if let Some(known) = before.iter().find(|known| known.condition == index && !known.open) {
                self.narrow.push(*known);
                continue;
            }
            let (size, open) = if let Condition::Status(status) = condition {
                (counts.get(status).copied().unwrap_or(0), false)
            } else {
                let text = texts::size(question.company, road, up_to);
                let size: i64 = session.one(&text.sql(), text.values(), |row| row.get(0)).await?;
                (size, size >= up_to)
            };
            self.narrow.push(Narrow { condition: index, size, open });
        }
        Ok(())
    }
}

/// What came of looking for a way.
enum Promising<'q> {
    /// A first try was enough.
    Found(Vec<Cursor>),
    /// The one that promises to be the quickest.
    Way(Way<'q>),
}

/// A list of which a page is wanted.
struct List<'l, 'q> {
    question: &'l Question<'q>,
    conditions: &'l [Condition<'q>],
    sort: Sort,
    behind: Option<&'l Cursor>,
    rows: i64,
}

impl<'q> List<'_, 'q> {
    /// The page along a way.
    async fn take(&self, session: &mut Session, way: Way<'q>) -> Result<Vec<Cursor>> {
        let text = texts::page(self.question, self.conditions, way, self.sort, self.behind, self.rows);
        take(session, &text, self.sort).await
    }

    /// Roads that have the order of the list.
    fn ordered_roads(&self) -> impl Iterator<Item = Road<'q>> {
        let key = self.sort.key();
        let narrow = self.conditions.iter().filter_map(move |condition| condition.road(key));
        narrow.filter(move |road| road.order() == Some(key)).chain([Road::of(key)])
    }

    /// The way where everything along a road is on the list in its order: nothing else needs to be known.
    fn straight(&self) -> Option<Way<'q>> {
        self.ordered_roads()
            .find(|road| self.conditions.iter().all(|condition| condition.is_kept_by(*road)))
            .map(Way::Straight)
    }

    /// The way that promises to be the quickest. The lengths of the roads are counted as far as that is worth it.
    async fn promising_way(
        &self,
        session: &mut Session,
        effort: Effort,
        known: &mut Sizes,
    ) -> Result<Promising<'q>> {
        let mut up_to = effort.probed;
        loop {
            known.probe(session, self.question, self.conditions, up_to).await?;
            let (cost, way) = self.best_way(effort, known);
            if cost <= up_to * effort.thrift || up_to >= effort.probed_max || !known.are_open() {
                return Ok(Promising::Way(way));
            }
            if up_to == effort.probed
                && let Some(found) = self.try_a_walk(session, effort, known).await?
            {
                return Ok(Promising::Found(found));
            }
            up_to = (up_to * 10).min(effort.probed_max);
        }
    }

    /// A walk for what counting on would cost. If it finds a part of the page, it tells how far the rest is.
    async fn try_a_walk(
        &self,
        session: &mut Session,
        effort: Effort,
        known: &Sizes,
    ) -> Result<Option<Vec<Cursor>>> {
        let (_, road) = self.best_walk(known);
        let step = self.step(road, known);
        let mut steps = (effort.probed * effort.thrift / step).max(effort.walked_min);
        loop {
            let found = self.take(session, Way::Walk(road, steps)).await?;
            let found_rows = found.len() as i64;
            if found_rows >= self.rows || known.size_of(road, self.conditions) <= steps {
                return Ok(Some(found));
            }
            // Fewer say nothing.
            if found_rows < 5 {
                return Ok(None);
            }
            let expected = steps * self.rows / found_rows * 3 / 2;
            if expected.saturating_mul(step) > effort.tried_max {
                return Ok(None);
            }
            steps = expected.max(2 * steps);
        }
    }

    /// The way that promises to be the quickest by what is known, with what it costs.
    fn best_way(&self, effort: Effort, known: &Sizes) -> (i64, Way<'q>) {
        let gathering = self.best_gathering(known);
        let (expected, road) = self.best_walk(known);
        let step = self.step(road, known);
        let cost = expected.saturating_mul(step);
        if cost >= gathering.0 {
            return gathering;
        }
        // A walk that leads nowhere may cost as much as the gathering that follows, and no more.
        let patience =
            expected.saturating_mul(effort.patience).min(gathering.0 / step).max(effort.walked_min);
        (cost, Way::Walk(road, patience))
    }

    /// The road in the order of the list along which the page promises to be complete first, with how many steps that
    /// takes if what fits is spread evenly.
    fn best_walk(&self, known: &Sizes) -> (i64, Road<'q>) {
        let walks = self.ordered_roads().map(|road| {
            let share = known.share(self.conditions, |condition| !condition.is_kept_by(road));
            let expected =
                ((self.rows as f64 / share).min(1e15) as i64).min(known.size_of(road, self.conditions));
            (expected, road)
        });
        walks
            .min_by_key(|(expected, road)| expected.saturating_mul(self.step(*road, known)))
            .unwrap_or((i64::MAX, Road::of(self.sort.key())))
    }

    /// The shortest road to everything that could fit, with what it costs to gather that.
    fn best_gathering(&self, known: &Sizes) -> (i64, Way<'q>) {
        let key = self.sort.key();
        let narrow = known.closed().filter_map(|narrow| {
            let condition = self.conditions[narrow.condition];
            // By identifier the leads are looked up in the order in which they lie.
            let roads = [condition.road(key)?, condition.road(SortKey::Id)?];
            let gather =
                roads.map(|road| (narrow.size.saturating_mul(self.step(road, known)), Way::Gather(road)));
            Some(gather.into_iter().chain(self.sifting(roads[1], narrow.size, known)))
        });
        let whole = [Road::Leads, Road::of(SortKey::LastActivity)];
        let whole = whole.map(|road| (known.total.saturating_mul(self.step(road, known)), Way::Gather(road)));
        narrow
            .flatten()
            .chain(whole)
            .chain(self.nearest_meeting(known))
            .min_by_key(|(cost, _)| *cost)
            .unwrap_or((i64::MAX, Way::Gather(Road::Leads)))
    }

    /// What it costs to sort identifiers first and to look leads up as far as the page needs.
    fn sifting(&self, road: Road<'q>, size: i64, known: &Sizes) -> Option<(i64, Way<'q>)> {
        if self.sort.key() != SortKey::Id {
            return None;
        }
        let share = known.share(self.conditions, |condition| !condition.is_kept_by(road));
        let looked_up = ((self.rows as f64 / share).min(1e15) as i64).min(size);
        let cost = size.saturating_mul(cost::KEPT) + looked_up.saturating_mul(cost::LOOK_UP);
        Some((cost, Way::Sift(road)))
    }

    /// The two shortest roads, with what it costs to see where they meet. Leads that lie on both are assumed to be as
    /// many as if the roads had nothing to do with each other; if they have, the page is found all the same.
    fn nearest_meeting(&self, known: &Sizes) -> Option<(i64, Way<'q>)> {
        let mut narrow: Vec<(i64, Road<'q>)> = known
            .closed()
            .filter_map(|narrow| Some((narrow.size, self.conditions[narrow.condition].road(SortKey::Id)?)))
            .collect();
        narrow.sort_by_key(|(size, _)| *size);
        let [(few, one), (more, other), ..] = narrow[..] else { return None };
        let both = few.saturating_mul(more) / known.total.max(1);
        let cost = (few + more).saturating_mul(cost::KEPT) + both.saturating_mul(cost::LOOK_UP);
        // The longer one is gone along, the shorter one is kept.
        Some((cost, Way::Meet(other, one)))
    }

    fn step(&self, road: Road<'q>, known: &Sizes) -> i64 {
        step(road, self.conditions, texts::column_of(self.sort.key()), known)
    }
}

/// The shortest road to everything that fits.
async fn narrowest<'q>(
    session: &mut Session,
    question: &Question<'q>,
    conditions: &[Condition<'q>],
    known: &mut Sizes,
) -> Result<Road<'q>> {
    known.probe(session, question, conditions, EFFORT.probed_max).await?;
    let narrow = known.closed().filter_map(|narrow| {
        let road = conditions[narrow.condition].road(SortKey::LastActivity)?;
        Some((narrow.size.saturating_mul(step(road, conditions, column::NONE, known)), road))
    });
    let whole = [Road::Leads, Road::of(SortKey::LastActivity)];
    let whole =
        whole.map(|road| (known.total.saturating_mul(step(road, conditions, column::NONE, known)), road));
    Ok(narrow.chain(whole).min_by_key(|(cost, _)| *cost).map_or(Road::Leads, |(_, road)| road))
}

/// What a look at one entry of a road costs, with these conditions to be answered and these columns to be read.
fn step<'q>(road: Road<'q>, conditions: &[Condition<'q>], read: u16, known: &Sizes) -> i64 {
    let open = || conditions.iter().filter(|condition| !condition.is_kept_by(road));
    let look_up = if road.order() == Some(SortKey::Id) { cost::NEXT_LOOK_UP } else { cost::LOOK_UP };
    let asked = open()
        .map(|condition| match condition {
            // Nearly all that have the bit have the tag, and are few.
            Condition::Tag(_) if texts::has_tag_bits(road) => cost::BIT,
            Condition::Tag(_) => cost::ASKED,
            Condition::Word(_) => cost::WORD,
            _ => 0,
        })
        .sum::<i64>();
    let entry = if road == Road::Leads { cost::ROW } else { cost::ENTRY };
    if is_deferred(conditions, road, read) {
        let (mut by_status, mut elsewhere) = (0, false);
        for condition in open().filter(|condition| texts::is_elsewhere(**condition, road)) {
            match condition {
                Condition::Status(_) => by_status = cost::ASKED,
                _ => elsewhere = true,
            }
        }
        let share = known.share(conditions, |condition| {
            !condition.is_kept_by(road)
                && (!texts::is_elsewhere(condition, road) || matches!(condition, Condition::Status(_)))
        });
        let looked_up = if elsewhere { (look_up as f64 * share).ceil() as i64 } else { 0 };
        return entry + asked + by_status + looked_up;
    }
    let needs = open().fold(read, |needs, condition| needs | condition.needs());
    let is_looked_up = needs & !road.columns() != 0 || matches!(road, Road::Tag(_) | Road::Word(_));
    entry + asked + if is_looked_up { look_up } else { 0 }
}

#[boxed]
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
