//! What a handler can ask of the connection that its request came on.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_web::HttpRequest;
use actix_web::http::header::EXPECT;

/// The expectation `100-continue` as the server passes it on to actix-http, which would send
/// `100 Continue` before any handler could reject the request.
pub const DEFERRED_CONTINUE: &str = "100-deferred";

/// Shared by a connection and the handlers of its requests.
#[derive(Clone, Default)]
pub struct ConnectionControl(Rc<State>);

#[derive(Default)]
struct State {
    is_continue_due: Cell<bool>,
    unanswered: Cell<usize>,
    /// Wakes the connection, which wants to report the end of its input.
    waker: RefCell<Option<Waker>>,
}

impl ConnectionControl {
    /// Returns the control of a request's connection. Outside of a server it has no effect.
    pub fn of(request: &HttpRequest) -> Self {
        request.conn_data::<Self>().cloned().unwrap_or_default()
    }

    /// Sends `100 Continue` if the client waits for it (RFC 9110 §10.1.1).
    pub fn accept_body(&self, request: &HttpRequest) {
        let expectation = request.headers().get(EXPECT);
        if expectation.is_some_and(|value| value == DEFERRED_CONTINUE) {
            self.0.is_continue_due.set(true);
        }
    }

    /// Keeps the connection open until the guard is dropped, even if the client has finished
    /// sending. actix-http would cancel the handler.
    #[must_use]
    pub fn hold_open(&self) -> OpenGuard {
        self.0.unanswered.update(|count| count + 1);
        OpenGuard(self.clone())
    }

    /// Returns, once, whether `100 Continue` is to be sent.
    pub fn take_continue(&self) -> bool {
        self.0.is_continue_due.take()
    }

    /// Waits until nothing holds the connection open.
    pub fn poll_released(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.0.unanswered.get() == 0 {
            return Poll::Ready(());
        }
        *self.0.waker.borrow_mut() = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Keeps a connection open.
pub struct OpenGuard(ConnectionControl);

impl Drop for OpenGuard {
    fn drop(&mut self) {
        let State {
            unanswered, waker, ..
        } = &*self.0.0;
        unanswered.update(|count| count - 1);
        if let Some(waker) = waker.take() {
            waker.wake();
        }
    }
}
