/** socket.io, over a WebSocket or over long polling, as the client chooses. */
const http = require('node:http');
const { Server } = require('socket.io');
const { body, listen } = require('./common.js');

const server = http.createServer();
const io = new Server(server);
const engine = server.listeners('request');
server.removeAllListeners('request');
server.on('request', async (request, response) => {
  if (request.url !== '/publish') return engine.forEach((listener) => listener(request, response));
  io.emit('message', await body(request));
  response.end('{}');
});
listen(server);
