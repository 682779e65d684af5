import { beforeEach, expect, test, vi } from "vitest";
import { commands, languages, window } from "./vscode";
import { problemOf, Problems, serverProblem } from "../src/problems";
import type { Status } from "../src/protocol";
import { describeStatus, StatusItem } from "../src/status";

const READY: Status = {
  ...{ state: "ready", interpreter: "/env/bin/python", reason: ".venv of project", python: "3.11", torch: "2.13.0" },
  ...{ problem: null, message: null, hint: null },
};
const unusable = (problem: string, message = "it is so"): Status => ({ ...READY, state: "unusable", problem, message });

beforeEach(() => vi.clearAllMocks());

test("the status in words", () => {
  const text = (status: Status | undefined, trusted = true) => describeStatus(status, trusted).text;
  expect(text(READY)).toBe("torch 2.13.0");
  expect(text({ ...READY, state: "busy" })).toBe("Tracing · torch 2.13.0");
  expect(text({ ...READY, state: "starting", torch: null })).toBe("Starting torch");
  expect(text({ ...READY, state: "stopped" })).toBe("Idle");
  expect(text({ ...READY, state: "stopped", problem: "died" })).toBe("Stopped");
  expect(text(unusable("no-torch"))).toBe("Cannot trace");
  expect(text(undefined)).toBe("Ready");
  expect(text(READY, false)).toBe("Not tracing");
});

test("the status offers what mends it", () => {
  const command = (status: Status | undefined, trusted = true) => describeStatus(status, trusted).command?.command;
  expect(command(READY)).toBe("aotlens.selectInterpreter");
  expect(command(unusable("no-torch"))).toBe("aotlens.selectInterpreter");
  expect(command({ ...READY, state: "gone" })).toBe("aotlens.restartTracer");
  expect(command(READY, false)).toBe("workbench.trust.manage");
  expect(describeStatus({ ...READY, state: "busy" }, true).busy).toBe(true);
});

test("the status has room for the end of a path", () => {
  expect(describeStatus(READY, true).detail).toBe("/env/bin/python");
  const interpreter = "/home/someone/work/project/.venv/bin/python";
  expect(describeStatus({ ...READY, interpreter }, true).detail).toBe("…/project/.venv/bin/python");
});

test("each problem has the action that mends it", () => {
  const titles = (status: Status) => problemOf(status)?.actions.map((action) => action.title);
  expect(titles(READY)).toBeUndefined();
  expect(titles(unusable("no-interpreter"))).toEqual(["Select Interpreter"]);
  expect(titles(unusable("no-torch"))).toEqual(["Select Interpreter", "Install torch…", "Try Again"]);
  expect(titles(unusable("old-torch"))).toEqual(["Select Interpreter", "Upgrade torch…", "Try Again"]);
  expect(titles(unusable("broken-torch"))).toEqual(["Select Interpreter", "Try Again", "Show Log"]);
  expect(titles({ ...READY, state: "gone", problem: "died" })).toEqual(["Try Again", "Show Log"]);
  const install = problemOf({ ...unusable("no-torch"), interpreter: "/my env/py'thon" })?.actions[1];
  expect(install?.args).toEqual(["'/my env/py'\\''thon' -m pip install torch"]);
  const hostile = problemOf({ ...unusable("no-torch"), interpreter: "/a\x03\nrm -rf x\u009b\r/python" })?.actions[1];
  expect(hostile?.args).toEqual(["'/a??rm -rf x??/python' -m pip install torch"]);
});

test("a problem is told once, until all has been well", () => {
  const problems = new Problems();
  const problem = serverProblem("it is so.");
  problems.show(problem);
  problems.show(problem);
  expect(window.showWarningMessage).toHaveBeenCalledTimes(1);
  problems.forget();
  problems.show(problem);
  expect(window.showWarningMessage).toHaveBeenCalledTimes(2);
});

test("the chosen action is carried out", async () => {
  window.showWarningMessage.mockResolvedValueOnce("Install torch…");
  const problem = problemOf(unusable("no-torch"));
  expect(problem).toBeDefined();
  new Problems().show(problem!);
  await vi.waitFor(() => expect(commands.executeCommand).toHaveBeenCalled());
  expect(commands.executeCommand.mock.calls[0]).toEqual([
    "aotlens.openTerminal",
    "/env/bin/python -m pip install torch",
  ]);
});

test("no path in a message or a status is a link that runs a command", () => {
  const interpreter = "/repo/[Fix](command:workbench.action.quit)/.venv/bin/python";
  new Problems().show(problemOf({ ...unusable("old-torch"), interpreter })!);
  expect(window.showWarningMessage.mock.lastCall![0]).toContain("/repo/[Fix] (command:workbench.action.quit)/");
  const item = { detail: "" };
  languages.createLanguageStatusItem.mockReturnValueOnce(item);
  new StatusItem([]).show(describeStatus({ ...READY, interpreter }, true));
  expect(item.detail).toBe("…/[Fix] (command:workbench.action.quit)/.venv/bin/python");
});
