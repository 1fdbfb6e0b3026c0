// The change from one text to another, line by line (Myers' algorithm), for two codes of which no page was made.
"use strict";
(() => {
  const MOST_EDITS = 1500, AROUND = 3;

  function edits(a, b) {
    let start = 0, endA = a.length, endB = b.length;
    while (start < endA && start < endB && a[start] === b[start]) start++;
    while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) { endA--; endB--; }
    const same = (from, to, shift) => Array.from({ length: to - from }, (_, i) => ["same", from + i, from + i + shift]);
    const middle = shortest(a.slice(start, endA), b.slice(start, endB)).map(([kind, i, j]) => [kind, i + start, j + start]);
    return [...same(0, start, 0), ...middle, ...same(endA, a.length, endB - endA)];
  }

  function shortest(a, b) {
    const n = a.length, m = b.length, most = Math.min(n + m, MOST_EDITS), trace = [];
    let ends = new Map([[1, 0]]);
    for (let d = 0; d <= most; d++) {
      trace.push(ends);
      const next = new Map(ends);
      for (let k = -d; k <= d; k += 2) {
        let x = fromAbove(ends, k, d) ? ends.get(k + 1) ?? 0 : (ends.get(k - 1) ?? 0) + 1;
        while (x < n && x - k < m && a[x] === b[x - k]) x++;
        next.set(k, x);
        if (x >= n && x - k >= m) return back(trace, n, m);
      }
      ends = next;
    }
    return [...a.map((_, i) => ["old", i, 0]), ...b.map((_, j) => ["new", 0, j])];
  }

  const fromAbove = (ends, k, d) => k === -d || (k !== d && (ends.get(k - 1) ?? -1) < (ends.get(k + 1) ?? -1));

  function back(trace, x, y) {
    const found = [];
    for (let d = trace.length - 1; d >= 0; d--) {
      const k = x - y, before = fromAbove(trace[d], k, d) ? k + 1 : k - 1;
      const fromX = trace[d].get(before) ?? 0, fromY = fromX - before;
      while (x > fromX && y > fromY) found.push(["same", --x, --y]);
      if (d) found.push(x === fromX ? ["new", x, y - 1] : ["old", x - 1, y]);
      [x, y] = [fromX, fromY];
    }
    return found.reverse();
  }

  // Rows of a comparison: changed lines with a few unchanged ones around them, and how many are left out between.
  window.podium.change = (old, now) => {
    const a = old.split("\n"), b = now.split("\n"), all = edits(a, b);
    const near = new Uint8Array(all.length);
    all.forEach(([kind], at) => {
      if (kind !== "same") near.fill(1, Math.max(0, at - AROUND), at + AROUND + 1);
    });
    const rows = [];
    let left = 0;
    const skip = () => { if (left) rows.push({ kind: "gap", text: `${left} unchanged lines` }); left = 0; };
    all.forEach(([kind, i, j], at) => {
      if (!near[at]) { left++; return; }
      skip();
      rows.push({ kind, old: kind === "new" ? null : i + 1, now: kind === "old" ? null : j + 1, text: kind === "new" ? b[j] : a[i] });
    });
    skip();
    return rows;
  };
})();
