#!/usr/bin/env node
// Plays the request cases of tests/conformance against this handler and its peers: how many of the rules of RFC 9112 and
// RFC 9110 each keeps. Writes the scores as JSON for report.mjs.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

import { RunningServer, servers } from './servers.mjs';

const program = fileURLToPath(new URL('../../../build/release/tests/conformance/azf_request_cases', import.meta.url));
const peers = ['hyper', 'go', 'node', 'httplib'];

/** What the program prints; it ends with 1 if a case failed. */
async function play(options) {
  const run = promisify(execFile)(program, ['--json', ...options], { maxBuffer: 64 << 20 });
  const { stdout } = await run.catch((error) => {
    if (error.code !== 1) throw error;
    return error;
  });
  return JSON.parse(stdout);
}

function score(name, { cases, against_should }) {
  const topics = {};
  for (const { topic, score: outcome } of cases) {
    topics[topic] ??= { passed: 0, cases: 0 };
    topics[topic].cases += 1;
    if (outcome !== 'FAILED') topics[topic].passed += 1;
  }
  const failed = cases.filter((one) => one.score === 'FAILED').map(({ topic, name }) => `${topic}: ${name}`);
  process.stderr.write(`cases: ${name}: ${cases.length - failed.length} of ${cases.length}\n`);
  return { server: name, cases: cases.length, passed: cases.length - failed.length, against_should, topics, failed };
}

async function playPeer(server) {
  const running = await RunningServer.start({ ...server, environment: { AZF_PEER_ANSWERS_ALL: '1' } });
  try {
    return score(server.name, await play(['--port', String(running.port)]));
  } finally {
    await running.stop();
  }
}

async function main() {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  const scores = [score('handler', await play([]))]; // plays against our server in its own process
  for (const server of servers.filter(({ name }) => peers.includes(name))) scores.push(await playPeer(server));
  if (values.out) writeFileSync(values.out, `${JSON.stringify(scores, null, 1)}\n`);
}

main().catch((error) => {
  process.stderr.write(`cases: ${error.message}\n`);
  process.exitCode = 1;
});
