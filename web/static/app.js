// Live pages: one event stream per browser says what changed, htmx fetches and
// morphs the fragments that it concerns.
//
// Why not htmx's own hx-sse: it holds one connection per element, while here one
// visible tab reads the stream for all tabs (a browser allows only six connections
// to a host), and the events carry names, not HTML. The fetching, the morphing and
// the keeping of focus are htmx's.
"use strict";
(() => {
  const PAUSE = 500; // ms between two fetches of one fragment
  const STALE_AFTER = 10_000; // ms without a connection until the data is called stale
  const RETRY = 2_000;

  // ---------- which fragments a change concerns

  const fragments = () => [...document.querySelectorAll("[data-live][hx-get]")];
  const concerns = (topic, key) => key === topic || (!topic.includes(":") && key.startsWith(`${topic}:`));
  const topicsOf = (fragment) => fragment.dataset.live.split(" ").filter(Boolean).map(decodeURIComponent);

  function changed(keys) {
    for (const fragment of fragments()) {
      const topics = topicsOf(fragment);
      if (keys.some((key) => key === "*" || topics.some((topic) => concerns(topic, key)))) want(fragment.id);
    }
  }

  const catchUp = () => fragments().forEach((fragment) => want(fragment.id));

  // ---------- fetching a fragment, not too often and never under someone's hands

  const waiting = new Map(); // fragment id -> timer
  const fetchedAt = new Map();
  const busy = new Set();
  const again = new Set(); // changed while it was being fetched or typed into

  function want(id) {
    if (busy.has(id)) return void again.add(id);
    if (waiting.has(id) || document.hidden) return;
    const pause = Math.max(0, (fetchedAt.get(id) ?? 0) + PAUSE - performance.now());
    waiting.set(id, setTimeout(() => { waiting.delete(id); refresh(id); }, pause));
  }

  function refresh(id) {
    const fragment = document.getElementById(id);
    if (!fragment) return;
    if (typing(fragment)) return void again.add(id);
    busy.add(id);
    fetchedAt.set(id, performance.now());
    htmx.trigger(fragment, "refresh");
  }

  const typing = (fragment) =>
    fragment.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");

  function settle(id) {
    busy.delete(id);
    if (again.delete(id)) want(id);
  }

  document.addEventListener("htmx:finally:request", (event) => {
    const id = event.detail?.ctx?.sourceElement?.id;
    if (id && busy.has(id)) settle(id);
    clocks();
  });
  for (const failure of ["htmx:error", "htmx:response:error"]) {
    document.addEventListener(failure, (event) => {
      const id = event.detail?.ctx?.sourceElement?.id;
      if (id && fetchedAt.has(id)) setTimeout(() => want(id), RETRY * 2);
    });
  }
  document.addEventListener("focusout", () => setTimeout(() => [...again].forEach((id) => { again.delete(id); want(id); })));

  // ---------- the state in the header

  const STATES = {
    live: ["plug-connected", "Live"],
    reconnecting: ["refresh", "Reconnecting"],
    stale: ["plug-connected-x", "Stale"],
  };
  let state = "off";
  let staleTimer = null;

  function show(next, since) {
    const line = document.getElementById("live");
    if (!line || (next === state && !since)) return;
    const before = state;
    state = next;
    const [icon, word] = STATES[next];
    line.hidden = false;
    line.dataset.state = next;
    const use = line.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${icon}`));
    line.querySelector("span").textContent = since ? `${word} since ${since}` : word;
    // Also the first time: something may have changed between the page's making and now.
    if (next === "live" && before !== "live") catchUp();
  }

  const clock = () => new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });

  function lost() {
    if (staleTimer || state === "stale") return;
    const since = clock();
    tell({ state: "reconnecting" });
    staleTimer = setTimeout(() => tell({ state: "stale", since }), STALE_AFTER);
  }

  function connected() {
    clearTimeout(staleTimer);
    staleTimer = null;
    tell({ state: "live" });
  }

  // ---------- one stream per browser: the tab that holds the lock reads it for all

  const channel = "BroadcastChannel" in window ? new BroadcastChannel("tracker-live") : null;
  let leaving = null; // ends this tab's turn, or its wait for one

  function hear(message) {
    if (message.keys) changed(message.keys);
    if (message.state) show(message.state, message.since);
    if (message.hello && source && state !== "off") tell({ state, since: null });
  }

  function tell(message) {
    hear(message);
    channel?.postMessage(message);
  }

  if (channel) channel.onmessage = (event) => hear(event.data);

  let source = null;
  let retry = null;

  function open() {
    source = new EventSource("/live");
    source.onopen = connected;
    source.addEventListener("changed", (event) => tell({ keys: JSON.parse(event.data).keys }));
    source.onerror = () => {
      lost();
      if (source?.readyState === EventSource.CLOSED) retry = setTimeout(() => { close(); open(); }, RETRY);
    };
  }

  function close() {
    clearTimeout(retry);
    source?.close();
    source = null;
  }

  function read() {
    open();
    return new Promise((done) => {
      leaving.signal.addEventListener("abort", () => { close(); done(); }, { once: true });
    });
  }

  // Only a visible tab takes part; a hidden one leaves its turn to the others and
  // catches up when it is looked at again. Locks exist on secure origins only:
  // without them each tab reads for itself.
  function join() {
    if (leaving) return;
    leaving = new AbortController();
    const { signal } = leaving;
    if (!navigator.locks) return void read();
    navigator.locks.request("tracker-live", { signal }, read).catch(() => {});
    channel?.postMessage({ hello: true });
  }

  function leave() {
    leaving?.abort();
    leaving = null;
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return leave();
    join();
    catchUp();
    clocks();
  });
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => { if (event.persisted && !document.hidden) { join(); catchUp(); } });

  // ---------- times that age, in the same words as the server's

  const UNITS = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000]];

  function agoWords(moment) {
    const distance = Math.abs(Date.now() - moment);
    const past = moment <= Date.now();
    const unit = UNITS.find(([, size]) => distance >= size);
    if (!unit) return past ? "just now" : "in a moment";
    const text = `${Math.floor(distance / unit[1])} ${unit[0]}`;
    return past ? `${text} ago` : `in ${text}`;
  }

  // The server's clock may be another one than the browser's (a demo's is fixed).
  const sameClock = Math.abs(Date.now() - Date.parse(document.documentElement.dataset.now ?? "")) < 120_000;

  function clocks() {
    if (!sameClock) return;
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const words = agoWords(Date.parse(time.dateTime));
      if (time.textContent !== words) time.textContent = words;
    }
  }

  // ---------- the viewer's zone, told once to the server, which writes every time in it

  function tellZone() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!zone || zone === document.documentElement.dataset.zone) return;
    if (document.cookie.includes(`zone=${encodeURIComponent(zone)}`)) return;
    document.cookie = `zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
    if (document.cookie.includes(`zone=${encodeURIComponent(zone)}`)) location.reload();
  }

  // ---------- a large graph opens where the run stands, or at its first node

  function centre(graph) {
    const node = graph.querySelector(".node.current") ?? graph.querySelector(".node");
    if (!node || graph.scrollWidth <= graph.clientWidth) return;
    const box = node.getBoundingClientRect();
    const frame = graph.getBoundingClientRect();
    graph.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2;
    if (node.matches(".current")) graph.scrollTop += box.top + box.height / 2 - frame.top - frame.height / 2;
  }

  // ---------- filters send themselves; "/" leads to the search

  document.addEventListener("change", (event) => {
    if (event.target.matches(".filters select")) event.target.form.requestSubmit();
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[method=get], .find")) return;
    for (const field of event.target.querySelectorAll("input, select")) if (!field.value) field.disabled = true;
    setTimeout(() => event.target.querySelectorAll(":disabled").forEach((field) => { field.disabled = false; }));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    document.querySelector('[data-key="/"]')?.focus();
  });

  tellZone();
  document.querySelectorAll(".graph").forEach(centre);
  setInterval(clocks, 20_000);
  if (!document.hidden) join();
})();
