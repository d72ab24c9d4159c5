//! What the server sends on an upgraded connection.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::rt::net::TcpStream;
use bytes::{Buf, Bytes};

/// Frames that are ready are gathered for one write until they have this size, in bytes.
const WRITE_BYTES: usize = 16 * 1024;

/// Room for this many frames is kept while there are none.
const IDLE_FRAMES: usize = 4;

/// Maximum number of frames in one write.
const MAX_FRAMES: usize = 64;

/// Writes what a body yields until it ends. Back pressure: the body is polled only while there
/// is little to write.
pub(super) async fn write(
    stream: &TcpStream,
    head: Bytes,
    body: BoxBody,
) -> io::Result<()> {
    let mut body = pin!(body);
    let mut output = Output {
        pending: vec![head],
        has_ended: false,
    };
    poll_fn(|context| output.poll_write(stream, body.as_mut(), context)).await
}

/// What is to be written next.
struct Output {
    pending: Vec<Bytes>,
    has_ended: bool,
}

impl Output {
    fn poll_write(
        &mut self,
        stream: &TcpStream,
        mut body: Pin<&mut BoxBody>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            self.gather(body.as_mut(), context)?;
            if self.pending.is_empty() {
                return match self.has_ended {
                    true => Poll::Ready(Ok(())),
                    false => Poll::Pending,
                };
            }
            ready!(stream.poll_write_ready(context))?;
            match self.try_write(stream) {
                Ok(written) => self.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Takes frames from the body until there is enough to write.
    fn gather(
        &mut self,
        mut body: Pin<&mut BoxBody>,
        context: &mut Context<'_>,
    ) -> io::Result<()> {
        let mut bytes: usize = self.pending.iter().map(Bytes::len).sum();
        while !self.has_ended && bytes < WRITE_BYTES && self.pending.len() < MAX_FRAMES {
            match body.as_mut().poll_next(context) {
                Poll::Ready(Some(Ok(frame))) => {
                    bytes += frame.len();
                    self.pending.push(frame);
                }
                Poll::Ready(Some(Err(error))) => {
                    return Err(io::Error::other(error.to_string()));
                }
                Poll::Ready(None) => self.has_ended = true,
                Poll::Pending => break,
            }
        }
        Ok(())
    }

    fn try_write(&self, stream: &TcpStream) -> io::Result<usize> {
        if let [frame] = &self.pending[..] {
            return stream.try_write(frame);
        }
        let mut slices = [IoSlice::new(&[]); MAX_FRAMES];
        for (slice, frame) in slices.iter_mut().zip(&self.pending) {
            *slice = IoSlice::new(frame);
        }
        stream.try_write_vectored(&slices[..self.pending.len()])
    }

    fn advance(&mut self, mut written: usize) {
        let mut is_written = |frame: &Bytes| match written.checked_sub(frame.len()) {
            Some(rest) => {
                written = rest;
                true
            }
            None => false,
        };
        let count = self
            .pending
            .iter()
            .take_while(|frame| is_written(frame))
            .count();
        if count == self.pending.len() {
            self.pending.clear();
            self.pending.shrink_to(IDLE_FRAMES);
            return;
        }
        self.pending.drain(..count);
        self.pending[0].advance(written);
    }
}
