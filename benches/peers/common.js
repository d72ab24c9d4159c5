/** Shared by the servers in this directory. */

/** Reads the body of a request as text. */
exports.body = async (request) => {
  request.setEncoding('utf8');
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
};

/** Listens on a free port, and prints the address. */
exports.listen = (server) => {
  server.keepAliveTimeout = 75_000;
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => {
    console.log(`listening on http://127.0.0.1:${server.address().port}`);
  });
};
