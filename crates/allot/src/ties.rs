//! Ties: among the optimal plans the one with the largest levels in the order of waiting.
//!
//! All optimal plans agree with one set of prices, so they differ by cycles of arcs that cost exactly nothing at these
//! prices, and each level can only be one of two neighbouring numbers. In the order of waiting every agent who could
//! have one more looks backwards along such arcs for somebody later in the order who gives one up. What finds nobody
//! is dead: nobody later finds anything there either.

use crate::Strategy;
use crate::cycles::Labels;
use crate::flow::{FALLBACK, Flow, unassigned};
use crate::network::{Label, Node, cost, send};

/// Moves the odd leads to those who have waited longest. The prices stay valid.
pub(crate) fn rotate(flow: &mut Flow, labels: &Labels) {
    let mut ties = Ties::new(flow, labels);
    for at in 0..flow.order.len() {
        let agent = flow.order[at];
        if ties.can_rise(flow, agent)
            && let Some(cycle) = ties.cycle(flow, agent)
        {
            send(flow, &cycle, 1);
        }
        ties.decided[agent as usize] = true;
    }
}

struct Ties<'a> {
    labels: &'a Labels,
    /// Prices of agents and groups as small numbers, equal where the prices are equal.
    agent_price: Vec<u32>,
    group_price: Vec<u32>,
    /// Agents whose level may not fall any more.
    decided: Vec<bool>,
    /// Where the search has been, as node numbers (groups, agents, rooms, border): `u32::MAX` not yet, otherwise the
    /// node it came from, which the arc leads to.
    after: Vec<u32>,
    visited: Vec<u32>,
    /// Where it goes on: rooms and the border before agents before groups, because somebody who gives a lead up is
    /// known by the room, and groups are long to look through.
    queues: [Vec<u32>; 3],
    /// Agents and groups the current search has not seen and that are not dead.
    fresh_groups: Vec<u32>,
    dead: Vec<bool>,
    agents: u32,
    groups: u32,
}

const UNSEEN: u32 = u32::MAX;

impl<'a> Ties<'a> {
    fn new(flow: &Flow, labels: &'a Labels) -> Self {
        let mut prices: Vec<&Label> = labels.agents.iter().chain(&labels.groups).collect();
        prices.sort_unstable();
        prices.dedup();
        let number = |label: &Label| prices.partition_point(|&other| other < label) as u32;
        let (agents, groups) = (flow.sides.len(), flow.groups.len());
        Self {
            labels,
            agent_price: labels.agents.iter().map(number).collect(),
            group_price: labels.groups.iter().map(number).collect(),
            decided: vec![false; agents],
            after: vec![UNSEEN; groups + 2 * agents + 1],
            visited: Vec::new(),
            queues: [Vec::new(), Vec::new(), Vec::new()],
            fresh_groups: Vec::new(),
            dead: vec![false; groups + 2 * agents + 1],
            agents: agents as u32,
            groups: groups as u32,
        }
    }

    /// Whether one more on the level costs nothing at the prices.
    fn can_rise(&self, flow: &Flow, j: u32) -> bool {
        match flow.strategy {
            Strategy::EqualShares => {
                flow.sides[j as usize].takes_new && self.free_of_charge(flow, Node::Agent(j), Node::Room(j))
            }
            Strategy::LevelQueues => {
                flow.free(j) > 0 && self.free_of_charge(flow, Node::Room(j), Node::Border)
            }
        }
    }

    /// A cycle through the level of the agent, one lead up.
    fn cycle(&mut self, flow: &Flow, j: u32) -> Option<Vec<Node>> {
        // The cycle goes through `start → goal`; the search runs backwards from `start` until it meets `goal`.
        let (start, goal) = match flow.strategy {
            Strategy::EqualShares => (Node::Agent(j), Node::Room(j)),
            Strategy::LevelQueues => (Node::Room(j), Node::Border),
        };
        for &seen in &self.visited {
            self.after[seen as usize] = UNSEEN;
        }
        self.visited.clear();
        self.fresh_groups = (0..self.groups).filter(|&g| !self.dead[g as usize]).collect();
        let end = self.number(start);
        self.after[end as usize] = end;
        self.visited.push(end);
        self.queues.iter_mut().for_each(Vec::clear);
        self.queues[0].push(end);
        while let Some(number) = self.queues.iter_mut().find_map(Vec::pop) {
            let node = self.node(number);
            if node == goal {
                return Some(self.trace(goal, start));
            }
            self.look_back(flow, node, (start, goal));
        }
        // With level queues every search is for the border, so what was seen without meeting it is of no use to
        // anybody. With equal shares each looks for its own room, but a room met because its agent could give a lead
        // up is not that of an agent who could take one more.
        let of_no_use = |&seen: &u32| {
            let (first_room, border) = (self.groups + self.agents, self.groups + 2 * self.agents);
            let given_up =
                seen != border && seen >= first_room && self.after[seen as usize] == seen - self.agents;
            flow.strategy == Strategy::LevelQueues || seen < first_room || given_up
        };
        if self.visited.iter().all(of_no_use) {
            for &seen in &self.visited {
                self.dead[seen as usize] = true;
            }
        }
        None
    }

    /// Visits every node with an arc to `node` that can take a lead at no cost.
    fn look_back(&mut self, flow: &Flow, node: Node, own: (Node, Node)) {
        let queues = flow.strategy == Strategy::LevelQueues;
        match node {
            Node::Agent(j) => {
                let price = self.agent_price[j as usize];
                let mut at = 0;
                while at < self.fresh_groups.len() {
                    let g = self.fresh_groups[at];
                    if self.group_price[g as usize] == price && flow.groups.contains(g as usize, j) {
                        self.fresh_groups.swap_remove(at);
                        self.visit(Node::Group(g), node);
                    } else {
                        at += 1;
                    }
                }
                // The room gives up a new lead of this agent: with equal shares its level falls.
                let may_fall = queues || !self.decided[j as usize];
                let back = (Node::Room(j), node);
                if flow.sides[j as usize].new > 0
                    && (queues || own.0 != node)
                    && may_fall
                    && self.free_of_charge(flow, back.0, back.1)
                {
                    self.visit(back.0, node);
                }
            }
            Node::Group(g) => {
                for (j, _) in flow.takers(g as usize) {
                    self.visit(Node::Agent(j), node);
                }
                if flow.kept[g as usize] > 0
                    && let Some(owner) = flow.groups.list[g as usize].fallback
                {
                    self.visit(Node::Room(owner), node);
                }
                if flow.open[g as usize] > 0 {
                    self.visit(Node::Border, node);
                }
            }
            Node::Room(j) => {
                if flow.sides[j as usize].takes_new && self.free_of_charge(flow, Node::Agent(j), node) {
                    self.visit(Node::Agent(j), node);
                }
                for at in 0..flow.owned[j as usize].len() {
                    let g = flow.owned[j as usize][at];
                    let tight = self.labels.groups[g as usize]
                        == Label::whole(FALLBACK).plus(&self.labels.rooms[j as usize]);
                    if tight {
                        self.visit(Node::Group(g), node);
                    }
                }
                let may_fall = !queues || (!self.decided[j as usize] && own.0 != node);
                if flow.sides[j as usize].load() > 0
                    && may_fall
                    && self.free_of_charge(flow, Node::Border, node)
                {
                    self.visit(Node::Border, node);
                }
            }
            Node::Border => {
                for j in 0..self.agents {
                    if flow.free(j) > 0 && self.free_of_charge(flow, Node::Room(j), node) {
                        self.visit(Node::Room(j), node);
                    }
                }
                for g in 0..self.groups {
                    let group = &flow.groups.list[g as usize];
                    if group.fallback.is_none()
                        && self.labels.groups[g as usize] == Label::whole(unassigned(group.rank))
                    {
                        self.visit(Node::Group(g), node);
                    }
                }
            }
        }
    }

    fn visit(&mut self, node: Node, after: Node) {
        let number = self.number(node);
        if self.after[number as usize] == UNSEEN && !self.dead[number as usize] {
            self.after[number as usize] = self.number(after);
            self.visited.push(number);
            let queue = match node {
                Node::Room(_) | Node::Border => 0,
                Node::Agent(_) => 1,
                Node::Group(_) => 2,
            };
            self.queues[queue].push(number);
        }
    }

    /// The nodes from the goal forward to the start.
    fn trace(&self, goal: Node, start: Node) -> Vec<Node> {
        let mut cycle = vec![goal];
        let mut at = self.number(goal);
        while self.node(at) != start {
            at = self.after[at as usize];
            cycle.push(self.node(at));
        }
        cycle
    }

    /// Whether one lead along the arc costs nothing at the prices.
    fn free_of_charge(&self, flow: &Flow, from: Node, to: Node) -> bool {
        let through = cost(flow, &self.labels.units, from, to, 1).plus(self.label(to));
        through == *self.label(from)
    }

    fn label(&self, node: Node) -> &Label {
        match node {
            Node::Group(g) => &self.labels.groups[g as usize],
            Node::Agent(j) => &self.labels.agents[j as usize],
            Node::Room(j) => &self.labels.rooms[j as usize],
            Node::Border => &self.labels.border,
        }
    }

    fn number(&self, node: Node) -> u32 {
        match node {
            Node::Group(g) => g,
            Node::Agent(j) => self.groups + j,
            Node::Room(j) => self.groups + self.agents + j,
            Node::Border => self.groups + 2 * self.agents,
        }
    }

    fn node(&self, number: u32) -> Node {
        if number < self.groups {
            Node::Group(number)
        } else if number < self.groups + self.agents {
            Node::Agent(number - self.groups)
        } else if number < self.groups + 2 * self.agents {
            Node::Room(number - self.groups - self.agents)
        } else {
            Node::Border
        }
    }
}
