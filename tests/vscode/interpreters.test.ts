/** An interpreter without torch, and what comes of selecting another one. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import { Editor, packed, PYTHON } from "./editor.ts";

let editor: Editor;
let folder: string;

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "aotlens-pythons-"));
  execFileSync(PYTHON, ["-m", "venv", "--without-pip", path.join(folder, "bare")]);
  const pythons = { "without torch": path.join(folder, "bare/bin/python"), "with torch": PYTHON };
  editor = await Editor.start({
    machine: { "aotlens.interpreter": "" },
    extensions: [packed("python-extension", folder)],
    environment: { AOTLENS_TEST_PYTHONS: JSON.stringify(pythons) },
  });
});
after(async () => {
  await editor?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("without torch there is one message, with the actions that mend it", () =>
  editor.doing("no-torch", async () => {
    await editor.open("model.py");
    const message = editor.notification("there is no torch in");
    await message.waitFor();
    await message.getByText("selected in the Python extension").waitFor();
    await message.getByRole("button", { name: "Select Interpreter" }).waitFor();
    await message.getByRole("button", { name: "Install torch…" }).waitFor();
    await editor.lens(/torch is not installed/).waitFor();
    await editor.picture("no-torch");
    assert.match(editor.log(), /server \S+ \(bundle\)/);
    assert.equal(await editor.page.locator(".notification-list-item").count(), 1);
  }));

test("selecting another interpreter brings it to life, without a reload", () =>
  editor.doing("select", async () => {
    await editor.notification("there is no torch in").getByRole("button", { name: "Select Interpreter" }).click();
    await editor.page.locator(".quick-input-list .monaco-list-row", { hasText: "with torch" }).first().waitFor();
    await editor.page.keyboard.type("with torch");
    await editor.page.keyboard.press("Enter");
    await editor.lens(/ · 52 inputs · .*saves [^·]*$/).waitFor();
    // The environment has an aotlens of its own, which serves from now on.
    assert.match(editor.log(), /server \S+ \(environment\)/);
    await editor.notification("there is no torch in").waitFor({ state: "hidden" });
  }));

test("a server that ends is started again", () =>
  editor.doing("server-ends", async () => {
    const before = editor.server();
    process.kill(before, "SIGKILL");
    await editor.lens(/ · 52 inputs · .*saves [^·]*$/).waitFor({ state: "hidden" });
    await editor.lens(/ · 52 inputs · .*saves [^·]*$/).waitFor();
    assert.notEqual(editor.server(), before);
    assert.match(editor.log(), /the server ended; it is started again \(1 of 4 times\)/);
    assert.equal(await editor.page.locator(".notification-list-item").count(), 0);
  }));
