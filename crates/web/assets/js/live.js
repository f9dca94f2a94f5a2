// Regions say what they listen to (`data-live="queue leads"`); the server says what has happened. A region is renewed
// three times a second at most, not while the tab is hidden, and once on return if anything was missed.
const PAUSE_MS = 300;
const stream = document.body.dataset.stream;
const waiting = new WeakMap(); // region → timer
const names = new Set();
const missed = new Set();
let source = null;

const renew = (name) => {
  for (const region of document.querySelectorAll(`[data-live~="${CSS.escape(name)}"]`)) {
    if (waiting.has(region)) continue;
    // What is ticked is what was seen: the list waits until the ticks are used or taken away.
    if (region.querySelector(".bulk[data-on]")) {
      region.toggleAttribute("data-stale", true);
      continue;
    }
    waiting.set(region, setTimeout(() => {
      waiting.delete(region);
      if (region.isConnected) region.dispatchEvent(new CustomEvent("live"));
    }, PAUSE_MS));
  }
};

const heard = ({ type }) => (document.hidden ? missed.add(type) : renew(type));

const listen = () => {
  if (!source) return;
  for (const region of document.querySelectorAll("[data-live]")) {
    for (const name of region.dataset.live.split(" ")) {
      if (names.has(name)) continue;
      names.add(name);
      source.addEventListener(name, heard);
    }
  }
};

const connect = () => {
  names.clear();
  source = new EventSource(stream);
  let lost = false;
  source.addEventListener("error", () => (lost = true));
  // Whatever was said while nobody could hear it is asked for.
  source.addEventListener("open", () => lost && ((lost = false), names.forEach(renew)));
  listen();
};

if (stream) {
  let away = 0;
  // A browser has six connections to a server: tabs that nobody looks at hold none.
  if (!document.hidden) connect();
  document.addEventListener("htmx:after:process", listen);
  document.addEventListener("visibilitychange", () => {
    clearTimeout(away);
    if (document.hidden) {
      away = setTimeout(() => { names.forEach((name) => missed.add(name)); source?.close(); source = null; }, 5_000);
    } else {
      if (!source) connect();
      missed.forEach(renew);
      missed.clear();
    }
  });
  addEventListener("pagehide", () => source?.close());
  // A page that is put back by the way back may show what is not so any more, or who has signed out since.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    connect();
    names.forEach(renew);
  });
}
