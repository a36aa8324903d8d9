import assert from 'node:assert/strict';
import test from 'node:test';
import { comparable, differences, isDiscovery, judge, plainCommand, plainRequest } from './compare.mjs';

const request = (changes = {}) => ({
  endpoint: 'entra',
  method: 'POST',
  path: '/t/oauth2/v2.0/token',
  query: {},
  headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'User-Agent': 'x' },
  form: { client_id: 'c', client_secret: '(hidden)', scope: 'a/.default' },
  secrets: { client_secret: 'f1' },
  assertions: {},
  status: 200,
  ...changes,
});
const ran = (requests, outcome = { token: true, lifetime: 3599 }, tools = []) => ({
  requests: requests.map(plainRequest),
  outcome,
  tools,
});
const found = (a, b) => differences(ran([request(a)]), ran([request(b)]));

test('what names clients, telemetry and random ids is no difference', () => {
  const official = {
    path: '/T/oauth2/v2.0/token/',
    query: { 'client-request-id': '1' },
    headers: { 'content-type': 'Application/x-www-form-urlencoded;charset=utf-8', 'x-ms-client-request-id': '1' },
    form: { scope: 'a/.default openid profile', client_id: 'c', client_secret: '(hidden)', 'x-client-SKU': 'js' },
  };
  assert.deepEqual(found(official, {}), []);
});

test('each thing that matters is a difference', () => {
  for (const change of [
    { endpoint: 'imds' },
    { method: 'GET' },
    { path: '/other/oauth2/v2.0/token' },
    { query: { resource: 'x' } },
    { headers: {} },
    { headers: { ...request().headers, Metadata: 'true' } },
    { form: { ...request().form, scope: 'b/.default' } },
    { form: { ...request().form, claims: '{}' } },
    { secrets: { client_secret: 'f2' } },
    { status: 401 },
  ]) {
    assert.notDeepEqual(found({}, change), [], JSON.stringify(change));
    assert.notDeepEqual(found(change, {}), [], JSON.stringify(change));
  }
  assert.deepEqual(differences(ran([request(), request()]), ran([request()])), ['request count: official 2, ours 1']);
});

test('assertions are compared by what they say and how long they live', () => {
  const signed = (claims, header = { alg: 'PS256' }) => ({
    form: { client_assertion: '(hidden)' },
    secrets: { client_assertion: String(Math.random()) },
    assertions: { client_assertion: { header, claims } },
  });
  const claims = { aud: 'a', jti: '1', nbf: 10, iat: 10, exp: 610 };
  assert.deepEqual(found(signed(claims), signed({ exp: 620, nbf: 20, jti: '2', aud: 'a' })), []);
  assert.equal(found(signed(claims), signed({ ...claims, exp: 611 })).length, 1);
  assert.equal(found(signed(claims), signed({ ...claims, aud: 'b' })).length, 1);
  assert.equal(found(signed(claims), signed(claims, { alg: 'RS256' })).length, 1);
  const { jti, ...without } = claims;
  assert.equal(found(signed(claims), signed(without)).length, 1);
});

test('the key of Azure Arc is used once, a bearer is not', () => {
  const shown = (value) => ({ headers: { Authorization: '(hidden)' }, secrets: { authorization: value } });
  assert.deepEqual(found(shown('Basic 1'), shown('Basic 2')), []);
  assert.equal(found(shown('Bearer 1'), shown('Bearer 2')).length, 1);
  assert.equal(found(shown('Basic 1'), shown('Bearer 1')).length, 1);
});

test('outcomes differ by identity, error and lifetime', () => {
  const outcome = (a, b) => differences(ran([], a), ran([], b));
  assert.deepEqual(outcome({ token: true, lifetime: 100 }, { token: true, lifetime: 104 }), []);
  assert.equal(outcome({ token: true, lifetime: 100 }, { token: true, lifetime: 50 }).length, 1);
  assert.equal(outcome({ token: true, principal: 'a' }, { token: true, principal: 'b' }).length, 1);
  assert.equal(outcome({ error: 'failed', code: 'AADSTS1' }, { error: 'failed', code: 'AADSTS2' }).length, 1);
  assert.equal(outcome({ error: 'failed' }, { error: 'unavailable' }).length, 1);
});

test('command lines are compared by their options', () => {
  const a = plainCommand(['az', 'account', 'get-access-token', '--output', 'json', '--resource', 'r']);
  assert.deepEqual(a, plainCommand(['/usr/bin/az', 'account', 'get-access-token', '--resource', 'r', '-o', 'json']));
  const b = plainCommand(['az', 'account', 'get-access-token', '--resource', 'other', '-o', 'json']);
  assert.equal(differences(ran([], {}, [a]), ran([], {}, [b])).length, 1);
});

test('discovery is told from what it leads to', () => {
  assert.ok(isDiscovery({ method: 'GET', path: '/t/v2.0/.well-known/openid-configuration' }));
  assert.ok(isDiscovery({ method: 'GET', path: '/common/discovery/instance' }));
  assert.ok(!isDiscovery({ method: 'POST', path: '/t/oauth2/v2.0/token' }));
});

test('of the polls for a device code only the last one counts', () => {
  const begin = request({ path: '/t/oauth2/v2.0/devicecode' });
  const poll = (status) => request({ form: { device_code: '(hidden)' }, secrets: { device_code: 'd' }, status });
  const seen = (journal) => comparable(journal).map(({ status }) => status);
  assert.deepEqual(seen([begin, poll(400), poll(400), poll(200)]), [200, 200]);
  assert.deepEqual(seen([begin, poll(400)]), [200, 400]);
});

test('an accepted difference must be there', () => {
  const accepted = [{ difference: /^one/, reason: 'because' }];
  assert.deepEqual(judge(['one a', 'two'], accepted).unexplained, ['two']);
  assert.deepEqual(judge(['one a'], accepted), { unexplained: [], stale: [], reasons: ['because'] });
  assert.deepEqual(judge([], accepted).stale, accepted);
});
