//! Which leads a list shows, in what order, and where it goes on: values that a page's address carries.

mod cursor;
mod search;

pub use cursor::{Cursor, NotACursor, Place};
pub use search::{Number, Search, TERM_CHARS_MAX, WORD_STARTS, WORDS_MAX, Word, terms};

use crate::{
    ids::{BranchId, ImportId, SourceId, StatusId, TagId, UserId},
    text::fold,
    time::Moment,
};

/// Which leads a list is about. Every part narrows it; the default is every lead, customers too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Leads, customers, or both.
    pub shelf: Shelf,
    /// Only this status.
    pub status: Option<StatusId>,
    /// Only this owner.
    pub owner: Option<Owner>,
    /// Only with this tag.
    pub tag: Option<TagId>,
    /// Only from this source.
    pub source: Option<SourceId>,
    /// Only those that carry this branch.
    pub branch: Option<BranchId>,
    /// Only what this import brought.
    pub import: Option<ImportId>,
    /// Only captured then.
    pub created: Span,
    /// Only where something last happened then.
    pub last_activity: Span,
    /// Only with this mark.
    pub doubtful: Option<Doubtful>,
    /// Only what was searched for.
    pub search: Option<Search>,
}

impl Filter {
    /// The same without a status: what the chips count under.
    #[must_use]
    pub fn without_status(&self) -> Filter {
        Filter { status: None, ..self.clone() }
    }

    /// Whether nothing but shelf and status is asked for.
    pub fn is_plain(&self) -> bool {
        *self == Filter { shelf: self.shelf, status: self.status, ..Filter::default() }
    }
}

/// Two shelves for leads (R51), told apart by the kind of their status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Shelf {
    /// Everything: the command line, exports.
    #[default]
    All,
    /// Who is not won: the page *Leads*.
    Leads,
    /// Who is won: the page *Customers*.
    Customers,
}

/// Whose leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// Nobody's.
    Nobody,
    /// This user's.
    User(UserId),
}

/// A time from one moment on, up to another; open where it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// The first moment of it.
    pub from: Option<Moment>,
    /// The first moment behind it.
    pub until: Option<Moment>,
}

impl Span {
    /// Whether it says anything.
    pub fn is_open(self) -> bool {
        self == Span::default()
    }

    /// Whether the moment lies in it.
    pub fn contains(self, moment: Moment) -> bool {
        self.from.is_none_or(|from| from <= moment) && self.until.is_none_or(|until| moment < until)
    }
}

/// What is possible but not valid (R8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doubtful {
    /// The number.
    Phone,
    /// The e-mail.
    Email,
    /// One of them.
    Either,
}

/// In what order. Leads that are alike follow each other by their identifiers, in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Sort {
    /// Captured last, first.
    #[default]
    Newest,
    /// Captured first, first.
    Oldest,
    /// Where something happened last, first.
    LastActivity,
    /// Where nothing has happened for the longest time, first.
    Quietest,
    /// By name, from the beginning of the alphabet.
    Name,
    /// By name, from its end.
    NameFromEnd,
}

/// What a sort goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// The identifier, which grows.
    Id,
    /// The moment of the last activity.
    LastActivity,
    /// The name as [`name_key`] makes it.
    Name,
}

impl Sort {
    /// All of them.
    pub const ALL: [Sort; 6] =
        [Sort::Newest, Sort::Oldest, Sort::LastActivity, Sort::Quietest, Sort::Name, Sort::NameFromEnd];

    /// What it goes by.
    pub fn key(self) -> SortKey {
        match self {
            Sort::Newest | Sort::Oldest => SortKey::Id,
            Sort::LastActivity | Sort::Quietest => SortKey::LastActivity,
            Sort::Name | Sort::NameFromEnd => SortKey::Name,
        }
    }

    /// Whether the greatest key comes first.
    pub fn descends(self) -> bool {
        matches!(self, Sort::Newest | Sort::LastActivity | Sort::NameFromEnd)
    }

    /// The other way round: what a click on the column's head asks for.
    #[must_use]
    pub fn reversed(self) -> Sort {
        match self {
            Sort::Newest => Sort::Oldest,
            Sort::Oldest => Sort::Newest,
            Sort::LastActivity => Sort::Quietest,
            Sort::Quietest => Sort::LastActivity,
            Sort::Name => Sort::NameFromEnd,
            Sort::NameFromEnd => Sort::Name,
        }
    }

    /// Its word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Sort::Newest => "newest",
            Sort::Oldest => "oldest",
            Sort::LastActivity => "activity",
            Sort::Quietest => "quietest",
            Sort::Name => "name",
            Sort::NameFromEnd => "name-from-end",
        }
    }

    /// Takes the word back.
    pub fn from_word(word: &str) -> Option<Sort> {
        Sort::ALL.into_iter().find(|sort| sort.word() == word)
    }
}

/// The most of a name that lists sort by and searches read.
pub const NAME_KEY_CHARS_MAX: usize = 200;

/// The beginning of the full name as lists sort it and searches read it: folded, and compared byte by byte.
pub fn name_key(first_name: &str, last_name: &str) -> String {
    let folded = fold(&format!("{first_name} {last_name}"));
    folded.chars().take(NAME_KEY_CHARS_MAX).map(|c| if c == '’' { '\'' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sort_has_a_word_and_another_way_round() {
        for sort in Sort::ALL {
            assert_eq!(Sort::from_word(sort.word()), Some(sort));
            assert_eq!(sort.reversed().reversed(), sort);
            assert_eq!(sort.reversed().key(), sort.key());
            assert_ne!(sort.reversed().descends(), sort.descends());
        }
        assert_eq!(Sort::from_word("nonsense"), None);
    }

    #[test]
    fn a_span_has_its_beginning_and_not_its_end() {
        let span = Span { from: Some(Moment(10)), until: Some(Moment(20)) };
        assert_eq!([9, 10, 19, 20].map(|at| span.contains(Moment(at))), [false, true, true, false]);
        assert!(Span::default().contains(Moment(0)) && Span::default().is_open() && !span.is_open());
    }

    #[test]
    fn a_filter_is_plain_as_long_as_only_shelf_and_status_are_chosen() {
        let plain = Filter { shelf: Shelf::Leads, status: Some(StatusId(1)), ..Filter::default() };
        assert!(plain.is_plain() && plain.without_status().is_plain());
        assert!(!Filter { owner: Some(Owner::Nobody), ..plain }.is_plain());
    }

    #[test]
    fn names_sort_without_regard_to_case() {
        let check = |first: &str, last: &str, expect: &str| assert_eq!(name_key(first, last), expect);
        check("Asha", "SHARMA", "asha sharma");
        check("Zoë", "", "zoë");
        check("Élodie", "d’Arc", "élodie d'arc");
        assert_eq!(name_key(&"ß".repeat(5_000), "").len(), 2 * NAME_KEY_CHARS_MAX);
    }
}
