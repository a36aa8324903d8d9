// Loaded before the clients: nothing may leave this machine, and names below localhost are this machine, as RFC 6761 has
// it and Node does not know.
import dns from 'node:dns';
import '../differential/network_guard.mjs';

const lookup = dns.lookup;
dns.lookup = (host, ...rest) => {
  if (!host.endsWith('.localhost')) return lookup(host, ...rest);
  const callback = rest.pop();
  const all = rest[0]?.all === true;
  process.nextTick(() => (all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4)));
};
