//! Serves the kit alone, without a database: `cargo run -p web --example kit -- 127.0.0.1:8099`.

use http::{HeaderValue, header::CONTENT_SECURITY_POLICY};
use tower_http::set_header::SetResponseHeaderLayer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8099".to_owned());
    let listener = tokio::net::TcpListener::bind(&address).await?;
    #[expect(clippy::print_stdout, reason = "where to look is what the program has to say")]
    {
        println!("http://{}/kit", listener.local_addr()?);
    }
    // What the browser refuses here it refuses in the product.
    let policy = HeaderValue::from_static("default-src 'self'; frame-ancestors 'none'; base-uri 'none'");
    let router = axum::Router::new()
        .merge(web::pages::kit::routes())
        .merge(web::assets::routes())
        .layer(SetResponseHeaderLayer::overriding(CONTENT_SECURITY_POLICY, policy));
    axum::serve(listener, router).await
}
