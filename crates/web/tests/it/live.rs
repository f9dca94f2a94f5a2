//! The stream of live updates: who hears what, and when it ends (R14, R16, R19).

use crate::house::on_both;

#[test]
fn r19_the_new_owner_and_the_former_one_hear_of_their_queues() {
    on_both(|house| async move {
        let lead = house.lead("Lea", Some("Asha")).await;
        let (asha, cara) = (house.signed_in("Asha").await, house.signed_in("Cara").await);
        let mira = house.signed_in("Mira").await;
        house.hears_news().await;
        let mut streams = [asha.listen().await, cara.listen().await, mira.listen().await];
        let version = house.look(lead).await.2.to_string();
        let to = house.user("Cara").to_string();
        mira.does(&format!("/leads/{lead}/assignment"), &[("agent", &to), ("version", &version)]).await;
        for stream in &mut streams[..2] {
            assert!(stream.until("leads").await.contains(&"queue".to_owned()), "both queues have changed");
        }
        let heard = streams[2].until("leads").await;
        assert!(!heard.contains(&"queue".to_owned()), "it is not the manager's queue: {heard:?}");
    });
}

#[test]
fn r14_an_agent_hears_nothing_of_leads_that_are_not_theirs() {
    on_both(|house| async move {
        let other = house.lead("Leo", Some("Ben")).await;
        let own = house.lead("Lea", Some("Asha")).await;
        let (asha, mira) = (house.signed_in("Asha").await, house.signed_in("Mira").await);
        house.hears_news().await;
        let mut stream = asha.listen().await;
        let cara = house.user("Cara").to_string();
        for lead in [other, own] {
            let version = house.look(lead).await.2.to_string();
            mira.does(&format!("/leads/{lead}/assignment"), &[("agent", &cara), ("version", &version)]).await;
        }
        // What came first, and was of the other lead, is not heard: neither when it changed nor its number.
        assert_eq!(stream.until("lead").await, ["queue", "leads", "lead"]);
    });
}

/// A manager's note or tag is seen on the owner's screen too, and on nobody else's.
#[test]
fn r19_r20_the_owner_hears_what_others_do_to_their_lead() {
    on_both(|house| async move {
        let lead = house.lead("Lea", Some("Asha")).await;
        let mira = house.signed_in("Mira").await;
        let (asha, ben) = (house.signed_in("Asha").await, house.signed_in("Ben").await);
        house.hears_news().await;
        let (mut owner, mut other) = (asha.listen().await, ben.listen().await);
        for (what, field) in [("notes", "note"), ("tags", "tag")] {
            mira.does(&format!("/leads/{lead}/{what}"), &[(field, "hot")]).await;
            assert_eq!(owner.until("lead").await, ["queue", "leads", "lead"], "{what}");
        }
        let own = house.lead("Leo", Some("Ben")).await;
        mira.does(&format!("/leads/{own}/notes"), &[("note", "cold")]).await;
        assert_eq!(other.until("lead").await, ["queue", "leads", "lead"], "Ben heard of his own lead alone");
    });
}

#[test]
fn r16_the_stream_of_a_banned_user_ends() {
    on_both(|house| async move {
        let (admin, asha) = (house.signed_in("Admin").await, house.signed_in("Asha").await);
        let mut stream = asha.listen().await;
        admin.does(&format!("/users/{}/ban", house.user("Asha")), &[("banned", "yes")]).await;
        while stream.next().await.is_some() {}
        assert_eq!(asha.get("/live").await.location(), Some("/sign-in?next=%2Flive"));
    });
}

#[test]
fn streams_end_when_the_service_does() {
    on_both(|house| async move {
        let mut stream = house.signed_in("Mira").await.listen().await;
        house.site.close();
        assert_eq!(stream.next().await, None);
    });
}
