// The sidebar of a phone is open while the address ends in #sidebar. A press on a link in it or Esc closes it.
const close = () => location.hash === "#sidebar" && history.back();

document.addEventListener("keydown", (event) => event.key === "Escape" && close());
document.addEventListener("click", (event) => {
  if (!event.target.closest(".sidebar .away")) return;
  event.preventDefault();
  close();
});
