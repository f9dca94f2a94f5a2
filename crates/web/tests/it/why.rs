//! Why this agent, and one run in full: R14, R44, R46.

use crate::house::{House, NOW, Visitor, on_both};
use axum::body::Body;
use domain::ids::{LeadId, RunId};
use std::collections::BTreeSet;
use store::{
    params,
    runs::{self, Record},
    sql::Sql,
};

/// Starts the run of the automatic assignment by the page, and says which it is.
async fn run(house: &House, by: &Visitor) -> RunId {
    by.does("/settings/jobs/assignment/run", &[]).await.says("assigned across");
    let mut reader = house.store.read().await.expect("a reader");
    let latest =
        runs::latest(reader.session(), house.company, domain::job::Job::Assignment, 1).await.expect("asked");
    latest.first().expect("a run").id
}

/// Changes people behind the pages' back.
async fn people(house: &House, name: &'static str, cap: Option<i64>, new_name: &'static str) {
    let company = house.company;
    let user = house.user(name);
    let changed: store::Result<u64> = house
        .store
        .write(move |session| {
            Box::pin(async move {
                let sql = "UPDATE users SET lead_cap = $3, name = $4 WHERE company_id = $1 AND id = $2";
                session.execute(&Sql::built(sql.into()), params![company, user, cap, new_name]).await
            })
        })
        .await;
    assert_eq!(changed.expect("changed"), 1);
}

/// The numbers of the leads whose explanation by this run is linked to between two headings.
fn explained(page: &str, from: &str, run: RunId) -> Vec<i64> {
    let part = page.split(&format!(r#"id="{from}""#)).nth(1).unwrap_or_default();
    let part = part.split("</section>").next().unwrap_or_default();
    let end = format!("/why?run={run}\"");
    part.split(r#"<a href="/leads/"#)
        .skip(1)
        .filter_map(|link| link.split_once(&end))
        .filter_map(|(lead, _)| lead.parse().ok())
        .collect()
}

#[test]
fn r44_r14_whoever_may_see_a_lead_is_told_why_it_is_whose() {
    on_both(|house| async move {
        let lead = house.lead("Lea", None).await;
        let (admin, asha, ben) =
            (house.signed_in("Admin").await, house.signed_in("Asha").await, house.signed_in("Ben").await);
        let path = format!("/leads/{lead}/why");
        admin.get(&path).await.says("no run has looked at it");
        people(&house, "Ben", Some(0), "Ben").await;
        people(&house, "Cara", Some(0), "Cara").await;
        let run = run(&house, &admin).await;
        assert_eq!(house.look(lead).await.0.as_deref(), Some("Asha"));

        // The entry of the timeline leads to it: in the owner's words, and in others'.
        let link = format!("{path}?run={run}");
        for (visitor, words, shows_run) in [(&asha, ">Why me?<", false), (&admin, ">Why?<", true)] {
            let panel = visitor.get(&format!("/leads/{lead}")).await;
            assert!(
                panel.body.contains(words) && panel.body.contains(&format!("\"{link}\"")),
                "{}",
                panel.text()
            );
            assert_eq!(panel.text().contains("Show the run"), shows_run);
        }
        for (visitor, path) in [(&asha, &link), (&admin, &link), (&admin, &path)] {
            let page = visitor.get(path).await;
            assert_eq!(page.status, 200, "{path}");
            page.says("Why Asha?");
            page.says("Lea · the run of 2026-05-11 09:00 IST");
            page.says("Nobody else of the 3 who may have it had room left for it. Two are given nothing automatically.");
            page.says("a cap of 0 gives nothing automatically");
        }
        // Who may not look at runs finds no way there.
        assert!(!asha.get(&link).await.body.contains(&format!("\"/runs/{run}\"")));
        assert!(admin.get(&link).await.body.contains(&format!("\"/runs/{run}\"")));
        // In the dialog it is the same content.
        assert!(admin.swapping().get(&link).await.body.contains("id=\"dialog-body\""));

        for path in [&link, &path] {
            assert_eq!(ben.get(path).await.status, 404, "{path}");
        }
        for path in [format!("{path}?run=999999"), "/leads/999999/why".into(), format!("{path}?run=x")] {
            assert_eq!(admin.get(&path).await.status, 404, "{path}");
        }
    });
}

#[test]
fn r46_r44_a_run_is_shown_in_full_with_every_lead() {
    on_both(|house| async move {
        let admin = house.signed_in("Admin").await;
        people(&house, "Asha", Some(60), "Asha").await;
        people(&house, "Ben", Some(0), "Ben").await;
        people(&house, "Cara", Some(0), "Cara").await;
        let mut leads = BTreeSet::new();
        for number in 0..120 {
            leads.insert(house.lead(&format!("L{number}"), None).await.0);
        }
        let run = run(&house, &admin).await;
        let first = admin.get(&format!("/runs/{run}")).await;
        for said in [
            "60 leads assigned across 1 agent, 60 unassigned (agents at cap).",
            "Fairness check passed",
            "a second calculation",
            "Started by Admin",
            "Started 2026-05-11 09:00 IST",
            "Leads assigned 60",
            "Dealt out Unassigned: equal shares",
            "Left over 60 (agents at cap: 60)",
            "Not considered 0",
        ] {
            first.says(said);
        }
        // Page by page, all of them once.
        let mut found: [BTreeSet<i64>; 2] = [BTreeSet::new(), BTreeSet::new()];
        for (part, found) in ["moved", "left"].into_iter().zip(&mut found) {
            let mut behind = 0;
            for (pages, expect) in [(1, 50), (2, 10)] {
                let page = admin.get(&format!("/runs/{run}?{part}={behind}")).await;
                let shown = explained(&page.body, part, run);
                assert_eq!(shown.len(), expect, "{part}, page {pages}: {}", page.text());
                let next = format!("{part}={}", shown[shown.len() - 1]);
                assert_eq!(page.body.contains(&next), pages == 1, "{part}, page {pages}");
                behind = shown[shown.len() - 1];
                found.extend(shown);
            }
            assert_eq!(found.len(), 60);
        }
        for lead in &leads {
            let owner = house.look(LeadId(*lead)).await.0;
            assert_eq!(found[0].contains(lead), owner.as_deref() == Some("Asha"), "{lead}");
            assert_eq!(found[1].contains(lead), owner.is_none(), "{lead}");
        }
        let nobodys = found[1].first().expect("one");
        admin.get(&format!("/leads/{nobodys}/why?run={run}")).await.says("Why nobody?");
        // A bulk change has no rules to explain.
        let lead = format!("{nobodys}:1");
        let asha = house.user("Asha").to_string();
        let form = [("lead", &*lead), ("agent", &*asha), ("exceed_cap", "on")];
        admin.does("/leads/selection/assignment", &form).await.says("1 lead assigned to Asha");
        let mut reader = house.store.read().await.expect("a reader");
        let latest = runs::history(reader.session(), house.company, None, 1).await.expect("asked");
        drop(reader);
        let page = admin.get(&format!("/runs/{}", latest[0].run.id)).await;
        page.says("Leads it changed");
        page.does_not_say("Fairness check");
        page.does_not_say("Why?");
    });
}

#[test]
fn r14_a_manager_of_a_branch_sees_only_its_leads_on_the_page_of_a_run() {
    on_both(|house| async move {
        let admin = house.signed_in("Admin").await;
        let (mira, company) = (house.user("Mira"), house.company);
        let moved: store::Result<u64> = house
            .store
            .write(move |session| {
                Box::pin(async move {
                    let sql =
                        "UPDATE users SET branch_id = (SELECT MIN(id) FROM branches WHERE company_id = $1)
                        WHERE company_id = $1 AND id = $2";
                    session.execute(&Sql::built(sql.into()), params![company, mira]).await
                })
            })
            .await;
        assert_eq!(moved.expect("moved"), 1);
        for number in 0..6 {
            house.lead(&format!("L{number}"), None).await;
        }
        let run = run(&house, &admin).await;
        let path = format!("/runs/{run}");
        let all = explained(&admin.get(&path).await.body, "moved", run);
        let hers = explained(&house.signed_in("Mira").await.get(&path).await.body, "moved", run);
        let mut of_cara = Vec::new();
        for lead in &all {
            if house.look(LeadId(*lead)).await.0.as_deref() == Some("Cara") {
                of_cara.push(*lead);
            }
        }
        assert_eq!(all.len(), 6);
        assert!(!of_cara.is_empty() && of_cara.len() < 6, "{of_cara:?}");
        assert_eq!(hers, of_cara, "Mira is of Pune, as Cara is");
    });
}

#[test]
fn r46_runs_and_their_agents_are_files() {
    on_both(|house| async move {
        let admin = house.signed_in("Admin").await;
        people(&house, "Cara", Some(1), "=Cara, \"the\" Great").await;
        people(&house, "Ben", Some(0), "Ben").await;
        for name in ["Lea", "Leo", "Lou"] {
            house.lead(name, None).await;
        }
        let run = run(&house, &admin).await;
        let file = admin.get(&format!("/runs/{run}/agents.csv")).await;
        assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
        let name = format!("attachment; filename=\"run-{run}-agents.csv\"");
        assert_eq!(file.header("content-disposition"), Some(&*name));
        let started = "2026-05-11T09:00:00+05:30";
        assert_eq!(
            file.body,
            format!(
                "\u{feff}Run,Started,Agent,Held before,Lead cap,Got,Gave,Held after\r\n\
                 {run},{started},Asha,0,50,2,0,2\r\n\
                 {run},{started},Ben,0,0,0,0,0\r\n\
                 {run},{started},\"'=Cara, \"\"the\"\" Great\",0,1,1,0,1\r\n"
            )
        );

        // More runs than fit into a piece.
        let company = house.company;
        let recorded: store::Result<()> = house
            .store
            .write(move |session| {
                Box::pin(async move {
                    for _ in 0..1_100 {
                        let record = Record {
                            id: runs::new_id(session).await?,
                            job: "by hand",
                            actor: None,
                            at: NOW,
                            assigned: 1,
                            summary: r#"{"verb":"spread","agents":1,"changed":1,"unchanged":0}"#,
                            undoes: None,
                            agents: &[],
                        };
                        runs::record(session, company, record).await?;
                    }
                    Ok(())
                })
            })
            .await;
        recorded.expect("recorded");
        // As a browser asks: whoever compresses the file asks for a piece more after its end.
        let asked = admin.request("GET", "/runs/history.csv").header("accept-encoding", "gzip, br");
        let packed = admin.packed(asked.body(Body::empty()).expect("a request")).await;
        assert!(packed > 1_000, "a whole file, and not {packed} bytes");
        let file = admin.get("/runs/history.csv").await;
        assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"runs.csv\""));
        let mut lines = file.body.split_terminator("\r\n");
        assert!(lines.next().expect("a head").starts_with("\u{feff}Run,Job,Started by,"));
        let lines: Vec<&str> = lines.collect();
        let ids: BTreeSet<&str> = lines.iter().filter_map(|line| line.split(',').next()).collect();
        assert_eq!((lines.len(), ids.len()), (1_101, 1_101));
        assert_eq!(
            lines[1_100],
            format!(
                "{run},Auto lead assignment,Admin,{started},{started},0.000,done,3,2,0,0,3 leads assigned across 2 agents.,"
            )
        );
        let newest = lines[0].split_once(',').map(|(_, rest)| rest);
        let line = format!(
            "Bulk change,Command line,{started},{started},0.000,done,1,0,0,0,1 lead spread over 1 agent.,"
        );
        assert_eq!(newest, Some(&*line));
    });
}
