//! The Leads page's address: which filter, in what order, from where on. Every state of the list has one, so that it can
//! be bookmarked, sent and gone back to.

use crate::links;
use domain::{
    ids::{BranchId, ImportId, LeadId, SourceId, StatusId, TagId, UserId},
    lead_list::{Cursor, Doubtful, Filter, Owner, Search, Shelf, Sort, Span},
    phone::Country,
    time::{MinuteOfDay, Moment, Zone},
};
use serde::Deserialize;

/// The longest value in an address.
const VALUE_CHARS_MAX: usize = 300;

/// What the address carries, as text; what is empty or cannot be read is as if it were not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Address {
    /// A status.
    pub status: String,
    /// A user, or `nobody`.
    pub owner: String,
    /// A tag.
    pub tag: String,
    /// A source.
    pub source: String,
    /// A branch.
    pub branch: String,
    /// An import.
    pub import: String,
    /// When it was captured: the word of a [`Period`].
    pub created: String,
    /// When something last happened: the word of a [`Period`].
    pub active: String,
    /// `on`: only doubtful numbers and e-mails.
    pub doubtful: String,
    /// What is searched for.
    pub q: String,
    /// In what order.
    pub sort: String,
    /// Where the page before this one ended.
    pub after: String,
    /// The list that a lead was opened from, where it is not the list of leads: the word of a [`Beside`].
    pub from: String,
}

/// A list that a lead can be opened beside, other than the list of leads: whoever works through it goes on with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// An agent's dashboard.
    Dashboard,
    /// An agent's tasks.
    Tasks,
}

impl Beside {
    const ALL: [(Beside, &'static str, &'static str); 2] =
        [(Beside::Dashboard, "dashboard", links::dashboard()), (Beside::Tasks, "tasks", links::tasks())];

    /// The address of a lead's panel beside this list.
    pub fn href_of(self, lead: LeadId) -> String {
        let word = Beside::ALL.iter().find(|(beside, ..)| *beside == self).map_or("", |(_, word, _)| word);
        Address { from: word.to_owned(), ..Address::default() }.href_of(lead)
    }
}

/// A time that a list is narrowed to, by the company's days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Today.
    Today,
    /// Yesterday.
    Yesterday,
    /// Today and the six days before.
    SevenDays,
    /// Today and the 29 days before.
    ThirtyDays,
    /// Before these 30 days.
    Earlier,
}

impl Period {
    /// All of them, with their words in addresses and on the page.
    pub const ALL: [(Period, &'static str, &'static str); 5] = [
        (Period::Today, "today", "Today"),
        (Period::Yesterday, "yesterday", "Yesterday"),
        (Period::SevenDays, "7-days", "Last 7 days"),
        (Period::ThirtyDays, "30-days", "Last 30 days"),
        (Period::Earlier, "earlier", "More than 30 days ago"),
    ];

    fn from_word(word: &str) -> Option<Period> {
        Period::ALL.iter().find(|(_, known, _)| *known == word).map(|(period, ..)| *period)
    }

    /// The moments of it.
    pub fn span(self, now: Moment, zone: &Zone) -> Span {
        let midnight = |days| zone.time_back(now, days, MinuteOfDay::MIDNIGHT);
        let (from, until) = match self {
            Period::Today => (Some(midnight(0)), None),
            Period::Yesterday => (Some(midnight(1)), Some(midnight(0))),
            Period::SevenDays => (Some(midnight(6)), None),
            Period::ThirtyDays => (Some(midnight(29)), None),
            Period::Earlier => (None, Some(midnight(29))),
        };
        Span { from, until }
    }
}

impl Address {
    /// The filter that it names.
    pub fn filter(&self, shelf: Shelf, now: Moment, zone: &Zone, country: &str) -> Filter {
        let span =
            |word: &str| Period::from_word(word).map_or(Span::default(), |period| period.span(now, zone));
        let search = Country::from_code(country).ok().and_then(|country| Search::read(&self.q, country));
        Filter {
            shelf,
            status: number(&self.status).map(StatusId),
            owner: match self.owner.as_str() {
                "nobody" => Some(Owner::Nobody),
                other => number(other).map(UserId).map(Owner::User),
            },
            tag: number(&self.tag).map(TagId),
            source: number(&self.source).map(SourceId),
            branch: number(&self.branch).map(BranchId),
            import: number(&self.import).map(ImportId),
            created: span(&self.created),
            last_activity: span(&self.active),
            doubtful: (self.doubtful == "on").then_some(Doubtful::Either),
            search,
        }
    }

    /// The order that it names.
    pub fn sort(&self) -> Sort {
        Sort::from_word(&self.sort).unwrap_or_default()
    }

    /// Where the page before ended; an old bookmark whose place makes no sense in this order begins at the first page.
    pub fn cursor(&self) -> Option<Cursor> {
        self.after.parse().ok().filter(|cursor: &Cursor| cursor.sort == self.sort())
    }

    /// The same list with one thing changed, from its first page on.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut Address)) -> Address {
        let mut changed = Address { after: String::new(), from: String::new(), ..self.clone() };
        change(&mut changed);
        changed
    }

    /// The fields that say something, with their names, in a fixed order.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("status", &self.status),
            ("owner", &self.owner),
            ("tag", &self.tag),
            ("source", &self.source),
            ("branch", &self.branch),
            ("import", &self.import),
            ("created", &self.created),
            ("active", &self.active),
            ("doubtful", &self.doubtful),
            ("q", &self.q),
            ("sort", &self.sort),
            ("after", &self.after),
            ("from", &self.from),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, value.as_str()))
    }

    /// As the query of an address, without its question mark.
    pub fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.fields()).finish()
    }

    /// From such a query.
    pub fn from_query(query: &str) -> Address {
        let mut address = Address::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let field = match &*name {
                "status" => &mut address.status,
                "owner" => &mut address.owner,
                "tag" => &mut address.tag,
                "source" => &mut address.source,
                "branch" => &mut address.branch,
                "import" => &mut address.import,
                "created" => &mut address.created,
                "active" => &mut address.active,
                "doubtful" => &mut address.doubtful,
                "q" => &mut address.q,
                "sort" => &mut address.sort,
                "after" => &mut address.after,
                "from" if Beside::ALL.iter().any(|(_, word, _)| *word == value) => &mut address.from,
                _ => continue,
            };
            // What is longer is no part of an address that a page has made.
            *field = value.chars().take(VALUE_CHARS_MAX).collect();
        }
        address
    }

    /// The list that the lead was opened from, where it is not the list of leads.
    pub fn beside(&self) -> Option<Beside> {
        Beside::ALL.iter().find(|(_, word, _)| *word == self.from).map(|(beside, ..)| *beside)
    }

    /// The list that closing a lead's panel goes back to.
    pub fn back(&self, shelf: Shelf) -> String {
        let beside = self.beside();
        let found = Beside::ALL.iter().find(|(known, ..)| Some(*known) == beside);
        found.map_or_else(|| self.href(shelf), |(.., page)| (*page).to_owned())
    }

    /// The address of the list.
    pub fn href(&self, shelf: Shelf) -> String {
        let page = if shelf == Shelf::Customers { links::customers() } else { links::leads() };
        with_query(page.to_owned(), &self.query())
    }

    /// The address of a lead's panel beside this list.
    pub fn href_of(&self, lead: LeadId) -> String {
        with_query(links::lead(lead), &self.query())
    }
}

/// The address with this query behind it, if there is one.
pub fn with_query(path: String, query: &str) -> String {
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

fn number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_what_it_was_made_of() {
        let address = Address {
            status: "4".into(),
            owner: "nobody".into(),
            q: "asha & söhne".into(),
            created: "7-days".into(),
            after: "newest.12.".into(),
            ..Address::default()
        };
        assert_eq!(
            address.href(Shelf::Leads),
            "/leads?status=4&owner=nobody&created=7-days&q=asha+%26+s%C3%B6hne&after=newest.12."
        );
        assert_eq!(Address::from_query(&address.query()), address);
        assert_eq!(
            address.with(|to| to.status.clear()).href(Shelf::Leads),
            "/leads?owner=nobody&created=7-days&q=asha+%26+s%C3%B6hne"
        );
        assert_eq!(Address::default().href(Shelf::Leads), "/leads");
    }

    #[test]
    fn a_lead_goes_back_to_the_list_it_was_opened_from() {
        for (address, back) in [
            (Beside::Tasks.href_of(LeadId(7)), "/tasks"),
            (Beside::Dashboard.href_of(LeadId(7)), "/dashboard"),
            ("/leads/7?from=elsewhere".to_owned(), "/leads"),
            ("/leads/7?q=ann".to_owned(), "/leads?q=ann"),
        ] {
            let query = address.split_once('?').expect("a query").1;
            assert_eq!(Address::from_query(query).back(Shelf::Leads), back, "{address}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_as_if_it_were_not_there() {
        let zone: Zone = "Asia/Kolkata".parse().unwrap();
        let address =
            Address::from_query("status=four&owner=-3&tag=&created=soon&sort=size&after=%00&x=1&q=%20");
        assert_eq!(
            address.filter(Shelf::Leads, Moment(0), &zone, "IN"),
            Filter { shelf: Shelf::Leads, ..Filter::default() }
        );
        assert_eq!((address.sort(), address.cursor()), (Sort::Newest, None));
        let other_order = Address::from_query("sort=name&after=newest.12.");
        assert_eq!(other_order.cursor(), None);
    }

    #[test]
    fn periods_are_the_companys_days() {
        let zone: Zone = "Asia/Kolkata".parse().unwrap();
        let noon = Moment(1_778_481_000_000); // 2026-05-11 12:00 in Kolkata
        let day = 24 * 3_600_000;
        let midnight = noon.0 - day / 2;
        for (period, from, until) in [
            (Period::Today, Some(0), None),
            (Period::Yesterday, Some(1), Some(0)),
            (Period::SevenDays, Some(6), None),
            (Period::Earlier, None, Some(29)),
        ] {
            let at = |days: Option<i64>| days.map(|days| Moment(midnight - days * day));
            assert_eq!(period.span(noon, &zone), Span { from: at(from), until: at(until) }, "{period:?}");
        }
    }
}
