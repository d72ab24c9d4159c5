//! The metrics: what the server does, counted for Prometheus. `GET /metrics` tells them as
//! OpenMetrics text; docs/operations.md says what each means when it moves.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{Error, HttpResponse, web};
use futures_util::TryFutureExt;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::limits::{Limit, Limits, Seat};
use crate::message_log::{Batch, End, Gap, MessageLog, Reason};
use crate::problem::Problem;
use crate::sequencer::Sequencer;

/// The media type of OpenMetrics text, which Prometheus reads.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the server has done, and does.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    answers: Family<Answer, Counter>,
    /// Those of `answers` that almost all are: looking a counter up costs more than counting.
    usual: [(Answer, Counter); 8],
    refusals: Family<Refusal, Counter>,
    gaps: Family<Lost, Counter>,
    /// What `/poll` told.
    pub poll: Told,
    /// What `/longpoll` told.
    pub longpoll: Told,
    /// What `/ws` told.
    pub ws: Told,
    /// How long polls were held.
    pub held: Histogram,
    now: Now,
}

/// What is read from elsewhere when somebody asks.
#[derive(Debug, Default)]
struct Now {
    connections: Gauge,
    websockets: Gauge,
    held_polls: Gauge,
    waiting: Gauge,
    oldest: Gauge,
    head: Gauge,
    bytes: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    endpoint: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refusal {
    limit: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Lost {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct By {
    technique: &'static str,
}

/// The endpoints, and the status with which each of them answers almost always.
const ENDPOINTS: [(&str, u16); 8] = [
    ("poll", 200),
    ("longpoll", 200),
    ("ws", 101),
    ("messages", 201),
    ("lab", 101),
    ("time", 200),
    ("health", 200),
    ("metrics", 200),
];

impl Refusal {
    fn of(limit: Limit) -> Self {
        let limit = limit.name();
        Self { limit }
    }
}

impl Lost {
    fn because(reason: Reason) -> Self {
        let reason = reason.name();
        Self { reason }
    }
}

/// What one technique has told its readers.
#[derive(Debug)]
pub struct Told {
    batches: Counter,
    messages: Counter,
    bytes: Counter,
    latency: Histogram,
}

impl Told {
    /// A batch is handed over to a reader who asked at `asked`. It is late by the time since
    /// then, or since its newest message was numbered, whichever is shorter.
    pub fn tell(&self, batch: &Batch, asked: Instant) {
        self.batches.inc();
        self.bytes.inc_by(batch.json.len() as u64);
        if !batch.is_empty() {
            self.messages.inc_by(batch.version - batch.since);
            let late = asked.max(batch.numbered).elapsed();
            self.latency.observe(late.as_secs_f64());
        }
    }
}

/// What is told of each technique, while it is registered.
struct Families {
    batches: Family<By, Counter>,
    messages: Family<By, Counter>,
    bytes: Family<By, Counter>,
    latency: Family<By, Histogram>,
}

impl Families {
    fn register(registry: &mut Registry) -> Self {
        let own = Self {
            batches: Family::default(),
            messages: Family::default(),
            bytes: Family::default(),
            latency: Family::new_with_constructor(|| seconds(50e-6, 18)),
        };
        registry.register(
            "batches",
            "Batches told, empty ones too",
            own.batches.clone(),
        );
        let messages = own.messages.clone();
        registry.register("messages", "Messages told, for each reader", messages);
        let help = "JSON of the batches told, without headers and frames";
        registry.register_with_unit("batch", help, Unit::Bytes, own.bytes.clone());
        let help = "From when a message was numbered and its reader asked, until it was \
                    handed to the socket";
        let latency = own.latency.clone();
        registry.register_with_unit("publish_to_write", help, Unit::Seconds, latency);
        own
    }

    /// Resolved once: looking a counter up costs more than counting.
    fn told(&self, technique: &'static str) -> Told {
        let by = By { technique };
        Told {
            batches: self.batches.get_or_create_owned(&by),
            messages: self.messages.get_or_create_owned(&by),
            bytes: self.bytes.get_or_create_owned(&by),
            latency: self.latency.get_or_create_owned(&by),
        }
    }
}

/// A histogram of times, from `first` seconds up, each bucket twice as long.
fn seconds(first: f64, buckets: u16) -> Histogram {
    Histogram::new(exponential_buckets(first, 2.0, buckets))
}

/// What the journal's commits take.
#[derive(Debug, Clone)]
pub struct Commits {
    seconds: Histogram,
    messages: Histogram,
    failures: Counter,
}

impl Default for Commits {
    fn default() -> Self {
        Self {
            seconds: seconds(100e-6, 16),
            messages: Histogram::new(exponential_buckets(1.0, 2.0, 11)),
            failures: Counter::default(),
        }
    }
}

impl Commits {
    /// One that succeeded: so many messages, and so long for writing and waiting for the disk.
    pub fn succeeded(&self, messages: usize, took: Duration) {
        self.seconds.observe(took.as_secs_f64());
        self.messages.observe(messages as f64);
    }

    /// One that failed.
    pub fn failed(&self) {
        self.failures.inc();
    }

    fn register(&self, registry: &mut Registry) {
        let help = "How long a commit of the journal took, the disk included";
        let seconds = self.seconds.clone();
        registry.register_with_unit("journal_commit", help, Unit::Seconds, seconds);
        let help = "Messages that shared a commit of the journal";
        registry.register("journal_commit_messages", help, self.messages.clone());
        let help = "Commits of the journal that failed; their messages were refused";
        registry.register("journal_failures", help, self.failures.clone());
    }
}

impl Metrics {
    /// All at nought, with the journal's if there is one.
    pub fn new(sequencer: &Sequencer, limits: &Limits) -> Self {
        let mut registry = Registry::with_prefix("trifold");
        let families = Families::register(&mut registry);
        let answers = Family::<Answer, Counter>::default();
        let own = Self {
            usual: ENDPOINTS.map(|(endpoint, status)| {
                let usual = Answer { endpoint, status };
                let counter = answers.get_or_create_owned(&usual);
                (usual, counter)
            }),
            answers,
            refusals: Family::default(),
            gaps: Family::default(),
            poll: families.told("poll"),
            longpoll: families.told("longpoll"),
            ws: families.told("ws"),
            held: seconds(1e-3, 16),
            now: Now::default(),
            registry: Registry::default(),
        };
        // What has not happened yet is 0, and not missing: only so can its growth be asked for.
        for limit in Limit::ALL {
            let _ = own.refusals.get_or_create(&Refusal::of(limit));
        }
        for reason in Reason::ALL {
            let _ = own.gaps.get_or_create(&Lost::because(reason));
        }
        own.register(&mut registry);
        limits.register(&mut registry);
        if let Some(commits) = sequencer.commits() {
            commits.register(&mut registry);
        }
        Self { registry, ..own }
    }

    fn register(&self, registry: &mut Registry) {
        let help = "Answers, by endpoint and status; 101 is a WebSocket that was opened";
        registry.register("answers", help, self.answers.clone());
        let help = "What was refused because it was past a limit";
        registry.register("refusals", help, self.refusals.clone());
        let help = "Readers who were told that the log cannot go on from their cursor";
        registry.register("gaps", help, self.gaps.clone());
        let help = "How long a poll was held";
        registry.register_with_unit("held", help, Unit::Seconds, self.held.clone());
        let mut gauge = |name: &str, help: &str, own: &Gauge| {
            registry.register(name, help, own.clone());
        };
        gauge(
            "connections",
            "Connections that are served",
            &self.now.connections,
        );
        gauge("websockets", "WebSockets open on /ws", &self.now.websockets);
        gauge("held_polls", "Polls that are held", &self.now.held_polls);
        gauge(
            "waiting",
            "Readers who wait for the next message",
            &self.now.waiting,
        );
        gauge(
            "log_oldest",
            "Oldest version that the log keeps",
            &self.now.oldest,
        );
        gauge("log_head", "Newest version of the log", &self.now.head);
        let help = "Encoded messages that the log keeps";
        registry.register_with_unit("log", help, Unit::Bytes, self.now.bytes.clone());
    }

    /// Counts what one WebSocket is told, and holds its seat as long as it is told anything.
    pub fn socket(
        self: &Arc<Self>,
        seat: Option<Seat>,
    ) -> impl FnMut(&Result<Batch, End>) + use<> {
        let metrics = self.clone();
        let mut asked = Instant::now();
        move |next| {
            let _ = &seat;
            match next {
                // Who was told this asks for the next.
                Ok(batch) => {
                    metrics
                        .ws
                        .tell(batch, mem::replace(&mut asked, Instant::now()));
                }
                Err(End::Gap(gap)) => metrics.lose(gap),
                Err(End::Closed) => {}
            }
        }
    }

    /// A refusal, on whichever way it was told.
    pub fn refuse(&self, problem: &Problem) {
        if let Some(limit) = problem.limit() {
            self.past(limit);
        }
        if let Some(gap) = problem.gap() {
            self.lose(gap);
        }
    }

    /// Something past a limit.
    pub fn past(&self, limit: Limit) {
        self.refusals.get_or_create(&Refusal::of(limit)).inc();
    }

    /// A gap that a reader was told.
    pub fn lose(&self, gap: &Gap) {
        self.gaps.get_or_create(&Lost::because(gap.reason)).inc();
    }

    fn answer<B>(&self, answer: &ServiceResponse<B>) {
        let (path, status) = (answer.request().path(), answer.status().as_u16());
        let name = path.strip_prefix('/');
        let known = self
            .usual
            .iter()
            .find(|(usual, _)| Some(usual.endpoint) == name);
        match known {
            Some((usual, counter)) if usual.status == status => counter.inc(),
            _ => {
                // All others are the page's, so that nobody can make up labels.
                let endpoint = known.map_or("page", |(usual, _)| usual.endpoint);
                self.answers
                    .get_or_create(&Answer { endpoint, status })
                    .inc()
            }
        };
        if let Some(error) = answer.response().error()
            && let Some(problem) = error.as_error()
        {
            self.refuse(problem);
        }
    }

    /// All of them as text.
    fn text(&self, log: &MessageLog, limits: &Limits) -> String {
        let set = |gauge: &Gauge, value: u64| gauge.set(value as i64);
        set(&self.now.connections, limits.connections.taken() as u64);
        set(&self.now.websockets, limits.sockets.taken() as u64);
        set(&self.now.held_polls, limits.held.taken() as u64);
        set(&self.now.waiting, log.waiting() as u64);
        set(&self.now.oldest, log.oldest());
        set(&self.now.head, log.head());
        set(&self.now.bytes, log.bytes() as u64);
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a string has room for all");
        text
    }
}

/// The middleware that counts answers and refusals.
pub fn count<S, B>(
    request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<B>, Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    service.call(request).inspect_ok(|answer| {
        if let Some(metrics) = answer.request().app_data::<web::Data<Metrics>>() {
            metrics.answer(answer);
        }
    })
}

/// `GET /metrics`: all metrics, as OpenMetrics text.
pub async fn metrics(
    metrics: web::Data<Metrics>,
    log: web::Data<MessageLog>,
    limits: web::Data<Limits>,
) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(OPEN_METRICS)
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(metrics.text(&log, &limits))
}
