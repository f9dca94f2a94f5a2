//! `evenhand backup`

use crate::{
    cli::{Backup, Place},
    output::say,
};

pub async fn backup(place: &Place, args: Backup) -> anyhow::Result<()> {
    let store = place.open().await?;
    let bytes = store::backup::backup(&store, &args.file).await?;
    say(&format!(
        "{} holds a copy of {} ({} KiB).",
        args.file.display(),
        store.place(),
        bytes.div_ceil(1024)
    ));
    Ok(())
}
