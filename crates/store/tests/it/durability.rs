//! What was acknowledged is there after `kill -9`.

use crate::support::{child, in_child, make_marks, marking, marks};
use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
};
use store::{Missing, Store, testing::on_both_engines};

#[test]
fn an_acknowledged_commit_survives_the_death_of_the_process() {
    on_both_engines(|database| async move {
        make_marks(&database.store).await;
        for (round, patience) in (0..).zip([1, 7, 60, 200]) {
            let mut writer = child("durability::writes_until_killed", &database.location)
                .env("ROUND", round.to_string())
                .spawn()
                .expect("started");
            let mut acknowledged = BTreeSet::new();
            let lines = BufReader::new(writer.stdout.take().expect("piped")).lines();
            for line in lines {
                let line = line.expect("text");
                if let Some((_, number)) = line.split_once("acknowledged ") {
                    acknowledged.insert(number.parse::<i64>().expect("a number"));
                }
                if acknowledged.len() == patience {
                    writer.kill().expect("killed"); // what was printed before it died is read on
                }
            }
            writer.wait().expect("gone");
            assert!(acknowledged.len() >= patience);
            let there: BTreeSet<i64> = marks(&database.store).await.into_iter().collect();
            assert!(acknowledged.is_subset(&there), "{:?}", acknowledged.difference(&there));
            database.store.write(marking(-1 - round)).await.expect("and it goes on");
        }
    });
}

#[test]
#[ignore = "the child process of the test above"]
fn writes_until_killed() {
    in_child(|location| async move {
        let store = Store::open(&location, Missing::Refuse).await.expect("opened");
        let round: i64 = std::env::var("ROUND").expect("the parent says").parse().expect("a number");
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..4 {
            let store = store.clone();
            tasks.spawn(async move {
                for number in 0.. {
                    let number = round * 1_000_000_000 + task * 1_000_000 + number;
                    store.write(marking(number)).await.expect("written");
                    println!("\nacknowledged {number}");
                }
            });
        }
        tasks.join_all().await;
    });
}
