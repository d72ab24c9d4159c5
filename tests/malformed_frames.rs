//! Whatever bytes a client sends, its socket ends with the matching close code, earlier messages
//! are handled, and other clients are unaffected.

use crate::common;

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use common::{
    Program, RawConnection, Server, WebSocketClient, append, masked_frame, with_timeout,
};
use futures_util::FutureExt;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;
use tokio::io::AsyncWriteExt;
use tokio::runtime;
use tokio::sync::Mutex;

/// `--max-message-bytes` in these tests: enough for a message, and easily exceeded.
const MAX: usize = 400;
const MAX_FLAG: &str = "--max-message-bytes=400";

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const FIN: u8 = 0x80;

/// Bytes that a peer sends, and the close code that it must receive.
type InvalidInput = (Vec<u8>, u16);

/// Panics of the server's threads.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if thread::current()
                .name()
                .is_some_and(|name| name.starts_with("actix"))
            {
                PANICS.fetch_add(1, Relaxed);
            }
            before(info);
        }));
    });
}

/// Runs a case for `cases` random inputs against one server. After each one, a reader that is
/// connected from the start must receive the next message.
fn for_all<S: Strategy>(
    cases: u32,
    inputs: S,
    case: impl AsyncFn(&Server, &mut RawConnection, S::Value),
) where
    S::Value: Clone,
{
    count_panics();
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("the runtime can be built");
    let server = Server::start(&[MAX_FLAG]);
    let reader = Mutex::new(runtime.block_on(server.socket("")));
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 30, // each failing case may take a whole timeout
        ..Default::default()
    };
    let passed = TestRunner::new(config).run(&(any::<bool>(), inputs), |(lab, input)| {
        let once = async || {
            let mut connection = open_socket(&server, lab).await;
            case(&server, &mut connection, input.clone()).await;
        };
        runtime.block_on(async {
            if is_reset(AssertUnwindSafe(once()).catch_unwind().await) {
                once().await;
            }
            assert_receives(&server, &mut *reader.lock().await).await;
        });
        Ok(())
    });
    passed.unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(PANICS.load(Relaxed), 0, "the server panicked");
}

/// Returns whether a case failed because the connection was reset. A server that closes a
/// connection while bytes still arrive resets it (RFC 1122 §4.2.2.13), and in one case among
/// thousands the reset overtakes the close frame. That does not happen twice in a row.
fn is_reset(result: thread::Result<()>) -> bool {
    let Err(panic) = result else { return false };
    let message = panic.downcast_ref::<String>();
    if message.is_some_and(|message| message.contains("ConnectionReset")) {
        return true;
    }
    panic::resume_unwind(panic)
}

/// Opens a socket for malformed frames, on `/ws` or on `/lab`.
async fn open_socket(server: &Server, lab: bool) -> RawConnection {
    let mut connection = server.connect_raw().await;
    // Otherwise the kernel would join the pieces again.
    connection
        .stream()
        .set_nodelay(true)
        .expect("TCP_NODELAY can be set");
    let path = if lab { "/lab?client=h" } else { "/ws" };
    let response = connection.upgrade_path(path, &[]).await;
    assert_eq!(response.status, 101);
    connection
}

async fn assert_receives(server: &Server, reader: &mut WebSocketClient) {
    let id = format!("after-{}", server.log.head());
    let version = append(&server.log, id, "hi").version;
    while reader.next("batch").await["version"].as_u64() < Some(version) {}
}

/// Sends the bytes in pieces, cycling through these sizes, until the server has closed.
async fn send_in_pieces(connection: &mut RawConnection, bytes: &[u8], sizes: &[usize]) {
    let mut rest = bytes;
    for size in sizes.iter().cycle() {
        let (piece, remaining) = rest.split_at((*size).min(rest.len()));
        if piece.is_empty() {
            return;
        }
        if !connection.try_send(piece).await {
            return;
        }
        rest = remaining;
        tokio::task::yield_now().await;
    }
}

/// Disconnects as a peer does that received a close frame, and waits until the server has
/// closed. The server disconnects any other peer after half a second (`ws_errors`), which would
/// delay each case.
async fn disconnect(connection: &mut RawConnection) {
    let _ = connection.stream().shutdown().await; // the server may have closed already
    connection.wait_closed().await;
}

/// Generates sizes of pieces: a few bytes each, or all in one. Each finds different mistakes.
fn piece_sizes() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![vec(1..9_usize, 1..6), Just(vec![100_000])]
}

/// Encodes a frame header, without a payload. `form` is the size of the extended length in bytes.
fn header(first: u8, form: usize, length: u64) -> Vec<u8> {
    let mut header = vec![first];
    match form {
        8 => header.push(0x80 | 127),
        2 => header.push(0x80 | 126),
        _ => header.push(0x80 | length as u8),
    }
    header.extend(&length.to_be_bytes()[8 - form..]);
    header.extend([1, 2, 3, 4]);
    header
}

/// Encodes a message as fragments, split at these positions.
fn fragments(text: &[u8], cuts: &[Index]) -> Vec<u8> {
    let mut positions: Vec<_> =
        cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
    positions.sort_unstable();
    positions.push(text.len());
    let (mut frames, mut from) = (Vec::new(), 0);
    for (number, &to) in positions.iter().enumerate() {
        let opcode = if number == 0 { TEXT } else { 0 };
        let fin = if number + 1 == positions.len() {
            FIN
        } else {
            0
        };
        frames.extend(masked_frame(fin | opcode, &text[from..to]));
        from = to;
    }
    frames
}

fn publish_command(body: &[u8]) -> Vec<u8> {
    [br#"{"type":"publish","body":""#, body, br#""}"#].concat()
}

/// Generates valid frames, and whether they publish a message.
fn valid() -> impl Strategy<Value = (Vec<u8>, bool)> {
    let whole = "[a-zé]{0,20}".prop_map(|text| publish_command(text.as_bytes()));
    let cuts = vec(any::<Index>(), 0..4);
    let text = (whole, cuts).prop_map(|(text, cuts)| (fragments(&text, &cuts), true));
    let control = (select(vec![PING, 10]), vec(any::<u8>(), 0..=125));
    let control =
        control.prop_map(|(opcode, data)| (masked_frame(FIN | opcode, &data), false));
    prop_oneof![text, control]
}

/// Generates messages that contain invalid UTF-8.
fn invalid_utf8() -> impl Strategy<Value = Vec<u8>> {
    let invalid = select(vec![
        &b"\xff"[..],
        b"\xc3\x28",         // a lead byte without its continuation byte
        b"\xed\xa0\x80",     // a surrogate
        b"\xc0\xaf",         // an overlong encoding
        b"\xf4\x90\x80\x80", // beyond U+10FFFF
        b"\xe2\x82",         // truncated
    ]);
    ("[aé€😀]{0,9}", invalid)
        .prop_map(|(text, invalid)| publish_command(&[text.as_bytes(), invalid].concat()))
}

/// Generates violations between messages.
fn invalid() -> impl Strategy<Value = InvalidInput> {
    let payload = || vec(any::<u8>(), 0..=125);
    let protocol = |bytes: Vec<u8>| (bytes, 1002);
    let data = || select(vec![0, TEXT, BINARY, FIN, FIN | TEXT, FIN | BINARY]);
    let control = || CLOSE..=10;
    let reserved = (1..8_u8, select(vec![TEXT, BINARY, 8, 9, 10]), payload());
    let opcode = prop_oneof![3..=7_u8, 11..=15_u8];
    let length =
        prop_oneof![Just(MAX as u64 + 1), Just(1 << 62), MAX as u64 + 1..1 << 63];
    prop_oneof![
        reserved.prop_map(move |(bits, opcode, payload)| {
            protocol(masked_frame(FIN | bits << 4 | opcode, &payload))
        }),
        (opcode, any::<bool>(), payload()).prop_map(move |(opcode, fin, payload)| {
            protocol(masked_frame(u8::from(fin) << 7 | opcode, &payload))
        }),
        (data(), payload()).prop_map(move |(first, payload)| {
            protocol([&[first, payload.len() as u8], &payload[..]].concat()) // unmasked
        }),
        (control(), payload())
            .prop_map(move |(opcode, part)| { protocol(masked_frame(opcode, &part)) }),
        (control(), 126..1_u64 << 63).prop_map(move |(opcode, length)| {
            protocol(header(FIN | opcode, 8, length))
        }),
        (control(), 126..500_usize).prop_map(move |(opcode, length)| {
            protocol(masked_frame(FIN | opcode, &vec![b'x'; length]))
        }),
        (data(), 1_u64 << 63..).prop_map(move |(first, length)| {
            protocol(header(first, 8, length)) // the first bit must be 0 (RFC 6455 §5.2)
        }),
        (0..=1_u8, payload()).prop_map(move |(fin, payload)| {
            protocol(masked_frame(fin << 7, &payload)) // a continuation of no message
        }),
        (data(), length).prop_map(|(first, length)| (header(first, 8, length), 1009)),
        (data(), MAX as u64 + 1..65_536)
            .prop_map(|(first, length)| (header(first, 2, length), 1009)),
        (any::<bool>(), payload()).prop_map(|(fin, payload)| {
            (masked_frame(u8::from(fin) << 7 | BINARY, &payload), 1003)
        }),
        (invalid_utf8(), vec(any::<Index>(), 0..4))
            .prop_map(|(text, cuts)| (fragments(&text, &cuts), 1007)),
        invalid_in_fragments(),
        close_frame(),
    ]
}

/// Generates violations within a fragmented message.
fn invalid_in_fragments() -> impl Strategy<Value = InvalidInput> {
    let begin = || vec(b' '..b'z', 0..100).prop_map(|text| masked_frame(TEXT, &text));
    let first = select(vec![TEXT, BINARY, FIN | TEXT, FIN | BINARY]);
    let other = vec(any::<u8>(), 0..100);
    prop_oneof![
        (begin(), first, other).prop_map(|(beginning, first, other)| {
            ([beginning, masked_frame(first, &other)].concat(), 1002)
        }),
        (begin(), MAX as u64 + 1..1 << 63).prop_map(|(beginning, length)| {
            ([beginning, header(0, 8, length)].concat(), 1009)
        }),
        (MAX + 1..2 * MAX, vec(any::<Index>(), 1..9))
            .prop_map(|(length, cuts)| { (fragments(&vec![b' '; length], &cuts), 1009) }),
    ]
}

/// Generates close frames, valid and invalid.
fn close_frame() -> impl Strategy<Value = InvalidInput> {
    let close = |payload: Vec<u8>| masked_frame(FIN | CLOSE, &payload);
    let with =
        move |code: u16, reason: &[u8]| close([&code.to_be_bytes(), reason].concat());
    let known = prop_oneof![
        select(vec![
            1000_u16, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011
        ]),
        3000..5000_u16,
    ];
    let unknown = prop_oneof![
        0..1000_u16,
        select(vec![1004_u16, 1005, 1006, 1015]),
        1016..3000_u16,
        5000..=u16::MAX,
    ];
    prop_oneof![
        Just((close(vec![]), 1000)),
        any::<u8>().prop_map(move |byte| (close(vec![byte]), 1002)),
        (known, "[aé]{0,60}")
            .prop_map(move |(code, reason)| (with(code, reason.as_bytes()), code)),
        (unknown, "[aé]{0,60}")
            .prop_map(move |(code, reason)| (with(code, reason.as_bytes()), 1002)),
        (1000..1004_u16).prop_map(move |code| (with(code, b"no \xff text"), 1002)),
    ]
}

#[test]
fn close_code_independent_of_segmentation() {
    let before = vec(valid(), 0..4);
    let inputs = (before, invalid(), vec(any::<u8>(), 0..60), piece_sizes());
    for_all(
        1000,
        inputs,
        async |server, connection, (before, invalid, after, sizes)| {
            let head = server.log.head();
            let published = before.iter().filter(|(_, publishes)| *publishes).count();
            let mut all: Vec<u8> =
                before.into_iter().flat_map(|(bytes, _)| bytes).collect();
            all.extend(invalid.0);
            all.extend(after);
            send_in_pieces(connection, &all, &sizes).await;
            assert_eq!(connection.close_code().await, invalid.1);
            disconnect(connection).await;
            assert_eq!(server.log.head(), head + published as u64);
        },
    );
}

#[test]
fn random_bytes_never_panic() {
    let inputs = (vec(any::<u8>(), 0..600), piece_sizes());
    for_all(300, inputs, async |_, connection, (bytes, sizes)| {
        send_in_pieces(connection, &bytes, &sizes).await;
        disconnect(connection).await;
    });
}

#[test]
fn fragmented_text_is_reassembled() {
    let text = "[a-zé€😀]{0,40}";
    let inputs = (text, vec(any::<Index>(), 0..12), piece_sizes());
    for_all(
        100,
        inputs,
        async |server, connection, (text, cuts, sizes)| {
            let mut bytes = fragments(&publish_command(text.as_bytes()), &cuts);
            bytes.extend(masked_frame(FIN | CLOSE, b""));
            send_in_pieces(connection, &bytes, &sizes).await;
            assert_eq!(connection.close_code().await, 1000);
            let cursor = trifold::log::Cursor::new(server.log.head() - 1);
            let batch = server.log.read(&cursor).expect("the message is retained");
            assert_eq!(common::parse_batch(&batch)["messages"][0]["body"], text);
        },
    );
}

#[tokio::test]
async fn message_split_at_any_byte() {
    let server = Server::start(&[MAX_FLAG]);
    let mut connection = open_socket(&server, false).await;
    let text = publish_command("é".repeat(60).as_bytes());
    let first = masked_frame(TEXT, &text[..70]);
    let ping = masked_frame(FIN | PING, b"?");
    let last = masked_frame(FIN, &text[70..]);
    let all = [first, ping, last].concat();
    for cut in 1..all.len() {
        send_in_pieces(&mut connection, &all, &[cut, all.len()]).await;
    }
    let count = all.len() as u64 - 1;
    common::wait_until("all messages are published", || server.log.head() == count).await;
}

#[tokio::test]
async fn non_minimal_length_is_accepted() {
    let server = Server::start(&[MAX_FLAG]);
    let mut connection = open_socket(&server, false).await;
    for form in [2, 8] {
        let text = publish_command(b"hi");
        let mut frame = header(FIN | TEXT, form, text.len() as u64);
        frame.extend(
            text.iter()
                .zip([1, 2, 3, 4].iter().cycle())
                .map(|(a, b)| a ^ b),
        );
        connection.send(frame).await;
    }
    common::wait_until("both are published", || server.log.head() == 2).await;
}

#[tokio::test]
async fn ping_may_exceed_message_limit() {
    let server = Server::start(&["--max-message-bytes=10"]);
    let mut connection = open_socket(&server, false).await;
    connection
        .send(masked_frame(FIN | PING, &[b'x'; 125]))
        .await;
    assert_eq!(connection.frame().await, (0x8a, vec![b'x'; 125]));
}

/// Returns the maximum resident memory of a process so far, in bytes.
#[cfg(target_os = "linux")]
fn peak_memory(process: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{process}/status"));
    let status = status.expect("the process is running");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kilobytes
        .and_then(|number| number.parse().ok())
        .map_or(0, |number: usize| number * 1024)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn oversized_frame_is_not_buffered() {
    const SENT: usize = 32 << 20;
    let program = Program::start(&["--max-message-bytes=65536"]);
    let before = peak_memory(program.id());
    for length in [1 << 62, 1 << 32, 65_537] {
        let mut connection = RawConnection::connect(program.address).await;
        connection.upgrade("", &[]).await;
        connection.send(header(FIN | TEXT, 8, length)).await;
        let chunk = vec![b'x'; 65_536];
        for _ in 0..SENT / chunk.len() {
            if with_timeout(connection.stream().write_all(&chunk))
                .await
                .is_err()
            {
                break; // the server has closed, as it should
            }
        }
        assert_eq!(connection.close_code().await, 1009);
    }
    // Fragments within the limit, of a message that never ends.
    let mut connection = RawConnection::connect(program.address).await;
    connection.upgrade("", &[]).await;
    let mut fragment = masked_frame(TEXT, &[b'x'; 30_000]);
    while connection.stream().write_all(&fragment).await.is_ok() {
        fragment = masked_frame(0, &[b'x'; 30_000]);
    }
    assert_eq!(connection.close_code().await, 1009);
    let growth = peak_memory(program.id()) - before;
    assert!(growth < SENT / 4, "grew by {growth} bytes");
}
