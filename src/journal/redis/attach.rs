//! What has to be known about a Redis before messages pass a connection to it.

use redis::aio::MultiplexedConnection;
use redis::{InfoDict, cmd};

use super::stream::{Attached, Held, RedisProcess, Stream, StreamError};
use crate::log::{MessageLog, new_epoch};

/// The oldest Redis that has what the scripts need.
const MIN_REDIS_MAJOR: u32 = 7;

/// Checks the Redis, and compares the stream with the log. Without a log, which a server that
/// starts does not have yet, it warns of settings with which Redis may lose messages.
///
/// # Errors
/// If the Redis or the stream is not suitable, or does not answer.
pub(super) async fn attach(
    connection: &mut MultiplexedConnection,
    stream: &Stream,
    log: Option<&MessageLog>,
) -> Result<Attached, StreamError> {
    let process = check(connection).await?;
    let held = log.map(held_by).unwrap_or_default();
    let attached = stream
        .attach(connection, &new_epoch(), &process, &held)
        .await?;
    if let Some(reason) = &attached.reason {
        log::error!("journal: {reason}; the new epoch is {}", attached.epoch);
    }
    if log.is_none() {
        warn_of_settings(connection).await;
    }
    Ok(attached)
}

fn held_by(log: &MessageLog) -> Held {
    let (epoch, head, newest) = log.newest();
    Held {
        epoch: (*epoch).to_owned(),
        head,
        newest: newest.unwrap_or_default().into(),
    }
}

async fn check(
    connection: &mut MultiplexedConnection,
) -> Result<RedisProcess, StreamError> {
    let info: InfoDict = cmd("INFO").query_async(connection).await?;
    let version: String = info.get("redis_version").unwrap_or_default();
    let major = version
        .split('.')
        .next()
        .and_then(|major| major.parse().ok());
    if major.is_none_or(|major: u32| major < MIN_REDIS_MAJOR) {
        return Err(StreamError::Unsuitable(format!(
            "Redis {MIN_REDIS_MAJOR} or newer is needed; this is {version}"
        )));
    }
    if info.get::<String>("role").as_deref() != Some("master") {
        let reason =
            "this Redis is a replica; use the address of its master, or of sentinels";
        return Err(StreamError::Unsuitable(reason.to_owned()));
    }
    let Some(run_id) = info.get("run_id") else {
        return Err(StreamError::Unsuitable("INFO has no run_id".to_owned()));
    };
    // A promoted replica lacks what the former master acknowledged last.
    let is_promoted = info.get::<i64>("second_repl_offset") != Some(-1);
    Ok(RedisProcess {
        run_id,
        is_durable: !is_promoted
            && has(connection, "appendonly", "yes").await
            && has(connection, "appendfsync", "always").await
            && has(connection, "no-appendfsync-on-rewrite", "no").await,
    })
}

async fn has(connection: &mut MultiplexedConnection, name: &str, value: &str) -> bool {
    setting(connection, name).await.as_deref() == Some(value)
}

/// Returns a setting, if this user may read it: managed services often forbid `CONFIG`.
async fn setting(connection: &mut MultiplexedConnection, name: &str) -> Option<String> {
    let mut command = cmd("CONFIG");
    command.arg("GET").arg(name);
    let pair: Result<(String, String), _> = command.query_async(connection).await;
    pair.ok().map(|(_, value)| value)
}

async fn warn_of_settings(connection: &mut MultiplexedConnection) {
    match setting(connection, "maxmemory-policy").await.as_deref() {
        Some("noeviction") => {}
        Some(policy) => log::warn!(
            "journal: maxmemory-policy is {policy}: Redis may evict the log; set it to noeviction"
        ),
        None => {
            return log::warn!(
                "journal: this user may not read the settings of Redis, so each restart of Redis \
                 begins a new epoch"
            );
        }
    }
    if !has(connection, "appendonly", "yes").await {
        log::warn!(
            "journal: appendonly is off: if Redis fails, acknowledged messages are lost; set \
             appendonly to yes and appendfsync to always"
        );
    } else if !has(connection, "appendfsync", "always").await {
        log::warn!(
            "journal: appendfsync is not always: if Redis fails, the messages acknowledged last \
             may be lost; set it to always"
        );
    }
}
