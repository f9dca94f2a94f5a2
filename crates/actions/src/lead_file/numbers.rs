//! How the numbers of a file read, for the preview: "4,812 India, 190 United States, 31 doubtful" (R10a).

use std::collections::BTreeMap;
use std::fmt;

use domain::lead_file::LeadRow;
use domain::phone::Country;

/// How many countries the sentence names before it sums up.
const COUNTRIES_NAMED_MAX: usize = 5;

/// Good rows by the country of their number. Each row is counted once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Valid numbers by country.
    pub by_country: BTreeMap<Country, u64>,
    /// Valid numbers of no country, such as +800.
    pub international: u64,
    /// Numbers that are possible but not valid.
    pub doubtful: u64,
}

impl Numbers {
    pub(super) fn add<S>(&mut self, lead: &LeadRow<S>) {
        match lead.phone_country {
            _ if lead.phone_doubtful => self.doubtful += 1,
            Some(country) => *self.by_country.entry(country).or_default() += 1,
            None => self.international += 1,
        }
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut countries: Vec<(u64, Country)> =
            self.by_country.iter().map(|(&country, &count)| (count, country)).collect();
        countries.sort_by_key(|&(count, country)| (std::cmp::Reverse(count), country));
        let shown =
            if countries.len() > COUNTRIES_NAMED_MAX + 1 { COUNTRIES_NAMED_MAX } else { countries.len() };
        let others = &countries[shown..];

        let mut parts: Vec<String> =
            countries[..shown].iter().map(|&(count, country)| part(count, country.name())).collect();
        if !others.is_empty() {
            let count = others.iter().map(|&(count, _)| count).sum();
            parts.push(part(count, &format!("in {} other countries", others.len())));
        }
        if self.international > 0 {
            parts.push(part(self.international, "international"));
        }
        if self.doubtful > 0 {
            parts.push(part(self.doubtful, "doubtful"));
        }
        if parts.is_empty() {
            parts.push("no numbers".to_owned());
        }
        f.write_str(&parts.join(", "))
    }
}

fn part(count: u64, name: &str) -> String {
    format!("{} {name}", grouped(count))
}

/// `4812` as `4,812`.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(by_country: &[(&str, u64)], international: u64, doubtful: u64, expect: &str) {
        let country = |code: &str| Country::from_code(code).expect("a country of the table");
        let by_country = by_country.iter().map(|&(code, count)| (country(code), count)).collect();
        assert_eq!(Numbers { by_country, international, doubtful }.to_string(), expect);
    }

    #[test]
    fn r10a_the_preview_says_how_numbers_read() {
        check(&[("US", 190), ("IN", 4812)], 0, 31, "4,812 India, 190 United States, 31 doubtful");
        check(&[("GB", 1_234_567)], 2, 0, "1,234,567 United Kingdom, 2 international");
        check(&[], 0, 0, "no numbers");
        check(&[("IN", 1), ("US", 1)], 0, 0, "1 India, 1 United States");
        check(
            &[("IN", 9), ("US", 8), ("GB", 7), ("DE", 6), ("FR", 5), ("IT", 4), ("ES", 3)],
            0,
            1,
            "9 India, 8 United States, 7 United Kingdom, 6 Germany, 5 France, 7 in 2 other countries, 1 doubtful",
        );
    }
}
