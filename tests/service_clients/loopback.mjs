// Loaded before the clients: names below localhost are this machine, as RFC 6761 has it and Node does not know, and
// nothing may leave it.
import dns from 'node:dns';
import net from 'node:net';

const isLocal = (host) => ['127.0.0.1', '::1', 'localhost'].includes(host) || host.endsWith('.localhost');

const lookup = dns.lookup;
dns.lookup = (host, ...rest) => {
  if (!host.endsWith('.localhost')) return lookup(host, ...rest);
  const callback = rest.pop();
  const all = rest[0]?.all === true;
  process.nextTick(() => (all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4)));
};

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const options = Array.isArray(args[0]) ? args[0][0] : args[0];
  const host = options?.host ?? 'localhost';
  if (isLocal(host)) return connect.apply(this, args);
  const error = new Error(`a connection to ${host} was stopped`);
  process.nextTick(() => this.destroy(Object.assign(error, { code: 'ENETUNREACH' })));
  return this;
};
