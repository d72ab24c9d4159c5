/** Express as tutorials write it: messages in one array, waiting responses in another. */
const http = require('node:http');
const express = require('express');
const { listen } = require('./common.js');

const app = express();
const messages = [];
let held = [];

function batch(since) {
  return { since, version: messages.length, messages: messages.slice(since) };
}

app.get('/poll', (request, response) => {
  response.json(batch(Number(request.query.since)));
});

app.get('/longpoll', (request, response) => {
  const since = Number(request.query.since);
  if (since < messages.length) response.json(batch(since));
  else held.push({ since, response });
});

app.post('/publish', express.text(), (request, response) => {
  messages.push(request.body);
  const waiting = held;
  held = [];
  for (const poll of waiting) poll.response.json(batch(poll.since));
  response.json({});
});

listen(http.createServer(app));
