// A browser's kind of client: HTTP/2 over TLS, many requests at a time, then one after the other until it is told to go.
const http2 = require('http2');
const client = http2.connect(`https://${process.argv[2]}:443`, { servername: 'one.example.com', rejectUnauthorized: false });
client.on('error', (e) => console.log('connection', e.code));
function ask(path, body) {
  return new Promise((resolve) => {
    let status;
    const stream = client.request({ ':path': path, ':authority': 'one.example.com', ':method': body ? 'POST' : 'GET' }, { endStream: !body });
    stream.on('response', (h) => { status = h[':status']; });
    stream.on('data', () => {});
    stream.on('error', () => {});
    stream.on('close', () => resolve(status));
    if (body) stream.end(body);
  });
}
let isTold = false;
client.on('goaway', (code) => { if (!isTold) console.log('goaway', code); isTold = true; });
(async () => {
  const all = await Promise.all(Array.from({ length: 200 }, (_, i) => ask(`/${i}`)));
  console.log('asked', all.filter((status) => status === 200).length);
  let failed = 0;
  while (!isTold) {
    if (await ask('/again') !== 200 && !isTold) failed++;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  console.log('failed', failed);
  client.close();
})();
