// The emulator that run.mjs started, as tests see it.
import { readFileSync } from 'node:fs';
import { Emulator } from './emulator.mjs';

const { state, variables } = JSON.parse(readFileSync(process.env.AZF_EMULATED, 'utf8'));

export const emulator = new Emulator({ state }, variables);
