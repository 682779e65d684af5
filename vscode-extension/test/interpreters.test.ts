import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { EventEmitter, extensions, happens, workspace } from "./vscode";
import { Interpreters } from "../src/interpreters";

const folder = { uri: { toString: () => "file:///work", fsPath: "/work" } };

beforeEach(() => {
  vi.useFakeTimers();
  workspace.workspaceFolders = [folder];
});
afterEach(() => {
  vi.useRealTimers();
  extensions.getExtension.mockReset();
});

function pythonExtension(selected: { path: string }) {
  const changed = new EventEmitter<unknown>();
  const environments = {
    getActiveEnvironmentPath: () => ({ path: "an id" }),
    resolveEnvironment: () => Promise.resolve({ executable: { uri: { fsPath: selected.path } } }),
    onDidChangeActiveEnvironmentPath: changed.event,
  };
  const extension = { isActive: true, exports: { environments } };
  extensions.getExtension.mockImplementation((id) => (id === "ms-python.python" ? extension : undefined));
  return changed;
}

test("nothing is selected where no extension selects", async () => {
  expect(await new Interpreters(() => undefined).selected()).toEqual({});
});

test("the Python extension's choice, for each folder", async () => {
  pythonExtension({ path: "/env/bin/python" });
  const selected = await new Interpreters(() => undefined).selected();
  expect(selected).toEqual({
    "file:///work": { path: "/env/bin/python", reason: "selected in the Python extension" },
  });
});

test("the Python Environments extension comes first", async () => {
  const environments = {
    getEnvironment: () => Promise.resolve({ execInfo: { run: { executable: "/new/bin/python" } } }),
    onDidChangeEnvironment: new EventEmitter<unknown>().event,
  };
  extensions.getExtension.mockImplementation((id) =>
    id === "ms-python.vscode-python-envs"
      ? { isActive: false, activate: () => Promise.resolve(environments) }
      : undefined,
  );
  const selected = await new Interpreters(() => undefined).selected();
  expect(selected["file:///work"]?.path).toBe("/new/bin/python");
});

test("an extension that does not start selects nothing", async () => {
  const log = vi.fn();
  extensions.getExtension.mockReturnValue({ isActive: false, activate: () => Promise.reject(new Error("broken")) });
  expect(await new Interpreters(log).selected()).toEqual({});
  expect(log).toHaveBeenCalledWith(expect.stringContaining("broken"));
});

test("a change is told once, and none is not told", async () => {
  const selected = { path: "/one" };
  const changed = pythonExtension(selected);
  const interpreters = new Interpreters(() => undefined);
  await interpreters.selected();
  const heard = vi.fn();
  interpreters.onDidChange(heard);

  changed.fire(undefined);
  happens.extensions.fire();
  await vi.advanceTimersByTimeAsync(1000);
  expect(heard).not.toHaveBeenCalled();

  selected.path = "/two";
  changed.fire(undefined);
  await vi.advanceTimersByTimeAsync(100);
  changed.fire(undefined);
  await vi.advanceTimersByTimeAsync(1000);
  expect(heard).toHaveBeenCalledTimes(1);
  expect(heard.mock.calls[0]?.[0]).toMatchObject({ "file:///work": { path: "/two" } });
  interpreters.dispose();
});

test("before trust no extension is asked: the workspace may have selected", async () => {
  pythonExtension({ path: "/env/bin/python" });
  const interpreters = new Interpreters(() => undefined);
  workspace.isTrusted = false;
  expect(await interpreters.selected()).toEqual({});
  expect(extensions.getExtension).not.toHaveBeenCalled();
  const heard = vi.fn();
  interpreters.onDidChange(heard);
  workspace.isTrusted = true;
  happens.trust.fire();
  await vi.runAllTimersAsync();
  expect(heard).toHaveBeenCalledWith(expect.objectContaining({ "file:///work": expect.anything() as unknown }));
});
