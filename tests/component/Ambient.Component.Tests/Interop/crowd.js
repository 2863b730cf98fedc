// Very many connections at once. As "server" it echoes; else it opens so many, then lets each ask for its own number, and holds them.
'use strict';
const net = require('net');

const [role, host, port] = process.argv.slice(2);

function server() {
  net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  }).listen({ host: '0.0.0.0', port: Number(port), backlog: 4096 }, () => console.log('LISTENING'));
}

function ask(socket, number) {
  return new Promise((resolve, reject) => {
    const question = `${number};`;
    let answer = '';
    socket.on('data', (bytes) => {
      answer += bytes;
      if (answer.length >= question.length) {
        answer === question ? resolve() : reject(new Error(`${number} heard ${answer}`));
      }
    });
    socket.on('end', () => reject(new Error(`${number} was ended`)));
    socket.on('error', reject);
    socket.write(question);
  });
}

async function crowd(count) {
  const sockets = await Promise.all(Array.from({ length: count }, () => new Promise((resolve, reject) => {
    const socket = net.connect({ host, port: Number(port) }, () => resolve(socket));
    socket.once('error', reject);
  })));
  console.log(`ALL ${count} OPEN`);
  await Promise.all(sockets.map(ask));
  console.log(`ALL ${count} ANSWERED`);
}

if (role === 'server') {
  server();
} else {
  crowd(Number(role)).catch((e) => { console.log(`FAILED ${e.message}`); process.exit(1); });
}
