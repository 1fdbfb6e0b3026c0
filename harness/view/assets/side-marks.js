// Marks a run or a node; marking a second one shows both side by side. The mark lasts as long as the tab.
"use strict";
(() => {
  const KEY = "podium-mark", bar = document.getElementById("marked"), root = document.body.dataset.root;

  function read() {
    try {
      const mark = JSON.parse(sessionStorage.getItem(KEY));
      return mark && typeof mark.path === "string" && typeof mark.name === "string" ? mark : null;
    } catch (error) {
      return null;
    }
  }

  function write(mark) {
    try {
      if (mark) sessionStorage.setItem(KEY, JSON.stringify(mark));
      else sessionStorage.removeItem(KEY);
    } catch (error) { /* a browser that keeps nothing: then the mark lasts for this page */ }
    show(mark);
  }

  function show(mark) {
    document.querySelectorAll(".mark").forEach((one) => one.classList.toggle("chosen", mark?.path === one.dataset.mark));
    bar.hidden = !mark;
    if (!mark) return;
    const text = document.createElement("span");
    text.textContent = `Marked: ${mark.name}. Mark another with ⇄ to see both side by side.`;
    const forget = document.createElement("button");
    forget.textContent = "forget";
    forget.addEventListener("click", () => write(null));
    bar.replaceChildren(text, forget);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".mark");
    if (!button) return;
    const mark = read(), chosen = { path: button.dataset.mark, name: button.dataset.name };
    if (!mark) write(chosen);
    else if (mark.path === chosen.path) write(null);
    else {
      write(null);
      location.href = `${root}side.html?a=${encodeURIComponent(mark.path)}&b=${encodeURIComponent(chosen.path)}`;
    }
  });
  document.addEventListener("renewed", () => show(read()));
  show(read());
})();
