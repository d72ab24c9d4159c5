//! The floor: one thread that writes a ready frame to every socket, and nothing else. No server
//! that gives each subscriber a frame of its own by a system call can take less.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::client::whole_answer;

/// Serves until it is killed: `GET` makes a socket, `POST` writes its body to all of them.
///
/// # Errors
/// When it cannot listen, or a connection breaks while it opens.
pub(crate) fn serve() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on http://{}", listener.local_addr()?);
    let mut sockets: Vec<TcpStream> = Vec::new();
    loop {
        let (mut stream, _) = listener.accept()?;
        let mut request = vec![0; 4096];
        let count = stream.read(&mut request)?;
        if request.starts_with(b"GET") {
            // RFC 6455 §1.3 gives this answer to the key that the client always sends.
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

/// Until this publisher leaves, every message it posts goes to all.
fn publish(
    mut publisher: TcpStream,
    mut unread: Vec<u8>,
    sockets: &mut [TcpStream],
) -> io::Result<()> {
    publisher.set_nodelay(true)?;
    let mut buffer = [0; 4096];
    loop {
        while let Some(whole) = whole_answer(&unread)? {
            let body = memchr::memmem::find(&unread, b"\r\n\r\n").unwrap_or(0) + 4;
            let text = &unread[body..whole];
            let mut frame = vec![0x81];
            match u8::try_from(text.len()) {
                Ok(short) if short < 126 => frame.push(short),
                _ => {
                    frame.push(126);
                    frame.extend_from_slice(&(text.len() as u16).to_be_bytes());
                }
            }
            frame.extend_from_slice(text);
            for socket in sockets.iter_mut() {
                socket.write_all(&frame)?;
            }
            publisher.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")?;
            unread.drain(..whole);
        }
        match publisher.read(&mut buffer)? {
            0 => return Ok(()),
            count => unread.extend_from_slice(&buffer[..count]),
        }
    }
}
