//! `/lab`, the page's control channel: a WebSocket of its own, so that a page's bookkeeping takes
//! none of the browser's six connections per host.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use async_stream::stream;
use futures_util::{Stream, StreamExt};
use serde::Serialize;
use tokio::time::interval;

use super::presence::{ClientSnapshot, LabClient, Presence, PresenceGuard};
use super::request::{MAX_CLIENT_CHARS, parse_identifier};
use crate::http::{ApiError, JsonFields, Log, Query};
use crate::limits::{LimitExceeded, LimitKind};
use crate::log::{MessageLog, to_json};
use crate::publish::PublishCommands;
use crate::ws::{Commands, Frame, Upgrade};

/// How often the meters are sent, if they have changed.
const METERS_INTERVAL: Duration = Duration::from_millis(500);

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum ControlMessage {
    Presence { online: usize },
    Meters(ClientSnapshot),
    Link { down: bool },
    Reset { generation: u64 },
}

/// `GET /lab?client=…`: sends how many clients are online and, twice a second, the meters of this
/// client's panes. The client may publish here, too.
///
/// # Errors
/// 400 without a client's name, 404 if the lab is disabled, 426 without a handshake, 503 if there
/// are too many clients.
pub async fn control(
    log: Log,
    request: HttpRequest,
    presence: Option<web::Data<Presence>>,
    commands: PublishCommands,
    socket: Upgrade,
) -> Result<HttpResponse, ApiError> {
    let Some(presence) = presence.map(web::Data::into_inner) else {
        let title = "The lab is disabled (--no-lab)";
        return Err(ApiError::new(StatusCode::NOT_FOUND, title));
    };
    let query = Query::parse(&request);
    let name = parse_identifier(&query, "client", MAX_CLIENT_CHARS)?
        .ok_or_else(|| ApiError::bad_request("`client` is missing"))?;
    let client = presence
        .client(&name)
        .ok_or(LimitExceeded::from(LimitKind::LabClients))?;
    let commands = LabCommands {
        client: client.clone(),
        publish: commands,
    };
    let guard = presence.join(client);
    let frames = control_stream(log.clone(), presence, guard);
    socket.open(&[], frames.boxed_local(), commands)
}

/// Streams what the client did not ask for: presence and meters, until the log is closed.
fn control_stream(
    log: Arc<MessageLog>,
    presence: Arc<Presence>,
    guard: PresenceGuard,
) -> impl Stream<Item = Frame> {
    stream! {
        let mut online = presence.online();
        online.mark_changed();
        let mut ticks = interval(METERS_INTERVAL);
        let mut closed = pin!(log.closed());
        let mut sent = None;
        loop {
            let message = tokio::select! {
                _ = online.changed() => {
                    ControlMessage::Presence { online: *online.borrow_and_update() }
                }
                _ = ticks.tick() => {
                    let snapshot = guard.client.snapshot();
                    if sent.as_ref() == Some(&snapshot) { continue }
                    sent = Some(snapshot.clone());
                    ControlMessage::Meters(snapshot)
                }
                () = &mut closed => break,
            };
            yield Frame::text(to_json(&message));
        }
        yield Frame::going_away();
    }
}

/// The commands on `/lab`: those on `/ws`, and what only the lab understands.
#[derive(Clone)]
struct LabCommands {
    client: Arc<LabClient>,
    publish: PublishCommands,
}

impl Commands for LabCommands {
    async fn handle(self, json: String) -> Result<String, ApiError> {
        let mut fields = JsonFields::parse(json.as_bytes())?;
        match fields.optional_string("type", 1..=16)?.as_deref() {
            Some("reset") => {
                let generation = self.client.reset_meters();
                Ok(to_json(&ControlMessage::Reset { generation }))
            }
            Some("link") => {
                let down = match fields.required("down")?.get() {
                    "true" => true,
                    "false" => false,
                    _ => {
                        return Err(ApiError::bad_request(
                            "`down` must be true or false",
                        ));
                    }
                };
                self.client.set_link_down(down);
                Ok(to_json(&ControlMessage::Link { down }))
            }
            Some("publish" | "ping") => self.publish.handle(json).await,
            _ => {
                let title = "`type` must be `publish`, `ping`, `link` or `reset`";
                Err(ApiError::bad_request(title))
            }
        }
    }
}
