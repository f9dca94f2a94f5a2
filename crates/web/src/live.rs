//! The live updates: a stream of events that says what to look at again. It carries no data, so that whoever may not
//! see a lead learns nothing of it: the page asks again, and its query decides (R14).
//!
//! Events: `queue` (the leads that the listener owns), `leads` (any lead that they see), `lead-<id>`, `lead` (whichever
//! is open), `run`, `import`, `people`, `settings`; and first of all `hello`, for regions that must not miss what happened
//! between the making of their page and the beginning of its stream.

use crate::{signed_in::SignedIn, site::Site};
use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use domain::viewer::Sight;
use futures_util::{Stream, stream};
use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};
use store::changes::{Changes, News, Topic, Which};

/// How often a stream in which nothing happens says that it is there; proxies close silent ones.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);
/// Changes that may be heard together: what happens at once is told once.
const TOGETHER_MAX: usize = 64;

/// The stream of whoever is signed in.
pub async fn stream(
    State(site): State<Arc<Site>>,
    who: SignedIn,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let listener = Listener {
        changes: site.store.changes(),
        who,
        to_tell: VecDeque::from(["hello".to_owned()]),
        closing: site.closing(),
        site,
    };
    let events = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(Event::default().event(event).data("-")), listener))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE))
}

struct Listener {
    changes: Changes,
    who: SignedIn,
    to_tell: VecDeque<String>,
    closing: tokio::sync::watch::Receiver<bool>,
    site: Arc<Site>,
}

impl Listener {
    /// The next event; none when the stream has ended: the store or the site closes, or the session has ended.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(event) = self.to_tell.pop_front() {
                return Some(event);
            }
            let news = tokio::select! {
                news = self.changes.next() => news?,
                _ = self.closing.wait_for(|closing| *closing) => return None,
            };
            self.hear(&news);
            for _ in 0..TOGETHER_MAX {
                let Some(news) = self.changes.heard() else { break };
                self.hear(&news);
            }
            // A ban or a new role concerns this very stream (R16).
            if news.concerns(self.who.company.id, Topic::People) && !self.is_still_signed_in().await {
                return None;
            }
        }
    }

    async fn is_still_signed_in(&mut self) -> bool {
        match actions::sign_in::who(&self.site.store, &self.who.token, self.site.now()).await {
            Ok(found) => found.is_some(),
            // The database is away: the stream stays, the next news asks again.
            Err(_) => true,
        }
    }

    /// What the news means for this listener.
    fn hear(&mut self, news: &News) {
        let company = self.who.company.id;
        let mut tell = |event: String| {
            if !self.to_tell.contains(&event) {
                self.to_tell.push_back(event);
            }
        };
        let change = match news {
            News::Everything => {
                for event in ["queue", "leads", "run", "import", "people", "settings", "lead"] {
                    tell(event.to_owned());
                }
                return;
            }
            News::Changed(change) if change.company == company => change,
            News::Changed(_) => return,
        };
        for (topic, event) in [
            (Topic::Runs, "run"),
            (Topic::Imports, "import"),
            (Topic::People, "people"),
            (Topic::Settings, "settings"),
        ] {
            if change.is_about(topic) {
                tell(event.to_owned());
            }
        }
        if change.is_about(Topic::Leads) {
            let own = change.users.includes(self.who.user);
            if own {
                tell("queue".into());
            }
            match (&change.leads, self.who.sight()) {
                // Who sees only their own leads hears nothing of the others, nor which ones changed beside their own.
                (_, Sight::OwnedBy(_)) if !own => {}
                (Which::All, _) | (_, Sight::OwnedBy(_)) => {
                    tell("leads".into());
                    tell("lead".into());
                }
                (Which::These(leads), _) => {
                    tell("leads".into());
                    for lead in leads {
                        tell(format!("lead-{lead}"));
                    }
                }
            }
        }
    }
}
