// What may go wrong with a swap, and what a swap must leave alone.

// What somebody has opened stays open when the region around it is renewed.
htmx.registerExtension("stays-open", {
  htmx_before_morph_attr: (element, detail) => !(detail.attrName === "open" && element.matches("details, dialog")),
});

// A form that was refused is answered in place, without a redirect: its address is no page that could be opened again.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (ctx.request?.method !== "GET" && !ctx.response?.raw.redirected) ctx.push = ctx.replace = "false";
});

const toast = (id) => document.getElementById("toasts").append(document.getElementById(id).content.cloneNode(true));

// A region is picked out of a whole page. A page without it is another page, such as the sign-in: go there. Unless it
// answers to a form and tells of a failure, when what was typed must not be lost.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = event.detail;
  const main = tasks.find((task) => task.type === "main");
  if (!ctx.select || !main || main.fragment.childElementCount) return;
  event.preventDefault();
  const { raw, status } = ctx.response;
  if (status >= 400 && (ctx.request.method !== "GET" || status >= 500)) toast("toast-failed");
  else location.href = raw.url;
});

document.addEventListener("htmx:error", (event) => {
  if (event.detail.error instanceof TypeError || event.detail.error === "timeout") toast("toast-offline");
});

// A choice that takes effect at once shows what is, also where it was refused.
document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx.request?.method === "POST") document.querySelectorAll("form[data-shows]").forEach((form) => form.reset());
});

// A note that was taken is not offered again.
document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  if (ctx.sourceElement?.matches("[data-clears]") && ctx.response?.status < 400) ctx.sourceElement.reset();
});
