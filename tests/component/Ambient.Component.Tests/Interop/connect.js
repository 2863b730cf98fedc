// A foreign end of HBONE: Node's own http2 and TLS. One role per start: server, client, or a plain HTTP/1.1 CONNECT proxy.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const http2 = require('http2');
const net = require('net');

const [role, host, port, directory, ...rest] = process.argv.slice(2);
const identity = () => ({
  key: fs.readFileSync(`${directory}/key.pem`),
  cert: fs.readFileSync(`${directory}/cert.pem`),
  ca: fs.readFileSync(`${directory}/ca.pem`),
  minVersion: 'TLSv1.3',
});

function target(authority) {
  const at = authority.lastIndexOf(':');
  return { host: authority.slice(0, at).replace(/[[\]]/g, ''), port: Number(authority.slice(at + 1)), allowHalfOpen: true };
}

// With a fixed target it is a gateway: what it was asked for is only reported.
function server() {
  const listener = http2.createSecureServer({ ...identity(), requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'] });
  listener.on('stream', (stream, headers) => {
    console.log(`${headers[':method']} ${headers[':authority']} from ${stream.session.socket.getPeerCertificate().subjectaltname} network ${headers['x-forwarded-network']} forwarded ${headers.forwarded}`);
    stream.on('error', () => {});
    const socket = net.connect(target(rest[0] || headers[':authority']), () => {
      stream.respond({ ':status': 200 });
      socket.pipe(stream);
      stream.pipe(socket);
    });
    socket.on('error', () => (stream.headersSent ? stream.close(http2.constants.NGHTTP2_CONNECT_ERROR) : stream.respond({ ':status': 503 }, { endStream: true })));
    stream.on('close', () => socket.destroy());
  });
  listener.on('sessionError', (e) => console.log(`session error ${e.message}`));
  listener.listen(Number(port), host, () => console.log('LISTENING'));
}

function tunnel(session, authority, megabytes) {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'CONNECT', ':authority': authority });
    const sent = crypto.createHash('sha256');
    const got = crypto.createHash('sha256');
    let status;
    stream.on('response', (headers) => {
      status = headers[':status'];
    });
    stream.on('data', (bytes) => got.update(bytes));
    stream.on('error', reject);
    stream.on('end', () => {
      const same = sent.digest('hex') === got.digest('hex');
      return status === 200 && same ? resolve() : reject(new Error(`status ${status}, bytes ${same ? 'the same' : 'differ'}`));
    });
    let left = megabytes;
    const write = () => {
      while (left > 0) {
        left--;
        const chunk = crypto.randomBytes(1 << 20);
        sent.update(chunk);
        if (!stream.write(chunk)) {
          stream.once('drain', write);
          return;
        }
      }
      stream.end();
    };
    write();
  });
}

async function client() {
  const [authority, streams, megabytes] = rest;
  const session = http2.connect(`https://${host}:${port}`, { ...identity(), checkServerIdentity: () => undefined });
  session.on('error', (e) => { console.log(`FAILED ${e.message}`); process.exit(1); });
  await new Promise((resolve) => session.once('connect', resolve));
  console.log(`server is ${session.socket.getPeerCertificate().subjectaltname}, ${session.socket.getProtocol()}, ${session.alpnProtocol}`);
  await Promise.all(Array.from({ length: Number(streams) }, () => tunnel(session, authority, Number(megabytes))));
  await new Promise((resolve, reject) => session.ping((e) => (e ? reject(e) : resolve())));
  const cut = session.request({ ':method': 'CONNECT', ':authority': authority });
  cut.on('error', () => {});
  await new Promise((resolve) => cut.once('response', resolve));
  cut.close(http2.constants.NGHTTP2_CANCEL);
  await tunnel(session, authority, 1);
  const refused = session.request({ ':method': 'CONNECT', ':authority': authority.replace(/:\d+$/, ':1') });
  refused.on('error', () => {});
  const answer = await new Promise((resolve) => refused.once('response', resolve));
  console.log(`a closed port answers ${answer[':status']}`);
  session.close(() => { console.log(`OK ${streams} streams`); process.exit(0); });
}

function proxy() {
  const listener = http.createServer();
  listener.on('connect', (request, socket) => {
    const onward = net.connect(target(request.url), () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket);
      socket.pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  listener.listen(Number(port), host, () => console.log('LISTENING'));
}

({ server, client, proxy })[role]();
