// What the servers are asked, byte by byte, and what they must answer.

const applicationHost = 'orders-api.azurewebsites.net';
const invocationId = '86423128-a18a-4f44-b4a3-e8bee4f19a0e';
const hostVersion = '4.1037.0.0';

// Beside Host, what reaches the handler of a deployed app that forwards requests: the caller's own header fields, those
// of the platform's front end, and those of the Functions host.
const deployedHeaders = {
  'User-Agent': `Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Azure-Functions-Host/${hostVersion}`,
  Accept: 'application/json, text/plain, */*',
  'Accept-Encoding': 'gzip, deflate, br',
  'X-ARR-LOG-ID': '5c3f8e0e-8f3c-4a71-9f0b-6f5c2d7f9a11',
  'CLIENT-IP': '203.0.113.77:52114',
  'DISGUISED-HOST': applicationHost,
  'X-SITE-DEPLOYMENT-ID': 'orders-api',
  'WAS-DEFAULT-HOSTNAME': applicationHost,
  'X-Forwarded-Proto': 'https',
  'X-ARR-SSL':
    '2048|256|CN=Microsoft Azure RSA TLS Issuing CA 04, O=Microsoft Corporation, C=US|' +
    'CN=*.azurewebsites.net, O=Microsoft Corporation, L=Redmond, S=WA, C=US',
  'X-Forwarded-TlsVersion': '1.3',
  'X-Forwarded-For': '203.0.113.77:52114',
  'X-Original-URL': '/api/hello',
  'X-Azure-Functions-HostVersion': hostVersion,
  'X-Azure-Functions-InvocationId': invocationId,
};

// 2 KiB, to the byte.
function order() {
  const lines = [];
  for (let number = 1; number <= 14; ++number) {
    lines.push({
      sku: `SKU-${String(number * 7919).padStart(6, '0')}`,
      title: `Fitting no. ${number}, brushed steel, ${number * 5} mm`,
      quantity: (number % 4) + 1,
      unit_cents: number * 1250 + 99,
      gift: number % 3 === 0,
      discount: number % 5 === 0 ? 0.05 : null,
    });
  }
  const value = {
    order_id: 'A-2026-004711',
    customer: { name: 'Zoë Müller', city: 'Zürich', tags: ['returning', 'invoice'] },
    lines,
    note: '',
  };
  value.note = '.'.repeat(2048 - Buffer.byteLength(JSON.stringify(value)));
  return value;
}

function total({ order_id, lines }) {
  return {
    lines: lines.length,
    order_id,
    quantity: lines.reduce((sum, line) => sum + line.quantity, 0),
    total_cents: lines.reduce((sum, line) => sum + line.quantity * line.unit_cents, 0),
  };
}

const message = 'Order A-2026-004711 for Zürich has left the warehouse.';

// As the Functions host writes the envelope of a queue message: a text value is JSON text in a string, and so is
// most of the metadata.
function envelope() {
  return {
    Data: { message: JSON.stringify(message) },
    Metadata: {
      DequeueCount: '1',
      ExpirationTime: '2026-11-30T08:00:00+00:00',
      Id: '"3b1b7b1d-9a1c-4b36-8a53-7a3df84a0e2a"',
      InsertionTime: '2026-11-23T08:00:00+00:00',
      NextVisibleTime: '2026-11-23T08:10:00+00:00',
      PopReceipt: '"AgAAAAMAAAAAAAAA2qF2cWhX3AE="',
      sys: { MethodName: 'relay', UtcNow: '2026-11-23T08:00:01', RandGuid: 'e3f5b0ab-4d6c-4b8f-9a55-1f4cbd5f3b77' },
    },
  };
}

function head(method, path, headers) {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${fields.join('')}\r\n`;
}

function post(path, headers, value) {
  const body = JSON.stringify(value);
  return Buffer.from(head('POST', path, { ...headers, 'Content-Length': Buffer.byteLength(body) }) + body);
}

// In Azure the host sends envelopes in chunks, without Content-Length.
function postChunked(path, headers, value) {
  const body = JSON.stringify(value);
  const chunk = `${Buffer.byteLength(body).toString(16).toUpperCase()}\r\n${body}\r\n`;
  return Buffer.from(`${head('POST', path, { ...headers, 'Transfer-Encoding': 'chunked' })}${chunk}0\r\n\r\n`);
}

const text = (body) => ({ type: 'text/plain', body });
const json = (value) => ({ type: 'application/json', body: JSON.stringify(value) });

/** By letter: `request(port)` gives the bytes, `answer` the content type without parameters and the body. */
export const workloads = {
  a: {
    title: 'GET /api/hello, Host only',
    request: (port) => Buffer.from(head('GET', '/api/hello', { Host: `127.0.0.1:${port}` })),
    answer: text('Hello, world!'),
  },
  b: {
    title: 'GET /api/hello, the 15 header fields of a deployed host',
    request: () => Buffer.from(head('GET', '/api/hello', { Host: applicationHost, ...deployedHeaders })),
    answer: text('Hello, world!'),
  },
  c: {
    title: 'POST /api/parse, 2 KiB of JSON',
    request: (port) => post('/api/parse', { Host: `127.0.0.1:${port}`, 'Content-Type': 'application/json' }, order()),
    answer: json(total(order())),
  },
  d: {
    title: 'POST /relay, queue message in an envelope',
    request: (port) =>
      postChunked(
        '/relay',
        {
          Host: `127.0.0.1:${port}`,
          'X-Azure-Functions-HostVersion': hostVersion,
          'X-Azure-Functions-InvocationId': invocationId,
          'User-Agent': `Azure-Functions-Host/${hostVersion}`,
          'Content-Type': 'application/json; charset=utf-8',
        },
        envelope(),
      ),
    answer: json({ Outputs: { output: `${message} (${[...message].length})` } }),
  },
  e: {
    title: 'GET /api/block, 50 ms of waiting',
    request: (port) => Buffer.from(head('GET', '/api/block', { Host: `127.0.0.1:${port}` })),
    answer: text('done'),
  },
};

/** How long the function of workload e waits. */
export const blockSeconds = 0.05;

/** What the host asks a handler to learn whether it serves. */
export const probe = {
  title: 'GET /',
  request: (port) => Buffer.from(head('GET', '/', { Host: `127.0.0.1:${port}` })),
};
