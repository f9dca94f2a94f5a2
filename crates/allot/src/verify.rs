//! stub
use std::fmt;
use crate::{Error, Instance, Plan};
/// Why a plan is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The instance itself is bad.
    Instance(Error),
    /// A list has not one entry per class, agent or lead.
    Shape(&'static str),
}
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
impl std::error::Error for Refusal {}
/// Checks a plan.
pub fn verify(_instance: &Instance, _plan: &Plan) -> Result<(), Refusal> {
    Ok(())
}
