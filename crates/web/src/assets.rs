//! What browsers load beside the pages: style, behaviours, icons. All of it is in the binary.
//!
//! An asset's address carries a hash of its bytes, so that browsers keep it for ever and an upgrade is seen at once.
//! Each is compressed the first time somebody asks for it, and never again.

use std::{io::Write as _, sync::OnceLock};

use axum::{
    Router,
    body::Bytes,
    extract::Path,
    response::{IntoResponse, Response},
    routing::get,
};
use domain::text::hexadecimal;
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
    "why",
    "sign_in",
    "kit",
    "print",
];

const BEHAVIOURS: &str = behaviours![
    "toasts",
    "ages",
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
    "zone",
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
    let hash = hexadecimal(&Sha256::digest(bytes)[..5]);
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

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;
    use crate::{
        pages::kit,
        parts::{Icon, shell::Theme},
    };

    async fn ask(path: &str, encodings: &str) -> (StatusCode, HeaderMap, Bytes) {
        let request = Request::get(path)
            .header(header::ACCEPT_ENCODING, encodings)
            .body(Body::empty())
            .expect("a request");
        let response = routes::<()>().oneshot(request).await.expect("a router always answers");
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, body.collect().await.expect("a body in memory").to_bytes())
    }

    #[tokio::test]
    async fn an_asset_comes_as_the_browser_takes_it_and_is_kept_for_ever() {
        for (encodings, expected) in [
            ("gzip, deflate, br", Some("br")),
            ("gzip", Some("gzip")),
            ("br;q=0, GZIP", Some("gzip")),
            ("", None),
        ] {
            let (status, headers, body) = ask(href("app.css"), encodings).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(
                headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap()),
                expected,
                "{encodings}"
            );
            assert_eq!(headers[header::CONTENT_TYPE], "text/css; charset=utf-8");
            assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
            let mut plain = Vec::new();
            match expected {
                Some("br") => drop(brotli::BrotliDecompress(&mut &body[..], &mut plain)),
                Some(_) => drop(std::io::copy(&mut flate2::read::GzDecoder::new(&body[..]), &mut plain)),
                None => plain = body.to_vec(),
            }
            assert_eq!(plain, STYLE.as_bytes(), "{encodings}");
        }
    }

    #[tokio::test]
    async fn what_another_version_had_is_not_found() {
        for path in ["/assets/app-0000000000.css", "/assets/app.css", "/assets/..%2FCargo.toml"] {
            assert_eq!(ask(path, "br").await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn every_icon_is_drawn_and_every_drawing_is_an_icon() {
        let sprite = include_str!("../assets/icons.svg");
        let mut drawn: Vec<&str> = sprite
            .split("<symbol id=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .filter(|&name| name != "mark")
            .collect();
        let mut named: Vec<&str> = Icon::ALL.iter().map(|icon| icon.name()).collect();
        drawn.sort_unstable();
        named.sort_unstable();
        assert_eq!(drawn, named);
    }

    #[test]
    fn the_manifest_names_an_icon_that_is_served() {
        let manifest = assets()
            .iter()
            .find(|asset| asset.name == "evenhand.webmanifest")
            .expect("it is among the assets");
        let manifest: serde_json::Value = serde_json::from_slice(&manifest.bytes).expect("JSON");
        assert_eq!(manifest["icons"][0]["src"], href("favicon.svg"));
    }

    #[test]
    fn what_is_not_ours_is_what_its_list_says() {
        let listed = include_str!("../assets/vendor/README.md");
        let hash = hexadecimal(&Sha256::digest(include_bytes!("../assets/vendor/htmx-4.0.1.min.js")));
        assert!(listed.contains(&format!("| `{hash}` |")), "{hash}");
    }

    #[test]
    fn a_first_visit_weighs_at_most_60_kb() {
        let page = kit::sample("leads-open", Theme::System).expect("a sample page").into_string();
        let assets: usize = assets().iter().map(|asset| brotli(&asset.bytes).len()).sum();
        let all = assets + brotli(page.as_bytes()).len();
        assert!(all <= 60_000, "{all} bytes");
    }
}
