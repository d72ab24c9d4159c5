//! WebSocket frames from a client's point of view (RFC 6455): the header of a frame that arrives,
//! masked frames to send, and the fields of an opening handshake.

use std::io;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::http::{MAX_RESPONSE_BYTES, invalid};

/// A frame that has the whole message: the FIN bit of its first byte.
pub const FIN: u8 = 0x80;

/// Opcode of a text frame.
pub const TEXT: u8 = 1;

/// Opcode of a close frame.
pub const CLOSE: u8 = 8;

/// Opcode of a ping.
pub const PING: u8 = 9;

/// Opcode of a pong.
pub const PONG: u8 = 10;

/// The handshake key of RFC 6455 §1.3, for connections whose bytes have to be constant.
pub const SAMPLE_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// The header of a frame from a server: its opcode, and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// [`TEXT`], [`CLOSE`], [`PING`], [`PONG`], or another one.
    pub opcode: u8,
    header_bytes: usize,
    payload_bytes: usize,
}

impl FrameHeader {
    /// Parses the header at the start of `bytes`, or returns `None` if it is not complete yet
    /// (RFC 6455 §5.2).
    ///
    /// # Errors
    /// When the frame is a fragment, is masked, uses an extension, or is longer than 64 MiB.
    pub fn parse(bytes: &[u8]) -> io::Result<Option<Self>> {
        let [first, second, more @ ..] = bytes else {
            return Ok(None);
        };
        if first & 0xf0 != FIN || first & 0x0f == 0 {
            return Err(invalid("the frame is a fragment or uses an extension"));
        }
        if second & 0x80 != 0 {
            return Err(invalid("the server's frame is masked"));
        }
        let extended = match second {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let Some(extended) = more.get(..extended) else {
            return Ok(None);
        };
        let length = match extended {
            [] => u64::from(*second),
            _ => extended.iter().fold(0, |n, &byte| n << 8 | u64::from(byte)),
        };
        if length > MAX_RESPONSE_BYTES as u64 {
            return Err(invalid("the frame is longer than 64 MiB"));
        }
        Ok(Some(Self {
            opcode: first & 0x0f,
            header_bytes: 2 + extended.len(),
            payload_bytes: length as usize,
        }))
    }

    /// Returns how many bytes header and payload have together.
    pub fn total_len(&self) -> usize {
        self.header_bytes + self.payload_bytes
    }

    /// Returns whether `bytes` contains the whole payload.
    pub fn is_complete(&self, bytes: &[u8]) -> bool {
        bytes.len() >= self.total_len()
    }

    /// Returns the payload of a complete frame.
    pub fn payload<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        &bytes[self.header_bytes..self.total_len()]
    }
}

/// Returns one frame. `first` is its first byte: FIN, reserved bits and opcode. A client masks
/// its frames, a server does not (RFC 6455 §5.3).
pub fn encode_frame(first: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let mask_bit = if mask.is_some() { 0x80 } else { 0 };
    let mut frame = Vec::with_capacity(14 + payload.len());
    frame.push(first);
    match payload.len() {
        length @ 0..126 => frame.push(mask_bit | length as u8),
        length @ 126..65_536 => {
            frame.push(mask_bit | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(mask_bit | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    match mask {
        Some(mask) => {
            frame.extend(mask);
            let masked = payload.iter().zip(mask.iter().cycle());
            frame.extend(masked.map(|(byte, mask)| byte ^ mask));
        }
        None => frame.extend(payload),
    }
    frame
}

/// Returns one unfragmented frame of a client, with a random mask.
pub fn client_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    encode_frame(FIN | opcode, payload, Some(rand::random()))
}

/// Returns a key for an opening handshake: 16 random bytes in base64 (RFC 6455 §4.1).
pub fn handshake_key() -> String {
    BASE64_STANDARD.encode(rand::random::<[u8; 16]>())
}

/// Returns the header fields of an opening handshake, each with its line end.
pub fn upgrade_headers(key: &str) -> String {
    format!(
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: {key}\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_headers_of_all_lengths() {
        for (start, header_bytes, payload_bytes) in [
            (&[0x81, 125][..], 2, 125),
            (&[0x81, 126, 1, 0], 4, 256),
            (&[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0], 10, 65_536),
        ] {
            for end in 0..start.len() {
                assert_eq!(FrameHeader::parse(&start[..end]).unwrap(), None);
            }
            let expected = FrameHeader {
                opcode: TEXT,
                header_bytes,
                payload_bytes,
            };
            assert_eq!(FrameHeader::parse(start).unwrap(), Some(expected));
        }
    }

    #[test]
    fn unexpected_frames_are_rejected() {
        let huge = [0x81, 127, 255, 0, 0, 0, 0, 0, 0, 0];
        for bytes in [&[0x01, 1][..], &[0x80, 1], &[0xc1, 1], &[0x81, 0x81], &huge] {
            assert!(FrameHeader::parse(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn written_frames_of_all_lengths() {
        for length in [0, 125, 126, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            let frame = encode_frame(FIN | TEXT, &payload, None);
            let header = FrameHeader::parse(&frame).unwrap().unwrap();
            assert_eq!((header.opcode, header.total_len()), (TEXT, frame.len()));
            assert_eq!(header.payload(&frame), payload);
            // A mask adds a bit to the length and four bytes behind it.
            let masked = client_frame(TEXT, &payload);
            assert_eq!(masked[1], 0x80 | frame[1]);
            assert_eq!(masked.len(), frame.len() + 4);
        }
    }

    #[test]
    fn client_frames_are_masked() {
        let frame = client_frame(PONG, b"hi");
        let [0x8a, 0x82, a, b, _, _, x, y] = frame[..] else {
            panic!("{frame:?}");
        };
        assert_eq!([x ^ a, y ^ b], *b"hi");
        assert_ne!(client_frame(PONG, &[0; 64]), client_frame(PONG, &[0; 64]));
    }

    #[test]
    fn handshake_key_is_16_random_bytes() {
        let (first, second) = (handshake_key(), handshake_key());
        assert_ne!(first, second);
        assert_eq!(BASE64_STANDARD.decode(first).unwrap().len(), 16);
    }
}
