// What a page hears while it is open. All pages of a browser share one connection, which assets/worker/live.js keeps; this joins
// it while the page is in sight, puts what comes into its place, and tells when what is shown may be old.
(() => {
  "use strict";
  const offered = document.querySelector('meta[name="holdfast-live"]');
  if (!offered) return;
  const who = offered.dataset.who;
  let port = null;
  let tag = 0; // of the last joining: what was meant for what the page showed before is nothing to it
  let state = "live";
  let known = null; // the element that says what the page shows
  let since = ""; // the place up to which the page knows everything
  let held = null; // what waits until the reader's hand is off

  const toast = (detail) => document.dispatchEvent(new CustomEvent("holdfast:toast", { detail }));

  const words = {
    lost: { kind: "alarm", stays: true, text: "The connection is lost; trying again. What you see may be old." },
    ended: { kind: "alarm", stays: true, text: "You are signed out. What you see may be old.", link: { href: "/sign-in", text: "Sign in" } },
  };

  const turn = (to) => {
    if (to === state) return;
    if (to === "live") toast({ key: "connection", text: "Connected again." });
    else toast({ key: "connection", ...words[to] });
    state = to;
  };

  const put = async (html) => {
    await htmx.swap({ sourceElement: document.body, target: document.body, text: html, swap: "none swapEmpty:false" });
    document.dispatchEvent(new CustomEvent("holdfast:live"));
  };

  // A list that moves as a whole does not while the pointer or the focus is in it: a button offers what is new.
  const calm = () => known?.dataset.calm && document.querySelector(known.dataset.calm);
  const busy = (region) => region.matches(":hover") || region.contains(document.activeElement);
  const offer = (shows) => {
    const place = document.getElementById(known?.dataset.news ?? "home-news");
    if (!place || Boolean(place.firstChild) === shows) return;
    place.replaceChildren();
    if (!shows) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = "Changed – show";
    button.addEventListener("click", release);
    place.append(button);
  };
  const release = () => {
    const html = held;
    held = null;
    offer(false);
    if (html !== null) put(html);
  };
  const released = () => {
    const region = held !== null && calm();
    if (region && !busy(region)) release();
  };

  const show = (html) => {
    const region = calm();
    if (region && busy(region)) {
      held = html; // it is whole: only the newest counts
      offer(true);
    } else {
      held = null;
      offer(false);
      put(html);
    }
  };

  const hear = ({ data }) => {
    if (data.tag !== tag) return;
    if (data.state) turn(data.state);
    if (data.html) show(data.html);
    if (data.bell) put(data.bell);
    if (data.since) since = data.since;
    if (data.whole) toast({ key: "whole", text: data.whole });
    if (data.refused) toast({ key: "refused", kind: "alarm", stays: true, text: data.refused });
  };

  // Within a page where no shared worker is to be had: an old browser, a phone's, a private window of some.
  const alone = () => {
    const channel = new MessageChannel();
    const script = document.createElement("script");
    script.src = offered.content;
    script.addEventListener("load", () => window.holdfastLive(channel.port2));
    document.head.append(script);
    return channel.port1;
  };

  const reach = () => {
    try {
      const worker = new SharedWorker(offered.content, "holdfast-live");
      worker.addEventListener("error", () => {
        listen(alone());
        join();
      }, { once: true });
      return worker.port;
    } catch {
      return alone();
    }
  };

  const listen = (to) => {
    port = to;
    port.onmessage = hear;
  };

  const join = () => port.postMessage({ of: known?.dataset.live ?? "", since, who, tag: ++tag });

  // The page may have been given another list, which then is what it shows.
  const look = () => {
    const element = document.querySelector("#live[data-live]");
    if (element === known) return;
    known = element;
    since = "";
    held = null;
    if (!document.hidden) join();
  };

  const sight = () => {
    if (document.hidden) port.postMessage({ hides: true });
    else join();
  };

  // A form that somebody opened within what moves stays as it is: what is sent is about what its reader saw.
  document.addEventListener("toggle", ({ target }) => {
    if (target.matches?.("details[data-keeps]")) target.toggleAttribute("hx-morph-skip", target.open);
  }, true);

  listen(reach());
  known = document.querySelector("#live[data-live]");
  if (!document.hidden) join();
  document.addEventListener("visibilitychange", sight);
  addEventListener("pagehide", () => port.postMessage({ hides: true }));
  addEventListener("pageshow", (event) => {
    if (event.persisted) sight();
  });
  setInterval(() => {
    if (!document.hidden) port.postMessage({ here: true });
  }, 20_000);
  document.addEventListener("htmx:after:swap", look);
  document.addEventListener("mouseout", () => setTimeout(released));
  document.addEventListener("focusout", () => setTimeout(released));
})();
