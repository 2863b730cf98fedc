// An HTTPS endpoint in HTTP/1.1 and HTTP/2. Arguments: port, certificate, key, authority of clients or -, highest version or -.
const fs = require('fs');
const http2 = require('http2');
const [port, cert, key, ca, max] = process.argv.slice(2);
const options = { cert: fs.readFileSync(cert), key: fs.readFileSync(key), allowHTTP1: true };
if (ca !== '-') Object.assign(options, { ca: fs.readFileSync(ca), requestCert: true, rejectUnauthorized: true });
if (max && max !== '-') options.maxVersion = max;
const server = http2.createSecureServer(options);
server.on('sessionError', () => {});
server.on('tlsClientError', (error) => console.log(`REFUSED ${error.code || error.message}`));
server.on('secureConnection', (socket) => {
  const client = socket.getPeerCertificate();
  console.log(`SHAKEN ${socket.servername} ${socket.alpnProtocol} ${socket.getProtocol()} ${client && client.subject ? client.subject.CN : '-'} ${socket.isSessionReused() ? 'resumed' : 'whole'}`);
});
server.on('request', (request, response) => {
  let length = 0;
  request.on('data', (part) => { length += part.length; });
  request.on('end', () => {
    console.log(`SEEN ${request.method} ${request.url} ${length} HTTP/${request.httpVersion}`);
    if (request.url.startsWith('/big')) { response.end('x'.repeat(Number(request.url.slice(4)))); return; }
    if (request.url === '/slow') {
      response.writeHead(200, { 'content-length': '6' });
      response.write('abc');
      process.on('SIGUSR2', () => response.end('def'));
      return;
    }
    const text = `secure ${request.headers[':authority'] || request.headers.host}`;
    response.writeHead(200, { 'content-length': String(text.length) });
    response.end(text);
  });
});
server.listen(Number(port), () => console.log('LISTENING'));
