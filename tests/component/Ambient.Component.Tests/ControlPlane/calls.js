// Calls in grpc-js, an independent gRPC implementation, to our server. Usage: node calls.js <port> <workDir>.
// workDir has root.pem, client.pem, client.key. Prints one line per outcome.
'use strict';
const fs = require('fs');
const path = require('path');
const grpc = require('@grpc/grpc-js');

const [port, workDir] = process.argv.slice(2);
const read = (name) => fs.readFileSync(path.join(workDir, name));
const bytes = { requestSerialize: (b) => b, requestDeserialize: (b) => b, responseSerialize: (b) => b, responseDeserialize: (b) => b };
const service = (name, requestStream, responseStream) => ({ path: '/test.Echo/' + name, requestStream, responseStream, ...bytes });
const Client = grpc.makeGenericClientConstructor({
  unary: service('Unary', false, false), missing: service('Missing', false, false), slow: service('Slow', false, false), streams: service('Streams', true, true),
}, 'Echo');
const client = (...pair) => new Client('localhost:' + port, grpc.credentials.createSsl(read('root.pem'), ...pair));
const say = (what, body) => console.log(what + ' ' + body);
const call = (from, method, text, options = {}) => new Promise((done) => {
  const metadata = new grpc.Metadata();
  metadata.set('x-own', 'own');
  from[method](Buffer.from([10, text.length, ...Buffer.from(text)]), metadata, options, (error, answer) =>
    done(error ? error.code + ' ' + error.details : answer.subarray(2).toString()));
});

// A BytesValue that takes `size` bytes, size from 20 000 on: one byte of tag, three of length.
const block = (size) => Buffer.concat([Buffer.from([10, ((size - 4) & 127) | 128, (((size - 4) >> 7) & 127) | 128, (size - 4) >> 14]), Buffer.alloc(size - 4)]);

function streams(from, count, size) {
  return new Promise((done) => {
    const stream = from.streams();
    let got = 0;
    let total = 0;
    stream.on('data', (message) => {
      got++;
      total += message.length;
      if (got < count) {
        stream.write(block(size));
      } else {
        stream.end();
      }
    });
    stream.on('status', (status) => done(`${got} ${total} ${status.code}`));
    stream.on('error', () => {});
    stream.write(block(size));
  });
}

(async () => {
  const plain = client();
  const known = client(read('client.key'), read('client.pem'));
  say('unary', await call(plain, 'unary', 'hello'));
  say('refused', await call(plain, 'unary', 'no'));
  say('missing', await call(plain, 'missing', 'hello'));
  say('slow', await call(plain, 'slow', 'hello', { deadline: Date.now() + 300 }));
  say('large', await call(plain, 'unary', 'x'.repeat(100)));
  say('certificate', await call(known, 'unary', 'hello'));
  say('streams', await streams(plain, 20, 400000));
  const both = await Promise.all(Array.from({ length: 50 }, () => call(known, 'unary', 'many')));
  say('many', both.filter((answer) => answer.startsWith('many own')).length);
  process.exit(0);
})();
