// Starts the emulator with its services, and runs the tests of all clients against it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Emulator } from './emulator.mjs';
import { run } from './processes.mjs';

const [program, ...files] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'azf-service-clients-'));
const emulator = await Emulator.start(program, folder, join(folder, 'arc'), ['--services']);
try {
  const { ca_file: authority } = emulator.services;
  const emulated = join(folder, 'emulated.json');
  writeFileSync(emulated, JSON.stringify({ state: emulator.process.state, variables: emulator.variables }));
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    NODE_EXTRA_CA_CERTS: authority,
    AZF_EMULATED: emulated,
    ...emulator.variables['app-service'],
  };
  // One after the other: they share script and journal.
  for (const file of files) {
    const args = ['--import', './loopback.mjs', '--test', '--test-reporter=spec', file];
    const { code, stdout, stderr } = await run(process.execPath, args, { env, limit: 300_000 });
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    if (code !== 0) process.exitCode = 1;
  }
} finally {
  await emulator.stop();
  rmSync(folder, { recursive: true, force: true });
}
