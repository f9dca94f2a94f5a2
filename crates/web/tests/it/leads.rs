//! What a person does to leads, one or many, and what an agent sees of them (R14, R15, R18, R21–R24).

use crate::house::{House, Visitor, on_both};
use domain::ids::LeadId;

/// The fields that *All that match* sends with the list it stands on.
async fn all_that_match(visitor: &Visitor, path: &str) -> Vec<(String, String)> {
    let list = visitor.get(path).await.body;
    let mut fields = vec![("all".to_owned(), "on".to_owned())];
    for name in ["filter", "shelf", "shown", "as_of", "back"] {
        let value = list.split(&format!(r#"name="{name}" value=""#)).nth(1).expect(name);
        let value = value.split('"').next().expect("a value").replace("&amp;", "&");
        fields.push((name.to_owned(), value));
    }
    fields
}

async fn row(house: &House, lead: LeadId) -> String {
    format!("{lead}:{}", house.look(lead).await.2)
}

fn pairs(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (&**name, &**value)).collect()
}

#[test]
fn r14_an_agent_sees_their_own_leads_everywhere_and_no_others() {
    on_both(|house| async move {
        let own = house.lead("Lea", Some("Asha")).await;
        let other = house.lead("Leopold", Some("Ben")).await;
        let nobodys = house.lead("Leonie", None).await;
        let asha = house.signed_in("Asha").await;
        for path in
            ["/leads", "/leads?q=le", "/leads?owner=nobody", "/tasks", "/dashboard", &format!("/leads/{own}")]
        {
            let page = asha.get(path).await;
            assert_eq!(page.status, 200, "{path}");
            page.does_not_say("Leopold");
            page.does_not_say("Leonie");
        }
        asha.get("/leads?q=le").await.says("Lea");
        asha.get(&format!("/leads?owner={}", house.user("Ben"))).await.does_not_say("Leopold");
        for lead in [other, nobodys] {
            for path in [format!("/leads/{lead}"), format!("/leads/{lead}/fields")] {
                assert_eq!(asha.get(&path).await.status, 404, "{path}");
            }
            let before = house.look(lead).await;
            for (what, form) in [
                ("notes", vec![("note", "mine now")]),
                ("tags", vec![("tag", "mine")]),
                ("status", vec![("status", "4"), ("version", "1")]),
            ] {
                assert_eq!(asha.post(&format!("/leads/{lead}/{what}"), &form).await.status, 404, "{what}");
            }
            assert_eq!(house.look(lead).await, before);
        }
        // Nor many at once.
        let interested = house.status("Interested").await;
        let told = asha
            .does(
                "/leads/selection/status",
                &[
                    ("lead", &row(&house, own).await),
                    ("lead", &row(&house, other).await),
                    ("status", &interested),
                ],
            )
            .await;
        told.says("1 lead set to Interested; 1 skipped (not there any more, or not yours to see).");
        assert_eq!(house.look(other).await.1, "Assigned");
    });
}

#[test]
fn r14_a_lead_that_was_given_away_is_gone_for_its_former_owner() {
    on_both(|house| async move {
        let lead = house.lead("Lea", Some("Asha")).await;
        let (asha, mira) = (house.signed_in("Asha").await, house.signed_in("Mira").await);
        asha.get("/tasks").await.says("Lea");
        let version = house.look(lead).await.2.to_string();
        let cara = house.user("Cara").to_string();
        mira.does(&format!("/leads/{lead}/assignment"), &[("agent", &cara), ("version", &version)]).await;
        asha.get("/tasks").await.does_not_say("Lea");
        assert_eq!(asha.get(&format!("/leads/{lead}")).await.status, 404);
        house.signed_in("Cara").await.get("/tasks").await.says("Lea");
    });
}

#[test]
fn r15_the_picker_and_the_server_offer_the_same_agents() {
    on_both(|house| async move {
        let lead = house.lead("Lea", None).await;
        let admin = house.signed_in("Admin").await;
        admin.does(&format!("/users/{}/ban", house.user("Ben")), &[("banned", "yes")]).await;
        let panel = admin.get(&format!("/leads/{lead}")).await;
        let picker = panel.body.split(r#"id="assign-options""#).nth(1).expect("a picker");
        let picker = picker.split("</ul>").next().expect("its end");
        for (name, offered) in [("Asha", true), ("Cara", true), ("Ben", false), ("Mira", false)] {
            let value = format!(r#"name="agent" value="{}""#, house.user(name));
            assert_eq!(picker.contains(&value), offered, "{name}: {picker}");
            if !offered {
                let version = house.look(lead).await.2.to_string();
                let agent = house.user(name).to_string();
                let form = [("agent", &*agent), ("version", &*version)];
                let told = admin.does(&format!("/leads/{lead}/assignment"), &form).await;
                told.says(&format!("{name} may not be given this lead: banned since, or of another branch."));
            }
        }
        assert_eq!(house.look(lead).await.0, None);
        let found = admin.get("/agents?q=car&id=assign&name=agent&choose=one").await.body;
        assert!(found.contains("Cara") && !found.contains("Asha"), "{found}");
    });
}

#[test]
fn r23_above_the_cap_a_person_is_warned_and_may_go_on() {
    on_both(|house| async move {
        house.lead("Leo", Some("Ben")).await;
        let lead = house.lead("Lea", None).await;
        let mira = house.signed_in("Mira").await;
        let (ben, version) = (house.user("Ben").to_string(), house.look(lead).await.2.to_string());
        let path = format!("/leads/{lead}/assignment");
        let warned = mira.post(&path, &[("agent", &ben), ("version", &version)]).await;
        assert_eq!(warned.status, 409);
        warned.says("Ben holds 1, the cap is 1, and it would be 2 after this.");
        warned.says("Assign anyway");
        assert_eq!(house.look(lead).await.0, None, "nothing has happened yet");
        // The form of the warning carries everything.
        let form = warned.body.split(r#"name="exceed_cap" value="on""#).next().expect("the form");
        assert!(form.rfind(&format!(r#"name="agent" value="{ben}""#)) > form.rfind("<form"), "{form}");
        let told = mira.does(&path, &[("agent", &ben), ("version", &version), ("exceed_cap", "on")]).await;
        told.says("Assigned to Ben.");
        assert_eq!(house.look(lead).await.0.as_deref(), Some("Ben"));
    });
}

#[test]
fn r24_the_second_of_two_managers_is_told_who_was_first() {
    on_both(|house| async move {
        let lead = house.lead("Lea", None).await;
        let (mira, noor) = (house.signed_in("Mira").await, house.signed_in("Noor").await);
        let version = house.look(lead).await.2.to_string();
        let (asha, cara) = (house.user("Asha").to_string(), house.user("Cara").to_string());
        let path = format!("/leads/{lead}/assignment");
        mira.does(&path, &[("agent", &asha), ("version", &version)]).await;
        let told = noor.post(&path, &[("agent", &cara), ("version", &version)]).await;
        assert_eq!(told.status, 409);
        told.says("Somebody else was here first. The lead was not assigned to Cara.");
        told.says("Mira assigned it at 2026-05-11 09:00 IST.");
        assert_eq!(house.look(lead).await.0.as_deref(), Some("Asha"), "nothing is overwritten");
        // Its status and its fields are guarded in the same way.
        let busy = house.status("Busy").await;
        let told =
            noor.post(&format!("/leads/{lead}/status"), &[("status", &busy), ("version", &version)]).await;
        assert_eq!(told.status, 409);
        told.says("The status was not set.");
        let told = noor
            .post(
                &format!("/leads/{lead}/fields"),
                &[("version", &version), ("first_name", "Lena"), ("phone", "9876543210")],
            )
            .await;
        assert_eq!(told.status, 422);
        told.says(
            "Mira changed the lead at 2026-05-11 09:00 IST. Nothing was saved; open it again and look.",
        );
        assert!(told.body.contains(r#"value="Lena""#), "what was typed is kept");
        // Notes only add: they never conflict.
        noor.does(&format!("/leads/{lead}/notes"), &[("note", "called back")]).await.says("called back");
    });
}

#[test]
fn r18_r21_the_panel_says_what_came_of_it() {
    on_both(|house| async move {
        let lead = house.lead("Lea", None).await;
        let mira = house.signed_in("Mira").await;
        let asha = house.user("Asha").to_string();
        let path = format!("/leads/{lead}/assignment");
        mira.does(&path, &[("version", "1")]).await.says("Choose an agent first.");
        let version = house.look(lead).await.2.to_string();
        let panel = mira.does(&path, &[("agent", &asha), ("version", &version)]).await;
        panel.says("Assigned to Asha.");
        assert_eq!(house.look(lead).await.1, "Assigned", "R18");
        let version = house.look(lead).await.2.to_string();
        mira.does(&path, &[("agent", &asha), ("version", &version)]).await.says("Asha has it already.");
        assert_eq!(house.look(lead).await.2.to_string(), version, "R21");
        let told = mira.does(&format!("/leads/{lead}/unassignment"), &[("version", &version)]).await;
        told.says("Status set.");
        let (owner, status, _) = house.look(lead).await;
        assert_eq!((owner, &*status), (None, "Unassigned"), "R7");
    });
}

#[test]
fn r21a_r22_ticked_leads_are_assigned_and_put_back() {
    on_both(|house| async move {
        let mira = house.signed_in("Mira").await;
        let (one, two, three) =
            (house.lead("One", None).await, house.lead("Two", None).await, house.lead("Three", None).await);
        let rows = [row(&house, one).await, row(&house, two).await, row(&house, three).await];
        // One of them is changed by somebody else meanwhile.
        let busy = house.status("Busy").await;
        let version = house.look(three).await.2.to_string();
        let noor = house.signed_in("Noor").await;
        noor.does(&format!("/leads/{three}/status"), &[("status", &busy), ("version", &version)]).await;

        let asha = house.user("Asha").to_string();
        let mut form: Vec<(&str, &str)> = rows.iter().map(|row| ("lead", &**row)).collect();
        form.push(("back", "/leads?sort=name"));
        let unsaid = mira.does("/leads/selection/assignment", &form).await;
        unsaid.says("Choose an agent first.");
        form.push(("agent", &asha));
        let answer = mira.post("/leads/selection/assignment", &form).await;
        assert_eq!(answer.location(), Some("/leads?sort=name"), "back to the list it came from");
        let told = mira.get("/leads?sort=name").await;
        told.says("2 leads assigned to Asha; 1 skipped (changed by somebody else).");
        assert_eq!(house.look(one).await.0.as_deref(), Some("Asha"));

        let undo = told
            .body
            .split(r#"action="/runs/"#)
            .nth(1)
            .expect("a way back")
            .split('"')
            .next()
            .expect("a value");
        let undone = mira.does(&format!("/runs/{undo}"), &[]).await;
        undone.says("2 leads put back");
        for lead in [one, two] {
            let (owner, status, _) = house.look(lead).await;
            assert_eq!((owner, &*status), (None, "Unassigned"));
        }
        mira.does(&format!("/runs/{undo}"), &[]).await.does_not_say("put back.");
    });
}

#[test]
fn r22_spreading_keeps_the_caps_unless_told_otherwise() {
    on_both(|house| async move {
        let mira = house.signed_in("Mira").await;
        let mut rows = Vec::new();
        for number in 0..5 {
            let lead = house.lead(&format!("Lead {number}"), None).await;
            rows.push(row(&house, lead).await);
        }
        let (asha, ben) = (house.user("Asha").to_string(), house.user("Ben").to_string());
        let mut form: Vec<(&str, &str)> = rows.iter().map(|row| ("lead", &**row)).collect();
        mira.does("/leads/selection/spread", &form).await.says("Choose the agents to spread the leads over.");
        form.extend([("agents", &*asha), ("agents", &*ben)]);
        mira.does("/leads/selection/spread", &form).await.says("5 leads spread over 2 agents.");
        let users = mira.get("/users").await;
        users.says("4 /50");
        users.says("1 /1 , full");
    });
}

#[test]
fn r24_all_that_match_are_those_that_were_shown() {
    on_both(|house| async move {
        let mira = house.signed_in("Mira").await;
        let mut leads = Vec::new();
        for number in 0..60 {
            leads.push(house.lead(&format!("Lead {number:02}"), None).await);
        }
        house.wait_seconds(60);
        let unassigned = house.status("Unassigned").await;
        let list = format!("/leads?status={unassigned}");
        mira.get(&list).await.says("50 of 60 leads");
        let mut form = all_that_match(&mira, &list).await;
        // Afterwards one comes in and one changes: neither was among those shown.
        house.wait_seconds(60);
        let late = house.lead("Late", None).await;
        let version = house.look(leads[7]).await.2.to_string();
        let noor = house.signed_in("Noor").await;
        let cara = house.user("Cara").to_string();
        noor.does(&format!("/leads/{}/assignment", leads[7]), &[("agent", &cara), ("version", &version)])
            .await;
        form.extend([("agent".into(), house.user("Asha").to_string()), ("exceed_cap".into(), "on".into())]);
        let told = mira.does("/leads/selection/assignment", &pairs(&form)).await;
        told.says("59 leads assigned to Asha");
        told.says("1 skipped");
        assert_eq!(house.look(late).await.0, None);
        assert_eq!(house.look(leads[7]).await.0.as_deref(), Some("Cara"));
        assert_eq!(house.look(leads[59]).await.0.as_deref(), Some("Asha"));
    });
}

#[test]
fn r22_what_cannot_be_done_with_many_is_said_and_changes_nothing() {
    on_both(|house| async move {
        let mira = house.signed_in("Mira").await;
        let lead = house.lead("Lea", None).await;
        let (ticked, ben) = (row(&house, lead).await, house.user("Ben").to_string());
        house.lead("Leo", Some("Ben")).await;
        let told = mira.does("/leads/selection/assignment", &[("lead", &ticked), ("agent", &ben)]).await;
        told.says("Ben holds 1, the cap is 1, and it would be 2 after this. Nothing was changed;");
        let none = mira.post("/leads/selection/assignment", &[("agent", &ben)]).await;
        assert_eq!(none.status, 422);
        none.says("No lead is ticked; tick some, or all that match.");
        let garbled = mira.post("/leads/selection/assignment", &[("lead", "1"), ("agent", &ben)]).await;
        garbled.says("The list is from another version of this page; reload it.");
        let answer = mira
            .post(
                "/leads/selection/assignment",
                &[("lead", &ticked), ("agent", &ben), ("back", "https://elsewhere.example/leads")],
            )
            .await;
        assert_eq!(answer.location(), Some("/leads"), "nobody is sent away");
        assert_eq!(house.look(lead).await.0, None);
    });
}

#[test]
fn an_address_of_the_list_is_the_list() {
    on_both(|house| async move {
        let mira = house.signed_in("Mira").await;
        for number in 0..120 {
            let owner = (number % 2 == 0).then_some("Asha");
            house.lead(&format!("Lead {number:03}"), owner).await;
        }
        // Every lead once, over all pages, by following the link to the next.
        let mut next = "/leads?sort=name".to_owned();
        let mut seen = Vec::new();
        loop {
            let page = mira.get(&next).await;
            let rows = page.body.split("data-row-link>").skip(1);
            seen.extend(rows.map(|row| row.split('<').next().expect("a name").to_owned()));
            let Some(after) = page
                .body
                .split(r#"href="/leads?"#)
                .find(|rest| rest.split('"').next().is_some_and(|address| address.contains("after=")))
            else {
                break;
            };
            next = format!("/leads?{}", after.split('"').next().expect("an address").replace("&amp;", "&"));
        }
        let expect: Vec<String> = (0..120).map(|number| format!("Lead {number:03}")).collect();
        assert_eq!(seen, expect);
        mira.get("/leads?owner=nobody").await.says("50 of 60 leads");
        mira.get("/leads?q=lead+007").await.says("Lead 007");
        mira.get("/leads?q=lead+007").await.does_not_say("Lead 008");
        mira.get("/leads?q=zebra").await.says("No lead matches “zebra”");
        mira.get("/leads?status=nonsense&owner=x&after=rubbish&sort=sideways").await.says("Lead 119");
    });
}
