#!/usr/bin/env node
// Makes RESULTS.md and cpu.svg of what tests/bench/run.sh has measured:
//   report.mjs FOLDER_OF_MEASUREMENTS FOLDER_OF_THE_REPORT
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { machine, versions } from './environment.mjs';
import { goals, headlineConnections } from './goals.mjs';
import { cpuPlot } from './plot.mjs';
import { servers } from './servers.mjs';
import { slowTable } from './slow_table.mjs';
import { runsOf, statistic, table, withSpread } from './tables.mjs';
import { blockSeconds, workloads } from './workloads.mjs';

const [, , measurements, folder] = process.argv;
const plotName = 'cpu.svg';
const titles = new Map(servers.map(({ name, title }) => [name, title]));
const peers = ['hyper', 'go', 'httplib'];

function readText(name) {
  const file = join(measurements, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

const readJson = (name) => JSON.parse(readText(name) ?? 'null');

const micros = (value) => value.toFixed(1);
const whole = (value) => Math.round(value).toLocaleString('en-US');
const millis = (value) => (value / 1000).toFixed(2);
const times = (value) => value.toFixed(2);
const mib = (kib) => (kib / 1024).toFixed(1);

function section(title, ...paragraphs) {
  return [`## ${title}`, ...paragraphs.filter((text) => text)].join('\n\n');
}

function listing(text) {
  return `\`\`\`\n${text.trimEnd()}\n\`\`\``;
}

function goalTable(results) {
  const rows = goals.map(({ name, limit, measure }) => {
    const result = measure(results);
    if (!result) return [name, limit, '-', 'not measured'];
    return [name, limit, result.text, result.met ? 'met' : '**missed**'];
  });
  return table(['goal', 'limit', 'measured', ''], rows);
}

function connectionCounts(results, letter) {
  return [...new Set(results.cells.filter((cell) => cell.workload === letter).map((cell) => cell.connections))];
}

function serversOf(results, letter) {
  return servers.filter(({ name }) => results.cells.some((cell) => cell.workload === letter && cell.server === name));
}

// A row for each server, a column for each number of connections.
function figureTable(results, letter, figure, text) {
  const counts = connectionCounts(results, letter);
  const rows = serversOf(results, letter).map(({ name, title }) => [
    title,
    ...counts.map((count) => withSpread(statistic(runsOf(results, letter, name, count), figure), text)),
  ]);
  return table(['connections', ...counts.map(String)], rows);
}

function ratioTable(results, letter) {
  const counts = connectionCounts(results, letter);
  const median = (server, count) => statistic(runsOf(results, letter, server, count), 'cpu_us')?.median;
  const rows = peers.map((peer) => [
    `to ${titles.get(peer)}`,
    ...counts.map((count) => {
      const ratio = median('handler', count) / median(peer, count);
      return Number.isFinite(ratio) ? times(ratio) : '-';
    }),
  ]);
  return table(['CPU per request of this handler', ...counts.map(String)], rows);
}

function errorsOf(runs) {
  return runs.reduce((sum, { errors }) => sum + Object.values(errors).reduce((a, b) => a + b, 0), 0);
}

function errorLine(results, letter) {
  const failed = results.cells
    .filter((cell) => cell.workload === letter && errorsOf(cell.runs) > 0)
    .map((cell) => `${titles.get(cell.server)} at ${cell.connections}: ${errorsOf(cell.runs)}`);
  return `Errors, time-outs included, in all runs: ${failed.length === 0 ? 'none' : failed.join('; ')}.`;
}

function workloadSection(results, letter) {
  if (connectionCounts(results, letter).length === 0) return null;
  return section(
    `${letter}: ${workloads[letter].title}`,
    ratioTable(results, letter),
    'CPU per request in microseconds, user and system, median (least..most):',
    figureTable(results, letter, 'cpu_us', micros),
    'Requests per second:',
    figureTable(results, letter, 'requests_per_second', whole),
    'Latency in milliseconds, the 50th and the 99th percentile:',
    figureTable(results, letter, 'p50_us', millis),
    figureTable(results, letter, 'p99_us', millis),
    errorLine(results, letter),
  );
}

function blockSection(results) {
  const cells = results.cells.filter(({ workload }) => workload === 'e');
  if (cells.length === 0) return null;
  const ideal = cells[0].connections / blockSeconds;
  const rows = cells.map(({ server, runs }) => {
    const rate = statistic(runs, 'requests_per_second');
    return [
      titles.get(server),
      withSpread(rate, whole),
      rate ? `${((rate.median / ideal) * 100).toFixed(1)} %` : '-',
      withSpread(statistic(runs, 'p99_us'), millis),
      String(errorsOf(runs)),
    ];
  });
  return section(
    `e: ${workloads.e.title}, ${cells[0].connections} connections`,
    `No server can answer more than ${whole(ideal)} requests per second.`,
    table(['', 'requests per second', 'of that', 'p99 ms', 'errors'], rows),
  );
}

function idleSection({ idle, settings }) {
  if (idle.length === 0) return null;
  const rows = idle.map(({ server, alone, beside_idle: beside }) => [
    titles.get(server),
    ...['cpu_us', 'requests_per_second', 'p99_us'].flatMap((figure) => {
      const text = { cpu_us: micros, requests_per_second: whole, p99_us: millis }[figure];
      return [withSpread(statistic(alone, figure), text), withSpread(statistic(beside, figure), text)];
    }),
    whole(statistic(beside, 'idle_answered').median),
  ]);
  const both = (name) => [`${name} alone`, `${name} beside idle`];
  return section(
    `f: workload a at ${idle[0].connections} connections beside ${whole(settings.idleConnections)} idle ones`,
    'The last column is how many of the idle connections got the one answer that they had asked for before.',
    table(['', ...both('CPU us'), ...both('requests/s'), ...both('p99 ms'), 'answered'], rows),
  );
}

function memorySection({ memory, settings }) {
  if (memory.length === 0) return null;
  const rows = memory.map(({ server, idle_kib, loaded_kib, after_kib, requests }) => [
    titles.get(server),
    mib(idle_kib),
    mib(loaded_kib),
    mib(after_kib),
    times(after_kib / idle_kib),
    whole(requests),
  ]);
  return section(
    'Memory',
    `Resident, in MiB: before the first request but \`GET /\`, the most under workload b at ` +
      `${whole(settings.memoryConnections)} connections, and ${settings.memorySettlingMs / 1000} s after their end.`,
    table(['', 'idle', 'under load', 'after load', 'after to idle', 'requests served'], rows),
  );
}

function startSection({ start }) {
  if (!start) return null;
  const rows = start.programs.map(({ program, start_us, ratio_to_first_peer, processor_us, rss_kib }) => [
    `\`${program}\``,
    `${whole(start_us.median)} (${whole(start_us.min)}, ${whole(start_us.p90)})`,
    times(ratio_to_first_peer),
    whole(processor_us),
    mib(rss_kib),
  ]);
  return section(
    'Start',
    `From exec to the first answered \`GET /\`, ${start.runs} starts of each in turns; microseconds, median (least, ` +
      '90th percentile).',
    table(['program', 'start', 'to the smallest C server', 'CPU', 'resident MiB'], rows),
  );
}

function instructionSection() {
  const requests = readJson('instructions.json');
  if (!requests) return null;
  const rows = requests.counted.map(({ workload, instructions, limit }) => [
    `${workload}: ${workloads[workload].title}`,
    whole(instructions),
    limit ? whole(limit) : '-',
  ]);
  const start = readText('start_instructions.txt');
  return section(
    'Instructions',
    'In the program, not in the kernel, for one request of this handler with its default log:',
    table(['workload', 'instructions', 'limit'], rows),
    start && 'From start to end with one `GET /`:',
    start && listing(start),
  );
}

function slowSection() {
  const slow = readJson('slow_attacks.json');
  if (!slow) return null;
  const { connections, seconds } = slow.settings;
  return section(
    'Slow clients',
    `\`slowhttptest\` holds ${whole(connections)} connections for at most ${seconds} s: it sends a head or a body in ` +
      'small pieces, takes its answers byte by byte, or asks for many ranges. Beside it another client asks for ' +
      'workload a, each time on a new connection, and waits at most 3 s.',
    slowTable(slow),
  );
}

function casesSection() {
  const scores = readJson('cases.json');
  if (!scores) return null;
  const rows = Object.keys(scores[0].topics).map((topic) => [
    topic,
    ...scores.map(({ topics }) => `${topics[topic].passed} / ${topics[topic].cases}`),
  ]);
  const row = (name, value) => [name, ...scores.map(value)];
  return section(
    'Request cases',
    'The table of `tests/conformance` over a socket: good and bad requests, each with its rule in RFC 9112 or RFC 9110. A ' +
      'case fails if a MUST is broken or two readings of the framing show; going against a SHOULD passes, and is counted.',
    table(
      ['topic', ...scores.map(({ server }) => (server === 'handler' ? 'this handler' : titles.get(server)))],
      [
        ...rows,
        row('all', ({ passed, cases }) => `${passed} / ${cases}`),
        row('against a SHOULD', ({ against_should }) => against_should),
      ],
    ),
  );
}

function environmentSection(results) {
  const { settings, load_average, date } = results;
  const runs = `${settings.runs} of ${settings.seconds} s for each cell, in turns`;
  const facts = [
    ...Object.entries(machine()),
    ...Object.entries(versions()),
    ['placement', settings.cores],
    ['runs', `${runs}, after ${settings.warmUpSeconds} s of warming up`],
    ['load average at the beginning', load_average],
    ['date', date.slice(0, 16).replace('T', ' ')],
  ];
  return section(
    'Where and with what',
    table(['', ''], facts).replace('---:', '---'),
    'What the servers do beyond reading and answering:',
    servers.map(({ title, does }) => `- ${title}: ${does}.`).join('\n'),
  );
}

function tokenSection() {
  const text = readText('token_cache.txt');
  return text && section('Cached tokens', listing(text));
}

function startMeasurements() {
  const start = readJson('start.json');
  for (const program of start?.programs ?? []) program.program = basename(program.program);
  return start;
}

const results = { ...readJson('load.json'), start: startMeasurements() };
const quick = results.settings.quick
  ? '**A quick run, to see whether everything works: these figures say nothing.**'
  : null;
const sections = [
  '# Results',
  'Written by `tests/bench/run.sh`; [README.md](README.md) has the method.',
  quick,
  section(
    'Goals',
    `Processor time and latency are judged at ${headlineConnections} connections, by medians; this handler writes ` +
      'warnings only, as the peers have no log at all.',
    goalTable(results),
  ),
  `![CPU per request by workload and server](${plotName})`,
  ...['a', 'b', 'c', 'd'].map((letter) => workloadSection(results, letter)),
  blockSection(results),
  idleSection(results),
  memorySection(results),
  slowSection(),
  casesSection(),
  startSection(results),
  instructionSection(),
  tokenSection(),
  environmentSection(results),
];
writeFileSync(join(folder, 'RESULTS.md'), `${sections.filter((text) => text).join('\n\n')}\n`);
writeFileSync(join(folder, plotName), cpuPlot(results, titles, headlineConnections));
