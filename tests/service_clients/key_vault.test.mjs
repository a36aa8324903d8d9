// The official client of Key Vault's secrets.
import assert from 'node:assert/strict';
import test from 'node:test';
import { emulator, require } from './emulated.mjs';

const { ManagedIdentityCredential } = require('@azure/identity');
const { SecretClient } = require('@azure/keyvault-secrets');

const newClient = () => new SecretClient(emulator.services.key_vault_url, new ManagedIdentityCredential());
const asked = async () => (await emulator.takeJournal()).filter(({ endpoint }) => endpoint === 'key-vault');

test.beforeEach(async () => {
  await emulator.control('DELETE', 'replies/key-vault');
  await emulator.takeJournal();
});

test('gets a secret after one challenge, and then without', async () => {
  const client = newClient();
  const secret = await client.getSecret('demo-greeting');
  assert.equal(secret.value, 'hello from the stand-in for Key Vault');
  assert.equal(secret.name, 'demo-greeting');
  assert.equal(secret.properties.enabled, true);
  assert.ok(secret.properties.createdOn instanceof Date);
  const first = await asked();
  assert.deepEqual(
    first.map(({ status }) => status),
    [401, 200],
  );
  assert.equal(first[0].secrets.authorization, undefined);
  assert.equal(first[1].assertions.authorization.claims.aud, 'https://vault.localhost');
  await client.getSecret('database-password');
  assert.equal((await asked()).length, 1);
});

test('gets an older version', async () => {
  const client = newClient();
  const versions = [];
  for await (const each of client.listPropertiesOfSecretVersions('demo-greeting')) versions.push(each.version);
  assert.equal(versions.length, 2);
  const older = await client.getSecret('demo-greeting', { version: versions[0] });
  assert.equal(older.value, 'an older greeting of the stand-in');
});

test('lists all secrets, page by page', async () => {
  const names = [];
  let pages = 0;
  for await (const page of newClient().listPropertiesOfSecrets().byPage({ maxPageSize: 10 })) {
    pages += 1;
    names.push(...page.map(({ name }) => name));
  }
  assert.equal(pages, 4);
  assert.equal(names.length, 35);
  assert.equal(new Set(names).size, 35);
});

test('knows failures by their codes', async () => {
  const client = newClient();
  await assert.rejects(client.getSecret('nothing'), { statusCode: 404, code: 'SecretNotFound' });
  await assert.rejects(client.getSecret('disabled-secret'), { statusCode: 403, code: 'Forbidden' });
  await assert.rejects(client.getSecret('forbidden-secret'), /DeniedWithNoValidRBAC/);
});

test('tries again when it is throttled', async () => {
  await emulator.script({ 'key-vault': [{ status: 429, headers: { 'Retry-After': '0' } }] });
  assert.equal((await newClient().getSecret('api-token')).value, 'not-a-real-token');
});
