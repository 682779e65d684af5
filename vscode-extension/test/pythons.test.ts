import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { workspace } from "./vscode";
import { nearbyPythons } from "../src/pythons";

let folder: string;
const before = { path: process.env.PATH, cwd: process.cwd() };

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), "pythons-")));
  workspace.workspaceFolders = [];
});
afterEach(() => {
  process.env.PATH = before.path;
  process.chdir(before.cwd);
  rmSync(folder, { recursive: true });
});

function program(...parts: string[]): string {
  const file = path.join(folder, ...parts);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, "#!/bin/sh\n");
  chmodSync(file, 0o755);
  return file;
}

function open(...parts: string[]): void {
  workspace.workspaceFolders = [{ uri: { toString: () => "file:///work", fsPath: path.join(folder, ...parts) } }];
}

test("a program in the working directory is not found by a relative place on PATH", () => {
  const planted = program("python3");
  process.chdir(folder);
  process.env.PATH = [".", "", "bin"].join(path.delimiter);
  program("bin", "python3");
  const found = nearbyPythons(["python3"], true);
  const all = [...found.environments, ...found.others].map((one) => path.resolve(one));
  expect(all).not.toContain(planted);
  expect(all).not.toContain(path.join(folder, "bin", "python3"));
});

test("a command that a setting names is looked up on PATH", () => {
  const wanted = program("tools", "python3.99");
  process.env.PATH = path.join(folder, "tools");
  expect(nearbyPythons(["python3.99"], true).environments).toEqual([wanted]);
});

test("before trust no program of the workspace is found, also by a link", () => {
  const inside = program("work", ".venv", "bin", "python");
  open("work");
  expect(nearbyPythons([], true).environments).toEqual([inside]);
  expect(nearbyPythons([inside], false).environments).toEqual([]);

  const dotted = program("work", "..x", "python");
  expect(nearbyPythons([dotted], true).environments).toContain(dotted);
  expect(nearbyPythons([dotted], false).environments).toEqual([]);

  program("work", "bin", "python3");
  symlinkSync(path.join(folder, "work"), path.join(folder, "link"));
  process.env.PATH = path.join(folder, "link", "bin");
  expect(nearbyPythons([], false).others).not.toContain(path.join(folder, "link", "bin", "python3"));
  expect(nearbyPythons([], true).others).toContain(path.join(folder, "link", "bin", "python3"));
});

test("before trust no program of the repository around the workspace is found, nor one that is named relative to it", () => {
  const outside = program("outside", "python");
  const tool = program("clone", "tools", "python");
  program("clone", "inner", "work", "model.py");
  open("clone", "inner", "work");
  process.env.PATH = path.join(folder, "clone", "bin");
  program("clone", "bin", "python3");
  expect(nearbyPythons(["../../tools/python"], true).environments).toEqual([tool]);
  expect(nearbyPythons(["../../tools/python", outside], false).environments).toEqual([outside]);

  for (const repository of ["clone", "clone/inner"]) {
    mkdirSync(path.join(folder, repository, ".git"));
    const found = nearbyPythons([tool, outside], false);
    expect(found.environments).toEqual([outside]);
    expect(found.others).not.toContain(path.join(folder, "clone", "bin", "python3"));
  }
  expect(nearbyPythons([tool, outside], true).environments).toEqual([tool, outside]);
});

test("a home folder that is a repository has programs of the user", () => {
  const mine = program("conda", "bin", "python");
  mkdirSync(path.join(folder, ".git"));
  program("work", "model.py");
  open("work");
  vi.stubEnv("HOME", folder);
  expect(nearbyPythons([mine], false).environments).toEqual([mine]);
  vi.stubEnv("HOME", path.join(folder, "home"));
  expect(nearbyPythons([mine], false).environments).toEqual([mine]);
  vi.unstubAllEnvs();
});
