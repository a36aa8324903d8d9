import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from '../../differential/processes.mjs';
import { Connection } from './connection.mjs';
import { probe } from './workloads.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const built = `${root}build/release/tests/bench`;
const startLimitMs = 10_000;
const ticksPerSecond = 100; // USER_HZ, which Linux fixes for what it tells programs

const appRoot = { FUNCTIONS_APP_ROOT_PATH: `${root}build/release/app` };

/**
 * All servers: how each is started, what `environment` it gets beyond ours, and what it does that others leave out.
 * `parts` are those of the measurement in which it takes part, by default all.
 */
export const servers = [
  {
    name: 'handler',
    title: 'this handler, warnings only',
    command: [`${built}/azf_bench_handler`],
    environment: { ...appRoot, AZF_LOG_LEVEL: 'warn' },
    does: 'routing as the host does it, invocation ids, the envelope protocol, limits; no log, as the others',
  },
  {
    name: 'handler-log',
    title: 'this handler, default log',
    command: [`${built}/azf_bench_handler`],
    environment: appRoot,
    parts: ['a', 'b', 'c', 'd'],
    does: 'the same, and a line of JSON to standard output (here /dev/null) for each invocation',
  },
  {
    name: 'hyper',
    title: 'Rust hyper',
    command: [`${built}/hyper/release/hyper-server`],
    does: 'a match on method and path, typed JSON by serde; sends Date; no log, no invocation ids',
  },
  {
    name: 'go',
    title: 'Go net/http',
    command: [`${built}/go_server`],
    does: 'ServeMux, typed JSON by encoding/json; sends Date; no log, no invocation ids',
  },
  {
    name: 'node',
    title: 'Node.js http',
    command: [process.execPath, fileURLToPath(new URL('../peers/node/server.mjs', import.meta.url))],
    does: 'a map of routes, JSON.parse; sends Date; no log, no invocation ids',
  },
  {
    name: 'httplib',
    title: 'cpp-httplib',
    command: [`${built}/azf_httplib_server`],
    does: 'its own routes, nlohmann/json, a thread of a pool of 8 for each open connection; no log, no invocation ids',
  },
  {
    name: 'epoll',
    title: 'smallest epoll loop in C',
    command: [`${built}/azf_epoll_server`],
    parts: ['a', 'b', 'f', 'memory'],
    does: 'nothing: no parser, no routes, a fixed answer; the limit, not a peer',
  },
];

// No server may look for an identity endpoint of the platform.
const quietEnvironment = {
  AZURE_AUTHORITY_HOST: 'http://127.0.0.1:9',
  AZURE_POD_IDENTITY_AUTHORITY_HOST: 'http://127.0.0.1:9',
};

/** A server that answers, as a process of its own. */
export class RunningServer {
  #process;

  constructor(server, port, process) {
    this.server = server;
    this.port = port;
    this.#process = process;
  }

  /** Starts it behind `prefix`, a command such as taskset that becomes it, and waits until it answers `GET /`. */
  static async start(server, prefix = []) {
    const file = server.command.at(-1);
    if (!existsSync(file)) throw new Error(`${file} does not exist; tests/bench/build.sh builds it`);
    const port = await freePort();
    const [program, ...options] = [...prefix, ...server.command];
    const child = spawn(program, options, {
      env: { ...process.env, ...quietEnvironment, ...server.environment, FUNCTIONS_CUSTOMHANDLER_PORT: String(port) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const failed = new Promise((_, reject) => {
      child.once('error', (error) => reject(new Error(`${server.name}: ${error.message}`)));
      child.once('exit', (code, signal) => reject(new Error(`${server.name} has ended (${code ?? signal})`)));
    });
    failed.catch(() => {}); // it ends by our kill, too
    const running = new RunningServer(server, port, child);
    await Promise.race([running.#answer(), failed]);
    return running;
  }

  async #answer() {
    const until = Date.now() + startLimitMs;
    for (;;) {
      const connection = await Connection.open(this.port).catch(() => null);
      if (connection) {
        const { status } = await connection.exchange(probe.request(this.port));
        connection.close();
        if (status !== 200) throw new Error(`${this.server.name} answers GET / with ${status}`);
        return;
      }
      if (Date.now() > until) throw new Error(`${this.server.name} does not listen`);
      await sleep(5);
    }
  }

  /** Processor time of all its threads up to now, those that have ended included. */
  cpuSeconds() {
    const stat = readFileSync(`/proc/${this.#process.pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }

  residentKib() {
    const rollup = readFileSync(`/proc/${this.#process.pid}/smaps_rollup`, 'latin1');
    return Number(/^Rss:\s+(\d+)/m.exec(rollup)[1]);
  }

  async stop(signal = 'SIGKILL') {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill(signal);
    await ended;
  }
}
