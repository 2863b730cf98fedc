// A client of HBONE without a ztunnel: one CONNECT with a certificate of the mesh, one request inside of it; says what it got.
const fs = require('fs');
const http = require('http');
const http2 = require('http2');
const [waypoint, authority, directory] = process.argv.slice(2);
const read = (name) => fs.readFileSync(`${directory}/${name}.pem`);
const session = http2.connect(`https://${waypoint}`, { key: read('key'), cert: read('cert'), ca: read('ca'), minVersion: 'TLSv1.3', checkServerIdentity: () => undefined });
session.on('error', (e) => console.log('session', e.code));
const tunnel = session.request({ ':method': 'CONNECT', ':authority': authority });
tunnel.on('error', () => {});
tunnel.on('response', (head) => {
  console.log('tunnel', head[':status'], session.socket.getPeerCertificate().subjectaltname);
  if (head[':status'] !== 200) { session.destroy(); return; }
  const request = http.request({ path: '/by-hand', headers: { host: 'cart' }, createConnection: () => tunnel }, (answer) => {
    let body = '';
    answer.on('data', (part) => { body += part; });
    answer.on('end', () => { console.log('answer', answer.statusCode); console.log(body); session.destroy(); });
  });
  request.end();
});
