// The palette: Ctrl-K, or Cmd-K, opens a dialog that searches records as one types and offers commands. It is a combobox:
// the focus stays in the input, the arrows choose an option, Enter takes it.
(() => {
  "use strict";
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const input = document.getElementById("palette-input");
  const list = document.getElementById("palette-list");
  const word = document.getElementById("palette-word");
  const begin = list.innerHTML;
  let asking = null;
  let waiting = 0;

  const options = () => [...list.querySelectorAll('[role="option"]:not([aria-disabled="true"])')];
  const chosen = () => list.querySelector('[aria-selected="true"]');

  const choose = (option) => {
    chosen()?.setAttribute("aria-selected", "false");
    if (!option) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  };

  const show = (html) => {
    list.innerHTML = html;
    choose(options()[0]);
    word.textContent = `${options().length} ${options().length === 1 ? "choice" : "choices"}`;
  };

  // Without options, Enter sends the form to the page that searches.
  const fail = (why) => {
    list.innerHTML = '<div role="option" aria-selected="false" aria-disabled="true"></div>';
    list.firstChild.textContent = why;
    choose(null);
    word.textContent = why;
  };

  const look = async () => {
    asking?.abort();
    asking = new AbortController();
    const typed = input.value.trim();
    if (!typed) {
      show(begin);
      return;
    }
    try {
      const answer = await fetch(`${dialog.dataset.options}?q=${encodeURIComponent(typed)}`, { headers: { "HX-Request": "true" }, signal: asking.signal });
      if (answer.status === 401) location.assign(answer.headers.get("HX-Redirect") || "/sign-in");
      else if (answer.ok) show(await answer.text());
      else fail("The search cannot be answered just now. Enter tries again.");
    } catch (fault) {
      if (fault.name !== "AbortError") fail("Holdfast cannot be reached just now. Enter tries again.");
    }
  };

  const take = (option) => {
    if (!option) return;
    if (option.dataset.themeChoice) document.querySelector(`.themes button[value="${option.dataset.themeChoice}"]`)?.click();
    else location.assign(option.dataset.path);
  };

  const open = () => {
    if (dialog.open) return;
    input.value = "";
    show(begin);
    dialog.showModal();
    input.focus();
  };

  const step = (by) => {
    const all = options();
    if (all.length) choose(all[(all.indexOf(chosen()) + by + all.length) % all.length]);
  };

  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      if (dialog.open) dialog.close();
      else open();
    }
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    }
  });
  // Enter, and the key of a phone's keyboard that stands for it, submits.
  input.form.addEventListener("submit", (event) => {
    if (!chosen()) return;
    event.preventDefault();
    take(chosen());
  });
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 120);
  });
  list.addEventListener("click", (event) => take(event.target.closest('[role="option"]:not([aria-disabled="true"])')));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  for (const opener of document.querySelectorAll("[data-palette]")) {
    opener.hidden = false;
    opener.addEventListener("click", open);
  }
})();
