// Keys: to search, through rows, to a page, for what waits. The dialog in the layout
// lists them, and can turn them off (a stray key must not lead anyone away).
"use strict";
(() => {
  const PAGES = { t: "/", r: "/runs", w: "/workflows", c: "/conversations", k: "/calendar", p: "/candidates", e: "/events", s: "/system" };
  const PATIENCE = 1500; // ms between g and the letter of a page
  const OFF = "keys-off";
  const dialog = document.getElementById("keys");
  const choice = dialog?.querySelector("input[type=checkbox]");
  let leading = -Infinity; // when g was pressed

  function stored() {
    try { return localStorage.getItem(OFF) === "1"; } catch { return false; } // storage may be blocked
  }

  function store(off) {
    try { localStorage.setItem(OFF, off ? "1" : "0"); } catch { /* then it holds for this page */ }
  }

  let off = stored();

  // ---------- rows: their first link takes the focus, so that Enter opens it by itself

  const rows = () => [...document.querySelectorAll("main .rows > tbody > tr")].filter((row) => row.getClientRects().length);

  function handle(row) {
    const link = row.querySelector(":scope > th a[href]") ?? row.querySelector("a[href]");
    if (link) return link;
    row.tabIndex = -1;
    return row;
  }

  function move(step) {
    const all = rows();
    const here = all.findIndex((row) => row.contains(document.activeElement));
    const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(here + step, 0), all.length - 1);
    if (!all[next]) return;
    const target = handle(all[next]);
    target.focus({ preventScroll: true, focusVisible: true });
    all[next].scrollIntoView({ block: "nearest" });
  }

  // ---------- the keys

  const SINGLE = {
    "/": () => document.querySelector('[data-key="/"]')?.focus(),
    "?": () => dialog?.showModal(),
    j: () => move(1),
    k: () => move(-1),
    n: () => document.querySelector("[data-newer]")?.click(),
    g: () => { leading = performance.now(); },
  };

  const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]") != null;

  document.addEventListener("keydown", (event) => {
    if (off || event.defaultPrevented || event.isComposing || event.repeat && event.key === "g") return;
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || dialog?.open) return;
    const page = performance.now() - leading < PATIENCE ? PAGES[event.key] : undefined;
    leading = -Infinity;
    if (page) {
      event.preventDefault();
      location.assign(page);
    } else if (Object.hasOwn(SINGLE, event.key)) {
      event.preventDefault();
      SINGLE[event.key]();
    }
  });

  // ---------- the dialog

  if (dialog) {
    choice.checked = !off;
    choice.addEventListener("change", () => { off = !choice.checked; store(off); });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    for (const button of document.querySelectorAll("[data-keys]")) {
      button.parentElement.hidden = false;
      button.addEventListener("click", () => dialog.showModal());
    }
  }
})();
