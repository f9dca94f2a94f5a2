// A box over a list that is all here: what does not begin a word with what was typed is hidden.
document.addEventListener("input", (event) => {
  const list = document.getElementById(event.target.dataset?.narrows ?? "");
  if (!list) return;
  const wanted = event.target.value.trim().toLowerCase();
  for (const item of list.children) item.hidden = !` ${item.textContent.toLowerCase()}`.includes(` ${wanted}`) && !item.textContent.toLowerCase().startsWith(wanted);
});
