// The one live connection of a browser, for all its pages. It runs as a shared worker; a browser that has none runs it within
// each page. A page joins with a port and says what it shows and up to which place it knows everything; the connection names
// all that is visible, and what comes is handed to whoever asked for it. The server keeps nothing: when what is visible changes,
// the connection is opened anew from the places where the pages are.
(() => {
  "use strict";
  const silence = 45_000; // the server beats every 15 seconds
  const gone = 70_000; // a page says every 20 seconds that it is there
  const soonest = 400, latest = 10_000; // pauses before trying again
  const most = 12, longest = 4096; // streams that the server takes in one connection, and bytes of the address of each
  const pages = new Map(); // port: { id, tag, of, since, who, heard, refused }, whoever joined last at the end
  let joined = 0;
  let open = null; // the connection: { key, abort, ids, ports, streams: [{ of, since, ports }] }
  let attempts = 0;
  let state = "live"; // what pages were told last: live, lost or ended
  let due = 0;

  const tell = (ports, message) => {
    for (const port of ports) port.postMessage({ ...message, tag: pages.get(port)?.tag });
  };

  // Those that have not joined anew since the connection was opened, with something else to show.
  const still = (mine, ports) => ports.filter((port) => pages.get(port)?.id === mine.ids.get(port));

  const turn = (to) => {
    state = to;
    tell(pages.keys(), { state });
  };

  const refuse = (ports, words) => {
    for (const port of ports) if (pages.has(port)) pages.get(port).refused = true;
    tell(ports, { refused: words });
  };

  // What the pages of one person show. Those with the same address and place are one stream.
  const wanted = (who) => {
    const ports = [...pages.keys()].filter((port) => pages.get(port).who === who && !pages.get(port).refused);
    const streams = new Map();
    for (const port of ports.toReversed()) {
      const { of, since } = pages.get(port);
      const same = `${of} ${since}`;
      if (!of) continue;
      if (!streams.has(same)) streams.set(same, { of, since, ports: [] });
      streams.get(same).ports.push(port);
    }
    const ids = new Map(ports.map((port) => [port, pages.get(port).id]));
    return { key: JSON.stringify([who, ...ids.values()]), ids, ports, streams: [...streams.values()] };
  };

  const addressOf = ({ of, since }) => {
    const address = new URL(of, self.location.origin);
    if (since) address.searchParams.set("since", since);
    return address.pathname + address.search;
  };

  const settle = (wait) => {
    clearTimeout(due);
    due = setTimeout(renew, wait);
  };

  // Sees to it that the connection is the one that the pages want.
  const renew = () => {
    for (const [port, page] of pages) if (Date.now() - page.heard > gone) pages.delete(port);
    const who = [...pages.values()].at(-1)?.who;
    const next = wanted(who);
    if (open?.key === next.key) return;
    open?.abort.abort();
    open = null;
    tell([...pages.keys()].filter((port) => pages.get(port).who !== who), { state: "ended" });
    next.streams = next.streams.filter((one) => {
      const short = addressOf(one).length <= longest;
      if (!short) refuse(one.ports, "What this page shows is too much to be live. Reload it to see what is new.");
      return short;
    });
    refuse(next.streams.splice(most).flatMap((one) => one.ports), "Too many pages are in sight at once for all to be live. Reload this one to have it live.");
    if (next.ports.length === 0) return;
    open = { ...next, abort: new AbortController() };
    connect(open, who);
  };

  const connect = async (mine, who) => {
    const query = new URLSearchParams({ as: who });
    for (const one of mine.streams) query.append("of", addressOf(one));
    let watch = 0, pause = 0;
    const alive = () => {
      clearTimeout(watch);
      watch = setTimeout(() => mine.abort.abort(), silence);
    };
    try {
      alive();
      const answer = await fetch(`/live?${query}`, {
        headers: { Accept: "text/event-stream", "HX-Request": "true" }, cache: "no-store", redirect: "manual", signal: mine.abort.signal,
      });
      if (mine !== open) return;
      if (answer.status === 401) {
        turn("ended"); // until somebody joins anew
        return;
      }
      if ([400, 403, 404].includes(answer.status)) {
        refuse(still(mine, mine.streams.flatMap((one) => one.ports)), "What this page shows is not there any more, or not yours to see.");
      } else if (answer.ok) {
        attempts = 0;
        turn("live");
        await read(answer.body, mine, alive);
      } else {
        pause = 1000 * Number(answer.headers.get("Retry-After") || 0);
      }
    } catch {
      // It is tried again; pages are told once that has failed too.
    } finally {
      clearTimeout(watch);
    }
    if (mine !== open) return;
    open = null;
    attempts++;
    if (attempts > 1) turn("lost");
    settle(Math.max(pause, Math.min(soonest * 2 ** (attempts - 1), latest) * (0.7 + 0.6 * Math.random())));
  };

  // Takes the stream apart (WHATWG HTML, "Server-sent events").
  const read = async (body, mine, alive) => {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "", id = "", name = "", data = [];
    for (;;) {
      const { done, value } = await reader.read();
      if (done || mine !== open) return;
      alive();
      const lines = (rest + value).split("\n"); // the server ends lines with nothing else
      rest = lines.pop();
      for (const line of lines) {
        if (line.startsWith("id: ")) id = line.slice(4);
        else if (line.startsWith("event: ")) name = line.slice(7);
        else if (line.startsWith("data: ")) data.push(line.slice(6));
        else if (line === "") {
          if (name) hand(mine, name, data.join("\n"));
          if (id) pass(mine, id);
          id = name = "";
          data = [];
        }
      }
    }
  };

  // Hands a message to the pages that it is for.
  const hand = (mine, name, data) => {
    if (name === "bell") { // it is on every page
      tell(still(mine, mine.ports), { bell: data });
      return;
    }
    const [number, kind] = name.split("-");
    const ports = still(mine, mine.streams[Number(number)]?.ports ?? []);
    if (kind === "end") refuse(ports, data);
    else tell(ports, kind === "whole" ? { whole: data } : { html: data });
  };

  // Notes that everything up to a place was told to all pages of the connection.
  const pass = (mine, since) => {
    const ports = still(mine, mine.ports);
    for (const port of ports) pages.get(port).since = since;
    tell(ports, { since });
  };

  const join = (port) => {
    port.onmessage = ({ data }) => {
      if (data.here) {
        if (pages.has(port)) pages.get(port).heard = Date.now();
        return;
      }
      pages.delete(port);
      if (!data.hides) {
        pages.set(port, { ...data, id: ++joined, heard: Date.now(), refused: false });
        tell([port], { state });
      }
      settle(30);
    };
  };

  self.addEventListener("online", () => settle(0));
  // Pages connect to a shared worker; a page that runs this itself finds it under a name.
  if ("onconnect" in self) self.onconnect = (event) => join(event.ports[0]);
  else self.holdfastLive = join;
})();
