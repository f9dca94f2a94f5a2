//! Numbers, moments and sentences as pages write them.

use crate::parts::leads::Moment as Shown;
use domain::time::{Moment, Zone};

/// With a capital letter and a full stop, as pages speak; errors come without, since they stand in the middle of lines.
pub fn sentence(why: &str) -> String {
    let mut letters = why.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let stop = if why.is_empty() || why.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

/// `12,431`.
pub fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('−');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number that was counted up to a limit: `412`, `1,000+`.
pub fn up_to(counted: i64, at_most: i64) -> String {
    if counted > at_most { format!("{}+", number(at_most)) } else { number(counted) }
}

/// A number, or the least that it is: `412`, `412+`.
pub fn at_least(counted: i64, whole: bool) -> String {
    if whole { number(counted) } else { format!("{}+", number(counted)) }
}

/// How long ago: `now`, `5 min`, `3 h`, `12 d`, `8 mo`, `2 y`.
pub fn age(since: Moment, now: Moment) -> String {
    let minutes = (now.0 - since.0).max(0) / 60_000;
    match minutes {
        0 => "now".into(),
        1..60 => format!("{minutes} min"),
        60..1_440 => format!("{} h", minutes / 60),
        1_440..86_400 => format!("{} d", minutes / 1_440),
        86_400..525_600 => format!("{} mo", minutes / 43_200),
        _ => format!("{} y", minutes / 525_600),
    }
}

/// How long something took: `0.3 s`, `12 s`, `4 min`.
pub fn took(from: Moment, until: Moment) -> String {
    match (until.0 - from.0).max(0) {
        0..100 => "0.1 s".into(),
        milliseconds @ 100..10_000 => format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
        milliseconds @ 10_000..120_000 => format!("{} s", milliseconds / 1_000),
        milliseconds => format!("{} min", milliseconds / 60_000),
    }
}

/// A moment, short to read and exact on asking.
pub fn moment(at: Moment, now: Moment, zone: &Zone) -> Shown {
    let (machine, whole) = zone.written(at);
    Shown { machine, short: age(at, now), whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (given, expect) in [
            (0, "0"),
            (7, "7"),
            (999, "999"),
            (1_000, "1,000"),
            (12_431, "12,431"),
            (-1_234_567, "−1,234,567"),
        ] {
            assert_eq!(number(given), expect);
        }
        assert_eq!((up_to(1_000, 1_000), up_to(1_001, 1_000)), ("1,000".into(), "1,000+".into()));
    }

    #[test]
    fn ages_are_short() {
        let minute = 60_000;
        for (minutes, expect) in [
            (-3, "now"),
            (0, "now"),
            (1, "1 min"),
            (59, "59 min"),
            (60, "1 h"),
            (24 * 60, "1 d"),
            (59 * 1_440, "59 d"),
            (60 * 1_440, "2 mo"),
            (400 * 1_440, "1 y"),
        ] {
            assert_eq!(age(Moment(0), Moment(minutes * minute)), expect, "{minutes}");
        }
    }

    #[test]
    fn durations_are_short() {
        for (milliseconds, expect) in
            [(0, "0.1 s"), (340, "0.3 s"), (9_999, "9.9 s"), (61_000, "61 s"), (150_000, "2 min")]
        {
            assert_eq!(took(Moment(5), Moment(5 + milliseconds)), expect);
        }
    }

    #[test]
    fn sentences_begin_and_end() {
        assert_eq!(sentence("the name is too long"), "The name is too long.");
        assert_eq!(sentence("Écoute!"), "Écoute!");
        assert_eq!(sentence(""), "");
    }
}
