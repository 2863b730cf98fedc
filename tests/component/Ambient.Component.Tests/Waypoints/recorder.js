// Says which requests arrive, as Node's most lenient parser reads them.
const http = require('http');
const server = http.createServer({ insecureHTTPParser: true }, (request, response) => {
  let length = 0;
  request.on('data', (part) => { length += part.length; });
  request.on('end', () => {
    console.log(`SEEN ${request.method} ${request.url} ${length}`);
    response.end('ok');
  });
});
server.keepAliveTimeout = 60000;
server.listen(Number(process.argv[2]), () => console.log('LISTENING'));
