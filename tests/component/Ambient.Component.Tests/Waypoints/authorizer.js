// A gRPC authoriser in plain HTTP/2: allows when the question holds the text that it is given.
// usage: node authorizer.js <port> <text>
const http2 = require('http2');
const [port, text] = process.argv.slice(2);
const server = http2.createServer();
server.on('stream', (stream, headers) => {
  const parts = [];
  stream.on('data', part => parts.push(part));
  stream.on('end', () => {
    const question = Buffer.concat(parts).toString('latin1');
    if (headers[':path'] !== '/envoy.service.auth.v3.Authorization/Check' || headers['content-type'] !== 'application/grpc') {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' }, { endStream: true });
      return;
    }
    // status {} with ok_response { headers { header { key x-by value authz } } }, or status { code 7 } with denied_response { status { 429 } body "slowly" }.
    const message = question.includes(text)
      ? Buffer.concat([Buffer.from([0x0a, 0x00, 0x1a, 0x10, 0x12, 0x0e, 0x0a, 0x0c, 0x0a, 0x03]), Buffer.from('x-b'), Buffer.from([0x12, 0x05]), Buffer.from('authz')])
      : Buffer.concat([Buffer.from([0x0a, 0x02, 0x08, 0x07, 0x12, 0x0d, 0x0a, 0x03, 0x08, 0xad, 0x03, 0x1a, 0x06]), Buffer.from('slowly')]);
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.concat([prefix, message]));
  });
});
server.listen(Number(port), '0.0.0.0', () => console.log('LISTENING'));
