// A control plane in grpc-js: an independent gRPC implementation for our client to talk to.
// Usage: node control-plane.js <protoDir> <workDir> ; workDir has server.pem, server.key, ca.pem, ca.key. Prints one line per event.
'use strict';
const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const protobuf = require('protobufjs');

const [protoDir, workDir] = process.argv.slice(2);
const options = { keepCase: true, longs: Number, enums: String, defaults: false, includeDirs: [protoDir] };
const load = (file) => grpc.loadPackageDefinition(loader.loadSync(file, options));
const discovery = load('envoy/discovery.proto').envoy.service.discovery.v3;
const auth = load('istio/certificates.proto').istio.v1.auth;
const types = new protobuf.Root();
types.resolvePath = (_, target) => {
  const own = path.join(protoDir, target);
  return fs.existsSync(own) ? own : target;
};
types.loadSync(['istio/workload.proto', 'istio/authorization.proto'], { keepCase: true });

const say = (what, body) => console.log(what + ' ' + JSON.stringify(body));
const pack = (name, body) => {
  const type = types.lookupType(name);
  return { type_url: 'type.googleapis.com/' + name, value: Buffer.from(type.encode(type.fromObject(body)).finish()) };
};
const workload = (uid, last) => ({
  name: uid, version: 'v-' + uid,
  resource: pack('istio.workload.Address', { workload: {
    uid, name: uid, namespace: 'shop', addresses: [Buffer.from([10, 0, 0, last])], tunnel_protocol: 1, service_account: 'cart',
    services: { 'shop/cart.shop': { ports: [{ service_port: 80, target_port: 8080 }] } }, capacity: { value: 7 } } }),
});
const service = {
  name: 'shop/cart.shop', version: 'v-s',
  resource: pack('istio.workload.Address', { service: {
    name: 'cart', namespace: 'shop', hostname: 'cart.shop', addresses: [{ address: Buffer.from([10, 96, 0, 1]) }, { address: Buffer.from([10, 97, 0, 0]), length: 16 }],
    ports: [{ service_port: 80, target_port: 8080 }] } }),
};
const policy = {
  name: 'shop/deny', version: 'v-p',
  resource: pack('istio.security.Authorization', {
    name: 'deny', namespace: 'shop', scope: 1, action: 1, rules: [{ clauses: [{ matches: [{ destination_ports: [9000] }] }] }] }),
};

let streams = 0;
function delta(call) {
  const number = ++streams;
  let acks = 0;
  call.on('data', (request) => {
    say('request', {
      stream: number, type: request.type_url, nonce: request.response_nonce || '', node: request.node ? request.node.id : null,
      versions: request.initial_resource_versions || {}, error: request.error_detail ? request.error_detail.message : null,
      token: call.metadata.get('authorization')[0] || null, cluster: call.metadata.get('clusterid')[0] || null,
    });
    if (!request.response_nonce) {
      const first = request.type_url.endsWith('Address');
      if (number === 1) {
        call.write({ type_url: request.type_url, nonce: 'n-' + (first ? 'a' : 'p'), resources: first ? [workload('w1', 1), workload('w2', 2), service] : [policy] });
      } else {
        call.write({ type_url: request.type_url, nonce: 'm-' + (first ? 'a' : 'p'), removed_resources: first ? ['w1'] : [] });
      }
    } else if (++acks === 2 && number === 1) {
      call.emit('error', { code: grpc.status.UNAVAILABLE, details: 'transport is closing: balance' });
    }
  });
  call.on('end', () => call.end());
}

function certify(call, callback) {
  if (call.metadata.get('authorization')[0] !== 'Bearer good') {
    callback({ code: grpc.status.UNAUTHENTICATED, details: 'token not accepted ✗' });
    return;
  }
  const request = path.join(workDir, 'request.pem');
  fs.writeFileSync(request, call.request.csr);
  const leaf = execFileSync('openssl', ['x509', '-req', '-in', request, '-CA', path.join(workDir, 'ca.pem'), '-CAkey', path.join(workDir, 'ca.key'),
    '-CAcreateserial', '-days', '1', '-copy_extensions', 'copy'], { stdio: ['ignore', 'pipe', 'ignore'] });
  say('certify', { subject: execFileSync('openssl', ['req', '-in', request, '-noout', '-subject', '-verify'], { stdio: ['ignore', 'pipe', 'pipe'] }).toString().trim(),
    validity: call.request.validity_duration, metadata: call.request.metadata });
  callback(null, { cert_chain: [leaf.toString(), fs.readFileSync(path.join(workDir, 'ca.pem')).toString()] });
}

const server = new grpc.Server();
server.addService(discovery.AggregatedDiscoveryService.service, { DeltaAggregatedResources: delta, StreamAggregatedResources: (call) => call.end() });
server.addService(auth.IstioCertificateService.service, { CreateCertificate: certify });
const pair = { cert_chain: fs.readFileSync(path.join(workDir, 'server.pem')), private_key: fs.readFileSync(path.join(workDir, 'server.key')) };
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createSsl(null, [pair], false), (error, port) => {
  if (error) {
    throw error;
  }
  console.log('listening ' + port);
});
