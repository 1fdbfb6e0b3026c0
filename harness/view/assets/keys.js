// Keys that every page has. A page's own keys are its own script's.
"use strict";
(() => {
  const dialog = document.getElementById("keys");
  document.getElementById("keys-button").addEventListener("click", () => dialog.showModal());

  function row(step) {
    const links = [...document.querySelectorAll("[data-row] a:first-of-type")].filter((one) => one.offsetParent);
    const rows = [...new Map(links.map((one) => [one.closest("[data-row]"), one])).values()];
    if (!rows.length) return;
    const at = rows.findIndex((one) => one.closest("[data-row]").contains(document.activeElement));
    const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1);
    rows[next].focus();
    rows[next].scrollIntoView({ block: "nearest" });
  }

  const actions = {
    "?": () => (dialog.open ? dialog.close() : dialog.showModal()),
    "/": () => document.getElementById("search")?.focus(),
    u: () => { const up = document.querySelector("[data-up]"); if (up) location.href = up.dataset.up; },
    j: () => row(1),
    k: () => row(-1),
    m: () => {
      const near = document.activeElement?.closest("[data-row]")?.querySelector(".mark");
      (near || document.querySelector(".mark.here"))?.click();
    },
    "[": () => document.querySelector("a[rel=prev]")?.click(),
    "]": () => document.querySelector("a[rel=next]")?.click(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.matches("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const action = Object.hasOwn(actions, event.key) ? actions[event.key] : null;
    if (action) { event.preventDefault(); action(); }
  });
})();
