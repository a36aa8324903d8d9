// Starts the emulator with its services, and runs the tests of all clients against it.
// usage: node run.mjs --emulator FILE --modules DIR TEST...
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Emulator } from '../differential/emulator.mjs';
import { run } from '../differential/processes.mjs';

const { values: options, positionals: files } = parseArgs({
  options: { emulator: { type: 'string' }, modules: { type: 'string' } },
  allowPositionals: true,
});
const loopback = fileURLToPath(new URL('loopback.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'azf-service-clients-'));
const emulator = await Emulator.start(options.emulator, folder, join(folder, 'arc'), ['--services']);
try {
  const { ca_file: authority } = emulator.services;
  const emulated = join(folder, 'emulated.json');
  const { state } = emulator.process;
  const modules = join(options.modules, 'package.json');
  writeFileSync(emulated, JSON.stringify({ state, variables: emulator.variables, modules }));
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    NODE_EXTRA_CA_CERTS: authority,
    AZF_EMULATED: emulated,
    ...emulator.variables['app-service'],
  };
  // One after the other: they share script and journal.
  for (const file of files) {
    const args = ['--import', loopback, '--test', '--test-reporter=spec', file];
    const { code, stdout, stderr } = await run(process.execPath, args, { env, limit: 300_000 });
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    if (code !== 0) process.exitCode = 1;
  }
} finally {
  await emulator.stop();
  rmSync(folder, { recursive: true, force: true });
}
