//! The page's files, embedded in the binary, so that it needs neither a network nor a directory.

use actix_web::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, PERMISSIONS_POLICY, REFERRER_POLICY,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::RustEmbed;

use super::endpoint::GET_OR_HEAD;
use crate::http::ApiError;

#[derive(RustEmbed)]
#[folder = "web/"]
#[include = "index.html"]
#[include = "decide.html"]
#[include = "app.html"]
#[include = "style.css"]
#[include = "icon.svg"]
#[include = "main.js"]
#[include = "decide.js"]
#[include = "app.js"]
#[include = "apps/*.js"]
#[include = "transports/*.js"]
#[include = "net/*.js"]
#[include = "model/*.js"]
#[include = "session/*.js"]
#[include = "session/apps/*.js"]
#[include = "workers/*.js"]
#[include = "view/*.js"]
#[include = "view/*.css"]
#[include = "view/decide/*.js"]
#[include = "view/decide/*.css"]
#[include = "view/apps/*.js"]
#[include = "view/apps/*.css"]
struct Assets;

/// Nothing from other sites, nothing inline, no frame around the page.
const PAGE_CSP: &str = "default-src 'self'; base-uri 'none'; form-action 'none'; \
                        frame-ancestors 'none'; object-src 'none'";

/// The page needs none of these (W3C Permissions Policy, §5.1).
const PAGE_PERMISSIONS: &str = "camera=(),geolocation=(),microphone=()";

/// Returns the page that a query opens: the lessons, the apps, or "Which one should I take?".
fn page_of(query: &str) -> &'static str {
    let mut pages = query.split('&').filter_map(|pair| match pair {
        "decide" | "decide=" | "decide=1" => Some("decide.html"),
        _ => pair.starts_with("app=").then_some("app.html"),
    });
    pages.next().unwrap_or("index.html")
}

/// Serves every path that is not an endpoint: a file of the page, or 404.
pub(super) async fn serve(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let path = match request.path() {
        "/" => page_of(request.query_string()),
        path => path.trim_start_matches('/'),
    };
    let Some(file) = Assets::get(path) else {
        let title = "There is nothing at this path";
        return Err(ApiError::new(StatusCode::NOT_FOUND, title));
    };
    if request.method() == Method::OPTIONS {
        return Ok(HttpResponse::NoContent()
            .insert_header((ALLOW, "GET, HEAD"))
            .finish());
    }
    if !GET_OR_HEAD.contains(request.method()) {
        return Err(ApiError::method_not_allowed(GET_OR_HEAD));
    }
    Ok(HttpResponse::Ok()
        .content_type(file.metadata.mimetype())
        // Loaded each time, so that no browser mixes files of two versions.
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((CONTENT_SECURITY_POLICY, PAGE_CSP))
        .insert_header((PERMISSIONS_POLICY, PAGE_PERMISSIONS))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .body(file.data.into_owned()))
}
