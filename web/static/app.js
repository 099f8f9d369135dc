// What all pages do besides being live: times that age, the viewer's zone, forms that
// send themselves and say so, menus that fold.
"use strict";
(() => {
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

  // ---------- filters send themselves

  document.addEventListener("change", (event) => {
    if (event.target.matches("form[method=get].filters select")) event.target.form.requestSubmit();
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[method=get], .find")) return;
    for (const field of event.target.querySelectorAll("input, select")) if (!field.value) field.disabled = true;
    setTimeout(() => event.target.querySelectorAll(":disabled").forEach((field) => { field.disabled = false; }));
  });

  // ---------- what was pressed shows that it is under way, and is not sent twice

  const BUSY = "aria-busy";

  document.addEventListener("submit", (event) => {
    const pressed = event.submitter ?? event.target;
    if (!pressed.hasAttribute(BUSY)) return pressed.setAttribute(BUSY, "true");
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  const idle = () => document.querySelectorAll(`main [${BUSY}]`).forEach((one) => one.removeAttribute(BUSY));
  addEventListener("pageshow", idle);
  document.addEventListener("htmx:finally:request", idle);

  // ---------- what unfolds over the page folds again: by Escape, and by a click elsewhere

  const unfolded = () => document.querySelectorAll("details.menu[open], details.drop[open]");

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const one of unfolded()) {
      if (one.contains(document.activeElement)) one.querySelector("summary").focus();
      one.open = false;
    }
  });
  document.addEventListener("click", (event) => {
    for (const one of unfolded()) if (!one.contains(event.target)) one.open = false;
  });

  tellZone();
  setInterval(clocks, 20_000);
  document.addEventListener("htmx:finally:request", clocks);
  document.addEventListener("visibilitychange", clocks);
})();
