//! The demo company.

use crate::cli::{Demo, Place};

/// Fills a fresh database with a believable company and shows a run.
pub async fn demo(_place: &Place, _args: Demo) -> anyhow::Result<()> {
    anyhow::bail!("being built")
}
