#!/usr/bin/env node
// How much later an answer of a chat model comes through the handler than from the service itself. The service is the
// emulator's stand-in, under TLS on loopback; calls go in turns, on connections that stay open.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Emulator } from '../differential/emulator.mjs';
import { freePort, serve, until } from '../differential/processes.mjs';

const usage = `Usage: tests/bench/chat_latency.mjs [--preset PRESET] [--calls N]

  --preset PRESET  whose handler and emulator: release (default) or debug
  --calls N        how many on each way (default: 500)
  --help           this text
`;

const build = resolve(dirname(fileURLToPath(import.meta.url)), '../../build');
const question = { messages: [{ role: 'user', content: 'Hello' }] };

function options() {
  const { values } = parseArgs({
    options: {
      preset: { type: 'string', default: 'release' },
      calls: { type: 'string', default: '500' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    process.exit(0);
  }
  const calls = Number(values.calls);
  if (!Number.isInteger(calls) || calls < 1) throw new Error('--calls must be a positive number');
  return { preset: values.preset, calls };
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
  const emulator = await Emulator.start(
    join(build, preset, 'tests/emulator/emulator'), folder, join(folder, 'arc'), ['--services']);
  let app;
  try {
    const { services } = emulator;
    const variables = emulator.variables['app-service'];
    const port = await freePort();
    const handler = `http://127.0.0.1:${port}`;
    const plain = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const secure = new https.Agent({ keepAlive: true, maxSockets: 1, ca: readFileSync(services.ca_file) });
    const answers = () => call(http, handler, plain).then(({ status }) => status === 200, () => false);
    app = await serve(join(build, preset, 'app/handler'), ['serve', '--port', String(port)], {
      env: {
        ...variables,
        AZF_LOG_LEVEL: 'warn',
        AZURE_OPENAI_ENDPOINT: services.openai_url,
        AZURE_OPENAI_DEPLOYMENT: 'demo',
        SSL_CERT_FILE: services.ca_file,
      },
      ready: () => until('the handler', answers),
    });
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
    await app?.stop();
    await emulator.stop();
    rmSync(folder, { recursive: true });
  }
}

await measure(options());
