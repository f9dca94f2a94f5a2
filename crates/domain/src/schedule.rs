//! When a job is due (R38–R40): one slot for each local date, whatever the clocks do.
//!
//! A slot is the first instant of its date at which the clock shows the job's time or has just skipped it; a time that
//! the clocks show twice counts the first time. A date that a place left out (Apia's 30 December 2011) has no slot.

use crate::time::{MinuteOfDay, Moment, Zone};
use jiff::civil;

/// How often a date is tried before it is given up (R38). It happens when a process dies or the database goes away.
pub const ATTEMPTS_MAX: u32 = 3;

/// How long after its slot a run may begin without being called late.
const ON_TIME_MS: i64 = 60_000;

/// Minutes to wait after the first and the second attempt that failed.
const PAUSES_MINUTES: [i64; 2] = [1, 5];

/// A date of a company's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalDate(pub(crate) civil::Date);

impl std::fmt::Display for LocalDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for LocalDate {
    type Err = NotADate;
    fn from_str(text: &str) -> Result<LocalDate, NotADate> {
        text.parse().map(LocalDate).map_err(|_| NotADate(text.to_owned()))
    }
}

/// Not a date.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is no date; write it as YYYY-MM-DD")]
pub struct NotADate(pub String);

/// The turn of a job on one date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The date it is the turn of: it succeeds once.
    pub date: LocalDate,
    /// From when on it is due.
    pub at: Moment,
}

impl Slot {
    /// Whether a run that begins now is to be called late (R39).
    pub fn is_late(&self, now: Moment) -> bool {
        Slot::is_late_at(self.at, now)
    }

    /// Whether a run that was due at one moment and began at another is late.
    pub fn is_late_at(due: Moment, began: Moment) -> bool {
        began.0 - due.0 > ON_TIME_MS
    }
}

/// What has been tried on one date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// The date.
    pub date: LocalDate,
    /// Whether it succeeded.
    pub done: bool,
    /// Attempts so far.
    pub attempts: u32,
    /// When the last of them ended.
    pub ended_at: Moment,
}

/// A job's place in the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// The time of day, on the company's clock.
    pub at: MinuteOfDay,
    /// Slots before this moment do not count: it is when the time was saved (R40).
    pub counts_from: Moment,
}

/// Whether a job has to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Now; the slot may have begun long ago (R39).
    Due(Slot),
    /// It failed, and is tried again from this moment on.
    Again {
        /// For which slot.
        slot: Slot,
        /// From when on.
        from: Moment,
    },
    /// Not before this slot.
    Next(Slot),
}

impl Turn {
    /// The moment from which on there is something to do.
    pub fn from(&self) -> Moment {
        match self {
            Turn::Due(slot) | Turn::Next(slot) => slot.at,
            Turn::Again { from, .. } => *from,
        }
    }
}

impl Timing {
    /// Whose turn it is at a moment. `tried` are the attempts of the last days.
    ///
    /// Only the latest slot of the present date counts: what was missed on earlier days is not made up (R39). A date that
    /// succeeded is never due again, whatever became of the time or the time zone since (R38).
    pub fn turn(&self, zone: &Zone, tried: &[Tried], now: Moment) -> Turn {
        let today = zone.local_date(now);
        let done = |date: LocalDate| tried.iter().any(|tried| tried.date == date && tried.done);
        // A slot that the clocks skipped may lie on the date after its own (23:30 where 23:00 is followed by 00:00).
        let begun = [today, zone.day_after(today, -1)].into_iter().filter_map(|date| self.slot(zone, date));
        let due = begun
            .filter(|slot| slot.at <= now && zone.local_date(slot.at) == today)
            .max_by_key(|slot| slot.at);
        if let Some(slot) = due.filter(|slot| slot.at >= self.counts_from && !done(slot.date)) {
            match tried.iter().find(|tried| tried.date == slot.date) {
                None => return Turn::Due(slot),
                Some(tried) if tried.attempts < ATTEMPTS_MAX => {
                    let pause =
                        PAUSES_MINUTES[(tried.attempts.max(1) as usize - 1).min(PAUSES_MINUTES.len() - 1)];
                    let from = Moment(tried.ended_at.0.saturating_add(pause * 60_000));
                    if from <= now {
                        return Turn::Due(slot);
                    }
                    // Tomorrow is another day: what cannot be tried again today is not tried tomorrow.
                    if zone.local_date(from) == today {
                        return Turn::Again { slot, from };
                    }
                }
                Some(_) => {}
            }
        }
        Turn::Next(self.after(zone, now, done))
    }

    /// The first slot after a moment whose date has not succeeded yet.
    fn after(&self, zone: &Zone, now: Moment, done: impl Fn(LocalDate) -> bool) -> Slot {
        let mut date = zone.day_after(zone.local_date(now), -1);
        // Changing the zone can leave a date or two ahead that have succeeded; no calendar leaves out ten in a row.
        for _ in 0..10 {
            if let Some(slot) = self.slot(zone, date)
                && slot.at > now
                && slot.at >= self.counts_from
                && !done(date)
            {
                return slot;
            }
            date = zone.day_after(date, 1);
        }
        Slot { date, at: Moment(now.0.saturating_add(86_400_000)) }
    }

    /// The slot of a date; none where the date never was.
    pub fn slot(&self, zone: &Zone, date: LocalDate) -> Option<Slot> {
        zone.first_instant(date, self.at).map(|at| Slot { date, at })
    }
}

/// `Next run: today, 09:00 IST.`
pub fn next_run(turn: &Turn, zone: &Zone, now: Moment) -> String {
    match turn {
        Turn::Due(slot) if slot.is_late(now) => {
            format!("Next run: at once. It was due at {}.", zone.time_of_day(slot.at))
        }
        Turn::Due(_) => "Next run: now.".into(),
        Turn::Again { from, .. } => {
            format!("Next run: {}, after an attempt that failed.", zone.day_and_time(*from, now))
        }
        Turn::Next(slot) => format!("Next run: {}.", zone.day_and_time(slot.at, now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(zoned: &str) -> Moment {
        Moment(
            zoned
                .parse::<jiff::Zoned>()
                .unwrap_or_else(|e| panic!("{zoned}: {e}"))
                .timestamp()
                .as_millisecond(),
        )
    }

    fn timing(at: &str) -> Timing {
        Timing { at: at.parse().unwrap(), counts_from: Moment(i64::MIN) }
    }

    fn date(text: &str) -> LocalDate {
        text.parse().unwrap()
    }

    fn next(timing: &Timing, zone: &Zone, tried: &[Tried], now: Moment) -> Slot {
        match timing.turn(zone, tried, now) {
            Turn::Next(slot) => slot,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn r38_a_skipped_time_is_the_first_instant_after_it_and_a_repeated_one_the_first() {
        for (zone, day, at, expect) in [
            ("America/New_York", "2026-03-08", "02:30", Some("2026-03-08T03:00-04:00[America/New_York]")),
            ("America/New_York", "2026-11-01", "01:30", Some("2026-11-01T01:30-04:00[America/New_York]")),
            (
                "Australia/Lord_Howe",
                "2026-10-04",
                "02:15",
                Some("2026-10-04T02:30+11:00[Australia/Lord_Howe]"),
            ),
            (
                "Australia/Lord_Howe",
                "2026-04-05",
                "01:45",
                Some("2026-04-05T01:45+11:00[Australia/Lord_Howe]"),
            ),
            ("America/Santiago", "2026-09-06", "00:30", Some("2026-09-06T01:00-03:00[America/Santiago]")),
            ("America/Santiago", "2026-04-04", "23:30", Some("2026-04-04T23:30-03:00[America/Santiago]")),
            ("Europe/Dublin", "2026-03-29", "01:00", Some("2026-03-29T02:00+01:00[Europe/Dublin]")),
            ("Africa/Casablanca", "2026-02-15", "02:30", Some("2026-02-15T02:30+01:00[Africa/Casablanca]")),
            ("Africa/Casablanca", "2026-03-22", "02:30", Some("2026-03-22T03:00+01:00[Africa/Casablanca]")),
            ("Pacific/Apia", "2011-12-30", "09:00", None),
            ("Pacific/Apia", "2011-12-31", "09:00", Some("2011-12-31T09:00+14:00[Pacific/Apia]")),
            // At 23:00 on the 30th it was midnight of the 31st.
            ("America/Nuuk", "2024-03-30", "23:30", Some("2024-03-31T00:00-01:00[America/Nuuk]")),
        ] {
            let zone: Zone = zone.parse().unwrap();
            let slot = timing(at).slot(&zone, date(day)).map(|slot| slot.at);
            assert_eq!(slot, expect.map(moment), "{} {day} {at}", zone.name());
        }
    }

    #[test]
    fn r39_what_was_due_today_is_made_up_and_earlier_days_are_not() {
        let zone: Zone = "Asia/Kolkata".parse().unwrap();
        let nine = timing("09:00");
        let after = moment("2026-05-11T11:13[Asia/Kolkata]");
        let slot = Slot { date: date("2026-05-11"), at: moment("2026-05-11T09:00[Asia/Kolkata]") };
        assert_eq!(nine.turn(&zone, &[], after), Turn::Due(slot));
        assert!(slot.is_late(after) && !slot.is_late(Moment(slot.at.0 + 60_000)));
        let before = moment("2026-05-12T08:59[Asia/Kolkata]");
        assert_eq!(next(&nine, &zone, &[], before).date, date("2026-05-12"));
    }

    #[test]
    fn r40_a_time_saved_after_todays_slot_means_tomorrow() {
        let zone: Zone = "Europe/London".parse().unwrap();
        let saved = moment("2026-05-11T09:00:30[Europe/London]");
        let nine = Timing { counts_from: saved, ..timing("09:00") };
        assert_eq!(next(&nine, &zone, &[], saved).date, date("2026-05-12"));
        let ten = Timing { counts_from: saved, ..timing("10:00") };
        assert_eq!(next(&ten, &zone, &[], saved).date, date("2026-05-11"));
        // Today has succeeded: the later time is tomorrow's.
        let done = Tried { date: date("2026-05-11"), done: true, attempts: 1, ended_at: saved };
        assert_eq!(next(&ten, &zone, &[done], saved).date, date("2026-05-12"));
    }

    #[test]
    fn r38_changing_the_zone_never_repeats_a_date() {
        let (auckland, honolulu): (Zone, Zone) =
            ("Pacific/Auckland".parse().unwrap(), "Pacific/Honolulu".parse().unwrap());
        let ran = moment("2026-05-11T09:00[Pacific/Auckland]"); // the 10th in Honolulu
        let nine = timing("09:00");
        let done: Vec<Tried> = ["2026-05-10", "2026-05-11"]
            .map(|day| Tried { date: date(day), done: true, attempts: 1, ended_at: ran })
            .into();
        assert_eq!(next(&nine, &auckland, &done, ran).date, date("2026-05-12"));
        let moved = moment("2026-05-10T12:00[Pacific/Honolulu]");
        assert_eq!(next(&nine, &honolulu, &done, moved).date, date("2026-05-12"));
    }

    #[test]
    fn r38_a_failed_attempt_is_repeated_with_pauses_three_at_most_and_never_tomorrow() {
        let zone: Zone = "Asia/Kolkata".parse().unwrap();
        let nine = timing("09:00");
        let slot = nine.slot(&zone, date("2026-05-11")).unwrap();
        let at = |minutes: i64| Moment(slot.at.0 + minutes * 60_000);
        let failed =
            |attempts, minutes| [Tried { date: slot.date, done: false, attempts, ended_at: at(minutes) }];
        assert_eq!(nine.turn(&zone, &failed(1, 2), at(2)), Turn::Again { slot, from: at(3) });
        assert_eq!(nine.turn(&zone, &failed(1, 2), at(3)), Turn::Due(slot));
        assert_eq!(nine.turn(&zone, &failed(2, 4), at(5)), Turn::Again { slot, from: at(9) });
        assert_eq!(nine.turn(&zone, &failed(2, 4), at(9)), Turn::Due(slot));
        assert_eq!(next(&nine, &zone, &failed(3, 9), at(60)).date, date("2026-05-12"));
        let night = timing("23:58");
        let slot = night.slot(&zone, date("2026-05-11")).unwrap();
        let failed = [Tried { date: slot.date, done: false, attempts: 2, ended_at: slot.at }];
        assert_eq!(next(&night, &zone, &failed, slot.at).date, date("2026-05-12"));
    }

    /// Jumps from one turn to the next through two years, doing what is due, and asks whether every date that exists got
    /// its run, once, at the right instant.
    #[test]
    fn r38_a_year_of_every_odd_zone_misses_nothing_and_repeats_nothing() {
        for (zone, from, to) in [
            ("Australia/Lord_Howe", "2025-12-31", "2027-01-02"),
            ("Africa/Casablanca", "2025-12-31", "2027-01-02"),
            ("America/Santiago", "2025-12-31", "2027-01-02"),
            ("Pacific/Apia", "2011-01-01", "2012-12-31"),
            ("Europe/Dublin", "2025-12-31", "2027-01-02"),
            ("America/Nuuk", "2023-01-01", "2024-12-31"),
            ("Asia/Kathmandu", "2025-12-31", "2027-01-02"),
            ("America/New_York", "2025-12-31", "2027-01-02"),
            ("Antarctica/Troll", "2025-12-31", "2027-01-02"),
            ("Asia/Gaza", "2025-12-31", "2027-01-02"),
            ("America/Havana", "2025-12-31", "2027-01-02"),
            ("Pacific/Chatham", "2025-12-31", "2027-01-02"),
        ] {
            let zone: Zone = zone.parse().unwrap();
            // Around the hours at which clocks are changed, and some others.
            for minute in [0, 15, 30, 60, 75, 90, 119, 120, 135, 150, 180, 540, 1_290, 1_380, 1_410, 1_439] {
                let timing =
                    Timing { at: MinuteOfDay::from_minutes(minute).unwrap(), counts_from: Moment(i64::MIN) };
                let mut now = timing.slot(&zone, date(from)).unwrap().at;
                let end = timing.slot(&zone, date(to)).unwrap();
                let mut tried: Vec<Tried> = Vec::new();
                while now <= end.at {
                    match timing.turn(&zone, &tried[tried.len().saturating_sub(3)..], now) {
                        Turn::Due(slot) => {
                            assert_eq!(slot.at, now, "{} {slot:?}", zone.name());
                            tried.push(Tried { date: slot.date, done: true, attempts: 1, ended_at: now });
                        }
                        turn => {
                            assert!(turn.from() > now);
                            now = turn.from();
                        }
                    }
                }
                let mut expect = Vec::new();
                let mut day = date(from);
                while day <= date(to) {
                    // Apia went from the 29th to the 31st.
                    if !(zone.name() == "Pacific/Apia" && day == date("2011-12-30")) {
                        expect.push(day);
                    }
                    day = LocalDate(day.0.tomorrow().unwrap());
                }
                let ran: Vec<LocalDate> = tried.iter().map(|tried| tried.date).collect();
                assert_eq!(ran, expect, "{} at {}", zone.name(), timing.at);
            }
        }
    }

    #[test]
    fn the_next_run_in_words() {
        let zone: Zone = "Asia/Kolkata".parse().unwrap();
        let nine = timing("09:00");
        for (now, tried, expect) in [
            ("2026-05-11T08:00[Asia/Kolkata]", false, "Next run: today, 09:00 IST."),
            ("2026-05-11T09:00[Asia/Kolkata]", false, "Next run: now."),
            ("2026-05-11T11:13[Asia/Kolkata]", false, "Next run: at once. It was due at 09:00."),
            ("2026-05-11T11:13[Asia/Kolkata]", true, "Next run: tomorrow, 09:00 IST."),
        ] {
            let now = moment(now);
            let done = Tried { date: date("2026-05-11"), done: true, attempts: 1, ended_at: now };
            let tried: &[Tried] = if tried { &[done] } else { &[] };
            assert_eq!(next_run(&nine.turn(&zone, tried, now), &zone, now), expect);
        }
        let far = Turn::Next(nine.slot(&zone, date("2026-05-19")).unwrap());
        let now = moment("2026-05-11T08:00[Asia/Kolkata]");
        assert_eq!(next_run(&far, &zone, now), "Next run: Tuesday 19 May, 09:00 IST.");
    }
}
