// What run.mjs has started and installed, as tests see it.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Emulator } from '../differential/emulator.mjs';

const { state, variables, modules } = JSON.parse(readFileSync(process.env.AZF_EMULATED, 'utf8'));

export const emulator = new Emulator({ state }, variables);
/** Loads an official client. */
export const require = createRequire(modules);
