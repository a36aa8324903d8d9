#!/usr/bin/env node
// What tests/bench/instructions.sh runs: callgrind counts the instructions of the program, not of the kernel. Of two
// counts, with different numbers of requests on one connection, the difference is what the requests alone cost.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Connection } from './connection.mjs';
import { RunningServer, servers } from './servers.mjs';
import { workloads } from './workloads.mjs';

const limitsFile = new URL('../instruction_limits.txt', import.meta.url);
const requests = 200;
const rounds = 5;
const tolerance = 1.03;
const letters = ['a', 'b', 'c', 'd'];
// With the log, since that is what is deployed.
const handler = servers.find(({ name }) => name === 'handler-log');

async function countInstructions(letter, count) {
  const folder = mkdtempSync(join(tmpdir(), 'azf-instructions-'));
  try {
    const log = join(folder, 'log');
    const options = ['--tool=callgrind', '--callgrind-out-file=/dev/null', `--log-file=${log}`];
    const running = await RunningServer.start(handler, ['valgrind', ...options]);
    try {
      const connection = await Connection.open(running.port);
      const request = workloads[letter].request(running.port);
      for (let i = 0; i < count; ++i) {
        const { status } = await connection.exchange(request);
        if (status !== 200) throw new Error(`workload ${letter} is answered with ${status}`);
      }
      connection.close();
    } finally {
      await running.stop('SIGTERM');
    }
    return Number(/Collected : (\d+)/.exec(readFileSync(log, 'latin1'))[1]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// How often the loop and its workers wake each other depends on the machine, and only adds: the least count is the work.
async function instructionsPerRequest(letter) {
  const least = async (count) => {
    const counts = [];
    for (let i = 0; i < rounds; ++i) counts.push(await countInstructions(letter, count));
    return Math.min(...counts);
  };
  const [few, many] = await Promise.all([least(requests), least(3 * requests)]);
  return Math.round((many - few) / (2 * requests));
}

function readLimits() {
  const lines = readFileSync(limitsFile, 'utf8').split('\n');
  const rows = lines.filter((line) => /^\w/.test(line)).map((line) => line.split(/\s+/));
  return new Map(rows.map(([workload, limit]) => [workload, Number(limit)]));
}

function writeLimits(counted) {
  const comment = readFileSync(limitsFile, 'utf8').split('\n').filter((line) => line.startsWith('#'));
  const lines = counted.map(({ workload, instructions }) => `${workload} ${instructions}`);
  writeFileSync(limitsFile, `${[...comment, ...lines].join('\n')}\n`);
}

async function main() {
  const { values } = parseArgs({ options: { set: { type: 'boolean' }, json: { type: 'string' } } });
  const limits = readLimits();
  const counted = [];
  process.stdout.write('workload  instructions     limit  ratio\n');
  for (const workload of letters) {
    const instructions = await instructionsPerRequest(workload);
    const limit = limits.get(workload);
    const within = values.set || instructions <= limit * tolerance; // never, if there is no limit
    counted.push({ workload, instructions, limit, within });
    process.stdout.write(
      `${workload.padEnd(8)}  ${String(instructions).padStart(12)}  ${String(limit ?? '-').padStart(8)}  ` +
        `${limit ? (instructions / limit).toFixed(3) : '-'}${within ? '' : '  too many'}\n`,
    );
  }
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ tolerance, counted }, null, 1)}\n`);
  if (values.set) writeLimits(counted);
  if (counted.some(({ within }) => !within)) process.exitCode = 1;
}

main().catch((error) => {
  process.stderr.write(`instructions: ${error.message}\n`);
  process.exitCode = 1;
});
