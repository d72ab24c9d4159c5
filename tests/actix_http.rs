//! Faults of actix-http that `src/server` works around. A test that fails here says that its
//! workaround is no longer needed; docs/findings.md describes each fault.

use crate::common;

use actix_web::{App, HttpResponse, HttpServer, rt, web};
use common::RawConnection;

/// Starts actix-web's own server, which counts the bytes of a body.
async fn start() -> RawConnection {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let app = || {
            let count = |body: web::Bytes| async move {
                HttpResponse::Ok().body(body.len().to_string())
            };
            App::new().default_service(web::to(count))
        };
        let server = HttpServer::new(app).workers(1).disable_signals();
        let server = server.bind("127.0.0.1:0").expect("a port is free");
        let address = server.addrs()[0];
        rt::System::new().block_on(async {
            let server = server.run();
            sender.send(address).expect("the test waits");
            server.await
        })
    });
    RawConnection::connect(receiver.await.expect("the server starts")).await
}

#[tokio::test]
async fn offered_upgrade_ends_connection() {
    let mut connection = start().await;
    let offer = ["Connection: Upgrade", "Upgrade: h2c"];
    connection.request("GET /", &offer).await;
    let response = connection.response().await;
    assert_eq!(response.header("connection"), Some("upgrade"));
    assert_eq!(connection.read_to_end().await, b"");
}

#[tokio::test]
async fn offered_websocket_hides_end_of_body() {
    let mut connection = start().await;
    let offer = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Content-Length: 2",
    ];
    connection.request("POST /", &offer).await;
    connection.send("{}and more").await;
    connection.finish_sending().await;
    assert_ne!(connection.response().await.text(), "2");
}

#[tokio::test]
async fn websocket_in_list_is_not_recognized() {
    let mut connection = start().await;
    let offer = ["Connection: Upgrade", "Upgrade: websocket, h2c"];
    connection.request("GET /", &offer).await;
    connection.send("frame").await;
    assert_eq!(connection.response().await.text(), "0");
}

#[tokio::test]
async fn continue_is_sent_before_handler_decides() {
    let mut connection = start().await;
    let headers = ["Expect: 100-continue", "Content-Length: 100000000"];
    connection.request("POST /", &headers).await;
    assert_eq!(connection.head().await.status, 100);
}
