// A run's search tree as data, and where its nodes are drawn. Knows nothing of colours or of a canvas.
"use strict";
(() => {
  const BLOCK = 7; // so many leaves of one parent are drawn as a block of rows rather than side by side
  const ROW = 0.55; // how far apart those rows are
  const UNIT = { x: 26, y: 54 }; // pixels between siblings, and between a parent and its children

  class TreeModel {
    constructor(data) {
      this.nodes = new Map();
      this.maximize = data.maximize;
      this.take(data);
    }

    // Nodes as the server sends them: [id, step, action, parents, state, score, title, marks].
    take(data) {
      for (const [id, step, action, parents, state, score, title, marks] of data.nodes) {
        const known = this.nodes.get(id);
        const node = known ?? { id, order: this.nodes.size, children: [] };
        Object.assign(node, { step, action, parents, state, score, title, marks });
        node.text = [id, action, state, title, marks].join(" ").toLowerCase();
        this.nodes.set(id, node);
      }
      this.bestId = data.best;
      this.arrange();
    }

    get list() { return [...this.nodes.values()]; }

    better(a, b) { return this.maximize ? a > b : a < b; }

    // A parent that was not proposed before its child can't be one: so nothing goes in circles.
    parentOf(node) {
      return node.parents.map((id) => this.nodes.get(id)).find((one) => one && one.order < node.order) ?? null;
    }

    otherParents(node) {
      const first = this.parentOf(node);
      return node.parents.map((id) => this.nodes.get(id)).filter((one) => one && one !== first && one !== node);
    }

    path(node) {
      const way = [];
      for (let at = node; at; at = this.parentOf(at)) way.unshift(at);
      return way;
    }

    get bestPath() { return this.path(this.nodes.get(this.bestId) ?? null); }

    arrange() {
      const roots = [];
      for (const node of this.nodes.values()) node.children = [];
      for (const node of this.nodes.values()) (this.parentOf(node)?.children ?? roots).push(node);
      this.roots = roots;
      const scores = this.list.filter((node) => node.state === "good" && node.score !== null).map((node) => node.score);
      scores.sort((a, b) => a - b);
      this.range = scores.length ? this.spread(scores) : null;
    }

    // From a poor score to the best one; a few very poor ones do not make all others look alike.
    spread(sorted) {
      const best = this.maximize ? sorted[sorted.length - 1] : sorted[0];
      const poor = sorted[Math.floor((this.maximize ? 0.1 : 0.9) * (sorted.length - 1))];
      return poor === best ? { poor: this.maximize ? sorted[0] : sorted[sorted.length - 1], best } : { poor, best };
    }

    // How good a score is, from 0 to 1.
    share(score) {
      if (!this.range || score === null) return null;
      const { poor, best } = this.range;
      return poor === best ? 1 : Math.min(Math.max((score - poor) / (best - poor), 0), 1);
    }

    // Parents above their children, subtrees as near to each other as their outlines allow, and the best path (else the
    // largest subtree) straight below. `aspect` is that of the place to draw on: a deep tree grows to the right instead.
    layoutTree(aspect = 1.6) {
      const best = new Set(this.bestPath.map((node) => node.id)), sizes = new Map();
      for (const node of this.afterChildren()) sizes.set(node, 1 + node.children.reduce((sum, child) => sum + sizes.get(child), 0));
      const main = (nodes) => nodes.find((node) => best.has(node.id)) ?? nodes.reduce((a, b) => (sizes.get(b) > sizes.get(a) ? b : a));
      for (const node of this.afterChildren()) {
        node.outline = node.children.length ? this.below(this.together(node.children), main(node.children)) : [[0, 0]];
      }
      if (this.roots.length) this.together(this.roots);
      this.spreadOut();
      this.turn(aspect);
    }

    // Every node after its children, without recursion: a chain may be long.
    afterChildren() {
      const order = [], stack = [...this.roots];
      while (stack.length) { const node = stack.pop(); order.push(node); stack.push(...node.children); }
      return order.reverse();
    }

    // Put subtrees beside each other: `shift` of each, and their common outline, [leftmost, rightmost] a level.
    together(nodes) {
      const leaves = nodes.filter((node) => !node.children.length), block = leaves.length > BLOCK ? leaves : [];
      const columns = Math.ceil(Math.sqrt(block.length * 1.8)), outline = [];
      const add = (levels) => {
        let shift = 0;
        levels.forEach(([left], level) => { if (outline[level]) shift = Math.max(shift, outline[level][1] + 1 - left); });
        levels.forEach(([left, right], level) => {
          if (outline[level]) outline[level][1] = right + shift; else outline[level] = [left + shift, right + shift];
        });
        return shift;
      };
      if (block.length) {
        const deep = Math.ceil(Math.ceil(block.length / columns) * ROW), start = add(Array.from({ length: deep }, () => [0, columns - 1]));
        block.forEach((leaf, at) => { leaf.shift = start + (at % columns); leaf.drop = Math.floor(at / columns) * ROW; });
      }
      for (const node of nodes) if (!block.includes(node)) { node.shift = add(node.outline); node.drop = 0; }
      return outline;
    }

    // The outline of a parent whose main child lies straight below it.
    below(outline, child) {
      const by = child.shift;
      for (const level of outline) { level[0] -= by; level[1] -= by; }
      child.parentShift = by;
      return [[0, 0], ...outline];
    }

    // From shifts to places.
    spreadOut() {
      const stack = this.roots.map((node) => [node, node.shift, 0]);
      while (stack.length) {
        const [node, x, y] = stack.pop();
        node.x = x; node.y = y + node.drop;
        const by = node.children.find((child) => child.parentShift !== undefined)?.parentShift ?? 0;
        for (const child of node.children) { stack.push([child, x + child.shift - by, y + 1]); child.parentShift = undefined; }
      }
    }

    turn(aspect) {
      const { left, right, top, bottom } = this.bounds(), wide = (right - left + 1) * UNIT.x, high = (bottom - top + 1) * UNIT.y;
      this.turned = Math.min(aspect / high, 1 / wide) > 1.25 * Math.min(aspect / wide, 1 / high);
      if (!this.turned) return;
      for (const node of this.nodes.values()) [node.x, node.y] = [(node.y * UNIT.y) / UNIT.x, (node.x * UNIT.x) / UNIT.y];
    }

    // Steps to the right, better scores higher; what has no score lies below.
    layoutSteps() {
      this.turned = false;
      const height = Math.max(8, Math.sqrt(this.nodes.size) * 1.6), wide = Math.max(1, (height * 2.2) / Math.max(1, this.nodes.size));
      for (const node of this.nodes.values()) {
        const share = this.share(node.state === "good" ? node.score : null);
        node.x = node.step * wide;
        node.y = share === null ? height + 1.2 : (1 - share) * height;
      }
      this.stepsFloor = height + 0.6;
    }

    bounds() {
      const list = this.list;
      if (!list.length) return { left: 0, right: 1, top: 0, bottom: 1 };
      let left = Infinity, right = -Infinity, top = Infinity, bottom = -Infinity;
      for (const node of list) {
        left = Math.min(left, node.x); right = Math.max(right, node.x);
        top = Math.min(top, node.y); bottom = Math.max(bottom, node.y);
      }
      return { left, right, top, bottom };
    }
  }

  TreeModel.UNIT = UNIT;
  window.podium.TreeModel = TreeModel;
})();
