//! The news of changes: what a transaction changed, told to whoever listens once it is committed.
//!
//! A room that changes something says so with [`Session::tell`]; what a transaction told is one piece of news, sent
//! after its commit and never if it is rolled back. Pages listen with [`Store::changes`] and show what is new.
//!
//! News is a hint to look again, not the truth: it names few people and leads or says *all*, and after any gap (a
//! listener too slow, a server that restarted) it says that everything may have changed.
//!
//! - SQLite: the writer thread sends the news of its own commits, and asks the file once a second, while somebody
//!   listens, whether another process has written to it.
//! - PostgreSQL: the news is a notification, part of the transaction, which every node hears on one connection.

use crate::{
    boxed,
    database::Store,
    error::{Error, Result},
    limits,
    postgres::Address,
    session::Session,
};
use domain::ids::{CompanyId, LeadId, UserId};
use futures_util::{StreamExt, stream};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use tokio::{
    sync::broadcast::{self, error::RecvError, error::TryRecvError},
    task::JoinHandle,
};
use tokio_postgres::AsyncMessage;

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Leads: their owners, statuses, tags, fields, and with them queues and counts.
    Leads,
    /// Runs of the jobs.
    Runs,
    /// Imports: begun, further, done, undone.
    Imports,
    /// Users, roles, branches, departments.
    People,
    /// Settings of the company: jobs, statuses.
    Settings,
}

impl Topic {
    const ALL: [Topic; 5] = [Topic::Leads, Topic::Runs, Topic::Imports, Topic::People, Topic::Settings];

    fn word(self) -> &'static str {
        match self {
            Topic::Leads => "leads",
            Topic::Runs => "runs",
            Topic::Imports => "imports",
            Topic::People => "people",
            Topic::Settings => "settings",
        }
    }
}

/// Some of many: named one by one while they are few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which<I> {
    /// All of them, as far as is known.
    All,
    /// These, in order, each once; may be none.
    These(Vec<I>),
}

impl<I: Ord + Copy> Which<I> {
    /// Whether this one is among them.
    pub fn includes(&self, one: I) -> bool {
        match self {
            Which::All => true,
            Which::These(these) => these.binary_search(&one).is_ok(),
        }
    }

    fn few(some: impl IntoIterator<Item = I>, few_max: usize) -> Which<I> {
        let mut these = Vec::new();
        for one in some {
            // A run names its agents once per lead: what is known already costs a look, not a place.
            if let Err(place) = these.binary_search(&one) {
                if these.len() == few_max {
                    return Which::All;
                }
                these.insert(place, one);
            }
        }
        Which::These(these)
    }

    fn and(self, other: Which<I>, few_max: usize) -> Which<I> {
        match (self, other) {
            (Which::These(these), Which::These(others)) => {
                Which::few(these.into_iter().chain(others), few_max)
            }
            _ => Which::All,
        }
    }
}

/// What one transaction changed in one company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub company: CompanyId,
    /// What it is about, each topic once.
    pub topics: Vec<Topic>,
    /// The people whose queues changed.
    pub users: Which<UserId>,
    /// The leads that changed.
    pub leads: Which<LeadId>,
}

impl Change {
    /// A change about this, that concerns nobody's queue and no lead so far.
    pub fn of(company: CompanyId, topic: Topic) -> Change {
        Change {
            company,
            topics: vec![topic],
            users: Which::These(Vec::new()),
            leads: Which::These(Vec::new()),
        }
    }

    /// The same, naming people whose queues changed; beyond a few it says *all*.
    #[must_use]
    pub fn users(self, users: impl IntoIterator<Item = UserId>) -> Change {
        let users = self.users.and(Which::few(users, limits::USERS_TOLD), limits::USERS_TOLD);
        Change { users, ..self }
    }

    /// The same, naming leads that changed; beyond a few it says *all*.
    #[must_use]
    pub fn leads(self, leads: impl IntoIterator<Item = LeadId>) -> Change {
        let leads = self.leads.and(Which::few(leads, limits::LEADS_TOLD), limits::LEADS_TOLD);
        Change { leads, ..self }
    }

    /// The same for so many leads that nobody names them.
    #[must_use]
    pub fn all_leads(self) -> Change {
        Change { leads: Which::All, ..self }
    }

    /// Whether it is about this.
    pub fn is_about(&self, topic: Topic) -> bool {
        self.topics.contains(&topic)
    }

    fn and(self, other: Change) -> Change {
        let mut topics = self.topics;
        topics.extend(other.topics);
        topics.sort_unstable();
        topics.dedup();
        Change {
            company: self.company,
            topics,
            users: self.users.and(other.users, limits::USERS_TOLD),
            leads: self.leads.and(other.leads, limits::LEADS_TOLD),
        }
    }

    /// As a notification carries it: `7 leads,runs 1,2,3 *`. Letters, digits and little else, so it needs no quoting,
    /// and far below the 8,000 bytes that PostgreSQL allows.
    pub(crate) fn text(&self) -> String {
        let topics: Vec<&str> = self.topics.iter().map(|topic| topic.word()).collect();
        let (users, leads) = (list(&self.users, |user| user.0), list(&self.leads, |lead| lead.0));
        format!("{} {} {users} {leads}", self.company, topics.join(","))
    }

    /// Reads it back. None: another version of the program wrote it, and nobody knows what it says.
    fn from_text(text: &str) -> Option<Change> {
        let mut words = text.split(' ');
        let company = CompanyId(words.next()?.parse().ok()?);
        let topics = words
            .next()?
            .split(',')
            .map(|word| Topic::ALL.into_iter().find(|topic| topic.word() == word))
            .collect::<Option<Vec<Topic>>>()?;
        let users = from_list(words.next()?)?;
        let leads = from_list(words.next()?)?;
        Some(Change { company, topics, users, leads })
    }
}

fn list<I: Copy>(which: &Which<I>, number: impl Fn(I) -> i64) -> String {
    match which {
        Which::All => "*".into(),
        Which::These(these) if these.is_empty() => "-".into(),
        Which::These(these) => {
            let numbers: Vec<String> = these.iter().map(|one| number(*one).to_string()).collect();
            numbers.join(",")
        }
    }
}

fn from_list<I: From<i64>>(word: &str) -> Option<Which<I>> {
    Some(match word {
        "*" => Which::All,
        "-" => Which::These(Vec::new()),
        word => Which::These(
            word.split(',').map(|number| Some(I::from(number.parse().ok()?))).collect::<Option<_>>()?,
        ),
    })
}

/// A piece of news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Something may have been missed, or another process has written: look at everything again.
    Everything,
    /// A transaction changed this.
    Changed(Arc<Change>),
}

impl News {
    /// Whether a page about this topic of this company has to look again.
    pub fn concerns(&self, company: CompanyId, topic: Topic) -> bool {
        match self {
            News::Everything => true,
            News::Changed(change) => change.company == company && change.is_about(topic),
        }
    }
}

/// A listener: what happens from its making on, in the order of the commits.
#[derive(Debug)]
pub struct Changes(broadcast::Receiver<News>);

impl Changes {
    /// The next piece of news, when there is one; none once the store is closed. Whoever was too slow hears that
    /// everything may have changed.
    #[boxed]
    pub async fn next(&mut self) -> Option<News> {
        match self.0.recv().await {
            Ok(news) => Some(news),
            Err(RecvError::Lagged(_)) => Some(News::Everything),
            Err(RecvError::Closed) => None,
        }
    }

    /// What has been heard already; none if there is nothing new.
    pub fn heard(&mut self) -> Option<News> {
        match self.0.try_recv() {
            Ok(news) => Some(news),
            Err(TryRecvError::Lagged(_)) => Some(News::Everything),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

/// What a transaction has told so far, with the places to which it may come back.
#[derive(Debug, Default)]
pub(crate) struct Told {
    changes: Vec<Change>,
    marks: Vec<usize>,
}

impl Told {
    pub(crate) fn mark(&mut self) {
        self.marks.push(self.changes.len());
    }

    pub(crate) fn back_to_mark(&mut self) {
        if let Some(length) = self.marks.pop() {
            self.changes.truncate(length);
        }
    }

    pub(crate) fn forget_mark(&mut self) {
        self.marks.pop();
    }

    /// Takes out everything, as one change per company.
    pub(crate) fn take(&mut self) -> Vec<Change> {
        self.marks.clear();
        let mut news: Vec<Change> = Vec::new();
        for change in self.changes.drain(..) {
            match news.iter().position(|earlier| earlier.company == change.company) {
                Some(place) => {
                    let earlier = news.swap_remove(place);
                    news.push(earlier.and(change));
                }
                None => news.push(change),
            }
        }
        news
    }
}

impl Session {
    /// Says what this transaction changes; it is heard after the commit.
    pub fn tell(&mut self, change: Change) {
        self.told.changes.push(change);
    }
}

/// Sends news to the listeners of this process; without any it costs a look.
pub(crate) fn publish(news: &broadcast::Sender<News>, what: News) {
    if news.receiver_count() > 0 {
        let _ = news.send(what); // nobody is left to hear it: as well
    }
}

/// The end of the store at which news comes out.
pub(crate) struct Feed {
    pub(crate) news: broadcast::Sender<News>,
    /// PostgreSQL: who listens to the server.
    ear: Mutex<Option<JoinHandle<()>>>,
}

impl Feed {
    pub(crate) fn new(news: broadcast::Sender<News>) -> Feed {
        Feed { news, ear: Mutex::new(None) }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let ear = self.ear.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(ear) = ear.take() {
            ear.abort();
        }
    }
}

impl Store {
    /// Listens from now on. On PostgreSQL the first listener of a process hears *everything* once the connection to
    /// the server stands, for what happened until then. To be called inside the runtime.
    pub fn changes(&self) -> Changes {
        let receiver = self.feed().news.subscribe();
        if let Some(postgres) = self.postgres() {
            let mut ear = self.feed().ear.lock().unwrap_or_else(PoisonError::into_inner);
            if ear.as_ref().is_none_or(JoinHandle::is_finished) {
                *ear = Some(tokio::spawn(listen(postgres.address(), self.feed().news.clone())));
            }
        }
        self.wake_writer();
        Changes(receiver)
    }

    /// Tells the listeners of this process alone, at once and beside any transaction: how far an import is, say.
    pub fn tell_here(&self, change: Change) {
        publish(&self.feed().news, News::Changed(Arc::new(change)));
    }
}

/// Listens to the server until the store closes; what breaks is tried again with growing pauses.
async fn listen(server: Address, news: broadcast::Sender<News>) {
    let mut pause = limits::EAR_PAUSE_MIN;
    loop {
        let stood = AtomicBool::new(false);
        let Err(error) = hear(&server, &news, &stood).await;
        if stood.into_inner() {
            pause = limits::EAR_PAUSE_MIN;
        }
        tracing::debug!(%error, pause_ms = pause.as_millis() as u64, "the news of other nodes is not heard");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(limits::EAR_PAUSE_MAX);
    }
}

/// One connection's life as an ear. `stood`: it could listen for a while.
async fn hear(
    server: &Address,
    news: &broadcast::Sender<News>,
    stood: &AtomicBool,
) -> Result<std::convert::Infallible> {
    let (client, mut connection) = server.connect().await?;
    let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
    let listening = async {
        client.batch_execute("LISTEN evenhand").await?;
        stood.store(true, Ordering::Relaxed);
        // Whatever was told before this moment was not heard here.
        publish(news, News::Everything);
        std::future::pending::<Result<std::convert::Infallible>>().await
    };
    let hearing = async {
        loop {
            match messages.next().await {
                Some(Ok(AsyncMessage::Notification(notification))) => {
                    publish(
                        news,
                        match Change::from_text(notification.payload()) {
                            Some(change) => News::Changed(Arc::new(change)),
                            None => News::Everything,
                        },
                    );
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Error::from(error)),
                None => return Err(Error::Unavailable("the connection was closed".into())),
            }
        }
    };
    tokio::select! {
        ended = listening => ended,
        ended = hearing => ended,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_reads_back_from_its_notification() {
        let change = Change::of(CompanyId(7), Topic::Leads);
        for (change, text) in [
            (change.clone(), "7 leads - -"),
            (change.clone().users([UserId(3), UserId(1), UserId(3)]).leads([LeadId(9)]), "7 leads 1,3 9"),
            (change.clone().and(Change::of(CompanyId(7), Topic::Runs)), "7 leads,runs - -"),
            (change.users((0..9_999).map(UserId)), "7 leads * -"),
        ] {
            assert_eq!(change.text(), text);
            assert_eq!(Change::from_text(text), Some(change));
        }
        for text in ["", "7", "7 weather - -", "7 leads 1,x -", "x leads - -"] {
            assert_eq!(Change::from_text(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_longest_notification_fits() {
        let longest = Topic::ALL
            .into_iter()
            .map(|topic| {
                Change::of(CompanyId(i64::MIN), topic)
                    .users((0..limits::USERS_TOLD as i64).map(|n| UserId(i64::MIN + n)))
                    .leads((0..limits::LEADS_TOLD as i64).map(|n| LeadId(i64::MIN + n)))
            })
            .reduce(Change::and)
            .expect("there are topics");
        assert!(matches!((&longest.users, &longest.leads), (Which::These(_), Which::These(_))));
        assert!(longest.text().len() < 8_000, "{} bytes", longest.text().len());
    }

    #[test]
    fn what_is_told_behind_a_mark_can_be_taken_back() {
        let (runs, leads) = (Change::of(CompanyId(1), Topic::Runs), Change::of(CompanyId(1), Topic::Leads));
        let mut told = Told::default();
        told.changes.push(runs.clone());
        told.mark();
        told.changes.push(leads.clone());
        told.back_to_mark();
        assert_eq!(told.take().as_slice(), std::slice::from_ref(&runs));
        told.mark();
        told.changes.extend([runs.clone(), leads.clone(), Change::of(CompanyId(2), Topic::Leads)]);
        told.forget_mark();
        let mut news = told.take();
        news.sort_by_key(|change| change.company);
        assert_eq!(news, [runs.and(leads), Change::of(CompanyId(2), Topic::Leads)]);
        assert_eq!(told.take(), []);
    }
}
