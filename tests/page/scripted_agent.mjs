// An app whose agent plays scenes that a real model cannot be made to play: hostile text, streams that break off,
// answers that never come. The page itself, with its headers, is that of the app under test.
import {createServer} from 'node:http';
import {once} from 'node:events';

// Not `api`: the page must find its functions wherever it is.
const prefix = '/some/prefix/';

const event = (name, data) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

const hostile = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script> ' +
    '[click](javascript:document.title=%22owned%22) <a href="https://outside.example/">link</a>';

// A red dot.
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==';

/** Question to scene. A scene gets `send(text)`, the response, and the request's body. */
const scenes = {
  'steps': async ({send}) => {
    send(event('session', {session: 'session-1'}));
    send(event('text', {delta: 'I will add them up. '}));
    send(event('code', {id: 'c1', code: 'print(sum(range(11)))'}));
    send(event('output', {id: 'c1', status: 'succeeded', stdout: '55\n', stderr: '', result: null, truncated: false, duration_ms: 12}));
    send(event('text', {delta: 'The sum is **5'}));
    send(event('text', {delta: '5**, as `print` has shown:\n\n```python\nsum(range(11))\n```\n\n- one\n- two'}));
    send(event('done', {
      answer: 'The sum is **55**, as `print` has shown:\n\n```python\nsum(range(11))\n```\n\n- one\n- two',
      rounds: 2, usage: {total_tokens: 1234}}));
  },
  // Cut where it hurts: inside of lines, of UTF-8, and of CR LF.
  'pieces': async ({response}) => {
    const bytes = Buffer.from(': comment\r\n\r\nevent: text\r\ndata: {"delta":\r\ndata: "Größe: 5 €"}\r\n\r\n' +
        'event: done\rdata: {"answer":"Größe: 5 €","rounds":1,"usage":{}}\r\r');
    for (const byte of bytes) {
      response.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
  },
  'hostile': async ({send}) => {
    send(event('session', {session: '"><img src=x onerror=alert(1)>'}));
    send(event('text', {delta: `${hostile}\n\n\`${hostile}\` **${hostile}**\n\n\`\`\`html\n${hostile}\n\`\`\``}));
    send(event('code', {id: '<b>', code: `print("</code></pre>${hostile}")`}));
    send(event('output', {id: '<b>', status: 'failed', stdout: hostile, stderr: hostile, result: {html: hostile}, truncated: true, duration_ms: 1}));
    send(event('code', {id: 'image', code: 'chart()'}));
    send(event('output', {id: 'image', status: 'succeeded', stdout: '', stderr: '', truncated: false, duration_ms: 1,
      result: {type: 'image', format: 'png" onerror="document.title=1', base64_data: png}}));
    send(event('error', {problem: {status: 502, title: hostile, detail: hostile, code: hostile, errors: [{field: hostile, message: hostile}]}}));
  },
  'image': async ({send}) => {
    send(event('code', {id: 'c1', code: 'import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.show()'}));
    send(event('output', {id: 'c1', status: 'succeeded', stdout: '', stderr: '', truncated: false, duration_ms: 40,
      result: {type: 'image', format: 'png', base64_data: png}}));
    send(event('done', {answer: 'Here it is.', rounds: 2, usage: {}}));
  },
  'endless': async ({send, response}) => {
    send(event('text', {delta: 'This takes'}));
    send(event('code', {id: 'c1', code: 'while True: pass'}));
    await once(response, 'close');
  },
  'broken': async ({send, response}) => {
    send(event('text', {delta: 'Half an ans'}));
    await new Promise((resolve) => setTimeout(resolve, 50));
    response.destroy();
  },
  'refused': async ({response}) => {
    problem(response, {status: 400, title: 'Bad Request', errors: [{field: 'question', message: 'must have 1 to 10 characters'}]});
  },
  'not configured': async ({response}) => {
    problem(response, {status: 503, title: 'Service Unavailable', code: 'not_configured', invocationId: 'i-1',
      detail: 'AZURE_OPENAI_ENDPOINT is not set. Set it to the endpoint of your Azure OpenAI resource.'});
  },
  'too many': async ({response}) => {
    response.writeHead(429, {'Retry-After': '7'}).end();
  },
  'no key': async ({response}) => {
    response.writeHead(401).end();
  },
  'not there': async ({response}) => {
    response.writeHead(404).end();
  },
  'sign-in': async ({response}) => {
    response.writeHead(302, {Location: 'https://outside.example/'}).end();
  },
  'failed': async ({send}) => {
    send(event('code', {id: 'c1', code: 'open("data.csv")'}));
    send(event('output', {id: 'c1', status: 'failed', stdout: '', result: null, truncated: false, duration_ms: 30,
      stderr: 'Traceback (most recent call last):\n  File "<stdin>", line 1\nFileNotFoundError: data.csv'}));
    send(event('error', {title: 'Too Many Requests', status: 429, code: 'rate_limit', detail: 'The model takes no more requests now. Ask again in 20 seconds.'}));
  },
};

function problem(response, document) {
  response.writeHead(document.status, {'Content-Type': 'application/problem+json'}).end(JSON.stringify(document));
}

async function text(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

/** Serves the page of the app at `page` and the scenes; `requests` has what was asked. */
export async function startScriptedAgent(page) {
  const requests = [];
  const files = new Map();
  const server = createServer(async (request, response) => {
    const {pathname, search} = new URL(request.url, 'http://agent');
    const path = pathname.startsWith(prefix) ? pathname.slice(prefix.length) : '';
    const body = await text(request).catch(() => '');
    requests.push({method: request.method, path, search, headers: request.headers, body});
    const [, of, name] = /^sessions\/([^/]+)\/files(?:\/(.+))?$/.exec(path) ?? [];
    if (path === 'chat-ui') {
      const source = await fetch(page);
      response.writeHead(source.status, Object.fromEntries(source.headers)).end(await source.text());
    } else if (path === 'agent') {
      const {question} = JSON.parse(body);
      const scene = scenes[question];
      let sent = false;
      const send = (words) => {
        if (!sent) response.writeHead(200, {'Content-Type': 'text/event-stream'});
        sent = true;
        response.write(words);
      };
      await scene({send, response});
      response.end();
    } else if (path === 'execute') {
      response.writeHead(200, {'Content-Type': 'application/json'}).end(JSON.stringify({session: 'made/session', status: 'succeeded'}));
    } else if (of !== undefined && name === undefined && request.method === 'POST') {
      files.set(new URLSearchParams(search).get('name'), body);
      response.writeHead(201, {'Content-Type': 'application/json'}).end('{}');
    } else if (of !== undefined && name === undefined) {
      const list = [...files].map(([file, content]) => ({name: file, size: content.length, modified: '2026-11-23T12:00:00Z'}));
      response.writeHead(200, {'Content-Type': 'application/json'}).end(JSON.stringify({files: list}));
    } else if (of !== undefined && request.method === 'DELETE') {
      files.delete(decodeURIComponent(name));
      response.writeHead(204).end();
    } else if (of !== undefined) {
      response.writeHead(200, {'Content-Type': 'application/octet-stream'}).end(files.get(decodeURIComponent(name)));
    } else {
      response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {url: `${origin}${prefix}chat-ui`, requests, stop: () => { server.closeAllConnections(); server.close(); }};
}
