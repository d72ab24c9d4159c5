//! The page: its files, held in the binary, so that it needs neither internet nor a path.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::RustEmbed;

use crate::READ;
use crate::problem::Problem;

#[derive(RustEmbed)]
#[folder = "web/"]
#[include = "index.html"]
#[include = "style.css"]
#[include = "icon.svg"]
#[include = "main.js"]
#[include = "transports/*.js"]
#[include = "net/*.js"]
#[include = "model/*.js"]
#[include = "session/*.js"]
#[include = "workers/*.js"]
#[include = "view/*.js"]
#[include = "view/*.css"]
struct Files;

/// Nothing from elsewhere, nothing inline, no frame around it.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; object-src 'none'";

/// Any path that is no endpoint: a file of the page, or 404.
pub async fn file(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let path = match request.path() {
        "/" => "index.html",
        path => path.trim_start_matches('/'),
    };
    let Some(file) = Files::get(path) else {
        return Err(Problem::new(
            actix_web::http::StatusCode::NOT_FOUND,
            "There is nothing at this path",
        ));
    };
    if !READ.contains(request.method()) {
        return Err(Problem::method(READ));
    }
    Ok(HttpResponse::Ok()
        .content_type(file.metadata.mimetype())
        // Asked again each time: after an update no browser mixes old files with new ones.
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(file.data.into_owned()))
}
