/** Bun: `server.publish` sends to every socket; long polls wait in an array, as in express.js. */
const messages = [];
let held = [];

function batch(since) {
  return Response.json({ since, version: messages.length, messages: messages.slice(since) });
}

function longpoll(since) {
  return since < messages.length ? batch(since) : new Promise((resolve) => held.push({ since, resolve }));
}

async function publish(request, server) {
  const text = await request.text();
  messages.push(text);
  server.publish('all', text);
  const waiting = held;
  held = [];
  for (const poll of waiting) poll.resolve(batch(poll.since));
  return Response.json({});
}

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  idleTimeout: 0,
  fetch(request, server) {
    const url = new URL(request.url);
    if (url.pathname === '/publish') return publish(request, server);
    if (url.pathname === '/longpoll') return longpoll(Number(url.searchParams.get('since')));
    return server.upgrade(request) ? undefined : new Response('not a WebSocket handshake', { status: 400 });
  },
  websocket: {
    open: (socket) => socket.subscribe('all'),
    message() {},
  },
});
console.log(`listening on http://127.0.0.1:${server.port}`);
