// What tests/e2e/status_page.sh proves in a browser. Prints "ok NAME" or "FAIL NAME" for each proof.
'use strict';
const { chromium } = require('playwright-core');
const fs = require('fs');
const path = require('path');
const readline = require('readline');

const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const [, , mode, ...given] = process.argv;

async function check(name, proof) {
  try {
    const found = await proof();
    console.log(`ok   ${name}${found ? ` (${found})` : ''}`);
  } catch (error) {
    console.log(`FAIL ${name}: ${String(error.message || error).replace(/\s+/g, ' ').slice(0, 600)}`);
  }
}
function equal(found, wanted) {
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (one !== other) throw new Error(`${one}, not ${other}`);
}
function holds(what, says) {
  if (!what) throw new Error(says);
}
// Polls until it holds; what it returned last, and after how many milliseconds.
async function until(seconds, what) {
  const from = Date.now();
  let last;
  while (Date.now() - from < seconds * 1000) {
    try {
      last = await what();
      if (last) return { last, ms: Date.now() - from };
    } catch (error) {
      last = error;
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`not within ${seconds} s: ${last}`);
}

async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB', ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error') page.complaints.push(message.text());
  });
  page.on('pageerror', (error) => page.complaints.push(error.message));
  page.on('dialog', (dialog) => {
    page.complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => {
    const to = request.url();
    if (!to.startsWith(new URL(url).origin) && !to.startsWith('data:')) page.complaints.push(`asks ${to}`);
  });
  await page.goto(url);
  return page;
}

const text = (page, selector) => page.locator(selector).first().innerText();
const names = (page) => page.locator('.groups tbody th a').allInnerTexts();
const lag = (page, group) => page.locator(`tr[data-key$=" ${group}"] td.lag`).innerText();

// That nothing scrolls sideways, and no table within its frame, at any width and in both languages.
async function fits(browser, name, url) {
  await check(`${name}: nothing is wider than the window, from 1536 to 360, in both languages`, async () => {
    const wrong = [];
    for (const locale of ['en-GB', 'zh-CN']) {
      const page = await open(browser, url, { locale });
      for (const width of [1536, 1440, 1366, 1280, 1100, 1024, 960, 900, 768, 360]) {
        await page.setViewportSize({ width, height: 800 });
        const found = await page.evaluate(() => {
          const framed = [...document.querySelectorAll('.wide')].map((one) => one.scrollWidth - one.clientWidth);
          return [document.documentElement.scrollWidth, Math.max(0, ...framed)];
        });
        if (found[0] > width || (width <= 768 && found[1] > 0)) wrong.push(`${locale} ${width}: ${found}`);
      }
      await page.context().close();
    }
    equal(wrong, []);
  });
}

async function prove(url, sim, instance, many, locked, outage) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
  const answers = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const please = async (what) => {
    console.log(`please ${what}`);
    await answers.next();
  };
  const setLag = async (group, value) => {
    const body = JSON.stringify({ lag: value });
    const answer = await fetch(`${sim}/groups/${instance}/${group}/lag`, { method: 'PUT', body });
    holds(answer.ok, `the simulator answers ${answer.status}`);
  };

  await check('without JavaScript the table is complete, and links and form work', async () => {
    const page = await open(browser, url, { javaScriptEnabled: false });
    equal((await names(page)).length, 35);
    await page.locator('th a', { hasText: 'Lag' }).click();
    equal((await names(page))[0], 'order_docking_analog');
    await page.fill('#q', 'filler-2');
    await page.locator('form button').click();
    equal((await names(page)).length, 10);
    await page.locator('.groups tbody th a').first().click();
    holds((await text(page, 'main')).includes('PromQL'), 'no view of one group');
    await page.context().close();
  });

  for (const [locale, lang] of [['en-GB', 'en'], ['zh-CN', 'zh-CN']]) {
    for (const colorScheme of ['light', 'dark']) {
      for (const [where, query] of [['list', ''], ['one group', `?instance=${instance}&group=order_docking_analog`]]) {
        for (const width of [1440, 360]) {
          await check(`axe finds nothing serious: ${lang}, ${colorScheme}, ${where}, ${width} wide`, async () => {
            const page = await open(browser, url + query, { locale, colorScheme, viewport: { width, height: 800 } });
            equal(await page.getAttribute('html', 'lang'), lang);
            await page.evaluate(axe);
            const found = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
            const bad = found.violations.filter((one) => ['serious', 'critical'].includes(one.impact));
            equal(bad.map((one) => `${one.id}: ${one.nodes.length} as ${one.nodes[0].html.slice(0, 120)}`), []);
            const scroll = await page.evaluate(() => document.documentElement.scrollWidth);
            holds(scroll <= width, `it is ${scroll} wide`);
            equal(page.complaints, []);
            const mild = found.violations.map((one) => one.id);
            await page.context().close();
            return mild.length ? `mild: ${mild}` : '';
          });
        }
      }
    }
  }

  await fits(browser, 'calm', url);
  const page = await open(browser, url);
  await check('the keyboard reaches search, size, sorting and rows, and shows where it is', async () => {
    const seen = [];
    for (let tabs = 0; tabs < 30; tabs++) {
      await page.keyboard.press('Tab');
      seen.push(await page.evaluate(() => {
        const at = document.activeElement;
        const outline = getComputedStyle(at).outlineStyle;
        const where = at.id || (at.closest('thead') && 'sort') || (at.closest('tbody th') && 'row') || at.className || at.tagName;
        return outline === 'none' ? `${where}: no outline` : where;
      }));
    }
    for (const wanted of ['skip', 'q', 'size', 'sort', 'row']) holds(seen.includes(wanted), `${wanted} is not among ${seen}`);
    equal(seen[0], 'skip');
    holds(!seen.some((one) => one.includes('no outline')), `${seen}`);
  });
  await check('sorting by keyboard: the order changes, the focus stays', async () => {
    await page.locator('th a', { hasText: 'Lag' }).focus();
    await page.keyboard.press('Enter');
    const { ms } = await until(5, () => page.locator('th[aria-sort="descending"]', { hasText: 'Lag' }).isVisible());
    equal((await names(page)).slice(0, 2), ['order_docking_analog', 'cust_docking_analog']);
    equal(await page.evaluate(() => document.activeElement.innerText.trim().split(' ')[0]), 'Lag');
    return `${ms} ms`;
  });
  await check('search answers while one types', async () => {
    await page.locator('#q').pressSequentially('cust');
    const { ms } = await until(5, async () => (await names(page)).join() === 'cust_docking_analog');
    holds(page.url().includes('q=cust'), page.url());
    return `${ms} ms after the last key`;
  });
  await check('a change appears by itself; element, focus and text stay', async () => {
    await page.evaluate(() => { document.querySelector('tr[data-key$="cust_docking_analog"]').mark = 'same'; });
    await page.evaluate(() => document.getElementById('q').setSelectionRange(1, 3));
    await setLag('cust_docking_analog', 123456);
    const { ms } = await until(20, async () => (await lag(page, 'cust_docking_analog')).startsWith('123,456'));
    equal(await page.evaluate(() => document.querySelector('tr[data-key$="cust_docking_analog"]').mark), 'same');
    equal(await page.evaluate(() => {
      const at = document.activeElement;
      return [at.id, at.value, at.selectionStart, at.selectionEnd];
    }), ['q', 'cust', 1, 3]);
    return `${ms} ms`;
  });
  await check('the verdict follows, and is told to screen readers', async () => {
    await until(10, async () => (await text(page, '#verdict')).includes('2 groups are over their limit.'));
    equal(await page.getAttribute('#verdict', 'aria-live'), 'polite');
    holds((await page.title()).startsWith('▲ 2 groups'), await page.title());
  });
  await check('the scroll position and an open table stay over an update', async () => {
    const one = await open(browser, `${url}?instance=${instance}&group=cust_docking_analog`);
    await one.locator('summary').click();
    await one.evaluate(() => scrollTo(0, 500));
    const before = await one.evaluate(() => scrollY);
    await setLag('cust_docking_analog', 123999);
    await until(20, async () => (await text(one, 'dd .big')) === '123,999');
    equal(await one.evaluate(() => [scrollY, document.querySelector('details').open]), [before, true]);
    equal(one.complaints, []);
    await one.context().close();
  });
  await check('a name that is markup is text', async () => {
    await page.fill('#q', '<script>');
    await until(5, async () => (await names(page)).join() === '<script>alert(1)</script>');
    equal(page.complaints, []);
  });
  await page.context().close();

  await check('20,000 groups: the page loads', async () => {
    const from = Date.now();
    const large = await open(browser, many);
    const ms = Date.now() - from;
    equal((await names(large)).length, 50);
    holds((await text(large, '#h-groups')).includes('20,000'), await text(large, '#h-groups'));
    holds(ms < 2000, `${ms} ms`);
    const times = [];
    for (const [name, act, done] of [
      ['search', () => large.locator('#q').fill('19999'), async () => (await names(large)).length < 5],
      ['sort', () => large.goto(many).then(() => large.locator('th a', { hasText: 'Lag' }).click()),
        () => large.locator('th[aria-sort="descending"]', { hasText: 'Lag' }).isVisible()],
      ['next page', () => large.locator('.pager a[rel=next]').click(), async () => (await text(large, '.pager')).startsWith('51 to 100')],
    ]) {
      await act();
      const { ms } = await until(5, done);
      holds(ms < 1500, `${name} took ${ms} ms`);
      times.push(`${name} ${ms} ms`);
    }
    equal(large.complaints, []);
    await large.context().close();
    return `${ms} ms, ${times.join(', ')}`;
  });

  await check('behind a password it is live as well', async () => {
    const page = await open(browser, locked, { httpCredentials: { username: 'alice', password: 'U*U' } });
    await setLag('cust_docking_analog', 77001);
    await until(20, async () => (await lag(page, 'cust_docking_analog')).startsWith('77,001'));
    equal(page.complaints, []);
    await page.context().close();
  });

  await check('the exporter hangs: the page says so, and that it is back', async () => {
    const page = await open(browser, url);
    await please('stop');
    const { ms } = await until(12, async () => (await text(page, '#verdict')).includes('Not reachable since'));
    await please('continue');
    await until(12, async () => !(await text(page, '#verdict')).includes('Not reachable'));
    await page.context().close();
    return `${ms} ms`;
  });

  // Everything that was known gets too old: the widest page there is, and the one that has to be read.
  await check('in an outage the worst of before comes first, and the reason has the width of the page', async () => {
    const page = await open(browser, outage, { viewport: { width: 360, height: 800 } });
    await until(100, async () => {
      await page.reload();
      return (await text(page, '#verdict')).includes('9 of 9 groups have no fresh number');
    });
    const found = await names(page);
    equal(found.slice(0, 2), ['huge', 'order_docking_analog']);
    const error = await page.locator('.error span[lang]').first().boundingBox();
    holds(error.x < 40 && error.x + error.width <= 360, JSON.stringify(error));
    await page.context().close();
  });
  await fits(browser, 'in an outage', outage);
  await check('on a phone the labels of the picture can be read', async () => {
    const page = await open(browser, `${url}?instance=${instance}&group=order_docking_analog`, { viewport: { width: 360, height: 800 } });
    const heights = await page.locator('.chart text').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height));
    holds(heights.length > 5 && Math.min(...heights) >= 9, `${heights}`);
    await page.context().close();
  });

  const old = await open(browser, url);
  await old.context().clock.install();
  await old.goto(url);
  old.complaints = [];
  await check('the exporter is killed: the page says since when', async () => {
    holds((await lag(old, 'order_docking_analog')).startsWith('250,000'), await lag(old, 'order_docking_analog'));
    const shown = (await text(old, '.asof time')).trim();
    await please('kill');
    await old.clock.runFor(6000);
    const { last } = await until(20, async () => {
      const verdict = await text(old, '#verdict');
      return verdict.includes('Not reachable since') && verdict;
    });
    holds(/since \d\d:\d\d:\d\d UTC/.test(last), last);
    holds(last.includes(`What is shown is of ${shown}`), `${last} ${shown}`);
    holds((await old.title()).startsWith('✕'), await old.title());
  });
  await check('its ages go on counting, and numbers that got too old are none', async () => {
    await old.clock.runFor(4 * 60_000);
    const row = 'tr[data-key$=" order_docking_analog"]';
    holds((await text(old, `${row} .age-col`)).includes('min'), await text(old, `${row} .age-col`));
    const { last } = await until(5, async () => {
      await old.clock.runFor(60_000);
      const cell = await lag(old, 'order_docking_analog');
      return cell.startsWith('–') && cell;
    });
    holds(last.includes('last known: 250,000'), last);
    holds((await text(old, `${row} .state`)).includes('out of date'), await text(old, `${row} .state`));
    holds(!(await text(old, 'main')).includes('old: fresh'), 'something is still called fresh');
  });
  await check('the exporter is back: the page recovers by itself', async () => {
    await please('start');
    await until(30, async () => {
      await old.clock.runFor(6000);
      await new Promise((done) => setTimeout(done, 200));
      return (await lag(old, 'order_docking_analog')).startsWith('250,000') && (await text(old, '#verdict')).includes('over');
    });
  });
  await browser.close();
}

async function pictures(calm, outage, directory) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
  const one = '?instance=alikafka_pre-cn-zvp2v0001&group=order_docking_analog';
  const desktop = { width: 1280, height: 800 };
  for (const [name, url, locale, colorScheme, viewport] of [
    ['light-en', calm, 'en-GB', 'light', desktop],
    ['light-zh', calm, 'zh-CN', 'light', desktop],
    ['dark-en', calm, 'en-GB', 'dark', desktop],
    ['dark-zh', calm, 'zh-CN', 'dark', desktop],
    ['phone', calm, 'en-GB', 'light', { width: 360, height: 740 }],
    ['phone-zh', calm, 'zh-CN', 'dark', { width: 360, height: 740 }],
    ['outage', outage, 'en-GB', 'light', desktop],
    ['group', calm + one, 'en-GB', 'light', { width: 1280, height: 1000 }],
    ['group-zh', calm + one, 'zh-CN', 'dark', { width: 1280, height: 1000 }],
  ]) {
    const page = await open(browser, url, { locale, colorScheme, viewport });
    await page.screenshot({ path: path.join(directory, `status-${name}.png`) });
    await page.context().close();
  }
  await browser.close();
}

({ prove, pictures })[mode](...given).then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
