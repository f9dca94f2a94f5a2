//! Water-filling, the first plan: every group in turn is poured over its eligible agents, to the lowest levels first,
//! groups with the fewest eligible agents before the others (what can go anywhere evens out what could not).
//!
//! With one group this is already the optimum. Otherwise it is a start that is close to it.

use crate::flow::{Flow, Marginal};

/// Pours all groups. Afterwards an agent may hold more kept leads than it has room for; [`crate::repair`] sees to it.
pub(crate) fn pour_all(flow: &mut Flow) {
    let mut order: Vec<usize> = (0..flow.groups.len()).collect();
    // Urgent before patient among equals: what does not fit is of the patient tier.
    order.sort_by_key(|&g| (flow.groups.list[g].degree, -flow.groups.list[g].rank, g));
    let alike = flow.sides.iter().all(|side| side.weight == 1);
    let mut pouring = Pouring { shift: if alike { 0 } else { 20 }, ..Pouring::default() };
    for g in order {
        pouring.pour(flow, g);
    }
}

#[derive(Default)]
struct Pouring {
    /// Water marks are multiples of `1 >> shift`: whole with equal weights; otherwise so fine that an agent takes at
    /// most one lead between two marks.
    shift: u32,
    /// The last water mark; the next one is seldom far.
    mark: u64,
    cups: Vec<Cup>,
    next: Vec<(Marginal, u32, usize)>,
}

/// An eligible agent with room.
struct Cup {
    agent: u32,
    pair: usize,
    level: u64,
    free: u64,
    weight: u32,
}

impl Cup {
    /// How many leads the agent takes up to a water mark: those with (2 level + 1) / weight at or below it.
    fn takes(&self, mark: u64, shift: u32) -> u64 {
        let reach = if shift == 0 {
            mark.div_ceil(2)
        } else {
            (((u128::from(mark) * u128::from(self.weight)) >> shift) as u64).div_ceil(2)
        };
        reach.saturating_sub(self.level).min(self.free)
    }
}

impl Pouring {
    fn pour(&mut self, flow: &mut Flow, g: usize) {
        let leads = flow.groups.list[g].leads;
        self.cups.clear();
        let mut space = 0u64;
        for (pair, agent) in flow.groups.pairs_of(g) {
            let side = &flow.sides[agent as usize];
            // Kept leads are not counted while pouring: where all can move, they will.
            let free = side.room.saturating_sub(u64::from(side.new)).min(u64::from(leads));
            if free > 0 {
                let level = side.base + u64::from(side.new);
                self.cups.push(Cup { agent, pair, level, free, weight: side.weight });
                space += free;
            }
        }
        let poured = u64::from(leads).min(space);
        if poured == 0 {
            return;
        }
        self.find_mark(poured);
        let mut left = poured;
        self.next.clear();
        for (at, cup) in self.cups.iter().enumerate() {
            let takes = cup.takes(self.mark, self.shift);
            left -= takes;
            give(flow, g, cup, takes as u32);
            if takes < cup.takes(self.mark + 1, self.shift) {
                let marginal = Marginal { of: 2 * (cup.level + takes) + 1, per: cup.weight };
                self.next.push((marginal, flow.place[cup.agent as usize], at));
            }
        }
        // What is left lies between two marks, at most one lead for each: exactly compared, ties in order of waiting.
        let left = left as usize;
        if left > 0 && left < self.next.len() {
            self.next.select_nth_unstable(left - 1);
        }
        for &(_, _, at) in self.next.iter().take(left) {
            give(flow, g, &self.cups[at], 1);
        }
        settle(flow, g, poured as u32);
    }

    /// The highest mark at which the agents do not take more than there is.
    fn find_mark(&mut self, poured: u64) {
        let takes = |mark: u64| -> u64 { self.cups.iter().map(|cup| cup.takes(mark, self.shift)).sum() };
        // Widen from the last mark until the answer is between `low` and `high`, then close in by interpolation
        // and halving in turn.
        let mut step = 4 << self.shift;
        let (mut low, mut high) = (self.mark, self.mark);
        let mut at_low = takes(low);
        let mut at_high = at_low;
        while at_low > poured {
            (high, at_high) = (low, at_low);
            low = low.saturating_sub(step);
            at_low = takes(low);
            step *= 4;
        }
        while at_high <= poured {
            // Everybody is full at the highest mark anybody can reach.
            if high > 1 << (35 + self.shift) {
                self.mark = high;
                return;
            }
            (low, at_low) = (high, at_high);
            high += step;
            at_high = takes(high);
            step *= 4;
        }
        let mut halve = false;
        while high - low > 1 {
            let middle = if halve {
                low + (high - low) / 2
            } else {
                let share =
                    u128::from(poured - at_low) * u128::from(high - low) / u128::from(at_high - at_low);
                (low + share as u64).clamp(low + 1, high - 1)
            };
            halve = !halve;
            let there = takes(middle);
            if there <= poured {
                (low, at_low) = (middle, there);
            } else {
                (high, at_high) = (middle, there);
            }
        }
        self.mark = low;
    }
}

fn give(flow: &mut Flow, g: usize, cup: &Cup, leads: u32) {
    if leads > 0 {
        flow.put_pair(cup.pair, g, cup.agent, leads);
        flow.sides[cup.agent as usize].new += leads;
    }
}

/// The group has given out that many leads.
fn settle(flow: &mut Flow, g: usize, leads: u32) {
    if flow.groups.list[g].fallback.is_some() {
        flow.keep(g, -i64::from(leads));
    } else {
        flow.open[g] -= leads;
    }
}
