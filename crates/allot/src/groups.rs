//! Like classes taken together.
//!
//! Classes with the same tier, eligible agents and fallback are one *group* to the solver, and groups are ordered by
//! what they are, not by where they stand. So neither the order of the classes nor a class split in two can change
//! what an agent gets.

use std::collections::HashMap;

use crate::agent_set::ones;
use crate::{Error, Instance, PAIRS_MAX};

/// All groups, with their eligible sets as one block of words.
pub(crate) struct Groups {
    pub list: Vec<Group>,
    /// `width` words per group: the eligible agents who have any room at all.
    words: Vec<u64>,
    /// Per word, how many eligible agents of the group stand in the words before it: the rank of an agent in its
    /// group is one addition and one population count.
    before: Vec<u32>,
    pub width: usize,
    /// Eligible (group, agent) pairs in all.
    pub pairs: usize,
}

/// One group.
pub(crate) struct Group {
    /// What one unassigned lead counts: 1 in the least urgent tier, one more in each tier above. Coverage is a
    /// matroid, so that any numbers which rise with urgency give the lexicographic optimum.
    pub rank: i64,
    pub fallback: Option<u32>,
    pub leads: u32,
    /// The classes, ascending.
    pub members: Vec<u32>,
    /// Where the group's pairs begin.
    first_pair: usize,
    /// How many agents are eligible and have room.
    pub degree: u32,
}

/// What makes classes alike: eligible agents with room, tier, fallback.
type Key = (Vec<u64>, u32, Option<u32>);

struct Gathered {
    key: Key,
    leads: u32,
    members: Vec<u32>,
}

impl Groups {
    pub fn new(instance: &Instance) -> Result<Self, Error> {
        let width = instance.agents.len().div_ceil(64);
        let mut open = vec![0u64; width];
        for (j, agent) in instance.agents.iter().enumerate() {
            if agent.room != Some(0) {
                open[j / 64] |= 1 << (j % 64);
            }
        }
        let mut found: HashMap<Key, usize> = HashMap::new();
        let mut gathered: Vec<Gathered> = Vec::new();
        for (index, class) in instance.classes.iter().enumerate() {
            let mut words: Vec<u64> = class.eligible.words().iter().zip(&open).map(|(a, b)| a & b).collect();
            words.resize(width, 0);
            let at = *found.entry((words, class.tier, class.fallback)).or_insert_with_key(|key| {
                gathered.push(Gathered { key: key.clone(), leads: 0, members: Vec::new() });
                gathered.len() - 1
            });
            gathered[at].leads += class.leads;
            gathered[at].members.push(index as u32);
        }
        drop(found);
        // Same eligible agents side by side: the leads of several tiers are spread over them together.
        gathered.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let mut tiers: Vec<u32> = gathered.iter().map(|group| group.key.1).collect();
        tiers.sort_unstable();
        tiers.dedup();

        let mut groups = Self { list: Vec::new(), words: Vec::new(), before: Vec::new(), width, pairs: 0 };
        for Gathered { key: (words, tier, fallback), leads, members } in gathered {
            let mut degree = 0;
            for &word in &words {
                groups.before.push(degree);
                degree += word.count_ones();
            }
            groups.words.extend(words);
            let rank = (tiers.len() - tiers.partition_point(|&other| other < tier)) as i64;
            groups.list.push(Group { rank, fallback, leads, members, first_pair: groups.pairs, degree });
            groups.pairs += degree as usize;
            if groups.pairs as u64 > PAIRS_MAX {
                return Err(Error::Overflow {
                    what: "eligible pairs of classes and agents",
                    limit: PAIRS_MAX,
                });
            }
        }
        Ok(groups)
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The eligible set of a group as words.
    pub fn words(&self, group: usize) -> &[u64] {
        &self.words[group * self.width..(group + 1) * self.width]
    }

    pub fn contains(&self, group: usize, agent: u32) -> bool {
        self.words[group * self.width + agent as usize / 64] >> (agent % 64) & 1 == 1
    }

    /// Where the amount of an eligible pair stands.
    pub fn pair(&self, group: usize, agent: u32) -> usize {
        let word = group * self.width + agent as usize / 64;
        let below = self.words[word] & ((1 << (agent % 64)) - 1);
        self.list[group].first_pair + (self.before[word] + below.count_ones()) as usize
    }

    /// The pairs of a group: the agents ascending, and where the first pair stands; the others follow.
    pub fn pairs_of(&self, group: usize) -> impl Iterator<Item = (usize, u32)> + '_ {
        (self.list[group].first_pair..).zip(self.agents_of(group))
    }

    pub fn agents_of(&self, group: usize) -> impl Iterator<Item = u32> + '_ {
        self.words(group)
            .iter()
            .enumerate()
            .flat_map(|(i, &word)| ones(word).map(move |bit| i as u32 * 64 + bit))
    }
}
