// Dialogs: those on the page are opened by their button; pages that are shown in the page's dialog open it when they
// have arrived.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();

  const closer = event.target.closest("[data-closes]");
  const dialog = closer?.closest("dialog");
  if (dialog?.open) {
    event.preventDefault();
    dialog.close();
  }

  // A press on what lies behind an open dialog.
  if (event.target.matches("dialog[open]") && !event.target.firstElementChild?.contains(event.target)) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
});

document.addEventListener("htmx:after:swap", () => {
  const dialog = document.getElementById("dialog");
  if (dialog.querySelector("#dialog-body") && !dialog.open) dialog.showModal();
});

document.addEventListener("close", (event) => event.target.id === "dialog" && event.target.replaceChildren(), true);

// Enter in a field sends the form; what is still missing may be asked for in a dialog that is closed.
document.addEventListener(
  "invalid",
  (event) => {
    const dialog = event.target.closest("dialog:not([open])");
    if (!dialog) return;
    event.preventDefault();
    dialog.showModal();
    event.target.focus();
  },
  true,
);

// A refused password is said in its dialog, so that is where the page opens again.
document.querySelector("dialog:not([open]) [data-invalid]")?.closest("dialog").showModal();
