//! A set of agents as a bitset: an eligible set of a thousand agents is sixteen words, and the searches of the
//! solver take sixty-four agents at a time.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The largest agent index a set read from outside may name, so that one wild number cannot ask for gigabytes.
const INDEX_MAX: u32 = (1 << 24) - 1;

/// A set of agents, each named by its index in [`Instance::agents`](crate::Instance::agents).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgentSet {
    /// Bit `j % 64` of word `j / 64` says whether agent `j` is in. The last word is never zero, so that equal sets
    /// have equal words.
    words: Vec<u64>,
}

impl AgentSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// All agents from 0 to `agents - 1`.
    pub fn full(agents: u32) -> Self {
        let mut words = vec![u64::MAX; (agents / 64) as usize];
        if !agents.is_multiple_of(64) {
            words.push((1 << (agents % 64)) - 1);
        }
        Self { words }
    }

    /// Puts an agent in; says whether it was not in before.
    pub fn insert(&mut self, agent: u32) -> bool {
        let (word, bit) = place(agent);
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let fresh = self.words[word] & bit == 0;
        self.words[word] |= bit;
        fresh
    }

    /// Takes an agent out; says whether it was in.
    pub fn remove(&mut self, agent: u32) -> bool {
        let (word, bit) = place(agent);
        let was_in = self.contains(agent);
        if was_in {
            self.words[word] &= !bit;
            while self.words.last() == Some(&0) {
                self.words.pop();
            }
        }
        was_in
    }

    /// Whether the agent is in.
    pub fn contains(&self, agent: u32) -> bool {
        let (word, bit) = place(agent);
        self.words.get(word).is_some_and(|w| w & bit != 0)
    }

    /// How many agents are in.
    pub fn len(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// Whether nobody is in.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The agents in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(i, &word)| ones(word).map(move |bit| i as u32 * 64 + bit))
    }

    /// The last agent of the set, which a range check compares with the number of agents.
    pub fn last(&self) -> Option<u32> {
        let word = self.words.last()?;
        Some((self.words.len() as u32 - 1) * 64 + 63 - word.leading_zeros())
    }

    /// The words of the bitset, sixty-four agents each; missing words are zero.
    pub fn words(&self) -> &[u64] {
        &self.words
    }
}

impl FromIterator<u32> for AgentSet {
    fn from_iter<I: IntoIterator<Item = u32>>(agents: I) -> Self {
        let mut set = Self::new();
        set.extend(agents);
        set
    }
}

impl Extend<u32> for AgentSet {
    fn extend<I: IntoIterator<Item = u32>>(&mut self, agents: I) {
        for agent in agents {
            self.insert(agent);
        }
    }
}

impl Serialize for AgentSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for AgentSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let agents = Vec::<u32>::deserialize(deserializer)?;
        match agents.iter().find(|&&agent| agent > INDEX_MAX) {
            Some(agent) => Err(serde::de::Error::custom(format!("agent index {agent} is above {INDEX_MAX}"))),
            None => Ok(agents.into_iter().collect()),
        }
    }
}

/// The positions of the set bits of one word, ascending.
pub(crate) fn ones(mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        (word != 0).then(|| {
            let bit = word.trailing_zeros();
            word &= word - 1;
            bit
        })
    })
}

fn place(agent: u32) -> (usize, u64) {
    ((agent / 64) as usize, 1 << (agent % 64))
}
