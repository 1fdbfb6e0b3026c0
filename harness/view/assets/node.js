// Gives a page that shows this one beside another its code, for the change between the two.
"use strict";
(() => {
  if (window.top === window) return;
  const code = JSON.parse(document.getElementById("code-data").textContent);
  window.parent.postMessage({ podium: "code", code }, "*");
})();
