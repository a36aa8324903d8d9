// The official OpenAI client for Azure.
import assert from 'node:assert/strict';
import test from 'node:test';
import { emulator, require } from './emulated.mjs';

const { ManagedIdentityCredential, getBearerTokenProvider } = require('@azure/identity');
const {
  APIError,
  AuthenticationError,
  AzureOpenAI,
  BadRequestError,
  NotFoundError,
  OpenAI,
  RateLimitError,
} = require('openai');

const provider = (audience = 'https://cognitiveservices.azure.com') =>
  getBearerTokenProvider(new ManagedIdentityCredential(), `${audience}/.default`);
const options = {
  endpoint: emulator.services.openai_url,
  apiVersion: '2024-10-21',
  deployment: 'demo',
  azureADTokenProvider: provider(),
};
const client = new AzureOpenAI(options);

const hello = { model: 'demo', messages: [{ role: 'user', content: 'Hello' }] };
const python = {
  type: 'function',
  function: {
    name: 'python',
    parameters: { type: 'object', properties: { code: { type: 'string' } }, required: ['code'] },
  },
};
const asking = (content, more) => ({ model: 'demo', messages: [{ role: 'user', content }], tools: [python], ...more });
const chats = async () => (await emulator.takeJournal()).filter(({ endpoint }) => endpoint === 'openai');

test.beforeEach(async () => {
  await emulator.control('DELETE', 'replies/openai');
  await emulator.takeJournal();
});

test('gets an answer', async () => {
  const completion = await client.chat.completions.create(hello);
  assert.match(completion.choices[0].message.content, /^You said: Hello/);
  assert.equal(completion.choices[0].finish_reason, 'stop');
  assert.ok(completion.usage.total_tokens > 0);
  const [request] = await chats();
  assert.equal(request.path, '/azure-openai/openai/deployments/demo/chat/completions');
  assert.deepEqual(request.query, { 'api-version': '2024-10-21' });
  assert.equal(request.assertions.authorization.claims.aud, 'https://cognitiveservices.azure.com');
});

test('gets an answer of the route without a deployment', async () => {
  const v1 = new OpenAI({ baseURL: `${emulator.services.openai_url}/openai/v1`, apiKey: provider() });
  const completion = await v1.chat.completions.create(hello);
  assert.match(completion.choices[0].message.content, /^You said: Hello/);
  assert.equal((await chats())[0].path, '/azure-openai/openai/v1/chat/completions');
});

test('puts a stream together', async () => {
  const stream = await client.chat.completions.create({
    ...hello,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = '';
  let usage;
  let reason;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? '';
    reason = chunk.choices[0]?.finish_reason ?? reason;
    usage = chunk.usage ?? usage;
  }
  assert.match(text, /^You said: Hello\n/);
  assert.equal(reason, 'stop');
  assert.ok(usage.completion_tokens > 0);
});

test('calls a tool and tells what it found', async () => {
  const first = await client.chat.completions.create(asking('How many primes are below 100?'));
  const { message, finish_reason: reason } = first.choices[0];
  assert.equal(reason, 'tool_calls');
  assert.match(JSON.parse(message.tool_calls[0].function.arguments).code, /sieve/);
  const result = { role: 'tool', tool_call_id: message.tool_calls[0].id, content: '{"stdout":"25\\n"}' };
  const body = asking('How many primes are below 100?');
  body.messages.push(message, result);
  const second = await client.chat.completions.create(body);
  assert.match(second.choices[0].message.content, /^The result is 25\./);
});

test('puts the arguments of two tools together', async () => {
  const stream = client.chat.completions.stream(asking('[stand-in:two-tools]'));
  const { message } = (await stream.finalChatCompletion()).choices[0];
  assert.deepEqual(
    message.tool_calls.map((call) => JSON.parse(call.function.arguments).code),
    ["print('the first of two')", "print('the second of two')"],
  );
});

test('tries again after 429 and after 503', async () => {
  for (const status of [429, 503]) {
    await emulator.script({ openai: [{ status, headers: { 'retry-after-ms': '20' } }] });
    await emulator.takeJournal();
    await client.chat.completions.create(hello);
    const requests = await chats();
    assert.deepEqual(
      requests.map((request) => request.status),
      [status, 200],
    );
    assert.deepEqual(
      requests.map((request) => Object.entries(request.headers).find(([name]) => /retry-count/i.test(name))[1]),
      ['0', '1'],
    );
  }
});

test('knows errors by their classes', async () => {
  const patient = new AzureOpenAI({ ...options, maxRetries: 0 });
  const failing = (word) => patient.chat.completions.create({ ...hello, messages: [{ role: 'user', content: word }] });
  await assert.rejects(failing('[stand-in:content-filter]'), (error) => {
    assert.ok(error instanceof BadRequestError);
    assert.equal(error.code, 'content_filter');
    assert.equal(error.error.innererror.code, 'ResponsibleAIPolicyViolation');
    return true;
  });
  await assert.rejects(failing('[stand-in:context-length]'), { code: 'context_length_exceeded' });
  await assert.rejects(failing('[stand-in:quota]'), (error) => {
    assert.ok(error instanceof RateLimitError);
    return error.code === 'insufficient_quota';
  });
  const missing = new AzureOpenAI({ ...options, deployment: 'missing' });
  await assert.rejects(missing.chat.completions.create({ ...hello, model: 'missing' }), NotFoundError);
});

test('is refused without the right token', async () => {
  const foreign = new AzureOpenAI({ ...options, azureADTokenProvider: provider('https://vault.azure.net') });
  await assert.rejects(foreign.chat.completions.create(hello), AuthenticationError);
  const keyed = new AzureOpenAI({ ...options, azureADTokenProvider: undefined, apiKey: 'x' });
  await assert.rejects(keyed.chat.completions.create(hello), { status: 403, code: 'AuthenticationTypeDisabled' });
  await emulator.script({ openai: [{ status: 401 }] });
  await assert.rejects(client.chat.completions.create(hello), AuthenticationError);
  await client.chat.completions.create(hello);
});

test('notices streams that go wrong', async () => {
  const text = async (content) => {
    const stream = await client.chat.completions.create({
      ...hello,
      messages: [{ role: 'user', content }],
      stream: true,
    });
    let whole = '';
    for await (const chunk of stream) whole += chunk.choices[0]?.delta?.content ?? '';
    return whole;
  };
  await assert.rejects(text('[stand-in:stream-error]'), APIError);
  await emulator.script({ openai: [{ cut_after: 900 }] });
  await assert.rejects(text('Hello'));
});
