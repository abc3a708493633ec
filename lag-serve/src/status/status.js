
// The live view: asks for this very page again, and takes over what has changed. Without it the page is complete, only still.
(() => {
  'use strict';
  const body = document.body;
  const words = body.dataset;
  const main = document.getElementById('live');
  const every = Number(words.every) * 1000;
  const units = words.units.split('|');
  // Ages go by the clock of the server; between two answers ours goes on.
  let skew = Number(main.dataset.now) - Date.now();
  let lostSince = null;
  let timer = null;
  let asking = null;

  const now = () => Date.now() + skew;
  const clock = (at) => new Date(at).toISOString().slice(11, 19) + ' UTC';

  // The two largest units, as the server writes ages.
  function span(seconds) {
    const gap = words.gap;
    const pair = (large, a, small, b) => large + gap + units[a] + (small ? gap + small + gap + units[b] : '');
    const s = Math.max(0, Math.floor(seconds));
    if (s < 120) return s + gap + units[3];
    if (s < 600) return pair(Math.floor(s / 60), 2, s % 60, 3);
    if (s < 7200) return Math.floor(s / 60) + gap + units[2];
    if (s < 172800) return pair(Math.floor(s / 3600), 1, Math.floor(s / 60) % 60, 2);
    return pair(Math.floor(s / 86400), 0, Math.floor(s / 3600) % 24, 1);
  }

  function say(element, text) {
    if (element && element.textContent !== text) element.textContent = text;
  }

  // A page that nobody renews must not look fresh: ages count on, and numbers that got too old are none.
  function tick() {
    const moment = now();
    for (const age of document.querySelectorAll('.age[data-at]')) {
      say(age, span((moment - Number(age.dataset.at)) / 1000));
    }
    for (const one of document.querySelectorAll('[data-until]')) {
      if (moment > Number(one.dataset.until)) expire(one);
    }
  }

  function expire(one) {
    one.removeAttribute('data-until');
    one.classList.add('expired');
    const number = one.matches('b') ? one : one.querySelector('.lag b');
    if (number) {
      const last = words.last.replace('{lag}', number.textContent);
      number.textContent = '–';
      const note = document.createElement('small');
      note.textContent = last;
      number.after(note);
    }
    const tag = one.querySelector('.tag');
    if (tag) {
      tag.className = 'tag bad';
      tag.replaceChildren('◌ ' + words.stale);
      tag.title = words.expired;
    }
    for (const word of one.querySelectorAll('.word')) say(word, words.old);
    for (const cell of one.querySelectorAll('td.num:not(.lag)')) say(cell, '–');
  }

  // Makes `old` what `fresh` is. Elements stay the same ones, so focus, selection and what is open stay, too.
  function morph(old, fresh) {
    for (const { name } of [...old.attributes]) {
      if (name !== 'open' && !fresh.hasAttribute(name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (name !== 'open' && old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    const keyed = new Map();
    for (const child of old.children) {
      if (child.dataset.key !== undefined) keyed.set(child.dataset.key, child);
    }
    const isKeyed = (node) => node.nodeType === 1 && node.dataset.key !== undefined;
    let at = old.firstChild;
    for (const wanted of [...fresh.childNodes]) {
      let have = null;
      if (isKeyed(wanted)) {
        have = keyed.get(wanted.dataset.key) || null;
        keyed.delete(wanted.dataset.key);
      } else {
        const fits = (node) => !isKeyed(node) && node.nodeName === wanted.nodeName;
        have = at;
        // What has gone in between must not make a table a new one.
        while (have && wanted.nodeType === 1 && !fits(have)) have = have.nextSibling;
        if (have && !fits(have)) have = null;
        while (have && at !== have) {
          const next = at.nextSibling;
          if (!isKeyed(at)) at.remove();
          at = next;
        }
      }
      if (!have) {
        old.insertBefore(wanted, at);
        continue;
      }
      if (have === at) at = at.nextSibling;
      else old.insertBefore(have, at);
      if (have.nodeType === 1) morph(have, wanted);
      else if (have.nodeValue !== wanted.nodeValue) have.nodeValue = wanted.nodeValue;
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
    for (const left of keyed.values()) left.remove();
  }

  function take(text) {
    const page = new DOMParser().parseFromString(text, 'text/html');
    const fresh = page.getElementById('live');
    if (!fresh) throw new Error('no page');
    if (page.body.dataset.build !== words.build) {
      location.reload();
      return;
    }
    skew = Number(fresh.dataset.now) - Date.now();
    const focused = document.activeElement;
    const asked = new URLSearchParams(location.search);
    morph(main, fresh);
    document.title = page.title;
    const search = document.getElementById('q');
    // What is being typed is never overwritten.
    if (search && search !== focused && search.value !== (asked.get('q') || '')) search.value = asked.get('q') || '';
    if (focused && focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
    lostSince = null;
    body.classList.remove('lost');
    say(document.getElementById('link'), words.live);
    tick();
  }

  // Says it where the verdict stands: a verdict of then is none of now.
  function lose(text, status, since) {
    lostSince = lostSince || since;
    body.classList.add('lost');
    const verdict = document.getElementById('verdict');
    const says = text.replace('{time}', clock(lostSince)).replace('{shown}', clock(Number(main.dataset.now))).replace('{status}', status);
    say(verdict.firstElementChild, '✕');
    say(verdict.lastElementChild, says);
    verdict.closest('.verdict').className = 'verdict bad';
    say(document.getElementById('link'), '');
    document.title = '✕ ' + says;
    tick();
  }

  async function refresh() {
    clearTimeout(timer);
    if (asking) asking.abort();
    const mine = new AbortController();
    asking = mine;
    const late = setTimeout(() => mine.abort(), 3000);
    const since = now();
    try {
      const answer = await fetch(location.href, { cache: 'no-store', headers: { accept: 'text/html' }, signal: mine.signal });
      const text = await answer.text();
      if (asking !== mine) return;
      if (answer.ok || answer.status === 404) take(text);
      else lose(words.refused, answer.status, since);
    } catch {
      if (asking !== mine) return;
      lose(words.unreachable, '', since);
    } finally {
      clearTimeout(late);
      if (asking === mine) {
        asking = null;
        next();
      }
    }
  }

  function next() {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(refresh, every);
  }

  function go(url, isNew) {
    if (isNew) history.pushState(null, '', url);
    else history.replaceState(null, '', url);
    refresh();
  }

  function asked(form) {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value) query.append(name, value);
    return '?' + query;
  }

  let typing = null;
  document.addEventListener('input', (event) => {
    const form = event.target.closest('form[data-form]');
    if (!form) return;
    clearTimeout(typing);
    typing = setTimeout(() => go(asked(form), false), event.target.type === 'search' ? 200 : 0);
  });
  document.addEventListener('submit', (event) => {
    if (!event.target.matches('form[data-form]')) return;
    event.preventDefault();
    clearTimeout(typing);
    go(asked(event.target), true);
  });
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[data-live]');
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(link.href, true);
  });
  addEventListener('popstate', refresh);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      clearTimeout(timer);
      say(document.getElementById('link'), words.paused);
    } else {
      tick();
      refresh();
    }
  });
  document.addEventListener('mouseover', (event) => {
    const time = event.target.closest('time[datetime]');
    if (time) time.title = new Date(time.dateTime).toLocaleString();
  });

  say(document.getElementById('link'), words.live);
  setInterval(tick, 1000);
  next();
})();
