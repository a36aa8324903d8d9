// The page before an agent that plays scenes.
import assert from 'node:assert/strict';
import {readFile} from 'node:fs/promises';
import {after, before, test} from 'node:test';

import {app} from './app.mjs';
import {accessibilityProblems, answer, ask, launch, phone, screenshot, withPage} from './browser.mjs';
import {startScriptedAgent} from './scripted_agent.mjs';

let browser;
let agent;
before(async () => {
  browser = await launch();
  agent = await startScriptedAgent(app.page);
});
after(async () => {
  await browser?.close();
  agent?.stop();
});

const testPage = (name, options, use) => test(name, () => withPage(browser, agent.url, options, use));

testPage('question, steps as they come, answer', {}, async (page) => {
  await screenshot(page, 'welcome');
  await ask(page, 'steps');
  const text = await answer(page);
  assert.match(text, /I will add them up\.[^]*Step 1[^]*succeeded in 12 ms[^]*print\(sum\(range\(11\)\)\)[^]*Output\s+55[^]*The sum is 55/);
  assert.match(text, /1 step · 2 rounds · 1,234 tokens/);
  const last = page.locator('.answer');
  assert.equal(await last.locator('strong').innerText(), '55');
  assert.equal(await last.locator('.prose pre').innerText(), 'sum(range(11))');
  assert.deepEqual(await last.locator('li').allInnerTexts(), ['one', 'two']);
  assert.equal(await page.getByRole('heading', {level: 2, name: 'steps'}).count(), 1);
  assert.match(await page.locator('#announcer').innerText(), /^Answer: The sum is/);
  await screenshot(page, 'answer');

  await ask(page, 'steps');
  await answer(page);
  const asked = agent.requests.filter(({path}) => path === 'agent').slice(-2).map(({body}) => JSON.parse(body));
  assert.deepEqual(asked, [{question: 'steps', stream: true}, {question: 'steps', stream: true, session: 'session-1'}]);
});

testPage('a stream cut anywhere is read whole', {}, async (page) => {
  await ask(page, 'pieces');
  assert.match(await answer(page), /^Größe: 5 €/);
});

testPage('what the model, the code and the service say is text', {}, async (page) => {
  await ask(page, 'hostile');
  const text = await answer(page);
  assert.match(text, /<img src=x onerror=/);
  assert.match(text, /<\/code><\/pre><img/);
  assert.match(text, /\[click\]\(javascript:/);
  assert.equal(await page.title(), 'Agent');
  assert.deepEqual(await page.locator('main img, main a, main script').count(), 0);
  assert.match(await page.getByRole('alert').innerText(), /^<img src=x/);
  await page.getByRole('button', {name: /^Files/}).click();
  await page.getByText('No files yet.').waitFor();
});

testPage('an image is shown', {}, async (page) => {
  await ask(page, 'image');
  assert.match(await answer(page), /Here it is\./);
  const image = page.getByRole('img', {name: 'Image that the code has made'});
  assert.equal(await image.evaluate((shown) => shown.naturalWidth), 5);
});

testPage('stop ends the request, and the next question is answered', {}, async (page) => {
  await ask(page, 'endless');
  await page.getByText('Running the code of step 1').first().waitFor();
  await screenshot(page, 'running');
  await page.getByRole('button', {name: 'Stop'}).click();
  assert.match(await answer(page), /Step 1\s+stopped[^]*You stopped this answer\./);
  assert.equal(await page.getByRole('button', {name: 'Send'}).isVisible(), true);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'question');
  await ask(page, 'pieces');
  assert.match(await answer(page), /Größe/);
});

const errors = [
  ['refused', /Bad Request[^]*question must have 1 to 10 characters[^]*status 400/],
  ['not configured', /Service Unavailable[^]*AZURE_OPENAI_ENDPOINT is not set\.[^]*code not_configured · status 503 · invocation i-1/],
  ['too many', /Too many requests\s+Ask again in 7 seconds\.[^]*status 429/],
  ['not there', /There is no such function here\s+Nothing answers below \/some\/prefix\//],
  ['sign-in', /Your sign-in has ended\s+Reload this page/],
  ['failed', /Too Many Requests[^]*Ask again in 20 seconds\.[^]*code rate_limit/],
  ['broken', /The answer broke off/],
];
for (const [scene, expected] of errors) {
  testPage(`an error says what to do: ${scene}`, {}, async (page) => {
    await ask(page, scene);
    await answer(page);
    assert.match(await page.getByRole('alert').innerText(), expected);
    assert.equal(await page.getByRole('button', {name: 'Ask again'}).isVisible(), true);
    await screenshot(page, `error-${scene.replace(' ', '-')}`);
  });
}

testPage('a key is asked for, sent as a header, and forgotten', {}, async (page) => {
  await ask(page, 'no key');
  await answer(page);
  assert.match(await page.getByRole('alert').innerText(), /This app asks for a key/);
  await page.getByRole('button', {name: 'Enter a key'}).click();
  await page.getByLabel('Key', {exact: true}).fill('a key');
  await screenshot(page, 'key');
  await page.keyboard.press('Enter');
  await ask(page, 'steps');
  await answer(page);
  const {headers, search} = agent.requests.findLast(({path}) => path === 'agent');
  assert.equal(headers['x-functions-key'], 'a key');
  assert.equal(search, '');
  assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length + document.cookie.length), 0);
  await page.getByRole('button', {name: /^Key/}).click();
  assert.equal(await page.getByLabel('Key', {exact: true}).inputValue(), '');
  await page.getByRole('button', {name: 'Forget it'}).click();
  await ask(page, 'steps');
  await answer(page);
  assert.equal(agent.requests.findLast(({path}) => path === 'agent').headers['x-functions-key'], undefined);
});

testPage('files are uploaded before the first question, listed, downloaded and deleted', {}, async (page) => {
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', {name: 'Upload a file'}).click();
  await (await chooser).setFiles({name: 'numbers & more.csv', mimeType: 'text/csv', buffer: Buffer.from('1,2,3')});
  await page.locator('#file-list').getByText('numbers & more.csv').waitFor();
  assert.equal(agent.requests.filter(({path}) => path === `sessions/${encodeURIComponent('made/session')}/files`).length > 0, true);
  await screenshot(page, 'files');
  const download = page.waitForEvent('download');
  await page.getByRole('button', {name: 'Download numbers & more.csv'}).click();
  assert.equal(await readFile(await (await download).path(), 'utf8'), '1,2,3');
  assert.equal((await download).suggestedFilename(), 'numbers & more.csv');
  await page.getByRole('button', {name: 'Delete numbers & more.csv'}).click();
  await page.getByRole('button', {name: 'are you sure?'}).click();
  await page.getByText('No files yet.').waitFor();
});

testPage('a new conversation forgets the session', {}, async (page) => {
  await ask(page, 'steps');
  await answer(page);
  await page.getByRole('button', {name: 'New'}).click();
  assert.equal(await page.locator('.turn').count(), 0);
  await ask(page, 'steps');
  await answer(page);
  assert.deepEqual(JSON.parse(agent.requests.findLast(({path}) => path === 'agent').body), {question: 'steps', stream: true});
});

testPage('all of it by keyboard alone', {}, async (page) => {
  const focused = () => page.evaluate(() => {
    const {id, innerText} = document.activeElement;
    return id || innerText;
  });
  assert.equal(await focused(), 'question');
  const order = [];
  for (let i = 0; i < 9; ++i) {
    order.unshift(await focused());
    await page.keyboard.press('Shift+Tab');
  }
  assert.deepEqual(order, ['Skip to the question', 'new', 'open-files', 'open-key',
    'How many prime numbers are there below 10,000?', 'How many days are there from 2000-01-01 to 2028-02-29?',
    'What is the 100th Fibonacci number?', 'attach', 'question']);
  await page.getByRole('link', {name: 'Skip to the question'}).focus();
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'question');

  await page.keyboard.type('two');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('lines');
  assert.equal(await page.getByLabel('Your question').inputValue(), 'two\nlines');
  await page.getByLabel('Your question').fill('endless');
  await page.keyboard.press('Enter');
  await page.getByText('Running the code of step 1').first().waitFor();
  await page.keyboard.press('Escape');
  assert.match(await answer(page), /You stopped this answer\./);

  // A dialog takes the focus, and gives it back.
  await page.getByRole('button', {name: /^Files/}).focus();
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('dialog[open]').getAttribute('id'), 'files');
  await page.keyboard.press('Escape');
  assert.equal(await focused(), 'open-files');
});

testPage('Enter of an input method does not send', {}, async (page) => {
  await page.getByLabel('Your question').fill('nihon');
  await page.getByLabel('Your question').evaluate((field) => {
    field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}));
  });
  assert.equal(await page.locator('.turn').count(), 0);
});

for (const colorScheme of ['light', 'dark']) {
  for (const [size, viewport] of [['wide', {}], ['phone', phone]]) {
    testPage(`readable, ${colorScheme}, ${size}: no accessibility problem, nothing beside the screen`, {colorScheme, ...viewport}, async (page) => {
      const look = async (name) => {
        await page.waitForTimeout(250); // until what appears has appeared, since half transparent text has no contrast
        await screenshot(page, `${colorScheme}-${size}-${name}`);
        assert.deepEqual(await accessibilityProblems(page), [], name);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, name);
      };
      await look('welcome');
      await ask(page, 'steps');
      await answer(page);
      await look('answer');
      await ask(page, 'failed');
      await answer(page);
      await look('error');
      await page.getByRole('button', {name: /^Files/}).click();
      await look('files');
      await page.keyboard.press('Escape');
      await page.getByRole('button', {name: /^Key/}).click();
      await look('key');
    });
  }
}
