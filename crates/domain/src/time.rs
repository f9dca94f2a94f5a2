//! Instants, the company's clock and its working days.

use crate::schedule::LocalDate;
use jiff::{
    SignedDuration, Timestamp, civil,
    tz::{AmbiguousOffset, TimeZone},
};
use std::str::FromStr;

/// A moment, in milliseconds since 1970 (UTC). Handed in by the caller; nothing in here reads a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(pub i64);

impl From<i64> for Moment {
    fn from(milliseconds: i64) -> Moment {
        Moment(milliseconds)
    }
}

impl Moment {
    /// This many hours earlier.
    #[must_use]
    pub fn hours_before(self, hours: i64) -> Moment {
        Moment(self.0.saturating_sub(hours.saturating_mul(3_600_000)))
    }

    /// This many days (of 24 hours) earlier.
    #[must_use]
    pub fn days_before(self, days: i64) -> Moment {
        self.hours_before(days.saturating_mul(24))
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// A company's time zone: an IANA name that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone, String);

/// The name is not in the IANA time zone database.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is no time zone; give an IANA name such as Asia/Kolkata, Europe/London or America/New_York")]
pub struct UnknownZone(pub String);

impl FromStr for Zone {
    type Err = UnknownZone;
    fn from_str(name: &str) -> Result<Zone, UnknownZone> {
        let zone = TimeZone::get(name).map_err(|_| UnknownZone(name.to_owned()))?;
        let name = zone.iana_name().ok_or_else(|| UnknownZone(name.to_owned()))?.to_owned();
        Ok(Zone(zone, name))
    }
}

impl Zone {
    /// Its IANA name.
    pub fn name(&self) -> &str {
        &self.1
    }

    /// "2026-05-11 09:00 IST"; zones without an abbreviation show their offset, "+04".
    pub fn minute(&self, moment: Moment) -> String {
        self.written(moment).1
    }

    /// "2026-05-11T09:00:00+05:30", for machines.
    pub fn rfc3339(&self, moment: Moment) -> String {
        self.written(moment).0
    }

    /// The moment as [`rfc3339`](Self::rfc3339) and as [`minute`](Self::minute) write it. A page has a hundred of them:
    /// the zone is asked once, and what `strftime` would write is written directly.
    pub fn written(&self, moment: Moment) -> (String, String) {
        let timestamp = moment.timestamp();
        let info = self.0.to_offset_info(timestamp);
        let local = info.offset().to_datetime(timestamp);
        let (year, month, day) = (local.year(), local.month(), local.day());
        let (hour, minute, second) = (local.hour(), local.minute(), local.second());
        // To the minute, as all zones have had it since 1972.
        let offset = info.offset().seconds() / 60;
        let (sign, offset) = (if offset < 0 { '-' } else { '+' }, offset.abs());
        let (ahead_h, ahead_min) = (offset / 60, offset % 60);
        let zone = info.abbreviation();
        (
            format!(
                "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{ahead_h:02}:{ahead_min:02}"
            ),
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} {zone}"),
        )
    }

    /// The hour of the local day, from 0 to 23.
    pub fn hour(&self, moment: Moment) -> i8 {
        moment.timestamp().to_zoned(self.0.clone()).hour()
    }

    /// The local time of day, "09:00".
    pub fn time_of_day(&self, moment: Moment) -> String {
        moment.timestamp().to_zoned(self.0.clone()).strftime("%H:%M").to_string()
    }

    /// The local date, "2026-05-11".
    pub fn date(&self, moment: Moment) -> String {
        moment.timestamp().to_zoned(self.0.clone()).date().to_string()
    }

    /// The local date.
    pub fn local_date(&self, moment: Moment) -> LocalDate {
        LocalDate(moment.timestamp().to_zoned(self.0.clone()).date())
    }

    /// The date that lies so many days after another; before it where the number is negative.
    pub fn day_after(&self, date: LocalDate, days: i64) -> LocalDate {
        LocalDate(date.0.checked_add(jiff::Span::new().days(days)).unwrap_or(date.0))
    }

    /// The first instant of a date at which the clock shows this time or has just skipped it. None where the date never
    /// was.
    pub fn first_instant(&self, date: LocalDate, at: MinuteOfDay) -> Option<Moment> {
        let midnight = date.0.to_zoned(self.0.clone()).ok()?;
        if midnight.date() != date.0 {
            return None;
        }
        let shown = self.0.to_ambiguous_zoned(date.0.to_datetime(at.civil()));
        let instant = if matches!(shown.offset(), AmbiguousOffset::Gap { .. }) {
            // The later reading lies after the change of the clocks; the change itself is what came last before it.
            let later = shown.later().ok()?.timestamp();
            self.0.preceding(later.checked_add(SignedDuration::from_millis(1)).ok()?).next()?.timestamp()
        } else {
            shown.earlier().ok()?.timestamp()
        };
        Some(Moment(instant.as_millisecond()))
    }

    /// "today, 09:00 IST", "tomorrow, 09:00 IST", "Tuesday 19 May, 09:00 IST".
    pub fn day_and_time(&self, moment: Moment, now: Moment) -> String {
        let at = moment.timestamp().to_zoned(self.0.clone());
        let today = self.local_date(now);
        let day = match LocalDate(at.date()) {
            day if day == today => "today".into(),
            day if day == self.day_after(today, 1) => "tomorrow".into(),
            _ => at.strftime("%A %-d %B").to_string(),
        };
        format!("{day}, {}", at.strftime("%H:%M %Z"))
    }

    /// This time of the local day that lies `days` days back; 0 = the day of the moment. A time that the clocks skip
    /// is as much later as they skip, one that they repeat is the first.
    pub fn time_back(&self, moment: Moment, days: i64, at: MinuteOfDay) -> Moment {
        let date = moment.timestamp().to_zoned(self.0.clone()).date();
        let date = date.checked_sub(jiff::Span::new().days(days)).unwrap_or(date);
        date.to_datetime(at.civil())
            .to_zoned(self.0.clone())
            .map_or_else(|_| moment.days_before(days), |zoned| Moment(zoned.timestamp().as_millisecond()))
    }

    /// Whether the company works on the local day of the moment.
    pub fn is_working_day(&self, moment: Moment, week: WorkingDays) -> bool {
        week.contains(moment.timestamp().to_zoned(self.0.clone()).weekday())
    }

    /// The start of the local day that lies `days` working days back: with 2, on a Monday, the start of Thursday.
    /// What happened from then on is "within the last 2 working days".
    pub fn working_days_back(&self, moment: Moment, days: u32, week: WorkingDays) -> Moment {
        let mut date = moment.timestamp().to_zoned(self.0.clone()).date();
        let mut left = days;
        // A week without a working day would never end: a year is as good as ever.
        for _ in 0..366 {
            if left == 0 {
                break;
            }
            date = date.yesterday().unwrap_or(date);
            if week.contains(date.weekday()) {
                left -= 1;
            }
        }
        let start = date.to_zoned(self.0.clone()).map(|zoned| zoned.timestamp());
        start.map_or_else(
            |_| Moment(moment.0 - SignedDuration::from_hours(24 * i64::from(days)).as_millis() as i64),
            |timestamp| Moment(timestamp.as_millisecond()),
        )
    }
}

/// The days of the week on which a company works; bit 0 is Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkingDays(pub u8);

impl WorkingDays {
    /// Monday to Friday.
    pub const MONDAY_TO_FRIDAY: WorkingDays = WorkingDays(0b001_1111);

    /// Whether the company works on this day.
    pub fn contains(self, day: civil::Weekday) -> bool {
        self.0 & (1 << day.to_monday_zero_offset()) != 0
    }
}

/// A time of day to the minute, as jobs have it: "09:00".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MinuteOfDay(u16);

/// Not a time of day.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is no time of day; write it as HH:MM, from 00:00 to 23:59")]
pub struct NotATime(pub String);

impl MinuteOfDay {
    /// 00:00.
    pub const MIDNIGHT: MinuteOfDay = MinuteOfDay(0);
    /// 08:00.
    pub const EIGHT: MinuteOfDay = MinuteOfDay(480);
    /// 09:00.
    pub const NINE: MinuteOfDay = MinuteOfDay(540);

    /// Minutes since local midnight.
    pub fn minutes(self) -> i64 {
        i64::from(self.0)
    }

    fn civil(self) -> civil::Time {
        civil::time((self.0 / 60) as i8, (self.0 % 60) as i8, 0, 0)
    }

    /// From minutes since local midnight.
    pub fn from_minutes(minutes: i64) -> Option<MinuteOfDay> {
        u16::try_from(minutes).ok().filter(|minutes| *minutes < 1_440).map(MinuteOfDay)
    }
}

impl FromStr for MinuteOfDay {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<MinuteOfDay, NotATime> {
        let wrong = || NotATime(text.to_owned());
        let (hours, minutes) = text.split_once(':').ok_or_else(wrong)?;
        let two_digits = |part: &str| {
            (1..=2).contains(&part.len()).then_some(())?;
            part.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
            part.parse::<u16>().ok()
        };
        match (two_digits(hours), two_digits(minutes)) {
            (Some(h @ 0..24), Some(m @ 0..60)) if minutes.len() == 2 => Ok(MinuteOfDay(h * 60 + m)),
            _ => Err(wrong()),
        }
    }
}

impl std::fmt::Display for MinuteOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(zoned: &str) -> Moment {
        Moment(zoned.parse::<jiff::Zoned>().unwrap().timestamp().as_millisecond())
    }

    #[test]
    fn minutes_are_read_strictly() {
        for (text, expect) in [
            ("09:00", Some(540)),
            ("9:05", Some(545)),
            ("00:00", Some(0)),
            ("23:59", Some(1439)),
            ("24:00", None),
            ("9:5", None),
            ("0900", None),
            ("+9:00", None),
            ("", None),
        ] {
            assert_eq!(text.parse::<MinuteOfDay>().ok().map(MinuteOfDay::minutes), expect, "{text}");
        }
    }

    #[test]
    fn moments_read_as_the_company_says_them() {
        let zone: Zone = "Asia/Kolkata".parse().unwrap();
        assert_eq!(zone.minute(moment("2026-05-11T09:00[Asia/Kolkata]")), "2026-05-11 09:00 IST");
        assert_eq!(zone.rfc3339(moment("2026-05-11T09:00[Asia/Kolkata]")), "2026-05-11T09:00:00+05:30");
        let newfoundland: Zone = "America/St_Johns".parse().unwrap();
        let in_winter = moment("2026-01-05T00:07:09-03:30[America/St_Johns]");
        assert_eq!(newfoundland.rfc3339(in_winter), "2026-01-05T00:07:09-03:30");
        assert_eq!(newfoundland.minute(in_winter), "2026-01-05 00:07 NST");
        let dubai: Zone = "Asia/Dubai".parse().unwrap();
        assert_eq!(dubai.minute(in_winter), "2026-01-05 07:37 +04");
        assert!("Mars/Olympus".parse::<Zone>().is_err());
    }

    #[test]
    fn a_time_of_an_earlier_day_is_that_of_its_own_clock() {
        let zone: Zone = "America/Chicago".parse().unwrap();
        let at = |text: &str| text.parse::<MinuteOfDay>().unwrap();
        for (now, days, time, expect) in [
            ("2026-03-09T15:00[America/Chicago]", 0, "08:30", "2026-03-09T08:30[America/Chicago]"),
            ("2026-03-09T15:00[America/Chicago]", 1, "02:30", "2026-03-08T03:30[America/Chicago]"), // skipped
            ("2026-03-09T15:00[America/Chicago]", 2, "09:00", "2026-03-07T09:00[America/Chicago]"), // before summer time
            ("2026-11-02T00:10[America/Chicago]", 1, "01:30", "2026-11-01T01:30-05:00[America/Chicago]"), // repeated
        ] {
            assert_eq!(zone.time_back(moment(now), days, at(time)), moment(expect), "{now} {days} {time}");
        }
        let week = WorkingDays::MONDAY_TO_FRIDAY;
        assert!(zone.is_working_day(moment("2026-03-06T23:59[America/Chicago]"), week));
        assert!(!zone.is_working_day(moment("2026-03-07T00:00[America/Chicago]"), week));
    }

    #[test]
    fn r26_two_working_days_skip_the_weekend() {
        let zone: Zone = "America/New_York".parse().unwrap();
        let week = WorkingDays::MONDAY_TO_FRIDAY;
        for (now, expect) in [
            ("2026-05-11T09:00[America/New_York]", "2026-05-07T00:00[America/New_York]"), // Monday → Thursday
            ("2026-05-13T23:00[America/New_York]", "2026-05-11T00:00[America/New_York]"), // Wednesday → Monday
            ("2026-05-10T12:00[America/New_York]", "2026-05-07T00:00[America/New_York]"), // Sunday → Thursday
        ] {
            assert_eq!(zone.working_days_back(moment(now), 2, week), moment(expect), "{now}");
        }
    }
}
