//! At the start: addresses as people write them, and clear messages for what cannot work.

use super::common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;

use common::proxy::{find_program, free_address};
use common::{Program, Redis, Server, test_message, wait_until};
use futures_util::future::join_all;

/// Asserts that a server with these flags works.
async fn assert_works(flags: &[&str]) {
    let program = Program::start(flags);
    assert_eq!(program.post(r#"{"body":"hi"}"#).await.status, 201);
    program.stop().await;
}

/// Asserts that a server with these flags does not start, and why.
async fn assert_fails(flags: &[&str], expected: &str) {
    let error = Program::fails_to_start(flags).await;
    assert!(error.contains(expected), "{expected} in {error}");
    assert!(!error.contains("secret"), "{error}");
}

#[tokio::test]
async fn unix_socket() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let path = redis.socket();
    let path = path.to_str().expect("the path is UTF-8");
    assert_works(&[&format!("--redis=redis+unix://{path}")]).await;
    assert_works(&[&format!("--redis=unix://{path}")]).await;
}

#[tokio::test]
async fn password_and_user() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    redis.command::<()>("ACL SETUSER trifold on >secret/1 ~* +@all");
    let address = redis.address;
    assert_works(&[&format!("--redis=redis://trifold:secret%2F1@{address}")]).await;
    assert_works(&[&format!("--redis=redis://trifold:secret%2F1@{address}/3")]).await;
    let path = redis.socket();
    let path = path.to_str().expect("the path is UTF-8");
    let socket = format!("--redis=redis+unix://{path}?user=trifold&pass=secret/1&db=2");
    assert_works(&[&socket]).await;
    let wrong = format!("--redis=redis://trifold:secret-2@{address}");
    assert_fails(&[&wrong], "cannot use the stream trifold at redis://127").await;
    assert_eq!(redis.command::<usize>("DBSIZE"), 3);

    redis.command::<()>("CONFIG SET requirepass secret-3");
    assert_works(&[&format!("--redis=redis://:secret-3@{address}")]).await;
    assert_fails(&[&redis.flag()], "NOAUTH").await;
}

#[tokio::test]
async fn user_without_config() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    redis.command::<()>("ACL SETUSER lecture on >secret ~* +@all -config");
    assert_works(&[&format!("--redis=redis://lecture:secret@{}", redis.address)]).await;
}

/// Runs openssl in a directory.
fn openssl(redis: &Redis, arguments: &str) {
    let program = find_program("openssl").expect("openssl is installed with Redis");
    let status = Command::new(program)
        .args(arguments.split(' '))
        .current_dir(redis.directory())
        .stderr(Stdio::null())
        .status();
    assert!(status.expect("openssl can be executed").success());
}

#[tokio::test]
async fn tls() {
    let port = free_address().port().to_string();
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    openssl(
        &redis,
        "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=ca -keyout ca.key -out ca.crt",
    );
    openssl(
        &redis,
        "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout redis.key -out redis.csr",
    );
    let names = "subjectAltName=DNS:localhost,IP:127.0.0.1\n";
    fs::write(redis.directory().join("names"), names).expect("writable");
    openssl(
        &redis,
        "x509 -req -in redis.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 1 -extfile names -out redis.crt",
    );
    let files = "tls-cert-file redis.crt tls-key-file redis.key tls-ca-cert-file ca.crt tls-auth-clients no";
    redis.command::<()>(&format!("CONFIG SET {files} tls-port {port}"));

    let mut command = Program::command(&[
        "--listen=127.0.0.1:0",
        &format!("--redis=rediss://localhost:{port}"),
    ]);
    command.env("SSL_CERT_FILE", redis.directory().join("ca.crt"));
    let program = Program::run(command);
    assert_eq!(program.post(r#"{"body":"hi"}"#).await.status, 201);
    program.stop().await;
    assert_eq!(redis.command::<usize>("XLEN trifold"), 1);
    let untrusted = format!("--redis=rediss://localhost:{port}");
    assert_fails(&[&untrusted], "cannot use the stream trifold at rediss://").await;
}

#[tokio::test]
async fn unreachable_redis() {
    let closed = free_address();
    assert_fails(&[&format!("--redis=redis://{closed}")], "refused").await;
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("an address");
    let flag = format!("--redis=redis://:secret@{address}");
    assert_fails(&[&flag], "timed out").await;
    let flag = format!("--redis=redis+sentinel://{closed}/lecture");
    assert_fails(
        &[&flag],
        "cannot use the stream trifold at redis+sentinel://",
    )
    .await;
}

#[tokio::test]
async fn invalid_address() {
    for address in [
        "localhost",
        "http://localhost",
        "redis://",
        "redis://localhost/x",
        "redis+sentinel://localhost",
        "redis+sentinel://localhost/",
        "redis+sentinel://:secret@/lecture",
    ] {
        let flag = format!("--redis={address}");
        assert_fails(&[&flag], "use redis://[USER:PASSWORD@]HOST[:PORT][/DB]").await;
    }
}

#[tokio::test]
async fn invalid_combination() {
    let redis = "--redis=redis://localhost";
    for stream in ["", "a b", "{a}", "é", &"x".repeat(129)] {
        let stream = format!("--stream={stream}");
        assert_fails(&[redis, &stream], "1 to 128 of the characters").await;
    }
    assert_fails(&["--stream=a"], "--redis <URL>").await;
    assert_fails(&[redis, "--journal=a.db"], "cannot be used with").await;
}

#[tokio::test]
async fn key_of_another_program() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    for (command, key, expected) in [
        ("SET a 1", "a", "a is a string"),
        ("XADD b * field value", "b", "belongs to another program"),
        (
            "HSET {c}:state field value",
            "c",
            "is incomplete; delete c, {c}:state, {c}:ids",
        ),
        ("SADD {d}:ids value", "d", "{d}:ids is a set"),
        (
            "HSET {e}:state format 2 epoch 000000000000 head 0",
            "e",
            "another version of Trifold",
        ),
    ] {
        redis.command::<()>(command);
        let before = digest(&redis);
        let stream = format!("--stream={key}");
        assert_fails(&[&redis.flag(), &stream], expected).await;
        assert_eq!(digest(&redis), before, "{command}");
    }
}

/// Returns all keys with their content.
fn digest(redis: &Redis) -> Vec<(String, Vec<u8>)> {
    let mut keys: Vec<String> = redis.command("KEYS *");
    keys.sort();
    let dump = |key: String| (key.clone(), redis.command(&format!("DUMP {key}")));
    keys.into_iter().map(dump).collect()
}

/// Answers like a Redis of another version, on any number of connections.
fn answer_as(version: &'static str, listener: &TcpListener) {
    for client in listener.incoming() {
        let client = client.expect("a connection");
        let mut answers = client.try_clone().expect("a second handle");
        let mut lines = BufReader::new(client).lines().map_while(Result::ok);
        // Each command is `*<words>`, and for each word its length and the word.
        while let Some(count) = lines.next() {
            let words = count.trim_start_matches('*').parse().expect("a number");
            let words: Vec<_> = (0..words).filter_map(|_| lines.nth(1)).collect();
            let answer = match &*words[0] {
                "INFO" => {
                    let info = format!("redis_version:{version}\r\nrole:master\r\n");
                    format!("${}\r\n{info}\r\n", info.len())
                }
                _ => "+OK\r\n".to_owned(),
            };
            answers
                .write_all(answer.as_bytes())
                .expect("it is connected");
        }
    }
}

#[tokio::test]
async fn old_redis() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("port 0 is always free");
    let flag = format!(
        "--redis=redis://{}",
        listener.local_addr().expect("an address")
    );
    thread::spawn(move || answer_as("6.2.14", &listener));
    assert_fails(&[&flag], "Redis 7 or newer is needed; this is 6.2.14").await;
}

#[tokio::test]
async fn replica() {
    let (Some(master), Some(replica)) = (Redis::start(&[]), Redis::start(&[])) else {
        return;
    };
    let port = master.address.port();
    replica.command::<()>(&format!("REPLICAOF 127.0.0.1 {port}"));
    assert_fails(&[&replica.flag()], "this Redis is a replica").await;
}

#[tokio::test]
async fn smaller_retention_trims_the_stream() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let first = Program::start(&[&redis.flag(), "--retain-messages=20"]);
    for _ in 0..20 {
        assert_eq!(first.post(r#"{"body":"hi"}"#).await.status, 201);
    }
    first.stop().await;
    let second = Program::start(&[&redis.flag(), "--retain-messages=5"]);
    assert_eq!(redis.command::<usize>("XLEN trifold"), 5);
    assert_eq!(redis.command::<usize>("HLEN {trifold}:ids"), 5);
    let log = second.get("/poll?since=15").await.json();
    assert_eq!(common::versions(&log), [16, 17, 18, 19, 20]);
}

/// What a starting server has not read yet may be evicted meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn server_starts_while_messages_are_evicted() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let flags = [&*redis.flag(), "--retain-messages=600", "--publish-rate=0"];
    let busy = Server::start(&flags);
    let writer = busy.writer.clone();
    let publishing = tokio::spawn(async move {
        for number in 0.. {
            let publish =
                |index| writer.publish(test_message(format!("{number}-{index}"), "hi"));
            for ack in join_all((0..200).map(publish)).await {
                ack.expect("it is published");
            }
        }
    });
    wait_until("messages are evicted", || busy.log.oldest() > 1000).await;
    for _ in 0..20 {
        let server = Server::start(&flags);
        let head = busy.log.head();
        assert!(server.log.oldest() > 1000);
        wait_until("it follows", || server.log.head() >= head).await;
    }
    publishing.abort();
}
