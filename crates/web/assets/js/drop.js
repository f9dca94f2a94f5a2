// A file that is dropped is the file that was chosen; its name and size are said.
const say = (zone) => {
  const file = zone.querySelector("input").files[0];
  const chosen = zone.querySelector("[data-chosen]");
  chosen.hidden = !file;
  if (file) chosen.textContent = `${file.name}, ${(file.size / 1024).toLocaleString(undefined, { maximumFractionDigits: 0 })} kB`;
};

document.addEventListener("change", (event) => {
  const zone = event.target.closest("[data-drop]");
  if (zone) say(zone);
});

for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const zone = event.target.closest?.("[data-drop]");
    if (!zone) return;
    event.preventDefault();
    zone.toggleAttribute("data-over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files.length) {
      zone.querySelector("input").files = event.dataTransfer.files;
      say(zone);
    }
  });
}
