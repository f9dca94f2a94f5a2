//! `evenhand serve`

use crate::{
    cli::{self, Place},
    serve::{self, Serving},
};
use store::{Missing, Store};

pub async fn serve(place: &Place, args: cli::Serve) -> anyhow::Result<()> {
    let serving = Serving { listen: args.listen, https: args.https, upload_bytes_max: args.bytes_max };
    let listener = serve::bind(&serving).await?;
    let store = Store::open(&place.location(), Missing::Create).await?;
    serve::serve(store, listener, &serving).await
}
