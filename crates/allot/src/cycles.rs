//! Negative cycles of the residual network, cancelled until none is left; what remains are prices.
//!
//! Paths alone do not reach the optimum once kept leads compete with new ones for room: two full agents can swap their
//! lists, and a lead can make way for another three agents on. A plan is optimal exactly when the residual network
//! has no cycle of negative cost, and that is so exactly when the nodes have prices at which no arc gains anything.
//!
//! The search for prices is Bellman and Ford's, started from the prices that the path search settled, which are the
//! answer already in most cases: then one round finds nothing to correct. Where prices keep falling, the pointers to
//! the node that made them fall close a negative cycle; the largest amount that still gains goes around it.

use crate::exact::Int;
use crate::flow::{Flow, unassigned};
use crate::network::{Label, Node, capacity, cost, send, units};
use crate::paths::{Prices, Settled};

/// The prices of all nodes, of the border too.
pub(crate) struct Labels {
    pub groups: Vec<Label>,
    pub agents: Vec<Label>,
    pub rooms: Vec<Label>,
    pub border: Label,
    pub units: Vec<Int>,
}

/// No node points on.
const NONE: u32 = u32::MAX;

/// The least prices of a plan that is optimal: what one more lead at each place would cost in the end.
pub(crate) fn least_prices(flow: &Flow) -> Labels {
    let nothing = Prices { agents: vec![None; flow.sides.len()], groups: vec![None; flow.groups.len()] };
    let mut search = Search::new(flow, &nothing);
    // Without a negative cycle prices settle within as many rounds as there are nodes; the verifier would refuse others.
    for _ in 0..=search.next.len() {
        if !search.round(flow) {
            break;
        }
    }
    search.labels
}

/// Makes the plan optimal and returns the prices that prove it, the border at zero.
pub(crate) fn cancel_cycles(flow: &mut Flow, prices: &Prices) -> Labels {
    let mut search = Search::new(flow, prices);
    loop {
        let changed = search.round(flow);
        let cancelled = changed && search.cancel(flow);
        if cancelled {
            search.next.fill(NONE);
        } else if !changed {
            break;
        }
    }
    let border = search.labels.border.clone();
    for label in
        search.labels.groups.iter_mut().chain(&mut search.labels.agents).chain(&mut search.labels.rooms)
    {
        *label = label.minus(&border);
    }
    search.labels.border = Label::default();
    search.labels
}

struct Search {
    labels: Labels,
    /// Per node, the node through which its price is what it is: groups, agents, rooms, border.
    next: Vec<u32>,
    /// Agents by rising price, and each agent's place among them.
    by_price: Vec<u32>,
    place: Vec<u32>,
}

impl Search {
    fn new(flow: &Flow, prices: &Prices) -> Self {
        let units = units(flow);
        // Above every price that a way to the border can have, for nodes without such a way.
        let top = unassigned(flow.groups.list.iter().map(|group| group.rank).max().unwrap_or(0) + 2);
        let known = |settled: &Option<Settled>| match settled {
            Some(Settled { cost, donor: Some(j) }) => {
                Label { whole: cost.whole, level: units[*j as usize].times(cost.marginal.of) }
            }
            Some(Settled { cost, donor: None }) => Label::whole(cost.whole),
            None => Label::whole(top),
        };
        let (groups, agents) = (flow.groups.len(), flow.sides.len());
        let labels = Labels {
            groups: prices.groups.iter().map(known).collect(),
            agents: prices.agents.iter().map(known).collect(),
            rooms: vec![Label::whole(top); agents],
            border: Label::default(),
            units,
        };
        let by_price = (0..agents as u32).filter(|&j| flow.sides[j as usize].takes_new).collect();
        Self { labels, next: vec![NONE; groups + 2 * agents + 1], by_price, place: vec![NONE; agents] }
    }

    /// Corrects every price once; says whether any fell.
    fn round(&mut self, flow: &Flow) -> bool {
        // From the border backwards, which is how prices come about.
        let mut changed = self.rooms(flow);
        changed |= self.agents(flow);
        changed |= self.groups(flow);
        changed | self.border(flow)
    }

    fn groups(&mut self, flow: &Flow) -> bool {
        let labels = &self.labels;
        self.by_price.sort_by(|&a, &b| labels.agents[a as usize].cmp(&labels.agents[b as usize]));
        for (place, &j) in self.by_price.iter().enumerate() {
            self.place[j as usize] = place as u32;
        }
        let mut changed = false;
        for g in 0..flow.groups.len() {
            let here = Node::Group(g as u32);
            // The cheapest eligible agent: soon found from the cheap end when most are eligible, by looking at all
            // of them when few are.
            let degree = flow.groups.list[g].degree as usize;
            let cheapest = if degree * degree > self.by_price.len() {
                self.by_price.iter().copied().find(|&j| flow.groups.contains(g, j))
            } else {
                flow.groups.agents_of(g).min_by_key(|&j| self.place[j as usize])
            };
            if let Some(j) = cheapest {
                changed |= self.correct(flow, here, Node::Agent(j));
            }
            changed |= match flow.groups.list[g].fallback {
                Some(owner) => self.correct(flow, here, Node::Room(owner)),
                None => self.correct(flow, here, Node::Border),
            };
        }
        changed
    }

    fn agents(&mut self, flow: &Flow) -> bool {
        // Groups by price as small numbers: the loop over all pairs with leads then compares four bytes each.
        let labels = &self.labels;
        let mut by_price: Vec<u32> = (0..flow.groups.len() as u32).collect();
        by_price.sort_by(|&a, &b| labels.groups[a as usize].cmp(&labels.groups[b as usize]));
        let mut place = vec![0u32; by_price.len()];
        for (at, &g) in by_price.iter().enumerate() {
            // Equal prices share a place, so that the first of them ends the search for a lower one.
            let same = at > 0 && labels.groups[by_price[at - 1] as usize] == labels.groups[g as usize];
            place[g as usize] = if same { place[by_price[at - 1] as usize] } else { at as u32 };
        }
        let mut changed = false;
        for at in 0..self.by_price.len() {
            let j = self.by_price[at];
            let mut best = NONE;
            let mut lowest = NONE;
            for &g in flow.givers(j) {
                if place[g as usize] < lowest && flow.amount(g as usize, j) > 0 {
                    (lowest, best) = (place[g as usize], g);
                }
            }
            if best != NONE {
                changed |= self.correct(flow, Node::Agent(j), Node::Group(best));
            }
            changed |= self.correct(flow, Node::Agent(j), Node::Room(j));
        }
        changed
    }

    fn rooms(&mut self, flow: &Flow) -> bool {
        let mut changed = false;
        for j in 0..flow.sides.len() as u32 {
            let here = Node::Room(j);
            if flow.free(j) > 0 {
                changed |= self.correct(flow, here, Node::Border);
            }
            if flow.sides[j as usize].new > 0 {
                changed |= self.correct(flow, here, Node::Agent(j));
            }
            for &g in &flow.owned[j as usize] {
                if flow.kept[g as usize] > 0 {
                    changed |= self.correct(flow, here, Node::Group(g));
                }
            }
        }
        changed
    }

    fn border(&mut self, flow: &Flow) -> bool {
        let mut changed = false;
        for g in (0..flow.groups.len()).filter(|&g| flow.open[g] > 0) {
            changed |= self.correct(flow, Node::Border, Node::Group(g as u32));
        }
        for j in 0..flow.sides.len() {
            if flow.sides[j].load() > 0 {
                changed |= self.correct(flow, Node::Border, Node::Room(j as u32));
            }
        }
        changed
    }

    /// Lowers the price of a node to what it costs through a neighbour.
    fn correct(&mut self, flow: &Flow, from: Node, to: Node) -> bool {
        // The whole part alone often settles it, without the arithmetic of the levels.
        let through = cost(flow, &self.labels.units, from, to, 1).plus(self.label(to));
        if through < *self.label(from) {
            match from {
                Node::Group(g) => self.labels.groups[g as usize] = through,
                Node::Agent(j) => self.labels.agents[j as usize] = through,
                Node::Room(j) => self.labels.rooms[j as usize] = through,
                Node::Border => self.labels.border = through,
            }
            let (from, to) = (self.number(from), self.number(to));
            self.next[from as usize] = to;
            return true;
        }
        false
    }

    fn label(&self, node: Node) -> &Label {
        match node {
            Node::Group(g) => &self.labels.groups[g as usize],
            Node::Agent(j) => &self.labels.agents[j as usize],
            Node::Room(j) => &self.labels.rooms[j as usize],
            Node::Border => &self.labels.border,
        }
    }

    /// Cancels every cycle of pointers; they share no node. Says whether there was one.
    fn cancel(&self, flow: &mut Flow) -> bool {
        let mut seen_from = vec![NONE; self.next.len()];
        let mut found = false;
        for start in 0..self.next.len() as u32 {
            let mut at = start;
            while at != NONE && seen_from[at as usize] == NONE {
                seen_from[at as usize] = start;
                at = self.next[at as usize];
            }
            if at == NONE || seen_from[at as usize] != start {
                continue;
            }
            let mut cycle = vec![self.node(at)];
            let mut after = self.next[at as usize];
            while after != at {
                cycle.push(self.node(after));
                after = self.next[after as usize];
            }
            let leads = self.gaining(flow, &cycle);
            if leads > 0 {
                send(flow, &cycle, leads);
                found = true;
            }
        }
        found
    }

    /// The most leads that can go around a cycle with each of them gaining.
    fn gaining(&self, flow: &Flow, cycle: &[Node]) -> u32 {
        let arcs = || cycle.iter().enumerate().map(|(at, &from)| (from, cycle[(at + 1) % cycle.len()]));
        let most = arcs().map(|(from, to)| capacity(flow, from, to)).min().unwrap_or(0);
        let gains = |nth: u64| {
            let step = |sum: Label, (from, to)| sum.plus(&cost(flow, &self.labels.units, from, to, nth));
            arcs().fold(Label::default(), step) < Label::default()
        };
        let (mut low, mut high) = (0, most.min(u64::from(u32::MAX)));
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if gains(middle) { low = middle } else { high = middle - 1 }
        }
        low as u32
    }

    fn number(&self, node: Node) -> u32 {
        let (groups, agents) = (self.labels.groups.len() as u32, self.labels.agents.len() as u32);
        match node {
            Node::Group(g) => g,
            Node::Agent(j) => groups + j,
            Node::Room(j) => groups + agents + j,
            Node::Border => groups + 2 * agents,
        }
    }

    fn node(&self, number: u32) -> Node {
        let (groups, agents) = (self.labels.groups.len() as u32, self.labels.agents.len() as u32);
        if number < groups {
            Node::Group(number)
        } else if number < groups + agents {
            Node::Agent(number - groups)
        } else if number < groups + 2 * agents {
            Node::Room(number - groups - agents)
        } else {
            Node::Border
        }
    }
}
