// Whoever sets up a company is offered the time zone they are in.
const zone = document.querySelector(".door input[name=zone]");
if (zone && !zone.value) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
