// An endpoint that echoes what comes in a WebSocket, frames unread. usage: node websocketserver.js <port> <1 | 2, the version of HTTP>
const crypto = require('crypto');
const [port, version] = process.argv.slice(2);
function ready() { console.log('LISTENING'); }
if (version === '2') {
  const server = require('http2').createServer({ settings: { enableConnectProtocol: true } });
  server.on('sessionError', () => {});
  server.on('stream', (stream, head) => {
    stream.on('error', () => {});
    console.log(`ASKED ${head[':method']} ${head[':protocol']} ${head[':path']} ${head['sec-websocket-key']}`);
    if (head[':protocol'] !== 'websocket') { stream.respond({ ':status': 400 }, { endStream: true }); return; }
    stream.respond({ ':status': 200, 'sec-websocket-protocol': 'echo' });
    stream.pipe(stream);
    stream.on('end', () => console.log('ENDED'));
  });
  server.listen(Number(port), ready);
} else {
  const server = require('http').createServer((request, response) => { response.statusCode = 426; response.end(); });
  server.on('upgrade', (request, socket, head) => {
    console.log(`ASKED ${request.method} ${request.headers.upgrade} ${request.url} ${head.length}`);
    socket.on('error', () => {});
    const accept = crypto.createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Protocol: echo\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    socket.on('end', () => console.log('ENDED'));
    socket.pipe(socket);
  });
  server.listen(Number(port), ready);
}
