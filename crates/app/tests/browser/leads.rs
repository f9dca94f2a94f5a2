//! The Leads page under the hands of people: conflicts, many at once, search, keyboard (R21a, R22, R24).

use crate::stage::on_both;

#[test]
fn r24_the_second_of_two_managers_is_told_who_was_first() {
    on_both(|stage| async move {
        let lead = stage.lead("Lea", 1, None).await;
        let (mira, noor) = (stage.window_of("Mira").await, stage.window_of("Noor").await);
        // Noor's page hears nothing any more: she decides on what she saw.
        for window in [&mira, &noor] {
            window.goes_to(&format!("/leads/{lead}")).await;
            window.reads_in("//*[@id='panel']", "Nobody").await;
        }
        noor.script("document.querySelector('#panel').removeAttribute('data-live')").await;
        for (window, agent) in [(&mira, "Asha"), (&noor, "Cara")] {
            window.presses("#panel .owner-picker > summary").await;
            window.presses_label("//*[@id='assign-options']", agent).await;
            window.presses("#panel .owner-picker form button[data-weight=primary]").await;
            if agent == "Asha" {
                window.reads("Assigned to Asha.").await;
            }
        }
        noor.reads_in("//*[@id='panel']", "Somebody else was here first. The lead was not assigned to Cara.")
            .await;
        noor.reads_in("//*[@id='panel']", "Mira assigned it at ").await;
        assert_eq!(stage.look(lead).await.0.as_deref(), Some("Asha"));
        noor.presses_label("//*[@id='panel']", "Show the present state").await;
        noor.reads_in("//*[@id='panel']//summary", "Asha").await;
    });
}

#[test]
fn r21a_ticked_leads_are_assigned_and_put_back_by_the_toast() {
    on_both(|stage| async move {
        let mut leads = Vec::new();
        for (number, name) in ["One", "Two", "Three", "Four"].into_iter().enumerate() {
            leads.push(stage.lead(name, number as u32, None).await);
        }
        let mira = stage.window_of("Mira").await;
        mira.finds(".lead-table").await;
        mira.marks().await;
        for lead in &leads[..2] {
            mira.presses(&format!("#lead-{lead} input[name=lead]")).await;
        }
        mira.reads_in("//*[@id='bulk']", "2 ticked").await;
        mira.presses("#bulk summary[data-key=a]").await;
        mira.presses_label("//*[@id='bulk-assign-options']", "Asha").await;
        mira.presses("#bulk button[formaction$='/assignment']").await;
        mira.reads_in("//*[@id='toasts']", "2 leads assigned to Asha.").await;
        mira.finds("#bulk:not([data-on])").await;
        mira.reads_in(&format!("//*[@id='lead-{}']", leads[0]), "Asha").await;
        assert_eq!(stage.look(leads[1]).await, (Some("Asha".into()), "Assigned".into()));
        mira.presses_label("//*[@id='toasts']", "Undo").await;
        mira.reads_in("//*[@id='toasts']", "2 leads put back").await;
        mira.reads_in(&format!("//*[@id='lead-{}']", leads[0]), "Nobody").await;
        for lead in leads {
            assert_eq!(stage.look(lead).await, (None, "Unassigned".into()));
        }
    });
}

#[test]
fn r22_all_that_match_are_set_beyond_the_page() {
    on_both(|stage| async move {
        for number in 0..55 {
            stage.lead(&format!("Lead {number}"), number, None).await;
        }
        let kept = stage.lead("Kept", 90, Some("Asha")).await;
        let mira = stage.window_of("Mira").await;
        mira.presses_label("//*[@id='leads']//nav", "Unassigned").await;
        mira.reads_in("//*[@id='leads']", "50 of 55 leads").await;
        mira.presses("input[data-ticks-all]").await;
        mira.reads_in("//*[@id='bulk']", "50 ticked").await;
        mira.presses("#bulk label.all").await;
        mira.reads_in("//*[@id='bulk']", "55 ticked").await;
        mira.presses_label("//*[@id='bulk']", "Set status").await;
        mira.chooses("#bulk-status", "Interested").await;
        mira.presses("#bulk button[formaction$='/status']").await;
        mira.reads_in("//*[@id='toasts']", "55 leads set to Interested.").await;
        mira.reads("No lead matches these filters").await;
        assert_eq!(stage.look(kept).await.1, "Assigned");
    });
}

#[test]
fn the_list_follows_what_is_typed_and_the_keyboard() {
    on_both(|stage| async move {
        let mut leads = Vec::new();
        for (number, name) in ["Zoe", "Yan", "Xenia", "Quentin"].into_iter().enumerate() {
            leads.push(stage.lead(name, number as u32, None).await);
        }
        let mira = stage.window_of("Mira").await;
        mira.finds(".lead-table").await;
        mira.marks().await;
        mira.keys("?").await;
        mira.finds("dialog#keyboard-help[open]").await;
        mira.presses("dialog#keyboard-help button").await;
        mira.loses("dialog[open]").await;

        mira.keys("/").await;
        mira.finds("#search:focus").await;
        mira.types("#search", "xen").await;
        mira.loses(&format!("#lead-{}", leads[0])).await;
        mira.finds(&format!("#lead-{}", leads[2])).await;
        assert_eq!(mira.path().await, "/leads?q=xen", "every state of the list has an address");
        mira.types("#search", "zzz").await;
        mira.reads("No lead matches").await;
        mira.is_not_reloaded().await;
        mira.goes_to("/leads").await;

        // The newest is first: Quentin, Xenia, Yan, Zoe.
        mira.finds(".lead-table").await;
        mira.keys("j").await;
        mira.finds(&format!("#lead-{} :focus", leads[3])).await;
        mira.keys("j").await;
        mira.finds(&format!("#lead-{} :focus", leads[2])).await;
        mira.keys("x").await;
        mira.finds(&format!("#lead-{} input:checked", leads[2])).await;
        mira.reads_in("//*[@id='bulk']", "1 ticked").await;
        mira.keys("a").await;
        mira.finds("#bulk details[open] summary[data-key=a]").await;
        // The first agent has the focus; a space chooses, Enter sends.
        mira.finds("#bulk-assign-options input:focus").await;
        mira.keys(" ").await;
        mira.keys("\u{e007}").await;
        mira.reads_in("//*[@id='toasts']", "1 lead assigned to Asha.").await;
        assert_eq!(stage.look(leads[2]).await.0.as_deref(), Some("Asha"));

        mira.goes_to("/leads").await;
        mira.finds(".lead-table").await;
        mira.keys("j").await;
        mira.finds(&format!("#lead-{} :focus", leads[3])).await;
        mira.keys("\u{e007}").await;
        mira.finds(&format!("#panel[data-lead='{}']", leads[3])).await;
        assert_eq!(mira.path().await, format!("/leads/{}", leads[3]));
        mira.keys("\u{e00c}").await;
        mira.finds("#panel:not([data-lead])").await;
    });
}
