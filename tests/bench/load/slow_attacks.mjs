// Lets slowhttptest attack each server in its four ways, while a client of good manners goes on asking.
// tests/bench/slow_attacks.sh runs it.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';

import { Connection } from './connection.mjs';
import { RunningServer, servers } from './servers.mjs';
import { slowTable } from './slow_table.mjs';
import { summary } from './statistics.mjs';
import { workloads } from './workloads.mjs';

const run = promisify(execFile);

// A request each 20 ms, each on a new connection, as a new caller would; without an answer in this time it has failed.
const pauseMs = 20;
const answerLimitMs = 3000;
const memorySampleMs = 250;
const settlingMs = 5000;
const connectionsPerSecond = 500;

const attacks = [
  { name: 'slow head', options: ['-H', '-i', '1', '-x', '24'], path: '/api/hello' },
  { name: 'slow body', options: ['-B', '-i', '1', '-s', '8192', '-x', '10'], path: '/api/parse' },
  { name: 'slow reader', options: ['-X', '-k', '10', '-w', '10', '-y', '20', '-n', '1', '-z', '5'], path: '/api/hello' },
  { name: 'many ranges', options: ['-R', '-a', '5', '-b', '2000', '-i', '1'], path: '/api/hello' },
];

const note = (text) => process.stderr.write(`slow attacks: ${text}\n`);

// Connections held, second by second, as slowhttptest counts them, and whether its time was up before they had ended.
function readHistory(file, seconds) {
  const [, ...lines] = readFileSync(file, 'latin1').trim().split('\n');
  const history = lines.map((line) => {
    const [second, , , connected] = line.split(',').map(Number);
    return { second, connected };
  });
  const holding = history.filter(({ connected }) => connected > 0);
  const last = holding.at(-1)?.second ?? 0;
  return {
    most_connections: Math.max(0, ...history.map(({ connected }) => connected)),
    held_seconds: last,
    attack_cut_off: last >= seconds - 1,
  };
}

async function attack(port, { options, path }, { connections, seconds }) {
  const folder = mkdtempSync(join(tmpdir(), 'azf-slow-'));
  try {
    const prefix = join(folder, 'history');
    const size = ['-c', connections, '-r', connectionsPerSecond, '-l', seconds].map(String);
    // Its own probe is switched off as far as it can be: ours measures.
    const rest = ['-p', '1', '-g', '-o', prefix, '-v', '0', '-u', `http://127.0.0.1:${port}${path}`];
    await run('slowhttptest', [...options, ...size, ...rest]);
    return readHistory(`${prefix}.csv`, seconds);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function askOnce(port) {
  const begin = performance.now();
  const connection = await Connection.open(port);
  try {
    const limit = sleep(answerLimitMs, null, { ref: false }).then(() => Promise.reject(new Error('no answer')));
    const { status } = await Promise.race([connection.exchange(workloads.a.request(port)), limit]);
    if (status !== 200) throw new Error(`status ${status}`);
    return performance.now() - begin;
  } finally {
    connection.close();
  }
}

// Asks, and looks at the memory, until `attacking` is over.
async function observe(running, attacking) {
  const times = [];
  let failed = 0;
  let during_kib = 0;
  let over = false;
  const ended = attacking.finally(() => (over = true));
  ended.catch(() => {}); // it is awaited below
  const sampling = (async () => {
    for (; !over; await sleep(memorySampleMs)) during_kib = Math.max(during_kib, running.residentKib());
  })();
  for (; !over; await sleep(pauseMs)) {
    await askOnce(running.port).then((time) => times.push(time), () => ++failed);
  }
  await sampling;
  const figures = summary(times);
  return {
    ...(await ended),
    answered: times.length,
    failed,
    median_ms: figures?.median ?? null,
    worst_ms: figures?.max ?? null,
    during_kib,
  };
}

async function measure(server, kind, settings) {
  const running = await RunningServer.start(server);
  try {
    const before_kib = running.residentKib();
    const observed = await observe(running, attack(running.port, kind, settings));
    await sleep(settlingMs);
    return { attack: kind.name, server: server.name, before_kib, ...observed, after_kib: running.residentKib() };
  } finally {
    await running.stop();
  }
}

function readOptions() {
  const string = { type: 'string' };
  const { values } = parseArgs({
    options: { servers: string, connections: string, seconds: string, out: string },
  });
  const names = (values.servers ?? 'handler,hyper,go,node,httplib').split(',');
  const unknown = names.filter((name) => !servers.some((server) => server.name === name));
  if (unknown.length > 0) throw new Error(`unknown servers: ${unknown.join(', ')}`);
  return {
    servers: servers.filter(({ name }) => names.includes(name)),
    settings: { connections: Number(values.connections ?? 1000), seconds: Number(values.seconds ?? 20) },
    out: values.out,
  };
}

async function main() {
  const options = readOptions();
  const result = { settings: options.settings, attacks: [] };
  for (const kind of attacks) {
    for (const server of options.servers) {
      const measured = await measure(server, kind, options.settings);
      note(`${kind.name}, ${server.name}: ${measured.answered} others answered, ${measured.failed} failed`);
      result.attacks.push(measured);
    }
  }
  if (options.out) writeFileSync(options.out, `${JSON.stringify(result, null, 1)}\n`);
  process.stdout.write(`${slowTable(result)}\n`);
}

main().catch((error) => {
  note(error.message);
  process.exitCode = 1;
});
