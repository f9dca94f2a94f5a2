//! Who gets what: a fair, explainable, certified assignment of leads to agents under caps.
//!
//! Given agents with room, base load and weight, and classes of leads with their eligible agents, [`plan`] finds the
//! plan that is best in this order:
//!
//! 1. **Coverage**: the fewest unassigned leads in the most urgent tier, then in the next, and so on.
//! 2. **Fallbacks**: the fewest leads that stay with their present owner because nobody else has room.
//! 3. **Fairness**: the least Σ level² / weight, where the level of an agent is its number of new leads
//!    ([`Strategy::EqualShares`]) or its whole queue afterwards ([`Strategy::LevelQueues`]). With equal weights that
//!    makes the levels as even as they can be; with weights it is Webster's (Sainte-Laguë's) apportionment.
//! 4. **Ties**: the largest levels in the order of who has waited longest, so odd leads rotate from run to run.
//!
//! Then it deals the leads of each class so that every part is an even mix of hot and cold and of every stratum.
//! The plan carries a certificate, which [`verify()`] checks without the solver's help, and [`explain`] answers why.
//!
//! ```
//! use allot::{Agent, AgentSet, Class, Instance, plan, verify};
//!
//! // Two agents; the second alone takes Tamil leads, and everybody takes the others.
//! let agents = vec![Agent { room: Some(10), ..Agent::default() }, Agent { room: Some(6), ..Agent::default() }];
//! let anybody = Class { eligible: AgentSet::full(2), leads: 8, ..Class::default() };
//! let tamil = Class { eligible: AgentSet::from_iter([1]), leads: 4, ..Class::default() };
//! let instance = Instance { agents, classes: vec![anybody, tamil], ..Instance::default() };
//!
//! let plan = plan(&instance)?;
//! verify(&instance, &plan)?;
//! assert_eq!([plan.agents[0].new, plan.agents[1].new], [6, 6]);
//! assert_eq!(plan.unassigned(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The method
//!
//! Read from top to bottom, the modules are the steps. All of them are deterministic, and all comparisons are exact.
//!
//! *Like classes are one group* (`groups`). The network has groups and agents for nodes, not leads: a million leads
//! in sixty classes are sixty nodes. Groups are ordered by what they are, so that a class split in two changes nothing.
//!
//! *Water-filling* (`pour`). Leads of a group go to the lowest levels first, like water into connected vessels. For one
//! group this is the optimum; for several, poured from the most constrained to the freest, it is a good start.
//! `repair` sees to owned leads that turned out to have nowhere to go.
//!
//! *Cost-reducing paths* (`paths`). If a lead can move from one agent to another, perhaps by way of third agents who
//! pass on leads of their own, and the sum of squares gets smaller, it moves, and as many with it as still gain.
//! A semi-matching is optimal exactly when no such path exists (Harvey, Ladner, Lovász, Tamir: *Semi-matchings for
//! bipartite graphs and load balancing*, J. Algorithms 59, 2006). The feasible levels form an M-convex set, on which
//! the least sum of squares is also the most even in every other sense (Frank, Murota: *Decreasing minimization on
//! M-convex sets*, Mathematical Programming, 2022); for weights see Balinski, Young: *Fair Representation*.
//!
//! *Negative cycles* (`network`, `cycles`). Leads that may stay with their owner break that picture: two full agents
//! can swap their lists, which no path of single moves shows. In general the plan is a flow of least convex cost, and
//! optimal exactly when the residual network has no cycle of negative cost. Cycles are looked for from the prices that
//! the path search left, which nearly always are right already, and cancelled until none is left.
//!
//! *Ties* (`ties`). All optimal plans fit the same prices, so they differ by exchanges that cost nothing at them. In
//! the order of waiting, every agent who could have one more lead gets it if somebody later in the order can give one.
//! That settles every level. Which classes make a level up is not part of what is optimal; it follows from steps that
//! go through agents by index and through groups by what they are, so one input has one plan. With outside ids
//! ([`exchange`]) the indices are the order of the ids: how agents, classes and lists are ordered changes nothing.
//!
//! *Certificate* (`certify`). The least price of every node; at these no arc of the residual network gains anything,
//! which is the proof. Unassigned leads have a tight set besides: these classes fit only these agents, who are full.
//!
//! *Dealing* (`table`, `deal`, `mix`, `avoid`). Counts are fixed now. A two-way table of strata and agents is rounded,
//! rows are dealt like cards, and earlier owners swap their leads away.
//!
//! *Verification* (`verify`, `tight`). The verifier counts again and checks every arc; it shares no code with the
//! solver except whole numbers (`exact`).

mod agent_set;
mod exact;
mod instance;
mod plan;

mod flow;
mod groups;
mod pour;
mod repair;

mod cycles;
mod network;
mod paths;
mod ties;

mod certify;
mod solve;

mod avoid;
mod deal;
mod mix;
mod table;

mod tight;
mod verify;

pub mod exchange;
pub mod explain;
pub mod fairness;
pub mod shapes;

pub use agent_set::AgentSet;
pub use exact::Int;
pub use instance::{
    Agent, BadWeight, Class, Error, Instance, LEADS_MAX, PAIRS_MAX, Strategy, UnknownStrategy, Weight,
};
pub use plan::{Certificate, ClassPlan, NOBODY, Plan, Price, Share, TightSet};
pub use solve::plan;
pub use verify::{Refusal, verify};
