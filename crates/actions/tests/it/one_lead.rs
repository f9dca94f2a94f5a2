//! Notes and edits of one lead: R8, R9, R14, R20, R24.

use crate::office::{NOW, Office, on_both};
use actions::{
    add_note::{AddNote, NoteAdded, add_note},
    assign_lead::{AssignLead, Assignment, assign_lead},
    edit_lead::{EditLead, Field, LeadEdited, LeadEdits, edit_lead},
};
use domain::{phone::Country, time::Moment, timeline::NOTE_CHARS_MAX};

async fn note(office: &Office, by: &str, lead: &str, text: &str, now: Moment) -> NoteAdded {
    let order = AddNote { viewer: office.viewer(by).await, lead: office.leads[lead], text: text.into(), now };
    let answer = add_note(&office.store, office.company.id, order).await.expect("an answer");
    office.well().await;
    answer
}

async fn edit(office: &Office, by: &str, lead: &str, version: i64, edits: LeadEdits) -> LeadEdited {
    let order = EditLead {
        viewer: office.viewer(by).await,
        lead: office.leads[lead],
        version,
        edits,
        country: Country::from_code("IN").expect("a country"),
        now: NOW,
    };
    let answer = edit_lead(&office.store, office.company.id, order).await.expect("an answer");
    office.well().await;
    answer
}

/// What somebody typed into a field.
#[expect(clippy::unnecessary_wraps, reason = "a field that was not touched is none")]
fn typed(text: &str) -> Option<String> {
    Some(text.into())
}

/// How many leads were last acted on by their owner now.
async fn acted(office: &Office) -> u64 {
    let sql = "UPDATE leads SET attempts = attempts WHERE company_id = $1 AND owner_acted_at_ms = $2";
    office.sql(sql, &[NOW.0]).await
}

#[test]
fn r20_r24_a_note_only_adds() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha").await.with("Lea Missed of Asha").await;
        assert_eq!(note(&office, "Root", "Lea", "first\r\n  line ", NOW).await, NoteAdded::Done { entry: 2 });
        assert_eq!(acted(&office).await, 0, "not by the owner");
        assert_eq!(note(&office, "Asha", "Lea", "second", NOW).await, NoteAdded::Done { entry: 3 });
        assert_eq!(acted(&office).await, 1, "R26: by the owner");
        let lead = office.lead("Lea").await;
        assert_eq!((lead.line.version, lead.line.last_activity_at), (1, NOW));
        let texts: Vec<&str> = lead.events.iter().filter_map(|event| event.text()).collect();
        assert_eq!(texts, ["first\nline", "second"]);
        for (text, expect) in [
            (" \n ".to_owned(), NoteAdded::Empty),
            (
                "x".repeat(NOTE_CHARS_MAX + 1),
                NoteAdded::TooLong { chars: NOTE_CHARS_MAX + 1, chars_max: NOTE_CHARS_MAX },
            ),
            ("é".repeat(NOTE_CHARS_MAX), NoteAdded::Done { entry: 4 }),
        ] {
            assert_eq!(note(&office, "Asha", "Lea", &text, NOW).await, expect);
        }
    });
}

#[test]
fn r14_a_former_owner_may_still_note_for_two_hours() {
    on_both(|database| async move {
        let office =
            Office::open(&database, "Root Admin; Asha; Ben; Cara").await.with("Lea Missed of Asha").await;
        let order = AssignLead {
            company: office.company.id,
            viewer: office.viewer("Root").await,
            lead: office.leads["Lea"],
            version: 1,
            to: office.people["Ben"],
            exceed_cap: false,
            now: NOW,
        };
        assert_eq!(assign_lead(&office.store, order).await.expect("an answer"), Assignment::Done { held: 1 });
        let two_hours = NOW.0 + 2 * 3_600_000;
        for (by, at, expect) in [
            ("Asha", two_hours, NoteAdded::Done { entry: 3 }),
            ("Asha", two_hours + 1, NoteAdded::NotFound),
            ("Cara", NOW.0, NoteAdded::NotFound),
            ("Ben", two_hours + 1, NoteAdded::Done { entry: 4 }),
        ] {
            assert_eq!(note(&office, by, "Lea", "they said yes", Moment(at)).await, expect, "{by}");
        }
    });
}

#[test]
fn r8_r20_fields_are_parsed_and_the_timeline_says_which() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha").await.with("Lea Missed of Asha").await;
        let edits = LeadEdits {
            first_name: typed("  Lea  Marie "),
            last_name: typed("Roy"),
            phone: typed("098765 43210"),
            email: typed("lea@example"),
            country: typed("India"),
            branch: typed("Pune"),
            department: typed("Loans"),
            source: typed("Fair"),
        };
        assert_eq!(edit(&office, "Asha", "Lea", 1, edits.clone()).await, LeadEdited::Done { version: 2 });
        let lead = office.lead("Lea").await;
        let line = &lead.line;
        assert_eq!((line.first_name.as_str(), line.last_name.as_str()), ("Lea Marie", "Roy"));
        assert_eq!((line.phone.as_str(), lead.phone_typed.as_str()), ("+919876543210", "098765 43210"));
        assert_eq!((line.email.as_deref(), line.country.as_deref()), (Some("lea@example"), Some("IN")));
        assert_eq!((line.branch.as_deref(), line.department.as_deref()), (Some("Pune"), Some("Loans")));
        assert_eq!((line.source.as_deref(), line.last_activity_at), (Some("Fair"), NOW));
        let event = lead.events.last().expect("an entry");
        assert_eq!(
            (event.kind.as_str(), event.actor.as_deref(), event.detail.as_deref()),
            (
                "edited",
                Some("Asha"),
                Some("first name, last name, phone, e-mail, country, branch, department, source")
            )
        );
        assert_eq!(acted(&office).await, 1);
        assert_eq!(edit(&office, "Asha", "Lea", 2, edits).await, LeadEdited::Unchanged);
        let clear = LeadEdits {
            last_name: typed(""),
            email: typed(" "),
            country: typed(""),
            branch: typed(""),
            source: typed(""),
            ..LeadEdits::default()
        };
        assert_eq!(edit(&office, "Root", "Lea", 2, clear).await, LeadEdited::Done { version: 3 });
        let lead = office.lead("Lea").await.line;
        assert_eq!((lead.last_name.as_str(), lead.email, lead.country), ("", None, None));
        assert_eq!((lead.branch, lead.department.as_deref(), lead.source), (None, Some("Loans"), None));
    });
}

#[test]
fn r8_what_cannot_be_is_told_field_by_field() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha; Ben").await.with("Lea Missed of Asha").await;
        let wrong = LeadEdits {
            first_name: typed(" "),
            phone: typed("12"),
            country: typed("Atlantis"),
            branch: typed(&"x".repeat(201)),
            ..LeadEdits::default()
        };
        let before = office.lead("Lea").await;
        match edit(&office, "Asha", "Lea", 1, wrong.clone()).await {
            LeadEdited::Invalid(fields) => {
                let named: Vec<Field> = fields.iter().map(|(field, _)| *field).collect();
                assert_eq!(named, [Field::FirstName, Field::Country, Field::Phone, Field::Branch]);
                assert!(fields.iter().all(|(_, why)| why.len() > 10), "{fields:?}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(office.lead("Lea").await, before);
        assert_eq!(edit(&office, "Ben", "Lea", 1, wrong).await, LeadEdited::NotFound);
    });
}

#[test]
fn r9_a_number_that_another_lead_has_is_refused_by_its_name() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha; Ben")
            .await
            .with("Lea Missed of Asha; Leo Missed of Asha; Bo Missed of Ben")
            .await;
        let phone = office.lead("Leo").await.line.phone;
        let edits = LeadEdits { phone: Some(phone), first_name: typed("Lee"), ..LeadEdits::default() };
        let refused = LeadEdited::KnownNumber { lead: Some(office.leads["Leo"]) };
        assert_eq!(edit(&office, "Asha", "Lea", 1, edits).await, refused);
        assert_eq!(office.lead("Lea").await.line.first_name, "Lea");
        // R14: of somebody else's lead it is said that it is there, and not which it is.
        let edits = LeadEdits { phone: Some(office.lead("Bo").await.line.phone), ..LeadEdits::default() };
        let answer = edit(&office, "Asha", "Lea", 1, edits).await;
        assert_eq!(answer, LeadEdited::KnownNumber { lead: None });
    });
}

/// Two leads get one number at the same instant: one has it, the other hears whose it is.
#[test]
fn r9_of_two_edits_at_once_one_gets_the_number() {
    on_both(|database| async move {
        let office =
            Office::open(&database, "Asha").await.with("Lea Missed of Asha; Leo Missed of Asha").await;
        let mut tasks = tokio::task::JoinSet::new();
        for lead in ["Lea", "Leo"] {
            let (store, company) = (office.store.clone(), office.company.id);
            let order = EditLead {
                viewer: office.viewer("Asha").await,
                lead: office.leads[lead],
                version: 1,
                edits: LeadEdits { phone: typed("+91 98765 43210"), ..LeadEdits::default() },
                country: Country::from_code("IN").expect("a country"),
                now: NOW,
            };
            tasks.spawn(async move { edit_lead(&store, company, order).await.expect("an answer") });
        }
        let answers = tasks.join_all().await;
        assert_eq!(answers.iter().filter(|answer| matches!(answer, LeadEdited::Done { .. })).count(), 1);
        let known = answers.iter().filter(|answer| matches!(answer, LeadEdited::KnownNumber { .. })).count();
        assert_eq!(known, 1);
        office.well().await;
    });
}

#[test]
fn r24_an_edit_names_the_version_it_saw() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha").await.with("Lea Missed of Asha").await;
        let name = |name: &str| LeadEdits { first_name: typed(name), ..LeadEdits::default() };
        assert_eq!(edit(&office, "Root", "Lea", 1, name("Leah")).await, LeadEdited::Done { version: 2 });
        note(&office, "Asha", "Lea", "called", NOW).await;
        let told = LeadEdited::Conflict { at: NOW, kind: "edited".into(), by: typed("Root") };
        assert_eq!(edit(&office, "Asha", "Lea", 1, name("Lia")).await, told);
        assert_eq!(office.lead("Lea").await.line.first_name, "Leah");
        assert_eq!(edit(&office, "Asha", "Lea", 2, name("Lia")).await, LeadEdited::Done { version: 3 });
    });
}
