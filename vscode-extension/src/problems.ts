/** Problems that only the user can repair: one message for each, with actions that help. */

import * as vscode from "vscode";
import type { Status } from "./protocol";
import { LOG, RESTART, RETRY, SELECT } from "./status";
import { withoutLinks } from "./texts";

export interface Action {
  title: string;
  command: string;
  args?: unknown[];
}

export interface Problem {
  /** Identifies the problem: its message appears once, until it was solved in between. */
  key: string;
  message: string;
  actions: Action[];
}

const install = (title: string, python: string, packages: string): Action => ({
  title,
  command: "aotlens.openTerminal",
  args: [`${quoted(python)} -m pip install ${packages}`],
});

/** The problem of a tracer; undefined if there is none that the user could repair. */
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

/** The problem of a server that does not start, or does not keep running. */
export function serverProblem(message: string): Problem {
  return { key: `server ${message}`, message: `aotlens: ${message}`, actions: [SELECT, RESTART, LOG] };
}

/** Shows each problem once. */
export class Problems {
  private readonly shown = new Set<string>();

  show(problem: Problem): void {
    if (this.shown.has(problem.key)) {
      return;
    }
    this.shown.add(problem.key);
    void vscode.window
      .showWarningMessage(withoutLinks(problem.message), ...problem.actions.map((action) => action.title))
      .then((chosen) => {
        const action = problem.actions.find((one) => one.title === chosen);
        return action && vscode.commands.executeCommand(action.command, ...(action.args ?? []));
      });
  }

  /** All problems are solved: each is shown again when it comes back. */
  forget(): void {
    this.shown.clear();
  }
}

/** A path as a word of a shell. A terminal obeys control characters in quotes, too: Ctrl-C ends the line, Enter sends it. */
function quoted(path: string): string {
  const visible = path.replace(/[\p{Cc}\u2028\u2029]/gu, "?");
  return /^[\w./-]+$/.test(visible) ? visible : `'${visible.replaceAll("'", "'\\''")}'`;
}
