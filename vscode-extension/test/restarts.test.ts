import { expect, test } from "vitest";
import { Restarts } from "../src/restarts";

test("the message names as many crashes as there were, and no restart follows the last", () => {
  const restarts = new Restarts(() => 0);
  for (const count of [1, 2, 3, 4]) {
    expect(restarts.crashed()).toEqual({
      restart: true,
      message: `the server ended; it is started again (${count} of 4 times)`,
    });
  }
  expect(restarts.crashed()).toEqual({
    restart: false,
    message: "the server ended 5 times within 3 minutes, and is not started again.",
  });
});

test("crashes of long ago do not count", () => {
  let now = 0;
  const restarts = new Restarts(() => now);
  for (let count = 0; count < 20; count++) {
    expect(restarts.crashed().restart).toBe(true);
    now += 50_000;
  }
});

test("a restart by the user begins anew", () => {
  const restarts = new Restarts(() => 0);
  for (let count = 0; count < 5; count++) {
    restarts.crashed();
  }
  restarts.forget();
  expect(restarts.crashed().restart).toBe(true);
});
