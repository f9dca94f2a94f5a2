//! Who gets which: inside a class the leads are dealt like cards, so that every part is a mix of hot and cold and of
//! every stratum. How many each agent gets is settled before and not touched here.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::mix::{mix, needs_mixing};
use crate::table;

/// What everybody gets of one class: (agent, leads), agents ascending, none zero. The present owner's kept leads are a
/// part like the others.
pub(crate) type Parts = Vec<(u32, u32)>;

/// Writes an agent for every lead of `leads`, most urgent first; the parts must add up to its length. `strata` is
/// empty or has an entry for each of these leads. `turn` is another number for each class, so that the first lead is
/// not always for the same agent.
pub(crate) fn deal(leads: &mut [u32], strata: &[u32], parts: &[(u32, u32)], turn: u32) {
    if let [(agent, _)] = parts {
        leads.fill(*agent);
        return;
    }
    let mut strata = by_stratum(strata, leads.len());
    // Multiples of the golden ratio fall evenly on the circle.
    let first = (u64::from(turn.wrapping_mul(2_654_435_769)) * parts.len() as u64) >> 32;
    let mut hand = Hand { parts: parts.len(), first: first as usize, ..Hand::default() };
    if strata.rows.len() <= 1 {
        let cells: Vec<(u32, u32)> =
            parts.iter().enumerate().map(|(at, &(_, part))| (at as u32, part)).collect();
        hand.arrange(&cells, leads);
        for lead in leads {
            *lead = parts[*lead as usize].0;
        }
        return;
    }
    let sums: Vec<u32> = parts.iter().map(|&(_, part)| part).collect();
    let table = table::round(&strata.rows, &sums);
    let mut row_after_row = vec![0; leads.len()];
    let mut rest = &mut row_after_row[..];
    for (row, &size) in strata.rows.iter().enumerate() {
        let (slots, others) = rest.split_at_mut(size as usize);
        hand.arrange(table.row(row), slots);
        rest = others;
    }
    if needs_mixing(&strata.rows, parts) {
        let mut positions = vec![0; leads.len()];
        strata.clone().visit(|lead, at| positions[at] = lead as u32);
        strata.visit(|lead, at| leads[lead] = parts[row_after_row[at] as usize].0);
        mix(leads, &strata.rows, &positions, parts);
    } else {
        strata.visit(|lead, at| leads[lead] = parts[row_after_row[at] as usize].0);
    }
}

/// The leads of a class stratum after stratum, the strata in the order of their mean rank. Strata of one lead are taken
/// together: any agent may have it, and a table of them would be as long as the list.
#[derive(Clone, Default)]
struct Strata<'a> {
    /// The sizes.
    rows: Vec<u32>,
    /// The stratum of every lead, as a small number.
    kinds: Cow<'a, [u32]>,
    /// Where the next lead of each kind stands, leads counted stratum after stratum.
    next: Vec<u32>,
    /// The kind that stands for each: itself, or the last for strata of one lead.
    stands_for: Vec<u32>,
}

impl Strata<'_> {
    /// Every lead with its place.
    fn visit(&mut self, mut visit: impl FnMut(usize, usize)) {
        for (lead, &kind) in self.kinds.iter().enumerate() {
            let next = &mut self.next[self.stands_for[kind as usize] as usize];
            visit(lead, *next as usize);
            *next += 1;
        }
    }
}

fn by_stratum(strata: &[u32], leads: usize) -> Strata<'_> {
    if strata.is_empty() {
        return Strata { rows: vec![leads as u32], ..Strata::default() };
    }
    // Small numbers are their own index; others take a detour.
    let highest = strata.iter().copied().max().unwrap_or(0) as usize;
    let mut names = HashMap::new();
    let (dense, kinds) = if highest <= leads {
        (Cow::Borrowed(strata), highest + 1)
    } else {
        let renamed: Vec<u32> = strata
            .iter()
            .map(|&stratum| {
                let next = names.len() as u32;
                *names.entry(stratum).or_insert(next)
            })
            .collect();
        (Cow::Owned(renamed), names.len())
    };
    // Size and sum of ranks of every stratum; the last entry is for the strata of one lead.
    let mut tally = vec![(0u64, 0u64); kinds + 1];
    for (position, &kind) in (0u64..).zip(&*dense) {
        let (size, sum) = &mut tally[kind as usize];
        *size += 1;
        *sum += position;
    }
    let mut stands_for: Vec<u32> = (0..kinds as u32).collect();
    for kind in 0..kinds {
        if let (1, sum) = tally[kind] {
            tally[kinds].0 += 1;
            tally[kinds].1 += sum;
            tally[kind].0 = 0;
            stands_for[kind] = kinds as u32;
        }
    }
    let mut found: Vec<(u64, u64, usize)> = Vec::new();
    for (kind, &(size, sum)) in tally.iter().enumerate() {
        if size > 0 {
            found.push((sum, size, kind));
        }
    }
    // By mean rank, without dividing.
    found.sort_unstable_by(|a, b| {
        let by_mean = (u128::from(a.0) * u128::from(b.1)).cmp(&(u128::from(b.0) * u128::from(a.1)));
        by_mean.then(a.2.cmp(&b.2))
    });
    let mut next = vec![0u32; kinds + 1];
    let mut first = 0;
    for &(_, size, kind) in &found {
        next[kind] = first;
        first += size as u32;
    }
    Strata { rows: found.iter().map(|&(_, size, _)| size as u32).collect(), kinds: dense, next, stands_for }
}

/// Arranges the rows of one class: the leads of each part at equal distances, the parts in turns from the front and
/// from the back, so that the first of the row is not always the same.
#[derive(Default)]
struct Hand {
    /// How many parts there are, and which is dealt to first.
    parts: usize,
    first: usize,
    /// How many leads each part got in earlier rows; kept where the parts of a row differ much.
    given: Vec<u32>,
    fill: Vec<u32>,
    /// Whether the next round goes backwards.
    back: bool,
}

/// Fractions of one position.
const BITS: u32 = 16;

impl Hand {
    /// Writes the part of each lead of a row.
    fn arrange(&mut self, cells: &[(u32, u32)], row: &mut [u32]) {
        let most = cells.iter().map(|&(_, leads)| leads as usize).max().unwrap_or(0);
        if most * cells.len() <= 3 * row.len() {
            self.in_rounds(cells, most as u32, row);
        } else {
            self.by_wish(cells, row);
        }
    }

    /// Like cards: a lead for each part in every round. A part with fewer leads sits out rounds at equal distances.
    fn in_rounds(&mut self, cells: &[(u32, u32)], rounds: u32, row: &mut [u32]) {
        let start = cells.partition_point(|&(part, _)| (part as usize) < self.first);
        // In parts of one lead. Half a lead ahead, so that who gets only one gets it in the middle, rounded now up and
        // now down.
        let ahead = (rounds - u32::from(!self.back)) / 2;
        let mut due: Vec<(u32, u32, u32)> = cells[start..]
            .iter()
            .chain(&cells[..start])
            .map(|&(part, leads)| (part, leads, if leads == rounds { 0 } else { ahead }))
            .collect();
        let mut slots = row.iter_mut();
        let mut deal = |(part, leads, due): &mut (u32, u32, u32)| {
            *due += *leads;
            if *due >= rounds {
                *due -= rounds;
                if let Some(slot) = slots.next() {
                    *slot = *part;
                }
            }
        };
        for _ in 0..rounds {
            if self.back {
                due.iter_mut().rev().for_each(&mut deal);
            } else {
                due.iter_mut().for_each(&mut deal);
            }
            self.back = !self.back;
        }
    }

    /// Every lead wishes for a slot; several may wish the same.
    fn by_wish(&mut self, cells: &[(u32, u32)], row: &mut [u32]) {
        let size = row.len();
        self.given.resize(self.parts, 0);
        self.fill.clear();
        self.fill.resize(size + 1, 0);
        for &cell in cells {
            self.slots(cell, size, |fill, slot, _| fill[slot + 1] += 1);
        }
        for slot in 0..size {
            self.fill[slot + 1] += self.fill[slot];
        }
        for &cell in cells {
            self.slots(cell, size, |fill, slot, part| {
                row[fill[slot] as usize] = part;
                fill[slot] += 1;
            });
            self.given[cell.0 as usize] += cell.1;
        }
    }

    fn slots(
        &mut self,
        (part, leads): (u32, u32),
        size: usize,
        mut visit: impl FnMut(&mut [u32], usize, u32),
    ) {
        let step = ((size as u64) << BITS) / u64::from(leads);
        let place = (part as usize + self.parts - self.first) % self.parts;
        let phase = ((2 * place as u64 + 1) << BITS) / (2 * self.parts as u64);
        let ahead = (step * phase) >> BITS;
        let mut shifts = [ahead, step.saturating_sub(ahead + 1)];
        if self.given[part as usize] % 2 == 1 {
            shifts.swap(0, 1);
        }
        let mut start = 0;
        for lead in 0..leads {
            let slot = ((start + shifts[(lead % 2) as usize]) >> BITS) as usize;
            visit(&mut self.fill, slot.min(size - 1), part);
            start += step;
        }
    }
}
