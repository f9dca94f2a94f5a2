//! Chosen leads spread evenly over chosen agents, by hand (R21–R23).
//!
//! The pool of a run is another question: there, leads carry branches and urgency, and an owned lead goes to somebody
//! else. Here a person has chosen both sides; everybody chosen may have every lead, and whoever owns one may keep it.

use crate::{
    ids::{LeadId, UserId},
    pool::{DealingFailed, Member},
};
use allot::{Agent, AgentSet, Class, Instance};
use std::collections::HashMap;

/// A lead to be spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpreadLead {
    /// Which.
    pub id: LeadId,
    /// Its present owner.
    pub owner: Option<UserId>,
    /// Whether the present owner holds it: its status is open.
    pub held: bool,
    /// Whether the new owner will hold it.
    pub will_be_held: bool,
}

/// Says for each lead who gets it; none where nobody has room. The present owner is an answer too (R21).
pub fn spread(
    leads: &[SpreadLead],
    agents: &[Member],
    exceed_caps: bool,
) -> Result<Vec<Option<UserId>>, DealingFailed> {
    let index: HashMap<UserId, usize> = agents.iter().enumerate().map(|(at, agent)| (agent.id, at)).collect();
    let mut own = vec![0; agents.len()];
    for lead in leads.iter().filter(|lead| lead.held) {
        if let Some(at) = lead.owner.and_then(|owner| index.get(&owner)) {
            own[*at] += 1;
        }
    }
    let rooms: Vec<Option<u32>> = agents
        .iter()
        .zip(&own)
        .map(|(agent, own)| if exceed_caps { None } else { room(agent, *own) })
        .collect();

    // Closed leads take no room: they are dealt afterwards, on top of the others.
    let mut to: Vec<Option<UserId>> = vec![None; leads.len()];
    let mut got = vec![0; agents.len()];
    for open in [true, false] {
        let rows: Vec<usize> = (0..leads.len()).filter(|row| leads[*row].will_be_held == open).collect();
        let rooms = if open { rooms.clone() } else { vec![None; agents.len()] };
        deal(leads, &rows, agents, &index, &rooms, &mut got, &mut to)?;
    }
    Ok(to)
}

/// R29's way of counting: an agent above the cap gets nothing; others have the room that their own leads would leave.
fn room(agent: &Member, own: i64) -> Option<u32> {
    let cap = agent.cap?;
    let room = if agent.held > cap { 0 } else { cap - agent.held + own };
    Some(u32::try_from(room.max(0)).unwrap_or(u32::MAX))
}

fn deal(
    leads: &[SpreadLead],
    rows: &[usize],
    agents: &[Member],
    index: &HashMap<UserId, usize>,
    rooms: &[Option<u32>],
    got: &mut [u32],
    to: &mut [Option<UserId>],
) -> Result<(), DealingFailed> {
    let owner = |row: usize| leads[row].owner.and_then(|owner| index.get(&owner)).copied();
    // Leads of chosen agents with room come first: all of them fit, so none of these agents is pushed above the cap by
    // one that finds no place. An agent above the cap keeps what nobody else has room for.
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let mut above_cap: Vec<Vec<usize>> = vec![Vec::new(); agents.len()];
    for &row in rows {
        match owner(row) {
            Some(at) if rooms[at] == Some(0) => above_cap[at].push(row),
            Some(_) => first.push(row),
            None => second.push(row),
        }
    }
    let everybody = AgentSet::full(agents.len() as u32);
    let class = |rows: &[usize], tier, fallback: Option<usize>| {
        let mut eligible = everybody.clone();
        if let Some(owner) = fallback {
            eligible.remove(owner as u32);
        }
        Class {
            tier,
            eligible,
            fallback: fallback.map(|at| at as u32),
            leads: rows.len() as u32,
            ..Class::default()
        }
    };
    let mut lists = vec![first, second];
    let mut classes = vec![class(&lists[0], 0, None), class(&lists[1], 1, None)];
    for (at, rows) in above_cap.into_iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
        classes.push(class(&rows, 1, Some(at)));
        lists.push(rows);
    }
    let strategy = allot::Strategy::LevelQueues; // levels are what this spreading has given so far, and what it gives now
    let agents_now = agents
        .iter()
        .zip(rooms.iter().zip(got.iter()))
        .map(|(agent, (room, got))| Agent {
            room: *room,
            base: *got,
            waiting_since_ms: agent.last_received_at.0,
            ..Agent::default()
        })
        .collect();
    let instance = Instance { strategy, agents: agents_now, classes };
    let plan = allot::plan(&instance)?;
    allot::verify(&instance, &plan)?;
    let mut dealt: HashMap<usize, usize> = HashMap::new();
    for (number, rows) in lists.iter().enumerate() {
        let served = rows.iter().zip(plan.class(number)).filter(|(_, agent)| **agent != allot::NOBODY);
        dealt.extend(served.map(|(row, agent)| (*row, *agent as usize)));
    }
    stay(rows, &mut dealt, owner);
    for (row, agent) in dealt {
        to[row] = Some(agents[agent].id);
        got[agent] += 1;
    }
    Ok(())
}

/// Nobody passes a lead on only to get another for it: two leads change places when that lets one stay. Everybody keeps
/// their number.
fn stay(rows: &[usize], dealt: &mut HashMap<usize, usize>, owner: impl Fn(usize) -> Option<usize>) {
    let mut guests: HashMap<usize, Vec<usize>> = HashMap::new();
    for row in rows {
        if let Some(agent) = dealt.get(row).filter(|agent| owner(*row) != Some(**agent)) {
            guests.entry(*agent).or_default().push(*row);
        }
    }
    for row in rows {
        let (Some(home), Some(away)) = (owner(*row), dealt.get(row).copied()) else { continue };
        if home == away {
            continue;
        }
        // The lists are not kept up to date: a guest that has left since is passed over.
        while let Some(guest) = guests.get_mut(&home).and_then(Vec::pop) {
            if dealt.get(&guest) == Some(&home) {
                dealt.insert(guest, away);
                dealt.insert(*row, home);
                if owner(guest) != Some(away) {
                    guests.entry(away).or_default().push(guest);
                }
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Moment;

    fn agents(text: &str) -> Vec<Member> {
        let member = |(id, words): (i64, &str)| {
            let (held, cap) = words.split_once('/').unwrap_or((words, ""));
            Member {
                id: UserId(id),
                name: format!("P{id}"),
                branch: None,
                department: None,
                cap: cap.parse().ok(),
                held: held.parse().unwrap(),
                last_received_at: Moment(0),
                receives: true,
                banned: false,
            }
        };
        (1..).zip(text.split_whitespace()).map(member).collect()
    }

    /// Agents as held/cap, leads as their owners (0 = nobody, `x` behind it = closed); answers who gets each.
    fn check(team: &str, leads: &str, exceed_caps: bool, expect: &str) {
        let lead = |(id, word): (i64, &str)| {
            let owner: i64 = word.trim_end_matches('x').parse().unwrap();
            let open = !word.ends_with('x');
            let owner = (owner > 0).then_some(UserId(owner));
            SpreadLead { id: LeadId(id), owner, held: open && owner.is_some(), will_be_held: open }
        };
        let leads: Vec<SpreadLead> = (1..).zip(leads.split_whitespace()).map(lead).collect();
        let to = spread(&leads, &agents(team), exceed_caps).unwrap();
        let to: Vec<String> = to.iter().map(|to| to.map_or("-".into(), |to| to.to_string())).collect();
        let counts = |word: &str| to.iter().filter(|to| *to == word).count();
        let staying = leads
            .iter()
            .zip(&to)
            .filter(|(lead, to)| lead.owner.map(|owner| owner.to_string()).as_ref() == Some(*to));
        let text = format!(
            "1:{} 2:{} 3:{} -:{} staying {}",
            counts("1"),
            counts("2"),
            counts("3"),
            counts("-"),
            staying.count()
        );
        assert_eq!(text, expect, "{team} | {leads:?}");
    }

    #[test]
    fn r22_evenly_within_the_caps() {
        check("0 0 0", "0 0 0 0 0 0 0", false, "1:3 2:2 3:2 -:0 staying 0");
        check("9/10 0 0", "0 0 0 0 0 0 0", false, "1:1 2:3 3:3 -:0 staying 0");
        check("9/10 10/10 3/3", "0 0 0", false, "1:1 2:0 3:0 -:2 staying 0");
        check("9/10 10/10 3/3", "0 0 0", true, "1:1 2:1 3:1 -:0 staying 0");
        check("", "0 0", false, "1:0 2:0 3:0 -:2 staying 0");
    }

    #[test]
    fn r21_whoever_owns_one_may_keep_it() {
        check("4 0", "1 1 1 1", false, "1:2 2:2 3:0 -:0 staying 2");
        check("2 2", "1 1 2 2", false, "1:2 2:2 3:0 -:0 staying 4");
        check("2 1 0", "1 2 1 0 0 0", false, "1:2 2:2 3:2 -:0 staying 3");
        // Nobody is pushed above the cap by a lead that finds no place elsewhere.
        check("2/2 2/2", "1 1 2 2 0 0", false, "1:2 2:2 3:0 -:2 staying 4");
        // Above the cap: nothing new; what others have room for goes to them.
        check("3/2 0/2", "1 1 1 0", false, "1:2 2:2 3:0 -:0 staying 2");
    }

    #[test]
    fn closed_leads_take_no_room() {
        check("2/2 2/2", "0x 0x 1x 0", false, "1:2 2:1 3:0 -:1 staying 1");
    }
}
