//! A client: one subscriber of the log, by one of the three techniques. It behaves as the
//! page's careful loops do, and holds as little as it can, because there are thousands of it.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep, sleep_until};

use super::flags::Technique;
use super::tally::{Next, Page};
use super::target::Target;
use super::wire::{Bytes, Wire, handshake_key, pong, title};

/// The longest that a client waits before its next attempt; the first wait is a tenth of a
/// second at most, and each one twice the one before.
const BACK_OFF_MAX: Duration = Duration::from_secs(5);

/// The first wait is that at most.
const BACK_OFF_MIN: Duration = Duration::from_millis(100);

/// What all clients of a run share.
pub struct Plan {
    /// The server.
    pub target: Target,
    /// From one answer's due time to the next, for polling.
    pub every: Duration,
    /// Whether polls carry the last answer's validator, so that the server may say 304.
    pub conditional: bool,
    /// Whether a client that lost its connection comes back.
    pub reconnect: bool,
    /// Where a refusal is told that no retry mends.
    pub hopeless: UnboundedSender<String>,
}

/// Why a client's connection is at its end.
enum End {
    /// Nothing is wrong: the server closed a connection that was idle, or told of a gap.
    Again,
    /// Something broke, or the server said no.
    Failed(String),
    /// The server said no, and will say so again.
    Hopeless(String),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<String> for End {
    fn from(what: String) -> Self {
        Self::Failed(what)
    }
}

/// How long to wait before the next attempt: at random, up to a bound that doubles.
pub struct BackOff(Duration);

impl Default for BackOff {
    fn default() -> Self {
        Self(BACK_OFF_MIN)
    }
}

impl BackOff {
    /// For a client that was served: when it loses that, all others may have lost it in the same
    /// moment, because the server was restarted.
    fn of_many() -> Self {
        Self(BACK_OFF_MAX)
    }

    /// The next wait.
    pub fn wait(&mut self) -> Duration {
        let bound = self.0;
        self.0 = (bound * 2).min(BACK_OFF_MAX);
        bound.mul_f64(rand::random())
    }
}

/// One client, from `first` on and for as long as the run takes.
pub async fn run(
    plan: Arc<Plan>,
    technique: Technique,
    source: Option<IpAddr>,
    page: Page,
    first: Instant,
) {
    sleep_until(first).await;
    let phase = plan.every.mul_f64(rand::random());
    let mut client = Client {
        plan,
        source,
        page,
        next_poll: Instant::now() + phase,
        back_off: BackOff::default(),
    };
    loop {
        let Err(end) = match technique {
            Technique::Poll => client.poll().await,
            Technique::Longpoll => client.longpoll().await,
            Technique::Ws => client.ws().await,
        };
        let failure = match end {
            End::Again => None,
            End::Failed(what) => Some(what),
            End::Hopeless(what) => {
                let _ = client.plan.hopeless.send(what.clone());
                Some(what)
            }
        };
        let wait = match failure {
            None => Duration::ZERO,
            Some(what) => {
                client.page.error(what);
                client.back_off.wait()
            }
        };
        // Until it was there once, it is not coming back: it is still coming.
        if !client.plan.reconnect && client.page.is_open() {
            return;
        }
        sleep(wait).await;
    }
}

struct Client {
    plan: Arc<Plan>,
    source: Option<IpAddr>,
    page: Page,
    next_poll: Instant,
    back_off: BackOff,
}

/// There is no end but by an error.
type Endless = Result<std::convert::Infallible, End>;

impl Client {
    async fn connect(&self) -> Result<Wire<Page>, End> {
        let wire = Wire::connect(&self.plan.target, self.source, self.page.clone());
        let wire = wire.await?;
        self.page.connected();
        Ok(wire)
    }

    async fn ask(&self, wire: &mut Wire<Page>, path: &str, more: &str) -> io::Result<()> {
        let request = format!(
            "GET {path}?{} HTTP/1.1\r\nHost: {}\r\n{more}\r\n",
            self.page.cursor(),
            self.plan.target.authority
        );
        wire.send(request.as_bytes()).await?;
        self.page
            .book(wire.book(), |counters| counters.requests += 1);
        Ok(())
    }

    /// Waits for an answer, and takes it. Returns what comes next, whether the connection
    /// lives on, and the answer's validator.
    async fn hear(
        &mut self,
        wire: &mut Wire<Page>,
    ) -> Result<(Next, bool, Option<String>), End> {
        let head = wire.answer().await?;
        let at = std::time::Instant::now();
        let bytes = wire.book();
        let next = match head.status {
            200 | 410 => self.page.take(wire.body(&head), at, bytes)?,
            304 => {
                self.page.book(bytes, |counters| counters.empty += 1);
                Next::Wait
            }
            status => {
                self.page.book(bytes, |_| {});
                return Err(refusal(status, wire.body(&head)));
            }
        };
        wire.done(&head);
        self.back_off = BackOff::of_many();
        Ok((next, !head.closes, head.etag))
    }

    /// Polling: ask, again and again. A poll that is due while the answer before has not come
    /// is left out, so there is never more than one under way.
    async fn poll(&mut self) -> Endless {
        let mut wire = self.connect().await?;
        let mut etag: Option<String> = None;
        loop {
            let condition = match &etag {
                Some(etag) => format!("If-None-Match: {etag}\r\n"),
                None => String::new(),
            };
            let asked = self.page.cursor();
            self.ask(&mut wire, "/poll", &condition).await?;
            let (next, lives, tag) = self.hear(&mut wire).await?;
            self.page.opened();
            // A validator is one URL's, and the URL changes with the cursor.
            etag = tag.filter(|_| self.plan.conditional && asked == self.page.cursor());
            if next == Next::Wait {
                self.wait_for_turn().await;
            }
            if !lives || wire.is_closed() {
                return Err(End::Again);
            }
        }
    }

    async fn wait_for_turn(&mut self) {
        let now = Instant::now();
        while self.next_poll <= now {
            self.page
                .book(Bytes::default(), |counters| counters.skipped += 1);
            self.next_poll += self.plan.every;
        }
        sleep_until(self.next_poll).await;
        self.next_poll += self.plan.every;
    }

    /// Long polling: ask, let the server answer when there is news, ask again at once.
    async fn longpoll(&mut self) -> Endless {
        let mut wire = self.connect().await?;
        loop {
            self.ask(&mut wire, "/longpoll", "").await?;
            self.page.opened();
            let (_, lives, _) = self.hear(&mut wire).await?;
            if !lives {
                return Err(End::Again);
            }
        }
    }

    /// WebSocket: ask once, and hear.
    async fn ws(&mut self) -> Endless {
        let mut wire = self.connect().await?;
        let upgrade = format!(
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: {}\r\n",
            handshake_key()
        );
        self.ask(&mut wire, "/ws", &upgrade).await?;
        let head = wire.answer().await?;
        if head.status != 101 {
            return Err(refusal(head.status, wire.body(&head)));
        }
        self.page.book(wire.book(), |_| {});
        wire.done(&head);
        self.page.opened();
        self.back_off = BackOff::of_many();
        let mut is_gap = false;
        loop {
            let frame = wire.frame().await?;
            let at = std::time::Instant::now();
            let bytes = wire.book();
            let payload = wire.payload(&frame);
            if frame.opcode == 1 {
                is_gap |= self.page.take(payload, at, bytes)? == Next::Gap;
            } else {
                self.page.book(bytes, |_| {});
            }
            match frame.opcode {
                8 if is_gap => return Err(End::Again), // closed behind it, as it should be
                8 => {
                    let code = payload.first_chunk().copied().map(u16::from_be_bytes);
                    let code = code.unwrap_or(1005); // none was given (RFC 6455 §7.1.5)
                    let what = format!("the server closed the socket with {code}");
                    return Err(End::Failed(what));
                }
                9 => {
                    let pong = pong(payload);
                    wire.send(&pong).await?;
                }
                _ => {}
            }
            wire.passed(&frame);
        }
    }
}

/// What a refusal means: the server may change its mind about being busy, but not about what
/// it does not serve.
fn refusal(status: u16, body: &[u8]) -> End {
    let what = format!("the server says {status} {}", title(body))
        .trim_end()
        .to_owned();
    match status {
        408 | 429 | 500.. => End::Failed(what),
        _ => End::Hopeless(what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_random_and_bounded() {
        let mut back_off = BackOff::default();
        for bound in [100, 200, 400, 800, 1600, 3200, 5000, 5000] {
            assert!(back_off.wait() <= Duration::from_millis(bound));
        }
        let mut seconds = [0; 5];
        for _ in 0..1000 {
            seconds[BackOff::of_many().wait().as_secs() as usize] += 1;
        }
        assert!(
            seconds.iter().all(|clients| *clients < 1000 / 3),
            "{seconds:?}"
        );
    }

    #[test]
    fn only_what_can_pass_is_tried_again() {
        for status in [408, 429, 500, 503] {
            assert!(matches!(refusal(status, b""), End::Failed(_)));
        }
        for status in [200, 400, 403, 404, 421, 426] {
            assert!(matches!(refusal(status, b""), End::Hopeless(_)));
        }
    }
}
