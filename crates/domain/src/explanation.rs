//! Why this agent, why nobody: a run's decision about one lead, in words for people (R44).

use crate::{
    decision::{Agent, Considered, Fate, Head, LABELS_NAMED_MAX, Label, Short, Unreadable},
    ids::{BranchId, DepartmentId, UserId},
    sentence::Exception,
    sentence::count,
    time::Zone,
    timeline::Event,
};
use allot::{
    Strategy,
    explain::{Reason, Relation, verdict},
};
use std::collections::BTreeMap;

/// What branches and departments are called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Branches.
    pub branches: BTreeMap<BranchId, String>,
    /// Departments.
    pub departments: BTreeMap<DepartmentId, String>,
}

/// Why a lead went where it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// `Why Asha?`
    pub title: String,
    /// A short plain paragraph.
    pub paragraph: String,
    /// Everybody who receives leads, and the owner: whoever came closest first. Empty for a lead that was left alone.
    pub candidates: Vec<Candidate>,
}

/// Somebody beside the lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub id: UserId,
    /// Their name then.
    pub name: String,
    /// Held before the run.
    pub held: i64,
    /// The cap; none = no limit.
    pub cap: Option<i64>,
    /// How many leads fitted; none = no limit.
    pub room: Option<u32>,
    /// New leads that the run's plan gave them.
    pub gets: u32,
    /// What they would hold after it.
    pub after: i64,
    /// What spoke for or against them.
    pub verdict: Verdict,
    /// The same in words: `not in branch Pune`.
    pub words: String,
}

impl Candidate {
    /// Leads that the run took from them: room that it made may be filled again.
    pub fn gives(&self) -> i64 {
        self.held + i64::from(self.gets) - self.after
    }
}

/// What spoke for or against somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Got the lead.
    Chosen,
    /// Was to get it; something came in between.
    Meant,
    /// Keeps it.
    Keeps,
    /// As few leads, but did not wait as long.
    Waited {
        /// How many.
        level: u64,
    },
    /// More leads.
    Level {
        /// How many.
        level: u64,
        /// How many who got the lead had without it.
        against: u64,
    },
    /// Had the lead before.
    HadItBefore,
    /// The run left them no place.
    Full {
        /// To this cap.
        cap: i64,
    },
    /// The place was needed for other leads.
    Needed,
    /// It is theirs already.
    PresentOwner,
    /// At the cap before the run.
    AtCap {
        /// The cap.
        cap: i64,
    },
    /// Above the cap before the run.
    AboveCap {
        /// The cap.
        cap: i64,
    },
    /// A cap of 0.
    NothingAutomatic,
    /// Elsewhere.
    NotIn(Label),
    /// May not receive anything.
    Banned,
    /// Their role receives no leads.
    NoReceiver,
}

/// Why the run did with this lead what it did. `earlier` are its earlier owners, by index.
pub fn explain(
    head: &Head,
    seen: &Considered,
    earlier: &[u32],
    names: &Names,
) -> Result<Explanation, Unreadable> {
    head.check()?;
    let label = *head.labels.get(seen.label as usize).ok_or(Unreadable("a label is missing"))?;
    let meant = match seen.fate {
        Fate::To(agent) | Fate::Changed(agent) | Fate::Surplus(agent) => Some(agent),
        Fate::Nobody | Fate::Kept | Fate::LeftAlone(_) => None,
    };
    let case = Case {
        head,
        seen,
        label,
        names,
        chosen: meant.map(|agent| head.agent(agent)).transpose()?,
        owner: seen.owner.map(|owner| head.agent(owner)).transpose()?,
    };
    if let Fate::LeftAlone(why) = seen.fate {
        return Ok(Explanation {
            title: "Why not?".into(),
            paragraph: case.left_alone(why),
            candidates: Vec::new(),
        });
    }
    let mut beside: Vec<(u32, &Agent, Verdict)> = (0..)
        .zip(&head.agents)
        .filter(|(index, agent)| agent.receives || seen.owner == Some(*index) || meant == Some(*index))
        .map(|(index, agent)| (index, agent, case.judge(index, agent, earlier.contains(&index))))
        .collect();
    beside.sort_by_key(|(index, agent, verdict)| (verdict.rank(), agent.level, *index));
    let verdicts: Vec<Verdict> = beside.iter().map(|(_, _, verdict)| *verdict).collect();
    let paragraph = case.paragraph(&beside, &verdicts)?;
    let candidates = beside
        .into_iter()
        .map(|(_, agent, verdict)| Candidate {
            id: agent.id,
            name: agent.name.clone(),
            held: agent.held,
            cap: agent.cap,
            room: agent.room,
            gets: agent.new,
            after: agent.base() + i64::from(agent.new) + i64::from(agent.kept),
            verdict,
            words: verdict.words(head.strategy, names),
        })
        .collect();
    Ok(Explanation { title: case.title(), paragraph, candidates })
}

/// A person decided, not a run: what stands in the timeline, and, where it was done to many leads at once, what was done
/// to all of them.
pub fn by_hand(event: &Event, together: Option<&str>, zone: &Zone) -> Explanation {
    let title = event.to_owner.as_ref().map_or("Why nobody?".to_owned(), |owner| format!("Why {owner}?"));
    let decided = match event.kind.as_str() {
        "undone" => "A person took back what was done to the lead, so that it stands as it did before.",
        _ => "A person decided this, not a run.",
    };
    let mut paragraph = format!("{}, on {}. {decided}", event.told(zone), zone.minute(event.at));
    if let Some(together) = together {
        paragraph.push_str(&format!(" It was done to several leads at once: {together}"));
    }
    Explanation { title, paragraph, candidates: Vec::new() }
}

/// A run decided that kept no record of its reasons: what stands in the timeline.
pub fn without_record(event: &Event, zone: &Zone) -> Explanation {
    let title = event.to_owner.as_ref().map_or("Why nobody?".to_owned(), |owner| format!("Why {owner}?"));
    let paragraph =
        format!("{}, on {}. More about it is not on record.", event.told(zone), zone.minute(event.at));
    Explanation { title, paragraph, candidates: Vec::new() }
}

/// Nobody has it, and nobody has decided so.
pub fn nobody_yet(why: impl Into<String>) -> Explanation {
    Explanation { title: "Why nobody?".into(), ..nothing(why) }
}

/// There is nothing to explain, and this is why.
pub fn nothing(why: impl Into<String>) -> Explanation {
    Explanation { title: "Why?".into(), paragraph: why.into(), candidates: Vec::new() }
}

struct Case<'r> {
    head: &'r Head,
    seen: &'r Considered,
    label: Label,
    names: &'r Names,
    /// Who got it, or was to get it.
    chosen: Option<&'r Agent>,
    owner: Option<&'r Agent>,
}

impl Case<'_> {
    fn judge(&self, index: u32, agent: &Agent, is_earlier_owner: bool) -> Verdict {
        let is_owner = self.seen.owner == Some(index);
        match self.seen.fate {
            Fate::To(chosen) if chosen == index => return Verdict::Chosen,
            Fate::Changed(chosen) | Fate::Surplus(chosen) if chosen == index => return Verdict::Meant,
            Fate::Kept | Fate::Surplus(_) if is_owner => return Verdict::Keeps,
            _ => {}
        }
        let stands = agent.standing();
        let relation = Relation {
            is_fallback: is_owner,
            is_eligible: agent.is_receiver() && self.label.admits(&agent.label),
            // Who is full could not have had it anyway.
            is_earlier_owner: is_earlier_owner && !stands.is_full(),
            takes_part: false,
        };
        let cap = agent.cap.unwrap_or_default();
        match verdict(&stands, relation, self.chosen.map(Agent::standing).as_ref()) {
            Reason::PresentOwner => Verdict::PresentOwner,
            Reason::NotEligible if agent.banned => Verdict::Banned,
            Reason::NotEligible if !agent.receives => Verdict::NoReceiver,
            Reason::NotEligible => Verdict::NotIn(self.missing(&agent.label)),
            Reason::NoRoom if cap == 0 => Verdict::NothingAutomatic,
            Reason::NoRoom if agent.held > cap => Verdict::AboveCap { cap },
            Reason::NoRoom => Verdict::AtCap { cap },
            Reason::EarlierOwner => Verdict::HadItBefore,
            Reason::Full { .. } => Verdict::Full { cap },
            Reason::Level { level, against } if level + 1 == against => Verdict::Waited { level },
            Reason::Level { level, against } => Verdict::Level { level, against: against.saturating_sub(1) },
            Reason::Chosen | Reason::Keeps | Reason::Dealt | Reason::Reserved => Verdict::Needed,
        }
    }

    /// What of the lead's label somebody lacks.
    fn missing(&self, theirs: &Label) -> Label {
        Label {
            branch: self.label.branch.filter(|branch| theirs.branch != Some(*branch)),
            department: self.label.department.filter(|department| theirs.department != Some(*department)),
        }
    }

    fn title(&self) -> String {
        match (self.seen.fate, self.chosen, self.owner) {
            (Fate::To(_), Some(chosen), _) => format!("Why {}?", chosen.name),
            (Fate::Kept | Fate::Surplus(_) | Fate::Changed(_), _, Some(owner)) => {
                format!("Why still {}?", owner.name)
            }
            (Fate::Changed(_), ..) => "Why not?".into(),
            _ => "Why nobody?".into(),
        }
    }

    fn paragraph(
        &self,
        beside: &[(u32, &Agent, Verdict)],
        verdicts: &[Verdict],
    ) -> Result<String, Unreadable> {
        let mut sentences = Vec::new();
        match (self.seen.fate, self.chosen, self.owner) {
            (Fate::To(_), Some(chosen), owner) => {
                if let Some(owner) = owner {
                    sentences.push(format!(
                        "It was with {}, and a lead that is dealt anew goes to somebody else where there is room.",
                        owner.name
                    ));
                }
                sentences.push(self.decided(chosen, beside));
                sentences.extend(others(verdicts, self.names, Told::All));
            }
            (Fate::Changed(_), Some(chosen), _) => sentences.push(format!(
                "The run meant it for {}, but somebody changed the lead while the run computed. What a person does goes first, so the run left it as it was.",
                chosen.name
            )),
            (Fate::Surplus(_), Some(chosen), owner) => {
                let end = owner.map_or("so nobody got it".to_owned(), |owner| {
                    format!("so it stayed with {}", owner.name)
                });
                sentences.push(format!(
                    "The run meant it for {}, who had no room any more when the leads were moved, {end}. The run then counts again what everybody holds, and never goes above a cap.",
                    chosen.name
                ));
            }
            (Fate::Kept, _, Some(owner)) => {
                let able: Vec<&Agent> = able(beside).collect();
                sentences.push(match able.as_slice() {
                    [] => format!("It stayed with {}: nobody else may have it.", owner.name),
                    [other] => format!(
                        "It stayed with {}: {} is the only other who may have it, and had no room.",
                        owner.name, other.name
                    ),
                    several => format!(
                        "It stayed with {}: none of the {} others who may have it had room.",
                        owner.name,
                        several.len()
                    ),
                });
                sentences.extend(others(verdicts, self.names, Told::All));
            }
            (Fate::Nobody, ..) => {
                sentences.push(self.nobody(beside)?);
                sentences.extend(others(verdicts, self.names, Told::WhoMayNot));
            }
            _ => return Err(Unreadable("whose the lead was is missing")),
        }
        Ok(sentences.join(" "))
    }

    /// What decided for the one who got it.
    fn decided(&self, chosen: &Agent, beside: &[(u32, &Agent, Verdict)]) -> String {
        let name = &chosen.name;
        let without = chosen.level.saturating_sub(1);
        let rivals: Vec<(&Agent, Verdict)> = beside
            .iter()
            .filter(|(_, _, verdict)| {
                matches!(
                    verdict,
                    Verdict::Waited { .. } | Verdict::Level { .. } | Verdict::HadItBefore | Verdict::Needed
                )
            })
            .map(|(_, agent, verdict)| (*agent, *verdict))
            .collect();
        let may = able(beside).count() + 1;
        if may == 1 {
            return match self.needs() {
                Some(needs) => format!("It needs {needs}, and {name} is the only one who may have it."),
                None => format!("{name} is the only one who may have it."),
            };
        }
        if rivals.is_empty() {
            return format!("Nobody else of the {may} who may have it had room left for it.");
        }
        let of = if rivals.len() + 1 == may {
            format!("the {may} who may have it")
        } else {
            format!("the {} who may have it and had room", rivals.len() + 1)
        };
        let ties: Vec<&Agent> = rivals
            .iter()
            .filter(|(_, verdict)| matches!(verdict, Verdict::Waited { .. }))
            .map(|(agent, _)| *agent)
            .collect();
        let (fewest, leads) = match self.head.strategy {
            Strategy::EqualShares => ("the fewest new leads", "in this run"),
            Strategy::LevelQueues => ("the shortest queue", "before this one"),
        };
        if !ties.is_empty() {
            let as_few = match ties.as_slice() {
                [tie] => format!("{} had as few. ", tie.name),
                several => format!("{} others had as few. ", capitalised(&in_words(several.len()))),
            };
            return format!(
                "{name} had {fewest} of {of}: {without} without this one. {as_few}{}",
                odd_one(chosen, &ties)
            );
        }
        let levels = rivals
            .iter()
            .filter_map(|(agent, verdict)| matches!(verdict, Verdict::Level { .. }).then_some(agent.level));
        let (least, most) = (levels.clone().min(), levels.max());
        match (least, most) {
            (Some(least), Some(most)) => {
                let more = if most > least { " and more" } else { "" };
                match self.head.strategy {
                    Strategy::EqualShares => format!(
                        "{name} had {fewest} of {of}: {without} without this one, against {least}{more}."
                    ),
                    Strategy::LevelQueues => {
                        format!("{name} had {fewest} of {of}: {without} {leads}, against {least}{more}.")
                    }
                }
            }
            // Everybody else had it before.
            _ => format!("{name} is the only one of {of} who did not have it before."),
        }
    }

    /// Why nobody got it.
    fn nobody(&self, beside: &[(u32, &Agent, Verdict)]) -> Result<String, Unreadable> {
        let able: Vec<&Agent> = able(beside).collect();
        let needs = self.needs();
        if able.is_empty() {
            return Ok(match needs {
                Some(needs) => {
                    format!("It needs {needs}, and nobody there may receive leads.")
                }
                None => "Nobody may receive leads: it takes an agent who is not banned.".into(),
            });
        }
        let there = if needs.is_some() { "there" } else { "who may have it" };
        if able.iter().all(|agent| agent.room == Some(0)) {
            let start = needs.map(|needs| format!("It needs {needs}: ")).unwrap_or_default();
            let who = match able.as_slice() {
                [only] => format!("{}, the only agent {there}, was at the cap", only.name),
                [_, _] => format!("both agents {there} were at their caps"),
                several => format!("all {} agents {there} were at their caps", several.len()),
            };
            return Ok(capitalised(&format!("{start}{who} before the run began.")));
        }
        let short = self.head.short.iter().find(|short| short.tier == u32::from(self.seen.tier));
        let short = short.ok_or(Unreadable("where room was short is missing"))?;
        Ok(format!("{} {}", self.room_was_short(short)?, self.who_comes_first()))
    }

    /// `5 leads need branch Pune; the 2 agents with room there had places for 2 of them and are full now.`
    fn room_was_short(&self, short: &Short) -> Result<String, Unreadable> {
        let labels = short.labels.iter().map(|label| {
            self.head.labels.get(*label as usize).copied().ok_or(Unreadable("a label is missing"))
        });
        let labels = labels.collect::<Result<Vec<Label>, _>>()?;
        let needs: Vec<String> = labels.iter().filter_map(|label| needs(label, self.names)).collect();
        let is_named = needs.len() == labels.len() && labels.len() <= LABELS_NAMED_MAX;
        let leads = count(short.demand, "lead", "leads");
        let (what, there) = if is_named {
            let verb = if short.demand == 1 { "needs" } else { "need" };
            (format!("{leads} {verb} {}", one_of(&needs)), " there")
        } else {
            let verb = if short.demand == 1 { "was" } else { "were" };
            (format!("{leads} {verb} for the same people"), "")
        };
        let full = match short.agents.as_slice() {
            [only] => format!("{}, the only agent with room{there},", self.head.agent(*only)?.name),
            [_, _] => format!("both agents with room{there}"),
            several => format!("all {} agents with room{there}", several.len()),
        };
        let one = short.agents.len() == 1;
        Ok(match short.taken {
            0 => format!("{what}; {full} {} it for leads that stay.", if one { "needs" } else { "need" }),
            taken => {
                let places = if taken == 1 { "place" } else { "places" };
                format!(
                    "{what}; {full} {} full now, with {taken} {places} for them.",
                    if one { "is" } else { "are" }
                )
            }
        })
    }

    /// R30, for the leads that are as urgent as this one.
    fn who_comes_first(&self) -> &'static str {
        match (self.seen.tier, self.head.oldest_first) {
            (0 | 1, false) => {
                "Where room is short, leads that were never called come first, and of those the newest."
            }
            (0 | 1, true) => {
                "Where room is short, leads that were never called come first, and of those the oldest."
            }
            (2, _) => {
                "Where room is short, leads that were called before come after those that never were, and those with the longest rest first."
            }
            _ => "Where room is short, leads whose number may not exist come last.",
        }
    }

    fn left_alone(&self, why: Exception) -> String {
        let owner = self.owner.map_or("its owner", |owner| owner.name.as_str());
        match why {
            Exception::OwnerBanned => {
                format!(
                    "The run left it alone: {owner} is banned, and no job takes leads from somebody banned."
                )
            }
            Exception::InWork => format!(
                "The run left it alone: {owner} called, noted or edited it within the two hours before."
            ),
            Exception::ChosenByAPerson => format!(
                "The run left it alone: a person chose {owner} within the last two working days, and nobody has called since."
            ),
            Exception::TriedRecently => {
                "The run left it alone: somebody had tried to reach it only shortly before.".into()
            }
        }
    }

    /// `branch Pune`.
    fn needs(&self) -> Option<String> {
        needs(&self.label, self.names)
    }
}

/// Why the odd lead did not go to these, who had as few.
fn odd_one(chosen: &Agent, ties: &[&Agent]) -> String {
    let name = &chosen.name;
    let waited = |agent: &&&Agent| chosen.waiting_since_ms < agent.waiting_since_ms;
    let began = |agent: &&&Agent| waited(agent) || chosen.base() < agent.base();
    if ties.iter().filter(waited).count() == ties.len() {
        format!("The odd lead goes to who has waited longest for one: {name}.")
    } else if ties.iter().filter(began).count() == ties.len() {
        format!("Nobody of them had waited longer for one than {name}, who had the fewest other leads.")
    } else {
        format!("Nobody of them had waited longer for one than {name}, who joined first.")
    }
}

/// Everybody but the one who got it who may have it, room aside.
fn able<'a>(beside: &'a [(u32, &'a Agent, Verdict)]) -> impl Iterator<Item = &'a Agent> {
    beside.iter().filter(|(_, _, verdict)| verdict.is_able()).map(|(_, agent, _)| *agent)
}

/// `branch Pune and department Loans`.
fn needs(label: &Label, names: &Names) -> Option<String> {
    let branch = label.branch.map(|id| {
        names.branches.get(&id).map_or_else(|| format!("branch {id}"), |name| format!("branch {name}"))
    });
    let department = label.department.map(|id| {
        let name = names.departments.get(&id);
        name.map_or_else(|| format!("department {id}"), |name| format!("department {name}"))
    });
    match (branch, department) {
        (Some(branch), Some(department)) => Some(format!("{branch} and {department}")),
        (branch, department) => branch.or(department),
    }
}

fn one_of(list: &[String]) -> String {
    match list {
        [] => String::new(),
        [only] => only.clone(),
        [several @ .., last] => format!("{} or {last}", several.join(", ")),
    }
}

/// Which of the others are told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    All,
    /// Not those who may have it: they have been told.
    WhoMayNot,
}

/// `Two were at their caps; one is the present owner.`
fn others(verdicts: &[Verdict], names: &Names, told: Told) -> Option<String> {
    let mut groups: BTreeMap<u32, (usize, Verdict)> = BTreeMap::new();
    for verdict in verdicts {
        groups.entry(verdict.rank()).or_insert((0, *verdict)).0 += 1;
    }
    let mut clauses = Vec::new();
    for (number, verdict) in groups.values() {
        if told == Told::WhoMayNot && verdict.is_able() {
            continue;
        }
        let one = *number == 1;
        let label = |label: &Label| needs(label, names).unwrap_or_default();
        let clause = match verdict {
            Verdict::HadItBefore if one => "had it before".to_owned(),
            Verdict::HadItBefore => "have had it before".into(),
            Verdict::Full { .. } if one => "was full after this run".into(),
            Verdict::Full { .. } => "were full after this run".into(),
            Verdict::AtCap { .. } | Verdict::AboveCap { .. } if one => "was at the cap".into(),
            Verdict::AtCap { .. } | Verdict::AboveCap { .. } => "were at their caps".into(),
            Verdict::NothingAutomatic if one => "is given nothing automatically".into(),
            Verdict::NothingAutomatic => "are given nothing automatically".into(),
            Verdict::NotIn(missing) if one => format!("is not in {}", label(missing)),
            // They may lack different parts of it.
            Verdict::NotIn(missing) => {
                let alike = verdicts.iter().all(|other| match other {
                    Verdict::NotIn(other) => other == missing,
                    _ => true,
                });
                if alike { format!("are not in {}", label(missing)) } else { "work elsewhere".into() }
            }
            Verdict::Banned if one => "is banned".into(),
            Verdict::Banned => "are banned".into(),
            Verdict::PresentOwner => "is the present owner".into(),
            _ => continue,
        };
        clauses.push(format!("{} {clause}", in_words(*number)));
    }
    (!clauses.is_empty()).then(|| format!("{}.", capitalised(&clauses.join("; "))))
}

/// Small numbers as words.
fn in_words(number: usize) -> String {
    const WORDS: [&str; 11] =
        ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    WORDS.get(number).map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

impl Verdict {
    /// Whoever came closest first. Verdicts of one rank are counted together.
    fn rank(self) -> u32 {
        match self {
            Verdict::Chosen => 0,
            Verdict::Keeps => 1,
            Verdict::Meant => 2,
            Verdict::Waited { .. } => 3,
            Verdict::Level { .. } => 4,
            Verdict::Needed => 5,
            Verdict::HadItBefore => 6,
            Verdict::Full { .. } => 7,
            Verdict::AtCap { .. } | Verdict::AboveCap { .. } => 8,
            Verdict::NothingAutomatic => 9,
            Verdict::PresentOwner => 10,
            Verdict::NotIn(_) => 11,
            Verdict::Banned => 12,
            Verdict::NoReceiver => 13,
        }
    }

    /// Whether they may have the lead, room aside, but for who got it.
    fn is_able(self) -> bool {
        matches!(
            self,
            Verdict::Waited { .. }
                | Verdict::Level { .. }
                | Verdict::Needed
                | Verdict::HadItBefore
                | Verdict::Full { .. }
                | Verdict::AtCap { .. }
                | Verdict::AboveCap { .. }
                | Verdict::NothingAutomatic
        )
    }

    fn words(self, strategy: Strategy, names: &Names) -> String {
        let leads = |level| match strategy {
            Strategy::EqualShares => count(level, "new lead", "new leads"),
            Strategy::LevelQueues => count(level, "lead", "leads"),
        };
        match self {
            Verdict::Chosen => "got it".into(),
            Verdict::Meant => "was to get it".into(),
            Verdict::Keeps => "keeps it".into(),
            Verdict::Waited { level } => format!("{} too, and had not waited longer", leads(level)),
            Verdict::Level { level, against } => format!("{} against {against}", leads(level)),
            Verdict::Needed => "needed for other leads".into(),
            Verdict::HadItBefore => "had it before".into(),
            Verdict::Full { cap } => format!("full at cap {cap}"),
            Verdict::AtCap { cap } => format!("at cap {cap}"),
            Verdict::AboveCap { cap } => format!("above cap {cap}"),
            Verdict::NothingAutomatic => "a cap of 0 gives nothing automatically".into(),
            Verdict::PresentOwner => "is the present owner".into(),
            Verdict::NotIn(label) => {
                format!("not in {}", needs(&label, names).unwrap_or_default())
            }
            Verdict::Banned => "banned".into(),
            Verdict::NoReceiver => "the role receives no leads".into(),
        }
    }
}

/// The word for scripts.
impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Verdict::Chosen => "chosen",
            Verdict::Meant => "meant",
            Verdict::Keeps => "keeps",
            Verdict::Waited { .. } => "not longer waiting",
            Verdict::Level { .. } => "more leads",
            Verdict::Needed => "needed",
            Verdict::HadItBefore => "had it before",
            Verdict::Full { .. } => "full",
            Verdict::PresentOwner => "present owner",
            Verdict::AtCap { .. } => "at cap",
            Verdict::AboveCap { .. } => "above cap",
            Verdict::NothingAutomatic => "nothing automatic",
            Verdict::NotIn(_) => "not eligible",
            Verdict::Banned => "banned",
            Verdict::NoReceiver => "no receiver",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::{LeadId, SourceId, StatusId},
        pool::{Member, Pool, PoolLead, Rules},
        time::Moment,
    };

    const NOW: Moment = Moment(1_778_470_200_000);
    const PLACES: [&str; 3] = ["Pune", "Delhi", "Goa"];

    fn after<'w>(words: &[&'w str], key: &str) -> Option<&'w str> {
        words.iter().position(|word| *word == key).map(|at| words[at + 1])
    }

    fn number(words: &[&str], key: &str) -> Option<i64> {
        after(words, key).map(|number| number.parse().unwrap())
    }

    fn branch(words: &[&str]) -> Option<BranchId> {
        after(words, "in")
            .map(|name| BranchId(PLACES.iter().position(|place| *place == name).unwrap() as i64))
    }

    /// `Asha cap 3 held 2 in Pune; Ben banned; Mary clerk`: people, numbered from 1. `waiting 5`: the last lead came that
    /// many hours ago.
    fn people(roster: &str) -> Vec<Member> {
        (1..)
            .zip(roster.split(';'))
            .map(|(id, line)| {
                let words: Vec<&str> = line.split_whitespace().collect();
                Member {
                    id: UserId(id),
                    name: words[0].to_owned(),
                    branch: branch(&words),
                    department: after(&words, "dept").map(|_| DepartmentId(1)),
                    cap: number(&words, "cap"),
                    held: number(&words, "held").unwrap_or(0),
                    last_received_at: number(&words, "waiting")
                        .map_or(Moment(0), |hours| NOW.hours_before(hours)),
                    receives: !words.contains(&"clerk"),
                    banned: words.contains(&"banned"),
                }
            })
            .collect()
    }

    /// `2 of Asha in Pune; 1 called`: leads, numbered from 1.
    fn leads(list: &str, people: &[Member]) -> (Vec<PoolLead>, Vec<(LeadId, UserId)>) {
        let (mut all, mut earlier) = (Vec::new(), Vec::new());
        let named = |name: &str| people.iter().find(|member| member.name == name).unwrap().id;
        for line in list.split(';') {
            let words: Vec<&str> = line.split_whitespace().collect();
            for _ in 0..words[0].parse::<i64>().unwrap() {
                let id = LeadId(all.len() as i64 + 1);
                earlier.extend(after(&words, "was").map(|name| (id, named(name))));
                all.push(PoolLead {
                    id,
                    entries: 1,
                    status: StatusId(1),
                    owner: after(&words, "of").map(named),
                    branch: branch(&words),
                    department: after(&words, "dept").map(|_| DepartmentId(1)),
                    source: None::<SourceId>,
                    created_at: Moment(id.0),
                    last_attempt_at: words.contains(&"called").then(|| NOW.hours_before(100)),
                    owner_chosen_at: None,
                    owner_acted_at: words.contains(&"acted").then(|| NOW.hours_before(1)),
                    doubtful: words.contains(&"doubtful"),
                    had_owners: false,
                });
            }
        }
        (all, earlier)
    }

    fn names() -> Names {
        let branches = (0..).map(BranchId).zip(PLACES.map(str::to_owned)).collect();
        Names { branches, departments: BTreeMap::from([(DepartmentId(1), "Loans".to_owned())]) }
    }

    /// Roster and leads in; why for the first lead that such a thing became of, out.
    fn told(roster: &str, list: &str, strategy: Strategy, of: fn(Fate) -> bool) -> Explanation {
        let people = people(roster);
        let (leads, earlier) = leads(list, &people);
        let rules = Rules { now: NOW, chosen_since: NOW, strategy, oldest_first: false, rest_hours: 20 };
        let decision = Pool::gather(leads, &people, &rules).deal(&people, &earlier, &rules).unwrap().decision;
        let seen =
            decision.leads.iter().find(|seen| of(seen.fate)).unwrap_or_else(|| panic!("{roster} | {list}"));
        let earlier: Vec<u32> =
            decision.earlier.iter().filter(|(lead, _)| *lead == seen.lead).map(|(_, agent)| *agent).collect();
        let why = explain(&decision.head, seen, &earlier, &names()).unwrap();
        // People are not told in the engine's own words.
        for word in ["class", "tier", "leximin", "level", "optimal"] {
            let mut said = why.candidates.iter().map(|one| &one.words).chain([&why.paragraph]);
            assert_eq!(said.find(|said| said.contains(word)), None);
        }
        why
    }

    fn given(fate: Fate) -> bool {
        matches!(fate, Fate::To(_))
    }
    fn kept(fate: Fate) -> bool {
        matches!(fate, Fate::Kept)
    }
    fn nobody(fate: Fate) -> bool {
        matches!(fate, Fate::Nobody)
    }
    fn left_alone(fate: Fate) -> bool {
        matches!(fate, Fate::LeftAlone(_))
    }

    #[test]
    fn r44_why_this_agent_in_a_short_paragraph() {
        use Strategy::{EqualShares, LevelQueues};
        for (roster, leads, strategy, expect) in [
            (
                "Asha held 11; Ben held 13; Cara held 14; Dan held 15; Eva held 50 cap 50; Fay held 9 cap 9; Gus held 8",
                "1 of Gus",
                LevelQueues,
                "Why Asha? It was with Gus, and a lead that is dealt anew goes to somebody else where there is room. Asha had the shortest queue of the 4 who may have it and had room: 11 before this one, against 13 and more. Two were at their caps; one is the present owner.",
            ),
            (
                "Asha held 4; Ben held 9",
                "1",
                LevelQueues,
                "Why Asha? Asha had the shortest queue of the 2 who may have it: 4 before this one, against 9.",
            ),
            (
                "Asha waiting 2; Ben waiting 9; Cara waiting 5 in Pune",
                "1",
                EqualShares,
                "Why Ben? Ben had the fewest new leads of the 3 who may have it: 0 without this one. Two others had as few. The odd lead goes to who has waited longest for one: Ben.",
            ),
            (
                "Asha waiting 5 held 3; Ben waiting 5 held 2",
                "1",
                EqualShares,
                "Why Ben? Ben had the fewest new leads of the 2 who may have it: 0 without this one. Asha had as few. Nobody of them had waited longer for one than Ben, who had the fewest other leads.",
            ),
            (
                "Asha; Ben",
                "1",
                EqualShares,
                "Why Asha? Asha had the fewest new leads of the 2 who may have it: 0 without this one. Ben had as few. Nobody of them had waited longer for one than Asha, who joined first.",
            ),
            (
                "Asha in Pune; Ben in Delhi; Cara in Delhi; Dan banned in Pune; Mary clerk in Pune",
                "3 in Pune",
                EqualShares,
                "Why Asha? It needs branch Pune, and Asha is the only one who may have it. Two are not in branch Pune; one is banned.",
            ),
            (
                "Asha in Pune; Ben cap 2 held 2; Cara cap 1",
                "4 in Pune; 2",
                EqualShares,
                "Why Asha? It needs branch Pune, and Asha is the only one who may have it. Two are not in branch Pune.",
            ),
            (
                "Asha; Ben cap 2 held 2; Cara cap 1; Dan cap 0",
                "6",
                EqualShares,
                "Why Asha? Nobody else of the 4 who may have it had room left for it. One was full after this run; one was at the cap; one is given nothing automatically.",
            ),
            (
                "Asha; Ben",
                "1 was Asha; 1 was Ben",
                EqualShares,
                "Why Ben? Ben is the only one of the 2 who may have it who did not have it before. One had it before.",
            ),
        ] {
            let why = told(roster, leads, strategy, given);
            assert_eq!(format!("{} {}", why.title, why.paragraph), expect, "{roster} | {leads}");
        }
    }

    #[test]
    fn r44_why_it_stayed_and_why_nobody_got_it() {
        type Row = (&'static str, &'static str, fn(Fate) -> bool, &'static str);
        let table: [Row; 13] = [
            (
                "Asha in Pune cap 1 held 1; Ben in Goa",
                "1 of Asha in Pune; 1 in Pune",
                nobody,
                "Why nobody? 2 leads need branch Pune; Asha, the only agent with room there, needs it for leads that stay. Where room is short, leads that were never called come first, and of those the newest. One is not in branch Pune.",
            ),
            (
                "Asha; Mary clerk",
                "1 of Asha",
                kept,
                "Why still Asha? It stayed with Asha: nobody else may have it.",
            ),
            (
                "Asha; Ben cap 3 held 3",
                "1 of Asha",
                kept,
                "Why still Asha? It stayed with Asha: Ben is the only other who may have it, and had no room. One was at the cap.",
            ),
            (
                "Asha held 3; Ben cap 1; Cara cap 3 held 4; Dan in Pune",
                "3 of Asha dept Loans; 1 dept Loans",
                kept,
                "Why still Asha? It stayed with Asha: nobody else may have it. Three are not in department Loans.",
            ),
            (
                "Asha held 2; Ben cap 1; Cara cap 3 held 4",
                "2 of Asha",
                kept,
                "Why still Asha? It stayed with Asha: none of the 2 others who may have it had room. One was full after this run; one was at the cap.",
            ),
            (
                "Mary clerk; Asha banned",
                "1",
                nobody,
                "Why nobody? Nobody may receive leads: it takes an agent who is not banned. One is banned.",
            ),
            (
                "Asha in Pune; Ben in Pune banned",
                "1 in Goa dept Loans",
                nobody,
                "Why nobody? It needs branch Goa and department Loans, and nobody there may receive leads. One is not in branch Goa and department Loans; one is banned.",
            ),
            (
                "Asha in Pune cap 2 held 2; Ben in Pune cap 0; Cara",
                "1 in Pune",
                nobody,
                "Why nobody? It needs branch Pune: both agents there were at their caps before the run began. One is not in branch Pune.",
            ),
            (
                "Asha cap 2 held 2",
                "1",
                nobody,
                "Why nobody? Asha, the only agent who may have it, was at the cap before the run began.",
            ),
            (
                "Asha in Pune cap 2; Ben in Pune cap 1 held 1; Cara in Delhi",
                "3 in Pune; 1 in Delhi",
                nobody,
                "Why nobody? 3 leads need branch Pune; Asha, the only agent with room there, is full now, with 2 places for them. Where room is short, leads that were never called come first, and of those the newest. One is not in branch Pune.",
            ),
            (
                "Asha in Pune cap 1; Ben in Delhi cap 1",
                "1 in Pune; 1 in Delhi; 2 called",
                nobody,
                "Why nobody? 4 leads were for the same people; both agents with room are full now, with 2 places for them. Where room is short, leads that were called before come after those that never were, and those with the longest rest first.",
            ),
            (
                "Asha cap 1",
                "1; 1 doubtful",
                nobody,
                "Why nobody? 2 leads were for the same people; Asha, the only agent with room, is full now, with 1 place for them. Where room is short, leads whose number may not exist come last.",
            ),
            (
                "Asha; Ben",
                "1 of Asha acted",
                left_alone,
                "Why not? The run left it alone: Asha called, noted or edited it within the two hours before.",
            ),
        ];
        for (roster, leads, of, expect) in table {
            let why = told(roster, leads, Strategy::EqualShares, of);
            assert_eq!(format!("{} {}", why.title, why.paragraph), expect, "{roster} | {leads}");
        }
    }

    #[test]
    fn r44_everybody_beside_the_lead_has_a_verdict() {
        let why = told(
            "Asha held 1 in Pune; Ben held 4 in Pune; Cara cap 5 held 5 in Pune; Dan cap 2 held 3 in Pune; Eva in Delhi; Fay banned in Pune; Gus held 2 in Pune; Hal cap 0 in Pune; Mary clerk in Pune; Ida cap 1 in Pune held 0; Joe in Pune held 2",
            "2 of Gus in Pune was Joe",
            Strategy::LevelQueues,
            |fate| matches!(fate, Fate::To(0)),
        );
        let lines: Vec<String> = why
            .candidates
            .iter()
            .map(|one| {
                let room = one.room.map_or("-".to_owned(), |room| room.to_string());
                format!("{} {room} {} {}: {}", one.name, one.gets, one.after, one.words)
            })
            .collect();
        assert_eq!(
            lines,
            [
                "Asha - 1 2: got it",
                "Ben - 0 4: 4 leads against 1",
                "Joe - 0 2: had it before",
                "Ida 1 1 1: full at cap 1",
                "Dan 0 0 3: above cap 2",
                "Cara 0 0 5: at cap 5",
                "Hal 0 0 0: a cap of 0 gives nothing automatically",
                "Gus - 0 0: is the present owner",
                "Eva - 0 0: not in branch Pune",
                "Fay 0 0 0: banned",
            ]
        );
    }

    fn rosters() -> impl proptest::strategy::Strategy<Value = Vec<(u8, u8, u8, u8, u8)>> {
        proptest::collection::vec((0..6_u8, 0..4_u8, 0..9_u8, 0..3_u8, 0..4_u8), 1..7)
    }

    fn lists() -> impl proptest::strategy::Strategy<Value = Vec<(u8, u8, u8, u8)>> {
        proptest::collection::vec((1..4_u8, 0..8_u8, 0..4_u8, 0..5_u8), 1..8)
    }

    proptest::proptest! {
        /// What is said of a lead, against the people and the leads that the run was given, and the moves that came out.
        #[test]
        fn r44_what_is_said_is_so(roster in rosters(), list in lists(), level in proptest::bool::ANY) {
            let roster: Vec<String> = (0..).zip(&roster).map(|(n, (cap, held, kind, place, waiting))| {
                let cap = if *cap == 5 { String::new() } else { format!(" cap {cap}") };
                let kind = match kind { 0 => " banned", 1 => " clerk", _ => "" };
                let place = ["", " in Pune", " in Goa"][usize::from(*place)];
                format!("P{n}{cap} held {held}{kind}{place} waiting {waiting}")
            }).collect();
            let list: Vec<String> = list.iter().map(|(many, owner, place, facts)| {
                let owner = if usize::from(*owner) < roster.len() { format!(" of P{owner}") } else { String::new() };
                let place = ["", " in Pune", " in Goa", ""][usize::from(*place)];
                let facts = ["", " called", " doubtful", " was P0", " acted"][usize::from(*facts)];
                format!("{many}{owner}{place}{facts}")
            }).collect();
            let mut people = people(&roster.join(";"));
            let (leads, earlier) = leads(&list.join(";"), &people);
            // Everybody holds at least what is in the pool of theirs.
            for member in &mut people {
                member.held += leads.iter().filter(|lead| lead.owner == Some(member.id)).count() as i64;
            }
            let strategy = if level { Strategy::LevelQueues } else { Strategy::EqualShares };
            let rules = Rules { now: NOW, chosen_since: NOW, strategy, oldest_first: false, rest_hours: 20 };
            let dealing = Pool::gather(leads.clone(), &people, &rules).deal(&people, &earlier, &rules).unwrap();
            let decision = &dealing.decision;
            proptest::prop_assert_eq!(decision.leads.len(), leads.len());
            for (seen, lead) in decision.leads.iter().zip(&leads) {
                proptest::prop_assert_eq!(seen.lead, lead.id);
                let had: Vec<u32> = decision.earlier.iter().filter(|(of, _)| *of == lead.id).map(|(_, agent)| *agent).collect();
                let why = explain(&decision.head, seen, &had, &names()).unwrap();
                let to = dealing.moves.iter().find(|m| m.lead == lead.id).map(|m| m.to);
                let chosen = why.candidates.iter().find(|one| one.verdict == Verdict::Chosen);
                proptest::prop_assert_eq!(chosen.map(|one| one.id), to);
                if let Some(chosen) = chosen {
                    let gives = dealing.moves.iter().filter(|m| m.from == Some(chosen.id)).count() as i64;
                    let gets = dealing.moves.iter().filter(|m| m.to == chosen.id).count() as i64;
                    let member = people.iter().find(|member| member.id == chosen.id).unwrap();
                    proptest::prop_assert!(may(member, lead), "{:?}", why);
                    proptest::prop_assert_eq!((i64::from(chosen.gets), chosen.after), (gets, member.held + gets - gives));
                    proptest::prop_assert!(member.cap.is_none_or(|cap| chosen.after <= cap), "{:?}", why);
                }
                for one in &why.candidates {
                    let member = people.iter().find(|member| member.id == one.id).unwrap();
                    let has_room = member.cap.is_none_or(|cap| member.held <= cap && one.after < cap);
                    let is_true = match one.verdict {
                        Verdict::Chosen => true,
                        Verdict::Keeps => lead.owner == Some(one.id) && to.is_none(),
                        Verdict::PresentOwner => lead.owner == Some(one.id) && to.is_some(),
                        Verdict::NotIn(missing) => {
                            !may(member, lead)
                                && (missing.branch.is_some() && member.branch != lead.branch
                                    || missing.department.is_some() && member.department != lead.department)
                        }
                        Verdict::Banned => member.banned,
                        Verdict::AtCap { .. } | Verdict::AboveCap { .. } | Verdict::NothingAutomatic | Verdict::Full { .. } => {
                            may(member, lead) && !has_room
                        }
                        Verdict::Waited { .. } | Verdict::Level { .. } => to.is_some() && may(member, lead) && has_room,
                        Verdict::HadItBefore => to.is_some() && may(member, lead) && earlier.contains(&(lead.id, one.id)),
                        Verdict::Meant | Verdict::Needed | Verdict::NoReceiver => false,
                    };
                    proptest::prop_assert!(is_true, "{} is not {}: {:#?} of {:#?}", one.name, one.words, why, lead);
                }
                let expected = usize::from(!matches!(seen.fate, Fate::LeftAlone(_)))
                    * people.iter().filter(|member| member.receives || lead.owner == Some(member.id)).count();
                proptest::prop_assert_eq!(why.candidates.len(), expected);
            }
        }
    }

    /// R27, R28, R29, room aside: written down once more.
    fn may(member: &Member, lead: &PoolLead) -> bool {
        let fits = |wanted: Option<i64>, has: Option<i64>| wanted.is_none() || wanted == has;
        member.receives
            && !member.banned
            && lead.owner != Some(member.id)
            && fits(lead.branch.map(|branch| branch.0), member.branch.map(|branch| branch.0))
            && fits(lead.department.map(|id| id.0), member.department.map(|id| id.0))
    }
}
