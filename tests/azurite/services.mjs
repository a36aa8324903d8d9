// What the tests run beside each other on this machine: Azurite, the emulated identity, and the handler.
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort, serve, until } from '../differential/processes.mjs';

const connects = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('close', () => socket.destroy()).on('connect', () => socket.destroy());
  });

const listening = (...ports) => () => {
  const open = async () => (await Promise.all(ports.map(connects))).every(Boolean);
  return until(`what listens on ${ports.join(' and ')}`, open, 60_000);
};

/** Azurite with bearer tokens, which it takes over HTTPS alone. What it stores stays in its folder. */
export class Azurite {
  static async start({ modules, certificate, key, folder, guard }) {
    const azurite = new Azurite();
    Object.assign(azurite, { blobPort: await freePort(), queuePort: await freePort(), tablePort: await freePort() });
    const ports = ['--blobPort', azurite.blobPort, '--queuePort', azurite.queuePort, '--tablePort', azurite.tablePort];
    const program = join(modules, 'node_modules/azurite/dist/src/azurite.js');
    azurite.arguments = ['--import', guard, program, '--silent', '--disableTelemetry', '--location', folder];
    azurite.arguments.push('--cert', certificate, '--key', key, '--oauth', 'basic', ...ports.map(String));
    // The official clients say a version that is newer than Azurite.
    azurite.arguments.push('--skipApiVersionCheck');
    await azurite.restart();
    return azurite;
  }

  async restart() {
    const ready = listening(this.blobPort, this.queuePort, this.tablePort);
    this.process = await serve(process.execPath, this.arguments, { env: {}, ready });
  }

  get blobEndpoint() {
    return `https://127.0.0.1:${this.blobPort}/devstoreaccount1`;
  }

  get queueEndpoint() {
    return `https://127.0.0.1:${this.queuePort}/devstoreaccount1`;
  }

  stop(signal) {
    return this.process.stop(signal);
  }
}

/** The handler without a host, so that bodies pass piece by piece. */
export async function startHandler(app, env) {
  const port = await freePort();
  const { stop } = await serve(join(app, 'handler'), ['serve', '--port', String(port)], {
    env: { ...env, FUNCTIONS_APP_ROOT_PATH: app, AZF_LOG_LEVEL: 'error' },
    ready: listening(port),
  });
  return { url: `http://127.0.0.1:${port}/api/files`, stop };
}

/** The app under the emulated Functions host, which reads requests and replies as a whole and rewrites their paths. */
export async function startHostedApp(emulator, app, env) {
  const port = await freePort();
  const { stop } = await serve(emulator, ['host', '--app-root', app, '--port', String(port), '--services', 'off'], {
    env: { ...env, AZF_LOG_LEVEL: 'error' },
    ready: listening(port),
  });
  return { url: `http://127.0.0.1:${port}/api/files`, stop };
}
