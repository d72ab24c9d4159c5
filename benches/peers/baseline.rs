//! The baseline: one thread that writes the same frame to every socket, and does nothing else. No
//! server that sends each subscriber its own frame with its own system call can use less CPU.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

use httparse::{EMPTY_HEADER, Request, Status};
use trifold::load::net::websocket::{FIN, TEXT, encode_frame};

/// Serves until it is killed: `GET` opens a socket, `POST` writes its body to all of them.
///
/// # Errors
/// When it cannot listen, or a connection fails while it is opened.
pub(crate) fn serve() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on http://{}", listener.local_addr()?);
    let mut sockets: Vec<TcpStream> = Vec::new();
    loop {
        let (mut stream, _) = listener.accept()?;
        let mut request = vec![0; 4096];
        let count = stream.read(&mut request)?;
        if request.starts_with(b"GET") {
            // RFC 6455 §1.3 has this response to the key that the client always sends.
            stream.write_all(
                b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: \
                  upgrade\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            )?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            sockets.push(stream);
            continue;
        }
        request.truncate(count);
        publish(stream, request, &mut sockets)?;
    }
}

/// Sends every message of this publisher to all sockets, until it disconnects.
fn publish(
    mut publisher: TcpStream,
    mut buffer: Vec<u8>,
    sockets: &mut [TcpStream],
) -> io::Result<()> {
    publisher.set_nodelay(true)?;
    let mut chunk = [0; 4096];
    loop {
        while let Some((head, total)) = request_len(&buffer)? {
            let frame = encode_frame(FIN | TEXT, &buffer[head..total], None);
            for socket in sockets.iter_mut() {
                socket.write_all(&frame)?;
            }
            publisher.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")?;
            buffer.drain(..total);
        }
        match publisher.read(&mut chunk)? {
            0 => return Ok(()),
            count => buffer.extend_from_slice(&chunk[..count]),
        }
    }
}

/// Returns the length of the head and of the whole request, once it is complete.
fn request_len(bytes: &[u8]) -> io::Result<Option<(usize, usize)>> {
    let mut headers = [EMPTY_HEADER; 16];
    let mut request = Request::new(&mut headers);
    let Status::Complete(head) = request.parse(bytes).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let length = request
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok())
        .unwrap_or(0);
    let total: usize = head + length;
    Ok((bytes.len() >= total).then_some((head, total)))
}
