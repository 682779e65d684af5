/** Finds the Pythons of this machine that may run a server. */

import { execFile } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";

const PATIENCE_MS = 20_000;
const COMMANDS = ["python3", "python", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"];
const PLACES = [
  "/usr/bin",
  "/usr/local/bin",
  "/opt/homebrew/bin",
  "~/.local/bin",
  "~/miniconda3/bin",
  "~/anaconda3/bin",
];

export interface Pythons {
  /** The Pythons that belong to the project. */
  environments: string[];
  /** The other Pythons of the machine. */
  others: string[];
}

/**
 * The Pythons to try, best first. Before the workspace is trusted, none inside of it or of the repository around it, and
 * none that is named relative to it.
 */
export function nearbyPythons(chosen: string[], trusted: boolean): Pythons {
  const folders = (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath);
  const environments = [
    ...chosen.flatMap((one) => executables(one, trusted ? folders : [])),
    ...folders.flatMap((folder) =>
      [".venv", "venv", ".conda"].flatMap((name) => inEnvironment(path.join(folder, name))),
    ),
  ];
  const onPath = absolutePath();
  const places = [...onPath, ...PLACES.map((place) => place.replace(/^~/, homedir()))];
  const others = COMMANDS.flatMap((command) => places.map((place) => path.join(place, command))).filter(existsSync);
  const distrusted = trusted ? [] : folders.flatMap((folder) => [folder, ...repositories(folder)]);
  const allowed = (python: string) => !distrusted.some((folder) => isWithin(python, folder));
  return {
    environments: [...new Set(environments)].filter(allowed),
    others: [...new Set(others)].filter(allowed),
  };
}

/** Run a program outside the workspace, and give its output. */
export function run(command: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { timeout: PATIENCE_MS, cwd: homedir() }, (error, stdout) => {
      if (error) {
        reject(new Error(error.message));
      } else {
        resolve(stdout);
      }
    });
  });
}

/** The executables that a setting names: a path, an environment's folder, or a command on PATH. */
function executables(chosen: string, folders: string[]): string[] {
  if (!chosen.includes(path.sep)) {
    const onPath = absolutePath().map((place) => path.join(place, chosen));
    return onPath.filter(existsSync).slice(0, 1);
  }
  const whole = chosen.replace(/^~(?=\/)/, homedir());
  const paths = path.isAbsolute(whole) ? [whole] : folders.map((folder) => path.join(folder, whole));
  return paths.flatMap((one) => {
    const inside = inEnvironment(one);
    return inside.length ? inside : existsSync(one) ? [one] : [];
  });
}

/** The folders of PATH, without relative ones: `.` may be the workspace. */
function absolutePath(): string[] {
  return (process.env.PATH ?? "").split(path.delimiter).filter((place) => path.isAbsolute(place));
}

function inEnvironment(folder: string): string[] {
  return ["bin/python", "bin/python3"]
    .map((one) => path.join(folder, one))
    .filter(existsSync)
    .slice(0, 1);
}

/** The repositories that a folder is part of. A home folder that is one is none: it holds all programs of the user. */
function repositories(folder: string): string[] {
  const found: string[] = [];
  const home = realPath(homedir());
  for (let place = realPath(folder); ; place = path.dirname(place)) {
    if (home === place || isWithin(home, place) || place === path.dirname(place)) {
      return found;
    }
    if (existsSync(path.join(place, ".git"))) {
      found.push(place);
    }
  }
}

/** Whether a file is in a folder, by the way that was given or by the real one, which links hide. */
function isWithin(file: string, folder: string): boolean {
  const real = path.join(realPath(path.dirname(file)), path.basename(file));
  return [path.relative(folder, file), path.relative(realPath(folder), real)].some(
    (relative) => relative !== "" && relative.split(path.sep)[0] !== ".." && !path.isAbsolute(relative),
  );
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
