// A client in HTTP/2 with prior knowledge; says what it got, one line for each question.
const http2 = require('http2');
const client = http2.connect(process.argv[2]);
client.on('error', (e) => console.log('connection', e.code));
function ask(head, body) {
  return new Promise((resolve) => {
    const got = { length: 0 };
    const stream = client.request(head, { endStream: body === undefined });
    stream.on('response', (h) => { got.head = h; });
    stream.on('trailers', (t) => { got.trailers = t; });
    stream.on('data', (part) => { got.length += part.length; });
    stream.on('error', () => {});
    stream.on('close', () => { got.code = stream.rstCode; resolve(got); });
    if (body !== undefined) stream.end(body);
  });
}
(async () => {
  let got = await ask({ ':path': '/plain', cookie: ['a=b', 'c=d'] });
  console.log('plain', got.head[':status'], got.length, got.head['x-cookie'], got.head.server, got.code);
  got = await ask({ ':path': '/reset' });
  console.log('reset', got.head[':status'], got.length, got.code);
  got = await ask({ ':path': '/refuse' });
  console.log('refuse', got.head[':status'], got.code);
  got = await ask({ ':path': '/trailers-only', ':method': 'POST', 'content-type': 'application/grpc' }, 'x');
  console.log('trailers-only', got.head['grpc-status'], got.trailers === undefined, got.code);
  got = await ask({ ':path': '/short', ':method': 'POST', 'content-length': '10' }, 'few');
  console.log('short', got.head === undefined, got.code);
  got = await ask({ ':path': '/long', ':method': 'POST', 'content-length': '2' }, 'GET /smuggled HTTP/1.1\r\n\r\n');
  console.log('long', got.head === undefined, got.code);

  const talk = client.request({ ':path': '/echo', ':method': 'POST', te: 'trailers', 'content-type': 'application/grpc' });
  let turns = 0;
  let trailers;
  talk.on('trailers', (t) => { trailers = t; });
  await new Promise((resolve) => {
    talk.on('data', () => { if (++turns < 100) talk.write('turn'); else talk.end(); });
    talk.on('close', resolve);
    talk.write('turn');
  });
  console.log('talk', turns, trailers && trailers['grpc-status']);

  const bulk = client.request({ ':path': '/echo', ':method': 'POST' });
  const total = 8 * 1024 * 1024;
  let sent = 0;
  let received = 0;
  await new Promise((resolve) => {
    bulk.on('data', (part) => { received += part.length; if (received % 7 === 0) { bulk.pause(); setTimeout(() => bulk.resume(), 2); } });
    bulk.on('close', resolve);
    const part = Buffer.alloc(64 * 1024, 'q');
    (function write() {
      while (sent < total) {
        sent += part.length;
        if (!bulk.write(part)) { bulk.once('drain', write); return; }
      }
      bulk.end();
    })();
  });
  console.log('bulk', received === total);

  const all = await Promise.all(Array.from({ length: 200 }, (_, i) => ask({ ':path': `/big${i * 100}` })));
  console.log('many', all.every((one, i) => one.length === (i < 1 ? 0 : i * 100) && one.code === 0));
  client.close();
})();
