/* The module tree: a map by parameters or by what is saved, and a list. */

let fillMap = () => {};

section("modules", "Modules", (target) => {
  const { tree, saved } = target.modules;
  if (tree.length < 2) {
    return null;
  }
  const below = tree.map(() => []);
  tree.forEach((module, number) => module.parent !== null && below[module.parent].push(number));
  const amounts = [["elements", "Parameters"], ...(tree[0].saved === null ? [] : [["saved", `Saved ${saved}`]])];
  let amount = tree[0].elements || amounts.length === 1 ? "elements" : "saved";
  let root = 0;
  const box = el("div", { class: "map", role: "group" });
  const trail = el("nav", { class: "trail", "aria-label": "Modules around the map" });
  const label = (number) => tree[number].name || target.qualname;
  const text = (number) => tree[number][`${amount}_text`];
  const hues = huesOf(tree);
  let drawn = [];
  const draw = () => {
    drawn = cells(tree, below, amount, root, box.clientWidth, box.clientHeight);
    const around = root ? `${label(root)}.` : "";
    const made = drawn.map((cell, at) => mapCell(cell, at, around));
    box.replaceChildren(...(made.length ? made : [el("p", { class: "dim" }, amount === "saved" ? "Nothing is saved here." : "There are no parameters here.")]));
    box.setAttribute("aria-label", `${amounts.find(([name]) => name === amount)[1]} of ${label(root)}: ${text(root)}`);
    const above = [];
    for (let number = root; number !== null; number = tree[number].parent) {
      above.unshift(number);
    }
    trail.replaceChildren(...above.flatMap((number, at) => [at ? el("span", { class: "dim" }, "›") : "", el("button", { type: "button", class: "link code", "aria-current": number === root ? "true" : null, onclick: () => fill(number) }, at ? label(number).slice(above[at - 1] ? label(above[at - 1]).length + 1 : 0) : label(0))]), el("span", { class: "dim" }, text(root)));
    markCells();
  };
  const mapCell = (cell, at, around) => {
    const name = cell.own ? `${tree[cell.module].type}’s own` : label(cell.module).slice(cell.parent === null ? around.length : label(drawn[cell.parent].module).length + 1) || label(cell.module);
    const size = tree[cell.module][`${cell.own ? "own_" : ""}${amount}_text`];
    const made = el("div", { class: cell.isAround ? "cell around" : "cell", role: "button", tabindex: at ? "-1" : "0", "data-cell": at, "aria-label": `${cell.own ? `${label(cell.module)}, its own` : label(cell.module)}, ${tree[cell.module].type}, ${size}`, title: `${label(cell.module)}  ${tree[cell.module].type}  ${size}` });
    if (cell.width > 34 && cell.height > 15) {
      made.append(el("b", {}, name), cell.width > 120 ? el("span", { class: "dim" }, `  ${cell.own ? "" : `${tree[cell.module].type}  `}${size}`) : "");
    }
    for (const [property, value] of [["left", cell.x], ["top", cell.y], ["width", cell.width], ["height", cell.height]]) {
      made.style.setProperty(property, `${value}px`);
    }
    made.style.setProperty("--hue", hues.get(tree[cell.module].type));
    made.style.setProperty("--depth", Math.min(cell.depth, 6));
    return made;
  };
  const fill = (number) => {
    root = number;
    draw();
    say(box.getAttribute("aria-label"));
  };
  fillMap = (number) => {
    fill(below[number].length ? number : (tree[number].parent ?? 0));
    goTo("modules");
    box.querySelector(".cell")?.focus({ preventScroll: true });
  };
  const at = (element) => Number(element.dataset.cell);
  const cellAt = (number) => box.querySelector(`[data-cell="${number}"]`);
  roving(
    box,
    ".cell",
    (from, key) => {
      const cell = drawn[at(from)];
      const beside = drawn.map((_, number) => number).filter((number) => drawn[number].parent === cell.parent);
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (step) {
        return cellAt(beside[beside.indexOf(at(from)) + step]);
      }
      if (key === "ArrowUp") {
        return cell.parent === null ? null : cellAt(cell.parent);
      }
      return key === "ArrowDown" ? cellAt(drawn.findIndex((other) => other.parent === at(from))) : null;
    },
    (element, key) => {
      const { module, own } = drawn[at(element)];
      if (key === "Enter" && !own && below[module].length) {
        fill(module);
        box.querySelector(".cell")?.focus();
      } else {
        choose("module", 0, module);
      }
    },
  );
  box.addEventListener("keydown", (event) => {
    if ((event.key === "Backspace" || event.key === "Escape") && root) {
      event.preventDefault();
      event.stopPropagation();
      const was = root;
      fill(tree[root].parent);
      (cellAt(drawn.findIndex((cell) => cell.module === was && !cell.own)) ?? box.querySelector(".cell"))?.focus();
    }
  });
  box.addEventListener("click", (event) => {
    const element = event.target.closest(".cell");
    if (element) {
      choose("module", 0, drawn[at(element)].module);
    }
  });
  box.addEventListener("dblclick", (event) => {
    const element = event.target.closest(".cell");
    if (element && below[drawn[at(element)].module].length) {
      fill(drawn[at(element)].module);
    }
  });
  let chosen = null;
  const markCells = () => box.querySelectorAll(".cell").forEach((element) => element.classList.toggle("on", drawn[at(element)].module === chosen));
  onChosen((kind, _, number) => {
    chosen = kind === "module" ? number : null;
    markCells();
  });
  new ResizeObserver(() => box.isConnected && draw()).observe(box);
  return [
    el("div", { class: "head" }, el("h2", {}, "Modules"), el("span", { class: "dim" }, `${tree.length}`), choices("What areas show", amounts, amount, (wanted) => {
      amount = wanted;
      draw();
      say(box.getAttribute("aria-label"));
    })),
    trail,
    box,
    moduleTree(tree, below, label, saved),
  ];
});

/** The list of modules, of which those in a closed one are not drawn. */
function moduleTree(tree, below, label, saved) {
  const titles = el("div", { class: "item titles" }, el("span", { class: "label" }, "module"), el("span", { class: "amount" }, "parameters"), el("span", { class: "amount" }, tree[0].saved === null ? "" : "saved"));
  const list = el("div", { class: "tree" }, titles);
  const rows = el("div", { role: "tree", "aria-label": `Modules, their parameters, and what is saved ${saved}` });
  list.append(rows);
  const items = new Map();
  const amount = (number, kind, text) => {
    const share = tree[0][kind] ? Math.max(0, Math.min(1, (tree[number][kind] ?? 0) / tree[0][kind])) : 0;
    const bar = el("i", {});
    bar.style.setProperty("width", `${share * 100}%`);
    return el("span", { class: "amount" }, text, bar);
  };
  const item = (number, level) => {
    const module = tree[number];
    const isOpen = below[number].length ? "false" : null;
    const name = module.parent ? label(number).slice(label(module.parent).length + 1) : label(number);
    const made = el("div", { class: "item", role: "treeitem", tabindex: number ? "-1" : "0", "aria-level": level, "aria-expanded": isOpen, "data-module": number }, el("span", { class: "label" }, el("span", { class: "twist", "aria-hidden": "true" }, isOpen ? "▸" : ""), el("code", {}, name), " ", el("span", { class: "dim" }, module.type)), amount(number, "elements", module.elements_text), amount(number, "saved", module.saved === null ? "" : module.saved_text));
    made.style.setProperty("--level", level);
    items.set(number, made);
    return made;
  };
  const isOpen = (element) => element.getAttribute("aria-expanded") === "true";
  const open = (element, wanted) => {
    const number = Number(element.dataset.module);
    if (!below[number].length || isOpen(element) === wanted) {
      return;
    }
    element.setAttribute("aria-expanded", String(wanted));
    element.querySelector(".twist").textContent = wanted ? "▾" : "▸";
    if (wanted) {
      element.after(...below[number].map((child) => item(child, Number(element.getAttribute("aria-level")) + 1)));
      return;
    }
    for (const child of below[number]) {
      open(items.get(child), false);
      items.get(child).remove();
    }
  };
  rows.append(item(0, 1));
  for (let number = 0; number !== undefined; number = below[number].length === 1 ? below[number][0] : undefined) {
    open(items.get(number), true);
  }
  rows.addEventListener("click", (event) => {
    const element = event.target.closest(".item");
    if (event.target.closest(".twist")) {
      open(element, !isOpen(element));
    } else if (element) {
      choose("module", 0, Number(element.dataset.module));
    }
  });
  roving(
    rows,
    ".item",
    (from, key) => {
      if (key === "ArrowRight" && below[Number(from.dataset.module)].length) {
        const was = isOpen(from);
        open(from, true);
        return was ? from.nextElementSibling : from;
      }
      if (key === "ArrowLeft") {
        if (isOpen(from)) {
          open(from, false);
          return from;
        }
        return items.get(tree[Number(from.dataset.module)].parent) ?? null;
      }
      return along([...rows.children], from, key);
    },
    (element) => choose("module", 0, Number(element.dataset.module)),
  );
  onChosen((kind, _, number) => {
    rows.querySelectorAll('[aria-selected="true"]').forEach((element) => element.setAttribute("aria-selected", "false"));
    if (kind !== "module") {
      return;
    }
    const path = [];
    for (let up = tree[number]?.parent ?? null; up !== null; up = tree[up].parent) {
      path.unshift(up);
    }
    path.forEach((up) => open(items.get(up), true));
    items.get(number)?.setAttribute("aria-selected", "true");
    const element = items.get(number);
    if (element && !list.contains(document.activeElement)) {
      list.scrollTop = element.offsetTop - list.offsetTop - list.clientHeight / 2;
    }
  });
  return list;
}
