//! The doctor finds what is wrong, and a recount mends what can be counted.

use crate::office::{NOW, Office, on_both};
use actions::tag_leads::{LeadTagged, TagLead, tag_lead};
use domain::viewer::Viewer;

#[test]
fn planted_damage_is_found_and_a_recount_mends_the_counters() {
    on_both(|database| async move {
        for (damage, found, mends) in [
            (
                "UPDATE queues SET held = held + 1 WHERE company_id = $1",
                &[
                    "Asha's queue: the counter says 3 open leads, there are 2",
                    "Ben's queue: the counter says 1 open leads, there are 0",
                ][..],
                true,
            ),
            (
                "UPDATE status_counts SET leads = leads + 1 WHERE company_id = $1",
                &[
                    "status Unassigned: the counter says 2 leads, there are 1",
                    "status Missed: the counter says 3 leads, there are 2",
                    "status Wrong Number: the counter says 2 leads, there are 1",
                ],
                true,
            ),
            (
                "DELETE FROM status_counts WHERE company_id = $1",
                &[
                    "status Unassigned: the counter says 0 leads, there are 1",
                    "status Missed: the counter says 0 leads, there are 2",
                    "status Wrong Number: the counter says 0 leads, there are 1",
                ],
                true,
            ),
            (
                "UPDATE leads SET owner_id = (SELECT MIN(id) FROM users WHERE company_id = $1)
                    WHERE company_id = $1 AND owner_id IS NULL",
                &[
                    "Asha's queue: the counter says 2 open leads, there are 3",
                    "1 leads have an owner although their status is Unassigned",
                ],
                false,
            ),
            (
                "DELETE FROM lead_events WHERE company_id = $1",
                &["4 leads have a timeline that does not match its number of entries"],
                false,
            ),
            (
                "UPDATE lead_events SET entry = 2 WHERE company_id = $1",
                &["4 leads have a timeline that does not match its number of entries"],
                false,
            ),
            (
                "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind) VALUES ($1, 0, 1, 1, 'note')",
                &["1 timeline entries belong to no lead"],
                false,
            ),
            (
                "DELETE FROM lead_terms WHERE company_id = $1 AND term LIKE ' %'",
                &["searches go by 4 terms; the leads have 8, and they are not the same"],
                true,
            ),
            (
                "UPDATE lead_terms SET term = term || 'x' WHERE company_id = $1 AND term NOT LIKE ' %'",
                &["searches go by 8 terms; the leads have 8, and they are not the same"],
                true,
            ),
            (
                "UPDATE leads SET tag_bits = 0 WHERE company_id = $1",
                &["1 tags are on leads that lists by name or activity do not look at"],
                true,
            ),
            (
                "UPDATE leads SET name_key = 'x' WHERE company_id = $1",
                &["4 leads are sorted under another name than theirs"],
                true,
            ),
        ] {
            let office = Office::open(&database, "Asha; Ben").await;
            let office = office.with("2 Missed of Asha; 1 Unassigned; Old WrongNumber of Asha").await;
            if damage.contains("tag_bits") {
                let (viewer, lead) = (Viewer::Operator, office.leads["Old"]);
                let order = TagLead { viewer, lead, tag: "hot".into(), now: NOW };
                let tagged = tag_lead(&office.store, office.company.id, order).await;
                assert_eq!(tagged.expect("an answer"), LeadTagged::Done);
            }
            let healthy = Office::open(&database, "Zoe").await.with("1 Missed of Zoe").await;
            assert!(office.sql(damage, &[]).await > 0);
            assert_eq!(office.examine().await, found, "{damage}");
            healthy.well().await;
            let company = office.company.id;
            let mended: store::Result<()> = office
                .store
                .write(move |session| Box::pin(async move { store::doctor::recount(session, company).await }))
                .await;
            mended.expect("recounted");
            assert_eq!(office.examine().await.is_empty(), mends, "{damage}");
        }
    });
}
