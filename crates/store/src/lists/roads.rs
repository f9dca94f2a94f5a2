//! The roads of a list, and the conditions that narrow it.
//!
//! A *road* is an index to go along. It has an order, columns that need no look at the leads themselves, and conditions
//! that everything on it fulfils.

use super::{Filter, Question, words};
use crate::{query::Query, tags, value::Value};
use domain::{
    ids::{BranchId, DepartmentId, ImportId, SourceId, StatusId, TagId},
    lead_list::{Doubtful, Owner, Search, Shelf, SortKey, Span, Word},
    viewer::Sight,
};

/// Columns of a lead, as bits: what a condition needs and what an index has.
pub(super) mod column {
    pub(in crate::lists) const NONE: u16 = 0;
    pub(in crate::lists) const STATUS: u16 = 1;
    pub(in crate::lists) const OWNER: u16 = 2;
    pub(in crate::lists) const SOURCE: u16 = 4;
    pub(in crate::lists) const BRANCH: u16 = 8;
    pub(in crate::lists) const ACTIVITY: u16 = 16;
    pub(in crate::lists) const NAME: u16 = 32;
    pub(in crate::lists) const CREATED: u16 = 64;
    pub(in crate::lists) const DOUBTFUL: u16 = 128;
    pub(in crate::lists) const REST: u16 = 256;
    /// Which tags a lead may have: asked before the tags themselves, where it is at hand.
    pub(in crate::lists) const TAG_BITS: u16 = 512;
    pub(in crate::lists) const ALL: u16 = 1023;
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
    /// Behind the identifiers that a word has found.
    pub(super) const FOUND_BY_WORD: &'static str = ") t CROSS JOIN leads l /*sqlite INDEXED BY sqlite_autoindex_leads_1*/ WHERE l.company_id = $1 AND l.id = t.id";

    /// The road of a sort: everything lies on it, in its order.
    pub(super) fn of(key: SortKey) -> Road<'q> {
        match key {
            SortKey::Id => Road::Leads,
            SortKey::LastActivity => Road::Activity(Span::default()),
            SortKey::Name => Road::Name,
        }
    }

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
    pub(super) fn columns(self) -> u16 {
        use column::{ACTIVITY, ALL, BRANCH, CREATED, DOUBTFUL, NAME, NONE, OWNER, SOURCE, STATUS, TAG_BITS};
        match self {
            Road::Leads => ALL,
            Road::Activity(_) => ACTIVITY | STATUS | OWNER | SOURCE | BRANCH | TAG_BITS,
            Road::Name => NAME | SOURCE | BRANCH | TAG_BITS,
            Road::Status(_) => STATUS,
            Road::StatusActivity(_) => STATUS | ACTIVITY | NAME,
            Road::Owner(_) => OWNER | ACTIVITY | NAME | STATUS,
            Road::Source(_) => SOURCE | NAME,
            Road::Branch(_) => BRANCH | NAME,
            Road::Created(_) => CREATED,
            Road::Doubtful(_) => DOUBTFUL,
            Road::Import(_) | Road::Tag(_) | Road::Word(_) => NONE,
        }
    }

    /// Goes along it: FROM, and WHERE as far as it reaches. The lead is `l`.
    pub(super) fn go(self, text: &mut Query<'q>) {
        match self {
            Road::Tag(tag) => {
                return text.with(
                    " FROM lead_tags t /*sqlite INDEXED BY sqlite_autoindex_lead_tags_1*/ CROSS JOIN leads l /*sqlite INDEXED BY sqlite_autoindex_leads_1*/
                    WHERE t.company_id = $1 AND t.tag_id = ?1 AND l.company_id = $1 AND l.id = t.lead_id",
                    [tag.into()],
                );
            }
            Road::Word(word) => {
                text.add(" FROM (");
                words::ids(word, text);
                return text.add(Road::FOUND_BY_WORD);
            }
            _ => {}
        }
        text.add(&format!(" FROM leads l /*sqlite {}*/ WHERE l.company_id = $1", self.index()));
        match self {
            Road::Status(status) | Road::StatusActivity(status) => {
                Condition::Status(status).write("l", text);
            }
            Road::Owner(owner) => Condition::Owner(owner).write("l", text),
            Road::Source(source) => Condition::Source(source).write("l", text),
            Road::Branch(branch) => Condition::Branch(branch).write("l", text),
            Road::Import(import) => Condition::Import(import).write("l", text),
            Road::Created(span) => Condition::Created(span).write("l", text),
            Road::Activity(span) => Condition::LastActivity(span).write("l", text),
            Road::Doubtful(what) => Condition::Doubtful(what).write("l", text),
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
    pub(super) fn ids(self, text: &mut Query<'q>) {
        match self {
            Road::Word(word) => words::ids(word, text),
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
    pub(super) fn id(self) -> &'static str {
        if matches!(self, Road::Tag(_)) { "t.lead_id" } else { "l.id" }
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

    /// The columns that it asks for.
    pub(super) fn needs(self) -> u16 {
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

    /// Appends it, with its AND, about the lead of this name.
    pub(super) fn write(self, lead: &str, text: &mut Query<'q>) {
        match self {
            Condition::Won(won) => text.add(&format!(
                " AND {lead}.status_id {} (SELECT w.id FROM statuses w WHERE w.company_id = $1 AND w.kind = 'won')",
                if won { "IN" } else { "NOT IN" }
            )),
            Condition::Status(status) => text.with(&format!(" AND {lead}.status_id = ?1"), [status.into()]),
            Condition::Owner(Owner::Nobody) => text.add(&format!(" AND {lead}.owner_id IS NULL")),
            Condition::Owner(Owner::User(user)) => {
                text.with(&format!(" AND {lead}.owner_id = ?1"), [user.into()]);
            }
            // A value and not EXISTS: PostgreSQL would make a join of that, and read all leads with the tag first.
            Condition::Tag(tag) => text.with(
                &format!(
                    " AND (SELECT t.tag_id FROM lead_tags t
                    WHERE t.company_id = $1 AND t.tag_id = ?1 AND t.lead_id = {lead}.id) IS NOT NULL"
                ),
                [tag.into()],
            ),
            Condition::Source(source) => text.with(&format!(" AND {lead}.source_id = ?1"), [source.into()]),
            Condition::Branch(branch) => text.with(&format!(" AND {lead}.branch_id = ?1"), [branch.into()]),
            Condition::Import(import) => text.with(&format!(" AND {lead}.import_id = ?1"), [import.into()]),
            Condition::Created(span) => within(span, &format!("{lead}.created_at_ms"), text),
            Condition::LastActivity(span) => within(span, &format!("{lead}.last_activity_at_ms"), text),
            Condition::Doubtful(what) => {
                // In the words of the index, so that both engines see that it has them all.
                text.add(&format!(" AND ({lead}.phone_doubtful = 1 OR {lead}.email_doubtful = 1)"));
                match what {
                    Doubtful::Phone => text.add(&format!(" AND {lead}.phone_doubtful = 1")),
                    Doubtful::Email => text.add(&format!(" AND {lead}.email_doubtful = 1")),
                    Doubtful::Either => {}
                }
            }
            Condition::Word(word) => words::has(word, lead, text),
            // Worst for a small branch of a large company: a list of a sort that it does not own walks far.
            Condition::SeenInBranch(branch) => seen_in(lead, "branch_id", branch.into(), text),
            Condition::SeenInDepartment(department) => {
                seen_in(lead, "department_id", department.into(), text);
            }
        }
    }

    /// Appends, with its AND, what rules most leads without the tag out. For roads that have it at hand.
    pub(super) fn write_tag_bits(tag: TagId, text: &mut Query<'q>) {
        text.with(" AND (l.tag_bits & ?1) <> 0", [tags::bit(tag).into()]);
    }

    /// The same where the road has not got the status: asked of the narrow index of the status, which has its leads in
    /// the order of their identifiers, and so lies together far more closely than the leads do.
    pub(super) fn write_by_status(status: StatusId, text: &mut Query<'q>) {
        text.with(
            " AND (SELECT x.id FROM leads x /*sqlite INDEXED BY leads_status*/
                WHERE x.company_id = $1 AND x.status_id = ?1 AND x.id = l.id) IS NOT NULL",
            [status.into()],
        );
    }
}

/// Leads that carry the label, that somebody of it owns, or that have neither label nor owner.
fn seen_in<'q>(lead: &str, label: &str, value: Value<'q>, text: &mut Query<'q>) {
    text.with(
        &format!(
            " AND ({lead}.{label} = ?1
                OR {lead}.owner_id IN (SELECT m.id FROM users m WHERE m.company_id = $1 AND m.{label} = ?1)
                OR ({lead}.{label} IS NULL AND {lead}.owner_id IS NULL))"
        ),
        [value],
    );
}

fn within(span: Span, column: &str, text: &mut Query<'_>) {
    if let Some(from) = span.from {
        text.with(&format!(" AND {column} >= ?1"), [from.into()]);
    }
    if let Some(until) = span.until {
        text.with(&format!(" AND {column} < ?1"), [until.into()]);
    }
}

/// What the sight of a viewer adds to a WHERE (R13, R14).
pub(crate) fn see(text: &mut Query<'_>, sight: Sight) {
    for condition in seen(sight) {
        condition.write("l", text);
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
        // Whoever sees their own leads alone mostly asks for these as well.
        let mut once: Vec<Condition<'q>> = Vec::with_capacity(all.len());
        for condition in all {
            if !once.contains(&condition) {
                once.push(condition);
            }
        }
        once
    }
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
