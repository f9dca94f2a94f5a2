// Keys that press what they name: `data-key` on a button, a link or the summary of a popover.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const typing = event.target.matches("input:not([type=checkbox]), select, textarea");
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key === "?") {
    document.getElementById("keyboard-help")?.showModal();
  } else if (event.key === "/") {
    const search = document.getElementById("search");
    search?.focus();
    search?.select();
    if (search) event.preventDefault();
  } else {
    // Without a tick, what is assigned is the lead that has the focus.
    const box = event.key === "a" && document.activeElement.closest("[data-row]")?.querySelector("input[name=lead]");
    if (box && !document.querySelector("input[name=lead]:checked")) box.click();
    // Of several the first that can be seen: the bar of ticked leads comes before the panel.
    const named = [...document.querySelectorAll(`[data-key="${CSS.escape(event.key)}"]`)].find((one) => one.checkVisibility({ visibilityProperty: true }));
    if (!named) return;
    event.preventDefault();
    named.click();
  }
});
