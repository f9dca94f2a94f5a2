//! A small company in a throw-away database, described in words: a roster in, names out.

use actions::{
    Result,
    runs::{self, Order, Report},
    save_job::{Saved, save_job},
};
use domain::{
    ids::{BranchId, CompanyId, DepartmentId, LeadId, StatusId, UserId},
    job::Job,
    role::{DEFAULTS, Scope},
    status::Statuses,
    time::Moment,
    viewer::Viewer,
};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
};
use store::{
    Session, Store,
    companies::{self, Company},
    doctor,
    ids::Kind,
    labels::{self, Label},
    leads::{self, Capture, NewLead},
    params, roles,
    runs::StartedBy,
    sql::Sql,
    statuses,
    testing::{TestDatabase, on_both_engines},
    users::{self, NewUser},
    value::Value,
};

/// Monday 2026-05-11 09:00 in Kolkata.
pub const NOW: Moment = Moment(1_778_470_200_000);
const HOUR: i64 = 3_600_000;

/// A company, its people and its leads by name.
pub struct Office {
    pub store: Store,
    pub company: Company,
    pub statuses: Statuses,
    pub people: BTreeMap<String, UserId>,
    pub leads: BTreeMap<String, LeadId>,
}

/// Runs a test on both engines; it gets a database in which it opens as many offices as it likes.
pub fn on_both<F: Future<Output = ()>>(test: impl Fn(std::sync::Arc<TestDatabase>) -> F) {
    on_both_engines(|database| test(std::sync::Arc::new(database)));
}

impl Office {
    /// An office of these people: `Asha cap 3; Ben in Pune of Loans banned; Mary Manager`. Without a role they are agents.
    /// `waiting 5`: received something 5 hours ago (otherwise never).
    pub async fn open(database: &std::sync::Arc<TestDatabase>, roster: &str) -> Office {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("Company {}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let store = database.store.clone();
        let words: Vec<Vec<String>> =
            roster.split(';').map(|line| line.split_whitespace().map(str::to_owned).collect()).collect();
        let (company, statuses, people) = store
            .write(move |session| {
                Box::pin(async move {
                    let company = companies::insert(session, &name, "IN", "Asia/Kolkata", NOW).await?;
                    statuses::insert_defaults(session, company).await?;
                    for role in &DEFAULTS {
                        roles::insert(session, company, role).await?;
                    }
                    let mut people = BTreeMap::new();
                    for words in words.iter().filter(|words| !words.is_empty()) {
                        people.insert(words[0].clone(), employ(session, company, words).await?);
                    }
                    let company = companies::by_name(session, &name).await?.expect("just made");
                    let statuses = statuses::list(session, company.id).await?;
                    Ok::<_, store::Error>((company, statuses, people))
                })
            })
            .await
            .expect("the office opens");
        Office { store, company, statuses, people, leads: BTreeMap::new() }
    }

    /// Brings leads in: `Lea Missed of Asha in Pune tried 30; 20 Unassigned`. The words after name (or number) and status:
    /// `of` owner, `in` branch, `dept` department, `from` source, `tried`/`chosen`/`acted`/`born` hours ago, `was` an
    /// earlier owner (`on` days ago, 1 by default), `doubtful`.
    pub async fn with(mut self, list: &str) -> Office {
        let (company, statuses, people) = (self.company.id, self.statuses.clone(), self.people.clone());
        let lines: Vec<Vec<String>> = list
            .split(';')
            .map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            .filter(|words| !words.is_empty())
            .collect();
        let named: Result<Vec<(String, LeadId)>, store::Error> = self
            .store
            .write(move |session| {
                Box::pin(async move {
                    let mut named = Vec::new();
                    for words in &lines {
                        let (number, name) = match words[0].parse::<usize>() {
                            Ok(number) => (number, None),
                            Err(_) => (1, Some(words[0].clone())),
                        };
                        let status = status_called(&statuses, &words[1]);
                        for id in session.new_ids(Kind::Lead, number).await? {
                            capture(session, company, id, status, words, &people).await?;
                            named.extend(name.clone().map(|name| (name, LeadId(id))));
                        }
                    }
                    doctor::recount(session, company).await?;
                    Ok(named)
                })
            })
            .await;
        self.leads.extend(named.expect("the leads come in"));
        self.well().await;
        self
    }

    /// Whose leads the automatic assignment deals, and how.
    pub async fn deals(self, statuses: &[&str], strategy: allot::Strategy) -> Office {
        let change = actions::save_job::Change {
            statuses: Some(statuses.iter().map(|name| (*name).to_owned()).collect()),
            strategy: Some(strategy),
            ..Default::default()
        };
        self.saves(Job::Assignment, change, NOW).await;
        self
    }

    /// The operator changes the settings of a job.
    pub async fn saves(&self, job: Job, change: actions::save_job::Change, now: Moment) -> Saved {
        save_job(&self.store, self.company.id, job, change, Viewer::Operator, now).await.expect("saved")
    }

    /// Runs a job at a moment and looks whether all is well afterwards.
    pub async fn runs(&self, job: Job, now: Moment) -> Report {
        let order = Order::now(job, Viewer::Operator, StartedBy::CommandLine);
        let report = runs::run(&self.store, &self.company, order, &|| now).await.expect("it runs");
        self.well().await;
        report
    }

    /// Runs the automatic assignment and looks whether all is well afterwards.
    pub async fn run(&self) -> Report {
        let report = self.try_run().await.expect("it runs");
        self.well().await;
        report
    }

    pub async fn try_run(&self) -> Result<Report> {
        let order = Order::now(Job::Assignment, Viewer::Operator, StartedBy::CommandLine);
        runs::run(&self.store, &self.company, order, &|| NOW).await
    }

    pub async fn preview(&self) -> Report {
        runs::preview(&self.store, &self.company, Job::Assignment, NOW).await.expect("a preview")
    }

    /// The doctor finds nothing.
    pub async fn well(&self) {
        assert_eq!(self.examine().await, Vec::<String>::new());
    }

    pub async fn examine(&self) -> Vec<String> {
        let mut reader = self.store.snapshot().await.expect("a reader");
        doctor::examine(reader.session(), self.company.id).await.expect("examined")
    }

    /// Who holds how many: `Asha 2, Ben 1`, agents only.
    pub async fn held(&self) -> String {
        let mut reader = self.store.read().await.expect("a reader");
        let members = users::members(reader.session(), self.company.id).await.expect("members");
        let held: Vec<String> =
            members.iter().filter(|m| m.receives).map(|m| format!("{} {}", m.name, m.held)).collect();
        held.join(", ")
    }

    /// Where the named leads are: `Lea Asha Assigned, Leo - Missed`.
    pub async fn places(&self) -> String {
        let mut places = Vec::new();
        for name in self.leads.keys() {
            let line = self.lead(name).await.line;
            let owner = line.owner.unwrap_or_else(|| "-".into());
            places.push(format!("{name} {owner} {}", line.status.replace(' ', "")));
        }
        places.join(", ")
    }

    /// The named lead in full.
    pub async fn lead(&self, name: &str) -> leads::LeadInFull {
        self.lead_of(self.leads[name]).await
    }

    pub async fn lead_of(&self, lead: LeadId) -> leads::LeadInFull {
        let mut reader = self.store.read().await.expect("a reader");
        leads::one(reader.session(), self.company.id, lead, domain::viewer::Sight::All)
            .await
            .expect("read")
            .expect("it is there")
    }

    /// Learns the names of the leads that came in by another door.
    pub async fn name_leads(&mut self) {
        self.leads = self.lines().await.into_iter().map(|line| (line.first_name, line.id)).collect();
    }

    /// The first names of all leads, in the order of names.
    pub async fn names(&self) -> String {
        let mut names: Vec<String> = self.lines().await.into_iter().map(|line| line.first_name).collect();
        names.sort();
        names.join(", ")
    }

    /// The details of all leads that have some, oldest first.
    pub async fn details(&self) -> Vec<String> {
        let mut lines = self.lines().await;
        lines.reverse();
        let mut details = Vec::new();
        for line in lines {
            let mut reader = self.store.read().await.expect("a reader");
            let sight = domain::viewer::Sight::All;
            let lead = leads::one(reader.session(), self.company.id, line.id, sight).await.expect("read");
            details.extend(lead.expect("it is there").details);
        }
        details
    }

    async fn lines(&self) -> Vec<store::lists::LeadLine> {
        let mut reader = self.store.read().await.expect("a reader");
        let (filter, sight) = (domain::lead_list::Filter::default(), domain::viewer::Sight::All);
        let mut lines = Vec::new();
        store::lists::each(reader.session(), self.company.id, &filter, sight, |line| {
            lines.push(line);
            Ok(())
        })
        .await
        .expect("read");
        lines
    }

    /// Changes something behind the actions' back.
    pub async fn sql(&self, sql: &'static str, values: &[i64]) -> u64 {
        let values: Vec<Value<'static>> = std::iter::once(self.company.id.into())
            .chain(values.iter().map(|value| Value::Int(*value)))
            .collect();
        let changed: store::Result<u64> = self
            .store
            .write(move |session| {
                Box::pin(async move { session.execute(&Sql::built(sql.to_owned()), &values).await })
            })
            .await;
        changed.expect("changed")
    }

    /// The person as somebody who acts.
    pub async fn viewer(&self, name: &str) -> Viewer {
        let mut reader = self.store.read().await.expect("a reader");
        let session = reader.session();
        let id = self.people[name];
        let member = users::members(session, self.company.id).await.expect("members");
        let member = member.into_iter().find(|member| member.id == id).expect("one of them");
        let listed = users::list(session, self.company.id).await.expect("users");
        let role = listed.into_iter().find(|user| user.id == id).expect("one of them").role;
        let roles = roles::list(session, self.company.id).await.expect("roles");
        let scope = roles.into_iter().find(|known| known.name == role).map_or(Scope::Own, |role| role.scope);
        Viewer::User { id, scope, branch: member.branch, department: member.department }
    }

    pub fn status(&self, name: &str) -> StatusId {
        status_called(&self.statuses, name)
    }
}

fn status_called(statuses: &Statuses, name: &str) -> StatusId {
    statuses
        .iter()
        .find(|status| status.name.replace(' ', "") == name)
        .unwrap_or_else(|| panic!("no status {name}"))
        .id
}

/// The word behind this one.
fn after<'w>(words: &'w [String], key: &str) -> Option<&'w str> {
    words.iter().position(|word| word == key).map(|at| words[at + 1].as_str())
}

fn hours_ago(words: &[String], key: &str) -> Option<i64> {
    after(words, key).map(|hours| NOW.0 - (hours.parse::<f64>().expect("hours") * HOUR as f64) as i64)
}

async fn employ(session: &mut Session, company: CompanyId, words: &[String]) -> store::Result<UserId> {
    let name = &words[0];
    let wanted = ["Manager", "Admin"]
        .into_iter()
        .find(|role| words.iter().any(|word| word == role))
        .unwrap_or("Agent");
    let role = roles::list(session, company)
        .await?
        .into_iter()
        .find(|role| role.name.ends_with(wanted))
        .expect("a role");
    let branch = label(session, company, Label::Branch, after(words, "in")).await?;
    let department = label(session, company, Label::Department, after(words, "dept")).await?;
    let user = NewUser {
        name,
        email: &format!("{name}@company{company}.example"),
        role: role.id,
        branch: branch.map(BranchId),
        department: department.map(DepartmentId),
        cap: after(words, "cap").map(|cap| cap.parse().expect("a cap")),
        password_hash: None,
    };
    let id = users::insert(session, company, &user, NOW).await?;
    if words.iter().any(|word| word == "banned") {
        users::set_ban(session, company, id, Some(NOW), None).await?;
    }
    if let Some(at) = hours_ago(words, "waiting") {
        let sql = Sql::built(
            "UPDATE queues SET last_received_at_ms = $3 WHERE company_id = $1 AND user_id = $2".into(),
        );
        session.execute(&sql, params![company, id, at]).await?;
    }
    Ok(id)
}

async fn label(
    session: &mut Session,
    company: CompanyId,
    label: Label,
    name: Option<&str>,
) -> store::Result<Option<i64>> {
    match name {
        Some(name) => labels::find_or_add(session, company, label, name).await.map(Some),
        None => Ok(None),
    }
}

async fn capture(
    session: &mut Session,
    company: CompanyId,
    id: i64,
    status: StatusId,
    words: &[String],
    people: &BTreeMap<String, UserId>,
) -> store::Result<()> {
    let born = Moment(hours_ago(words, "born").unwrap_or(NOW.0 - 100 * HOUR));
    let lead = NewLead {
        id: id.into(),
        status,
        branch: label(session, company, Label::Branch, after(words, "in")).await?.map(BranchId),
        department: label(session, company, Label::Department, after(words, "dept")).await?.map(DepartmentId),
        source: label(session, company, Label::Source, after(words, "from")).await?.map(Into::into),
        phone: format!("+91{:010}", 9_000_000_000 + id),
        phone_typed: id.to_string(),
        phone_doubtful: words.iter().any(|word| word == "doubtful"),
        first_name: words[0].clone(),
        last_name: String::new(),
        email: None,
        email_doubtful: false,
        country: None,
        details: None,
        tags: Vec::new(),
    };
    let capture = Capture { at: born, actor: None, import: None, kind: "added" };
    leads::insert_new(session, company, &[lead], capture).await?;
    let owner = after(words, "of").map(|name| people[name]);
    let tried = hours_ago(words, "tried");
    if let Some(was) = after(words, "was") {
        let days: i64 = after(words, "on").map_or(1, |days| days.parse().expect("days"));
        let event = Sql::built(
            "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, from_owner_id, to_owner_id)
                VALUES ($1, $2, 2, $3, 'assigned', $4, $5)"
                .into(),
        );
        session.execute(&event, params![company, id, NOW.0 - days * 24 * HOUR, people[was], owner]).await?;
    }
    let was = i64::from(after(words, "was").is_some());
    let facts = Sql::built(
        "UPDATE leads SET owner_id = $3, last_attempt_at_ms = $4, owner_chosen_at_ms = $5, owner_acted_at_ms = $6,
            entries = entries + $7, owners_before = $8 WHERE company_id = $1 AND id = $2"
            .into(),
    );
    let values = params![
        company,
        id,
        owner,
        tried,
        hours_ago(words, "chosen"),
        hours_ago(words, "acted"),
        was,
        was + i64::from(owner.is_some())
    ];
    session.execute(&facts, values).await?;
    Ok(())
}
