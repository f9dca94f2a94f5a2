//! What somebody types into the search box, and what it finds: the beginnings of words of the name, the beginning of
//! the e-mail, the beginning or the end of the number. Several words must all be found.
//!
//! A lead's terms ([`terms`]) are what the store keeps for it, so that every question is a range of them. A name's
//! words begin after a space and after a hyphen, an apostrophe, a full stop or a bracket: *Marie* finds Anne-Marie.

use super::name_key;
use crate::{phone::Country, text::clean};

/// Words that are looked for at the most; people do not type more, and who pastes a page gets what these find.
pub const WORDS_MAX: usize = 5;
/// The most of a term, or of a word that is looked for.
pub const TERM_CHARS_MAX: usize = 100;
/// What stands before a word of a name. A space is one of them, so that no term has a space in it but the reversed
/// numbers, which begin with one and are so told from words.
pub const WORD_STARTS: [char; 5] = [' ', '-', '\'', '.', '('];

/// What is searched for; there is something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    text: String,
    words: Vec<Word>,
}

/// One word of a search: a lead has it if one of its two parts fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// How a word of the name begins, or the e-mail; folded. None for a number that was typed with spaces.
    pub beginning: Option<String>,
    /// Digits, if it is made of them.
    pub number: Option<Number>,
}

/// Digits of a phone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// How the number may begin, in E.164: with these digits, or with the company's calling code before them.
    pub beginnings: Vec<String>,
    /// The digits, as the number may end.
    pub digits: String,
    /// How its reversed term then begins.
    pub reversed: String,
}

impl Search {
    /// Reads the search box; none if nothing is in it. Numbers without a calling code are dialled in `country`.
    pub fn read(text: &str, country: Country) -> Option<Search> {
        let text = clean(text).into_owned();
        let whole = Number::read(&text, country);
        let words: Vec<Word> = if whole.is_some() && text.contains(' ') {
            vec![Word { beginning: None, number: whole }]
        } else {
            let words = text.split(' ').filter(|word| !word.is_empty()).take(WORDS_MAX);
            words.map(|word| Word::read(word, country)).collect()
        };
        (!words.is_empty()).then_some(Search { text, words })
    }

    /// What was typed, tidied.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its words, at least one.
    pub fn words(&self) -> &[Word] {
        &self.words
    }

    /// Whether it finds a lead: what the store asks in SQL, for one that is at hand.
    pub fn finds(&self, first_name: &str, last_name: &str, email: Option<&str>, phone: &str) -> bool {
        let terms = terms(&name_key(first_name, last_name), email, phone);
        let begins = |with: &str| terms.iter().any(|term| term.starts_with(with));
        self.words.iter().all(|word| {
            word.beginning.as_ref().is_some_and(|beginning| begins(beginning))
                || word.number.as_ref().is_some_and(|number| {
                    number.beginnings.iter().any(|beginning| phone.starts_with(beginning.as_str()))
                        || begins(&number.reversed)
                })
        })
    }
}

impl Word {
    fn read(word: &str, country: Country) -> Word {
        let beginning = shortened(&name_key(word, ""));
        Word { beginning: Some(beginning), number: Number::read(word, country) }
    }
}

impl Number {
    /// Digits with what people put between them; none if there is anything else.
    fn read(text: &str, country: Country) -> Option<Number> {
        let written = text.chars().all(|c| c.is_ascii_digit() || " +-().,/".contains(c));
        let digits: String = text.chars().filter(char::is_ascii_digit).take(TERM_CHARS_MAX).collect();
        if !written || digits.is_empty() {
            return None;
        }
        let mut beginnings = vec![format!("+{digits}")];
        if !text.starts_with('+') {
            let code = country.calling_code();
            beginnings.push(format!("+{code}{digits}"));
            // As dialled: a zero before the area code, two before a calling code.
            if let Some(national) = digits.strip_prefix('0').filter(|rest| !rest.is_empty()) {
                beginnings.push(format!("+{code}{national}"));
                if let Some(abroad) = national.strip_prefix('0').filter(|rest| !rest.is_empty()) {
                    beginnings.push(format!("+{abroad}"));
                }
            }
        }
        Some(Number { beginnings, reversed: reversed(&digits), digits })
    }
}

/// What a lead is found by, each term once: the words of its name, its e-mail, and its number from behind.
pub fn terms(name_key: &str, email: Option<&str>, phone: &str) -> Vec<String> {
    let mut terms: Vec<String> = name_key
        .split(' ')
        .flat_map(|part| {
            let later = part.char_indices().filter(|(_, c)| WORD_STARTS.contains(c));
            std::iter::once(part).chain(later.map(|(at, c)| &part[at + c.len_utf8()..]))
        })
        .filter(|word| !word.is_empty())
        .map(shortened)
        .collect();
    // As both engines fold in SQL, so that a lead is found the same way with and without its terms.
    terms.extend(email.filter(|email| !email.is_empty()).map(|email| shortened(&email.to_ascii_lowercase())));
    terms.push(reversed(phone.trim_start_matches('+')));
    terms.sort_unstable();
    terms.dedup();
    terms
}

fn reversed(digits: &str) -> String {
    std::iter::once(' ').chain(digits.chars().rev()).collect()
}

fn shortened(text: &str) -> String {
    text.chars().take(TERM_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn india() -> Country {
        Country::from_code("IN").expect("a country of the table")
    }

    #[test]
    fn a_search_finds_beginnings_of_words_and_both_ends_of_a_number() {
        let finds = |text: &str, expect: bool| {
            let search = Search::read(text, india()).expect("something is searched for");
            let found =
                search.finds("Anne-Marie", "O’Neil Dubois", Some("A.Dubois@Example.com"), "+919876543210");
            assert_eq!(found, expect, "{text:?}");
        };
        for text in [
            "anne",
            "ANNE-M",
            "marie",
            "o'n",
            "o’neil",
            "neil",
            "dubois",
            "DuB",
            "dubois anne",
            "a.dubois",
            "a.dubois@example.com",
            "A.DUBOIS@",
            "3210",
            "210",
            "+91",
            "+91 987",
            "98765",
            "098765",
            "0091 98765",
            "98765 43210",
            "(0)98765-43210",
            "9876543210",
            "+919876543210",
            "du 3210",
            "  anne  ",
            "+",
            "0",
        ] {
            finds(text, !["+"].contains(&text));
        }
        for text in
            ["nne", "ubois", "example.com", "321", "+98765", "43211", "anne bob", "anne 999", "dubois@"]
        {
            finds(text, false);
        }
    }

    #[test]
    fn an_empty_box_searches_for_nothing() {
        for text in ["", "  ", "\u{feff}\t"] {
            assert_eq!(Search::read(text, india()), None, "{text:?}");
        }
    }

    #[test]
    fn a_pasted_page_is_cut() {
        let search = Search::read(&"word ".repeat(1_000), india()).expect("words");
        assert_eq!(search.words().len(), WORDS_MAX);
        let search = Search::read(&"x".repeat(1_000), india()).expect("a word");
        assert_eq!(search.words()[0].beginning.as_ref().map(String::len), Some(TERM_CHARS_MAX));
        assert!(search.finds(&"x".repeat(5_000), "", None, "+919876543210"));
    }

    #[test]
    fn a_lead_has_each_term_once() {
        let check = |name: &str, email: Option<&str>, expect: &[&str]| {
            assert_eq!(terms(&name_key(name, ""), email, "+4412"), expect, "{name:?}");
        };
        check("Asha", Some("asha"), &[" 2144", "asha"]);
        check("Asha Asha-Rao", Some("A@x.in"), &[" 2144", "a@x.in", "asha", "asha-rao", "rao"]);
        check("(Dr.) - K.", Some(""), &[" 2144", "(dr.)", ")", "-", "dr.)", "k."]);
    }
}
