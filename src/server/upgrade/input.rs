//! What a client sends on an upgraded connection.
//!
//! It is read ahead, within a limit, because only a read notices that the client is gone.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use actix_web::error::PayloadError;
use actix_web::rt::net::TcpStream;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;

/// Size of a read, in bytes.
const READ_BYTES: usize = 4096;

/// Maximum size of what is read ahead, in bytes.
const MAX_READ_AHEAD: usize = 16 * 1024;

/// Reads what a client sends, for [`Input`].
pub(super) struct Receiver(Rc<RefCell<State>>);

/// The stream of what a client sends.
pub(super) struct Input(Rc<RefCell<State>>);

struct State {
    bytes: BytesMut,
    has_ended: bool,
    /// Wakes the stream, which waits for bytes, or the receiver, which waits for room.
    waker: Option<Waker>,
}

/// Returns both ends. `start` was read together with the request.
pub(super) fn input(start: BytesMut) -> (Receiver, Input) {
    let state = Rc::new(RefCell::new(State {
        bytes: start,
        has_ended: false,
        waker: None,
    }));
    (Receiver(state.clone()), Input(state))
}

impl Receiver {
    /// Reads until the client has finished sending. Cancel safe.
    ///
    /// # Errors
    /// If the connection is lost.
    pub(super) async fn receive(&self, stream: &TcpStream) -> io::Result<()> {
        poll_fn(|context| self.poll_receive(stream, context)).await
    }

    fn poll_receive(
        &self,
        stream: &TcpStream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.0.borrow_mut();
        while !state.has_ended {
            if state.bytes.len() >= MAX_READ_AHEAD {
                state.waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            ready!(stream.poll_read_ready(context))?;
            match state.read(stream) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => {
                    state.wake();
                    result?;
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl Stream for Input {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Self::Item>> {
        let mut state = self.0.borrow_mut();
        if !state.bytes.is_empty() {
            state.wake();
            // Taken whole, so that an idle connection keeps no buffer.
            return Poll::Ready(Some(Ok(std::mem::take(&mut state.bytes).freeze())));
        }
        if state.has_ended {
            return Poll::Ready(None);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl State {
    fn read(&mut self, stream: &TcpStream) -> io::Result<()> {
        let mut buffer = [0; READ_BYTES];
        let read = stream.try_read(&mut buffer);
        match &read {
            Ok(0) => self.has_ended = true,
            Ok(length) => self.bytes.extend_from_slice(&buffer[..*length]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => self.has_ended = true,
        }
        read.map(drop)
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}
