// A run's search tree as data, and where its nodes are drawn. Knows nothing of colours or of a canvas.
"use strict";
(() => {
  const BLOCK = 7; // so many leaves of one parent are drawn as a block of rows rather than side by side
  const ROW = 0.55;

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

    // Parents above their children, children beside each other.
    layoutTree() {
      let slot = 0;
      const stack = this.roots.map((node) => [node, 0, false]).reverse();
      while (stack.length) {
        const [node, depth, done] = stack.pop();
        if (done) {
          const xs = node.children.map((child) => child.x);
          node.x = (Math.min(...xs) + Math.max(...xs)) / 2;
          continue;
        }
        node.y = depth;
        if (!node.children.length) { node.x = slot++; continue; }
        stack.push([node, depth, true]);
        const leaves = node.children.filter((child) => !child.children.length);
        const block = leaves.length > BLOCK ? leaves : [];
        const rest = node.children.filter((child) => !block.includes(child));
        if (block.length) slot = this.block(block, slot, depth + 1);
        for (const child of rest.reverse()) stack.push([child, depth + 1, false]);
      }
    }

    block(leaves, slot, depth) {
      const columns = Math.ceil(Math.sqrt(leaves.length * 1.8));
      leaves.forEach((leaf, at) => {
        leaf.x = slot + (at % columns);
        leaf.y = depth + Math.floor(at / columns) * ROW;
      });
      return slot + columns;
    }

    // Steps to the right, better scores higher; what has no score lies below.
    layoutSteps() {
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

  window.podium.TreeModel = TreeModel;
})();
