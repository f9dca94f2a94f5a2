//! The part of the verifier that checks the tight sets: why leads of a tier are unassigned.

use crate::{Instance, NOBODY, Plan, Refusal, TightSet};

/// Every tier with unassigned leads has one tight set, and it holds.
pub(crate) fn verify(instance: &Instance, plan: &Plan) -> Result<(), Refusal> {
    let mut tiers: Vec<u32> = (0..instance.classes.len())
        .filter(|&class| plan.classes[class].unassigned > 0)
        .map(|class| instance.classes[class].tier)
        .collect();
    tiers.sort_unstable();
    tiers.dedup();
    let sets = &plan.certificate.tight_sets;
    if let Some(set) = sets.get(tiers.len()) {
        return Err(Refusal::TightSet { tier: set.tier });
    }
    for (at, &tier) in tiers.iter().enumerate() {
        if !sets.get(at).is_some_and(|set| set.tier == tier && holds(instance, plan, set)) {
            return Err(Refusal::TightSet { tier });
        }
    }
    Ok(())
}

fn holds(instance: &Instance, plan: &Plan, set: &TightSet) -> bool {
    let ascending = set.classes.is_sorted_by(|a, b| a < b);
    let known = set.classes.iter().all(|&class| (class as usize) < instance.classes.len());
    if !ascending || !known {
        return false;
    }
    let mut member = vec![false; instance.classes.len()];
    let mut inside = vec![false; instance.agents.len()];
    let (mut demand, mut taken) = (0u64, 0u64);
    for &index in &set.classes {
        let class = &instance.classes[index as usize];
        // A more patient class may not be the reason; only owned leads cannot give way.
        if class.tier > set.tier && class.fallback.is_none() {
            return false;
        }
        member[index as usize] = true;
        demand += u64::from(class.leads);
        taken += u64::from(plan.classes[index as usize].new);
        for agent in class.eligible.iter().filter(|&agent| instance.agents[agent as usize].room != Some(0)) {
            inside[agent as usize] = true;
        }
    }
    let agents: Vec<u32> = (0..inside.len() as u32).filter(|&agent| inside[agent as usize]).collect();
    let full = |&agent: &u32| {
        let share = plan.agents[agent as usize];
        let load = u64::from(share.new) + u64::from(share.kept);
        instance.agents[agent as usize].room.is_some_and(|room| load == u64::from(room))
    };
    // All unassigned leads of the tier are among these classes, and nothing else fills the agents.
    let mut others = (0..instance.classes.len()).filter(|&class| !member[class]);
    let complete = others.all(|index| {
        let class = &instance.classes[index];
        let left_out = class.tier == set.tier && plan.classes[index].unassigned > 0;
        let fills = |&agent: &u32| agent != NOBODY && inside[agent as usize];
        !left_out && !plan.class(index).iter().any(fills)
    });
    set.agents == agents && agents.iter().all(full) && (set.demand, set.taken) == (demand, taken) && complete
}
