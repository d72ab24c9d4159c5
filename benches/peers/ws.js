/** The `ws` library: every posted text is sent to every socket. */
const http = require('node:http');
const { WebSocketServer } = require('ws');
const { body, listen } = require('./common.js');

const server = http.createServer(async (request, response) => {
  const text = await body(request);
  for (const socket of sockets.clients) socket.send(text);
  response.end('{}');
});
const sockets = new WebSocketServer({ server });
listen(server);
