// Popovers are `details`: they open by themselves. A press outside or Esc closes them, and the focus goes back.
const opened = () => document.querySelectorAll("details[data-popover][open]");

document.addEventListener("pointerdown", (event) => {
  opened().forEach((popover) => popover.contains(event.target) || (popover.open = false));
});

document.addEventListener("keydown", (event) => {
  const inner = event.key === "Escape" && [...opened()].at(-1);
  if (!inner) return;
  inner.open = false;
  inner.querySelector("summary").focus();
  event.stopImmediatePropagation();
});

// Enter in a field of the bar presses the button that stands beside that field.
document.addEventListener("keydown", (event) => {
  const button = event.key === "Enter" && event.target.matches(".bulk .pop input") && event.target.closest(".pop").querySelector("button[formaction]");
  if (!button) return;
  event.preventDefault();
  button.click();
});

// The first thing to type into has the focus when a popover opens.
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.matches?.("details[data-popover][open]")) event.target.querySelector(".pop :is(input:not([type=hidden]), select)")?.focus();
  },
  true,
);

// A filter takes effect when it is chosen; the button under the filters says that one is done with them.
document.addEventListener("submit", (event) => {
  const popover = event.submitter?.closest(".filters details[data-popover]");
  if (popover) popover.open = false;
});

// What was chosen in a popover and sent is done; filters, which only ask, leave theirs open for the next one.
document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx.request?.method === "POST") opened().forEach((popover) => (popover.open = false));
});
