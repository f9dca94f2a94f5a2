//! What browsers load beside the pages: style, behaviours, icons. All of it is in the binary.
//!
//! An asset's address carries a hash of its bytes, so that browsers keep it for ever and an upgrade is seen at once.
//! Each is compressed the first time somebody asks for it, and never again.

use std::{fmt::Write as _, io::Write as _, sync::OnceLock};

use axum::{
    Router,
    body::Bytes,
    extract::Path,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

/// One file as it is served.
struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: Vec<u8>,
    href: String,
    brotli: OnceLock<Bytes>,
    gzip: OnceLock<Bytes>,
}

macro_rules! style {
    ($($file:literal),* $(,)?) => { concat!($(include_str!(concat!("../assets/css/", $file, ".css")), "\n"),*) };
}

// A behaviour is a file of its own; a block around each keeps its names to itself.
macro_rules! behaviours {
    ($($file:literal),* $(,)?) => { concat!($("{\n", include_str!(concat!("../assets/js/", $file, ".js")), "}\n"),*) };
}

/// The order of the layers is in `tokens.css`; the order of the files does not matter.
const STYLE: &str = style![
    "tokens",
    "base",
    "shell",
    "button",
    "chip",
    "field",
    "notice",
    "dialog",
    "data",
    "picker",
    "leads",
    "lead_panel",
    "import",
    "job",
    "agent",
    "sign_in",
    "kit",
    "print",
];

const BEHAVIOURS: &str = behaviours![
    "toasts",
    "theme",
    "dialogs",
    "popovers",
    "drawer",
    "selection",
    "rows",
    "keys",
    "filters",
    "narrow",
    "drop",
    "swaps",
    "live",
];

const NAME_AND_ICONS: &str = include_str!("../assets/evenhand.webmanifest");

fn assets() -> &'static [Asset] {
    static ASSETS: OnceLock<Vec<Asset>> = OnceLock::new();
    ASSETS.get_or_init(|| {
        let favicon = asset("favicon.svg", "image/svg+xml", include_bytes!("../assets/favicon.svg"));
        let manifest = NAME_AND_ICONS.replace("favicon.svg", &favicon.href);
        vec![
            asset("app.css", "text/css; charset=utf-8", STYLE.as_bytes()),
            asset("app.js", "text/javascript; charset=utf-8", BEHAVIOURS.as_bytes()),
            asset(
                "htmx.js",
                "text/javascript; charset=utf-8",
                include_bytes!("../assets/vendor/htmx-4.0.1.min.js"),
            ),
            asset("icons.svg", "image/svg+xml", include_bytes!("../assets/icons.svg")),
            asset("evenhand.webmanifest", "application/manifest+json", manifest.as_bytes()),
            favicon,
        ]
    })
}

fn asset(name: &'static str, content_type: &'static str, bytes: &[u8]) -> Asset {
    let hash = Sha256::digest(bytes).iter().take(5).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String does not fail
        text
    });
    let (stem, extension) = name.split_once('.').expect("every asset has an extension");
    let href = format!("/assets/{stem}-{hash}.{extension}");
    Asset { name, content_type, bytes: bytes.to_vec(), href, brotli: OnceLock::new(), gzip: OnceLock::new() }
}

/// The address of an asset: `href("app.css")` is `/assets/app-0a1b2c3d4e.css`.
pub fn href(name: &str) -> &'static str {
    let found = assets().iter().find(|asset| asset.name == name);
    &found.unwrap_or_else(|| panic!("{name} is not among the assets")).href
}

/// The routes under `/assets/`, and `/favicon.ico` for browsers that ask without being told.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{file}", get(serve)).route("/favicon.ico", get(favicon))
}

async fn serve(Path(file): Path<String>, headers: HeaderMap) -> Response {
    match assets().iter().find(|asset| asset.href.strip_prefix("/assets/") == Some(&file)) {
        Some(asset) => answer(asset, &headers, "public, max-age=31536000, immutable"),
        // Another version's page asks for its own files after an upgrade.
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn favicon(headers: HeaderMap) -> Response {
    match assets().iter().find(|asset| asset.name == "favicon.svg") {
        Some(asset) => answer(asset, &headers, "public, max-age=86400"),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(asset: &'static Asset, headers: &HeaderMap, cache: &'static str) -> Response {
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (encoding, body) = if accepts(accepted, "br") {
        (Some("br"), asset.brotli.get_or_init(|| Bytes::from(brotli(&asset.bytes))).clone())
    } else if accepts(accepted, "gzip") {
        (Some("gzip"), asset.gzip.get_or_init(|| Bytes::from(gzip(&asset.bytes))).clone())
    } else {
        (None, Bytes::from_static(&asset.bytes))
    };
    let mut response = body.into_response();
    let answered = response.headers_mut();
    answered.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    answered.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    answered.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        answered.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// Whether an encoding is among the accepted ones, and not with the weight 0.
fn accepts(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, "q=1"));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f32));
        name.trim().eq_ignore_ascii_case(encoding) && !refused
    })
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::with_capacity(bytes.len() / 3);
    let mut writer = brotli::CompressorWriter::new(&mut compressed, 4096, 9, 18);
    writer.write_all(bytes).expect("a Vec takes every byte");
    drop(writer); // flushes
    compressed
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer =
        flate2::write::GzEncoder::new(Vec::with_capacity(bytes.len() / 3), flate2::Compression::best());
    writer.write_all(bytes).and_then(|()| writer.finish()).expect("a Vec takes every byte")
}
