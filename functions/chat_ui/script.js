'use strict';

// What the model, the code and the service say is shown as text: nothing here makes HTML of a string.

// The functions stand beside this page, whatever the route prefix is.
const base = location.pathname.replace(/\/+$/, '').replace(/[^/]*$/, '');
const byId = (id) => document.getElementById(id);

// In memory only, so that they end with the page.
let functionKey = '';
let session = null;
let running = null; // the turn whose answer is coming

/** An element with these properties and children; `class`, `data-*` and `aria-*` are attributes. */
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (/^(class|role|data-|aria-)/.test(name)) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

function announce(text) {
  byId('announcer').textContent = text;
}

function showDemo() {
  byId('demo').hidden = false;
}

// --- requests ------------------------------------------------------------------------------------------------------

/** What went wrong, in words for people. */
class Problem extends Error {
  constructor({title, detail = '', code = '', status = 0, errors = [], invocationId = '', remedy = null}) {
    super(title);
    Object.assign(this, {title, detail, code, status, errors, invocationId, remedy});
  }

  /** From a problem document; `advice` stands in for what it does not say. */
  static of(document, advice = {}) {
    return new Problem({
      title: document.title || advice.title || 'Something went wrong',
      detail: document.detail || advice.detail,
      code: document.code,
      status: document.status || advice.status,
      errors: Array.isArray(document.errors) ? document.errors : [],
      invocationId: document.invocationId,
      remedy: advice.remedy,
    });
  }
}

/** What to do about a status, for answers that do not say it: those of the host have no body. */
function adviceFor(status, retryAfter) {
  const advice = {status};
  if (status === 401 || status === 403) {
    Object.assign(advice, {
      title: functionKey ? 'The key was refused' : 'This app asks for a key',
      detail: 'Enter a function key or the host key of the app. The Azure portal shows them under App keys.',
      remedy: 'key',
    });
  } else if (status === 404) {
    Object.assign(advice, {
      title: 'There is no such function here',
      detail: `Nothing answers below ${base} by that name. Deploy the app again, or look at its list of functions.`,
    });
  } else if (status === 413) {
    Object.assign(advice, {title: 'That is too large', detail: 'Send less at once.'});
  } else if (status === 429) {
    Object.assign(advice, {
      title: 'Too many requests',
      detail: retryAfter ? `Ask again in ${retryAfter} seconds.` : 'Wait a little, then ask again.',
    });
  } else if (status >= 500) {
    Object.assign(advice, {
      title: 'The app could not answer',
      detail: 'Ask again. If it stays like this, the log of the app says why.',
    });
  } else {
    advice.title = `The app answered with status ${status}`;
  }
  return advice;
}

async function problemOf(response) {
  let document = {};
  if (/\bjson\b/.test(response.headers.get('content-type') ?? '')) {
    document = (await response.json().catch(() => null)) ?? {};
  }
  return Problem.of(document, adviceFor(response.status, response.headers.get('retry-after')));
}

/** Asks a function of this app. Throws a Problem unless it succeeds. */
async function request(path, options = {}) {
  const headers = new Headers(options.headers);
  if (functionKey) headers.set('x-functions-key', functionKey);
  let response;
  try {
    response = await fetch(base + path, {...options, headers, redirect: 'manual'});
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem({
      title: 'The app does not answer',
      detail: 'Is it running, and are you connected? On your own machine scripts/run.sh starts it.',
    });
  }
  if (response.headers.has('x-azf-demo')) showDemo();
  if (response.type === 'opaqueredirect') {
    throw new Problem({title: 'Your sign-in has ended', detail: 'Reload this page to sign in again.'});
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

function postJson(path, body, options = {}) {
  return request(path, {...options, method: 'POST', headers: {'content-type': 'application/json', ...options.headers},
    body: JSON.stringify(body)});
}

/** The events of a text/event-stream: {name, data}, data being JSON. */
async function* readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let name = '';
  let data = [];
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    rest += value;
    // A CR at the end may be half of a CR LF.
    const whole = rest.endsWith('\r') ? rest.length - 1 : rest.length;
    const lines = rest.slice(0, whole).split(/\r\n|\r|\n/);
    rest = lines.pop() + rest.slice(whole);
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield {name: name || 'message', data: JSON.parse(data.join('\n'))};
        name = '';
        data = [];
      } else {
        const [, field, text] = /^([^:]*):? ?(.*)$/s.exec(line);
        if (field === 'event') name = text;
        if (field === 'data') data.push(text);
      }
    }
  }
}

// --- text of the model ---------------------------------------------------------------------------------------------

/** The blocks of a text: fenced code, headings, lists and paragraphs of Markdown. */
function blocksOf(text) {
  const blocks = [];
  let open = null; // the block that the next line may go on with
  for (const line of text.split('\n')) {
    if (open?.kind === 'code') {
      if (/^\s*```\s*$/.test(line)) open = null;
      else open.lines.push(line);
      continue;
    }
    const item = /^\s*(?:([-*+])|\d{1,3}[.)])\s+(.*)$/.exec(line);
    let kind = 'p';
    if (/^\s*```/.test(line)) kind = 'code';
    else if (item) kind = item[1] ? 'ul' : 'ol';
    else if (/^#{1,6}\s/.test(line)) kind = 'heading';
    if (line.trim() === '') {
      open = null;
    } else if (kind === 'code') {
      blocks.push(open = {kind, lines: []});
    } else if (kind === 'heading') {
      blocks.push({kind, lines: [line.replace(/^#+\s+/, '')]});
      open = null;
    } else if (item) {
      if (open?.kind !== kind) blocks.push(open = {kind, start: parseInt(line, 10) || 1, lines: []});
      open.lines.push(item[2]);
    } else if (open) {
      open.lines.push(line);
    } else {
      blocks.push(open = {kind, lines: [line]});
    }
  }
  return blocks;
}

/** Text with `code` and **emphasis**. */
function inline(text) {
  return text.split(/(`[^`\n]+`|\*\*[^*\n]+\*\*)/).map((piece) => {
    if (/^`.+`$/.test(piece)) return element('code', {}, piece.slice(1, -1));
    if (/^\*\*.+\*\*$/.test(piece)) return element('strong', {}, piece.slice(2, -2));
    return piece;
  });
}

function blockElement({kind, start, lines}) {
  switch (kind) {
    case 'code': return element('pre', {tabIndex: 0}, element('code', {}, lines.join('\n')));
    case 'heading': return element('p', {class: 'heading'}, ...inline(lines[0]));
    case 'ul': return element('ul', {}, ...lines.map((line) => element('li', {}, ...inline(line))));
    case 'ol': return element('ol', {start}, ...lines.map((line) => element('li', {}, ...inline(line))));
    default: return element('p', {}, ...inline(lines.join('\n')));
  }
}

/** A text that grows while it is shown. Only the blocks that change are made anew, so that a selection lives on. */
class Prose {
  constructor() {
    this.box = element('div', {class: 'prose'});
    this.text = '';
    this.shown = [];
  }

  add(delta) {
    this.text += delta;
    this.frame ??= requestAnimationFrame(() => this.show());
  }

  show() {
    this.frame = undefined;
    const blocks = blocksOf(this.text);
    const keys = blocks.map((block) => JSON.stringify(block));
    const follow = atEnd();
    keys.forEach((key, i) => {
      if (this.shown[i] === key) return;
      const made = blockElement(blocks[i]);
      if (this.box.children[i]) this.box.children[i].replaceWith(made);
      else this.box.append(made);
    });
    while (this.box.children.length > keys.length) this.box.lastChild.remove();
    this.shown = keys;
    if (follow) goToEnd();
  }
}

// --- conversation --------------------------------------------------------------------------------------------------

function atEnd() {
  const page = document.documentElement;
  return page.scrollHeight - page.scrollTop - page.clientHeight < 80;
}

function goToEnd() {
  const page = document.documentElement;
  page.scrollTop = page.scrollHeight;
}

function durationOf(milliseconds) {
  if (milliseconds < 100) return `${Math.round(milliseconds)} ms`;
  return `${(milliseconds / 1000).toFixed(milliseconds < 10000 ? 1 : 0)} s`;
}

/** A part of what code gave: nothing if that is empty. */
function outputPart(key, name, value) {
  if (value === undefined || value === null || value === '') return [];
  const part = element('div', {class: 'part', 'data-part': key}, element('p', {class: 'part-name'}, name));
  const isImage = value.type === 'image' && /^(png|jpeg|gif|webp)$/.test(value.format) &&
      /^[A-Za-z0-9+/=\s]+$/.test(value.base64_data);
  if (isImage) {
    part.append(element('img', {alt: 'Image that the code has made', src: `data:image/${value.format};base64,${value.base64_data}`}));
  } else {
    const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
    part.append(element('pre', {tabIndex: 0}, text.replace(/\n$/, '')));
  }
  return [part];
}

/** One run of code: the code, and then what came of it. */
class Step {
  constructor(number, code) {
    this.number = number;
    this.state = element('span', {class: 'state'}, 'running');
    this.inside = element('div', {class: 'inside'}, element('pre', {tabIndex: 0}, element('code', {}, code)));
    this.box = element('details', {class: 'step', open: true, 'data-status': 'running'},
        element('summary', {}, element('span', {}, `Step ${number}`), this.state), this.inside);
  }

  get isOpen() {
    return this.box.dataset.status === 'running';
  }

  end(status, words) {
    this.box.dataset.status = status;
    this.state.textContent = words;
  }

  finish({status, stdout, stderr, result, truncated, duration_ms: duration}) {
    const took = Number.isFinite(duration) ? ` in ${durationOf(duration)}` : '';
    this.end(status, status === 'succeeded' ? `succeeded${took}` : `failed${took}`);
    this.inside.append(
        ...outputPart('stdout', 'Output', stdout),
        ...outputPart('stderr', 'Errors', stderr),
        ...outputPart('result', 'Result', result));
    if (truncated) this.inside.append(element('p', {class: 'part-name'}, 'The output is longer; the rest was cut off.'));
  }
}

/** A question and what becomes of it. */
class Turn {
  constructor(question) {
    this.question = question;
    this.abort = new AbortController();
    this.steps = new Map();
    this.progress = element('p', {class: 'progress'}, 'Thinking');
    this.answer = element('div', {class: 'answer', 'aria-busy': 'true'}, this.progress);
    this.box = element('article', {class: 'turn'}, element('h2', {class: 'question'}, question), this.answer);
  }

  /** Puts something at the end of the answer, before the mark of progress. */
  put(node) {
    const follow = atEnd();
    this.progress.before(node);
    if (follow) goToEnd();
  }

  say(words) {
    this.progress.textContent = words;
    announce(words);
  }

  async run() {
    try {
      const body = {question: this.question, stream: true, ...(session && {session})};
      const response = await postJson('agent', body, {headers: {accept: 'text/event-stream'}, signal: this.abort.signal});
      for await (const {name, data} of readEvents(response.body)) {
        this.take(name, data);
        if (name === 'done' || name === 'error') return;
      }
      throw new TypeError('the stream ended');
    } catch (error) {
      if (this.abort.signal.aborted) this.stopped();
      else if (error instanceof Problem) this.fail(error);
      else this.fail(new Problem({title: 'The answer broke off', detail: 'The connection ended before the answer did. Ask again.'}));
    } finally {
      this.end();
    }
  }

  take(name, data) {
    switch (name) {
      case 'session':
        session = data.session ?? session;
        if (data.demo) this.markDemo();
        break;
      case 'text':
        if (!this.prose) this.put((this.prose = new Prose()).box);
        this.prose.add(data.delta);
        this.progress.textContent = 'Writing';
        break;
      case 'code': {
        this.endProse();
        const step = new Step(this.steps.size + 1, data.code);
        this.steps.set(data.id, step);
        this.put(step.box);
        this.say(`Running the code of step ${step.number}`);
        break;
      }
      case 'output': {
        const step = this.steps.get(data.id);
        const follow = atEnd();
        step?.finish(data);
        if (follow) goToEnd();
        this.say(data.status === 'succeeded' ? 'Thinking about the output' : 'The code failed; thinking about why');
        break;
      }
      case 'done':
        if (data.demo) this.markDemo();
        this.finish(data);
        break;
      case 'error':
        throw Problem.of(data.problem ?? data);
    }
  }

  markDemo() {
    this.demo = true;
    showDemo();
  }

  endProse() {
    this.prose?.show();
    this.prose = undefined;
  }

  finish({answer, rounds, usage}) {
    // Text that came before the last step is not the answer; an answer that did not come piece by piece comes now.
    if (answer && this.prose?.text.trim() !== answer.trim()) {
      if (!this.prose) this.put((this.prose = new Prose()).box);
      this.prose.text = answer;
    }
    this.endProse();
    const facts = [];
    if (this.steps.size > 0) facts.push(this.steps.size === 1 ? '1 step' : `${this.steps.size} steps`);
    if (rounds > 1) facts.push(`${rounds} rounds`);
    if (usage?.total_tokens) facts.push(`${usage.total_tokens.toLocaleString('en')} tokens`);
    const foot = element('p', {class: 'foot'}, copyButton(answer ?? ''));
    if (this.demo) foot.append(element('span', {class: 'mark'}, 'Demo'));
    foot.append(facts.join(' · '));
    this.put(foot);
    announce(`Answer: ${answer || 'none'}`);
  }

  fail(problem) {
    this.endProse();
    for (const step of this.steps.values()) if (step.isOpen) step.end('failed', 'no output came');
    const again = element('button', {type: 'button', onclick: () => ask(this.question)}, 'Ask again');
    this.put(problemElement(problem, again));
  }

  stopped() {
    this.endProse();
    for (const step of this.steps.values()) if (step.isOpen) step.end('stopped', 'stopped');
    this.put(element('p', {class: 'foot'}, 'You stopped this answer.'));
    announce('Stopped');
  }

  end() {
    this.progress.remove();
    this.answer.removeAttribute('aria-busy');
    if (running === this) setRunning(null);
    if (session) listFiles();
  }
}

function problemElement(problem, ...actions) {
  const box = element('div', {class: 'problem', role: 'alert'}, element('p', {class: 'what'}, problem.title));
  if (problem.detail) box.append(element('p', {}, problem.detail));
  if (problem.errors.length > 0) {
    box.append(element('ul', {}, ...problem.errors.map(({field, message}) => element('li', {}, element('code', {}, field), ` ${message}`))));
  }
  const trace = [problem.code && `code ${problem.code}`, problem.status && `status ${problem.status}`,
    problem.invocationId && `invocation ${problem.invocationId}`].filter(Boolean);
  if (trace.length > 0) box.append(element('p', {class: 'trace'}, trace.join(' · ')));
  if (problem.remedy === 'key') actions.unshift(element('button', {type: 'button', class: 'strong', onclick: openKey}, 'Enter a key'));
  if (actions.length > 0) box.append(element('div', {class: 'actions'}, ...actions));
  return box;
}

function copyButton(text) {
  const button = element('button', {type: 'button', class: 'quiet'}, 'Copy answer');
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Copying is not permitted here';
    }
    announce(button.textContent);
    setTimeout(() => { button.textContent = 'Copy answer'; }, 2000);
  };
  return button;
}

function setRunning(turn) {
  // A button that vanishes must not take the focus with it.
  const focused = document.activeElement;
  running = turn;
  byId('send').hidden = turn !== null;
  byId('stop').hidden = turn === null;
  if (focused === byId('send') || focused === byId('stop')) byId('question').focus();
}

function ask(question) {
  if (running) return announce('The last answer is still coming. Escape stops it.');
  byId('welcome').hidden = true;
  const turn = new Turn(question);
  byId('turns').append(turn.box);
  setRunning(turn);
  announce('Thinking');
  goToEnd();
  turn.run();
}

function startAnew() {
  running?.abort.abort();
  setRunning(null);
  session = null;
  byId('turns').replaceChildren();
  byId('welcome').hidden = false;
  showFiles([]);
  announce('New conversation');
  byId('question').focus();
}

// --- files of the session ------------------------------------------------------------------------------------------

const filesPath = (name) =>
  `sessions/${encodeURIComponent(session)}/files${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;

function sizeOf(bytes) {
  if (!(bytes >= 1000)) return `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function sayOfFiles(text, isWrong = false) {
  byId('files-state').textContent = text;
  byId('files-state').classList.toggle('wrong', isWrong);
}

function showFiles(files) {
  byId('file-count').textContent = files.length > 0 ? files.length : '';
  if (files.length > 0) sayOfFiles('');
  else sayOfFiles('No files yet.');
  byId('file-list').replaceChildren(...files.map(fileElement));
}

function fileElement({name, size, modified}) {
  const time = modified && !Number.isNaN(Date.parse(modified)) ? `, ${new Date(modified).toLocaleString([], {dateStyle: 'medium', timeStyle: 'short'})}` : '';
  const download = element('button', {type: 'button', class: 'quiet', 'aria-label': `Download ${name}`}, 'Download');
  const remove = element('button', {type: 'button', class: 'quiet', 'aria-label': `Delete ${name}`}, 'Delete');
  download.onclick = () => withFiles(download, () => downloadFile(name));
  remove.onclick = () => {
    // A second click within some seconds, since there is no way back.
    if (remove.dataset.sure) return withFiles(remove, () => deleteFile(name));
    remove.dataset.sure = 'yes';
    remove.textContent = 'Sure?';
    remove.setAttribute('aria-label', `Delete ${name}: are you sure?`);
    setTimeout(() => {
      delete remove.dataset.sure;
      remove.textContent = 'Delete';
      remove.setAttribute('aria-label', `Delete ${name}`);
    }, 4000);
  };
  return element('li', {}, element('span', {class: 'file-name'}, name, element('small', {}, sizeOf(size) + time)), download, remove);
}

/** Does something with files, at the press of a button; shows what went wrong. */
async function withFiles(button, work) {
  button.setAttribute('aria-busy', 'true');
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    sayOfFiles([error.title, error.detail].filter(Boolean).join('. ').replace('..', '.'), true);
    announce(error.title);
  } finally {
    button.removeAttribute('aria-busy');
  }
}

async function loadFiles() {
  if (!session) return showFiles([]);
  const of = session;
  const {files} = await (await request(filesPath())).json();
  if (session === of) showFiles(files);
}

function listFiles() {
  return withFiles(byId('refresh-files'), loadFiles);
}

/** Files need a session, which begins with its first run of code. */
async function makeSession() {
  const made = await (await postJson('execute', {code: 'pass'})).json();
  session = made.session;
}

async function uploadFiles(files) {
  for (const file of files) {
    if (!session) await makeSession();
    sayOfFiles(`Uploading ${file.name}`);
    // Not in a form, where a browser changes some characters of a name.
    await request(`${filesPath()}?name=${encodeURIComponent(file.name)}`, {method: 'POST', body: file});
    announce(`${file.name} is uploaded`);
  }
  await loadFiles();
}

async function downloadFile(name) {
  const content = await (await request(filesPath(name))).blob();
  const url = URL.createObjectURL(content);
  element('a', {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

async function deleteFile(name) {
  await request(filesPath(name), {method: 'DELETE'});
  announce(`${name} is deleted`);
  await loadFiles();
  byId('refresh-files').focus();
}

// --- the page ------------------------------------------------------------------------------------------------------

function openKey() {
  byId('key-text').value = '';
  byId('key-text').placeholder = functionKey ? 'A key is set' : '';
  byId('key').showModal();
  byId('key-text').focus();
}

function setKey(key) {
  functionKey = key;
  byId('key-mark').hidden = key === '';
  byId('key').close();
  announce(key ? 'The key is set' : 'The key is forgotten');
}

function fitQuestion() {
  const field = byId('question');
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight}px`;
}

function submit() {
  const field = byId('question');
  const question = field.value.trim();
  field.focus();
  if (question === '') return;
  if (!running) field.value = '';
  fitQuestion();
  ask(question);
}

byId('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  submit();
});
byId('question').addEventListener('input', fitQuestion);
byId('question').addEventListener('keydown', (event) => {
  // While an input method composes, Enter is its own.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !document.querySelector('dialog[open]')) running?.abort.abort();
});
byId('stop').addEventListener('click', () => running?.abort.abort());
byId('new').addEventListener('click', startAnew);
for (const example of document.querySelectorAll('.example')) {
  example.addEventListener('click', () => {
    byId('question').focus();
    ask(example.textContent);
  });
}

byId('open-files').addEventListener('click', () => {
  byId('files').showModal();
  listFiles();
});
byId('refresh-files').addEventListener('click', listFiles);
byId('upload').addEventListener('click', () => byId('file').click());
byId('attach').addEventListener('click', () => byId('file').click());
byId('file').addEventListener('change', () => {
  const files = [...byId('file').files];
  byId('file').value = '';
  if (!byId('files').open) byId('files').showModal();
  withFiles(byId('upload'), () => uploadFiles(files));
});

byId('open-key').addEventListener('click', openKey);
byId('forget-key').addEventListener('click', () => setKey(''));
byId('key').querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault();
  const key = byId('key-text').value.trim();
  if (key) setKey(key);
  else byId('key-text').focus();
});

for (const dialog of document.querySelectorAll('dialog')) {
  dialog.querySelector('.close').addEventListener('click', () => dialog.close());
  // A click beside it is one on its backdrop.
  dialog.addEventListener('click', (event) => {
    const {left, right, top, bottom} = dialog.getBoundingClientRect();
    const inside = event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom;
    if (event.target === dialog && !inside) dialog.close();
  });
}

if (document.documentElement.dataset.demo !== undefined) showDemo();
showFiles([]);
if (matchMedia('(pointer: fine)').matches) byId('question').focus();
