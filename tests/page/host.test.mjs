// The page before the app itself, which asks for a key, and whose agent uses the emulator's stand-ins.
import assert from 'node:assert/strict';
import {readFile} from 'node:fs/promises';
import {after, before, test} from 'node:test';

import {app} from './app.mjs';
import {accessibilityProblems, answer, ask, launch, phone, screenshot, withPage} from './browser.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const testPage = (name, options, use) => test(`the app: ${name}`, () => withPage(browser, app.page, options, use));

async function enterKey(page, key) {
  await page.getByRole('button', {name: /^Key/}).click();
  await page.getByLabel('Key', {exact: true}).fill(key);
  await page.keyboard.press('Enter');
}

for (const [name, options] of [['light', {}], ['phone-dark', {...phone, colorScheme: 'dark'}]]) {
  testPage(`a question is answered by running code, ${name}`, options, async (page) => {
    assert.equal(await page.getByText('Answers come from stand-ins').isVisible(), true);
    await enterKey(page, app.key);
    await page.getByRole('button', {name: 'How many prime numbers are there below 10,000?'}).click();
    const text = await answer(page);
    assert.match(text, /Step 1\s+succeeded in [^]*Output\s+1229[^]*is 1229[^]*Demo/i);
    await screenshot(page, `app-${name}`);
    assert.deepEqual(await accessibilityProblems(page), []);
  });
}

testPage('without a key it says what is missing, and goes on with one', {}, async (page) => {
  await ask(page, 'What is 6 * 7?');
  await answer(page);
  assert.match(await page.getByRole('alert').innerText(), /This app asks for a key/);
  await enterKey(page, 'wrong');
  await page.getByRole('button', {name: 'Ask again'}).click();
  await answer(page);
  assert.match(await page.getByRole('alert').last().innerText(), /The key was refused/);
  await enterKey(page, app.key);
  await page.getByRole('button', {name: 'Ask again'}).last().click();
  assert.match(await answer(page), /42/);
});

testPage('what comes back of a question is text', {}, async (page) => {
  await enterKey(page, app.key);
  await ask(page, 'Hello <img src=x onerror="document.title=1"><script>document.title=1</script>');
  assert.match(await answer(page), /<img src=x onerror=/);
  assert.equal(await page.title(), 'Agent');
  assert.equal(await page.locator('main img, main script').count(), 0);
});

testPage('what the model refuses is explained', {}, async (page) => {
  await enterKey(page, app.key);
  await ask(page, 'Hello [stand-in:content-filter]');
  await answer(page);
  assert.match(await page.getByRole('alert').innerText(), /content_filter/);
});

testPage('code that runs is stopped', {}, async (page) => {
  await enterKey(page, app.key);
  await page.getByLabel('Your question').fill('```python\nimport time\ntime.sleep(60)\n```');
  await page.keyboard.press('Enter');
  await page.getByText('Running the code of step 1').first().waitFor();
  await page.keyboard.press('Escape');
  assert.match(await answer(page), /Step 1\s+stopped[^]*You stopped this answer\./);
});

testPage('files go into the session and come back', {}, async (page) => {
  await enterKey(page, app.key);
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', {name: 'Upload a file'}).click();
  await (await chooser).setFiles({name: 'numbers & größer.csv', mimeType: 'text/csv', buffer: Buffer.from('1,2,3\r\n--x\r\n')});
  await page.getByRole('button', {name: 'Download numbers & größer.csv'}).waitFor();
  const download = page.waitForEvent('download');
  await page.getByRole('button', {name: 'Download numbers & größer.csv'}).click();
  assert.equal(await readFile(await (await download).path(), 'utf8'), '1,2,3\r\n--x\r\n');
  await screenshot(page, 'app-files');
  await page.getByRole('button', {name: 'Delete numbers & größer.csv'}).click();
  await page.getByRole('button', {name: 'are you sure?'}).click();
  await page.getByText('No files yet.').waitFor();
});
