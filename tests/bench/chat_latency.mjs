#!/usr/bin/env node
// How much later an answer of a chat model comes through the handler than from the service itself. The service is the
// emulator's stand-in, under TLS on loopback; calls go in turns, on connections that stay open.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const usage = `Usage: tests/bench/chat_latency.mjs [--preset PRESET] [--calls N]

  --preset PRESET  whose handler and emulator: release (default) or debug
  --calls N        how many on each way (default: 500)
  --help           this text
`;

const build = resolve(dirname(fileURLToPath(import.meta.url)), '../../build');
const question = { messages: [{ role: 'user', content: 'Hello' }] };

function options(args) {
  const result = { preset: 'release', calls: 500 };
  while (args.length > 0) {
    const name = args.shift();
    if (name === '--help') {
      process.stdout.write(usage);
      process.exit(0);
    }
    if (name === '--preset') result.preset = args.shift();
    else if (name === '--calls') result.calls = Number(args.shift());
    else throw new Error(`unknown option ${name}\n\n${usage}`);
  }
  if (!Number.isInteger(result.calls) || result.calls < 1) throw new Error('--calls must be a positive number');
  return result;
}

function freePort() {
  return new Promise((found) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });
}

async function until(what, ready) {
  for (let waited = 0; waited < 20_000; waited += 20) {
    const value = await ready();
    if (value) return value;
    await sleep(20);
  }
  throw new Error(`${what} does not become ready`);
}

// The milliseconds that one exchange took, and its reply.
function call(client, url, agent, headers, body) {
  return new Promise((settle, fail) => {
    const began = performance.now();
    const request = client.request(url, { method: body ? 'POST' : 'GET', agent, headers }, (reply) => {
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (part) => (text += part));
      reply.on('end', () => settle({ took: performance.now() - began, status: reply.statusCode, text }));
    });
    request.on('error', fail);
    request.end(body && JSON.stringify(body));
  });
}

async function checked(...args) {
  const reply = await call(...args);
  if (reply.status !== 200) throw new Error(`${args[1]} answered ${reply.status}: ${reply.text}`);
  return reply;
}

const quantile = (values, share) => values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))];

async function measure({ preset, calls }) {
  const folder = mkdtempSync(join(tmpdir(), 'azf-latency-'));
  const children = [];
  const start = (program, args, env) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    children.push(child);
  };
  try {
    const readyFile = join(folder, 'ready.json');
    const emulated = ['identity', '--services', '--ready-file', readyFile, '--state-dir', folder];
    start(join(build, preset, 'tests/emulator/emulator'), emulated, {});
    await until('the emulator', () => existsSync(readyFile));
    const { services } = JSON.parse(readFileSync(readyFile, 'utf8'));
    const variables = JSON.parse(readFileSync(join(folder, 'variables.json'), 'utf8'))['app-service'];
    const port = await freePort();
    start(join(build, preset, 'app/handler'), ['serve', '--port', String(port)], {
      ...variables,
      AZF_LOG_LEVEL: 'warn',
      AZURE_OPENAI_ENDPOINT: services.openai_url,
      AZURE_OPENAI_DEPLOYMENT: 'demo',
      SSL_CERT_FILE: services.ca_file,
    });

    const plain = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const secure = new https.Agent({ keepAlive: true, maxSockets: 1, ca: readFileSync(services.ca_file) });
    const handler = `http://127.0.0.1:${port}`;
    await until('the handler', () => call(http, handler, plain).then(({ status }) => status === 200, () => false));
    const tokenUrl = `${variables.IDENTITY_ENDPOINT}?api-version=2019-08-01&resource=https://cognitiveservices.azure.com`;
    const token = await checked(http, tokenUrl, plain, { 'X-IDENTITY-HEADER': variables.IDENTITY_HEADER });
    const json = { 'Content-Type': 'application/json' };
    const withToken = { ...json, Authorization: `Bearer ${JSON.parse(token.text).access_token}` };
    const service = `${services.openai_url}/openai/deployments/demo/chat/completions?api-version=2024-10-21`;
    const direct = () => checked(https, service, secure, withToken, question);
    const proxied = () => checked(http, `${handler}/api/chat`, plain, json, question);

    for (let i = 0; i < 20; ++i) await Promise.all([direct(), proxied()]);
    const times = { direct: [], proxied: [] };
    for (let i = 0; i < calls; ++i) {
      times.direct.push((await direct()).took);
      times.proxied.push((await proxied()).took);
    }
    for (const [way, values] of Object.entries(times)) {
      const [median, p99] = [0.5, 0.99].map((share) => quantile(values, share).toFixed(2));
      console.log(`${way.padEnd(8)} median ${median} ms, 99th percentile ${p99} ms`);
    }
    console.log(`added    median ${(quantile(times.proxied, 0.5) - quantile(times.direct, 0.5)).toFixed(2)} ms`);
  } finally {
    for (const child of children) child.kill('SIGTERM');
    rmSync(folder, { recursive: true });
  }
}

await measure(options(process.argv.slice(2)));
