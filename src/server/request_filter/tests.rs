use super::*;

const PATHS: &[&str] = &["/ws", "/lab"];

/// Returns what actix-http sees if the bytes arrive in pieces of this size.
fn filtered(input: &str, piece: usize) -> String {
    let mut filter = RequestFilter::new(PATHS);
    let (mut held, mut seen) = (Vec::new(), Vec::new());
    for bytes in input.as_bytes().chunks(piece) {
        held.extend_from_slice(bytes);
        let finished = filter.rewrite(&mut held);
        seen.extend(held.drain(..finished));
    }
    seen.extend(held);
    String::from_utf8(seen).expect("the input is text")
}

#[track_caller]
fn assert_filtered(input: &str, expected: &str) {
    for piece in [1, 2, 7, 64, input.len().max(1)] {
        assert_eq!(filtered(input, piece), expected, "in pieces of {piece}");
    }
}

#[test]
fn request_without_offer_is_unchanged() {
    for request in [
        "GET /poll HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
        "\r\nGET /ws HTTP/1.1\nHost: a\n\n",
        "not HTTP\r\nUpgrade: h2c\r\n\r\nConnection: upgrade\r\n\r\n",
        "GET / HTTP/1.1\r\nUpgrade: h2c", // incomplete
    ] {
        assert_filtered(request, request);
    }
}

#[test]
fn other_protocol_is_ignored() {
    let request = |connection: &str, upgrade: &str| {
        format!(
            "GET /ws HTTP/1.1\r\nConnection: {connection}, HTTP2-Settings\r\n\
             {upgrade}\r\nHost: a\r\n\r\n"
        )
    };
    for protocol in ["h2c", "websocket2", "xwebsocket", "websocket/13", ""] {
        let sent = request("UPGRADE", &format!("upgrade: {protocol}"));
        let seen = request("ignored", &format!("ignored: {protocol}"));
        assert_filtered(&sent.repeat(3), &seen.repeat(3));
    }
}

#[test]
fn handshake_is_accepted_as_list() {
    for (sent, seen) in [
        ("Upgrade: websocket", "Upgrade: websocket"),
        ("Upgrade: h2c, WebSocket", "Upgrade: websocket     "),
        (
            "Upgrade: websocket,websocket",
            "Upgrade: websocket          ",
        ),
        (
            "Upgrade: h2c\r\nUpgrade: websocket",
            "ignored: h2c\r\nUpgrade: websocket",
        ),
        (
            "Upgrade: websocket\r\nUpgrade: websocket",
            "Upgrade: websocket\r\nignored: websocket",
        ),
    ] {
        for path in ["/ws?since=0", "/lab", "http://a/ws"] {
            let head = format!("GET {path} HTTP/1.1\r\nConnection: x, Upgrade\r\n");
            // The bytes after it are frames, even if they look like a request.
            let frames = "GET /ws HTTP/1.1\r\nUpgrade: h2c\r\n\r\n";
            let sent = format!("{head}{sent}\r\n\r\n{frames}");
            let seen = format!("{head}{seen}\r\n\r\n{frames}");
            assert_filtered(&sent, &seen);
        }
    }
}

#[test]
fn handshake_elsewhere_is_ignored() {
    for (line, field) in [
        ("GET /poll HTTP/1.1", "A: b"),
        ("GET /wsx HTTP/1.1", "A: b"),
        ("POST /ws HTTP/1.1", "A: b"),
        ("GET /ws HTTP/1.0", "A: b"),
        ("GET /ws HTTP/1.1", "Content-Length: 2"),
    ] {
        let request = |connection, upgrade| {
            format!(
                "{line}\r\n{field}\r\nConnection: {connection}\r\n{upgrade}: websocket\r\n\r\n"
            )
        };
        let sent = request("Upgrade", "Upgrade");
        assert_filtered(&sent, &request("ignored", "ignored"));
    }
}

#[test]
fn bodies_are_unchanged() {
    let text = "GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n";
    let length = text.len();
    let by_length = format!("Content-Length: {length}\r\n\r\n{text}");
    let chunks = format!("{length:x};a=b\r\n{text}\r\n2\r\nab\r\n0\r\n");
    let chunked = format!("Transfer-Encoding: chunked\r\n\r\n{chunks}\r\n");
    let trailers =
        format!("transfer-encoding: Chunked\r\n\r\n{chunks}Upgrade: b\r\n\r\n");
    for body in [by_length, chunked, trailers] {
        let request =
            |upgrade| format!("POST /messages HTTP/1.1\r\n{upgrade}: h2c\r\n{body}");
        let sent = request("Upgrade").repeat(2);
        assert_filtered(&sent, &request("ignored").repeat(2));
    }
}

#[test]
fn continue_is_deferred() {
    for (sent, seen) in [
        ("100-continue", "100-deferred"),
        ("a, 100-Continue", "100-deferred   "),
        ("100-continued", "100-continued"),
    ] {
        let request = |expectation: &str| {
            format!(
                "POST / HTTP/1.1\r\nExpect: {expectation}\r\nContent-Length: 2\r\n\r\n{{}}"
            )
        };
        assert_filtered(&request(sent), &request(seen));
    }
}
