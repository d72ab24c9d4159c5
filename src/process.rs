//! The standard `process_*` metrics
//! (<https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>), read from
//! `/proc` when metrics are scraped.

use std::fmt;

use procfs::process::{LimitValue, Process};
use procfs::{ProcResult, WithCurrentSystemInfo};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit::{Bytes, Seconds};

/// Reads this process' figures.
#[derive(Debug)]
pub struct ProcessCollector;

struct ProcessFigures {
    cpu_seconds: f64,
    start_time_seconds: f64,
    resident_bytes: i64,
    virtual_bytes: i64,
    open_fds: i64,
    max_fds: i64,
}

impl ProcessFigures {
    fn read() -> ProcResult<Self> {
        let process = Process::myself()?;
        let stat = process.stat()?;
        let max_fds = match process.limits()?.max_open_files.soft_limit {
            LimitValue::Value(max) => i64::try_from(max).unwrap_or(i64::MAX),
            LimitValue::Unlimited => i64::MAX,
        };
        let ticks = procfs::ticks_per_second() as f64;
        Ok(Self {
            cpu_seconds: (stat.utime + stat.stime) as f64 / ticks,
            start_time_seconds: procfs::boot_time_secs()? as f64
                + stat.starttime as f64 / ticks,
            resident_bytes: stat.rss_bytes().get() as i64,
            virtual_bytes: stat.vsize as i64,
            open_fds: process.fd_count()? as i64,
            max_fds,
        })
    }
}

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let Ok(figures) = ProcessFigures::read() else {
            return Ok(()); // `/proc` cannot be read
        };
        let cpu = ConstCounter::new(figures.cpu_seconds);
        let start = ConstGauge::new(figures.start_time_seconds);
        let resident = ConstGauge::new(figures.resident_bytes);
        let size = ConstGauge::new(figures.virtual_bytes);
        let open_fds = ConstGauge::new(figures.open_fds);
        let max_fds = ConstGauge::new(figures.max_fds);
        let metrics: [(_, _, _, &dyn EncodeMetric); 6] = [
            ("cpu", "User and system CPU time", Some(Seconds), &cpu),
            (
                "start_time",
                "Start time, since 1970",
                Some(Seconds),
                &start,
            ),
            ("resident_memory", "Resident memory", Some(Bytes), &resident),
            ("virtual_memory", "Virtual memory", Some(Bytes), &size),
            ("open_fds", "Open file descriptors", None, &open_fds),
            ("max_fds", "Maximum number of open files", None, &max_fds),
        ];
        for (name, help, unit, metric) in metrics {
            let kind = metric.metric_type();
            metric.encode(encoder.encode_descriptor(
                name,
                help,
                unit.as_ref(),
                kind,
            )?)?;
        }
        Ok(())
    }
}
