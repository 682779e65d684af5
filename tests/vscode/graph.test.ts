/** A graph beside its source: what belongs together is highlighted in both. The tests follow each other in one window. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Editor } from "./editor.ts";

let editor: Editor;

before(async () => {
  editor = await Editor.start({
    settings: { "aotlens.importStrategy": "useBundled", "editor.fontSize": 12 },
  });
  const deep = editor.text("model.py").replace("layers=4)", `layers=${DEEP})`);
  editor.write("deep.py", deep.replaceAll("Decoder", "Deep"));
});
after(() => editor?.stop());

function seen(name: string, step: () => Promise<void>): void {
  test(name, () => editor.doing(name.replaceAll(/\W+/g, "-"), step));
}

const GRAPH = "Decoder.graph";
const ATTENTION = "F.scaled_dot_product_attention";
const OPERATION = /^_scaled_dot_product_flash_attention_for_cpu(_\d+)? = /;
const DERIVATIVE = /^_scaled_dot_product_flash_attention_for_cpu_backward(_\d+)? = /;
const LAYERS = 4;
const DEEP = 80;
/** The backward pass comes to the first layer last. */
const LAST_DERIVATIVE = "_scaled_dot_product_flash_attention_for_cpu_backward_3 = ";

/** Put the cursor into a word of the source, which is in the left of the two groups. */
async function cursorInSource(within: string, word = within): Promise<void> {
  await editor.page.keyboard.press("Control+1");
  await editor.cursor("layers.py", within, word);
}

/** Click on a word of the graph, which is the right one. */
async function clickInGraph(within: string, word = within): Promise<void> {
  await editor.page.keyboard.press("Control+2");
  const before = await editor.status(/^Ln \d+/).innerText();
  do {
    // A hover may lie over it: the click that ends the hover goes nowhere else.
    const { x, y } = await editor.place(within, word);
    await editor.page.mouse.click(x, y);
    await editor.page.waitForTimeout(300);
  } while ((await editor.status(/^Ln \d+/).innerText()) === before);
}

/** Scroll on in the graph, and collect the lines that are highlighted on the way, until one says this. */
async function collect(found: Map<string, string>, last: string): Promise<void> {
  do {
    for (const { text, colour } of await editor.coloured(GRAPH)) {
      found.set(text, colour);
    }
  } while (![...found.keys()].some((text) => text.includes(last)) && (await editor.scroll(GRAPH, 500)));
}

seen("a graph is a document beside its source, with a way back into it", async () => {
  await editor.open("model.py");
  await editor.lens(/ · 52 inputs · .*saves [^·]*$/).waitFor();
  await editor.command("View: Toggle Primary Side Bar Visibility");
  await editor.cursor("model.py", "class Decoder", "Decoder");
  await editor.command("aotlens: Show Graph");
  await editor.page.locator(".quick-input-list .monaco-list-row", { hasText: "joint" }).first().click();
  await editor.tab(GRAPH).waitFor();
  await editor.hover("blocks_0_attn_qkv_weight:", "qkv", "blocks.0.attn.qkv.weight");
  await editor.picture("graph-hover");
  await clickInGraph("blocks_0_attn_qkv_weight:", "qkv");
  await editor.page.keyboard.press("F12");
  await editor.tab("layers.py").waitFor();
  await editor.status("Ln 12, Col 20").waitFor();
  await editor.command("View: Close Editor");
  await editor.tab(GRAPH).waitFor();
});

seen("the cursor on a line of source highlights its operations in every layer", async () => {
  await editor.page.keyboard.press("Control+1");
  await editor.open("layers.py");
  await cursorInSource(ATTENTION);
  const forward = await editor.colourOf(GRAPH, OPERATION);
  await editor.lens(/ · 4 inputs · .*saves [^·]*$/).waitFor();
  await editor.lens(/ · 13 inputs · .*saves [^·]*$/).waitFor();
  await editor.picture("graph");
  assert.deepEqual(await editor.coloured("layers.py"), []);
  const found = new Map<string, string>();
  await collect(found, LAST_DERIVATIVE);
  const colours = (line: RegExp) => [...found].filter(([text]) => line.test(text)).map(([, colour]) => colour);
  assert.deepEqual(colours(OPERATION), Array(LAYERS).fill(forward));
  const backward = colours(DERIVATIVE);
  assert.equal(backward.length, LAYERS);
  assert.ok(new Set(backward).size === 1 && backward[0] !== forward);
});

seen("the cursor on a node of the graph highlights its line, and what belongs to it", async () => {
  await editor.scroll(GRAPH, 300);
  await clickInGraph(LAST_DERIVATIVE, "attention");
  const backward = await editor.colourOf("layers.py", /F\.scaled_dot_product_attention/);
  assert.equal(await editor.colourOf(GRAPH, DERIVATIVE), backward);
  assert.equal((await editor.coloured("layers.py")).length, 1);
  await editor.picture("graph-node");
  await editor.pictureInContrast("graph-node");
});

seen("the graph of 80 layers opens and scrolls as that of four does", async () => {
  const shallow = await editor.frames(GRAPH, 20);
  await editor.page.keyboard.press("Control+1");
  await editor.open("deep.py");
  await editor.lens(/ · 888 inputs · .*saves [^·]*$/).waitFor({ timeout: 300_000 });
  await editor.hover("for block in self.blocks", "blocks", "norm1.weight");
  const opened: number[] = [];
  const choices = { forward: "what runs first", joint: "forward and backward in one" };
  for (const [kind, says] of Object.entries(choices)) {
    await editor.page.keyboard.press("Control+1");
    await editor.cursor("deep.py", "class Deep", "Deep");
    await editor.page.mouse.move(0, 0); // a choice under the mouse would have a tooltip, which covers the others
    await editor.command("aotlens: Show Graph");
    const choice = editor.page.locator(".quick-input-list .monaco-list-row", { hasText: says }).first();
    await choice.waitFor();
    const start = Date.now();
    await choice.click();
    await editor.place(`# ${kind} graph of Deep`);
    opened.push(Date.now() - start);
  }
  const deep = await editor.frames("Deep.graph", 20);
  await editor.page.keyboard.press("Control+End");
  await editor.place("grad_norm_bias:");
  const worst = (frames: number[]) => Math.max(...frames).toFixed(0);
  console.log(
    `${DEEP} layers: opened in ${opened.join(" and ")} ms; worst frame ${worst(deep)} ms, of four layers ${worst(shallow)} ms`,
  );
  assert.ok(Math.min(...opened) < 10_000);
  await editor.page.keyboard.press("Control+1");
  await editor.open("layers.py");
  await cursorInSource(ATTENTION);
  await editor.colourOf("Deep.graph", DERIVATIVE);
  await editor.picture("graph-deep");
});
