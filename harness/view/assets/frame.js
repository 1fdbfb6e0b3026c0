// A page shown inside another page of ours (a node beside its tree, two runs side by side) shows its content only, and
// its links lead the whole window.
"use strict";
if (window.top !== window) {
  document.documentElement.classList.add("framed");
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (link && !link.getAttribute("href").startsWith("#")) link.target = "_top";
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") window.parent.postMessage({ podium: "escape" }, "*");
  });
}
