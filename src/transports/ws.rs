//! WebSocket: the client requests once, the server sends whenever there are messages.

use actix_web::HttpResponse;

use crate::http::{ApiError, Log};
use crate::log::Cursor;
use crate::publish::PublishCommands;
use crate::ws::Upgrade;

/// `GET /ws`: sends the messages after the cursor and then every new one. The client may send
/// `publish` and `ping` on the same socket.
///
/// # Errors
/// 400 for an invalid cursor or handshake, 426 without a handshake. If the log cannot continue
/// from the cursor, the socket gets a `gap` message and is closed with 4010.
pub async fn ws(
    log: Log,
    cursor: Cursor,
    socket: Upgrade,
    commands: PublishCommands,
) -> Result<HttpResponse, ApiError> {
    socket.respond(log.follow(cursor), commands)
}
