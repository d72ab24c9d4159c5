//! The simulated network: real traffic, later. Time is added by the server and by nobody
//! else; what is sent stays what would have been sent.

use std::collections::VecDeque;
use std::future::{Ready, ready};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use actix_http::Payload;
use actix_web::body::{BodySize, BodyStream, BoxBody, MessageBody};
use actix_web::dev::{
    Service, ServiceRequest, ServiceResponse, Transform, forward_ready,
};
use actix_web::http::StatusCode;
use actix_web::{Error, HttpMessage, HttpResponse};
use async_stream::stream;
use bytes::Bytes;
use futures_util::future::{Either, LocalBoxFuture};
use futures_util::{FutureExt, Stream, StreamExt};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep, sleep_until};

use super::room::Link;
use super::{owner, refuse_when_off};
use crate::cursor::Query;
use crate::problem::Problem;

/// Most milliseconds that one parameter adds, and how long `hang` hangs.
pub const CAP_MS: u64 = 20_000;

/// Most bytes and pieces under way on one delayed socket; beyond it the sender waits.
const FLIGHT_BYTES: usize = 1 << 20;
const FLIGHT_PIECES: usize = 4096;

const PARAMETERS: [&str; 7] = [
    "up_ms",
    "down_ms",
    "jitter_ms",
    "seed",
    "fault",
    "client",
    "pane",
];

/// What goes wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// No answer for [`CAP_MS`], then the connection is cut.
    Hang,
    /// The server says that it is not available.
    Unavailable,
    /// The connection is cut, and nothing was done.
    Reset,
    /// It was done, but the connection is cut before the answer.
    LostReply,
}

/// How bad the network is for one request, or for one socket.
struct Conditions {
    up: Duration,
    down: Duration,
    jitter_ms: u64,
    seed: u64,
    fault: Option<Fault>,
    link: Option<Link>,
}

impl Conditions {
    /// What a request asks for; `None` when it asks for nothing.
    fn of(request: &ServiceRequest) -> Result<Option<Self>, Problem> {
        let request = request.request();
        let query = Query::of(request);
        if !query.has_any(&PARAMETERS) {
            return Ok(None);
        }
        refuse_when_off(request, &query, &PARAMETERS)?;
        let ms = |name| query.number(name, 0..=CAP_MS, 0);
        Ok(Some(Self {
            up: Duration::from_millis(ms("up_ms")?),
            down: Duration::from_millis(ms("down_ms")?),
            jitter_ms: ms("jitter_ms")?,
            seed: query.number("seed", 0..=u64::MAX, 0)?,
            fault: match query.get("fault")?.as_deref() {
                None => None,
                Some("hang") => Some(Fault::Hang),
                Some("503") => Some(Fault::Unavailable),
                Some("reset") => Some(Fault::Reset),
                Some("lost-reply") => Some(Fault::LostReply),
                Some(_) => {
                    let title = "`fault` must be `hang`, `503`, `reset` or `lost-reply`";
                    return Err(Problem::bad_request(title));
                }
            },
            link: owner(request, &query)?.map(|(member, _)| member.link()),
        }))
    }

    /// The way there, or the way back: one for all, so that nothing overtakes on it.
    fn line(&self, delay: Duration, way: u64) -> Line {
        let random = StdRng::seed_from_u64(self.seed.wrapping_mul(2).wrapping_add(way));
        Line {
            delay,
            jitter_ms: self.jitter_ms,
            random,
            link: self.link.clone(),
        }
    }
}

/// The middleware that delays a request on its way in, and its answer on its way out. It
/// refuses parameters that do not parse, and all of them where the lab is off, with 400.
pub struct Network;

impl<S> Transform<S, ServiceRequest> for Network
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error> + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type InitError = ();
    type Transform = BehindNetwork<S>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let service = Rc::new(service);
        ready(Ok(BehindNetwork { service }))
    }
}

/// A service behind the simulated network.
pub struct BehindNetwork<S> {
    service: Rc<S>,
}

impl<S> Service<ServiceRequest> for BehindNetwork<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error> + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Future =
        Either<S::Future, LocalBoxFuture<'static, Result<ServiceResponse, Error>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        match Conditions::of(&request) {
            Ok(None) => self.service.call(request).left_future(),
            // In a box, so that a request on a good network, which may be held, stays small.
            Ok(Some(conditions)) => delay(conditions, request, self.service.clone())
                .boxed_local()
                .right_future(),
            Err(problem) => {
                let refusal = request.error_response(problem);
                ready(Ok(refusal)).boxed_local().right_future()
            }
        }
    }
}

async fn delay<S>(
    conditions: Conditions,
    mut request: ServiceRequest,
    service: Rc<S>,
) -> Result<ServiceResponse, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error>,
{
    let mut up = conditions.line(conditions.up, 0);
    let mut down = conditions.line(conditions.down, 1);
    up.pass().await;
    match conditions.fault {
        None => {}
        Some(Fault::Hang) => {
            sleep(Duration::from_millis(CAP_MS)).await;
            return Ok(request.into_response(cut()));
        }
        Some(Fault::Reset) => return Ok(request.into_response(cut())),
        Some(Fault::LostReply) => {
            let done = service.call(request).await?;
            return Ok(done.into_response(cut()));
        }
        Some(Fault::Unavailable) => {
            let problem = Problem::unavailable("The simulated network says 503");
            return Ok(request.error_response(problem));
        }
    }
    if request.path() == "/ws" && up.is_bad() {
        let payload = request.take_payload();
        let delayed =
            up.delay(payload, None, |piece| piece.as_ref().map_or(0, Bytes::len));
        request.set_payload(Payload::Stream {
            payload: Box::pin(delayed),
        });
    }

    let mut answer = service.call(request).await?;

    // The content is fixed by now. Waiting before it was would only make a fresh answer late,
    // and hide that answers overtake each other.
    let fixed = Instant::now();
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS && down.is_bad() {
        let line = conditions.line(conditions.down, 2);
        answer = answer.map_body(|_, body| {
            let frames = line.delay(frames_of(body), Some(fixed), |frame| {
                frame.as_ref().map_or(0, Bytes::len)
            });
            BodyStream::new(frames).boxed()
        });
    }
    down.pass().await;
    Ok(answer)
}

/// A sleep that is over already would still take a millisecond.
async fn sleep_until_due(due: Instant) {
    if due > Instant::now() {
        sleep_until(due).await;
    }
}

/// One direction of a link: a delay, spread at random, and the link being up at all.
struct Line {
    delay: Duration,
    jitter_ms: u64,
    random: StdRng,
    link: Option<Link>,
}

impl Line {
    /// Whether there is anything to do.
    fn is_bad(&self) -> bool {
        !self.delay.is_zero() || self.jitter_ms > 0 || self.link.is_some()
    }

    fn draw(&mut self) -> Duration {
        match self.jitter_ms {
            0 => self.delay,
            most => {
                self.delay + Duration::from_millis(self.random.random_range(0..=most))
            }
        }
    }

    /// Waits as long as one thing takes.
    async fn pass(&mut self) {
        sleep_until_due(Instant::now() + self.draw()).await;
        if let Some(link) = &mut self.link {
            link.up().await;
        }
    }

    /// The same stream, later. Pieces stay in order, as TCP keeps them, and several are under
    /// way at one time: a slow link is not a narrow one. All that is there at once
    /// left at `started`, where that is known.
    fn delay<T>(
        mut self,
        pieces: impl Stream<Item = T>,
        started: Option<Instant>,
        size: fn(&T) -> usize,
    ) -> impl Stream<Item = T> {
        enum Event<T> {
            Left(Option<T>),
            Due,
        }
        stream! {
            let mut pieces = pin!(pieces.fuse());
            let mut under_way: VecDeque<(Instant, T)> = VecDeque::new();
            let mut bytes = 0;
            let mut ended = false;
            let mut at_once = started;
            loop {
                let room = !ended && bytes < FLIGHT_BYTES && under_way.len() < FLIGHT_PIECES;
                let there = at_once.filter(|_| room).and_then(|started| {
                    Some((Event::Left(pieces.next().now_or_never()?), started))
                });
                let due = under_way.front().map_or_else(Instant::now, |&(due, _)| due);
                let (event, left_at) = match there {
                    Some(there) => there,
                    None => {
                        at_once = None;
                        let event = tokio::select! {
                            piece = pieces.next(), if room => Event::Left(piece),
                            () = sleep_until_due(due), if !under_way.is_empty() => Event::Due,
                            else => return,
                        };
                        (event, Instant::now())
                    }
                };
                match event {
                    Event::Left(None) => ended = true,
                    Event::Left(Some(piece)) => {
                        bytes += size(&piece);
                        // Whoever is due before the one ahead waits for it, and then for nothing.
                        under_way.push_back((left_at + self.draw(), piece));
                    }
                    Event::Due => {
                        if let Some(link) = &mut self.link {
                            link.up().await;
                        }
                        if let Some((_, piece)) = under_way.pop_front() {
                            bytes -= size(&piece);
                            yield piece;
                        }
                    }
                }
            }
        }
    }
}

fn frames_of(body: BoxBody) -> impl Stream<Item = Result<Bytes, Error>> {
    stream! {
        let mut body = pin!(body);
        while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_next(cx)).await {
            yield frame.map_err(actix_web::error::ErrorInternalServerError);
        }
    }
}

/// An answer that never comes: its body fails before its first byte, and actix then drops the
/// connection with all that was not written.
fn cut() -> HttpResponse {
    HttpResponse::Ok().body(Cut)
}

struct Cut;

impl MessageBody for Cut {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Bytes, Self::Error>>> {
        std::task::Poll::Ready(Some(Err("cut by the simulated network".into())))
    }
}

#[cfg(test)]
mod tests {
    //! The line alone, on a clock that moves only while everyone waits.

    use futures_util::stream;
    use tokio::time::advance;

    use super::*;

    fn line(delay_ms: u64, jitter_ms: u64, seed: u64) -> Line {
        let conditions = Conditions {
            up: Duration::ZERO,
            down: Duration::ZERO,
            jitter_ms,
            seed,
            fault: None,
            link: None,
        };
        conditions.line(Duration::from_millis(delay_ms), 0)
    }

    /// What arrives of `0..count`, sent at intervals, and after how many milliseconds.
    async fn arrivals(line: Line, count: u64, every_ms: u64) -> Vec<(u64, u128)> {
        let sent = stream! {
            for number in 0..count {
                yield number;
                sleep_until_due(Instant::now() + Duration::from_millis(every_ms)).await;
            }
        };
        let started = Instant::now();
        let delayed = line.delay(sent, None, |_| 1);
        let arrived = delayed.map(|number| (number, started.elapsed().as_millis()));
        arrived.collect().await
    }

    #[tokio::test(start_paused = true)]
    async fn several_are_under_way_and_each_is_delayed_as_long() {
        let expected: Vec<_> = (0..50).map(|n| (n, u128::from(1000 + 10 * n))).collect();
        assert_eq!(arrivals(line(1000, 0, 0), 50, 10).await, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn jitter_adds_up_to_its_most_and_never_reorders() {
        let arrived = arrivals(line(100, 100, 42), 200, 0).await;
        assert!(arrived.iter().map(|&(number, _)| number).eq(0..200));
        assert!(arrived.is_sorted_by_key(|&(_, at)| at));
        assert!(arrived.iter().all(|(_, at)| (100..=200).contains(at)));
        assert!(arrived[0].1 < 200 && arrived[199].1 > 100, "{arrived:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_seed_gives_the_same_delays() {
        let first = arrivals(line(10, 100, 42), 50, 20).await;
        assert_eq!(arrivals(line(10, 100, 42), 50, 20).await, first);
        assert_ne!(arrivals(line(10, 100, 43), 50, 20).await, first);
    }

    #[tokio::test(start_paused = true)]
    async fn all_that_is_there_at_once_left_when_it_started() {
        let started = Instant::now();
        advance(Duration::from_millis(1000)).await;
        let delayed = line(1000, 0, 0).delay(stream::iter(0..5), Some(started), |_| 1);
        assert_eq!(delayed.count().await, 5);
        assert_eq!(started.elapsed().as_millis(), 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_good_line_takes_no_time() {
        advance(Duration::from_micros(500)).await;
        let started = Instant::now();
        line(0, 0, 0).pass().await;
        assert_eq!(arrivals(line(0, 0, 0), 50, 0).await.len(), 50);
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn the_sender_waits_when_the_line_is_full() {
        for (size, most) in [(1, FLIGHT_PIECES), (FLIGHT_BYTES / 4, 4)] {
            let sent = std::cell::Cell::new(0);
            let pieces = stream::repeat(size).inspect(|_| sent.set(sent.get() + 1));
            let mut delayed = pin!(line(10, 0, 0).delay(pieces, None, |size| *size));
            delayed.next().await;
            assert_eq!(sent.get(), most);
        }
    }
}
