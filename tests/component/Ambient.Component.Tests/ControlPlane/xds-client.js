// A delta xDS client in grpc-js for our server. Usage: node xds-client.js <protoDir> <port> <root.pem>. Prints one line per outcome.
'use strict';
const fs = require('fs');
const path = require('path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [protoDir, port, root] = process.argv.slice(2);
const options = { keepCase: true, longs: Number, enums: String, defaults: true, includeDirs: [protoDir] };
const discovery = grpc.loadPackageDefinition(loader.loadSync('envoy/discovery.proto', options)).envoy.service.discovery.v3;
const client = new discovery.AggregatedDiscoveryService('localhost:' + port, grpc.credentials.createSsl(fs.readFileSync(path.resolve(root))));
const address = 'type.googleapis.com/istio.workload.Address';
const node = { id: 'ztunnel~1.1.1.1~zt.istio-system~istio-system.svc.cluster.local' };
const say = (what, body) => console.log(what + ' ' + body);

// Opens a stream, takes one response, acknowledges it and returns what it had.
function once(token, versions) {
  return new Promise((done) => {
    const metadata = new grpc.Metadata();
    metadata.set('authorization', 'Bearer ' + token);
    const stream = client.DeltaAggregatedResources(metadata);
    stream.on('data', (response) => {
      stream.write({ type_url: address, response_nonce: response.nonce });
      stream.end();
      const held = {};
      response.resources.forEach((resource) => { held[resource.name] = resource.version; });
      stream.on('status', (status) => done({ held, removed: response.removed_resources, code: status.code }));
    });
    stream.on('error', (error) => done({ code: error.code, details: error.details }));
    stream.write({ type_url: address, node, initial_resource_versions: versions });
  });
}

(async () => {
  const first = await once('good', {});
  say('first', Object.keys(first.held).sort().join(',') + ' ' + first.code);
  const again = await once('good', first.held);
  say('again', Object.keys(again.held).join(',') + ' ' + again.code);
  const stale = await once('good', { ...first.held, w1: 'old', gone: 'x' });
  say('stale', Object.keys(stale.held).join(',') + ' -' + stale.removed.join(',') + ' ' + stale.code);
  const stranger = await once('bad', {});
  say('stranger', stranger.code + ' ' + stranger.details);
  process.exit(0);
})();
