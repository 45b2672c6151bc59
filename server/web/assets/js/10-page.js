// What a page gains when scripts run: times in the viewer's zone, zones for typed times, messages, menus that close.
// Everything else works without this file.
(() => {
  "use strict";
  // The zone that the viewer's profile names; UTC there means that none was chosen, and then it is the browser's.
  const chosen = document.documentElement.dataset.viewerZone;
  const zone = chosen && chosen !== "UTC" ? chosen : Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const usual = { month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZone: zone };
  // The language that the page is in; the server writes its moments and numbers by the same one.
  const moment = (more) => new Intl.DateTimeFormat(document.documentElement.lang, { ...usual, ...more });
  const thisYear = moment(), otherYear = moment({ year: "numeric" }), onPaper = moment({ year: "numeric", timeZoneName: "short" });

  const day = new Intl.DateTimeFormat("en-CA", { timeZone: zone }), sameDay = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "numeric", minute: "2-digit", timeZone: zone });

  // Sets a text only when it differs, so that a screen reader is not told of what stays.
  const say = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  const moments = (paper) => {
    for (const element of document.querySelectorAll("time[datetime]")) {
      const at = new Date(element.dateTime);
      if (Number.isNaN(at.valueOf())) continue;
      const from = element.dataset.from && new Date(element.dataset.from);
      const onScreen = from && day.format(from) === day.format(at) ? sameDay : at.getFullYear() === new Date().getFullYear() ? thisYear : otherYear;
      say(element, (paper ? onPaper : onScreen).format(at));
    }
  };

  // A moment as the input of one takes it, by the clocks of the viewer's zone.
  const clocks = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
  const wall = (at) => {
    const part = Object.fromEntries(clocks.formatToParts(at).map((one) => [one.type, one.value]));
    return `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}`;
  };

  const refresh = () => {
    moments(false);
    for (const input of document.querySelectorAll("input[data-zone]")) input.value = zone;
    // A moment that was filled in is shown in the zone in which it will be read, and so is what stood there.
    for (const input of document.querySelectorAll("input[data-moment]")) {
      const untouched = input.value === input.defaultValue;
      const local = wall(new Date(input.dataset.moment));
      const was = input.form?.elements.namedItem(`was.${input.name}`);
      if (was) was.value = local;
      if (untouched) input.value = local;
      input.removeAttribute("data-moment");
    }
    for (const element of document.querySelectorAll("[data-zone-name]")) say(element, `Time in ${zone}.`);
  };

  // An open menu closes when the work goes on elsewhere.
  const closeMenus = (event) => {
    if (event.type === "keydown" && event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (event.type === "keydown") {
        menu.open = false;
        if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
      } else if (!menu.contains(event.target) || event.target.closest(".menu-body a")) {
        menu.open = false;
      }
    }
  };

  // A message that comes and goes: document.dispatchEvent(new CustomEvent("holdfast:toast", {detail: {text, kind, stays}})).
  // It answers to its key: a later one with the same key takes its place, and an empty text takes it away. It can lead somewhere
  // with link, {href, text}.
  const toast = ({ text, kind = "", key = "", stays = false, link }) => {
    const place = document.getElementById("toasts");
    if (!place) return;
    for (const old of place.children) if (key && old.dataset.key === key) old.remove();
    if (!text) return;
    const box = document.createElement("p");
    box.className = `toast ${kind}`;
    box.dataset.key = key;
    box.textContent = text;
    if (link) {
      const away = document.createElement("a");
      away.href = link.href;
      away.textContent = link.text;
      box.append(" ", away);
    }
    place.append(box);
    if (!stays) setTimeout(() => box.remove(), 6000);
  };

  document.addEventListener("holdfast:toast", (event) => toast(event.detail));
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    const dialog = opener && document.getElementById(opener.dataset.opens);
    if (dialog) {
      event.preventDefault();
      dialog.showModal();
    }
  });
  document.addEventListener("htmx:after:swap", refresh);
  // Paper is read later and elsewhere: moments carry their year and zone there.
  addEventListener("beforeprint", () => moments(true));
  addEventListener("afterprint", () => moments(false));
  document.addEventListener("click", closeMenus);
  document.addEventListener("keydown", closeMenus);
  refresh();
})();
