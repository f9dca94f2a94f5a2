//! Sixty days of the demo company, lived through with the product's own actions: every morning a list comes in and is
//! dealt, during the day the agents work. The clock is an argument, so the last of the days is today.

use super::{
    chance::Chance,
    lists::{Kind, Lists},
    people::{self, AGENTS, BANNED, MANAGERS, PASSWORD},
};
use actions::{
    add_user::{NewUser, UserAdded, add_user},
    assign_lead::{AssignLead, Assignment, assign_lead},
    create_company::{NewCompany, create_company},
    import_leads::{Import, import_leads},
    runs::{self, Order},
    save_job::{Change, save_job},
    set_status::{SetStatus, StatusSet, set_each},
};
use anyhow::Context;
use domain::{
    email::Email,
    ids::LeadId,
    job::Job,
    lead_list::Filter,
    phone::Country,
    role::Scope,
    status::{StatusKind, Statuses},
    time::{MinuteOfDay, Moment, Zone},
    viewer::{Sight, Viewer},
};
use std::{
    collections::HashMap,
    io::Cursor,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use store::{
    Store,
    companies::{self, Company},
    lists,
    runs::StartedBy,
    statuses, users,
};

/// How many days.
pub const DAYS: i64 = 60;
/// How many leads come in, in all.
pub const LEADS: usize = 5_000;
/// How many of them on the last day, after the morning's run: what the run that is shown deals.
pub const BACKLOG: usize = 300;
/// How many of them on the first day, beside the usual.
const FIRST_LIST: usize = 350;
/// Every demo tells the same story.
const SEED: u64 = 0x5EED_0F5A_1E5A;

const MINUTE: i64 = 60_000;
/// How full the queues are where the agents work at their usual speed.
const USUAL_FILL: f64 = 0.80;

/// What an agent makes of a lead, by the status it was in, in percent: no name means that it stays.
fn outcomes(status: &str) -> &'static [(&'static str, usize)] {
    match status {
        "Assigned" => &[
            ("Not Picked", 29),
            ("Interested", 23),
            ("Not Interested", 25),
            ("Busy", 8),
            ("Missed", 7),
            ("Wrong Number", 5),
            ("Unassigned", 2),
            ("Customer", 1),
        ],
        "Interested" => &[
            ("Customer", 15),
            ("Not Interested", 30),
            ("Missed", 11),
            ("Busy", 9),
            ("Not Picked", 9),
            ("", 26),
        ],
        "Busy" | "Missed" => {
            &[("Interested", 30), ("Not Interested", 27), ("Not Picked", 28), ("Customer", 3), ("", 12)]
        }
        "Not Picked" => &[
            ("Interested", 20),
            ("Not Interested", 27),
            ("Wrong Number", 7),
            ("Busy", 10),
            ("Missed", 8),
            ("", 28),
        ],
        _ => &[("", 1)],
    }
}

/// An agent on the floor.
struct Agent {
    who: &'static people::Agent,
    viewer: Viewer,
}

/// A manager.
struct Manager {
    branch: &'static str,
    viewer: Viewer,
}

/// An open lead on somebody's queue.
struct AtHand {
    lead: LeadId,
    version: i64,
    status: String,
    /// Index into the agents.
    owner: usize,
}

/// The company while its history is made.
pub struct History {
    store: Store,
    company: Company,
    zone: Zone,
    statuses: Statuses,
    admin: Viewer,
    managers: Vec<Manager>,
    agents: Vec<Agent>,
    lists: Lists,
    chance: Chance,
    /// The present.
    now: Moment,
    /// How many days ago the next day is.
    days_ago: i64,
    /// How many leads come in on each of the days still to come, the last one first.
    daily: Vec<usize>,
}

impl History {
    /// Makes the company, the evening before its first day.
    pub async fn begin(store: &Store, name: &str, now: Moment) -> anyhow::Result<History> {
        let zone: Zone = people::ZONE.parse()?;
        let evening = zone.time_back(now, DAYS, at("16:00"));
        let new = NewCompany {
            name: name.to_owned(),
            country: country()?,
            zone: zone.clone(),
            admin_email: email("admin")?,
            admin_password: PASSWORD.to_owned(),
        };
        let (id, admin) = create_company(store, new, evening).await?;
        let mut reader = store.read().await?;
        let company =
            companies::by_name(reader.session(), name).await?.context("the company was just made")?;
        let statuses = statuses::list(reader.session(), id).await?;
        drop(reader);
        let mut history = History {
            store: store.clone(),
            company,
            zone,
            statuses,
            admin: Viewer::User { id: admin, scope: Scope::Company, branch: None, department: None },
            managers: Vec::new(),
            agents: Vec::new(),
            lists: Lists::new(Chance::new(SEED)),
            chance: Chance::new(SEED + 1),
            now,
            days_ago: DAYS - 1,
            daily: Vec::new(),
        };
        for (name, branch) in MANAGERS {
            let viewer = history.add(name, "Manager", branch, None, None, evening).await?;
            history.managers.push(Manager { branch, viewer });
        }
        history.welcome(DAYS, evening).await?;
        let change = Change {
            statuses: Some(["Unassigned", "Not Picked", "Missed"].map(str::to_owned).to_vec()),
            at: Some(MinuteOfDay::NINE),
            ..Change::default()
        };
        history.save(change, evening).await?;
        history.plan_the_days();
        Ok(history)
    }

    /// The company.
    pub fn company(&self) -> &Company {
        &self.company
    }

    /// Lives through the next day; false when the present is reached.
    pub async fn live_a_day(&mut self) -> anyhow::Result<bool> {
        let days_ago = self.days_ago;
        if days_ago < 0 {
            return Ok(false);
        }
        self.days_ago -= 1;
        let mut latest = self.time(days_ago, "08:00");
        if self.time(days_ago, "09:01") <= self.now {
            self.welcome(days_ago, latest).await?;
            self.morning(days_ago).await?;
            latest = self.time(days_ago, "09:01");
            self.work(days_ago).await?;
        }
        if days_ago == BANNED.1 {
            self.ban(self.time(days_ago, "18:10")).await?;
        }
        if days_ago == 0 {
            // A fair's list comes in late: twenty minutes ago, or after the morning's run.
            let late = Moment(self.now.0 - 20 * MINUTE).max(latest).min(self.now);
            self.import("denver-home-expo.csv", Kind::Expo("Denver"), BACKLOG, late).await?;
            // Switched on from now on: the schedule leaves today's list to whoever looks at the demo.
            self.save(Change { enabled: Some(true), ..Change::default() }, self.now).await?;
        }
        Ok(true)
    }

    async fn save(&self, change: Change, now: Moment) -> anyhow::Result<()> {
        save_job(&self.store, self.company.id, Job::Assignment, change, Viewer::Operator, now).await?;
        Ok(())
    }

    /// How many leads come in on which day: fewer on days off. If today has had no morning yet, none today.
    fn plan_the_days(&mut self) {
        let last = i64::from(self.time(0, "09:01") > self.now);
        let mut weights = Vec::new();
        for days_ago in last..DAYS {
            let usual = if self.is_working_day(days_ago) {
                82 + self.chance.below(36)
            } else {
                18 + self.chance.below(14)
            };
            weights.push(usual);
        }
        let (all, people) = (weights.iter().sum::<usize>(), LEADS - FIRST_LIST - BACKLOG);
        let mut before = 0;
        let mut daily: Vec<usize> = weights
            .iter()
            .map(|weight| {
                let share = (before + weight) * people / all - before * people / all;
                before += weight;
                share
            })
            .collect();
        if let Some(first) = daily.last_mut() {
            *first += FIRST_LIST;
        }
        if last == 1 {
            daily.insert(0, 0);
        }
        self.daily = daily;
    }

    /// Adds the agents who come on this day.
    async fn welcome(&mut self, days_ago: i64, now: Moment) -> anyhow::Result<()> {
        for who in AGENTS.iter().filter(|agent| agent.joined_days_ago.unwrap_or(DAYS) == days_ago) {
            let viewer =
                self.add(who.name, "Agent", who.branch, Some(who.department), Some(who.cap), now).await?;
            self.agents.push(Agent { who, viewer });
        }
        Ok(())
    }

    async fn add(
        &self,
        name: &str,
        role: &str,
        branch: &str,
        department: Option<&str>,
        cap: Option<i64>,
        now: Moment,
    ) -> anyhow::Result<Viewer> {
        let new = NewUser {
            name: name.to_owned(),
            email: email(name)?,
            role: role.to_owned(),
            cap,
            branch: Some(branch.to_owned()),
            department: department.map(str::to_owned),
            password: Some(PASSWORD.to_owned()),
        };
        let id = match add_user(&self.store, self.company.id, new, now).await? {
            UserAdded::Done(id) => id,
            UserAdded::Refused { why, .. } => anyhow::bail!("{name} is refused: {why}"),
        };
        let mut reader = self.store.read().await?;
        let members = users::members(reader.session(), self.company.id).await?;
        let member = members.into_iter().find(|member| member.id == id).context("the user was just added")?;
        let scope = if role == "Manager" { Scope::Branch } else { Scope::Own };
        Ok(Viewer::User { id, scope, branch: member.branch, department: member.department })
    }

    async fn ban(&self, now: Moment) -> anyhow::Result<()> {
        let (company, by) = (self.company.id, self.admin.actor());
        let banned = self
            .agents
            .iter()
            .find(|agent| agent.who.name == BANNED.0)
            .and_then(|agent| agent.viewer.actor());
        let banned = banned.context("who is banned is an agent")?;
        let done: bool = self
            .store
            .write(move |session| Box::pin(users::set_ban(session, company, banned, Some(now), by)))
            .await?;
        anyhow::ensure!(done, "who is banned is a user");
        Ok(())
    }

    /// 08:30 the list, 09:00 the run.
    async fn morning(&mut self, days_ago: i64) -> anyhow::Result<()> {
        let people = self.daily[days_ago as usize];
        let listed = self.time(days_ago, "08:30");
        let name = format!("leads-{}.csv", self.zone.date(listed));
        self.import(&name, Kind::Daily, people, listed).await?;
        let ticking = AtomicI64::new(self.time(days_ago, "09:00").0);
        let clock = || Moment(ticking.fetch_add(130, Ordering::Relaxed));
        let order = Order::now(Job::Assignment, Viewer::Operator, StartedBy::Schedule);
        runs::run(&self.store, &self.company, order, &clock).await?;
        Ok(())
    }

    async fn import(
        &mut self,
        file_name: &str,
        kind: Kind,
        people: usize,
        now: Moment,
    ) -> anyhow::Result<()> {
        let file = self.lists.file(kind, people);
        let import = Import {
            company: self.company.id,
            viewer: self.admin,
            may_convert: true,
            file_name: file_name.to_owned(),
            country: country()?,
            source: None,
            branch: None,
            department: None,
            keeps_details: true,
            limits: actions::lead_file::Limits::default(),
        };
        import_leads(&self.store, Cursor::new(file), import, Arc::new(move || now), Arc::new(|_| {})).await?;
        Ok(())
    }

    /// The agents work: two shifts, on days off a short one of a few.
    async fn work(&mut self, days_ago: i64) -> anyhow::Result<()> {
        let mut at_hand = self.at_hand().await?;
        if self.is_working_day(days_ago) {
            self.shift(&mut at_hand, days_ago, ("09:20", "12:30"), 0.115, 100).await?;
            self.hand_over(&mut at_hand, self.time(days_ago, "13:00")).await?;
            self.shift(&mut at_hand, days_ago, ("13:15", "17:40"), 0.125, 96).await
        } else {
            self.shift(&mut at_hand, days_ago, ("10:00", "14:00"), 0.07, 30).await
        }
    }

    /// The open leads on all queues, as the lists show them.
    async fn at_hand(&self) -> anyhow::Result<Vec<AtHand>> {
        let owners: HashMap<String, usize> = self
            .agents
            .iter()
            .enumerate()
            .map(|(index, agent)| (people::email(agent.who.name), index))
            .collect();
        let mut at_hand = Vec::new();
        let mut reader = self.store.read().await?;
        for status in self.statuses.iter().filter(|status| status.kind == StatusKind::Open) {
            let filter = Filter { status: Some(status.id), ..Filter::default() };
            lists::each(reader.session(), self.company.id, &filter, Sight::All, |line| {
                if let Some(owner) = line.owner_email.and_then(|email| owners.get(&email)) {
                    at_hand.push(AtHand {
                        lead: line.id,
                        version: line.version,
                        status: line.status,
                        owner: *owner,
                    });
                }
                Ok(())
            })
            .await?;
        }
        Ok(at_hand)
    }

    /// A shift of everybody who is in: each works a part of the queue, what is new first.
    async fn shift(
        &mut self,
        at_hand: &mut Vec<AtHand>,
        days_ago: i64,
        hours: (&str, &str),
        share: f64,
        present_percent: usize,
    ) -> anyhow::Result<()> {
        let (from, to) = (self.time(days_ago, hours.0), self.time(days_ago, hours.1));
        let push = self.push(at_hand);
        let mut orders = Vec::new();
        let mut rows = Vec::new();
        for (index, agent) in self.agents.iter().enumerate() {
            let banned = agent.who.name == BANNED.0 && days_ago < BANNED.1;
            if banned || !self.chance.percent(present_percent) {
                continue;
            }
            let mut queue: Vec<(f64, usize)> = Vec::new();
            for (row, lead) in at_hand.iter().enumerate().filter(|(_, lead)| lead.owner == index) {
                let patience = if lead.status == "Assigned" { 1.0 } else { 1.8 };
                queue.push((self.chance.share() * patience, row));
            }
            queue.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mood = 0.8 + 0.4 * self.chance.share();
            let calls =
                (queue.len() as f64 * share * push * mood * agent.who.pace as f64 / 100.0).round() as usize;
            let calls = calls.min(queue.len());
            for (number, (_, row)) in queue.into_iter().take(calls).enumerate() {
                let slot = (to.0 - from.0) as f64 / calls as f64;
                let now = Moment(from.0 + ((number as f64 + self.chance.share()) * slot) as i64);
                let outcome = self.chance.weighted(outcomes(&at_hand[row].status));
                if outcome.is_empty() || now >= self.now {
                    continue;
                }
                let to = self.statuses.named(outcome).context("a company starts with these statuses")?.id;
                let (lead, version) = (at_hand[row].lead, at_hand[row].version);
                orders.push(SetStatus { viewer: agent.viewer, may_convert: true, lead, version, to, now });
                rows.push(row);
            }
        }
        let answers = set_each(&self.store, self.company.id, orders.clone()).await?;
        for ((order, row), answer) in orders.iter().zip(rows).zip(answers) {
            let StatusSet::Done { version } = answer else {
                anyhow::bail!("lead {}: {answer:?}", order.lead)
            };
            at_hand[row].version = version;
            at_hand[row].status.clear();
            at_hand[row].status.push_str(self.statuses.get(order.to).map_or("", |status| &status.name));
        }
        at_hand.retain(|lead| {
            lead.status != "Unassigned"
                && self.statuses.named(&lead.status).is_some_and(|status| status.kind == StatusKind::Open)
        });
        Ok(())
    }

    /// Full queues make people work faster, empty ones slower.
    fn push(&self, at_hand: &[AtHand]) -> f64 {
        let caps: i64 = self.agents.iter().map(|agent| agent.who.cap).sum();
        let fill = at_hand.len() as f64 / caps as f64;
        (1.0 + 5.0 * (fill - USUAL_FILL)).clamp(0.35, 2.5)
    }

    /// A manager gives somebody's warm lead to a colleague of the branch who has room.
    async fn hand_over(&mut self, at_hand: &mut [AtHand], now: Moment) -> anyhow::Result<()> {
        let manager = self.chance.below(self.managers.len());
        let Manager { branch, viewer } = self.managers[manager];
        let mut warm: Vec<usize> = (0..at_hand.len())
            .filter(|row| {
                at_hand[*row].status == "Interested" && self.agents[at_hand[*row].owner].who.branch == branch
            })
            .collect();
        self.chance.shuffle(&mut warm);
        let held = |agent: usize| at_hand.iter().filter(|lead| lead.owner == agent).count() as i64;
        let room = |agent: usize| self.agents[agent].who.cap - held(agent);
        let colleagues = (0..self.agents.len()).filter(|agent| {
            self.agents[*agent].who.branch == branch && self.agents[*agent].who.name != BANNED.0
        });
        let (Some(row), Some(to)) = (warm.first().copied(), colleagues.max_by_key(|agent| room(*agent)))
        else {
            return Ok(());
        };
        if now >= self.now || at_hand[row].owner == to || room(to) <= 0 {
            return Ok(());
        }
        let order = AssignLead {
            company: self.company.id,
            viewer,
            lead: at_hand[row].lead,
            version: at_hand[row].version,
            to: self.agents[to].viewer.actor().context("an agent is a user")?,
            exceed_cap: false,
            now,
        };
        let Assignment::Done { .. } = assign_lead(&self.store, order).await? else { return Ok(()) };
        at_hand[row].owner = to;
        at_hand[row].version += 1;
        Ok(())
    }

    fn time(&self, days_ago: i64, time: &str) -> Moment {
        self.zone.time_back(self.now, days_ago, at(time))
    }

    fn is_working_day(&self, days_ago: i64) -> bool {
        self.zone.is_working_day(self.time(days_ago, "12:00"), self.company.working_days)
    }
}

fn at(time: &str) -> MinuteOfDay {
    time.parse().expect("times of day stand in this file")
}

fn country() -> anyhow::Result<Country> {
    Ok(Country::from_code(people::COUNTRY)?)
}

fn email(name: &str) -> anyhow::Result<Email> {
    Ok(Email::parse(&people::email(name))?)
}
