//! What a preview went by, so that the run that follows it can say what has changed since (R43).

use crate::{
    ids::LeadId,
    pool::AgentLine,
    sentence::{RunNumbers, count},
};

/// What a decision went by, small enough to travel in a form: `412-6-88-1f2e…-9a0b…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    leads: u64,
    agents: u64,
    held: i64,
    settings: u64,
    moves: u64,
}

impl Basis {
    /// Of settings, numbers, agents, and which lead goes where.
    pub fn of(
        settings: &str,
        numbers: &RunNumbers,
        agents: &[AgentLine],
        moves: impl Iterator<Item = (LeadId, i64)>,
    ) -> Basis {
        let mut hash = Hash::default();
        for (lead, to) in moves {
            hash.add(&lead.0.to_le_bytes());
            hash.add(&to.to_le_bytes());
        }
        for agent in agents {
            hash.add(&agent.id.0.to_le_bytes());
            hash.add(&agent.cap.unwrap_or(-1).to_le_bytes());
        }
        let mut of_settings = Hash::default();
        of_settings.add(settings.as_bytes());
        Basis {
            leads: numbers.assigned + numbers.kept + numbers.unassigned(),
            agents: agents.len() as u64,
            held: agents.iter().map(|agent| agent.held).sum(),
            settings: of_settings.0,
            moves: hash.0,
        }
    }

    /// `Since the preview: 3 more leads to look at, other settings.` None if nothing is different.
    pub fn changes_since(&self, before: &Basis) -> Option<String> {
        if self == before {
            return None;
        }
        let mut changes = Vec::new();
        let mut differ = |now: i64, then: i64, one: &str, many: &str| {
            let difference = now - then;
            let more = if difference > 0 { "more" } else { "fewer" };
            if difference != 0 {
                changes.push(count(
                    difference.unsigned_abs(),
                    &format!("{more} {one}"),
                    &format!("{more} {many}"),
                ));
            }
        };
        differ(self.leads as i64, before.leads as i64, "lead to look at", "leads to look at");
        differ(self.agents as i64, before.agents as i64, "agent", "agents");
        differ(self.held, before.held, "lead on their queues", "leads on their queues");
        if self.settings != before.settings {
            changes.push("other settings".into());
        }
        if changes.is_empty() {
            changes.push("other leads or caps, and as many".into());
        }
        Some(format!("Since the preview: {}.", changes.join(", ")))
    }
}

impl std::fmt::Display for Basis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}-{}-{:x}-{:x}", self.leads, self.agents, self.held, self.settings, self.moves)
    }
}

/// Not what a preview went by.
#[derive(Debug, PartialEq, Eq)]
pub struct NotABasis;

impl std::str::FromStr for Basis {
    type Err = NotABasis;
    fn from_str(text: &str) -> Result<Basis, NotABasis> {
        let mut parts = text.split('-');
        let mut next = || parts.next().ok_or(NotABasis);
        let basis = Basis {
            leads: next()?.parse().map_err(|_| NotABasis)?,
            agents: next()?.parse().map_err(|_| NotABasis)?,
            held: next()?.parse().map_err(|_| NotABasis)?,
            settings: u64::from_str_radix(next()?, 16).map_err(|_| NotABasis)?,
            moves: u64::from_str_radix(next()?, 16).map_err(|_| NotABasis)?,
        };
        // Numbers of leads and agents, not of atoms: a form can send anything.
        let few = |number: u64| number <= 1 << 40;
        let sound = few(basis.leads) && few(basis.agents) && few(basis.held.unsigned_abs());
        if sound && parts.next().is_none() { Ok(basis) } else { Err(NotABasis) }
    }
}

/// FNV-1a: the same on every node, whatever it was built with.
struct Hash(u64);

impl Default for Hash {
    fn default() -> Hash {
        Hash(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;

    fn basis(settings: &str, assigned: u64, held: &[i64], leads: &[i64]) -> Basis {
        let numbers = RunNumbers { assigned, ..RunNumbers::default() };
        let agents: Vec<AgentLine> = (1_i64..)
            .zip(held)
            .map(|(id, held)| AgentLine {
                id: UserId(id),
                name: String::new(),
                held: *held,
                cap: None,
                got: 0,
                after: *held,
            })
            .collect();
        Basis::of(settings, &numbers, &agents, leads.iter().map(|lead| (LeadId(*lead), 1)))
    }

    #[test]
    fn r43_what_has_changed_since_the_preview_is_said() {
        let seen = basis("a", 2, &[4, 5], &[10, 11]);
        for (now, expect) in [
            (basis("a", 2, &[4, 5], &[10, 11]), None),
            (basis("a", 5, &[4, 5], &[10, 11]), Some("Since the preview: 3 more leads to look at.")),
            (
                basis("a", 1, &[4], &[10]),
                Some(
                    "Since the preview: 1 fewer lead to look at, 1 fewer agent, 5 fewer leads on their queues.",
                ),
            ),
            (basis("b", 2, &[4, 5], &[10, 11]), Some("Since the preview: other settings.")),
            (basis("a", 2, &[4, 5], &[10, 12]), Some("Since the preview: other leads or caps, and as many.")),
        ] {
            assert_eq!(now.changes_since(&seen).as_deref(), expect);
        }
    }

    #[test]
    fn it_travels_in_a_form() {
        let seen = basis("a", 2, &[4, 5], &[10, 11]);
        assert_eq!(seen.to_string().parse(), Ok(seen));
        for broken in [
            "",
            "1-2-3",
            "1-2-3-4-x",
            "1-2-3-4-5-6",
            "99999999999999999999-1-1-1-1",
            "9999999999999999-1-1-1-1",
        ] {
            assert_eq!(broken.parse::<Basis>(), Err(NotABasis), "{broken}");
        }
    }
}
