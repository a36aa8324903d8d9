import { servers } from './servers.mjs';
import { runsOf, statistic } from './tables.mjs';
import { blockSeconds } from './workloads.mjs';

/** The number of connections at which the goals for processor time and latency are judged. */
export const headlineConnections = 64;

// What is within the noise of a quiet machine.
const noise = 0.03;

const mib = (kib) => `${(kib / 1024).toFixed(1)} MiB`;
const times = (ratio) => `${ratio.toFixed(2)} x`;

function goal(name, limit, measure) {
  return { name, limit, measure };
}

// Of medians, ours to the peer's; undefined if one is missing.
function ratio(results, letter, figure, peer) {
  const of = (server) => statistic(runsOf(results, letter, server, headlineConnections), figure);
  const [ours, theirs] = [of('handler'), of(peer)];
  return ours && theirs ? ours.median / theirs.median : undefined;
}

function atMost(limit, value, text = times) {
  return value === undefined ? undefined : { met: value <= limit, text: text(value) };
}

function cpuGoal(letter, peer, limit) {
  const { title } = servers.find(({ name }) => name === peer);
  return goal(`CPU per request on ${letter}, to ${title}`, `<= ${times(limit)}`, (results) =>
    atMost(limit, ratio(results, letter, 'cpu_us', peer)),
  );
}

function latencyGoal(letter) {
  return goal(`p99 on ${letter} at ${headlineConnections} connections, to Rust hyper`, '<= 1.00 x', (results) =>
    atMost(1, ratio(results, letter, 'p99_us', 'hyper')),
  );
}

function blockShare({ cells }) {
  const cell = cells.find(({ workload, server }) => workload === 'e' && server === 'handler');
  if (!cell) return undefined;
  const { median } = statistic(cell.runs, 'requests_per_second');
  const share = median / (cell.connections / blockSeconds);
  return { met: share >= 0.95, text: `${(share * 100).toFixed(1)} %` };
}

// No effect is one that is smaller than how far runs without idle connections are apart.
function idleEffect({ idle }) {
  const cell = idle.find(({ server }) => server === 'handler');
  if (!cell) return undefined;
  const besideCpu = statistic(cell.beside_idle, 'cpu_us');
  if (!besideCpu) return { met: false, text: 'no request was answered' };
  const aloneCpu = statistic(cell.alone, 'cpu_us');
  const aloneRate = statistic(cell.alone, 'requests_per_second');
  const cpu = besideCpu.median / aloneCpu.median;
  const rate = statistic(cell.beside_idle, 'requests_per_second').median / aloneRate.median;
  const cpuLimit = Math.max(1 + noise, aloneCpu.max / aloneCpu.median);
  const rateLimit = Math.min(1 - noise, aloneRate.min / aloneRate.median);
  return { met: cpu <= cpuLimit && rate >= rateLimit, text: `CPU ${times(cpu)}, throughput ${times(rate)}` };
}

function startRatio({ start }, peer) {
  const median = (name) => start?.programs.find(({ program }) => program === name)?.start_us.median;
  return median('handler') && median(peer) ? median('handler') / median(peer) : undefined;
}

function memoryGoal(name, limit, text, value, allowed) {
  return goal(name, limit, ({ memory }) => {
    const ours = memory.find(({ server }) => server === 'handler');
    return ours && atMost(allowed, value(ours), text);
  });
}

/** All goals: `measure(results)` is `{ met, text }`, or undefined if that was not measured. */
export const goals = [
  cpuGoal('b', 'hyper', 0.95),
  cpuGoal('a', 'hyper', 1.05),
  ...['b', 'a'].map((letter) => cpuGoal(letter, 'go', 0.6)),
  ...['b', 'a'].map((letter) => cpuGoal(letter, 'httplib', 0.5)),
  ...['b', 'a'].map(latencyGoal),
  goal('e: throughput of what 50 ms of waiting allow', '>= 95 %', blockShare),
  goal('f: effect of 1,000 idle connections', 'none measurable', idleEffect),
  goal('exec to first answer, to the smallest static C server', '<= 1.25 x', (results) =>
    atMost(1.25, startRatio(results, 'azf_minimal_server')),
  ),
  goal('exec to first answer, to Rust hyper', '<= 1.00 x', (results) => atMost(1, startRatio(results, 'hyper-server'))),
  memoryGoal('resident, idle', '<= 5 MiB', mib, ({ idle_kib }) => idle_kib, 5 * 1024),
  memoryGoal('resident at 1,024 connections', '<= 16 MiB', mib, ({ loaded_kib }) => loaded_kib, 16 * 1024),
  memoryGoal('resident after load, to idle', '<= 1.20 x', times, (ours) => ours.after_kib / ours.idle_kib, 1.2),
];
