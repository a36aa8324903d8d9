// Loaded before an official client: nothing may leave this machine, whatever a library believes it should ask.
import net from 'node:net';

const loopback = new Set(['127.0.0.1', 'localhost', '::1']);
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...args) {
  const options = Array.isArray(args[0]) ? args[0][0] : args[0];
  const host = options?.host ?? 'localhost';
  if (loopback.has(host) || host.endsWith('.localhost')) return connect.apply(this, args);
  const error = new Error(`the network guard stopped a connection to ${host}`);
  process.nextTick(() => this.destroy(Object.assign(error, { code: 'ENETUNREACH' })));
  return this;
};
