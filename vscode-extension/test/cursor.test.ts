import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { happens, inWorkspace, settings, window } from "./vscode";
import { chooseValues, Cursor } from "../src/cursor";

const notify = vi.fn((_method: string, _params: unknown) => undefined);
const editor = (uri: string, line: number) => ({
  document: { uri: { scheme: uri.slice(0, uri.indexOf(":")), toString: () => uri } },
  selection: { active: { line, character: 4 } },
});
let cursor: Cursor;

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  cursor = new Cursor(notify, [{ scheme: "file" }]);
});
afterEach(() => {
  cursor.dispose();
  vi.useRealTimers();
  delete settings["inlayHints.values"];
  delete inWorkspace["inlayHints.values"];
});

test("the server is notified once where the cursor came to rest", async () => {
  for (const line of [3, 4, 5]) {
    window.activeTextEditor = editor("file:///m.py", line);
    happens.selection.fire({ textEditor: window.activeTextEditor });
    await vi.advanceTimersByTimeAsync(20);
  }
  expect(notify).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(200);
  const place = { textDocument: { uri: "file:///m.py" }, position: { line: 5, character: 4 } };
  expect(notify.mock.calls).toEqual([["aotlens/didChangeCursor", place]]);
});

test("another editor and a new server are notified of, other documents are not", async () => {
  window.activeTextEditor = editor("file:///n.py", 1);
  happens.editor.fire(window.activeTextEditor);
  await vi.advanceTimersByTimeAsync(200);
  cursor.moved();
  await vi.advanceTimersByTimeAsync(200);
  expect(notify).toHaveBeenCalledTimes(2);
  happens.selection.fire({ textEditor: editor("file:///beside.py", 1) });
  window.activeTextEditor = editor("aotlens:/joint/m.py/Net.graph", 1);
  happens.editor.fire(window.activeTextEditor);
  await vi.advanceTimersByTimeAsync(200);
  expect(notify).toHaveBeenCalledTimes(2);
});

test("the palette chooses which values are shown, where they are set already", async () => {
  window.showQuickPick.mockResolvedValueOnce({ label: "all" });
  await chooseValues();
  expect(settings["inlayHints.values"]).toBe("all");
  expect(window.showQuickPick.mock.calls[0]?.[0].map((item) => item.label)).toEqual(["cursor", "all", "off"]);
  inWorkspace["inlayHints.values"] = "all";
  window.showQuickPick.mockResolvedValueOnce({ label: "off" });
  await chooseValues();
  expect(inWorkspace["inlayHints.values"]).toBe("off");
  expect(settings["inlayHints.values"]).toBe("all");
});
