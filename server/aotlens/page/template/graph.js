/* The graph as text, whose nodes can be chosen. Its lines are in chunks: those in sight are drawn first, the others as the
   browser has time. */

const CHUNK = 100;
const AT_ONCE = 4;
const MOST_PRINTED = 1500;
let showLine = () => {};
let showNode = () => {};
let drawGraph = () => {};
let fillGraph = () => {};
let numbers = new Map();
let current = { kind: null, text: null, uses: null };

/** Do something when the browser has time. */
const soon = (work) => (window.requestIdleCallback ? requestIdleCallback(work) : setTimeout(work));

/** The number of a node of a graph by torch's name; null if no text names it. */
function nodeNumber(graph, name) {
  return numbers.get(`${graph} ${name}`) ?? null;
}

/** The first line of a module's block in the text that is shown; null if there is none. */
function lineOfModule(number) {
  const name = shown.target.modules.tree[number].name;
  const found = name ? (current.text?.blocks ?? []).find((each) => each[2] !== null && `${each[2]}.`.startsWith(`${name}.`)) : null;
  return found ? found[0] : null;
}

/** The nodes that read a node, in the text that is shown. */
function usesOf(number) {
  if (current.text && !current.uses) {
    current.uses = new Map();
    for (const line of current.text.lines) {
      const named = line.filter((piece) => typeof piece !== "string").map((piece) => piece[0]);
      for (const used of new Set(named.slice(1))) {
        current.uses.set(used, [...(current.uses.get(used) ?? []), named[0]]);
      }
    }
  }
  return [...new Set(current.uses?.get(number) ?? [])].filter((use) => use !== number);
}

section("graph", "Graph", (target) => {
  numbers = new Map(target.nodes.map((node, number) => [`${node.graph} ${node.node}`, number]));
  const kinds = Object.keys(target.texts);
  const first = kinds.find((kind) => target.texts[kind].lines);
  current = { kind: first ?? null, text: first ? target.texts[first] : null, uses: null };
  if (!kinds.length) {
    return null;
  }
  const box = el("div", { class: "graph", tabindex: "0", role: "listbox", "aria-label": "Graph" });
  const hint = el("p", { class: "notes" });
  let at = { line: 1, node: 0 };
  let chunks = [];
  let lines = [];
  const use = (kind) => {
    const text = target.texts[kind];
    current = { kind, text: text.lines ? text : null, uses: null };
    chunks = [];
    lines = text.lines ?? [];
    box.replaceChildren();
    box.hidden = !text.lines;
    hint.textContent = text.reason ?? `${text.lines.length} lines. A click, or Enter, on a node says what it is.`;
    box.setAttribute("aria-label", `The ${kind} graph`);
    at = { line: 1, node: 0 };
    if (isNear) {
      drawGraph();
    }
  };
  let isNear = false;
  let makes = new Map();
  let chosen = null;
  drawGraph = () => {
    isNear = true;
    if (chunks.length || !current.text) {
      return;
    }
    makes = new Map(current.text.definitions.map(([node, line]) => [line, node]));
    for (let start = 0; start < lines.length; start += CHUNK) {
      const chunk = el("div", { class: "chunk", "data-chunk": chunks.length });
      chunk.style.setProperty("min-height", `${Math.min(CHUNK, lines.length - start) * 1.5}em`);
      chunk.style.setProperty("contain-intrinsic-size", `auto ${Math.min(CHUNK, lines.length - start) * 1.5}em`);
      chunks.push(chunk);
    }
    box.append(...chunks);
    chunks.forEach((chunk) => inSight.observe(chunk));
    cursor(at.line, 0);
    fillSoon(chunks, 0);
  };
  const fill = (number) => {
    const chunk = chunks[number];
    if (chunk && !chunk.hasChildNodes()) {
      const start = number * CHUNK;
      chunk.append(...lines.slice(start, start + CHUNK).map((line, offset) => row(line, start + offset + 1)));
    }
  };
  fillGraph = () => chunks.forEach((_, number) => fill(number));
  /** Fill chunks, a few at a time, until others take their place. */
  const fillSoon = (these, from) => {
    if (these === chunks && from < these.length) {
      soon(() => {
        for (let number = from; number < from + AT_ONCE && these === chunks; number += 1) {
          fill(number);
        }
        fillSoon(these, from + AT_ONCE);
      });
    }
  };
  const inSight = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => fill(Number(entry.target.dataset.chunk))), { root: box, rootMargin: "400px" });
  const rowAt = (line) => {
    const number = Math.floor((line - 1) / CHUNK);
    fill(number);
    return chunks[number]?.children[(line - 1) % CHUNK];
  };
  const row = (line, number) => {
    const first = typeof line[0] === "string" ? line[0].trimStart() : "";
    const isComment = first.startsWith("#");
    const isTitle = line.length === 1 && !isComment && /^[^=]*:(  #.*)?$/.test(first);
    const parts = line.map((piece) => (typeof piece === "string" ? comment(piece) : el("span", { class: `node${makes.get(number) === piece[0] ? " makes" : ""}${piece[0] === chosen ? " same" : ""}`, "data-node": piece[0] }, piece[1])));
    return el("div", { class: `row${isComment ? " comment" : isTitle ? " title" : ""}`, role: "option", id: `line-${number}`, "aria-selected": "false", "data-line": number }, el("span", {}, parts));
  };
  const comment = (text) => {
    const start = text.indexOf("  # ");
    return start < 0 ? text : [text.slice(0, start), el("span", { class: "comment" }, text.slice(start))];
  };
  /** Put the cursor on a line, and on one of the nodes in it. */
  const cursor = (line, node, isCentred = false) => {
    const to = rowAt(line);
    if (!to) {
      return;
    }
    box.querySelector(".at")?.classList.remove("at");
    box.querySelector(".cursor")?.classList.remove("cursor");
    const nodes = to.querySelectorAll(".node");
    at = { line, node: Math.max(0, Math.min(node, nodes.length - 1)) };
    to.classList.add("at");
    nodes[at.node]?.classList.add("cursor");
    box.setAttribute("aria-activedescendant", to.id);
    to.scrollIntoView({ block: isCentred ? "center" : "nearest", behavior: "instant" });
  };
  const chosenNode = () => rowAt(at.line)?.querySelectorAll(".node")[at.node];
  box.addEventListener("keydown", (event) => {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 25, PageUp: -25, Home: -Infinity, End: Infinity };
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key in steps) {
      cursor(Math.max(1, Math.min(lines.length, at.line + steps[event.key])), 0);
    } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      cursor(at.line, at.node + (event.key === "ArrowRight" ? 1 : -1));
    } else if ((event.key === "Enter" || event.key === " ") && chosenNode()) {
      choose("node", 0, Number(chosenNode().dataset.node));
    } else {
      return;
    }
    event.preventDefault();
  });
  box.addEventListener("focus", drawGraph);
  box.addEventListener("click", (event) => {
    const line = event.target.closest(".row");
    const node = event.target.closest(".node");
    if (line) {
      cursor(Number(line.dataset.line), node ? [...line.querySelectorAll(".node")].indexOf(node) : 0);
    }
    if (node) {
      choose("node", 0, Number(node.dataset.node));
    }
  });
  const mark = () => {
    box.querySelectorAll(".same").forEach((element) => element.classList.remove("same"));
    if (chosen !== null) {
      box.querySelectorAll(`[data-node="${chosen}"]`).forEach((element) => element.classList.add("same"));
    }
  };
  onChosen((kind, _, number) => {
    chosen = kind === "node" ? number : null;
    mark();
  });
  showLine = (line) => {
    drawGraph();
    goTo("graph");
    box.focus({ preventScroll: true });
    cursor(line, 0, true);
  };
  const switches = choices("The graph that is shown", kinds.map((kind) => [kind, kind]), current.kind ?? kinds[0], use);
  showNode = (number) => {
    const has = (kind) => target.texts[kind].definitions?.find(([node]) => node === number);
    const kind = current.text && has(current.kind) ? current.kind : kinds.find(has);
    if (kind && kind !== current.kind) {
      switches.querySelector(`[data-value="${kind}"]`).click();
    }
    choose("node", 0, number);
    if (kind) {
      showLine(has(kind)[1]);
    }
  };
  new IntersectionObserver((entries, observer) => {
    if (entries.some((entry) => entry.isIntersecting)) {
      observer.disconnect();
      drawGraph();
    }
  }, { rootMargin: "600px" }).observe(box);
  use(current.kind ?? kinds[0]);
  return [el("div", { class: "head" }, el("h2", {}, "Graph"), switches), hint, box, el("p", { class: "printed" })];
});

window.addEventListener("beforeprint", () => {
  const note = document.querySelector("#graph .printed");
  const lines = current.text?.lines.length ?? 0;
  const isLong = lines > MOST_PRINTED;
  if (!isLong) {
    drawGraph();
    fillGraph();
  }
  document.querySelector("#graph .graph")?.toggleAttribute("hidden", isLong || !lines);
  if (note) {
    note.textContent = isLong ? `The graph has ${lines} lines, and is not printed.` : "";
  }
});
window.addEventListener("afterprint", () => document.querySelector("#graph .graph")?.toggleAttribute("hidden", !current.text));
