// A client that sends a MiB in a WebSocket and gets it back. usage: node websocketclient.js <host> <port> <1 | 2, the version of HTTP> <path>
const crypto = require('crypto');
const [host, port, version, path] = process.argv.slice(2);
const sent = crypto.randomBytes(1024 * 1024);
function talk(stream, said, done) {
  const got = [];
  let length = 0;
  stream.on('data', (part) => {
    got.push(part);
    length += part.length;
    if (length >= sent.length) stream.end();
  });
  stream.on('end', () => { console.log(said, Buffer.concat(got).equals(sent) ? 'same' : `different ${length}`); done(); });
  stream.on('error', (e) => { console.log('error', e.code); done(); });
  stream.write(sent);
}
if (version === '2') {
  const client = require('http2').connect(`http://${host}:${port}`);
  client.on('error', (e) => { console.log('connection', e.code); });
  client.on('remoteSettings', (settings) => {
    if (!settings.enableConnectProtocol) { console.log('not allowed'); client.close(); return; }
    const stream = client.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':authority': `${host}:${port}`, ':path': path, 'sec-websocket-version': '13' });
    stream.on('response', (head) => {
      if (head[':status'] !== 200) { console.log('refused', head[':status']); stream.resume(); stream.on('close', () => client.close()); return; }
      talk(stream, `open ${head['sec-websocket-protocol']} ${head['sec-websocket-accept']}`, () => client.close());
    });
    stream.on('error', () => {});
  });
} else {
  const key = crypto.randomBytes(16).toString('base64');
  const request = require('http').request({ host, port, path, headers: { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-key': key, 'sec-websocket-version': '13' } });
  request.on('response', (response) => { console.log('refused', response.statusCode); response.resume(); });
  request.on('error', (e) => console.log('error', e.code));
  request.on('upgrade', (response, socket, head) => {
    if (head.length) socket.unshift(head);
    const accept = crypto.createHash('sha1').update(key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
    talk(socket, `open ${response.headers['sec-websocket-protocol']} ${response.headers['sec-websocket-accept'] === accept}`, () => socket.destroy());
  });
  request.end();
}
