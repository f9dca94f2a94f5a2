//! Everybody at once: people assign by hand, files come in, the job runs; afterwards every rule still holds.

use crate::office::{NOW, Office, on_both};
use actions::{
    assign_lead::{AssignLead, Assignment, assign_lead},
    import_leads::{Import, import_leads},
    lead_file::Limits,
    runs::Order,
};
use domain::{
    ids::UserId,
    job::Job,
    lead_list::{Filter, Sort},
    viewer::{Sight, Viewer},
};
use std::{collections::HashMap, sync::Arc};
use store::{Store, lists, runs::StartedBy, sql::Sql, users};

/// A generator of numbers that are the same every time (Numerical Recipes' ranqd1 over 64 bits).
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }
}

const HANDS: u64 = 8;
const HAND_MOVES: usize = 120;
const IMPORTS: usize = 2;
const IMPORTED: usize = 300;
const RUNS: usize = 3;

#[test]
fn r32_r41_hands_files_and_runs_at_once_keep_every_rule() {
    on_both(|database| async move {
        let office = Office::open(
            &database,
            "A cap 60; B cap 40; C cap 25 in Pune; D cap 10; E cap 90; F cap 1; G cap 0; H banned; I; J cap 30 in Goa",
        )
        .await
        .with("60 Unassigned; 40 Unassigned in Pune; 50 Missed; 30 Missed of A; 30 Missed of B; 8 Busy of D; 20 Missed of J; 5 Missed of H")
        .await
        .deals(&["Unassigned", "Missed"], allot::Strategy::EqualShares)
        .await;
        let mut tasks = tokio::task::JoinSet::new();
        for seed in 1..=HANDS {
            let office = (
                office.store.clone(),
                office.company.id,
                office.people.values().copied().collect::<Vec<_>>(),
            );
            tasks.spawn(async move { assign_by_hand(office, Draw(seed)).await });
        }
        for number in 0..IMPORTS {
            let (store, company) = (office.store.clone(), office.company.id);
            tasks.spawn(async move {
                let rows: Vec<String> =
                    (0..IMPORTED).map(|row| format!("N{row},+9188765{:05}", row + number * 200)).collect();
                let file =
                    std::io::Cursor::new(format!("First Name,Phone\n{}\n", rows.join("\n")).into_bytes());
                let order = Import {
                    company,
                    viewer: Viewer::Operator,
                    may_convert: false,
                    file_name: "race.csv".into(),
                    country: domain::phone::Country::from_code("IN").expect("a country"),
                    source: Some(format!("Expo {number}")),
                    branch: None,
                    department: None,
                    keeps_details: false,
                    limits: Limits::default(),
                };
                import_leads(&store, file, order, Arc::new(|| NOW), Arc::new(|_| {}))
                    .await
                    .expect("imported");
            });
        }
        for _ in 0..RUNS {
            let (store, company) = (office.store.clone(), office.company.clone());
            tasks.spawn(async move {
                // One at a time: who is refused asks again, until it has had a run.
                loop {
                    let order = Order::now(Job::Assignment, Viewer::Operator, StartedBy::Schedule);
                    let ran = actions::runs::run(&store, &company, order, &|| NOW).await;
                    match ran {
                        Ok(_) => return,
                        Err(actions::Error::Refused(_)) => tokio::task::yield_now().await,
                        Err(other) => panic!("{other}"),
                    }
                }
            });
        }
        tasks.join_all().await;
        office.well().await;
        office.run().await;
        replay(&office).await;
    });
}

async fn assign_by_hand(
    (store, company, people): (Store, domain::ids::CompanyId, Vec<UserId>),
    mut draw: Draw,
) {
    let mut moved = 0;
    for _ in 0..HAND_MOVES {
        let mut reader = store.read().await.expect("a reader");
        let page =
            lists::page(reader.session(), company, &Filter::default(), Sort::Newest, Sight::All, None, 100)
                .await
                .expect("a page");
        drop(reader);
        let line = &page.lines[draw.below(page.lines.len())];
        let order = AssignLead {
            company,
            viewer: Viewer::Operator,
            lead: line.id,
            version: line.version,
            to: people[draw.below(people.len())],
            exceed_cap: draw.below(10) == 0,
            now: NOW,
        };
        match assign_lead(&store, order).await.expect("no deadlock, no fault") {
            Assignment::Done { .. } => moved += 1,
            Assignment::NotFound => panic!("leads do not vanish"),
            _ => {}
        }
    }
    assert!(moved > 0);
}

/// Every timeline from its first entry on leads to what the lead is now, and no run gave anybody more than the cap.
async fn replay(office: &Office) {
    let mut reader = office.store.snapshot().await.expect("a reader");
    let (session, company) = (reader.session(), office.company.id.into());
    let caps: HashMap<UserId, Option<i64>> = users::members(session, office.company.id)
        .await
        .expect("members")
        .into_iter()
        .map(|member| (member.id, member.cap))
        .collect();

    let broken: i64 = session
        .one(
            &Sql::built(
                "SELECT COUNT(*) FROM leads l JOIN lead_events e ON e.company_id = l.company_id AND e.lead_id = l.id
                        AND e.entry = l.entries
                    WHERE l.company_id = $1 AND e.kind = 'assigned'
                        AND (l.owner_id <> e.to_owner_id OR l.status_id <> e.to_status_id)"
                    .into(),
            ),
            &[company],
            |row| row.get(0),
        )
        .await
        .expect("read");
    assert_eq!(broken, 0, "the last entry says where a lead is");
    let broken: i64 = session
        .one(
            &Sql::built(
                "SELECT COUNT(*) FROM lead_events a JOIN lead_events b ON b.company_id = a.company_id AND b.lead_id = a.lead_id
                        AND b.entry = a.entry + 1
                    WHERE a.company_id = $1 AND a.kind = 'assigned'
                        AND (a.to_owner_id <> COALESCE(b.from_owner_id, 0) OR a.to_status_id <> b.from_status_id)"
                    .into(),
            ),
            &[company],
            |row| row.get(0),
        )
        .await
        .expect("read");
    assert_eq!(broken, 0, "every entry goes on where the one before ended");

    let given: Vec<(i64, UserId, i64, i64, i64)> = session
        .rows(
            &Sql::built(
                "SELECT a.run_id, a.user_id, a.held, a.got, a.after FROM run_agents a WHERE a.company_id = $1 AND a.got > 0
                    ORDER BY a.run_id, a.user_id"
                    .into(),
            ),
            &[company],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
        )
        .await
        .expect("read");
    assert!(!given.is_empty(), "the runs gave something");
    for (run, agent, held, got, after) in given {
        let counted: i64 = session
            .one(
                &Sql::built(
                    "SELECT COUNT(*) FROM lead_events WHERE company_id = $1 AND run_id = $2 AND to_owner_id = $3".into(),
                ),
                &[company, run.into(), agent.into()],
                |row| row.get(0),
            )
            .await
            .expect("counted");
        assert_eq!(counted, got, "the record of run {run} says what the timelines say");
        if let Some(cap) = caps[&agent] {
            assert!(after <= cap, "run {run} lifted {agent} from {held} to {after}, the cap is {cap}");
        }
    }
}
