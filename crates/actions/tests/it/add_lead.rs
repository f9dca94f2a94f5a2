//! One lead from a form: R8, R9, R12, R14, R15, R18, R23.

use crate::office::{NOW, Office, on_both};
use actions::add_lead::{AddLead, Added, add_lead};
use domain::{ids::LeadId, lead_file::Field, phone::Country, viewer::Viewer};

fn form(office: &Office, first_name: &str, phone: &str) -> AddLead {
    AddLead {
        company: office.company.id,
        viewer: Viewer::Operator,
        may_convert: true,
        default_country: Country::from_code("IN").expect("a country"),
        first_name: first_name.into(),
        last_name: String::new(),
        phone: phone.into(),
        email: String::new(),
        status: None,
        tags: Vec::new(),
        branch: String::new(),
        department: String::new(),
        source: String::new(),
        country: None,
        owner: None,
        exceed_cap: false,
        now: NOW,
    }
}

async fn add(office: &Office, form: AddLead) -> Added {
    let added = add_lead(&office.store, form).await.expect("asked");
    office.well().await;
    added
}

fn id(added: &Added) -> LeadId {
    match added {
        Added::Done { lead, .. } => *lead,
        other => panic!("{other:?}"),
    }
}

#[test]
fn r8_a_form_is_read_as_a_row_is() {
    on_both(|database| async move {
        let mut office = Office::open(&database, "Asha").await;
        let full = AddLead {
            last_name: " Rao ".into(),
            email: "no address".into(),
            tags: vec!["hot".into(), "new".into(), "Hot".into()],
            branch: "Pune".into(),
            source: "Expo".into(),
            ..form(&office, " Lea  Maria", "098765-43210")
        };
        let added = add(&office, full).await;
        assert!(matches!(added, Added::Done { phone_doubtful: false, .. }));
        office.leads.insert("Lea".into(), id(&added));
        let lead = office.lead("Lea").await;
        let line = &lead.line;
        assert_eq!((line.first_name.as_str(), line.last_name.as_str()), ("Lea Maria", "Rao"));
        assert_eq!((line.phone.as_str(), lead.phone_typed.as_str()), ("+919876543210", "098765-43210"));
        assert_eq!((line.email.as_deref(), line.status.as_str()), (Some("no address"), "Unassigned"));
        assert_eq!((line.branch.as_deref(), line.source.as_deref()), (Some("Pune"), Some("Expo")));
        assert_eq!((line.country.as_deref(), lead.tags.join(" ").as_str()), (Some("IN"), "hot new"));
        assert_eq!((lead.events.len(), lead.events[0].kind.as_str()), (1, "added"));
        let doubtful = add(&office, form(&office, "Dan", "+1 555 555 5555")).await;
        assert!(matches!(doubtful, Added::Done { phone_doubtful: true, .. }));

        let customer = Some(office.status("Customer"));
        for (wrong, field, why) in [
            (form(&office, " ", "98765 43211"), Field::FirstName, "first name is missing"),
            (form(&office, "Leo", ""), Field::Phone, "phone is missing"),
            (form(&office, "Leo", "none"), Field::Phone, "phone none is not a phone number"),
            (
                AddLead { source: "x".repeat(201), ..form(&office, "Leo", "98765 43211") },
                Field::Source,
                "source has 201 characters; at most 200 are kept, so please shorten it",
            ),
            (
                AddLead { status: Some(domain::ids::StatusId(9_999)), ..form(&office, "Leo", "98765 43211") },
                Field::Status,
                "there is no such status any more; choose another one",
            ),
            (
                AddLead { status: customer, may_convert: false, ..form(&office, "Leo", "98765 43211") },
                Field::Status,
                "status Customer needs the permission to convert leads",
            ),
        ] {
            assert_eq!(add(&office, wrong).await, Added::Refused { field, why: why.into() });
        }
        assert_eq!(office.names().await, "Dan, Lea Maria");
    });
}

#[test]
fn r9_a_known_number_makes_nothing_new() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha; Ben").await;
        let customer =
            AddLead { status: Some(office.status("Customer")), ..form(&office, "Lea", "98765 43210") };
        let lea = id(&add(&office, customer).await);
        let again = form(&office, "Lena", "+91 98765 43210");
        assert_eq!(add(&office, again.clone()).await, Added::Known { lead: Some(lea) });
        // R14: who may not see the lead hears only that there is one.
        let ben = AddLead { viewer: office.viewer("Ben").await, ..again };
        assert_eq!(add(&office, ben).await, Added::Known { lead: None });
        assert_eq!(office.names().await, "Lea");
        // Another company knows nothing of it.
        let other = Office::open(&database, "").await;
        assert!(matches!(add(&other, form(&other, "Lena", "98765 43210")).await, Added::Done { .. }));
        // Several at once: one of them is the first.
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (store, form) = (office.store.clone(), form(&office, "Max", "98765 43299"));
            tasks.spawn(async move { add_lead(&store, form).await.expect("asked") });
        }
        let answers = tasks.join_all().await;
        let max =
            answers.iter().filter(|added| matches!(added, Added::Done { .. })).map(id).collect::<Vec<_>>();
        assert_eq!(max.len(), 1, "{answers:?}");
        let known = answers.iter().filter(|added| **added == Added::Known { lead: Some(max[0]) });
        assert_eq!(known.count(), 7);
        office.well().await;
    });
}

#[test]
fn r18_a_lead_with_an_owner_arrives_at_once() {
    on_both(|database| async move {
        let mut office =
            Office::open(&database, "Asha cap 1 in Pune; Ben in Goa; Cara banned; Mary Manager in Pune")
                .await;
        let mary = office.viewer("Mary").await;
        let (asha, ben, cara) = (office.people["Asha"], office.people["Ben"], office.people["Cara"]);
        let mut changes = office.store.changes();
        let given = |office: &Office, name: &str, phone: &str, owner| AddLead {
            viewer: mary,
            owner: Some(owner),
            ..form(office, name, phone)
        };
        let lea = id(&add(&office, given(&office, "Lea", "98765 43210", asha)).await);
        office.leads.insert("Lea".into(), lea);
        assert_eq!(office.places().await, "Lea Asha Assigned");
        let kinds: Vec<String> =
            office.lead("Lea").await.events.into_iter().map(|event| event.kind).collect();
        assert_eq!(kinds, ["added", "assigned"]);
        // One piece of news names the lead and whose queue it is.
        let told = loop {
            match changes.next().await.expect("open") {
                store::changes::News::Changed(change) => break change,
                store::changes::News::Everything => {}
            }
        };
        assert!(told.users.includes(asha) && told.leads.includes(lea) && !told.users.includes(ben));

        // R15 and R23, as in the picker.
        for (owner, expect) in
            [(ben, Added::NotOffered), (cara, Added::NotOffered), (asha, Added::OverCap { held: 1, cap: 1 })]
        {
            assert_eq!(add(&office, given(&office, "Leo", "98765 43211", owner)).await, expect);
        }
        assert_eq!(office.names().await, "Lea");
        let more = AddLead { exceed_cap: true, ..given(&office, "Leo", "98765 43211", asha) };
        office.leads.insert("Leo".into(), id(&add(&office, more).await));
        // A status that is no work does not count against the cap, and stays.
        let closed = AddLead {
            status: Some(office.status("NotInterested")),
            ..given(&office, "Max", "98765 43212", asha)
        };
        office.leads.insert("Max".into(), id(&add(&office, closed).await));
        assert_eq!(office.places().await, "Lea Asha Assigned, Leo Asha Assigned, Max Asha NotInterested");
        assert_eq!(office.held().await, "Asha 2, Ben 0, Cara 0");
    });
}
