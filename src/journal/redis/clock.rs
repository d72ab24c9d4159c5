//! The clock of Redis, which dates the messages of all servers.

use std::time::Instant;

use redis::aio::MultiplexedConnection;
use redis::{RedisResult, cmd};

use crate::log::unix_millis;

/// Number of readings; the one with the shortest round trip counts.
const READINGS: usize = 3;

/// Returns by how much the clock of Redis is ahead of this machine's, in microseconds. It is wrong
/// by at most half the shortest round trip.
pub(super) async fn measure_offset(
    connection: &mut MultiplexedConnection,
) -> RedisResult<i64> {
    let mut best = None;
    for _ in 0..READINGS {
        let (before, started) = (unix_millis(), Instant::now());
        let (seconds, micros): (f64, f64) = cmd("TIME").query_async(connection).await?;
        let round_trip = started.elapsed();
        let middle = before * 1000.0 + round_trip.as_micros() as f64 / 2.0;
        let offset = (seconds * 1e6 + micros - middle) as i64;
        if best.is_none_or(|(shortest, _)| round_trip < shortest) {
            best = Some((round_trip, offset));
        }
    }
    Ok(best.map_or(0, |(_, offset)| offset))
}
