// A real Chromium, and what must hold for the page whatever it does: nothing leaves its origin, its policy is not
// violated, no script of it fails.
import assert from 'node:assert/strict';
import {createRequire} from 'node:module';
import {readFile} from 'node:fs/promises';

// Where page_test.sh has installed them.
const require = createRequire(`${process.env.PAGE_TEST_MODULES}/`);
const {chromium} = require('playwright-core');

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  // In containers there is no user namespace to build its sandbox with.
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});

export const phone = {viewport: {width: 360, height: 640}, hasTouch: true, isMobile: true, deviceScaleFactor: 2};

/** Opens the page in a context of its own, gives it to `use`, and then checks what must always hold. */
export async function withPage(browser, url, options, use) {
  const context = await browser.newContext({colorScheme: 'light', viewport: {width: 1100, height: 800}, acceptDownloads: true, ...options});
  const page = await context.newPage();
  page.setDefaultTimeout(20000);
  const origin = new URL(url).origin;
  const outside = [];
  const complaints = [];
  page.on('request', (request) => {
    // Where a redirect leads is shown as a request even though the page does not follow it.
    const isAsked = request.redirectedFrom() === null;
    if (isAsked && !request.url().startsWith(`${origin}/`) && !/^(data|blob):/.test(request.url())) outside.push(request.url());
  });
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // A status that is no success is written to the console by the browser itself.
    if (message.type() === 'error' && !/Failed to load resource|net::ERR/.test(message.text())) complaints.push(message.text());
  });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (violation) => {
      window.violations.push(`${violation.violatedDirective} ${violation.blockedURI}`);
    });
  });
  try {
    await page.goto(url);
    await use(page);
    assert.deepEqual(await page.evaluate(() => window.violations), [], 'violations of the content security policy');
    assert.deepEqual(outside, [], 'requests to other places');
    assert.deepEqual(complaints, [], 'messages on the console');
  } finally {
    await context.close();
  }
}

/** What axe finds against WCAG 2.2 AA, contrast included. */
export async function accessibilityProblems(page) {
  await page.evaluate(await readFile(require.resolve('axe-core/axe.min.js'), 'utf8'));
  return page.evaluate(async () => {
    const {violations} = await window.axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']});
    return violations.map(({id, nodes}) => `${id}: ${nodes.map((node) => `${node.target} ${node.any[0]?.message ?? ''}`).join('; ')}`);
  });
}

export const screenshot = (page, name) => page.screenshot({path: `${process.env.PAGE_TEST_SCREENSHOTS}/${name}.png`});

/** Types a question and sends it. */
export async function ask(page, question) {
  await page.getByLabel('Your question').fill(question);
  await page.keyboard.press('Enter');
}

/** Waits until the last answer is complete; its text. */
export async function answer(page) {
  const last = page.locator('.turn').last().locator('.answer');
  await last.and(page.locator(':not([aria-busy])')).waitFor();
  return last.innerText();
}
