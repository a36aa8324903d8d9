// Reduces what two clients sent and got to what must be equal, and says where it is not. README.md has the reasons.

const ignoredHeaders = new Set([
  'accept',
  'accept-encoding',
  'client-request-id',
  'connection',
  'content-length',
  'host',
  'return-client-request-id',
  'user-agent',
  'x-ms-client-request-id',
]);
const ignoredFields = new Set([
  'client-request-id',
  'client_info',
  'x-client-cpu',
  'x-client-current-telemetry',
  'x-client-last-telemetry',
  'x-client-os',
  'x-client-sku',
  'x-client-ver',
  'x-ms-lib-capability',
]);
const openIdScopes = new Set(['openid', 'offline_access', 'profile']);

export function isDiscovery(request) {
  return request.method === 'GET' && /\/\.well-known\/openid-configuration$|\/discovery\/instance$/.test(request.path);
}

const isPoll = (request) => request?.form?.device_code !== undefined;

/** The requests to compare: how often a client asked before the person decided is chance, so only the last poll counts. */
export function comparable(journal) {
  const requests = journal.filter((request) => !isDiscovery(request));
  return requests.filter((request, i) => !isPoll(request) || !isPoll(requests[i + 1])).map(plainRequest);
}

const sorted = (object) => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));

function plainAssertion({ header, claims }) {
  const { jti, nbf, iat, exp, ...rest } = claims;
  const plain = { header: sorted(header), claims: sorted(rest) };
  plain.claims.jti = jti === undefined ? 'absent' : 'present';
  plain.lifetime = exp - nbf;
  return plain;
}

function plainScope(scope) {
  return scope
    .split(' ')
    .filter((each) => each !== '' && !openIdScopes.has(each))
    .sort()
    .join(' ');
}

function plainHeaders(request) {
  const headers = {};
  for (const [name, value] of Object.entries(request.headers)) {
    const key = name.toLowerCase();
    if (!ignoredHeaders.has(key) && !key.startsWith('x-client-')) headers[key] = value;
  }
  const length = Object.entries(request.headers).find(([name]) => name.toLowerCase() === 'content-length');
  if (headers['content-type'] !== undefined) {
    headers['content-type'] = headers['content-type'].split(';')[0].trim().toLowerCase();
    if (request.method === 'GET' && (length === undefined || length[1] === '0')) delete headers['content-type'];
  }
  return headers;
}

/** A request as it is compared: letter case, order, ids and telemetry are gone; secrets are fingerprints. */
export function plainRequest(request) {
  const headers = plainHeaders(request);
  const query = Object.fromEntries(Object.entries(request.query).filter(([name]) => !ignoredFields.has(name.toLowerCase())));
  const form = Object.fromEntries(
    Object.entries(request.form ?? {}).filter(([name]) => !ignoredFields.has(name.toLowerCase())),
  );
  if (form.scope !== undefined) form.scope = plainScope(form.scope);
  if (form.grant_type === 'device_code') form.grant_type = 'urn:ietf:params:oauth:grant-type:device_code';
  for (const [name, fingerprint] of Object.entries(request.secrets)) {
    const assertion = request.assertions[name];
    const value = assertion ? JSON.stringify(plainAssertion(assertion)) : fingerprint.replace(/^(Basic) .*/, '$1 <one-time key>');
    if (name in headers) headers[name] = value;
    if (name in form) form[name] = name === 'device_code' ? '<device code>' : value;
  }
  return {
    endpoint: request.endpoint,
    method: request.method,
    path: request.path.toLowerCase().replace(/\/+$/, ''),
    query: sorted(query),
    headers: sorted(headers),
    form: sorted(form),
    status: request.status,
  };
}

/** `az account get-access-token --output json` as `{command, options}`. */
export function plainCommand(words) {
  const long = { '-o': '--output' };
  const command = [];
  const options = {};
  for (let i = 1; i < words.length; i += 1) {
    if (!words[i].startsWith('-')) {
      command.push(words[i]);
    } else if (i + 1 < words.length && !words[i + 1].startsWith('-')) {
      options[long[words[i]] ?? words[i]] = words[i + 1];
      i += 1;
    } else {
      options[words[i]] = true;
    }
  }
  return { tool: words[0].replace(/.*\//, ''), command: command.join(' '), options: sorted(options) };
}

function describe(value) {
  return value === undefined ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value);
}

function compareObjects(where, official, ours, found) {
  for (const name of new Set([...Object.keys(official), ...Object.keys(ours)])) {
    if (JSON.stringify(official[name]) === JSON.stringify(ours[name])) continue;
    found.push(`${where} ${name}: official ${describe(official[name])}, ours ${describe(ours[name])}`);
  }
}

function compareLists(what, official, ours, found) {
  if (official.length !== ours.length) found.push(`${what} count: official ${official.length}, ours ${ours.length}`);
  for (let i = 0; i < Math.min(official.length, ours.length); i += 1) {
    for (const part of Object.keys(official[i])) {
      const where = `${what} ${i + 1} ${part}`;
      const [a, b] = [official[i][part], ours[i][part]];
      if (typeof a === 'object' && a !== null) {
        compareObjects(where, a, b, found);
      } else if (a !== b) {
        found.push(`${where}: official ${describe(a)}, ours ${describe(b)}`);
      }
    }
  }
}

function compareOutcomes(official, ours, found) {
  const { lifetime: officialLifetime, ...officialRest } = official;
  const { lifetime: ourLifetime, ...ourRest } = ours;
  compareObjects('outcome', officialRest, ourRest, found);
  // Seconds pass between the request and the clock's reading.
  if (Math.abs((officialLifetime ?? 0) - (ourLifetime ?? 0)) > 5) {
    found.push(`outcome lifetime: official ${officialLifetime}, ours ${ourLifetime}`);
  }
}

/** Every difference between two runs `{requests, tools, outcome}`, one line each. */
export function differences(official, ours) {
  const found = [];
  compareOutcomes(official.outcome, ours.outcome, found);
  compareLists('request', official.requests, ours.requests, found);
  compareLists('tool', official.tools, ours.tools, found);
  return found;
}

/** Splits differences by the scenario's `accepted` list; an entry that accepts nothing any more is reported too. */
export function judge(found, accepted) {
  const unexplained = found.filter((line) => !accepted.some(({ difference }) => difference.test(line)));
  const stale = accepted.filter(({ difference }) => !found.some((line) => difference.test(line)));
  return { unexplained, stale, reasons: accepted.filter((each) => !stale.includes(each)).map(({ reason }) => reason) };
}
