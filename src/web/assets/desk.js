// The inbox: the next conversation without loading a page, what was seen, drafts and claims, one key for every act.
// Every form works without this file.
import { $, $$, after, keys, morph, refresh, store, tell, toEnd } from './app.js';

const LIVE = { 'X-Live': '1', Accept: 'text/html' };
const csrf = () => $('input[name="csrf"]')?.value ?? '';
const post = (url, fields) => fetch(url, { method: 'POST', headers: LIVE, credentials: 'same-origin', body: new URLSearchParams({ csrf: csrf(), ...fields }) });
const parse = (text) => new DOMParser().parseFromString(text, 'text/html');
const take = (page, ids) => { for (const id of ids) { const old = document.getElementById(id), fresh = page.getElementById(id); if (old && fresh) morph(old, document.importNode(fresh, true)); } };

// Said to those who cannot see that the page has changed.
const said = document.body.appendChild(Object.assign(document.createElement('p'), { className: 'vh', role: 'status' }));
const say = (words) => { said.textContent = ''; setTimeout(() => { said.textContent = words; }, 50); };

// --- one conversation: what belongs to it ends with it -------------------------------------------------------------
let leave = () => {};

function begin() {
  const talk = $('#talk[data-conversation]');
  $$('[data-js]').forEach((el) => { el.hidden = false; });
  $$('[data-no-js]').forEach((el) => { el.hidden = true; });
  if (!talk) { leave = () => {}; return; }
  const gone = new AbortController();
  const seen = watch(talk, gone.signal);
  const written = writing(talk, gone.signal, seen), noted = noting(talk, gone.signal);
  addEventListener('pagehide', () => written(noted()), { signal: gone.signal });
  leave = () => { written(noted()); gone.abort(); };
}

// What counts as seen: a message whose end has stood in the window of a page that somebody looks at. Only then does the
// answer's version move on; until then an answer waits, here and on the server.
function watch(talk, signal) {
  const fields = () => $$('[data-seen-only]', talk), word = $('[data-unseen]', talk), reply = $('.reply', talk);
  const known = new Set($$('.msg', talk).map((msg) => msg.dataset.key)), unseen = new Set();
  const settle = () => {
    if (word) word.replaceChildren(...(unseen.size ? ['Something new came in. ', button('Show it', show)] : []));
    if (!unseen.size) for (const field of fields()) if (field.dataset.next) { field.value = field.dataset.next; delete field.dataset.next; }
  };
  const show = () => { [...unseen][0]?.closest('.msg').scrollIntoView({ block: 'end' }); };
  // On a phone the reply box lies over the end of the page.
  const covered = () => (matchMedia('(max-width: 47.99rem)').matches ? reply?.offsetHeight ?? 0 : 0);
  const watcher = new IntersectionObserver((entries) => {
    if (document.hidden) return;
    for (const entry of entries) if (entry.isIntersecting) { unseen.delete(entry.target); watcher.unobserve(entry.target); }
    settle();
  }, { rootMargin: `0px 0px -${covered()}px 0px` });
  document.addEventListener('refreshed', ({ detail: { part, page } }) => {
    if (part.id !== 'thread') return;
    take(page, ['here', 'marks', 'split-act', 'doubt', 'leave-part', 'cards', 'found', 'history']);
    for (const msg of $$('.msg', talk)) {
      if (known.has(msg.dataset.key)) continue;
      known.add(msg.dataset.key);
      const end = $('.msg-foot', msg);
      unseen.add(end);
      watcher.observe(end);
    }
    settle();
  }, { signal });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    refresh([$('#thread', talk)]);
    for (const end of unseen) { watcher.unobserve(end); watcher.observe(end); }
  }, { signal });
  signal.addEventListener('abort', () => watcher.disconnect());
  return { left: () => unseen.size, show };
}

function button(words, act) {
  const made = Object.assign(document.createElement('button'), { type: 'button', className: 'plain', textContent: words });
  made.addEventListener('click', act);
  return made;
}

// Drafts and claims: the words go to the server as they are written, every two seconds at the most; that also tells
// colleagues who is answering. Gives what is to be done on leaving.
function writing(talk, signal, seen) {
  const form = $('[data-draft]', talk), text = $('#text', talk), base = form?.dataset.draft;
  if (!base) return () => {};
  let dirty = false, busy = null, last = 0, timer = 0, sent = false;
  // One after the other, so that an older draft never comes after a newer one, or after the answer.
  const save = () => {
    timer = 0; dirty = false; last = Date.now();
    const mine = (busy ?? Promise.resolve())
      .then(() => {
        const words = text.value;
        return post(`${base}/draft`, { text: words }).then(async (answer) => {
          if (!answer.ok) throw answer.status;
          take(parse(await answer.text()), ['here', 'draft-state']);
          if (store.get(`draft ${base}`) === words && !sent) store.set(`draft ${base}`, ''); // the server has them
        });
      })
      .catch(() => { dirty = true; $('#draft-state', talk)?.replaceChildren('Not saved yet: no connection'); })
      .finally(() => { if (busy === mine) busy = null; });
    busy = mine;
  };
  const cost = after(350, async () => {
    const answer = await post(`${base}/cost`, { text: text.value }).catch(() => null);
    if (answer?.ok && $('#cost', talk)) $('#cost', talk).textContent = await answer.text();
  });
  text?.addEventListener('input', () => {
    dirty = true;
    store.set(`draft ${base}`, text.value);
    if (!timer && !sent) timer = setTimeout(save, Math.max(0, 2000 - (Date.now() - last)));
    if ($('#cost', talk)) cost();
  }, { signal });
  text?.addEventListener('keydown', (e) => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) form.requestSubmit(); }, { signal });
  form.addEventListener('submit', (e) => {
    if (seen.left()) { e.preventDefault(); seen.show(); say('Something new came in. Read it, then send again.'); return; }
    clearTimeout(timer);
    timer = 0;
    sent = true;
    // Kept here until a page shows that they went, or that the server has them: the network may fail just now.
    store.set(`draft ${base}`, text?.value ?? '');
    store.set(`sent ${base}`, '1');
    // A draft under way would come after the answer and stand there again.
    if (busy) { e.preventDefault(); const { submitter } = e; busy.then(() => form.requestSubmit(submitter)); }
  }, { signal });
  const here = async () => {
    if (document.hidden) return;
    const answer = await post(`${base}/here`, {}).catch(() => null);
    if (answer?.ok && !signal.aborted) take(parse(await answer.text()), ['here']);
  };
  // Words that were sent: this page shows what came of them, or nothing did.
  if (store.get(`sent ${base}`)) {
    const words = store.get(`draft ${base}`)?.trim();
    const there = $('[data-error-summary]', talk) || $$('.msg.out .msg-text', talk).some((shown) => shown.textContent.trim() === words);
    if (there) store.set(`draft ${base}`, '');
    store.set(`sent ${base}`, '');
  }
  // Words that the page was left with may still be on their way to the server.
  const kept = store.get(`draft ${base}`);
  if (kept && text && kept !== text.value && !$('[data-error-summary]', talk)) { text.value = kept; save(); }
  const beat = setInterval(here, 20000);
  const end = (note = {}) => {
    clearInterval(beat);
    clearTimeout(timer);
    if (sent && note.note === undefined) return;
    navigator.sendBeacon(`${base}/leave`, new URLSearchParams({ csrf: csrf(), ...(dirty && text && !sent ? { text: text.value } : {}), ...note }));
  };
  addEventListener('pageshow', (e) => { if (e.persisted) { sent = false; here(); } }, { signal });
  return end;
}

// Notes are kept as they are written too. Gives what is to be told on leaving: the words that the server has not got.
function noting(talk, signal) {
  const text = $('[data-note]', talk);
  if (!text) return () => ({});
  let dirty = false, busy = null, timer = 0, last = 0, sent = false;
  const save = () => {
    timer = 0; dirty = false; last = Date.now();
    // One after the other, as with answers: an older one never comes last.
    const mine = (busy ?? Promise.resolve())
      .then(() => post(text.dataset.note, { note: text.value }))
      .then(async (answer) => { if (!answer.ok) throw answer.status; take(parse(await answer.text()), ['note-state']); })
      .catch(() => { dirty = true; $('#note-state', talk)?.replaceChildren('Not saved yet: no connection'); })
      .finally(() => { if (busy === mine) busy = null; });
    busy = mine;
  };
  text.addEventListener('input', () => {
    dirty = true;
    if (!timer && !sent) timer = setTimeout(save, Math.max(0, 2000 - (Date.now() - last)));
  }, { signal });
  text.addEventListener('keydown', (e) => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) text.form.requestSubmit(); }, { signal });
  text.form.addEventListener('submit', (e) => {
    sent = true;
    clearTimeout(timer);
    if (busy) { e.preventDefault(); const { submitter } = e; busy.then(() => text.form.requestSubmit(submitter)); }
  }, { signal });
  return () => { clearTimeout(timer); return dirty && !sent ? { note: text.value } : {}; };
}

// --- from one conversation to the next -----------------------------------------------------------------------------
// What may be looked at next is fetched ahead; anything that changes meanwhile makes it stale. The server notes that it was
// fetched, and that it was looked at only when it is.
const ahead = new Map();
const get = (href) => fetch(href, { headers: { 'X-Live': 'ahead', Accept: 'text/html' }, credentials: 'same-origin' })
  .then(async (answer) => { if (!answer.ok || answer.redirected) throw answer.status; return parse(await answer.text()); });
const key = (href) => { const url = new URL(href, location.href); return url.pathname + url.search; };

function fetchAhead(href) {
  if (!href || ahead.has(key(href)) || key(href) === key(location.href)) return;
  const page = get(href);
  page.catch(() => ahead.delete(key(href)));
  ahead.set(key(href), { page, at: Date.now() });
}
const next = () => {
  // The open conversation says where we are: the list may still be one that was asked for before it.
  const rows = $$('.rows .row'), open = $('#talk')?.dataset.conversation, at = rows.findIndex((row) => row.dataset.key === open);
  const order = [...rows.slice(at + 1), ...rows.slice(0, Math.max(0, at))];
  return $('a', order.find((row) => row.matches('.unread, [data-needs]')) ?? order[0] ?? document.createElement('i'));
};
const lookAhead = after(200, () => fetchAhead(next()?.href));
document.addEventListener('news', () => { ahead.clear(); lookAhead(); });

let here = key(location.href), visits = 0;
async function visit(href, push = true) {
  const mine = ++visits;
  performance.mark('visit');
  const known = ahead.get(key(href));
  ahead.delete(key(href));
  let page;
  try { page = await (known && Date.now() - known.at < 60000 ? known.page : get(href)); } catch { if (mine === visits) location.href = href; return; }
  if (mine !== visits) return; // they have gone on: what comes late must not take the page from under their hands
  const main = $('#main'), fresh = page.getElementById('main');
  if (!fresh?.matches('.desk')) { location.href = href; return; }
  leave();
  if (push) history.pushState(null, '', href);
  here = key(href);
  const scroll = $('.list-pane', main)?.scrollTop ?? 0;
  main.className = fresh.className;
  $$(':scope > .talk-pane, :scope > .context-pane', main).forEach((pane) => pane.remove());
  $$(':scope > .talk-pane, :scope > .context-pane', fresh).forEach((pane) => main.append(document.importNode(pane, true)));
  take(page, ['rows']);
  if ($('.list-pane', main)) $('.list-pane', main).scrollTop = scroll;
  $('.row.selected')?.scrollIntoView({ block: 'nearest' });
  $$('.notice:not(.undo)').forEach((notice) => notice.remove());
  document.title = page.title;
  begin();
  toEnd();
  scrollTo(0, 0);
  const title = $('#talk-title');
  title?.focus({ preventScroll: true });
  const id = $('#talk')?.dataset.conversation;
  if (id) {
    post(`/inbox/${id}/seen`, { version: $('[name="version"][form="reply"]')?.value ?? '' }).catch(() => {});
    const waiting = $$('.msg', $('#talk')).length;
    say(`Conversation with ${title.textContent}, ${waiting} message${waiting === 1 ? '' : 's'}`);
  }
  performance.measure('visit', 'visit');
  lookAhead();
}
addEventListener('click', (e) => {
  const link = e.target.closest?.('.rows .row a');
  if (!link || e.defaultPrevented || e.button !== 0 || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return;
  e.preventDefault();
  visit(link.href);
});
addEventListener('popstate', () => { if (key(location.href) !== here) visit(location.href, false); });
addEventListener('focusin', (e) => { if (e.target.matches?.('.rows .row a')) fetchAhead(e.target.href); });

// --- several at once -----------------------------------------------------------------------------------------------
const picked = () => $$('.pick input:checked');
const count = () => {
  const n = picked().length, bar = $('#bulk-bar');
  if (!bar) return;
  $('[data-picked]', bar).textContent = n ? `: ${n} selected` : '';
  // It stays in sight and folded: nothing moves under the hand that picks.
  bar.classList.toggle('some', n > 0);
  if (!n) bar.open = false;
};
addEventListener('change', (e) => { if (e.target.matches?.('.pick input')) count(); });
document.addEventListener('refreshed', count);

// --- keys ----------------------------------------------------------------------------------------------------------
const links = () => $$('.rows .row a');
const at = () => {
  const all = links(), now = all.findIndex((a) => a.closest('.row').contains(document.activeElement));
  return now >= 0 ? now : all.findIndex((a) => a.hasAttribute('aria-current'));
};
const step = (by) => {
  const all = links();
  if (!all.length) return false;
  const to = all[Math.max(0, Math.min(all.length - 1, at() + by))];
  to.focus();
  to.scrollIntoView({ block: 'nearest' });
};
const pick = (on) => {
  const box = $('.pick input', links()[at()]?.closest('.row') ?? document.createElement('i'));
  if (!box) return false;
  box.checked = on ?? !box.checked;
  count();
};
// Why a key does nothing here: silence would be taken for done.
const cannot = (words) => tell($('#talk[data-conversation]') ? words : 'Open a conversation first: j and k move, Enter opens.');
const act = (name, words = 'That cannot be done here.') => () => {
  const found = $(`[data-act="${name}"]`);
  if (!found) { cannot(words); return; }
  if (!found.matches('details')) { found.click(); return; }
  found.open = true;
  $('input:not([type="hidden"]), select, textarea, fieldset button', found)?.focus();
};
// With some selected, the key is for all of them.
const actOn = (name, many, words) => (e) => (picked().length ? many() : act(name, words)(e));
const bar = (id) => () => { $('#bulk-bar').open = true; $(id)?.focus(); };
// On a narrow window the details are another pane: it must be in sight before its field can be written in.
const reach = (fold) => {
  if (!fold.checkVisibility() && $('#context')?.contains(fold)) location.hash = 'context';
  if (fold.matches('details')) fold.open = true;
};
const clock = () => {
  const stop = $('#cards [data-key="pause"]'), on = $('#cards form[action*="/resume"] button');
  if (stop) { reach(stop); $('#reason', stop)?.focus(); } else if (on) on.click(); else cannot('The clock is not running: nobody waits for an answer here.');
};
Object.assign(keys, {
  j: () => step(1),
  k: () => step(-1),
  J: () => { pick(true); step(1); pick(true); },
  K: () => { pick(true); step(-1); pick(true); },
  x: () => pick(),
  o: () => { const a = document.activeElement; if (a.matches('.row a')) a.click(); else return false; },
  n: () => { const to = next(); if (to) visit(to.href); else tell('There is nothing else in this list.'); },
  u: () => { const back = $('[data-back]'); if (back) back.click(); else return false; },
  r: () => { const text = $('#text'); if (text) text.focus(); else cannot($('.cannot > p')?.textContent ?? 'You cannot reply here.'); },
  c: () => { const link = $('[data-canned]'); if (link) canned(link.href); else cannot($('.cannot > p')?.textContent ?? 'You cannot reply here.'); },
  a: actOn('a', () => $('#bulk button[value="take"]').click(), 'It is yours already.'),
  t: actOn('t', bar('#bulk-tag')),
  e: actOn('e', bar('#bulk-outcomes button')),
  h: act('h'),
  m: act('m'),
  s: act('s', 'There is only one message here. Move the whole conversation instead: v.'),
  p: clock,
  U: act('U'),
  y: () => { const mine = $('[data-key-action="y"]'); if (mine) mine.click(); else cannot($('.urgent-card') ? 'It is taken up already.' : 'Nothing here waits to be taken up.'); },
  '!': act('!'),
  v: () => { const fold = $('.move-box'); if (fold) reach(fold); const first = $('[data-candidate]') ?? $('#alert'); if (first) first.focus(); else cannot('It cannot be moved.'); },
  w: () => { const mail = $$('[data-as-sent]').at(-1); if (mail) mail.click(); else cannot('There is no mail here to view.'); },
  Escape: () => {
    const open = $('details.act[open]') ?? $('#bulk-bar[open]');
    if (!open) return false;
    open.open = false;
    $('summary', open).focus();
  },
});
for (let n = 1; n <= 7; n += 1) keys[n] = () => { const all = $$('.close-act[open] .outcomes button, #bulk-bar[open] .outcomes button'); if (all[n - 1]) all[n - 1].click(); else return false; };
// A fold that is open closes when somebody goes on elsewhere.
addEventListener('pointerdown', (e) => { for (const open of $$('details.act[open], #bulk-bar[open]')) if (!open.contains(e.target)) open.open = false; });

// --- canned answers ------------------------------------------------------------------------------------------------
async function canned(href) {
  const page = await fetch(href, { headers: LIVE, credentials: 'same-origin' }).then(async (answer) => (answer.ok ? parse(await answer.text()) : null)).catch(() => null);
  const answers = page?.getElementById('answers'), list = answers && document.importNode(answers, true);
  if (!list) { location.href = href; return; }
  const dialog = Object.assign(document.createElement('dialog'), { className: 'keys canned', ariaLabel: 'Canned answers' });
  const filter = Object.assign(document.createElement('input'), { type: 'search', id: 'canned-filter', autocomplete: 'off' });
  const label = Object.assign(document.createElement('label'), { htmlFor: 'canned-filter', textContent: 'Find an answer' });
  const close = Object.assign(document.createElement('button'), { type: 'button', className: 'button small second', textContent: 'Close' });
  close.addEventListener('click', () => dialog.close());
  // With nothing to choose from there is nothing to find.
  if ($('[data-answer]', list)) dialog.append(label, filter);
  dialog.append(list, close);
  document.body.append(dialog);
  const put = (link) => {
    const text = $('#text');
    dialog.close();
    if (!text) return;
    text.setRangeText(link.dataset.answer, text.selectionStart, text.selectionEnd, 'end');
    text.focus();
    text.dispatchEvent(new Event('input', { bubbles: true }));
  };
  filter.addEventListener('input', () => {
    const sought = filter.value.toLowerCase();
    for (const item of $$('li', list)) item.hidden = !item.textContent.toLowerCase().includes(sought);
  });
  filter.addEventListener('keydown', (e) => {
    const first = $('li:not([hidden]) [data-answer]', list);
    if (e.key === 'Enter' && first) { e.preventDefault(); put(first); }
  });
  list.addEventListener('click', (e) => { const link = e.target.closest('[data-answer]'); if (link) { e.preventDefault(); put(link); } });
  dialog.addEventListener('close', () => dialog.remove());
  dialog.showModal();
  (filter.isConnected ? filter : close).focus();
}
addEventListener('click', (e) => {
  const link = e.target.closest?.('[data-canned]');
  if (link && e.button === 0 && !e.ctrlKey && !e.metaKey && !e.shiftKey) { e.preventDefault(); canned(link.href); }
});

begin();
count();
lookAhead();
