/* A squarified treemap (Bruls, Huizing and van Wijk): areas as the amounts say, as near to squares as they can be. */

/**
 * The rectangles of positive amounts, which are sorted from the largest, in a rectangle: a list of
 * `{x, y, width, height}`. The amounts fill it.
 */
function squarified(amounts, x, y, width, height) {
  const total = amounts.reduce((sum, one) => sum + one, 0);
  const found = [];
  if (!(total > 0) || width <= 0 || height <= 0) {
    return amounts.map(() => ({ x, y, width: 0, height: 0 }));
  }
  const scale = (width * height) / total;
  const areas = amounts.map((one) => one * scale);
  let at = 0;
  while (at < areas.length) {
    const side = Math.min(width, height);
    let [end, sum] = [at + 1, areas[at]];
    let worst = ratio(areas[at], areas[at], sum, side);
    while (end < areas.length) {
      const next = ratio(areas[at], areas[end], sum + areas[end], side);
      if (next > worst) {
        break;
      }
      [worst, sum, end] = [next, sum + areas[end], end + 1];
    }
    const depth = side > 0 ? sum / side : 0;
    let along = width >= height ? y : x;
    for (; at < end; at += 1) {
      const length = depth > 0 ? areas[at] / depth : 0;
      found.push(width >= height ? { x, y: along, width: depth, height: length } : { x: along, y, width: length, height: depth });
      along += length;
    }
    if (width >= height) {
      [x, width] = [x + depth, width - depth];
    } else {
      [y, height] = [y + depth, height - depth];
    }
  }
  return found;
}

/** The worst ratio of sides in a row with this largest and smallest area, this sum, and this length. */
function ratio(largest, smallest, sum, side) {
  const square = side * side;
  return Math.max((square * largest) / (sum * sum), (sum * sum) / (square * smallest));
}

const LEAST = { width: 3, height: 3, inside: 26, tall: 22, title: 17 };

/** A hue for each class of modules, in the order in which the classes first occur: equal classes look alike. */
function huesOf(tree) {
  const types = [...new Set(tree.map((module) => module.type))];
  return new Map(types.map((type, at) => [type, (255 + at * 137.5) % 360]));
}

/**
 * The cells of a module and of those in it: `{module, own, isAround, depth, x, y, width, height, parent}`. `own` says
 * that a cell is what a module has beside those in it, `isAround` that there are cells in it; `parent` is the number of
 * the cell around it.
 */
function cells(tree, below, amount, root, width, height) {
  const found = [];
  const inside = (module, depth, x, y, w, h, parent) => {
    const parts = below[module].map((child) => ({ module: child, own: false, amount: tree[child][amount] ?? 0 }));
    const own = tree[module][`own_${amount}`] ?? 0;
    if (own > 0 && parts.length) {
      parts.push({ module, own: true, amount: own });
    }
    const shownParts = parts.filter((part) => part.amount > 0).sort((one, other) => other.amount - one.amount);
    const places = squarified(shownParts.map((part) => part.amount), x, y, w, h);
    shownParts.forEach((part, at) => {
      const { x: left, y: top, width: wide, height: high } = places[at];
      if (wide < LEAST.width || high < LEAST.height) {
        return;
      }
      const number = found.length;
      found.push({ ...part, depth, x: left, y: top, width: wide, height: high, parent });
      if (!part.own && below[part.module].length && wide > LEAST.inside && high > LEAST.tall + LEAST.title) {
        found[number].isAround = true;
        inside(part.module, depth + 1, left + 3, top + LEAST.title, wide - 6, high - LEAST.title - 3, number);
      }
    });
  };
  inside(root, 0, 0, 0, width, height, null);
  return found;
}
