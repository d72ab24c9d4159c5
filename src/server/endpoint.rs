//! Endpoints: one path, its methods, and 405 for the others.

use actix_web::guard::fn_guard;
use actix_web::http::Method;
use actix_web::{HttpResponse, Resource, Route, web};

use crate::http::ApiError;

/// The methods of a path. actix's own guards record in each request which methods there are;
/// here they are constants.
pub(super) type Methods = &'static [Method];
pub(super) const GET: Methods = &[Method::GET];
pub(super) const POST: Methods = &[Method::POST];
pub(super) const GET_OR_HEAD: Methods = &[Method::GET, Method::HEAD];

/// Returns a resource with one route; other methods get 405 with the allowed ones.
pub(super) fn endpoint(path: &str, methods: Methods, route: Route) -> Resource {
    let reject = move || async move {
        Err::<HttpResponse, _>(ApiError::method_not_allowed(methods))
    };
    let is_allowed = fn_guard(|context| methods.contains(&context.head().method));
    web::resource(path)
        .route(route.guard(is_allowed))
        .default_service(web::to(reject))
}
