//! The lists of people to phone that the demo company brings in. Names are put together at random; e-mails end where
//! nobody has mail; numbers come from what the plan of the United States and Canada keeps for fiction (555-0100 to
//! 555-0199 of every area), and a few from an area that does not exist, so that they are possible but not valid.

use super::chance::Chance;
use std::fmt::Write as _;

/// Numbers in each area that are kept for fiction.
const FICTIONAL: usize = 100;

/// Area codes around each branch.
const AREAS: [(&str, &[u16]); 3] = [
    (
        "Boston",
        &[617, 857, 508, 774, 978, 351, 413, 401, 603, 207, 802, 860, 203, 518, 315, 585, 716, 914, 845, 516],
    ),
    (
        "Chicago",
        &[312, 773, 872, 630, 331, 708, 847, 224, 815, 779, 217, 309, 414, 262, 608, 920, 317, 765, 219, 616],
    ),
    (
        "Denver",
        &[303, 720, 970, 719, 801, 385, 435, 307, 406, 208, 505, 575, 602, 480, 623, 520, 928, 702, 775, 402],
    ),
];
const CANADA: [u16; 3] = [416, 514, 604];
/// An area that does not exist: somebody has mistyped theirs.
const NOWHERE: [u16; 1] = [999];
/// How many of a hundred numbers are Canadian; one more is mistyped.
const CANADIANS: usize = 3;

const SOURCES: [(&str, usize); 6] =
    [("Website", 33), ("Facebook", 23), ("Google Ads", 20), ("Referral", 11), ("Expo", 7), ("Walk-in", 6)];
const TAGS: [(&str, usize); 7] = [
    ("homeowner", 34),
    ("battery", 18),
    ("EV owner", 14),
    ("high bill", 14),
    ("new build", 9),
    ("spanish", 8),
    ("asked for a quote", 12),
];
const ROOFS: [(&str, usize); 4] = [("Shingle", 55), ("Metal", 15), ("Tile", 18), ("Flat", 12)];
const DEPARTMENTS: [(&str, usize); 3] = [("Commercial", 5), ("Financing", 3), ("Renewals", 4)];

const FIRST_NAMES: [&str; 72] = [
    "Aaron", "Abigail", "Adrian", "Alice", "Amara", "Andre", "Angela", "Anita", "Arjun", "Beatriz", "Brian",
    "Bruno", "Camila", "Carlos", "Chloe", "Cynthia", "Daniel", "Darius", "Deborah", "Diego", "Dmitri",
    "Elaine", "Elias", "Emily", "Eric", "Fatima", "Felix", "Frances", "Gabriel", "Grace", "Hannah", "Hassan",
    "Helen", "Hugo", "Irene", "Isaac", "Ivy", "Jamal", "Janet", "Jerome", "Joan", "Julian", "Karen", "Kevin",
    "Lana", "Leon", "Lucia", "Malik", "Maria", "Martin", "Megan", "Miguel", "Monica", "Nathan", "Nina",
    "Oscar", "Patricia", "Paul", "Priya", "Rachel", "Ramon", "Rebecca", "Samir", "Sandra", "Sofia", "Steven",
    "Tamara", "Theo", "Valerie", "Victor", "Wanda", "Yusuf",
];
const LAST_NAMES: [&str; 84] = [
    "Adams", "Aguilar", "Ahmed", "Albright", "Alvarez", "Andersen", "Bailey", "Banks", "Barrett", "Bell",
    "Bishop", "Bowen", "Boyd", "Burke", "Campos", "Carter", "Castillo", "Chang", "Cohen", "Cole", "Cooper",
    "Cortez", "Cruz", "Dawson", "Delgado", "Dixon", "Doyle", "Ellis", "Espinoza", "Farrell", "Fields",
    "Fleming", "Flores", "Foster", "Fuller", "Garza", "Gibbs", "Gomez", "Greene", "Gupta", "Hale", "Hayes",
    "Herrera", "Hoffman", "Hughes", "Jennings", "Kaplan", "Kelley", "Khan", "Klein", "Lambert", "Larson",
    "Lawson", "Lopez", "Lowe", "Marsh", "Mendez", "Meyer", "Moreno", "Morris", "Murray", "Navarro", "Nguyen",
    "Ortega", "Osborne", "Park", "Patel", "Perez", "Porter", "Quinn", "Reyes", "Rivera", "Rosen", "Santos",
    "Schultz", "Shah", "Silva", "Stone", "Torres", "Vance", "Vargas", "Walsh", "Webb", "Zimmer",
];

const HEAD: &str = "First Name,Last Name,Phone,E-mail,Source,Branch,Department,Tags,Monthly bill,Roof\n";

/// Writes the lists, no number twice unless that is meant.
#[derive(Debug)]
pub struct Lists {
    chance: Chance,
    /// Numbers that are still free around each branch, in any order.
    free: Vec<Vec<(u16, usize)>>,
    canadian: Vec<(u16, usize)>,
    nowhere: Vec<(u16, usize)>,
    /// Phone cells written so far, for the rows that come twice.
    written: Vec<String>,
}

/// What a list is like.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// What came in since yesterday.
    Daily,
    /// Cards from the booth at a fair near this branch.
    Expo(&'static str),
}

impl Lists {
    /// Nothing written yet.
    pub fn new(mut chance: Chance) -> Lists {
        let mut numbers = |areas: &[u16]| {
            let mut all: Vec<(u16, usize)> =
                areas.iter().flat_map(|area| (0..FICTIONAL).map(move |number| (*area, number))).collect();
            chance.shuffle(&mut all);
            all
        };
        let free = AREAS.iter().map(|(_, areas)| numbers(areas)).collect();
        let (canadian, nowhere) = (numbers(&CANADA), numbers(&NOWHERE));
        Lists { chance, free, canadian, nowhere, written: Vec::new() }
    }

    /// A file with so many new people; a few rows besides are known already or no good, as they are.
    pub fn file(&mut self, kind: Kind, people: usize) -> String {
        let mut text = String::with_capacity(HEAD.len() + people * 110);
        text.push_str(HEAD);
        for _ in 0..people {
            self.row(&mut text, kind);
        }
        if people > 20 {
            for _ in 0..self.chance.below(4) {
                let again = self.chance.below(self.written.len());
                let name = self.name();
                let _ = writeln!(text, "{},{},{},,Website,,,,,", name.0, name.1, self.written[again]);
            }
            if self.chance.percent(25) {
                let name = self.name();
                let _ = writeln!(text, "{},{},,,Website,,,,,", name.0, name.1);
            }
        }
        text
    }

    fn row(&mut self, text: &mut String, kind: Kind) {
        let (first, last) = self.name();
        let near = match kind {
            Kind::Expo(branch) => AREAS.iter().position(|(name, _)| *name == branch).unwrap_or(0),
            Kind::Daily => self.chance.below(AREAS.len()),
        };
        let phone = self.phone(near);
        let email = self.email(first, last);
        let chance = &mut self.chance;
        let source = match kind {
            Kind::Daily => chance.weighted(&SOURCES),
            Kind::Expo(_) => "Expo",
        };
        // Whose region is clear belongs to its branch; the others go to anybody.
        let branch = if chance.percent(if matches!(kind, Kind::Daily) { 30 } else { 45 }) {
            AREAS[near].0
        } else {
            ""
        };
        let department = if chance.percent(12) { chance.weighted(&DEPARTMENTS) } else { "" };
        let mut tags = String::new();
        if matches!(kind, Kind::Expo(_)) {
            tags.push_str("expo");
        }
        for _ in 0..chance.weighted(&[(0, 55), (1, 33), (2, 12)]) {
            let tag = chance.weighted(&TAGS);
            if !tags.contains(tag) {
                let _ = write!(tags, "{}{tag}", if tags.is_empty() { "" } else { "; " });
            }
        }
        let bill = if chance.percent(60) { format!("${}", 70 + 5 * chance.below(50)) } else { String::new() };
        let roof = if chance.percent(45) { chance.weighted(&ROOFS) } else { "" };
        let _ = writeln!(
            text,
            "{first},{last},{phone},{email},{source},{branch},{department},{tags},{bill},{roof}"
        );
        self.written.push(phone);
    }

    fn name(&mut self) -> (&'static str, &'static str) {
        (self.chance.pick(&FIRST_NAMES), self.chance.pick(&LAST_NAMES))
    }

    fn email(&mut self, first: &str, last: &str) -> String {
        if !self.chance.percent(70) {
            return String::new();
        }
        let host = self.chance.pick(&["example.com", "example.net", "example.org"]);
        let (first, last) = (first.to_lowercase(), last.to_lowercase());
        match self.chance.below(3) {
            0 => format!("{first}.{last}@{host}"),
            1 => format!("{}{last}{}@{host}", &first[..1], 10 + self.chance.below(90)),
            _ => format!("{first}{}@{host}", 1950 + self.chance.below(55)),
        }
    }

    /// A number near a branch, or of a neighbour, or what is left; as people type it.
    fn phone(&mut self, near: usize) -> String {
        let far = match self.chance.below(100) {
            0 => self.nowhere.pop(),
            lot if lot <= CANADIANS => self.canadian.pop(),
            _ => None,
        };
        let (area, number) = far
            .or_else(|| self.free[near].pop())
            .or_else(|| self.free.iter_mut().find_map(Vec::pop))
            .expect("there are more fictional numbers than the demo has leads");
        match self.chance.below(5) {
            0 => format!("{area}-555-01{number:02}"),
            1 => format!("+1 {area} 555 01{number:02}"),
            2 => format!("{area}.555.01{number:02}"),
            3 => format!("{area}55501{number:02}"),
            _ => format!("({area}) 555-01{number:02}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::phone::{self, Country};
    use std::collections::HashSet;

    #[test]
    fn numbers_are_nobodys_and_no_number_comes_twice() {
        let mut lists = Lists::new(Chance::new(7));
        let us = Country::from_code("US").unwrap();
        let mut seen = HashSet::new();
        let mut doubtful = 0;
        for number in 0..5_600 {
            let typed = lists.phone(number % 3);
            let reading = phone::parse(&typed, us).unwrap_or_else(|why| panic!("{typed}: {why}"));
            let e164 = reading.phone.as_str().to_owned();
            assert!(
                e164.len() == 12 && e164.starts_with("+1") && e164[5..].starts_with("55501"),
                "{typed} is {e164}"
            );
            assert_eq!(reading.doubtful, e164.starts_with("+1999"), "{typed} is {e164}");
            doubtful += usize::from(reading.doubtful);
            assert!(seen.insert(e164), "{typed} comes twice");
        }
        assert!((20..120).contains(&doubtful), "{doubtful} are doubtful");
    }

    #[test]
    fn a_file_has_the_people_it_was_asked_for() {
        let mut lists = Lists::new(Chance::new(7));
        let file = lists.file(Kind::Daily, 12);
        assert_eq!(file.lines().count(), 13);
        assert_eq!(file.lines().next(), Some(HEAD.trim_end()));
        let commas = HEAD.matches(',').count();
        assert!(file.lines().all(|line| line.matches(',').count() == commas));
    }
}
