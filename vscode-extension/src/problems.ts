/** What a user has to mend: one message for each problem, with the action that mends it. */

import * as vscode from "vscode";
import type { Status } from "./protocol";
import { LOG, RESTART, RETRY, SELECT } from "./status";

export interface Action {
  title: string;
  command: string;
  args?: unknown[];
}

export interface Problem {
  /** What is wrong with what: the same thing is said once, until it has been well in between. */
  key: string;
  message: string;
  actions: Action[];
}

const install = (title: string, python: string, packages: string): Action => ({
  title,
  command: "aotlens.openTerminal",
  args: [`${quoted(python)} -m pip install ${packages}`],
});

/** What is to be said of a tracer; undefined where nothing is wrong that a user could mend. */
export function problemOf(status: Status): Problem | undefined {
  if (status.state !== "unusable" && status.state !== "gone") {
    return undefined;
  }
  const python = status.interpreter;
  const key = `${status.problem} ${python}`;
  const message = `aotlens cannot trace: ${status.message ?? "the tracer does not start"}.`;
  const where = `It would use ${python} (${status.reason}).`;
  switch (status.state === "gone" ? "gone" : status.problem) {
    case "no-interpreter":
      return { key, message, actions: [SELECT] };
    case "no-torch":
      return {
        key,
        message: `aotlens cannot trace: there is no torch in ${python} (${status.reason}).`,
        actions: [SELECT, install("Install torch…", python, "torch"), RETRY],
      };
    case "old-torch":
      return {
        key,
        message: `${message} ${where}`,
        actions: [SELECT, install("Upgrade torch…", python, "--upgrade torch"), RETRY],
      };
    case "gone":
      return { key, message, actions: [RETRY, LOG] };
    default:
      return { key, message: `${message} ${where}`, actions: [SELECT, RETRY, LOG] };
  }
}

/** A server that does not start, or does not stay. */
export function serverProblem(message: string): Problem {
  return { key: `server ${message}`, message: `aotlens: ${message}`, actions: [SELECT, RESTART, LOG] };
}

/** Shows problems, each once. */
export class Problems {
  private readonly told = new Set<string>();

  show(problem: Problem): void {
    if (this.told.has(problem.key)) {
      return;
    }
    this.told.add(problem.key);
    void vscode.window
      .showWarningMessage(problem.message, ...problem.actions.map((action) => action.title))
      .then((chosen) => {
        const action = problem.actions.find((one) => one.title === chosen);
        return action && vscode.commands.executeCommand(action.command, ...(action.args ?? []));
      });
  }

  /** All is well: what goes wrong from now on is news. */
  forget(): void {
    this.told.clear();
  }
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
