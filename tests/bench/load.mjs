#!/usr/bin/env node
// Starts each server, checks all its answers, and drives it with wrk: processor time for each request, throughput,
// latency and memory. Writes all runs as JSON; load/report.mjs makes the report of it. README.md has the method.
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

import { checkAnswers } from './load/answers.mjs';
import { facts, measureCell, measureIdle, measureMemory, placement } from './load/measure.mjs';
import { servers } from './load/servers.mjs';
import { summary } from './load/statistics.mjs';

const usage = `Usage: tests/bench/load.mjs [OPTION...]

  --only LIST         of: check, a, b, c, d, e, f, memory; by default all. The answers are checked in any case
  --servers LIST      of: ${servers.map(({ name }) => name).join(', ')}
  --connections LIST  for a to d (1,16,64,256,1024)
  --runs N            runs of each cell (5)
  --seconds N         length of a run (3); those of workload e are three times as long
  --quick             2 runs of 1 second, 64 and 1024 connections: to see whether all works, not for figures
  --out FILE          where the JSON goes
`;

const blockConnections = 256;
const besideIdleConnections = 64;
// What waits begins to answer late, and is cut off at the end: longer runs make that small.
const blockRunFactor = 3;

function count(text) {
  if (!/^[1-9][0-9]*$/.test(text)) throw new Error(`${text} is not a number of 1 or more`);
  return Number(text);
}

function chosen(text, known) {
  const unknown = text.split(',').filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(', ')}; there are ${known.join(', ')}`);
  return text.split(',');
}

function readOptions() {
  const string = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const { values } = parseArgs({
    options: {
      only: string, servers: string, connections: string, runs: string, seconds: string, out: string,
      quick: flag, help: flag,
    },
  });
  const parts = ['check', 'a', 'b', 'c', 'd', 'e', 'f', 'memory'];
  const names = servers.map(({ name }) => name);
  const selected = chosen(values.servers ?? names.join(','), names);
  return {
    help: values.help,
    quick: values.quick,
    only: chosen(values.only ?? parts.join(','), parts),
    servers: servers.filter(({ name }) => selected.includes(name)),
    connections: (values.connections ?? (values.quick ? '64,1024' : '1,16,64,256,1024')).split(',').map(count),
    runs: count(values.runs ?? (values.quick ? '2' : '5')),
    seconds: count(values.seconds ?? (values.quick ? '1' : '3')),
    out: values.out,
  };
}

const note = (text) => process.stderr.write(`load: ${text}\n`);

function noteCell(what, runs) {
  const figure = (name, digits) => summary(runs.map((run) => run[name]))?.median.toFixed(digits) ?? '-';
  const errors = runs.reduce((sum, run) => sum + Object.values(run.errors).reduce((a, b) => a + b, 0), 0);
  note(
    `${what.padEnd(34)} ${figure('cpu_us', 2).padStart(8)} us CPU  ${figure('requests_per_second', 0).padStart(7)}/s` +
      `  p99 ${figure('p99_us', 0).padStart(7)} us  ${errors} errors`,
  );
}

async function main() {
  const options = readOptions();
  if (options.help) {
    process.stdout.write(usage);
    return;
  }
  const place = placement(availableParallelism());
  const { runs, seconds } = options;
  const serversFor = (part) => options.servers.filter((server) => server.parts?.includes(part) ?? true);
  const result = {
    date: new Date().toISOString(),
    settings: { quick: options.quick, runs, seconds, cores: place.cores, ...facts },
    load_average: readFileSync('/proc/loadavg', 'latin1').split(' ').slice(0, 3).join(' '),
    cells: [],
    idle: [],
    memory: [],
  };
  await checkAnswers(options.servers);
  note(`all answers of ${options.servers.length} servers are right; ${place.cores}`);

  const cell = async (letter, connections, runSeconds = seconds) => {
    const settings = { letter, connections, seconds: runSeconds, runs, place };
    const measured = await measureCell(serversFor(letter), settings);
    for (const one of measured) noteCell(`${letter} ${connections} ${one.server}`, one.runs);
    result.cells.push(...measured);
  };
  for (const letter of ['a', 'b', 'c', 'd'].filter((one) => options.only.includes(one))) {
    for (const connections of options.connections) await cell(letter, connections);
  }
  if (options.only.includes('e')) await cell('e', blockConnections, blockRunFactor * seconds);
  if (options.only.includes('f')) {
    const settings = { connections: besideIdleConnections, seconds, runs, place };
    result.idle = await measureIdle(serversFor('f'), settings);
    for (const one of result.idle) {
      noteCell(`f alone ${one.server}`, one.alone);
      noteCell(`f beside idle ${one.server}`, one.beside_idle);
    }
  }
  if (options.only.includes('memory')) {
    result.memory = await measureMemory(serversFor('memory'), { seconds, place });
    for (const { server, idle_kib, loaded_kib, after_kib } of result.memory) {
      note(`memory ${server.padEnd(27)} ${idle_kib} KiB idle, ${loaded_kib} loaded, ${after_kib} after`);
    }
  }
  if (options.out) writeFileSync(options.out, `${JSON.stringify(result, null, 1)}\n`);
}

main().catch((error) => {
  note(error.message);
  process.exitCode = 1;
});
