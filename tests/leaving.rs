//! A client that leaves, in whatever way, is not waited for: the gauge is back to 0 soon.

use crate::common;

use common::{RawConnection, Server, WebSocketClient, append, until};

async fn held_poll(server: &Server) -> RawConnection {
    let mut wire = server.wire().await;
    wire.request("GET /longpoll?wait_ms=25000", &[]).await;
    until("the poll is held", || server.log.waiting() == 1).await;
    wire
}

async fn quiet_socket(server: &Server) -> WebSocketClient {
    let socket = server.socket("").await;
    until("the socket waits", || server.log.waiting() == 1).await;
    socket
}

async fn assert_forgotten(server: &Server) {
    until("nobody waits", || server.log.waiting() == 0).await;
    assert_eq!(server.get("/health").await.json()["waiters"], 0);
}

#[tokio::test]
async fn health_tells_how_many_wait() {
    let server = Server::start(&[]);
    let _poll = held_poll(&server).await;
    let _socket = server.socket("").await;
    until("both wait", || server.log.waiting() == 2).await;
    assert_eq!(server.get("/health").await.json()["waiters"], 2);
}

#[tokio::test]
async fn a_held_poll_ends_when_its_connection_is_closed() {
    let server = Server::start(&[]);
    drop(held_poll(&server).await);
    assert_forgotten(&server).await;
}

#[tokio::test]
async fn a_held_poll_ends_when_its_connection_is_reset() {
    let server = Server::start(&[]);
    held_poll(&server).await.reset();
    assert_forgotten(&server).await;
}

#[tokio::test]
async fn a_held_poll_ends_when_its_connection_is_half_closed() {
    use tokio::io::AsyncWriteExt;
    let server = Server::start(&[]);
    let mut wire = held_poll(&server).await;
    wire.stream().shutdown().await.unwrap();
    assert_forgotten(&server).await;
}

#[tokio::test]
async fn a_held_poll_with_another_request_behind_it_ends_with_its_connection() {
    let server = Server::start(&[]);
    let mut wire = held_poll(&server).await;
    wire.request("GET /longpoll?wait_ms=25000", &[]).await;
    drop(wire);
    assert_forgotten(&server).await;
}

#[tokio::test]
async fn a_held_poll_ends_when_its_client_gives_up() {
    let server = Server::start(&[]);
    tokio::select! {
        _ = server.get("/longpoll?wait_ms=25000") => panic!("nothing was published"),
        () = until("the poll is held", || server.log.waiting() == 1) => {}
    }
    assert_forgotten(&server).await;
}

#[tokio::test]
async fn a_socket_ends_with_a_close_frame() {
    let server = Server::start(&[]);
    let mut socket = quiet_socket(&server).await;
    socket.stream.close(None).await.unwrap();
    assert_forgotten(&server).await;
}

#[tokio::test]
async fn a_close_frame_is_answered_with_its_code_and_the_end_of_the_connection() {
    let server = Server::start(&[]);
    let mut wire = server.wire().await;
    wire.upgrade("", &[]).await;
    wire.send(common::masked_frame(0x88, &3000_u16.to_be_bytes()))
        .await;
    assert_eq!(wire.close_code().await, 3000);
    wire.closed().await;
}

#[tokio::test]
async fn a_socket_ends_when_its_connection_is_closed() {
    let server = Server::start(&[]);
    drop(quiet_socket(&server).await);
    assert_forgotten(&server).await;
}

#[tokio::test]
async fn a_socket_ends_when_its_connection_is_reset() {
    let server = Server::start(&[]);
    let socket = quiet_socket(&server).await;
    socket.stream.get_ref().set_zero_linger().unwrap();
    drop(socket);
    assert_forgotten(&server).await;
}

#[tokio::test]
async fn a_socket_ends_when_its_connection_is_half_closed() {
    use tokio::io::AsyncWriteExt;
    let server = Server::start(&[]);
    let mut socket = quiet_socket(&server).await;
    socket.stream.get_mut().shutdown().await.unwrap();
    assert_forgotten(&server).await;
}

#[tokio::test]
async fn those_who_stay_are_served_when_others_leave() {
    let server = Server::start(&[]);
    let mut stays = server.socket("").await;
    let leaves: Vec<_> = [server.wire().await, server.wire().await].into();
    for mut wire in leaves {
        wire.request("GET /longpoll?wait_ms=25000", &[]).await;
        until("both wait", || server.log.waiting() == 2).await;
        drop(wire);
        until("one waits", || server.log.waiting() == 1).await;
    }
    append(&server.log, "one", "hi");
    assert_eq!(stays.json().await["version"], 1);
}
