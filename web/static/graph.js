// Graphs: zoom and pan, arrows from node to node, and on a run's page the node and its
// entries in the timeline chosen together.
//
// The drawing is an ordinary scrolling box, so that without this file it still scrolls.
// The zoom is a custom property of the root element, outside of what a live update
// morphs; the choice is kept in the address and marked again after an update.
"use strict";
(() => {
  const root = document.documentElement;
  const graph = () => document.getElementById("graph");
  const nodes = () => [...document.querySelectorAll("#graph a.node")];
  const motion = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");
  root.classList.add("with-graph-js");

  // ---------- zoom

  const LEAST = 0.12;
  const MOST = 2.5;
  const LEGIBLE = 0.8; // a graph opens no smaller than this
  let zoom = 1;

  // Keeps the point (x, y) of the box where it is.
  function zoomTo(wanted, x, y) {
    const box = graph();
    if (!box) return;
    const next = Math.min(MOST, Math.max(LEAST, wanted));
    const at = { x: x ?? box.clientWidth / 2, y: y ?? box.clientHeight / 2 };
    const left = (box.scrollLeft + at.x) / zoom;
    const top = (box.scrollTop + at.y) / zoom;
    zoom = next;
    root.style.setProperty("--graph-zoom", String(zoom));
    box.scrollLeft = left * zoom - at.x;
    box.scrollTop = top * zoom - at.y;
  }

  const size = () => {
    const drawing = document.getElementById("drawing");
    return { width: Number(drawing.getAttribute("width")), height: Number(drawing.getAttribute("height")) };
  };
  const byWidth = () => graph().clientWidth / size().width;
  const whole = () => Math.min(1, byWidth(), (graph().clientHeight || Infinity) / size().height);
  const STEPS = { in: () => zoom * 1.25, out: () => zoom / 1.25, fit: whole, actual: () => 1 };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-zoom]");
    if (button) zoomTo(STEPS[button.dataset.zoom]());
  });
  document.addEventListener("wheel", (event) => {
    const box = graph();
    if (!event.ctrlKey || !box?.contains(event.target)) return;
    event.preventDefault();
    const frame = box.getBoundingClientRect();
    zoomTo(zoom * Math.exp(-event.deltaY / 400), event.clientX - frame.left, event.clientY - frame.top);
  }, { passive: false });

  // ---------- pan with a pointer; fingers scroll the box themselves

  let drag = null;
  document.addEventListener("pointerdown", (event) => {
    const box = graph();
    if (event.button !== 0 || event.pointerType === "touch" || !box?.contains(event.target)) return;
    drag = { x: event.clientX, y: event.clientY, left: box.scrollLeft, top: box.scrollTop, moved: false };
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [x, y] = [event.clientX - drag.x, event.clientY - drag.y];
    drag.moved ||= Math.hypot(x, y) > 4;
    if (!drag.moved) return;
    graph()?.classList.add("panning");
    graph()?.scrollTo(drag.left - x, drag.top - y);
  });
  addEventListener("pointerup", () => {
    graph()?.classList.remove("panning");
    setTimeout(() => { drag = null; }); // after the click that ends a drag
  });
  document.addEventListener("dragstart", (event) => { if (graph()?.contains(event.target)) event.preventDefault(); });

  // ---------- keys: + - 0 1 zoom, arrows go from node to node

  const centre = (node) => {
    const box = node.getBoundingClientRect();
    return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
  };
  const DIRECTIONS = { ArrowUp: ["y", -1], ArrowDown: ["y", 1], ArrowLeft: ["x", -1], ArrowRight: ["x", 1] };

  function neighbour(node, [axis, sign]) {
    const from = centre(node);
    const other = axis === "x" ? "y" : "x";
    let best = null;
    for (const candidate of nodes()) {
      const to = centre(candidate);
      const ahead = (to[axis] - from[axis]) * sign;
      if (candidate === node || ahead < 8) continue;
      const far = ahead + 2 * Math.abs(to[other] - from[other]);
      if (!best || far < best.far) best = { candidate, far };
    }
    return best?.candidate;
  }

  const KEYS = { "+": "in", "=": "in", "-": "out", 0: "fit", 1: "actual" };
  document.addEventListener("keydown", (event) => {
    const box = graph();
    if (!box?.contains(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    const node = event.target.closest("a.node");
    if (KEYS[event.key]) {
      event.preventDefault();
      zoomTo(STEPS[KEYS[event.key]]());
    } else if (node && DIRECTIONS[event.key]) {
      event.preventDefault();
      neighbour(node, DIRECTIONS[event.key])?.focus();
    }
  });

  // A graph is one stop of the Tab key: the node chosen or reached last, else the first.
  function oneStop(node) {
    const stop = node ?? nodes().find((one) => one.matches(".chosen, .current")) ?? nodes()[0];
    for (const one of nodes()) one.setAttribute("tabindex", one === stop ? "0" : "-1");
  }

  // ---------- a node and its entries in the timeline

  const entries = (node) => [...document.querySelectorAll(".timeline > li[data-node]")].filter((li) => li.dataset.node === node);
  const named = () => document.getElementById(decodeURIComponent(location.hash.slice(1)));

  function mark() {
    const target = named();
    const li = target?.closest?.(".timeline > li");
    const node = li ? li.dataset.node : target?.matches("#graph a.node") ? target.id : null;
    const chosen = new Set(li ? [li, document.getElementById(li.dataset.node ?? "")] : node ? [target, ...entries(node)] : []);
    for (const one of document.querySelectorAll("#graph a.node, .timeline > li")) {
      one.classList.toggle("chosen", chosen.has(one));
    }
    return { li, node };
  }

  function choose(id, side) {
    if (decodeURIComponent(location.hash.slice(1)) !== id) history.replaceState(history.state, "", `#${encodeURIComponent(id)}`);
    const { li, node } = mark();
    if (side === "graph" && node) entries(node).at(-1)?.scrollIntoView({ block: "nearest", behavior: motion() });
    if (side === "timeline" && li?.dataset.node) into(document.getElementById(li.dataset.node));
  }

  // Only the box scrolls: the page stays with the reader.
  function into(node) {
    const box = graph();
    if (!node || !box) return;
    const [frame, to] = [box.getBoundingClientRect(), node.getBoundingClientRect()];
    const outside = to.left < frame.left || to.right > frame.right || to.top < frame.top || to.bottom > frame.bottom;
    if (!outside) return;
    box.scrollBy({
      left: to.left + to.width / 2 - frame.left - frame.width / 2,
      top: to.top + to.height / 2 - frame.top - frame.height / 2,
      behavior: motion(),
    });
  }

  document.addEventListener("click", (event) => {
    if (drag?.moved) return void event.preventDefault();
    const link = event.target.closest?.("a");
    const li = event.target.closest?.(".timeline > li[id]");
    if (link?.matches("#graph a.node") && link.id) {
      event.preventDefault();
      link.focus({ preventScroll: true });
      choose(link.id, "graph");
    } else if (li && (!link || link.matches(".to-node")) && !event.target.closest("pre, summary")) {
      event.preventDefault();
      choose(li.id, "timeline");
    }
  }, true);

  document.addEventListener("focusin", (event) => {
    const node = event.target.closest?.("#graph a.node");
    if (node) oneStop(node);
    if (!event.target.matches?.(":focus-visible")) return;
    if (node) into(node);
    if (node?.id) choose(node.id, "graph");
    const li = event.target.closest?.(".timeline > li[id]");
    if (li && event.target.matches(".to-node")) choose(li.id, "timeline");
  });

  addEventListener("hashchange", () => { if (named()) choose(named().id, named().matches("a.node") ? "graph" : "timeline"); });

  // ---------- opening the page, and after every live update

  function settle() {
    mark();
    oneStop(nodes().includes(document.activeElement) ? document.activeElement : null);
  }
  document.addEventListener("htmx:after:swap", settle);
  document.addEventListener("htmx:finally:request", settle);

  function open() {
    const list = document.getElementById("as-list");
    const narrow = matchMedia("(max-width: 47.99rem)").matches;
    if (list && graph() && !narrow) list.open = false;
    if (!graph()) return;
    zoomTo(Math.min(1, Math.max(LEGIBLE, byWidth())));
    const node = graph().querySelector("a.node.current, a.node.failed") ?? nodes()[0];
    const box = graph();
    if (node) {
      const [frame, to] = [box.getBoundingClientRect(), node.getBoundingClientRect()];
      box.scrollLeft += to.left + to.width / 2 - frame.left - frame.width / 2;
      if (node.matches(".current, .failed")) box.scrollTop += to.top + to.height / 2 - frame.top - frame.height / 2;
    }
    settle();
    if (named()) {
      const { li, node: chosen } = mark();
      into(document.getElementById(li?.dataset.node ?? chosen ?? ""));
    }
  }
  open();
})();
