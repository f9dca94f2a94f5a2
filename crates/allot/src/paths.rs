//! Cost-reducing paths (Harvey et al. 2006), whole amounts at a time.
//!
//! A lead can move from agent a to agent b when its class has leads with a and may go to b; chains of such moves are
//! the paths. The donor with the dearest last lead looks for the cheapest place it reaches. When it reaches nothing
//! cheaper, nothing that it reaches can gain from anything outside either: it was the dearest, so every later donor
//! finds all these places too dear. They are *settled* at the donor's price and leave the search. So every search
//! either improves the plan or makes the rest smaller, and the prices of the settled parts prove the result.
//!
//! Unassigned leads are donors too, dearer than any agent, and so are kept leads; a group whose leads can be left
//! unassigned or with their owner is a place to go.

use crate::agent_set::ones;
use crate::flow::{Cost, FALLBACK, Flow, Marginal, unassigned};

/// The price at which an agent or a group was settled: whole part, and the marginal of the named agent's level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settled {
    pub cost: Cost,
    /// The agent whose marginal it is; `None` where the whole part says all.
    pub donor: Option<u32>,
}

/// What the searches settled, per agent and per group.
pub(crate) struct Prices {
    pub agents: Vec<Option<Settled>>,
    pub groups: Vec<Option<Settled>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Agent(u32),
    /// Leads of the group that are unassigned.
    Open(u32),
    /// Leads of the group that stay with the fallback.
    Kept(u32),
}

/// Improves the plan until no path within the new leads does, and returns the prices.
pub(crate) fn cancel_paths(flow: &mut Flow) -> Prices {
    let (agents, groups) = (flow.sides.len(), flow.groups.len());
    let mut paths = Paths {
        live_agents: vec![0; flow.groups.width],
        live_groups: vec![true; groups],
        prices: Prices { agents: vec![None; agents], groups: vec![None; groups] },
        seen: vec![0; flow.groups.width],
        seen_groups: vec![false; groups],
        by_group: vec![u32::MAX; agents],
        by_agent: vec![u32::MAX; groups],
        reached_agents: Vec::new(),
        reached_groups: Vec::new(),
    };
    for (j, side) in flow.sides.iter().enumerate() {
        if side.takes_new {
            paths.live_agents[j / 64] |= 1 << (j % 64);
        }
    }
    while let Some((price, donor)) = paths.dearest(flow) {
        paths.search(flow, donor);
        if !paths.move_down(flow, donor) {
            paths.settle(price, donor);
        }
    }
    paths.prices
}

struct Paths {
    live_agents: Vec<u64>,
    live_groups: Vec<bool>,
    prices: Prices,
    seen: Vec<u64>,
    seen_groups: Vec<bool>,
    /// The group through which an agent was reached, and the agent through which a group was (`u32::MAX` for the
    /// donor itself).
    by_group: Vec<u32>,
    by_agent: Vec<u32>,
    reached_agents: Vec<u32>,
    reached_groups: Vec<u32>,
}

impl Paths {
    fn dearest(&self, flow: &Flow) -> Option<(Cost, Place)> {
        let mut best: Option<(Cost, Place)> = None;
        let mut offer = |cost: Cost, place| {
            if best.is_none_or(|(other, _)| cost > other) {
                best = Some((cost, place));
            }
        };
        for g in (0..flow.groups.len()).filter(|&g| self.live_groups[g]) {
            if flow.open[g] > 0 {
                offer(Cost::whole(unassigned(flow.groups.list[g].rank)), Place::Open(g as u32));
            } else if flow.kept[g] > 0 {
                offer(Cost::whole(FALLBACK), Place::Kept(g as u32));
            }
        }
        for (i, &word) in self.live_agents.iter().enumerate() {
            for bit in ones(word) {
                let j = i as u32 * 64 + bit;
                if flow.sides[j as usize].new > 0 {
                    offer(Cost { whole: 0, marginal: flow.down(j, 0) }, Place::Agent(j));
                }
            }
        }
        best
    }

    /// Everything the donor reaches, breadth first.
    fn search(&mut self, flow: &Flow, donor: Place) {
        self.reached_agents.clear();
        self.reached_groups.clear();
        self.seen.fill(0);
        self.seen_groups.fill(false);
        let mut groups_left = self.live_groups.iter().filter(|&&live| live).count();
        match donor {
            Place::Agent(j) => {
                self.seen[j as usize / 64] |= 1 << (j % 64);
                self.by_group[j as usize] = u32::MAX;
                self.reached_agents.push(j);
            }
            Place::Open(g) | Place::Kept(g) => {
                self.seen_groups[g as usize] = true;
                self.by_agent[g as usize] = u32::MAX;
                self.reached_groups.push(g);
                groups_left -= 1;
            }
        }
        let (mut next_agent, mut next_group) = (0, 0);
        loop {
            if let Some(&g) = self.reached_groups.get(next_group) {
                next_group += 1;
                for (i, &eligible) in flow.groups.words(g as usize).iter().enumerate() {
                    let fresh = eligible & self.live_agents[i] & !self.seen[i];
                    self.seen[i] |= fresh;
                    for bit in ones(fresh) {
                        let j = i as u32 * 64 + bit;
                        self.by_group[j as usize] = g;
                        self.reached_agents.push(j);
                    }
                }
            } else if let Some(&j) = self.reached_agents.get(next_agent)
                && groups_left > 0
            {
                next_agent += 1;
                for &g in flow.givers(j) {
                    let at = g as usize;
                    if self.live_groups[at] && !self.seen_groups[at] && flow.amount(at, j) > 0 {
                        self.seen_groups[at] = true;
                        self.by_agent[at] = j;
                        self.reached_groups.push(g);
                        groups_left -= 1;
                    }
                }
            } else {
                return;
            }
        }
    }

    /// Moves leads from the donor to the cheapest places reached, as long as that gains; says whether any moved.
    fn move_down(&mut self, flow: &mut Flow, donor: Place) -> bool {
        let mut places: Vec<(Cost, Place)> = Vec::new();
        let price = price_of_last(flow, donor, 0);
        let mut offer = |cost: Cost, place| {
            if cost < price {
                places.push((cost, place));
            }
        };
        for &j in &self.reached_agents {
            if flow.free(j) > 0 {
                offer(Cost { whole: 0, marginal: flow.up(j, 0) }, Place::Agent(j));
            }
        }
        for &g in &self.reached_groups {
            let group = &flow.groups.list[g as usize];
            match group.fallback {
                Some(owner) if flow.free(owner) > 0 => offer(Cost::whole(FALLBACK), Place::Kept(g)),
                Some(_) => {}
                None => offer(Cost::whole(unassigned(group.rank)), Place::Open(g)),
            }
        }
        places.sort_unstable_by_key(|&(cost, place)| {
            (
                cost,
                match place {
                    Place::Agent(j) => flow.place[j as usize],
                    Place::Open(g) | Place::Kept(g) => g,
                },
            )
        });
        let mut moved = false;
        for (_, place) in places {
            let most = self.most(flow, donor, place);
            let gains =
                |leads: u64| price_of_next(flow, place, leads - 1) < price_of_last(flow, donor, leads - 1);
            // The gain shrinks with every lead moved, so the largest amount that gains is found by halving.
            let (mut low, mut high) = (0, most);
            while low < high {
                let middle = low + (high - low).div_ceil(2);
                if gains(middle) { low = middle } else { high = middle - 1 }
            }
            if low > 0 {
                self.shift(flow, donor, place, low as u32);
                moved = true;
            }
        }
        moved
    }

    /// How many leads can take the path at most.
    fn most(&self, flow: &Flow, donor: Place, place: Place) -> u64 {
        let mut most = match donor {
            Place::Agent(j) => u64::from(flow.sides[j as usize].new),
            Place::Open(g) => u64::from(flow.open[g as usize]),
            Place::Kept(g) => u64::from(flow.kept[g as usize]),
        };
        let mut group = match place {
            Place::Agent(j) => {
                most = most.min(flow.free(j));
                self.by_group[j as usize]
            }
            Place::Open(g) => g,
            Place::Kept(g) => {
                let owner = flow.groups.list[g as usize].fallback;
                most = most.min(owner.map_or(0, |owner| flow.free(owner)));
                g
            }
        };
        while group != u32::MAX {
            let agent = self.by_agent[group as usize];
            if agent == u32::MAX {
                break;
            }
            most = most.min(u64::from(flow.amount(group as usize, agent)));
            group = self.by_group[agent as usize];
        }
        most
    }

    fn shift(&self, flow: &mut Flow, donor: Place, place: Place, leads: u32) {
        let mut group = match place {
            Place::Agent(j) => {
                flow.sides[j as usize].new += leads;
                let group = self.by_group[j as usize];
                flow.put(group as usize, j, leads);
                group
            }
            Place::Open(g) => {
                flow.open[g as usize] += leads;
                g
            }
            Place::Kept(g) => {
                flow.keep(g as usize, i64::from(leads));
                g
            }
        };
        loop {
            let agent = self.by_agent[group as usize];
            if agent == u32::MAX {
                break;
            }
            flow.take(group as usize, agent, leads);
            let before = self.by_group[agent as usize];
            if before == u32::MAX {
                break;
            }
            flow.put(before as usize, agent, leads);
            group = before;
        }
        match donor {
            Place::Agent(j) => flow.sides[j as usize].new -= leads,
            Place::Open(g) => flow.open[g as usize] -= leads,
            Place::Kept(g) => flow.keep(g as usize, -i64::from(leads)),
        }
    }

    fn settle(&mut self, cost: Cost, donor: Place) {
        let donor = if let Place::Agent(j) = donor { Some(j) } else { None };
        let settled = Some(Settled { cost, donor });
        for &j in &self.reached_agents {
            self.prices.agents[j as usize] = settled;
            self.live_agents[j as usize / 64] &= !(1 << (j % 64));
        }
        for &g in &self.reached_groups {
            self.prices.groups[g as usize] = settled;
            self.live_groups[g as usize] = false;
        }
    }
}

fn price_of_last(flow: &Flow, donor: Place, fewer: u64) -> Cost {
    match donor {
        Place::Agent(j) => Cost { whole: 0, marginal: flow.down(j, fewer) },
        Place::Open(g) => Cost::whole(unassigned(flow.groups.list[g as usize].rank)),
        Place::Kept(_) => Cost::whole(FALLBACK),
    }
}

fn price_of_next(flow: &Flow, place: Place, further: u64) -> Cost {
    match place {
        Place::Agent(j) => Cost { whole: 0, marginal: flow.up(j, further) },
        Place::Open(g) => Cost::whole(unassigned(flow.groups.list[g as usize].rank)),
        Place::Kept(_) => Cost { whole: FALLBACK, marginal: Marginal::NONE },
    }
}
