//! A client that disconnects in any way frees its long poll or socket at once.

use crate::common;

use common::{RawConnection, Server, WebSocketClient, append, wait_until};

async fn waiting_poll(server: &Server) -> RawConnection {
    let mut connection = server.connect_raw().await;
    connection.request("GET /longpoll?wait_ms=25000", &[]).await;
    wait_until("the poll waits", || server.log.waiter_count() == 1).await;
    connection
}

async fn waiting_socket(server: &Server) -> WebSocketClient {
    let socket = server.socket("").await;
    wait_until("the socket waits", || server.log.waiter_count() == 1).await;
    socket
}

async fn assert_no_waiters(server: &Server) {
    wait_until("no reader waits", || server.log.waiter_count() == 0).await;
    assert_eq!(server.get("/health").await.json()["waiters"], 0);
}

#[tokio::test]
async fn health_reports_waiters() {
    let server = Server::start(&[]);
    let _poll = waiting_poll(&server).await;
    let _socket = server.socket("").await;
    wait_until("both wait", || server.log.waiter_count() == 2).await;
    assert_eq!(server.get("/health").await.json()["waiters"], 2);
}

#[tokio::test]
async fn fin_cancels_long_poll() {
    let server = Server::start(&[]);
    drop(waiting_poll(&server).await);
    assert_no_waiters(&server).await;
}

#[tokio::test]
async fn rst_cancels_long_poll() {
    let server = Server::start(&[]);
    waiting_poll(&server).await.reset();
    assert_no_waiters(&server).await;
}

#[tokio::test]
async fn half_close_cancels_long_poll() {
    let server = Server::start(&[]);
    let mut connection = waiting_poll(&server).await;
    connection.finish_sending().await;
    assert_no_waiters(&server).await;
}

#[tokio::test]
async fn disconnect_cancels_pipelined_long_poll() {
    let server = Server::start(&[]);
    let mut connection = waiting_poll(&server).await;
    connection.request("GET /longpoll?wait_ms=25000", &[]).await;
    drop(connection);
    assert_no_waiters(&server).await;
}

#[tokio::test]
async fn aborted_request_cancels_long_poll() {
    let server = Server::start(&[]);
    tokio::select! {
        _ = server.get("/longpoll?wait_ms=25000") => panic!("nothing was published"),
        () = wait_until("the poll waits", || server.log.waiter_count() == 1) => {}
    }
    assert_no_waiters(&server).await;
}

#[tokio::test]
async fn close_frame_ends_socket() {
    let server = Server::start(&[]);
    let mut socket = waiting_socket(&server).await;
    socket.stream.close(None).await.unwrap();
    assert_no_waiters(&server).await;
}

#[tokio::test]
async fn close_code_is_echoed() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    connection.upgrade("", &[]).await;
    connection
        .send(common::masked_frame(0x88, &3000_u16.to_be_bytes()))
        .await;
    assert_eq!(connection.close_code().await, 3000);
    connection.wait_closed().await;
}

#[tokio::test]
async fn fin_ends_socket() {
    let server = Server::start(&[]);
    drop(waiting_socket(&server).await);
    assert_no_waiters(&server).await;
}

#[tokio::test]
async fn rst_ends_socket() {
    let server = Server::start(&[]);
    let socket = waiting_socket(&server).await;
    socket.stream.get_ref().set_zero_linger().unwrap();
    drop(socket);
    assert_no_waiters(&server).await;
}

#[tokio::test]
async fn half_close_ends_socket() {
    use tokio::io::AsyncWriteExt;
    let server = Server::start(&[]);
    let mut socket = waiting_socket(&server).await;
    socket.stream.get_mut().shutdown().await.unwrap();
    assert_no_waiters(&server).await;
}

#[tokio::test]
async fn disconnects_do_not_affect_others() {
    let server = Server::start(&[]);
    let mut observer = server.socket("").await;
    let clients: Vec<_> = [server.connect_raw().await, server.connect_raw().await].into();
    for mut connection in clients {
        connection.request("GET /longpoll?wait_ms=25000", &[]).await;
        wait_until("both wait", || server.log.waiter_count() == 2).await;
        drop(connection);
        wait_until("one waits", || server.log.waiter_count() == 1).await;
    }
    append(&server.log, "one", "hi");
    assert_eq!(observer.json().await["version"], 1);
}
