// Two pages of ours side by side. Which, the address says; anything but a run's or a node's page is refused.
"use strict";
(() => {
  const NAME = "[A-Za-z0-9_-][A-Za-z0-9_.-]*";
  const ALLOWED = new RegExp(`^groups/${NAME}/runs/${NAME}/(?:attempts/\\d+/)?(?:index|nodes/[0-9a-z-]{1,32})\\.html$`);
  const root = document.body.dataset.root, sides = document.getElementById("sides"), codes = new Map();
  const asked = new URLSearchParams(location.search);
  const paths = ["a", "b"].map((name) => asked.get(name) ?? "");

  if (!paths.every((path) => ALLOWED.test(path))) {
    document.getElementById("side-problem").hidden = false;
    return;
  }
  const frames = paths.map((path) => {
    const figure = document.createElement("figure"), caption = document.createElement("figcaption");
    const link = document.createElement("a"), frame = document.createElement("iframe");
    link.href = root + path;
    link.textContent = path.replace(/^groups\//, "").replace("/runs/", " › ").replace("/nodes/", " › ").replace(/(\/index)?\.html$/, "");
    caption.append(link);
    frame.title = link.textContent;
    frame.src = root + path;
    figure.append(caption, frame);
    sides.append(figure);
    return frame;
  });

  window.addEventListener("message", (event) => {
    const side = frames.findIndex((frame) => frame.contentWindow === event.source);
    if (side < 0 || event.data?.podium !== "code" || typeof event.data.code !== "string") return;
    codes.set(side, event.data.code);
    if (codes.size === 2) show(window.podium.change(codes.get(0), codes.get(1)));
  });

  function cell(row, text, kind) {
    const made = row.insertCell();
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function show(rows) {
    const body = document.getElementById("side-diff"), counts = { old: 0, new: 0 };
    body.replaceChildren();
    for (const line of rows) {
      const row = body.insertRow();
      row.className = line.kind;
      if (line.kind in counts) counts[line.kind]++;
      cell(row, line.old ?? "", "n");
      cell(row, line.now ?? "", "n");
      cell(row, line.kind === "gap" ? `⋯ ${line.text}` : `${{ old: "− ", new: "+ ", same: "  " }[line.kind]}${line.text}`);
    }
    document.getElementById("side-counts").textContent = counts.old || counts.new ? `+${counts.new} −${counts.old} lines` : "the same";
    document.getElementById("side-change").hidden = false;
  }
})();
