//! A file that is not a journal, or a corrupt one, is rejected and left unchanged.

use crate::common;

use std::fs;
use std::time::{Duration, Instant};

use common::{JournalFile, Program, with_timeout};
use futures_util::future::join_all;
use rusqlite::Connection;
use serde_json::json;

/// Asserts that the program does not start with this file, reports why, and changes nothing.
async fn assert_rejected(file: &JournalFile, reason: &str) {
    let before = file.all();
    let output = Program::fails_to_start(&[&file.flag()]).await;
    assert!(output.contains(reason), "{output} lacks: {reason}");
    assert!(output.contains("lecture 1?#%.db"), "{output}");
    // No other file in the directory may change either, except SQLite's shared memory.
    let is_persistent = |(name, _): &(String, _)| !name.ends_with("-shm");
    let both = [before, file.all()].map(|mut all| {
        all.retain(is_persistent);
        all
    });
    assert!(both[0] == both[1], "a file was changed");
}

/// Creates a journal with 40 messages that was closed cleanly.
async fn journal() -> JournalFile {
    let file = JournalFile::new();
    let program = Program::start(&[&file.flag()]);
    let body = json!({ "body": "x".repeat(500) }).to_string();
    let published = join_all((0..40).map(|_| program.post(&body))).await;
    assert!(published.iter().all(|response| response.status == 201));
    program.stop().await;
    file
}

#[tokio::test]
async fn non_sqlite_file_is_rejected() {
    for text in ["x", &"Dear diary, ".repeat(1000)] {
        let file = JournalFile::new();
        fs::write(&file.path, text).unwrap();
        assert_rejected(&file, "not an SQLite database").await;
        file.assert_alone();
    }
}

#[tokio::test]
async fn other_database_is_rejected() {
    for mode in ["DELETE", "WAL"] {
        let file = JournalFile::new();
        let other = Connection::open(&file.path).unwrap();
        let set = |pragma, value| {
            other.pragma_update_and_check(None, pragma, value, |_| Ok(()))
        };
        set("journal_mode", mode).unwrap();
        other.execute_batch("CREATE TABLE messages (x)").unwrap();
        drop(other);
        assert_rejected(&file, "not a Trifold journal").await;
        file.assert_alone();
    }
}

#[tokio::test]
async fn unknown_schema_version_is_rejected() {
    let file = journal().await;
    file.open().pragma_update(None, "user_version", 2).unwrap();
    assert_rejected(&file, "another version of Trifold").await;
}

#[tokio::test]
async fn corrupt_page_is_rejected() {
    let file = journal().await;
    let mut bytes = fs::read(&file.path).unwrap();
    assert!(bytes.len() > 5 * 4096);
    bytes[3 * 4096..4 * 4096].fill(0xa5);
    fs::write(&file.path, bytes).unwrap();
    assert_rejected(&file, "corrupt").await;
}

#[tokio::test]
async fn corrupt_page_with_wal_is_rejected() {
    let file = journal().await;
    let program = Program::start(&[&file.flag()]);
    assert_eq!(program.post(r#"{"body":1}"#).await.status, 201);
    program.kill();
    let wal = file.all();
    assert!(
        wal.iter()
            .any(|(name, bytes)| name.ends_with("-wal") && bytes.len() > 4096)
    );
    let mut bytes = fs::read(&file.path).unwrap();
    bytes[4 * 4096..5 * 4096].fill(0xa5);
    fs::write(&file.path, bytes).unwrap();
    assert_rejected(&file, "corrupt").await;
}

#[tokio::test]
async fn corrupt_free_page_is_rejected() {
    let file = journal().await;
    let program = Program::start(&[&file.flag(), "--retain-messages=2"]);
    assert_eq!(program.get("/health").await.json()["oldest"], 39);
    program.stop().await;
    assert_eq!(file.versions(), [39, 40]);
    let mut bytes = fs::read(&file.path).unwrap();
    // SQLite's header contains the first page of the free list.
    let first = u32::from_be_bytes(bytes[32..36].try_into().unwrap()) as usize;
    assert_ne!(first, 0);
    bytes[(first - 1) * 4096..first * 4096].fill(0xa5);
    fs::write(&file.path, bytes).unwrap();
    assert_rejected(&file, "corrupt").await;
}

#[tokio::test]
async fn truncated_file_is_rejected() {
    let file = journal().await;
    let bytes = fs::read(&file.path).unwrap();
    fs::write(&file.path, &bytes[..bytes.len() / 2]).unwrap();
    assert_rejected(&file, "corrupt").await;
}

#[tokio::test]
async fn edited_rows_are_rejected() {
    for (edit, reason) in [
        (
            "DELETE FROM messages WHERE version = 7",
            "message 7 is missing",
        ),
        (
            "UPDATE messages SET body = '{' WHERE version = 7",
            "corrupt",
        ),
        (
            "UPDATE messages SET body = x'00' WHERE version = 7",
            "corrupt",
        ),
        (
            "UPDATE messages SET at = 'noon' WHERE version = 7",
            "corrupt",
        ),
        (
            "UPDATE messages SET version = -1 WHERE version = 1",
            "corrupt",
        ),
        ("DELETE FROM log", "corrupt"),
        ("UPDATE log SET epoch = '\"},{\"abcdef'", "corrupt"),
        ("DROP TABLE messages", "messages"),
    ] {
        let file = journal().await;
        file.open().execute_batch(edit).unwrap();
        assert_rejected(&file, reason).await;
    }
}

#[tokio::test]
async fn non_regular_file_is_rejected() {
    let file = JournalFile::new();
    fs::create_dir(&file.path).unwrap();
    assert_rejected(&file, "not a regular file").await;
    fs::remove_dir(&file.path).unwrap();

    let inside = file.path.join("lecture 1?#%.db");
    let flag = format!("--journal={}", inside.to_str().unwrap());
    let output = Program::fails_to_start(&[&flag]).await;
    assert!(output.contains("No such file"), "{output}");
}

#[tokio::test]
async fn file_in_use_is_rejected() {
    let file = JournalFile::new();
    let first = Program::start(&[&file.flag()]);
    assert_eq!(first.post(r#"{"body":1}"#).await.status, 201);
    assert_rejected(&file, "another server is using it").await;
    assert_eq!(first.post(r#"{"body":2}"#).await.status, 201);
    first.kill();
    let second = Program::start(&[&file.flag()]);
    assert_eq!(second.get("/health").await.json()["head"], 2);
}

#[tokio::test]
async fn empty_file_becomes_journal() {
    let file = JournalFile::new();
    fs::write(&file.path, "").unwrap();
    let program = Program::start(&[&file.flag()]);
    assert_eq!(program.post(r#"{"body":1}"#).await.status, 201);
    assert_eq!(file.versions(), [1]);
}

#[tokio::test]
async fn hard_link_is_rejected() {
    let file = journal().await;
    let link = file.path.with_file_name("lecture 1?#%.db.link");
    fs::hard_link(&file.path, link).unwrap();
    assert_rejected(&file, "hard link").await;
}

/// What is written to a deleted file is lost, so nothing is acknowledged.
#[tokio::test]
async fn moved_file_rejects_messages_until_it_is_back() {
    let file = JournalFile::new();
    let program = Program::start(&[&file.flag()]);
    let message = r#"{"body":1}"#;
    assert_eq!(program.post(message).await.status, 201);
    let name = file.path.to_str().unwrap();
    for suffix in ["", "-wal"] {
        let path = format!("{name}{suffix}");
        let elsewhere = format!("{name}.elsewhere");
        let wait_for_status = async |expected: &str| {
            let status = async || program.get("/health").await.json()["status"].clone();
            with_timeout(async { while status().await != expected {} }).await;
        };
        let moved_at = Instant::now();
        fs::rename(&path, &elsewhere).unwrap();
        wait_for_status("read-only").await; // nothing is published meanwhile
        assert!(moved_at.elapsed() < Duration::from_secs(1));
        for replacement in [None, Some("another file")] {
            if let Some(text) = replacement {
                fs::write(&path, text).unwrap();
            }
            let response = program.post(message).await;
            response.assert_problem(503, "not published");
        }
        fs::rename(&elsewhere, &path).unwrap();
        wait_for_status("ok").await;
        assert_eq!(program.post(message).await.status, 201, "{path}");
    }
    program.stop().await;
    assert_eq!(file.versions(), [1, 2, 3]);
}
