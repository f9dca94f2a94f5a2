//! The lease of a company's runs.

use crate::support::{child, in_child};
use domain::ids::CompanyId;
use std::io::{BufRead, BufReader, Read};
use store::{Missing, Store, testing::on_both_engines};

const ACME: CompanyId = CompanyId(1);
const OTHER: CompanyId = CompanyId(2);

#[test]
fn r41_one_holder_per_company() {
    on_both_engines(|database| async move {
        let store = &database.store;
        let again = Store::open(&database.location, Missing::Refuse).await.expect("a second node");
        let held = store.try_lease(ACME).await.expect("asked").expect("free");
        assert!(held.is_alive());
        for store in [store, &again] {
            assert!(store.try_lease(ACME).await.expect("asked").is_none(), "it is held");
        }
        let other = again.try_lease(OTHER).await.expect("asked").expect("another company's is free");
        held.release().await;
        let held = again.try_lease(ACME).await.expect("asked").expect("released, so free at once");
        drop((held, other));
        // Dropping frees it too; on PostgreSQL as soon as the server has noticed.
        while store.try_lease(ACME).await.expect("asked").is_none() {}
    });
}

#[test]
fn r41_a_lease_dies_with_its_process() {
    on_both_engines(|database| async move {
        let mut holder = child("lease::holds_a_lease", &database.location).spawn().expect("started");
        let mut lines = BufReader::new(holder.stdout.take().expect("piped")).lines();
        assert!(lines.any(|line| line.expect("text").ends_with("held")), "the child holds it");
        assert!(database.store.try_lease(ACME).await.expect("asked").is_none());
        holder.kill().expect("killed");
        holder.wait().expect("gone");
        while database.store.try_lease(ACME).await.expect("asked").is_none() {}
    });
}

#[test]
#[ignore = "the child process of the test above"]
fn holds_a_lease() {
    in_child(|location| async move {
        let store = Store::open(&location, Missing::Refuse).await.expect("opened");
        let _lease = store.try_lease(ACME).await.expect("asked").expect("free");
        println!("held");
        std::io::stdin().read_to_end(&mut Vec::new()).expect("until the parent closes it");
    });
}
