import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

// The request as it is, where wrk would put header fields into an order of its own; formatted once, as wrk does it.
function script(request) {
  const escaped = Array.from(request, (byte) => `\\${String(byte).padStart(3, '0')}`).join('');
  return `
wrk.format = function() return "${escaped}" end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'result {"requests":%d,"microseconds":%d,"p50_us":%d,"p99_us":%d,"max_us":%d,' ..
    '"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
`;
}

/** Lets wrk, behind `prefix`, send `request` on so many connections, each again as soon as it is answered. */
export async function drive({ port, request, connections, seconds, prefix = [] }) {
  const folder = mkdtempSync(join(tmpdir(), 'azf-load-'));
  try {
    const file = join(folder, 'request.lua');
    writeFileSync(file, script(request));
    const options = ['--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`];
    const [program, ...rest] = [...prefix, 'wrk', ...options, '--script', file, `http://127.0.0.1:${port}`];
    const { stdout } = await run(program, rest);
    const { requests, microseconds, p50_us, p99_us, max_us, errors } = JSON.parse(/^result (.*)$/m.exec(stdout)[1]);
    return { requests, seconds: microseconds / 1e6, p50_us, p99_us, max_us, errors };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
