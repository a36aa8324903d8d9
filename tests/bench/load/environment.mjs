import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

// The first group of the first match in what a program prints.
function printed(program, options, pattern) {
  try {
    const text = execFileSync(program, options, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return pattern.exec(text)?.[1] ?? 'unknown';
  } catch (error) {
    // wrk says its version with exit code 1.
    return pattern.exec(error.stdout ?? '')?.[1] ?? 'unknown';
  }
}

function read(file, pattern) {
  try {
    return pattern.exec(readFileSync(file, 'utf8'))?.[1] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

function crate(name) {
  return read(`${root}tests/bench/peers/hyper/Cargo.lock`, new RegExp(`name = "${name}"\\nversion = "([^"]+)"`));
}

/** The machine, in words. */
export function machine() {
  const processors = cpus();
  return {
    processor: `${processors[0].model}, ${processors.length} cores`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    system: `${read('/etc/os-release', /^PRETTY_NAME="([^"]+)"/m)}, Linux ${release()}`,
  };
}

/** What is measured, and by what: name and version. */
export function versions() {
  const cache = `${root}build/release/CMakeCache.txt`;
  const libraries = read(cache, /^CMAKE_PREFIX_PATH:[A-Z]+=(.*)$/m);
  const compiler = printed(read(cache, /^CMAKE_CXX_COMPILER:[A-Z]+=(.*)$/m), ['--version'], /^(.*)$/m);
  const line = /^(.*)$/m;
  const rustc = printed('rustc', ['--version'], line);
  const json = printed('dpkg-query', ['-W', '-f', '${Version}', 'nlohmann-json3-dev'], line);
  return {
    'this handler': `commit ${printed('git', ['describe', '--always', '--dirty'], line)}, ${compiler}`,
    hyper: [...['hyper', 'tokio', 'serde_json'].map((name) => `${name} ${crate(name)}`), rustc].join(', '),
    Go: printed('go', ['version'], /^go version (.*)$/m),
    'Node.js': process.version,
    'cpp-httplib': `${read(`${libraries}/VERSIONS`, /^cpp-httplib (.*)$/m)}, nlohmann/json ${json}`,
    wrk: printed('wrk', ['--version'], /^wrk (\S+)/m),
    valgrind: printed('valgrind', ['--version'], /^valgrind-(.*)$/m),
  };
}
