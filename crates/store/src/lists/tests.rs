//! Lists against a plain list in memory: the same leads, in the same order, whatever way they are found.

use super::{
    Chips, Matching, Question, chips, count, each, lines, matching, page,
    roads::Road,
    shapes::filters,
    texts,
    ways::{self, Effort, Way},
};
use crate::{
    Result, Session, companies,
    ids::Kind,
    imports,
    labels::{self, Label},
    leads::{self, Capture, NewLead},
    params, roles,
    sql::Sql,
    statuses, terms,
    testing::{TestDatabase, on_both_engines},
    users,
};
use domain::{
    ids::{BranchId, CompanyId, DepartmentId, ImportId, LeadId, SourceId, StatusId, TagId, UserId},
    lead_list::{Cursor, Doubtful, Filter, Owner, Search, Shelf, Sort, SortKey, Span, name_key},
    phone::Country,
    role,
    status::{StatusKind, Statuses},
    time::Moment,
    viewer::{LeadPlace, Sight},
};
use std::collections::BTreeMap;

const LEADS: usize = 240;
const FIRST: [&str; 8] = ["Asha", "asha", "Ravi", "Zoë", "Anne-Marie", "", "O'Neil", "Ángel"];
const LAST: [&str; 6] = ["Sharma", "", "da Silva", "Rao", "SHARMA", "Asha"];

/// A lead as the test remembers it.
#[derive(Debug, Clone)]
struct Known {
    new: NewLead,
    import: Option<ImportId>,
    place: LeadPlace,
    created_at: Moment,
    last_activity_at: Moment,
}

/// A company and what is known of it.
struct World {
    company: CompanyId,
    statuses: Statuses,
    leads: Vec<Known>,
    branches: Vec<BranchId>,
    departments: Vec<DepartmentId>,
    sources: Vec<SourceId>,
    tags: Vec<TagId>,
    users: Vec<UserId>,
    imports: Vec<ImportId>,
}

/// Numbers that look like chance and are the same every time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn perhaps<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        (self.below(3) > 0).then(|| self.one_of(all))
    }
}

impl World {
    async fn make(database: &TestDatabase, seed: u64) -> World {
        let made: Result<World> = database.store.write(move |session| Box::pin(fill(session, seed))).await;
        made.expect("the company is made")
    }

    /// What the list must be.
    fn expect(&self, filter: &Filter, sort: Sort, sight: Sight) -> Vec<LeadId> {
        let mut found: Vec<&Known> =
            self.leads.iter().filter(|lead| self.fits(lead, filter, sight)).collect();
        found.sort_by(|a, b| {
            let key = |lead: &Known| name_key(&lead.new.first_name, &lead.new.last_name);
            let order = match sort.key() {
                SortKey::Id => std::cmp::Ordering::Equal,
                SortKey::LastActivity => a.last_activity_at.cmp(&b.last_activity_at),
                SortKey::Name => key(a).cmp(&key(b)),
            };
            order.then(a.new.id.cmp(&b.new.id))
        });
        if sort.descends() {
            found.reverse();
        }
        found.into_iter().map(|lead| lead.new.id).collect()
    }

    fn fits(&self, lead: &Known, filter: &Filter, sight: Sight) -> bool {
        let new = &lead.new;
        let won = self.statuses.get(new.status).expect("a status").kind == StatusKind::Won;
        let owner = |owner| match owner {
            Owner::Nobody => lead.place.owner.is_none(),
            Owner::User(user) => lead.place.owner == Some(user),
        };
        sight.sees(&lead.place)
            && match filter.shelf {
                Shelf::All => true,
                Shelf::Leads => !won,
                Shelf::Customers => won,
            }
            && filter.status.is_none_or(|status| new.status == status)
            && filter.owner.is_none_or(owner)
            && filter.tag.is_none_or(|tag| new.tags.contains(&tag.0))
            && filter.source.is_none_or(|source| new.source == Some(source))
            && filter.branch.is_none_or(|branch| new.branch == Some(branch))
            && filter.import.is_none_or(|import| lead.import == Some(import))
            && filter.created.contains(lead.created_at)
            && filter.last_activity.contains(lead.last_activity_at)
            && match filter.doubtful {
                None => true,
                Some(Doubtful::Phone) => new.phone_doubtful,
                Some(Doubtful::Email) => new.email_doubtful,
                Some(Doubtful::Either) => new.phone_doubtful || new.email_doubtful,
            }
            && filter.search.as_ref().is_none_or(|search| {
                search.finds(&new.first_name, &new.last_name, new.email.as_deref(), &new.phone)
            })
    }

    /// The shapes' filters with identifiers of this company, and pairs of them drawn by chance.
    fn filters(&self, draw: &mut Draw) -> Vec<Filter> {
        let span = |draw: &mut Draw| {
            let from = 1_000 + draw.below(400) as i64;
            Span { from: Some(Moment(from)), until: Some(Moment(from + draw.below(300) as i64)) }
        };
        let mut all: Vec<Filter> = filters();
        let statuses: Vec<StatusId> = self.statuses.iter().map(|status| status.id).collect();
        for filter in &mut all {
            filter.status = filter.status.map(|_| draw.one_of(&statuses));
            filter.owner = filter.owner.map(|owner| match owner {
                Owner::Nobody => Owner::Nobody,
                Owner::User(_) => Owner::User(draw.one_of(&self.users)),
            });
            filter.tag = filter.tag.map(|_| draw.one_of(&self.tags));
            filter.source = filter.source.map(|_| draw.one_of(&self.sources));
            filter.branch = filter.branch.map(|_| draw.one_of(&self.branches));
            filter.import = filter.import.map(|_| draw.one_of(&self.imports));
            if !filter.created.is_open() {
                filter.created = span(draw);
            }
            if !filter.last_activity.is_open() {
                filter.last_activity = span(draw);
            }
        }
        let singles = all.clone();
        for _ in 0..40 {
            let (one, other) =
                (&singles[draw.below(singles.len() - 1)], &singles[draw.below(singles.len() - 1)]);
            all.push(Filter {
                shelf: if one.shelf == Shelf::All { other.shelf } else { one.shelf },
                status: one.status.or(other.status),
                owner: one.owner.or(other.owner),
                tag: one.tag.or(other.tag),
                source: one.source.or(other.source),
                branch: one.branch.or(other.branch),
                import: one.import.or(other.import),
                created: if one.created.is_open() { other.created } else { one.created },
                last_activity: if one.last_activity.is_open() {
                    other.last_activity
                } else {
                    one.last_activity
                },
                doubtful: one.doubtful.or(other.doubtful),
                search: one.search.clone().or_else(|| other.search.clone()),
            });
        }
        all
    }

    fn sights(&self) -> [Sight; 5] {
        let (branch, department) = (Some(self.branches[0]), Some(self.departments[0]));
        [
            Sight::All,
            Sight::OwnedBy(self.users[0]),
            Sight::Labels { branch, department: None },
            Sight::Labels { branch: None, department },
            Sight::Labels { branch, department },
        ]
    }
}

async fn fill(session: &mut Session, seed: u64) -> Result<World> {
    let mut draw = Draw(seed);
    let company = companies::insert(session, &format!("World {seed}"), "IN", "UTC", Moment(1)).await?;
    statuses::insert_defaults(session, company).await?;
    let statuses = statuses::list(session, company).await?;
    let role = roles::insert(session, company, &role::DEFAULTS[2]).await?;
    let mut label = BTreeMap::new();
    for (kind, name) in [
        (Label::Branch, "branch"),
        (Label::Department, "dept"),
        (Label::Source, "source"),
        (Label::Tag, "tag"),
    ] {
        for number in 0..4 {
            let id = labels::find_or_add(session, company, kind, &format!("{name} {number}")).await?;
            label.entry(name).or_insert_with(Vec::new).push(id);
        }
    }
    // The first tag and the last share a bit.
    let tags = label.get_mut("tag").expect("there are tags");
    while tags[0] % 63 != tags[3] % 63 {
        let name = format!("tag 4 before {}", tags[3]);
        tags[3] = labels::find_or_add(session, company, Label::Tag, &name).await?;
    }
    let branches: Vec<BranchId> = label["branch"].iter().copied().map(BranchId).collect();
    let departments: Vec<DepartmentId> = label["dept"].iter().copied().map(DepartmentId).collect();
    let sources: Vec<SourceId> = label["source"].iter().copied().map(SourceId).collect();
    let (mut users, mut homes) = (Vec::new(), BTreeMap::new());
    for number in 0..5 {
        let home = (draw.perhaps(&branches[..2]), draw.perhaps(&departments[..2]));
        let user = users::NewUser {
            name: &format!("Agent {number}"),
            email: &format!("agent{number}.{seed}@example.com"),
            role,
            branch: home.0,
            department: home.1,
            cap: None,
            password_hash: None,
        };
        let user = users::insert(session, company, &user, Moment(1)).await?;
        homes.insert(user, home);
        users.push(user);
    }
    let mut world = World {
        company,
        statuses,
        leads: Vec::new(),
        branches,
        departments,
        sources,
        tags: label["tag"].iter().copied().map(TagId).collect(),
        users,
        imports: Vec::new(),
    };
    for batch in 0..4_i64 {
        let at = Moment(1_000 + 150 * batch);
        let import = match batch {
            0 => None,
            _ => Some(imports::start(session, company, "a.csv", None, at).await?),
        };
        world.imports.extend(import);
        let ids = session.new_ids(Kind::Lead, LEADS / 4).await?;
        let new: Vec<NewLead> = ids.into_iter().map(|id| new_lead(id, &world, &mut draw)).collect();
        let capture = Capture { at, actor: None, import, kind: "imported" };
        for (status, added) in leads::insert_new(session, company, &new, capture).await? {
            statuses::add_to_counts(session, company, batch, &[(status, added)]).await?;
        }
        for new in new {
            let owner = draw.perhaps(&world.users);
            let last_activity_at = Moment(at.0 + draw.below(40) as i64 * 10);
            let update = Sql::built(
                "UPDATE leads SET owner_id = $3, last_activity_at_ms = $4 WHERE company_id = $1 AND id = $2"
                    .into(),
            );
            session.execute(&update, params![company, new.id, owner, last_activity_at]).await?;
            let home = owner.map_or((None, None), |owner| homes[&owner]);
            let place = LeadPlace {
                owner,
                branch: new.branch,
                department: new.department,
                owner_branch: home.0,
                owner_department: home.1,
            };
            world.leads.push(Known { import, place, created_at: at, last_activity_at, new });
        }
    }
    Ok(world)
}

fn new_lead(id: i64, world: &World, draw: &mut Draw) -> NewLead {
    let statuses: Vec<StatusId> = world.statuses.iter().map(|status| status.id).collect();
    let (first_name, last_name) = (draw.one_of(&FIRST), draw.one_of(&LAST));
    let national = 9_876_000_000 + id * 7_919 % 999_983;
    let phone = if draw.below(4) == 0 { format!("+1{national}") } else { format!("+91{national}") };
    let email = match draw.below(4) {
        0 => None,
        1 => Some(format!("Asha.{id}@Example.com")),
        2 => Some(format!("{national}@example.com")),
        _ => Some("ÄSHA".into()),
    };
    let mut tags: Vec<i64> = (0..draw.below(3)).map(|_| draw.one_of(&world.tags).0).collect();
    tags.sort_unstable();
    tags.dedup();
    NewLead {
        id: LeadId(id),
        status: draw.one_of(&statuses),
        branch: draw.perhaps(&world.branches),
        department: draw.perhaps(&world.departments),
        source: draw.perhaps(&world.sources),
        phone_typed: phone.clone(),
        phone,
        phone_doubtful: draw.below(6) == 0,
        first_name: first_name.into(),
        last_name: last_name.into(),
        email_doubtful: email.as_deref() == Some("ÄSHA"),
        email,
        country: Some("IN".into()),
        details: None,
        tags,
    }
}

/// Every filter, sort and sight, a few rows at a time: the pages put together are the list.
#[test]
fn pages_put_together_are_the_whole_list() {
    on_both_engines(|database| async move {
        let worlds = [World::make(&database, 1).await, World::make(&database, 2).await];
        let mut reader = database.store.read().await.expect("a reader");
        let (mut lists, mut not_empty) = (0, 0);
        for world in &worlds {
            let mut draw = Draw(7);
            for filter in world.filters(&mut draw) {
                let sight = draw.one_of(&world.sights());
                for sort in Sort::ALL {
                    let expect = world.expect(&filter, sort, sight);
                    let (mut found, mut behind) = (Vec::new(), None);
                    let rows = 1 + draw.below(expect.len() / 2 + 1) as i64;
                    loop {
                        let (session, company) = (reader.session(), world.company);
                        let behind_text = behind.as_ref().map(Cursor::to_string);
                        let next: Option<Cursor> = behind_text.map(|text| text.parse().expect("a cursor"));
                        let page = page(session, company, &filter, sort, sight, next.as_ref(), rows).await;
                        let page = page.expect("a page");
                        assert!(page.next.is_none() || page.lines.len() as i64 == rows);
                        found.extend(page.lines.iter().map(|line| line.id));
                        behind = page.next;
                        if behind.is_none() {
                            break;
                        }
                    }
                    assert_eq!(found, expect, "{sort:?} {sight:?} {filter:?}");
                    lists += 1;
                    not_empty += usize::from(!expect.is_empty());
                }
            }
        }
        assert!(not_empty > lists / 2, "{not_empty} of {lists} lists have leads");
    });
}

/// Whatever way is taken, and also where a walk is given up after a few steps.
#[test]
fn every_way_leads_to_the_same_list() {
    on_both_engines(|database| async move {
        let world = World::make(&database, 3).await;
        let mut reader = database.store.read().await.expect("a reader");
        let session = reader.session();
        let mut draw = Draw(9);
        let hasty =
            Effort { probed: 3, probed_max: 50, thrift: 1, patience: 1, walked_min: 2, tried_max: 60 };
        let mut ways_taken = 0;
        for filter in world.filters(&mut draw) {
            let sight = draw.one_of(&world.sights());
            let question = Question { company: world.company, filter: &filter, sight };
            let conditions = question.conditions();
            for sort in Sort::ALL {
                let expect = world.expect(&filter, sort, sight);
                let key = sort.key();
                let narrow = conditions.iter().filter_map(|condition| condition.road(key));
                let mut ways = Vec::new();
                for road in narrow.chain([Road::of(key)]) {
                    ways.push(Way::Gather(road));
                    if road.order() == Some(key) {
                        ways.push(Way::Walk(road, i64::MAX));
                        if conditions.iter().all(|condition| condition.is_kept_by(road)) {
                            ways.push(Way::Straight(road));
                        }
                    }
                }
                let narrow = conditions.iter().filter_map(|condition| condition.road(SortKey::Id));
                let narrow: Vec<_> = narrow.collect();
                if key == SortKey::Id {
                    ways.extend(narrow.iter().map(|road| Way::Sift(*road)));
                }
                let pairs = narrow.iter().flat_map(|one| narrow.iter().map(move |other| (one, other)));
                ways.extend(pairs.filter(|(a, b)| a != b).map(|(a, b)| Way::Meet(*a, *b)).take(20));
                for way in ways {
                    let text = texts::page(&question, &conditions, way, sort, None, 1_000);
                    let whole = ways::take(session, &text, sort).await.expect("a list");
                    let found: Vec<LeadId> = whole.iter().map(|cursor| cursor.lead).collect();
                    assert_eq!(found, expect, "{way:?} {sort:?} {sight:?} {filter:?}");
                    if let Some(middle) = whole.get(whole.len() / 2) {
                        let text = texts::page(&question, &conditions, way, sort, Some(middle), 1_000);
                        let rest = ways::take(session, &text, sort).await.expect("a list");
                        assert_eq!(
                            rest,
                            whole[whole.len() / 2 + 1..],
                            "{way:?} {sort:?} {sight:?} {filter:?}"
                        );
                    }
                    ways_taken += 1;
                }
                let found = ways::page(session, &question, sort, None, 20, hasty).await.expect("a page");
                let found: Vec<LeadId> = found.iter().map(|cursor| cursor.lead).collect();
                assert_eq!(found, expect[..expect.len().min(20)], "{sort:?} {sight:?} {filter:?}");
            }
        }
        assert!(ways_taken > 1_000, "only {ways_taken} ways were taken");
    });
}

#[test]
fn r22_r24_counts_chips_and_all_that_match() {
    on_both_engines(|database| async move {
        let world = World::make(&database, 4).await;
        let mut reader = database.store.read().await.expect("a reader");
        let session = reader.session();
        let company = world.company;
        let mut draw = Draw(11);
        for filter in world.filters(&mut draw) {
            for sight in world.sights() {
                let expect = world.expect(&filter, Sort::Oldest, sight);
                let all = expect.len() as i64;
                for at_most in [1, all.max(2) - 1, all + 1] {
                    let counted = count(session, company, &filter, sight, at_most).await.expect("a count");
                    assert_eq!(counted, all.min(at_most), "{at_most} {sight:?} {filter:?}");
                }
                let any_status = filter.without_status();
                let on_shelf = world.statuses.iter().filter(|status| match filter.shelf {
                    Shelf::All => true,
                    Shelf::Leads => status.kind != StatusKind::Won,
                    Shelf::Customers => status.kind == StatusKind::Won,
                });
                let expected_chips: Vec<(StatusId, i64)> = on_shelf
                    .map(|status| {
                        let filter = Filter { status: Some(status.id), ..any_status.clone() };
                        (status.id, world.expect(&filter, Sort::Newest, sight).len() as i64)
                    })
                    .collect();
                let found = chips(session, company, &world.statuses, &filter, sight).await.expect("chips");
                // Who looks at a few only finds no more than there are, and takes them for all only where they are.
                let question = Question { company, filter: &any_status, sight };
                let is_of_a_branch = any_status.is_plain()
                    && matches!(sight, Sight::Labels { branch: Some(_), department: None });
                for (leads_max, entries_max, all_max) in [(3, 5, LEADS as i64 - 1), (8, 8, LEADS as i64)] {
                    let looked =
                        ways::count_per_status(session, &question, leads_max, entries_max, all_max).await;
                    let (few, whole) = looked.expect("chips of a few");
                    assert!(
                        !is_of_a_branch || whole == (all_max == LEADS as i64),
                        "{all_max} {sight:?} {filter:?}"
                    );
                    for (status, all) in &expected_chips {
                        let found = few.get(status).copied().unwrap_or(0);
                        assert!(found <= *all, "{found} of {all} {sight:?} {filter:?}");
                        assert!(!whole || found == *all, "{found} of {all} {sight:?} {filter:?}");
                    }
                }
                assert_eq!(found, Chips { counts: expected_chips, whole: true }, "{sight:?} {filter:?}");
                // Half of the company was touched after the actor looked.
                let as_of = Moment(1_300);
                let changed = |lead: &&LeadId| {
                    world.leads.iter().any(|known| known.new.id == **lead && known.last_activity_at > as_of)
                };
                let (since, before): (Vec<LeadId>, Vec<LeadId>) = expect.iter().partition(changed);
                let expected = Matching {
                    leads: before.into_iter().map(|lead| (lead, 1)).collect(),
                    changed_since: since.len() as u64,
                };
                let found = matching(session, company, &filter, sight, as_of).await.expect("all that match");
                assert_eq!(found, expected, "{sight:?} {filter:?}");
            }
        }
    });
}

#[test]
fn a_line_says_what_is_known_of_the_lead() {
    on_both_engines(|database| async move {
        let world = World::make(&database, 5).await;
        let mut reader = database.store.read().await.expect("a reader");
        let mut listed = Vec::new();
        each(reader.session(), world.company, &Filter::default(), Sight::All, |line| {
            listed.push(line);
            Ok(())
        })
        .await
        .expect("read");
        assert_eq!(listed.len(), LEADS);
        for (line, known) in listed.iter().rev().zip(&world.leads) {
            let new = &known.new;
            assert_eq!((line.id, line.status_id, line.owner_id), (new.id, new.status, known.place.owner));
            assert_eq!((&line.first_name, &line.last_name), (&new.first_name, &new.last_name));
            assert_eq!((&line.phone, &line.email), (&new.phone, &new.email));
            assert_eq!((line.phone_doubtful, line.email_doubtful), (new.phone_doubtful, new.email_doubtful));
            assert_eq!(line.status, world.statuses.get(new.status).expect("a status").name);
            assert_eq!((line.created_at, line.last_activity_at), (known.created_at, known.last_activity_at));
            assert_eq!(line.tags.iter().map(|(tag, _)| tag.0).collect::<Vec<_>>(), new.tags);
        }
        let gone = [listed[0].id, LeadId(i64::MAX)];
        let found = lines(reader.session(), world.company, &gone).await.expect("lines");
        assert_eq!(found, listed[..1], "what is gone is left out");
    });
}

#[test]
fn a_renewed_lead_is_found_and_sorted_by_its_new_name() {
    on_both_engines(|database| async move {
        let world = World::make(&database, 6).await;
        let company = world.company;
        let lead = world.leads[0].new.clone();
        let before = terms::Person {
            first_name: lead.first_name.clone(),
            last_name: lead.last_name.clone(),
            email: lead.email.clone(),
            phone: lead.phone.clone(),
        };
        let after = terms::Person {
            first_name: "Quentin".into(),
            email: Some("q@example.com".into()),
            phone: "+912223334445".into(),
            ..before.clone()
        };
        let renewed: Result<()> = database
            .store
            .write(move |session| {
                Box::pin(async move {
                    let update = Sql::built(
                        "UPDATE leads SET first_name = $3, email = $4, phone = $5 WHERE company_id = $1 AND id = $2"
                            .into(),
                    );
                    let values = params![company, lead.id, &after.first_name, &after.email, &after.phone];
                    session.execute(&update, values).await?;
                    let off = terms::compare(session, company).await?;
                    assert!(!off.same && off.name_keys_off == 1, "{off:?}");
                    terms::renew(session, company, lead.id, &before, &after).await
                })
            })
            .await;
        renewed.expect("renewed");
        let mut reader = database.store.read().await.expect("a reader");
        let country = Country::from_code("IN").expect("a country");
        for text in ["quent", "q@ex", "4445", "22233"] {
            let filter = Filter { search: Search::read(text, country), ..Filter::default() };
            let found = page(reader.session(), company, &filter, Sort::Name, Sight::All, None, 10).await;
            let found: Vec<LeadId> = found.expect("a page").lines.iter().map(|line| line.id).collect();
            assert_eq!(found, [lead.id], "{text}");
        }
        let compared = terms::compare(reader.session(), company).await.expect("compared");
        assert!(compared.same && compared.name_keys_off == 0, "{compared:?}");
    });
}

#[test]
fn the_second_migration_finds_the_tags_that_leads_have() {
    on_both_engines(|database| async move {
        let world = World::make(&database, 5).await;
        let known = bits(&database, world.company).await;
        let expected: Vec<(LeadId, i64)> =
            world.leads.iter().map(|lead| (lead.new.id, crate::tags::bits(&lead.new.tags))).collect();
        assert_eq!(known, expected);
        assert!(known.iter().any(|(_, bits)| bits.count_ones() == 2));
        let again: Result<()> = database
            .store
            .write_long(|session| {
                Box::pin(async move {
                    let before = "DROP INDEX leads_activity; DROP INDEX leads_name;
                        ALTER TABLE leads DROP COLUMN tag_bits;
                        CREATE INDEX leads_activity ON leads (company_id); CREATE INDEX leads_name ON leads (company_id)";
                    session.batch(before).await?;
                    session.batch(crate::migrate::TAG_BITS).await
                })
            })
            .await;
        again.expect("migrated");
        assert_eq!(bits(&database, world.company).await, expected);
    });
}

async fn bits(database: &TestDatabase, company: CompanyId) -> Vec<(LeadId, i64)> {
    let text =
        crate::query::Query::new(company, "SELECT id, tag_bits FROM leads WHERE company_id = $1 ORDER BY id");
    let mut reader = database.store.read().await.expect("a reader");
    let read = |row: &crate::value::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    reader.session().rows(&text.sql(), text.values(), read).await.expect("read")
}
