// The emulated identity endpoints, and their control interface.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serve, until } from './processes.mjs';

export class Emulator {
  static async start(program, folder, arcKeyFolder, more = []) {
    const readyFile = join(folder, 'ready.json');
    const args = ['identity', '--ready-file', readyFile, '--state-dir', folder, '--device-code-interval', '1'];
    const state = () => existsSync(readyFile) && JSON.parse(readFileSync(readyFile, 'utf8'));
    const ready = () => until('the emulator', state);
    const process = await serve(program, [...args, '--arc-key-dir', arcKeyFolder, ...more], { env: {}, ready });
    return new Emulator(process, JSON.parse(readFileSync(join(folder, 'variables.json'), 'utf8')));
  }

  constructor(process, variables) {
    this.process = process;
    this.variables = variables;
    this.identity = process.state.identity;
    this.services = process.state.services;
  }

  async control(method, path, body) {
    const reply = await fetch(`${this.process.state.control_url}/${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async script(replies) {
    for (const [endpoint, steps] of Object.entries(replies)) {
      await this.control('DELETE', `replies/${endpoint}`);
      await this.control('POST', `replies/${endpoint}`, steps);
    }
  }

  async endScript(replies) {
    for (const endpoint of Object.keys(replies)) await this.control('DELETE', `replies/${endpoint}`);
  }

  /** What was asked since the last call. */
  async takeJournal() {
    const { requests } = await this.control('GET', 'journal');
    await this.control('DELETE', 'journal');
    return requests;
  }

  stop() {
    return this.process.stop();
  }
}
