//! The techniques, one file each. They hold nothing and know nothing of each other: each sees
//! a cursor and the log, and they differ only in *when* they answer. Read them side by side.

pub mod longpoll;
pub mod poll;
pub mod publish;
pub mod ws;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};

static JSON: HeaderValue = HeaderValue::from_static("application/json");
static NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The HTTP answer that a batch goes into. Empty or not it is a 200, so that every answer
/// carries a cursor to go on from.
fn answer() -> HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((CONTENT_TYPE, JSON.clone()))
        .insert_header((CACHE_CONTROL, NO_STORE.clone()));
    answer
}
