import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { findLaunch, isCompatible, isSame, NoPython, type LaunchQuestion } from "../src/launch";

let bundle: string;

beforeEach(() => {
  bundle = mkdtempSync(path.join(tmpdir(), "bundle-"));
  mkdirSync(path.join(bundle, "libs/tree_sitter"), { recursive: true });
  writeFileSync(path.join(bundle, "libs/tree_sitter/_binding.cp311.so"), "");
});

/** Pythons by their path: the minor version, and the version of aotlens that is installed there. */
function question(pythons: Record<string, [number, string | null]>, more: Partial<LaunchQuestion> = {}) {
  const run = vi.fn((command: string) => {
    const python = pythons[command];
    return python === undefined
      ? Promise.reject(new Error("no such program"))
      : Promise.resolve(JSON.stringify({ version: [3, python[0]], suffix: `.cp3${python[0]}.so`, aotlens: python[1] }));
  });
  const all = Object.keys(pythons);
  const asked: LaunchQuestion = {
    ...{ strategy: "fromEnvironment", environments: all, pythons: all, bundle, version: "0.1.0", run },
    ...more,
  };
  return { asked, run };
}

test("the environment's own server serves where its version fits", async () => {
  const { asked } = question({ "/a": [11, "0.2.0"], "/b": [9, "0.1.7"] });
  const launch = await findLaunch(asked);
  expect(launch).toMatchObject({ command: "/b", from: "environment", version: "0.1.7" });
  expect(launch.args.slice(0, 4)).toEqual(["-I", "-m", "aotlens", "serve"]);
});

test("else the bundled one, in the first Python for which there is a native module", async () => {
  const { asked, run } = question({ "/old": [9, null], "/fine": [11, null] }, { pythons: ["/none", "/old", "/fine"] });
  const launch = await findLaunch(asked);
  expect(launch).toMatchObject({ command: "/fine", from: "bundle", version: "0.1.0" });
  expect(launch.args.slice(0, 3)).toEqual(["-I", "-S", path.join(bundle, "serve.py")]);
  expect(run.mock.calls.map(([command]) => command)).toEqual(["/old", "/fine", "/none"]);
});

test("useBundled asks no environment for its server", async () => {
  const { asked } = question({ "/a": [11, "0.1.0"] }, { strategy: "useBundled" });
  expect((await findLaunch(asked)).from).toBe("bundle");
});

test("without a Python that fits it says what was tried", async () => {
  const { asked } = question({ "/old": [9, null] }, { pythons: ["/old", "/none"] });
  await expect(findLaunch(asked)).rejects.toThrow(NoPython);
  await expect(findLaunch(asked)).rejects.toThrow("/old is Python 3.9; /none does not run");
  await expect(findLaunch({ ...asked, pythons: [] })).rejects.toThrow("There is no Python");
});

test("versions that fit each other", () => {
  expect(isCompatible("0.1.9", "0.1.0")).toBe(true);
  expect(isCompatible("0.2.0", "0.1.0")).toBe(false);
  expect(isCompatible("1.3.0", "1.2.5")).toBe(true);
  expect(isCompatible("1.1.0", "1.2.0")).toBe(false);
  expect(isCompatible("2.0", "1.0.0")).toBe(false);
  expect(isCompatible("?", "1.0.0")).toBe(false);
});

test("the same launch", () => {
  const one = { command: "p", args: ["a"], from: "bundle" as const, version: "1" };
  expect(isSame(one, { ...one, version: "2" })).toBe(true);
  expect(isSame(one, { ...one, args: ["b"] })).toBe(false);
  expect(isSame(undefined, one)).toBe(false);
});
