// "Done" and "Undo": where the focus goes, and that no live update comes between.
//
// A form and its fragment share one queue of requests (`hx-sync`), so a live update waits
// while a click is under way. The answer of a click gives the fragment another address,
// which offers the undoing: an update that was asked for at the old one asks again.
"use strict";
(() => {
  let pressed = null; // what the form said; the swap takes the form away

  const doneIn = (address) => new URL(address, document.baseURI).searchParams.get("done");

  document.addEventListener("htmx:before:request", (event) => {
    const { sourceElement, request } = event.detail?.ctx ?? {};
    if (!sourceElement?.matches?.(".fragment[hx-get]")) return;
    if (doneIn(request.action) === doneIn(sourceElement.getAttribute("hx-get"))) return;
    event.preventDefault();
    setTimeout(() => htmx.trigger(sourceElement, "refresh"));
  });

  document.addEventListener("htmx:before:swap", (event) => {
    const form = event.detail?.ctx?.sourceElement;
    if (!form?.matches?.("[data-acknowledge]")) return;
    pressed = {
      fragment: form.closest(".fragment")?.id,
      undone: form.getAttribute("action").endsWith("/undo"),
      item: form.elements.namedItem("item")?.value,
    };
  });

  // The button that was pressed is gone with its row: the focus goes to "Undo", or back to
  // the row that returned.
  document.addEventListener("htmx:after:settle", (event) => {
    if (!pressed || event.target.id !== pressed.fragment) return;
    const { undone, item, fragment } = pressed;
    pressed = null;
    setTimeout(() => (undone ? rowOf(item, fragment) : document.getElementById("undo"))?.focus());
  });

  function rowOf(item, fragment) {
    const fields = [...document.querySelectorAll('[data-acknowledge] input[name="item"]')];
    const form = fields.find((field) => field.value === item)?.form;
    return form?.querySelector("button") ?? document.querySelector(`#${fragment} [data-acknowledge] button`);
  }

  // When it fails, the plain form shows why.
  for (const failure of ["htmx:error", "htmx:response:error"]) {
    document.addEventListener(failure, (event) => {
      const form = event.detail?.ctx?.sourceElement;
      if (form?.isConnected && form.matches("[data-acknowledge]")) form.submit();
    });
  }
})();
