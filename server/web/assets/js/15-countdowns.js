// Countdowns that run, and turn at their thresholds: by the instants that the page carries, without asking the server. One timer
// serves the whole page. The words are those of relative and of face in Go.
(() => {
  "use strict";
  const minute = 60_000, soon = 30 * minute;
  const often = 15_000; // how late a text may be; what turns does so at its instant
  // By how much this machine's clock is behind the server's: the page was made when its answer began.
  const made = Date.parse(document.documentElement.dataset.now);
  const [arrival] = performance.getEntriesByType("navigation");
  const behind = Number.isNaN(made) || !arrival ? 0 : made - (performance.timeOrigin + arrival.responseStart);

  const say = (element, text) => {
    if (element && element.textContent !== text) element.textContent = text;
  };

  const length = (milliseconds) => {
    const all = Math.floor(milliseconds / minute);
    const days = Math.floor(all / 1440), hours = Math.floor(all / 60) % 24, minutes = all % 60;
    if (days > 0) return `${days} d` + (hours > 0 ? ` ${hours} h` : "");
    if (hours > 0) return `${hours} h` + (minutes > 0 ? ` ${minutes} min` : "");
    return minutes > 0 ? `${minutes} min` : "under 1 min";
  };

  const passed = (left, { promise }) => (promise === undefined ? `${length(-left)} over` : `broken ${length(-left)} ago`);

  // How a countdown looks at a moment: its tone, its text, and the word that tells the tone without a colour.
  const face = (left, now, data) => {
    if (left < 0) return ["over", passed(left, data), data.rests === undefined ? "" : "paused"];
    const text = `in ${length(left)}`;
    if (left < soon) return ["soon", text, "soon"];
    const past = data.turns && Date.parse(data.turns) <= now ? data.turn : data.past;
    return past ? ["near", text, `past ${past}`] : ["", text, ""];
  };

  // How long until the tone or the word of a countdown changes.
  const turnsIn = (left, now, data) => {
    const ahead = [left + 1, left - soon + 1, data.turns ? Date.parse(data.turns) - now : 0].filter((wait) => wait > 0);
    return Math.min(often, ...ahead);
  };

  let timer = 0;
  const run = () => {
    clearTimeout(timer);
    if (document.hidden) return;
    const now = Date.now() + behind;
    let wait = often;
    for (const element of document.querySelectorAll("[data-until]")) {
      const data = element.dataset, left = Date.parse(data.until) - now;
      const [tone, text, word] = face(left, now, data);
      say(element, text);
      const due = element.closest(".due");
      if (due) {
        for (const one of ["over", "soon", "near"]) due.classList.toggle(one, one === tone);
        say(due.querySelector(".due-word"), word);
      }
      wait = Math.min(wait, turnsIn(left, now, data));
    }
    timer = setTimeout(run, Math.max(wait, 50));
  };

  document.addEventListener("htmx:after:swap", run);
  document.addEventListener("holdfast:live", run);
  document.addEventListener("visibilitychange", run);
  addEventListener("pageshow", run);
  run();
})();
