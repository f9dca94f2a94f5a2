//! The last word on hot and cold: the mean rank of a part of twenty leads or more lies within a quarter of the mean
//! rank of all.
//!
//! The dealing keeps well within that unless a part has only a lead or two in each of many strata. Then leads are
//! swapped inside a stratum, the widest useful swap first, until every such part is within.

/// From how many leads on a part must be mixed.
pub(crate) const MIXED_FROM: u64 = 20;

/// Whether the dealing alone may have left a part of twenty leads or more unmixed. A part of twenty leads per stratum
/// is off by at most a tenth: by rounding a lead in each stratum, and by the arrangement of the stratum as much.
pub(crate) fn needs_mixing(rows: &[u32], parts: &[(u32, u32)]) -> bool {
    let enough = MIXED_FROM * rows.len() as u64;
    parts.iter().any(|&(_, part)| u64::from(part) >= MIXED_FROM && u64::from(part) < enough)
}

/// Swaps leads between the parts that need it. `positions` lists the leads stratum after stratum, `rows` says how many
/// each stratum has.
pub(crate) fn mix(leads: &mut [u32], rows: &[u32], positions: &[u32], parts: &[(u32, u32)]) {
    let mut mixing = Mixing { leads, positions, starts: vec![0], parts, sums: vec![0; parts.len()] };
    for &row in rows {
        let end = mixing.starts[mixing.starts.len() - 1] + row as usize;
        mixing.starts.push(end);
    }
    for lead in 0..mixing.leads.len() {
        let part = mixing.part(lead as u32);
        mixing.sums[part] += lead as u64;
    }
    for (part, &(_, held)) in parts.iter().enumerate() {
        // Each swap moves the part towards the middle, so as many swaps as leads are plenty.
        for _ in 0..held {
            if mixing.is_mixed(part, mixing.sums[part]) || !mixing.swap(part) {
                break;
            }
        }
    }
}

struct Mixing<'a> {
    leads: &'a mut [u32],
    positions: &'a [u32],
    starts: Vec<usize>,
    parts: &'a [(u32, u32)],
    /// Per part, the sum of the ranks of its leads.
    sums: Vec<u64>,
}

impl Mixing<'_> {
    fn part(&self, lead: u32) -> usize {
        let agent = self.leads[lead as usize];
        self.parts.partition_point(|&(other, _)| other < agent)
    }

    /// Eight times how far the sum of ranks is from the mean rank of all times the leads of the part.
    fn off(&self, part: usize, sum: u64) -> u64 {
        (8 * sum).abs_diff(4 * u64::from(self.parts[part].1) * (self.leads.len() as u64 - 1))
    }

    fn is_mixed(&self, part: usize, sum: u64) -> bool {
        let held = u64::from(self.parts[part].1);
        held < MIXED_FROM || self.off(part, sum) <= held * (self.leads.len() as u64 - 1)
    }

    /// Makes the swap that brings the part nearest to the middle and takes nobody else out of it.
    fn swap(&mut self, part: usize) -> bool {
        let mut best = (self.off(part, self.sums[part]), None);
        for row in self.starts.windows(2) {
            let stratum = &self.positions[row[0]..row[1]];
            for &own in stratum.iter().filter(|&&lead| self.part(lead) == part) {
                for &other in stratum {
                    let taker = self.part(other);
                    if taker == part {
                        continue;
                    }
                    let change = |sum: u64, gives: u32, gets: u32| sum + u64::from(gets) - u64::from(gives);
                    let off = self.off(part, change(self.sums[part], own, other));
                    let theirs = change(self.sums[taker], other, own);
                    if off < best.0 && self.is_mixed(taker, theirs) {
                        best = (off, Some((own, other)));
                    }
                }
            }
        }
        let Some((own, other)) = best.1 else { return false };
        let taker = self.part(other);
        self.sums[part] = self.sums[part] + u64::from(other) - u64::from(own);
        self.sums[taker] = self.sums[taker] + u64::from(own) - u64::from(other);
        self.leads.swap(own as usize, other as usize);
        true
    }
}
