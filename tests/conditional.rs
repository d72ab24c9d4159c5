//! A poller that holds the answer already is told so in a few bytes: ETag and 304.

use crate::common;

use common::{Response, Server};

#[tokio::test]
async fn the_answer_that_is_held_is_not_sent_again() {
    let server = Server::start(&[]);
    server.fill(3);
    let answer = server.get("/poll?since=1").await;
    let tag = answer.header("etag").unwrap().to_owned();
    let weak = format!("W/{tag}");
    let list = format!("\"other\", {tag}, W/\"more\"");
    for held in [tag.as_str(), &weak, &list, "*"] {
        let again = server
            .get_with("/poll?since=1", &[("if-none-match", held)])
            .await;
        assert_eq!((again.status, again.body.len()), (304, 0), "for {held}");
        assert_eq!(again.header("etag"), Some(tag.as_str()));
        assert_eq!(again.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn another_tag_gets_the_answer() {
    let server = Server::start(&[]);
    server.fill(3);
    for held in ["\"other\"", "W/\"other\", \"more\"", "\"\""] {
        let answer = server.get_with("/poll", &[("if-none-match", held)]).await;
        assert_eq!(answer.status, 200, "for {held}");
        assert_eq!(answer.json()["version"], 3);
    }
}

/// What a poller that holds this answer is told after a new message.
async fn answer_after_news(path: &str) -> Response {
    let server = Server::start(&[]);
    server.fill(3);
    let held = server.get(path).await;
    let tag = held.header("etag").expect("a poll has a tag");
    server.say("news").await;
    let answer = server.get_with(path, &[("if-none-match", tag)]).await;
    assert_eq!(answer.status, 200);
    assert_ne!(answer.header("etag"), Some(tag));
    answer
}

#[tokio::test]
async fn a_new_message_changes_the_tag() {
    let answer = answer_after_news("/poll?since=3").await;
    assert_eq!(answer.json()["version"], 4);
}

#[tokio::test]
async fn a_new_message_changes_the_tag_of_an_answer_that_limit_cuts() {
    let answer = answer_after_news("/poll?limit=1").await;
    assert_eq!(answer.json()["head"], 4);
}

#[tokio::test]
async fn another_incarnation_has_another_tag() {
    let (one, other) = (Server::start(&[]), Server::start(&[]));
    let tag = one.get("/poll").await.header("etag").unwrap().to_owned();
    let answer = other.get_with("/poll", &[("if-none-match", &tag)]).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_gap_is_told_even_to_one_who_holds_anything() {
    let server = Server::start(&[]);
    let answer = server
        .get_with("/poll?since=9", &[("if-none-match", "*")])
        .await;
    answer.assert_problem(410, "cannot continue");
}
