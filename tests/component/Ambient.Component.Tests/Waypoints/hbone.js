// A client of HBONE by hand. Arguments: address of the waypoint, directory of the identity, authorities. One line for each authority: what came of a GET inside.
const fs = require('fs');
const http2 = require('http2');
const [host, directory, ...authorities] = process.argv.slice(2);
const session = http2.connect(`https://${host}:15008`, {
  key: fs.readFileSync(`${directory}/key.pem`),
  cert: fs.readFileSync(`${directory}/cert.pem`),
  ca: fs.readFileSync(`${directory}/ca.pem`),
  minVersion: 'TLSv1.3',
  checkServerIdentity: () => undefined,
});
session.on('error', (e) => { console.log(`FAILED ${e.message}`); process.exit(1); });
function ask(authority) {
  return new Promise((resolve) => {
    let got = '';
    let said = 'nothing';
    const stream = session.request({ ':method': 'CONNECT', ':authority': authority });
    stream.on('response', (head) => { said = `connect ${head[':status']}`; });
    stream.on('data', (part) => { got += part; if (got.includes('\r\n')) { said = got.slice(0, got.indexOf('\r\n')); stream.close(); } });
    stream.on('error', () => {});
    stream.on('close', () => { console.log(authority, said); resolve(); });
    stream.write('GET / HTTP/1.1\r\nHost: any\r\n\r\n');
  });
}
(async () => {
  for (const authority of authorities) await ask(authority);
  session.close();
})();
