/** What the servers here share. */

/** The whole body of a request, as text. */
exports.body = async (request) => {
  request.setEncoding('utf8');
  let text = '';
  for await (const piece of request) text += piece;
  return text;
};

/** Listens on a free port and says which. */
exports.listen = (server) => {
  server.keepAliveTimeout = 75_000;
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => {
    console.log(`listening on http://127.0.0.1:${server.address().port}`);
  });
};
