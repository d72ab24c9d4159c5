//! What has to be known about a Redis before it is used.

use redis::aio::MultiplexedConnection;
use redis::{InfoDict, cmd};

use super::stream::{Attached, Held, Stream, StreamError};
use crate::log::{MessageLog, new_epoch};

/// The oldest Redis that has what the scripts need.
const MIN_REDIS_MAJOR: u32 = 7;

/// Connects a log with the stream: checks the Redis, and compares what both hold. The log keeps its
/// epoch, or gets a new one if messages may be lost.
///
/// # Errors
/// If the Redis or the stream is not suitable, or does not answer.
pub(super) async fn attach(
    connection: &mut MultiplexedConnection,
    stream: &Stream,
    log: &MessageLog,
) -> Result<Attached, StreamError> {
    let (epoch, head, newest) = log.newest();
    let held = Held {
        epoch: (*epoch).to_owned(),
        head,
        newest: newest.unwrap_or_default().into(),
    };
    let (run_id, is_durable) = check(connection).await?;
    let redis = (&*run_id, is_durable);
    let attached = stream
        .attach(connection, &new_epoch(), redis, &held)
        .await?;
    if !attached.reason.is_empty() {
        let Attached { epoch, reason, .. } = &attached;
        log::error!("journal: {reason}; the new epoch is {epoch}");
    }
    Ok(attached)
}

/// The same for a server that starts: its log is empty and belongs to no stream yet. Warns of
/// settings with which Redis may lose messages.
///
/// # Errors
/// If the Redis or the stream is not suitable, or does not answer.
pub(super) async fn attach_first(
    connection: &mut MultiplexedConnection,
    stream: &Stream,
) -> Result<Attached, StreamError> {
    let (run_id, is_durable) = check(connection).await?;
    let held = Held {
        epoch: String::new(),
        head: 0,
        newest: String::new(),
    };
    let redis = (&*run_id, is_durable);
    let attached = stream
        .attach(connection, &new_epoch(), redis, &held)
        .await?;
    if !attached.reason.is_empty() {
        log::warn!("journal: {}", attached.reason);
    }
    warn_of_settings(connection).await;
    Ok(attached)
}

/// Returns the run id, and whether a restart keeps every acknowledged message.
async fn check(
    connection: &mut MultiplexedConnection,
) -> Result<(String, bool), StreamError> {
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
    // A promoted replica has not got what the former master acknowledged last.
    let is_promoted = info.get::<i64>("second_repl_offset") != Some(-1);
    let fsync = setting(connection, "appendfsync").await;
    let has_aof = info.get::<u8>("aof_enabled") == Some(1);
    let is_durable = has_aof && fsync.as_deref() == Some("always") && !is_promoted;
    Ok((run_id, is_durable))
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
        None => log::warn!(
            "journal: this user may not read the settings of Redis: a restart of Redis begins a new epoch"
        ),
    }
    let append_only = setting(connection, "appendonly").await;
    let fsync = setting(connection, "appendfsync").await;
    match (append_only.as_deref(), fsync.as_deref()) {
        (Some("yes"), Some("always")) | (None, _) => {}
        (Some("yes"), fsync) => log::warn!(
            "journal: appendfsync is {}: if Redis fails, the last acknowledged messages may be \
             lost; set it to always",
            fsync.unwrap_or("unknown")
        ),
        _ => log::warn!(
            "journal: appendonly is off: if Redis fails, acknowledged messages are lost; set \
             appendonly to yes and appendfsync to always"
        ),
    }
}
