import { beforeEach, expect, test, vi } from "vitest";
import { commands, env, window } from "./vscode";
import { handleCommand } from "../src/commands";
import type { Ask } from "../src/protocol";

const next = vi.fn((_command: string, _args: unknown[]): Promise<unknown> => Promise.resolve("the server's answer"));
const request = vi.fn((_method: string, _params: unknown): Promise<unknown> => Promise.resolve(undefined));
const execute = (command: string, ...args: unknown[]) => handleCommand(request as Ask, command, args, next);

beforeEach(() => {
  vi.clearAllMocks();
  const document = { uri: { toString: () => "file:///m.py" } };
  window.activeTextEditor = { document, selection: { active: { line: 3, character: 1 } } };
});

test("a lens names its target", async () => {
  expect(await execute("aotlens.traceNow", "/m.py::Block")).toBe("the server's answer");
  expect(next).toHaveBeenCalledWith("aotlens.traceNow", ["/m.py::Block"]);
  expect(request).not.toHaveBeenCalled();
});

test("the palette means the target under the cursor", async () => {
  request.mockResolvedValueOnce({ target: "/m.py::Net" });
  await execute("aotlens.traceNow");
  expect(request.mock.calls[0]?.[1]).toMatchObject({ position: { line: 3, character: 1 } });
  expect(next).toHaveBeenCalledWith("aotlens.traceNow", ["/m.py::Net"]);
});

test("the convention is switched for the target under the cursor, or for that of the lens", async () => {
  request.mockResolvedValueOnce({ target: "/m.py::Net" });
  await execute("aotlens.switchConvention");
  expect(next).toHaveBeenCalledWith("aotlens.switchConvention", ["/m.py::Net"]);
  await execute("aotlens.switchConvention", "/m.py::Block", "compile");
  expect(next).toHaveBeenLastCalledWith("aotlens.switchConvention", ["/m.py::Block", "compile"]);
});

test("without a target it shows a message and does nothing", async () => {
  await execute("aotlens.traceNow");
  expect(window.showInformationMessage).toHaveBeenCalledTimes(1);
  expect(next).not.toHaveBeenCalled();
});

test("a graph is chosen, unless it is named", async () => {
  window.showQuickPick.mockResolvedValueOnce({ label: "backward" });
  await execute("aotlens.showGraph", "/m.py::Net");
  expect(next).toHaveBeenCalledWith("aotlens.showGraph", ["/m.py::Net", "backward"]);
  await execute("aotlens.showGraph", "/m.py::Net", "joint");
  expect(next).toHaveBeenLastCalledWith("aotlens.showGraph", ["/m.py::Net", "joint"]);
  await execute("aotlens.showGraph", "/m.py::Net");
  expect(next).toHaveBeenCalledTimes(2);
});

test("the palette offers the graph of a class alone, and that of the model around it at its place", async () => {
  const alone = { target: "/m.py::Block", title: "Block alone", module: null, kinds: ["joint", "forward", "backward"] };
  const inside = { target: "/m.py::Net", title: "Net at blocks.0", module: "blocks.0", kinds: ["forward"] };
  request.mockResolvedValue({ target: "/m.py::Net", graphs: [alone, inside] });
  window.showQuickPick.mockResolvedValueOnce({ label: inside.title, graph: inside });
  window.showQuickPick.mockResolvedValueOnce({ label: "forward" });
  await execute("aotlens.showGraph");
  expect(window.showQuickPick.mock.calls[0]?.[0]).toMatchObject([
    { label: "Block alone" },
    { label: "Net at blocks.0" },
  ]);
  expect(window.showQuickPick.mock.calls[1]?.[0]).toMatchObject([{ label: "forward" }]);
  expect(next).toHaveBeenLastCalledWith("aotlens.showGraph", ["/m.py::Net", "forward", "blocks.0"]);
  window.showQuickPick.mockResolvedValueOnce({ label: alone.title, graph: alone });
  window.showQuickPick.mockResolvedValueOnce({ label: "joint" });
  await execute("aotlens.showGraph");
  expect(next).toHaveBeenLastCalledWith("aotlens.showGraph", ["/m.py::Block", "joint"]);
  await execute("aotlens.showGraph");
  expect(next).toHaveBeenCalledTimes(2);
  request.mockReset();
});

test("an error of DDP is taken from the clipboard, or asked for", async () => {
  const error = "Parameter indices which did not receive grad for rank 0: 3 4";
  env.clipboard.readText.mockResolvedValueOnce(error);
  await execute("aotlens.explainDdpError", "/m.py::Net");
  expect(next).toHaveBeenLastCalledWith("aotlens.explainDdpError", ["/m.py::Net", error]);
  env.clipboard.readText.mockResolvedValue("something else");
  window.showInputBox.mockResolvedValueOnce("3");
  await execute("aotlens.explainDdpError", "/m.py::Net");
  expect(next).toHaveBeenLastCalledWith("aotlens.explainDdpError", ["/m.py::Net", "3"]);
  await execute("aotlens.explainDdpError", "/m.py::Net");
  expect(next).toHaveBeenCalledTimes(2);
});

test("descriptors go to the clipboard", async () => {
  next.mockResolvedValueOnce(["A()", "B()"]);
  await execute("aotlens.copyExpression", "/m.py::Net", ["a", "b"]);
  expect(env.clipboard.writeText).toHaveBeenCalledWith("A()\nB()");
  next.mockResolvedValueOnce([]);
  await execute("aotlens.copyExpression", "/m.py::Net", ["c"]);
  expect(env.clipboard.writeText).toHaveBeenCalledTimes(1);
});

test("the log is VS Code's own", async () => {
  await execute("aotlens.showLogs");
  expect(commands.executeCommand).toHaveBeenCalledWith("aotlens.showOutput");
  expect(next).not.toHaveBeenCalled();
});
