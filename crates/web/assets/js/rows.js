// Rows: a press anywhere in a row opens it; j and k move the focus from row to row, x ticks. The focus is the
// browser's own, so what is focused can be seen, heard and kept through a live update.
let closed = null;

const links = () => [...document.querySelectorAll("[data-row-link]")];

const move = (step) => {
  const list = links();
  const here = list.indexOf(document.activeElement?.closest("[data-row]")?.querySelector("[data-row-link]"));
  const open = list.findIndex((link) => link.closest("[data-row]").getAttribute("aria-current"));
  const next = list[Math.min(Math.max((here < 0 ? open : here) + step, 0), list.length - 1)];
  next?.focus({ focusVisible: true });
  next?.scrollIntoView({ block: "nearest" });
};

const tick = (shiftKey) => {
  const box = document.activeElement?.closest("[data-row]")?.querySelector("input[name=lead]");
  if (!box) return;
  box.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey }));
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.matches("input:not([type=checkbox]), select, textarea")) return;
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key.toLowerCase() === "x") tick(event.shiftKey);
});

document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-row]");
  if (!row || event.defaultPrevented || event.target.closest("a, button, input, label, select, summary")) return;
  if (!getSelection().isCollapsed) return; // somebody is copying a number
  row.querySelector("[data-row-link]")?.click();
});

// The row whose panel is open is marked.
const mark = () => {
  const panel = document.getElementById("panel");
  document.querySelectorAll("[data-row][data-id]").forEach((row) => {
    if (panel?.dataset.lead && row.dataset.id === panel.dataset.lead) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  });
};
document.addEventListener("htmx:after:swap", mark);
mark();

// Whoever closes a panel is back on its row.
document.addEventListener("click", (event) => {
  const panel = event.target.closest("#panel [data-key=Escape]")?.closest("#panel");
  if (panel) closed = panel.dataset.lead;
});
document.addEventListener("htmx:after:swap", () => {
  if (!closed || document.querySelector("#panel[data-lead]")) return;
  document.querySelector(`[data-row][data-id="${CSS.escape(closed)}"] [data-row-link]`)?.focus({ preventScroll: true });
  closed = null;
});
