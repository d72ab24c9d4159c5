//! A client that finishes sending still gets the answer to what it published.

use crate::common;

use common::{JournalFile, RawConnection, Server};

const MESSAGE: &str = r#"{"type":"publish","body":1}"#;

/// Finishes sending, and returns what the server still sends, as far as it is text.
async fn answer(connection: &mut RawConnection) -> String {
    connection.finish_sending().await;
    String::from_utf8_lossy(&connection.read_to_end().await).into_owned()
}

/// Publishes in this way a few times, each on its own connection.
async fn assert_answered(query: &str, flags: &[&str]) {
    let server = Server::start(flags);
    for number in 1..=20 {
        let mut connection = server.connect_raw().await;
        connection.publish(query, r#"{"body":1}"#).await;
        let answer = answer(&mut connection).await;
        assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
        assert_eq!(server.log.head(), number);
    }
}

#[tokio::test]
async fn publication_is_answered() {
    assert_answered("", &[]).await;
}

#[tokio::test]
async fn publication_is_answered_after_commit() {
    let journal = JournalFile::new();
    assert_answered("", &[&journal.flag()]).await;
}

#[tokio::test]
async fn publication_is_answered_after_delay() {
    assert_answered("?down_ms=20", &[]).await;
}

#[tokio::test]
async fn delayed_publication_is_not_published_unanswered() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    connection.publish("?up_ms=200", r#"{"body":1}"#).await;
    let answer = answer(&mut connection).await;
    assert_eq!(
        answer.starts_with("HTTP/1.1 201 "),
        server.log.head() == 1,
        "{answer}"
    );
}

#[tokio::test]
async fn pipelined_publications_are_answered() {
    let journal = JournalFile::new();
    let server = Server::start(&[&journal.flag()]);
    let mut connection = server.connect_raw().await;
    for _ in 0..5 {
        connection.publish("", r#"{"body":1}"#).await;
    }
    let answers = answer(&mut connection).await;
    assert_eq!(
        answers.matches("HTTP/1.1 201 ").count() as u64,
        server.log.head()
    );
}

#[tokio::test]
async fn socket_replies() {
    let journal = JournalFile::new();
    let server = Server::start(&[&journal.flag()]);
    for number in 1..=20 {
        let mut connection = server.connect_raw().await;
        connection.upgrade("", &[]).await;
        connection.send_text(MESSAGE).await;
        let answer = answer(&mut connection).await;
        assert!(answer.contains(r#""type":"published""#), "{answer}");
        assert_eq!(server.log.head(), number);
    }
}

#[tokio::test]
async fn body_that_ends_early_is_not_published() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    let headers = ["Content-Type: application/json", "Content-Length: 20"];
    connection.request("POST /messages", &headers).await;
    connection.send(r#"{"body":1}"#).await;
    let answer = answer(&mut connection).await;
    assert!(!answer.contains("201"), "{answer}");
    assert_eq!(server.log.head(), 0);
}
