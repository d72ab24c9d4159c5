//! `GET /metrics`, the gauges of the log, and the middleware that counts responses.

use std::fmt;
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{Error, HttpResponse, web};
use futures_util::TryFutureExt;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use crate::diagnostics;
use crate::http::app_state;
use crate::journal::LogWriter;
use crate::limits::{LimitKind, Limits};
use crate::log::{GapReason, MessageLog};
use crate::metrics::Metrics;

/// The media type of OpenMetrics text, which Prometheus reads.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Registers the metrics of all modules.
pub(super) fn register(writer: &LogWriter, limits: &Arc<Limits>) -> (Registry, Metrics) {
    let mut root = Registry::default();
    #[cfg(target_os = "linux")]
    root.sub_registry_with_prefix("process")
        .register_collector(Box::new(crate::process::ProcessCollector));
    let registry = root.sub_registry_with_prefix("trifold");
    let metrics = Metrics::register(
        registry,
        LimitKind::ALL.map(LimitKind::name),
        GapReason::ALL.map(GapReason::name),
    );
    limits.register_metrics(registry);
    writer.register_metrics(registry);
    diagnostics::register_metrics(registry);
    registry.register_collector(Box::new(LogGauges(writer.log().clone())));
    (root, metrics)
}

/// The gauges of the log, read when metrics are scraped.
struct LogGauges(Arc<MessageLog>);

impl fmt::Debug for LogGauges {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LogGauges")
    }
}

impl Collector for LogGauges {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let log = &self.0;
        let waiters = log.waiter_count() as u64;
        let bytes = log.bytes() as u64;
        for (name, help, unit, value) in [
            (
                "log_waiters",
                "Readers that wait for a message",
                None,
                waiters,
            ),
            (
                "log_oldest_version",
                "Oldest version in the log",
                None,
                log.oldest(),
            ),
            (
                "log_head_version",
                "Newest version in the log",
                None,
                log.head(),
            ),
            (
                "log_size",
                "Encoded messages in the log",
                Some(&Unit::Bytes),
                bytes,
            ),
        ] {
            let gauge = ConstGauge::new(value as i64);
            let metric =
                encoder.encode_descriptor(name, help, unit, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}

/// Middleware that counts responses and the errors in them.
pub(super) fn count_responses<S, B>(
    request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<B>, Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    service.call(request).inspect_ok(|response| {
        let Ok(state) = app_state(response.request()) else {
            return;
        };
        let (path, status) = (response.request().path(), response.status());
        state.metrics.record_response(path, status.as_u16());
        if let Some(error) = response.response().error()
            && let Some(error) = error.as_error()
        {
            state.record_error(error);
        }
    })
}

/// `GET /metrics`: all metrics, as OpenMetrics text.
pub(super) async fn metrics(registry: web::Data<Registry>) -> HttpResponse {
    let mut text = String::new();
    encode(&mut text, &registry).expect("writing to a string cannot fail");
    HttpResponse::Ok()
        .content_type(OPEN_METRICS)
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(text)
}
