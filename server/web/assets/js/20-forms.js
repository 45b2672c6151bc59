// A form that changes something is sent once: a second press while the first is under way is left out. The server holds that
// as well, by the key of the form; this spares people an answer about what they did not mean to ask twice.
(() => {
  "use strict";
  const sent = new WeakSet();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || (event.submitter?.formMethod || form.method) !== "post") return;
    if (sent.has(form)) {
      event.preventDefault();
      return;
    }
    sent.add(form);
    setTimeout(() => sent.delete(form), 10_000); // an answer that never came
  });
  // A person among several is put into the field that they were looked up for.
  document.addEventListener("click", (event) => {
    const pick = event.target.closest("button[data-picks]");
    const field = pick && document.getElementById(pick.dataset.picks);
    if (!field) return;
    event.preventDefault();
    field.value = pick.value;
    field.focus();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
  // Whoever comes back by the browser's history may send again.
  addEventListener("pageshow", (event) => {
    if (event.persisted) for (const form of document.forms) sent.delete(form);
  });
})();
