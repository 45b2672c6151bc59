// The queue by keyboard, its selection, and what stays when the list is shown anew. Without this file it is pages and forms.
(() => {
  "use strict";
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const rows = () => all("#queue tr[data-number]");
  const picks = () => all('#queue input[name="id"]');

  let current = ""; // the number of the row that keys are about

  const mark = (number) => {
    current = number;
    for (const row of rows()) row.classList.toggle("current", row.dataset.number === number);
  };

  const go = (step) => {
    const list = rows();
    if (list.length === 0) return;
    const at = list.findIndex((row) => row.dataset.number === current);
    const next = list[Math.min(Math.max(at < 0 ? 0 : at + step, 0), list.length - 1)];
    mark(next.dataset.number);
    const link = one(".subject a", next);
    link.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };

  const count = () => {
    const picked = picks().filter((box) => box.checked).length, boxes = picks().length;
    const word = one("[data-picked]"), every = one("[data-pick-all]");
    if (word) word.textContent = picked === 0 ? "With the selected" : `With the ${picked} selected`;
    if (every) {
      every.checked = picked > 0 && picked === boxes;
      every.indeterminate = picked > 0 && picked < boxes;
    }
  };

  const pickOf = (number) => picks().find((box) => box.value === number);

  const toggle = () => {
    const box = pickOf(current);
    if (!box) return;
    box.checked = !box.checked;
    count();
  };

  const command = (verb) => {
    const box = pickOf(current);
    if (box && !picks().some((other) => other.checked)) {
      box.checked = true;
      count();
    }
    one(`#queue button[name="do"][value="${verb}"]`)?.click();
  };

  const typing = (target) => target.closest?.('input:not([type="checkbox"]), textarea, select, [contenteditable]') !== null;

  const keys = {
    j: () => go(1),
    k: () => go(-1),
    x: toggle,
    a: () => command("assign"),
    r: () => command("resolve"),
    t: () => command("tag"),
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && one("#bulk a[hx-get]") && !one("dialog[open], details.menu[open]")) {
      one("#bulk a[hx-get]").click();
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || one("dialog[open]")) return;
    if (event.key === "/" && one(".find input[type=search]")) {
      event.preventDefault();
      one(".find input[type=search]").focus();
    } else if (event.key === "?" && one("#keys")) {
      event.preventDefault();
      one("#keys").showModal();
    } else if (one("#queue") && Object.hasOwn(keys, event.key)) {
      event.preventDefault();
      keys[event.key]();
    }
  });

  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("#queue tr[data-number]");
    if (row) mark(row.dataset.number);
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-pick-all]")) for (const box of picks()) box.checked = event.target.checked;
    if (event.target.closest("#queue")) count();
  });

  // What was selected stays so when the list is shown anew, as far as it is still there.
  let picked = new Set();
  document.addEventListener("htmx:before:swap", () => {
    picked = new Set(picks().filter((box) => box.checked).map((box) => box.value));
  });
  document.addEventListener("htmx:after:swap", () => {
    if (!one("#queue")) return;
    for (const box of picks()) box.checked ||= picked.has(box.value);
    mark(current);
    count();
    const news = one("#bulk .bulk-panel");
    if (news && !news.contains(document.activeElement) && !news.dataset.seen) {
      news.dataset.seen = "yes";
      (one("[autofocus]", news) ?? one("#bulk")).focus();
    }
  });

  // Views are counted again once something happened, and not more often than every few seconds.
  let due = 0;
  document.addEventListener("holdfast:live", () => {
    if (due !== 0 || !one("#views")) return;
    due = setTimeout(() => {
      due = 0;
      document.body.dispatchEvent(new CustomEvent("holdfast:recount"));
    }, 5000);
  });
})();
