//! Incoming frames, checked by their headers.
//!
//! actix-http checks a frame's size only once the frame is complete, so one frame could fill the
//! memory, and actix-ws reports an error before the messages that preceded it. Both follow from
//! reading ahead, so this adapter passes on one complete frame at a time.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_ws::{CloseCode, CloseReason, ProtocolError};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::Stream;

use crate::limits::LimitKind;

/// Maximum payload of a ping, a pong or a close frame, in bytes (RFC 6455 §5.5).
pub(super) const MAX_CONTROL_PAYLOAD: usize = 125;

/// A frame that ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameError {
    /// Violates RFC 6455.
    Malformed,
    /// Announces more than a message may have, in one frame or in several.
    TooLarge,
    /// Binary.
    Unsupported,
    /// Text that is not UTF-8.
    InvalidUtf8,
}

impl FrameError {
    /// Returns the limit that the frame exceeds, if it exceeds one.
    pub(super) fn limit(self) -> Option<LimitKind> {
        (self == Self::TooLarge).then_some(LimitKind::MessageBytes)
    }

    pub(super) fn close_reason(self) -> CloseReason {
        match self {
            Self::Malformed => (CloseCode::Protocol, "the frame is malformed").into(),
            Self::TooLarge => (CloseCode::Size, "the message is too large").into(),
            Self::Unsupported => {
                let reason = "binary messages are not supported";
                (CloseCode::Unsupported, reason).into()
            }
            Self::InvalidUtf8 => (CloseCode::Invalid, "text must be UTF-8").into(),
        }
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self:?}")
    }
}

impl std::error::Error for FrameError {}

/// Returns what is wrong according to an error of actix-ws; `None` if the connection is lost.
pub(super) fn frame_error(error: &ProtocolError) -> Option<FrameError> {
    match error {
        ProtocolError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            Some(FrameError::InvalidUtf8)
        }
        ProtocolError::Io(error) => {
            match error.get_ref()?.downcast_ref::<PayloadError>()? {
                PayloadError::Io(error) => error.get_ref()?.downcast_ref().copied(),
                _ => None,
            }
        }
        _ => Some(FrameError::Malformed),
    }
}

/// The header of a frame (RFC 6455 §5.2).
#[derive(Debug, PartialEq, Eq)]
struct IncomingHeader {
    is_final: bool,
    opcode: u8,
    header_bytes: usize,
    payload_bytes: u64,
}

impl IncomingHeader {
    /// Parses a header; `None` if it is incomplete. An error is reported at the first offending
    /// byte, so that the result does not depend on how TCP segmented it.
    fn parse(bytes: &[u8]) -> Result<Option<Self>, FrameError> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        let (is_final, reserved, opcode) =
            (first & 0x80 != 0, first & 0x70, first & 0x0f);
        let (is_masked, short) = (second & 0x80 != 0, second & 0x7f);
        let is_known = matches!(opcode, 0..=2 | 8..=10);
        if !is_known || !is_masked || reserved != 0 {
            return Err(FrameError::Malformed);
        }
        if opcode >= 8 && (!is_final || usize::from(short) > MAX_CONTROL_PAYLOAD) {
            return Err(FrameError::Malformed);
        }
        let extended = match short {
            126 => rest.get(..2),
            127 => rest.get(..8),
            _ => Some(&[][..]),
        };
        let Some(extended) = extended else {
            return Ok(None);
        };
        let payload_bytes = match extended {
            [] => u64::from(short),
            _ => extended.iter().fold(0, |n, &byte| n << 8 | u64::from(byte)),
        };
        if payload_bytes >> 63 != 0 {
            return Err(FrameError::Malformed);
        }
        Ok(Some(Self {
            is_final,
            opcode,
            header_bytes: 2 + extended.len() + 4,
            payload_bytes,
        }))
    }
}

/// A request's payload, split into complete frames.
pub(super) struct CheckedFrames {
    payload: Payload,
    buffer: BytesMut,
    max_message_bytes: u64,
    /// Bytes of the current fragmented message so far; `None` between messages.
    fragmented: Option<u64>,
    /// Whether the last poll returned a frame. actix-ws reads until `Pending` and only then
    /// decodes, so one `Pending` has to follow every frame.
    yielded: bool,
}

impl CheckedFrames {
    pub(super) fn new(payload: Payload, max_message_bytes: usize) -> Self {
        Self {
            payload,
            buffer: BytesMut::new(),
            max_message_bytes: max_message_bytes as u64,
            fragmented: None,
            yielded: false,
        }
    }

    /// Returns the next frame once it is complete.
    fn next_frame(&mut self) -> Result<Option<Bytes>, FrameError> {
        let Some(header) = IncomingHeader::parse(&self.buffer)? else {
            return Ok(None);
        };
        if header.opcode < 8 {
            self.check_data(&header)?;
        }
        let length = header.header_bytes + header.payload_bytes as usize;
        if self.buffer.len() < length {
            return Ok(None);
        }
        if header.opcode < 8 {
            let so_far = self.fragmented.unwrap_or(0) + header.payload_bytes;
            self.fragmented = (!header.is_final).then_some(so_far);
        }
        if self.buffer.len() == length {
            return Ok(Some(std::mem::take(&mut self.buffer).freeze()));
        }
        let frame = Bytes::copy_from_slice(&self.buffer[..length]);
        self.buffer.advance(length);
        Ok(Some(frame))
    }

    fn check_data(&self, header: &IncomingHeader) -> Result<(), FrameError> {
        let so_far = self.fragmented.unwrap_or(0);
        if so_far.saturating_add(header.payload_bytes) > self.max_message_bytes {
            return Err(FrameError::TooLarge);
        }
        match (header.opcode, self.fragmented) {
            (0, Some(_)) | (1, None) => Ok(()),
            (2, None) => Err(FrameError::Unsupported),
            _ => Err(FrameError::Malformed), // out of sequence (RFC 6455 §5.4)
        }
    }
}

impl Stream for CheckedFrames {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.yielded) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            match self.next_frame() {
                Ok(Some(frame)) => {
                    self.yielded = true;
                    return Poll::Ready(Some(Ok(frame)));
                }
                Ok(None) => {}
                Err(error) => {
                    let error = PayloadError::Io(io::Error::other(error));
                    return Poll::Ready(Some(Err(error)));
                }
            }
            match ready!(Pin::new(&mut self.payload).poll_next(context)) {
                Some(Ok(bytes)) if self.buffer.is_empty() => self.buffer = bytes.into(),
                Some(Ok(bytes)) => self.buffer.extend_from_slice(&bytes),
                end => return Poll::Ready(end),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_lengths() {
        for (bytes, header_bytes, payload_bytes) in [
            (&[0x81, 0x80 | 125][..], 6, 125),
            (&[0x81, 0xfe, 1, 0], 8, 256),
            (&[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0], 14, 65_536),
        ] {
            for end in 0..bytes.len() {
                assert_eq!(IncomingHeader::parse(&bytes[..end]), Ok(None));
            }
            let header = IncomingHeader {
                is_final: true,
                opcode: 1,
                header_bytes,
                payload_bytes,
            };
            assert_eq!(IncomingHeader::parse(bytes), Ok(Some(header)));
        }
    }

    #[test]
    fn fragments_share_one_limit() {
        let mut frames = CheckedFrames::new(Payload::None, 10);
        let mut next = |bytes: &[u8]| {
            frames.buffer.extend_from_slice(bytes);
            frames.next_frame().map(|frame| frame.is_some())
        };
        assert_eq!(next(&[0x01, 0x84, 0, 0, 0, 0, 1, 2, 3, 4]), Ok(true));
        assert_eq!(next(&[0x89, 0x81, 0, 0, 0, 0, 1]), Ok(true)); // a ping in between
        assert_eq!(next(&[0x80, 0x86, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6]), Ok(true));
        assert_eq!(next(&[0x01, 0x84, 0, 0, 0, 0, 1, 2, 3, 4]), Ok(true));
        assert_eq!(next(&[0x80, 0x87]), Err(FrameError::TooLarge));
    }
}
