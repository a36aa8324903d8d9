// Runs every scenario with the official library and with our program, and compares what they sent and got.
// usage: node run.mjs --emulator FILE --handler FILE --modules DIR --arc-key-dir DIR [--only TEXT] [--verbose]
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { comparable, differences, isDiscovery, judge, plainCommand } from './compare.mjs';
import { Emulator } from './emulator.mjs';
import { run } from './processes.mjs';
import { scenarios } from './scenarios.mjs';

const scope = 'https://vault.azure.net/.default';
const identityNames = { clientId: 'client_id', objectId: 'object_id', resourceId: 'resource_id' };
const identityOptions = { clientId: '--client-id', objectId: '--object-id', resourceId: '--resource-id' };

const { values: options } = parseArgs({
  options: {
    emulator: { type: 'string' },
    handler: { type: 'string' },
    modules: { type: 'string' },
    'arc-key-dir': { type: 'string' },
    only: { type: 'string' },
    verbose: { type: 'boolean' },
  },
});

const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A folder with nothing but these programs, each of which notes how it was called. */
function writeTools(folder, tools) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, { stdout = '', stderr = '', exit = 0 }] of Object.entries(tools)) {
    const file = join(folder, name);
    const log = quoted(join(folder, 'log'));
    // Builtins of the shell alone, as PATH has no other program.
    const lines = [
      '#!/bin/sh',
      `printf '%s\\037' ${name} "$@" >>${log}`,
      `printf '\\n' >>${log}`,
      `printf '%s\\n' ${quoted(stderr)} >&2`,
      `printf '%s\\n' ${quoted(stdout)}`,
      `exit ${exit}`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    chmodSync(file, 0o755);
  }
}

function toolRuns(folder) {
  const log = join(folder, 'log');
  if (!existsSync(log)) return [];
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => plainCommand(line.split('\x1f').slice(0, -1)));
}

function failure(kind, message) {
  return { error: kind, code: /AADSTS\d+/.exec(message)?.[0] };
}

async function askOfficial(scenario, env, select) {
  const request = JSON.stringify({ credential: scenario.credential, scope, select });
  const args = ['--import', join(options.modules, 'network_guard.mjs'), join(options.modules, 'official.mjs'), request];
  const { stdout, stderr, code } = await run(process.execPath, args, { env });
  if (stdout === '') throw new Error(`the official client ended with ${code}: ${stderr}`);
  const { token, expires_on: expiresOn, error } = JSON.parse(stdout.trim().split('\n').at(-1));
  if (error) return { detail: error.message, ...failure(error.kind, error.message) };
  const claims = claimsOf(token);
  return {
    token: true,
    audience: claims.aud,
    principal: claims.oid,
    client: claims.appid ?? claims.azp,
    tenant: claims.tid,
    lifetime: expiresOn - Math.round(Date.now() / 1000),
  };
}

const kinds = { credential_unavailable: 'unavailable', authentication_failed: 'failed' };

async function askOurs(scenario, env, select) {
  const args = ['token', '--scope', scope, '--credential', scenario.credential, '--output', 'json'];
  for (const [kind, value] of Object.entries(select)) args.push(identityOptions[kind], value);
  const { stdout, stderr, code } = await run(options.handler, args, { env });
  if (stdout === '') return { detail: stderr, ...failure(`exit code ${code}`, stderr) };
  const reply = JSON.parse(stdout);
  if (reply.error) {
    return { detail: reply.error.message, ...failure(kinds[reply.error.kind] ?? reply.error.kind, reply.error.message) };
  }
  return {
    token: true,
    audience: reply.audience,
    principal: reply.principal_id,
    client: reply.client_id,
    tenant: reply.tenant_id,
    lifetime: Math.round((Date.parse(reply.expires_on) - Date.now()) / 1000),
  };
}

function summary(run_) {
  const how = run_.outcome.token ? 'token' : `${run_.outcome.error} ${run_.outcome.code ?? ''}`.trim();
  return `${how}, ${run_.requests.length + run_.tools.length} asked`;
}

async function prepareContext(emulator, folder) {
  const { access_token: userToken } = await emulator.control('POST', 'user-token');
  const expires = new Date(Date.now() + 3600_000);
  const context = {
    variables: emulator.variables,
    identity: emulator.identity,
    nowhere: 'http://127.0.0.1:1',
    azReply: JSON.stringify({
      accessToken: userToken,
      expiresOn: expires.toISOString().slice(0, 23).replace('T', ' ') + '000',
      expires_on: Math.floor(expires / 1000),
      subscription: '44444444-4444-4444-8444-444444444444',
      tenant: emulator.identity.tenant_id,
      tokenType: 'Bearer',
    }),
    azdReply: JSON.stringify({ token: userToken, expiresOn: expires.toISOString().slice(0, 19) + 'Z' }),
    userAssertionFile: join(folder, 'user-token'),
    strangeAssertionFile: join(folder, 'strange-token'),
    strangerCertificate: join(folder, 'stranger.pem'),
    trust: join(folder, 'trust.pem'),
  };
  const trusted = [context.identity.ca_file, context.identity.service_fabric_certificate_file];
  writeFileSync(context.trust, trusted.map((file) => readFileSync(file, 'utf8')).join(''));
  writeFileSync(context.userAssertionFile, userToken);
  writeFileSync(context.strangeAssertionFile, userToken.replace(/[^.]+$/, 'c2lnbmF0dXJl'));
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=stranger', '-days', '2'];
  const made = await run('openssl', [...request, '-keyout', '-', '-out', '-'], { env: process.env });
  if (made.code !== 0) throw new Error(`openssl: ${made.stderr}`);
  writeFileSync(context.strangerCertificate, made.stdout, { mode: 0o600 });
  return context;
}

/** What the person does who was shown a device code, as soon as there is one. */
async function decideCode(emulator, decision, asked) {
  let over = false;
  asked.then(() => (over = true), () => (over = true));
  while (!over) {
    const waiting = (await emulator.control('GET', 'device-codes')).find(({ state }) => state === 'pending');
    if (waiting) return emulator.control('POST', `device-codes/${waiting.user_code}/${decision}`);
    await sleep(20);
  }
}

async function runScenario(scenario, emulator, context, folder) {
  const select = scenario.select
    ? { [scenario.select]: scenario.selected?.(context) ?? context.identity.user_assigned[0][identityNames[scenario.select]] }
    : {};
  const replies = scenario.replies ?? {};
  const toolFolder = join(folder, 'bin');
  const runs = {};
  for (const [who, ask] of [['official', askOfficial], ['ours', askOurs]]) {
    await emulator.control('POST', 'federated-token', scenario.subject && { subject: scenario.subject });
    await emulator.script(replies);
    await emulator.takeJournal();
    writeTools(toolFolder, scenario.tools?.(context) ?? {});
    const env = {
      HOME: folder,
      PATH: toolFolder,
      CURL_CA_BUNDLE: context.identity.ca_file,
      SSL_CERT_FILE: context.identity.ca_file,
      ...scenario.environment(context),
      ...(who === 'official' ? { NODE_EXTRA_CA_CERTS: context.trust } : {}),
    };
    const asked = ask(scenario, env, select);
    if (scenario.person) await decideCode(emulator, scenario.person, asked);
    const { detail, ...outcome } = await asked;
    const journal = await emulator.takeJournal();
    await emulator.endScript(replies);
    runs[who] = {
      outcome,
      detail,
      requests: comparable(journal),
      discovery: journal.filter(isDiscovery).length,
      tools: toolRuns(toolFolder),
    };
  }
  return runs;
}

function check(scenario, runs) {
  const verdict = judge(differences(runs.official, runs.ours), scenario.accepted ?? []);
  const wrong = Object.entries(scenario.outcome).filter(([name, value]) => runs.official.outcome[name] !== value);
  return {
    ...verdict,
    wrong: wrong.map(([name, value]) => `the official client was to come to ${name} ${value}, not ${JSON.stringify(runs.official.outcome)}`),
  };
}

/** One emulator, and scenarios one after the other, so that its journal tells of one client at a time. */
async function runLane(queue, report) {
  const folder = mkdtempSync(join(tmpdir(), 'azf-differential-'));
  const emulator = await Emulator.start(options.emulator, folder, options['arc-key-dir']);
  try {
    const context = await prepareContext(emulator, folder);
    for (let scenario = queue.shift(); scenario; scenario = queue.shift()) {
      report(scenario, await runScenario(scenario, emulator, context, folder));
    }
  } finally {
    await emulator.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function detailLines(scenario, lines, runs) {
  const said = Object.entries(runs).filter(([, { detail }]) => detail);
  return [
    scenario.name,
    ...lines.map((line) => `    ${line}`),
    ...said.map(([who, { detail }]) => `    ${who} said: ${detail.trim().split('\n').slice(0, 8).join('\n        ')}`),
  ].join('\n');
}

async function main() {
  const chosen = scenarios.filter(({ name }) => name.includes(options.only ?? ''));
  const rows = new Map(chosen.map(({ name }) => [name, undefined]));
  const problems = [];
  const queue = [...chosen];
  const report = (scenario, runs) => {
    const { unexplained, stale, reasons, wrong } = check(scenario, runs);
    const lines = [...unexplained, ...wrong, ...stale.map(({ reason }) => `no longer different, though accepted: ${reason}`)];
    const result = lines.length > 0 ? 'DIFFERENT' : reasons.length > 0 ? `accepted: ${reasons.join('; ')}` : 'same';
    rows.set(scenario.name, [scenario.name, summary(runs.official), summary(runs.ours), result]);
    if (lines.length > 0) problems.push(detailLines(scenario, lines, runs));
    if (options.verbose) console.error(JSON.stringify({ scenario: scenario.name, ...runs }, null, 1));
  };
  // Most of the time is spent waiting: for programs to start, and between retries.
  await Promise.all(Array.from({ length: 3 }, () => runLane(queue, report)));

  const table = [['scenario', 'official', 'ours', 'result'], ...rows.values()];
  const widths = [0, 1, 2].map((i) => Math.max(...table.map((row) => row[i].length)));
  for (const row of table) console.log(row.map((cell, i) => (i < 3 ? cell.padEnd(widths[i]) : cell)).join('  '));
  const count = (start) => table.filter((row) => row[3].startsWith(start)).length;
  console.log(`\n${rows.size} scenarios: ${count('same')} same, ${count('accepted')} with accepted differences, ${count('DIFFERENT')} different`);
  if (problems.length > 0) console.log(`\n${problems.join('\n')}`);
  return problems.length === 0 && rows.size > 0 ? 0 : 1;
}

process.exitCode = await main();
