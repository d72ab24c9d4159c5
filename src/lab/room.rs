//! The room: who is here, and `/lab`, the page's control channel. It is a WebSocket of its
//! own, so that a page's bookkeeping takes none of the browser's six connections.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BodyStream, MessageBody};
use actix_web::{HttpRequest, HttpResponse, web};
use async_stream::stream;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, interval, timeout_at};

use super::meter::{Meter, Reading};
use super::{CLIENT_MAX, name};
use crate::Options;
use crate::cursor::Query;
use crate::limits::Limit;
use crate::message_log::{MessageLog, encode, text_frame};
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::socket::{self, Ears, Replies};
use crate::transports::publish::{Members, Publisher};
use crate::transports::ws;

/// Most members that are remembered; the one seen longest ago makes room for the next.
pub const MEMBERS_MAX: usize = 2048;

/// Most panes of one member that are counted.
pub const PANES_MAX: usize = 8;

/// How often a member is told its meters.
const METERS_EVERY: Duration = Duration::from_millis(500);

/// Longest that a link stays down: as long as any other fault.
const LINK_DOWN_MAX: Duration = Duration::from_millis(super::network::CAP_MS);

/// Everyone whose traffic is counted, and how many of them have the page open.
pub struct Room {
    members: Mutex<Roll>,
    here: watch::Sender<usize>,
}

#[derive(Default)]
struct Roll {
    by_name: HashMap<Box<str>, Seen>,
    clock: u64,
}

struct Seen {
    member: Arc<Member>,
    last: u64,
}

/// One client: its meters and its link.
#[derive(Default)]
pub struct Member {
    meters: Mutex<Meters>,
    /// Until when the link is down.
    down: watch::Sender<Option<Instant>>,
}

#[derive(Default)]
struct Meters {
    by_pane: BTreeMap<String, Arc<Meter>>,
    resets: u64,
}

/// What all meters of a member read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readings {
    /// Number of resets so far.
    pub generation: u64,
    /// By pane.
    pub panes: BTreeMap<String, Reading>,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            members: Mutex::default(),
            here: watch::Sender::new(0),
        }
    }
}

impl Room {
    /// The member of this name, made when there is none. `None` when the room is full of
    /// members that are busy: such traffic is served, and not counted.
    pub fn member(&self, name: &str) -> Option<Arc<Member>> {
        let mut members = self.members.lock();
        members.clock += 1;
        let now = members.clock;
        if let Some(seen) = members.by_name.get_mut(name) {
            seen.last = now;
            return Some(seen.member.clone());
        }
        if members.by_name.len() >= MEMBERS_MAX {
            let idle = members
                .by_name
                .iter()
                .filter(|(_, seen)| Arc::strong_count(&seen.member) == 1);
            let oldest = idle
                .min_by_key(|(_, seen)| seen.last)
                .map(|(name, _)| name.clone())?;
            members.by_name.remove(&oldest);
        }
        let member = Arc::new(Member::default());
        members.by_name.insert(
            name.into(),
            Seen {
                member: member.clone(),
                last: now,
            },
        );
        Some(member)
    }
}

impl Member {
    /// The meter of one pane, made when there is none; `None` past [`PANES_MAX`].
    pub fn meter(&self, pane: &str) -> Option<Arc<Meter>> {
        let mut meters = self.meters.lock();
        if let Some(meter) = meters.by_pane.get(pane) {
            return Some(meter.clone());
        }
        if meters.by_pane.len() >= PANES_MAX {
            return None;
        }
        let meter = Arc::new(Meter::default());
        meters.by_pane.insert(pane.to_owned(), meter.clone());
        Some(meter)
    }

    /// What its meters read now.
    pub fn read(&self) -> Readings {
        let meters = self.meters.lock();
        let read = |(pane, meter): (&String, &Arc<Meter>)| (pane.clone(), meter.read());
        Readings {
            generation: meters.resets,
            panes: meters.by_pane.iter().map(read).collect(),
        }
    }

    /// New meters for all panes. What is still under way is counted on the old ones. Tells how
    /// often this was done by now.
    fn reset(&self) -> u64 {
        let mut meters = self.meters.lock();
        meters.by_pane.clear();
        meters.resets += 1;
        meters.resets
    }

    /// Takes the link down for [`LINK_DOWN_MAX`], or up again.
    fn set_link(&self, down: bool) {
        let until = down.then(|| Instant::now() + LINK_DOWN_MAX);
        self.down.send_replace(until);
    }

    /// The member's link.
    pub fn link(&self) -> Link {
        Link(self.down.subscribe())
    }
}

/// A member's link, as one request or socket sees it.
#[derive(Clone)]
pub struct Link(watch::Receiver<Option<Instant>>);

impl Link {
    /// Waits until the link is up.
    pub async fn up(&mut self) {
        let down = *self.0.borrow();
        if let Some(until) = down {
            let up = self.0.wait_for(Option::is_none);
            let _ = timeout_at(until, up).await; // a link whose member is gone is up
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Told {
    Presence { online: usize },
    Meters(Readings),
    Link { down: bool },
    Reset { generation: u64 },
}

/// `GET /lab?client=…`: tells who is here and what the client's panes cost, twice a second,
/// and takes what the page publishes, so that a page needs one connection for all of that.
///
/// # Errors
/// 400 without a client's name, 404 where the lab is off, 426 for what is no handshake, 503
/// when the room is full.
pub async fn lab(
    log: web::Data<MessageLog>,
    publisher: Publisher,
    metrics: web::Data<Metrics>,
    room: web::Data<Room>,
    request: HttpRequest,
    options: web::Data<Options>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    if options.no_lab {
        let title = "The lab is off (--no-lab)";
        return Err(Problem::new(actix_web::http::StatusCode::NOT_FOUND, title));
    }
    let query = Query::of(&request);
    let client = name(&query, "client", CLIENT_MAX)?
        .ok_or_else(|| Problem::bad_request("`client` is missing"))?;
    let member = room
        .member(&client)
        .ok_or_else(|| Problem::unavailable("The room is full").past(Limit::Room))?;
    let ears = Ears::new(payload, options.max_message_bytes, metrics);
    let stay = attend(log, publisher, room, member, ears);
    socket::open(&request, &[], BodyStream::new(stay).boxed())
}

/// One member's stay: what it is told.
fn attend(
    log: web::Data<MessageLog>,
    publisher: Publisher,
    room: web::Data<Room>,
    member: Arc<Member>,
    ears: Ears,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream! {
        let _stay = Stay::begin(&room, &member);
        let mut here = room.here.subscribe();
        here.mark_changed();
        let mut meters = interval(METERS_EVERY);
        let mut closed = pin!(log.closed());
        let answer = |json| answer(&publisher, &member, json);
        let mut replies = Replies::new(ears, answer);
        let mut told = None;
        loop {
            let say = tokio::select! {
                reply = replies.next() => match reply {
                    None => return,
                    Some(frame) => {
                        yield Ok(frame);
                        continue;
                    }
                },
                _ = here.changed() => {
                    let now = *here.borrow_and_update();
                    encode(&Told::Presence { online: now })
                }
                _ = meters.tick() => {
                    let readings = member.read();
                    if told.as_ref() == Some(&readings) { continue }
                    told = Some(readings.clone());
                    encode(&Told::Meters(readings))
                }
                () = &mut closed => {
                    yield Ok(socket::going_away());
                    return;
                }
            };
            yield Ok(text_frame(&say));
        }
    }
}

/// Being in the room, until it is dropped.
struct Stay<'a> {
    room: &'a Room,
    member: &'a Member,
}

impl<'a> Stay<'a> {
    fn begin(room: &'a Room, member: &'a Member) -> Self {
        room.here.send_modify(|here| *here += 1);
        Self { room, member }
    }
}

impl Drop for Stay<'_> {
    fn drop(&mut self) {
        self.room.here.send_modify(|here| *here -= 1);
        self.member.set_link(false);
    }
}

async fn answer(publisher: &Publisher, member: &Member, json: String) -> Bytes {
    let reply = reply(publisher, member, json.as_bytes()).await;
    text_frame(&reply.unwrap_or_else(|problem| publisher.refused(&problem)))
}

/// What a page may say here: what may be said on `/ws`, and what only the lab understands.
async fn reply(
    publisher: &Publisher,
    member: &Member,
    json: &[u8],
) -> Result<String, Problem> {
    let mut members = Members::parse(json)?;
    match members.string("type", 1..=16)?.as_deref() {
        Some("reset") => {
            let generation = member.reset();
            Ok(encode(&Told::Reset { generation }))
        }
        Some("link") => {
            let down = match members.raw("down")?.get() {
                "true" => true,
                "false" => false,
                _ => return Err(Problem::bad_request("`down` must be true or false")),
            };
            member.set_link(down);
            Ok(encode(&Told::Link { down }))
        }
        Some("publish" | "ping") => ws::reply(publisher, json).await,
        _ => {
            let title = "`type` must be `publish`, `ping`, `link` or `reset`";
            Err(Problem::bad_request(title))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_link_that_nobody_takes_up_is_up_in_the_end_for_all_that_waits() {
        let member = Member::default();
        let mut link = member.link();
        member.set_link(true);
        let started = Instant::now();
        for _ in 0..3 {
            link.up().await;
        }
        assert_eq!(started.elapsed().as_secs(), LINK_DOWN_MAX.as_secs());
        member.set_link(true);
        drop(member);
        link.up().await;
        assert_eq!(started.elapsed().as_secs(), LINK_DOWN_MAX.as_secs());
    }
}
