// How long ago something was, as `words::age` says it, goes on while a page stays open.
const MINUTE_MS = 60_000;
const UNITS = [[525_600, "y"], [43_200, "mo", 86_400], [1_440, "d"], [60, "h"], [1, "min"]];

const age = (since) => {
  const minutes = Math.floor(Math.max(Date.now() - since, 0) / MINUTE_MS);
  for (const [unit, word, from = unit] of UNITS) if (minutes >= from) return `${Math.floor(minutes / unit)} ${word}`;
  return "now";
};

setInterval(() => {
  if (document.hidden) return;
  for (const time of document.querySelectorAll("time[datetime]")) {
    const told = /^(now|\d+ (min|h|d|mo|y))$/.test(time.textContent) && age(Date.parse(time.dateTime));
    if (told && told !== time.textContent) time.textContent = told;
  }
}, MINUTE_MS / 2);
