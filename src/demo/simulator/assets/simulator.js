// Keeps an open page up to date: asks every two seconds whether anything changed, and if so takes over the parts marked data-live.
const PAUSE_MS = 2000;
const connection = document.getElementById('connection');
let version = Number(document.body.dataset.version);

// Something half written must not be carried away.
const isWriting = () => [...document.querySelectorAll('[data-composer] textarea, [data-composer] input[type=file]')].some((field) => field.value !== '');

// Children with an id that say the same stay the same nodes, so focus and what was read aloud stay too.
function takeOver(region, fresh) {
  const known = new Map([...region.children].filter((child) => child.id).map((child) => [child.id, child]));
  const wanted = [...fresh.childNodes].map((node) => {
    const old = known.get(node.id);
    return old && old.isEqualNode(node) ? old : document.importNode(node, true);
  });
  const kept = new Set(wanted);
  for (const node of [...region.childNodes]) if (!kept.has(node)) node.remove();
  wanted.forEach((node, place) => {
    if (region.childNodes[place] !== node) region.insertBefore(node, region.childNodes[place] ?? null);
  });
}

const followed = () => [...document.querySelectorAll('[data-follow]')];
const toTheEnd = (box) => { box.scrollTop = box.scrollHeight; };

async function look() {
  const now = (await (await fetch('/api/version')).json()).version;
  if (now === version) return;
  const response = await fetch(location.href);
  if (!response.ok) return;
  if (response.redirected) {
    if (!isWriting()) location.replace(response.url);
    return;
  }
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
  const atEnd = followed().filter((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 40);
  for (const region of document.querySelectorAll('[data-live]')) {
    const other = fresh.getElementById(region.id);
    if (other && !region.isEqualNode(other)) takeOver(region, other);
  }
  atEnd.forEach(toTheEnd);
  version = now;
}

async function watch() {
  if (!document.hidden) {
    try {
      await look();
      connection.textContent = '';
    } catch {
      connection.textContent = 'The simulator has stopped answering. This page shows what was last heard.';
    }
  }
  setTimeout(watch, PAUSE_MS);
}

followed().forEach(toTheEnd);
setTimeout(watch, PAUSE_MS);
