//! Long work on the pages: its bar, left and found again, and cancelled (R33, R42, R11).

use crate::stage::on_both_here;
use domain::progress::Step;
use store::{testing::Gate, work::WorkId};

#[test]
fn r42_a_run_is_left_in_the_middle_found_again_and_cancelled() {
    on_both_here(|stage| async move {
        let lead = stage.lead("Lea", 1, None).await;
        let before = stage.look(lead).await;
        let mut gate = Gate::at(stage.store(), Step::Dealing);
        let admin = stage.window_of("Admin").await;
        admin.goes_to("/leads").await;
        admin.presses_label("//main", "Run Now").await;
        admin.reads_in("//dialog[@id='dialog']", "Run now?").await;
        admin.presses("dialog#dialog form button[data-weight=primary]").await;
        let run = gate.stopped_run().await;
        // It takes longer than anybody waits, so here is its page, with the bar.
        let page = format!("/runs/{run}");
        admin.reads_in("//*[@id='run']", "You can leave this page; the run goes on.").await;
        assert_eq!(admin.path().await, page);
        admin.finds("#run progress[value='15']").await;
        admin.reads_in("//*[@id='run']", "Dealing 1 lead").await;

        // Left; another window finds it in the list, and the first one again by the card.
        admin.goes_to("/leads").await;
        admin.reads("Lea").await;
        let mira = stage.window_of("Mira").await;
        mira.goes_to("/runs").await;
        mira.presses(&format!("a[href='{page}']")).await;
        mira.finds("#run progress[value='15']").await;
        mira.marks().await;
        admin.goes_to("/settings/configurations").await;
        admin.reads_in("//*[@id='assignment-last-run']", "Dealing 1 lead").await;
        admin.goes_to(&page).await;
        admin.finds("#run progress[value='15']").await;

        admin.presses_label("//*[@id='run']", "Cancel").await;
        admin.reads_in("//*[@id='run']", "it is being cancelled.").await;
        mira.reads_in("//*[@id='run']", "it is being cancelled.").await;
        gate.opens();
        for window in [&admin, &mira] {
            window.reads_in("//*[@id='run']", "cancelled by Admin. No lead was changed.").await;
            window.loses("#run progress").await;
        }
        mira.is_not_reloaded().await;
        assert_eq!(stage.look(lead).await, before);
        assert_eq!(before, (None, "Unassigned".to_owned()));
    });
}

#[test]
fn r11_an_import_is_left_in_the_middle_found_again_and_cancelled() {
    on_both_here(|stage| async move {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("people.csv");
        std::fs::write(&file, "First Name,Phone\nLea,98765 43210\nLeo,98765 43211\n").expect("written");
        let mut gate = Gate::at(stage.store(), Step::Waiting);
        let mira = stage.window_of("Mira").await;
        mira.goes_to("/imports").await;
        mira.uploads("input[type=file]", &file).await;
        mira.reads_in("//*[@data-chosen]", "people.csv").await;
        mira.presses_label("//main//form", "Preview").await;
        mira.reads("Nothing is imported yet.").await;
        mira.presses(".import-preview button[data-weight=primary]").await;
        let WorkId::Import(import) = gate.stopped().await else {
            panic!("a run takes the step, not an import")
        };
        mira.reads_in("//*[@id='import']", "You can leave this page; the import goes on.").await;
        mira.finds("#import progress").await;
        mira.reads_in("//*[@id='import']", "reading, 100 %").await;

        mira.goes_to("/leads").await;
        mira.reads("No leads yet").await;
        mira.goes_to("/imports").await;
        mira.reads("Running, 50 %.").await;
        mira.presses_label("//main", "people.csv").await;
        mira.reads_in("//*[@id='import']", "reading, 100 %").await;
        assert_eq!(mira.path().await, format!("/imports/{import}"));

        mira.presses_label("//*[@id='import']", "Cancel").await;
        mira.reads_in("//*[@id='import']", "being cancelled").await;
        gate.opens();
        mira.reads_in("//*[@id='import']", "Cancelled by Mira. Nothing was imported.").await;
        mira.loses("#import progress").await;
        mira.goes_to("/leads").await;
        mira.reads("No leads yet").await;
    });
}
