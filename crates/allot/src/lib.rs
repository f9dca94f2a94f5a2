//! (being built)
mod agent_set;
mod avoid;
mod certify;
mod cycles;
mod deal;
mod exact;
mod flow;
mod groups;
mod instance;
mod network;
mod paths;
mod plan;
mod pour;
mod repair;
mod solve;
mod table;
mod ties;
mod tight;
mod verify;

pub use agent_set::AgentSet;
pub use exact::Int;
pub use instance::{Agent, BadWeight, Class, Error, Instance, LEADS_MAX, PAIRS_MAX, Strategy, UnknownStrategy, Weight};
pub use plan::{Certificate, ClassPlan, NOBODY, Plan, Price, Share, TightSet};
pub use solve::plan;
pub use verify::{Refusal, verify};
