//! The techniques, one file each. They hold nothing and know nothing of each other: each sees
//! a cursor and the log, and they differ only in *when* they answer. Read them side by side.

pub mod longpoll;
pub mod poll;
pub mod publish;
pub mod ws;

use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::{HttpResponse, HttpResponseBuilder};

/// The HTTP answer that a batch goes into. Empty or not it is a 200, so that every answer
/// carries a cursor to go on from.
fn answer() -> HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header(ContentType::json())
        .insert_header((CACHE_CONTROL, "no-store"));
    answer
}
