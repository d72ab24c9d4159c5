//! Upgraded connections: a WebSocket's bytes, and how its connection ends.
//!
//! actix-http hands the connection over, so frames are written without a copy, an idle socket
//! keeps no buffers, and TCP ends as RFC 6455 §7.1.1 wants it: the server finishes sending at
//! once, and then lets the client finish.

mod input;
mod output;

use std::io;
use std::net::Shutdown;
use std::rc::Rc;
use std::time::Duration;

use actix_codec::{Encoder, Framed, FramedParts};
use actix_http::h1::{Codec, Message};
use actix_http::{ConnectionType, Payload, Request, Response, StatusCode};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::Service;
use actix_web::rt::net::TcpStream;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use socket2::SockRef;
use tokio::time::{sleep, timeout};

use super::connection::Connection;
use input::{Receiver, input};
use output::write;

/// How long the server may take to finish a connection that the client has finished: replies may
/// wait for the disk, and everything for the simulated network.
const FINISH_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the client may take to finish a connection that the server has finished.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// Handles a request for an upgrade: sends the application's response and, if that is 101, what
/// its body yields, and then ends the connection.
pub(super) async fn serve<S, B>(
    app: Rc<S>,
    (request, framed): (Request, Framed<Connection, Codec>),
) where
    S: Service<Request>,
    S::Response: Into<Response<B>>,
    S::Error: Into<Response<BoxBody>>,
    B: MessageBody + 'static,
{
    let FramedParts {
        io,
        codec,
        mut read_buf,
        write_buf,
        ..
    } = framed.into_parts();
    let (stream, rest, _guard) = io.into_parts();
    read_buf.unsplit(rest);
    let (receiver, input) = input(read_buf);
    let payload = input.boxed_local();
    let (request, _) = request.replace_payload(Payload::Stream { payload });
    let response = tokio::select! { biased;
        response = app.call(request) => match response {
            Ok(response) => response.into().map_into_boxed_body(),
            Err(error) => error.into(),
        },
        _ = receiver.receive(&stream) => return, // the client is gone
    };
    let end = async {
        let (head, body) = encode_head(response, codec, write_buf)?;
        send(&stream, &receiver, head, body).await?;
        close(&stream).await
    };
    if let Err(error) = end.await {
        log::debug!("an upgraded connection ended: {error}");
    }
}

fn encode_head(
    response: Response<BoxBody>,
    mut codec: Codec,
    mut buffer: BytesMut,
) -> io::Result<(Bytes, BoxBody)> {
    let (mut head, body) = response.into_parts();
    if head.status() != StatusCode::SWITCHING_PROTOCOLS {
        head.head_mut().set_connection_type(ConnectionType::Close);
    }
    codec.encode(Message::Item((head, body.size())), &mut buffer)?;
    Ok((buffer.freeze(), body))
}

/// Sends a response, and receives for its body what the client sends meanwhile.
async fn send(
    stream: &TcpStream,
    receiver: &Receiver,
    head: Bytes,
    body: BoxBody,
) -> io::Result<()> {
    let client_finished = async {
        receiver.receive(stream).await?;
        sleep(FINISH_TIMEOUT).await;
        Err(io::ErrorKind::TimedOut.into())
    };
    tokio::select! { biased;
        failed = client_finished => failed,
        written = write(stream, head, body) => written,
    }
}

/// Ends a connection: finishes sending, and reads until the client has finished as well. Closing
/// a connection with unread input resets it, and what was sent last can be lost.
async fn close(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream).shutdown(Shutdown::Write)?;
    let rest = async {
        let mut buffer = [0; 4096];
        loop {
            stream.readable().await?;
            match stream.try_read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    };
    timeout(CLOSE_TIMEOUT, rest).await.unwrap_or(Ok(()))
}
