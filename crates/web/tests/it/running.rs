//! A run in progress on the pages: its bar, found again, and cancelled (R33, R42).

use crate::house::on_both;
use domain::progress::Step;
use store::{testing::Gate, work::WorkId};

const RUN_NOW: &str = "/settings/jobs/assignment/run";

#[test]
fn r34_run_now_does_not_keep_waiting_and_the_run_is_found_again_and_cancelled() {
    on_both(|house| async move {
        let lead = house.lead("Lea", None).await;
        let before = house.look(lead).await;
        let (admin, mira) = (house.signed_in("Admin").await, house.signed_in("Mira").await);
        let mut gate = Gate::at(&house.store, Step::Dealing);
        let answer = admin.post(RUN_NOW, &[]).await;
        let run = gate.stopped_run().await;
        let page = format!("/runs/{run}");
        assert_eq!((answer.status, answer.location()), (303, Some(page.as_str())), "it goes on by itself");
        // Left, and found again: from another window, on its page, on the card and in the list.
        for visitor in [&admin, &mira] {
            let found = visitor.get(&page).await;
            found.says("Running since 2026-05-11 09:00 IST.");
            found.says("Dealing 1 lead");
            found.says("You can leave this page; the run goes on.");
            assert!(found.body.contains(&format!("action=\"{page}/cancel\"")), "{}", found.body);
            assert!(found.body.contains("<progress value=\"15\" max=\"100\""), "{}", found.body);
        }
        let card = admin.get("/settings/configurations").await;
        card.says("Dealing 1 lead");
        assert!(card.body.contains(&format!("href=\"{page}/cancel\"")), "{}", card.body);
        mira.get("/runs").await.says("running");
        let refused = mira.does(RUN_NOW, &[]).await;
        refused.says("A run of this company is in progress");
        // Asked first, then cancelled, by somebody else than who started it.
        mira.get(&format!("{page}/cancel")).await.says("Cancel this run?");
        let asked = mira.does(&format!("{page}/cancel"), &[]).await;
        asked.says("The run is about to stop.");
        asked.says("it is being cancelled");
        assert!(!asked.body.contains(&format!("action=\"{page}/cancel\"")), "it is asked for already");
        gate.opens();
        house.store.work_ended(house.company, WorkId::Run(run)).await;
        let told = "Last run: 2026-05-11 09:00 IST — cancelled by Mira. No lead was changed.";
        admin.get(&page).await.says(told);
        admin.get("/settings/configurations").await.says(told);
        admin.get("/runs").await.says("cancelled");
        assert_eq!(house.look(lead).await, before);
        // It is over.
        mira.does(&format!("{page}/cancel"), &[]).await.says("The run had stopped already.");
        house.store.at_each_step(None);
        let told = admin.does(RUN_NOW, &[]).await;
        told.says("1 lead assigned across 1 agent.");
        let done = format!("/runs/{}", run.0 + 1);
        admin.does(&format!("{done}/cancel"), &[]).await.says("The run was done already.");
    });
}

#[test]
fn r33_whoever_watches_a_run_hears_its_steps_and_its_end() {
    on_both(|house| async move {
        house.lead("Lea", None).await;
        let admin = house.signed_in("Admin").await;
        house.hears_news().await;
        let mut gate = Gate::at(&house.store, Step::Dealing);
        let mut stream = admin.listen().await;
        let answer = admin.post(RUN_NOW, &[]).await;
        gate.stopped().await;
        let page = answer.location().expect("its page").to_owned();
        stream.until("run").await;
        admin.get(&page).await.says("Dealing 1 lead");
        gate.opens();
        loop {
            let now = admin.get(&page).await;
            if now.text().contains("1 lead assigned across 1 agent.") {
                assert!(!now.body.contains("every 1s"), "a finished run is not asked for");
                break;
            }
            stream.until("run").await;
        }
    });
}

#[test]
fn r11_an_import_is_cancelled_on_its_page() {
    on_both(|house| async move {
        let (mira, noor) = (house.signed_in("Mira").await, house.signed_in("Noor").await);
        let mut gate = Gate::at(&house.store, Step::Looking);
        let file = b"First Name,Phone\nLea,98765 43210\n";
        let preview = mira.upload("/imports", "people.csv", file).await;
        let preview = preview.location().expect("a preview").to_owned();
        let answer = mira.post(&format!("{preview}/import"), &[]).await;
        let import = answer.location().expect("its page").to_owned();
        let work = gate.stopped().await;
        let page = noor.get(&import).await;
        assert!(page.body.contains(&format!("action=\"{import}/cancel\"")), "{}", page.body);
        let asked = noor.does(&format!("{import}/cancel"), &[]).await;
        asked.says("The import is about to stop.");
        asked.says("being cancelled");
        gate.opens();
        house.store.work_ended(house.company, work).await;
        let told = "Cancelled by Noor. Nothing was imported.";
        mira.get(&import).await.says(told);
        mira.get("/imports").await.says(told);
        mira.get("/leads").await.says("No leads yet");
        mira.does(&format!("{import}/cancel"), &[]).await.says("The import had stopped already.");
    });
}
