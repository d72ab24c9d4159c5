/**
 * What one exchange costs, as measured. The source is docs/performance.md, "What one exchange
 * costs"; a test compares the two. Bodies of 100 bytes, without TCP and TLS.
 */

/** Where these figures come from, as the page names it. */
export const SOURCE = 'docs/performance.md';

/** Bytes of HTTP and WebSocket, of clients that send no header field that they do not need. */
export const BYTES = {
  pollRequest: 73,
  pollEmptyResponse: 274,
  longpollRequest: 77,
  longpollEmptyResponse: 250,
  /** One more message in a batch. */
  message: 205,
  /** A frame with one message. */
  frame: 292,
  /** The server's ping of an idle WebSocket, and its pong. */
  pingPong: 8,
  /** What a browser adds to each request. */
  browserHeaders: 400,
};

/** CPU time of the server in microseconds. */
export const CPU_US = {
  poll: 23,
  longpollDelivery: 14.5,
  wsDelivery: 8.5,
  /** The server's ping of an idle WebSocket, with its pong. */
  ping: 24,
};

/** Resident memory of the server in bytes per connection; the kernel's is not included. */
export const MEMORY = {
  idleKeepAlive: 11_200,
  longpoll: 8_500,
  ws: 11_700,
};

/** How often the server pings an idle WebSocket, by default. */
export const SERVER_PING_MS = 20_000;

/** How long the server keeps an idle connection open, by default. */
export const IDLE_TIMEOUT_MS = 75_000;

/** How often the page pings, because a phone can keep a socket that is dead (docs/findings.md),
 * and the bytes of that: a frame with a mask, and its reply (docs/protocol.md, RFC 6455 §5.2). */
export const PAGE_PING_MS = 15_000;
export const PAGE_PING_BYTES = 78;

/** In a hidden tab timers fire once a minute, after five minutes (docs/findings.md). */
export const HIDDEN_TIMER_MS = 60_000;
