// Ticked rows: the box in the header, ranges with Shift, the number in the bar, "all that match".
// The state is in the boxes themselves, so that it survives a live update of the table.
const form = () => document.querySelector("[data-selection]");
const boxes = () => [...form().querySelectorAll("input[name=lead]")];
let last = null;

const tell = () => {
  if (!form()) return;
  const all = form().querySelector("[data-all]");
  const list = boxes();
  const ticked = list.filter((box) => box.checked);
  const header = form().querySelector("[data-ticks-all]");
  const bar = form().querySelector(".bulk");
  if (!bar) return;
  header.checked = ticked.length > 0 && ticked.length === list.length;
  header.indeterminate = ticked.length > 0 && ticked.length < list.length;
  // "All that match" is offered when the whole page is ticked, and falls with the first tick taken away.
  if (all && ticked.length < list.length) all.checked = false;
  bar.toggleAttribute("data-whole-page", ticked.length === list.length);
  bar.toggleAttribute("data-on", ticked.length > 0);
  const region = form().closest("[data-stale]");
  if (region && ticked.length === 0) {
    region.removeAttribute("data-stale");
    region.dispatchEvent(new CustomEvent("live"));
  }
  bar.querySelector("[data-ticked]").textContent = all?.checked ? all.dataset.count : ticked.length;
};

const untick = () => {
  if (!form()) return;
  boxes().forEach((box) => (box.checked = false));
  tell();
};

document.addEventListener("click", (event) => {
  const box = event.target.closest("input[name=lead]");
  if (box) {
    const list = boxes();
    const [from, to] = [list.indexOf(last), list.indexOf(box)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) list.slice(from, to + 1).forEach((one) => (one.checked = box.checked));
    last = box;
  }
  if (event.target.closest("[data-unticks]")) untick();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-ticks-all]")) boxes().forEach((box) => (box.checked = event.target.checked));
  if (event.target.closest("[data-selection]")) tell();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.target.matches("input:not([type=checkbox]), select, textarea")) return;
  if (!document.querySelector("dialog[open]") && form()?.querySelector(".bulk[data-on]")) {
    untick();
    event.stopImmediatePropagation();
  }
});

// What was done to the ticked rows is done: they are not ticked for the next thing.
document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  const sent = ctx.request?.method === "POST" && ctx.response?.status < 400;
  if (sent && ctx.sourceElement?.matches("[data-selection], #leads")) {
    untick();
    // The bar is gone, and the focus with it: on with the row that was ticked last.
    if (document.activeElement === document.body) last?.closest("[data-row]")?.querySelector("[data-row-link]")?.focus({ focusVisible: false, preventScroll: true });
  }
  tell();
});

tell();
