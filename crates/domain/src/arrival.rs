//! What is known of leads that were assigned as they came in: the summary of their record.

use crate::{ids::ImportId, sentence::RunNumbers};
use serde::{Deserialize, Serialize};

/// The numbers, and the import that brought the leads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// How many, and why not more.
    #[serde(flatten)]
    pub numbers: RunNumbers,
    /// Which import; none in a record from before it was kept.
    #[serde(default)]
    pub import: Option<ImportId>,
}
