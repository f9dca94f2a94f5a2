//! Earlier owners: a lead dealt to somebody who had it before is swapped inside its stratum, with the nearest lead
//! that takes the change; where no two leads can swap, three or more go round. Counts, strata and the mix of hot and
//! cold stay as they are. What cannot be helped remains, and is counted.

use std::collections::HashMap;

use crate::Class;
use crate::deal::Parts;
use crate::mix::MIXED_FROM;

/// Steps of looking for partners in one class, per lead of it: enough for every class met in practice, and a bound for
/// one in which hardly anything can be swapped.
const STEPS_PER_LEAD: usize = 256;

/// Swaps leads of one class; `leads` holds the agents of its served leads. Returns how many stay with an earlier owner.
pub(crate) fn avoid(class: &Class, leads: &mut [u32], parts: &Parts) -> u32 {
    let mut swaps = Swaps::new(class, leads, parts);
    let clashes: Vec<u32> = (0..swaps.leads.len() as u32).filter(|&lead| swaps.clashes(lead)).collect();
    for lead in clashes {
        if swaps.clashes(lead) && !swaps.swap_two(lead) {
            swaps.pass_round(lead);
        }
    }
    (0..swaps.leads.len() as u32).filter(|&lead| swaps.clashes(lead)).count() as u32
}

struct Swaps<'a> {
    class: &'a Class,
    leads: &'a mut [u32],
    /// Leads of each stratum in order, and where each lead stands in its own.
    strata: HashMap<u32, Vec<u32>>,
    place: Vec<u32>,
    /// Per agent, the number of leads and the sum of their ranks.
    ranks: HashMap<u32, (u64, u64)>,
    steps_left: usize,
}

impl<'a> Swaps<'a> {
    fn new(class: &'a Class, leads: &'a mut [u32], parts: &Parts) -> Self {
        let mut strata: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut place = vec![0; leads.len()];
        let mut ranks: HashMap<u32, (u64, u64)> = parts.iter().map(|&(agent, _)| (agent, (0, 0))).collect();
        for (lead, agent) in leads.iter().enumerate() {
            let stratum = strata.entry(class.strata.get(lead).copied().unwrap_or(0)).or_default();
            place[lead] = stratum.len() as u32;
            stratum.push(lead as u32);
            let rank = ranks.entry(*agent).or_default();
            *rank = (rank.0 + 1, rank.1 + lead as u64);
        }
        let steps_left = if parts.len() > 1 { STEPS_PER_LEAD * leads.len() } else { 0 };
        Self { class, leads, strata, place, ranks, steps_left }
    }

    fn avoids(&self, lead: u32, agent: u32) -> bool {
        self.class.fallback != Some(agent) && self.class.avoid.binary_search(&(lead, agent)).is_ok()
    }

    fn clashes(&self, lead: u32) -> bool {
        self.avoids(lead, self.leads[lead as usize])
    }

    fn stratum(&self, lead: u32) -> u32 {
        self.class.strata.get(lead as usize).copied().unwrap_or(0)
    }

    /// Swaps with the nearest lead of the stratum with which it can.
    fn swap_two(&mut self, lead: u32) -> bool {
        let stratum = &self.strata[&self.stratum(lead)];
        let here = self.place[lead as usize] as usize;
        let mut partner = None;
        for distance in 1..stratum.len() {
            if self.steps_left == 0 {
                break;
            }
            self.steps_left -= 1;
            let below = here.checked_sub(distance).map(|at| stratum[at]);
            let above = stratum.get(here + distance).copied();
            partner = below.into_iter().chain(above).find(|&other| self.fits(&[lead, other]));
            if partner.is_some() || (below.is_none() && above.is_none()) {
                break;
            }
        }
        partner.inspect(|&other| self.turn(&[lead, other])).is_some()
    }

    /// Finds the shortest round of agents, each giving one lead of the stratum to the next.
    fn pass_round(&mut self, lead: u32) {
        let giver = self.leads[lead as usize];
        let mut holdings: Vec<(u32, Vec<u32>)> = Vec::new();
        for &other in &self.strata[&self.stratum(lead)] {
            let agent = self.leads[other as usize];
            match holdings.iter_mut().find(|(holder, _)| *holder == agent) {
                Some((_, held)) => held.push(other),
                None => holdings.push((agent, vec![other])),
            }
            self.steps_left = self.steps_left.saturating_sub(holdings.len());
        }
        // `via[a]` is the lead that comes to agent a; it leads back to who gave it.
        let mut via: HashMap<u32, u32> = HashMap::new();
        let mut queue = vec![(giver, vec![lead])];
        let mut next = 0;
        while next < queue.len() {
            let held = std::mem::take(&mut queue[next].1);
            next += 1;
            for &gives in &held {
                for (agent, theirs) in &holdings {
                    if self.steps_left == 0 {
                        return;
                    }
                    self.steps_left -= 1;
                    if via.contains_key(agent)
                        || self.leads[gives as usize] == *agent
                        || self.avoids(gives, *agent)
                    {
                        continue;
                    }
                    via.insert(*agent, gives);
                    if *agent == giver {
                        let mut round = vec![gives];
                        while round.last() != Some(&lead) {
                            let last = round[round.len() - 1];
                            round.push(via[&self.leads[last as usize]]);
                        }
                        // Each lead goes to the agent of the lead before it in this list.
                        round.reverse();
                        if self.fits(&round) {
                            self.turn(&round);
                        }
                        return;
                    }
                    queue.push((*agent, theirs.clone()));
                }
            }
        }
    }

    /// Whether each lead may go to the agent of the next (the last to that of the first), and all stay mixed.
    fn fits(&self, round: &[u32]) -> bool {
        let count = self.leads.len() as u64;
        let pairs = || round.iter().enumerate().map(|(at, &lead)| (lead, round[(at + 1) % round.len()]));
        pairs().all(|(lead, other)| {
            let agent = self.leads[other as usize];
            let Some(&(held, sum)) = self.ranks.get(&agent) else { return false };
            let after = sum + u64::from(lead) - u64::from(other);
            // The mean rank of all is (count - 1) / 2; a quarter of it to either side, in eighths.
            let off = |sum: u64| (8 * sum).abs_diff(4 * held * (count - 1));
            let mixed = held < MIXED_FROM || off(after) <= held * (count - 1) || off(after) <= off(sum);
            self.leads[lead as usize] != agent && !self.avoids(lead, agent) && mixed
        })
    }

    fn turn(&mut self, round: &[u32]) {
        let first = self.leads[round[0] as usize];
        for (at, &lead) in round.iter().enumerate() {
            let from = self.leads[lead as usize];
            let to = round.get(at + 1).map_or(first, |&other| self.leads[other as usize]);
            for (agent, comes) in [(from, false), (to, true)] {
                if let Some((_, sum)) = self.ranks.get_mut(&agent) {
                    *sum = if comes { *sum + u64::from(lead) } else { *sum - u64::from(lead) };
                }
            }
            self.leads[lead as usize] = to;
        }
    }
}
