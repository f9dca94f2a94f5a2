//! Forms keep what was typed and mark the field that was refused; settings want one's own password (R8, R9, R16, R25,
//! R33, R34).

use crate::house::{Answer, PASSWORD, on_both};

/// The field of this name as it stands in the page: from its label to its end.
fn field<'a>(page: &'a Answer, name: &str) -> &'a str {
    let at = page
        .body
        .find(&format!(r#" name="{name}""#))
        .unwrap_or_else(|| panic!("no field {name}: {}", page.text()));
    let from = page.body[..at].rfind(r#"class="field"#).unwrap_or(0);
    let to = page.body[at..].find(r#"class="field"#).map_or(page.body.len(), |end| at + end);
    &page.body[from..to]
}

#[track_caller]
fn is_marked(page: &Answer, name: &str, why: &str) {
    let field = field(page, name);
    assert!(
        field.contains("aria-invalid=\"true\"") && field.contains(why),
        "{name} is not marked with {why:?}: {field}"
    );
}

#[test]
fn r8_r9_a_lead_by_hand_is_added_refused_or_known() {
    on_both(|house| async move {
        let mira = house.signed_in("Mira").await;
        let typed = [
            ("first_name", "Lea"),
            ("last_name", "Rao"),
            ("phone", "12"),
            ("email", "lea@rao.example"),
            ("tags", "hot, expo"),
        ];
        let refused = mira.post("/leads", &typed).await;
        assert_eq!(refused.status, 422);
        is_marked(&refused, "phone", "");
        for value in ["Lea", "Rao", "12", "lea@rao.example", "hot, expo"] {
            assert!(refused.body.contains(&format!(r#"value="{value}""#)), "{value} is kept");
        }
        let nameless = mira.post("/leads", &[("first_name", " "), ("phone", "9876543210")]).await;
        is_marked(&nameless, "first_name", "");

        let added = mira
            .does("/leads", &[("first_name", "Lea"), ("phone", "98765 43210"), ("tags", "hot, expo")])
            .await;
        added.says("The lead is added.");
        for tag in ["hot", "expo"] {
            added.says(tag);
        }
        let known = mira.post("/leads", &[("first_name", "Other"), ("phone", "+91 9876543210")]).await;
        assert_eq!(known.status, 422);
        known.says("Lea has this number already.");
        known.says("Open the lead");
    });
}

#[test]
fn r14_the_form_tells_an_agent_nothing_of_somebody_elses_lead() {
    on_both(|house| async move {
        let lead = house.lead("Leopold", Some("Ben")).await;
        let asha = house.signed_in("Asha").await;
        let panel = house.signed_in("Mira").await.get(&format!("/leads/{lead}")).await;
        let number =
            panel.body.split("tel:").nth(1).and_then(|rest| rest.split('"').next()).expect("a number");
        let known = asha.post("/leads", &[("first_name", "Lea"), ("phone", number)]).await;
        assert_eq!(known.status, 422);
        known.does_not_say("Leopold");
        assert!(!known.body.contains(&format!("/leads/{lead}")), "nor where it is");
        let given =
            [("first_name", "Lea"), ("phone", "9876543210"), ("owner", &*house.user("Ben").to_string())];
        assert_eq!(asha.post("/leads", &given).await.status, 403, "an agent gives leads to nobody");
    });
}

#[test]
fn users_are_added_and_edited_with_each_mistake_at_its_field() {
    on_both(|house| async move {
        let admin = house.signed_in("Admin").await;
        let good = [
            ("name", "Dev"),
            ("email", "dev@acme.example"),
            ("role", "Agent"),
            ("cap", "25"),
            ("branch", "Pune"),
        ];
        let changed = |name: &'static str, value: &'static str| {
            good.iter().map(|field| if field.0 == name { (name, value) } else { *field }).collect::<Vec<_>>()
        };
        for (name, value) in [
            ("name", " "),
            ("email", "dev"),
            ("email", "asha@acme.example"),
            ("cap", "-1"),
            ("cap", "many"),
            ("role", "Wizard"),
        ] {
            let refused = admin.post("/users", &changed(name, value)).await;
            assert_eq!(refused.status, 422, "{name} = {value}");
            is_marked(&refused, name, "");
            let kept = if name == "branch" { "Dev" } else { "Pune" };
            assert!(refused.body.contains(&format!(r#"value="{kept}""#)), "what was typed is kept");
        }
        admin.does("/users", &good).await.says("Dev is added.");
        let asha = format!("/users/{}", house.user("Asha"));
        let edit = [
            ("name", "Asha R"),
            ("email", "asha@acme.example"),
            ("role", "Agent"),
            ("cap", ""),
            ("branch", ""),
        ];
        admin.does(&asha, &edit).await.says("Saved.");
        admin.get("/users").await.says("Asha R");
        let last = format!("/users/{}", house.user("Admin"));
        let refused = admin.post(&format!("{last}/ban"), &[("banned", "yes")]).await;
        assert_eq!(refused.status, 422, "a company keeps an active admin (R13): {}", refused.text());
        assert_eq!(admin.get("/users").await.status, 200);
    });
}

#[test]
fn r25_settings_are_saved_with_ones_own_password_only() {
    on_both(|house| async move {
        let admin = house.signed_in("Admin").await;
        admin.get("/settings/configurations").await.says("Never run.");
        let (unassigned, assigned) = (house.status("Unassigned").await, house.status("Assigned").await);
        let sent = |status: &str, at: &str, password: &str| {
            [
                ("enabled", "on".to_owned()),
                ("statuses", status.to_owned()),
                ("at", at.to_owned()),
                ("strategy", "level-queues".to_owned()),
                ("order", "oldest".to_owned()),
                ("rest_hours", "12".to_owned()),
                ("password", password.to_owned()),
            ]
        };
        let save = async |form: &[(&str, String); 7]| {
            let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, &**value)).collect();
            admin.post("/settings/jobs/assignment", &form).await
        };
        let refused = save(&sent(&unassigned, "08:30", "wrong horse")).await;
        assert_eq!(refused.status, 422);
        is_marked(&refused, "password", "");
        assert!(field(&refused, "at").contains(r#"value="08:30""#), "what was typed is kept");
        assert!(!refused.body.contains("wrong horse"), "but for the password");
        for (status, at) in [(&*assigned, "08:30"), ("", "08:30"), (&*unassigned, "25:00")] {
            let refused = save(&sent(status, at, PASSWORD)).await;
            assert_eq!(refused.status, 422, "statuses {status:?} at {at}");
        }
        let fresh = admin.get("/settings/configurations").await;
        assert!(
            field(&fresh, "at").contains(r#"value="09:00""#),
            "nothing was saved: {}",
            field(&fresh, "at")
        );

        let saved = save(&sent(&unassigned, "08:30", PASSWORD)).await;
        assert_eq!(saved.status, 303, "{}", saved.text());
        let page = admin.get("/settings/configurations").await;
        page.says("The settings are saved.");
        assert!(field(&page, "at").contains(r#"value="08:30""#));
    });
}

#[test]
fn r33_r34_run_now_asks_with_the_preview_and_its_sentence_is_shown() {
    on_both(|house| async move {
        let admin = house.signed_in("Admin").await;
        for number in 0..3 {
            house.lead(&format!("Lead {number}"), None).await;
        }
        // Asha and Cara have no room any more, Ben has room for one.
        for (name, cap) in [("Asha", "0"), ("Cara", "0")] {
            let edit =
                [("name", name), ("email", &*crate::house::email_of(name)), ("role", "Agent"), ("cap", cap)];
            admin.does(&format!("/users/{}", house.user(name)), &edit).await;
        }
        let asked = admin.get("/settings/jobs/assignment/run").await;
        asked.says("Run now?");
        asked.says("1 lead");
        asked.says("Ben");
        assert_eq!(asked.status, 200);
        let told = admin.does("/settings/jobs/assignment/run", &[]).await;
        let sentence =
            "Last run: 2026-05-11 09:00 IST — 1 lead assigned across 1 agent, 2 unassigned (agents at cap).";
        told.says(sentence);
        admin.get("/settings/configurations").await.says(sentence);
        let runs = admin.get("/runs").await;
        runs.says("Admin");
        let links = runs.body.split(r#"href="/runs/"#).skip(1).filter_map(|rest| rest.split('"').next());
        let run = links.into_iter().find(|run| run.parse::<i64>().is_ok()).expect("a run");
        admin.get(&format!("/runs/{run}")).await.says("Ben");
        // The manager starts it from the leads; the page of the settings is not theirs.
        let mira = house.signed_in("Mira").await;
        let answer = mira.post("/settings/jobs/assignment/run", &[]).await;
        let told = mira.get(answer.location().expect("a way on")).await;
        assert_eq!(told.status, 200, "whoever may start a run is shown how it went: {}", told.text());
        told.says("0 leads assigned");
    });
}

fn job_form<'a>(statuses: &[&'a str], at: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![("enabled", "on"), ("at", at), ("password", PASSWORD)];
    form.extend(statuses.iter().map(|status| ("statuses", *status)));
    form.extend(more);
    form
}

#[test]
fn r35_r38_a_top_up_is_saved_and_the_card_says_when_it_runs() {
    on_both(|house| async move {
        let admin = house.signed_in("Admin").await;
        let unassigned = house.status("Unassigned").await;
        let missed = house.status("Missed").await;
        let card = |page: &str| page.split(r#"id="top-up""#).nth(1).expect("the card").to_owned();
        let page = admin.get("/settings/configurations").await;
        assert!(card(&page.body).contains("Daily lead top-up"));
        // It is 09:00: a time that has passed means tomorrow, one to come today (R40).
        for (at, expect) in
            [("08:00", "Next run: tomorrow, 08:00 IST."), ("13:00", "Next run: today, 13:00 IST.")]
        {
            let form = job_form(&[&unassigned, &missed], at, &[("order", "oldest")]);
            let saved = admin.post("/settings/jobs/top-up", &form).await;
            assert_eq!(saved.status, 303, "{}", saved.text());
            let page = admin.get("/settings/configurations").await;
            page.says("The settings are saved.");
            assert!(card(&page.body).contains(expect), "{at}: {}", card(&page.body));
        }
        // R35: the assignment at noon takes the same leads first.
        let form = job_form(
            &[&unassigned],
            "12:00",
            &[("strategy", "equal-shares"), ("order", "newest"), ("rest_hours", "20")],
        );
        let told = admin.does("/settings/jobs/assignment", &form).await;
        told.says("Auto lead assignment takes the same leads first");
        for number in 0..2 {
            house.lead(&format!("Lead {number}"), None).await;
        }
        admin.get("/settings/jobs/top-up/preview").await.says("would go to");
        let asked = admin.get("/settings/jobs/top-up/run").await;
        let basis =
            asked.body.split(r#"name="preview" value=""#).nth(1).and_then(|rest| rest.split('"').next());
        let basis = basis.expect("what the preview went by").to_owned();
        house.lead("One more", None).await;
        let told = admin.does("/settings/jobs/top-up/run", &[("preview", &*basis)]).await;
        told.says("Since the preview: 1 more lead to look at.");
    });
}

#[test]
fn r37_a_removal_is_saved_once_its_number_was_shown() {
    on_both(|house| async move {
        let admin = house.signed_in("Admin").await;
        let assigned = house.status("Assigned").await;
        let page = admin.get("/settings/configurations").await;
        assert!(
            page.body.contains("hx-get=\"/settings/jobs/removal/would-take\""),
            "asked for while it is chosen"
        );
        let asked =
            admin.get(&format!("/settings/jobs/removal/would-take?statuses={assigned}&stale_days=30")).await;
        asked.says("With these settings it would take 0 leads today.");
        admin.get("/settings/jobs/removal/would-take?stale_days=0").await.does_not_say("it would take");
        // Without scripting the first press on Save shows it, and the second saves.
        let form = job_form(&[&assigned], "07:00", &[("stale_days", "30")]);
        let first = admin.post("/settings/jobs/removal", &form).await;
        assert_eq!(first.status, 422);
        first.says("With these settings it would take 0 leads today. Press Save again if that is right.");
        assert!(first.body.contains(r#"name="would_take" value="0""#));
        let form = job_form(&[&assigned], "07:00", &[("stale_days", "30"), ("would_take", "0")]);
        assert_eq!(admin.post("/settings/jobs/removal", &form).await.status, 303);
        let refused = job_form(&[&assigned], "07:00", &[("stale_days", "0"), ("would_take", "0")]);
        let refused = admin.post("/settings/jobs/removal", &refused).await;
        assert_eq!(refused.status, 422);
        refused.says("number from 1 to");
        let told = admin.does("/settings/jobs/removal/run", &[]).await;
        told.says("0 stale leads returned to Unassigned.");
        assert_eq!(admin.get("/settings/jobs/nonsense/preview").await.status, 404);
    });
}
