//! (being built)
mod agent_set;
mod exact;
mod instance;
mod plan;
mod verify;

pub use agent_set::AgentSet;
pub use exact::Int;
pub use instance::{Agent, BadWeight, Class, Error, Instance, LEADS_MAX, PAIRS_MAX, Strategy, UnknownStrategy, Weight};
pub use plan::{Certificate, ClassPlan, NOBODY, Plan, Price, Share, TightSet};
pub use verify::{Refusal, verify};

/// Plans.
pub fn plan(instance: &Instance) -> Result<Plan, Error> {
    instance.check()?;
    let mut plan = Plan { agents: vec![Share::default(); instance.agents.len()], ..Plan::default() };
    for class in &instance.classes {
        let mut counts = ClassPlan { first: plan.leads.len() as u32, ..ClassPlan::default() };
        for _ in 0..class.leads {
            let free = |&agent: &u32| {
                let held = plan.agents[agent as usize].new + plan.agents[agent as usize].kept;
                instance.agents[agent as usize].room.is_none_or(|room| room > held)
            };
            let best = class.eligible.iter().filter(free).min_by_key(|&agent| plan.agents[agent as usize].new);
            if let Some(agent) = best {
                plan.agents[agent as usize].new += 1;
                counts.new += 1;
                plan.leads.push(agent);
            } else if let Some(owner) = class.fallback {
                plan.agents[owner as usize].kept += 1;
                counts.kept += 1;
                plan.leads.push(owner);
            } else {
                counts.unassigned += 1;
                plan.leads.push(NOBODY);
            }
        }
        plan.classes.push(counts);
    }
    Ok(plan)
}
