//! What a person does to many leads in one go: R7, R12, R14, R15, R18, R21 to R24.

use crate::office::{NOW, Office, on_both};
use actions::{
    Error,
    add_note::{AddNote, NoteAdded, add_note},
    assign_lead::{AssignLead, Assignment, assign_lead},
    assign_leads::{AssignLeads, BulkAssignment, assign_leads},
    selection::{Bulk, MoreThanShown, NAMED_MAX, Selection, TICKED_MAX},
    set_statuses::{SetStatuses, StatusesSet, set_statuses},
    spread_leads::{SpreadLeads, Spreading, spread_leads},
    tag_leads::{LeadTagged, LeadsTagged, TagLead, TagLeads, tag_lead, tag_leads, untag_lead},
};
use domain::{
    bulk::{Skipped, Work},
    ids::LeadId,
    lead_list::Filter,
    time::Moment,
    viewer::Viewer,
};
use store::{
    leads::LeadInFull,
    runs,
    selection::LastChange,
    tags::Way::{Off, On},
};

/// The named leads with the versions they have now.
pub async fn ticked(office: &Office, leads: &str) -> Selection {
    let mut chosen = Vec::new();
    for lead in leads.split_whitespace() {
        chosen.push((office.leads[lead], office.lead(lead).await.line.version));
    }
    Selection::Ticked(chosen)
}

/// All that match, looked at an hour ago.
pub fn matching(filter: Filter, shown: i64) -> Selection {
    Selection::Matching { filter, shown: Some(shown), as_of: NOW.hours_before(1) }
}

pub async fn assign(office: &Office, by: &str, selection: Selection, to: &str) -> BulkAssignment {
    assign_to(office, office.viewer(by).await, selection, to, false).await
}

pub async fn assign_to(
    office: &Office,
    viewer: Viewer,
    selection: Selection,
    to: &str,
    exceed_cap: bool,
) -> BulkAssignment {
    let order = AssignLeads { viewer, selection, to: office.people[to], exceed_cap, now: NOW };
    let answer = assign_leads(&office.store, office.company.id, order).await.expect("an answer");
    office.well().await;
    answer
}

pub fn done(answer: BulkAssignment) -> Bulk {
    match answer {
        BulkAssignment::Done(bulk) => bulk,
        other => panic!("{other:?}"),
    }
}

pub async fn set(office: &Office, by: &str, may_convert: bool, selection: Selection, to: &str) -> Bulk {
    let (viewer, to) = (office.viewer(by).await, office.status(to));
    let order = SetStatuses { viewer, may_convert, selection, to, now: NOW };
    let answer = set_statuses(&office.store, office.company.id, order).await.expect("an answer");
    office.well().await;
    match answer {
        StatusesSet::Done(bulk) => bulk,
        other => panic!("{other:?}"),
    }
}

pub async fn tag(office: &Office, by: &str, way: store::tags::Way, selection: Selection, name: &str) -> Bulk {
    let order = TagLeads { viewer: office.viewer(by).await, selection, tag: name.into(), way, now: NOW };
    let answer = tag_leads(&office.store, office.company.id, order).await.expect("an answer");
    office.well().await;
    match answer {
        LeadsTagged::Done(bulk) => bulk,
        LeadsTagged::MoreThanShown(more) => panic!("{more:?}"),
    }
}

/// The lead's tags by name.
pub fn tags(lead: &LeadInFull) -> Vec<String> {
    lead.line.tags.iter().map(|(_, name)| name.clone()).collect()
}

/// Changed, unchanged, skipped.
fn numbers(bulk: &Bulk) -> (u64, u64, u64) {
    let numbers = &bulk.told.numbers;
    (numbers.changed, numbers.unchanged, numbers.skipped_in_all())
}

#[test]
fn r18_r22_many_leads_to_one_agent_with_a_record() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha; Ben").await;
        let office = office.with("A Unassigned; B Missed of Ben; C NotInterested; D Missed of Asha").await;
        let bulk = done(assign(&office, "Root", ticked(&office, "A B C D").await, "Asha").await);
        assert_eq!(numbers(&bulk), (3, 1, 0));
        assert_eq!(bulk.told.sentence(), "3 leads assigned to Asha; 1 unchanged.");
        assert_eq!(
            office.places().await,
            "A Asha Assigned, B Asha Missed, C Asha NotInterested, D Asha Missed"
        );
        assert_eq!(office.held().await, "Asha 3, Ben 0");
        let run = bulk.run.expect("a record");
        for lead in ["A", "B", "C"] {
            let full = office.lead(lead).await;
            let event = full.events.last().expect("R20: its timeline");
            assert_eq!(
                (event.kind.as_str(), event.actor.as_deref(), event.run),
                ("assigned", Some("Root"), Some(run.0)),
                "{lead}"
            );
        }
        assert_eq!(office.lead("D").await.events.len(), 1, "R21: no event");
        let mut reader = office.store.read().await.expect("a reader");
        let record = runs::one(reader.session(), office.company.id, run).await.expect("read").expect("a run");
        assert_eq!((record.run.job.as_str(), record.run.state.as_str()), ("by hand", "done"));
        assert_eq!((record.run.started_by.as_str(), record.actor), ("person", Some(office.people["Root"])));
        let told: domain::bulk::Told =
            serde_json::from_str(record.run.summary.as_deref().expect("a summary")).expect("readable");
        assert_eq!(told, bulk.told);
        assert_eq!(told.work, Work::Assign { to: office.people["Asha"], name: "Asha".into() });
        assert_eq!(
            office
                .sql(
                    "UPDATE run_agents SET after = after WHERE company_id = $1 AND run_id = $2 AND user_id = $3
                        AND held = 1 AND got = 3 AND after = 3",
                    &[run.0, office.people["Asha"].0]
                )
                .await,
            1
        );
    });
}

#[test]
fn r21_nothing_changed_leaves_no_record() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha cap 0").await;
        let office = office.with("A Missed of Asha; B Missed of Asha").await;
        let bulk = done(assign(&office, "Root", ticked(&office, "A B").await, "Asha").await);
        assert_eq!((numbers(&bulk), bulk.run), ((0, 2, 0), None));
        let bulk = set(&office, "Root", true, ticked(&office, "A B").await, "Missed").await;
        assert_eq!((numbers(&bulk), bulk.run), ((0, 2, 0), None));
        let bulk = tag(&office, "Root", Off, ticked(&office, "A B").await, "never made").await;
        assert_eq!((numbers(&bulk), bulk.run), ((0, 2, 0), None));
        assert_eq!(office.sql("UPDATE runs SET job = job WHERE company_id = $1", &[]).await, 0);
    });
}

#[test]
fn r23_the_warning_shows_held_cap_and_the_number_after() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha cap 2; Ben").await;
        let office = office.with("1 Busy of Asha; A Unassigned; B Missed of Ben; C NotInterested").await;
        let root = office.viewer("Root").await;
        let warned = assign(&office, "Root", ticked(&office, "A B C").await, "Asha").await;
        assert_eq!(warned, BulkAssignment::OverCap { held: 1, cap: 2, after: 3 });
        assert_eq!(office.held().await, "Asha 1, Ben 1");
        // A closed lead takes no room.
        let bulk = done(assign(&office, "Root", ticked(&office, "A C").await, "Asha").await);
        assert_eq!(numbers(&bulk), (2, 0, 0));
        let bulk = done(assign_to(&office, root, ticked(&office, "B").await, "Asha", true).await);
        assert_eq!((numbers(&bulk), office.held().await.as_str()), ((1, 0, 0), "Asha 3, Ben 0"));
    });
}

#[test]
fn r14_r15_only_what_the_actor_sees_and_whom_the_actor_is_offered() {
    on_both(|database| async move {
        let roster = "Root Admin; Mary Manager in Pune; Asha in Pune; Ben in Goa; Eve in Pune banned";
        let office = Office::open(&database, roster).await.with("A Unassigned; B Missed of Ben").await;
        for to in ["Ben", "Eve", "Root"] {
            let answer = assign(&office, "Mary", ticked(&office, "A").await, to).await;
            assert_eq!(answer, BulkAssignment::NotOffered, "{to}");
        }
        let bulk = done(assign(&office, "Mary", ticked(&office, "A B").await, "Asha").await);
        assert_eq!(bulk.skipped, [(office.leads["B"], Skipped::NotFound)]);
        let bulk = set(&office, "Mary", true, ticked(&office, "A B").await, "Busy").await;
        assert_eq!(bulk.skipped, [(office.leads["B"], Skipped::NotFound)]);
        let bulk = tag(&office, "Mary", On, ticked(&office, "A B").await, "hot").await;
        assert_eq!(bulk.skipped, [(office.leads["B"], Skipped::NotFound)]);
        let bulk = tag(&office, "Mary", On, matching(Filter::default(), 2), "hot").await;
        assert_eq!(numbers(&bulk), (0, 0, 2), "one has just changed, the other is not hers to see");
        assert_eq!(office.places().await, "A Asha Busy, B Ben Missed");
    });
}

#[test]
fn r24_ticked_leads_that_changed_are_skipped_and_told() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Mary Manager; Asha; Ben").await;
        let office = office.with("A Unassigned; B Unassigned; C Unassigned").await;
        let seen = ticked(&office, "A B C").await;
        done(assign(&office, "Mary", ticked(&office, "A").await, "Ben").await);
        // What only adds is no conflict, and not what a conflict tells.
        for lead in ["A", "B"] {
            let order = AddNote {
                viewer: office.viewer("Root").await,
                lead: office.leads[lead],
                text: "called".into(),
                now: NOW,
            };
            let noted = add_note(&office.store, office.company.id, order).await.expect("an answer");
            assert!(matches!(noted, NoteAdded::Done { .. }));
        }
        let told =
            LastChange { lead: office.leads["A"], at: NOW, kind: "assigned".into(), by: Some("Mary".into()) };
        let bulk = done(assign(&office, "Root", seen.clone(), "Asha").await);
        assert_eq!((numbers(&bulk), &bulk.changes[..]), ((2, 0, 1), &[told][..]));
        assert_eq!(bulk.told.sentence(), "2 leads assigned to Asha; 1 skipped (changed by somebody else).");
        let bulk = set(&office, "Root", true, seen.clone(), "Busy").await;
        assert_eq!(numbers(&bulk), (0, 0, 3));
        let who: Vec<Option<&str>> = bulk.changes.iter().map(|change| change.by.as_deref()).collect();
        assert_eq!(who, [Some("Mary"), Some("Root"), Some("Root")]);
        // A tag takes nothing away from anybody.
        assert_eq!(numbers(&tag(&office, "Root", On, seen, "hot").await), (3, 0, 0));
        assert_eq!(office.places().await, "A Ben Assigned, B Asha Assigned, C Asha Assigned");
    });
}

#[test]
fn r22_r24_all_that_match_but_for_what_changed_since() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha cap 100; Ben; Cara").await;
        let office = office.with("30 Missed of Ben; 5 Busy; A Missed; B Missed of Cara").await;
        let missed = Filter { status: Some(office.status("Missed")), ..Filter::default() };
        done(assign(&office, "Root", ticked(&office, "A").await, "Cara").await);
        // 33 were shown; one is no longer Missed, and one got another owner.
        set(&office, "Root", true, ticked(&office, "B").await, "Busy").await;
        let bulk = done(assign(&office, "Root", matching(missed.clone(), 32), "Asha").await);
        assert_eq!(numbers(&bulk), (30, 0, 1 + 1));
        assert_eq!(
            bulk.told.sentence(),
            "30 leads assigned to Asha; 2 skipped (changed by somebody else: 1, no longer matching: 1)."
        );
        assert_eq!(office.held().await, "Asha 30, Ben 0, Cara 2");
        let order = SpreadLeads {
            viewer: Viewer::Operator,
            selection: Selection::Matching { filter: missed.clone(), shown: Some(31), as_of: NOW },
            over: vec![office.people["Ben"], office.people["Cara"]],
            exceed_caps: false,
            now: NOW,
        };
        let Spreading::Done(spread) =
            spread_leads(&office.store, office.company.id, order).await.expect("an answer")
        else {
            panic!("both are offered")
        };
        office.well().await;
        assert_eq!(numbers(&spread.bulk), (30, 1, 0));
        assert_eq!(spread.bulk.told.sentence(), "30 leads spread over 2 agents; 1 unchanged.");
        let lines: Vec<(&str, i64, i64)> =
            spread.agents.iter().map(|line| (line.name.as_str(), line.got, line.after)).collect();
        assert_eq!(lines, [("Ben", 16, 16), ("Cara", 14, 16)]);
        assert_eq!(office.held().await, "Asha 0, Ben 16, Cara 16");
        let bulk = set(&office, "Root", true, matching(missed.clone(), 31), "Busy").await;
        assert_eq!(numbers(&bulk), (0, 0, 31), "all of them have just changed");
        let as_of = Selection::Matching { filter: missed.clone(), shown: Some(31), as_of: NOW };
        assert_eq!(numbers(&set(&office, "Root", true, as_of, "Unassigned").await), (31, 0, 0));
        assert_eq!(office.held().await, "Asha 0, Ben 0, Cara 1");
    });
}

/// Nobody means what they have not seen: neither more than the list said, nor what an import brought that was still
/// going on when they looked.
#[test]
fn r24_all_that_match_is_not_more_than_was_shown() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha; Ben").await;
        let office = office.with("A Busy; B Busy; C Busy; D Missed").await;
        let busy = Filter { status: Some(office.status("Busy")), ..Filter::default() };
        let all = |shown| Selection::Matching { filter: busy.clone(), shown, as_of: NOW.hours_before(1) };
        let more = MoreThanShown { shown: 2, now: 3 };
        assert_eq!(assign(&office, "Root", all(Some(2)), "Asha").await, BulkAssignment::MoreThanShown(more));
        let root = office.viewer("Root").await;
        let order = SpreadLeads {
            viewer: root,
            selection: all(Some(2)),
            over: vec![office.people["Asha"], office.people["Ben"]],
            exceed_caps: false,
            now: NOW,
        };
        let answer = spread_leads(&office.store, office.company.id, order).await;
        assert_eq!(answer.expect("an answer"), Spreading::MoreThanShown(more));
        let to = office.status("Missed");
        let order = SetStatuses { viewer: root, may_convert: true, selection: all(Some(2)), to, now: NOW };
        let answer = set_statuses(&office.store, office.company.id, order).await;
        assert_eq!(answer.expect("an answer"), StatusesSet::MoreThanShown(more));
        let order = TagLeads { viewer: root, selection: all(Some(2)), tag: "hot".into(), way: On, now: NOW };
        let answer = tag_leads(&office.store, office.company.id, order).await;
        assert_eq!(answer.expect("an answer"), LeadsTagged::MoreThanShown(more));
        assert_eq!(office.places().await, "A - Busy, B - Busy, C - Busy, D - Missed");

        // C and D came by imports that began long ago; that of C ended after the list was shown.
        let late: [i64; 2] = [NOW.hours_before(1).0 + 1, NOW.hours_before(1).0];
        for (import, (lead, ended)) in ["C", "D"].into_iter().zip(late).enumerate() {
            let (import, lead) = (import as i64 + 1, office.leads[lead].0);
            office
                .sql(
                    "INSERT INTO imports (company_id, id, file_name, state, at_ms, finished_at_ms, imported, skipped, errors)
                    VALUES ($1, $2, 'leads.csv', 'done', 0, $3, 1, 0, 0)",
                    &[import, ended],
                )
                .await;
            office
                .sql("UPDATE leads SET import_id = $2 WHERE company_id = $1 AND id = $3", &[import, lead])
                .await;
        }
        set(&office, "Root", true, ticked(&office, "D").await, "Unassigned").await;
        office.sql("UPDATE leads SET last_activity_at_ms = 0 WHERE company_id = $1", &[]).await;
        let open = Filter::default();
        let all = Selection::Matching { filter: open, shown: Some(3), as_of: NOW.hours_before(1) };
        let bulk = done(assign(&office, "Root", all, "Asha").await);
        assert_eq!(
            (numbers(&bulk), &bulk.skipped[..]),
            ((3, 0, 1), &[(office.leads["C"], Skipped::Changed)][..])
        );
        assert_eq!(office.places().await, "A Asha Busy, B Asha Busy, C - Busy, D Asha Assigned");
    });
}

#[test]
fn r7_unassigned_takes_the_owner_away() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha; Ben").await;
        let office = office.with("A Missed of Asha; B NotInterested of Ben; C Busy; D Busy of Asha").await;
        let bulk = set(&office, "Root", true, ticked(&office, "A B C D").await, "Unassigned").await;
        assert_eq!(bulk.told.sentence(), "4 leads set to Unassigned.");
        assert_eq!(office.places().await, "A - Unassigned, B - Unassigned, C - Unassigned, D - Unassigned");
        assert_eq!(office.held().await, "Asha 0, Ben 0");
    });
}

#[test]
fn r12_becoming_a_customer_takes_the_permission() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha").await;
        let office = office.with("A Missed of Asha; B Customer of Asha; C Busy of Asha").await;
        let bulk = set(&office, "Root", false, ticked(&office, "A B").await, "Busy").await;
        assert_eq!(bulk.skipped, [(office.leads["B"], Skipped::MayNotConvert)]);
        let bulk = set(&office, "Root", false, ticked(&office, "A B").await, "Customer").await;
        assert_eq!((numbers(&bulk), bulk.run), ((0, 1, 1), None));
        let bulk = set(&office, "Root", true, ticked(&office, "A B C").await, "Customer").await;
        assert_eq!(numbers(&bulk), (2, 1, 0));
        assert_eq!(office.held().await, "Asha 0");
    });
}

#[test]
fn r22_a_tag_is_made_put_on_and_taken_off() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha").await;
        let office = office.with("A Missed of Asha; B Busy; C Busy").await;
        let bulk = tag(&office, "Root", On, ticked(&office, "A B").await, "  Hot  lead ").await;
        assert_eq!(bulk.told.sentence(), "2 leads tagged Hot lead.");
        let bulk = tag(&office, "Root", On, ticked(&office, "A B C").await, "hot LEAD").await;
        assert_eq!(bulk.told.sentence(), "1 lead tagged Hot lead; 2 unchanged.");
        for lead in ["A", "B", "C"] {
            let full = office.lead(lead).await;
            assert_eq!(tags(&full), ["Hot lead"], "{lead}");
            assert_eq!((full.events.len(), full.line.version), (2, 1), "{lead}");
        }
        let bulk = tag(&office, "Root", Off, ticked(&office, "A").await, "Hot lead").await;
        assert_eq!(bulk.told.sentence(), "Hot lead taken off 1 lead.");
        assert_eq!(tags(&office.lead("A").await), Vec::<String>::new());
        let kinds: Vec<String> = office.lead("A").await.events.into_iter().map(|event| event.kind).collect();
        assert_eq!(kinds, ["added", "tagged", "untagged"]);
    });
}

#[test]
fn a_lead_has_so_many_tags_and_no_more() {
    on_both(|database| async move {
        let office =
            Office::open(&database, "Asha; Ben").await.with("A Missed of Asha; B Missed of Ben").await;
        let one = async |by: &str, lead: &str, name: &str| {
            let order = TagLead {
                viewer: office.viewer(by).await,
                lead: office.leads[lead],
                tag: name.into(),
                now: NOW,
            };
            tag_lead(&office.store, office.company.id, order).await.expect("an answer")
        };
        for number in 1..=domain::lead_file::TAGS_MAX {
            assert_eq!(one("Asha", "A", &format!("tag {number}")).await, LeadTagged::Done);
        }
        assert_eq!(one("Asha", "A", "one more").await, LeadTagged::TagsFull);
        assert_eq!(one("Asha", "A", "TAG 1").await, LeadTagged::Unchanged);
        assert_eq!(one("Asha", "B", "tag 1").await, LeadTagged::NotFound);
        let bulk = tag(&office, "Asha", On, ticked(&office, "A").await, "one more").await;
        assert_eq!(bulk.skipped, [(office.leads["A"], Skipped::TagsFull)]);
        let order = TagLead {
            viewer: office.viewer("Asha").await,
            lead: office.leads["A"],
            tag: "tag 7".into(),
            now: NOW,
        };
        for expect in [LeadTagged::Done, LeadTagged::Unchanged] {
            let answer = untag_lead(&office.store, office.company.id, order.clone()).await;
            assert_eq!(answer.expect("an answer"), expect);
        }
        assert_eq!(one("Asha", "A", "one more").await, LeadTagged::Done);
        office.well().await;
    });
}

#[test]
fn a_selection_has_limits_and_a_report_names_some() {
    on_both(|database| async move {
        let office = Office::open(&database, "Root Admin; Asha").await.with("A Missed").await;
        let lead = office.leads["A"];
        for (leads, why) in [
            (vec![(lead, 1); 2], "a lead is ticked twice; name each one once".to_owned()),
            (
                (0..=TICKED_MAX as i64).map(|id| (LeadId(id), 1)).collect(),
                format!(
                    "{} leads are ticked; {TICKED_MAX} can be changed in one go, more with a filter",
                    TICKED_MAX + 1
                ),
            ),
        ] {
            let order = AssignLeads {
                viewer: Viewer::Operator,
                selection: Selection::Ticked(leads),
                to: office.people["Asha"],
                exceed_cap: false,
                now: NOW,
            };
            match assign_leads(&office.store, office.company.id, order).await {
                Err(Error::Refused(said)) => assert_eq!(said, why),
                other => panic!("{other:?}"),
            }
        }
        let strangers = (0..2_000).map(|id| (LeadId(1_000_000 + id), 1)).chain([(lead, 1)]).collect();
        let bulk = done(assign(&office, "Root", Selection::Ticked(strangers), "Asha").await);
        assert_eq!((numbers(&bulk), bulk.skipped.len()), ((1, 0, 2_000), NAMED_MAX));
    });
}

/// Of two bulk changes of the same leads at once every lead is changed by one of them.
#[test]
fn r24_of_two_at_once_each_lead_goes_to_one() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha; Ben").await.with("A Busy; B Busy; C Busy; D Busy").await;
        let seen = ticked(&office, "A B C D").await;
        let mut tasks = tokio::task::JoinSet::new();
        for to in ["Asha", "Ben"] {
            let (store, company) = (office.store.clone(), office.company.id);
            let order = AssignLeads {
                viewer: Viewer::Operator,
                selection: seen.clone(),
                to: office.people[to],
                exceed_cap: false,
                now: NOW,
            };
            tasks.spawn(async move { done(assign_leads(&store, company, order).await.expect("an answer")) });
        }
        let (store, company) = (office.store.clone(), office.company.id);
        let order = SetStatuses {
            viewer: Viewer::Operator,
            may_convert: true,
            selection: seen,
            to: office.status("Missed"),
            now: NOW,
        };
        tasks.spawn(async move {
            match set_statuses(&store, company, order).await.expect("an answer") {
                StatusesSet::Done(bulk) => bulk,
                other => panic!("{other:?}"),
            }
        });
        let bulks = tasks.join_all().await;
        assert_eq!(bulks.iter().map(Bulk::changed).sum::<u64>(), 4);
        assert_eq!(bulks.iter().map(|bulk| bulk.told.numbers.skipped_in_all()).sum::<u64>(), 8);
        office.well().await;
    });
}

/// A single assignment looks at what decides who sees the lead, and at nothing else.
#[test]
fn r14_one_lead_out_of_sight_is_not_found() {
    on_both(|database| async move {
        let roster = "Mary Manager in Pune; Asha in Pune; Ben in Goa";
        let office = Office::open(&database, roster).await.with("A Missed of Ben; B Missed of Asha").await;
        for (lead, expect) in [("A", Assignment::NotFound), ("B", Assignment::Unchanged)] {
            let order = AssignLead {
                company: office.company.id,
                viewer: office.viewer("Mary").await,
                lead: office.leads[lead],
                version: 1,
                to: office.people["Asha"],
                exceed_cap: false,
                now: Moment(NOW.0 + 1),
            };
            assert_eq!(assign_lead(&office.store, order).await.expect("an answer"), expect, "{lead}");
        }
    });
}
