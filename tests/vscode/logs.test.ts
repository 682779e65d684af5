/** A log of torch.compile beside its model, from another machine. The tests follow each other in one window. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Editor } from "./editor.ts";

let editor: Editor;

before(async () => {
  editor = await Editor.start({
    settings: { "aotlens.importStrategy": "useBundled", "editor.fontSize": 12, "editor.wordWrap": "on" },
  });
  editor.write("requests.log", "GET /index.html 200\n");
});
after(() => editor?.stop());

function seen(name: string, step: () => Promise<void>): void {
  test(name, () => editor.doing(name.replaceAll(/\W+/g, "-"), step));
}

/** Wait until the model, whose file is not open, was traced for the log. */
async function traced(): Promise<void> {
  const end = Date.now() + 120_000;
  while (Date.now() < end && !editor.log().includes("Halves (halves.py) traced; compile convention")) {
    await editor.page.waitForTimeout(200);
  }
}

const LOG = "halves.log";
const ADDMM = "aten.addmm.default(primals_2, primals_3, t)";

seen("a log that is not torch's starts no server", async () => {
  await editor.open("requests.log");
  await editor.page.waitForTimeout(3000);
  assert.throws(() => editor.server(), /no server runs/);
});

seen("the argument in a log of torch.compile is called the argument", async () => {
  await editor.open(LOG);
  await editor.command("View: Toggle Primary Side Bar Visibility");
  await editor.cursor(LOG, ADDMM, "primals_3");
  await editor.hover("primals_3", "primals_3", /argument x[^]* of joint graph 0, compile 0\/0_1/);
  await traced();
  await editor.page.keyboard.press("Escape"); // that hover stays as it is
  await editor.hover("primals_3", "primals_3", /argument x of Halves/);
  await editor.picture("log-hover");
});

seen("a number leads to the line that makes the parameter", async () => {
  await editor.cursor(LOG, "aten.t.default(primals_1)", "primals_1");
  await editor.page.keyboard.press("F12");
  await editor.tab("halves.py").waitFor();
  await editor.status("Ln 13, Col 19").waitFor();
  await editor.open(LOG);
});

seen("the outline has the compiles, their graphs and inputs", async () => {
  await editor.command("Go to Symbol in Editor");
  const symbol = (text: string) => editor.page.locator(".quick-input-list .monaco-list-row", { hasText: text }).first();
  await symbol("compile 0/0_1").waitFor();
  await symbol("joint graph 0").waitFor();
  await symbol("primals_3").waitFor();
  await editor.picture("log-outline");
  await editor.page.keyboard.press("Escape");
});

seen("a copy of the log has the names beside the numbers", async () => {
  await editor.command("aotlens: Decode Log");
  await editor.tab("halves.decoded.log").waitFor();
  await editor.page.keyboard.press("Control+G");
  await editor.page.keyboard.type("44");
  await editor.page.keyboard.press("Enter");
  await editor.page.locator(".editor-group-container.active .view-line", { hasText: "argument x" }).first().waitFor();
  await editor.picture("log-decoded");
  await editor.command("View: Close Editor");
});

seen("the names are written into the log, and undone in one step", async () => {
  await editor.cursor(LOG, ADDMM, "primals_3");
  const named = editor.page.locator(".editor-group-container.active .view-line", { hasText: "argument x" });
  assert.equal(await named.count(), 0);
  await editor.command("Refactor...");
  await editor.page.locator(".action-widget .action", { hasText: "Write the names" }).first().click();
  await named.first().waitFor();
  await editor.page.keyboard.press("Control+Z");
  await named.first().waitFor({ state: "detached" });
});
