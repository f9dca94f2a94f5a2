// Toasts go after eight seconds, or when they are dismissed. One with an Undo stays; so does one that is being read.
const begun = new WeakSet();

const leave = (toast) => {
  if (toast.matches(":hover, :focus-within")) setTimeout(leave, 2000, toast);
  else toast.remove();
};

const begin = () => {
  for (const toast of document.querySelectorAll("#toasts .toast")) {
    if (begun.has(toast) || "stays" in toast.dataset) continue;
    begun.add(toast);
    setTimeout(leave, 8000, toast);
  }
};

// The body is the only element that outlives every swap.
new MutationObserver(begin).observe(document.body, { childList: true, subtree: true });
begin();

document.addEventListener("click", (event) => event.target.closest("[data-dismisses]")?.closest(".toast").remove());
