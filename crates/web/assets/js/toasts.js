// Toasts go after eight seconds, or when they are dismissed. One with an Undo stays; so does one that is being read.
const region = document.getElementById("toasts");

const leave = (toast) => {
  if (toast.matches(":hover, :focus-within")) setTimeout(leave, 2000, toast);
  else toast.remove();
};

const begin = (toast) => {
  if (!toast.matches?.(".toast") || "stays" in toast.dataset) return;
  setTimeout(leave, 8000, toast);
};

region.querySelectorAll(".toast").forEach(begin);
new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach(begin))).observe(region, { childList: true });

document.addEventListener("click", (event) => event.target.closest("[data-dismisses]")?.closest(".toast").remove());
