// Hue and Cry in the browser. Every page works without this file; it only adds what a page cannot do alone:
// live lists, the compose preview, shortcuts, kept drafts. No library, no state but what the page already shows.

export const $ = (selector, from = document) => from.querySelector(selector);
export const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
export const after = (ms, work) => { let timer; return (...given) => { clearTimeout(timer); timer = setTimeout(() => work(...given), ms); }; };
export const store = {
  get: (key) => { try { return sessionStorage.getItem(key); } catch { return null; } },
  set: (key, value) => { try { value ? sessionStorage.setItem(key, value) : sessionStorage.removeItem(key); } catch { /* private mode: nothing is kept */ } },
};

// --- morph: make `old` look like `fresh`, touching only what differs, so that focus, selection, typed text,
// open <details> and scroll survive. Children with data-key are matched by it, the others by place and tag. -----
export function morph(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== 'data-next' && !(name === 'open' && old.localName === 'details')) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (name === 'open' && old.localName === 'details') continue;
    // What stands for having been seen moves when it has been seen: see desk.js.
    // What is ticked was ticked as it stood then.
    if (name === 'value' && old.checked && old.matches('.pick input')) continue;
    if (name === 'value' && old.hasAttribute('data-seen-only')) { if (value !== old.value) old.dataset.next = value; continue; }
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  // What somebody has chosen stays chosen; only a list that says so takes new entries.
  if (old.matches('textarea, select:not([data-options])')) return;
  const keyed = new Map([...old.children].filter((el) => el.dataset.key).map((el) => [el.dataset.key, el]));
  let at = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    const key = node.dataset?.key;
    // An unkeyed node may reuse the one in its place, but never one that a key will ask for.
    let match = key ? keyed.get(key) : at && !at.dataset?.key && at.nodeType === node.nodeType && at.nodeName === node.nodeName ? at : null;
    if (match?.nodeName !== node.nodeName) match = null;
    if (!match) {
      const added = document.importNode(node, true);
      if (key && keyed.size && added.matches('li')) added.classList.add('came');
      old.insertBefore(added, at);
    } else {
      if (match === at) at = at.nextSibling; else old.insertBefore(match, at);
      if (match.nodeType === Node.ELEMENT_NODE) morph(match, node);
      else if (match.data !== node.data) match.data = node.data;
    }
  }
  while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
}

// --- live: each [data-refresh] part is fetched again when an event of a kind in its data-on arrives -------------
function address(part, parts = []) {
  // A tally beside the rows comes with them.
  const rows = part.dataset.with && parts.find((other) => other.id === part.dataset.with);
  if (rows) return address(rows);
  const url = new URL(part.dataset.refresh, location.href);
  // The page's own filters and cursor hold for its parts too, unless the part goes to another screen.
  if (url.pathname.startsWith(location.pathname)) for (const [k, v] of new URLSearchParams(location.search)) if (!url.searchParams.has(k)) url.searchParams.set(k, v);
  // What the part shows already: if it is still so, there is no answer.
  if (part.dataset.state) url.searchParams.set('shown', part.dataset.state);
  return url.href;
}

export async function refresh(parts) {
  // Nobody sees what a hidden page shows: a thread waits until it is looked at.
  if (document.hidden) parts = parts.filter((part) => part.id !== 'thread');
  const byUrl = parts.reduce((map, part) => { const url = address(part, parts); return map.set(url, [...(map.get(url) ?? []), part]); }, new Map());
  await Promise.all([...byUrl].map(async ([url, group]) => {
    try {
      const answer = await fetch(url, { headers: { Accept: 'text/html', 'X-Live': '1' }, credentials: 'same-origin' });
      // Signed out or gone: leave the page as it stands. 204: it stands as it is.
      if (!answer.ok || answer.redirected || answer.status === 204) return;
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      for (const part of group) {
        const fresh = page.getElementById(part.id);
        if (!fresh) continue;
        const box = part.closest('[data-keep-scroll]');
        const atEnd = box && box.scrollHeight - box.scrollTop - box.clientHeight < 60;
        morph(part, document.importNode(fresh, true));
        if (atEnd) box.scrollTop = box.scrollHeight;
        document.dispatchEvent(new CustomEvent('refreshed', { detail: { part, page } }));
      }
    } catch { /* the connection word in the header already says so */ }
  }));
  title();
}

// "(3) Inbox": the page title carries the unread count, live.
function title() {
  const unread = Number($('#nav-unread')?.dataset.unread ?? 0);
  document.title = (unread > 0 ? `(${unread}) ` : '') + document.title.replace(/^\(\d+\) /, '');
}

function live() {
  const word = $('[data-live-state]');
  const say = (state) => {
    if (!word || word.dataset.liveState === state) return;
    word.dataset.liveState = state;
    word.textContent = state === 'live' ? 'Live' : 'Reconnecting';
    word.hidden = false;
  };
  // What is told within 150 ms is looked at together; more that comes meanwhile never puts it off, however fast it comes.
  const wanted = new Set(), named = new Set();
  let timer = 0;
  const run = () => {
    timer = 0;
    const open = $('#talk')?.dataset.conversation, all = wanted.has('*');
    // News of another conversation changes the list, not the talk.
    const isNews = (part) => part.id !== 'thread' || all || named.has('*') || named.has(open);
    const parts = $$('[data-refresh]').filter((part) => (all || part.dataset.on.split(' ').some((kind) => wanted.has(kind))) && isNews(part));
    wanted.clear();
    named.clear();
    refresh(parts);
  };
  // What changed between the making of the page and the opening of the stream is told to nobody: so look once.
  let caughtUp = false;
  const heed = (news) => {
    if (news.state) say(news.state);
    if (news.state === 'live' && !caughtUp) { caughtUp = true; wanted.add('*'); }
    for (const kind of news.kinds ?? []) wanted.add(kind);
    if (news.kinds?.length) named.add(news.conversation ?? '*');
    if (news.kinds?.length) document.dispatchEvent(new CustomEvent('news'));
    if (wanted.size && !timer) timer = setTimeout(run, 150);
  };

  // One stream a browser: whoever holds the lock listens and tells the other tabs; when that tab closes the next takes over.
  const wire = new BroadcastChannel('huecry-events');
  const tell = (news) => { heed(news); wire.postMessage(news); };
  let leading = false, state = '';
  wire.onmessage = ({ data }) => { if (data.ask) { if (leading && state) wire.postMessage({ state }); } else heed(data); };
  wire.postMessage({ ask: true });
  const lead = () => new Promise(() => {
    leading = true;
    let broken = false, wait = 1000;
    const open = () => {
      const events = new EventSource('/events');
      events.onopen = () => { wait = 1000; state = 'live'; tell({ state, kinds: broken ? ['*'] : [] }); broken = false; };
      events.onerror = () => {
        broken = true; state = 'reconnecting'; tell({ state });
        // A refused stream is not retried by the browser; we do it, more and more slowly.
        if (events.readyState === EventSource.CLOSED) { setTimeout(open, wait); wait = Math.min(wait * 2, 30000); }
      };
      events.addEventListener('changed', ({ data }) => { try { const { kinds, conversation } = JSON.parse(data); tell({ kinds, conversation }); } catch { tell({ kinds: ['*'] }); } });
    };
    open();
  });
  if (navigator.locks) navigator.locks.request('huecry-events', lead); else lead();
  // A page brought back from the browser's memory is as old as when it was left.
  addEventListener('pageshow', (e) => { if (e.persisted) heed({ kinds: ['*'] }); });
}

// --- compose: the preview follows the form ------------------------------------------------------------------------
function compose(form) {
  const fields = () => new URLSearchParams(new FormData(form));
  let asked = 0, last = fields().toString();
  const look = async () => {
    const body = fields();
    if (body.toString() === last) return done();
    const mine = ++asked;
    try {
      const answer = await fetch($('#preview').dataset.preview, { method: 'POST', body, headers: { Accept: 'text/html' }, credentials: 'same-origin' });
      if (mine !== asked) return;
      if (!answer.ok) throw answer.status;
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('preview');
      if (mine !== asked || !fresh) return;
      last = body.toString();
      morph($('#preview'), document.importNode(fresh, true));
      done();
    } catch { /* the button "Check who it reaches" still works */ }
  };
  const done = () => { $('#preview').removeAttribute('aria-busy'); const publish = $('[data-publish]'); if (publish) publish.disabled = false; };
  const soon = after(350, look);
  form.addEventListener('input', () => {
    // A figure that no longer fits the form must not be published on.
    $('#preview').setAttribute('aria-busy', 'true');
    const publish = $('[data-publish]');
    if (publish) publish.disabled = true;
    soon();
  });
  addEventListener('click', (e) => {
    const plain = e.target.closest('[data-plain]');
    // While the preview is behind what is written, its text is too: then the server folds what the form has.
    if (!plain || $('#preview').hasAttribute('aria-busy')) return;
    e.preventDefault();
    const text = $('#sms_text', form);
    text.value = plain.dataset.plain;
    text.focus();
    text.dispatchEvent(new Event('input', { bubbles: true }));
  });
  areas($('[data-areas]', form));
}

function areas(box) {
  if (!box) return;
  const lead = (district) => {
    for (const sector of $$('.sectors input', district.closest('li'))) {
      if (district.checked && !sector.disabled) sector.dataset.own = sector.checked ? '1' : '';
      if (!district.checked && sector.disabled) sector.checked = sector.dataset.own === '1';
      if (district.checked) sector.checked = true;
      sector.disabled = district.checked; // part of the district: shown ticked, not sent twice
    }
  };
  $$('[data-district]', box).forEach(lead);
  box.addEventListener('change', (e) => { if (e.target.matches('[data-district]')) lead(e.target); });
  const filter = $('[data-area-filter]', box), count = $('[data-area-count]', box);
  const all = $$('.districts > li', box);
  const squeeze = (text) => text.toLowerCase().replace(/\s+/g, '');
  filter.addEventListener('input', (e) => {
    e.stopPropagation(); // looking for a place changes nothing in the alert
    const sought = squeeze(filter.value);
    let shown = 0;
    for (const li of all) {
      const inner = $$('.sectors > li', li), own = squeeze(li.dataset.area).includes(sought);
      const hits = inner.filter((s) => squeeze(s.dataset.area).includes(sought));
      inner.forEach((s) => { s.hidden = !own && !hits.includes(s); });
      li.hidden = !own && !hits.length;
      const fold = $('details', li);
      if (fold && sought && !own && hits.length) fold.open = true;
      if (!li.hidden) shown += 1;
    }
    count.textContent = sought ? `${shown} of ${all.length} districts` : '';
  });
  filter.addEventListener('keydown', (e) => { if (e.key === 'Enter') e.preventDefault(); });
}

// --- shortcuts ----------------------------------------------------------------------------------------------------
// What each key does; a page adds its own. Never while somebody writes in a field.
export const keys = {};

function shortcuts() {
  const dialog = $('#keys');
  if (!dialog) return;
  const go = (href) => { location.href = href; };
  // Remembered in this browser, so that someone who speaks to their computer turns them off once.
  const box = $('[data-keys-on]', dialog);
  try { box.checked = localStorage.getItem('shortcuts') !== 'off'; } catch { /* private mode: on until the page closes */ }
  box.addEventListener('change', () => { try { localStorage.setItem('shortcuts', box.checked ? 'on' : 'off'); } catch { /* the same */ } });
  $('[data-keys]')?.addEventListener('click', () => dialog.showModal());
  let chord = '';
  const forget = after(1200, () => { chord = ''; });
  // Any list of conversations; the desk has its own way, with the one that is open.
  const step = (by) => {
    const all = $$('.rows .row a'), at = all.indexOf(document.activeElement);
    if (!all.length) return false;
    all[Math.max(0, Math.min(all.length - 1, at + by))].focus();
  };
  keys.j ??= () => step(1);
  keys.k ??= () => step(-1);
  keys.o ??= () => { const a = document.activeElement; if (a.matches('.row a')) a.click(); else return false; };
  Object.assign(keys, {
    z: () => {
      const undo = $('.undo:not([hidden]) button');
      if (undo) undo.click(); else tell('There is nothing to take back. What was sent, kept as a note or taken up stays; the rest can be taken back for half a minute.');
    },
    '/': () => { const box = $('[data-search]'); if (box?.checkVisibility()) { box.focus(); box.select(); } else go('/inbox/search'); },
    '?': () => dialog.showModal(),
    'g i': () => go('/inbox'),
    'g u': () => go('/inbox?view=unattributed'),
    'g a': () => go('/alerts'),
  });
  addEventListener('keydown', (e) => {
    if (!box.checked || e.ctrlKey || e.metaKey || e.altKey || e.isComposing || $('dialog[open]')) return;
    if (e.target.closest('input:not([type="checkbox"]), textarea, select, [contenteditable]')) {
      if (e.key === 'Escape') e.target.blur();
      return;
    }
    if (e.key === 'g') { chord = 'g '; forget(); return; }
    const act = keys[chord + e.key];
    chord = '';
    // What has nothing to do on this page is left to the browser.
    if (act && act(e) !== false) e.preventDefault();
  });
}

// --- the message bar ----------------------------------------------------------------------------------------------
// Says what a key could not do, in the place of what was said before. Empty from the first, so that it is read out.
let bar = null;
export function tell(words) {
  if (!bar) return;
  $$('.notice').forEach((notice) => { if (notice !== bar && !notice.matches('.undo')) notice.remove(); });
  bar.hidden = false;
  $('span', bar).textContent = '';
  setTimeout(() => { $('span', bar).textContent = words; }, 30);
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => { bar.hidden = true; }, 9000);
}

function messages() {
  const header = $('.officer > .top');
  if (!header) return;
  bar = Object.assign(document.createElement('div'), { className: 'notice told', hidden: true });
  bar.setAttribute('role', 'status');
  bar.append(document.createElement('span'));
  header.after(bar);
  // It lies over the page, so it can be put away; what can be taken back goes with its time.
  for (const notice of $$('.officer > .notice')) {
    const close = Object.assign(document.createElement('button'), { type: 'button', className: 'plain put-away', textContent: 'Hide' });
    close.addEventListener('click', () => { if (notice === bar) notice.hidden = true; else notice.remove(); });
    notice.append(close);
  }
}

// --- small sturdiness ---------------------------------------------------------------------------------------------
// What can be taken back says so as long as it can.
function undos() {
  for (const box of $$('[data-undo]')) setTimeout(() => { if (!box.contains(document.activeElement)) box.hidden = true; }, Number(box.dataset.undo));
}

// A form goes once, however often its button is pressed. The button is dimmed, not disabled: a disabled one is not sent.
function once() {
  addEventListener('submit', (e) => {
    const form = e.target;
    if (form.method === 'get' || form.method === 'dialog' || e.defaultPrevented) return;
    if (form.dataset.sent) { e.preventDefault(); return; }
    form.dataset.sent = '1';
    e.submitter?.setAttribute('aria-disabled', 'true');
    setTimeout(() => release(form), 8000); // the answer never came: let them try again
  });
  const release = (form) => { delete form.dataset.sent; $$('[aria-disabled]', form).forEach((b) => b.removeAttribute('aria-disabled')); };
  addEventListener('pageshow', (e) => { if (e.persisted) $$('form[data-sent]').forEach(release); });
}

// Errors first: the summary takes focus, and its links go into the field, not merely near it.
function errors() {
  const summary = $('[data-error-summary]');
  if (!summary) return;
  summary.focus();
  summary.addEventListener('click', (e) => {
    const target = e.target.closest('a') && document.getElementById(e.target.closest('a').hash.slice(1));
    if (!target) return;
    e.preventDefault();
    for (let fold = target.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true;
    const field = target.matches('fieldset') ? $('input:not([type="search"], :disabled)', target) ?? target : target;
    (target.matches('fieldset') ? $('legend', target) : $(`label[for="${target.id}"]`) ?? target)?.scrollIntoView({ block: 'start' });
    field.focus({ preventScroll: true });
  });
}

// The list stays where it was from one conversation to the next; the thread opens at its newest message.
function scrolls() {
  const list = $('.list-pane');
  if (list) {
    list.scrollTop = Number(store.get('list at') ?? 0);
    $('.row.selected', list)?.scrollIntoView({ block: 'nearest' });
    addEventListener('pagehide', () => store.set('list at', String(list.scrollTop)));
  }
  toEnd();
}

export function toEnd() {
  const talk = $('[data-keep-scroll]');
  if (talk && !$('.settle:not(.doubted)', talk) && !$('[data-error-summary]', talk)) talk.scrollTop = talk.scrollHeight;
}

// --- covering parts of a picture (inbox/redact): a box drawn over it fills the next empty row, and a row shows its box ----
function covers(form) {
  const stage = $('[data-stage]', form);
  const rows = $$('.cover', form).map((part, index) => ({ inputs: $$('input', part), box: $(`[data-box="${index + 1}"]`, stage) }));
  const show = ({ inputs, box }) => ['x', 'y', 'width', 'height'].forEach((name, i) => box.setAttribute(name, Math.max(0, parseFloat(inputs[i].value.replace(',', '.')) || 0)));
  rows.forEach((row) => { show(row); row.inputs.forEach((input) => input.addEventListener('input', () => show(row))); });
  let drawing = null;
  const at = (e) => { const area = stage.getBoundingClientRect(); return [(e.clientX - area.left) / area.width, (e.clientY - area.top) / area.height].map((part) => Math.min(100, Math.max(0, part * 100))); };
  const draw = (e) => {
    const [x, y] = at(e), [fromX, fromY] = drawing.from;
    [Math.min(x, fromX), Math.min(y, fromY), Math.abs(x - fromX), Math.abs(y - fromY)].forEach((value, i) => { drawing.row.inputs[i].value = value.toFixed(1); });
    show(drawing.row);
  };
  stage.addEventListener('pointerdown', (e) => {
    const row = rows.find(({ inputs }) => inputs.every((input) => !input.value));
    // No empty row is left: the form makes more and keeps what there is.
    if (!row) { $('[value=more]', form).click(); return; }
    e.preventDefault();
    stage.setPointerCapture(e.pointerId);
    drawing = { row, from: at(e) };
  });
  stage.addEventListener('pointermove', (e) => { if (drawing) draw(e); });
  const end = (e) => {
    if (!drawing) return;
    if (e.type === 'pointerup') draw(e);
    // A tap is no box.
    if (drawing.row.inputs.slice(2).some((input) => parseFloat(input.value || '0') < 0.5)) {
      const [x, y] = drawing.from, clear = (row) => { row.inputs.forEach((input) => { input.value = ''; }); show(row); };
      clear(drawing.row);
      // But on one it takes that off.
      const under = rows.findLast(({ inputs }) => { const [left, top, wide, high] = inputs.map((input) => parseFloat(input.value.replace(',', '.'))); return x >= left && x <= left + wide && y >= top && y <= top + high; });
      if (under && e.type === 'pointerup') clear(under);
    }
    drawing = null;
  };
  stage.addEventListener('pointerup', end);
  stage.addEventListener('pointercancel', end);
}

// A tab out of sight is brought into it, without moving the page.
function tabs() {
  for (const here of $$('.admin-nav [aria-current], .officer .main-nav [aria-current]')) {
    const box = here.closest('.admin-nav ul, .main-nav'), a = here.getBoundingClientRect(), b = box.getBoundingClientRect();
    box.scrollLeft += a.left - b.left - (b.width - a.width) / 2;
  }
}

$$('[data-js]').forEach((el) => { el.hidden = false; });
tabs();
addEventListener('resize', after(150, tabs));
scrolls();
errors();
messages();
undos();
once();
shortcuts();
const form = $('[data-compose]');
if (form) compose(form);
$$('[data-covers]').forEach(covers);
if (document.body.hasAttribute('data-live')) live();
