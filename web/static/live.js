// Live pages: one event stream per browser says what changed, htmx fetches and
// morphs the fragments that it concerns.
//
// Why not htmx's own hx-sse: it holds one connection per element, while here one
// visible tab reads the stream for all tabs (a browser allows only six connections
// to a host), and the events carry names, not HTML. The fetching, the morphing and
// the keeping of focus are htmx's.
//
// Every message names a mark: the state of the views it leads to. Each tab knows the
// mark of what it shows, from its page or from the last message, so it fetches
// everything again when it missed something, and only then.
"use strict";
(() => {
  const PAUSE = 200; // ms between two fetches of one fragment
  const FETCHES = 4; // at most, of all fragments together, in a second
  const STALE_AFTER = 10_000; // ms without a connection until the data is called stale
  const RETRY = 2_000;
  const LONGEST_RETRY = 30_000;

  const clock = (date = new Date()) =>
    date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });

  // ---------- which fragments a message concerns

  let mark = document.documentElement.dataset.mark; // of what this page shows

  const fragments = () => [...document.querySelectorAll("[data-live][hx-get]")];
  const concerns = (topic, key) => key === topic || (!topic.includes(":") && key.startsWith(`${topic}:`));
  const topicsOf = (fragment) => fragment.dataset.live.split(" ").filter(Boolean).map(decodeURIComponent);

  function changed(message) {
    const missed = message.since !== mark;
    mark = message.mark;
    for (const fragment of fragments()) {
      const topics = topicsOf(fragment);
      const named = (key) => key === "*" || topics.some((topic) => concerns(topic, key));
      if (missed || message.keys.some(named)) want(fragment.id);
    }
  }

  function reached(now) {
    if (now === mark) return;
    mark = now;
    fragments().forEach((fragment) => want(fragment.id));
  }

  // ---------- fetching them, few in a second and never under someone's hands

  const wanted = new Set(); // ids, the one that waits longest first
  const busy = new Set();
  const held = new Set(); // wanted while someone types in them
  const fetchedAt = new Map();
  const recent = []; // when the last fetches began
  let next = null; // the timer of the next look at what is wanted

  function want(id) {
    wanted.add(id);
    next ??= setTimeout(fetchWanted);
  }

  function fetchWanted() {
    next = null;
    if (document.hidden) return;
    const now = performance.now();
    while (recent.length && recent[0] <= now - 1000) recent.shift();
    for (const id of [...wanted]) {
      if (busy.has(id) || (fetchedAt.get(id) ?? -PAUSE) > now - PAUSE) continue;
      if (recent.length >= FETCHES) break;
      wanted.delete(id);
      if (refresh(id)) { recent.push(now); fetchedAt.set(id, now); }
    }
    if (wanted.size) next = setTimeout(fetchWanted, PAUSE / 5);
  }

  function refresh(id) {
    const fragment = document.getElementById(id);
    if (!fragment) return false;
    if (typing(fragment)) { held.add(id); return false; }
    busy.add(id);
    htmx.trigger(fragment, "refresh");
    return true;
  }

  const typing = (fragment) =>
    fragment.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");

  document.addEventListener("focusout", () => setTimeout(() => [...held].forEach((id) => { held.delete(id); want(id); })));

  document.addEventListener("htmx:finally:request", (event) => {
    const { sourceElement, status, response } = event.detail?.ctx ?? {};
    const id = sourceElement?.id;
    if (response?.status === 401) tell({ state: "out" });
    if (!busy.delete(id)) return;
    if (status === "swapped" && response.status < 400) good(id);
    else failed(sourceElement);
  });

  // ---------- an error leaves the last good data, says how old it is and tries again

  const loaded = new Date();
  const goodAt = new Map();
  const failures = new Map(); // how often in a row

  function good(id) {
    goodAt.set(id, new Date());
    failures.delete(id);
    document.querySelector(`#${CSS.escape(id)} > .late`)?.remove();
  }

  function failed(fragment) {
    if (state === "out") return;
    const { id } = fragment;
    const count = (failures.get(id) ?? 0) + 1;
    failures.set(id, count);
    setTimeout(() => want(id), Math.min(RETRY * 2 ** count, LONGEST_RETRY));
    if (!fragment.querySelector(":scope > .late")) fragment.prepend(lateNotice(id));
  }

  function lateNotice(id) {
    const notice = document.createElement("div");
    notice.className = "notice wait late";
    const words = document.createElement("p");
    words.textContent = `This could not be updated: what you see is from ${clock(goodAt.get(id) ?? loaded)}.`;
    const again = document.createElement("button");
    again.type = "button";
    again.className = "btn btn-sm";
    again.textContent = "Try again";
    again.addEventListener("click", () => want(id));
    notice.append(words, again);
    return notice;
  }

  // ---------- the state in the header

  const STATES = {
    live: ["plug-connected", "Live"],
    reconnecting: ["refresh", "Reconnecting"],
    stale: ["plug-connected-x", "Stale"],
    out: ["plug-connected-x", "Signed out"],
  };
  let state = "off";
  let since = ""; // when the connection was lost

  function show(next, lostAt) {
    const line = document.getElementById("live");
    if (next === state || state === "out" || !line) return;
    [state, since] = [next, lostAt];
    const [icon, word] = STATES[next];
    line.hidden = false;
    line.dataset.state = next;
    const use = line.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${icon}`));
    line.querySelector("span").textContent = next === "stale" ? `${word} since ${since}` : word;
    if (next === "out") signedOut(line);
  }

  // Signed out here or elsewhere: on to the sign-in and back to this page afterwards, at
  // once where nothing was typed, else by a click, so that no text is lost.
  function signedOut(line) {
    leave();
    const way = document.createElement("a");
    way.href = `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
    way.textContent = "Signed out: sign in";
    line.querySelector("span").replaceChildren(way);
    const fields = [...document.querySelectorAll("form[method=post] :is(input:not([type=hidden]), textarea)")];
    if (fields.every((field) => field.value === field.defaultValue)) location.assign(way.href);
  }

  // ---------- one stream per browser: the tab that holds the lock reads it for all

  const channel = "BroadcastChannel" in window ? new BroadcastChannel("tracker-live") : null;
  let leaving = null; // ends this tab's turn, or its wait for one
  let source = null;
  let silence = null; // the timer that ends a connection on which nothing comes any more
  let patience = 35_000; // ms; the stream says how often it speaks
  let retry = null;
  let stale = null;

  // A hidden tab hears nothing, and finds by the mark what it missed when it is seen again.
  function hear(message) {
    if (document.hidden) return;
    if (message.state) show(message.state, message.lostAt);
    if (message.keys) changed(message);
    else if (message.mark) reached(message.mark);
    if (message.asks && source && state !== "off") channel.postMessage({ state, lostAt: since, mark });
  }

  function tell(message) {
    hear(message);
    channel?.postMessage(message);
  }

  if (channel) channel.onmessage = (event) => hear(event.data);

  function open() {
    source = new EventSource("/live");
    source.addEventListener("hello", (event) => {
      const { every, mark: now } = JSON.parse(event.data);
      patience = every * 2_000 + 5_000;
      alive();
      tell({ state: "live", mark: now });
    });
    source.addEventListener("changed", (event) => {
      alive();
      tell(JSON.parse(event.data));
    });
    source.addEventListener("signed-out", () => tell({ state: "out" }));
    source.onerror = () => {
      if (state === "out") return;
      lost();
      // Whether it was refused, a fragment tells.
      if (source?.readyState === EventSource.CLOSED) fragments().forEach((fragment) => want(fragment.id));
      if (source?.readyState === EventSource.CLOSED) retry = setTimeout(reopen, RETRY * (1 + Math.random()));
    };
    listen();
  }

  function listen() {
    clearTimeout(silence);
    silence = setTimeout(() => { lost(); reopen(); }, patience);
  }

  function alive() {
    listen();
    clearTimeout(stale);
    stale = null;
  }

  function lost() {
    if (stale) return;
    const lostAt = clock();
    tell({ state: "reconnecting", lostAt });
    stale = setTimeout(() => tell({ state: "stale", lostAt }), STALE_AFTER);
  }

  function reopen() {
    hangUp();
    open();
  }

  function hangUp() {
    clearTimeout(retry);
    clearTimeout(silence);
    source?.close();
    source = null;
  }

  function close() {
    hangUp();
    clearTimeout(stale);
    stale = null;
  }

  function read() {
    open();
    return new Promise((done) => {
      leaving.signal.addEventListener("abort", () => { close(); done(); }, { once: true });
    });
  }

  // Only a visible tab takes part; a hidden one leaves its turn to the others.
  // Locks exist on secure origins only: without them each tab reads for itself.
  function join() {
    if (leaving || document.hidden || state === "out") return;
    leaving = new AbortController();
    const { signal } = leaving;
    if (!navigator.locks) return void read();
    navigator.locks.request("tracker-live", { signal }, read).catch(() => {});
    channel?.postMessage({ asks: true });
  }

  function leave() {
    leaving?.abort();
    leaving = null;
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return leave();
    join();
    if (wanted.size) next ??= setTimeout(fetchWanted);
  });
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => { if (event.persisted) join(); });

  if (document.getElementById("live")) join();
})();
