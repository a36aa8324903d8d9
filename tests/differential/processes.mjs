// Child processes, one that ends and one that serves, and what starting them takes.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Runs a program to its end; kills it after `limit` milliseconds. */
export function run(program, args, { env, input, limit = 60_000 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), limit);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (bytes) => (stdout += bytes));
    child.stderr.on('data', (bytes) => (stderr += bytes));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
  });
}

/** Starts a program that serves; resolves once `ready()` does, rejects if the program ends before. */
export async function serve(program, args, { env, ready }) {
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(code ?? signal)));
  const early = ended.then((how) => {
    throw new Error(`${program} ended early: ${how}`);
  });
  early.catch(() => {});
  const state = await Promise.race([ready(), early]);
  return {
    state,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await ended;
    },
  };
}

/** Waits until `ready()` gives something, for about `limit` milliseconds, and gives that. */
export async function until(what, ready, limit = 20_000) {
  for (let waited = 0; waited < limit; waited += 20) {
    const value = await ready();
    if (value) return value;
    await sleep(20);
  }
  throw new Error(`${what} does not become ready`);
}

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
