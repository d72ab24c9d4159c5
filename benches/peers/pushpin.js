/**
 * The application behind Pushpin, and Pushpin itself. Every request goes through Pushpin to the application, which
 * keeps the messages, names the requests and sockets to hold, and publishes over Pushpin's HTTP control port.
 */
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { body } = require('./common.js');

const messages = [];
const json = { 'content-type': 'application/json' };
const batch = (since) => JSON.stringify({ since, version: messages.length, messages: messages.slice(since) });

/** Sends a response with its length, so that Pushpin need not send it in chunks. */
function respond(response, status, headers, text) {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) }).end(text);
}

/** Responds with the messages, or has Pushpin hold the request until the message after `since`. */
function longpoll(since, response) {
  const hold = { 'grip-hold': 'response', 'grip-timeout': '55', 'grip-channel': `polls; prev-id=${since}` };
  respond(response, 200, since < messages.length ? json : { ...json, ...hold }, batch(since));
}

/** Accepts a socket (WebSocket-over-HTTP) and subscribes it: Pushpin holds it without asking again. */
function socket(response) {
  const subscribe = 'c:{"type":"subscribe","channel":"sockets"}';
  const headers = { 'content-type': 'application/websocket-events', 'sec-websocket-extensions': 'grip' };
  respond(response, 200, headers, `OPEN\r\nTEXT ${subscribe.length.toString(16)}\r\n${subscribe}\r\n`);
}

/** Publishes on the control port, which closes a connection after each request. */
function control(port, items) {
  const options = { port, host: '127.0.0.1', path: '/publish/', method: 'POST', agent: false };
  return new Promise((done) => {
    const request = http.request(options, (response) => response.resume().on('end', () => done(response.statusCode)));
    request.on('error', () => done(502)).end(JSON.stringify({ items }));
  });
}

/** `prev-id` has Pushpin ask the application again where a poll was too late for the message before. */
async function publish(port, text, response) {
  const since = messages.push(text) - 1;
  const poll = { headers: json, body: JSON.stringify({ since, version: since + 1, messages: [text] }) };
  const status = await control(port, [
    { channel: 'polls', id: `${since + 1}`, 'prev-id': `${since}`, formats: { 'http-response': poll } },
    { channel: 'sockets', formats: { 'ws-message': { content: text } } },
  ]);
  respond(response, status, json, '{}');
}

/** Listens on a free port, and returns the server. */
const listen = (server) => new Promise((done) => server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => done(server)));

async function freePort() {
  const server = await listen(net.createServer());
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Resolves when the port accepts connections. */
async function accepting(port) {
  for (;;) {
    const accepted = await new Promise((done) => {
      const probe = net.connect(port, '127.0.0.1', () => done(true)).on('error', () => done(false));
      probe.on('connect', () => probe.destroy());
    });
    if (accepted) return;
    await new Promise((done) => setTimeout(done, 20));
  }
}

async function main() {
  const [port, controlPort] = [await freePort(), await freePort()];
  const application = http.createServer(async (request, response) => {
    const url = new URL(request.url, 'http://application');
    if (url.pathname === '/longpoll') longpoll(Number(url.searchParams.get('since')), response);
    else if (url.pathname === '/publish') await publish(controlPort, await body(request), response);
    else socket(response);
  });
  application.keepAliveTimeout = 75_000;
  await listen(application);
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'trifold-pushpin-'));
  const config = fs.readFileSync(path.join(__dirname, 'pushpin.conf'), 'utf8');
  fs.writeFileSync(`${directory}/pushpin.conf`, config.replaceAll('DIRECTORY', directory).replaceAll('CONTROL', controlPort));
  fs.writeFileSync(`${directory}/routes`, `* 127.0.0.1:${application.address().port},over_http\n`);
  const args = ['--config', `${directory}/pushpin.conf`, '--port', `127.0.0.1:${port}`];
  const pushpin = spawn('pushpin', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  pushpin.on('exit', () => {
    fs.rmSync(directory, { recursive: true, force: true });
    process.exit();
  });
  process.on('SIGTERM', () => pushpin.kill());
  await accepting(port);
  await accepting(controlPort);
  console.log(`listening on http://127.0.0.1:${port}`);
}

main();
