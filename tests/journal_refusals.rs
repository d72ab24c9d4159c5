//! What is no journal, or somebody else's, is refused in words and left as it was.

use crate::common;

use std::fs;

use common::{JournalFile, Program};
use futures_util::future::join_all;
use rusqlite::Connection;
use serde_json::json;

/// Asserts that the program does not start on the file, says why, and changes nothing.
async fn assert_refused(file: &JournalFile, why: &str) {
    let before = file.all();
    let said = Program::refused(&[&file.flag()]).await;
    assert!(said.contains(why), "{said} does not name: {why}");
    assert!(said.contains("lecture 1?#%.db"), "{said}");
    // What is beside it counts, too, but for the memory that SQLite shares.
    let is_lasting = |(name, _): &(String, _)| !name.ends_with("-shm");
    let both = [before, file.all()].map(|mut all| {
        all.retain(is_lasting);
        all
    });
    assert!(both[0] == both[1], "something was changed");
}

/// A journal with messages, closed cleanly.
async fn journal() -> JournalFile {
    let file = JournalFile::new();
    let program = Program::start(&[&file.flag()]);
    let body = json!({ "body": "x".repeat(500) }).to_string();
    let published = join_all((0..40).map(|_| program.post(&body))).await;
    assert!(published.iter().all(|answer| answer.status == 201));
    program.stop().await;
    file
}

#[tokio::test]
async fn what_is_not_sqlite() {
    for text in ["x", &"Dear diary, ".repeat(1000)] {
        let file = JournalFile::new();
        fs::write(&file.path, text).unwrap();
        assert_refused(&file, "not an SQLite database").await;
        file.assert_alone();
    }
}

#[tokio::test]
async fn another_programs_database() {
    for mode in ["DELETE", "WAL"] {
        let file = JournalFile::new();
        let other = Connection::open(&file.path).unwrap();
        let set = |pragma, value| {
            other.pragma_update_and_check(None, pragma, value, |_| Ok(()))
        };
        set("journal_mode", mode).unwrap();
        other.execute_batch("CREATE TABLE messages (x)").unwrap();
        drop(other);
        assert_refused(&file, "not a Trifold journal").await;
        file.assert_alone();
    }
}

#[tokio::test]
async fn a_form_that_is_not_known_yet() {
    let file = journal().await;
    file.open().pragma_update(None, "user_version", 2).unwrap();
    assert_refused(&file, "another version of Trifold").await;
}

#[tokio::test]
async fn a_damaged_page() {
    let file = journal().await;
    let mut bytes = fs::read(&file.path).unwrap();
    assert!(bytes.len() > 5 * 4096);
    bytes[3 * 4096..4 * 4096].fill(0xa5);
    fs::write(&file.path, bytes).unwrap();
    assert_refused(&file, "corrupt").await;
}

#[tokio::test]
async fn a_damaged_page_with_unfinished_work_beside_it() {
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
    assert_refused(&file, "corrupt").await;
}

#[tokio::test]
async fn a_damaged_page_of_those_that_are_free() {
    let file = journal().await;
    let program = Program::start(&[&file.flag(), "--retain-messages=2"]);
    assert_eq!(program.get("/health").await.json()["oldest"], 39);
    program.stop().await;
    assert_eq!(file.versions(), [39, 40]);
    let mut bytes = fs::read(&file.path).unwrap();
    // Where the list of free pages begins, as SQLite's header says.
    let first = u32::from_be_bytes(bytes[32..36].try_into().unwrap()) as usize;
    assert_ne!(first, 0);
    bytes[(first - 1) * 4096..first * 4096].fill(0xa5);
    fs::write(&file.path, bytes).unwrap();
    assert_refused(&file, "corrupt").await;
}

#[tokio::test]
async fn half_a_file() {
    let file = journal().await;
    let bytes = fs::read(&file.path).unwrap();
    fs::write(&file.path, &bytes[..bytes.len() / 2]).unwrap();
    assert_refused(&file, "corrupt").await;
}

#[tokio::test]
async fn what_somebody_else_has_written_into_it() {
    for (edit, why) in [
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
        assert_refused(&file, why).await;
    }
}

#[tokio::test]
async fn what_is_no_file_or_cannot_be_one() {
    let file = JournalFile::new();
    fs::create_dir(&file.path).unwrap();
    assert_refused(&file, "not a regular file").await;
    fs::remove_dir(&file.path).unwrap();

    let inside = file.path.join("lecture 1?#%.db");
    let flag = format!("--journal={}", inside.to_str().unwrap());
    let said = Program::refused(&[&flag]).await;
    assert!(said.contains("No such file"), "{said}");
}

#[tokio::test]
async fn a_file_that_another_server_is_using() {
    let file = JournalFile::new();
    let first = Program::start(&[&file.flag()]);
    assert_eq!(first.post(r#"{"body":1}"#).await.status, 201);
    assert_refused(&file, "another server is using it").await;
    assert_eq!(first.post(r#"{"body":2}"#).await.status, 201);
    first.kill();
    let second = Program::start(&[&file.flag()]);
    assert_eq!(second.get("/health").await.json()["head"], 2);
}

#[tokio::test]
async fn an_empty_file_becomes_a_journal() {
    let file = JournalFile::new();
    fs::write(&file.path, "").unwrap();
    let program = Program::start(&[&file.flag()]);
    assert_eq!(program.post(r#"{"body":1}"#).await.status, 201);
    assert_eq!(file.versions(), [1]);
}
