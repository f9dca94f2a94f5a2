//! Importing a list through the pages (R8–R12).

use crate::house::{Answer, House, NOW, Visitor, on_both};
use actions::save_job::{Change, save_job};
use domain::{job::Job, viewer::Viewer};

const FILE: &str = "\
First Name,Last Name,Phone,Status,Shoe size
Lea,Rao,9876500001,,38
Leo,,9876500002,Busy,43
Mia,,12,,36
,Shah,9876500003,,40
Lea again,,9876500001,,38
Max,,9876500004,Bogus,41
";

/// Uploads, reads the preview and answers its address with it.
async fn uploaded(visitor: &Visitor, bytes: &[u8]) -> (String, Answer) {
    let answer = visitor.upload("/imports", "people.csv", bytes).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let preview = answer.location().expect("a preview").to_owned();
    let page = visitor.get(&preview).await;
    (preview, page)
}

/// Starts the import and waits until it is over, as its page does: by listening.
async fn imported(
    house: &House,
    visitor: &Visitor,
    preview: &str,
    form: &[(&str, &str)],
) -> (String, Answer) {
    let mut stream = visitor.listen().await;
    let answer = visitor.post(&format!("{preview}/import"), form).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let import = answer.location().expect("its page").to_owned();
    loop {
        let page = visitor.get(&import).await;
        if !page.body.contains("You can leave this page") {
            return (import, page);
        }
        stream.until("import").await;
        house.wait_seconds(1);
    }
}

#[test]
fn r11_a_file_is_read_imported_and_told_of() {
    on_both(|house| async move {
        let mira = house.signed_in("Mira").await;
        let (preview, page) = uploaded(&mira, FILE.as_bytes()).await;
        page.says("people.csv 6 rows, comma, UTF-8");
        page.says("3 rows will not be imported (1 without a first name or a phone number).");
        page.says("Line 4");
        page.says("Import up to 2 leads");
        assert!(page.body.contains(r#"name="column-0""#), "{}", page.body);
        mira.get("/leads").await.says("No leads yet");

        let form = [("details", "on"), ("source", "Expo"), ("country", "IN")];
        let (import, done) = imported(&house, &mira, &preview, &form).await;
        done.says("2 leads imported, 1 skipped (duplicate), 3 errors.");
        let list = mira.get("/leads").await;
        list.says("Lea Rao");
        list.says("Leo");
        list.does_not_say("Shah");
        mira.get("/leads?q=lea").await.says("Expo");

        let errors = mira.get(&format!("{import}/errors.csv")).await;
        assert_eq!(errors.header("content-type"), Some("text/csv; charset=utf-8"));
        assert!(
            errors
                .header("content-disposition")
                .is_some_and(|told| told.starts_with("attachment; filename=\"import-"))
        );
        let lines: Vec<&str> = errors.body.lines().collect();
        assert_eq!(lines.len(), 4, "a heading and three rows: {}", errors.body);
        for (line, number) in lines[1..].iter().zip(["4", "5", "7"]) {
            assert!(line.starts_with(number), "{line}");
        }

        mira.get("/imports").await.says("2 leads imported, 1 skipped (duplicate), 3 errors.");
        let undone = mira.does(&format!("{import}/undo"), &[]).await;
        undone.says("2 leads");
        mira.get("/leads").await.says("No leads yet");
        mira.does(&format!("{import}/undo"), &[])
            .await
            .says("This import is not done, or was taken back already.");
        let again = mira.get(&preview).await;
        assert_eq!(again.location(), Some("/imports"), "a file is imported once");
    });
}

/// What was assigned as it came in goes with its import; the record of the assignment says so, and can be undone for
/// nothing.
#[test]
fn r45_the_record_of_leads_assigned_on_arrival_says_that_their_import_was_taken_back() {
    on_both(|house| async move {
        let change = Change { instant: Some(true), ..Default::default() };
        let saved =
            save_job(&house.store, house.company, Job::Assignment, change, Viewer::Operator, NOW).await;
        saved.expect("saved");
        let admin = house.signed_in("Admin").await;
        let (preview, _) = uploaded(&admin, b"First Name,Phone\nLea,9876500001\nLeo,9876500002\n").await;
        let (import, _) = imported(&house, &admin, &preview, &[("country", "IN")]).await;
        let number = import.trim_start_matches("/imports/");
        let page = admin.get("/runs/1").await;
        page.says("2 leads assigned across");
        page.says(&format!("Its leads came with import {number} ."));
        assert!(page.body.contains("/why?run=1"), "{}", page.body);
        let lead = page.body.split(r#"<a href="/leads/"#).nth(1).and_then(|rest| rest.split('"').next());
        let lead = lead.expect("a lead").to_owned();
        admin.does(&format!("{import}/undo"), &[]).await.says("2 leads taken back.");
        let page = admin.get("/runs/1").await;
        page.says("2 leads assigned across");
        page.says(&format!(
            "Its leads came with import {number} , which was taken back: 2 leads taken back."
        ));
        assert!(!page.body.contains("/why?run=1"), "{}", page.body);
        assert_eq!(admin.get(&format!("/leads/{lead}/why?run=1")).await.status, 404);
        let undone = admin.does("/runs/1/undo", &[]).await;
        undone.says("Run 1 stands: no lead was put back; 2 left (not there any more, or not yours to see).");
    });
}

#[test]
fn r10a_columns_are_mapped_by_hand_and_the_choice_is_kept() {
    on_both(|house| async move {
        let mira = house.signed_in("Mira").await;
        let (preview, page) = uploaded(&mira, b"Wer;Wohin\nLea;9876500001\n").await;
        page.says("semicolon");
        let unmapped = [("column-0", "detail"), ("column-1", "detail"), ("country", "IN")];
        let read = mira.post(&preview, &unmapped).await;
        assert_eq!(read.status, 200);
        assert!(read.body.contains(" disabled"), "without a phone nothing can be imported");
        let mapped =
            [("column-0", "first name"), ("column-1", "phone"), ("country", "IN"), ("source", "Fair")];
        let names: Vec<&str> =
            page.body.split("<option value=\"").filter_map(|rest| rest.split('"').next()).collect();
        let first_name = names.iter().find(|name| name.starts_with("first")).copied().expect("a first name");
        let mapped = [(mapped[0].0, first_name), mapped[1], mapped[2], mapped[3]];
        let read = mira.post(&preview, &mapped).await;
        read.says("Import 1 lead");
        assert!(read.body.contains(r#"value="Fair""#), "what was typed is kept");
        let (_, done) = imported(&house, &mira, &preview, &mapped).await;
        done.says("1 lead imported, 0 skipped (duplicate), 0 errors.");
        mira.get("/leads").await.says("Lea");
    });
}

#[test]
fn an_upload_that_cannot_be_taken_says_why() {
    on_both(|house| async move {
        let mira = house.signed_in("Mira").await;
        let none = mira.upload("/imports", "", b"").await;
        assert_eq!(none.status, 422);
        none.says("Choose a file first.");
        let big = mira.upload("/imports", "big.csv", &vec![b'x'; (1 << 20) + 1]).await;
        assert_eq!(big.status, 422);
        big.says("1");
        let empty = mira.upload("/imports", "empty.csv", b"").await;
        let empty = match empty.location() {
            Some(preview) => mira.get(preview).await,
            None => empty,
        };
        assert_eq!(empty.status, 422, "{}", empty.text());
    });
}

#[test]
fn a_file_is_seen_by_whoever_sent_it_alone() {
    on_both(|house| async move {
        let (mira, noor) = (house.signed_in("Mira").await, house.signed_in("Noor").await);
        let (preview, _) = uploaded(&mira, FILE.as_bytes()).await;
        noor.get(&preview).await.does_not_say("people.csv");
        noor.post(&format!("{preview}/import"), &[]).await;
        mira.get(&preview).await.says("people.csv");
    });
}

#[test]
fn r12_without_the_permission_to_convert_no_customer_is_imported() {
    on_both(|house| async move {
        let mira = house.signed_in("Mira").await;
        let (preview, page) = uploaded(&mira, b"First name,Phone,Status\nLea,9876500001,Customer\n").await;
        page.says("Import 1 lead");
        let (_, done) = imported(&house, &mira, &preview, &[("country", "IN")]).await;
        done.says("1 lead imported");
        mira.get("/leads").await.says("No leads yet");
        mira.get("/customers").await.says("Lea");
    });
}
