// Pages that are files have no server to search for them: the rows that are on the page are filtered in place.
"use strict";
(() => {
  const search = document.getElementById("search");
  const rows = [...document.querySelectorAll("#rows [data-row]")].map((row) => [row, row.textContent.toLowerCase()]);
  document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
  search.placeholder = "search the runs of this page";
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const [row, text] of rows) row.hidden = !words.every((word) => text.includes(word));
  });
})();
