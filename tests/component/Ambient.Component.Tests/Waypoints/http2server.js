// An endpoint in HTTP/2 with prior knowledge. Paths say what it does; a name is told in the answer.
const http2 = require('http2');
const server = http2.createServer();
server.on('sessionError', () => {});
server.on('stream', (stream, head) => {
  stream.on('error', () => {});
  const path = head[':path'];
  if (path === '/reset') { stream.respond({ ':status': 200 }); stream.write('abc', () => stream.destroy(new Error('on purpose'))); return; }
  if (path === '/refuse') { stream.close(http2.constants.NGHTTP2_REFUSED_STREAM); return; }
  if (path === '/trailers-only') { stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' }, { endStream: true }); return; }
  if (path === '/echo') {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.pipe(stream);
    return;
  }
  let length = 0;
  stream.on('aborted', () => console.log(`ABORTED ${path}`));
  stream.on('data', (part) => { length += part.length; });
  stream.on('end', () => {
    if (stream.destroyed || stream.aborted) return;
    console.log(`SEEN ${head[':method']} ${path} ${length}`);
    stream.respond({ ':status': 200, 'x-backend': String(process.argv[3]), 'x-authority': head[':authority'], 'x-cookie': String(head.cookie) });
    stream.end('x'.repeat(path.startsWith('/big') ? Number(path.slice(4)) : 10));
  });
});
server.listen(Number(process.argv[2]), () => console.log('LISTENING'));
