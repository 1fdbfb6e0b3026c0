// Keeps parts of a page up to date: asks for a part's address every few seconds and, where it changed, puts it in place.
// What arrives was escaped by the server like the page itself, and the page's policy lets no script in it run.
"use strict";
(() => {
  const EVERY = 2000, SLOWLY = 4000, SOON = 500; // soon: while the server is still reading
  let lost = null;

  function connection(works) {
    if (works && lost) { lost.remove(); lost = null; }
    if (!works && !lost) {
      lost = document.createElement("p");
      lost.className = "lost";
      lost.setAttribute("role", "status");
      lost.textContent = "podium view does not answer";
      document.body.append(lost);
    }
  }

  function keep(part) {
    const every = "slow" in part.dataset ? SLOWLY : EVERY;
    let last = part.innerHTML;
    const look = async () => {
      if (!document.hidden) {
        try {
          const answer = await fetch(part.dataset.live, { cache: "no-cache" });
          connection(true);
          if (answer.ok) put(await answer.text());
        } catch (error) {
          connection(false);
        }
      }
      const pending = part.querySelector("[data-pending]");
      if (pending || !("untilDone" in part.dataset)) setTimeout(look, pending ? SOON : every);
    };
    const put = (text) => {
      const body = new DOMParser().parseFromString(text, "text/html").body;
      if (body.innerHTML === last) return;
      last = body.innerHTML;
      const open = [...part.querySelectorAll("details")].map((one) => one.open);
      const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      part.replaceChildren(...body.childNodes);
      part.querySelectorAll("details").forEach((one, at) => { one.open = open[at] || false; });
      if (focused) part.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
      part.dispatchEvent(new CustomEvent("renewed", { bubbles: true }));
    };
    setTimeout(look, part.querySelector("[data-pending]") ? SOON : every);
  }

  window.podium = { connection };
  document.querySelectorAll("[data-live]").forEach(keep);

  // Filters of a list take effect while they are chosen; the button is for who has no script.
  const filters = document.getElementById("filters");
  filters?.querySelectorAll("select").forEach((select) => select.addEventListener("change", () => filters.requestSubmit()));
})();
