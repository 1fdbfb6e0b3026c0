// A run's page: the tree with its tools, the node beside it, the list of nodes; and, live, what comes new.
"use strict";
(() => {
  const { TreeModel, TreeView, ACTIONS, KINDS, score, connection } = window.podium;
  const LIVE = "isLive" in document.documentElement.dataset, EVERY = 1500, ROWS = 150;
  const get = (id) => document.getElementById(id);
  const data = JSON.parse(get("data").textContent);
  const model = new TreeModel(data), view = new TreeView(get("tree"), model);
  let { epoch, at, more, over } = data, rows = ROWS, best = -1, searching = null, hits = null;

  if (over) view.empty = "this agent reported no search tree; its model calls are above";
  const address = (node) => `nodes/${encodeURIComponent(node.id)}.html`;
  const words = (node) => {
    const state = node.state === "good" ? score(node.score) : node.state;
    return `${node.action} ${node.id}: ${state}${node.marks ? ` (${node.marks})` : ""}`;
  };
  function element(name, text, cls) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (cls) made.className = cls;
    return made;
  }

  // The node beside the tree; on a small screen its own page instead.
  const panel = get("panel"), frame = get("panel-frame");
  let framed = null, soon = null;
  const wide = () => matchMedia("(min-width: 861px)").matches && window.top === window;
  function showPanel(node) {
    panel.hidden = !node || !wide();
    if (panel.hidden) return;
    get("panel-name").textContent = node.id;
    get("panel-open").href = address(node);
    clearTimeout(soon);
    soon = setTimeout(() => {
      if (framed !== node.id + node.state) { framed = node.id + node.state; frame.contentWindow.location.replace(new URL(address(node), location.href)); }
    }, 120);
  }
  function hidePanel() { panel.hidden = true; view.select(null); get("tree").focus(); }
  get("panel-close").addEventListener("click", hidePanel);
  window.addEventListener("message", (event) => {
    if (event.source === frame.contentWindow && event.data?.podium === "escape") hidePanel();
  });

  view.onSelect = (node) => {
    const said = get("said");
    said.replaceChildren();
    if (node) {
      const link = element("a", words(node));
      link.href = address(node);
      said.append(link, node.title ? ` – ${node.title}` : "");
    }
    history.replaceState(null, "", node ? `#${node.id}` : location.pathname + location.search);
    showPanel(node);
    for (const row of get("nodes").rows) row.classList.toggle("here", row.dataset.id === node?.id);
  };
  view.onOpen = (node) => { location.href = address(node); };
  view.onHover = (node, [x, y]) => {
    const tip = get("tip");
    tip.hidden = !node;
    if (!node) return;
    tip.textContent = `step ${node.step}, ${words(node)}${node.title ? `\n${node.title}` : ""}`;
    tip.style.left = `${Math.max(4, Math.min(x + 14, view.width - 270))}px`;
    tip.style.top = `${Math.max(4, Math.min(y + 14, view.height - 80))}px`;
  };

  // Tools
  function choose(kind, value) {
    document.querySelectorAll(`[data-${kind}]`).forEach((one) => one.setAttribute("aria-pressed", one.dataset[kind] === value));
    if (kind === "layout") { view.layout = value; view.arrange(); view.fit(); } else { view.colourBy = value; view.draw(); }
    legend();
  }
  document.querySelectorAll("[data-layout]").forEach((one) => one.addEventListener("click", () => choose("layout", one.dataset.layout)));
  document.querySelectorAll("[data-colour]").forEach((one) => one.addEventListener("click", () => choose("colour", one.dataset.colour)));
  const zooms = { in: () => view.zoom(1.35), out: () => view.zoom(1 / 1.35), fit: () => view.fit() };
  document.querySelectorAll("[data-zoom]").forEach((one) => one.addEventListener("click", zooms[one.dataset.zoom]));
  function toBest() {
    const way = model.bestPath;
    if (!way.length) return;
    best = best < 0 ? way.length - 1 : (best + 1) % way.length;
    view.select(way[best]);
  }
  get("to-best").addEventListener("click", toBest);

  function legend() {
    const items = [], mark = (colour, cross) => {
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("viewBox", "0 0 10 10");
      const shape = document.createElementNS("http://www.w3.org/2000/svg", cross ? "path" : "circle");
      if (cross) { shape.setAttribute("d", "M1.5 1.5L8.5 8.5M8.5 1.5L1.5 8.5"); shape.style.stroke = `var(--${colour})`; shape.style.strokeWidth = "2"; }
      else { shape.setAttribute("cx", "5"); shape.setAttribute("cy", "5"); shape.setAttribute("r", "4.5"); shape.style.fill = `var(--${colour})`; }
      svg.append(shape);
      return svg;
    };
    const item = (svg, text) => { const li = element("li"); li.append(svg, text); items.push(li); };
    const failed = view.failures.length > 0;
    if (view.colourBy === "stage") {
      const used = new Set(model.list.map((node) => node.action));
      for (const action of ACTIONS) if (used.has(action)) item(mark(action), action);
      if ([...used].some((action) => !ACTIONS.includes(action))) item(mark("another"), "another action");
      if (failed) item(mark("soft", true), "failed");
    } else if (view.colourBy === "failure") {
      item(mark("s1"), "working");
      view.failures.forEach((kind, at) => item(mark(KINDS[at % KINDS.length], true), kind));
    } else {
      if (model.range) {
        const scale = element("li");
        scale.append(`${score(model.range.poor)} `, ...[0, 1, 2, 3, 4].map((at) => mark(`s${at}`)), ` ${score(model.range.best)} (best)`);
        items.push(scale);
      }
      if (failed) item(mark("bad", true), "failed");
    }
    item(mark("path"), "best path, and the best node as a star");
    if (model.list.some((node) => node.state === "running")) item(mark("accent"), "being made");
    get("legend").replaceChildren(...items);
  }

  // Search: in what this page knows at once, in code and output by the server.
  function matching() {
    const text = get("search").value.trim().toLowerCase(), only = get("only").value;
    const onBest = new Set(model.bestPath.map((node) => node.id));
    return model.list.filter((node) => {
      if (only === "good" && node.state !== "good") return false;
      if (only === "failed" && (node.state === "good" || node.state === "running")) return false;
      if (only === "best" && !onBest.has(node.id)) return false;
      return !text || text.split(/\s+/).every((word) => node.text.includes(word)) || (hits?.has(node.id) ?? false);
    });
  }
  function refresh() {
    const narrowed = get("search").value.trim() || get("only").value, found = matching();
    view.found = narrowed ? new Set(found.map((node) => node.id)) : null;
    get("found").textContent = (narrowed ? `${found.length} of ` : "") + `${model.nodes.size} node${model.nodes.size === 1 ? "" : "s"}${more ? ", reading …" : ""}`;
    view.draw();
    list(found);
  }
  get("search").addEventListener("input", () => {
    hits = null; refresh();
    clearTimeout(searching);
    const text = get("search").value.trim();
    if (LIVE && text.length > 1) searching = setTimeout(async () => {
      const answer = await fetch(`search.json?q=${encodeURIComponent(text)}`).catch(() => null);
      if (!answer?.ok || get("search").value.trim() !== text) return;
      hits = new Set((await answer.json()).nodes);
      refresh();
    }, 250);
  });
  get("search").addEventListener("keydown", (event) => {
    const first = event.key === "Enter" && view.found ? matching()[0] : null;
    if (first) { event.preventDefault(); view.select(first); get("tree").focus(); }
  });
  get("only").addEventListener("change", refresh);

  function list(found) {
    const details = document.querySelector(".nodes");
    if (!details.open) return;
    const body = get("nodes");
    body.replaceChildren(...found.slice(0, rows).map((node) => {
      const row = element("tr"), link = element("a", node.id), name = element("td", undefined, "t");
      row.dataset.row = ""; row.dataset.id = node.id;
      link.href = address(node);
      name.append(link);
      const state = element("td", undefined, "t");
      state.append(element("span", node.state === "good" ? "working" : node.state, `tag ${node.state === "good" ? "" : node.state === "running" ? "running" : "bad"}`));
      row.append(element("td", node.step), name, element("td", node.action, "t"), element("td", node.parents.join(", "), "t"), state,
        element("td", score(node.score)), element("td", [node.title, node.marks].filter(Boolean).join(" – "), "t said"));
      return row;
    }));
    get("more-nodes").hidden = found.length <= rows;
  }
  document.querySelector(".nodes").addEventListener("toggle", refresh);
  get("more-nodes").addEventListener("click", () => { rows *= 2; refresh(); });

  // Keys of the drawing
  function step(by) {
    const order = model.list, here = view.selected ? order.indexOf(view.selected) : by > 0 ? -1 : order.length;
    const next = order[Math.min(Math.max(here + by, 0), order.length - 1)];
    if (next) view.select(next);
  }
  function beside(by) {
    const parent = model.parentOf(view.selected), siblings = (parent ? parent.children : model.roots).slice().sort((a, b) => (model.turned ? a.y - b.y || a.x - b.x : a.x - b.x || a.y - b.y));
    const next = siblings[siblings.indexOf(view.selected) + by];
    if (next) view.select(next);
  }
  const toParent = () => { const parent = view.selected && model.parentOf(view.selected); if (parent) view.select(parent); };
  const toChild = () => { if (!view.selected) step(1); else if (view.selected.children[0]) view.select(view.selected.children[0]); };
  const toSibling = (by) => () => (view.selected ? beside(by) : step(by));
  // Arrows go where they point: in a tree that grows to the right, a parent is at the left.
  const ways = { up: [toParent, toSibling(-1)], down: [toChild, toSibling(1)], left: [toSibling(-1), toParent], right: [toSibling(1), toChild] };
  const way = (name) => () => ways[name][model.turned ? 1 : 0]();
  const moves = {
    ArrowUp: way("up"), ArrowDown: way("down"), ArrowLeft: way("left"), ArrowRight: way("right"),
    Enter: () => view.selected && view.onOpen(view.selected),
    Escape: hidePanel,
  };
  const anywhere = {
    "[": () => step(-1), "]": () => step(1), b: toBest, "+": zooms.in, "=": zooms.in, "-": zooms.out, 0: zooms.fit,
    c: () => choose("colour", { score: "stage", stage: "failure", failure: "score" }[view.colourBy]),
    v: () => choose("layout", view.layout === "tree" ? "steps" : "tree"),
  };
  get("tree").addEventListener("keydown", (event) => {
    if (Object.hasOwn(moves, event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); moves[event.key](); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
    if (Object.hasOwn(anywhere, event.key)) { event.preventDefault(); anywhere[event.key](); }
  }, true);

  // A click on a node of the best path shows it in the tree, where there is room beside it.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-node]"), node = link && model.nodes.get(link.dataset.node);
    if (node && wide() && !event.ctrlKey && !event.metaKey) { event.preventDefault(); view.select(node); get("tree").scrollIntoView({ block: "nearest" }); }
  });

  async function look() {
    if (!document.hidden || more) {
      try {
        const answer = await fetch(`tree.json?after=${at}`, { cache: "no-cache" });
        connection(true);
        if (answer.ok) take(await answer.json());
      } catch (error) {
        connection(false);
      }
    }
    setTimeout(look, more ? 30 : over ? EVERY * 4 : EVERY);
  }
  function take(news) {
    if (news.epoch !== epoch) { location.reload(); return; }
    at = news.at; over = news.over;
    const changed = news.nodes.length > 0 || news.best !== model.bestId || more !== news.more;
    more = news.more;
    if (!changed) return;
    model.maximize = news.maximize;
    model.take(news);
    view.renew();
    legend();
    refresh();
    if (view.selected && news.nodes.some(([id]) => id === view.selected.id)) view.onSelect(view.selected);
  }

  legend();
  refresh();
  const wanted = model.nodes.get(location.hash.slice(1));
  if (wanted) requestAnimationFrame(() => view.select(wanted));
  window.addEventListener("hashchange", () => { const node = model.nodes.get(location.hash.slice(1)); if (node && node !== view.selected) view.select(node); });
  if (LIVE) setTimeout(look, more ? 30 : EVERY);
})();
