import { setTimeout as sleep } from 'node:timers/promises';

import { Connection } from './connection.mjs';
import { RunningServer } from './servers.mjs';
import { workloads } from './workloads.mjs';
import { drive } from './wrk.mjs';

const warmUpSeconds = 1;
const idleConnections = 1000;
const idleAnswerLimitMs = 2000;
const idleSettlingMs = 500;
const memoryConnections = 1024;
const memorySampleMs = 250;
// Longer than a garbage collector or an allocator takes to give back what it means to give back soon.
const memorySettlingMs = 5000;

/** Where servers and wrk run: `server` and `load` are prefixes of commands, `cores` says it in words. */
export function placement(processors) {
  if (processors < 2) return { server: [], load: [], cores: 'server and wrk share the only core' };
  const on = (core) => ['taskset', '--cpu-list', String(core)];
  return { server: on(processors - 1), load: on(0), cores: `server on core ${processors - 1}, wrk on core 0` };
}

async function measureOnce(running, { letter, connections, seconds, place }) {
  const request = workloads[letter].request(running.port);
  const before = running.cpuSeconds();
  const result = await drive({ port: running.port, request, connections, seconds, prefix: place.load });
  const cpu = running.cpuSeconds() - before;
  return {
    ...result,
    requests_per_second: result.requests / result.seconds,
    cpu_us: result.requests === 0 ? null : (cpu * 1e6) / result.requests,
  };
}

/** Keep-alive connections that have had an answer each, as far as the server gives one while the others are open. */
class IdleConnections {
  #connections;

  constructor(connections, answered) {
    this.#connections = connections;
    this.answered = answered;
  }

  static async open(running) {
    const opened = await Promise.all(Array.from({ length: idleConnections }, () => Connection.open(running.port)));
    let answered = 0;
    const request = workloads.a.request(running.port);
    const exchanges = opened.map((connection) => connection.exchange(request).then(() => ++answered, () => {}));
    await Promise.race([Promise.all(exchanges), sleep(idleAnswerLimitMs)]);
    return new IdleConnections(opened, answered);
  }

  close() {
    for (const connection of this.#connections) connection.close();
  }
}

async function inTurns(servers, place, runs, measure) {
  const running = [];
  try {
    for (const server of servers) running.push(await RunningServer.start(server, place.server));
    for (let run = 0; run < runs; ++run) {
      // Each run begins with another server.
      const first = run % running.length;
      for (const one of [...running.slice(first), ...running.slice(0, first)]) await measure(one, run);
    }
  } finally {
    for (const one of running) await one.stop();
  }
}

/** The runs of each server for one workload: `[{ server, workload, connections, runs }]`. */
export async function measureCell(servers, { letter, connections, seconds, runs, place }) {
  const cells = new Map(servers.map(({ name }) => [name, { server: name, workload: letter, connections, runs: [] }]));
  await inTurns(servers, place, runs, async (running, run) => {
    const options = { letter, connections, seconds, place };
    if (run === 0) await measureOnce(running, { ...options, seconds: warmUpSeconds });
    cells.get(running.server.name).runs.push(await measureOnce(running, options));
  });
  return [...cells.values()];
}

/** Workload a alone and beside idle connections, both in each run: `[{ server, alone, beside_idle }]`. */
export async function measureIdle(servers, { connections, seconds, runs, place }) {
  const cells = new Map(servers.map(({ name }) => [name, { server: name, connections, alone: [], beside_idle: [] }]));
  await inTurns(servers, place, runs, async (running, run) => {
    const options = { letter: 'a', connections, seconds, place };
    const cell = cells.get(running.server.name);
    if (run === 0) await measureOnce(running, { ...options, seconds: warmUpSeconds });
    const alone = async () => cell.alone.push(await measureOnce(running, options));
    const besideIdle = async () => {
      const idle = await IdleConnections.open(running);
      await sleep(idleSettlingMs);
      cell.beside_idle.push({ ...(await measureOnce(running, options)), idle_answered: idle.answered });
      idle.close();
      await sleep(idleSettlingMs);
    };
    const order = run % 2 === 0 ? [alone, besideIdle] : [besideIdle, alone];
    for (const measure of order) await measure();
  });
  return [...cells.values()];
}

/** What each server has resident before, during and after load: `[{ server, idle_kib, loaded_kib, after_kib }]`. */
export async function measureMemory(servers, { seconds, place }) {
  const results = [];
  for (const server of servers) {
    const running = await RunningServer.start(server, place.server);
    try {
      await sleep(idleSettlingMs);
      const idle_kib = running.residentKib();
      let loaded_kib = 0;
      const sampling = setInterval(() => (loaded_kib = Math.max(loaded_kib, running.residentKib())), memorySampleMs);
      const options = { letter: 'b', connections: memoryConnections, seconds, place };
      const { requests } = await measureOnce(running, options).finally(() => clearInterval(sampling));
      await sleep(memorySettlingMs);
      results.push({ server: server.name, idle_kib, loaded_kib, after_kib: running.residentKib(), requests });
    } finally {
      await running.stop();
    }
  }
  return results;
}

export const facts = { idleConnections, memoryConnections, memorySettlingMs, warmUpSeconds };
