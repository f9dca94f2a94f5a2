//! The schedule: R38 to R41.

use crate::office::{NOW, Office, on_both};
use actions::{
    keep_time::{self, look},
    save_job::Change,
};
use domain::{
    job::Job,
    time::{Moment, Zone},
};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicI64, Ordering},
};
use store::{
    Missing, Store, jobs, params,
    runs::{self, StartedBy},
    sql::Sql,
    statuses,
};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn at(time: &str) -> Change {
    Change { enabled: Some(true), at: Some(time.parse().expect("a time")), ..Change::default() }
}

fn removal_at(time: &str) -> Change {
    Change { statuses: Some(vec!["Assigned".into()]), ..at(time) }
}

/// `assignment 2026-05-11 done`, oldest first.
async fn history(office: &Office) -> Vec<String> {
    let company = office.company.id;
    let found: store::Result<Vec<String>> = office
        .store
        .write(move |session| {
            Box::pin(async move {
                let sql = "SELECT job, slot_date, state FROM runs WHERE company_id = $1 AND started_by = 'schedule' ORDER BY id";
                session
                    .rows(&Sql::built(sql.into()), params![company], |row| {
                        let (job, date, state): (String, String, String) =
                            (row.get(0)?, row.get(1)?, row.get(2)?);
                        Ok(format!("{job} {date} {state}"))
                    })
                    .await
            })
        })
        .await;
    found.expect("read")
}

/// What the card says of the next run.
async fn next_run(office: &Office, job: Job, now: Moment) -> Option<String> {
    let last = actions::runs::last_run(&office.store, &office.company, job, now).await.expect("a last run");
    keep_time::next_run_of(&office.store, &office.company, job, &last, now).await.expect("said")
}

async fn alarm(office: &Office, now: Moment) -> Option<Moment> {
    let mut reader = office.store.read().await.expect("a reader");
    let due = jobs::due(reader.session(), now, 10).await.expect("due");
    if due.is_empty() { jobs::next_alarm(reader.session(), now).await.expect("next") } else { Some(now) }
}

async fn looks(office: &Office, now: Moment) -> usize {
    let looked = look(&office.store, office.company.id, &|| now).await.expect("looked");
    assert!(!looked.busy);
    looked.runs.len()
}

#[test]
fn r38_r40_jobs_of_one_minute_run_once_in_their_order_each_seeing_the_one_before() {
    on_both(|database| async move {
        // A stale lead comes back, is dealt again; the fresh one is left for the top-up.
        let office = Office::open(&database, "Asha cap 5; Ben cap 5")
            .await
            .with("Old Assigned of Asha born 2000; Fresh Unassigned")
            .await;
        let before = Moment(NOW.0 - HOUR);
        office.saves(Job::TopUp, at("09:00"), before).await;
        office.saves(Job::Assignment, at("09:00"), before).await;
        office.saves(Job::Removal, removal_at("09:00"), before).await;
        assert_eq!(alarm(&office, before).await, Some(NOW));
        assert_eq!(looks(&office, Moment(NOW.0 - 1)).await, 0, "not before its time");
        assert_eq!(looks(&office, NOW).await, 3);
        let day = ["removal 2026-05-11 done", "assignment 2026-05-11 done", "top-up 2026-05-11 done"];
        assert_eq!(history(&office).await, day);
        let numbers: Vec<(String, i64)> = {
            let mut reader = office.store.read().await.expect("a reader");
            let lines = runs::history(reader.session(), office.company.id, None, 10).await.expect("runs");
            lines.iter().rev().map(|line| (line.run.job.clone(), line.assigned)).collect()
        };
        assert_eq!(numbers, [("removal".into(), 1), ("assignment".into(), 2), ("top-up".into(), 0)]);
        assert_eq!(looks(&office, Moment(NOW.0 + MINUTE)).await, 0, "once a day");
        assert_eq!(alarm(&office, Moment(NOW.0 + MINUTE)).await, Some(Moment(NOW.0 + 24 * HOUR)));
        office.well().await;
    });
}

#[test]
fn r39_after_downtime_today_is_made_up_late_and_yesterday_is_not() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await.with("Lea Unassigned").await;
        office.saves(Job::Assignment, at("09:00"), Moment(NOW.0 - 72 * HOUR)).await;
        let back = Moment(NOW.0 + 2 * HOUR);
        assert_eq!(looks(&office, back).await, 1);
        assert_eq!(history(&office).await, ["assignment 2026-05-11 done"]);
        let last = actions::runs::last_run(&office.store, &office.company, Job::Assignment, back).await;
        let last = last.expect("a sentence");
        assert_eq!(last.sentence, "Last run: 2026-05-11 11:00 IST — 1 lead assigned across 1 agent.");
        assert_eq!(last.second_line, "Late: it was due at 09:00.");
    });
}

#[test]
fn r40_a_time_saved_after_todays_slot_means_tomorrow_and_the_card_says_so() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await.with("Lea Unassigned").await;
        office.saves(Job::Assignment, at("08:59"), NOW).await;
        let next = async || next_run(&office, Job::Assignment, NOW).await;
        assert_eq!(next().await.as_deref(), Some("Next run: tomorrow, 08:59 IST."));
        assert_eq!(looks(&office, NOW).await, 0);
        // What has nothing to do with the time leaves the time alone.
        let rest = Change { rest_hours: Some(5), ..Change::default() };
        let settings = office.saves(Job::Assignment, rest, Moment(NOW.0 + 25 * HOUR)).await.settings;
        assert_eq!(settings.counts_from, NOW);
        office.saves(Job::Assignment, at("09:30"), NOW).await;
        assert_eq!(next().await.as_deref(), Some("Next run: today, 09:30 IST."));
        let off = Change { enabled: Some(false), ..Change::default() };
        office.saves(Job::Assignment, off, NOW).await;
        assert_eq!(next().await, None);
        assert_eq!(alarm(&office, NOW).await, None, "nothing to wake up for");
    });
}

#[test]
fn r34_a_run_now_does_not_use_up_the_scheduled_one() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await.with("Lea Unassigned").await;
        office.saves(Job::Assignment, at("10:00"), NOW).await;
        office.run().await;
        assert_eq!(looks(&office, Moment(NOW.0 + HOUR)).await, 1);
        office.run().await;
        assert_eq!(looks(&office, Moment(NOW.0 + HOUR + MINUTE)).await, 0);
    });
}

/// A process that dies in the middle of the scheduled assignment leaves its record open.
async fn dies_in_mid_run(office: &Office, now: Moment) {
    let company = office.company.id;
    let opened: store::Result<_> = office
        .store
        .write(move |session| {
            Box::pin(async move {
                let zone: Zone = "Asia/Kolkata".parse().expect("a zone");
                let slot = domain::schedule::Slot { date: zone.local_date(now), at: NOW };
                let start = runs::Start { by: StartedBy::Schedule, actor: None, slot: Some(slot) };
                runs::start(session, company, Job::Assignment, &start, now).await
            })
        })
        .await;
    opened.expect("opened");
}

#[test]
fn r38_a_failed_attempt_is_repeated_and_given_up_after_the_third() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await.with("Lea Unassigned").await;
        office.saves(Job::Assignment, at("09:00"), Moment(NOW.0 - HOUR)).await;
        dies_in_mid_run(&office, NOW).await;
        // Whoever looks next closes the record, and waits a minute before the second attempt.
        let seen = Moment(NOW.0 + MINUTE / 2);
        assert_eq!(looks(&office, seen).await, 0);
        assert_eq!(history(&office).await, ["assignment 2026-05-11 failed"]);
        assert_eq!(alarm(&office, seen).await, Some(Moment(seen.0 + MINUTE)));
        dies_in_mid_run(&office, Moment(seen.0 + MINUTE)).await;
        let seen = Moment(seen.0 + MINUTE);
        assert_eq!(looks(&office, seen).await, 0);
        assert_eq!(alarm(&office, seen).await, Some(Moment(seen.0 + 5 * MINUTE)));
        dies_in_mid_run(&office, Moment(seen.0 + 5 * MINUTE)).await;
        let seen = Moment(seen.0 + 5 * MINUTE);
        assert_eq!(looks(&office, seen).await, 0);
        assert_eq!(looks(&office, Moment(seen.0 + HOUR)).await, 0, "given up for today");
        let tomorrow = Moment(NOW.0 + 24 * HOUR);
        assert_eq!(alarm(&office, seen).await, Some(tomorrow));
        assert_eq!(looks(&office, tomorrow).await, 1);
        let failed = "assignment 2026-05-11 failed";
        assert_eq!(history(&office).await, [failed, failed, failed, "assignment 2026-05-12 done"]);
        office.well().await;
    });
}

#[test]
fn r40_who_comes_later_in_a_minute_waits_for_an_earlier_one_that_is_tried_again() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha cap 5").await.with("Lea Unassigned").await;
        let before = Moment(NOW.0 - HOUR);
        office.saves(Job::TopUp, at("09:00"), before).await;
        office.saves(Job::Assignment, at("09:00"), before).await;
        dies_in_mid_run(&office, NOW).await;
        let seen = Moment(NOW.0 + MINUTE / 2);
        let lease = office.store.try_lease(office.company.id).await.expect("asked").expect("free");
        assert_eq!(
            next_run(&office, Job::Assignment, seen).await,
            None,
            "it is in progress, and has not failed"
        );
        assert_eq!(
            next_run(&office, Job::TopUp, seen).await.as_deref(),
            Some("Next run: now."),
            "what runs before it has not failed, and it comes as soon as that is done"
        );
        lease.release().await;
        assert_eq!(looks(&office, seen).await, 0, "the top-up would take what the assignment is to deal");
        for job in [Job::Assignment, Job::TopUp] {
            let next = next_run(&office, job, seen).await.expect("switched on");
            assert_eq!(next, "Next run: today, 09:01 IST, after an attempt that failed.", "{job:?}");
        }
        assert_eq!(alarm(&office, seen).await, Some(Moment(seen.0 + MINUTE)));
        assert_eq!(looks(&office, Moment(seen.0 + MINUTE)).await, 2);
        assert_eq!(
            history(&office).await,
            ["assignment 2026-05-11 failed", "assignment 2026-05-11 done", "top-up 2026-05-11 done"]
        );
        assert_eq!(office.places().await, "Lea Asha Assigned");
        office.well().await;
    });
}

#[test]
fn r41_many_nodes_look_at_once_and_one_runs() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha; Ben").await.with("40 Unassigned").await;
        office.saves(Job::Assignment, at("09:00"), Moment(NOW.0 - HOUR)).await;
        let nodes: Vec<Store> = {
            let mut nodes = vec![office.store.clone()];
            for _ in 0..3 {
                nodes.push(Store::open(&database.location, Missing::Refuse).await.expect("another node"));
            }
            nodes
        };
        let company = office.company.id;
        let mut looks = tokio::task::JoinSet::new();
        for node in nodes {
            looks.spawn(async move {
                loop {
                    let looked = look(&node, company, &|| NOW).await.expect("looked");
                    if !looked.busy {
                        return looked.runs.len();
                    }
                    tokio::task::yield_now().await;
                }
            });
        }
        let runs: usize = looks.join_all().await.into_iter().sum();
        assert_eq!(runs, 1);
        assert_eq!(history(&office).await, ["assignment 2026-05-11 done"]);
        office.well().await;
    });
}

/// A year of a company's life, and weeks in which other clocks are changed: the clock jumps from alarm to alarm, now and
/// then over days of downtime; beside it what a calendar says. (Years of all odd zones, at many times of the day: the
/// domain's test of the schedule.)
#[test]
fn r38_a_year_in_odd_zones_runs_every_date_once() {
    on_both(|database| async move {
        for (zone, from, days, time) in [
            ("Australia/Lord_Howe", "2026-01-01T00:00:00Z", 366, "02:15"),
            ("Africa/Casablanca", "2026-02-01T00:00:00Z", 60, "02:30"),
            ("America/Santiago", "2026-08-20T00:00:00Z", 30, "00:30"),
            ("Pacific/Apia", "2011-12-15T00:00:00Z", 30, "09:00"),
            ("Europe/Dublin", "2026-10-10T00:00:00Z", 30, "01:30"),
        ] {
            let office = Office::open(&database, "Asha").await;
            lives_in(&office, zone).await;
            let start = moment(from);
            office.saves(Job::Assignment, at(time), start).await;
            let zone: Zone = zone.parse().expect("a zone");
            let clock = AtomicI64::new(start.0);
            let end = Moment(start.0 + days * 24 * HOUR);
            let mut down = BTreeMap::new();
            let mut draw = 7_u64;
            while let Some(next) = alarm(&office, Moment(clock.load(Ordering::Relaxed))).await {
                draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Once in a while nobody is there for one to three days.
                let asleep = if draw >> 60 == 0 { (draw >> 32 & 0xff) as i64 * HOUR / 4 } else { 0 };
                let now = Moment(next.0 + asleep);
                if now > end {
                    break;
                }
                if asleep > 0 {
                    down.insert(zone.local_date(next), zone.local_date(now));
                }
                clock.store(now.0, Ordering::Relaxed);
                let looked = look(&office.store, office.company.id, &|| now).await.expect("looked");
                for (_, slot, report) in &looked.runs {
                    assert!(report.is_ok());
                    assert_eq!(
                        zone.local_date(now),
                        zone.local_date(slot.at),
                        "{}: only today's",
                        zone.name()
                    );
                }
            }
            let mut expect = Vec::new();
            let mut date = zone.local_date(start);
            let last = zone.local_date(Moment(clock.load(Ordering::Relaxed)));
            let minute = time.parse().expect("a time");
            while date <= last {
                let slept = down.iter().any(|(from, to)| *from <= date && date < *to);
                let woke_too_early = zone
                    .first_instant(date, minute)
                    .is_none_or(|slot| slot < start || slot.0 > clock.load(Ordering::Relaxed));
                if !slept && !woke_too_early {
                    expect.push(format!("assignment {date} done"));
                }
                date = zone.day_after(date, 1);
            }
            let ran = history(&office).await;
            assert!(ran.len() as i64 > days - days / 8 - 2, "{} runs in {}", ran.len(), zone.name());
            assert!(days < 100 || !down.is_empty(), "there was downtime");
            assert_eq!(ran, expect, "{}", zone.name());
            // Its alarm would ring for the next one, too.
            let off = Change { enabled: Some(false), ..Change::default() };
            office.saves(Job::Assignment, off, end).await;
        }
    });
}

fn moment(utc: &str) -> Moment {
    let [year, month, day] =
        [&utc[..4], &utc[5..7], &utc[8..10]].map(|part| part.parse::<i64>().expect("a number"));
    // Days since 1970 of a proleptic Gregorian date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Moment(days * 24 * HOUR)
}

async fn lives_in(office: &Office, zone: &'static str) {
    let company = office.company.id;
    let moved: store::Result<u64> = office
        .store
        .write(move |session| {
            Box::pin(async move {
                let sql = "UPDATE companies SET time_zone = $2 WHERE id = $1";
                session.execute(&Sql::built(sql.into()), params![company, zone]).await
            })
        })
        .await;
    assert_eq!(moved.expect("moved"), 1);
}

#[test]
fn an_alarm_is_set_for_whoever_has_something_switched_on_and_nobody_else() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha").await;
        assert_eq!(alarm(&office, NOW).await, None);
        office.saves(Job::Removal, removal_at("23:00"), NOW).await;
        office.saves(Job::TopUp, at("13:00"), NOW).await;
        assert_eq!(alarm(&office, NOW).await, Some(Moment(NOW.0 + 4 * HOUR)));
        let off = Change { enabled: Some(false), ..Change::default() };
        office.saves(Job::TopUp, off, NOW).await;
        assert_eq!(alarm(&office, NOW).await, Some(Moment(NOW.0 + 14 * HOUR)));
        let mut reader = office.store.read().await.expect("a reader");
        let known = statuses::list(reader.session(), office.company.id).await.expect("statuses");
        let saved =
            jobs::settings(reader.session(), office.company.id, Job::Removal, &known).await.expect("read");
        assert_eq!((saved.enabled, saved.at.to_string(), saved.counts_from), (true, "23:00".into(), NOW));
    });
}
