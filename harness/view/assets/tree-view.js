// Draws a search tree on a canvas, so that thousands of nodes move as fast as ten; zoom, pan, and what lies where.
"use strict";
(() => {
  const ACTIONS = ["draft", "improve", "debug", "merge", "ensemble"];
  const KINDS = ["bad", "debug", "merge", "ensemble", "another", "draft", "gold"];
  const { UNIT } = window.podium.TreeModel, MARGIN = 30, LARGEST = 4, STRETCH = 2.2;

  class TreeView {
    constructor(canvas, model) {
      this.canvas = canvas;
      this.model = model;
      this.context = canvas.getContext("2d");
      this.colourBy = "score";
      this.layout = "tree";
      this.selected = null;
      this.found = null; // ids that a search found; null: all
      this.empty = "no node yet";
      this.moved = false; // by the user: then new nodes do not change what is seen
      this.scale = 1; this.x = 0; this.y = 0;
      this.unit = { ...UNIT };
      this.pointers = new Map();
      this.onSelect = this.onOpen = this.onHover = () => {};
      this.listen();
      this.readColours();
      this.arrange();
      new ResizeObserver(() => this.resize()).observe(canvas);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { this.readColours(); this.draw(); });
    }

    readColours() {
      const style = getComputedStyle(document.documentElement);
      this.colours = new Proxy({}, { get: (kept, name) => (kept[name] ??= style.getPropertyValue(`--${name}`).trim()) });
    }

    arrange() {
      if (this.layout === "tree") this.model.layoutTree(this.canvas.clientWidth / this.canvas.clientHeight || 1.6); else this.model.layoutSteps();
      const kinds = new Map();
      for (const node of this.model.nodes.values()) {
        if (node.state !== "good" && node.state !== "running") kinds.set(node.state, (kinds.get(node.state) ?? 0) + 1);
      }
      this.failures = [...kinds].sort((a, b) => b[1] - a[1]).map(([kind]) => kind);
    }

    // What came new is drawn; what is seen stays as it is once somebody moved it.
    renew() {
      this.arrange();
      if (this.moved) this.draw(); else this.fit();
    }

    resize() {
      const ratio = window.devicePixelRatio || 1, { clientWidth: width, clientHeight: height } = this.canvas;
      if (!width || !height) return;
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      if (this.moved) { this.x += (width - this.width) / 2; this.y += (height - this.height) / 2; }
      this.width = width; this.height = height; this.ratio = ratio;
      if (!this.moved) this.fit();
      if (this.selected) this.show(this.selected);
      this.draw();
    }

    fit() {
      if (!this.width) return;
      const { left, right, top, bottom } = this.model.bounds(), room = MARGIN * 2 + (this.layout === "steps" ? 30 : 0);
      const wide = Math.max((right - left) * UNIT.x, 1), high = Math.max((bottom - top) * UNIT.y, 1);
      const scales = [(this.width - room) / wide, (this.height - room) / high];
      this.scale = Math.min(...scales, 1.8);
      const [x, y] = scales.map((scale) => Math.min(Math.max(scale / this.scale, 1), STRETCH)); // room that is left is used
      this.unit = { x: UNIT.x * x, y: UNIT.y * y };
      this.x = this.width / 2 - ((left + right) / 2) * this.unit.x * this.scale + (this.layout === "steps" ? 15 : 0);
      this.y = this.height / 2 - ((top + bottom) / 2) * this.unit.y * this.scale;
      this.moved = false;
      this.draw();
    }

    place(node) { return [this.x + node.x * this.unit.x * this.scale, this.y + node.y * this.unit.y * this.scale]; }

    get radius() { return Math.min(Math.max(this.scale * 7.5, 1.6), 10); }

    zoom(factor, at = [this.width / 2, this.height / 2]) {
      const { left, right, top, bottom } = this.model.bounds();
      const least = 0.4 * Math.min(this.width / Math.max((right - left) * this.unit.x, 1), this.height / Math.max((bottom - top) * this.unit.y, 1), 1);
      const scale = Math.min(Math.max(this.scale * factor, least), LARGEST), by = scale / this.scale;
      this.x = at[0] - (at[0] - this.x) * by;
      this.y = at[1] - (at[1] - this.y) * by;
      this.scale = scale;
      this.moved = true;
      this.draw();
    }

    // Bring a node into sight, and near enough to be told from its neighbours.
    show(node) {
      if (!this.width) return;
      if (this.scale < 0.45 && this.layout === "tree") { this.scale = 0.45; this.moved = true; this.centre(node); return; }
      const [x, y] = this.place(node), edge = MARGIN - 6;
      if (x < edge || y < edge || x > this.width - edge || y > this.height - edge) { this.moved = true; this.centre(node); }
    }

    centre(node) {
      this.x = this.width / 2 - node.x * this.unit.x * this.scale;
      this.y = this.height / 2 - node.y * this.unit.y * this.scale;
    }

    select(node, { look = true } = {}) {
      this.selected = node;
      if (node && look) this.show(node);
      this.draw();
      this.onSelect(node);
    }

    at(x, y) {
      let nearest = null, least = Math.max(this.radius + 4, 9) ** 2;
      for (const node of this.model.nodes.values()) {
        const [nx, ny] = this.place(node), distance = (nx - x) ** 2 + (ny - y) ** 2;
        if (distance < least) { least = distance; nearest = node; }
      }
      return nearest;
    }

    colour(node) {
      const { colours } = this;
      if (this.colourBy === "stage") return colours[ACTIONS.includes(node.action) ? node.action : "another"];
      if (node.state === "running") return colours.accent;
      if (node.state !== "good") {
        return this.colourBy === "failure" ? colours[KINDS[this.failures.indexOf(node.state) % KINDS.length]] : colours.bad;
      }
      if (this.colourBy === "failure") return colours.s1;
      const share = this.model.share(node.score);
      return share === null ? colours.soft : colours[`s${Math.min(4, Math.floor(share * 5))}`];
    }

    draw() {
      if (!this.width || this.waiting) return;
      this.waiting = requestAnimationFrame(() => { this.waiting = null; this.paint(); });
    }

    paint() {
      const { context: c, colours } = this;
      c.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      c.clearRect(0, 0, this.width, this.height);
      if (!this.model.nodes.size) {
        c.fillStyle = colours.soft; c.font = "14px system-ui, sans-serif"; c.textAlign = "center";
        c.fillText(this.empty, this.width / 2, this.height / 2);
      } else if (this.layout === "steps") this.paintAxis(c);
      const best = new Set(this.model.bestPath.map((node) => node.id));
      this.paintEdges(c, best);
      for (const node of this.model.nodes.values()) this.paintNode(c, node, best);
      if (this.selected) {
        const [x, y] = this.place(this.selected);
        c.strokeStyle = colours.ink; c.lineWidth = 2; c.globalAlpha = 1;
        c.beginPath(); c.arc(x, y, this.radius + 5, 0, 7); c.stroke();
      }
    }

    paintEdges(c, best) {
      const plain = new Path2D(), extra = new Path2D(), way = new Path2D();
      for (const node of this.model.nodes.values()) {
        const parent = this.model.parentOf(node);
        if (parent) this.edge(best.has(node.id) && best.has(parent.id) ? way : plain, parent, node);
        for (const other of this.model.otherParents(node)) this.edge(extra, other, node);
      }
      const crowded = this.model.nodes.size > 300 && this.scale < 0.45;
      c.globalAlpha = this.found ? 0.35 : this.layout === "steps" && crowded ? 0.5 : 1;
      c.strokeStyle = this.colours.rule; c.lineWidth = this.scale < 0.25 ? 0.7 : 1.2; c.stroke(plain);
      if (crowded) c.globalAlpha *= 0.35;
      c.strokeStyle = this.colours.merge; c.setLineDash([4, 4]); c.stroke(extra); c.setLineDash([]);
      c.globalAlpha = 1;
      c.strokeStyle = this.colours.path; c.lineWidth = 2.6; c.stroke(way);
    }

    edge(path, parent, node) {
      const [px, py] = this.place(parent), [x, y] = this.place(node);
      if (Math.max(px, x) < 0 || Math.min(px, x) > this.width || Math.max(py, y) < 0 || Math.min(py, y) > this.height) return;
      path.moveTo(px, py);
      if (this.layout !== "tree") path.lineTo(x, y);
      else if (this.model.turned) path.bezierCurveTo((px + x) / 2, py, (px + x) / 2, y, x, y);
      else path.bezierCurveTo(px, (py + y) / 2, x, (py + y) / 2, x, y);
    }

    paintNode(c, node, best) {
      const [x, y] = this.place(node), r = this.radius;
      if (x < -20 || y < -20 || x > this.width + 20 || y > this.height + 20) return;
      c.globalAlpha = this.found && !this.found.has(node.id) ? 0.13 : 1;
      c.fillStyle = c.strokeStyle = this.colour(node);
      c.beginPath();
      if (node.state === "good") {
        c.arc(x, y, r, 0, 7); c.fill();
        if (best.has(node.id)) { c.strokeStyle = this.colours.path; c.lineWidth = 2; c.stroke(); }
      } else if (node.state === "running") {
        c.setLineDash([3, 2]); c.lineWidth = 2; c.arc(x, y, r, 0, 7); c.stroke(); c.setLineDash([]);
      } else {
        const d = r * 0.72;
        c.lineWidth = Math.max(1.2, Math.min(2.6, r * 0.4));
        c.moveTo(x - d, y - d); c.lineTo(x + d, y + d); c.moveTo(x - d, y + d); c.lineTo(x + d, y - d); c.stroke();
      }
      if (node.id === this.model.bestId) this.star(c, x, y, r + 4.5);
      if (this.scale > 1.7 && node.score !== null) {
        c.fillStyle = this.colours.soft; c.font = "10px system-ui, sans-serif"; c.textAlign = "center";
        c.fillText(podium.score(node.score), x, y + r + 12);
      }
      c.globalAlpha = 1;
    }

    star(c, x, y, r) {
      c.beginPath();
      for (let i = 0; i < 10; i++) {
        const angle = (Math.PI * i) / 5 - Math.PI / 2, length = i % 2 ? r * 0.5 : r;
        c.lineTo(x + length * Math.cos(angle), y + length * Math.sin(angle));
      }
      c.closePath();
      c.fillStyle = this.colours.path; c.strokeStyle = this.colours.paper; c.lineWidth = 1; c.fill(); c.stroke();
    }

    // Scores at the left, and the line below which lies what has none.
    paintAxis(c) {
      const { range, stepsFloor } = this.model;
      c.font = "11px system-ui, sans-serif"; c.fillStyle = this.colours.soft; c.strokeStyle = this.colours.rule; c.lineWidth = 1;
      const floor = this.y + stepsFloor * this.unit.y * this.scale;
      c.setLineDash([2, 4]); c.beginPath(); c.moveTo(0, floor); c.lineTo(this.width, floor); c.stroke(); c.setLineDash([]);
      c.textAlign = "left";
      c.fillText("no score", 6, Math.min(floor + 15, this.height - 4));
      if (!range || range.poor === range.best) return;
      for (let i = 0; i <= 4; i++) {
        const y = this.y + (i / 4) * (stepsFloor - 0.6) * this.unit.y * this.scale;
        c.globalAlpha = 0.7; c.beginPath(); c.moveTo(60, y); c.lineTo(this.width, y); c.stroke(); c.globalAlpha = 1;
        const poor = i === 4 ? (this.model.maximize ? "≤ " : "≥ ") : "";
        c.fillText(poor + podium.score(range.best + (i / 4) * (range.poor - range.best)), 6, y + 4);
      }
    }

    listen() {
      const { canvas } = this, where = (event) => [event.offsetX, event.offsetY];
      canvas.addEventListener("pointerdown", (event) => {
        canvas.setPointerCapture(event.pointerId);
        this.pointers.set(event.pointerId, where(event));
        this.dragged = 0;
      });
      canvas.addEventListener("pointermove", (event) => {
        const before = this.pointers.get(event.pointerId), now = where(event);
        if (!before) { this.onHover(this.at(...now), now); return; }
        if (this.pointers.size === 1) this.pan(now[0] - before[0], now[1] - before[1]); else this.pinch(event.pointerId, before, now);
        this.pointers.set(event.pointerId, now);
      });
      const end = (event) => {
        const known = this.pointers.delete(event.pointerId);
        canvas.classList.remove("moving");
        if (known && event.type === "pointerup" && this.dragged < 5 && !this.pointers.size) this.tap(this.at(...where(event)));
      };
      canvas.addEventListener("pointerup", end);
      canvas.addEventListener("pointercancel", end);
      canvas.addEventListener("pointerleave", () => this.onHover(null, [0, 0]));
      canvas.addEventListener("dblclick", (event) => { const node = this.at(...where(event)); if (node) this.onOpen(node); });
      canvas.addEventListener("wheel", (event) => {
        if (!event.ctrlKey && document.activeElement !== canvas) return; // the page scrolls until the drawing was clicked
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), where(event));
      }, { passive: false });
    }

    tap(node) {
      this.canvas.focus({ preventScroll: true });
      if (node) this.select(node, { look: false });
    }

    pan(dx, dy) {
      this.dragged += Math.abs(dx) + Math.abs(dy);
      if (this.dragged < 5) return;
      this.canvas.classList.add("moving");
      this.x += dx; this.y += dy; this.moved = true;
      this.draw();
    }

    pinch(id, before, now) {
      const [, other] = [...this.pointers].find(([key]) => key !== id);
      const length = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) || 1;
      this.dragged = 99;
      this.zoom(length(now, other) / length(before, other), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
    }
  }

  // Scores with digits enough to tell one from another, and no more.
  window.podium.score = (value) => (value === null ? "–" : String(Number(value.toPrecision(5))));
  window.podium.ACTIONS = ACTIONS;
  window.podium.KINDS = KINDS;
  window.podium.TreeView = TreeView;
})();
