//! Imports into the database: R7, R9, R11, R12.

use crate::office::{NOW, Office, on_both};
use actions::{
    import_leads::{Import, Imported, Progress, import_leads},
    lead_file::Limits,
};
use domain::{
    lead_list::{Filter, Sort},
    sentence,
    viewer::Viewer,
};
use std::sync::Arc;

fn import(office: &Office) -> Import {
    Import {
        company: office.company.id,
        viewer: Viewer::Operator,
        may_convert: true,
        file_name: "leads.csv".into(),
        country: domain::phone::Country::from_code("IN").expect("a country"),
        source: None,
        branch: None,
        department: None,
        keeps_details: true,
        limits: Limits::default(),
    }
}

async fn bring(office: &Office, file: &str, import: Import) -> actions::Result<Imported> {
    let file = std::io::Cursor::new(file.to_owned().into_bytes());
    let imported = import_leads(&office.store, file, import, Arc::new(|| NOW), Arc::new(|_| {})).await;
    office.well().await;
    imported
}

fn said(imported: &Imported) -> String {
    sentence::import(imported.imported, imported.skipped, imported.counts.failed)
}

/// Names, statuses and owners of all leads, oldest first.
async fn all(office: &Office) -> String {
    let mut reader = office.store.read().await.expect("a reader");
    let mut lines = Vec::new();
    let sight = domain::viewer::Sight::All;
    store::lists::each(reader.session(), office.company.id, &Filter::default(), sight, |line| {
        lines.push(format!("{} {}", line.first_name, line.status));
        Ok(())
    })
    .await
    .expect("read");
    lines.reverse();
    lines.join(", ")
}

const ROWS: &str = "First Name,Phone,Status,Branch,Tags,Favourite Tea\n\
    Asha,+91 98765 43210,,Pune,hot;new,Assam\n\
    Again,098765-43210,Busy,,,\n\
    Bela,98765 43211,Customer,pune,new,\n\
    ,98765 43212,,,,\n\
    Cara,not a number,,,,\n\
    Dora,98765 43213,Nonsense,,,\n\
    Esha,98765 43214,missed,Goa,,Darjeeling\n";

#[test]
fn r9_r11_r12_an_import_and_the_same_file_once_more() {
    on_both(|database| async move {
        let office = Office::open(&database, "").await;
        let first = bring(&office, ROWS, import(&office)).await.expect("imported");
        assert_eq!(said(&first), "3 leads imported, 1 skipped (duplicate), 3 errors.");
        let lines: Vec<u64> = first.failures.map(|failure| failure.expect("read back").line).collect();
        assert_eq!(lines, [5, 6, 7]);
        assert_eq!(first.extra_columns, ["Favourite Tea"]);
        assert_eq!(all(&office).await, "Asha Unassigned, Bela Customer, Esha Missed");
        // R9: known numbers make nothing new, customers' included.
        let again = bring(&office, ROWS, import(&office)).await.expect("imported");
        assert_eq!(said(&again), "0 leads imported, 4 skipped (duplicate), 3 errors.");
        assert_eq!(all(&office).await, "Asha Unassigned, Bela Customer, Esha Missed");
        // Another company knows nothing of it.
        let other = Office::open(&database, "").await;
        let theirs = bring(&other, ROWS, import(&other)).await.expect("imported");
        assert_eq!(said(&theirs), "3 leads imported, 1 skipped (duplicate), 3 errors.");
    });
}

#[test]
fn r10_labels_and_details_of_rows_and_of_the_import() {
    on_both(|database| async move {
        let mut office = Office::open(&database, "").await;
        let order = Import { source: Some("Expo".into()), branch: Some("Delhi".into()), ..import(&office) };
        bring(&office, ROWS, order).await.expect("imported");
        let mut reader = office.store.read().await.expect("a reader");
        let sight = domain::viewer::Sight::All;
        let (session, company) = (reader.session(), office.company.id);
        let all = Filter::default();
        let page = store::lists::page(session, company, &all, Sort::Newest, sight, None, 10);
        let lines = page.await.expect("a page").lines;
        drop(reader);
        office.leads = lines.into_iter().map(|line| (line.first_name, line.id)).collect();
        for (name, branch, tags, details) in [
            ("Asha", "Pune", "hot new", r#"{"Favourite Tea":"Assam"}"#),
            ("Bela", "Pune", "new", ""),
            ("Esha", "Goa", "", r#"{"Favourite Tea":"Darjeeling"}"#),
        ] {
            let lead = office.lead(name).await;
            assert_eq!(lead.line.branch.as_deref(), Some(branch), "{name}");
            assert_eq!(lead.line.source.as_deref(), Some("Expo"), "{name}");
            assert_eq!(lead.tags.join(" "), tags, "{name}");
            assert_eq!(lead.details.unwrap_or_default(), details, "{name}");
            assert_eq!((lead.events.len(), lead.events[0].kind.as_str()), (1, "imported"), "{name}");
        }
    });
}

#[test]
fn r12_customer_needs_the_permission_to_convert() {
    on_both(|database| async move {
        let office = Office::open(&database, "").await;
        let order = Import { may_convert: false, ..import(&office) };
        let imported = bring(&office, ROWS, order).await.expect("imported");
        assert_eq!(said(&imported), "2 leads imported, 1 skipped (duplicate), 4 errors.");
        assert_eq!(all(&office).await, "Asha Unassigned, Esha Missed");
    });
}

#[test]
fn r7_ownerless_leads_of_any_status_are_dealt_when_it_is_eligible() {
    on_both(|database| async move {
        let office = Office::open(&database, "Asha; Ben").await;
        bring(&office, ROWS, import(&office)).await.expect("imported");
        let office = office.deals(&["Unassigned", "Missed"], allot::Strategy::EqualShares).await;
        // Neither of them is of the branches Pune and Goa.
        assert_eq!(
            office.run().await.sentence.split(" — ").nth(1),
            Some("0 leads assigned across 0 agents, 2 unassigned (no eligible agents).")
        );
        office.sql("UPDATE leads SET branch_id = NULL WHERE company_id = $1", &[]).await;
        office.run().await;
        assert_eq!(office.held().await, "Asha 1, Ben 1");
        assert_eq!(all(&office).await, "Asha Assigned, Bela Customer, Esha Assigned");
    });
}

/// A file whose columns are mapped wrongly: no lead of it stays, and no label either.
#[test]
fn r11_an_import_that_fails_on_the_way_leaves_nothing() {
    on_both(|database| async move {
        let office = Office::open(&database, "").await;
        let mut file = String::from("First Name,Phone,Branch\n");
        for row in 0..1_200 {
            file.push_str(&format!("N{row},+9198765{row:05},Branch {row}\n"));
        }
        let told = bring(&office, &file, import(&office)).await.expect_err("refused");
        assert_eq!(
            told.to_string(),
            "the file names more than 1000 new branches; most likely a column is mapped wrongly"
        );
        assert_eq!(all(&office).await, "");
        assert_eq!(office.sql("DELETE FROM branches WHERE company_id = $1", &[]).await, 0);
        // But for its record, which says why.
        let failed = "DELETE FROM imports WHERE company_id = $1 AND state = 'failed' AND failure LIKE 'the file names more%'";
        assert_eq!(office.sql(failed, &[]).await, 1);
        assert_eq!(office.sql("DELETE FROM imports WHERE company_id = $1", &[]).await, 0);

        // A fault on the way, too.
        let rows = ROWS.to_owned().into_bytes();
        let breaks = Arc::new(|progress| assert!(matches!(progress, Progress::Read(_)), "broken"));
        let told = import_leads(
            &office.store,
            std::io::Cursor::new(rows),
            import(&office),
            Arc::new(|| NOW),
            breaks,
        )
        .await;
        assert!(told.expect_err("it broke").to_string().contains("nothing was changed"));
        assert_eq!(all(&office).await, "");
        bring(&office, ROWS, import(&office)).await.expect("and the next one works");
    });
}

#[test]
fn r9_imports_of_one_company_at_once_bring_each_number_once() {
    on_both(|database| async move {
        let office = Office::open(&database, "").await;
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..4 {
            let mut rows: Vec<String> =
                (0..400).map(|row| format!("N{row},+9198765{:05}", row + 100 * task)).collect();
            if task % 2 == 1 {
                rows.reverse();
            }
            let file = format!("First Name,Phone\n{}\n", rows.join("\n"));
            let (store, order) = (office.store.clone(), import(&office));
            tasks.spawn(async move {
                let file = std::io::Cursor::new(file.into_bytes());
                import_leads(&store, file, order, Arc::new(|| NOW), Arc::new(|_| {}))
                    .await
                    .expect("imported")
                    .imported
            });
        }
        assert_eq!(tasks.join_all().await.into_iter().sum::<u64>(), 700);
        office.well().await;
    });
}
