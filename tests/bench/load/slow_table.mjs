import { servers } from './servers.mjs';
import { table } from './tables.mjs';

const titles = new Map(servers.map(({ name, title }) => [name, title]));
const millis = (value) => (value === null ? '-' : value.toFixed(1));
const mib = (kib) => (kib / 1024).toFixed(1);

/** What `slow_attacks.mjs` has measured, a row for each attack and server. */
export function slowTable({ attacks }) {
  const header = [
    'attack, server', 'most connections', 'held s', 'others answered', 'failed', 'median ms', 'worst ms',
    'MiB before', 'during', 'after',
  ];
  const rows = attacks.map((one) => [
    `${one.attack}, ${titles.get(one.server)}`,
    one.most_connections,
    `${one.attack_cut_off ? '≥ ' : ''}${one.held_seconds}`,
    one.answered,
    one.failed,
    millis(one.median_ms),
    millis(one.worst_ms),
    mib(one.before_kib),
    mib(one.during_kib),
    mib(one.after_kib),
  ]);
  return table(header, rows);
}
