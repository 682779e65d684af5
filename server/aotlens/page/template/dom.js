/* Elements. Texts become text nodes only: nothing here, or in any other part, makes HTML of a text. */

/** An element with attributes (`class`, `role`, …; one that is null is left out), listeners (`onclick`) and children. */
function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  set(made, attributes);
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

/** Set attributes and listeners of an element. */
function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
}

/** An element of SVG. */
function svg(tag, attributes = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(made, attributes);
  return made;
}

const byId = (id) => document.getElementById(id);

/** Say something to a screen reader. */
function say(text) {
  byId("said").textContent = text;
}

/**
 * Keys of a list of which one element takes part in the order of Tab. `move(element, key)` returns the element that a
 * key leads to, null for none; `choose(element)` is what Enter and Space do.
 */
function roving(around, selector, move, choose) {
  const current = () => around.querySelector(`${selector}[tabindex="0"]`);
  const go = (element) => {
    current()?.setAttribute("tabindex", "-1");
    element.setAttribute("tabindex", "0");
    element.focus();
  };
  around.addEventListener("keydown", (event) => {
    const from = event.target.closest(selector);
    if (!from || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose(from, event.key);
      return;
    }
    const to = move(from, event.key);
    if (to) {
      event.preventDefault();
      go(to);
    }
  });
  around.addEventListener("focusin", (event) => {
    const to = event.target.closest(selector);
    if (to && to !== current()) {
      current()?.setAttribute("tabindex", "-1");
      to.setAttribute("tabindex", "0");
    }
  });
}

/** The element before or after one in a list, or its ends: what Up, Down, Home and End lead to. */
function along(elements, from, key) {
  const at = elements.indexOf(from);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: elements.length - 1 }[key];
  return to === undefined ? null : (elements[to] ?? null);
}

/** Buttons of which one is pressed. `choose` is called with its value. */
function choices(label, options, chosen, choose) {
  const buttons = options.map(([value, text]) =>
    el("button", { type: "button", "aria-pressed": String(value === chosen), "data-value": value, onclick: () => press(value) }, text),
  );
  const press = (value) => {
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.value === String(value)));
    }
    choose(value);
  };
  return el("span", { class: "choices", role: "group", "aria-label": label }, buttons);
}
