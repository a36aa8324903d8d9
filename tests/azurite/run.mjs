// The files function and the queue client against Azurite, beside the official clients.
// usage: node run.mjs --emulator FILE --app DIR --queue-test FILE --modules DIR --certificate FILE --key FILE
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Emulator } from '../differential/emulator.mjs';
import { run } from '../differential/processes.mjs';
import { Azurite, startHandler, startHostedApp } from './services.mjs';

const { values: options } = parseArgs({
  options: {
    emulator: { type: 'string' },
    app: { type: 'string' },
    'queue-test': { type: 'string' },
    modules: { type: 'string' },
    certificate: { type: 'string' },
    key: { type: 'string' },
  },
});
const require = createRequire(join(options.modules, 'package.json'));
const { BlobServiceClient } = require('@azure/storage-blob');
const { QueueServiceClient } = require('@azure/storage-queue');

const MiB = 1024 * 1024;
// Without line breaks, which the official client neither sends nor reads as they are.
const text = '<&>]]>\t&amp; "Zoë" €';
const names = ['plain.txt', 'dir/sub/b', 'with blanks .txt', 'a#b?c=d&e', '100%', 'a%2Fb', 'Zoë – €/😀.bin', "it's(1)+~!", '<&>;"'];
const guard = fileURLToPath(new URL('../differential/network_guard.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'azf-azurite-'));

let emulator, azurite, handler, hosted, container, environment;

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
const pathOf = (name) => name.split('/').map(encodeURIComponent).join('/');
const file = (name, init) => fetch(`${handler.url}/${pathOf(name)}`, init);
const put = (name, body, headers = {}) => file(name, { method: 'PUT', body, headers });
const bytesOf = async (reply) => Buffer.from(await reply.arrayBuffer());

/** A token of the emulated managed identity, got as any SDK gets it. */
async function tokenFor(resource) {
  const { IDENTITY_ENDPOINT, IDENTITY_HEADER } = environment;
  const reply = await fetch(`${IDENTITY_ENDPOINT}?resource=${encodeURIComponent(resource)}&api-version=2019-08-01`, {
    headers: { 'X-IDENTITY-HEADER': IDENTITY_HEADER },
  });
  const { access_token: token, expires_on: expiresOn } = await reply.json();
  return { token, expiresOnTimestamp: Number(expiresOn) * 1000 };
}
const credential = { getToken: (scopes) => tokenFor([scopes].flat()[0].replace(/\/\.default$/, '')) };

before(async () => {
  mkdirSync(join(folder, 'identity'));
  emulator = await Emulator.start(options.emulator, join(folder, 'identity'), join(folder, 'arc'));
  azurite = await Azurite.start({ ...options, folder: join(folder, 'data'), guard });
  environment = {
    PATH: '/usr/bin:/bin',
    ...emulator.variables['app-service'],
    SSL_CERT_FILE: options.certificate,
    AZURE_POD_IDENTITY_AUTHORITY_HOST: 'http://127.0.0.1:9',
    AZURE_STORAGE_BLOB_ENDPOINT: azurite.blobEndpoint,
    AZURE_STORAGE_QUEUE_ENDPOINT: azurite.queueEndpoint,
  };
  handler = await startHandler(options.app, environment);
  container = new BlobServiceClient(azurite.blobEndpoint, credential).getContainerClient('files');
});

after(async () => {
  await Promise.allSettled([handler?.stop(), hosted?.stop(), azurite?.stop(), emulator?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

test('without the container the caller learns which setting names it', async () => {
  const reply = await file('a');
  assert.equal(reply.status, 503);
  const { code, detail } = await reply.json();
  assert.equal(code, 'ContainerNotFound');
  assert.match(detail, /AZF_FILES_CONTAINER/);
  await container.create();
  assert.equal((await file('a')).status, 404);
});

test('Azurite looks at tokens: one for another service is refused', async () => {
  const headers = { 'x-ms-version': '2021-12-02' };
  const url = `${azurite.blobEndpoint}/files?restype=container&comp=list`;
  for (const [resource, status] of [['https://storage.azure.com', 200], ['https://vault.azure.net', 403]]) {
    const { token } = await tokenFor(resource);
    const reply = await fetch(url, { headers: { ...headers, Authorization: `Bearer ${token}` } });
    assert.equal(reply.status, status);
  }
});

test('one byte goes up and down, with its type', async () => {
  const created = await put('one', 'x', { 'Content-Type': 'text/x-one', 'Cache-Control': 'no-cache' });
  assert.equal(created.status, 201);
  const { name, size, etag } = await created.json();
  assert.deepEqual({ name, size, etag }, { name: 'one', size: 1, etag: created.headers.get('etag') });
  const reply = await file('one');
  assert.equal(await reply.text(), 'x');
  assert.equal(reply.headers.get('content-type'), 'text/x-one');
  assert.equal(reply.headers.get('cache-control'), 'no-cache');
  assert.equal(reply.headers.get('etag'), etag);
  const properties = await container.getBlobClient('one').getProperties();
  assert.equal(properties.contentType, 'text/x-one');
  assert.equal(properties.etag, etag);
});

test('an empty file is a file', async () => {
  assert.equal((await put('empty', '')).status, 201);
  const reply = await file('empty');
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get('content-length'), '0');
});

test('20 MiB go up in blocks, and the official client reads the same', async () => {
  const content = randomBytes(20 * MiB);
  const created = await put('large', content);
  assert.equal(created.status, 201);
  assert.equal((await created.json()).size, content.length);
  const blob = container.getBlockBlobClient('large');
  assert.equal(digest(await blob.downloadToBuffer()), digest(content));
  const { committedBlocks } = await blob.getBlockList('committed');
  assert.deepEqual(committedBlocks.map(({ size }) => size), [8 * MiB, 8 * MiB, 4 * MiB]);
  assert.equal(digest(await bytesOf(await file('large'))), digest(content));
});

test('20 MiB of the official client come down, with their length', async () => {
  const content = randomBytes(20 * MiB);
  await container.getBlockBlobClient('theirs').uploadData(content, { blockSize: 3 * MiB, maxSingleShotSize: MiB });
  const reply = await file('theirs');
  assert.equal(reply.headers.get('content-length'), String(content.length));
  assert.equal(digest(await bytesOf(reply)), digest(content));
  const head = await file('theirs', { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(head.headers.get('content-length'), String(content.length));
});

test('a body of unknown length goes up while it is made', async () => {
  const pieces = Array.from({ length: 9 }, () => randomBytes(MiB));
  const body = new ReadableStream({
    pull: (controller) => (pieces.length === 0 ? controller.close() : controller.enqueue(pieces.shift())),
  });
  const expected = digest(Buffer.concat(pieces));
  assert.equal((await file('streamed', { method: 'PUT', body, duplex: 'half' })).status, 201);
  assert.equal(digest(await bytesOf(await file('streamed'))), expected);
});

test('ranges', async () => {
  await put('range', '0123456789');
  for (const [range, status, content, header] of [
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=1-2,4-5', 200, '0123456789', null],
  ]) {
    const reply = await file('range', { headers: { Range: range } });
    assert.deepEqual([reply.status, await reply.text(), reply.headers.get('content-range')], [status, content, header]);
  }
  const beyond = await file('range', { headers: { Range: 'bytes=99-' } });
  assert.equal(beyond.status, 416);
  assert.equal((await beyond.json()).code, 'InvalidRange');
  assert.equal((await file('range', { headers: { Range: 'bytes=-0' } })).headers.get('content-range'), 'bytes */10');
});

test('a part of the version that a reader has, and all of any other', async () => {
  const first = (await put('versions', '0123456789')).headers.get('etag');
  const second = (await put('versions', 'abcdefghij')).headers.get('etag');
  for (const [tag, range, status, content] of [
    [second, 'bytes=2-4', 206, 'cde'],
    [second, 'bytes=-2', 206, 'ij'],
    [first, 'bytes=2-4', 200, 'abcdefghij'],
    [first, 'bytes=-2', 200, 'abcdefghij'],
    [`W/${second}`, 'bytes=2-4', 200, 'abcdefghij'],
  ]) {
    const reply = await file('versions', { headers: { Range: range, 'If-Range': tag } });
    assert.deepEqual([reply.status, await reply.text()], [status, content]);
  }
});

test('versions: what has changed is not overwritten, what has not is not sent again', async () => {
  const first = (await put('version', '1')).headers.get('etag');
  assert.equal((await put('version', '2', { 'If-None-Match': '*' })).status, 412);
  const second = (await put('version', '2', { 'If-Match': first })).headers.get('etag');
  assert.notEqual(second, first);
  assert.equal((await put('version', '3', { 'If-Match': first })).status, 412);
  assert.equal((await put('version', randomBytes(9 * MiB), { 'If-Match': first })).status, 412);
  assert.equal((await file('version', { method: 'DELETE', headers: { 'If-Match': first } })).status, 412);
  assert.equal(await (await file('version')).text(), '2');
  for (const method of ['GET', 'HEAD']) {
    const reply = await file('version', { method, headers: { 'If-None-Match': second } });
    assert.equal(reply.status, 304);
  }
  const modified = (await file('version')).headers.get('last-modified');
  assert.equal((await file('version', { headers: { 'If-Modified-Since': modified } })).status, 304);
  assert.equal((await file('version', { headers: { 'If-Match': first } })).status, 412);
  assert.equal((await put('version', '4', { 'If-Match': second })).status, 201);
});

test('S-16: names with blanks, #, ?, %, and beyond ASCII are the same for both clients', async () => {
  for (const name of names) {
    assert.equal((await put(name, `ours ${name}`)).status, 201, name);
    const blob = container.getBlockBlobClient(name);
    assert.equal((await blob.downloadToBuffer()).toString(), `ours ${name}`);
    await blob.upload(`theirs ${name}`, Buffer.byteLength(`theirs ${name}`));
    assert.equal(await (await file(name)).text(), `theirs ${name}`);
    assert.equal(await (await fetch(`${handler.url}?name=${encodeURIComponent(name)}`)).text(), `theirs ${name}`);
    assert.equal((await file(name, { method: 'HEAD' })).status, 200);
  }
});

test('S-17: a list in pages is that of the official client', async () => {
  for (let i = 0; i < 7; ++i) await put(`pages/${i} <&>`, 'x'.repeat(i), { 'Content-Type': 'text/plain' });
  for (const name of names) await put(`pages/in/${name}`, 'x');
  const expected = { files: [], folders: [] };
  for await (const item of container.listBlobsByHierarchy('/', { prefix: 'pages/' })) {
    if (item.kind === 'prefix') expected.folders.push(item.name);
    else {
      const { contentLength, contentType, lastModified } = item.properties;
      expected.files.push([item.name, contentLength, contentType, lastModified.toISOString().replace('.000', '')]);
    }
  }
  const listed = { files: [], folders: [] };
  let pages = 0;
  for (let next = ''; next !== null; ++pages) {
    const reply = await fetch(`${handler.url}/pages/?top=3${next && `&next=${encodeURIComponent(next)}`}`);
    assert.equal(reply.status, 200);
    const page = await reply.json();
    assert.ok(page.files.length + page.folders.length <= 3);
    listed.files.push(...page.files.map((one) => [one.name, one.size, one.content_type, one.modified]));
    listed.folders.push(...page.folders);
    next = page.next;
  }
  assert.deepEqual(listed, expected);
  assert.equal(pages, 3);
  const inside = (await (await fetch(`${handler.url}/pages/in/`)).json()).files.map(({ name }) => name);
  assert.ok(inside.includes('pages/in/100%') && inside.includes('pages/in/<&>;"'));
  const [entry] = (await (await fetch(`${handler.url}/pages/?top=1`)).json()).files;
  assert.equal((await file(entry.name, { headers: { 'If-None-Match': entry.etag } })).status, 304);
});

test('a deleted file is gone for both clients', async () => {
  await put('deleted', 'x');
  assert.equal((await file('deleted', { method: 'DELETE' })).status, 204);
  assert.equal(await container.getBlobClient('deleted').exists(), false);
  for (const method of ['GET', 'HEAD', 'DELETE']) assert.equal((await file('deleted', { method })).status, 404);
});

test('an upload that its caller breaks off leaves the old file', async () => {
  await put('kept', 'old');
  const abort = new AbortController();
  let sent = 0;
  const body = new ReadableStream({
    pull: (controller) => {
      if (++sent > 10) abort.abort();
      else controller.enqueue(randomBytes(MiB));
    },
  });
  await assert.rejects(file('kept', { method: 'PUT', body, duplex: 'half', signal: abort.signal }));
  assert.equal(await (await file('kept')).text(), 'old');
});

test('under the Functions host', async () => {
  hosted = await startHostedApp(options.emulator, options.app, environment);
  const at = (path, init) => fetch(`${hosted.url}${path}`, init);
  const content = randomBytes(9 * MiB);
  assert.equal((await at('/hosted/large', { method: 'PUT', body: content })).status, 201);
  assert.equal(digest(await bytesOf(await at('/hosted/large'))), digest(content));
  const part = await at('/hosted/large', { headers: { Range: 'bytes=1-2' } });
  assert.deepEqual([part.status, await bytesOf(part)], [206, content.subarray(1, 3)]);
  const { etag } = (await (await at('/hosted/')).json()).files[0];
  assert.equal((await at('/hosted/large', { headers: { 'If-None-Match': etag } })).status, 304);
  for (const name of names) {
    const target = `?name=${encodeURIComponent(name)}`;
    assert.equal((await at(target, { method: 'PUT', body: `hosted ${name}` })).status, 201, name);
    assert.equal(await (await at(target)).text(), `hosted ${name}`);
    assert.equal((await container.getBlobClient(name).downloadToBuffer()).toString(), `hosted ${name}`);
  }
});

test('queues: the client of this repository, beside the official one', async () => {
  const queues = new QueueServiceClient(azurite.queueEndpoint, credential);
  const ours = queues.getQueueClient('from-here');
  const theirs = queues.getQueueClient('from-sdk');
  await theirs.create();
  await theirs.sendMessage(text);
  const { code, stdout, stderr } = await run(options['queue-test'], [], { env: environment });
  assert.equal(code, 0, stdout + stderr);
  const { receivedMessageItems: items } = await ours.receiveMessages();
  assert.deepEqual(items.map(({ messageText }) => messageText), [text]);
});

test('a service that restarts in the middle of a download breaks it off, and is asked again by the next one', async () => {
  const content = randomBytes(64 * MiB);
  await container.getBlockBlobClient('long').uploadData(content);
  const reply = await new Promise((resolve, reject) => get(`${handler.url}/long`, resolve).on('error', reject));
  assert.equal(reply.statusCode, 200);
  let received = 0;
  const end = new Promise((resolve) => {
    reply.on('data', (bytes) => (received += bytes.length));
    reply.on('end', () => resolve('whole')).on('error', () => resolve('broken'));
    reply.once('data', async () => {
      reply.pause();
      await azurite.stop('SIGKILL');
      reply.resume();
    });
  });
  assert.equal(await end, 'broken');
  assert.ok(received > 0 && received < content.length);
  await azurite.restart();
  await container.createIfNotExists(); // what it had not stored yet is lost
  assert.equal((await put('after', 'x')).status, 201);
  assert.equal(await (await file('after')).text(), 'x');
});
