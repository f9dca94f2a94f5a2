//! The decision as the record of the run keeps it (R44).

use super::{LeftAlone, PoolLead, Problem, Rules, Table, tier};
use crate::{
    decision::{Agent, Considered, Decision, Fate, Head, LABELS_NAMED_MAX, Label, Short},
    ids::LeadId,
};
use std::collections::HashMap;

impl Table<'_> {
    /// What the plan decided, for every lead that was looked at.
    pub(super) fn decision(
        &self,
        leads: &[PoolLead],
        left_alone: &[LeftAlone],
        problem: &Problem,
        plan: &allot::Plan,
        rules: &Rules,
    ) -> Decision {
        let mut labels = Labels::default();
        let mut seen = Vec::with_capacity(leads.len() + left_alone.len());
        let mut earlier: Vec<(LeadId, u32)> = Vec::new();
        for (number, (class, rows)) in problem.instance.classes.iter().zip(&problem.rows).enumerate() {
            for (row, agent) in rows.iter().zip(plan.class(number)) {
                let lead = &leads[*row as usize];
                seen.push(Considered {
                    lead: lead.id,
                    label: labels.number(Label { branch: lead.branch, department: lead.department }),
                    owner: class.fallback,
                    tier: tier(lead) as u8,
                    fate: match *agent {
                        allot::NOBODY => Fate::Nobody,
                        agent if class.fallback == Some(agent) => Fate::Kept,
                        agent => Fate::To(agent),
                    },
                });
            }
            let named = class.avoid.iter().filter_map(|(place, agent)| {
                rows.get(*place as usize).map(|row| (leads[*row as usize].id, *agent))
            });
            earlier.extend(named);
        }
        for one in left_alone {
            seen.push(Considered {
                lead: one.lead,
                label: labels.number(one.label),
                owner: one.owner.and_then(|owner| self.index.get(&owner)).copied(),
                tier: 0,
                fate: Fate::LeftAlone(one.why),
            });
        }
        seen.sort_unstable_by_key(|seen| seen.lead);
        earlier.sort_unstable();
        let short = Self::short(leads, problem, plan, &mut labels);
        let agents = (0..self.agents.len()).map(|agent| self.stood(agent, plan)).collect();
        let head =
            Head { agents, labels: labels.known, short, ..Head::new(rules.strategy, rules.oldest_first) };
        Decision { head, leads: seen, earlier }
    }

    fn stood(&self, agent: usize, plan: &allot::Plan) -> Agent {
        let member = self.agents[agent];
        let share = plan.agents.get(agent).copied().unwrap_or_default();
        Agent {
            id: member.id,
            name: member.name.clone(),
            label: Label { branch: member.branch, department: member.department },
            receives: member.receives,
            banned: member.banned,
            cap: member.cap,
            held: member.held,
            in_pool: self.in_pool[agent],
            waiting_since_ms: member.last_received_at.0,
            room: self.room(agent),
            new: share.new,
            kept: share.kept,
            level: share.level,
        }
    }

    /// Where room was short, from the certificate.
    fn short(leads: &[PoolLead], problem: &Problem, plan: &allot::Plan, labels: &mut Labels) -> Vec<Short> {
        let sets = plan.certificate.tight_sets.iter();
        sets.map(|set| {
            let mut carried: Vec<u32> = Vec::new();
            for row in set.classes.iter().flat_map(|class| &problem.rows[*class as usize]) {
                let lead = &leads[*row as usize];
                let label = labels.number(Label { branch: lead.branch, department: lead.department });
                if !carried.contains(&label) {
                    carried.push(label);
                }
                if carried.len() > LABELS_NAMED_MAX {
                    break;
                }
            }
            carried.sort_unstable();
            let (tier, demand, taken) = (set.tier, set.demand, set.taken);
            Short { tier, agents: set.agents.clone(), labels: carried, demand, taken }
        })
        .collect()
    }
}

/// Labels by number. Neighbours mostly carry the same.
#[derive(Default)]
struct Labels {
    known: Vec<Label>,
    numbers: HashMap<Label, u32>,
    last: Option<(Label, u32)>,
}

impl Labels {
    fn number(&mut self, label: Label) -> u32 {
        if let Some((_, number)) = self.last.filter(|(last, _)| *last == label) {
            return number;
        }
        let number = *self.numbers.entry(label).or_insert_with(|| {
            self.known.push(label);
            self.known.len() as u32 - 1
        });
        self.last = Some((label, number));
        number
    }
}
